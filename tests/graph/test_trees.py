"""The tree of what runs below a function: each once, the main line before what macros call, bounded from below."""

from __future__ import annotations

import pytest

from xref.graph.paths import Paths
from xref.graph.trees import tree

_FILES = {
    "lock.h": "void lock_slow(int);\nvoid lock_counted(int);\n#define lock(n) do { lock_slow(n); lock_counted(n); } while (0)\n",
    "one.c": """#include "lock.h"
void lock_deep(int n) { }
void checked(int n) { }
void unchecked(int n) { }
void lock_slow(int n) { lock_deep(n); }
void lock_counted(int n) { lock_deep(n); lock_deep(n + 1); }
#ifdef CONFIG_CHECK
static inline void check(int n) { checked(n); }
#else
static inline void check(int n) { unchecked(n); }
#endif
static void last(int n) { }
static void third(int n) { last(n); }
static void second(int n) { check(n); third(n); }
void first(int n)
{
\tlock(n);
\tsecond(n);
\tthird(n);
}
""",
}


@pytest.fixture(scope="module")
def graph(graph_of):
    return graph_of(_FILES)


def _tree(graph, depth=9, most=100):
    found = tree(Paths(graph), graph.nodes("first")[0], depth, most)
    return [(level, edge.callee) for level, edge in found.rows], found.cut


def test_a_function_with_two_bodies_is_one_row_with_what_both_call(graph):
    rows, cut = _tree(graph)
    assert not cut
    at = rows.index((1, "check"))
    assert rows[at : at + 3] == [(1, "check"), (2, "checked"), (2, "unchecked")]
    assert rows.count((1, "check")) == 1


def test_what_is_cut_is_what_macros_call_and_not_the_main_line(graph):
    rows, cut = _tree(graph)
    assert (1, "lock_deep") in rows
    assert not cut
    few, cut = _tree(graph, most=8)
    assert cut
    assert set(few) < set(rows)
    assert {callee for _, callee in few} == {"lock_slow", "lock_counted", "second", "check", "third", "last", "checked"}


def test_a_depth_is_one_whatever_the_way_there(graph):
    rows, _ = _tree(graph, depth=1)
    assert rows == [(0, "lock_slow"), (0, "lock_counted"), (0, "second"), (0, "third")]
    rows, _ = _tree(graph, depth=2)
    assert max(level for level, _ in rows) == 1
    assert (1, "lock_deep") in rows
