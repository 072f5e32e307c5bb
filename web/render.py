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
Token = tuple[_TokenType, str]

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


class Links(NamedTuple):
    """What the code on a page leads to."""

    #: of the names given, those to be linked
    defined: Callable[[Iterable[str]], AbstractSet[str]]
    #: address of an identifier's page, without the identifier, which needs no quoting
    ident: str
    #: address and title of the file that the `#include` on a line means
    includes: Mapping[int, tuple[str, str]]
    #: (line, column in bytes) of each name that the file defines
    definitions: AbstractSet[tuple[int, int]]
    #: first and last line of what deserves an anchor as a whole
    ranges: Sequence[Span]


class Rendered(NamedTuple):
    """A file as HTML, to stand in a `<pre>`."""

    html: Markup
    lines: int


def render(text: str, kind: str, links: Links, *, utf8: bool) -> Rendered:
    """The HTML of a file's text.  `utf8`: the columns of `links` count bytes of UTF-8, else of Latin-1."""
    unified = text.replace("\r\n", "\n")
    if not unified:
        return Rendered(Markup(""), 0)
    tokens = list(_tokens(unified, kind))
    lines = _lines(unified, tokens, _Painter(links, tokens, utf8=utf8))
    ends = _line_ends(text)
    opens, closes = _nest(links.ranges, len(lines))
    out: list[str] = []
    for number, (line, end) in enumerate(zip(lines, ends, strict=True), 1):
        out += (
            *(f'<span id="L{low}-L{high}" class="r">' for low, high in opens.get(number, ())),
            f'<a id="L{number}" href="#L{number}" data-n="{number}"></a>',
            line,
            end,
            "</span>" * closes.get(number, 0),
        )
    return Rendered(Markup("".join(out)), len(lines))


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

    def __init__(self, links: Links, tokens: Iterable[Token], *, utf8: bool) -> None:
        self._links = links
        self._defined = links.defined({value for token, value in tokens if token is Name})
        self._defining_lines = {line for line, _ in links.definitions}
        self._utf8 = utf8
        self._line = 1
        self._column = 1

    def next_line(self) -> None:
        self._line += 1
        self._column = 1

    def paint(self, token: _TokenType, value: str) -> str:
        """The HTML of a token, or of the part of one that stands on this line."""
        if not value:
            return ""
        column = self._column
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
        if name not in self._defined:
            return name
        if self._line in self._defining_lines and (self._line, column) in self._links.definitions:
            return f'<a class="d" href="{self._links.ident}{name}">{name}</a>'
        return f'<a href="{self._links.ident}{name}">{name}</a>'


def _text(value: str) -> str:
    """Text for HTML; NUL, which HTML cannot hold, becomes its picture."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if "\r" in value or "\0" in value:
        value = value.replace("\r", "&#13;").replace("\0", "\u2400")
    return value


def _nest(ranges: Iterable[Span], lines: int) -> tuple[dict[int, list[Span]], dict[int, int]]:
    """The ranges that open at a line, the longest first, and how many close behind one.

    A range that crosses another, as no two definitions should, is left out.
    """
    opens: dict[int, list[Span]] = {}
    closes: dict[int, int] = {}
    stack: list[Span] = []
    for low, high in sorted(set(ranges), key=lambda span: (span[0], -span[1])):
        while stack and stack[-1][1] < low:
            stack.pop()
        if not 1 <= low < high <= lines or (stack and stack[-1][1] < high):
            continue
        stack.append((low, high))
        opens.setdefault(low, []).append((low, high))
        closes[high] = closes.get(high, 0) + 1
    return opens, closes
