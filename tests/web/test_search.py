"""Full text, and what a word may name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from web.app import create_app
from web.settings import Settings
from xref.index.build import index_tree
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


def test_filters_stand_in_the_query(site: Any) -> None:
    def found(q: str) -> set[tuple[str, int]]:
        return {(match["file"], match["line"]) for match in site.client.get("/api/v1/tree/search", query_string={"q": q}).json}

    everywhere = found("HZ")
    assert found("file:kernel/ HZ") == {place for place in everywhere if place[0].startswith("kernel/")}
    assert found("HZ file:*.h") == {("include/linux/sched.h", 4), ("include/linux/sched.h", 5)}
    assert found("-file:kernel/ -file:include/ HZ") == {("arch/i386/entry.S", 4), ("arch/i386/entry.S", 6)}
    assert {file for file, _ in found("arch:ppc page_size")} == {"include/asm-ppc/page.h", "kernel/sched.c"}
    assert found("/^int sch.*task/") == found("regex:^int sch.*task") == {("include/linux/sched.h", 12), ("kernel/sched.c", 11)}
    assert found("case:no hz") >= everywhere
    assert found('"schedule(0); schedule(0)"') == {("kernel/sched.c", 21)}


def test_kind_finds_mentions_and_definitions(site: Any) -> None:
    found = site.record("/api/v1/tree/search?q=kind:call+schedule")
    assert {(match["file"], match["line"]) for match in found} == {
        (r["file"], r["line"]) for r in site.record("/api/v1/tree/references/schedule?kind=call")
    }
    assert [match["line"] for match in site.record("/api/v1/tree/search?q=kind:function+schedule")] == [11]
    page = site.page("/tree/search?q=kind:function+schedule")
    assert page.texts("mark") == ["schedule"]


def test_what_contradicts_itself_is_400(site: Any) -> None:
    for query in ("kind:verb+x", "kind:write", "arch:pdp11+x", "file:+x", "regex:", "/(/"):
        assert site.record(f"/api/v1/tree/search?q={query}", 400)["error"]["message"].startswith("q: ")
        assert site.page(f"/tree/search?q={query}", 400).texts("p")[0].startswith("q: ")
    assert site.page("/tree/search?q=x&context=9", 400).texts("p")[0].startswith("context: ")


def test_only_an_explicit_wish_leads_to_a_page_of_a_name(site: Any) -> None:
    assert site.get("/tree/search?q=ident:schedule", 302).headers["Location"] == "/tree/ident/schedule"
    assert site.page("/tree/search?q=schedule").target("schedule") == ["/tree/ident/schedule"]


def test_lines_have_others_beside_them(site: Any) -> None:
    texts = site.page("/tree/search?q=file:kernel/sched.c+page_size").texts("code")
    assert not any("char *text" in text for text in texts)
    assert "\t\treturn idle(task);" in texts
    assert "}" in texts
    narrow = site.page("/tree/search?q=file:kernel/sched.c+page_size&context=0").texts("code")
    assert "}" not in narrow
    assert "\treturn idle(task) + page_size();" in narrow


def test_files_by_some_of_their_letters(site: Any) -> None:
    assert site.record("/api/v1/tree/files?q=schc&fuzzy=1") == ["kernel/sched.c"]
    assert site.page("/tree/search?q=schc").target("kernel/sched.c") == ["/tree/source/kernel/sched.c"]
    assert site.page("/tree/search?q=file:include/").target("include/linux/sched.h")


def test_completions(site: Any) -> None:
    found = site.record("/api/v1/tree/complete?q=sch")
    assert found[0] == {"text": "schedule", "kind": "function", "file": "kernel/sched.c", "line": 11}
    assert {each["text"] for each in found if each["kind"] == "file"} == {"kernel/sched.c", "include/linux/sched.h"}
    assert site.record("/api/v1/tree/complete?q=hz")[0]["text"] == "HZ"
    for nothing in ("", "kind:verb", "%20", "zzqq"):
        assert site.record(f"/api/v1/tree/complete?q={nothing}") == []


def test_an_expression_that_takes_too_long_is_stopped(web_index: Any) -> None:
    client = create_app(web_index, Settings(search_seconds=0.0)).test_client()
    response = client.get("/api/v1/tree/search?q=/HZ/")
    assert (response.status_code, response.json, response.headers["X-Cut"]) == (200, [], "time")
    assert "stopped after 0 seconds" in client.get("/tree/search?q=/HZ/").text


def test_a_long_expression_is_refused(site: Any) -> None:
    site.record("/api/v1/tree/search?q=/" + "a?" * 50_000 + "/", 400)
    site.record("/api/v1/tree/search?q=/(a{999}){999}/", 400)


def test_files_that_have_the_name_as_a_word_come_first(tmp_path: Path, site: Any) -> None:
    (tmp_path / "tree").mkdir()
    for name, text in (("a.c", "int xsched_now;\n"), ("b.c", "int sched_now;\n"), ("c.c", "int my_sched_now_too;\n")):
        (tmp_path / "tree" / name).write_text(text)
    index_tree(tmp_path / "x.db", tmp_path / "tree", jobs=1)
    found = type(site)(create_app(tmp_path / "x.db"))
    assert [each["file"] for each in found.record("/api/v1/tree/search?q=sched_now")] == ["b.c", "a.c", "c.c"]
    assert [each["file"] for each in found.record("/api/v1/tree/search?q=sched_now&regex=1")] == ["a.c", "b.c", "c.c"]


def test_where_nothing_is_found_near_names_are_offered(site: Any) -> None:
    page = site.page("/tree/search?q=schedul_e")
    assert page.target("schedule") == ["/tree/ident/schedule"]
    assert "No line of this tree has it." in page.texts("p")


def test_what_is_pasted_from_elsewhere_leads_to_what_it_means(site: Any) -> None:
    for typed, leads in {
        "kernel/sched.c:11": "/tree/source/kernel/sched.c#L11",
        "./sched.c:11:4:": "/tree/source/kernel/sched.c#L11",
        "HZ()": "/tree/ident/HZ",
        "who calls schedule here": "/tree/ident/schedule",
    }.items():
        assert leads in site.page(f"/tree/search?q={typed}").links, typed
    assert "Near it" not in site.get("/tree/search?q=zzqq zzqy").text


def test_a_member_of_a_struct_leads_to_what_it_holds(minikernel_index: Path) -> None:
    client = create_app(minikernel_index).test_client()
    for typed in ("proto_ops.sendmsg", "struct proto_ops::sendmsg", "proto_ops-%3Esendmsg"):
        page = client.get(f"/minikernel/search?q={typed}").text
        assert "/minikernel/ident/sendmsg?list=stores&amp;struct=proto_ops" in page, typed
