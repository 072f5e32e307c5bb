"""The first page, what a tree's index lacks, and errors as pages: nearest names, a search box, the reader's language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from web.app import create_app

KOREAN = {"Accept-Language": "ko"}


def _korean(site: Any, address: str, status: int = 200) -> str:
    answer = site.client.get(address, headers=KOREAN)
    assert answer.status_code == status
    return answer.text


# -- the first page ---------------------------------------------------------------------------------------


def test_each_tree_can_be_searched_and_entered(site: Any) -> None:
    page = site.page("/")
    assert page.texts("h3") == ["tree", "other"]
    assert {"/tree/search", "/other/search"} <= set(page.forms)
    for part in ("source/", "path", "document", "walk/"):
        assert f"/tree/{part}" in page.links
        assert f"/other/{part}" in page.links


def test_readers_begin_in_the_newest_tree(site: Any) -> None:
    page = site.page("/")
    begin = ["Walk through a send", "Find a call path", "Explore the calls", "Check a document"]
    found = [page.target(each) for each in begin]
    assert found == [["/tree/walk/"], ["/tree/path"], ["/tree/path"], ["/tree/document"]]
    for (address,) in found:
        site.page(address)


def test_what_they_begin_with_is_there(minikernel_index: Path) -> None:
    client = create_app(minikernel_index).test_client()
    html = client.get("/").text
    for address in ("/minikernel/path?from=sys_sendto&amp;to=tcp_transmit_skb", "/minikernel/calls/tcp_transmit_skb"):
        assert f'href="{address}"' in html
        assert client.get(address.replace("&amp;", "&")).status_code == 200


def test_what_was_not_parsed_is_told_and_leads_to_the_list(site: Any) -> None:
    page = site.page("/")
    assert page.target("1 file was not parsed in full") == ["/tree/status"]
    assert "Every file was parsed in full." in site.get("/").text  # of the other tree


def test_the_first_page_in_korean(site: Any) -> None:
    html = _korean(site, "/")
    for words in ("트리", "학생에게", "엔지니어에게", "연구자에게", "교사에게", "파일 1개를 완전히 분석하지 못함"):
        assert words in html


# -- what is not in the index -----------------------------------------------------------------------------


def test_each_place_that_was_not_parsed_is_listed(site: Any) -> None:
    page = site.page("/tree/status")
    records = site.record("/api/v1/tree/problems")
    assert {record["file"] for record in records} == {"kernel/broken.c"}
    assert page.texts("h2") == ["kernel/broken.c"]
    assert len(page.texts("code")) == len(records)
    for record in records:
        assert f"/tree/source/kernel/broken.c#L{record['line']}" in page.links


def test_a_directory_s_places(site: Any) -> None:
    assert site.page("/tree/status?in=kernel/").texts("h2") == ["kernel/broken.c"]
    assert "/tree/status?in=kernel/" in site.page("/tree/status").links
    assert site.record("/api/v1/tree/problems?in=docs/") == []
    assert "Every file here was parsed in full." in site.get("/tree/status?in=docs/").text
    assert "완전히 분석" in _korean(site, "/tree/status")


def test_the_list_is_paged(narrow: Any) -> None:
    records = narrow.record("/api/v1/tree/problems")
    page = narrow.page("/tree/status")
    assert len(page.texts("code")) == min(2, len(records))
    assert narrow.get("/tree/status?page=99", 400)
    narrow.get("/nowhere/status", 404)


# -- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/tree/ident/schedul", 404, "tree에는 schedul 식별자가 없습니다."),
        ("/nowhere/source/", 404, "nowhere 트리가 없습니다."),
        ("/tree/search?q=%00", 400, "NUL 문자"),
        ("/tree/ident/schedule?page=two", 400, "page: 1 이상의 수여야 합니다."),
        ("/tree/nothing/at/all", 404, "그런 페이지가 없습니다."),
    ],
)
def test_errors_in_korean(site: Any, address: str, status: int, words: str) -> None:
    html = _korean(site, address, status)
    assert words in html
    assert "모든 트리" in html
    # programs and the log get English
    if status == 400:
        record = site.client.get("/api/v1/tree/references/schedule?page=two", headers=KOREAN).json
        assert record["error"]["message"] == "page: must be a number from 1; it is 'two'"


def test_an_error_offers_to_search(site: Any) -> None:
    page = site.page("/tree/ident/schedul", 404)
    assert page.forms.count("/tree/search") == 2  # in the header, and beside the message with the name filled in
    assert page.fields["q"] == "schedul"
    assert site.page("/nowhere/ident/x", 404).forms.count("/tree/search") == 1
    assert site.page("/tree/ident/x%22%3E%3Cb%3E", 404).fields["q"] == 'x"><b>'


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("/tree/schedule", "/tree/ident/schedule"),
        ("/tree/kernel/sched.c", "/tree/source/kernel/sched.c"),
        ("/tree/kernel", "/tree/source/kernel"),
        ("/tree/schedul", "/tree/ident/schedule"),
        ("/tree/kernel/shed.c", "/tree/source/kernel/sched.c"),
    ],
)
def test_an_address_without_a_kind_of_page_leads_on(site: Any, address: str, near: str) -> None:
    assert near in site.page(address, 404).links


def test_no_index_is_told_without_trees(tmp_path: Path) -> None:
    client = create_app(tmp_path / "none.db").test_client()
    for address, status in (("/", 503), ("/a/b", 404), ("/tree/source/", 503)):
        answer = client.get(address, headers=KOREAN)
        assert answer.status_code == status, address
        assert "Traceback" not in answer.text
    assert "색인을 읽을 수 없습니다" in client.get("/", headers=KOREAN).text
