"""A search ends: at as many lines as wanted, and when its time is over, whatever the expression."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xref.index.build import index_tree
from xref.index.query import Index
from xref.index.text import PatternError
from xref.index.text import spans


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    base = tmp_path_factory.mktemp("limits")
    root: Path = base / "tree"
    (root / "net").mkdir(parents=True)
    (root / "long.txt").write_text("ab cd ef gh\n" * 150_000)
    (root / "net/few.c").write_text("int needle;\nint other;\nint needle_two;\n")
    index_tree(base / "limits.db", root, jobs=1)
    opened = Index(base / "limits.db")
    yield opened
    opened.close()


@pytest.mark.parametrize("pattern", [r"(?:\w?\s?){400}x[0-9]", r"(x+x+)+y", r"\b(\w+\W+){99}end", r"\pL{900}", "(a*)*b[0-9]"])
def test_no_expression_takes_longer_than_it_may(index: Index, pattern: str) -> None:
    begun = time.perf_counter()
    found = index.find(pattern, regex=True, most=100, seconds=0.3)
    assert time.perf_counter() - begun < 3
    assert found.cut in (None, "time")


def test_time_that_is_over_is_said(index: Index) -> None:
    assert index.find("needle", seconds=0) == ([], "time")
    assert index.find("[n]eedle", regex=True, seconds=0).cut == "time"


def test_as_many_as_wanted(index: Index) -> None:
    found = index.find("needle", most=1)
    assert (len(found.matches), found.cut) == (1, "lines")
    assert index.find("needle", most=9).cut is None


def test_the_same_is_found_in_pieces(index: Index) -> None:
    for pattern in ("ne+dle", "^int", "h$", "(?i)NEEDLE"):
        whole = index.find(pattern, regex=True)
        assert whole.matches == index.find(pattern, regex=True, seconds=100).matches
        assert whole.matches


def test_only_in_files_that_are_wanted(index: Index) -> None:
    assert {match.file for match in index.find("e", where=lambda path: path.endswith(".c")).matches} == {"net/few.c"}


def test_spans_are_characters() -> None:
    assert spans("n.b", "\u00e9\u20ac n\u00e9b nxb") == [(3, 6), (7, 10)]
    assert spans("x*", "ab") == []
    with pytest.raises(PatternError):
        spans("(", "x")
