"""`/TREE/ident/NAME`: what a name is and where it is used; the API's lists of the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from typing import NamedTuple

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import url_for

from web import arguments
from web import quote
from web import suggest
from web.describe import ARCH
from web.describe import IN
from web.describe import Argument
from web.describe import answers
from web.errors import NotFoundError
from web.shapes import Listing
from web.shapes import answer
from web.shapes import paged
from web.site import site
from xref.graph.linkage import arch_of
from xref.index.query import Index
from xref.index.records import Call
from xref.index.records import Definition
from xref.index.records import Reference
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

blueprint = Blueprint("ident", __name__)

#: the order in which the page shows kinds of references
_SHOWN = ("call", "read", "write", "address", "type", "member", "macro", "label")
_KINDS = tuple(dict.fromkeys((*DEFINITION_KINDS, *REFERENCE_KINDS)))


class Filters(NamedTuple):
    """What narrows the lists: `kind` those that know this kind, the others all."""

    kind: str | None
    arch: str | None
    within: str

    def keeps(self, file: str) -> bool:
        """Whether a file is wanted: below `within`, and of the architecture or of none."""
        return file.startswith(self.within) and (self.arch is None or arch_of(file) in (None, self.arch))

    def keeps_kind(self, kind: str, kinds: Sequence[str]) -> bool:
        """Whether a record is wanted, of a list whose records have one of these kinds."""
        return self.kind is None or self.kind not in kinds or self.kind == kind


def _definitions(index: Index, name: str, filters: Filters) -> list[Definition]:
    found = index.definitions(name)
    return [d for d in found if filters.keeps(d.file) and filters.keeps_kind(d.kind, DEFINITION_KINDS)]


def _references(index: Index, name: str, filters: Filters) -> list[Reference]:
    found = index.references(name)
    return [r for r in found if filters.keeps(r.file) and filters.keeps_kind(r.kind, REFERENCE_KINDS)]


def _callers(index: Index, name: str, filters: Filters) -> list[Call]:
    return [call for call in index.callers(name) if filters.keeps(call.file)]


def _callees(index: Index, name: str, filters: Filters) -> list[Call]:
    return [call for call in index.callees(name) if filters.keeps(call.file)]


_LISTS: dict[str, Callable[[Index, str, Filters], Sequence[Any]]] = {
    "definitions": _definitions,
    "references": _references,
    "callers": _callers,
    "callees": _callees,
}


def _filters(tree: str) -> Filters:
    return Filters(
        kind=arguments.choice("kind", _KINDS),
        arch=arguments.choice("arch", site().indexes.facts(tree).archs),
        within=arguments.text("in"),
    )


def _found(index: Index, name: str, filters: Filters, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """The lists asked for, whole; raises NotFoundError for a name that the tree does not mention."""
    found = {each: _LISTS[each](index, name, filters) for each in names}
    if not any(found.values()) and not index.defined([name]) and not index.references(name):
        raise NotFoundError(f"{index.tree} has no identifier {name}", suggest.identifiers(index, name))
    return found


@blueprint.get("/<tree>/ident/<name>")
def page(tree: str, name: str) -> str:
    """All that is known of a name: the first page of each list, or a later one of the list asked for."""
    number = arguments.page()
    only = arguments.choice("list", tuple(_LISTS)) or ("references" if number > 1 else None)
    filters = _filters(tree)
    with site().indexes.lease(tree, filters.arch) as index:
        found = _found(index, name, filters, [only] if only else list(_LISTS))
        if "references" in found:
            found["references"] = sorted(found["references"], key=lambda r: _SHOWN.index(r.kind))
        lists = {each: paged(items, number, site().settings.page_size) for each, items in found.items()}
        shown = _items(lists, "references")
        return render_template(
            "ident.html",
            tree=tree,
            name=name,
            filters=filters,
            only=only,
            lists=lists,
            groups=_grouped(shown),
            callers=_by_caller(_items(lists, "callers")),
            linked=_linked(index, lists),
            counts=_counts(index, name, filters, found.get("references", ())),
            quotes=quote.lines(index, ((r.file, r.line) for r in shown), site().settings.longest_quote),
            marked=quote.marked,
            kinds=_KINDS,
            archs=site().indexes.facts(tree).archs,
            address=lambda **changed: _address(tree, name, filters, only, changed),
        )


@blueprint.get("/api/v1/<tree>/<any(definitions, references):which>/<name>")
@answers(
    {"definitions": list[Definition], "references": list[Reference]},
    Argument("kind", "Only this kind, in a list whose records have it.", _KINDS),
    ARCH,
    IN,
)
def record(tree: str, which: str, name: str) -> Response:
    """One of the page's lists as records."""
    filters = _filters(tree)
    with site().indexes.lease(tree, filters.arch) as index:
        return answer(_found(index, name, filters, [which])[which])


def _grouped(references: Sequence[Reference]) -> list[tuple[str, list[tuple[str, list[Reference]]]]]:
    """References by kind, then by file."""
    return [
        (kind, [(file, list(some)) for file, some in groupby(of_kind, key=lambda r: r.file)])
        for kind, of_kind in groupby(references, key=lambda r: r.kind)
    ]


def _items(lists: Mapping[str, Listing[Any]], which: str) -> Sequence[Any]:
    return lists[which].items if which in lists else ()


def _linked(index: Index, lists: Mapping[str, Listing[Any]]) -> set[str]:
    """Of the macros, functions and callers named on the page, those that have a page themselves."""
    names = {definition.macro for definition in _items(lists, "definitions")}
    names |= {reference.function for reference in _items(lists, "references")}
    names |= {call.caller for call in _items(lists, "callers")}
    return index.defined(names - {None})


def _by_caller(calls: Sequence[Call]) -> list[tuple[str, str | None, list[Call]]]:
    """Call sites by the function that holds them."""
    grouped = groupby(calls, key=lambda call: (call.file, call.caller))
    return [(file, caller, list(some)) for (file, caller), some in grouped]


def _counts(index: Index, name: str, filters: Filters, references: Sequence[Reference]) -> dict[str, int]:
    """How many references of each kind the other filters leave, in the order shown."""
    if filters.kind in REFERENCE_KINDS:
        references = _references(index, name, filters._replace(kind=None))
    counted = Counter(r.kind for r in references)
    return {kind: counted[kind] for kind in _SHOWN if counted[kind]}


def _address(tree: str, name: str, filters: Filters, only: str | None, changed: dict[str, Any]) -> str:
    """The page with some arguments changed."""
    given = {"kind": filters.kind, "arch": filters.arch, "in": filters.within or None, "list": only} | changed
    return url_for("ident.page", tree=tree, name=name, **{k: v for k, v in given.items() if v is not None})
