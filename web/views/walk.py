"""`/TREE/walk/`: the executable walkthroughs."""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

from flask import Blueprint
from flask import Response
from flask import render_template

from web.describe import answers
from web.shapes import answer
from web.site import site
from xref.stack import scenario

blueprint = Blueprint("walk", __name__)


class Scenario(NamedTuple):
    """A scenario: what it teaches, the context it is in, and its options with the values they have unless given."""

    name: str
    teaches: str
    context: str
    options: dict[str, Any]


@blueprint.get("/<tree>/walk/")
def index(tree: str) -> str:
    """The scenarios that can be walked."""
    with site().indexes.lease(tree):
        return render_template("walks.html", tree=tree, scenarios=[one.record() for one in scenario.load().values()])


@blueprint.get("/api/v1/scenarios")
@answers(list[Scenario])
def scenario_records() -> Response:
    """The scenarios as records."""
    return answer([Scenario(**one.record()) for one in scenario.load().values()])
