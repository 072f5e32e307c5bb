"""What a command costs: wall time, and the processor time and memory of all its processes.  Linux only.

Processor time is exact, whatever the processes do: this process adopts those that outlive their parents
(PR_SET_CHILD_SUBREAPER) and waits for every one.  Memory is sampled: the sum of the proportional set sizes
(a page that several processes share counts once), the highest sum seen.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

#: between two samples of memory: this, or so many times what one takes, so that sampling stays cheap
INTERVAL = 0.05
SPARING = 20
#: bytes of a command's output that are kept
_KEPT = 4096

_SET_CHILD_SUBREAPER = 36


class Cost(NamedTuple):
    """What a command took: seconds, processor seconds, bytes, its exit status; and the end of what it printed."""

    wall: float
    cpu: float
    memory: int
    status: int
    said: str = ""


def measure(command: Sequence[str | Path], cwd: Path | None = None) -> Cost:
    """Run a command to its end, its errors thrown away.  This process must have no other children."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = _children_cpu()
    ended = threading.Event()
    sampler = _Sampler(ended)
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), cwd=cwd, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.DEVNULL)  # fmt: skip
        sampler.start()
        try:
            wall = _wait_for_all(process) - began
        finally:
            ended.set()
            sampler.join()
        output.seek(max(output.seek(0, os.SEEK_END) - _KEPT, 0))
        said = output.read().decode("utf-8", "replace")
    return Cost(wall, _children_cpu() - before, sampler.peak, process.returncode, said)


def _wait_for_all(process: subprocess.Popen[bytes]) -> float:
    """Wait until no child is left; the time at which the command itself ended."""
    ended = time.perf_counter()
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return ended
        if pid == process.pid:
            ended = time.perf_counter()
            process.returncode = os.waitstatus_to_exitcode(status)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Sampler(threading.Thread):
    """Watches the memory of all processes below this one until told to end."""

    def __init__(self, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._ended = ended

    def run(self) -> None:
        """Sample until the end."""
        pause = 0.0
        while not self._ended.wait(pause):
            began = time.perf_counter()
            self.peak = max(self.peak, sum(map(_memory, _below(os.getpid()))))
            pause = max(INTERVAL, SPARING * (time.perf_counter() - began))


def _below(pid: int) -> Iterator[int]:
    """All processes below one."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                yield child
                yield from _below(child)


def _memory(pid: int) -> int:
    """A process's proportional set size in bytes; 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
