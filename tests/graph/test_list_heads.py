"""Lists whose head is handed in: who runs through which, by edges and by paths."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph
from xref.graph.paths import Paths
from xref.graph.reaching import reaching
from xref.graph.trees import tree
from xref.index.build import index_tree
from xref.index.query import Index

FILES = {
    "include/chain.h": """\
struct block { int (*call)(struct block *, int); struct block *next; };
struct head { int lock; struct block *first; };
int chain_register(struct block **list, struct block *b);
int chain_run(struct block **list, int what);
int head_register(struct head *h, struct block *b);
int head_run(struct head *h, int what);
#ifdef CONFIG_WATCH
int watch_register(struct block *b);
#else
static inline int watch_register(struct block *b) { return 0; }
#endif
""",
    "kernel/chain.c": """\
#include <chain.h>
int chain_register(struct block **list, struct block *b)
{
	b->next = *list;
	*list = b;
	return 0;
}
int chain_run(struct block **list, int what)
{
	struct block *b = *list;
	while (b) {
		b->call(b, what);
		b = b->next;
	}
	return 0;
}
int head_register(struct head *h, struct block *b) { return chain_register(&h->first, b); }
int head_run(struct head *h, int what) { return chain_run(&h->first, what); }
""",
    "kernel/panic.c": """\
#include <chain.h>
struct block *panic_list;
void panic(void) { chain_run(&panic_list, 1); }
""",
    "kernel/watch.c": """\
#include <chain.h>
static struct block *watch_list;
int watch_register(struct block *b)
{
	chain_register(&watch_list, b);
	b->call(b, 0);
	return 0;
}
void watch(void) { chain_run(&watch_list, 2); }
""",
    "kernel/reboot.c": """\
#include <chain.h>
struct head reboot_head;
void reboot(void) { head_run(&reboot_head, 3); }
""",
    "drivers/one.c": """\
#include <chain.h>
extern struct block *panic_list;
extern struct head reboot_head;
static int on_panic(struct block *b, int what) { return 1; }
static int on_watch(struct block *b, int what) { return 2; }
static int on_reboot(struct block *b, int what) { return 3; }
static int on_any(struct block *b, int what) { return 4; }
static struct block panic_block = { .call = on_panic };
static struct block watch_block = { .call = on_watch };
static struct block reboot_block = { .call = on_reboot };
static struct block any_block = { .call = on_any };
extern void keep(struct block *b);
void one_init(void)
{
	chain_register(&panic_list, &panic_block);
	watch_register(&watch_block);
	head_register(&reboot_head, &reboot_block);
	keep(&any_block);
}
""",
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> CallGraph:
    base = tmp_path_factory.mktemp("heads")
    for path, text in FILES.items():
        (base / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (base / "tree" / path).write_text(text)
    index_tree(base / "heads.db", base / "tree", jobs=1)
    return CallGraph(Index(base / "heads.db"))


def _path(graph: CallGraph, start: str, goal: str) -> list[str] | None:
    found = Paths(graph).find(*(graph.nodes(each)[0] for each in (start, goal))).paths
    return [edge.callee for edge in found[0]] if found else None


def test_an_edge_says_who_names_the_head(graph):
    after = {edge.callee: edge.only_after for edge in graph.out_of("chain_run")}
    assert after == {
        "on_panic": ("panic",),
        "on_watch": ("watch",),
        "on_reboot": ("reboot",),
        # what becomes of it is not known: it can be in any list
        "on_any": None,
    }


@pytest.mark.parametrize(
    ("start", "goal", "path"),
    [
        ("panic", "on_panic", ["chain_run", "on_panic"]),
        ("watch", "on_watch", ["chain_run", "on_watch"]),
        ("reboot", "on_reboot", ["head_run", "chain_run", "on_reboot"]),
        ("panic", "on_any", ["chain_run", "on_any"]),
        ("panic", "on_watch", None),
        ("watch", "on_reboot", None),
        ("reboot", "on_panic", None),
        # who begins inside may have been called by anyone that comes there
        ("chain_run", "on_watch", ["on_watch"]),
        ("chain_run", "on_reboot", ["on_reboot"]),
        ("head_run", "on_reboot", ["chain_run", "on_reboot"]),
        ("head_run", "on_panic", None),
        # called at once, without a list
        ("one_init", "on_watch", ["watch_register", "on_watch"]),
    ],
)
def test_a_path_keeps_to_the_list_that_was_named(graph, start, goal, path):
    assert _path(graph, start, goal) == path


def test_a_path_given_by_its_names_keeps_to_it_too(graph):
    paths = Paths(graph)
    assert paths.along(["panic", "chain_run", "on_panic"])
    assert paths.along(["reboot", "head_run", "chain_run", "on_reboot"])
    assert paths.along(["panic", "chain_run", "on_watch"]) is None
    assert paths.along(["reboot", "head_run", "chain_run", "on_watch"]) is None


def test_what_runs_below_a_function_keeps_to_it(graph):
    rows = tree(Paths(graph), graph.nodes("reboot")[0], 5, 100).rows
    assert [edge.callee for _, edge in rows] == ["head_run", "chain_run", "on_reboot", "on_any"]


def test_callers_name_the_function_that_runs_through_the_list(graph):
    # watch_register calls its block at once, whichever it is given
    assert {edge.caller for edge in graph.into("on_reboot")} == {"chain_run", "watch_register"}
    assert reaching(graph, graph.nodes("on_reboot")[0]).calls == []


def test_a_header_s_stub_and_what_it_stands_in_for_are_both_called(graph):
    edges = [edge for edge in graph.out_of("one_init") if edge.callee == "watch_register"]
    assert {edge.callee_def for edge in edges} == {"include/chain.h:10", "kernel/watch.c:3"}
    assert len(graph.into("watch_register")) == 2
