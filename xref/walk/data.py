"""Reading the data beside the code: TOML files of this room, loaded once, with an error that says what is wrong.

Texts are given in each of `LANGUAGES`; English is what a program gets that asks for nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "ko")


class DataError(ValueError):
    """A data file that is not as it should be; the message names the file and the place."""


@cache
def load(name: str) -> dict[str, Any]:
    """A data file of this package.  Raises DataError if it is no TOML."""
    return parse(resources.files("xref.walk").joinpath(name).read_text(encoding="utf-8"), name)


def parse(text: str, name: str) -> dict[str, Any]:
    """TOML text as a table; `name` is for the error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{name} is no TOML: {error}") from None


def check_keys(row: Mapping[str, Any], needed: Collection[str], allowed: Collection[str], where: str) -> None:
    """Raise DataError where a row lacks a key or has one that means nothing."""
    lacking = [key for key in needed if key not in row]
    if lacking:
        raise DataError(f"{where} has no {', '.join(lacking)}")
    strange = [key for key in row if key not in needed and key not in allowed]
    if strange:
        raise DataError(f"{where} has {', '.join(strange)}, which means nothing: it can have {', '.join(allowed)}")


def texts(row: Mapping[str, Any], where: str) -> dict[str, str]:
    """The row's text in each language.  Raises DataError where one is missing."""
    check_keys({key: row[key] for key in row if key in LANGUAGES}, LANGUAGES, (), where)
    if not all(isinstance(row[language], str) for language in LANGUAGES):
        raise DataError(f"{where} must have strings in {', '.join(LANGUAGES)}")
    return {language: row[language] for language in LANGUAGES}


def words(section: str, language: str) -> dict[str, Any]:
    """A section of messages.toml in a language."""
    found: dict[str, Any] = load("messages.toml")[section][language]
    return found
