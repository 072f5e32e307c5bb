"""The document's claims on a real kernel: the verdicts that reading the source by hand gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from xref.graph.callgraph import CallGraph
from xref.index.query import Index
from xref.walk import claims
from xref.walk import document
from xref.walk.facts import Facts

if TYPE_CHECKING:
    # a module of that name cannot be imported where pytest imports by path
    from tests.real.conftest import Kernel

#: of 2.6.11; what is in neither list is confirmed
_OF_2_6_11 = {
    "imprecise": {2, 7, 13, 16, 17, 20, 21, 25, 37, 41, 42, 44, 49, 50, 53, 56, 57, 59, 68},
    "wrong": {12, 14, 15, 54, 62},
    "unknown": {30, 31, 63, 64, 65, 66, 67, 69},
}
#: what has stood in the same place since
_EVER = {3: "confirmed", 11: "confirmed", 12: "wrong", 24: "confirmed", 26: "confirmed", 33: "confirmed", 54: "wrong"}


@pytest.fixture(scope="module")
def facts(opened: Index) -> Facts:
    if not opened.has("net/ipv4/tcp_output.c"):
        pytest.skip("net/ipv4/tcp_output.c is not in this part of the tree")
    return Facts(CallGraph(opened))


@pytest.fixture(scope="module")
def judged(facts: Facts) -> dict[int, claims.Judgement]:
    return {each.claim.n: each for each in claims.judge(facts)}


@pytest.mark.parametrize("n", range(1, 70))
def test_verdicts_on_2_6_11(kernel: Kernel, judged: dict[int, claims.Judgement], n: int) -> None:
    if kernel.version != "2.6.11" or not kernel.whole:
        pytest.skip(f"this tree is {kernel.version or 'of no known version'}, or a part, not the whole of 2.6.11")
    expected = next((verdict for verdict, numbers in _OF_2_6_11.items() if n in numbers), "confirmed")
    assert judged[n].verdict == expected, judged[n]


@pytest.mark.parametrize("n", _EVER)
def test_verdicts_that_hold_on_any_kernel(judged: dict[int, claims.Judgement], n: int) -> None:
    """A part of a tree may not be able to tell, but never says the opposite."""
    assert judged[n].verdict in (_EVER[n], "unknown"), judged[n]


def test_evidence_is_in_the_tree(opened: Index, judged: dict[int, claims.Judgement]) -> None:
    for each in judged.values():
        assert bool(each.evidence) == (each.verdict != "unknown")
        for place in each.evidence:
            path, _, line = place.rpartition(":")
            assert 0 < int(line) <= (opened.source(path) or b"").count(b"\n") + 1


def test_the_path_of_the_document(kernel: Kernel, facts: Facts) -> None:
    """Every step of it has a way through 2.6.11, save that write does not pass sock_sendmsg."""
    if kernel.version != "2.6.11" or not kernel.whole:
        pytest.skip("only the whole of 2.6.11 has the whole path")
    for walked in document.walk(facts):
        assert walked.defined_at
        lacking = [leg.start for leg in walked.legs if not leg.edges]
        assert lacking == (["sys_write"] if walked.step.function == "sock_sendmsg" else [])
