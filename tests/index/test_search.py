"""Search finds each line that a plain reading of the tree finds, whatever the text is made of."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from xref.index.build import index_tree
from xref.index.errors import IndexFileError
from xref.index.query import Index

_WORDS = ["static", "int", "struct", "sk_buff", "skb", "return", "if", "(err)", "goto", "out;", "tcp_v4_rcv()", "NULL", "/*", "a", "comment", "*/", "x->y[0]", "0x1F"]


def _random_text(chance: random.Random, lines: int, end: str) -> bytes:
    text = end.join(" ".join(chance.choices(_WORDS, k=chance.randint(0, 9))) for _ in range(lines))
    return (text + chance.choice(["", end])).encode("latin-1")


class Files(dict[str, bytes]):
    """The tree by path; its `repr` is short, because hypothesis prints each argument of a test that fails."""

    def __repr__(self) -> str:
        return f"<{len(self)} files>"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    chance = random.Random(7)
    files = {f"d{number % 3}/f{number}.c": _random_text(chance, 40, "\n") for number in range(20)}
    files |= {f"d{number % 3}/big{number}.txt": _random_text(chance, 2500, "\n") for number in range(4)}
    files["d1/dos.c"] = _random_text(chance, 60, "\r\n") + b"needle_dos\r\n"
    files["d1/latin.c"] = b"/* Andr\xe9 na\xefve \xa9 */ int latin;\nAndr\xe9\n"
    files["d1/utf8.c"] = "/* André naïve — ½ */ int utf;\n".encode()
    files["d1/last.txt"] = b"no line end needle_last"
    files["d1/nul.c"] = b"int before;\0\nint needle_nul;\n"
    files["d1/binary.bin"] = b"\0\0needle_binary\n"
    files["d1/empty.c"] = b""
    files["d1/lines.c"] = b"\n\n\n\nneedle_lines needle_lines\n\n"
    return Files(files)


@pytest.fixture(scope="module")
def index(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("search")
    for path, data in files.items():
        file = root / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
    made = tmp_path_factory.mktemp("index") / "search.db"
    index_tree(made, root, jobs=1)
    return Index(made)


def grep(files: dict[str, bytes], find) -> list[tuple[str, int, int]]:
    """(file, line, column) of each line with a match, read line by line."""
    found = []
    for path, data in sorted(files.items()):
        if path.endswith(".bin"):
            continue
        for number, line in enumerate(data.split(b"\n"), 1):
            place = find(line)
            if place is not None and (number <= data.count(b"\n") or line):
                found.append((path, number, place + 1))
    return found


def literally(files: dict[str, bytes], needle: bytes) -> list[tuple[str, int, int]]:
    some = {path: data for path, data in files.items() if needle in data}
    return grep(some, lambda line: line.find(needle) if needle in line else None)


def by_expression(files: dict[str, bytes], pattern: bytes) -> list[tuple[str, int, int]]:
    compiled = re.compile(pattern)

    def find(line: bytes) -> int | None:
        match = compiled.search(line)
        return match.start() if match else None

    return grep(files, find)


def places(matches) -> list[tuple[str, int, int]]:
    return [(m.file, m.line, m.column) for m in matches]


@pytest.mark.parametrize(
    "needle",
    ["tcp_v4_rcv", "if", "x", ";", "static int", "goto out; NULL", "x->y[0]", "/* a", "\\", "$", "needle_last", "needle_nul",
     "needle_lines", "needle_binary", "nowhere", "sk_buff skb return", "0x1F", "0X1f", "needle_dos"],
)  # fmt: skip
def test_a_string_is_found_wherever_it_is(needle, files, index):
    assert places(index.search(needle)) == literally(files, needle.encode())


@pytest.mark.parametrize(
    "pattern",
    ["tcp_v[0-9]_rcv", "^static", r"goto\s+out;$", "int|NULL", "(?i)SKB", "(sk_)?skb", "s.*k", "x->y\\[", "^$", "[^ -~]",
     r"\bif\b", "needle_(last|lines)$", "(?:static ){2}", "a{3}", "r[e]turn", "(?i:null) if", "q|struct", "i(nt|f)", "x?-*>"],
)  # fmt: skip
def test_an_expression_is_found_wherever_it_matches(pattern, files, index):
    shown = {path: data for path, data in files.items() if path != "d1/dos.c"}
    found = [place for place in places(index.search(pattern, regex=True)) if place[0] != "d1/dos.c"]
    assert found == by_expression(shown, pattern.encode())


def test_an_expression_sees_no_carriage_return_at_the_end(index, files):
    """`out;$` is meant for the end of the line, also where lines end as DOS has it."""
    found = {m.line for m in index.search("needle_dos$", regex=True) if m.file == "d1/dos.c"}
    assert found == {files["d1/dos.c"].count(b"\n")}


def test_the_line_is_told_without_its_end(index):
    assert [m.text for m in index.search("needle_dos")] == ["needle_dos"]
    assert [m.text for m in index.search("needle_last")] == ["no line end needle_last"]


@pytest.mark.parametrize("needle", ["\n", "\nneedle_lines", "needle_lines\n", "\n\n\n"])
def test_a_string_with_line_ends_is_found_once_a_line(needle, files, index):
    found = [m.line for m in index.search(needle) if m.file == "d1/lines.c"]
    assert found == sorted(set(found))
    assert found
    assert found[0] == files["d1/lines.c"].count(b"\n", 0, files["d1/lines.c"].find(needle.encode())) + 1


def test_a_line_in_which_both_encodings_match_is_told_once(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "both.c").write_bytes("/* é ".encode() + b"\xe9 */\n/* none */\n/* \xe9 */\n")
    index_tree(tmp_path / "both.db", tree, jobs=1)
    assert [(m.line, m.column) for m in Index(tmp_path / "both.db").search("é")] == [(1, 4), (3, 4)]


def test_letters_beyond_ascii_are_found_in_either_encoding(index):
    """Text that is not UTF-8 is read as Latin-1 (CONTRACT.md): a search for `André` means both."""
    assert {(m.file, m.line) for m in index.search("André")} == {("d1/latin.c", 1), ("d1/latin.c", 2), ("d1/utf8.c", 1)}
    assert {m.text for m in index.search("latin;")} == {"/* André naïve © */ int latin;"}
    assert {m.text for m in index.search("utf;")} == {"/* André naïve — ½ */ int utf;"}
    assert {(m.file, m.line) for m in index.search("Andr[é]", regex=True)} >= {("d1/utf8.c", 1), ("d1/latin.c", 2)}


def test_a_path_narrows_the_search(index, files):
    everywhere = index.search("static int")
    assert places(index.search("static int", path="d1/")) == [m for m in places(everywhere) if m[0].startswith("d1/")]
    assert places(index.search("static int", path="*.txt")) == [m for m in places(everywhere) if m[0].endswith(".txt")]
    assert index.search("static int", path="nowhere/") == []


def test_no_more_than_asked_for(index):
    assert 0 < len(index.search("int", most=1)) < 40


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "a**", "(?P<x", "\\", "(?=x)", "\\1", "a{2000}"])
def test_a_bad_expression_is_said_to_be_one(pattern, index):
    with pytest.raises(IndexFileError) as caught:
        index.search(pattern, regex=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("pattern", "regex"), [("", False), ("", True), ("x" * 5000, False)])
def test_a_pattern_that_cannot_be_meant(pattern, regex, index):
    with pytest.raises(IndexFileError):
        index.search(pattern, regex=regex)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(x+x+)+y", "(.*)(.*)(.*)(.*)[z]"])
def test_no_expression_hangs(pattern, index):
    index.search(pattern, regex=True)


@settings(max_examples=40, deadline=None)
@given(pick=st.tuples(*[st.integers(0, 10_000)] * 4))
def test_any_part_of_any_line_is_found(pick, files, index):
    """`pick` chooses a file, a line of it, and where the part begins and ends, each as far as it goes.

    A line's end, be it CR and LF, is no part of the line.
    """
    paths = sorted(path for path in files if files[path].isascii() and not path.endswith(".bin"))
    path = paths[pick[0] % len(paths)]
    lines = files[path].decode().split("\n")
    number = pick[1] % len(lines)
    line = lines[number].removesuffix("\r")
    assume(line)
    start = pick[2] % len(line)
    part = line[start : start + 1 + pick[3] % (len(line) - start)]
    found = places(index.search(part))
    assert (path, number + 1) in {(file, at) for file, at, _ in found}
    assert found == literally(files, part.encode())


def test_files_of_every_pattern(index, files):
    assert index.files() == sorted(files)
    assert index.files("BIG") == sorted(path for path in files if "big" in path)
    assert index.files("*.txt") == sorted(path for path in files if path.endswith(".txt"))
    assert index.files("d1/l*.c") == ["d1/latin.c", "d1/lines.c"]
    assert index.files("[") == index.files("nothing/at/all") == []


def test_the_text_comes_back_as_it_was(index, files):
    for path, data in files.items():
        assert index.source(path) == (b"" if path.endswith(".bin") else data)
    assert index.source("no/such.c") is None


def test_search_across_updates(tmp_path: Path):
    """Each run adds shards of its own; what is gone is found no more, what is new is."""
    root, made = tmp_path / "t", tmp_path / "t.db"
    root.mkdir()
    for number in range(6):
        (root / f"a{number}.c").write_text(f"int first_{number};\n" * 40)
    index_tree(made, root, jobs=1)
    for number in range(3):
        (root / f"a{number}.c").write_text(f"int second_{number};\n")
        index_tree(made, root, jobs=1)
    index = Index(made)
    assert {m.file for m in index.search("second_")} == {"a0.c", "a1.c", "a2.c"}
    assert {m.file for m in index.search("first_")} == {"a3.c", "a4.c", "a5.c"}
    assert len(index.search("first_3")) == 40
