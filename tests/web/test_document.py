"""`/TREE/document` over fixtures/minikernel: page and records, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient

from web.app import create_app
from xref.walk.claims import VERDICTS
from xref.walk.claims import claims
from xref.walk.data import words

if TYPE_CHECKING:
    # a module of that name cannot be imported where pytest imports by path
    from tests.web.conftest import Page


@pytest.fixture(scope="module")
def client(minikernel_index: Path) -> FlaskClient:
    return create_app(minikernel_index).test_client()


def _html(client: FlaskClient, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    return answer.text


def _ids(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('<li id="claim-')[1:]]


def test_the_page_has_path_and_claims(client):
    html = _html(client, "/minikernel/document")
    assert _ids(html) == [str(n) for n in range(1, 70)]
    assert "/minikernel/source/net/ipv4/tcp_ipv4.c#L" in html
    assert "sys_write does not come here" in html
    assert '<html lang="en"' in html


@pytest.mark.parametrize("verdict", VERDICTS)
def test_claims_of_one_verdict(client, verdict):
    html = _html(client, f"/minikernel/document?verdict={verdict}")
    records = client.get(f"/api/v1/minikernel/claims?verdict={verdict}").json
    assert _ids(html) == [str(record["n"]) for record in records]
    assert {record["verdict"] for record in records} == {verdict}


def test_the_language_is_that_asked_for_or_that_of_the_browser(client):
    english, korean = (claims()[0].says[language] for language in ("en", "ko"))
    assert english in _html(client, "/minikernel/document")
    assert english in _html(client, "/minikernel/document", **{"Accept-Language": "fr"})
    assert korean in _html(client, "/minikernel/document", **{"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"})
    assert english in _html(client, "/minikernel/document?lang=en", **{"Accept-Language": "ko"})
    page = _html(client, "/minikernel/document?lang=ko&verdict=wrong")
    assert words("verdicts", "ko")["wrong"] in page
    # the language asked for stays with the reader
    assert "lang=ko&amp;verdict=imprecise" in page
    assert korean in _html(client, "/minikernel/document")
    record = client.get("/api/v1/minikernel/claims?lang=ko").json[0]
    assert record["claim"] == korean


def test_records_have_the_contract_s_keys(client):
    for record in client.get("/api/v1/minikernel/claims").json:
        assert list(record) == ["n", "section", "claim", "verdict", "why", "evidence", "facts"]
    steps = client.get("/api/v1/minikernel/document").json
    assert [step["function"] for step in steps][:4] == ["sys_send", "sys_write", "sys_writev", "sock_sendmsg"]
    events = client.get("/api/v1/minikernel/events").json
    assert (len(events), events[7]["function"]) == (12, "tcp_sendmsg")
    assert steps[4]["legs"][0]["edges"][0]["callee"] == "__sock_sendmsg"


def test_the_markup_is_sound(client, page_of: type[Page]):
    page = page_of(_html(client, "/minikernel/document?lang=ko"))
    assert "/minikernel/calls/tcp_sendmsg" in page.links
    home = page_of(client.get("/").text)
    assert "/minikernel/document" in home.links


@pytest.mark.parametrize("address", ["/minikernel/document?lang=fr", "/minikernel/document?verdict=true"])
def test_a_bad_argument_is_told(client, address):
    answer = client.get(address)
    assert answer.status_code == 400
    assert "must be one of" in answer.text
    assert client.get("/nowhere/document").status_code == 404
