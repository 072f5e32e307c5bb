"""`/TREE/search`: full text, and the names and files that a word may mean; the API's `search` and `files`."""

from __future__ import annotations

import re
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
from web.describe import IN
from web.describe import Argument
from web.describe import Header
from web.describe import answers
from web.errors import BadArgumentError
from web.shapes import Listing
from web.shapes import answer
from web.shapes import paged
from web.site import site
from xref.index.query import Index
from xref.index.records import Match
from xref.index.text import PatternError

blueprint = Blueprint("search", __name__)

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PATH = re.compile(r"[\w./+-]+", re.ASCII)


class Query(NamedTuple):
    """What is searched for: a string or an expression, in files whose paths begin so or match a glob."""

    pattern: str
    regex: bool
    within: str


class Found(NamedTuple):
    """What a search found; `more`: it stopped at the limit."""

    identifiers: list[str]
    files: list[str]
    matches: Listing[Match]
    more: bool


def _query() -> Query:
    return Query(arguments.text("q"), arguments.flag("regex"), arguments.text("in"))


def _lines(index: Index, query: Query) -> tuple[list[Match], bool]:
    """The lines found, and whether there are more.

    Always as many as the limit, whatever the page: which lines are found first is not their order.
    """
    most = site().settings.search_most
    try:
        found = index.search(query.pattern, regex=query.regex, path=query.within or None, most=most + 1)
    except PatternError as error:
        raise BadArgumentError("q", str(error)) from error
    return found[:most], len(found) > most


def _search(index: Index, query: Query, page: int) -> Found:
    settings = site().settings
    lines, more = _lines(index, query)
    return Found(
        _identifiers(index, query, settings.search_named),
        _files(index, query, settings.search_named),
        paged(lines, page, settings.page_size),
        more,
    )


def _identifiers(index: Index, query: Query, most: int) -> list[str]:
    """The name itself if it is defined, then those that begin so."""
    if query.regex or not _WORD.fullmatch(query.pattern):
        return []
    exact = index.defined([query.pattern])
    return list(dict.fromkeys([*exact, *sorted(index.defined(index.complete(query.pattern, most)))]))[:most]


def _files(index: Index, query: Query, most: int) -> list[str]:
    """Files whose paths have the word in them, the shortest first."""
    if query.regex or not _PATH.fullmatch(query.pattern):
        return []
    return sorted(index.files(query.pattern), key=lambda path: (len(path), path))[:most]


@blueprint.get("/<tree>/search")
def page(tree: str) -> str:
    """The form, and below it what was found."""
    query = _query()
    with site().indexes.lease(tree) as index:
        found = _search(index, query, arguments.page()) if query.pattern else None
    return render_template(
        "search.html",
        tree=tree,
        query=query,
        found=found,
        groups=_by_file(found.matches.items) if found else [],
        quoted=lambda text: quote.marked(
            quote.clipped(text, site().settings.longest_quote), "" if query.regex else query.pattern.strip()
        ),
        address=lambda **changed: _address(tree, query, changed),
    )


@blueprint.get("/api/v1/<tree>/search")
@answers(
    list[Match],
    Argument("q", "A string, or with `regex` an expression of RE2.", required=True, example="sendmsg"),
    Argument("regex", "1: `q` is an expression.", bool),
    IN,
    Header("X-More", "1 where the search stopped at its limit."),
)
def record(tree: str) -> Response:
    """The lines of the page as records."""
    query = _query()
    if not query.pattern:
        raise BadArgumentError("q", "say what to search for")
    with site().indexes.lease(tree) as index:
        lines, more = _lines(index, query)
    response = answer(lines)
    response.headers["X-More"] = "1" if more else "0"
    return response


@blueprint.get("/api/v1/<tree>/files")
@answers(list[str], Argument("q", "A glob, or a part of the path; all files where it is not given."))
def files(tree: str) -> Response:
    """Paths that match `q`: a glob, or a part of the path; all where it is not given."""
    pattern = arguments.text("q")
    with site().indexes.lease(tree) as index:
        return answer(index.files(pattern))


def _by_file(matches: Sequence[Match]) -> list[tuple[str, list[Match]]]:
    return [(file, list(some)) for file, some in groupby(matches, key=lambda match: match.file)]


def _address(tree: str, query: Query, changed: dict[str, Any]) -> str:
    """The page with some arguments changed."""
    given = {"q": query.pattern, "regex": "1" if query.regex else None, "in": query.within or None} | changed
    return url_for("search.page", tree=tree, **{k: v for k, v in given.items() if v is not None})
