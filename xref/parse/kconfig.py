"""Kconfig files: which options they declare, which of those nothing can turn off, and what they source.

A reading by lines, of what is the same in every kernel's language for options; expressions are not worked out.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ENTRY = re.compile(r"^\s*(?:menu)?config\s+(\w+)")
_SOURCE = re.compile(r"^\s*(o?r?source)\s+\"?([^\"\s]+)\"?")
_BLOCK = re.compile(r"^\s*(if|menu|choice|endif|endmenu|endchoice|comment|mainmenu)\b(.*)")
_HELP = re.compile(r"^\s*(?:---)?help(?:---)?\s*$")
_ON = re.compile(r"^\s*(?:def_bool\s+y|default\s+y)\s*(?:#.*)?$")
_CHOSEN = re.compile(r"^\s*(?:(?:bool|tristate|prompt)\s+[\"']|depends\b|requires\b)")
_KIND = re.compile(r"^\s*(bool|def_bool|boolean)\b")
_DEPENDS = re.compile(r"^\s*(?:depends|visible)\b")


class Option(NamedTuple):
    """An option, and whether it is set in every configuration that reads this file."""

    name: str
    always: bool


class Kconfig(NamedTuple):
    """What one file says.  sources: (keyword, path as written)."""

    options: list[Option]
    sources: list[tuple[str, str]]


def read(text: str) -> Kconfig:
    """The options and sources of a file, in its order."""
    reader = _Reader()
    for line in text.split("\n"):
        reader.take(line.rstrip("\r"))
    reader.close()
    return Kconfig(reader.options, reader.sources)


class _Reader:
    """Takes line after line."""

    def __init__(self) -> None:
        self.options: list[Option] = []
        self.sources: list[tuple[str, str]] = []
        self._name: str | None = None
        self._lines: list[str] = []
        self._help: int | None = None
        #: for each block that is open, whether what it holds depends on something
        self._blocks: list[bool] = []

    def take(self, line: str) -> None:
        if self._in_help(line):
            return
        if _HELP.match(line):
            self._help = -1
            return
        entry, source, block = _ENTRY.match(line), _SOURCE.match(line), _BLOCK.match(line)
        if entry or source or block:
            self.close()
        if entry:
            self._name = entry[1]
        elif source:
            self.sources.append((source[1], source[2]))
        elif block:
            self._block(block[1])
        elif self._name is None and self._blocks and _DEPENDS.match(line):
            self._blocks[-1] = True
        else:
            self._lines.append(line)

    def _in_help(self, line: str) -> bool:
        """Is a line part of a help text: indented as much as its first?"""
        if self._help is None:
            return False
        if not line.strip():
            return True
        indent = len(line.expandtabs(8)) - len(line.expandtabs(8).lstrip())
        if self._help < 0:
            self._help = indent
        if indent >= self._help > 0:
            return True
        self._help = None
        return False

    def _block(self, keyword: str) -> None:
        if keyword in ("if", "menu", "choice"):
            self._blocks.append(keyword != "menu")
        elif keyword.startswith("end") and self._blocks:
            self._blocks.pop()

    def close(self) -> None:
        """End the entry that is open."""
        if self._name is not None:
            on = any(map(_ON.match, self._lines)) and any(map(_KIND.match, self._lines))
            free = not any(map(_CHOSEN.match, self._lines)) and not any(self._blocks)
            self.options.append(Option(self._name, on and free))
        self._name, self._lines = None, []
