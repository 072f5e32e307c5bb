"""Every scenario runs to its end, says what it should, and puts frames on the wire that others can read."""

from __future__ import annotations

import io
import json
import socket
import time
import tracemalloc

import pytest

from xref.stack import pcap
from xref.stack import scenario
from xref.stack.trace import ENTER
from xref.stack.trace import LEAVE

ALL = scenario.load()

#: what a scenario must return: the errors in the order in which the calls ended
ERRORS = {
    "connect_nonblock": ["EINPROGRESS", "EAGAIN"],
    "connect_timeout": ["ETIMEDOUT"],
    "connect_refused": ["ECONNREFUSED"],
    "not_connected": ["EPIPE"],
    "efault": ["EFAULT"],
    "would_block": ["EAGAIN"],
    "arp_unresolved": ["EHOSTUNREACH"],
    "no_route": ["ENETUNREACH"],
    "udp_emsgsize": ["EMSGSIZE"],
    "udp_refused": ["ECONNREFUSED"],
    "udp_netfilter": ["EPERM"],
}


@pytest.fixture(scope="module", name="runs")
def _runs():
    return {name: scenario.run(one) for name, one in ALL.items()}


def test_there_are_at_least_thirty_and_each_says_what_it_teaches():
    assert len(ALL) >= 30
    for one in ALL.values():
        assert one.teaches.endswith("."), one.name
        assert set(one.options) <= set(scenario.DEFAULTS), one.name


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_left_behind(runs, name):
    run = runs[name]
    for host in run.hosts.values():
        assert not any(host.leaks().values()), host.name


@pytest.mark.parametrize(("name", "errors"), ERRORS.items())
def test_the_errors_are_those_that_a_program_sees(runs, name, errors):
    assert [call["errno"] for call in runs[name].calls if call["errno"]] == errors


@pytest.mark.parametrize("name", ALL)
def test_what_arrives_is_what_was_sent(runs, name):
    run = runs[name]
    sent = scenario.payload(run.options["payload"])
    for program in run.programs.values():
        for label, data in program.received.items():
            if label == "c" and name not in ("urgent", "efault"):
                assert bytes(data) == sent[: len(data)]


@pytest.mark.parametrize("name", ALL)
def test_a_trace_nests(runs, name):
    trace = runs[name].trace
    depth = {}
    for step in trace.steps:
        kind, number, caller, level = step[:4]
        if kind == ENTER:
            depth[number] = level
            assert (caller < 0) == (level == 0)
        elif kind == LEAVE:
            assert level == depth[number] or number in depth


def test_the_same_seed_gives_the_same_steps():
    one, other = (json.dumps(list(scenario.run(ALL["random_loss"]).trace.records())) for _ in range(2))
    assert one == other
    third = json.dumps(list(scenario.run(ALL["random_loss"], {"seed": 9}).trace.records()))
    assert third != one


@pytest.mark.parametrize("name", ALL)
def test_frames_decode_as_others_read_them(runs, name):
    dpkt = pytest.importorskip("dpkt")
    capture = pcap.capture(runs[name].capture(), 1_109_800_000)
    for _, raw in dpkt.pcap.Reader(io.BytesIO(capture)):
        frame = dpkt.ethernet.Ethernet(raw)
        if not isinstance(frame.data, dpkt.ip.IP):
            assert isinstance(frame.data, dpkt.arp.ARP)
            continue
        packet = frame.data
        assert packet.len == len(raw) - 14
        assert dpkt.in_cksum(raw[14 : 14 + packet.hl * 4]) == 0
        if packet.mf or packet.offset or packet.p not in (6, 17):
            continue
        inner = raw[14 + packet.hl * 4 :]
        if packet.p == 17 and not packet.data.sum:
            continue
        pseudo = packet.src + packet.dst + bytes((0, packet.p)) + len(inner).to_bytes(2, "big")
        assert dpkt.in_cksum(pseudo + inner) == 0
        assert socket.inet_ntoa(packet.dst).startswith(("192.168.7.", "127.", "10."))


def test_the_events_of_a_send_are_those_of_the_document(runs):
    names = [event["event"] for event in runs["write"].events]
    order = ["EVENT_SOCKET", "EVENT_CONNECT", "EVENT_SOCK_SENDMSG", "EVENT_TCP_SENDMSG", "EVENT_TCP_WRITEXMIT"]
    places = [names.index(name) for name in order]
    assert places == sorted(places)
    assert "EVENT_TCP_TRANSKB" in names[places[-1] :]


@pytest.mark.parametrize(
    ("given", "says"),
    [({"mss": 3}, "mss is from"), ({"nosuch": 1}, "no option 'nosuch'"), ({"machine": "vax"}, "no machine 'vax'")],
)
def test_a_bad_option_is_refused(given, says):
    with pytest.raises(scenario.ScenarioError, match=says):
        scenario.run(ALL["write"], given)


def test_an_unknown_scenario_is_refused():
    with pytest.raises(scenario.ScenarioError, match="no scenario 'nosuch'"):
        scenario.find("nosuch")


def test_a_megabyte_with_and_without_a_trace_is_fast_enough():
    big = {"payload": 1 << 20}
    began = time.process_time()
    run = scenario.run(ALL["large_write"], big, trace=False)
    assert sum(map(len, run.programs["server"].received.values())) == 1 << 20
    # three times what the issue allows: test machines are busy
    assert time.process_time() - began < 3
    tracemalloc.start()
    try:
        traced = scenario.run(ALL["large_write"], big)
        assert traced.trace.dropped == 0
        assert tracemalloc.get_traced_memory()[1] < 300 << 20
    finally:
        tracemalloc.stop()
