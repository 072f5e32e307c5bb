"""Scenarios: programs on one or two hosts of the model, a wire between them, and what may happen on it.

They are data, `scenarios.json`: name, a sentence on what it teaches, the context of the call graph in which its steps
must be edges, options, and the programs of the hosts (see `program`). Options may be overridden for a run.
"""

from __future__ import annotations

import difflib
import json
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from xref.stack import sysctl
from xref.stack.checksum import ip_fast_csum
from xref.stack.clock import Loop
from xref.stack.device import EthernetCard
from xref.stack.device import Wire
from xref.stack.headers import ETH_HLEN
from xref.stack.headers import IPHDR
from xref.stack.headers import addr
from xref.stack.host import Host
from xref.stack.machine import I386
from xref.stack.machine import X86_64
from xref.stack.program import Program
from xref.stack.trace import MOST_KEPT
from xref.stack.trace import Trace

DATA = Path(__file__).with_name("scenarios.json")
CLIENT = "192.168.7.2"
SERVER = "192.168.7.1"
# where the way to the server is narrow (`path_mtu`), this box between the two says so
ROUTER = "192.168.7.254"
ROUTER_MAC = b"\x52\x54\x00\x12\x34\xfe"
MACHINES = {"i386": I386, "x86_64": X86_64}
TCP_IP_HEADERS = 40
# microseconds after which a run ends, whatever is still under way
LONGEST = 400_000_000

#: every option with its default and, for numbers, the range that makes sense
DEFAULTS: dict[str, Any] = {
    "payload": 100,
    "mss": 1460,
    "loss": 0.0,
    "drop": [],
    "delay": 100,
    "bandwidth": 0,
    "offload": False,
    "queue": 1000,
    "congest": 0,
    "locked": [],
    "header_cache": True,
    "path_mtu": 0,
    "machine": "x86_64",
    "hz": 1000,
    "seed": 1,
    "arp": True,
    "peer": True,
    "sysctl": {},
}
RANGES = {
    "payload": (0, 16 << 20),
    "mss": (48, 1460),
    "loss": (0.0, 100.0),
    "delay": (0, 10_000_000),
    "bandwidth": (0, 10**10),
    "queue": (0, 100_000),
    "congest": (0, 100_000),
    "path_mtu": (0, 1500),
    "hz": (100, 1000),
    "seed": (0, (1 << 63) - 1),
}


class ScenarioError(ValueError):
    """A scenario or an option that there is not."""


