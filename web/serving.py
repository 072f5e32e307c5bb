"""The site as a service: waitress's threads over the index, a line for each request, an end that finishes its work.

`xref serve` is this.  That it stands under a path, behind a proxy, is told by an option, never guessed from headers
that anyone can send; no address that the site writes has a host or a scheme in it, so that no more has to be told.
"""

from __future__ import annotations

import ipaddress
import logging
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import IO
from typing import TYPE_CHECKING
from typing import Any

from web import warming
from web.site import site_of
from web.turns import Turns
from web.workers import Workers
from web.workers import listening
from xref.index.files import FileState

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment
    from flask import Flask

#: seconds that running requests get to end once the server is told to stop
GRACE = 30
#: seconds in which the first request of a connection comes
_FRESH = 0.5
#: bytes of a request's body: the one form of the site has two short fields
_MOST_BODY = 64 * 1024
#: bytes of a request's head: an address of 100 KB still gets the site's own answer
_MOST_HEAD = 256 * 1024
#: characters of an address in the log
_MOST_SHOWN = 500


class AccessLog:
    """Writes a line for each request: method, address, status, bytes of the body, milliseconds.

    Those are from when its turn has come up to its last byte.
    """

    def __init__(self, app: WSGIApplication, stream: IO[str] | None = None) -> None:
        self._app = app
        self._stream = stream

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, and note what it answered."""
        began = time.perf_counter()
        address = environ.get("REQUEST_URI") or environ.get("PATH_INFO", "")
        line = _Line(environ.get("REQUEST_METHOD", "-"), address, began, self._stream or sys.stderr)

        def noting(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            line.status = status.partition(" ")[0]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        return _Counted(self._app(environ, noting), line)


class _Line:
    """What is known of a request so far."""

    def __init__(self, method: str, address: str, began: float, stream: IO[str]) -> None:
        self.method, self.address, self.began, self.stream = method, address, began, stream
        self.status, self.size = "-", 0

    def write(self) -> None:
        """One line in one write, so that those of two threads do not mix."""
        took = (time.perf_counter() - self.began) * 1000
        self.stream.write(f"{shown(self.method)} {shown(self.address)} {self.status} {self.size} {took:.1f}ms\n")
        self.stream.flush()


class _Counted:
    """A body that counts its bytes, and writes the line when it is done with."""

    def __init__(self, body: Iterable[bytes], line: _Line) -> None:
        self._body = body
        self._line = line

    def __iter__(self) -> Iterator[bytes]:
        for part in self._body:
            self._line.size += len(part)
            yield part

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]

    def close(self) -> None:
        """WSGI's end of an answer, whole or broken off."""
        try:
            close: Callable[[], None] | None = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._line.write()


def shown(text: str) -> str:
    """A text that can neither steer a terminal nor look like another line or another field."""
    short = text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"
    escaped = short.encode("unicode_escape").decode("ascii").replace(" ", "\\x20")
    return escaped.replace("\\\\", "\\") or "-"


class Server:
    """A waitress that ends well: told to stop, it takes no more connections and lets running requests end."""

    def __init__(
        self, app: WSGIApplication, sockets: Sequence[socket.socket], *, threads: int = 2, prefix: str = "",
        parent: int | None = None,
    ) -> None:  # fmt: skip
        """Serve connections to these sockets.

        `prefix`: the path that the site stands under, "/xref".  `parent`: as a process of several, the file that can be
        read once the parent is gone.
        """
        import waitress  # type: ignore[import-untyped]

        # that a request waits for a thread is no fault, and would be a line for each
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._map: dict[int, Any] = {}
        self._server = waitress.create_server(
            Turns(AccessLog(app)), map=self._map, sockets=list(sockets), threads=threads, url_prefix=prefix, ident=None,
            max_request_body_size=_MOST_BODY, max_request_header_size=_MOST_HEAD,
        )  # fmt: skip
        self._sockets = sockets
        self._parent = parent
        self._stopping = False

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens."""
        return [each.getsockname()[:2] for each in self._sockets]

    def stop(self, *_: object) -> None:
        """End soon; for signal handlers, which take a number and a frame."""
        self._stopping = True
        # wakes the loop from its wait
        next(each for each in self._map.values() if hasattr(each, "pull_trigger")).pull_trigger()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then end what runs; a second signal ends at once.

        As a process of several it leaves SIGINT, and a second signal, to its parent.
        """
        from waitress import wasyncore

        alone = self._parent is None
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop if alone else signal.SIG_IGN)
        while not self._stopping and not self._orphaned():
            self._turn(1.0)
        # a signal to all processes comes to one of several twice, the second time from its parent: maybe while it exits
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL if alone else signal.SIG_IGN)
        self._refuse()
        until = time.monotonic() + GRACE
        while self._closing() and time.monotonic() < until:
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def _orphaned(self) -> bool:
        """Is the parent gone without a word?"""
        return self._parent is not None and bool(select.select([self._parent], [], [], 0)[0])

    def _refuse(self) -> None:
        """Take no more connections."""
        for number, each in list(self._map.items()):
            if getattr(each, "accepting", False):
                each.accepting = False
                each.socket.close()
                del self._map[number]

    def _closing(self) -> bool:
        """Close each connection without work; whether one is left that has a request or bytes that are not out.

        One that was taken a moment ago has its request on the way.
        """
        left = False
        for each in list(self._map.values()):
            if hasattr(each, "total_outbufs_len"):
                fresh = not each.last_activity > each.creation_time and time.time() - each.creation_time < _FRESH
                if each.requests or each.total_outbufs_len or fresh:
                    left = True
                else:
                    each.close_when_flushed = True
        return left

    def _turn(self, seconds: float) -> None:
        from waitress import wasyncore

        wasyncore.loop(timeout=seconds, map=self._map, count=1)


class _Warmed:
    """An application, as the parent of the processes that serve it sees it."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def stamp(self) -> FileState | None:
        return warming.stamp_of(self._app)

    def work_out(self) -> bool:
        return warming.work_out(self._app)

    def let_go(self) -> None:
        site_of(self._app).indexes.let_go()


def service(app: Flask, host: str, port: int, *, processes: int, threads: int, prefix: str) -> Server | Workers:
    """What serves an application, listening already.  Raises OSError."""
    sockets = listening(host, port)
    if processes == 1:
        warming.warm_always(app)
        return Server(app, sockets, threads=threads, prefix=prefix)

    def serve(parent: int) -> None:
        Server(app, sockets, threads=threads, prefix=prefix, parent=parent).run()

    return Workers(_Warmed(app), serve, sockets, processes, GRACE)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
