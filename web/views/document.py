"""`/TREE/document`: the path and the claims of "Path of a packet" on a tree, as a page and as records."""

from __future__ import annotations

from collections import Counter
from typing import Any
from typing import NamedTuple
from weakref import WeakKeyDictionary

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import request
from flask import url_for

from web import arguments
from web import describe
from web import languages
from web.describe import Argument
from web.describe import answers
from web.graphs import graph_of
from web.shapes import answer
from web.site import site
from xref.index.query import Index
from xref.walk import claims
from xref.walk import document
from xref.walk.data import words
from xref.walk.facts import Facts

blueprint = Blueprint("document", __name__)


class _Held(NamedTuple):
    """The document, held against a tree; it has no language yet."""

    judged: list[claims.Judgement]
    walked: list[document.Walked]
    fired: list[tuple[document.Event, str | None, bool]]


#: one for each open index: a tree does not change while it is open
_held: WeakKeyDictionary[Index, _Held] = WeakKeyDictionary()


def _hold(index: Index) -> _Held:
    held = _held.get(index)
    if held is None:
        facts = Facts(graph_of(index))
        held = _held[index] = _Held(claims.judge(facts), document.walk(facts), document.fired(facts))
    return held


@blueprint.get("/<tree>/document")
def page(tree: str) -> str:
    """The path with the tree's own calls, and each claim with verdict, reason and evidence."""
    language, verdict = languages.language(), arguments.choice("verdict", claims.VERDICTS)
    with site().indexes.lease(tree) as index:
        held = _hold(index)
    judged = [claims.told(each, language) for each in held.judged]
    return render_template(
        "document.html",
        tree=tree,
        say=words("page", language),
        verdicts=words("verdicts", language),
        verdict=verdict,
        counts=Counter(each.verdict for each in judged),
        claims=[each for each in judged if verdict in (None, each.verdict)],
        verdict_of={each.n: each.verdict for each in judged},
        steps=[document.told(each, language) for each in held.walked],
        events=[document.told_event(*each, language) for each in held.fired],
        address=lambda **given: url_for("document.page", tree=tree, **_given(language, verdict, given)),
    )


def _given(language: str, verdict: str | None, changed: dict[str, str | None]) -> dict[str, Any]:
    """The page's arguments with some changed; the language stays only where it was asked for."""
    now = {"lang": language if "lang" in request.args else None, "verdict": verdict} | changed
    return {name: value for name, value in now.items() if value}


@blueprint.get("/api/v1/<tree>/claims")
@answers(list[claims.Record], Argument("verdict", "Only these.", claims.VERDICTS), describe.LANG)
def claim_records(tree: str) -> Response:
    """The claims as records, all or those of a verdict."""
    language, verdict = languages.language(), arguments.choice("verdict", claims.VERDICTS)
    with site().indexes.lease(tree) as index:
        judged = _hold(index).judged
    chosen = [claims.told(each, language) for each in judged if verdict in (None, each.verdict)]
    return languages.varying(answer(chosen))


@blueprint.get("/api/v1/<tree>/document")
@answers(list[document.Record], describe.LANG)
def path_records(tree: str) -> Response:
    """The document's path as records, a step each."""
    language = languages.language()
    with site().indexes.lease(tree) as index:
        walked = _hold(index).walked
    return languages.varying(answer([document.told(each, language) for each in walked]))


@blueprint.get("/api/v1/<tree>/events")
@answers(list[document.EventRecord], describe.LANG)
def event_records(tree: str) -> Response:
    """The events that the document names, as records."""
    language = languages.language()
    with site().indexes.lease(tree) as index:
        fired = _hold(index).fired
    return languages.varying(answer([document.told_event(*each, language) for each in fired]))
