"""The API's description: every route is in it, it is valid, and what is given is what it says."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from werkzeug.test import Client

from web import openapi
from web.app import create_app
from web.describe import Argument
from web.describe import Header
from web.describe import answers

_TOLD = "say what it takes and gives with @answers(…): the docstring of web/describe.py tells how"


@pytest.fixture(scope="module")
def client(minikernel_index: Path) -> Client:
    return create_app(minikernel_index).test_client()


@pytest.fixture(scope="module")
def api(client: Client) -> Any:
    return client.get("/api/v1/openapi.json").json


def test_every_route_is_described(web_index: Path) -> None:
    assert openapi.missing(create_app(web_index)) == [], _TOLD


def test_the_description_is_valid_openapi(api: Any) -> None:
    validate(api)
    for path, operations in api["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            for each in operation.get("parameters", ()):
                assert each["description"], (path, each)


def test_descriptions_name_what_there_is(api: Any) -> None:
    """A place that stands in no address, or an argument told twice, is a slip."""
    for path, operations in api["paths"].items():
        given = [(each["in"], each["name"]) for each in operations["get"].get("parameters", ())]
        assert len(given) == len(set(given))
        assert {name for where, name in given if where == "path"} == set(re.findall(r"{(\w+)}", path))


def _examples(api: Any) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each address with its examples: as it stands in the description, as it is asked, with what arguments."""
    for path, operations in api["paths"].items():
        address, query = path, {}
        for each in operations["get"].get("parameters", ()):
            if each["in"] == "path":
                address = address.replace("{" + each["name"] + "}", quote(each["example"]))
            elif "example" in each:
                query[each["name"]] = each["example"]
        yield path, address, query


def _closed(schema: Any) -> Any:
    """A schema that allows no field but those that it names."""
    if isinstance(schema, dict):
        made = {key: _closed(value) for key, value in schema.items()}
        return {"additionalProperties": False, **made} if isinstance(schema.get("properties"), dict) else made
    return [_closed(each) for each in schema] if isinstance(schema, list) else schema


def test_what_is_given_is_what_it_says_and_no_more(client: Client, api: Any) -> None:
    components = _closed(copy.deepcopy(api["components"]["schemas"]))
    for path, address, query in _examples(api):
        response = client.get(address, query_string=query)
        assert response.status_code == 200, (address, response.text[:200])
        said = api["paths"][path]["get"]["responses"]["200"]
        ((media, content),) = said["content"].items()
        assert response.mimetype == media
        if "schema" in content:
            schema = {**_closed(content["schema"]), "components": {"schemas": components}}
            Draft202012Validator(schema).validate(response.json)
        for name, header in said.get("headers", {}).items():
            assert name in response.headers or not header.get("required"), (path, name)


def test_an_example_gives_something(client: Client, api: Any) -> None:
    """An empty list would say nothing about the records."""
    empty = [address for _, address, query in _examples(api) if client.get(address, query_string=query).json == []]
    # the fixture is parsed in full, line 1 of a file is no call, and without a configuration nothing is left out
    none = ("problems", "targets/net/ipv4/tcp.c", "left-out/net/ipv4/tcp.c")
    assert set(empty) <= {f"/api/v1/minikernel/{each}" for each in none}


def test_an_error_has_the_shape_that_is_said(client: Client, api: Any) -> None:
    schema = {**api["components"]["schemas"]["Error"], "components": api["components"]}
    for address in ("/api/v1/none/callers/f", "/api/v1/minikernel/search", "/api/v1/nothing"):
        Draft202012Validator(schema).validate(client.get(address).json)


def test_pages_are_told_of_where_there_are_any(client: Client, api: Any) -> None:
    for path, address, query in _examples(api):
        said = api["paths"][path]["get"]["responses"]["200"].get("headers", {})
        told = {each["name"] for each in api["paths"][path]["get"].get("parameters", ())}
        response = client.get(address, query_string={**query, "page": "1"})
        assert response.status_code == 200
        assert ("X-Total-Count" in said) == ("X-Total-Count" in response.headers), path
        assert "page" in told or "X-Total-Count" not in said, path


def test_the_page_shows_every_address_and_record(client: Client, api: Any, page_of: Any) -> None:
    page = page_of(client.get("/api/").text)
    shown = page.texts("h3")
    assert set(api["paths"]) <= set(shown)
    assert set(api["components"]["schemas"]) <= set(shown)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert client.get(link, buffered=True).status_code == 200, link


def test_under_a_prefix_the_addresses_stand_under_it(client: Client, page_of: Any) -> None:
    api = client.get("/api/v1/openapi.json", base_url="http://localhost/xref").json
    assert api["servers"] == [{"url": "/xref"}]
    page = page_of(client.get("/api/", base_url="http://localhost/xref").text)
    assert "/xref/api/v1/trees" in page.links


def test_what_a_decorator_says() -> None:
    app = Flask(__name__)

    @app.get("/api/v1/<tree>/counts/<int:number>")
    @answers(dict[str, int], Argument("long", "More.", bool), Header("X-Odd", "Odd."), Argument("number", "How many."))
    def counts(tree: str, number: int) -> str:
        """Counts.

        Of all.
        """
        return ""

    @app.get("/api/v1/<tree>/frames")
    @answers(bytes, media="application/vnd.tcpdump.pcap")
    def frames(tree: str) -> str:
        """Frames."""
        return ""

    @app.get("/api/v1/forgotten")
    def forgotten() -> str:
        return ""

    assert openapi.missing(app) == ["/api/v1/forgotten"]
    paths = openapi.document(app, "")["paths"]
    told = paths["/api/v1/{tree}/counts/{number}"]["get"]
    assert (told["summary"], told["description"]) == ("Counts.", "Of all.")
    assert [each["schema"] for each in told["parameters"]] == [
        {"type": "string"},
        {"type": "integer", "minimum": 0},
        {"type": "string", "enum": ["0", "1"]},
    ]
    assert told["parameters"][1]["description"] == "How many."
    assert list(told["responses"]["200"]["headers"]) == ["X-Odd"]
    assert paths["/api/v1/{tree}/frames"]["get"]["responses"]["200"]["content"] == {"application/vnd.tcpdump.pcap": {}}
