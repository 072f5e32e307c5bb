"""`/TREE/search`: names, files and lines that what is typed may mean; the API's `search`, `files` and `complete`.

What can be typed is `xref.index.search_query`'s; `regex=1` and `in=` say the same for links made by hand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from typing import NamedTuple

import re2
from flask import Blueprint
from flask import Response
from flask import redirect
from flask import render_template
from flask import url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from web import arguments
from web import quote
from web import suggest
from web.describe import IN
from web.describe import Argument
from web.describe import Header
from web.describe import answers
from web.errors import BadArgumentError
from web.errors import Suggestion
from web.languages import N_
from web.shapes import Listing
from web.shapes import answer
from web.shapes import paged
from web.site import site
from xref.index.query import Index
from xref.index.query import within
from xref.index.records import Match
from xref.index.search_query import KINDS
from xref.index.search_query import QueryError
from xref.index.search_query import SearchQuery
from xref.index.search_query import parse
from xref.index.text import PatternError
from xref.index.text import spans
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS
from xref.source.text import decode

blueprint = Blueprint("search", __name__)

_PATH = re.compile(r"[^\s\"'<>(){};:,=&|]+")
#: lines shown beside one that is found, at most; as a rule
_MOST_BESIDE, _BESIDE = 5, 2
#: lines on a page, less than on pages of names: each has others beside it
_SHOWN = 60
#: names looked at for the best few
_NAMES = 200
_COMPLETIONS, _COMPLETED_FILES = 10, 4
#: kinds of definitions that a word means first
_FIRST = ("function", "macro", "struct", "union", "enum", "typedef", "variable", "enumerator")


class Asked(NamedTuple):
    """What a request asks for: what was typed, what that means, and the `in` of its address."""

    typed: str
    query: SearchQuery
    within: str

    @property
    def where(self) -> Callable[[str], bool] | None:
        """Whether a path is wanted; None where all are."""
        typed = self.query.wants()
        if not self.within:
            return typed
        given = within(self.within)
        return given if typed is None else lambda path: given(path) and typed(path)

    @property
    def pattern(self) -> tuple[str, bool]:
        """What lines are searched for: a string, or (True) an expression."""
        text, regex = self.query.text, self.query.regex
        if self.query.any_case:
            return "(?i)" + (text if regex else re2.escape(text)), True
        return text, regex


class Name(NamedTuple):
    """An identifier or a file that a few letters may mean; line is None for a file."""

    text: str
    kind: str
    file: str
    line: int | None


class Found(NamedTuple):
    """What a search found; cut: it stopped at its limit of `lines` or of `time`."""

    identifiers: list[Name]
    files: list[str]
    matches: Listing[Match]
    cut: str | None
    directories: list[tuple[str, int]]
    #: names that may have been meant, where nothing was found
    near: list[Suggestion]


def _asked(tree: str) -> Asked:
    """Raises BadArgumentError."""
    typed, inside = arguments.text("q"), arguments.text("in")
    if arguments.flag("regex"):
        return Asked(typed, SearchQuery(typed, regex=True), inside)
    try:
        return Asked(typed, parse(typed, site().indexes.facts(tree).archs), inside)
    except QueryError as error:
        raise BadArgumentError("q", str(error)) from error


def _lines(index: Index, asked: Asked) -> tuple[list[Match], str | None]:
    """The lines found, and the limit at which the search stopped.

    Always as many as the limit, whatever the page: which lines are found first is not their order.
    """
    settings = site().settings
    if not asked.query.text:
        return [], None
    if asked.query.kind:
        return _of_kind(index, asked, asked.query.kind)
    pattern, regex = asked.pattern
    try:
        found = index.find(
            pattern, regex=regex, where=asked.where, most=settings.search_most + 1, seconds=settings.search_seconds
        )
    except PatternError as error:
        raise BadArgumentError("q", str(error)) from error
    matches = _words_first(found.matches[: settings.search_most], asked.query)
    return matches, found.cut if found.cut == "time" or len(found.matches) > len(matches) else None


def _words_first(matches: list[Match], query: SearchQuery) -> list[Match]:
    """Of lines that have a name, the files that have it as a word before those that have it in longer ones."""
    if not query.is_name:
        return matches
    word = re.compile(rf"\b{re.escape(query.text)}\b", re.IGNORECASE if query.any_case else 0)
    files = {each.file for each in matches if word.search(each.text)}
    return sorted(matches, key=lambda each: each.file not in files)


def _of_kind(index: Index, asked: Asked, kind: str) -> tuple[list[Match], str | None]:
    """The lines that mention or define an identifier in one way."""
    name, where, most = asked.query.text, asked.where, site().settings.search_most
    places: list[tuple[str, int, int]] = []
    total = 0
    if kind in DEFINITION_KINDS:
        found = [d for d in index.definitions(name, kind=kind) if where is None or where(d.file)]
        places += [(d.file, d.line, d.column) for d in found]
        total += len(found)
    if kind in REFERENCE_KINDS:
        usage = index.usage(name).of_kind(kind)
        usage = usage if where is None else usage.where(where)
        places += [(r.file, r.line, r.column) for r in usage.records(0, most, index.names)]
        total += len(usage)
    places = sorted(places)[:most]
    matches = []
    for file, some in groupby(places, key=lambda place: place[0]):
        text = (index.source(file) or b"").split(b"\n")
        matches += [Match(file, line, column, decode(text[line - 1]).rstrip("\r")) for _, line, column in some]
    return matches, "lines" if total > len(matches) else None


def _search(index: Index, asked: Asked, page: int) -> Found:
    settings = site().settings
    lines, cut = _lines(index, asked)
    names = _identifiers(index, asked.query, settings.search_named)
    files = _files(index, asked, settings.search_named)
    nothing = asked.query.text and not (asked.query.regex or lines or names or files)
    return Found(
        names,
        files,
        paged(lines, page, min(_SHOWN, settings.page_size)),
        cut,
        _directories(lines, asked),
        suggest.meant(index, asked.query.text) if nothing else [],
    )


def _identifiers(index: Index, query: SearchQuery, most: int) -> list[Name]:
    """The name itself if it is defined, then those that begin so: what is not local to a struct first, short first."""
    if not query.is_name or query.kind:
        return []
    typed = query.text
    names = index.complete(typed, _NAMES)
    for other in (typed.lower(), typed.upper()):
        if len(names) < most and other != typed:
            names += index.complete(other, _NAMES)
    known = index.likeliest({typed, *names})
    ordered = sorted(
        known,
        key=lambda name: (
            name != typed, not name.startswith(typed), known[name][0] not in _FIRST, len(name), name
        ),
    )  # fmt: skip
    return [Name(name, *known[name]) for name in ordered[:most]]


def _files(index: Index, asked: Asked, most: int) -> list[str]:
    """Files that the text may name, or where there is none, those that the filters leave."""
    query, where = asked.query, asked.where
    if not query.text:
        return [path for path in index.files() if where is not None and where(path)][: site().settings.page_size]
    if query.regex or query.kind or not _PATH.fullmatch(query.text):
        return []
    found = index.fuzzy_files(query.text, most if where is None else site().settings.search_most)
    return [path for path in found if where is None or where(path)][:most]


def _directories(lines: Sequence[Match], asked: Asked) -> list[tuple[str, int]]:
    """How many lines are in each directory of the first level, where that narrows anything."""
    if asked.query.files or asked.within:
        return []
    counted = Counter(match.file.partition("/")[0] + "/" for match in lines if "/" in match.file)
    return counted.most_common() if len(counted) > 1 else []


@blueprint.get("/<tree>/search")
def page(tree: str) -> str | Answer:
    """The form, and below it what was found."""
    asked, number = _asked(tree), arguments.page()
    beside = int(arguments.choice("context", [str(each) for each in range(_MOST_BESIDE + 1)]) or _BESIDE)
    if asked.query.ident:
        return redirect(url_for("ident.page", tree=tree, name=asked.query.ident))
    with site().indexes.lease(tree) as index:
        found = _search(index, asked, number) if asked.typed or asked.within else None
        groups = _by_file(index, found.matches.items, beside) if found else []
    return render_template(
        "search.html",
        tree=tree,
        asked=asked,
        found=found,
        groups=groups,
        kinds=KINDS,
        arch=_an_arch(tree),
        beside=beside,
        seconds=f"{site().settings.search_seconds:g}",
        marked=lambda text: _marked(asked, text),
        address=lambda **changed: _address(tree, asked, changed),
    )


def _an_arch(tree: str) -> str | None:
    """An architecture that the tree has: the one preferred where nobody says, else the first."""
    facts = site().indexes.facts(tree)
    return facts.info.arch or next(iter(facts.archs), None)


def _by_file(index: Index, matches: Sequence[Match], beside: int) -> list[tuple[str, list[list[quote.Line]]]]:
    """The lines found, each with some beside it, as runs of lines by file."""
    longest = site().settings.longest_quote
    groups = []
    for file, some in groupby(matches, key=lambda match: match.file):
        shown = {match.line: match.text for match in some}
        groups.append((file, quote.around(index, file, shown, beside, longest)))
    return groups


def _marked(asked: Asked, text: str) -> Markup:
    """A line found, with what it was found for marked."""
    if asked.query.kind:
        return quote.marked(text, asked.query.text, word=True)
    pattern, regex = asked.pattern
    return quote.marked_at(text, spans(pattern, text)) if regex else quote.marked(text, pattern)


_FUZZY = Argument("fuzzy", "1: `q` is some letters of the path.", bool)


@blueprint.get("/api/v1/<tree>/search")
@answers(
    list[Match],
    Argument("q", "A string, or with `regex` an expression of RE2.", required=True, example="sendmsg"),
    Argument("regex", "1: `q` is an expression.", bool),
    IN,
    Header("X-More", "1 where the search stopped at a limit."),
    Header("X-Cut", "The limit: `lines` or `time`."),
)
def record(tree: str) -> Response:
    """The lines of the page as records."""
    asked = _asked(tree)
    if not asked.query.text:
        raise BadArgumentError("q", N_("say what to search for"))
    with site().indexes.lease(tree) as index:
        lines, cut = _lines(index, asked)
    response = answer(lines)
    response.headers["X-More"] = "1" if cut else "0"
    if cut:
        response.headers["X-Cut"] = cut
    return response


@blueprint.get("/api/v1/<tree>/files")
@answers(list[str], Argument("q", "A glob, or a part of the path; all files where it is not given."), _FUZZY)
def files(tree: str) -> Response:
    """Paths that match `q`: a glob, or a part of the path; all where it is not given.  `fuzzy=1`: a few letters."""
    pattern, fuzzy = arguments.text("q"), arguments.flag("fuzzy")
    with site().indexes.lease(tree) as index:
        if fuzzy and pattern:
            return answer(index.fuzzy_files(pattern, site().settings.search_most))
        return answer(index.files(pattern))


@blueprint.get("/api/v1/<tree>/complete")
@answers(list[Name], Argument("q", "What is typed so far.", example="tcp_send"))
def complete(tree: str) -> Response:
    """The identifiers and files that what is typed so far may mean, the likeliest first."""
    try:
        query = parse(arguments.text("q"))
    except QueryError:
        query = SearchQuery()
    with site().indexes.lease(tree) as index:
        found = _identifiers(index, query._replace(kind=None), _COMPLETIONS)
        if query.text and not query.regex and _PATH.fullmatch(query.text):
            paths = index.fuzzy_files(query.text, _COMPLETED_FILES, strewn=not found)
            found += [Name(path, "file", path, None) for path in paths]
    return answer(found)


def _address(tree: str, asked: Asked, changed: dict[str, Any]) -> str:
    """The page with some arguments changed."""
    regex = asked.query.regex and asked.query.text == asked.typed
    given = {"q": asked.typed, "regex": "1" if regex else None, "in": asked.within or None} | changed
    return url_for("search.page", tree=tree, **{k: v for k, v in given.items() if v is not None})
