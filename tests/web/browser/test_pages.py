"""Each kind of page, at both widths, in both themes and languages: no fault, accessible, no sideways scrolling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

#: an address of each kind of page
KINDS = {
    "home": "/",
    "directory": "/minikernel/source/",
    "source": "/minikernel/source/net/socket.c",
    "range": "/minikernel/source/net/socket.c#L110-L140",
    "text": "/minikernel/source/Makefile",
    "ident": "/minikernel/ident/tcp_sendmsg",
    "search": "/minikernel/search?q=sendmsg",
    "calls": "/minikernel/calls/tcp_sendmsg",
    "path": "/minikernel/path?from=sys_sendto&to=tcp_sendmsg",
    "syscall": "/minikernel/syscall/sendto",
    "document": "/minikernel/document",
    "walks": "/minikernel/walk/",
    "status": "/minikernel/status",
    "walk": "/minikernel/walk/write?step=470",
    "api": "/api/",
}


@pytest.mark.parametrize(("width", "theme", "lang"), [(390, "dark", "ko"), (1440, "light", "en")])
@pytest.mark.parametrize("kind", KINDS)
def test_page(
    visit: Callable[..., Page],
    accessible: Callable[[Page], None],
    fits: Callable[[Page], None],
    kind: str,
    width: int,
    theme: str,
    lang: str,
) -> None:
    page = visit(KINDS[kind], width=width, theme=theme, lang=lang)
    assert page.locator("html").get_attribute("lang") == lang
    fits(page)
    accessible(page)


def test_a_chosen_theme_stays(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/source/")
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    expect(page.get_by_role("button", name="Light theme")).to_be_visible()


def test_a_theme_is_chosen_without_a_script(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/source/", java_script_enabled=False)
    page.get_by_role("button", name="Dark theme").click()
    assert page.url.endswith("/minikernel/source/")
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_a_chosen_language_stays(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/search?q=sendmsg")
    page.get_by_role("button", name="한국어").click()
    assert page.url.endswith("/minikernel/search?q=sendmsg")
    page.goto("/minikernel/source/")
    assert page.locator("html").get_attribute("lang") == "ko"


def test_a_language_in_the_address_stays(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/source/?lang=ko")
    page.goto("/minikernel/source/net/")
    assert page.locator("html").get_attribute("lang") == "ko"


def test_keys(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/source/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
