"""Which headers a file reaches: held against a walk that follows one include after another."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from xref.graph.includes import IncludeGraph

_NAMES = [f"f{number}" for number in range(9)]
_EDGES = st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from([*_NAMES, "missing"]), st.booleans()), max_size=25)


def graph(edges: list[tuple[str, str, bool]]) -> IncludeGraph:
    return IncludeGraph(_NAMES, edges, lambda _path, target, _system: target if target in _NAMES else None)


def walked(edges: list[tuple[str, str, bool]], start: str) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        fresh = {target for path, target, _ in edges if path == here and target in _NAMES} - seen
        seen |= fresh
        waiting += fresh
    return seen


@given(_EDGES)
def test_the_closure_is_that_of_a_walk(edges):
    made = graph(edges)
    assert {(a, b) for a in _NAMES for b in _NAMES if made.reaches(a, b)} == {
        (a, b) for a in _NAMES for b in walked(edges, a)
    }


def test_a_file_reaches_itself_and_nothing_unknown():
    made = graph([("f0", "missing", True)])
    assert made.reaches("f0", "f0")
    assert made.reaches("nowhere", "nowhere")
    assert not made.reaches("f0", "missing")
    assert not made.reaches("nowhere", "f0")


def test_headers_that_include_each_other():
    made = graph([("f0", "f1", False), ("f1", "f2", False), ("f2", "f1", False), ("f2", "f3", True)])
    assert [made.reaches("f0", name) for name in _NAMES[:5]] == [True, True, True, True, False]
    assert made.reaches("f1", "f2")
    assert made.reaches("f2", "f1")
    assert not made.reaches("f3", "f2")


def test_a_long_chain():
    names = [f"h{number}.h" for number in range(3000)]
    edges = [(one, other, False) for one, other in itertools.pairwise(names)]
    made = IncludeGraph(names, edges, lambda _path, target, _system: target)
    assert made.reaches(names[0], names[-1])
    assert not made.reaches(names[-1], names[0])


def test_a_part_does_not_see_what_another_architecture_includes():
    """fs/format.c is compiled by itself; another architecture includes it for its 32-bit programs."""
    paths = ["fs/format.c", "arch/ia64/format.c", "arch/i386/format.c", "asm-ia64.h", "asm-i386.h"]
    edges = [
        ("arch/ia64/format.c", "asm-ia64.h", False), ("arch/ia64/format.c", "fs/format.c", False),
        ("arch/i386/format.c", "asm-i386.h", False), ("arch/i386/format.c", "fs/format.c", False),
    ]  # fmt: skip
    made = IncludeGraph(paths, edges, lambda _path, target, _system: target, "i386")
    assert made.reaches("fs/format.c", "asm-i386.h")
    assert not made.reaches("fs/format.c", "asm-ia64.h")
    assert made.same_unit("fs/format.c", "arch/ia64/format.c")
