"""One host: its jiffies and timers, softirqs, tasks, tables and counters. Every modelled function takes it as `k`.

Contexts are as in the kernel: process context (a `Task` runs), softirq (`do_softirq`, timers) and interrupt
(`do_IRQ`, called by a device). A softirq raised while bottom halves are off runs when they are on again.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

from xref.stack.clock import Coroutine
from xref.stack.clock import Loop
from xref.stack.clock import Task
from xref.stack.clock import Timer
from xref.stack.machine import X86_64
from xref.stack.machine import Machine
from xref.stack.memory import UserMemory
from xref.stack.sysctl import Sysctl
from xref.stack.trace import Trace
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.af_packet import PacketSock
    from xref.stack.arp import Neighbour
    from xref.stack.device import NetDevice
    from xref.stack.ip_fragment import Ipq
    from xref.stack.netfilter import NfHookOps
    from xref.stack.route import FibEntry
    from xref.stack.route import InetPeer
    from xref.stack.route import Rtable
    from xref.stack.skbuff import SkBuff
    from xref.stack.sock import InetSock
    from xref.stack.sock import TcpSock
    from xref.stack.tcp_minisocks import TcpTwBucket
    from xref.stack.vfs import File

softirq_c = source("kernel/softirq.c", "softirq")
irq_c = source("arch/i386/kernel/irq.c", "interrupt")
handle_c = source("kernel/irq/handle.c", "interrupt")
timer_c = source("kernel/timer.c", "timer")
timer_h = source("include/linux/timer.h", "timer")

NET_TX_SOFTIRQ = 1
NET_RX_SOFTIRQ = 2


class Kernel:
    """A host under Linux 2.6.11."""

    def __init__(
        self,
        loop: Loop | None = None,
        *,
        name: str = "host",
        machine: Machine = X86_64,
        hz: int = 1000,
        jiffies: int = (1 << 32) - 300_000,
        seed: int = 1,
        wall: int = 1_109_800_000,
    ) -> None:
        """`jiffies` is their number at time 0; `wall` the wall clock then, in seconds since 1970."""
        self.loop = loop or Loop()
        self.name = name
        self.machine = machine
        self.hz = hz
        self.tick = 1_000_000 // hz
        self.jiffies_base = jiffies
        self.phase = 0
        self.wall = wall
        self.day_offset = 0
        self.sysctl = Sysctl()
        self.random = random.Random(seed)
        self.trace: Trace | None = None
        self.events: list[dict[str, Any]] = []
        self.mib: defaultdict[str, int] = defaultdict(int)
        self.memory = UserMemory()
        self.current: Task | None = None
        self.tasks: list[Task] = []
        self.files: dict[int, File] = {}
        self.first_fd = 3

        self.bh_off = 0
        self.in_irq = 0
        self.in_softirq = 0
        self.softirq_pending = 0

        self.skb_count = 0
        self.skb_alive = 0
        self.sock_count = 0
        self.devices: list[NetDevice] = []
        self.on_loopback: Callable[[bytes], None] | None = None
        self.poll_list: list[NetDevice] = []
        self.output_queue: list[NetDevice] = []
        self.input_pkt_queue: list[SkBuff] = []
        self.ptype_all: list[PacketSock] = []
        # so many allocations of send buffers fail from now on
        self.starved = 0
        self.nf_hooks: dict[tuple[int, int], list[NfHookOps]] = {}
        self.ipt_verdicts: dict[int, int] = {}
        # connections tracked: protocol, addresses and ports as the first packet had them; has an answer been seen?
        self.conntracks: dict[tuple[int, ...], bool] = {}
        self.fib: list[FibEntry] = []
        self.rt_cache: dict[tuple[int, int, int, int, int], Rtable] = {}
        self.peers: dict[int, InetPeer] = {}
        self.neighbours: dict[tuple[int, int], Neighbour] = {}
        self.ipqs: dict[tuple[int, int, int, int, int], Ipq] = {}
        self.ip_frag_mem = 0

        self.tcp_ehash: dict[tuple[int, int, int, int], TcpSock] = {}
        self.tcp_twhash: dict[tuple[int, int, int, int], TcpTwBucket] = {}
        self.tcp_listening: dict[int, list[TcpSock]] = {}
        self.tcp_bhash: dict[int, list[Any]] = {}
        self.tcp_port_rover = self.sysctl.ip_local_port_range[0] - 1
        self.tcp_memory_allocated = 0
        self.tcp_memory_pressure = False
        self.tcp_orphan_count = 0
        self.udp_hash: dict[int, list[InetSock]] = {}
        self.udp_port_rover = 0
        self.privileged = True
        # what a process takes, in microseconds: from being woken to running, and to copy a segment from the program
        self.wake_latency = 0
        self.copy_time = 0
        self.icmp_sk: InetSock | None = None
        self.tcp_sk: InetSock | None = None

        # what a real kernel draws at random; a replay takes these from the recording
        self.secure_tcp_sequence_number: Callable[[int, int, int, int], int] = lambda *_: self.random.getrandbits(32)
        self.secure_ip_id: Callable[[int], int] = lambda _: self.random.getrandbits(16)
        self.synq_hash: Callable[[TcpSock, int, int], int] = (
            lambda _, raddr, rport: ((raddr ^ rport << 8) + seed) * 0x9E3779B1 >> 12
        )
        self.connect_port: Callable[[int, int], int | None] = lambda *_: None

    # time

    @property
    def jiffies(self) -> int:
        """`jiffies`, not cut to 32 bits."""
        return self.jiffies_base + (self.loop.now + self.phase) // self.tick

    @property
    def tcp_time_stamp(self) -> int:
        """`tcp_time_stamp`: the low 32 bits of jiffies."""
        return (self.jiffies_base + (self.loop.now + self.phase) // self.tick) & 0xFFFFFFFF

    @property
    def xtime(self) -> int:
        """`xtime.tv_sec`."""
        return self.wall + self.loop.now // 1_000_000

    def msecs_of_day(self) -> int:
        """Milliseconds since midnight UTC, as timestamp options have them."""
        return (self.wall % 86400 * 1000 + (self.day_offset + self.loop.now) // 1000) % 86_400_000

    def mod_timer(self, timer: Timer, expires: int) -> bool:
        """`mod_timer`: due at a jiffy. True if the timer was pending."""
        was = timer.event is not None
        if was:
            if timer.expires == expires:
                return True
            timer.event.cancel()  # type: ignore[union-attr]
        timer.expires = expires
        due = max(expires, self.jiffies + 1)
        when = (due - self.jiffies_base) * self.tick - self.phase
        timer.event = self.loop.at(when, lambda: self._expire(timer))
        return was

    def del_timer(self, timer: Timer) -> bool:
        """`del_timer`. True if the timer was pending."""
        if timer.event is None:
            return False
        timer.event.cancel()
        timer.event = None
        return True

    def _expire(self, timer: Timer) -> None:
        timer.event = None
        if self.trace is not None:
            self.trace.switch([], "timer")
        self.in_softirq += 1
        try:
            run_timer_softirq(self, timer)
        finally:
            self.in_softirq -= 1
            if self.trace is not None:
                self.trace.switch_back()
        self.kick()

    # tasks

    def task(self) -> Task:
        """`current`."""
        if self.current is None:
            raise AssertionError("no process runs")
        return self.current

    def spawn(self, body: Coroutine, name: str = "process", done: Callable[[Any], None] | None = None) -> Task:
        """A new process that runs `body`."""
        task = Task(self, name, body, done)
        self.tasks.append(task)
        return task.start()

    def run(self, body: Coroutine, name: str = "process") -> Any:
        """Run a process to its end, and the rest of the world with it. What it returned."""
        task = self.spawn(body, name)
        self.loop.run(done=lambda: task.finished)
        if not task.finished:
            raise RuntimeError(f"{name} on {self.name} sleeps, and nothing will wake it")
        return task.result

    # softirqs

    def raise_softirq(self, number: int) -> None:
        """`raise_softirq_irqoff`: pending; runs when bottom halves may."""
        self.softirq_pending |= 1 << number

    def local_bh_disable(self) -> None:
        """`local_bh_disable`."""
        self.bh_off += 1

    def softirqs_may_run(self) -> bool:
        """Is one pending, and nothing under way that must end first?"""
        return bool(self.softirq_pending) and not (self.bh_off or self.in_irq or self.in_softirq)

    def kick(self) -> None:
        """Behind a timer, and where ksoftirqd would: the loop of `__do_softirq` goes on with what is pending."""
        if self.softirqs_may_run():
            if self.trace is not None:
                self.trace.switch([], "softirq")
            try:
                run_pending(self)
            finally:
                if self.trace is not None:
                    self.trace.switch_back()

    def interrupt(self, handler: Callable[[], None]) -> None:
        """A device interrupts: the handler runs at once, softirqs behind it."""
        if self.trace is not None:
            self.trace.switch([], "interrupt")
        try:
            do_irq(self, handler)
        finally:
            if self.trace is not None:
                self.trace.switch_back()

    # what the model can tell

    def dski(self, name: str, **data: Any) -> None:
        """A KURT/DSKI event fires: noted with its time and context."""
        context = "softirq" if self.in_softirq else "interrupt" if self.in_irq else "process"
        self.events.append({"time": self.loop.now / 1_000_000, "event": name, "context": context, "data": data})
        if self.trace is not None:
            self.trace.event(name, data)

    def note(self, name: str, **values: Any) -> None:
        """A note in the trace, if there is one."""
        if self.trace is not None:
            self.trace.note(name, **values)

    def device(self, index: int) -> NetDevice | None:
        """`dev_get_by_index`."""
        return next((dev for dev in self.devices if dev.ifindex == index), None)


def atomic(body: Coroutine) -> Any:
    """Run to its end what may sleep elsewhere, but must not here."""
    try:
        next(body)
    except StopIteration as end:
        return end.value
    raise AssertionError("scheduling while atomic")


@irq_c.named("do_IRQ")
def do_irq(k: Kernel, handler: Callable[[], None]) -> None:
    """`do_IRQ`: the interrupt, then the softirqs. Left out: the stack of its own that interrupts may have."""
    k.in_irq += 1
    try:
        __do_irq(k, handler)
    finally:
        k.in_irq -= 1
    irq_exit(k)


@handle_c.named("__do_IRQ")
def __do_irq(k: Kernel, handler: Callable[[], None]) -> None:
    """`__do_IRQ`: `handler` stands for the line's handlers. Left out: controllers, lines that are disabled."""
    del k
    handler()


