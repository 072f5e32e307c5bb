"""The model against this machine's own kernel, over a TAP interface in a network namespace that the test makes.

Where that may not be made, the same driver runs two hosts of the model over a pair of sockets.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xref.stack import scenario
from xref.stack import tap
from xref.stack.clock import Loop
from xref.stack.device import EthernetCard
from xref.stack.headers import addr
from xref.stack.host import Host
from xref.stack.program import Program

MEGABYTE = 1 << 20
PEER = Path(__file__).with_name("tap_peer.py")
OURS, THEIRS = "192.168.7.2", "192.168.7.1"


class Peer:
    """The real side: a process in its own network namespace."""

    def __init__(self, unshare):
        ours, theirs = socket.socketpair()
        command = [*unshare, sys.executable, str(PEER), str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)
        theirs.close()
        ours.settimeout(60)
        self.control = ours
        try:
            _, fds, _, _ = socket.recv_fds(ours, 16, 1)
        except OSError:
            fds = []
        if not fds:
            self.process.wait(10)
            said = (self.process.stderr.read().decode().strip() or "it said nothing").splitlines()[-1]
            self.close()
            raise PermissionError(said)
        (self.fd,) = fds
        self.lines = ours.makefile("rw")

    def ask(self, **command):
        """Give a command; the peer's sockets are ready then."""
        print(json.dumps(command), file=self.lines, flush=True)
        assert json.loads(self.lines.readline()) == {"ready": True}

    def answer(self):
        """What it found."""
        return json.loads(self.lines.readline())

    def close(self):
        """End the process, and with it the namespace."""
        self.control.close()
        if hasattr(self, "lines"):
            self.lines.close()
            os.close(self.fd)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.process.stderr.close()


@pytest.fixture(name="peer")
def _peer():
    if shutil.which("unshare") is None or not Path(tap.TUN).exists():
        pytest.skip(f"no TAP here: unshare (util-linux) and {tap.TUN} are needed")
    why = ""
    for how in (["unshare", "-n"], ["unshare", "-Urn"]):
        try:
            peer = Peer(how)
        except PermissionError as problem:
            why = f"{' '.join(how)}: {problem}"
            continue
        yield peer
        peer.close()
        return
    pytest.skip(f"no network namespace with a TAP interface can be made here: {why}")


def _host(loop, name="model", ip=OURS, last=0x56, seed=1):
    host = Host(loop, name=name, seed=seed)
    card = EthernetCard(host, ip=addr(ip), address=bytes((0x52, 0x54, 0, 0x12, 0x34, last)))
    host.add_network(card)
    return host, card


def _run(peer, steps, data, choose=None, seed=1, seconds=50.0):
    """Run a program of the model against the peer; the program, its host and the tap."""
    loop = Loop()
    host, card = _host(loop, seed=seed)
    joined = tap.Tap(card, peer.fd, choose)
    program = Program(host, steps, data, THEIRS)
    task = host.spawn(program.run())
    assert tap.drive(loop, [joined], lambda: task.finished, seconds), f"not finished: {program.calls[-3:]}"
    # what is still to be acknowledged or answered: the last FIN's acknowledgement
    tap.drive(loop, [joined], lambda: host.skb_alive == 0, 3)
    return program, host, joined


def _send_by_all_five(port, size):
    return [
        ["socket", "s", "SOCK_STREAM"],
        ["connect", "s", "peer", port],
        ["write", "s", size],
        ["writev", "s", 7, size],
        ["send", "s", size],
        ["sendto", "s", size],
        ["sendmsg", "s", 5, size],
        ["shutdown", "s", "SHUT_WR"],
        ["drain", "s"],
        ["close", "s"],
    ]


