"""What a page of code asks for while it is read: cards, targets of a line, usage, directories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from web.app import create_app
from xref.index.build import index_tree


def test_a_card_is_what_def_finds_first(site: Any) -> None:
    card = site.record("/api/v1/tree/card/schedule")
    first = site.record("/api/v1/tree/definitions/schedule")[0]
    assert card["definition"] == first
    assert card["seen"] == "likeliest"
    assert card["kinds"] == {"function": 1, "prototype": 1}


def test_a_card_is_what_the_file_sees(site: Any) -> None:
    def file(name: str, path: str) -> tuple[str, str]:
        card = site.record(f"/api/v1/tree/card/{name}?from={path}")
        return card["definition"]["file"], card["seen"]

    assert file("page_size", "kernel/sched.c") == ("include/asm-i386/page.h", "included")
    assert file("schedule", "include/asm-ppc/page.h") == ("kernel/sched.c", "linked")
    assert file("idle", "kernel/sched.c") == ("kernel/sched.c", "here")
    assert file("idle", "kernel/crlf.c") == ("kernel/sched.c", "elsewhere"), "static in another file"


def test_a_card_of_a_member(site: Any) -> None:
    card = site.record("/api/v1/tree/card/run?from=kernel/sched.c&member=1")
    assert (card["definition"]["kind"], card["definition"]["line"]) == ("member", 8)


def test_a_card_of_a_member_at_its_place(site: Any) -> None:
    card = site.record("/api/v1/tree/card/run?from=kernel/sched.c&line=8&column=15")
    assert (card["definition"]["file"], card["definition"]["line"]) == ("include/linux/sched.h", 8)
    assert card["member"] == {
        "struct": "struct task", "candidates": [], "total": 1, "stores": 0, "calls": 1, "slot": None,
    }  # fmt: skip
    home = site.record("/api/v1/tree/card/run?from=include/linux/sched.h&line=8&column=8")
    assert (home["member"]["struct"], home["seen"]) == ("struct task", "here")
    other = site.record("/api/v1/tree/card/idle?from=kernel/sched.c&line=15&column=10")
    assert (other["definition"]["line"], other["member"]) == (6, None)


def test_a_card_of_a_member_that_is_not_told_names_the_structs(tmp_path: Path, site: Any) -> None:
    (tmp_path / "tree").mkdir()
    text = "struct a { int len; };\nstruct b { int len; };\n#define LEN(x) ((x)->len)\nint f(void) { return g()->len; }\n"
    (tmp_path / "tree" / "x.c").write_text(text)
    index_tree(tmp_path / "x.db", tmp_path / "tree", jobs=1)
    found = type(site)(create_app(tmp_path / "x.db"))
    for place in ("line=3&column=22", "line=4&column=27"):
        card = found.record(f"/api/v1/tree/card/len?from=x.c&{place}")
        assert card["member"] == {
            "struct": None, "total": 2, "stores": 0, "calls": 0, "slot": None,
            "candidates": [
                {"struct": "struct a", "file": "x.c", "line": 1}, {"struct": "struct b", "file": "x.c", "line": 2},
            ],
        }  # fmt: skip


def test_a_place_for_a_card_is_checked(site: Any) -> None:
    for place in ("line=8", "line=0&column=1", "line=8&column=0", "line=8&column=-1", "line=x&column=1", "column=x"):
        site.record(f"/api/v1/tree/card/run?from=kernel/sched.c&{place}", 400)
    site.record("/api/v1/tree/card/run?line=8&column=15", 400)
    site.record("/api/v1/tree/card/run?from=kernel/none.c&line=8&column=15", 404)
    site.record("/api/v1/tree/card/run?from=kernel/sched.c&line=9999999&column=9999999")
    site.record("/api/v1/tree/card/run?from=logo.png&line=1&column=1")


def test_a_card_of_what_is_not_there(site: Any) -> None:
    assert "nothing" in site.record("/api/v1/tree/card/nothing", 404)["error"]["message"]
    assert "kernel/none.c" in site.record("/api/v1/tree/card/HZ?from=kernel/none.c", 404)["error"]["message"]
    site.record("/api/v1/tree/card/HZ?from=../x", 400)
    site.record("/api/v1/tree/card/HZ?member=2", 400)
    site.record("/api/v1/tree/card/HZ?arch=vax", 400)


def test_targets_of_a_line(site: Any) -> None:
    (call,) = site.record("/api/v1/tree/targets/kernel/sched.c?line=8")
    assert (call["callee"], call["caller"], call["field"], call["column"]) == ("task->run", "idle", "run", 15)
    assert (call["total"], call["edges"], call["targets"]) == (0, [], []), "nothing is stored in this tree"
    assert site.record("/api/v1/tree/targets/kernel/sched.c?line=1") == []
    for line in ("", "0", "-1", "x", "9" * 9, "1&page=2"):
        site.record(f"/api/v1/tree/targets/kernel/sched.c?line={line}", 400)
    site.record("/api/v1/tree/targets/kernel/none.c?line=1", 404)


def test_usage_of_a_file(site: Any) -> None:
    found = site.record("/api/v1/tree/usage/kernel/sched.c")
    assert [(each["name"], each["callers"], each["stores"]) for each in found] == [
        ("idle", 1, 0),
        ("schedule", 3, 0),
        ("loop", 0, 0),
    ], "schedule: by loop, by the macro LONG, and by assembly"
    assert site.record("/api/v1/tree/usage/docs/empty.txt") == []
    site.record("/api/v1/tree/usage/kernel", 404)


def test_a_directory_as_records(site: Any) -> None:
    found = {each["name"]: each for each in site.record("/api/v1/tree/directory/")}
    assert list(found) == ["arch", "docs", "include", "kernel", "Makefile", "logo.png"], "directories first"
    assert found["kernel"] == {**found["kernel"], "kind": None, "files": 6}
    assert found["Makefile"] == {"name": "Makefile", "kind": "makefile", "files": 1, "lines": 2, "bytes": 28}
    assert site.record("/api/v1/tree/directory/kernel/")[0]["name"] == "broken.c"
    site.record("/api/v1/tree/directory/none", 404)


def test_lines_left_out_as_records(site: Any) -> None:
    found = site.record("/api/v1/tree/left-out/kernel/cond.c?config=CONFIG_SMP%3Dn")
    facts = [{"name": "CONFIG_SMP", "value": None, "why": "asked"}]
    assert found == [{"first": 2, "last": 2, "condition": "defined(CONFIG_SMP)", "facts": facts}]
    assert site.record("/api/v1/tree/left-out/kernel/cond.c") == []
    site.record("/api/v1/tree/left-out/kernel/none.c", 404)


def test_lines_left_out_are_dimmed_with_the_reason(site: Any) -> None:
    html = site.get("/tree/source/kernel/cond.c?arch=i386&config=CONFIG_SMP%3Dn").text
    assert 'data-note="left out: CONFIG_SMP is not set"' in html
    assert "1 line is left out and dimmed" in html
    assert 'class="x"' not in site.get("/tree/source/kernel/cond.c").text
    assert "No line is known to be left out." in site.get("/tree/source/kernel/cond.c?arch=i386").text
    assert "belongs to ppc" in site.get("/tree/source/include/asm-ppc/page.h?arch=i386").text


def test_what_is_no_configuration_is_refused(site: Any) -> None:
    for config in ("SMP", "kernel/sched.c", "../x", "%00", "x" * 501, "CONFIG_A=y," + "<script>"):
        site.get(f"/tree/source/kernel/cond.c?config={config}", 400)
    site.get("/tree/source/kernel/cond.c?arch=vax", 400)
    assert "CONFIG_A=&lt;b&gt;" in site.get("/tree/source/kernel/cond.c?config=CONFIG_A%3D<b>").text