@softirq_c
def irq_exit(k: Kernel) -> None:
    """`irq_exit`: softirqs that became pending run behind the last interrupt."""
    if k.softirqs_may_run():
        if k.trace is not None:
            k.trace.enter_context("softirq")
        try:
            do_softirq(k)
        finally:
            if k.trace is not None:
                k.trace.switch_back()


@softirq_c
def local_bh_enable(k: Kernel) -> None:
    """`local_bh_enable`: softirqs that became pending meanwhile run now."""
    k.bh_off -= 1
    if k.softirqs_may_run():
        do_softirq(k)


@softirq_c
def do_softirq(k: Kernel) -> None:
    """`do_softirq` (kernel/softirq.c; i386 has its own on a stack of its own)."""
    if k.softirq_pending:
        __do_softirq(k)


@softirq_c
def __do_softirq(k: Kernel) -> None:
    """`__do_softirq`: the pending ones, in the order of their numbers, again while there are new ones (10 rounds)."""
    run_pending(k)


def run_pending(k: Kernel) -> None:
    """The loop of `__do_softirq`. Left out: ksoftirqd; what is pending after it runs in the loop's next round."""
    from xref.stack import dev

    rounds = 10
    k.in_softirq += 1
    context = k.trace
    try:
        while k.softirq_pending and rounds:
            pending, k.softirq_pending = k.softirq_pending, 0
            rounds -= 1
            if pending & 1 << NET_TX_SOFTIRQ:
                dev.net_tx_action(k)
            if pending & 1 << NET_RX_SOFTIRQ:
                dev.net_rx_action(k)
    finally:
        k.in_softirq -= 1
    if k.softirq_pending and context is k.trace:
        k.loop.after(0, k.kick)


@softirq_c
def raise_softirq_irqoff(k: Kernel, number: int) -> None:
    """`raise_softirq_irqoff`: pending; ksoftirqd, which would be woken outside of interrupts, is left out."""
    k.raise_softirq(number)


@timer_h
def add_timer(k: Kernel, timer: Timer, expires: int) -> None:
    """`add_timer`: a timer that is not pending, due at a jiffy."""
    k.mod_timer(timer, expires)


@timer_c
def run_timer_softirq(k: Kernel, timer: Timer) -> None:
    """`run_timer_softirq`: here it is called for one timer, when that is due."""
    __run_timers(k, timer)


@timer_c
def __run_timers(k: Kernel, timer: Timer) -> None:
    """`__run_timers`: the timer's function, with its data. The wheel of timers is the event loop's heap."""
    if timer.function is not None:
        timer.function(k, timer.data)
