"""A seeded sample of a real tree's files on their pages: the text is the file's, and names lead where `def` does."""

from __future__ import annotations

import random
import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote
from urllib.parse import unquote

import pytest

from scripts.hyperlinks import Crawl
from scripts.hyperlinks import drawn
from web.app import create_app
from xref.index.query import Index
from xref.source.text import decode

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.real.conftest import Kernel

_SEED = 20261122
_FILES = 300
#: pages whose links are followed; scripts/links follows more
_PAGES = 60
_IDENT = re.compile(r'<a(?: class="d")? href="/kernel/ident/([^"?]*)[^"]*">')


class _Code(HTMLParser):
    """The text of a page's `<pre>`, as a browser has it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inside = False
        self.parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = self.inside or tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.parts.append(data)


@pytest.fixture(scope="module")
def client(kernel: Kernel) -> FlaskClient:
    return create_app(kernel.index).test_client()


@pytest.fixture(scope="module")
def sample(opened: Index) -> list[str]:
    """Files drawn with a fixed seed, of those that are text."""
    paths = [path for path in opened.files() if opened.file_kind(path) != "binary"]
    return random.Random(_SEED).sample(paths, min(_FILES, len(paths)))


def _page(client: FlaskClient, path: str, query: str = "") -> str:
    answer = client.get(f"/kernel/source/{quote(path)}{query}")
    assert answer.status_code == 200, path
    return answer.text


def test_each_file_is_shown_as_it_is(kernel: Kernel, client: FlaskClient, sample: list[str]) -> None:
    for number, path in enumerate(sample):
        data = (kernel.root / path).read_bytes()
        # every other one with lines left out, which may not change its text
        html = _page(client, path, "?arch=i386" if number % 2 and (kernel.root / "arch/i386").is_dir() else "")
        # an HTML parser takes a carriage return that stands as such for a line end
        code = "".join(_Code(html.replace("\r", "\n")).parts)
        text = decode(data)
        assert code == text.replace("\0", "\u2400"), path
        encoding = "latin-1" if _is_latin(data) else "utf-8"
        assert code.replace("\u2400", "\0").encode(encoding) == data, path


def _is_latin(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def test_every_link_leads_where_it_says(client: FlaskClient, opened: Index) -> None:
    found = Crawl(client, opened).follow(drawn(opened, _PAGES))
    assert not found.faults
    assert found.pages == _PAGES
    assert found.identifiers > 500


def test_the_card_and_the_page_of_a_name_agree(client: FlaskClient, opened: Index, sample: list[str]) -> None:
    draw = random.Random(_SEED)
    for path in sample[:60]:
        names = sorted({unquote(unescape(each)) for each in _IDENT.findall(_page(client, path))})
        for name in draw.sample(names, min(3, len(names))):
            card = client.get(f"/api/v1/kernel/card/{quote(name)}?from={quote(path)}").json
            page = client.get(f"/api/v1/kernel/ident/{quote(name)}?from={quote(path)}").json
            assert card is not None
            assert page is not None
            if page["seen"] is not None:
                first, shown = page["definitions"][0], card["definition"]
                assert (shown["file"], shown["line"], shown["column"]) == (
                    first["file"], first["line"], first["column"],
                ), (path, name)  # fmt: skip
