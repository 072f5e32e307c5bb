"""`/`: the trees, and where to begin; `/TREE/status`: what of a tree is not in the index, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from typing import NamedTuple

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import format_date
from werkzeug.wrappers import Response

from web import arguments
from web import describe
from web.describe import answers
from web.indexes import UnknownTreeError
from web.shapes import answer
from web.shapes import paged
from web.site import site
from xref.index.records import Problem
from xref.index.records import TreeInfo

blueprint = Blueprint("home", __name__)

#: functions that an entry leads to where the tree has them: where a send begins, and where TCP's segments leave
_START, _GOAL = "sys_sendto", "tcp_transmit_skb"


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
    """The trees of the index, the one indexed last first, and where each kind of reader may begin."""
    trees = _trees()
    begin: dict[str, str] = {}
    if trees:
        with site().indexes.lease(trees[0].name) as index:
            defined = index.defined([_START, _GOAL])
        begin = _begin(trees[0].name, both=len(defined) == 2, goal=_GOAL in defined)
    return render_template("home.html", trees=trees, begin=begin, day=_day)


def _begin(tree: str, *, both: bool, goal: bool) -> dict[str, str]:
    """Addresses on a tree to begin at: with functions filled in where the tree has them."""
    given: dict[str, Any] = {"from": _START, "to": _GOAL} if both else {}
    return {
        "walk": url_for("walk.index", tree=tree),
        "path": url_for("calls.path", tree=tree, **given),
        "reaches": url_for("calls.page", tree=tree, function=_GOAL) if goal else url_for("calls.path", tree=tree),
        "document": url_for("document.page", tree=tree),
    }


def _day(when: str) -> str:
    """A time of the index as a day, as the reader's language writes it."""
    return str(format_date(datetime.fromisoformat(when), "long"))


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


# -- what is not in the index ---------------------------------------------------------------------------


@blueprint.get("/<tree>/status")
def status(tree: str) -> str:
    """How much of a tree was parsed, and each place that was not, with the reason; `in` keeps to a directory."""
    within = arguments.text("in")
    problems = _problems(tree, within)
    listing = paged(problems, arguments.page(), site().settings.page_size)
    return render_template(
        "status.html",
        tree=tree,
        info=site().indexes.facts(tree).info,
        within=within,
        listing=listing,
        files=[(file, list(some)) for file, some in groupby(listing.items, key=lambda each: each.file)],
        directories=_directories(_problems(tree, "")),
        address=lambda **changed: url_for("home.status", tree=tree, **_given(within, changed)),
    )


@blueprint.get("/api/v1/<tree>/problems")
@answers(list[Problem], describe.IN)
def problem_records(tree: str) -> Response:
    """The same places as records, those that `xref status --problems --json` prints."""
    return answer(_problems(tree, arguments.text("in")))


def _problems(tree: str, within: str) -> Sequence[Problem]:
    found = site().indexes.facts(tree).problems
    return [each for file, some in found.items() if file.startswith(within) for each in some]


def _directories(problems: Sequence[Problem]) -> list[tuple[str, int]]:
    """The directories at the top that have any, with how many of their files do, the most first."""
    files = Counter(file.partition("/")[0] + "/" for file in {each.file for each in problems} if "/" in file)
    return sorted(files.items(), key=lambda each: (-each[1], each[0]))


def _given(within: str, changed: dict[str, Any]) -> dict[str, Any]:
    """The page's arguments with some changed."""
    now = {"lang": request.args.get("lang"), "in": within} | changed
    return {name: value for name, value in now.items() if value}
