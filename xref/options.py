"""What the commands share: arguments and options, the index that these name, and how an answer is given."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import click

from xref import console
from xref.show import Paint

if TYPE_CHECKING:
    from xref.index.query import Index

FILE = click.Path(path_type=Path)

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Session(NamedTuple):
    """What the options before the command say: the index's file, and the tree, None for the last one."""

    file: Path
    tree: str | None

    def open(self, arch: str | None = None) -> Index:
        """The index, closed when the command ends.

        Raises IndexFileError where there is none, UsageError for an architecture that the tree does not have.
        """
        from xref.index.query import Index

        index = Index(self.file, self.tree, arch)
        click.get_current_context().call_on_close(index.close)
        if arch is not None:
            _check_arch(index, arch)
        return index


def _check_arch(index: Index, arch: str) -> None:
    has = index.archs()
    if arch not in has:
        known = f"it has {', '.join(has)}" if has else "it has none"
        raise click.UsageError(f"{index.tree} has no architecture {arch!r} ({known})")


def text(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Callback for what the index is asked for: not empty, and characters, not bytes."""
    if not value:
        raise click.BadParameter("it is empty")
    if not _is_unicode(value):
        raise click.BadParameter(f"{value!r} is not UTF-8")
    return value


def tree_path(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Callback for paths: bytes that are no UTF-8 become the escapes by which the index knows such names."""
    if value == "":
        raise click.BadParameter("it is empty")
    if value is None or _is_unicode(value):
        return value
    from xref.source.names import printable

    return printable(os.fsencode(value))


def _is_unicode(value: str) -> bool:
    """Whether an argument was UTF-8: what was not arrives as surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def path_in_tree(index: Index, path: str) -> str:
    """A path as the index has it, from one that may be `./written/so` or absolute."""
    if path.startswith("/"):
        path = path.removeprefix(index.info().root.rstrip("/") + "/")
    return posixpath.normpath(path)


def named(parameter: str) -> _Decorator:
    """The argument that is a name in the tree."""
    return click.argument(parameter, callback=text, shell_complete=_complete)


def _complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The names that begin so, for the shell's Tab key; none where there is no index to ask."""
    given = ctx.find_root().params
    file = given.get("index") or os.environ.get("XREF_INDEX") or "xref.db"
    try:
        with ctx.scope():
            return Session(Path(file), given.get("tree")).open().complete(incomplete, 200)
    except Exception:
        return []


as_json: _Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, a list of records."
)

#: the languages of `walk.data`, which commands that need no text do not load
in_language: _Decorator = click.option(
    "--lang", "language", type=click.Choice(("en", "ko")), default="en", show_default=True, help="The texts' language."
)


def answer(
    found: Sequence[object],
    as_json: bool,
    lines: Callable[[Paint], Iterable[str]],
    nothing: Callable[[], str] | None = None,
) -> int:
    """Print what a query found; where that is nothing, say why.  The exit status."""
    if as_json:
        console.put_document(found)
    else:
        console.put(lines(Paint(console.coloured())))
    if found or nothing is None:
        return console.FOUND
    console.say(nothing())
    return console.NOTHING
