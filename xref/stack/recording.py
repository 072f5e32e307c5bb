"""A recording of a real kernel, and what its frames tell: random choices, and where its clock stood."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_block_sub
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.headers import addr

MICRO = 1_000_000
# what the emulated machine takes, in microseconds: from the wire to the interrupt, and to receive a frame
LATENCY = 150
RECEIVE = 150


class ReplayError(ValueError):
    """A recording that cannot be read, or asks for what the model does not have."""


def load(path: Path) -> list[dict[str, Any]]:
    """The scenarios of a recording, a JSON list, perhaps compressed with gzip."""
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
        recordings = json.loads(raw)
    except (OSError, EOFError, ValueError) as problem:
        raise ReplayError(f"{path}: not a recording that can be read ({problem})") from problem
    if not isinstance(recordings, list) or not all(isinstance(one, dict) and "scenario" in one for one in recordings):
        raise ReplayError(f"{path}: a recording is a list of scenarios")
    return recordings


def find(recordings: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """One scenario of a recording, by its name."""
    for one in recordings:
        if one["scenario"] == name:
            return one
    raise ReplayError(f"the recording has no scenario {name}")


class Wire:
    """What the frames of a recording tell of the kernel's random choices."""

    def __init__(self, frames: list[dict[str, Any]]) -> None:
        self.isn: dict[tuple[int, int, int], int] = {}
        self.ports: dict[tuple[int, int], list[int]] = {}
        self.udp_ports: list[int] = []
        self.stamps: list[tuple[float, int]] = []
        self.unasked: list[tuple[float, int]] = []
        self.syns: list[tuple[float, int]] = []
        self.syn_acks: dict[tuple[int, int, int], list[float]] = {}
        self.ids: dict[int, int] = {}
        self.sent_stamps: list[int | None] = []
        self.days: list[int] = []
        self.probes: list[tuple[float, int]] = []
        self.own = (addr("192.168.7.2"), bytes.fromhex("525400123456"))
        quiet = -1.0
        for frame in frames:
            before, quiet = quiet, frame["t"]
            if frame["dir"] == "out":
                raw = bytes.fromhex(frame["hex"])
                stamp = tcp_stamp(raw)[0]
                if stamp is not None and is_syn(raw):
                    self.syns.append((frame["t"], stamp))
                elif stamp is not None and frame["t"] - before > 0.002:
                    self.unasked.append((frame["t"], stamp))
                self.sent_stamps.append(tcp_stamp(raw)[0])
                # what a frame that was cut short lacks is read as zeros
                self._look(frame["t"], raw.ljust(80, b"\0"))
                self._look_at_day(frame["t"], raw.ljust(80, b"\0"))

    def _look_at_day(self, t: float, raw: bytes) -> None:
        """Microseconds of the day at time 0, where a frame tells them (IP timestamp option, ICMP timestamp)."""
        if raw[12:14] != b"\x08\x00":
            return
        at = 14 + (raw[14] & 15) * 4
        option = 34
        while option < at and raw[option] > 1 and raw[option + 1] > 1:
            if raw[option] == 68 and raw[option + 3] & 0xF in (0, 1):
                first = option + (4 if raw[option + 3] & 0xF == 0 else 8)
                self._add_day(t, raw[first : first + 4])
                return
            option += raw[option + 1]
        if raw[23] == 1 and raw[at] == 14:
            self._add_day(t, raw[at + 12 : at + 16])

    def _add_day(self, t: float, stamp: bytes) -> None:
        self.days.append(int.from_bytes(stamp, "big") * 1000 + 500 - (round(t * MICRO) - LATENCY - RECEIVE))

    def _look(self, t: float, raw: bytes) -> None:
        kind = raw[12:14]
        if kind == b"\x08\x06":
            self.own = (int.from_bytes(raw[28:32], "big"), raw[6:12])
            if raw[20:22] == b"\0\1" and not raw[0] & 1:
                self.probes.append((t, int.from_bytes(raw[38:42], "big")))
            return
        if kind != b"\x08\x00" or int.from_bytes(raw[20:22], "big") & 0x1FFF:
            return
        at = 14 + (raw[14] & 15) * 4
        daddr = int.from_bytes(raw[30:34], "big")
        if not raw[20] & 0x40:
            self.ids.setdefault(daddr, int.from_bytes(raw[18:20], "big"))
        sport, dport = int.from_bytes(raw[at : at + 2], "big"), int.from_bytes(raw[at + 2 : at + 4], "big")
        if raw[23] == 17 and sport not in self.udp_ports:
            self.udp_ports.append(sport)
        if raw[23] != 6 or len(raw) < at + 20:
            return
        if raw[at + 13] & 2:
            self.isn.setdefault((daddr, sport, dport), int.from_bytes(raw[at + 4 : at + 8], "big"))
            if not raw[at + 13] & 16 and sport not in self.ports.setdefault((daddr, dport), []):
                self.ports[daddr, dport].append(sport)
            if raw[at + 13] & 16:
                self.syn_acks.setdefault((daddr, dport, sport), []).append(t)
        stamp = tcp_stamp(raw)[0]
        if stamp is not None:
            self.stamps.append((t, stamp))


