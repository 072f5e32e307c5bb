"""Fields of frames as dpkt reads them, a buffer's parts without gaps, and bytes that mean nothing."""

from __future__ import annotations

import random
import socket

import pytest

from xref.stack import dissect
from xref.stack import scenario
from xref.stack.segments import segments
from xref.stack.trace import LAYOUT

dpkt = pytest.importorskip("dpkt")

NAMES = ("write", "fast_retransmit", "udp_fragmented", "udp_refused", "ip_options", "arp_resolved", "loopback", "path_mtu")


@pytest.fixture(scope="module", name="runs")
def _runs():
    return {name: scenario.run(scenario.find(name)) for name in NAMES}


def _values(fields, header):
    return {field.name: field.value for field in fields if field.header == header}


@pytest.mark.parametrize("name", NAMES)
def test_fields_are_what_dpkt_reads(runs, name):
    for _, _, frame in runs[name].frames:
        fields = dissect.frame(frame)
        # they cover the frame, in order
        assert [field.at for field in fields] == [0, *(field.at + field.size for field in fields[:-1])]
        assert fields[-1].at + fields[-1].size == len(frame)
        eth = dpkt.ethernet.Ethernet(frame)
        assert _values(fields, "Ethernet")["source"] == eth.src.hex(":")
        if isinstance(eth.data, dpkt.arp.ARP):
            arp = _values(fields, "ARP")
            assert arp["sender address"] == socket.inet_ntoa(eth.data.spa)
            assert arp["target hardware address"] == eth.data.tha.hex(":")
            assert arp["operation"].startswith(str(eth.data.op))
            continue
        ip, shown = eth.data, _values(fields, "IP")
        assert (shown["source"], shown["destination"]) == (socket.inet_ntoa(ip.src), socket.inet_ntoa(ip.dst))
        assert (shown["total length"], shown["time to live"]) == (str(ip.len), str(ip.ttl))
        assert shown["flags, fragment offset"].endswith(f", {ip.offset * 8}")
        assert ("MF" in shown["flags, fragment offset"]) == bool(ip.mf)
        if isinstance(ip.data, dpkt.tcp.TCP):
            tcp = _values(fields, "TCP")
            assert (tcp["sequence number"], tcp["acknowledgement number"]) == (str(ip.data.seq), str(ip.data.ack))
            assert set(tcp["flags"].split()) == {flag for n, flag in enumerate(dissect.FLAGS) if ip.data.flags >> n & 1}
            options = [kind for kind, _ in dpkt.tcp.parse_opts(ip.data.opts)]
            assert len([name for name in fields if name.header == "TCP" and name.name.startswith("option")]) == len(options)
        elif isinstance(ip.data, dpkt.udp.UDP):
            assert _values(fields, "UDP")["length"] == str(ip.data.ulen)
        elif isinstance(ip.data, dpkt.icmp.ICMP):
            assert _values(fields, "ICMP")["type"].startswith(str(ip.data.type))


def test_bytes_that_mean_nothing_are_fields_all_the_same():
    chance = random.Random(5)
    for _ in range(2000):
        data = chance.randbytes(chance.randrange(120))
        if chance.random() < 0.7:
            data = data[:12] + chance.choice((b"\x08\x00\x45", b"\x08\x06", b"\0\0")) + data[15:]
        for start in dissect.LAYERS:
            fields = dissect.packet(data, start, chance.choice((1, 6, 17, None)))
            assert sum(field.size for field in fields) == len(data)


def test_a_buffers_parts_cover_its_data_area(runs):
    for run in runs.values():
        for step in run.trace.steps:
            # one without a data area has no parts
            if step[12] is None or not step[12][2]:
                continue
            layout = dict(zip(LAYOUT, step[12], strict=True))
            fields = dissect.packet(step[9] or b"", dissect.starts_at(layout, step[9] or b""), layout["protocol"])
            parts = dissect.parts(layout, fields)
            assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
            assert parts[-1].end == layout["end"] or layout["end"] == layout["tail"]
            live = [part for part in parts if part.live]
            assert sum(part.end - part.start for part in live) == layout["tail"] - layout["data"]


def test_headers_are_seen_as_they_are_pushed(runs):
    seen = {}
    run = runs["write"]
    for step in run.trace.steps:
        if step[12] is not None and step[9]:
            layout = dict(zip(LAYOUT, step[12], strict=True))
            starts = dissect.starts_at(layout, step[9])
            parts = dissect.parts(layout, dissect.packet(step[9], starts, layout["protocol"]))
            seen.setdefault(step[8], []).append([part.what for part in parts if part.live])
    stages = [["payload"], ["transport", "payload"], ["network", "transport", "payload"], ["link", "network", "transport", "payload"]]
    assert any([what for n, what in enumerate(all_) if n == 0 or what != all_[n - 1]][:4] == stages for all_ in seen.values())


@pytest.mark.parametrize("name", scenario.load())
def test_each_segment_has_the_step_that_sends_or_takes_it(name):
    run = scenario.run(scenario.find(name))
    for segment in segments(run):
        assert (segment.step is None) == (segment.arrived is None and segment.sender == "server")
        if segment.step is not None:
            data = run.trace.steps[segment.step][9]
            # a checksum that is left to the card is not in it yet
            assert (data[:34], len(data)) == (segment.frame[:34], len(segment.frame))


def test_sequence_numbers_count_from_the_first(runs):
    told = [each.text for each in segments(runs["write"]) if each.protocol == "TCP"]
    assert told[:4] == ["SYN seq 0", "SYN ACK seq 0 ack 1", "ACK seq 1 ack 1", "PSH ACK seq 1 ack 1 len 100"]


def test_what_a_router_says_is_a_segment_too(runs):
    router = [each for each in segments(runs["path_mtu"]) if each.sender == "router"]
    assert {each.text for each in router} == {"unreachable: fragmentation needed"}
