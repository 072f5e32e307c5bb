"""Short pieces of code on a page: coloured, their names linked; lines and anchors are `render`'s."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from html import escape

from flask import url_for
from markupsafe import Markup
from pygments.token import Comment
from pygments.token import Keyword
from pygments.token import Name
from pygments.token import Number
from pygments.token import String

from web.lexers import C_KEYWORDS
from web.lexers import C_TYPES
from web.lexers import lexer_for
from xref.index.query import Index

_CLASSES = {Comment: "c", Comment.Preproc: "p", Comment.PreprocFile: "s", Keyword: "k", Number: "n", String: "s"}


class Snippets:
    """Makes pieces of C into HTML; the names in all of them are looked up at once."""

    def __init__(self, index: Index, pieces: Iterable[str]) -> None:
        self._tokens = {piece: list(_tokens(piece)) for piece in pieces}
        names = {value for tokens in self._tokens.values() for kind, value in tokens if kind == "name"}
        self._defined: AbstractSet[str] = index.defined(names)
        self._address = url_for("ident.page", tree=index.tree, name="x").removesuffix("x")

    def html(self, piece: str, but: str | None = None) -> Markup:
        """A piece that was given; `but` is a name that is not linked, since the reader is there."""
        out = []
        for kind, value in self._tokens[piece]:
            shown = escape(value, quote=False)
            if kind == "name":
                linked = value in self._defined and value != but
                out.append(f'<a href="{self._address}{value}">{value}</a>' if linked else shown)
            else:
                out.append(f'<span class="{kind}">{shown}</span>' if kind else shown)
        return Markup("".join(out))


def _tokens(piece: str) -> Iterable[tuple[str, str]]:
    for _, token, value in lexer_for("c").get_tokens_unprocessed(piece):
        if token is Name and (value in C_KEYWORDS or value in C_TYPES):
            yield "k", value
        elif token is Name and value.isascii():
            yield "name", value
        else:
            yield _CLASSES.get(token, ""), value
