"""What went over the wire in a run, told as a time-sequence picture tells it: who sent what when, and did it arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xref.stack import dissect
from xref.stack.headers import ETH_P_ARP
from xref.stack.headers import ETH_P_IP
from xref.stack.headers import IP_OFFSET
from xref.stack.headers import IPPROTO_ICMP
from xref.stack.headers import IPPROTO_TCP
from xref.stack.headers import IPPROTO_UDP
from xref.stack.headers import dotted
from xref.stack.scenario import Run
from xref.stack.trace import ENTER

#: functions of which each call is a frame that leaves this host, or is taken from the card
_SENDS = {"client": "rtl8139_start_xmit", "lo": "loopback_xmit"}
_TAKES = "eth_type_trans"


class Segment(NamedTuple):
    """A frame on the wire.

    n         its place in the order of sending, from 0
    sender    "client", "server", "router" for what something on the way says, or "lo" for what a host sends to itself
    sent      when it left, in seconds; arrived: when it came to the other end, None where it was lost
    protocol  "TCP", "UDP", "ICMP", "ARP" or "IP"
    seq, ack  of TCP, counted from the first of its direction seen here; None for others
    flags     of TCP, as words; length: bytes of payload
    text      the frame in a line
    step      the step of the trace in which it is sent, or received; None where the trace has neither
    frame     its bytes
    """

    n: int
    sender: str
    sent: float
    arrived: float | None
    protocol: str
    seq: int | None
    ack: int | None
    flags: str
    length: int
    text: str
    step: int | None
    frame: bytes


def segments(run: Run) -> list[Segment]:
    """The frames of a run, in the order in which they were sent."""
    sends, takes = _steps(run)
    first: dict[tuple[bytes, bytes], int] = {}
    delay = run.options["delay"]
    lost = set(run.dropped)
    on_wire = 0
    seen: list[tuple[float, str, float | None, int | None, bytes]] = []
    for when, sender, frame in run.frames:
        # frames are counted on the wire, where those of loopback never come
        gone = sender != "lo" and on_wire in lost
        gone = gone or (not run.options["arp"] and _number(frame, 12, 2) == ETH_P_ARP)
        on_wire += sender != "lo"
        step: int | None = None
        if sender != "server":
            step = next(sends[sender], None)
        elif not gone:
            step = next((n for n, data in takes.items() if data == frame), None)
            takes.pop(step or 0, None)
        seen.append((when, sender, None if gone else when + (0 if sender == "lo" else delay), step, frame))
    # what came in and no host sent
    for n, data in takes.items():
        when = run.trace.steps[n][5] if run.trace else 0
        seen.append((max(when - delay, 0), "router", when, n, data))
    seen.sort(key=lambda each: each[0])
    return [
        _segment(n, sender, sent / 1e6, None if came is None else came / 1e6, step, frame, first)
        for n, (sent, sender, came, step, frame) in enumerate(seen)
    ]


def _steps(run: Run) -> tuple[dict[str, Iterator[int]], dict[int, bytes]]:
    """The steps that send, by sender, and those that take a frame from the card, with its bytes; in their order."""
    sends: dict[str, list[int]] = {sender: [] for sender in _SENDS}
    takes: dict[int, bytes] = {}
    inside_lo = 0
    trace = run.trace
    for n, step in enumerate(trace.steps if trace else ()):
        name = trace.name(step[1]) if trace else None
        if name == _SENDS["lo"]:
            inside_lo += 1 if step[0] == ENTER else -1
        if step[0] != ENTER:
            continue
        for sender, function in _SENDS.items():
            if name == function:
                sends[sender].append(n)
        if name == _TAKES and not inside_lo:
            takes[n] = step[9] or b""
    return {sender: iter(steps) for sender, steps in sends.items()}, takes


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _segment(
    n: int,
    sender: str,
    sent: float,
    arrived: float | None,
    step: int | None,
    frame: bytes,
    first: dict[tuple[bytes, bytes], int],
) -> Segment:
    kind = _number(frame, 12, 2)
    seq = ack = None
    flags = ""
    length = 0
    protocol, text = "?", ""
    if kind == ETH_P_ARP:
        protocol = "ARP"
        asked, of = dotted(_number(frame, 38, 4)), dotted(_number(frame, 28, 4))
        text = f"who has {asked}?" if _number(frame, 20, 2) == 1 else f"{of} is at {frame[22:28].hex(':')}"
    elif kind == ETH_P_IP:
        at = 14 + (frame[14] & 15) * 4
        end = 14 + _number(frame, 16, 2)
        number = frame[23]
        protocol = dissect.PROTOCOLS.get(number, "IP")
        offset = (_number(frame, 20, 2) & IP_OFFSET) * 8
        length = end - at
        if offset:
            text = f"fragment at {offset}, {length} bytes"
        elif number == IPPROTO_TCP:
            bits = frame[at + 13]
            flags = dissect.flags(bits)
            length = end - at - (frame[at + 12] >> 4) * 4
            seq, ack = _relative(frame, at, bits, first)
            text = f"{flags} seq {seq}" + ("" if ack is None else f" ack {ack}") + (f" len {length}" if length else "")
        elif number == IPPROTO_UDP:
            length = _number(frame, at + 4, 2) - 8
            text = f"port {_number(frame, at + 2, 2)}, {length} bytes"
        else:
            text = dissect.icmp(frame[at:]) if number == IPPROTO_ICMP else f"{length} bytes"
    return Segment(n, sender, sent, arrived, protocol, seq, ack, flags, length, text, step, frame)


def _relative(
    frame: bytes, at: int, bits: int, first: dict[tuple[bytes, bytes], int]
) -> tuple[int, int | None]:
    """Sequence and acknowledgement number, each counted from the first that its direction showed here."""
    here = (frame[26:30] + frame[at : at + 2], frame[30:34] + frame[at + 2 : at + 4])
    there = (here[1], here[0])
    number = _number(frame, at + 4, 4)
    if bits & 2 or here not in first:
        first[here] = number
    seq = (number - first[here]) & 0xFFFFFFFF
    if not bits & 16:
        return seq, None
    answered = _number(frame, at + 8, 4)
    first.setdefault(there, answered)
    return seq, (answered - first[there]) & 0xFFFFFFFF
