"""Files and directories: the text is the file's, the links lead where they say, the bytes are the bytes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from urllib.parse import urldefrag
from urllib.parse import urljoin

from xref.source.text import decode


def test_the_text_of_a_page_is_the_files(site: Any, text_files: dict[str, bytes]) -> None:
    for path, data in text_files.items():
        assert site.code(path).text("pre") == decode(data), path


def test_each_line_has_an_anchor(site: Any, text_files: dict[str, bytes]) -> None:
    for path, data in text_files.items():
        lines = data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
        anchors = [each for each in site.code(path).ids if each.startswith("L") and "-" not in each]
        assert anchors == [f"L{number}" for number in range(1, lines + 1)], path


def test_the_raw_file_is_its_bytes_as_text(site: Any, text_files: dict[str, bytes]) -> None:
    for path, data in text_files.items():
        response = site.get(f"/tree/raw/{quote(path)}")
        assert response.data == data
        assert response.content_type in ("text/plain; charset=utf-8", "text/plain; charset=iso-8859-1")
        assert response.data.decode(response.mimetype_params["charset"]) == decode(data)


def test_every_link_of_the_site_leads_somewhere(site: Any) -> None:
    """From `/` through all pages there are; a fragment has to be an anchor of its page."""
    waiting, pages, fragments = ["/"], {}, []
    while waiting:
        url = waiting.pop()
        if url in pages:
            continue
        if "/walk/" in url and "step" in url:
            # the thousands of steps of each walkthrough: test_walk goes to some of them
            pages[url] = None
            continue
        if url.startswith(("/tree/raw/", "/other/raw/", "/static/", "/api/", "/tree/graph.", "/other/graph.")) or url.endswith(".pcap"):
            site.get(url)
            pages[url] = None
            continue
        page = site.page(url)
        pages[url] = page
        for link in page.links:
            target, fragment = urldefrag(urljoin(url, link))
            assert target.startswith("/"), f"{link} in {url}"
            waiting.append(target)
            if fragment:
                fragments.append((url, target, fragment))
    missing = [
        (url, f"{target}#{anchor}") for url, target, anchor in fragments if anchor not in pages[target].ids
    ]
    assert not missing
    assert "/tree/source/kernel/sched.c" in pages
    assert "/tree/ident/schedule" in pages


def test_defined_names_are_linked_and_others_are_not(site: Any) -> None:
    page = site.code("kernel/sched.c")
    assert set(page.target("schedule")) == {"/tree/ident/schedule", "#L11-L17"}, (
        "in the code, and the outline"
    )
    assert page.target("HZ") == ["/tree/ident/HZ"], "once in code; not in a comment or a string"
    assert page.target("text") == [], "a local variable"
    assert page.target("return") == []


def test_a_local_is_not_linked_where_others_have_its_name(site: Any) -> None:
    """`task` is a struct in this tree, and a parameter of these functions."""
    html = site.get("/tree/source/kernel/sched.c").text
    link = '<a href="/tree/ident/task">task</a>'
    assert f'<span class="k">struct</span> {link} *task)' in html
    assert html.count(link) == 2, "in the head of each function"


def test_names_in_a_macros_body_are_linked(site: Any) -> None:
    assert "/tree/ident/HZ" in site.code("include/linux/sched.h").target("HZ")
    assert site.code("kernel/crlf.c").target("schedule") == ["/tree/ident/schedule"]


def test_names_in_assembler_are_linked_and_mnemonics_are_not(site: Any) -> None:
    page = site.code("arch/i386/entry.S")
    assert page.target("schedule") == ["/tree/ident/schedule"]
    assert page.target("HZ") == ["/tree/ident/HZ"]
    assert page.target("call") == []


def test_includes_lead_to_their_files(site: Any) -> None:
    page = site.code("kernel/sched.c")
    assert page.target("<linux/sched.h>") == ["/tree/source/include/linux/sched.h"]
    assert page.target("<asm/page.h>") == ["/tree/source/include/asm-i386/page.h"]
    assert page.target('"missing.h"') == []
    assert site.code("kernel/crlf.c").target("<linux/sched.h>") == ["/tree/source/include/linux/sched.h"]


def test_a_definitions_lines_have_an_anchor_together(site: Any) -> None:
    assert "L11-L17" in site.code("kernel/sched.c").ids


def test_definitions_are_marked_where_their_column_says(site: Any) -> None:
    """The columns of the index count bytes: of UTF-8 here, of Latin-1 there."""
    for path, name in (("kernel/utf8.c", "utf8"), ("kernel/latin.c", "after_latin")):
        html = site.get(f"/tree/source/{path}").text
        assert f'<a class="d" href="/tree/ident/{name}">{name}</a>' in html


def test_a_directory_lists_its_entries(site: Any) -> None:
    page = site.page("/tree/source/kernel")
    assert page.target("sched.c") == ["/tree/source/kernel/sched.c"]
    assert site.page("/tree/source/kernel/").links == page.links
    assert "/tree/source/include" in site.page("/tree/source/").target("include/")


def test_breadcrumbs_lead_to_each_directory_above(site: Any) -> None:
    page = site.code("include/linux/sched.h")
    assert page.target("include") == ["/tree/source/include"]
    assert page.target("linux") == ["/tree/source/include/linux"]


def test_what_was_not_parsed_is_said(site: Any) -> None:
    assert "Not parsed in full" in site.code("kernel/broken.c").texts("summary")[0]


def test_a_binary_file_has_a_page_and_no_bytes(site: Any) -> None:
    page = site.code("logo.png")
    assert page.texts("pre") == []
    assert any("binary" in text for text in page.texts("p"))
    assert "binary" in site.page("/tree/raw/logo.png", 404).text("main")


def test_a_long_file_is_shown_plain_and_a_longer_one_raw(narrow: Any, text_files: dict[str, bytes]) -> None:
    plain = narrow.code("arch/i386/entry.S")
    assert plain.text("pre") == text_files["arch/i386/entry.S"].decode()
    assert plain.target("schedule") == []
    longer = narrow.code("kernel/sched.c")
    assert longer.texts("pre") == []
    assert longer.target("raw") == ["/tree/raw/kernel/sched.c"] * 2


def test_a_page_not_changed_is_not_sent_again(site: Any) -> None:
    tag = site.get("/tree/source/kernel/sched.c").headers["ETag"]
    again = site.client.get("/tree/source/kernel/sched.c", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_a_trees_name_alone_leads_to_its_top(site: Any) -> None:
    assert site.get("/tree/", 302).headers["Location"] == "/tree/source/"
    site.page("/tre/", 404)
