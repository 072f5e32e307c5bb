"""HTTP as this room needs it: one small text, and one large file that survives broken connections."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from typing import cast
from urllib.parse import urlsplit

from xref.source.errors import SourceError
from xref.source.errors import UnavailableError
from xref.source.errors import reason_of
from xref.source.progress import Progress

#: What to do where a server cannot be had
ADVICE = "give --mirror URL, --archive FILE, or index a tree you already have"

#: Seconds that a connection, or any one read from it, may take
TIMEOUT = 30.0

#: Tries in a row that bring nothing new before a download is given up, and the first pause between them
TRIES = 4
PAUSE = 1.0

#: An archive of 6.x is some 150 MB, a list of checksums far under 1 MB: more than these is no kernel
MAX_TEXT_BYTES = 32 * 1024 * 1024
MAX_ARCHIVE_BYTES = 8 * 1024 * 1024 * 1024

_BLOCK = 256 * 1024
_AGENT = "xref (kernel cross-referencer; fetches one release)"
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _BrokenError(Exception):
    """A connection could not be made or broke off: worth another try."""


class _StatusError(Exception):
    """The server answered, but with an HTTP error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"HTTP status {code}")
        self.code = code


def check_url(url: str) -> str:
    """The base URL of a mirror, with a slash at its end.  Raises SourceError if it is none."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii()
        # looking at the port is what checks it
        valid = valid and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        valid = False
    if not valid or not url.isprintable() or " " in url:
        raise SourceError(f"{url!r} is no mirror: give an http(s):// URL, or a file with --archive FILE")
    return url.rstrip("/") + "/"


def read_text(url: str) -> str | None:
    """A small text file; None if the server has none.  Raises UnavailableError for any other trouble."""
    try:
        with _opened(url, {}) as response, _network():
            data = response.read(MAX_TEXT_BYTES)
            # read() ends quietly where the connection does, so what was promised is compared with what came
            if len(data) < (_length(response) or 0):
                raise _BrokenError("the connection broke off")
    except _StatusError as error:
        if error.code in (404, 410):
            return None
        raise UnavailableError(f"cannot read {url} ({error})", ADVICE) from error
    except _BrokenError as error:
        raise UnavailableError(f"cannot reach {url} ({error})", f"check the network, {ADVICE}") from error
    return data.decode("utf-8", "replace")


def download(url: str, part: Path, progress: Progress) -> bool:
    """Bring a file to `part`, going on from the bytes that it holds already.

    A broken connection is taken up again where it stopped, until TRIES in a row bring nothing.  What came
    stays in `part` whatever happens.  True if `part` was put together in more than one go: then a wrong
    checksum may only mean that the file on the server has changed in between.

    Raises UnavailableError, and OSError if `part` cannot be written.
    """
    pieces = _size(part) > 0
    most = _size(part)
    failures = 0
    while True:
        try:
            _go_on(url, part, _size(part), progress)
            return pieces
        except _StatusError as error:
            raise UnavailableError(f"cannot download {url} ({error})", ADVICE) from error
        except _BrokenError as error:
            # counted against the most there ever was: a server that always begins anew must come to an end
            failures = 1 if _size(part) > most else failures + 1
            most = max(most, _size(part))
            if failures >= TRIES:
                kept = f"{_size(part):,} bytes are kept in {part}"
                advice = f"run the same command again to go on, or {ADVICE}"
                raise UnavailableError(f"cannot download {url} ({error}; {kept})", advice) from error
        pieces = True
        time.sleep(PAUSE * 2 ** (failures - 1))


def _go_on(url: str, part: Path, have: int, progress: Progress) -> None:
    """One connection: ask for what is missing and write what comes."""
    try:
        with _opened(url, {"Range": f"bytes={have}-"} if have else {}) as response:
            span = _span(response, have)
            if span is None:
                part.unlink()
                raise _BrokenError("the server sent another part than it was asked for")
            start, total = span
            # a server that knows no Range sends all of it again, and so it is written from the start
            with part.open("ab" if start else "wb") as out:
                done = _copy(response, out, start, total, progress)
    except _StatusError as error:
        if error.code == 416 and have:
            # nothing after what we have: it is whole, or of another file; the checksum will tell
            return
        if error.code in (408, 429) or error.code >= 500:
            raise _BrokenError(str(error)) from error
        raise
    if total is not None and done < total:
        raise _BrokenError("the connection broke off")


def _span(response: http.client.HTTPResponse, have: int) -> tuple[int, int | None] | None:
    """Where in the file this answer begins, and how long the file is, if said; None if not where we asked."""
    if response.status != 206:
        total = _length(response)
        start = 0
    else:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not match or int(match[1]) != have:
            return None
        total = None if match[2] == "*" else int(match[2])
        start = have
    if total is not None and total > MAX_ARCHIVE_BYTES:
        raise SourceError(f"the server offers {total:,} bytes, which is no kernel archive: {ADVICE}")
    return start, total


def _copy(
    response: http.client.HTTPResponse, out: BinaryIO, done: int, total: int | None, progress: Progress
) -> int:
    """Write what comes until the connection ends; the size then reached."""
    progress(done, total, "download")
    while True:
        with _network():
            block = response.read(_BLOCK)
        if not block:
            return done
        out.write(block)
        done += len(block)
        if done > MAX_ARCHIVE_BYTES:
            raise SourceError(f"the server sends without end ({done:,} bytes): {ADVICE}")
        progress(done, total, "download")


@contextmanager
def _opened(url: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
    """A response, closed at the end.  Raises _StatusError or _BrokenError."""
    # only URLs below one that check_url let pass come here, so no file: or ftp:
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT, **headers})
    try:
        with _network():
            opened = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            raise _StatusError(error.code) from error
    with opened:
        yield cast("http.client.HTTPResponse", opened)


@contextmanager
def _network() -> Iterator[None]:
    """Turn what a connection can raise into _BrokenError; an error status passes through."""
    try:
        yield
    except urllib.error.HTTPError:
        raise
    except urllib.error.URLError as error:
        cause = error.reason
        raise _BrokenError(reason_of(cause) if isinstance(cause, BaseException) else str(cause)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _BrokenError(reason_of(error)) from error


def _length(response: http.client.HTTPResponse) -> int | None:
    """Content-Length, if it is given."""
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isdecimal() else None


def _size(path: Path) -> int:
    """Bytes in a file; 0 if there is none."""
    return path.stat().st_size if path.exists() else 0