@dataclass
class Scenario:
    """A scenario as the data have it."""

    name: str
    teaches: str
    context: str
    client: list[list[Any]]
    server: list[list[Any]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """What a list of scenarios says of it."""
        return {"name": self.name, "teaches": self.teaches, "context": self.context, "options": self.defaults()}

    def defaults(self) -> dict[str, Any]:
        """All options with the values that they have unless given."""
        return DEFAULTS | self.options


def load(path: Path = DATA) -> dict[str, Scenario]:
    """The scenarios, by name."""
    return {one["name"]: Scenario(**one) for one in json.loads(path.read_text(encoding="utf-8"))}


def find(name: str) -> Scenario:
    """One of them.

    Raises ScenarioError where there is none of the name.
    """
    known = load()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise ScenarioError(f"there is no scenario {name!r}{meant}: `xref scenarios` lists them")
    return known[name]


def options(scenario: Scenario, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a run.

    Raises ScenarioError for one that there is not, and for a value out of range.
    """
    values = scenario.defaults()
    for name, value in given.items():
        if name not in DEFAULTS:
            raise ScenarioError(f"there is no option {name!r} (there are {', '.join(DEFAULTS)})")
        if name == "machine" and value not in MACHINES:
            raise ScenarioError(f"there is no machine {value!r} (there are {', '.join(MACHINES)})")
        low, high = RANGES.get(name, (None, None))
        if low is not None and high is not None and not low <= value <= high:
            raise ScenarioError(f"{name} is from {low} to {high}, not {value}")
        if name == "sysctl":
            _check_sysctl(value)
        values[name] = value
    return values


def _check_sysctl(given: dict[str, Any]) -> None:
    for name, value in given.items():
        try:
            sysctl.check(name, value)
        except ValueError as error:
            raise ScenarioError(str(error)) from None


@dataclass
class Run:
    """What a run left: traces by host, captured frames (microseconds, host that sent, bytes), calls, events."""

    scenario: Scenario
    options: dict[str, Any]
    hosts: dict[str, Host]
    programs: dict[str, Program]
    frames: list[tuple[int, str, bytes]]
    dropped: list[int]

    @property
    def trace(self) -> Trace | None:
        """The trace of the host that the scenario is about."""
        return self.hosts["client"].trace

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The system calls of all programs, in the order in which they ended."""
        calls = [call for program in self.programs.values() for call in program.calls]
        return sorted(calls, key=lambda call: call["t_end"])

    def capture(self) -> list[tuple[int, bytes]]:
        """What a capture on the client would show: its frames as it sends them, the server's as they arrive."""
        seen = []
        for n, (when, name, frame) in enumerate(self.frames):
            if name == "server":
                if n in self.dropped:
                    continue
                when += self.options["delay"]
            seen.append((when, frame))
        return sorted(seen, key=lambda one: one[0])

    @property
    def events(self) -> list[dict[str, Any]]:
        """The DSKI log of the host that the scenario is about."""
        return self.hosts["client"].events


class _Channel:
    """What happens to the frames on the wire: some of the client's are lost, those named or at random."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.drop = set(values["drop"])
        self.loss = values["loss"] / 100
        self.arp = values["arp"]
        self.path_mtu = values["path_mtu"]
        self.back: Callable[[bytes], object] = lambda _frame: None
        self.random = random.Random(values["seed"])
        self.count = 0
        self.dropped: list[int] = []
        self.frames = 0

    def choose(self, frame: bytes, _n: int, sender: EthernetCard) -> list[tuple[int, bytes]]:
        """Nothing where the frame is lost. TCP segments with data of the client are counted from 1, for `drop`."""
        self.frames += 1
        if frame[12:14] == b"\x08\x06":
            return [(0, frame)] if self.arp else []
        lost = bool(self.loss) and self.random.random() < self.loss
        if sender.kernel.name == "client" and _has_data(frame):
            self.count += 1
            lost = lost or self.count in self.drop
        if self.path_mtu and sender.kernel.name == "client" and _too_large(frame, self.path_mtu):
            self.back(_frag_needed(frame, self.path_mtu))
            lost = True
        if lost:
            self.dropped.append(self.frames - 1)
            return []
        return [(0, frame)]


def _has_data(frame: bytes) -> bool:
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return False
    header = 14 + (frame[14] & 15) * 4
    total = int.from_bytes(frame[16:18], "big")
    return total - (header - 14) - (frame[header + 12] >> 4) * 4 > 0


def _too_large(frame: bytes, mtu: int) -> bool:
    """An IP packet that may not be fragmented, and does not fit."""
    return len(frame) - ETH_HLEN > mtu and frame[12:14] == b"\x08\x00" and bool(frame[20] & 0x40)


def _frag_needed(frame: bytes, mtu: int) -> bytes:
    """What the router sends back to whom such a frame came from (RFC 1191): ICMP type 3 code 4 with its MTU."""
    quoted = frame[ETH_HLEN : ETH_HLEN + 28]
    body = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + quoted
    icmp = body[:2] + ip_fast_csum(body).to_bytes(2, "big") + body[4:]
    head = IPHDR.pack(0x45, 0xC0, 20 + len(icmp), 0, 0, 64, 1, 0, addr(ROUTER), int.from_bytes(quoted[12:16], "big"))
    head = head[:10] + ip_fast_csum(head).to_bytes(2, "big") + head[12:]
    return frame[6:12] + ROUTER_MAC + frame[12:14] + head + icmp


def payload(size: int) -> bytes:
    """Bytes that tell where they belong: each pair of 251 follows from its place."""
    row = bytes((n * 7 + n // 251) % 256 for n in range(251 * 256))
    return (row * (size // len(row) + 1))[:size]


def run(
    scenario: Scenario, given: dict[str, Any] | None = None, *, trace: bool = True, most_steps: int | None = None
) -> Run:
    """Run a scenario with options.

    Raises ScenarioError for an option that cannot be, and where the trace gets longer than `most_steps`.
    """
    values = options(scenario, given or {})
    loop = Loop()
    hosts: dict[str, Host] = {}
    cards = {}
    for number, (name, ip) in enumerate((("client", CLIENT), ("server", SERVER))):
        host = hosts[name] = Host(
            loop, name=name, machine=MACHINES[values["machine"]], hz=values["hz"], seed=values["seed"] * 2 + number
        )
        for option, value in values["sysctl"].items():
            host.sysctl.set(option, value)
        cards[name] = EthernetCard(
            host,
            ip=addr(ip),
            mtu=values["mss"] + TCP_IP_HEADERS,
            address=bytes((0x52, 0x54, 0, 0x12, 0x34, 0x56 + number)),
            offload=values["offload"] and name == "client",
            bandwidth=values["bandwidth"] or None if name == "client" else None,
            tx_queue_len=values["queue"],
        )
        host.add_network(cards[name])
    if values["congest"] and cards["client"].qdisc is not None:
        cards["client"].qdisc.congest = values["congest"]
    cards["client"].xmit_locked = set(values["locked"])
    cards["client"].hard_header_cache = values["header_cache"]
    channel = _Channel(values)
    wire = Wire(cards["client"], cards["server"], values["delay"], channel.choose)
    hosts["client"].on_loopback = lambda packet: wire.frames.append((loop.now, "lo", packet))
    channel.back = lambda frame: loop.after(values["delay"], lambda: cards["client"].receive(frame))
    traced = Trace(hosts["client"], most_steps or MOST_KEPT) if trace else None
    hosts["client"].trace = traced
    programs = _programs(scenario, values, hosts)
    loop.run(until=LONGEST, done=(lambda: bool(traced.dropped)) if traced and most_steps else None)
    if traced and most_steps and traced.dropped:
        raise ScenarioError(f"this takes more than {most_steps:,} steps: choose a smaller payload or a larger MSS")
    return Run(scenario, values, hosts, programs, wire.frames, channel.dropped)


def _programs(scenario: Scenario, values: dict[str, Any], hosts: dict[str, Host]) -> dict[str, Program]:
    data = payload(values["payload"])
    programs: dict[str, Program] = {}
    local = values["peer"] is False
    for name, steps, peer in (("server", scenario.server, CLIENT), ("client", scenario.client, SERVER)):
        host = hosts["client"] if local else hosts[name]
        program = programs[name] = Program(host, steps, data, "127.0.0.1" if local else peer)
        host.spawn(program.run(), name)
    return programs
