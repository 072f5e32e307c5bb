"""A file's text to HTML: coloured, linked, each line an anchor; its text is the file's text exactly.

Line ends need care.  Pygments would turn CR LF into LF, so carriage returns before a line feed are taken out
before lexing and put back behind it, and an HTML parser would drop them, so that they are written `&#13;`.
Pure functions: what is defined and where an `#include` leads comes in as plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from html import escape
from types import MappingProxyType
from typing import NamedTuple

from markupsafe import Markup
from pygments.token import Comment
from pygments.token import Keyword
from pygments.token import Name
from pygments.token import Number
from pygments.token import String
from pygments.token import Text
from pygments.token import _TokenType

from web.lexers import C_KEYWORDS
from web.lexers import C_TYPES
from web.lexers import lexer_for

Span = tuple[int, int]
Place = tuple[int, int]
Token = tuple[_TokenType, str]

#: lines that a browser draws, or leaves out, together; source.css has their height
LINES_A_BLOCK = 200

#: words that a parser of C takes for its own, and that headers define
_ALWAYS = frozenset(("inline",))

_TAGS = frozenset(("struct", "union", "enum"))

_CLASSES = {
    Comment: "c",
    Comment.Preproc: "p",
    Comment.PreprocFile: "s",
    Keyword: "k",
    Keyword.Type: "t",
    Keyword.Pseudo: "p",
    Number: "n",
    String: "s",
    String.Char: "s",
    Name: "",
    Text: "",
}


class Mark(NamedTuple):
    """A link without text behind something in the code; `label` is its name for who does not see it."""

    label: str
    address: str


class LeftOut(NamedTuple):
    """Lines that are not compiled, first and last, and why as people read it: in a few words, and in full."""

    first: int
    last: int
    note: str
    why: str


class Links(NamedTuple):
    """What the code on a page leads to.  Columns count bytes."""

    #: of the names given, those to be linked
    defined: Callable[[Iterable[str]], AbstractSet[str]]
    #: address of an identifier's page, without the identifier, which needs no quoting
    ident: str
    #: of the names given, those that mean something else in other files, and what then stands behind their address
    apart: Callable[[Iterable[str]], AbstractSet[str]]
    behind: str
    #: address and title of the file that the `#include` on a line means
    includes: Mapping[int, tuple[str, str]]
    #: (line, column) of each name that the file defines
    definitions: AbstractSet[Place]
    #: first and last line of what deserves an anchor as a whole
    ranges: Sequence[Span]
    #: (line, column) of each name that means more than a local of its function; None where that is not known
    mentioned: AbstractSet[Place] | None = None
    #: by (line, column) of the name called, the calls through pointers
    pointers: Mapping[Place, Mark] = MappingProxyType({})
    #: by (line, column) of their names, the functions that have callers to be led to
    functions: Mapping[Place, Mark] = MappingProxyType({})
    #: what the architecture and configuration asked for leave out; none overlaps another
    left_out: Sequence[LeftOut] = ()


class Rendered(NamedTuple):
    """A file as HTML, to stand in a `<pre>`."""

    html: Markup
    lines: int
    #: columns of the longest line, so that what is not drawn yet has its width
    columns: int


def render(text: str, kind: str, links: Links, *, utf8: bool, start: int = 1) -> Rendered:
    """The HTML of a file's text, or of the part of one that begins at line `start`.

    `utf8`: the columns of `links` count bytes of UTF-8, else of Latin-1.

    Lines stand in blocks of LINES_A_BLOCK, which a browser need not draw before they are seen.  What is not in the
    file (numbers, marks, notes) stands in attributes, so that the text of the HTML is the text of the file.
    """
    unified = text.replace("\r\n", "\n")
    if not unified:
        return Rendered(Markup(""), 0, 0)
    tokens = list(_tokens(unified, kind))
    painter = _Painter(links, tokens, utf8=utf8, line=start)
    lines = _lines(unified, tokens, painter)
    anchors = _anchors(links.ranges, start + len(lines) - 1)
    opens, notes = _dimmed(links.left_out)
    closes = {each.last for each in links.left_out}
    dimmed = ""
    out: list[str] = []
    for number, (line, end) in enumerate(zip(lines, _line_ends(text), strict=True), start):
        if (number - start) % LINES_A_BLOCK == 0:
            if number > start:
                out.append("</span></span>" if dimmed else "</span>")
            out.append(f'<span class="b">{dimmed}')
        if number in opens:
            dimmed = opens[number]
            out.append(dimmed)
        out += (
            anchors.get(number, ""),
            f'<a id="L{number}" href="#L{number}" data-n="{number}" aria-label="{number}" tabindex="-1"></a>',
            line,
            painter.behind.get(number, ""),
            notes.get(number, ""),
            end,
        )
        if dimmed and number in closes:
            dimmed = ""
            out.append("</span>")
    out.append("</span></span>" if dimmed else "</span>")
    return Rendered(Markup("".join(out)), len(lines), _columns(unified))


def _anchors(ranges: Iterable[Span], lines: int) -> dict[int, str]:
    """By line, the anchors of the ranges that begin there."""
    found: dict[int, str] = {}
    for low, high in sorted(set(ranges)):
        if 1 <= low < high <= lines:
            found[low] = found.get(low, "") + f'<span id="L{low}-L{high}"></span>'
    return found


def _dimmed(left_out: Iterable[LeftOut]) -> tuple[dict[int, str], dict[int, str]]:
    """By line, what opens the lines left out there, and the note behind the directive above them."""
    opens: dict[int, str] = {}
    notes: dict[int, str] = {}
    for first, _, note, why in left_out:
        full = f'title="{escape(why)}"'
        opens[first] = f'<span class="x" {full}>'
        notes[first - 1] = f'<i class="w" role="note" data-note="{escape(note)}" aria-label="{escape(why)}" {full}></i>'
    return opens, notes


def _columns(text: str) -> int:
    """The columns of the longest line, tabs as eight of them at the most."""
    return max(len(line) + 7 * line.count("\t") for line in text.split("\n"))


def _tokens(text: str, kind: str) -> Iterator[Token]:
    """The tokens of a text, C's own words told apart from names."""
    for _, token, value in lexer_for(kind).get_tokens_unprocessed(text):
        if token is Name and kind != "asm":
            if value in C_KEYWORDS:
                token = Keyword
            elif value in C_TYPES:
                token = Keyword.Type
        yield token, value


