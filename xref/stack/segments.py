"""What went over the wire in a run, told as a time-sequence picture tells it: who sent what when, and did it arrive."""

from __future__ import annotations

from typing import NamedTuple

from xref.stack import dissect
from xref.stack.headers import ETH_P_ARP
from xref.stack.headers import ETH_P_IP
from xref.stack.headers import IP_OFFSET
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
    sender    "client", "server", or "lo" for what a host sends to itself
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
    steps = _steps(run)
    first: dict[tuple[bytes, bytes], int] = {}
    found = []
    lost = set(run.dropped)
    on_wire = 0
    for n, (when, sender, frame) in enumerate(run.frames):
        delay = 0 if sender == "lo" else run.options["delay"]
        # frames are counted on the wire, where those of loopback never come
        gone = sender != "lo" and on_wire in lost
        gone = gone or (not run.options["arp"] and _number(frame, 12, 2) == ETH_P_ARP)
        on_wire += sender != "lo"
        arrived = None if gone else (when + delay) / 1_000_000
        taken = steps[sender]
        step = taken.pop(0) if taken and not (gone and sender == "server") else None
        found.append(_segment(n, sender, when / 1_000_000, arrived, step, frame, first))
    return found


def _steps(run: Run) -> dict[str, list[int]]:
    """The steps that send, and those that take a frame from the card, in their order."""
    steps: dict[str, list[int]] = {"client": [], "server": [], "lo": []}
    trace = run.trace
    if trace is None:
        return steps
    inside_lo = 0
    for n, step in enumerate(trace.steps):
        if step[1] < 0:
            continue
        name = trace.functions[step[1]].name
        if name == _SENDS["lo"]:
            inside_lo += 1 if step[0] == ENTER else -1
        if step[0] != ENTER:
            continue
        for sender, function in _SENDS.items():
            if name == function:
                steps[sender].append(n)
        if name == _TAKES and not inside_lo:
            steps["server"].append(n)
    return steps


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
            text = ", ".join(field.value for field in dissect.frame(frame) if field.name in ("type", "code"))
            text = text.partition(", ")[2]
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
