"""The call explorer in a browser: the tree by keyboard, the graph, the form for paths, and all of it without a script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

CALLS = "/minikernel/calls/inet_sendmsg"


@pytest.mark.parametrize(
    "address",
    [CALLS, "/minikernel/syscall/", "/minikernel/syscall/sendto?context=tcp4", "/minikernel/reaches/tcp_sendmsg",
     "/minikernel/path?from=sys_sendto&to=loopback_xmit&context=tcp4&most=2", "/minikernel/calls/NF_HOOK"],
)  # fmt: skip
@pytest.mark.parametrize(("width", "theme", "lang"), [(390, "dark", "ko"), (1440, "light", "en"), (1440, "dark", "en")])
def test_page(
    visit: Callable[..., Page], accessible: Callable[[Page], None], fits: Callable[[Page], None],
    address: str, width: int, theme: str, lang: str,
) -> None:  # fmt: skip
    page = visit(address, width=width, theme=theme, lang=lang)
    if page.locator("[data-graph]").count():
        expect(page.locator(".canvas svg")).to_be_visible()
    fits(page)
    accessible(page)


def test_the_tree_opens_by_keyboard_level_by_level(visit: Callable[..., Page]) -> None:
    page = visit(CALLS)
    row = page.locator('#callees .branch[data-node="tcp_sendmsg"] > summary')
    row.focus()
    page.keyboard.press("ArrowRight")
    inner = page.locator('#callees .branch[data-node="tcp_sendmsg"] .branch[data-node="tcp_push_one"]').first
    expect(inner.locator("> summary")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(row).not_to_be_focused()
    inner.locator("> summary").focus()
    page.keyboard.press("ArrowRight")
    below = inner.locator('.branch[data-node^="tcp_transmit_skb"] > summary').first
    expect(below).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(below).not_to_be_visible()


def test_recursion_is_shown_and_not_followed(visit: Callable[..., Page]) -> None:
    page = visit(CALLS)
    # the fixture has no function that calls itself: the answer says that it does
    page.route(
        "**/calls/tcp_sendmsg?*bare=1*",
        lambda route: route.fulfill(
            content_type="text/html",
            body='<ul><li><details class="branch" data-node="inet_sendmsg" data-src="/none"><summary>again</summary>'
            '<p class="below">link</p></details></li></ul>',
        ),
    )
    row = page.locator('#callees .branch[data-node="tcp_sendmsg"] > summary')
    row.focus()
    page.keyboard.press("ArrowRight")
    again = page.locator('.branch[data-node="tcp_sendmsg"] .branch[data-node="inet_sendmsg"]')
    again.locator("> summary").click()
    expect(again).to_have_class("branch recursive")
    expect(again).to_contain_text("recursion")


def test_the_graph_zooms_moves_and_follows(visit: Callable[..., Page]) -> None:
    page = visit(CALLS)
    svg = page.locator(".canvas svg")
    expect(svg).to_be_visible()
    before = svg.get_attribute("viewBox")
    page.keyboard.press("+")
    assert svg.get_attribute("viewBox") != before
    page.get_by_role("button", name="Fit").click()
    page.locator(".canvas").focus()
    middle = svg.get_attribute("viewBox")
    page.keyboard.press("ArrowRight")
    assert svg.get_attribute("viewBox") != middle
    node = page.locator(".canvas .node", has_text="tcp_sendmsg").first
    node.click()
    expect(page.locator(".picked")).to_contain_text("tcp_sendmsg")
    assert page.url.endswith(CALLS), "the first click centres"
    node.click()
    page.wait_for_url("**/calls/tcp_sendmsg*")


def test_the_graph_is_walked_by_keyboard(visit: Callable[..., Page]) -> None:
    page = visit(CALLS)
    expect(page.locator(".canvas svg")).to_be_visible()
    page.locator(".canvas").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".canvas .node.chosen.start")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(".canvas .node.chosen:not(.start)")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/calls/" in url and not url.endswith("inet_sendmsg"))


def test_a_drag_moves_and_does_not_follow(visit: Callable[..., Page]) -> None:
    page = visit(CALLS)
    svg = page.locator(".canvas svg")
    expect(svg).to_be_visible()
    before = svg.get_attribute("viewBox")
    box = page.locator(".canvas .node.start").bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 40, steps=4)
    page.mouse.up()
    assert svg.get_attribute("viewBox") != before
    assert page.url.endswith(CALLS)


@pytest.mark.parametrize(("form", "begins"), [("SVG", "<"), ("DOT", "digraph"), ("Mermaid", "flowchart")])
def test_export(visit: Callable[..., Page], form: str, begins: str) -> None:
    page = visit(CALLS)
    with page.expect_download() as waiting:
        page.get_by_role("link", name=form, exact=True).click()
    text = Path(waiting.value.path()).read_text()
    assert text.startswith(begins)
    if form == "SVG":
        ElementTree.fromstring(text)


def test_the_form_completes_and_finds(visit: Callable[..., Page]) -> None:
    page = visit("/minikernel/path")
    page.get_by_label("From", exact=True).press_sequentially("sys_sendt")
    expect(page.locator("#names-from option").first).to_have_attribute("value", "sys_sendto")
    page.get_by_label("From", exact=True).fill("sys_sendto")
    page.get_by_label("To", exact=True).fill("tcp_sendmsg")
    page.keyboard.press("Enter")
    expect(page.locator(".step")).to_have_count(5)
    expect(page.locator(".canvas svg")).to_be_visible()


def test_without_a_script(visit: Callable[..., Page]) -> None:
    page = visit(CALLS, java_script_enabled=False)
    expect(page.locator(".graph img")).to_be_visible()
    branch = page.locator('#callees .branch[data-node="tcp_sendmsg"]')
    branch.locator("> summary").click()
    branch.get_by_role("link", name="Callees of tcp_sendmsg").click()
    page.wait_for_url("**/calls/tcp_sendmsg*")
    assert page.locator("#callees .branch").count()
