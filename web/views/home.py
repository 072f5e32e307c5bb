"""`/`: the trees, with their counts."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from werkzeug.wrappers import Response

from web.indexes import UnknownTreeError
from web.shapes import answer
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
def record() -> Response:
    """The trees as records; where they were on the indexer's disk stays there."""
    infos = [info._asdict() for info in _trees()]
    return answer([{name: value for name, value in info.items() if name != "root"} for info in infos])


@blueprint.get("/<tree>/")
def tree_root(tree: str) -> Response:
    """A tree's name alone leads to its top directory."""
    indexes = site().indexes
    if tree not in indexes.trees():
        raise UnknownTreeError(tree, indexes.trees())
    return redirect(url_for("source.page", tree=tree, path=""))
