"""Records as text: what reads well in a terminal must stay safe and easy to cut up in a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xref import show
from xref.index.build import Report
from xref.index.records import Call
from xref.index.records import Definition
from xref.index.records import Match
from xref.index.records import Problem
from xref.index.records import Reference
from xref.index.records import TreeInfo

PLAIN = show.Paint(False)
COLOUR = show.Paint(True)
_SOURCE = b"int a;\n\tcall_it(\x1b[2J, \xe9);\t/* \x07 */\r\n"


def source(path: str) -> bytes | None:
    return _SOURCE if path == "a.c" else None


def definition(**changes: Any) -> Definition:
    plain = Definition("f", "function", "a.c", 1, 3, False, "int f(void)", None, None, 5, None)
    return plain._replace(**changes)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "a.c:1:5: function int f(void)"),
        ({"static": True, "signature": "static int f(void)"}, "a.c:1:5: function static int f(void)"),
        ({"static": True}, "a.c:1:5: function int f(void)  [static]"),
        (
            {"macro": "MAKE", "condition": "A && !B"},
            "a.c:1:5: function int f(void)  [made by MAKE, if A && !B]",
        ),
        ({"signature": ""}, "a.c:1:5: function f"),
        ({"signature": "f \x1b[31m"}, "a.c:1:5: function f \\x1b[31m"),
    ],
)
def test_definitions(changes: dict[str, Any], line: str) -> None:
    assert list(show.definitions([definition(**changes)], PLAIN)) == [line]


def test_a_signature_without_end_is_cut() -> None:
    (line,) = show.definitions([definition(signature="f " + "x" * 5000)], PLAIN)
    assert len(line) < 300
    assert line.endswith("…")


def test_source_cannot_steer_the_terminal() -> None:
    """A file may hold escape sequences: they are shown, not sent; Latin-1 is read as such."""
    found = [Reference("call_it", "call", "a.c", 2, 2, "g")]
    assert list(show.references(found, show.SourceLines(source), PLAIN)) == [
        "a.c:2:2: call in g: call_it(\\x1b[2J, é); /* \\x07 */"
    ]


def test_the_name_is_marked_at_its_byte() -> None:
    """Columns count bytes: the two of an é before the name do not move the mark."""
    found = [Reference("z", "read", "a.c", 1, 7, None)]
    (line,) = show.references(found, show.SourceLines(lambda _: "/*é*/z = z;".encode()), COLOUR)
    assert line.endswith(": /*é*/\033[1;31mz\033[m = z;")


def test_too_many_references_come_without_source() -> None:
    def read(_: str) -> bytes:
        raise AssertionError("no source may be read")

    found = [Reference("a", "read", "a.c", 1, 1, None)] * (show.MOST_WITH_SOURCE + 1)
    lines = list(show.references(found, show.SourceLines(read), PLAIN))
    assert lines[0] == "a.c:1:1: read"
    assert len(lines) == len(found)


def test_each_file_is_read_once() -> None:
    asked: list[str] = []

    def read(path: str) -> bytes:
        asked.append(path)
        return _SOURCE

    lines = show.SourceLines(read)
    found = [Reference("a", "read", path, line, 1, None) for path in ("a.c", "b.c") for line in (1, 2, 3)]
    assert len(list(show.references(found, lines, PLAIN))) == 6
    assert asked == ["a.c", "b.c"]


def test_lines_that_are_not_there() -> None:
    lines = show.SourceLines(source)
    assert [lines.get(*place) for place in (("a.c", 0), ("a.c", 99), ("none.c", 1))] == [b"", b"", b""]


def call(**changes: Any) -> Call:
    return Call("a.c", 2, 2, "g", "call_it", "direct")._replace(**changes)


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({}, "g"),
        ({"caller": None}, "(no function)"),
        ({"kind": "indirect", "callee": "p->call_it", "field": "call_it"}, "g through p->call_it"),
    ],
)
def test_callers(changes: dict[str, Any], who: str) -> None:
    (line,) = show.callers([call(**changes)], show.SourceLines(lambda _: b"\n\tcall_it();"), PLAIN)
    assert line == f"a.c:2:2: {who}: call_it();"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "call_it"),
        ({"kind": "macro"}, "call_it (macro)"),
        ({"kind": "indirect"}, "call_it (through a pointer)"),
        (
            {"kind": "indirect", "targets": ("x", "y"), "confidence": "typed"},
            "call_it (through a pointer, typed: x, y)",
        ),
    ],
)
def test_callees(changes: dict[str, Any], what: str) -> None:
    (line,) = show.callees([call(**changes)], show.SourceLines(lambda _: b"\n\tcall_it();"), PLAIN)
    assert line == f"a.c:2:2: {what}: call_it();"


def test_matches_keep_their_text() -> None:
    (line,) = show.matches([Match("a.c", 2, 2, "\tif (x)\x1b[2J\tdone")], PLAIN)
    assert line == "a.c:2:2: \tif (x)\\x1b[2J\tdone"


def test_problems_of_whole_files_have_no_line() -> None:
    found = [Problem("a.c", 3, "cannot parse ';'"), Problem("l", 0, "symbolic link")]
    assert list(show.problems(found, PLAIN)) == ["a.c:3: cannot parse ';'", "l: symbolic link"]


def test_colour_is_wrapped_around_parts() -> None:
    assert COLOUR.place("a.c", 1, 2) == "\033[35ma.c\033[m:\033[32m1\033[m:\033[32m2\033[m"
    assert COLOUR("name", "") == ""
    assert PLAIN.place("a.c", 1, 2) == "a.c:1:2"


def info(**changes: Any) -> TreeInfo:
    plain = TreeInfo("t", "/t", None, "2026-01-02T03:04:05+00:00", 3, 1500, 40, 2, 0, 0, 7)
    return plain._replace(**changes)


def test_trees_are_tables_with_a_blank_line_between() -> None:
    lines = list(show.trees([info(), info(name="u", arch="i386", problem_files=1, skipped=2)], PLAIN))
    assert lines[:6] == [
        "tree         t",
        "from         /t",
        "indexed      2026-01-02 03:04:05 UTC",
        "files        3 (40 lines, 1.5 kB)",
        "definitions  7",
        "parsed       2 files of C and assembler, 100 % without a problem",
    ]
    assert lines[6:8] == ["", "tree         u"]
    assert lines[-2].startswith("problems     in 1 file: ")
    assert lines[-1].startswith("left out     2: ")


@pytest.mark.parametrize(
    ("parsed", "problems", "shown"),
    [(0, 0, "100 %"), (10, 0, "100 %"), (14041, 1, "99.9 %"), (3, 1, "66.6 %"), (2, 2, "0.0 %")],
)
def test_the_percentage_never_flatters(parsed: int, problems: int, shown: str) -> None:
    assert show.percent(info(parsed=parsed, problem_files=problems)) == shown


def test_the_summary_of_a_run(tmp_path: Path) -> None:
    index = tmp_path / "x.db"
    index.write_bytes(b"x" * 2_500_000)
    done = Report("t", 1200, 1000, 3, 2, True, 1.25)
    assert show.summary(done, index, 61.24) == (
        "t: 1,200 files, 1,000 read, 3 left out, 2 with problems (xref status --problems); "
        f"61.2 s (1.2 s for calls through pointers), 2.5 MB in {index}"
    )
    same = done._replace(changed=False, files=1)
    assert show.summary(same, index, 1) == f"t: 1 file, none has changed; 2.5 MB in {index}"
