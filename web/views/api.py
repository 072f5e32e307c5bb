"""`/api/`, `/api/v1/openapi.json`: the API described, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple
from urllib.parse import quote
from urllib.parse import urlencode

from flask import Blueprint
from flask import Response
from flask import current_app
from flask import jsonify
from flask import render_template
from flask import request

from web import openapi
from web.describe import answers
from web.site import site

blueprint = Blueprint("api", __name__)


class Shown(NamedTuple):
    """A route as the page shows it: its address, the description of it, what it gives, an address to try."""

    address: str
    operation: Mapping[str, Any]
    gives: Mapping[str, Any] | None
    example: str | None


def _document() -> dict[str, Any]:
    """The description, kept for the prefix that the site stands under and the trees that it has."""
    kept = site().descriptions
    trees = site().indexes.trees()
    key = (request.script_root, trees)
    found = kept.get(key)
    if found is None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        found = openapi.document(app, request.script_root, trees[0] if trees else None)
        kept.clear()
        kept[key] = found
    return found


@blueprint.get("/api/v1/openapi.json")
@answers(dict[str, Any])
def record() -> Response:
    """The description itself, as OpenAPI 3.1."""
    return jsonify(_document())


@blueprint.get("/api/")
def page() -> str:
    """The description as a page."""
    api = _document()
    return render_template("api.html", api=api, routes=list(_shown(api)), records=api["components"]["schemas"])


def _shown(api: Mapping[str, Any]) -> Iterator[Shown]:
    for address, operations in api["paths"].items():
        operation = operations["get"]
        ((_, content),) = operation["responses"]["200"]["content"].items()
        yield Shown(address, operation, content.get("schema"), _example(api, address, operation))


def _example(api: Mapping[str, Any], address: str, operation: Mapping[str, Any]) -> str | None:
    """An address that answers; None where some part has no example."""
    given = {}
    for each in operation.get("parameters", ()):
        if "example" in each:
            given[each["name"]] = each["example"]
            address = address.replace(f"{{{each['name']}}}", quote(str(each["example"])))
        elif each.get("required"):
            return None
    asked = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    query = urlencode({name: value for name, value in given.items() if name in asked})
    base: str = api["servers"][0]["url"]
    return base.rstrip("/") + address + (f"?{query}" if query else "")
