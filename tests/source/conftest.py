"""A web server on this machine that serves releases well or badly, and archives to serve."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

import pytest

from xref.source import download


@dataclass
class Site:
    """What the server has, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    #: whether it answers Range
    ranges: bool = True
    #: close the connection after so many bytes of a body: one for each answer to come, per path
    cuts: dict[str, list[int]] = field(default_factory=dict)
    #: answer with these statuses first, per path
    statuses: dict[str, list[int]] = field(default_factory=dict)
    #: (path, Range header or "")
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def publish(self, name: str, data: bytes, directory: str = "v2.6") -> None:
        """Add a file, and its line in the list of checksums."""
        self.files[f"/{directory}/{name}"] = data
        sums = self.files.get(f"/{directory}/sha256sums.asc", b"-----BEGIN PGP SIGNED MESSAGE-----\n\n")
        line = f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()
        self.files[f"/{directory}/sha256sums.asc"] = sums + line

    def asked(self, path: str) -> list[str]:
        """The Range headers of the requests for a path."""
        return [ranged for asked, ranged in self.requests if asked == path]


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        ranged = self.headers.get("Range", "")
        site.requests.append((self.path, ranged))
        data = site.files.get(self.path)
        if site.statuses.get(self.path):
            self.send_error(site.statuses[self.path].pop(0))
            return
        if data is None:
            self.send_error(404)
            return
        start = int(ranged.removeprefix("bytes=").removesuffix("-")) if ranged and site.ranges else 0
        if start and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        body = data[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cuts = site.cuts.get(self.path)
        self.wfile.write(body[: cuts.pop(0)] if cuts else body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine would lead the requests to 127.0.0.1 astray."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(download, "PAUSE", 0.0)
    served = Site()
    handler = type("Handler", (_Handler,), {"site": served})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_address[1]}/"
        yield served
        server.shutdown()
        thread.join()


def _member(
    name: str, data: bytes | None = b"", **attributes: object
) -> tuple[tarfile.TarInfo, bytes | None]:
    info = tarfile.TarInfo(name)
    info.size = len(data or b"")
    info.mode = 0o644
    if name.endswith("/"):
        info.type = tarfile.DIRTYPE
        info.mode = 0o755
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def _archive(*members: tuple[tarfile.TarInfo, bytes | None], form: str = "xz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{form}") as tar:  # type: ignore[call-overload]
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if data else None)
    return out.getvalue()


@pytest.fixture
def member() -> Callable[..., tuple[tarfile.TarInfo, bytes | None]]:
    """Make one: ("linux-1/a.c", b"int a;"), or ("linux-1/l", None, type=SYMTYPE, linkname="a.c")."""
    return _member


@pytest.fixture
def archive() -> Callable[..., bytes]:
    """Make an archive of members; form= xz, gz, bz2 or "" for none."""
    return _archive


@pytest.fixture
def kernel() -> Callable[..., bytes]:
    """Make the archive of a small kernel; the text is what its Makefile says."""

    def make(version: str = "2.6.11", text: bytes = b"VERSION = 2\n", form: str = "xz") -> bytes:
        # incompressible, so that a download has a middle to be cut in
        noise = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(200))
        return _archive(
            _member(f"linux-{version}/"),
            _member(f"linux-{version}/Makefile", text),
            _member(f"linux-{version}/net/"),
            _member(f"linux-{version}/net/ipv4.c", b"int ip_rcv(void);\n"),
            _member(f"linux-{version}/noise", noise),
            form=form,
        )

    return make
