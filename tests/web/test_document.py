"""`/TREE/document` over fixtures/minikernel: page and records, in both languages, and what is kept of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest
from flask.testing import FlaskClient

from web import figure
from web import warming
from web.app import create_app
from web.kept import Kept
from web.views import document as view
from xref.graph.callgraph import CallGraph
from xref.index.query import Index
from xref.walk import document
from xref.walk.claims import VERDICTS
from xref.walk.claims import claims
from xref.walk.data import words
from xref.walk.facts import Facts

if TYPE_CHECKING:
    # a module of that name cannot be imported where pytest imports by path
    from tests.web.conftest import Page


@pytest.fixture(scope="module")
def client(minikernel_index: Path) -> FlaskClient:
    return create_app(minikernel_index).test_client()


@pytest.fixture(scope="module")
def walked(minikernel_index: Path) -> Iterator[list[document.Walked]]:
    index = Index(minikernel_index)
    yield document.walk(Facts(CallGraph(index)))
    index.close()


def _html(client: FlaskClient, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    return answer.text


def _ids(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('<li id="claim-')[1:]]


# -- the page -------------------------------------------------------------------------------------------


def test_the_page_has_path_and_claims(client):
    html = _html(client, "/minikernel/document")
    assert _ids(html) == [str(n) for n in range(1, 70)]
    assert "/minikernel/source/net/ipv4/tcp_ipv4.c#L" in html
    assert "sys_write does not come here" in html
    assert '<html lang="en"' in html


def test_the_picture_has_every_step_and_leads_to_its_text(client, page_of: type[Page]):
    html = _html(client, "/minikernel/document")
    page = page_of(html)
    steps = [step.function for layer in document.layers() for step in layer.steps]
    for function in steps:
        assert f"#step-{function}" in page.links
        assert f"step-{function}" in page.ids
    targets = {link[1:] for link in page.links if link.startswith("#")}
    assert targets <= set(page.ids), "a link into the page that leads nowhere"
    assert "proto_ops.sendmsg" in html
    assert "+3</text>" in html


def test_evidence_is_quoted(client, minikernel_index: Path):
    page = _html(client, "/minikernel/document")
    record = client.get("/api/v1/minikernel/claims").json[18]
    index = Index(minikernel_index)
    file, _, line = record["evidence"][0].rpartition(":")
    said = index.source(file).decode().split("\n")[int(line) - 1].strip()
    index.close()
    assert "__sock_sendmsg" in said
    assert said.replace("&", "&amp;") in page


@pytest.mark.parametrize("verdict", VERDICTS)
def test_claims_of_one_verdict(client, verdict):
    html = _html(client, f"/minikernel/document?verdict={verdict}")
    records = client.get(f"/api/v1/minikernel/claims?verdict={verdict}").json
    assert _ids(html) == [str(record["n"]) for record in records]
    assert {record["verdict"] for record in records} == {verdict}


def test_claims_of_a_section_and_with_words(client):
    assert _ids(_html(client, "/minikernel/document?section=1")) == ["1"]
    of_section = client.get("/api/v1/minikernel/claims?section=3.1").json
    assert {record["section"] for record in of_section} == {"3.1"}
    html = _html(client, "/minikernel/document?section=3.1&q=IOVEC")
    assert _ids(html) == ["10"]
    # the counts are those of the other filters
    assert "<b>1</b>" in html.partition('data-verdict=""')[2].partition("</a>")[0]
    assert _ids(_html(client, "/minikernel/document?q=sock_sendmsg+header&verdict=imprecise")) == ["16"]
    nothing = _html(client, "/minikernel/document?q=zebra")
    assert _ids(nothing) == []
    assert '<p class="none" role="status">' in nothing
    assert '<input type="search" name="q" value="&lt;b&gt;"' in _html(client, "/minikernel/document?q=<b>")


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


def test_the_markup_is_sound(client, page_of: type[Page]):
    page = page_of(_html(client, "/minikernel/document?lang=ko"))
    assert "/minikernel/calls/tcp_sendmsg" in page.links
    home = page_of(client.get("/").text)
    assert "/minikernel/document" in home.links


@pytest.mark.parametrize(
    "query", ["lang=fr", "verdict=true", "section=9", "section=3", f"q={'a' * 501}", "q=%00"]
)
def test_a_bad_argument_is_told(client, query):
    answer = client.get(f"/minikernel/document?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.text
    assert client.get("/nowhere/document").status_code == 404


# -- records --------------------------------------------------------------------------------------------


def test_records_have_the_contract_s_keys(client):
    for record in client.get("/api/v1/minikernel/claims").json:
        assert list(record) == ["n", "section", "claim", "verdict", "why", "evidence", "facts"]
    steps = client.get("/api/v1/minikernel/document").json
    assert [step["function"] for step in steps][:3] == ["sys_send", "sys_sendto", "sys_sendmsg"]
    events = client.get("/api/v1/minikernel/events").json
    assert (len(events), events[7]["function"]) == (12, "tcp_sendmsg")
    (below,) = [step for step in steps if step["function"] == "__sock_sendmsg"]
    assert below["legs"][0]["edges"][0]["callee"] == "__sock_sendmsg"


# -- the picture ----------------------------------------------------------------------------------------


def test_no_box_lies_on_another_or_outside(walked: list[document.Walked]):
    drawn = figure.draw(walked, {claim.n: "confirmed" for claim in claims()})
    for node in drawn.nodes:
        assert node.x >= 0
        assert node.x + node.width <= drawn.width
        assert node.y + node.height <= drawn.height
        assert all(node.x < mark.x < node.x + node.width for mark in node.marks)
        assert all(node.y < mark.y < node.y + node.height for mark in node.marks)
    for at, one in enumerate(drawn.nodes):
        for other in drawn.nodes[at + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            below = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert beside or below, (one.function, other.function)


def test_what_a_tree_does_not_have_is_drawn_as_absent(walked: list[document.Walked]):
    bare = [each._replace(defined_at=None, legs=()) for each in walked]
    drawn = figure.draw(bare, {claim.n: "unknown" for claim in claims()})
    assert not drawn.lines
    assert not any(node.known for node in drawn.nodes)


# -- what is kept ---------------------------------------------------------------------------------------


def test_the_document_is_judged_once_for_a_state_of_the_file(minikernel_index: Path, monkeypatch: pytest.MonkeyPatch):
    judged = []

    def counted(facts: Any, real: Any = view.claims.judge) -> Any:
        judged.append(1)
        return real(facts)

    monkeypatch.setattr(view.claims, "judge", counted)
    client = create_app(minikernel_index).test_client()
    for address in ("document", "document?lang=ko", "document?verdict=wrong"):
        assert client.get(f"/minikernel/{address}").status_code == 200
    for record in ("claims", "document", "events"):
        assert client.get(f"/api/v1/minikernel/{record}").status_code == 200
    assert len(judged) == 1


def test_a_prefix_keeps_its_own_addresses(client):
    assert 'href="/minikernel/source/' in client.get("/minikernel/document").text
    under = client.get("/minikernel/document", base_url="http://localhost/kernel").text
    assert 'href="/kernel/minikernel/source/' in under
    assert 'href="/minikernel/source/' not in under


def test_warming_judges_before_anyone_asks(minikernel_index: Path, monkeypatch: pytest.MonkeyPatch):
    app = create_app(minikernel_index)
    thread = warming.warm(app)
    assert thread is not None
    thread.join(60)
    assert warming.warm(app) is None
    monkeypatch.setattr(view.claims, "judge", None)
    assert app.test_client().get("/minikernel/document").status_code == 200


def test_warming_begins_with_the_site_and_with_a_new_index(minikernel_index: Path, monkeypatch: pytest.MonkeyPatch):
    begun = []
    monkeypatch.setattr(warming, "warm", lambda app: begun.append(app))
    create_app(minikernel_index).test_client().get("/healthz")
    assert not begun
    app = create_app(minikernel_index)
    warming.warm_always(app)
    client = app.test_client()
    assert len(begun) == 1
    # whether there is a new one is seen at each request
    client.get("/healthz")
    assert len(begun) == 2


def test_warming_without_an_index_is_no_error(tmp_path: Path):
    assert warming.warm(create_app(tmp_path / "none.db")) is None


def test_who_asks_while_it_is_made_waits_for_it():
    kept: Kept[int] = Kept()
    begun, may_end = threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> int:
        made.append(1)
        begun.set()
        may_end.wait(10)
        return 7

    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(kept.get((1, 1, 1), "tree", make))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    begun.wait(10)
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert (found, made) == ([7] * 4, [1])


def test_another_state_of_the_file_is_found_out_anew_and_errors_are_not_kept():
    kept: Kept[str] = Kept()
    assert kept.get((1, 1, 1), "tree", lambda: "old") == "old"
    assert kept.get((2, 1, 1), "tree", lambda: "new") == "new"
    assert kept.get((1, 1, 1), "tree", lambda: "anew") == "anew"

    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.get((1, 1, 1), "other", fail)
    assert kept.get((1, 1, 1), "other", lambda: "now") == "now"
    for number in range(200):
        kept.get((1, 1, 1), number, lambda: "x")
    assert kept.get((1, 1, 1), 199, fail) == "x"
    with pytest.raises(ValueError, match="no"):
        kept.get((1, 1, 1), 0, fail)
