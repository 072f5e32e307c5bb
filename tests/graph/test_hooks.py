"""Calls through variables that are pointers to functions, and names that are a type in one file and a local in another."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph
from xref.index import export

_FILES = {
    "hooks.h": """
        typedef int (*callback_t)(int);
        extern int (*hook)(int);
        #define run_hook(value) hook(value)
        #define run_own(value) own(value)
        void set_own(int (*taken)(int));
        void set_callback(callback_t taken);
        """,
    "core.c": """
        #include "hooks.h"
        int (*hook)(int);
        static int dummy(int value) { return 0; }
        static callback_t callback = dummy;
        static int (*own)(int);
        int early(int value) { return hook(value); }
        int late(int value) { return callback(value); }
        int by_macro(int value) { return run_hook(value) + run_own(value); }
        int third(int value) { if (own) return own(value); return 0; }
        void set_own(int (*taken)(int)) { own = taken; }
        void set_callback(callback_t taken) { callback = taken; }
        """,
    "module.c": """
        #include "hooks.h"
        static int mine(int value) { return value; }
        static int other(int value) { return value; }
        static int better(int value) { return value; }
        void start(void) { hook = mine; set_own(other); set_callback(better); }
        """,
    "elsewhere.c": "typedef int handler;\n",
    "group.c": """
        struct group { int (*handler)(int); };
        static int served(int value) { return value; }
        void put(struct group *group) { group->handler = served; }
        int interrupt(struct group *group)
        {
            int (*handler)(int);
            if ((handler = group->handler) == 0)
                return 1;
            return handler(2);
        }
        int given(int (*handler)(int), int value) { return (handler)(value); }
        int gives(void) { return given(served, 1); }
        """,
    "ticks.h": """
        #ifdef CONFIG_TICKS
        int register_tick(int (*taken)(int));
        #else
        static inline int register_tick(int (*taken)(int)) { return -1; }
        #endif
        """,
    "ticks.c": """
        #include "ticks.h"
        static int (*tick)(int);
        int register_tick(int (*taken)(int)) { tick = taken; return 0; }
        int ticks(int value) { return tick(value); }
        """,
    "counts.c": """
        #include "ticks.h"
        static int count(int value) { return value; }
        int counts(void) { return register_tick(count); }
        """,
    "userland.h": "#define ticker() rate_ticks()\n#define rate raid_rate()\nint raid_rate(void);\n",
    "entry.S": "\t.globl level\nlevel:\n\tcall nothing\n\tret\n",
    "rates.h": "extern unsigned long rate;\nextern int declared(int);\n",
    "rates.c": """
        #include "rates.h"
        static int level;
        static int (*also)(int);
        int rated(int value) { return (rate - value) + declared(level) + level (value) + rate (value); }
        """,
    "inside.c": """
        struct reader { int (*read)(int); };
        static int plain(int value) { return value; }
        void fill(struct reader *reader) { reader->read = plain; }
        int reads(struct reader *reader)
        {
            typedef int (*read_t)(int);
            read_t each;
            each = reader->read;
            return each(1);
        }
        """,
}


@pytest.fixture(scope="module")
def hooks(graph_of) -> CallGraph:
    return graph_of(_FILES)


@pytest.mark.parametrize(
    ("caller", "callees"),
    [("early", ["mine"]), ("late", ["better", "dummy"]), ("third", ["other"]), ("by_macro", ["mine", "other"])],
)
def test_a_variable_is_called_by_its_name_alone(hooks: CallGraph, caller: str, callees: list[str]) -> None:
    """`hook(value)` looks like the call of a function; whoever sets the hook is called."""
    edges = hooks.callees(caller)
    assert sorted(edge.callee for edge in edges) == callees
    assert {(edge.kind, edge.confidence) for edge in edges} == {("variable", "typed")}


def test_another_files_type_is_a_local_here(hooks: CallGraph) -> None:
    """`handler` is a typedef in elsewhere.c: `(handler = …)` in group.c is no cast for that."""
    assert [(edge.callee, edge.via) for edge in hooks.callees("interrupt")] == [("served", "struct group.handler")]
    assert [(edge.callee, edge.kind) for edge in hooks.callees("given")] == [("served", "param")]


def test_a_type_of_a_function_is_no_local(hooks: CallGraph) -> None:
    assert [edge.callee for edge in hooks.callees("reads")] == ["plain"]


def test_what_one_configuration_ignores_another_keeps(hooks: CallGraph) -> None:
    """ticks.h has a register_tick of its own that does nothing; with CONFIG_TICKS it is that of ticks.c."""
    assert [(edge.callee, edge.evidence) for edge in hooks.callees("ticks")] == [("count", "counts.c:4")]


def test_such_calls_are_exported_as_calls_through_pointers(hooks: CallGraph) -> None:
    found = {call.caller: call for call in export.calls(hooks.index) if call.file == "core.c"}
    assert (found["early"].callee, found["early"].kind, found["early"].targets) == ("hook", "indirect", ("mine",))
    assert sorted(found["late"].targets or ()) == ["better", "dummy"]


def test_a_variable_is_no_function_of_its_name_elsewhere(hooks: CallGraph) -> None:
    """`rate` is a macro that calls in one header and a variable here; entry.S has a function `level`."""
    assert [(edge.callee, edge.callee_def) for edge in hooks.callees("rated")] == [("declared", None)]
