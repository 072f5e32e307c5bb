"""The document's page in a browser: the picture, the filter by keyboard, links into what is closed, print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import expect

Visit = Callable[..., Page]


def _shown(page: Page) -> list[str]:
    return [each.get_attribute("data-n") or "" for each in page.locator(".claims > li:visible").all()]


def test_the_picture_stands_beside_the_steps_on_a_desk_and_not_on_a_phone(visit: Visit) -> None:
    page = visit("/minikernel/document")
    picture = page.locator(".picture svg").bounding_box()
    steps = page.locator(".steps").bounding_box()
    assert picture
    assert steps
    assert picture["x"] + picture["width"] <= steps["x"]
    assert picture["height"] <= 900
    page = visit("/minikernel/document", width=390)
    expect(page.locator(".picture")).to_be_hidden()
    expect(page.locator(".step").first).to_be_visible()


def test_a_node_leads_to_its_step_and_reading_marks_it(visit: Visit) -> None:
    page = visit("/minikernel/document")
    node = page.locator('.node[data-step="tcp_transmit_skb"]')
    node.focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#step-tcp_transmit_skb")
    expect(page.locator("#step-tcp_transmit_skb")).to_be_in_viewport()
    page.mouse.wheel(0, 60)
    expect(page.locator(".node.here")).to_have_count(1)


def test_what_the_document_skips_opens_from_the_picture(visit: Visit) -> None:
    page = visit("/minikernel/document")
    edges = page.locator("#link-sys_write-__sock_sendmsg")
    expect(edges).to_be_hidden()
    page.locator('a[href="#link-sys_write-__sock_sendmsg"]').click()
    expect(edges).to_be_visible()
    expect(edges).to_contain_text("file_operations.aio_write")


def test_the_filter_by_keyboard(visit: Visit) -> None:
    page = visit("/minikernel/document")
    page.keyboard.press("f")
    box = page.locator('#claims input[name="q"]')
    expect(box).to_be_focused()
    page.keyboard.type("iovec")
    expect(page.locator("#claim-10")).to_be_visible()
    expect(page.locator("#claim-11")).to_be_hidden()
    assert "q=iovec" in page.url
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("wrong")
    expect(page.locator("#claims .none")).to_be_visible()
    assert "verdict=wrong" in page.url
    page.get_by_role("link", name="Show all").click()
    assert len(_shown(page)) == 69
    assert "verdict" not in page.url


def test_a_count_filters_and_the_address_says_so(visit: Visit) -> None:
    page = visit("/minikernel/document")
    page.locator('#claims .counts a[data-verdict="wrong"]').click()
    found = _shown(page)
    assert 0 < len(found) < 20
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert _shown(page) == found
    # the claims that the server left out come when they are asked for
    page.locator('#claims .counts a[data-verdict=""]').click()
    expect(page.locator("#claim-1")).to_be_visible()
    assert len(_shown(page)) == 69


def test_the_filter_without_a_script(visit: Visit) -> None:
    page = visit("/minikernel/document", java_script_enabled=False)
    page.locator('#claims select[name="section"]').select_option("3.2")
    page.get_by_role("button", name="Filter").click()
    assert "section=3.2" in page.url
    assert _shown(page) == [str(n) for n in range(26, 33)]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_claim_s_link_shows_it_even_under_a_filter(visit: Visit, lang: str) -> None:
    page = visit("/minikernel/document?verdict=wrong#claim-1", lang=lang)
    expect(page.locator("#claim-1")).to_be_in_viewport()
    assert page.url.endswith("#claim-1")
    assert "verdict" not in page.url


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_print_has_the_picture_and_what_is_closed_on_screen(visit: Visit, lang: str) -> None:
    page = visit("/minikernel/document", lang=lang)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".picture svg")).to_be_visible()
    expect(page.locator("#link-sys_write-__sock_sendmsg")).to_be_visible()
    expect(page.locator(".top")).to_be_hidden()
    expect(page.locator(".asked").first).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


@pytest.mark.parametrize("width", [390, 900, 1200])
def test_it_fits_and_is_accessible_when_all_is_open(
    visit: Visit, accessible: Callable[[Page], None], fits: Callable[[Page], None], width: int
) -> None:
    page = visit("/minikernel/document?lang=ko", width=width, theme="dark")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    fits(page)
    accessible(page)


@pytest.mark.parametrize(("width", "theme", "lang"), [(390, "dark", "ko"), (1440, "light", "en")])
def test_an_error_s_page(
    browser: Browser,
    served: str,
    accessible: Callable[[Page], None],
    fits: Callable[[Page], None],
    width: int,
    theme: Any,
    lang: str,
) -> None:
    """Not by `visit`: a browser writes an answer of 404 to its console."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale=lang, base_url=served
    )
    page = context.new_page()
    page.goto("/minikernel/ident/tcp_sendmesg")
    fits(page)
    accessible(page)
    page.get_by_role("link", name="tcp_sendmsg", exact=True).click()
    assert page.url.endswith("/minikernel/ident/tcp_sendmsg")
    page.goto("/minikernel/ident/tcp_sendmesg")
    page.locator("main input").press("Enter")
    assert page.url.endswith("/minikernel/search?q=tcp_sendmesg")
    context.close()
