"""`/`: the trees, with their counts."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from werkzeug.wrappers import Response

from web.errors import NotFoundError
from web.indexes import UnknownTreeError
from web.shapes import plain
from web.site import site
from xref.index.records import TreeInfo

blueprint = Blueprint("home", __name__)


def _trees() -> list[TreeInfo]:
    indexes = site().indexes
    return [indexes.facts(tree).info for tree in indexes.trees()]


@blueprint.get("/")
def page() -> str:
    """The trees of the index, the one indexed last first."""
    return render_template("home.html", trees=_trees())


@blueprint.get("/api/v1/trees")
def record() -> dict[str, object]:
    """The trees as records; where they were on the indexer's disk stays there."""
    return {"trees": [{name: value for name, value in plain(info).items() if name != "root"} for info in _trees()]}


@blueprint.get("/<tree>/")
def tree_root(tree: str) -> Response:
    """A tree's name alone leads to its top directory."""
    indexes = site().indexes
    if tree not in indexes.trees():
        raise UnknownTreeError(tree, indexes.trees())
    return redirect(url_for("source.page", tree=tree, path=""))


@blueprint.route("/api/", defaults={"rest": ""})
@blueprint.route("/api/<path:rest>")
def no_such_record(rest: str) -> str:
    """What the API does not have is an error of the API's shape, whatever it resembles."""
    raise NotFoundError(f"the API has no /api/{rest}")