def _exchanged(peer, port, size, choose=None, seed=1, **how):
    """Send by the five calls and receive as much as one of them; all is checked at both ends."""
    data = scenario.payload(5 * size)
    peer.ask(kind="stream", port=port, send=size, **how)
    program, host, joined = _run(peer, _send_by_all_five(port, size), data, choose, seed)
    assert peer.answer() == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert [call["ret"] for call in program.calls if call["call"].startswith(("write", "send"))] == [size] * 5
    expected = (bytes(n * 13 % 251 for n in range(251)) * (size // 251 + 1))[:size]
    assert bytes(program.received["s"]) == expected
    assert not any(host.leaks().values())
    return host, joined


def test_a_megabyte_by_each_call_and_one_back(peer):
    _exchanged(peer, 7001, MEGABYTE)


def test_with_frames_lost_and_out_of_order(peer):
    """5 % lost and 5 % late, both ways."""
    disorder = tap.Disorder(7, drop=0.05, reorder=0.05)
    host, _ = _exchanged(peer, 7002, MEGABYTE, disorder, seed=2)
    assert disorder.dropped > 100
    assert disorder.reordered > 100
    assert host.mib["TcpRetransSegs"] > 50


def test_with_the_windows_of_the_real_side_closed(peer):
    """The real side does not read for two seconds: its window closes, the model probes, and all arrives."""
    _, joined = _exchanged(peer, 7003, MEGABYTE, seed=3, rcvbuf=8192, pause=2.0)
    closed = [when for when, ours, frame in joined.frames if not ours and _is_ack_without_window(frame)]
    assert closed
    assert closed[-1] - closed[0] > 1_000_000


def _is_ack_without_window(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == 6 and frame[47] & 0x17 == 0x10 and frame[48:50] == b"\0\0"


def test_datagrams_with_fragments(peer):
    """Datagrams up to the longest there is, echoed, with fragments out of order."""
    sizes = [1, 100, 1472, 1473, 2961, 8000, 30000, 65507]
    data = scenario.payload(sum(sizes))
    steps = [["socket", "s", "SOCK_DGRAM"], ["connect", "s", "peer", 7004], ["option", "s", "SO_SNDBUF", 120_000]]
    for size in sizes:
        steps += [["send", "s", size], ["recv", "s", 65536]]
    peer.ask(kind="datagram", port=7004, count=len(sizes))
    disorder = tap.Disorder(11, reorder=0.3)
    program, host, joined = _run(peer, [*steps, ["close", "s"]], data, disorder)
    assert peer.answer() == {"sizes": sizes}
    assert bytes(program.received["s"]) == data
    assert disorder.reordered > 5
    assert sum(1 for _, ours, frame in joined.frames if ours and frame[20] & 0x20) > 60
    assert not any(host.leaks().values())


def test_two_models_by_the_wall_clock():
    """The driver itself, where there is no namespace to be had."""
    loop = Loop()
    one, first = _host(loop)
    other, second = _host(loop, "other", THEIRS, 0x57, 3)
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ends[0], ends[1]:
        disorder = tap.Disorder(5, drop=0.02, reorder=0.05)
        taps = [tap.Tap(first, ends[0].fileno(), disorder), tap.Tap(second, ends[1].fileno())]
        data = scenario.payload(5 * 20_000)
        client = Program(one, _send_by_all_five(80, 20_000), data, THEIRS)
        listen = [["socket", "l", "SOCK_STREAM"], ["bind", "l", 80], ["listen", "l"], ["accept", "l", "c"]]
        steps = [*listen, ["drain", "c"], ["write", "c", 20_000], ["close", "c"], ["close", "l"]]
        server = Program(other, steps, data, OURS)
        tasks = [other.spawn(server.run()), one.spawn(client.run())]
        assert tap.drive(loop, taps, lambda: all(task.finished for task in tasks), 20)
    assert bytes(server.received["c"]) == data
    assert bytes(client.received["s"]) == data[:20_000]
    assert disorder.dropped + disorder.reordered > 0


def test_a_drive_that_takes_too_long_ends():
    loop = Loop()
    host, card = _host(loop)
    end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with end, other:
        assert not tap.drive(loop, [tap.Tap(card, end.fileno())], lambda: False, 0.05)
    assert host.skb_alive == 0
