"""Drives the model with a recording of a real kernel: its system calls and the frames that came in, at their times.

What a kernel draws at random is taken from the recording: initial sequence numbers, local ports, the first IP
identifications, and where jiffies stood, which the timestamps of its segments tell. All else is the model's doing.

Two clocks made a recording, the guest's (calls) and the wire's (frames), and a real kernel takes time where the model
takes none. So times alone do not say what came first. A frame that came in is therefore not delivered before the model
has sent as many frames as had gone out before it on the wire, for as long as that may still be a matter of clocks.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Generator
from typing import Any

from xref.stack import socket
from xref.stack import uaccess
from xref.stack import vfs
from xref.stack.clock import Loop
from xref.stack.device import EthernetCard
from xref.stack.headers import addr
from xref.stack.host import Host
from xref.stack.machine import X86_64
from xref.stack.names import FLAGS
from xref.stack.names import KINDS
from xref.stack.names import NAMES
from xref.stack.names import SHUTS
from xref.stack.recording import LATENCY
from xref.stack.recording import MICRO
from xref.stack.recording import RECEIVE
from xref.stack.recording import GuestClock
from xref.stack.recording import ReplayError as ReplayError
from xref.stack.recording import Wire
from xref.stack.recording import ack_of
from xref.stack.recording import find as find
from xref.stack.recording import in_order_end
from xref.stack.recording import load as load
from xref.stack.recording import replaced
from xref.stack.recording import tcp_stamp
from xref.stack.sock import TcpSock
from xref.stack.sockcore import ERESTARTSYS

PATTERN_SIZE = 1 << 20
DATA = 0x10200000
SCRATCH = 0x30000000
SCRATCH_SIZE = 1 << 20
EFAULT_PAGE = 0x20000000
PAGE = 4096
# what the emulated machine takes, in microseconds, to send a frame
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
# options whose value a recording has as bytes, in hexadecimal
STRUCTS = (
    "IP_OPTIONS", "SO_LINGER", "SO_RCVTIMEO", "SO_SNDTIMEO", "SO_BINDTODEVICE", "IP_MULTICAST_IF",
)  # fmt: skip


class Replay:
    """One scenario of a recording, and the model that it drives."""

    def __init__(self, recording: dict[str, Any]) -> None:
        self.recording = recording
        self.frames: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        # what the recording has and the model does not, in words
        self.left_out: list[str] = []
        self.labels: dict[str, int] = {}
        self.last_address = (0, 0)
        self.sent = 0
        self.loop = Loop()
        wire = self.wire = Wire(recording["frames"])
        self.clock = GuestClock(wire.stamps)
        self.stamps: list[int | None] = []
        self.host = Host(self.loop, name="guest", machine=X86_64, jiffies=self.clock.base & 0xFFFFFFFF)
        k = self.host
        if wire.days:
            k.day_offset = sum(wire.days) // len(wire.days) - k.wall % 86400 * MICRO - self.clock.guest(0.0)
        for name, value in recording.get("sysctls", {}).items():
            try:
                k.sysctl.set_raw(name, value, k.hz)
            except ValueError as problem:
                self.left_out.append(str(problem))
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
        k.synq_hash = self._synq_hash
        number = k.secure_ip_id
        k.secure_ip_id = lambda daddr: wire.ids.get(daddr, number(daddr))
        if wire.udp_ports:
            k.udp_port_rover = wire.udp_ports[0]

    def _synq_hash(self, sk: TcpSock, raddr: int, rport: int) -> int:
        """Where a listener's table has a request, as its first SYN|ACK that was sent again tells.

        Each turn of the timer, five a second, looks at 68 lists.
        """
        k, lopt = self.host, sk.listen_opt
        times = self.wire.syn_acks.get((raddr, rport, sk.num), [])
        again = [self.clock.guest(t) for t in times if self.clock.guest(t) > self.loop.now + 2 * MICRO]
        if lopt is None or not again:
            return 0
        first = sk.sk_timer.expires if lopt.qlen else k.jiffies + 3 * k.hz
        turn = round((k.jiffies_base + again[0] * k.hz / MICRO - first) / (k.hz // 5))
        return lopt.clock_hand + 68 * max(turn, 0) + 34

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
                return replaced(frame, at + 6, mine.to_bytes(4, "big"))
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
                acked = ack_of(raw)
                covered = acked if acked and (not covered or (covered - acked) & 0x80000000) else covered
                continue
            following = frames[n + 1] if n + 1 < len(frames) else None
            due, late = self._due(frame["t"], raw, following, covered)
            covered = in_order_end(raw, covered) or covered
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
        end = in_order_end(raw, covered)
        if end:
            if (ack_of(answer) - end) & 0x80000000:
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
        found: dict[str, Any] = {"frames": self.frames, "calls": self.calls}
        return found | {"left_out": self.left_out} if self.left_out else found

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
            self.left_out.append(f"the model has no system call {name}")
            return -errno.ENOSYS
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
            self.left_out.append(f"the model has no socket option {name}")
            return -errno.ENOPROTOOPT
        level, number = NAMES[name]
        if name in STRUCTS and re.fullmatch(r"([0-9a-f]{2})*", text):
            value = bytes.fromhex(text)
        elif re.fullmatch(r"-?\d+|0x[0-9a-f]+", text):
            value = (int(text, 0) & 0xFFFFFFFF).to_bytes(4, "little")
        else:
            value = text.encode()
        return (yield from socket.sys_setsockopt(self.host, self._fd(args[0]), level, number, value))

    def _do_getsockopt(self, args: list[str]) -> Generator[None, None, int]:
        if args[1] not in NAMES:
            self.left_out.append(f"the model has no socket option {args[1]}")
            return -errno.ENOPROTOOPT
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

