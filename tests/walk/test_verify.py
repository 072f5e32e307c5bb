"""Steps of a trace held against the call graph of fixtures/minikernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xref.stack import scenario
from xref.walk.facts import Facts
from xref.walk.verify import ABSENT
from xref.walk.verify import BESIDES
from xref.walk.verify import PROVED
from xref.walk.verify import UNPROVED
from xref.walk.verify import Proof
from xref.walk.verify import Verifier

_EXPECTED: dict[str, Any] = json.loads((Path(__file__).parents[2] / "fixtures/minikernel.expected.json").read_text())


def _trace(facts: Facts, names: list[str], context: str = "process", depth: int = 0) -> Iterator[dict[str, Any]]:
    """A trace that enters each function from the one before it, and leaves them all."""
    for number, name in enumerate(names):
        node = facts.graph.nodes(name)[0]
        yield {
            "kind": "enter", "function": name, "file": (facts.graph.defined_at(node) or "").rpartition(":")[0],
            "caller": names[number - 1] if number else None, "depth": depth + number, "context": context,
        }  # fmt: skip
    for name in reversed(names):
        yield {"kind": "leave", "function": name}


def _verifier(facts: Facts, context: str | None = "tcp4") -> Verifier:
    return Verifier(facts.graph, facts.contexts[context] if context else None)


def _proofs(facts: Facts, names: list[str], context: str | None = "tcp4", **where: Any) -> dict[str, Proof]:
    return {record["function"]: proof for record, proof in _verifier(facts, context).proofs(_trace(facts, names, **where))}


_SEND = ["sys_sendto", "sock_sendmsg", "__sock_sendmsg", "inet_sendmsg", "tcp_sendmsg", "tcp_push_one", "tcp_transmit_skb"]
_DOWN = ["ip_queue_xmit", "dst_output", "ip_output", "ip_finish_output", "ip_finish_output2"]


def test_a_send_is_proved_step_by_step(facts: Facts) -> None:
    found = _proofs(facts, [*_SEND, *_DOWN])
    assert {proof.status for proof in found.values()} == {PROVED}
    edge = found["tcp_sendmsg"].edge
    assert edge
    assert (edge.caller, edge.via) == ("inet_sendmsg", "struct proto.sendmsg")
    assert edge.evidence
    assert edge.evidence.startswith("net/ipv4/tcp_ipv4.c:")
    # the system call is entered by way of another, and the places of both are told
    entry = found["sys_sendto"]
    assert [place.partition(":")[0] for place in entry.sites] == ["net/socket.c", "arch/i386/kernel/entry.S"]


@pytest.mark.parametrize("path", _EXPECTED["paths"], ids=lambda path: f"{path['context']}-{path['path'][-1]}")
def test_the_paths_of_the_fixture_are_proved(facts: Facts, path: dict[str, Any]) -> None:
    names = [name.partition("@")[0] for name in path["path"]]
    context = {"unix_stream": "unix-stream", "ext3": "ext3-file"}.get(path["context"], path["context"])
    records = list(_trace(facts, names))
    records[0]["caller"], records[0]["depth"] = None, 0
    proofs = [proof for _, proof in _verifier(facts, context).proofs(records)][1:]
    assert [(proof.caller, proof.function) for proof in proofs if proof.status != PROVED] == []


@pytest.mark.parametrize("names", _EXPECTED["no_such_path"], ids=lambda names: names[-1])
def test_what_is_no_path_is_not_proved(facts: Facts, names: list[str]) -> None:
    """The edges are there, but not one after the other."""
    found = _proofs(facts, names, None)
    assert UNPROVED in [proof.status for name, proof in found.items() if name != names[0]]


def test_who_hands_a_function_in_must_be_on_the_stack(facts: Facts) -> None:
    through = ["nf_hook_slow", "dst_output"]
    assert _proofs(facts, ["ip_queue_xmit", *through])["dst_output"].status == PROVED
    wrong = _proofs(facts, ["ip_finish_output", *through])["dst_output"]
    assert wrong.status == UNPROVED
    assert wrong.hint
    assert "ip_queue_xmit" in wrong.hint


def test_a_context_excludes(facts: Facts) -> None:
    names = ["inet_sendmsg", "udp_sendmsg"]
    assert _proofs(facts, names)["udp_sendmsg"].status == BESIDES
    assert _proofs(facts, names, "udp4")["udp_sendmsg"].status == PROVED
    assert _proofs(facts, names, None)["udp_sendmsg"].status == PROVED


def test_what_is_put_off_is_entered_from_outside(facts: Facts) -> None:
    timer = _proofs(facts, ["tcp_write_timer"], context="tcp4")["tcp_write_timer"]
    assert timer.status == PROVED
    names = ["net_rx_action"]
    found = {
        record["function"]: proof
        for record, proof in _verifier(facts).proofs(_trace(facts, names, context="softirq"))
    }
    assert found["net_rx_action"].status == PROVED
    assert found["net_rx_action"].edge
    assert found["net_rx_action"].edge.caller == "__do_softirq"
    started = _proofs(facts, ["inet_init"])["inet_init"]
    assert (started.status, started.edge and started.edge.caller) == (PROVED, "do_initcalls")
    assert _proofs(facts, ["tcp_push_one"])["tcp_push_one"].status == UNPROVED


def test_flows_of_control_that_interrupt_each_other(facts: Facts) -> None:
    """Two tasks in one context and a softirq between: each step is on its own stack."""
    first = list(_trace(facts, ["sys_sendto", "sock_sendmsg", "__sock_sendmsg"]))[:3]
    second = list(_trace(facts, ["sys_write", "vfs_write", "do_sync_write", "sock_aio_write", "__sock_sendmsg"]))[:5]
    third = list(_trace(facts, ["net_rx_action"], context="softirq"))[:1]
    mixed = [first[0], second[0], first[1], third[0], second[1], second[2], first[2], second[3], second[4]]
    report = _verifier(facts).report(mixed)
    assert report.steps == {PROVED: 9, BESIDES: 0, UNPROVED: 0, ABSENT: 0}


def test_hints_say_what_the_tree_has(facts: Facts) -> None:
    assert _proofs(facts, ["sys_sendto", "__sock_sendmsg"])["__sock_sendmsg"].hint == "the tree goes by sock_sendmsg"
    assert _proofs(facts, ["skb_clone", "sys_sendto"])["sys_sendto"].hint == "skb_clone does not call it"
    enter = {"kind": "enter", "caller": None, "depth": 0, "context": "process"}
    verifier = _verifier(facts)
    (_, unknown), (_, moved) = verifier.proofs(
        [enter | {"function": "no_such", "file": "a.c"}, enter | {"function": "tcp_push_one", "file": "net/ipv4/tcp.c"}]
    )
    assert (unknown.status, unknown.hint) == (ABSENT, "this tree has no function no_such")
    assert moved.status == UNPROVED
    assert moved.hint
    assert moved.hint.startswith("tcp_push_one is at net/ipv4/tcp_output.c:")
    assert moved.hint.endswith("not in net/ipv4/tcp.c")


def test_a_report_counts_and_lists(facts: Facts) -> None:
    trace = [*_trace(facts, _SEND), *_trace(facts, _SEND), *_trace(facts, ["sys_sendto", "__sock_sendmsg"])]
    report = _verifier(facts).report(trace)
    assert report.steps == {PROVED: 2 * len(_SEND) + 1, BESIDES: 0, UNPROVED: 1, ABSENT: 0}
    ((proof, count),) = report.unproved.items()
    assert (proof.caller, proof.function, count) == ("sys_sendto", "__sock_sendmsg", 1)


def test_records_are_annotated(facts: Facts) -> None:
    trace = list(_trace(facts, [*_SEND[:4], "udp_sendmsg"]))
    found = list(_verifier(facts).annotated(trace))
    assert [{**record, "proof": None} for record in trace] == [{**record, "proof": None} for record in found]
    shown = found[3]["proof"]
    assert (shown["status"], shown["kind"], shown["via"]) == ("proved", "field", "struct proto_ops.sendmsg")
    assert found[4]["proof"]["status"] == "besides"
    assert "proof" not in found[-1]


@pytest.mark.parametrize("one", scenario.load().values(), ids=lambda one: one.name)
def test_every_step_of_a_scenario_is_an_edge_of_the_fixture(facts: Facts, one: scenario.Scenario) -> None:
    """Whatever the model enters, our small tree has, in the same file, and calls it from the same place."""
    trace = scenario.run(one).trace
    assert trace is not None
    report = _verifier(facts, one.context).report(trace.records())
    assert {(proof.caller, proof.function): proof.hint for proof in (*report.unproved, *report.absent)} == {}
    entered = sum(record["kind"] == "enter" for record in trace.records())
    # besides: what the context has nothing to do with, as ARP below TCP
    assert report.steps[PROVED] + report.steps[BESIDES] == entered > 30
    assert report.steps[BESIDES] < entered / 10


@pytest.mark.parametrize("name", ["large_write", "loopback_large", "accept"])
def test_what_a_lossy_line_brings_is_in_the_fixture_too(facts: Facts, name: str) -> None:
    one = scenario.load()[name]
    trace = scenario.run(one, {"loss": 10.0, "payload": 20_000}).trace
    assert trace is not None
    report = _verifier(facts, one.context).report(trace.records())
    assert {(proof.caller, proof.function): proof.hint for proof in (*report.unproved, *report.absent)} == {}
