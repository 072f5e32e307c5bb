"""The renderer alone: any text comes through unchanged, and time grows with length only."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.render import LeftOut
from web.render import Links
from web.render import Mark
from web.render import render

#: what lexers and HTML stumble over
_PIECES = [
    "\r\n", "\n", "\r", "\t", " ", "\f", "\v", "\x85", "\u2028", "\ufeff", "/*", "*/", "//", '"', "'", "\\",
    "\\\n", "\\\r\n", "#include <a.h>", '#include "', "#define X(a) a##b", "#if 0", "#", "##", "#error don't",
    "0x1fUL", "1.5e-3,", "name", "int", "return", "<", "&", "&amp;", "&#13;", "</pre>", "<script>", "é", "漢",
    "\U0001f427", "%eax", ".globl", "@ x", "! y", "L'x'", "$", "`",
]  # fmt: skip


class _Text(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.opened: list[str] = []
        self.feed(html)
        self.close()
        assert not self.opened

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _links(ranges: list[tuple[int, int]] | None = None) -> Links:
    includes = dict.fromkeys(range(50), ("/t/source/a.h", "a.h"))
    return Links(
        lambda names: {"name"} & set(names), "/t/ident/", lambda names: set(names), "?from=a.c",
        includes, frozenset({(1, 1)}), ranges or [],
    )  # fmt: skip


def _shown(html: str) -> str:
    return "".join(_Text(html).parts)


@given(
    st.lists(
        st.sampled_from(_PIECES) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4),
        max_size=40,
    ),
    st.sampled_from(["c", "asm", "makefile", "kconfig", "linker", "text"]),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8),
    st.lists(st.integers(1, 30), unique=True, max_size=8),
    st.booleans(),
)
def test_any_text_stays_what_it_is(
    pieces: list[str], kind: str, ranges: list[tuple[int, int]], bounds: list[int], utf8: bool
) -> None:
    text = "".join(pieces)
    bounds.sort()
    marked = _links(ranges)._replace(
        pointers={place: Mark("<", "&") for place in ranges},
        functions={place: Mark("<", "&") for place in ranges},
        left_out=[LeftOut(low, high, "<&>", "<&>") for low, high in zip(bounds[::2], bounds[1::2], strict=False)],
    )
    rendered = render(text, kind, marked, utf8=utf8)
    assert _shown(rendered.html) == text
    assert rendered.lines == text.count("\n") + (text != "" and not text.endswith("\n"))


def test_a_nul_is_shown_as_its_picture() -> None:
    assert _shown(render("a\0b", "text", _links(), utf8=True).html) == "a␀b"


def test_each_range_of_more_than_a_line_has_an_anchor() -> None:
    html = render("1\n2\n3\n4\n", "c", _links([(1, 3), (2, 4), (2, 3), (3, 9), (4, 4)]), utf8=True).html
    assert re.findall(r'id="(L\d-L\d)"', html) == ["L1-L3", "L2-L3", "L2-L4"], "also of those that cross another"


def test_marks_stand_in_attributes() -> None:
    marked = _links()._replace(
        definitions={(1, 1)},
        pointers={(2, 3): Mark('"a" & <b>', "/calls/f")},
        functions={(1, 1): Mark("callers", "/calls/name")},
        left_out=[LeftOut(2, 2, "no", 'not "A" & <B>')],
    )
    html = render("name\n  name(name);\n\n", "c", marked, utf8=True).html
    assert _shown(html) == "name\n  name(name);\n\n"
    assert 'data-at="2:3" aria-label="&quot;a&quot; &amp; &lt;b&gt;"' in html
    assert html.index('data-f="name"') < html.index('aria-label="not &quot;A&quot; &amp; &lt;B&gt;"') < html.index('id="L2"')


def test_what_a_parser_would_change_is_written_as_a_reference() -> None:
    html = render("\r a \r\r\n\x00\r\n", "c", _links(), utf8=True).html
    assert "\r" not in html
    assert "\0" not in html
    assert _shown(html) == "\r a \r\r\n\u2400\r\n"


def test_lines_stand_in_blocks_of_equal_length() -> None:
    html = render("x\n" * 450, "c", _links()._replace(left_out=[LeftOut(150, 420, "no", "no")]), utf8=True).html
    blocks = html.split('<span class="b">')[1:]
    assert [block.count("data-n=") for block in blocks] == [200, 200, 50]
    assert [block.count('class="x"') for block in blocks] == [1, 1, 1], "what is dimmed goes on in the next block"


@pytest.mark.parametrize(
    "piece", [" \n", "\n", "\\'", "\\\n", "/*", '"', "#", "\n#", "#include <", "a ", "0,", "int a(", "%", "{"]
)
@pytest.mark.parametrize("kind", ["c", "asm", "makefile"])
def test_time_grows_with_length_only(piece: str, kind: str) -> None:
    """60 KB of anything within seconds: a quadratic rule, as in Pygments' CLexer, takes minutes."""
    text = piece * (60_000 // len(piece))
    began = time.perf_counter()
    render(text, kind, _links(), utf8=True)
    assert time.perf_counter() - began < 5
