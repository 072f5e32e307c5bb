"""The shapes that lists and errors have in JSON.

A list is what the command's `--json` prints: an array of records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Generic
from typing import NamedTuple
from typing import TypeVar

from flask import Response
from flask import jsonify
from flask import request
from flask import url_for

from web import arguments
from web.errors import BadArgumentError
from web.languages import N_
from web.site import site
from xref.index.records import plain

T = TypeVar("T")


class Listing(NamedTuple, Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    total: int
    page: int
    pages: int


def paged(items: Sequence[T], page: int, size: int) -> Listing[T]:
    """A page of a list, pages counting from 1; an empty list has one page."""
    pages = max(1, -(-len(items) // size))
    if page > pages:
        raise BadArgumentError("page", N_("%(page)s is beyond the last, %(pages)s"), page=page, pages=pages)
    return Listing(items[(page - 1) * size : page * size], len(items), page, pages)


def answer(found: Sequence[object]) -> Response:
    """All records as an array; or a page of them where `page` is given, with links to those beside it."""
    headers = {"X-Total-Count": str(len(found))}
    if "page" in request.args:
        listing = paged(found, arguments.page(), site().settings.page_size)
        found = listing.items
        beside = {"prev": listing.page - 1, "next": listing.page + 1}
        links = [f'<{_page(to)}>; rel="{rel}"' for rel, to in beside.items() if 1 <= to <= listing.pages]
        if links:
            headers["Link"] = ", ".join(links)
    response = jsonify([plain(each) for each in found])
    response.headers.update(headers)
    return response


def _page(number: int) -> str:
    """The address of this request with another page."""
    given = {**request.args.to_dict(), "page": str(number)}
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **given})


def error(status: int, message: str) -> dict[str, Any]:
    """The one shape of an error."""
    return {"error": {"status": status, "message": message}}
