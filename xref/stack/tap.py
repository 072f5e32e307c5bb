"""A TAP device: the model's card on a real Ethernet, against a real kernel, with the wall clock for virtual time.

`open_tap` makes the interface (which takes CAP_NET_ADMIN in the network namespace at hand) and gives its file
descriptor: what is written to it arrives at that kernel, what that kernel sends is read from it.  `Tap` joins a card
to such a descriptor, or to any that keeps the bounds of frames (a datagram socket).  `drive` runs hosts so, and lets
virtual time go as the wall clock does.  What the card sends and gets may be lost or come late: `Disorder`.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import time
from collections.abc import Callable
from collections.abc import Sequence

from xref.stack.clock import Loop
from xref.stack.device import EthernetCard

TUN = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_LONGEST_FRAME = 65536
#: frames that are taken in one go before timers get their turn
_MOST_AT_ONCE = 64
_SECOND = 1_000_000

#: what becomes of a frame: those that go on, each with a delay in microseconds
Choose = Callable[[bytes], list[tuple[int, bytes]]]


def open_tap(name: str) -> int:
    """Make the TAP interface of that name; the descriptor of its other end.

    OSError where this process may not, or the kernel has no TUN/TAP.
    """
    fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    except OSError:
        os.close(fd)
        raise
    return fd


class Disorder:
    """Loses and delays frames at random, the same for the same seed.

    `drop` and `reorder` are shares of 1; a frame that is reordered is held back for `hold` microseconds.  ARP passes.
    """

    def __init__(self, seed: int, drop: float = 0.0, reorder: float = 0.0, hold: int = 2000) -> None:
        self.random = random.Random(seed)
        self.drop = drop
        self.reorder = reorder
        self.hold = hold
        self.dropped = 0
        self.reordered = 0

    def __call__(self, frame: bytes) -> list[tuple[int, bytes]]:
        """What becomes of one frame."""
        if frame[12:14] != b"\x08\x00":
            return [(0, frame)]
        chance = self.random.random()
        if chance < self.drop:
            self.dropped += 1
            return []
        if chance < self.drop + self.reorder:
            self.reordered += 1
            return [(self.hold, frame)]
        return [(0, frame)]


class Tap:
    """A card's frames, to and from a descriptor.

    `frames` are those on the real side: virtual time in microseconds, whether the card sent it, bytes.
    """

    def __init__(self, card: EthernetCard, fd: int, choose: Choose | None = None) -> None:
        self.card = card
        self.fd = fd
        self.choose = choose
        self.frames: list[tuple[int, bool, bytes]] = []
        os.set_blocking(fd, False)
        card.transmit = self._sent

    def _pass(self, frame: bytes, onward: Callable[[bytes], None]) -> None:
        for delay, each in [(0, frame)] if self.choose is None else self.choose(frame):
            if delay:
                self.card.kernel.loop.after(delay, lambda each=each: onward(each))  # type: ignore[misc]
            else:
                onward(each)

    def _sent(self, frame: bytes) -> None:
        self._pass(frame, self._write)

    def _write(self, frame: bytes) -> None:
        self.frames.append((self.card.kernel.loop.now, True, frame))
        try:
            os.write(self.fd, frame)
        except BlockingIOError:
            self.card.dropped += 1

    def take(self) -> None:
        """Give the card what has come."""
        for _ in range(_MOST_AT_ONCE):
            try:
                frame = os.read(self.fd, _LONGEST_FRAME)
            except BlockingIOError:
                return
            self.frames.append((self.card.kernel.loop.now, False, frame))
            self._pass(frame, self.card.receive)


def drive(loop: Loop, taps: Sequence[Tap], done: Callable[[], bool], seconds: float) -> bool:
    """Run the loop by the wall clock, the taps' frames coming in, until `done` says so; False after so many seconds."""
    began = time.monotonic() - loop.now / _SECOND
    end = time.monotonic() + seconds
    while not done():
        loop.run(until=round((time.monotonic() - began) * _SECOND), done=done)
        if done():
            break
        if time.monotonic() > end:
            return False
        due = loop.next_time()
        now = time.monotonic() - began
        wait = min(0.1, end - time.monotonic()) if due is None else min(0.1, max(0.0, due / _SECOND - now))
        ready, _, _ = select.select([tap.fd for tap in taps], [], [], max(wait, 0.0))
        if ready:
            loop.run(until=round((time.monotonic() - began) * _SECOND), done=done)
            for tap in taps:
                if tap.fd in ready:
                    tap.take()
            loop.run_tasks()
    return True
