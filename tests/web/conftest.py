"""A small tree with all that is awkward to show, the site over it, and pages as a browser reads them."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from web.app import HEADERS
from web.app import create_app
from web.settings import Settings
from xref.index.build import index_tree

_VOID = {"input", "link", "meta", "br", "hr", "img"}

SCHED_H = """\
#ifndef SCHED_H
#define SCHED_H

#define HZ 100
#define for_ever(body) while (1) { body(HZ); }

struct task {
	int (*run)(struct task *task);
	const char *name;
};

int schedule(struct task *task);

#endif
"""

SCHED_C = """\
#include <linux/sched.h>
#include <asm/page.h>
#include "missing.h"

/* schedule() <is> "not" a reference & nor is HZ */
static int idle(struct task *task)
{
	return task->run(task) + HZ;
}

int schedule(struct task *task)
{
	char *text = "schedule <b>bold</b> & HZ";
	if (!task)
		return idle(task);
	return idle(task) + page_size();
}

void loop(void)
{
	schedule(0); schedule(0);
	printk("nothing here defines it");
}
"""

CRLF_C = b"""\
#include <linux/sched.h>
#define LONG(x) \\
	schedule(x)

int crlf(void)
{
	return HZ;
}
""".replace(b"\n", b"\r\n")

LATIN_C = b"/* Andr\xe9 Fran\xe7ois */ int latin(void) { return HZ; } /* \xbb */ int after_latin;"

UTF8_C = "/* Björn – “quoted” */ int utf8(void) { return HZ; }\n".encode()

ENTRY_S = """\
#include <linux/sched.h>
# a comment with schedule in it
ENTRY(start)
	pushl %eax		# save HZ
	call schedule
	movl $HZ, %ebx
	ret
"""

#: by path; what each is awkward for is in its name
FILES: dict[str, bytes] = {
    "include/linux/sched.h": SCHED_H.encode(),
    "include/asm-i386/page.h": b"static inline int page_size(void) { return 4096; }\n",
    "include/asm-ppc/page.h": b"static inline int page_size(void) { return 8192; }\n",
    "kernel/sched.c": SCHED_C.encode(),
    "kernel/crlf.c": CRLF_C,
    "kernel/latin.c": LATIN_C,
    "kernel/utf8.c": UTF8_C,
    "kernel/cond.c": b"#ifdef CONFIG_SMP\nint several;\n#endif\n",
    "kernel/broken.c": b"int before;\nint broken(void) { if ( ) ) ] = ; }\nint after;\n",
    "arch/i386/entry.S": ENTRY_S.encode(),
    "Makefile": b"# schedule\nobj-y := sched.o\n",
    "docs/blank-first.txt": b"\n\n  after two blank lines\n",
    "docs/odd-ends.txt": b"mac\rold\r\r\nmixed\n\rform\x0cfeed\x0b\x85 \xe9\ttab\x7f",
    "docs/markup.txt": b"</pre><script>alert(1)</script> &lt; &amp;#13; <!-- ]]>\n",
    "docs/bom.txt": b"\xef\xbb\xbfmarked\n",
    "docs/empty.txt": b"",
    "docs/one-newline.txt": b"\n",
    "docs/a & <b> 'c' \"d\"#e%20f?.txt": b"a hard name\n",
    "logo.png": b"\x89PNG\r\n\x1a\n\0\0",
}

TEXT_FILES = sorted(path for path in FILES if path != "logo.png")


class Page(HTMLParser):
    """A page as a browser would have it.  Raises AssertionError for markup that only happens to work."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.forms: list[str | None] = []
        self.fields: dict[str, str | None] = {}
        self._open: list[tuple[str, list[str]]] = []
        self._texts: list[tuple[str, str]] = []
        self.linked: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"
        assert len(self.ids) == len(set(self.ids)), "an id twice"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag != "script" or "src" in given or given.get("type") == "application/json"
        assert not [name for name in given if name == "style" or name.startswith("on")]
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag in ("a", "link"):
            self.links.append(given["href"] or "")
        if tag == "form":
            self.forms.append(given.get("action"))
        if tag == "input":
            self.fields[given.get("name") or ""] = given.get("value")
        if tag not in _VOID:
            self._open.append((tag, []))

    def handle_endtag(self, tag: str) -> None:
        opened, parts = self._open.pop()
        assert opened == tag, f"<{opened}> closed by </{tag}>"
        text = "".join(parts)
        self._texts.append((tag, text))
        if tag == "a":
            self.linked.append((text, self.links[len(self.links) - 1]))
        if self._open:
            self._open[-1][1].append(text)

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][1].append(data)

    def texts(self, tag: str) -> list[str]:
        """The text of each element of a name, as it is, in the order in which they end."""
        return [text for name, text in self._texts if name == tag]

    def text(self, tag: str) -> str:
        """The text of the only element of a name."""
        (only,) = self.texts(tag)
        return only

    def target(self, text: str) -> list[str]:
        """Where the links of this text lead."""
        return [href for shown, href in self.linked if shown == text]


class Visitor:
    """Asks a site for pages and records, and checks on each answer what holds for all."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, url: str, status: int = 200) -> TestResponse:
        response = self.client.get(url, buffered=True)
        assert response.status_code == status, f"{url}: {response.status}, {response.text[:300]}"
        for name, value in HEADERS.items():
            assert response.headers[name] == value
        return response

    def page(self, url: str, status: int = 200) -> Page:
        response = self.get(url, status)
        assert response.content_type == "text/html; charset=utf-8"
        return Page(response.text)

    def record(self, url: str, status: int = 200) -> Any:
        response = self.get(url, status)
        assert response.content_type == "application/json"
        return response.json

    def code(self, path: str) -> Page:
        return self.page(f"/tree/source/{quote(path)}")


def write_tree(root: Path) -> None:
    for path, data in FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


@pytest.fixture(scope="session")
def web_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two trees, `other` and `tree`.  Not to be written to."""
    base = tmp_path_factory.mktemp("web")
    write_tree(base / "tree")
    (base / "other").mkdir()
    (base / "other" / "only.c").write_text("int only_here;\n")
    file = base / "web.db"
    index_tree(file, base / "other", jobs=1)
    index_tree(file, base / "tree", arch="i386", jobs=1)
    return file


@pytest.fixture(scope="session")
def site(web_index: Path) -> Visitor:
    """The site over both trees, with its own settings."""
    return Visitor(create_app(web_index))


@pytest.fixture
def narrow(web_index: Path) -> Iterator[Visitor]:
    """The same with limits so low that all are met."""
    yield Visitor(
        create_app(web_index, Settings(page_size=2, search_most=5, most_shown=300, most_highlighted=100))
    )


@pytest.fixture(scope="session")
def text_files() -> dict[str, bytes]:
    """The bytes of each file of `tree` that is text, by path."""
    return {path: FILES[path] for path in TEXT_FILES}


@pytest.fixture(scope="session")
def page_of() -> type[Page]:
    """Reads a page, and fails for markup that only happens to work."""
    return Page
