"""What is not there, what cannot be taken, and what must never be given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.test import Client

from web.app import HEADERS
from web.app import create_app


@pytest.fixture(scope="module")
def minikernel(minikernel_index: Path) -> Client:
    """A site over fixtures/minikernel."""
    return create_app(minikernel_index).test_client()


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("/tree/ident/schedul", "/tree/ident/schedule"),
        ("/tree/source/kernel/shed.c", "/tree/source/kernel/sched.c"),
        ("/tree/source/drivers/sched.c", "/tree/source/kernel/sched.c"),
        ("/tree/source/kernl", "/tree/source/kernel"),
        ("/tree/raw/include/sched.h", "/tree/source/include/linux/sched.h"),
        ("/tre/source/kernel/sched.c", "/tree/source/"),
        ("/nothing-like-it/search?q=x", "/tree/source/"),
        ("/api/v1/tree/callers/schedul", "schedule"),
        ("/api/v1/tree/outline/kernel/shed.c", "kernel/sched.c"),
    ],
)
def test_unknown_is_404_with_what_is_near(site: Any, url: str, near: str) -> None:
    if url.startswith("/api/"):
        assert near in _error(site.record(url, 404), 404)
    else:
        assert near in site.page(url, 404).links


@pytest.mark.parametrize(
    "url", ["/tree/nothing", "/tree/ident/", "/x/y/z", "/api/v1/tree/nothing/x", "/api/v2/", "/static/no.css"]
)
def test_an_address_of_nothing_is_404(site: Any, url: str) -> None:
    if url.startswith("/api/"):
        _error(site.record(url, 404), 404)
    else:
        site.page(url, 404)


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("ident/schedule?kind=verb", "kind"),
        ("ident/schedule?arch=pdp11", "arch"),
        ("ident/schedule?page=0", "page"),
        ("ident/schedule?page=-1", "page"),
        ("ident/schedule?page=two", "page"),
        ("ident/schedule?page=%C2%B2", "page"),
        ("ident/schedule?page=99999", "page"),
        ("ident/schedule?page=99999999999999999999", "page"),
        ("ident/schedule?list=everything", "list"),
        ("ident/schedule?in=%00", "in"),
        ("ident/sched%00ule", "name"),
        ("search?q=x&regex=yes", "regex"),
        ("search?q=(&regex=1", "q"),
        ("search?q=%00", "q"),
        ("search?q=x&page=2", "page"),
        ("source/kernel/%00", "path"),
    ],
)
def test_a_bad_argument_is_400_and_named(site: Any, query: str, argument: str) -> None:
    message = site.page(f"/tree/{query}", 400).texts("p")[0]
    assert message.startswith(f"{argument}: ")


def test_the_api_has_one_shape_of_error(site: Any) -> None:
    for url, status in (
        ("/api/v1/tree/references/schedule?kind=verb", 400),
        ("/api/v1/tree/references/nothing", 404),
        ("/api/v1/none/references/schedule", 404),
        ("/api/v1/tree/search?q=%5B&regex=1", 400),
    ):
        _error(site.record(url, status), status)
    refused = site.client.post("/api/v1/tree/search")
    _error(refused.json, 405)
    assert "GET" in refused.headers["Allow"]


def _error(record: Any, status: int) -> str:
    assert list(record) == ["error"]
    assert list(record["error"]) == ["status", "message"]
    assert record["error"]["status"] == status
    message: str = record["error"]["message"]
    assert message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "kernel/../../../../etc/passwd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "..\\..\\etc\\passwd",
        "./kernel/sched.c",
        "kernel/./sched.c",
        "..",
        "kernel%00.c",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("view", ["/tree/source/", "/tree/raw/", "/api/v1/tree/outline/"])
def test_no_path_leads_out_of_the_tree(site: Any, view: str, path: str) -> None:
    response = site.client.get(view + path, follow_redirects=True)
    assert 400 <= response.status_code < 500
    assert b"root:" not in response.data


@pytest.mark.parametrize(
    "view", ["/tree/ident/", "/tree/source/", "/tree/search?q=", "/tree/ident/x?in=", "/tree/ident/x?kind="]
)
@pytest.mark.parametrize(
    "value",
    [
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "%22%20onmouseover%3D%22x",
        "'%3B--",
        "%7B%7B7*7%7D%7D",
        "%FF%FE",
    ],
)
def test_what_is_asked_comes_back_as_text_only(site: Any, view: str, value: str) -> None:
    response = site.client.get(view + value)
    assert response.status_code in (200, 400, 404)
    type(site.page("/"))(response.text)  # raises for a script, or an attribute that is one
    assert "49" not in response.text or "7*7" in response.text


@pytest.mark.parametrize(
    "view", ["/tree/ident/", "/tree/source/", "/tree/raw/", "/tree/search?q=", "/tree/search?q=x&in=", "/"]
)
def test_100_kb_of_address_are_refused_quickly(site: Any, view: str) -> None:
    response = site.client.get(view + "a" * 100_000, follow_redirects=True)
    assert 400 <= response.status_code < 500
    assert len(response.data) < 5_000


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.sampled_from(["ident", "source", "raw", "search"]),
    st.text(max_size=20),
    st.dictionaries(
        st.sampled_from(["q", "in", "kind", "arch", "page", "regex", "list"]), st.text(max_size=8)
    ),
)
def test_no_address_is_an_error_of_ours(site: Any, view: str, rest: str, query: dict[str, str]) -> None:
    safe = rest.encode("utf-8", "replace").decode()
    plain = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    response = site.client.get(f"/tree/{view}/" + safe.replace("?", "").replace("#", ""), query_string=plain)
    assert response.status_code < 500
    response = site.client.get("/tree/search", query_string=plain)
    assert response.status_code < 500


def test_the_policy_allows_nothing_from_elsewhere() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}
    assert policy["script-src"] == "'self'"


def test_a_bug_is_a_page_that_does_not_tell_how(web_index: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.app import create_app
    from xref.index.query import Index

    def fail(*_: object) -> None:
        raise RuntimeError("the secret of the house")

    client = create_app(web_index).test_client()
    monkeypatch.setattr(Index, "listing", fail)
    response = client.get("/tree/source/")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert response.headers["Content-Security-Policy"]


#: each kind of error that a page can show
KINDS = {
    404: [
        "/nothing/source/", "/minikernel/nothing", "/minikernel/ident/no_such", "/minikernel/source/no.c",
        "/minikernel/raw/no.c", "/minikernel/calls/no_such", "/minikernel/reaches/no_such", "/minikernel/syscall/no_such",
        "/minikernel/path?from=no_such&to=tcp_sendmsg", "/minikernel/walk/no_such", "/static/no.css",
    ],
    400: [
        "/minikernel/ident/tcp_sendmsg?kind=verb", "/minikernel/ident/tcp_sendmsg?arch=vax",
        "/minikernel/ident/tcp_sendmsg?page=x", "/minikernel/ident/tcp_sendmsg?page=999", "/minikernel/ident/a%00b",
        "/minikernel/ident/" + "x" * 600, "/minikernel/ident/sk?from=../x", "/minikernel/source/a//b",
        "/minikernel/source/Makefile?part=2", "/minikernel/source/net/socket.c?config=nonsense", "/?lang=xx",
        "/minikernel/search?q=(&regex=1", "/minikernel/search?q=x&regex=2", "/minikernel/search?q=kind:verb+x",
        "/minikernel/search?q=kind:+x", "/minikernel/search?q=kind:call+kind:read+x", "/minikernel/search?q=arch:vax+x",
        "/minikernel/search?q=case:maybe+x", "/minikernel/search?q=kind:call+a+b", "/minikernel/search?q=regex:",
        "/minikernel/calls/tcp_sendmsg?page=999", "/minikernel/calls/tcp_sendmsg?context=none",
        "/minikernel/path?from=tcp_sendmsg", "/minikernel/walk/send?step=99999999", "/minikernel/walk/send?step=x",
        "/minikernel/walk/send?payload=999999999", "/minikernel/walk/send?payload=x", "/minikernel/walk/send?mss=1",
        "/minikernel/walk/send?drop=0", "/minikernel/walk/send?sysctl=x=1", "/minikernel/walk/send?sysctl=tcp_sack=9",
        "/minikernel/walk/send?sysctl=tcp_wmem=1", "/minikernel/walk/send?machine=vax",
        "/minikernel/document?verdict=maybe",
    ],
}  # fmt: skip
_HANGUL = re.compile("[\uac00-\ud7a3]")
#: words in a row, of which none is a name, a value or an example
_ENGLISH = re.compile(r"(?<![\w:`'=])[a-z]+(?: [a-z]+){3,}")


@pytest.mark.parametrize(("status", "address"), [(status, each) for status, some in KINDS.items() for each in some])
def test_what_is_wrong_is_said_in_the_readers_language(minikernel: Client, status: int, address: str) -> None:
    answer = minikernel.get(address, headers={"Accept-Language": "ko"})
    if answer.status_code == 200:
        pytest.skip("this is taken")
    assert answer.status_code == status
    said = "".join(re.findall(r'<p class="error"[^>]*>(.*?)</p>', answer.text))
    assert _HANGUL.search(said), said
    assert not _ENGLISH.search(said), said
    assert '<p class="quiet" lang="en">' not in answer.text


def test_what_was_typed_is_not_lost(minikernel: Client) -> None:
    page = minikernel.get('/minikernel/search?q=("a<b&regex=1')
    assert page.status_code == 400
    assert 'value="(&#34;a&lt;b"' in page.text


def test_what_flask_refuses_is_said_in_the_readers_language(minikernel: Client) -> None:
    for status, answer in (
        (405, minikernel.post("/minikernel/source/", headers={"Accept-Language": "ko"})),
        (405, minikernel.delete("/preferences", headers={"Accept-Language": "ko"})),
    ):
        assert answer.status_code == status
        assert '<p class="quiet" lang="en">' not in answer.text
