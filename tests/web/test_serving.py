"""`xref serve` as a process: its log, its end, its prefix, the index replaced below it; caching and compression."""

from __future__ import annotations

import gzip
import http.client
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from urllib.parse import urlsplit

import pytest
from flask import Flask

from web import serving
from web import workers
from web.app import create_app
from xref.index.build import index_tree

ROOT = Path(__file__).parents[2]


class Process:
    """A running `xref serve`."""

    def __init__(self, index: Path, log: Path, *options: str) -> None:
        self.log = log
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xref", "--index", str(index), "serve", "--port", "0", *options],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        assert self.process.stdout
        self.said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)(\S*) ", self.said)
        if not found:
            self.end()
        assert found, (self.said, log.read_text())
        self.port, self.path = int(found[1]), found[2]

    def get(self, address: str, headers: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", address, headers=headers or {})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(60)
        assert self.process.stdout
        self.process.stdout.close()
        return status


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    running: list[Process] = []

    def started(index: Path, *options: str) -> Process:
        running.append(Process(index, tmp_path / f"log{len(running)}", *options))
        return running[-1]

    yield started
    for each in running:
        each.end(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_line_for_each_request_and_a_clean_end(start: Any, web_index: Path, number: int) -> None:
    server = start(web_index)
    response, body = server.get("/tree/source/kernel/sched.c?q=%1b[31m%0a")
    assert response.status == 200
    assert "Server" not in response.headers
    server.get("/nothing%20at/all")
    assert server.end(number) == 0
    log = server.log.read_text()
    assert len(log.splitlines()) == 2, log
    first, second = log.splitlines()
    assert re.fullmatch(rf"GET /tree/source/kernel/sched\.c\?q=%1b\[31m%0a 200 {len(body)} \d+\.\dms", first)
    assert re.fullmatch(r"GET /nothing%20at/all 404 \d+ \d+\.\dms", second)


def test_nothing_in_a_log_line_steers_a_terminal() -> None:
    assert serving.shown("a\x1b[31m b\r\n\x85é\u202e") == r"a\x1b[31m\x20b\r\n\x85\xe9\u202e"
    assert serving.shown("") == "-"
    assert len(serving.shown("a" * 10_000)) < 520


def test_the_log_counts_what_is_sent_even_where_it_breaks_off() -> None:
    stream = io.StringIO()

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"12345"
        raise RuntimeError("broken off")

    body = serving.AccessLog(app, stream)({"REQUEST_METHOD": "GET", "PATH_INFO": "/x"}, lambda *_: None)  # type: ignore[arg-type,return-value]
    parts = iter(body)
    assert next(parts) == b"12345"
    with pytest.raises(RuntimeError):
        next(parts)
    body.close()  # type: ignore[attr-defined]
    assert stream.getvalue().startswith("GET /x 200 5 ")


def test_told_to_stop_it_ends_what_runs_and_takes_no_more() -> None:
    began, go_on = threading.Event(), threading.Event()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        began.set()
        go_on.wait(30)
        start_response("200 OK", [("Content-Length", "200000")])
        return [b"x" * 200_000]

    server = serving.Server(app, workers.listening("127.0.0.1", 0), threads=2)  # type: ignore[arg-type]
    port = server.addresses[0][1]
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    got: list[int] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        began.wait(30)
        server.stop()
        time.sleep(0.5)
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        go_on.set()
        got.append(len(connection.getresponse().read()))
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        server.run()
    finally:
        asking.join(30)
        signal.signal(signal.SIGTERM, handlers[0])
        signal.signal(signal.SIGINT, handlers[1])
    assert got == [200_000]


def test_one_of_several_that_has_ended_is_told_so_again_in_vain() -> None:
    """A signal to all processes reaches it twice, the second time from its parent, while it exits."""
    life, alive = os.pipe()
    os.close(alive)
    server = serving.Server(lambda *_: [], workers.listening("127.0.0.1", 0), parent=life)  # type: ignore[arg-type]
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        server.run()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGTERM, handlers[0])
        signal.signal(signal.SIGINT, handlers[1])
        os.close(life)


def test_an_index_replaced_is_served(start: Any, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.c").write_text("int first;\n")
    index = tmp_path / "x.db"
    index_tree(index, tree, jobs=1)
    server = start(index)
    assert b"first" in server.get("/tree/raw/a.c")[1]
    (tree / "a.c").write_text("int second_of_all;\n")
    other = tmp_path / "y.db"
    shutil.copy(index, other)
    index_tree(other, tree, jobs=1)
    other.replace(index)
    assert b"second_of_all" in server.get("/tree/raw/a.c")[1]
    index.unlink()
    assert server.get("/healthz")[0].status == 503
    assert server.end() == 0


def test_under_a_prefix_every_address_stands_under_it(start: Any, minikernel_index: Path, page_of: Any) -> None:
    server = start(minikernel_index, "--prefix", "/deep/xref/")
    assert server.path == "/deep/xref/"
    kinds = (
        "", "minikernel/source/", "minikernel/source/net/ipv4/tcp.c", "minikernel/ident/tcp_sendmsg", "api/",
        "minikernel/search?q=sendmsg", "minikernel/calls/tcp_sendmsg", "minikernel/document", "minikernel/walk/",
        "minikernel/path?from=sys_sendto&to=tcp_sendmsg", "minikernel/syscall/sendto",
    )  # fmt: skip
    for kind in kinds:
        response, body = server.get("/deep/xref/" + kind)
        assert response.status == 200, kind
        text = body.decode()
        page = page_of(text)
        for address in [*page.links, *filter(None, page.forms), *re.findall(r'\bsrc="([^"]+)"', text)]:
            target = urlsplit(urljoin("http://here/deep/xref/" + kind, address))
            assert target.netloc == "here", address
            assert target.path.startswith("/deep/xref/"), (kind, address)
        assert 'data-root="/deep/xref/"' in text
    script = re.findall(r'src="([^"]+site\.js)"', text)[0]
    response, body = server.get(script)
    assert response.status == 200
    response, _ = server.get("/deep/xref/minikernel/source")
    assert (response.status, response.headers["Location"]) == (308, "/deep/xref/minikernel/source/")
    response, _ = server.get("/deep/xref/?lang=ko")
    assert "Path=/deep/xref" in (response.headers["Set-Cookie"] or "")
    assert server.end() == 0


@pytest.mark.parametrize("prefix", ["/a b", "/../x", "/x?y", "/é", "/<x>"])
def test_a_prefix_that_is_none(web_index: Path, prefix: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xref", "--index", str(web_index), "serve", "--prefix", prefix],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--prefix" in done.stderr


# -- caching and compression -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app(web_index: Path) -> Flask:
    return create_app(web_index)


@pytest.mark.parametrize("accepts", ["gzip", "br", "zstd", "identity", ""])
@pytest.mark.parametrize("address", ["/tree/source/kernel/sched.c", "/api/v1/tree/references/HZ", "/tree/raw/kernel/sched.c"])
def test_a_reader_who_has_it_gets_304_however_it_came(app: Flask, address: str, accepts: str) -> None:
    client = app.test_client()
    first = client.get(address, headers={"Accept-Encoding": accepts})
    coded = first.headers.get("Content-Encoding")
    assert coded in ((accepts, None) if accepts not in ("identity", "") else (None,))
    assert "Accept-Encoding" in first.headers["Vary"]
    for other in ("gzip", "zstd", "identity"):
        again = client.get(address, headers={"Accept-Encoding": other, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert "Accept-Encoding" in again.headers["Vary"]
        assert again.headers["ETag"] == first.headers["ETag"]


def test_what_is_compressed_is_the_same_text(app: Flask) -> None:
    client = app.test_client()
    plain = client.get("/tree/source/kernel/sched.c").data
    packed = client.get("/tree/source/kernel/sched.c", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain)
    assert gzip.decompress(packed.data) == plain


def test_static_files_are_kept_for_ever_by_an_address_that_changes_with_them(app: Flask, page_of: Any) -> None:
    client = app.test_client()
    text = client.get("/").text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert addresses
    for address in addresses:
        response = client.get(address, buffered=True)
        assert response.status_code == 200
        assert {"immutable", "max-age=31536000", "public"} <= set(response.headers["Cache-Control"].split(", "))
    assert client.get("/static/site.css").status_code == 404


def test_modules_import_each_other_beside_themselves(app: Flask) -> None:
    """A module asked for by two addresses would run twice."""
    assert app.static_folder
    for file in Path(app.static_folder).glob("*.js"):
        for target in re.findall(r'(?:from|import)\s*\(?"([^"]+)"', file.read_text()):
            assert re.fullmatch(r"\./[\w.-]+\.js", target), (file.name, target)
            assert (file.parent / target).exists()


def test_redirects_name_no_host(app: Flask) -> None:
    response = app.test_client().get("/tree/source", headers={"Host": "elsewhere.example"})
    assert response.headers["Location"] == "/tree/source/"


def test_a_page_from_before_an_upgrade_gets_the_files_there_are(app: Flask) -> None:
    client = app.test_client()
    now = client.get(f"{app.static_url_path}/site.js", buffered=True)
    before = client.get("/static/0123456789abcdef/site.js", buffered=True)
    assert (before.status_code, before.data) == (200, now.data)
    assert "no-cache" in before.headers["Cache-Control"]
    assert "immutable" in now.headers["Cache-Control"]
    for address in ("0123456789abcdef/no.js", "0123456789abcdef/../app.py", "0123456789abcdef/%2e%2e/app.py", "xyz/site.js"):
        assert client.get(f"/static/{address}", buffered=True).status_code == 404
