"""Addresses within the site, each worked out once: a page has hundreds of links, and many lead to the same place."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask
from flask import request
from flask import url_for

#: addresses remembered, of some 300 bytes each
_MOST = 20_000


def init_app(app: Flask) -> None:
    """Give the application's templates a `url_for` that remembers.

    An address depends on the prefix that the site stands under, and on nothing else of the request.
    """

    @lru_cache(_MOST)
    def built(_root: str, endpoint: str, values: tuple[tuple[str, str | None], ...]) -> str:
        wanted: dict[str, Any] = dict(values)
        return url_for(endpoint, **wanted)

    def address(endpoint: str, **values: Any) -> str:
        given = tuple((name, value if value is None else str(value)) for name, value in values.items())
        return built(request.script_root, endpoint, given)

    app.jinja_env.globals["url_for"] = address
