"""Drives the model with a recording of a real kernel: its system calls and the frames that came in, at their times.

What a kernel draws at random is taken from the recording: initial sequence numbers, local ports, the first IP
identifications, and where jiffies stood, which the timestamps of its segments tell. All else is the model's doing.

Two clocks made a recording, the guest's (calls) and the wire's (frames), and a real kernel takes time where the model
takes none. So times alone do not say what came first. A frame that came in is therefore not delivered before the model
has sent as many frames as had gone out before it on the wire, for as long as that may still be a matter of clocks.
"""

from __future__ import annotations

import errno
import gzip
import itertools
import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

from xref.stack import socket
from xref.stack import uaccess
from xref.stack import vfs
from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_block_sub
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.clock import Loop
from xref.stack.device import EthernetCard
from xref.stack.headers import addr
from xref.stack.host import Host
from xref.stack.machine import X86_64
from xref.stack.names import FLAGS
from xref.stack.names import KINDS
from xref.stack.names import NAMES
from xref.stack.names import SHUTS
from xref.stack.sockcore import ERESTARTSYS

MICRO = 1_000_000
PATTERN_SIZE = 1 << 20
DATA = 0x10200000
SCRATCH = 0x30000000
SCRATCH_SIZE = 1 << 20
EFAULT_PAGE = 0x20000000
PAGE = 4096
# what the emulated machine takes, in microseconds: from the wire to the interrupt, to receive a frame, to send one
LATENCY = 150
RECEIVE = 150
SEND = 40
# and a process, to run after it was woken, and to copy a segment
WAKE = 450
COPY = 100
# how near a frame must follow an event, in seconds, to count as what the event made the kernel send
SOON = 0.008
# how long a frame may be held back because the model has not yet sent what came before it on the wire
PATIENCE = 60_000
# the same for what, going by the acknowledgement alone, may have come before
SHORT_PATIENCE = 3_000

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


class _Wire:
    """What the frames of a recording tell of the kernel's random choices."""

    def __init__(self, frames: list[dict[str, Any]]) -> None:
        self.isn: dict[tuple[int, int, int], int] = {}
        self.ports: dict[tuple[int, int], list[int]] = {}
        self.udp_ports: list[int] = []
        self.stamps: list[tuple[float, int]] = []
        self.unasked: list[tuple[float, int]] = []
        self.syns: list[tuple[float, int]] = []
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
                if stamp is not None and _is_syn(raw):
                    self.syns.append((frame["t"], stamp))
                elif stamp is not None and frame["t"] - before > 0.002:
                    self.unasked.append((frame["t"], stamp))
                self.sent_stamps.append(tcp_stamp(raw)[0])
                self._look(frame["t"], raw)
                self._look_at_day(frame["t"], raw)

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
        stamp = tcp_stamp(raw)[0]
        if stamp is not None:
            self.stamps.append((t, stamp))


def tcp_stamp(raw: bytes) -> tuple[int | None, int]:
    """Timestamp that a frame carries, if it is a TCP segment that has one, and where in the frame the option is."""
    if raw[12:14] != b"\x08\x00" or raw[23] != 6 or int.from_bytes(raw[20:22], "big") & 0x1FFF:
        return None, 0
    start = 14 + (raw[14] & 15) * 4
    if len(raw) < start + 20:
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


