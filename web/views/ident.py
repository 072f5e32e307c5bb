"""`/TREE/ident/NAME`: what a name is and where it is used; the API's records of the same."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from typing import NamedTuple

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import render_template
from flask import request
from flask import url_for

from web import arguments
from web import describe
from web import quote
from web import suggest
from web.about import About
from web.about import about
from web.about import held_by
from web.about import holders
from web.about import node_of
from web.code import Snippets
from web.describe import Argument
from web.describe import answers
from web.errors import NotFoundError
from web.graphs import graph_of
from web.languages import N_
from web.shapes import Listing
from web.shapes import answer
from web.shapes import paged
from web.site import site
from xref.graph.linkage import arch_of
from xref.graph.linkage import reasons
from xref.graph.members import Held
from xref.index.definitions import Ranked
from xref.index.query import Index
from xref.index.records import Definition
from xref.index.records import Reference
from xref.index.records import Store
from xref.index.usage import Usage
from xref.index.viewpoint import seen_from
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

blueprint = Blueprint("ident", __name__)

_KINDS = tuple(dict.fromkeys((*DEFINITION_KINDS, *REFERENCE_KINDS)))
#: definitions and references on a page, less than of bare records: each has lines of its own
_DEFINITIONS, _REFERENCES = 50, 100
#: stores of a member shown where it is one of many
_STORES = 8
_KIND = Argument("kind", "Only this kind, in a list whose records have it.", _KINDS)
_LISTS = ("definitions", "references", "stores")


class Filters(NamedTuple):
    """What narrows the lists: `kind` those that know this kind, the others all."""

    kind: str | None
    arch: str | None
    within: str

    @property
    def calls(self) -> Callable[[str], bool] | None:
        """Whether a call in a file is wanted; None where those of all files are."""
        return self.keeps if self.arch or self.within else None

    def keeps(self, file: str) -> bool:
        """Whether a file is wanted: below `within`, and of the architecture or of none."""
        return file.startswith(self.within) and (self.arch is None or arch_of(file) in (None, self.arch))

    def keeps_kind(self, kind: str, kinds: Sequence[str]) -> bool:
        """Whether a record is wanted, of a list whose records have one of these kinds."""
        return self.kind is None or self.kind not in kinds or self.kind == kind

    @property
    def any(self) -> bool:
        """Is there a filter?"""
        return bool(self.kind or self.arch or self.within)


class References(NamedTuple):
    """The mentions of a name: counts under the filters of place, and a page of those of the kind asked for."""

    counts: dict[str, int]
    directories: list[tuple[str, int]]
    page: Listing[Reference]


def _filters(tree: str) -> Filters:
    return Filters(
        kind=arguments.choice("kind", _KINDS),
        arch=arguments.choice("arch", site().indexes.facts(tree).archs),
        within=arguments.text("in"),
    )


def _ranked(index: Index, name: str, filters: Filters) -> list[Ranked]:
    """The definitions that the filters leave, the likeliest first."""
    found = index.ranked(name)
    return [each for each in found if filters.keeps(each.file) and filters.keeps_kind(each.kind, DEFINITION_KINDS)]


def _seen_from(index: Index, name: str, found: list[Ranked], path: str) -> tuple[list[Ranked], str | None]:
    """The same with the one first that the name means in a file, and how that file sees it; None where it sees none."""
    return seen_from(graph_of(index).places, name, found, path) if path else (found, None)


def _usage(index: Index, name: str, filters: Filters) -> tuple[Usage, Usage]:
    """The mentions that the filters of place leave, and of those the ones of the kind asked for."""
    here = index.usage(name).below(filters.within).of_arch(filters.arch)
    return here, here.of_kind(filters.kind) if filters.kind in REFERENCE_KINDS else here


def _check(index: Index, name: str) -> None:
    """Raises NotFoundError for a name that the tree does not mention."""
    if not index.defined([name]) and not len(index.usage(name)):
        near = suggest.identifiers(index, name)
        raise NotFoundError(N_("%(tree)s has no identifier %(name)s"), near, tree=index.tree, name=name)


def _references(index: Index, name: str, filters: Filters, number: int) -> References:
    here, usage = _usage(index, name, filters)
    size = min(_REFERENCES, site().settings.page_size)
    places = paged(range(len(usage)), number, size)
    records = usage.records((number - 1) * size, number * size, index.names)
    return References(here.counts(), usage.directories(filters.within), Listing(records, *places[1:]))


@blueprint.get("/<tree>/ident/<name>")
def page(tree: str, name: str) -> str:
    """All that is known of a name: the first page of each list, or a later one of the list asked for."""
    number = arguments.page()
    only = arguments.choice("list", _LISTS) or ("references" if number > 1 else None)
    struct = arguments.text("struct")
    from_file = arguments.path(arguments.text("from"), "from")
    filters = _filters(tree)
    size = site().settings.page_size
    with site().indexes.lease(tree, filters.arch) as index:
        _check(index, name)
        definitions = references = behind = stores = None
        found, seen = _seen_from(index, name, _ranked(index, name, filters), from_file)
        if only in (None, "definitions"):
            listed = paged(found, number, min(_DEFINITIONS, size))
            definitions = Listing([index.definition(each) for each in listed.items], *listed[1:])
        if only in (None, "references"):
            references = _references(index, name, filters, number)
        if only is None:
            first_page = definitions.items if definitions else []
            behind = about(index, name, first_page, first_only=seen is not None, keeps=filters.calls)
        if only == "stores":
            stores = _stores(index, name, filters, struct, number)
        shown = definitions.items if definitions else []
        mentions = references.page.items if references else []
        first = shown[0] if shown and only is None else None
        return render_template(
            "ident.html",
            tree=tree,
            name=name,
            filters=filters,
            only=only,
            struct=struct,
            first=first,
            why=reasons([each.standing for each in found]),
            seen=seen,
            from_file=from_file,
            node=(node_of(graph_of(index), first) if first and seen else None) or name,
            comment=index.comment(first) if first else None,
            arch=index.arch,
            others=[each for each in index.trees_defining(name) if each != tree],
            definitions=definitions,
            by_kind=_by_kind(shown),
            holders=holders(index, shown),
            about=behind,
            stores=stores,
            references=references,
            groups=_grouped(mentions),
            linked=_linked(index, shown, mentions),
            code=Snippets(index, _pieces(shown, behind)),
            quotes=quote.lines(index, ((r.file, r.line) for r in mentions), site().settings.longest_quote),
            marked=quote.marked,
            kinds=_KINDS,
            archs=site().indexes.facts(tree).archs,
            most_stores=_STORES,
            source_root=url_for("source.page", tree=tree, path=""),
            ident_root=url_for("ident.page", tree=tree, name="x").removesuffix("x"),
            address=lambda **changed: _address(tree, name, filters, only, changed),
        )


def _stores(
    index: Index, name: str, filters: Filters, struct: str, number: int
) -> tuple[Held | None, Listing[Store]]:
    """The functions stored in a member of one struct."""
    held = next((each for each in held_by(index, name) if each.struct == struct), None)
    kept = [each for each in held.stores if filters.keeps(each.file)] if held else []
    return held, paged(kept, number, site().settings.page_size)


@blueprint.get("/api/v1/<tree>/ident/<name>")
@answers(dict[str, Any], _KIND, describe.ARCH, describe.IN, describe.FROM)
def whole_record(tree: str, name: str) -> Response:
    """What the page tells, but for the lists of references: those are counted."""
    from_file = arguments.path(arguments.text("from"), "from")
    filters = _filters(tree)
    with site().indexes.lease(tree, filters.arch) as index:
        _check(index, name)
        ranked, seen = _seen_from(index, name, _ranked(index, name, filters), from_file)
        found = [index.definition(each) for each in ranked]
        here, usage = _usage(index, name, filters)
        return jsonify({
            "name": name,
            "definitions": _deep(found),
            "seen": seen,
            "why_first": _deep(reasons([each.standing for each in ranked])),
            "comment": index.comment(found[0]) if found else None,
            "references": {
                "total": len(usage),
                "kinds": here.counts(),
                "directories": _deep(usage.directories(filters.within)),
            },
            **_deep(about(index, name, found[:_DEFINITIONS], first_only=seen is not None, keeps=filters.calls)),
        })  # fmt: skip


def _deep(value: Any) -> Any:
    """A record as JSON has it, with all records in it."""
    if hasattr(value, "_asdict"):
        return {name: _deep(each) for name, each in value._asdict().items()}
    if isinstance(value, dict):
        return {name: _deep(each) for name, each in value.items()}
    return [_deep(each) for each in value] if isinstance(value, (list, tuple)) else value


@blueprint.get("/api/v1/<tree>/definitions/<name>")
@answers(list[Definition], _KIND, describe.ARCH, describe.IN)
def definition_records(tree: str, name: str) -> Response:
    """The definitions of a name, the likeliest first."""
    filters = _filters(tree)
    with site().indexes.lease(tree, filters.arch) as index:
        _check(index, name)
        return answer([index.definition(each) for each in _ranked(index, name, filters)])


@blueprint.get("/api/v1/<tree>/references/<name>")
@answers(list[Reference], _KIND, describe.ARCH, describe.IN)
def reference_records(tree: str, name: str) -> Response:
    """The mentions of a name, by file and line."""
    filters = _filters(tree)
    with site().indexes.lease(tree, filters.arch) as index:
        _check(index, name)
        found = index.references(name)
        return answer(
            [r for r in found if filters.keeps(r.file) and filters.keeps_kind(r.kind, REFERENCE_KINDS)]
        )


def _by_kind(definitions: Sequence[Definition]) -> list[tuple[str, list[Definition]]]:
    """Definitions by kind, in the order of the first of each."""
    groups: dict[str, list[Definition]] = {}
    for each in definitions:
        groups.setdefault(each.kind, []).append(each)
    return list(groups.items())


def _grouped(references: Sequence[Reference]) -> list[tuple[str, list[tuple[str, list[Reference]]]]]:
    """References by kind, then by file."""
    return [
        (kind, [(file, list(some)) for file, some in groupby(of_kind, key=lambda r: r.file)])
        for kind, of_kind in groupby(references, key=lambda r: r.kind)
    ]


def _linked(index: Index, definitions: Sequence[Definition], references: Sequence[Reference]) -> set[str]:
    """Of the macros and functions named on the page, those that have a page themselves."""
    names = {definition.macro for definition in definitions} | {r.function for r in references}
    return index.defined(name for name in names if name is not None)


def _pieces(definitions: Sequence[Definition], behind: About | None) -> list[str]:
    """All code that the page shows with its names linked."""
    pieces = [each.signature for each in definitions]
    if behind is not None:
        pieces += [member.declaration for shape in behind.shapes for member in shape.members]
        pieces += [each.expression for choice in behind.choices for each in choice.enumerators if each.expression]
        pieces += [macro.written for macro in behind.macros]
        pieces += [macro.opened.text for macro in behind.macros if macro.opened]
    return pieces


def _address(tree: str, name: str, filters: Filters, only: str | None, changed: dict[str, Any]) -> str:
    """The page with some arguments changed."""
    given = {
        "kind": filters.kind,
        "arch": filters.arch,
        "in": filters.within or None,
        "from": request.args.get("from"),
        "list": only,
    } | changed
    return url_for("ident.page", tree=tree, name=name, **{k: v for k, v in given.items() if v is not None})
