"""Each step of each scenario of the model is an edge of the real 2.6.11."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from xref.graph.callgraph import CallGraph
from xref.graph.contexts import contexts
from xref.index.query import Index
from xref.stack import scenario
from xref.walk.verify import Verifier

if TYPE_CHECKING:
    # a module of that name cannot be imported where pytest imports by path
    from tests.real.conftest import Kernel

_SCENARIOS = scenario.load()


@pytest.fixture(scope="module")
def graph(kernel: Kernel, opened: Index) -> Iterator[CallGraph]:
    if kernel.version != "2.6.11" or not kernel.whole:
        pytest.skip("the model is of the whole of 2.6.11")
    yield CallGraph(opened)


@pytest.mark.parametrize("name", _SCENARIOS)
def test_every_step_is_an_edge(graph: CallGraph, name: str) -> None:
    one = _SCENARIOS[name]
    trace = scenario.run(one).trace
    assert trace is not None
    report = Verifier(graph, contexts(graph.places)[one.context]).report(trace.records())
    assert {(proof.caller, proof.function): proof.hint for proof in report.unproved} == {}
    entered = sum(record["kind"] == "enter" for record in trace.records())
    assert not report.absent
    # besides: what the context has nothing to do with, as ARP below TCP
    assert report.steps["proved"] + report.steps["besides"] == entered > 30
    assert report.steps["besides"] < entered / 10
