"""A host put together: a kernel with loopback, addresses and routes, and programs that run on it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from xref.stack import clock
from xref.stack import route
from xref.stack.clock import Loop
from xref.stack.device import LoopbackDevice
from xref.stack.device import NetDevice
from xref.stack.kernel import Kernel
from xref.stack.machine import X86_64
from xref.stack.machine import Machine
from xref.stack.route import FibEntry


class Host(Kernel):
    """A kernel as it is after booting: loopback is up."""

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
        super().__init__(loop, name=name, machine=machine, hz=hz, jiffies=jiffies, seed=seed, wall=wall)
        self.first_fd = 6
        self.add_network(LoopbackDevice(self))

    def add_network(self, dev: NetDevice) -> None:
        """The routes that come with an address: to itself, to the network's broadcast address, to the network."""
        lo = self.devices[0]
        self.fib.append(FibEntry(dev.ip, 32, route.RTN_LOCAL, lo))
        network = dev.ip & ~((1 << (32 - dev.bits)) - 1)
        if dev.loopback:
            self.fib.append(FibEntry(network, dev.bits, route.RTN_LOCAL, lo))
            return
        self.fib.append(FibEntry(dev.broadcast_ip, 32, route.RTN_BROADCAST, dev, prefsrc=dev.ip))
        self.fib.append(FibEntry(network, 32, route.RTN_BROADCAST, dev, prefsrc=dev.ip))
        self.fib.append(FibEntry(network, dev.bits, route.RTN_UNICAST, dev, prefsrc=dev.ip))

    def sleep_until(self, when: int) -> Generator[None, None, None]:
        """A program sleeps until a time in microseconds, without the kernel having to do with it."""
        task = self.task()
        if when > self.loop.now:
            task.state = clock.TASK_UNINTERRUPTIBLE
            self.loop.at(when, task.wake)
            yield
        task.state = clock.TASK_RUNNING

    def sleep(self, duration: int) -> Generator[None, None, None]:
        """The same, for so many microseconds."""
        yield from self.sleep_until(self.loop.now + duration)

    def user(self, data: bytes | int) -> int:
        """Memory of a program with these bytes (or that many zeros) in it; its address."""
        return self.memory.map(data)

    def leaks(self) -> dict[str, Any]:
        """What should be nothing when all sockets are closed and all is sent."""
        return {"skb": self.skb_alive, "orphans": self.tcp_orphan_count, "pages": self.tcp_memory_allocated}