def _line_ends(text: str) -> list[str]:
    """What ends each line, as HTML: nothing, if the last line has no end."""
    lines = text.split("\n")
    ends = ["&#13;\n" if line.endswith("\r") else "\n" for line in lines[:-1]]
    return [*ends, ""] if lines[-1] else ends


def _lines(text: str, tokens: Iterable[Token], painter: _Painter) -> list[str]:
    """The HTML of each line, without its end; no element spans two lines."""
    lines: list[str] = []
    parts: list[str] = []
    for token, value in tokens:
        if "\n" not in value:
            parts.append(painter.paint(token, value))
            continue
        first, *others = value.split("\n")
        parts.append(painter.paint(token, first))
        for other in others:
            lines.append("".join(parts))
            painter.next_line()
            parts = [painter.paint(token, other)]
    if not text.endswith("\n"):
        lines.append("".join(parts))
    return lines


class _Painter:
    """Makes the HTML of one token after the other, and knows where it stands."""

    def __init__(self, links: Links, tokens: Iterable[Token], *, utf8: bool, line: int) -> None:
        self._links = links
        self._defined = links.defined({value for token, value in tokens if token is Name})
        self._apart = links.apart(self._defined)
        #: lines on which something but a plain link can be
        self._special = {line for line, _ in (*links.definitions, *links.pointers)}
        #: is the token at hand a struct's, union's or enum's tag; will the next one be
        self._tag = False
        self._tags_next = False
        #: what stands behind the text of a line
        self.behind: dict[int, str] = {}
        self._utf8 = utf8
        self._line = line
        self._column = 1

    def next_line(self) -> None:
        self._line += 1
        self._column = 1

    def paint(self, token: _TokenType, value: str) -> str:
        """The HTML of a token, or of the part of one that stands on this line."""
        if not value:
            return ""
        column = self._column
        if not value.isspace():
            self._tag, self._tags_next = self._tags_next, token is Keyword and value in _TAGS
        self._column += len(value.encode("utf-8", "replace")) if self._utf8 else len(value)
        if token is Name:
            return self._name(value, column)
        shown = _text(value)
        if token is Comment.PreprocFile and self._line in self._links.includes:
            url, title = self._links.includes[self._line]
            return f'<a class="s" href="{escape(url)}" title="{escape(title)}">{shown}</a>'
        style = _CLASSES[token]
        return f'<span class="{style}">{shown}</span>' if style else shown

    def _name(self, name: str, column: int) -> str:
        """An identifier; the lexers make no name that would have to be escaped."""
        place = (self._line, column)
        special = self._line in self._special
        mark = self._links.pointers.get(place) if special else None
        behind = _mark("v", mark, f'data-at="{self._line}:{column}"') if mark else ""
        if name not in self._defined:
            return name + behind
        if self._is_local(name, place):
            return name + behind
        if special and place in self._links.definitions:
            function = self._links.functions.get(place)
            if function:
                shown = _mark("u", function, f'data-f="{name}"')
                self.behind[self._line] = self.behind.get(self._line, "") + shown
            return f'<a class="d" href="{self._address(name)}">{name}</a>{behind}'
        return f'<a href="{self._address(name)}">{name}</a>{behind}'

    def _address(self, name: str) -> str:
        return f"{self._links.ident}{name}{self._links.behind if name in self._apart else ''}"

    def _is_local(self, name: str, place: Place) -> bool:
        """Does a name mean something that its own function declares?  A tag never does."""
        mentioned = self._links.mentioned
        if mentioned is None or place in mentioned or self._tag or name in _ALWAYS:
            return False
        return place not in self._links.definitions


def _mark(style: str, mark: Mark, data: str) -> str:
    label, address = escape(mark.label), escape(mark.address)
    return f'<a class="{style}" href="{address}" {data} aria-label="{label}" title="{label}"></a>'


def _text(value: str) -> str:
    """Text for HTML; NUL, which HTML cannot hold, becomes its picture."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if "\r" in value or "\0" in value:
        value = value.replace("\r", "&#13;").replace("\0", "\u2400")
    return value
