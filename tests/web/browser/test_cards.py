"""The cards of identifiers on pages that are not a file's: names, search, calls, walkthroughs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

#: by kind of page its address, a link on it with a name, and what its card says
PAGES = {
    "ident": ("/minikernel/ident/tcp_sendmsg", "#callees ~ ul a:has(code)", "function"),
    "search": ("/minikernel/search?q=tcp_sendmsg", "#identifiers ~ ul a:has(code)", "tcp_sendmsg"),
    "calls": ("/minikernel/calls/tcp_sendmsg", "#callees a.fn", "function"),
    "path": ("/minikernel/path?from=sys_sendto&to=tcp_sendmsg", "a.fn", "function"),
    "syscall": ("/minikernel/syscall/sendto", "a.fn", "function"),
    "walk": ("/minikernel/walk/write?step=470", "#p-source .definition li[data-here] a:has(mark)", "defined in this file"),
}


@pytest.mark.parametrize("kind", PAGES)
def test_a_card_comes_by_mouse_and_keys(visit: Callable[..., Page], accessible: Callable[[Page], None], kind: str) -> None:
    address, link, says = PAGES[kind]
    page = visit(address)
    page.wait_for_load_state("networkidle")  # a walkthrough puts the line of its step into the middle
    first = page.locator(link).first
    first.hover()
    card = page.get_by_role("note", name=re.compile("^What .* is$"))
    expect(card).to_contain_text(says)
    accessible(page)
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.mouse.move(2, 2)
    first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    expect(card).to_be_visible()
    page.keyboard.press("i")
    assert page.evaluate("document.getElementById('card').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(first).to_be_focused()


def test_other_lists_of_the_same_name_have_no_card(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/ident/tcp_sendmsg")
    page.locator(".facets a").first.hover()
    page.wait_for_timeout(600)
    expect(page.locator("#card")).to_be_hidden()


def test_a_static_function_in_the_explorer_is_that_of_its_file(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/calls/sys_sendto")
    links = page.locator("a.fn[data-path]")
    if not links.count():
        page.goto("/minikernel/calls/sock_sendmsg")
    link = links.first
    link.hover()
    expect(page.get_by_role("note").locator(".head a")).to_contain_text(link.get_attribute("data-path") or "?")


def test_a_member_in_a_walkthrough_names_its_struct(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/walk/write?step=470")
    behind = "(links) => links.findIndex((each) => each.previousSibling?.textContent.endsWith('->'))"
    links = page.locator("#p-source .excerpt code a")
    member = links.nth(links.evaluate_all(behind))
    with page.expect_response(re.compile(r"/card/\w+\?from=.*&line=\d+&column=\d+")):
        member.hover()
    expect(page.get_by_role("note", name=re.compile("^What .* is$")).locator(".head")).to_contain_text("in struct")


def test_a_member_in_a_macro_names_the_structs_that_have_it(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/source/net/ipv4/tcp.c#L97")
    page.locator("#L97 ~ a", has_text=re.compile("^sk_sndmsg_page$")).first.hover()
    card = page.get_by_role("note", name=re.compile("^What .* is$"))
    expect(card).to_contain_text("is not known")
    expect(card.get_by_role("link", name="struct sock", exact=True)).to_have_attribute("href", re.compile(r"sock\.h#L\d+$"))
