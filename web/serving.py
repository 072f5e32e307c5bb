"""The site as a service: waitress's threads over the index, a line for each request, an end that finishes its work.

`xref serve` is this.  That it stands under a path, behind a proxy, is told by an option, never guessed from headers
that anyone can send; no address that the site writes has a host or a scheme in it, so that no more has to be told.
"""

from __future__ import annotations

import ipaddress
import logging
import signal
import sys
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import IO
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

#: seconds that running requests get to end once the server is told to stop
GRACE = 30
#: bytes of a request's body: the one form of the site has two short fields
_MOST_BODY = 64 * 1024
#: bytes of a request's head: an address of 100 KB still gets the site's own answer
_MOST_HEAD = 256 * 1024
#: characters of an address in the log
_MOST_SHOWN = 500


class AccessLog:
    """Writes a line for each request: method, address, status, bytes of the body, milliseconds until its last byte."""

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

    def __init__(self, app: WSGIApplication, host: str, port: int, *, threads: int = 2, prefix: str = "") -> None:
        """Listen.  `prefix`: the path that the site stands under, "/xref".  Raises OSError, ValueError."""
        import waitress  # type: ignore[import-untyped]

        # that a request waits for a thread is no fault, and would be a line for each
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._map: dict[int, Any] = {}
        self._server = waitress.create_server(
            AccessLog(app), map=self._map, host=host, port=port, threads=threads, url_prefix=prefix, ident=None,
            max_request_body_size=_MOST_BODY, max_request_header_size=_MOST_HEAD,
        )  # fmt: skip
        self._stopping = False

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens: several for a name that means several."""
        found = getattr(self._server, "effective_listen", None)
        return found or [(self._server.effective_host, int(self._server.effective_port))]

    def stop(self, *_: object) -> None:
        """End soon; for signal handlers, which take a number and a frame."""
        self._stopping = True
        # wakes the loop from its wait
        next(each for each in self._map.values() if hasattr(each, "pull_trigger")).pull_trigger()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then end what runs; a second signal ends at once."""
        from waitress import wasyncore

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self._stopping:
            self._turn(1.0)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        self._refuse()
        until = time.monotonic() + GRACE
        while self._closing() and time.monotonic() < until:
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def _refuse(self) -> None:
        """Take no more connections."""
        for number, each in list(self._map.items()):
            if getattr(each, "accepting", False):
                each.accepting = False
                each.socket.close()
                del self._map[number]

    def _closing(self) -> bool:
        """Close each connection without work; whether one is left that has a request or bytes that are not out."""
        left = False
        for each in list(self._map.values()):
            if hasattr(each, "total_outbufs_len"):
                if each.requests or each.total_outbufs_len:
                    left = True
                else:
                    each.close_when_flushed = True
        return left

    def _turn(self, seconds: float) -> None:
        from waitress import wasyncore

        wasyncore.loop(timeout=seconds, map=self._map, count=1)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
