"""Addresses within the site, each worked out once: a page has hundreds of links, and many lead to the same place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask
from flask import request
from flask import url_for

Address = Callable[..., str]

#: addresses remembered, of some 300 bytes each
_MOST = 20_000


def init_app(app: Flask) -> Callable[[], Address]:
    """Give the application's templates a `url_for` that remembers.  Returns what gives the one of a request.

    An address depends on the prefix that the site stands under, and on nothing else of the request.
    """

    @lru_cache(_MOST)
    def built(_root: str, endpoint: str, values: tuple[tuple[str, str | None], ...]) -> str:
        wanted: dict[str, Any] = dict(values)
        return url_for(endpoint, **wanted)

    def addresses_under(root: str) -> Address:
        def address(endpoint: str, **values: Any) -> str:
            given = tuple((name, value if value is None else str(value)) for name, value in values.items())
            return built(root, endpoint, given)

        return address

    def under() -> Address:
        return addresses_under(request.script_root)

    # which request it is takes as long to tell as the rest: a page asks for it once, what is rendered alone each time
    app.jinja_env.globals["url_for"] = lambda endpoint, **values: under()(endpoint, **values)
    app.context_processor(lambda: {"url_for": under()})
    return under
