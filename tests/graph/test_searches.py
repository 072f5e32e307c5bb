"""Searches that learn: what leads to a goal is mended as edges turn out to be none, and is what it would be anew."""

from __future__ import annotations

import random
import threading

import pytest

from xref.graph import paths as module
from xref.graph.callgraph import CallGraph
from xref.graph.paths import reaching
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
    monkeypatch.setattr(module, "_MOST_ROUNDS", 0)
    cut = reaching(graph, "loopback_xmit")
    assert cut.calls == []
    assert {each.syscall for each in whole.calls} <= set(cut.unknown)


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
