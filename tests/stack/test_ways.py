"""The ways that a packet takes only when something is out of the ordinary: each leaves a sign that can be looked at."""

from __future__ import annotations

import pytest

from xref.stack import scenario


def _run(name, **given):
    return scenario.run(scenario.find(name), given)


def _notes(run):
    return [step[10]["note"] for step in run.trace.steps if step[0] == "note"]


def _calls(run):
    return {callee for _, callee in run.trace.edges()}


def _client_ip(run):
    return [frame for _, name, frame in run.frames if name == "client" and frame[12:14] == b"\x08\x00"]


def test_a_locked_driver_gets_the_packet_a_second_time():
    run = _run("driver_locked")
    assert _notes(run) == ["driver_locked"]
    card = run.hosts["client"].devices[-1]
    assert card.qdisc.requeues == 1
    # the same frames as if it had not been
    assert [frame for *_, frame in run.frames] == [frame for *_, frame in _run("driver_locked", locked=[]).frames]


def _without_tcp_checksum(frame):
    return frame[:50] + frame[52:]


@pytest.mark.parametrize("name", ["sniffer", "sniffer_loopback"])
def test_a_sniffer_hears_what_is_on_the_wire(name):
    """On loopback nobody computes the checksum, and a sniffer sees what stands in its place."""
    run = _run(name)
    (tap,) = run.hosts["client"].ptype_all
    for outgoing, side in ((True, "client"), (False, "server")):
        heard = [frame for sent, frame in tap.heard if sent is outgoing]
        frames = [frame for _, who, frame in run.frames if who in (side, "lo")]
        if name == "sniffer_loopback":
            heard, frames = (list(map(_without_tcp_checksum, each)) for each in (heard, frames))
        assert heard == frames


def test_what_was_left_to_hardware_is_summed_when_that_is_turned_off():
    run = _run("ethtool")
    assert "skb_checksum_help" in _calls(run)
    assert bytes(run.programs["server"].received["c"]) == scenario.payload(20000)
    assert "__skb_linearize" in _calls(_run("udp_linearize"))


def test_without_a_header_cache_each_header_is_built():
    run = _run("no_header_cache")
    usual = _run("no_header_cache", header_cache=True)
    assert "neigh_connected_output" in _calls(run) - _calls(usual)
    assert [frame for *_, frame in run.frames] == [frame for *_, frame in usual.frames]


def test_memory_that_is_short_delays_a_write():
    run = _run("no_memory")
    assert "memory_pressure" in _notes(run)
    (write,) = [call for call in run.calls if call["call"] == "write"]
    assert write["ret"] == 5000
    assert write["t_end"] > write["t"]


def test_a_route_that_was_dropped_is_looked_up_again():
    assert ("ip_queue_xmit", "ip_route_output_flow") in _run("reroute").trace.edges()


def test_a_narrow_path_makes_segments_smaller():
    run = _run("path_mtu")
    sizes = [len(frame) - 14 for frame in _client_ip(run)]
    assert max(sizes) == 1500
    # once it is known, nothing is too large, on the second connection neither
    last = max(n for n, size in enumerate(sizes) if size > 900)
    assert 900 in sizes[last:]
    received = run.programs["server"].received
    assert (len(received["c"]), len(received["d"])) == (20000, 2000)
    ports = [int.from_bytes(frame[34:36], "big") for frame in _client_ip(run)]
    assert all(size <= 900 for size, port in zip(sizes, ports, strict=True) if port == ports[-1])


def test_connections_are_tracked():
    run = _run("conntrack")
    assert _notes(run)[:2] == ["connection_new", "connection_replied"]
    assert list(run.hosts["client"].conntracks.values()) == [True]
