"""Structs of one tag that have nothing to do with each other."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph

_FILES = {
    "one/one.h": "struct ops { int (*status)(int); };\n",
    "one/control.c": '#include "one.h"\nint control(struct ops *ops) { return ops->status(1); }\n',
    "one/chip.c": """
        #include "one.h"
        static int first(int value) { return value; }
        struct ops first_ops = { .status = first };
        """,
    "two/two.h": "struct ops { int number; int (*status)(int); };\n",
    "two/control.c": '#include "two.h"\nint drive(struct ops *ops) { return ops->status(2); }\n',
    "two/chip.c": """
        #include "two.h"
        static int second(int value) { return value; }
        struct ops second_ops = { .status = second };
        void hand(struct ops *ops, int (*status)(int)) { ops->status = status; }
        """,
    "alone.c": """
        struct ops { int (*status)(int); };
        static int third(int value) { return value; }
        static struct ops own = { .status = third };
        int alone(void) { return own.status(3); }
        """,
    "both.c": """
        #ifdef CONFIG_TWO
        #include "two/two.h"
        #else
        #include "one/one.h"
        #endif
        int either(struct ops *ops) { return ops->status(4); }
        """,
}


@pytest.fixture(scope="module")
def graph(graph_of) -> CallGraph:
    return graph_of(_FILES)


@pytest.mark.parametrize(
    ("caller", "callees"),
    [("control", ["first"]), ("drive", ["second"]), ("alone", ["third"]), ("either", ["first", "second"])],
)
def test_what_is_stored_in_another_struct_of_the_tag_is_not_called(
    graph: CallGraph, caller: str, callees: list[str]
) -> None:
    assert sorted(edge.callee for edge in graph.callees(caller)) == callees


def test_callers_are_told_the_same(graph: CallGraph) -> None:
    (node,) = graph.nodes("second")
    assert sorted(edge.caller for edge in graph.callers(node)) == ["drive", "either"]
