"""Several processes that serve one site: that they begin, take over, are replaced and end, and what they share."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from web import workers
from xref.index.build import index_tree

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children where Linux has them")


class Served:
    """A running `xref serve` of two processes."""

    def __init__(self, index: Path, log: Path, *options: str) -> None:
        self.log = log
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xref", "--index", str(index), "serve", "--port", "0", "--processes", "2", *options],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True,
            )  # fmt: skip
        assert self.process.stdout
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.process.stdout.readline())
        assert found, log.read_text()
        self.port = int(found[1])

    def get(self, address: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", address)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body

    def children(self) -> set[int]:
        pid = self.process.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def until(found: Callable[[], object], seconds: float = 30.0) -> object:
    """What is found once something is; fails where nothing is in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not come")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    made.mkdir()
    (made / "a.c").write_text("int first(void) { return 0; }\n")
    return made


@pytest.fixture
def index(tmp_path: Path, tree: Path) -> Path:
    index_tree(tmp_path / "x.db", tree, jobs=1)
    return tmp_path / "x.db"


@pytest.fixture
def start(index: Path, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    running: list[Served] = []

    def started(*options: str) -> Served:
        running.append(Served(index, tmp_path / f"log{len(running)}", *options))
        return running[-1]

    yield started
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait(30)
        assert each.process.stdout
        each.process.stdout.close()


def warmed(server: Served) -> set[int]:
    """The two processes that serve once the parent has worked everything out: those forked first are gone.

    That takes as long as the machine is busy.  Where they were gone before anyone looked, nothing more changes.
    """

    def two() -> set[int] | None:
        now = server.children()
        return now if len(now) == 2 else None

    first = until(two)
    assert isinstance(first, set)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        now = two()
        if now is not None and first.isdisjoint(now):
            return now
        time.sleep(0.02)
    return first


def test_a_process_that_dies_has_a_successor(start: Callable[..., Served]) -> None:
    server = start()
    before = warmed(server)
    time.sleep(1)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(server.children() - {victim}) == 2)
    assert server.get("/tree/raw/a.c")[0] == 200
    assert "a process of the site ended (SIGKILL): another takes its place" in server.log.read_text()
    assert (before - {victim}) < server.children()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_all_end_and_the_status_is_0(start: Callable[..., Served], number: int, whole: bool) -> None:
    """`whole`: the signal goes to all processes, as Ctrl-C on a terminal and systemd do."""
    server = start()
    assert server.get("/tree/raw/a.c")[0] == 200
    children = server.children()
    if whole:
        os.killpg(server.process.pid, number)
    else:
        server.process.send_signal(number)
    assert server.process.wait(30) == 0
    assert not any(map(alive, children))
    lines = server.log.read_text().splitlines()
    assert len(lines) == 1, lines
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_without_their_parent_they_end(start: Callable[..., Served]) -> None:
    server = start()
    children = warmed(server)
    server.process.kill()
    until(lambda: not any(map(alive, children)))


def test_a_new_index_is_served_by_new_processes(start: Callable[..., Served], index: Path, tree: Path) -> None:
    server = start()
    before = warmed(server)
    assert b"first" in server.get("/tree/raw/a.c")[1]
    (tree / "a.c").write_text("int second(void) { return 0; }\n")
    index_tree(index, tree, jobs=1)
    # whichever answers sees it, at once
    assert b"second" in server.get("/tree/raw/a.c")[1]
    assert b"second" in server.get("/tree/raw/a.c")[1]
    until(lambda: len(server.children()) == 2 and before.isdisjoint(server.children()))
    assert server.get("/tree/calls/second")[0] == 200
    index.unlink()
    assert server.get("/healthz")[0] == 503
    server.process.terminate()
    assert server.process.wait(30) == 0


def test_a_port_that_is_taken_is_one_line(index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [sys.executable, "-m", "xref", "--index", str(index), "serve", "--port", str(taken.getsockname()[1])],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "cannot listen on 127.0.0.1 port" in done.stderr


def test_a_name_of_several_addresses_listens_on_one_port() -> None:
    sockets = workers.listening("localhost", 0)
    try:
        assert len({each.getsockname()[1] for each in sockets}) == 1
        assert all(not each.getblocking() for each in sockets)
    finally:
        for each in sockets:
            each.close()


def test_as_many_processes_as_can_run_four_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    assert workers.most() == 4
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert workers.most() == 1
