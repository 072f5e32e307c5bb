"""Which lines an architecture and a configuration leave out, and that what is not known stays in."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xref.parse.branches import left_out
from xref.parse.expression import Fact
from xref.parse.expression import value

KNOWN = {"A": "1", "B": None, "SIX": "6", "EMPTY": "", "M_MODULE": "1", "M": None, "WORD": "other"}


def facts(name: str, /) -> Fact | None:
    return Fact(name, KNOWN[name], "asked") if name in KNOWN else None


EXPRESSIONS = {
    "1": 1, "0": 0, "A": 1, "B": 0, "X": None, "WORD": None, "EMPTY": None, "0x10 == 16": 1, "010 == 8": 1, "2UL": 2,
    "defined A": 1, "defined(A)": 1, "defined (B)": 0, "defined(X)": None, "!defined(B)": 1, "!X": None, "!A": 0,
    "X && B": 0, "B && X": 0, "X || A": 1, "X && A": None, "X || B": None, "A && !B || X": 1, "X == 1": None,
    "SIX > 5 && SIX < 7": 1, "SIX % 4 == 2": 1, "1 + 2 * 3 == 7": 1, "(1 + 2) * 3": 9, "1 << 4 >> 2": 4, "-1 < 0": 1,
    "6 & 3 ^ 1 | 8": 11, "A ? 5 : X": 5, "B ? X : 7": 7, "X ? 1 : 1": None, "~0 == -1": 1, "1 / 0": None, "1 % 0": None,
    "IS_ENABLED(A)": 1, "IS_ENABLED(M)": 1, "IS_ENABLED(X)": None, "IS_BUILTIN(M)": 0, "IS_MODULE(M)": 1,
    "KERNEL_VERSION(2, 6, 11) > 1": None, "F(A) && B": 0, "'a' == 97": None, '"a"': None,
    "": None, "(": None, "1 +": None, "1 2": None, "A B": None, ")": None, "#": None, "F(": None, "1" + "+1" * 999: None,
    "(" * 300 + "1" + ")" * 300: None, "089": None, "1 << 99999999": 1 << 64,
}  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions(text: str) -> None:
    assert value(text, facts) == EXPRESSIONS[text]


def test_what_decides_is_told() -> None:
    used: list[Fact] = []
    assert value("A && defined(B) && X", facts, used) == 0
    assert [(each.name, each.value) for each in used] == [("A", "1"), ("B", None)]


def out(text: str) -> list[tuple[int, int]]:
    return [(each.first, each.last) for each in left_out(text.encode(), facts)]


FILES = {
    "#ifdef A\n1\n#else\n3\n#endif\n": [(4, 4)],
    "#ifdef B\n2\n3\n#else\n5\n#endif\n": [(2, 3)],
    "#ifndef A\n2\n#endif\n": [(2, 2)],
    "#ifdef X\n2\n#else\n4\n#endif\n": [],
    "#if B\n2\n#elif A\n4\n#elif X\n6\n#else\n8\n#endif\n": [(2, 2), (6, 6), (8, 8)],
    "#if X\n2\n#elif A\n4\n#else\n6\n#endif\n": [(6, 6)],
    "#if X\n2\n#elif B\n4\n#else\n6\n#endif\n": [(4, 4)],
    "#if 0\n#if 1\n3\n#else\n5\n#endif\n#endif\n": [(2, 6)],
    "#if X\n#if 0\n3\n#else\n5\n#endif\n#endif\n": [(3, 3)],
    "#ifdef A\n#else\n#ifdef A\n#else\n#endif\n#endif\n": [(3, 5)],
    "#ifdef A\n#ifdef B\n3\n#endif\n#endif\n": [(3, 3)],
    "#if defined(B) && \\\n  defined(X)\n3\n#endif\n": [(3, 3)],
    "#ifdef B /* no\n */\n3\n#endif\n": [(3, 3)],
    '/*\n#ifdef B\n*/\nchar *a = "\\\n#ifdef B\\\n";\n2\n': [],
    "  #  ifdef  B\r\n2\r\n  #  endif\r\n": [(2, 2)],
    "#ifdef B\n": [],
    "#ifdef B\n2\n": [],
    "#endif\n#else\n#elif A\n": [],
    "#define L 0\n#if L\n3\n#endif\n#undef L\n#ifdef L\n7\n#endif\n": [(3, 3), (7, 7)],
    "#ifdef X\n#define A 0\n#endif\n#if A\n5\n#endif\n": [],
    "#ifdef B\n#define A 0\n#endif\n#if !A\n5\n#endif\n": [(2, 2), (5, 5)],
    "#define F(x) 0\n#if F(1)\n3\n#endif\n": [],
    "#ifndef H\n#define H\n#ifdef H\n4\n#else\n6\n#endif\n#endif\n": [],
}


@pytest.mark.parametrize("text", FILES)
def test_lines_left_out(text: str) -> None:
    assert out(text) == FILES[text]


def test_the_condition_is_told() -> None:
    one, other = left_out(b"#if defined(B) /* no */ && X\n2\n#elif A\n4\n#else\n6\n#endif\n", facts)
    assert (one.condition, [each.name for each in one.facts]) == ("defined(B) && X", ["B"])
    assert (other.condition, [each.name for each in other.facts]) == ("!A", ["A"])


@given(st.text(st.sampled_from("#ifdeflsn ABX()01&|!\\\n/*\"'")))
def test_any_text_can_be_asked(text: str) -> None:
    lines = text.count("\n") + 1
    last = 0
    for each in left_out(text.encode(), facts):
        assert last < each.first <= each.last <= lines
        last = each.last


@pytest.mark.parametrize(
    "piece", ["#if 0\n", "#if (\n", "#if A ? \\\n", "#define A A\n", "#if 0\n#else\n", "\\\n", "/*\n", '#if "']
)
def test_time_grows_with_length_only(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    began = time.perf_counter()
    out(text)
    assert time.perf_counter() - began < 2
