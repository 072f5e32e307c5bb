"""What a route of the API takes and gives, said beside the view; `openapi.py` makes the document of it.

One decorator, between the route and the function.  The first line of the function's docstring is the summary, the
rest of it the description; what stands in angle brackets in the route is described by PLACES, once for all routes.

    @blueprint.get("/api/v1/<tree>/callers/<function>")
    @answers(list[Edge], CONTEXT, Argument("depth", "How many levels", int))
    def callers(tree: str, function: str) -> Response: ...

- What it gives is a type: of named tuples (`xref.index.records`), lists, unions, TypedDicts (typing_extensions').
  A list is what `shapes.answer` makes: it gets the argument `page` and the headers `X-Total-Count` and `Link`,
  unless it is a `whole=True` one.
  One object is the type itself.  A file is `bytes`, with `media="application/vnd.tcpdump.pcap"`.
- One route with several records, `<any(definitions, references):which>`, takes a dict:
  `answers({"definitions": list[Definition], "references": list[Reference]})`.
- An Argument that is named as a part of the route describes that part, where PLACES says something else.
- Arguments that many routes have are below; an Argument's third part is a type (str, int, bool for 0 and 1) or
  the words that it can be.  Further headers of the answer are `Header("X-More", "…")`.

tests/web/test_api.py fails where a route of /api/v1 has no description, or takes or gives what none is told of.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from web.languages import LANGUAGES

View = TypeVar("View", bound=Callable[..., Any])

#: where a view keeps its Operation
_ATTRIBUTE = "__describes__"


class Argument(NamedTuple):
    """An argument of the query string: its type, or the words that it can be."""

    name: str
    says: str
    kind: type | tuple[str, ...] = str
    required: bool = False
    example: str | None = None


class Header(NamedTuple):
    """A header that the answer has besides the usual ones."""

    name: str
    says: str


class Place(NamedTuple):
    """A part of a route's address, with one that Linux and `fixtures/minikernel` have."""

    says: str
    example: str


class Operation(NamedTuple):
    """What a route takes and gives.  `gives`: a type, or types by the word that stands for `which`."""

    gives: Any
    arguments: tuple[Argument, ...]
    headers: tuple[Header, ...]
    media: str
    #: a list that comes without pages and their headers
    whole: bool


PAGE = Argument("page", "A page of the list, counted from 1; all of it where this is not given.", int)
ARCH = Argument("arch", "An architecture: its definitions come first, what only others have is left out.")
CONTEXT = Argument("context", "Bind function pointers as in this situation; `contexts` has those of the tree.")
IN = Argument("in", "Only files whose path begins so.")
FROM = Argument("from", "The file in which the name is read: what it means there comes first.")
LANG = Argument("lang", "The language of the texts.", tuple(LANGUAGES))

#: what the parts of addresses mean, by their names
PLACES = {
    "tree": Place("A tree of the index; `/api/v1/trees` has them.", ""),
    "name": Place("An identifier.", "tcp_sendmsg"),
    "function": Place("A function's name; `NAME@FILE` is the one that is defined there.", "tcp_sendmsg"),
    "path": Place("A path, relative to the tree.", "net/ipv4/tcp.c"),
    "which": Place("Which of the lists.", ""),
    "scenario": Place("A scenario; `/api/v1/scenarios` has them.", "send"),
}


def answers(
    gives: Any, *parts: Argument | Header, media: str = "application/json", whole: bool = False
) -> Callable[[View], View]:
    """Say what a view of the API takes and gives."""
    arguments = tuple(part for part in parts if isinstance(part, Argument))
    headers = tuple(part for part in parts if isinstance(part, Header))

    def described(view: View) -> View:
        setattr(view, _ATTRIBUTE, Operation(gives, arguments, headers, media, whole))
        return view

    return described


def of(view: Callable[..., Any]) -> Operation | None:
    """What a view says of itself; None for one that says nothing."""
    found: Operation | None = getattr(view, _ATTRIBUTE, None)
    return found


def types(operation: Operation) -> list[Any]:
    """All types that an operation can give."""
    return list(operation.gives.values()) if isinstance(operation.gives, Mapping) else [operation.gives]
