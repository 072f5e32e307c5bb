"""What of a file is read for functions' addresses: all that matters, and little else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xref.graph import resolve
from xref.graph.callgraph import CallGraph
from xref.graph.flow_reader import Reader
from xref.graph.interest import Interests
from xref.graph.knowledge import Knowledge

FILES = {
    "lib.h": """\
struct place { const char *func; int line; };
struct ops { int (*func)(int); };
int noted(struct place *here, ...);
int step_one(int x);
#define note(x, ...) ({ static struct place here = { .func = __func__, .line = __LINE__ }; \\
	noted(&here, ##__VA_ARGS__); !!(x); })
#define if(cond, ...) if (note(!!(cond, ##__VA_ARGS__)))
#define sized(stem, x) ({ int made; switch (sizeof(x)) { case 1: made = stem##1(x); break; \\
	default: made = stem##2(x); } made; })
#define set_func(o, f) ((o)->func = (f))
#define set_step(o, which) ((o)->func = step_##which)
#define run_all(o, x) do { if (o) (o)->func(x); } while (0)
""",
    "a.c": """\
#include "lib.h"
static int one(int x) { return x; }
static int two(int x) { return 2 * x; }
int step_one(int x) { return 3 * x; }
typedef int (*way)(int);
static way choose(int n)
{
	if (n)
		return one;
	return two;
}
int run(struct ops *ops, int n)
{
	ops->func = choose(n);
	return ops->func(n);
}
""",
}


@pytest.fixture(scope="module")
def graph(graph_of: Callable[..., CallGraph]) -> CallGraph:
    return graph_of(FILES)


def test_functions_that_are_returned_are_called_by_who_gets_them(graph: CallGraph) -> None:
    edges = {(each.callee, each.evidence) for each in graph.callees("run") if each.kind == "field"}
    assert edges == {("one", "a.c:9"), ("two", "a.c:10")}


@pytest.mark.parametrize(
    ("macro", "acts"),
    [
        ("note", False),  # the name of the function that it is in is no function
        ("if", False),
        ("sized", False),  # what it pastes it calls, and keeps what comes back
        ("set_func", True),
        ("set_step", True),
        ("run_all", True),
    ],
)
def test_macros_that_move_addresses(graph: CallGraph, macro: str, acts: bool) -> None:
    interests: Interests = resolve.interests(graph.index, Knowledge.of(graph.index))
    assert Reader(interests, "a.c").is_active(macro) == acts
