"""The page of a name, and the same as records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web.app import create_app
from xref.index.build import index_tree
from xref.index.export import stores
from xref.index.query import Index


@pytest.fixture(scope="module")
def minikernel(tmp_path_factory: pytest.TempPathFactory, site: Any) -> Iterator[Any]:
    """The site over the fixture, with its index beside."""
    file = tmp_path_factory.mktemp("ident") / "minikernel.db"
    index_tree(file, Path(__file__).parents[2] / "fixtures/minikernel", jobs=1)
    visitor = type(site)(create_app(file))
    visitor.index = Index(file)
    yield visitor
    visitor.index.close()


def test_definitions_references_callers_and_callees_are_on_one_page(site: Any) -> None:
    page = site.page("/tree/ident/schedule")
    assert [heading.split()[0] for heading in page.texts("h2")] == [
        "Definitions",
        "Callers",
        "Callees",
        "References",
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


def test_calls_of_a_function_of_several_architectures_are_those_of_the_one_asked_for(minikernel_index: Path) -> None:
    client = create_app(minikernel_index).test_client()
    arch_of = {"i386": "arch/i386/", "ppc": "arch/ppc/"}
    for arch, other in (("i386", "ppc"), ("ppc", "i386")):
        about = client.get(f"/api/v1/minikernel/ident/do_IRQ?arch={arch}").json
        files = [e["file"] for way in ("callers", "callees") for each in about["calls"][way] for e in each["edges"]]
        assert files
        assert not [each for each in files if each.startswith(arch_of[other])]
    first = client.get("/api/v1/minikernel/ident/do_IRQ").json
    assert first["calls"]["callees"][0]["edges"][0]["file"] == first["definitions"][0]["file"]


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
    assert "None in this tree." in page.texts("p")
    assert page.target("22") == ["/tree/source/kernel/sched.c#L22"]


def test_why_the_first_is_first_is_said(site: Any) -> None:
    assert _why(site.page("/tree/ident/schedule")) == "First, because the others only declare it."
    assert "i386, the architecture asked for" in _why(site.page("/tree/ident/page_size"))
    assert site.record("/api/v1/tree/ident/schedule")["why_first"] == ["body"]
    assert site.record("/api/v1/tree/ident/page_size")["why_first"] == ["arch"]
    assert site.record("/api/v1/tree/ident/HZ")["why_first"] == []


def _why(page: Any) -> str:
    (said,) = [" ".join(text.split()) for text in page.texts("p") if text.strip().startswith("First")]
    return said


def test_references_are_counted_by_kind_and_directory(site: Any) -> None:
    told = site.record("/api/v1/tree/ident/HZ")["references"]
    every = site.record("/api/v1/tree/references/HZ")
    assert told["total"] == len(every) == sum(told["kinds"].values())
    assert sum(number for _, number in told["directories"]) == len(every)
    assert ["kernel/", 4] in told["directories"]
    page = site.page("/tree/ident/HZ")
    assert page.target("kernel/") == ["/tree/ident/HZ?in=kernel/&list=references"]
    assert "kernel/sched.c" in site.page("/tree/ident/HZ?in=kernel/").texts("a")


def test_the_comment_above_is_shown(minikernel: Any) -> None:
    assert any("pitfall B" in text for text in minikernel.page("/minikernel/ident/proto_ops").texts("pre"))


def test_members_stand_in_order_with_what_they_hold(minikernel: Any) -> None:
    (struct,) = minikernel.record("/api/v1/minikernel/ident/proto_ops")["shapes"]
    names = [member["name"] for member in struct["members"]]
    assert names[:4] == ["family", "owner", "sendmsg", "recvmsg"]
    sendmsg = struct["held"]["sendmsg"]
    assert {(each["function"], each["instance"]) for each in sendmsg["stores"]} >= {
        ("inet_sendmsg", "inet_stream_ops"),
        ("inet_sendmsg", "inet_dgram_ops"),
    }
    assert [each[0] for each in sendmsg["calls"]] == ["__sock_sendmsg"]
    page = minikernel.page("/minikernel/ident/proto_ops")
    for store in sendmsg["stores"]:
        assert f"/minikernel/source/{store['file']}#L{store['line']}" in page.links
    assert "/minikernel/ident/__sock_sendmsg" in page.links
    assert "int (*sendmsg)(struct kiocb *, struct socket *, struct msghdr *, size_t);" in page.texts("code")


def test_a_member_tells_it_for_each_struct(minikernel: Any) -> None:
    held = minikernel.record("/api/v1/minikernel/ident/sendmsg")["held"]
    assert {each["struct"] for each in held} >= {"proto", "proto_ops"}
    page = minikernel.page("/minikernel/ident/sendmsg")
    assert "tcp_sendmsg" in page.texts("code")
    listed = minikernel.page("/minikernel/ident/sendmsg?list=stores&struct=proto")
    assert {"tcp_sendmsg", "udp_sendmsg"} <= set(listed.texts("code"))
    assert "inet_sendmsg" not in listed.target("inet_sendmsg")
    exported = [each for each in stores(minikernel.index) if (each.struct, each.field) == ("proto", "sendmsg")]
    (proto,) = [each for each in held if each["struct"] == "proto"]
    assert sorted(each["function"] for each in proto["stores"]) == sorted(each.function for each in exported)


def test_callers_and_callees_go_through_pointers(minikernel: Any) -> None:
    calls = minikernel.record("/api/v1/minikernel/ident/tcp_sendmsg")["calls"]
    (caller,) = calls["callers"]
    assert caller["name"] == "inet_sendmsg"
    edges = minikernel.record("/api/v1/minikernel/callers/tcp_sendmsg")
    assert [edge for each in calls["callers"] for edge in each["edges"]] == edges
    assert {each["name"] for each in calls["callees"]} == {
        edge["callee"] for edge in minikernel.record("/api/v1/minikernel/callees/tcp_sendmsg")
    }
    page = minikernel.page("/minikernel/ident/tcp_sendmsg")
    assert page.target(edges[0]["evidence"])


def test_enums_have_values(minikernel: Any) -> None:
    (told,) = minikernel.record("/api/v1/minikernel/ident/sock_type")["choices"]
    assert [(each["name"], each["value"]) for each in told["enumerators"]] == [
        ("SOCK_STREAM", 1), ("SOCK_DGRAM", 2), ("SOCK_RAW", 3), ("SOCK_SEQPACKET", 5), ("SOCK_MAX", 6),
    ]  # fmt: skip
    assert "SS_CONNECTED" in minikernel.page("/minikernel/ident/SS_FREE").texts("code")


def test_macros_show_their_body_and_one_step(site: Any, minikernel: Any) -> None:
    page = site.page("/tree/ident/for_ever")
    assert "#define for_ever(body) while (1) { body(HZ); }" in page.texts("code")
    assert "while (1) { body(100); }" in page.texts("code")
    assert page.target("HZ") == ["/tree/ident/HZ"]
    (macro,) = site.record("/api/v1/tree/ident/for_ever")["macros"]
    assert macro["opened"] == {"text": "while (1) { body(100); }", "macros": ["HZ"], "cut": False}
    assert site.record("/api/v1/tree/ident/HZ")["macros"][0]["value"] == 100


def test_what_everyone_calls_is_shown_in_part(minikernel: Any) -> None:
    calls = minikernel.record("/api/v1/minikernel/ident/kfree_skb")["calls"]
    assert len(calls["callers"]) <= 12
    every = {edge["caller"] for edge in minikernel.record("/api/v1/minikernel/callers/kfree_skb")}
    assert {each["name"] for each in calls["callers"]} <= every
    assert calls["more_callers"] is (len(every) > 12)


def test_bad_lists_are_400(site: Any) -> None:
    assert site.page("/tree/ident/schedule?list=stores&struct=nothing").texts("h2")
    assert site.page("/tree/ident/schedule?list=stores&struct=%00", 400).texts("p")[0].startswith("struct: ")


def test_seen_from_a_file_what_it_means_is_first(minikernel: Any) -> None:
    page = minikernel.page("/minikernel/ident/schedule?from=net/core/sock.c")
    assert _why(page).startswith("First, because net/core/sock.c ")
    own = minikernel.page("/minikernel/ident/sk_buff?from=include/linux/skbuff.h")
    assert _why(own) == "First, because include/linux/skbuff.h has it itself."
    assert _why(minikernel.page("/minikernel/ident/sk_buff?from=net/ipv4/tcp.c")).endswith("includes its header.")
    assert minikernel.page("/minikernel/ident/sk_buff?from=no/such.c").texts("h2")
    assert minikernel.page("/minikernel/ident/sk_buff?from=../x", 400).texts("p")[0].startswith("from: ")
    told = minikernel.record("/api/v1/minikernel/ident/sk_buff?from=net/ipv4/tcp.c")
    assert (told["seen"], told["definitions"][0]["file"]) == ("include", "include/linux/skbuff.h")
