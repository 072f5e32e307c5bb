"""Edges of the call graph as HTML: their places, kinds and proofs, as every page of the explorer shows them.

A page has hundreds of them, and calling a template's macro takes longer than what it does: these are methods, which
`edges.html` passes on to the other templates.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from flask import Flask
from flask_babel import gettext as _
from markupsafe import Markup
from markupsafe import escape

from web.addresses import Address
from web.explorer import Below
from xref.graph.contexts import Context
from xref.index.records import Edge

#: functions named of those that may stand before an edge
_NAMED = 4
#: levels of a tree of calls that are open
_OPEN = 2


class _Words(NamedTuple):
    """What is said beside edges, in the reader's language, as HTML."""

    proof: str
    by: str
    only_after: str
    doubt: str


def init_app(app: Flask, under: Callable[[], Address]) -> None:
    """Let each page have `edges`; `under` gives the request's `url_for`."""
    app.context_processor(lambda: {"edges": Edges(under())})


class Edges:
    """Edges as one page shows them: in the reader's language, under the site's prefix."""

    def __init__(self, address: Address) -> None:
        self._url_for = address

    @cached_property
    def _words(self) -> _Words:
        why = _("The struct is not known: every function stored in a member of this name, anywhere.")
        doubt = f' <span class="tag doubt" title="{escape(why)}">{escape(_("by name only"))}</span>'
        return _Words(str(escape(_("proof"))), str(escape(_("by"))), str(escape(_("only after"))), doubt)

    def _source(self, tree: str, file: str) -> str:
        return str(escape(self._url_for("source.page", tree=tree, path=file)))

    def _at(self, tree: str, where: str) -> str:
        file, _colon, line = where.rpartition(":")
        return f'<a href="{self._source(tree, file)}#L{line}">{escape(where)}</a>'

    def at(self, tree: str, where: str) -> Markup:
        """A file:line, linked."""
        return Markup(self._at(tree, where))

    def place(self, tree: str, file: str, line: int, quotes: Mapping[tuple[str, int], str] | None = None) -> Markup:
        """A file and a line, linked, with what stands there if that is among the quotes."""
        shown = f'{self._source(tree, file)}#L{line}">{escape(file)}:{line}</a>'
        quoted = quotes.get((file, line)) if quotes else None
        behind = f' <code class="quote">{escape(quoted)}</code>' if quoted else ""
        return Markup(f'<a class="place" href="{shown}{behind}')

    def calls_of(self, tree: str, node: str, context: Context | None = None) -> str:
        """The address of a function's page in the explorer."""
        return self._url_for("calls.page", tree=tree, function=node, context=context.name if context else None)

    def function(self, tree: str, node: str, context: Context | None = None) -> Markup:
        """A function, linked to its page in the explorer; its card tells of the one in its file, if it has its own."""
        own, _at_sign, file = node.partition("@")
        name = escape(own)
        card = f'data-ident="{name}"' + (f' data-path="{escape(file)}"' if file else "")
        address = escape(self.calls_of(tree, node, context))
        return Markup(f'<a class="fn" {card} href="{address}"><code>{name}</code></a>')

    def kind(self, edge: Edge) -> Markup:
        """An edge's kind, and that it goes by a name alone if it does."""
        doubt = self._words.doubt if edge.confidence == "name" else ""
        return Markup(f'<span class="edge {edge.confidence}">{edge.kind}</span>{doubt}')

    def how(self, tree: str, edge: Edge) -> Markup:
        """An edge's kind and its proofs."""
        return self.kind(edge) + self.proofs(tree, edge)

    def proofs(self, tree: str, edge: Edge) -> Markup:
        """What an edge goes by, what proves it, and who has to stand before it."""
        found = ""
        if edge.via:
            found += f' <code class="via">{escape(edge.via)}</code>'
        if edge.evidence:
            found += f' <span class="proof">{self._words.proof} {self._at(tree, edge.evidence)}</span>'
        if edge.chain:
            steps = " ".join(self._at(tree, each) for each in edge.chain)
            found += f' <span class="proof">{self._words.by} {steps} </span>'
        if edge.only_after:
            names = ", ".join(f"<code>{escape(each)}</code>" for each in edge.only_after[:_NAMED])
            more = " …" if len(edge.only_after) > _NAMED else ""
            found += f' <span class="proof">{self._words.only_after} {names}{more}</span>'
        return Markup(found)

    def below(self, tree: str, rows: Sequence[Below], context: Context | None = None) -> Markup:
        """A tree of calls as items of a list, each with its own callees folded below it; the first levels are open."""
        return Markup("".join(self._rows(tree, rows, context, 0, None)))

    def _rows(
        self, tree: str, rows: Sequence[Below], context: Context | None, depth: int, above: str | None
    ) -> Iterator[str]:
        """`above` is the directory of whoever calls: where it changes, the new one is named."""
        for each in rows:
            edge = each.edge
            if each.layer != above:
                yield f'<li class="layer-name">{escape(each.layer or "?")}</li>'
            shown = (
                self.function(tree, edge.callee, context), self.place(tree, edge.file, edge.line), self.how(tree, edge)
            )  # fmt: skip
            yield f'<li class="row">\n<div class="line">{" ".join(shown)}</div>\n'
            if each.below:
                says = escape(_("Callees of %(name)s", name=edge.callee))
                state = " open" if depth < _OPEN else ""
                unseen = f'<span class="unseen">{says}</span>'
                yield f'<details class="fold"{state}><summary title="{says}">{unseen}</summary>\n<ul>'
                yield from self._rows(tree, each.below, context, depth + 1, each.layer)
                yield "</ul></details>\n"
            yield "</li>\n"
