"""How the long work of this room tells where it is; the command line draws it."""

from __future__ import annotations

from typing import Literal
from typing import Protocol

#: download: bytes of the archive; check: bytes hashed; unpack: bytes of the archive read
Phase = Literal["download", "check", "unpack"]


class Progress(Protocol):
    """Called often (each 256 KB or less), so it must be cheap; what it raises stops the work cleanly."""

    def __call__(self, done: int, total: int | None, phase: Phase, /) -> None:
        """`done` of `total` bytes of this phase; None where the server does not say how many there are."""


def silent(done: int, total: int | None, phase: Phase, /) -> None:
    """Report to nobody."""
