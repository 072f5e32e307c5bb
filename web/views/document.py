"""`/TREE/document`: the path and the claims of "Path of a packet" on a tree, as a page and as records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from typing import NamedTuple
from typing import cast

from flask import Blueprint
from flask import Response
from flask import current_app
from flask import get_template_attribute
from flask import render_template
from flask import request
from flask import url_for
from markupsafe import Markup

from web import arguments
from web import describe
from web import figure
from web import languages
from web import quote
from web.describe import Argument
from web.describe import answers
from web.graphs import graph_of
from web.kept import Kept
from web.shapes import answer
from web.site import site
from xref.index.query import Index
from xref.walk import claims
from xref.walk import document
from xref.walk import picture
from xref.walk.data import words
from xref.walk.facts import Facts

blueprint = Blueprint("document", __name__)

_STATE = "xref.document"
#: places of evidence that a claim shows at once; the others open below
_SHOWN = 6
#: the document's sections, in its order
SECTIONS = tuple(dict.fromkeys(claim.section for claim in claims.claims()))


class _Held(NamedTuple):
    """The document, held against a tree; it has no language yet.  quotes are source lines by file:line."""

    judged: list[claims.Judgement]
    walked: list[document.Walked]
    fired: list[tuple[document.Event, str | None, bool]]
    quotes: dict[str, str]


class _Parts(NamedTuple):
    """What a page is put together from, in a language: the claims' HTML by number, and all that is above them."""

    records: list[claims.Record]
    claims: dict[int, Markup]
    path: Markup


class _State:
    """What an application keeps: the document on each tree, the parts of its pages."""

    def __init__(self) -> None:
        self.held: Kept[_Held] = Kept()
        self.parts: Kept[_Parts] = Kept()


@blueprint.record
def _register(setup: Any) -> None:
    setup.app.extensions[_STATE] = _State()


def _state() -> _State:
    return cast(_State, current_app.extensions[_STATE])


def hold(tree: str) -> _Held:
    """The document on a tree: judged once for each state of the index file, which takes seconds."""
    indexes = site().indexes

    def make() -> _Held:
        with indexes.lease(tree) as index:
            facts = Facts(graph_of(index))
            judged, walked = claims.judge(facts), document.walk(facts)
            return _Held(judged, walked, document.fired(facts), _quotes(index, judged, walked))

    return _state().held.get(indexes.stamp(), tree, make)


def _quotes(index: Index, judged: list[claims.Judgement], walked: list[document.Walked]) -> dict[str, str]:
    """The lines that are evidence, and those where the path's calls stand."""
    places = {place for each in judged for place in each.evidence}
    for link in picture.links(walked):
        for edge in link.edges:
            places |= {f"{edge.file}:{edge.line}", *filter(None, (edge.evidence, *(edge.chain or ())))}
    split = [(file, int(line)) for file, _, line in (place.rpartition(":") for place in places)]
    found = quote.lines(index, split, site().settings.longest_quote)
    return {f"{file}:{line}": text for (file, line), text in found.items()}


# -- the page -------------------------------------------------------------------------------------------


@blueprint.get("/<tree>/document")
def page(tree: str) -> str:
    """The path with the tree's own calls, and each claim with verdict, reason and evidence."""
    language = languages.language()
    verdict = arguments.choice("verdict", claims.VERDICTS)
    section = arguments.choice("section", SECTIONS)
    text = arguments.text("q").strip()
    parts = _parts(tree, language)
    about = [each for each in parts.records if section in (None, each.section) and _says(each, text)]
    shown = [each for each in about if verdict in (None, each.verdict)]
    return render_template(
        "document.html",
        tree=tree,
        path=parts.path,
        verdicts=words("verdicts", language),
        verdict=verdict,
        part=section,
        sections=SECTIONS,
        text=text,
        total=len(parts.records),
        counts=Counter(each.verdict for each in parts.records),
        left=Counter(each.verdict for each in about),
        claims=[(each, parts.claims[each.n]) for each in shown],
        address=lambda **given: url_for("document.page", tree=tree, **_given(given)),
    )


def _says(record: claims.Record, text: str) -> bool:
    """The claim, its number or the reason has all words of a text in it."""
    said = f"{record.n} {record.claim} {record.why}".casefold()
    return all(word in said for word in text.casefold().split())


def _given(changed: dict[str, str | None]) -> dict[str, Any]:
    """The page's arguments with some changed; the language stays only where it was asked for."""
    now = {name: request.args.get(name) for name in ("lang", "verdict", "section", "q")} | changed
    return {name: value for name, value in now.items() if value}


def _parts(tree: str, language: str) -> _Parts:
    """The page's parts in a language, made once for each state of the file; addresses depend on the prefix."""

    def make() -> _Parts:
        held = hold(tree)
        records = [claims.told(each, language) for each in held.judged]
        claim = get_template_attribute("document_parts.html", "claim")
        made = {
            each.n: claim(tree, each, words("verdicts", language)[each.verdict], _places(each.evidence, held.quotes))
            for each in records
        }
        return _Parts(records, made, Markup(_path(tree, language, held, records)))

    return _state().parts.get(site().indexes.stamp(), (tree, language, request.script_root), make)


def _path(tree: str, language: str, held: _Held, records: list[claims.Record]) -> str:
    """The picture, the steps and the events as HTML."""
    verdicts = {each.n: each.verdict for each in records}
    links: dict[str, list[picture.Link]] = {}
    for link in picture.links(held.walked):
        links.setdefault(link.goal, []).append(link)
    return render_template(
        "document_path.html",
        tree=tree,
        figure=figure.draw(held.walked, verdicts),
        steps=[(each, document.remarks(each, language, gaps=False)) for each in held.walked],
        links=links,
        quotes=held.quotes,
        crosses=picture.crosses,
        says={each.n: each.claim for each in records},
        verdict_of=verdicts,
        verdicts=words("verdicts", language),
        language=language,
        events=[document.told_event(*each, language) for each in held.fired],
        count=Counter(verdicts.values()),
    )


def _places(places: Iterable[str], quotes: dict[str, str]) -> list[tuple[str, str, bool]]:
    """Places with the lines quoted there, and whether each is among those shown at once."""
    return [(place, quotes.get(place, ""), at < _SHOWN) for at, place in enumerate(places)]


# -- records --------------------------------------------------------------------------------------------


@blueprint.get("/api/v1/<tree>/claims")
@answers(
    list[claims.Record],
    Argument("verdict", "Only these.", claims.VERDICTS),
    Argument("section", "Only those of this section.", SECTIONS),
    describe.LANG,
)
def claim_records(tree: str) -> Response:
    """The claims as records, all or those of a verdict or a section."""
    language = languages.language()
    verdict = arguments.choice("verdict", claims.VERDICTS)
    section = arguments.choice("section", SECTIONS)
    records = [claims.told(each, language) for each in hold(tree).judged]
    chosen = [each for each in records if verdict in (None, each.verdict) and section in (None, each.section)]
    return languages.varying(answer(chosen))


@blueprint.get("/api/v1/<tree>/document")
@answers(list[document.Record], describe.LANG)
def path_records(tree: str) -> Response:
    """The document's path as records, a step each."""
    language = languages.language()
    return languages.varying(answer([document.told(each, language) for each in hold(tree).walked]))


@blueprint.get("/api/v1/<tree>/events")
@answers(list[document.EventRecord], describe.LANG)
def event_records(tree: str) -> Response:
    """The events that the document names, as records."""
    language = languages.language()
    return languages.varying(answer([document.told_event(*each, language) for each in hold(tree).fired]))
