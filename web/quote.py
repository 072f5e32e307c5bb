"""Source quoted on a page: a line, or some lines around it, with what they are quoted for marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup
from markupsafe import escape

from xref.index.query import Index
from xref.source.text import decode


class Line(NamedTuple):
    """A line as a page shows it; `hit`: it is quoted for itself, not for what is beside it."""

    number: int
    text: str
    hit: bool


def lines(index: Index, places: Iterable[tuple[str, int]], longest: int) -> dict[tuple[str, int], str]:
    """The text of lines, by (file, line), without the blanks around it; each file is read once."""
    found: dict[tuple[str, int], str] = {}
    for file, numbers in _by_file(places).items():
        text = (index.source(file) or b"").split(b"\n")
        found.update(
            {(file, line): clipped(decode(text[line - 1]), longest) for line in numbers if 0 < line <= len(text)}
        )
    return found


def around(
    index: Index, file: str, shown: dict[int, str], beside: int, longest: int
) -> list[list[Line]]:
    """Lines of a file with some beside them, as grep shows them: runs of lines that touch each other.

    `shown` has the text of each line that is wanted for itself; the others are cut to `longest` characters.
    """
    text = (index.source(file) or b"").split(b"\n") if beside else []
    if text and not text[-1]:
        text.pop()
    wanted = sorted({each for line in shown for each in range(line - beside, line + beside + 1) if each > 0})
    runs: list[list[Line]] = []
    for number in wanted:
        if number not in shown and number > len(text):
            continue
        hit = number in shown
        said = shown[number] if hit else _cut(decode(text[number - 1]).rstrip(), longest)
        if not runs or runs[-1][-1].number + 1 != number:
            runs.append([])
        runs[-1].append(Line(number, said, hit))
    return runs


def _by_file(places: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    wanted: dict[str, list[int]] = {}
    for file, line in places:
        wanted.setdefault(file, []).append(line)
    return wanted


def clipped(line: str, longest: int) -> str:
    """A line without the blanks around it, and not too long."""
    return _cut(line.strip(), longest)


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else line[:longest] + "…"


def marked(line: str, what: str, *, word: bool = False) -> Markup:
    """A line as HTML, each place where it says `what` marked."""
    if not what:
        return escape(line)
    pattern = rf"\b{re.escape(what)}\b" if word else re.escape(what)
    return marked_at(line, [match.span() for match in re.finditer(pattern, line)])


def marked_at(line: str, spans: Sequence[tuple[int, int]]) -> Markup:
    """A line as HTML with these spans of characters marked."""
    out = Markup()
    done = 0
    for start, end in spans:
        out += escape(line[done:start]) + Markup("<mark>{}</mark>").format(line[start:end])
        done = end
    return out + escape(line[done:])
