"""Full text, and what a word may name."""

from __future__ import annotations

from typing import Any

from xref.index.query import Index


def test_lines_names_and_files_are_found(site: Any) -> None:
    page = site.page("/tree/search?q=sched")
    assert page.target("schedule") == ["/tree/ident/schedule"]
    assert "/tree/source/kernel/sched.c" in page.target("kernel/sched.c")
    assert "/tree/source/kernel/sched.c#L11" in page.links
    assert "sched" in page.texts("mark")
    assert page.fields["q"] in ("", "sched")


def test_what_is_searched_for_is_shown_as_text(site: Any) -> None:
    page = site.page("/tree/search?q=%3Cscript%3Ealert(1)")
    assert page.fields["q"] == "<script>alert(1)"
    assert page.texts("mark") == ["<script>alert(1)"]


def test_records_are_the_index_own(site: Any, web_index: Any) -> None:
    index = Index(web_index, "tree")
    for pattern, regex, within in (
        ("schedule", False, ""),
        ("HZ|page_", True, ""),
        ("HZ", False, "kernel/"),
        ("HZ", False, "*.h"),
    ):
        found = [match._asdict() for match in index.search(pattern, regex=regex, path=within or None)]
        query = {"q": pattern, "in": within, "regex": "1" if regex else "0"}
        response = site.client.get("/api/v1/tree/search", query_string=query)
        assert response.json == found
        assert found
    assert site.record("/api/v1/tree/files?q=page.h") == index.files("page.h")
    assert site.record("/api/v1/tree/files") == index.files()
    assert site.record("/api/v1/tree/outline/kernel/sched.c") == [
        d._asdict() for d in index.outline("kernel/sched.c") or ()
    ]
    index.close()


def test_the_page_shows_what_the_records_say(site: Any) -> None:
    links = site.page("/tree/search?q=HZ&in=kernel/").links
    for match in site.record("/api/v1/tree/search?q=HZ&in=kernel/"):
        assert f"/tree/source/{match['file']}#L{match['line']}" in links


def test_a_search_stops_at_its_limit_and_says_so(narrow: Any) -> None:
    page = narrow.page("/tree/search?q=e")
    assert "Lines more than 5" in [" ".join(text.split()) for text in page.texts("h2")]
    assert page.target("Next") == ["/tree/search?q=e&page=2"]
    response = narrow.get("/api/v1/tree/search?q=e")
    assert len(response.json) == 5
    assert response.headers["X-More"] == "1"
    seen = []
    for number in (1, 2, 3):
        seen += narrow.record(f"/api/v1/tree/search?q=e&page={number}")
    assert seen == response.json


def test_without_a_query_there_is_the_form(site: Any) -> None:
    assert site.page("/tree/search").forms == ["/tree/search", "/preferences", None]
    assert "q:" in site.record("/api/v1/tree/search", 400)["error"]["message"]


def test_nothing_found_is_no_error(site: Any) -> None:
    assert any("No line" in text for text in site.page("/tree/search?q=nowhere_at_all").texts("p"))
    assert site.record("/api/v1/tree/search?q=nowhere_at_all") == []
    assert site.record("/api/v1/tree/files?q=nowhere_at_all") == []
