"""What a page of code asks for while it is read: cards, targets of a line, usage, directories."""

from __future__ import annotations

from typing import Any


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
    assert found["kernel"] == {**found["kernel"], "kind": None, "files": 5}
    assert found["Makefile"] == {"name": "Makefile", "kind": "makefile", "files": 1, "lines": 2, "bytes": 28}
    assert site.record("/api/v1/tree/directory/kernel/")[0]["name"] == "broken.c"
    site.record("/api/v1/tree/directory/none", 404)
