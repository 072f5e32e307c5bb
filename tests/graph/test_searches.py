"""Searches that learn: what leads to a goal is mended as edges turn out to be none, and is what it would be anew."""

from __future__ import annotations

import random
import threading
import time

import pytest

from xref.graph import callees
from xref.graph import reaching as module
from xref.graph.callgraph import CallGraph
from xref.graph.paths import Paths
from xref.graph.reaching import reaching
from xref.index.memory import Memory
from xref.index.query import Index


@pytest.fixture(scope="module")
def graph(minikernel_index):
    return CallGraph(Index(minikernel_index))


def test_what_leads_to_a_goal_is_mended_as_if_made_anew(graph):
    adjacency = graph.adjacency
    chance = random.Random(3)
    for goal in chance.sample(adjacency.nodes, 12):
        view = adjacency.view(deferred=True)
        kept = view.leading_to(goal)
        reached = [node for node in adjacency.nodes if node in kept and node != goal]
        for node in chance.sample(reached, min(len(reached), 15)):
            following = kept.way(node)[1] if node in kept else None
            steps = {step.callee for step in graph.out(node)} - {following}
            view.keep_only(node, steps)
            kept = view.leading_to(goal)
            fresh = view._backward(goal)
            assert (kept.distances == fresh.distances).all()
            for other in chance.sample(reached, min(len(reached), 10)):
                if other in kept:
                    assert len(kept.way(other)) == kept.distance(other) + 1


def test_a_search_that_a_bound_stops_says_so(graph, monkeypatch):
    whole = reaching(graph, "loopback_xmit")
    assert whole.unknown == []
    monkeypatch.setattr(module, "MOST_ROUNDS", 0)
    cut = reaching(graph, "loopback_xmit")
    assert cut.calls == []
    assert {each.syscall for each in whole.calls} <= set(cut.unknown)


def test_a_search_whose_time_is_over_says_so(graph):
    over = time.monotonic() - 1
    paths = Paths(graph, until=over)
    found = paths.find("sys_sendto", "tcp_sendmsg")
    assert (found.paths, found.cut, paths.is_late) == ([], True, True)
    assert Paths(graph, until=over).why_not(["sys_sendto"], ["tcp_sendmsg"]).reason == "cut"
    cut = reaching(graph, "loopback_xmit", until=over)
    whole = reaching(graph, "loopback_xmit", until=time.monotonic() + 60)
    assert cut.calls == []
    assert {each.syscall for each in whole.calls} <= set(cut.unknown)
    assert whole.unknown == []


def test_edges_to_one_function_are_those_among_all(graph, monkeypatch):
    monkeypatch.setattr(callees, "_MANY_TARGETS", 0)
    for name in ("tcp_sendmsg", "udp_sendmsg", "loopback_xmit", "printk"):
        for node in graph.nodes(name):
            for caller in graph.caller_nodes(node):
                fresh = CallGraph(graph.index)
                alone = fresh.out_to(caller, node)
                assert alone == [step for step in fresh.out(caller) if step.callee == node]
                assert fresh.out_to(caller, node) == alone


def test_many_values_at_once_stay_within_the_bound():
    memory: Memory[int, int] = Memory(100)
    memory.update({number: number for number in range(1000)})
    assert len(memory) <= 100
    assert memory.get(999) == 999


def test_a_memory_forgets_the_oldest_and_stands_threads():
    memory: Memory[int, int] = Memory(100)

    def fill(start: int) -> None:
        for number in range(start, start + 2000):
            memory[number] = number
            assert memory.get(number) in (None, number)

    threads = [threading.Thread(target=fill, args=(at * 1000,)) for at in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(memory) <= 100
