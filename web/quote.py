"""A line of source quoted on a page, with what it is quoted for marked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup
from markupsafe import escape

from xref.index.query import Index
from xref.source.text import decode


def lines(index: Index, places: Iterable[tuple[str, int]], longest: int) -> dict[tuple[str, int], str]:
    """The text of lines, by (file, line), without the blanks around it; each file is read once."""
    wanted: dict[str, list[int]] = {}
    for file, line in places:
        wanted.setdefault(file, []).append(line)
    found: dict[tuple[str, int], str] = {}
    for file, numbers in wanted.items():
        text = decode(index.source(file) or b"").split("\n")
        found.update(
            {(file, line): clipped(text[line - 1], longest) for line in numbers if 0 < line <= len(text)}
        )
    return found


def clipped(line: str, longest: int) -> str:
    """A line without the blanks around it, and not too long."""
    line = line.strip()
    return line if len(line) <= longest else line[:longest] + "…"


def marked(line: str, what: str, *, word: bool = False) -> Markup:
    """A line as HTML, each place where it says `what` marked."""
    if not what:
        return escape(line)
    pattern = rf"\b{re.escape(what)}\b" if word else re.escape(what)
    out = Markup()
    end = 0
    for match in re.finditer(pattern, line):
        out += escape(line[end : match.start()]) + Markup("<mark>{}</mark>").format(match.group())
        end = match.end()
    return out + escape(line[end:])
