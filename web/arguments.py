"""Arguments of a request, checked: each function raises BadArgumentError that names the argument."""

from __future__ import annotations

from collections.abc import Collection

from flask import request

from web.errors import BadArgumentError
from web.languages import N_
from web.site import site


def text(argument: str) -> str:
    """An argument of the query string, "" where it is not given."""
    return checked(argument, request.args.get(argument, ""))


def checked(argument: str, value: str) -> str:
    """A value of the query string or the address, if it is one that could be in an index at all."""
    longest = site().settings.longest_argument
    if len(value) > longest:
        raise BadArgumentError(
            argument, N_("has %(length)s characters, %(most)s are the most"), length=f"{len(value):,}", most=longest
        )
    if "\0" in value:
        raise BadArgumentError(argument, N_("has a NUL in it, as no name, path or line of text has"))
    return value


def choice(argument: str, among: Collection[str]) -> str | None:
    """One of a few words, None where it is not given."""
    value = text(argument)
    if value and value not in among:
        allowed = ", ".join(among) or "none"
        raise BadArgumentError(
            argument, N_("must be one of %(among)s; it is %(value)s"), among=allowed, value=repr(value)
        )
    return value or None


def flag(argument: str) -> bool:
    """`1` or `0`; 0 where it is not given."""
    return choice(argument, ("0", "1")) == "1"


def page() -> int:
    """The number of the page, from 1."""
    value = text("page")
    if not value:
        return 1
    if not (value.isascii() and value.isdigit() and len(value) < 8 and int(value) > 0):
        raise BadArgumentError("page", N_("must be a number from 1; it is %(value)s"), value=repr(value))
    return int(value)


def number(argument: str) -> int:
    """A whole number from 1 that has to be given."""
    value = text(argument)
    if not (value.isascii() and value.isdigit() and len(value) < 9 and int(value) > 0):
        raise BadArgumentError(argument, N_("must be a number from 1; it is %(value)s"), value=repr(value))
    return int(value)


def path(value: str, argument: str = "path") -> str:
    """A path inside a tree, as the index writes it: no slash at either end, no `.` or `..`."""
    stripped = value.removesuffix("/")
    if stripped and any(part in ("", ".", "..") for part in stripped.split("/")):
        raise BadArgumentError(argument, N_("must be relative to the tree, without empty, `.` or `..` components"))
    return stripped
