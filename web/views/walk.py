"""`/TREE/walk/`: the executable walkthroughs."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import render_template

from web.shapes import answer
from web.site import site
from xref.stack import scenario

blueprint = Blueprint("walk", __name__)


@blueprint.get("/<tree>/walk/")
def index(tree: str) -> str:
    """The scenarios that can be walked."""
    with site().indexes.lease(tree):
        return render_template("walks.html", tree=tree, scenarios=[one.record() for one in scenario.load().values()])


@blueprint.get("/api/v1/scenarios")
def scenario_records() -> Response:
    """The scenarios as records."""
    return answer([one.record() for one in scenario.load().values()])
