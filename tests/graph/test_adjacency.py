"""The arrays of callers and callees against the call graph with its proofs."""

from __future__ import annotations

from pathlib import Path

import pytest

from xref.graph.callgraph import CallGraph
from xref.graph.paths import Paths
from xref.graph.reaching import reaching
from xref.index.build import index_tree
from xref.index.query import Index


@pytest.fixture(scope="module")
def graph(minikernel_index: Path) -> CallGraph:
    return CallGraph(Index(minikernel_index))


def _nodes(graph: CallGraph) -> list[str]:
    return [node for name in sorted(graph.index.names_of_kinds(["function"])) for node in graph.nodes(name)]


def test_no_edge_of_the_graph_is_missing(graph):
    missing = []
    for node in _nodes(graph):
        for step in graph.out(node):
            if step.edge.confidence != "name" and graph.definitions(step.callee):
                leads = graph.adjacency.view(deferred=True).leading_to(step.callee)
                if node not in leads:
                    missing.append((node, step.callee, step.edge.kind))
    assert missing == []


def test_a_way_is_as_long_as_its_distance(graph):
    leads = graph.adjacency.view(deferred=False).leading_to(graph.nodes("loopback_xmit")[0])
    for node in _nodes(graph):
        distance = leads.distance(node)
        if distance is not None:
            way = leads.way(node)
            assert len(way) == distance + 1
            assert len(set(way)) == len(way)


def test_what_is_known_of_a_node_shuts_its_other_edges(graph):
    view = graph.adjacency.view(deferred=False)
    goal = graph.nodes("__sock_sendmsg")[0]
    assert "sys_sendto" in view.leading_to(goal)
    for node in graph.adjacency.callers(goal):
        view.keep_only(node, ())
    assert "sys_sendto" not in view.leading_to(goal)


def test_nothing_leads_to_what_is_not_there(graph):
    leads = graph.adjacency.view(deferred=True).leading_to("no_such_function")
    assert "sys_sendto" not in leads
    assert leads.distance("no_such_function") is None


def test_each_system_call_that_reaches_has_a_path_that_a_run_can_take(graph):
    goal = graph.nodes("loopback_xmit")[0]
    found = reaching(graph, goal).calls
    assert {"sys_sendto", "sys_write"} <= {each.syscall for each in found}
    paths = Paths(graph)
    for each in found:
        inside = [edge for edge in each.path if edge.kind != "syscall"]
        names = [inside[0].caller, *(edge.callee for edge in inside)]
        assert each.deferred or paths.along(names) is not None


def test_a_tree_without_functions_has_no_edges(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.h").write_text("#define A 1\n")
    index_tree(tmp_path / "i.db", tmp_path / "tree", name="t", jobs=1)
    graph = CallGraph(Index(tmp_path / "i.db"))
    assert len(graph.adjacency) == 0
    assert reaching(graph, "nothing") == ([], [])