def tcp_stamp(raw: bytes) -> tuple[int | None, int]:
    """Timestamp that a frame carries, if it is a TCP segment that has one, and where in the frame the option is."""
    start = segment(raw)
    if not start:
        return None, 0
    at, end = start + 20, min(start + (raw[start + 12] >> 4) * 4, len(raw))
    while at < end:
        if raw[at] in (0, 1):
            at += 1
            continue
        size = raw[at + 1] if at + 1 < end else 0
        if size < 2:
            break
        if raw[at] == 8 and size == 10 and at + 10 <= end:
            return int.from_bytes(raw[at + 2 : at + 6], "big"), at
        at += size
    return None, 0


class GuestClock:
    """The guest's jiffies by the wire's clock: where a tick must have come, as the timestamps that were sent tell.

    A segment carries the jiffies of the moment in which it was made, and is on the wire a little later. So of all
    segments of a while, the one with the most jiffies for its time is nearest to the tick; between such points the
    clocks drift evenly.
    """

    WHILE = 2.0
    # milliseconds from the tick of a timer to its segment on the wire, on the emulated machine
    DELAY = 0.1

    def __init__(self, stamps: list[tuple[float, int]]) -> None:
        self.base = stamps[0][1] - int(stamps[0][0] * 1000) if stamps else (1 << 32) - 200_000
        points: list[tuple[float, float]] = []
        group: list[tuple[float, float]] = []
        for t, stamp in stamps:
            ahead = ((stamp - self.base + (1 << 31)) & 0xFFFFFFFF) - (1 << 31) - t * 1000
            if group and t - group[0][0] > self.WHILE:
                points.append(max(group, key=lambda one: one[1]))
                group = []
            group.append((t, ahead))
        if group:
            points.append(max(group, key=lambda one: one[1]))
        self.points = [(t, ahead + self.DELAY) for t, ahead in points] or [(0.0, 0.0)]

    def ahead(self, t: float) -> float:
        """Milliseconds that the guest's clock is ahead of the wire's (beyond `base`) at a time on the wire."""
        points = self.points
        if t <= points[0][0]:
            return points[0][1]
        for (t0, a0), (t1, a1) in itertools.pairwise(points):
            if t <= t1:
                return a0 + (a1 - a0) * (t - t0) / (t1 - t0)
        return points[-1][1]

    def guest(self, t: float) -> int:
        """Microseconds of the guest's clock at a time on the wire (seconds)."""
        return round((t * 1000 + self.ahead(t)) * 1000)

    def wire(self, guest: int) -> float:
        """Time on the wire (seconds) at a time of the guest's clock (microseconds)."""
        t = guest / MICRO
        for _ in range(3):
            t = guest / MICRO - self.ahead(t) / 1000
        return t


def replaced(frame: bytes, at: int, new: bytes) -> bytes:
    """Four bytes of a TCP segment changed, and its checksum by as much (a wrong one stays wrong)."""
    start = 14 + (frame[14] & 15) * 4
    check = int.from_bytes(frame[start + 16 : start + 18], "big")
    odd = (at - start) & 1
    total = csum_block_sub(~check & 0xFFFF, csum_partial(frame[at : at + 4]), odd)
    check = csum_fold(csum_block_add(total, csum_partial(new), odd))
    out = bytearray(frame)
    out[at : at + 4] = new
    out[start + 16 : start + 18] = check.to_bytes(2, "big")
    return bytes(out)


def segment(raw: bytes) -> int:
    """Where the TCP header of a frame is, 0 if it has none that is whole."""
    if len(raw) < 34 or raw[12:14] != b"\x08\x00" or raw[23] != 6 or int.from_bytes(raw[20:22], "big") & 0x1FFF:
        return 0
    at = 14 + (raw[14] & 15) * 4
    return at if len(raw) >= at + 20 else 0


def is_syn(raw: bytes) -> bool:
    """A segment that asks for a connection."""
    at = segment(raw)
    return bool(at) and raw[at + 13] & 0x12 == 2


def ack_of(raw: bytes) -> int:
    """What a segment acknowledges, 0 if it does not."""
    at = segment(raw)
    return int.from_bytes(raw[at + 8 : at + 12], "big") if at and raw[at + 13] & 16 else 0


def in_order_end(raw: bytes, expected: int) -> int:
    """Where the data of a segment end, if it has any and begins where the last acknowledgement ended; else 0."""
    at = segment(raw)
    if not at or raw[at + 13] & 2:
        return 0
    size = int.from_bytes(raw[16:18], "big") - (at - 14) - (raw[at + 12] >> 4) * 4
    seq = int.from_bytes(raw[at + 4 : at + 8], "big")
    return (seq + size) & 0xFFFFFFFF if size > 0 and seq == expected else 0