class Replay:
    """One scenario of a recording, and the model that it drives."""

    def __init__(self, recording: dict[str, Any]) -> None:
        self.recording = recording
        self.frames: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.labels: dict[str, int] = {}
        self.last_address = (0, 0)
        self.sent = 0
        self.loop = Loop()
        wire = self.wire = _Wire(recording["frames"])
        self.clock = GuestClock(wire.stamps)
        self.stamps: list[int | None] = []
        self.host = Host(self.loop, name="guest", machine=X86_64, jiffies=self.clock.base & 0xFFFFFFFF)
        k = self.host
        if wire.days:
            k.day_offset = sum(wire.days) // len(wire.days) - k.wall % 86400 * MICRO - self.clock.guest(0.0)
        for name, value in recording.get("sysctls", {}).items():
            k.sysctl.set(name, value)
        ip, address = wire.own
        self.card = EthernetCard(k, "eth0", ip=ip, bits=24, address=address)
        k.add_network(self.card)
        self.card.transmit = self._out
        k.wake_latency, k.copy_time = WAKE, COPY
        self._random()
        self._memory()
        ends = [g.get("t_end", g["t"]) for g in recording["guest"]] + [f["t"] for f in recording["frames"]]
        self.end = max(ends, default=0.0)
        self.incoming = self._incoming()

    def _random(self) -> None:
        k, wire = self.host, self.wire
        fallback = k.secure_tcp_sequence_number
        k.secure_tcp_sequence_number = lambda s, d, sport, dport: wire.isn.get(
            (d, sport, dport), wire.isn.get((s, dport, sport), fallback(s, d, sport, dport))
        )

        def port(daddr: int, dport: int) -> int | None:
            known = wire.ports.get((daddr, dport))
            return known.pop(0) if known else None

        k.connect_port = port
        number = k.secure_ip_id
        k.secure_ip_id = lambda daddr: wire.ids.get(daddr, number(daddr))
        if wire.udp_ports:
            k.udp_port_rover = wire.udp_ports[0]

    def _memory(self) -> None:
        memory = self.host.memory
        pattern = bytes(n % 251 for n in range(251)) * (PATTERN_SIZE // 251 + 1)
        self.pattern = pattern[:PATTERN_SIZE]
        memory.map(self.pattern, DATA)
        memory.map(SCRATCH_SIZE, SCRATCH)
        memory.map(self.pattern[:PAGE], EFAULT_PAGE)

    # the wire

    def _out(self, frame: bytes) -> None:
        self.sent += 1
        self.stamps.append(tcp_stamp(frame)[0])
        self.loop.spend(SEND)
        self.frames.append({"t": self.clock.wire(self.loop.now), "hex": frame.hex()})

    def _echo(self, frame: bytes, before: int) -> bytes:
        """The frame with the timestamp echoed that the model has sent where the real kernel sent another."""
        _, at = tcp_stamp(frame)
        if not at:
            return frame
        echoed = int.from_bytes(frame[at + 6 : at + 10], "big")
        for n in range(min(before, len(self.stamps), len(self.wire.sent_stamps)) - 1, -1, -1):
            mine = self.stamps[n]
            if self.wire.sent_stamps[n] == echoed and mine is not None and mine != echoed:
                return _replace(frame, at + 6, mine.to_bytes(4, "big"))
            if self.wire.sent_stamps[n] == echoed:
                break
        return frame

    def _incoming(self) -> list[tuple[int, int, int, bytes]]:
        """Frames that came in: when to deliver them, how many had gone out before, how many of these perhaps, bytes."""
        frames = self.recording["frames"]
        out = 0
        found = []
        covered = 0
        for n, frame in enumerate(frames):
            raw = bytes.fromhex(frame["hex"])
            if frame["dir"] == "out":
                out += 1
                acked = _ack(raw)
                covered = acked if acked and (not covered or (covered - acked) & 0x80000000) else covered
                continue
            following = frames[n + 1] if n + 1 < len(frames) else None
            due, late = self._due(frame["t"], raw, following, covered)
            covered = _in_order_end(raw, covered) or covered
            found.append((due, out + late, late, raw))
        return found

    def _due(self, t: float, raw: bytes, following: dict[str, Any] | None, covered: int) -> tuple[int, int]:
        """When the kernel must have processed a frame, and whether only after the frame that it sent next.

        The frame that it sent next carries its jiffies; and it acknowledges the data, or was made before they came.
        """
        due = self.clock.guest(t) + LATENCY
        if following is None or following["dir"] != "out" or following["t"] - t > SOON:
            return due, 0
        answer = bytes.fromhex(following["hex"])
        stamp = tcp_stamp(answer)[0]
        end = _in_order_end(raw, covered)
        if end:
            if (_ack(answer) - end) & 0x80000000:
                return due, 1
            if stamp is not None:
                tick = self._tick(stamp)
                if tick <= due < tick + 1500:
                    return tick - 1, 0
            return due, 0
        if stamp is not None:
            tick, slack = self._tick(stamp), round(SOON * MICRO)
            due = min(max(due, min(tick, due + slack)), max(tick + 700, due - slack))
        return due, 0

    def _tick(self, stamp: int) -> int:
        """Microseconds of the guest's clock at which jiffies became that."""
        return (((stamp - self.clock.base + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)) * 1000

    def _feed(self) -> None:
        """Deliver what may be delivered now, and come again when more may be."""
        now = self.loop.now
        while self.incoming:
            due, before, late, frame = self.incoming[0]
            if now < due:
                self.loop.at(due, self._feed)
                return
            patience = max(PATIENCE, due // 16) if self.sent < before - late else SHORT_PATIENCE
            if self.sent < before and now < due + patience:
                self.loop.after(200, self._feed)
                return
            self.incoming.pop(0)
            self.loop.spend(RECEIVE)
            self.card.receive(self._echo(frame, before))
            self.loop.run_tasks()

    # the guest

    def run(self) -> dict[str, Any]:
        """Drive the model; what it sent and returned."""
        drift = float((self.recording.get("clock") or {}).get("guest_vs_pcap_drift_s") or 0.0)
        self.host.spawn(self._guest(drift), "guest")
        self._feed()
        limit = self.clock.guest(self.end)
        self.loop.run(until=limit + max(12_000, limit // 200))
        return {"frames": self.frames, "calls": self.calls}

    def _guest(self, drift: float) -> Generator[None, None, None]:
        entries = [entry for entry in self.recording["guest"] if isinstance(entry.get("ret"), int)]
        for entry, when in zip(entries, self._call_times(entries, drift), strict=True):
            yield from self.host.sleep_until(when)
            result = yield from self._call(entry)
            task = self.host.task()
            if result == -ERESTARTSYS:
                result = -errno.EINTR
            task.take_signals()
            self.calls.append(
                {"ret": result if result >= 0 else -1, "errno": errno.errorcode[-result] if result < 0 else None}
            )
            if entry.get("label") and result >= 0:
                self.labels[entry["label"]] = result

    def _call_times(self, entries: list[dict[str, Any]], drift: float) -> list[int]:
        """When the calls begin: none after the one that follows it."""
        times: list[int] = []
        for entry in reversed(entries):
            when = entry["t"] + (drift * min(1.0, entry["t"] / self.end) if self.end else 0.0)
            due = self._call_time(when, entry["call"])
            times.append(min([due, *times[-1:]]))
        return times[::-1]

    def _call_time(self, when: float, call: str) -> int:
        """When a call begins, by the guest's jiffies: those of the segment it sends, if one is near."""
        due = self.clock.guest(when)
        if call == "connect":
            syns = [self._tick(stamp) for t, stamp in self.wire.syns if when - 0.002 < t < when + 0.01]
            return syns[0] + 100 if syns and abs(syns[0] - due) < 8000 else due
        near = [
            self._tick(stamp) + 300
            for t, stamp in self.wire.unasked
            if when - 0.003 < t < when + 0.003 and abs(self._tick(stamp) + 300 - due) < 4000
        ]
        return near[0] if near else due

    def _call(self, entry: dict[str, Any]) -> Generator[None, None, int]:
        name, args = entry["call"], entry["args"]
        perform = getattr(self, f"_do_{name}", None)
        if perform is None:
            raise ReplayError(f"the recording calls {name}, which the model does not have")
        result: int = yield from perform([part.strip() for part in _split(args)])
        return result

    def _fd(self, text: str) -> int:
        label = text.lstrip("$")
        if label in self.labels:
            return self.labels[label]
        return int(text, 0) if re.fullmatch(r"-?\d+", text) else -1

    def _pointer(self, text: str) -> int:
        if text.startswith("data"):
            return DATA + int(text[4:] or 0)
        if text.startswith("buf"):
            return SCRATCH
        text = text.partition(" ")[0]
        return 0 if text == "NULL" else int(text, 0)

    def _address(self, text: str) -> tuple[int, int]:
        host, _, port = text.rpartition(":")
        self.last_address = (addr(host), int(port))
        return self.last_address

    # calls

    def _do_socket(self, args: list[str]) -> Generator[None, None, int]:
        family = 2 if args[0] == "AF_INET" else 10
        return (yield from socket.sys_socket(self.host, family, KINDS.get(args[1], 0), int(args[2], 0)))

    def _do_connect(self, args: list[str]) -> Generator[None, None, int]:
        family = 0 if "UNSPEC" in args[1] else 2
        address = (0, 0) if family == 0 else self._address(args[1])
        return (yield from socket.sys_connect(self.host, self._fd(args[0]), address, family))

    def _do_bind(self, args: list[str]) -> Generator[None, None, int]:
        host, _, port = args[1].rpartition(":")
        return (yield from socket.sys_bind(self.host, self._fd(args[0]), (addr(host), int(port))))

    def _do_listen(self, args: list[str]) -> Generator[None, None, int]:
        return (yield from socket.sys_listen(self.host, self._fd(args[0]), int(args[1])))

    def _do_accept(self, args: list[str]) -> Generator[None, None, int]:
        return (yield from socket.sys_accept(self.host, self._fd(args[0])))

    def _do_write(self, args: list[str]) -> Generator[None, None, int]:
        count = int(args[2], 0)
        count = count if count >= 0 else count + (1 << 64)
        return (yield from vfs.sys_write(self.host, self._fd(args[0]), self._pointer(args[1]), count))

    def _do_read(self, args: list[str]) -> Generator[None, None, int]:
        return (yield from vfs.sys_read(self.host, self._fd(args[0]), self._pointer(args[1]), int(args[2], 0)))

    def _vector(self, text: str) -> list[tuple[int, int]] | None:
        if not text.startswith("["):
            return None
        pieces = re.findall(r"\(([^,()]+),\s*(-?\d+)\)", text)
        return [(self._pointer(base.strip()), int(size)) for base, size in pieces]

    def _do_writev(self, args: list[str]) -> Generator[None, None, int]:
        return (yield from vfs.sys_writev(self.host, self._fd(args[0]), self._vector(args[1]), int(args[2], 0)))

    def _do_readv(self, args: list[str]) -> Generator[None, None, int]:
        return (yield from vfs.sys_readv(self.host, self._fd(args[0]), self._vector(args[1]), int(args[2], 0)))

    def _do_sendto(self, args: list[str]) -> Generator[None, None, int]:
        fd, base, size = self._fd(args[0]), self._pointer(args[1]), int(args[2], 0)
        flags = _flags(args[3])
        address: tuple[int, int] | None = None
        if len(args) > 4:
            pointer = re.fullmatch(r"0x[0-9a-f]+|0|NULL", args[4])
            if not pointer:
                address = self._address(args[4])
            elif int(args[4], 0) if args[4] != "NULL" else 0:
                address = self.last_address
        elif "(send)" in args[3]:
            return (yield from socket.sys_send(self.host, fd, base, size, flags))
        return (yield from socket.sys_sendto(self.host, fd, base, size, flags, address))

    _do_send = _do_sendto

    def _do_sendmsg(self, args: list[str]) -> Generator[None, None, int]:
        text = ", ".join(args[1:])
        sizes = re.search(r"iov=\[([^\]]*)\]", text)
        vector, at = [], 0
        for size in (sizes.group(1).split(",") if sizes and sizes.group(1) else []):
            vector.append((DATA + at, int(size)))
            at += int(size)
        target = re.search(r"(\d+\.\d+\.\d+\.\d+:\d+)", text)
        address = self._address(target.group(1)) if target else None
        flags = re.search(r"flags=(\w+)", text)
        number = int(flags.group(1), 0) if flags else 0
        msg = uaccess.user_msghdr(self.host, vector, address)
        return (yield from socket.sys_sendmsg(self.host, self._fd(args[0]), msg, number))

    def _do_recvfrom(self, args: list[str]) -> Generator[None, None, int]:
        base = SCRATCH if args[1].startswith("buf") else self._pointer(args[1])
        size, flags = int(args[2], 0), _flags(args[3]) if len(args) > 3 else 0
        if len(args) > 3 and "(recv)" in args[3]:
            return (yield from socket.sys_recv(self.host, self._fd(args[0]), base, size, flags))
        return (yield from socket.sys_recvfrom(self.host, self._fd(args[0]), base, size, flags))

    _do_recv = _do_recvfrom

    def _do_recvmsg(self, args: list[str]) -> Generator[None, None, int]:
        text = ", ".join(args[1:])
        sizes = [int(n) for n in re.findall(r"\d+", (re.search(r"\[([^\]]*)\]", text) or [""])[0])] or [SCRATCH_SIZE]
        flags = re.search(r"flags=(\w+)", text)
        vector = [(SCRATCH, size) for size in sizes]
        number = int(flags.group(1), 0) if flags else 0
        return (yield from socket.sys_recvmsg(self.host, self._fd(args[0]), vector, number))

    def _do_shutdown(self, args: list[str]) -> Generator[None, None, int]:
        how = SHUTS[args[1]] if args[1] in SHUTS else int(args[1], 0)
        return (yield from socket.sys_shutdown(self.host, self._fd(args[0]), how))

    def _do_close(self, args: list[str]) -> Generator[None, None, int]:
        return (yield from vfs.sys_close(self.host, self._fd(args[0])))

    def _do_setsockopt(self, args: list[str]) -> Generator[None, None, int]:
        name, _, text = args[1].partition("=")
        if name not in NAMES:
            raise ReplayError(f"the recording sets {name}, which the model does not have")
        level, number = NAMES[name]
        if name in ("IP_OPTIONS", "SO_LINGER", "SO_RCVTIMEO", "SO_SNDTIMEO") and re.fullmatch(r"[0-9a-f]*", text):
            value = bytes.fromhex(text)
        else:
            value = int(text, 0).to_bytes(4, "little", signed=int(text, 0) < 0)
        return (yield from socket.sys_setsockopt(self.host, self._fd(args[0]), level, number, value))

    def _do_getsockopt(self, args: list[str]) -> Generator[None, None, int]:
        if args[1] not in NAMES:
            raise ReplayError(f"the recording asks for {args[1]}, which the model does not have")
        err, _ = yield from socket.sys_getsockopt(self.host, self._fd(args[0]), *NAMES[args[1]])
        return int(err)

    def _do_fcntl(self, args: list[str]) -> Generator[None, None, int]:
        yield from ()
        file = self.host.files.get(self._fd(args[0]))
        if file is None:
            return -errno.EBADF
        if args[1] == "F_SETFL":
            file.flags = sum(FLAGS.get(flag.strip(), 0) for flag in args[2].split("|"))
            return 0
        return file.flags

    def _do_alarm(self, args: list[str]) -> Generator[None, None, int]:
        yield from ()
        task = self.host.task()
        seconds = int(args[0], 0)
        if seconds:
            self.loop.after(seconds * MICRO, lambda: task.signal("SIGALRM"))
        return 0

    def _do_open(self, args: list[str]) -> Generator[None, None, int]:
        del args
        yield from ()
        return vfs.install(self.host, vfs.File(content=self.pattern))

    def _do_sendfile(self, args: list[str]) -> Generator[None, None, int]:
        return (yield from vfs.sys_sendfile(self.host, self._fd(args[0]), self._fd(args[1]), int(args[3], 0)))


def _replace(frame: bytes, at: int, new: bytes) -> bytes:
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


def _segment(raw: bytes) -> int:
    """Where the TCP header of a frame is, 0 if it has none."""
    if raw[12:14] != b"\x08\x00" or raw[23] != 6 or int.from_bytes(raw[20:22], "big") & 0x1FFF:
        return 0
    return 14 + (raw[14] & 15) * 4


def _is_syn(raw: bytes) -> bool:
    """A segment that asks for a connection."""
    at = _segment(raw)
    return bool(at) and raw[at + 13] & 0x12 == 2


def _ack(raw: bytes) -> int:
    """What a segment acknowledges, 0 if it does not."""
    at = _segment(raw)
    return int.from_bytes(raw[at + 8 : at + 12], "big") if at and raw[at + 13] & 16 else 0


def _in_order_end(raw: bytes, expected: int) -> int:
    """Where the data of a segment end, if it has any and begins where the last acknowledgement ended; else 0."""
    at = _segment(raw)
    if not at or raw[at + 13] & 2:
        return 0
    size = int.from_bytes(raw[16:18], "big") - (at - 14) - (raw[at + 12] >> 4) * 4
    seq = int.from_bytes(raw[at + 4 : at + 8], "big")
    return (seq + size) & 0xFFFFFFFF if size > 0 and seq == expected else 0


def _flags(text: str) -> int:
    found = re.search(r"(?:flags=)?(0x[0-9a-fA-F]+|\d+)", text)
    return int(found.group(1), 0) if found else 0


def _split(args: str) -> list[str]:
    """Arguments between commas that are not inside brackets or quotes."""
    parts, depth, quoted, part = [], 0, False, ""
    for letter in args:
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "[(":
            depth += 1
        elif not quoted and letter in "])":
            depth -= 1
        if letter == "," and not depth and not quoted:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [*parts, part] if part or parts else []


def replay(recording: dict[str, Any]) -> dict[str, Any]:
    """Run one scenario: {"frames": [{"t", "hex"}], "calls": [{"ret", "errno"}]}."""
    return Replay(recording).run()

