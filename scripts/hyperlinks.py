"""Follows the hyperlinks of a site: does each lead to a page that exists, and an identifier's to its definition?

Pages are drawn from an index with a fixed seed, of all kinds; each address that they link to is asked for once, by the
client that is handed in.  What a link says behind `#` must be in the page that it leads to.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from collections.abc import Iterator
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from typing import Any
from typing import NamedTuple
from urllib.parse import parse_qs
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import urljoin
from urllib.parse import urlsplit

from xref.index.places import Places
from xref.index.query import Index
from xref.index.viewpoint import seen_from

SEED = 20261122
#: lines of code that a script chooses: `#L10`, `#L10-L20`
_LINES = re.compile(r"L(\d+)(?:-L(\d+))?")
#: where the page of a name shows the definition that it puts first
_FIRST = re.compile(r'<div class="first">\s*<div><span class="kind">\w+</span> <a href="([^"]*)"')
#: the end of a range of lines
_END = re.compile(r"-L\d+\Z")
_PART = re.compile(r'data-part-lines="\d+"')


class Fault(NamedTuple):
    """A link that does not lead where it should: the page it is on, what it says, and what is wrong."""

    page: str
    href: str
    what: str


class Report(NamedTuple):
    """What was followed, and what was found wrong."""

    pages: int
    links: int
    addresses: int
    identifiers: int
    faults: list[Fault]


class _Page(HTMLParser):
    """The links of a page, and what they can lead to in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("a", "area"):
            self.links.append(given.get("href") or given.get("xlink:href") or "")
        if given.get("id"):
            self.ids.add(given["id"] or "")


class Crawl:
    """Follows links by a client as Flask and werkzeug have it: `get(address)` with `status_code`, `text` and so on."""

    def __init__(self, client: Any, index: Index) -> None:
        self._client = client
        self._index = index
        self._idents = f"/{index.tree}/ident/"
        #: by address, whether it is there, the ids of its page, and whether it is a part of a long file
        self._known: dict[str, tuple[str | None, frozenset[str], bool]] = {}
        self.identifiers = 0

    @cached_property
    def _places(self) -> Places:
        return Places(self._index)

    def follow(self, pages: Iterable[str]) -> Report:
        """Follow each link of these pages."""
        faults: list[Fault] = []
        count = links = 0
        for page in pages:
            count += 1
            answer = self._client.get(page, buffered=True, follow_redirects=True)
            if answer.status_code != 200:
                faults.append(Fault(page, page, f"answers {answer.status_code}"))
                continue
            for href in dict.fromkeys(_Page(answer.text).links):
                links += 1
                what = self._wrong(urljoin(page, href))
                if what:
                    faults.append(Fault(page, href, what))
        return Report(count, links, len(self._known), self.identifiers, faults)

    def _wrong(self, href: str) -> str | None:
        """What is wrong with a link, None where nothing is."""
        if urlsplit(href).netloc:
            return "leads to another host"
        address, _, fragment = href.partition("#")
        if address not in self._known:
            self._known[address] = self._asked(address)
        wrong, ids, part = self._known[address]
        if wrong or not fragment:
            return wrong
        lines = _LINES.fullmatch(unquote(fragment))
        if lines and part:
            return None  # a script goes on to the part that has the line
        wanted = {f"L{each}" for each in lines.groups() if each} if lines else {unquote(fragment)}
        return None if wanted <= ids else f"the page has no #{fragment}"

    def _asked(self, address: str) -> tuple[str | None, frozenset[str], bool]:
        # a search that can mean but one name leads on to it
        answer = self._client.get(address, buffered=True, follow_redirects=True)
        if answer.status_code != 200:
            return f"answers {answer.status_code}", frozenset(), False
        if answer.mimetype != "text/html":
            return None, frozenset(), False
        text = answer.text
        wrong = self._elsewhere(address, text) if address.startswith(self._idents) else None
        # a line's anchor stands in each of some thousand lines: a parser would take seconds for them all
        ids = frozenset(unescape(each) for each in re.findall(r'\bid="([^"]*)"', text))
        return wrong, ids, _PART.search(text) is not None

    def _elsewhere(self, address: str, text: str) -> str | None:
        """Whether a name's page puts first what `xref def` does, seen from the file that the link says."""
        parts = urlsplit(address)
        given = parse_qs(parts.query)
        if given.keys() - {"from"}:
            return None
        self.identifiers += 1
        name = unquote(parts.path.removeprefix(self._idents))
        found = self._index.ranked(name)
        if "from" in given:
            found, _ = seen_from(self._places, name, found, given["from"][0])
        first = _FIRST.search(text)
        shown = _END.sub("", unquote(unescape(first[1])).partition("/source/")[2]) if first else None
        wanted = f"{found[0].file}#L{found[0].row[0]}" if found else None
        return None if shown == wanted else f"shows {shown} first, `xref def` {wanted}"


def drawn(index: Index, count: int, seed: int = SEED) -> list[str]:
    """Addresses of pages of all kinds, as many of each as there are, drawn with a fixed seed."""
    kinds = list(_kinds(index, random.Random(seed)))
    found: dict[str, None] = {}
    for number in range(20 * count):
        if len(found) == count:
            break
        each = next(kinds[number % len(kinds)], None)
        if each is not None:
            found[f"/{index.tree}{each}"] = None
    return list(found)


def _kinds(index: Index, chance: random.Random) -> Iterator[Iterator[str]]:
    """An iterator over addresses of each kind."""
    files = sorted(path for path in index.files() if index.file_kind(path) in ("c", "asm"))
    every = sorted(index.files())
    outlines = [each for path in chance.sample(files, min(60, len(files))) for each in index.outline(path) or ()]
    names = sorted({each.name for each in outlines})
    functions = sorted({each.name for each in outlines if each.kind == "function"})

    def drawing(form: str, among: Iterable[str]) -> Iterator[str]:
        pool = list(among)
        while pool:
            yield form.format(quote(chance.choice(pool)))

    yield drawing("/source/{}", files)
    yield drawing("/ident/{}", names)
    yield drawing("/source/{}", every)
    yield drawing("/source/{}", sorted({path.rpartition("/")[0] for path in every}))
    yield drawing("/ident/{}", names)
    yield drawing("/calls/{}", functions)
    yield drawing("/search?q={}", names)
    yield drawing("/walk/send?step={}", map(str, range(200)))
    yield (f"/path?from={quote(chance.choice(functions))}&to={quote(chance.choice(functions))}" for _ in functions)
    yield iter(("/walk/", "/walk/send?to=event", "/status", "/document", "/document?lang=ko", "/path", "/syscall"))
