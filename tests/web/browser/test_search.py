"""Search by keyboard alone: completion while typing, filters in the query, walking through results."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page
from playwright.sync_api import expect

Visit = Callable[..., Page]


def test_a_name_is_completed_and_opened_by_keyboard(visit: Visit) -> None:
    page = visit("/minikernel/source/")
    page.keyboard.press("/")
    page.keyboard.type("tcp_sendm")
    box = page.get_by_role("combobox").first
    expect(box).to_have_attribute("aria-expanded", "true")
    option = page.get_by_role("option").filter(has_text="tcp_sendmsg").first
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_count(1)
    assert box.get_attribute("aria-activedescendant") == page.get_by_role("option", selected=True).get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/minikernel/ident/tcp_sendmsg")


def test_escape_closes_and_enter_searches(visit: Visit, accessible: Callable[[Page], None]) -> None:
    page = visit("/minikernel/source/")
    page.keyboard.press("/")
    page.keyboard.type("tcp")
    expect(page.get_by_role("listbox")).to_be_visible()
    accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option", selected=True)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    assert page.get_by_role("combobox").first.input_value() == "tcp"
    page.keyboard.press("Enter")
    page.wait_for_url("**/minikernel/search?q=tcp")


def test_a_file_is_completed_by_some_letters(visit: Visit) -> None:
    page = visit("/minikernel/source/", width=390)
    page.get_by_role("combobox").first.focus()
    page.keyboard.type("tcpout")
    expect(page.get_by_role("option").first).to_contain_text("net/ipv4/tcp_output.c")
    page.get_by_role("option").first.click()
    page.wait_for_url("**/source/net/ipv4/tcp_output.c")


def test_results_are_walked_by_keyboard(visit: Visit) -> None:
    page = visit("/minikernel/search?q=file:net/ kind:call tcp_transmit_skb")
    expect(page.locator("[data-result]:focus")).to_have_count(0)
    page.keyboard.press("j")
    first = page.locator("[data-result]").nth(0)
    expect(first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-result]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/net/ipv4/*#L*")


def test_filters_and_their_help_work_without_a_script(visit: Visit) -> None:
    page = visit("/minikernel/search", java_script_enabled=False)
    expect(page.get_by_text("kind:write sk_state")).to_be_visible()
    page.get_by_role("searchbox", name="What to search for").fill("file:*.h /struct sk_?buff/")
    page.get_by_role("button", name="Search").last.click()
    expect(page.locator("mark").first).to_have_text("struct sk_buff")
    for heading in page.locator("h3.file").all_inner_texts():
        assert heading.endswith(".h")


def test_results_are_accessible_and_fit(visit: Visit, accessible: Callable[[Page], None], fits: Callable[[Page], None]) -> None:
    for width, theme, lang in ((390, "dark", "ko"), (1440, "light", "en")):
        for query in ("/skb_(put|push)/", "file:net/", "file:net/ kind:call kfree_skb"):
            page = visit(f"/minikernel/search?q={query}", width=width, theme=theme, lang=lang)
            accessible(page)
            fits(page)
