"""The addresses that templates write, and the edges that functions write for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask import url_for

from web import edges
from web.app import create_app
from web.explorer import nested
from xref.index.records import Edge


@pytest.fixture(scope="module")
def app(minikernel_index: Path) -> Flask:
    return create_app(minikernel_index)


@pytest.mark.parametrize("prefix", ["", "/deep/xref"])
@pytest.mark.parametrize("path", ["net/ipv4/tcp.c", "", "a b/ü&?#%2f.c", 'x"><script>', "a'b"])
def test_an_address_is_what_flask_makes_of_it_under_each_prefix(app: Flask, path: str, prefix: str) -> None:
    remembering = app.jinja_env.globals["url_for"]
    with app.test_request_context(base_url=f"http://here{prefix}"):
        for _ in range(2):
            assert remembering("source.page", tree="tree", path=path) == url_for("source.page", tree="tree", path=path)
            given = {"tree": "tree", "function": path or "f", "context": None, "bare": 1, "depth": "2"}
            assert remembering("calls.page", **given) == url_for("calls.page", **given)
            assert remembering("static", filename="site.css") == url_for("static", filename="site.css")


def test_what_an_edge_says_is_escaped(app: Flask) -> None:
    odd = '"><script>&'
    edge = Edge(
        odd, odd, f"{odd}.c", 7, "field", odd, f"{odd}.c:1", "name", f"{odd}.c:1", f"{odd}.c:2", (f"{odd}.h:3",),
        (odd, *"bcde"),
    )  # fmt: skip
    with app.test_request_context():
        shown = edges.Edges(url_for)
        page = shown.below("tree", nested([(0, edge), (1, edge)])) + shown.place("tree", odd, 1, {(odd, 1): odd})
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10
    assert page.count("by name only") == 2
    assert page.count("…") == 2, "more functions than are named"
    assert page.count("<details") == 1
