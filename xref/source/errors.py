"""The one error that this room raises, and how text is made fit for one line of a terminal."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xref.source.names import one_line

#: errno values that mean "no room left": the device's, or this user's share of it
_FULL = (errno.ENOSPC, errno.EDQUOT)


class SourceError(Exception):
    """Something about a tree or an archive; its text is one line: what is wrong, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class UnavailableError(SourceError):
    """What was asked for could not be had from a server; `reason` is the message without its advice."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason}: {advice}")
        self.reason = one_line(reason)


def reason_of(error: BaseException) -> str:
    """The plain words of an error: `Permission denied`, not `[Errno 13] Permission denied: '/x'`."""
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror)
    return one_line(str(error)) or type(error).__name__


@contextmanager
def explained(where: Path, when_full: str) -> Iterator[None]:
    """Turn an OSError of the body into a SourceError; `when_full` says what a full disk leaves behind."""
    try:
        yield
    except OSError as error:
        name = error.filename if isinstance(error.filename, (str, bytes)) else str(where)
        shown = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
        if error.errno in _FULL:
            raise SourceError(
                f"disk full while writing {shown}: free some space, run the same command again ({when_full})"
            ) from error
        raise SourceError(
            f"cannot use {shown} ({reason_of(error)}): choose another place, or see to its permissions"
        ) from error
