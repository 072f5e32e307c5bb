"""A few lines of a tree's source as HTML: coloured, names linked, one line marked and in it the name that matters."""

from __future__ import annotations

from html import escape
from typing import NamedTuple
from urllib.parse import quote

from flask import url_for
from markupsafe import Markup
from pygments.token import Comment
from pygments.token import Keyword
from pygments.token import Name
from pygments.token import Number
from pygments.token import String
from pygments.token import _TokenType

from web.lexers import C_KEYWORDS
from web.lexers import C_TYPES
from web.lexers import lexer_for
from xref.index.query import Index
from xref.source.text import decode

_CLASSES = ((Comment.PreprocFile, "s"), (Comment.Preproc, "p"), (Comment, "c"), (Keyword.Type, "t"), (Keyword, "k"),
            (Number, "n"), (String, "s"))  # fmt: skip
_LONGEST = 400


class Line(NamedTuple):
    """A line: its number, its HTML, whether it is one of those asked for."""

    n: int
    html: Markup
    marked: bool


class Excerpt(NamedTuple):
    """Lines of a file, in order; where numbers leap, lines were left out."""

    file: str
    line: int
    lines: tuple[Line, ...]
    #: is a column of the file a character, because it is no UTF-8?
    latin: bool


def excerpt(
    index: Index,
    file: str,
    line: int,
    *,
    start: int,
    first: int,
    last: int,
    marks: frozenset[int],
    names: frozenset[str],
) -> Excerpt | None:
    """Lines `first` to `last` around `line`; None where the tree has no such file or line.

    `start` is where reading begins, at or before `first`: outside of any comment, where a definition begins.
    `marks` are the lines to mark, and `names` what in them.
    """
    data = index.source(file) or b""
    text = decode(data)
    latin = len(text) == len(data) and not data.isascii()
    text = text.replace("\r", "")
    rows = text.split("\n")
    if not 0 < line <= len(rows):
        return None
    first, last = max(1, first), min(last, len(rows))
    begin = max(1, min(start, first))
    tokens = _tokens("\n".join(rows[begin - 1 : last]), index.file_kind(file) or "text")
    defined = index.defined({value for kind, value in tokens if kind is Name})
    prefix = escape(url_for("ident.page", tree=index.tree, name="_").removesuffix("_"))
    apart, behind = index.defined_apart(defined), escape(f"?from={quote(file)}")
    links = {name: f"{prefix}{name}{behind if name in apart else ''}" for name in defined}
    shown: list[str] = [""]
    for kind, value in tokens:
        for place, part in enumerate(value.split("\n")):
            if place:
                shown.append("")
            shown[-1] += _painted(kind, part[:_LONGEST], links, names, begin + len(shown) - 1 in marks)
    lines = [Line(begin + place, Markup(html), begin + place in marks) for place, html in enumerate(shown)]
    return Excerpt(file, line, tuple(each for each in lines if first <= each.n <= last), latin)


def _tokens(text: str, kind: str) -> list[tuple[_TokenType, str]]:
    found = []
    for _, token, value in lexer_for(kind).get_tokens_unprocessed(text):
        if token is Name and kind != "asm":
            token = Keyword if value in C_KEYWORDS else Keyword.Type if value in C_TYPES else token
        found.append((token, value))
    return found


def _painted(kind: _TokenType, text: str, links: dict[str, str], names: frozenset[str], marked: bool) -> str:
    shown = escape(text, quote=False)
    if not text:
        return ""
    if kind is Name:
        shown = f"<mark>{shown}</mark>" if marked and text in names else shown
        return f'<a href="{links[text]}">{shown}</a>' if text in links else shown
    style = next((style for parent, style in _CLASSES if kind in parent), "")  # type: ignore[comparison-overlap]
    return f'<span class="{style}">{shown}</span>' if style else shown
