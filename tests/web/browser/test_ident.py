"""The page of an identifier in a browser: readable on a phone, without a script, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

Visit = Callable[..., Page]


@pytest.mark.parametrize(("width", "theme", "lang"), [(390, "dark", "ko"), (1440, "light", "en")])
@pytest.mark.parametrize("name", ["proto_ops", "sendmsg", "kfree_skb", "sock_type", "list_for_each_entry", "sk"])
def test_each_sort_of_name(
    visit: Visit,
    accessible: Callable[[Page], None],
    fits: Callable[[Page], None],
    name: str,
    width: int,
    theme: str,
    lang: str,
) -> None:
    page = visit(f"/minikernel/ident/{name}", width=width, theme=theme, lang=lang)
    fits(page)
    accessible(page)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    fits(page)


def test_what_a_member_holds_opens_by_keyboard_and_leads_to_the_store(visit: Visit) -> None:
    page = visit("/minikernel/ident/proto_ops", java_script_enabled=False)
    summary = page.locator("details.held summary").first
    summary.focus()
    page.keyboard.press("Enter")
    stores = page.locator("details.held").first.locator(".stores")
    expect(stores.get_by_role("link", name="inet_sendmsg").first).to_be_visible()
    stores.get_by_role("link", name="af_inet.c:").first.click()
    page.wait_for_url("**/source/net/ipv4/af_inet.c#L*")


def test_references_are_narrowed_step_by_step(visit: Visit) -> None:
    page = visit("/minikernel/ident/kfree_skb")
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="References").click()
    assert page.url.endswith("#references")
    page.locator(".directories").get_by_role("link", name="net/").first.click()
    expect(page.get_by_label("Path begins with")).to_have_value("net/")
    for heading in page.locator("h4").all_inner_texts():
        assert heading.startswith("net/")
    page.get_by_role("link", name="All about kfree_skb").click()
    expect(page.get_by_role("heading", name="Definitions")).to_be_visible()
