"""Each hyperlink leads to a page that exists, and an identifier's to the definition that `xref def` gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from scripts.hyperlinks import Crawl
from scripts.hyperlinks import drawn
from web.app import create_app
from xref.index.build import index_tree
from xref.index.query import Index

#: more pages than the fixture has of most kinds
_PAGES = 200


@pytest.fixture(scope="module")
def app(minikernel_index: Path) -> Flask:
    return create_app(minikernel_index)


def test_every_link_leads_where_it_says(app: Flask, minikernel_index: Path) -> None:
    index = Index(minikernel_index)
    found = Crawl(app.test_client(), index).follow(["/", *drawn(index, _PAGES - 1)])
    assert not found.faults
    assert found.pages == _PAGES
    assert found.identifiers > 500


def test_awkward_names_of_files_are_linked(web_index: Path) -> None:
    index = Index(web_index, "tree")
    pages = [f"/tree/source/{path}" for path in ("", "docs", "kernel/sched.c", "arch/i386/entry.S", "kernel/crlf.c")]
    found = Crawl(create_app(web_index).test_client(), index).follow(pages)
    assert not found.faults
    assert found.links > 50


def test_a_wrong_link_is_told(app: Flask, minikernel_index: Path) -> None:
    class Broken:
        """A site whose pages have one more link."""

        def __init__(self, more: str) -> None:
            self._client = app.test_client()
            self._more = more

        def get(self, address: str, **given: bool) -> object:
            answer = self._client.get(address, **given)
            html = answer.get_data(as_text=True)
            answer.set_data(html.replace("<main ", f'<a href="{self._more}">x</a><main ', 1))
            return answer

    index = Index(minikernel_index)

    def told(href: str) -> str:
        (fault,) = Crawl(Broken(href), index).follow(["/minikernel/source/kernel"]).faults
        return fault.what

    assert told("/minikernel/source/no.c") == "answers 404"
    assert told("/minikernel/source/net/socket.c#L9999") == "the page has no #L9999"
    assert told("/minikernel/ident/tcp_sendmsg#nowhere") == "the page has no #nowhere"
    assert told("https://example.org/") == "leads to another host"


def test_a_name_with_several_meanings_leads_to_this_files_own(app: Flask, minikernel_index: Path) -> None:
    index = Index(minikernel_index)
    own = [
        (each.name, path)
        for path in index.files("*.c")
        for each in index.outline(path) or ()
        if each.kind == "function" and each.static and index.definitions(each.name)[0].file != path
    ]
    assert own, "the fixture has static functions of one name"
    client = app.test_client()
    for name, path in own:
        page = client.get(f"/minikernel/source/{path}").text
        (href,) = set(re.findall(rf'href="(/minikernel/ident/{name}[^"]*)"', page))
        assert href == f"/minikernel/ident/{name}?from={path}"
        first = client.get(f"/api/v1{href}".replace("//", "/")).json
        assert first is not None
        assert first["definitions"][0]["file"] == path


def test_the_page_seen_from_a_file_has_the_calls_of_its_own_function(app: Flask, minikernel_index: Path) -> None:
    index = Index(minikernel_index)
    several = next(
        (each.name, path)
        for path in index.files("*.c")
        for each in index.outline(path) or ()
        if each.kind == "function" and each.static and not each.macro and len(
            [other for other in index.definitions(each.name, kind="function") if other.static]
        ) > 1
    )  # fmt: skip
    name, path = several
    html = app.test_client().get(f"/minikernel/ident/{name}?from={path}").text
    assert f'href="/minikernel/calls/{name}@{path}"' in html
    assert f'href="/minikernel/ident/{name}"' in html, "and a way to how no file sees it"


def test_other_trees_with_the_same_file_or_name_are_one_step_away(
    tmp_path: Path, page_of: Callable[[str], Any]
) -> None:
    for tree, files in (("old", {"a.c": "int both;\n"}), ("new", {"a.c": "int both;\nint fresh;\n", "b.c": "int b;\n"})):
        (tmp_path / tree).mkdir()
        for path, text in files.items():
            (tmp_path / tree / path).write_text(text)
        index_tree(tmp_path / "x.db", tmp_path / tree, jobs=1)
    client = create_app(tmp_path / "x.db").test_client()

    def links(address: str, tree: str) -> list[str]:
        return list(page_of(client.get(address).text).target(tree))

    assert links("/new/source/a.c", "old") == ["/old/source/a.c"]
    assert links("/new/source/b.c", "old") == []
    assert links("/old/source/a.c", "new") == ["/new/source/a.c"]
    assert links("/new/ident/both", "old") == ["/old/ident/both"]
    assert links("/new/ident/fresh", "old") == []
