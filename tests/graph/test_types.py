"""The struct behind an expression, by how it is declared: seen by where a call through a member of it goes."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph

_WORK_H = """\
#define __aligned __attribute__((__aligned__(64)))
struct work { void (*run)(void *); void *data; };
struct other { void (*run)(void *); };
extern void task(void *);
extern void elsewhere(void *);
#define WORK_INIT(f, d) { .run = (f), .data = (d) }
#define DECLARE_WORK(n, f, d) struct work n = WORK_INIT(f, d)
#define WORK(n) work_t n

typedef struct tagged { void (*run)(void *); } __aligned work_t;
typedef struct { void (*run)(void *); } __attribute__((packed, aligned(4))) unnamed_t;
static struct other others = { .run = elsewhere };
"""

#: by what its text declares, a function that calls through `run`
_BODIES = {
    "attribute": ("work_t *w", "w->run(0);", "tagged"),
    "unnamed": ("unnamed_t *w", "w->run(0);", "unnamed_t"),
    "declaring": ("void *d", "DECLARE_WORK(w, task, d);\n\tw.run(w.data);", "work"),
    "declaring_by_typedef": ("void *d", "WORK(w);\n\tw.run(d);", "tagged"),
    "parameter": ("struct work *w", "w->run(0);", "work"),
}


@pytest.fixture(scope="module")
def graph(graph_of) -> CallGraph:
    bodies = (f"void {name}({given})\n{{\n\t{text}\n}}\n" for name, (given, text, _) in _BODIES.items())
    tasks = "void task(void *d)\n{\n}\nvoid elsewhere(void *d)\n{\n}\n"
    a = '#include "work.h"\n' + "".join(bodies)
    return graph_of({"include/work.h": _WORK_H, "a.c": a, "task.c": tasks})


@pytest.mark.parametrize("name", _BODIES)
def test_the_struct_of_a_call_through_a_member(name, graph):
    [slot] = {slot for function, slot in graph.index.every_site() if function == name}
    assert slot == f"F:{_BODIES[name][2]}.run"


def test_what_a_declaring_macro_stores_is_called(graph):
    [edge] = [each for each in graph.callees("declaring") if each.kind == "field"]
    assert (edge.callee, edge.via, edge.confidence) == ("task", "struct work.run", "typed")
