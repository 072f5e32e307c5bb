"""Programs that run on a host of the model, as data: a list of steps, each a list of a verb and its arguments.

Sockets go by labels. A size is a number or "payload". Every system call is logged with what it returned. The verbs are
the methods of `Program` whose names begin with `_do_`.
"""

from __future__ import annotations

import errno
from collections.abc import Generator
from typing import Any

from xref.stack import iptables
from xref.stack import netfilter
from xref.stack import route
from xref.stack import socket
from xref.stack import uaccess
from xref.stack import vfs
from xref.stack.af_packet import PacketSock
from xref.stack.headers import NETIF_F_HW_CSUM
from xref.stack.headers import NETIF_F_SG
from xref.stack.headers import addr
from xref.stack.host import Host
from xref.stack.names import KINDS
from xref.stack.names import NAMES
from xref.stack.names import SHUTS

Steps = Generator[None, None, int]

MSG_FLAGS = {"MSG_OOB": 1, "MSG_DONTROUTE": 4, "MSG_DONTWAIT": 0x40, "MSG_MORE": 0x8000}
MILLI = 1000
CHUNK = 65536


class ProgramError(ValueError):
    """A step that is none."""


class Program:
    """One program on one host. `received` is what it read, by label."""

    def __init__(self, host: Host, steps: list[list[Any]], payload: bytes, peer: str) -> None:
        self.host = host
        self.steps = steps
        self.payload = payload
        self.peer = peer
        self.labels: dict[str, int] = {}
        self.calls: list[dict[str, Any]] = []
        self.received: dict[str, bytearray] = {}
        self.sent = 0
        self.data = host.user(payload)
        self.buffer = host.user(CHUNK)

    def run(self) -> Generator[None, None, None]:
        """All steps."""
        for step in self.steps:
            verb, *args = step
            perform = getattr(self, f"_do_{verb}", None)
            if perform is None:
                raise ProgramError(f"a program has no step {verb!r}")
            yield from perform(*args)

    def _call(self, call: str, what: Steps) -> Steps:
        host = self.host
        began = host.loop.now
        ret = yield from what
        self.calls.append(
            {
                "host": host.name,
                "call": call,
                "t": began / 1_000_000,
                "t_end": host.loop.now / 1_000_000,
                "ret": ret if ret >= 0 else -1,
                "errno": errno.errorcode.get(-ret) if ret < 0 else None,
            }
        )
        return ret

    def _size(self, size: int | str) -> int:
        return len(self.payload) if size == "payload" else int(size)

    def _at(self, size: int) -> int:
        """Where the next piece of the payload begins, so that what is sent is one sequence of bytes."""
        at = self.sent if self.sent + size <= len(self.payload) else 0
        return self.data + at

    def _where(self, where: str) -> int:
        return addr(self.peer if where == "peer" else where)

    def _count(self, ret: int) -> None:
        self.sent += max(ret, 0)

    # set-up

    def _do_socket(self, label: str, kind: str) -> Steps:
        fd = yield from self._call("socket", socket.sys_socket(self.host, 2, KINDS[kind], 0))
        self.labels[label] = fd
        return fd

    def _do_bind(self, label: str, port: int) -> Steps:
        return (yield from self._call("bind", socket.sys_bind(self.host, self.labels[label], (0, port))))

    def _do_listen(self, label: str, backlog: int = 5) -> Steps:
        return (yield from self._call("listen", socket.sys_listen(self.host, self.labels[label], backlog)))

    def _do_connect(self, label: str, where: str = "peer", port: int = 80) -> Steps:
        call = socket.sys_connect(self.host, self.labels[label], (self._where(where), port))
        return (yield from self._call("connect", call))

    def _do_accept(self, label: str, new: str) -> Steps:
        fd = yield from self._call("accept", socket.sys_accept(self.host, self.labels[label]))
        self.labels[new] = fd
        return fd

    def _do_option(self, label: str, name: str, value: int | str) -> Steps:
        level, number = NAMES[name]
        raw = bytes.fromhex(value) if isinstance(value, str) else value.to_bytes(4, "little", signed=value < 0)
        return (
            yield from self._call(
                "setsockopt", socket.sys_setsockopt(self.host, self.labels[label], level, number, raw)
            )
        )

    def _do_nonblock(self, label: str) -> Steps:
        yield from ()
        self.host.files[self.labels[label]].flags |= socket.O_NONBLOCK
        return 0

    def _do_block(self, label: str) -> Steps:
        yield from ()
        self.host.files[self.labels[label]].flags &= ~socket.O_NONBLOCK
        return 0

    def _do_filter(self, hook: str, verdict: str = "drop") -> Steps:
        """A rule that drops or accepts whatever passes a hook of netfilter, from now on."""
        yield from ()
        iptables.append_rule(self.host, hook, netfilter.NF_ACCEPT if verdict == "accept" else netfilter.NF_DROP)
        return 0

    def _do_conntrack(self) -> Steps:
        """Connections are tracked from now on."""
        yield from ()
        iptables.load_conntrack(self.host)
        return 0

    def _do_tap(self) -> Steps:
        """A sniffer opens a packet socket. (Its system calls are not modelled.)"""
        yield from ()
        self.host.ptype_all.append(PacketSock())
        return 0

    def _do_ethtool(self, offload: bool) -> Steps:
        """The administrator turns checksums and scattered data of the card on or off."""
        yield from ()
        self.host.devices[-1].features = NETIF_F_SG | NETIF_F_HW_CSUM if offload else 0
        return 0

    def _do_flush_routes(self) -> Steps:
        """The administrator empties the route cache: a write to /proc/sys/net/ipv4/route/flush."""
        yield from ()
        route.flush_cache(self.host)
        return 0

    def _do_starve(self, times: int) -> Steps:
        """The next allocations of send buffers find no memory."""
        yield from ()
        self.host.starved = times
        return 0

    # sending

    def _do_write(self, label: str, size: int | str, times: int = 1) -> Steps:
        ret = 0
        for _ in range(times):
            n = self._size(size)
            ret = yield from self._call("write", vfs.sys_write(self.host, self.labels[label], self._at(n), n))
            self._count(ret)
        return ret

    def _do_write_all(self, label: str, size: int | str, piece: int) -> Steps:
        """Writes of a piece each, until all is written or one fails."""
        left = self._size(size)
        while left > 0:
            ret = yield from self._do_write(label, min(piece, left))
            if ret <= 0:
                return ret
            left -= ret
        return 0

    def _do_writev(self, label: str, pieces: int, size: int | str) -> Steps:
        total = self._size(size)
        step = max(1, -(-total // pieces))
        start = self._at(total)
        vector = [(start + at, min(step, total - at)) for at in range(0, total, step)]
        ret = yield from self._call("writev", vfs.sys_writev(self.host, self.labels[label], vector, len(vector)))
        self._count(ret)
        return ret

    def _do_send(self, label: str, size: int | str, flags: str = "") -> Steps:
        n = self._size(size)
        call = socket.sys_send(self.host, self.labels[label], self._at(n), n, _flags(flags))
        ret = yield from self._call("send", call)
        self._count(ret)
        return ret

    def _do_sendto(self, label: str, size: int | str, where: str = "", port: int = 80, flags: str = "") -> Steps:
        n = self._size(size)
        address = (self._where(where), port) if where else None
        call = socket.sys_sendto(self.host, self.labels[label], self._at(n), n, _flags(flags), address)
        ret = yield from self._call("sendto", call)
        self._count(ret)
        return ret

    def _do_sendmsg(self, label: str, pieces: int, size: int | str, where: str = "", port: int = 80) -> Steps:
        total = self._size(size)
        step = max(1, -(-total // pieces))
        start = self._at(total)
        vector = [(start + at, min(step, total - at)) for at in range(0, total, step)]
        address = (self._where(where), port) if where else None
        msg = uaccess.user_msghdr(self.host, vector, address)
        call = socket.sys_sendmsg(self.host, self.labels[label], msg, 0)
        ret = yield from self._call("sendmsg", call)
        self._count(ret)
        return ret

    def _do_fault(self, label: str, size: int | str, good: int) -> Steps:
        """A write from memory of which only the first bytes are there."""
        place = self.host.user(self.payload[:good])
        call = vfs.sys_write(self.host, self.labels[label], place, self._size(size))
        return (yield from self._call("write", call))

    def _do_socketcall(self, label: str, call: str, size: int | str) -> Steps:
        """A send through the one system call that i386 has for all of them."""
        n = self._size(size)
        fd, at = self.labels[label], self._at(n)
        args: dict[str, tuple[Any, ...]] = {
            "send": (socket.SYS_SEND, fd, at, n, 0),
            "sendto": (socket.SYS_SENDTO, fd, at, n, 0, None),
            "sendmsg": (socket.SYS_SENDMSG, fd, uaccess.user_msghdr(self.host, [(at, n)]), 0),
        }
        ret: int = yield from self._call(call, socket.sys_socketcall(self.host, *args[call]))
        self._count(ret)
        return ret

    # receiving

    def _do_read(self, label: str, size: int = CHUNK) -> Steps:
        n = min(size, CHUNK)
        ret = yield from self._call("read", vfs.sys_read(self.host, self.labels[label], self.buffer, n))
        if ret > 0:
            self.received.setdefault(label, bytearray()).extend(self.host.memory.read(self.buffer, ret))
        return ret

    def _do_recv(self, label: str, size: int = CHUNK) -> Steps:
        n = min(size, CHUNK)
        call = socket.sys_recvfrom(self.host, self.labels[label], self.buffer, n, 0)
        ret = yield from self._call("recvfrom", call)
        if ret > 0:
            self.received.setdefault(label, bytearray()).extend(self.host.memory.read(self.buffer, ret))
        return ret

    def _do_drain(self, label: str) -> Steps:
        """Read until the other side has closed, or an error."""
        while True:
            ret = yield from self._do_read(label)
            if ret <= 0:
                return ret

    # end

    def _do_sleep(self, milliseconds: int) -> Steps:
        yield from self.host.sleep(milliseconds * MILLI)
        return 0

    def _do_shutdown(self, label: str, how: str) -> Steps:
        return (yield from self._call("shutdown", socket.sys_shutdown(self.host, self.labels[label], SHUTS[how])))

    def _do_close(self, label: str) -> Steps:
        return (yield from self._call("close", vfs.sys_close(self.host, self.labels[label])))


def _flags(names: str) -> int:
    return sum(MSG_FLAGS[name] for name in names.split("|") if name)
