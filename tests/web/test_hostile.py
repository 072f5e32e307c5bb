"""What an attacker would send, at every address of the site: a clear answer, no traceback, no leak, the site goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as openapi_checks
from werkzeug.routing import Rule
from werkzeug.test import Client

from web import describe
from web.app import create_app

#: values for a part of an address, as they are sent
PARTS = (
    "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "../../../../etc/passwd", "..%5c..%5cwindows",
    "%00", "a%00b", "%ff%fe", "%F0%9F%98%80", "'%20OR%201=1--", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "%7B%7B7*7%7D%7D", "%25s%25n", "-1", "1" + "0" * 30, "a" * 100_000, "(a+)+$", "%0d%0aSet-Cookie:%20a=b",
)  # fmt: skip
#: values for an argument
VALUES = (
    "", "\0", "../../etc/passwd", "/etc/passwd", "'\"><script>alert(1)</script>", "-1", "0", "1" + "0" * 30, "NaN", "1e9",
    "x" * 100_000, "(a+)+$", "(((((((((((a{1000}){1000}){1000}", "[", "\r\nX-Injected: 1", "\ud7ff\uffff", "*", "0-999999999",
    "1,2,3", "{}", "__class__", "file:" + "(" * 200,
)  # fmt: skip
#: arguments that no description has: those of pages, and those that nobody reads
ARGUMENTS = (
    "q", "in", "kind", "arch", "page", "list", "struct", "from", "to", "context", "avoid", "most", "lang", "verdict", "section",
    "step", "steps", "function", "missed", "config", "nonsense",
)  # fmt: skip
#: seconds for one answer, on a busy machine
PATIENCE = 20
GOOD = {"tree": "minikernel", "name": "tcp_sendmsg", "function": "tcp_sendmsg", "path": "net/ipv4/tcp.c"}


@pytest.fixture(scope="module")
def app(minikernel_index: Path) -> Flask:
    return create_app(minikernel_index)


@pytest.fixture(scope="module")
def client(app: Flask) -> Client:
    return app.test_client()


def _rules(app: Flask) -> list[Rule]:
    return [each for each in app.url_map.iter_rules() if "GET" in (each.methods or ())]


def _filled(rule: Rule, name: str = "", value: str = "") -> str:
    """The address of a rule with good parts, one of them replaced."""
    scenario = "send" if name == "scenario" else None
    out = rule.rule
    for each in rule.arguments:
        start = max(out.find(f":{each}>"), out.find(f"<{each}>"))
        start, end = out.rfind("<", 0, start + 1), out.find(f"{each}>") + len(each) + 1
        words = out[start:end].partition("(")[2].partition(")")[0].split(",")
        good = GOOD.get(each) or scenario or words[0].strip() or "x"
        out = out[:start] + (value if each == name else good) + out[end:]
    return out


def _asked(client: Client, address: str, **more: Any) -> None:
    began = time.monotonic()
    response = client.get(address, buffered=True, **more)
    took = time.monotonic() - began
    shown = address[:120]
    assert response.status_code < 500, (shown, more, response.text[:300])
    assert took < PATIENCE, (shown, took)
    assert "X-Injected" not in response.headers
    assert "a=b" not in response.headers.get("Set-Cookie", "")
    if response.mimetype == "text/html" or response.status_code >= 400:
        assert "Traceback" not in response.text
        assert "root:x:" not in response.text
        assert response.mimetype != "text/html" or "<script>alert" not in response.text
        assert ".venv" not in response.text
    if response.status_code >= 400:
        assert len(response.data) < 10_000, shown


def test_every_part_of_every_address(app: Flask, client: Client) -> None:
    for rule in _rules(app):
        for name in rule.arguments:
            for value in PARTS:
                _asked(client, _filled(rule, name, value), follow_redirects=True)
    assert client.get("/healthz").status_code == 200


def _arguments(app: Flask, rule: Rule) -> Iterator[str]:
    said = describe.of(app.view_functions[rule.endpoint])
    yield from dict.fromkeys((*ARGUMENTS, *((each.name for each in said.arguments) if said else ())))


def test_every_argument_of_every_address(app: Flask, client: Client) -> None:
    for rule in _rules(app):
        if rule.endpoint == "static":
            continue
        address = _filled(rule)
        for name in _arguments(app, rule):
            for value in VALUES:
                _asked(client, address, query_string={name: value})
    assert client.get("/healthz").status_code == 200


def test_what_is_not_read_is_refused(app: Flask, client: Client) -> None:
    for rule in _rules(app):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            if method not in {each for same in app.url_map.iter_rules() if same.rule == rule.rule for each in same.methods or ()}:
                response = client.open(_filled(rule), method=method, data=b"x" * 10_000)
                assert response.status_code in (404, 405), (rule.rule, method)


@pytest.mark.parametrize("payload", ["1073741824", "16777216", "-1", "1e30", "9" * 400])
def test_a_huge_run_is_refused(client: Client, payload: str) -> None:
    for address in ("/minikernel/walk/send", "/api/v1/minikernel/walk/send", "/api/v1/minikernel/walk/send/trace"):
        response = client.get(address, query_string={"payload": payload}, buffered=True)
        assert 400 <= response.status_code < 500, (address, payload)


@pytest.mark.parametrize("expression", ["(a+)+$", "(x*)*y" * 20, r"(\w+\s?)*[^\w]$", "(a|aa)+b", "a{1000}{1000}", "(?R)"])
def test_no_expression_hangs(client: Client, expression: str) -> None:
    began = time.monotonic()
    response = client.get("/api/v1/minikernel/search", query_string={"q": expression, "regex": "1"})
    assert response.status_code in (200, 400)
    assert time.monotonic() - began < PATIENCE


# -- against the description -----------------------------------------------------------------------------------

#: that whatever fits a schema is accepted is not among them: whether a tree, a file or a context is there, only the index knows
CHECKS = (
    not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.unsupported_method,
)


@pytest.fixture(scope="module")
def described(app: Flask) -> Any:
    """The description with the fixture's own tree, and parts of addresses that are there as often as not."""
    api = app.test_client().get("/api/v1/openapi.json").json
    for operations in api["paths"].values():
        for each in operations["get"].get("parameters", ()):
            if each["in"] == "path" and "enum" not in each["schema"]:
                some = [{"enum": [GOOD.get(each["name"], "send")]}]
                each["schema"] = {"type": "string", "anyOf": some if each["name"] == "tree" else [*some, {"minLength": 1}]}
    return schemathesis.openapi.from_dict(api)


def test_the_api_is_as_described_whatever_is_asked(described: Any, app: Flask) -> None:
    """Without schemathesis' plugin, which does not know this pytest."""
    seen = 0
    for result in described.get_all_operations():
        operation = result.ok()

        @settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            case.call_and_validate(app=app, checks=CHECKS, headers={"Accept-Encoding": "identity"})

        ask()
        seen += 1
    assert seen > 20
