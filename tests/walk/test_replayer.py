"""Standing at any step of a trace gives what playing it from the beginning gives."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from xref.stack import scenario
from xref.stack.trace import Trace
from xref.walk.facts import Facts
from xref.walk.replayer import Change
from xref.walk.replayer import Replayer
from xref.walk.verify import Verifier

NAMES = ("write", "loopback", "fast_retransmit", "queue_full", "arp_unresolved", "udp_fragmented")


def _records(name: str) -> list[dict[str, Any]]:
    trace = scenario.run(scenario.find(name)).trace
    assert trace is not None
    return list(trace.records())


@pytest.fixture(scope="module", name="write")
def _write() -> list[dict[str, Any]]:
    return _records("write")


@pytest.fixture(scope="module", name="player")
def _player(write: list[dict[str, Any]]) -> Replayer:
    return Replayer(write)


def _played(records: list[dict[str, Any]]) -> Iterator[tuple[list[str], dict[int, dict[str, Any]], dict[int, str], int]]:
    """Stack, sockets, packets and number of events after each step, by going through them all."""
    stacks: dict[int, list[str]] = {}
    sockets: dict[int, dict[str, Any]] = {}
    packets: dict[int, str] = {}
    events = 0
    for record in records:
        stack = stacks.setdefault(record["flow"], [])
        if record["kind"] == "enter":
            stack.append(record["function"])
        if "changes" in record:
            sockets.setdefault(record["sock"], {}).update(record["changes"])
        if "frame" in record:
            packets[record["skb"]] = record["frame"]
        events += record["kind"] == "event"
        yield list(stack), {sock: dict(members) for sock, members in sockets.items()}, dict(packets), events
        if record["kind"] == "leave":
            assert stack.pop() == record["function"]


@pytest.mark.parametrize("name", NAMES)
def test_any_step_is_as_if_played_from_the_beginning(name: str) -> None:
    records = _records(name)
    player = Replayer(records)
    assert len(player) == len(records)
    played = list(_played(records))
    some = random.Random(1).sample(range(len(records)), min(300, len(records)))
    for n in [*some, len(records) - 1, 0]:
        moment = player.at(n)
        stack, sockets, packets, events = played[n]
        assert [call.function for call in moment.stack] == stack
        assert moment.sockets == sockets
        assert (moment.packet.hex() if moment.packet is not None else None) == packets.get(moment.skb or 0)
        assert len(moment.events) == events
        assert moment.record is records[n]


def test_a_stack_leads_from_the_system_call_to_the_card(player: Replayer) -> None:
    sent = [n for n in player.entered("rtl8139_start_xmit") if player.at(n).stack[0].function == "sys_write"]
    moment = player.at(sent[0])
    functions = [call.function for call in moment.stack]
    assert functions[:4] == ["sys_write", "vfs_write", "do_sync_write", "sock_aio_write"]
    assert functions.index("tcp_sendmsg") < functions.index("ip_queue_xmit") < functions.index("dev_queue_xmit")
    assert moment.stack[1].caller == "sys_write"
    assert (moment.context, moment.task) == ("process", "client")
    assert moment.packet is not None
    assert moment.packet[12:14] == b"\x08\x00"


def test_a_frame_is_never_older_than_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step shows of a packet are its bytes then, headers that were written in place included."""
    seen = []
    take = Trace._frame

    def checked(trace: Trace, skb: Any) -> bytes:
        frame = take(trace, skb)
        seen.append((frame, skb.tobytes()))
        return frame

    monkeypatch.setattr(Trace, "_frame", checked)
    for name in ("write", "hardware_checksum", "udp_fragmented", "ip_options"):
        scenario.run(scenario.find(name))
    assert seen
    assert all(shown == real for shown, real in seen)


def test_changes_have_the_old_value_and_the_new(player: Replayer) -> None:
    changed = [change for n in range(len(player)) for change in player.at(n).changes if change.name == "sk_state"]
    # CLOSE when first seen, SYN_SENT, ESTABLISHED, FIN_WAIT1 and so on
    assert changed[:3] == [Change("sk_state", None, 7), Change("sk_state", 7, 2), Change("sk_state", 2, 1)]
    assert all(old.new == new.old for old, new in pairwise(changed))


def test_a_debuggers_keys(player: Replayer) -> None:
    enter = next(player.entered("sys_write"))
    leave = player.out(enter)
    assert leave is not None
    assert player.records[leave]["function"] == "sys_write"
    assert player.over(enter) == leave + 1
    inside = player.next(enter, lambda record: record["function"] == "tcp_push")
    assert inside is not None
    assert player.records[player.back(inside) or 0]["function"] == "tcp_sendmsg"
    assert [player.records[n]["function"] for n in player.calls(enter)][-1] == "vfs_write"
    outside = {player.records[n]["function"] for n in player.calls()}
    assert {"sys_socket", "sys_connect", "sys_write", "do_softirq"} <= outside
    assert player.back(enter) is None
    assert player.next(len(player) - 1, lambda _record: True) is None
    assert player.over(len(player) - 1) == len(player) - 1


def test_two_programs_on_one_host_have_a_stack_each() -> None:
    records = _records("loopback")
    player = Replayer(records)
    tasks = {record["task"] for record in records if record["context"] == "process"}
    assert tasks == {"client", "server"}
    for n, record in enumerate(records):
        if record["kind"] == "enter":
            stack = player.stack(n)
            assert len(stack) == record["depth"] + 1
            assert (stack[-2].function if len(stack) > 1 else None) == record["caller"]


def test_records_from_a_file_are_the_same(write: list[dict[str, Any]], player: Replayer) -> None:
    again = Replayer(json.loads(json.dumps(write)))
    assert again.at(100) == player.at(100)


def test_proofs_become_places(facts: Facts, write: list[dict[str, Any]]) -> None:
    player = Replayer(Verifier(facts.graph, facts.contexts["tcp4"]).annotated(write))
    stack = player.stack(next(player.entered("tcp_sendmsg")))
    assert stack[-1].site
    assert stack[-1].site.startswith("net/ipv4/af_inet.c:")
    assert stack[-1].evidence
    assert stack[-1].evidence.startswith("net/ipv4/tcp_ipv4.c:")


@pytest.mark.parametrize("n", [-1, 10**9])
def test_a_step_that_there_is_not(player: Replayer, n: int) -> None:
    with pytest.raises(IndexError, match=f"there is no step {n}"):
        player.at(n)


@pytest.mark.parametrize("records", [[{}], [3], [{"kind": "leave", "context": "process"}]])
def test_what_is_no_trace(records: list[Any]) -> None:
    with pytest.raises(ValueError, match="step 0 is no record of a trace"):
        Replayer(records)


def test_an_empty_trace() -> None:
    assert len(Replayer([])) == 0
