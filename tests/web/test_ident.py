"""The page of a name, and the same as records."""

from __future__ import annotations

from typing import Any

from xref.index.query import Index


def test_definitions_references_callers_and_callees_are_on_one_page(site: Any) -> None:
    page = site.page("/tree/ident/schedule")
    assert [heading.split()[0] for heading in page.texts("h2")] == [
        "Definitions",
        "References",
        "Callers",
        "Callees",
    ]
    assert page.target("kernel/sched.c:11") == ["/tree/source/kernel/sched.c#L11-L17"]
    assert page.target("include/linux/sched.h:12") == ["/tree/source/include/linux/sched.h#L12"]
    assert "/tree/source/kernel/sched.c#L21" in page.target("21")
    assert page.target("loop") == ["/tree/ident/loop"] * 3, "in two references, and once as a caller"
    assert "/tree/ident/idle" in page.target("idle")


def test_the_best_definition_comes_first(site: Any) -> None:
    places = [text for text, _ in site.page("/tree/ident/schedule").linked if ":" in text]
    assert places[0] == "kernel/sched.c:11", "the body, before the prototype"


def test_the_line_of_a_reference_is_quoted_as_text(site: Any) -> None:
    page = site.page("/tree/ident/HZ")
    assert "return task->run(task) + HZ;" in page.texts("code")
    assert "HZ" in page.texts("mark")
    latin = site.page("/tree/ident/latin").texts("code")
    assert "int latin(void)" in latin


def test_records_are_the_index_own(site: Any, web_index: Any) -> None:
    index = Index(web_index, "tree")
    for which in ("definitions", "references"):
        for name in ("schedule", "HZ", "page_size"):
            expected = [record._asdict() for record in getattr(index, which)(name)]
            assert site.record(f"/api/v1/tree/{which}/{name}") == expected
    index.close()


def test_the_page_shows_what_the_records_say(site: Any) -> None:
    page = site.page("/tree/ident/schedule")
    for reference in site.record("/api/v1/tree/references/schedule"):
        assert f"/tree/source/{reference['file']}#L{reference['line']}" in page.links
    for definition in site.record("/api/v1/tree/definitions/schedule"):
        assert f"{definition['file']}:{definition['line']}" in page.texts("a")
        assert definition["signature"] in page.texts("code")
    edges = site.record("/api/v1/tree/callees/schedule")
    assert edges
    for edge in edges:
        assert f"{edge['file']}:{edge['line']}" in page.texts("a")


def test_arch_keeps_that_architecture_and_what_belongs_to_none(site: Any) -> None:
    url = "/api/v1/tree/definitions/page_size"
    assert {d["arch"] for d in site.record(url)} == {"i386", "ppc"}
    assert {d["arch"] for d in site.record(f"{url}?arch=ppc")} == {"ppc"}
    assert len(site.record("/api/v1/tree/definitions/schedule?arch=ppc")) == 2
    page = site.page("/tree/ident/page_size?arch=ppc")
    assert page.target("include/asm-ppc/page.h:1")
    assert not page.target("include/asm-i386/page.h:1")


def test_kind_narrows_the_lists_that_know_it(site: Any) -> None:
    kinds = {d["kind"] for d in site.record("/api/v1/tree/definitions/schedule")}
    assert kinds == {"function", "prototype"}
    assert [d["kind"] for d in site.record("/api/v1/tree/definitions/schedule?kind=function")] == ["function"]
    assert site.record("/api/v1/tree/references/schedule?kind=write") == []
    assert site.record("/api/v1/tree/references/schedule?kind=call")
    assert len(site.record("/api/v1/tree/definitions/schedule?kind=call")) == 2
    page = site.page("/tree/ident/schedule?kind=write")
    assert any("None in this tree under these filters" in text for text in page.texts("p"))


def test_in_is_how_the_path_begins(site: Any) -> None:
    files = {r["file"] for r in site.record("/api/v1/tree/references/HZ?in=kernel/")}
    assert files
    assert all(file.startswith("kernel/") for file in files)
    assert site.page("/tree/ident/HZ?in=kernel/").fields["in"] == "kernel/"


def test_each_list_has_pages_of_its_own(narrow: Any) -> None:
    whole = narrow.record("/api/v1/tree/references/HZ")
    assert len(whole) > 4
    seen = []
    url: str | None = "/api/v1/tree/references/HZ?page=1"
    while url:
        response = narrow.get(url)
        assert response.headers["X-Total-Count"] == str(len(whole))
        assert len(response.json) <= 2
        seen += response.json
        url = next((link for link, rel in _links(response.headers.get("Link", "")) if rel == "next"), None)
    assert seen == whole
    page = narrow.page("/tree/ident/HZ")
    assert page.target("Next") == ["/tree/ident/HZ?list=references&page=2"]
    second = narrow.page("/tree/ident/HZ?list=references&page=2")
    assert [heading.split()[0] for heading in second.texts("h2")] == ["References"]
    assert narrow.page("/tree/ident/HZ?page=2").links == second.links


def _links(header: str) -> list[tuple[str, str]]:
    parts = [part.split(";") for part in header.split(",") if part]
    return [(url.strip(" <>"), rel.strip().removeprefix('rel="').removesuffix('"')) for url, rel in parts]


def test_a_name_that_is_only_mentioned_has_a_page(site: Any) -> None:
    page = site.page("/tree/ident/printk")
    assert "None in this tree." in [text.strip() for text in page.texts("li")]
