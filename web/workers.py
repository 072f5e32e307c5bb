"""Several processes that serve one site: Python computes in one thread of a process at a time.

The parent listens, but answers nothing.  It works out what the first readers would wait for and then forks: what it
found out is there once in memory, and each child has it.  When the index is replaced it does so again, and children
with the new state take the place of the old ones, which end what they have begun.  The first children are forked
before anything is worked out, so that the site answers at once.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from collections.abc import Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Protocol

from web.warming import settle
from xref.index.files import FileState

#: seconds between two looks at the index file
_LOOK = 1.0
#: seconds that a process gets to end beyond what its requests get
_BEYOND = 5.0
#: seconds between a process's beginning and its successor's, so that one that cannot begin is not begun all the time
_LEAST_LIFE = 1.0

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


class Site(Protocol):
    """What the parent has to know of the site that its children serve."""

    def stamp(self) -> FileState | None:
        """What tells this state of the index from others; None where it cannot be read."""

    def work_out(self) -> bool:
        """Work out what the first readers would wait for."""

    def let_go(self) -> None:
        """Close what a child must not share: a connection to a database belongs to one process."""


class _StoppedError(BaseException):
    """The parent was told to stop while it worked something out."""


class Workers:
    """A parent and its children."""

    def __init__(
        self, site: Site, serve: Callable[[int], None], sockets: Sequence[socket.socket], count: int, grace: float
    ) -> None:
        """`serve` runs in each child, until a signal or until the file given to it can be read: the parent is gone.

        Requests that run when it is to end get `grace` seconds.
        """
        self._site, self._serve, self._sockets, self._count, self._grace = site, serve, sockets, count, grace
        self._fork = multiprocessing.get_context("fork")
        self._serving: list[tuple[BaseProcess, float]] = []
        self._leaving: list[BaseProcess] = []
        self._warmed: FileState | None = None
        self._stopping = self._interruptible = False
        # a signal writes, and the parent's end is seen by all who hold the other end
        self._wake, self._wakes = os.pipe()
        self._life, self._alive = os.pipe()

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where they listen."""
        return [each.getsockname()[:2] for each in self._sockets]

    def stop(self, *_: object) -> None:
        """End soon; told so again, at once.  For signal handlers."""
        if self._stopping:
            self._kill()
        self._stopping = True
        os.write(self._wakes, b"x")
        if self._interruptible:
            raise _StoppedError

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then let what runs end; a second signal ends at once."""
        before = {number: signal.signal(number, self.stop) for number in _SIGNALS}
        try:
            self._fill()
            while not self._stopping:
                self._renew()
                self._wait(_LOOK)
                self._fill()
            self._end()
        finally:
            self._kill()
            for number, handler in before.items():
                signal.signal(number, handler)
            for each in (self._wake, self._wakes, self._life, self._alive):
                os.close(each)

    # -- children -----------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Begin as many processes as are missing."""
        self._leaving = [each for each in self._leaving if each.is_alive()]
        for process, began in list(self._serving):
            if not process.is_alive() and not self._stopping:
                if time.monotonic() - began < _LEAST_LIFE:
                    continue
                self._serving.remove((process, began))
                _log.error("a process of the site ended (%s): another takes its place", _how(process))
        while len(self._serving) < self._count and not self._stopping:
            self._begin()

    def _begin(self) -> None:
        # no signal may come between the fork and the child's own handlers
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            process = self._fork.Process(target=self._child, daemon=True)
            process.start()
            self._serving.append((process, time.monotonic()))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _child(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Ctrl-C goes to all processes of a terminal: the parent sees to it
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        for each in (self._wake, self._wakes, self._alive):
            os.close(each)
        self._serve(self._life)

    def _wait(self, seconds: float) -> None:
        """Until a process ends, a signal comes or the time is over."""
        processes = [each for each, _ in self._serving if each.is_alive()] + self._leaving
        ready = wait([self._wake, *(each.sentinel for each in processes)], seconds)
        if self._wake in ready:
            os.read(self._wake, 64)

    # -- a new state of the index ---------------------------------------------------------------------------

    def _renew(self) -> None:
        """Where the index is another, work out what it needs, and let new processes take over."""
        stamp = self._site.stamp()
        if stamp is None or stamp == self._warmed:
            return
        self._warmed = stamp
        gc.unfreeze()
        try:
            self._interruptible = True
            if self._stopping:
                return
            worked = self._site.work_out()
        except _StoppedError:
            return
        finally:
            self._interruptible = False
            self._site.let_go()
        settle()
        if worked and not self._stopping:
            old = [each for each, _ in self._serving]
            self._serving = []
            self._fill()
            for each in old:
                each.terminate()
            self._leaving += old

    # -- the end --------------------------------------------------------------------------------------------

    def _end(self) -> None:
        for each in self._sockets:
            each.close()
        for process, _ in self._serving:
            process.terminate()
        self._leaving += [each for each, _ in self._serving]
        self._serving = []
        until = time.monotonic() + self._grace + _BEYOND
        while self._leaving and time.monotonic() < until:
            self._wait(until - time.monotonic())
            self._leaving = [each for each in self._leaving if each.is_alive()]

    def _kill(self) -> None:
        for each in [*(process for process, _ in self._serving), *self._leaving]:
            if each.is_alive():
                each.kill()


def _how(process: BaseProcess) -> str:
    """How a process ended, as people say it."""
    code = process.exitcode
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"status {code}"


def listening(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen where a name and a port mean; several for a name that means several.  Raises OSError."""
    found: list[socket.socket] = []
    try:
        for family, kind, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            if family in (socket.AF_INET, socket.AF_INET6) and kind == socket.SOCK_STREAM:
                # a free port is the same one for all
                at = (address[0], port or (found[0].getsockname()[1] if found else 0), *address[2:])
                found.append(_bound(family, at))
    except OSError:
        for each in found:
            each.close()
        raise
    return found


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(1024)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def most() -> int:
    """How many processes serve where nobody says otherwise: as many as can run at once, four at the most."""
    if "fork" not in multiprocessing.get_all_start_methods() or sys.platform == "darwin":
        return 1
    try:
        return min(4, len(os.sched_getaffinity(0)))
    except AttributeError:
        return min(4, os.cpu_count() or 1)
