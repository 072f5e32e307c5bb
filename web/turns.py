"""Requests of one process, one after another.

Two threads of one interpreter that compute at once make both answers late, the short one most of all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIApplication
    from _typeshed.wsgi import WSGIEnvironment

#: seconds after which a request no longer keeps the others waiting
PATIENCE = 0.25


class Turns:
    """A WSGI application whose requests wait for their turn; who takes long shares the processor with the next."""

    def __init__(self, app: WSGIApplication, patience: float = PATIENCE) -> None:
        self._app = app
        self._patience = patience
        self._free = threading.Condition()
        self._holder: object | None = None
        self._until = 0.0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, in this request's turn."""
        turn = self._take()
        try:
            return _Body(self._app(environ, start_response), lambda: self._give_back(turn))
        except BaseException:
            self._give_back(turn)
            raise

    def _take(self) -> object:
        turn = object()
        with self._free:
            while self._holder is not None and (left := self._until - time.monotonic()) > 0:
                self._free.wait(left)
            self._holder = turn
            self._until = time.monotonic() + self._patience
        return turn

    def _give_back(self, turn: object) -> None:
        with self._free:
            if self._holder is turn:
                self._holder = None
                self._free.notify()


class _Body:
    """A body that says when it is done with."""

    def __init__(self, body: Iterable[bytes], done: Callable[[], None]) -> None:
        self._body = body
        self._done = done

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]

    def close(self) -> None:
        """WSGI's end of an answer, whole or broken off."""
        try:
            close: Callable[[], None] | None = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._done()
