"""The call graph of fixtures/minikernel against what people found there by hand."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from xref.graph import resolve
from xref.graph.callgraph import CallGraph
from xref.graph.contexts import Context
from xref.graph.contexts import contexts
from xref.graph.indirect import Pointers
from xref.graph.paths import Paths
from xref.graph.reaching import reaching
from xref.index import export
from xref.index.build import index_tree
from xref.index.query import Index
from xref.index.records import Edge

_EXPECTED = Path(__file__).parent.parent.parent / "fixtures" / "minikernel.expected.json"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_EXPECTED.read_text())
    return loaded


@pytest.fixture(scope="module")
def graph(minikernel_index: Path) -> CallGraph:
    return CallGraph(Index(minikernel_index))


@pytest.fixture(scope="module")
def known(graph: CallGraph) -> dict[str, Context]:
    return contexts(graph.places)


@pytest.fixture(scope="module")
def edges(graph: CallGraph) -> dict[tuple[str, str], list[Edge]]:
    found: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in graph.everything():
        found[edge.caller, edge.callee].append(edge)
    return found


def test_every_edge_is_there_with_its_kind_and_its_proof(expected, edges):
    missing, kinds, proofs = [], [], []
    for edge in expected["edges"]:
        same = [
            each
            for each in edges[edge["caller"], edge["callee"]]
            if each.file == edge["file"] and abs(each.line - edge["line"]) <= 1
        ]
        pair = (edge["caller"], edge["callee"])
        if not same:
            missing.append(pair)
        elif edge["kind"] not in {each.kind for each in same}:
            kinds.append((pair, edge["kind"], same[0].kind))
        elif edge["evidence"] and not any(edge["evidence"] in (each.evidence, *(each.chain or ())) for each in same):
            proofs.append((pair, edge["evidence"], [each.evidence for each in same]))
    assert missing == []
    assert kinds == []
    assert proofs == []


def test_what_is_no_edge_is_none(expected, edges):
    wrong = [
        pair
        for pair in map(tuple, expected["not_edges"])
        for each in edges[pair]
        if each.confidence != "name" and each.kind != "deferred"
    ]
    assert wrong == []


def test_what_is_put_off_is_shown_where_it_is_registered_and_where_it_is_raised(graph):
    def put_off(name):
        return {edge.callee for node in graph.nodes(name) for edge in graph.callees(node) if edge.kind == "deferred"}

    assert {"net_tx_action", "net_rx_action"} <= put_off("net_dev_init")
    assert put_off("__netif_schedule") == {"net_tx_action"}
    assert put_off("rtl8139_open") == {"rtl8139_interrupt"}
    assert put_off("sys_sendto") == set()
    (edge,) = [each for each in graph.callers(graph.nodes("net_tx_action")[0]) if each.caller == "__netif_schedule"]
    assert (edge.kind, edge.confidence, edge.via) == ("deferred", "typed", "struct softirq_action.action")


def test_what_is_put_off_is_walked_only_if_asked_for(graph):
    start, goal = graph.nodes("__netif_schedule")[0], graph.nodes("net_tx_action")[0]
    assert Paths(graph).find(start, goal).paths == []
    (path,) = Paths(graph, deferred=True).find(start, goal).paths
    assert [edge.kind for edge in path] == ["deferred"]


def test_every_edge_through_a_pointer_has_a_proof(edges, graph):
    for found in edges.values():
        for edge in found:
            assert edge.confidence in ("exact", "typed", "name")
            if edge.kind in ("field", "param", "variable", "table", "macro", "syscall"):
                assert edge.evidence, edge
                file, _, line = edge.evidence.rpartition(":")
                text = (graph.index.source(file) or b"").split(b"\n")[int(line) - 1]
                assert text.strip(), edge


def test_stores(expected, graph):
    found = {(s.struct, s.field, s.function, s.file, s.line, s.how) for s in export.stores(graph.index)}
    wanted = {tuple(store) for store in expected["stores"]}
    assert {row for row in wanted - found if not row[3].startswith("modern/")} == set()


def test_targets(expected, graph):
    pointers = Pointers(graph.index)
    wrong = {}
    for field, names in expected["targets"].items():
        found = {target.function.partition("@")[0] for target in pointers.targets(f"F:{field}")}
        if found != set(names) and "bpf" not in field and "security_list" not in field:
            wrong[field] = (sorted(found ^ set(names)), names)
    assert wrong == {}


def test_paths_that_a_run_takes(expected, graph, known):
    for each in expected["paths"]:
        context = known.get((each["context"] or "").replace("_", "-"))
        paths = Paths(graph, context, deferred=True)
        assert paths.along(each["path"]), each["path"]


def test_paths_that_no_run_takes(expected, graph):
    for names in expected["no_such_path"]:
        assert Paths(graph, deferred=True).along(names) is None, names


def test_a_context_decides(graph, known):
    (tcp,) = Paths(graph, known["tcp4"]).find("sys_sendto", "tcp_transmit_skb@net/ipv4/tcp_output.c").paths or [
        Paths(graph, known["tcp4"]).find("sys_sendto", "tcp_transmit_skb").paths[0]
    ]
    assert "tcp_sendmsg" in [edge.callee for edge in tcp]
    assert Paths(graph, known["udp4"]).along(["inet_sendmsg", "tcp_sendmsg"]) is None
    assert Paths(graph, known["udp4"]).along(["inet_sendmsg", "udp_sendmsg"])
    assert Paths(graph, known["unix-stream"]).along(["__sock_sendmsg", "inet_sendmsg"]) is None


def test_what_is_deferred_is_entered_only_if_asked_for(graph):
    assert Paths(graph).along(["__do_softirq", "net_tx_action"]) is None
    assert Paths(graph, deferred=True).along(["__do_softirq", "net_tx_action"])


def test_callers_and_callees_agree(graph, edges):
    for name in ("tcp_sendmsg", "dst_output", "loopback_xmit", "kfree_skb", "do_page_fault", "sys_write", "release_sock"):
        into = {(edge.caller, edge.file, edge.line) for node in graph.nodes(name) for edge in graph.callers(node)}
        out = {(e.caller, e.file, e.line) for (_, callee), found in edges.items() if callee == name for e in found}
        assert into == out, name


def test_system_calls_that_reach(graph):
    found = {each.syscall: each for node in graph.nodes("tcp_transmit_skb") for each in reaching(graph, node).calls}
    assert {"sys_write", "sys_writev", "sys_send", "sys_sendto", "sys_sendmsg"} <= found.keys()
    assert found["sys_sendto"].path[0].caller == "system_call"
    assert [edge.callee for edge in found["sys_sendto"].path][:2] == ["sys_socketcall", "sys_sendto"]


def test_a_file_at_which_we_fail_is_a_problem_and_the_others_have_their_flows(tmp_path, monkeypatch):
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("a", "b"):
        (tree / f"{name}.c").write_text(
            f"struct ops {{ int (*go)(void); }};\nstatic int {name}_go(void) {{ return 1; }}\n"
            f"struct ops {name}_ops = {{ .go = {name}_go }};\nint {name}_run(struct ops *o) {{ return o->go(); }}\n"
        )
    follow = resolve.flow_of

    def fails(interests, path):
        if path == "a.c":
            raise ValueError("what nobody thought of")
        return follow(interests, path)

    monkeypatch.setattr(resolve, "flow_of", fails)
    report = index_tree(tmp_path / "i.db", tree, name="t", jobs=1)
    index = Index(tmp_path / "i.db")
    assert report.problems == 1
    assert [(each.file, "what nobody thought of" in each.reason) for each in index.problems()] == [("a.c", True)]
    assert [target.function for target in Pointers(index).targets("F:ops.go")] == ["b_go@b.c"]

    monkeypatch.setattr(resolve, "flow_of", follow)
    (tree / "a.c").write_text((tree / "a.c").read_text() + "/* changed */\n")
    assert index_tree(tmp_path / "i.db", tree, name="t", jobs=1).problems == 0
    assert len(Pointers(Index(tmp_path / "i.db")).targets("F:ops.go")) == 2


def test_what_a_member_holds_is_handed_in_by_who_passes_the_member_on(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.c").write_text(
        "struct way { int (*output)(int); };\n"
        "static int slow(int x) { return x; }\n"
        "static int quick(int x) { return x; }\n"
        "struct way road = { .output = slow };\n"
        "int hook(int x, int (*okfn)(int)) { return okfn(x); }\n"
        "int by_member(struct way *w) { return hook(1, w->output); }\n"
        "int by_name(void) { return hook(2, quick); }\n"
        "int run(struct way *w) { return w->output(3); }\n"
    )
    index_tree(tmp_path / "i.db", tree, name="t", jobs=1)
    graph = CallGraph(Index(tmp_path / "i.db"))
    edges = {edge.callee: edge for edge in graph.callees("hook")}
    assert {name: edge.only_after for name, edge in edges.items()} == {"slow": ("by_member",), "quick": ("by_name",)}
    paths = Paths(graph)
    assert paths.along(["by_member", "hook", "slow"])
    assert paths.along(["by_name", "hook", "quick"])
    assert paths.along(["by_name", "hook", "slow"]) is None
    assert paths.find("by_name", "slow@a.c").paths == []


def test_what_a_macro_does_is_asked_in_each_file(tmp_path):
    """A header's macro uses another that means nothing in the file read first, and stores in the next."""
    tree = tmp_path / "tree"
    files = {
        "include/timer.h": "struct timer { void (*expire)(void); };\n#define ARM(t) SET(t)\n",
        "include/quiet.h": "#define SET(t) do { } while (0)\n",
        "include/loud.h": "extern void ring(void);\n#define SET(t) ((t)->expire = ring)\n",
        "a.c": '#include "quiet.h"\n#include "timer.h"\nvoid a(struct timer *t)\n{\n\tARM(t);\n}\n',
        "b.c": '#include "loud.h"\n#include "timer.h"\nvoid b(struct timer *t)\n{\n\tARM(t);\n}\n',
        "run.c": '#include "timer.h"\nvoid ring(void)\n{\n}\nvoid run(struct timer *t)\n{\n\tt->expire();\n}\n',
    }
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    index = tmp_path / "t.db"
    index_tree(index, tree, name="t", jobs=1)
    graph = CallGraph(Index(index))
    assert [(edge.callee, edge.evidence) for edge in graph.callees("run")] == [("ring", "include/loud.h:2")]


def test_a_system_call_that_the_table_has_under_another_name_is_found_by_it(tmp_path: Path) -> None:
    files = {
        "arch/i386/kernel/entry.S": ".data\nENTRY(sys_call_table)\n\t.long sys_read\n\t.long old_mmap\nsyscall_table_end:\n",
        "kernel/a.c": "long sys_read(void) { return 0; }\nlong old_mmap(void) { return 1; }\n",
    }
    for path, text in files.items():
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_text(text)
    index_tree(tmp_path / "x.db", tmp_path / "tree", arch="i386", jobs=1)
    calls = CallGraph(Index(tmp_path / "x.db")).syscalls
    assert calls.functions_of("old_mmap") == ["old_mmap"]
    assert calls.functions_of("read") == calls.functions_of("sys_read") == ["sys_read"]
    assert calls.functions_of("no_such") == []
