"""`/`: the trees, with their counts."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from werkzeug.wrappers import Response

from web.describe import answers
from web.indexes import UnknownTreeError
from web.shapes import answer
from web.site import site
from xref.index.records import TreeInfo

blueprint = Blueprint("home", __name__)


class Tree(NamedTuple):
    """A tree of the index, with its counts; where it was on the indexer's disk stays there."""

    name: str
    arch: str | None
    indexed: str
    files: int
    bytes: int
    lines: int
    parsed: int
    problem_files: int
    skipped: int
    definitions: int


def _trees() -> list[TreeInfo]:
    indexes = site().indexes
    return [indexes.facts(tree).info for tree in indexes.trees()]


@blueprint.get("/")
def page() -> str:
    """The trees of the index, the one indexed last first."""
    return render_template("home.html", trees=_trees())


@blueprint.get("/api/v1/trees")
@answers(list[Tree])
def record() -> Response:
    """The trees, the one indexed last first."""
    return answer([Tree._make(getattr(info, name) for name in Tree._fields) for info in _trees()])


@blueprint.get("/<tree>/")
def tree_root(tree: str) -> Response:
    """A tree's name alone leads to its top directory."""
    indexes = site().indexes
    if tree not in indexes.trees():
        raise UnknownTreeError(tree, indexes.trees())
    return redirect(url_for("source.page", tree=tree, path=""))
