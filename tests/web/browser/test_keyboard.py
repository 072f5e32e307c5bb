"""Every journey through the site with the keyboard alone, on a phone's and a desk's width, in both themes and languages.

Nothing here points or clicks.  What is reached by Tab must be seen: with an outline, in the window, and not behind
the header.  The four modes hold each pair of width, theme and language.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

Visit = Callable[..., Page]
Opened = Callable[[str], Page]

#: the tree that the journeys go through; the names in them stand in any kernel
TREE = "minikernel"
MODES = [(390, "dark", "ko"), (390, "light", "en"), (1440, "dark", "en"), (1440, "light", "ko")]
#: for journeys over plain lists and forms: each value once
FEW = pytest.mark.parametrize("opened", [(390, "dark", "ko"), (1440, "light", "en")], indirect=True)

SEEN = """() => {
  const here = document.activeElement;
  const box = here.getBoundingClientRect();
  const style = getComputedStyle(here);
  const at = document.elementFromPoint(Math.min(Math.max(box.x + 3, 1), innerWidth - 2), box.y + box.height / 2);
  const shown = here.closest("svg") || (at && (here.contains(at) || at.contains(here)));
  const marked = style.outlineStyle !== "none" || style.boxShadow !== "none" || here.closest("svg");
  return shown && marked ? "" : `${here.outerHTML.slice(0, 120)} at ${box.x},${box.y} under ${at?.outerHTML.slice(0, 80)}: ${style.outlineStyle}`;
}"""


@pytest.fixture(params=MODES)
def opened(request: pytest.FixtureRequest, visit: Visit) -> Opened:
    """Opens an address below the tree in one of the modes."""
    width, theme, lang = request.param
    return lambda address: visit(f"/{TREE}/{address}", width=width, theme=theme, lang=lang)


def tab(page: Page, to: str, *, back: bool = False, most: int = 80) -> None:
    """Press Tab until what matches a selector has the focus; it must be seen there."""
    for _ in range(most):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if page.evaluate("(to) => document.activeElement.matches(to)", to):
            assert (fault := page.evaluate(SEEN)) == "", fault
            return
    raise AssertionError(f"Tab does not come to {to} on {page.url}")


def line_of(page: Page, file: str, text: str) -> int:
    """The first line of a file that has a text."""
    lines = page.request.get(f"/{TREE}/raw/{file}").text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def go_to_line(page: Page, lines: str) -> None:
    page.keyboard.press("l")
    page.keyboard.type(lines)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"#L{lines.replace('-', '-L')}$"))


def has_focus(page: Page, selector: str) -> bool:
    return bool(page.evaluate("(to) => document.activeElement.matches(to)", selector))


@FEW
def test_from_the_first_page_to_a_file(opened: Opened) -> None:
    page = opened("../")
    tab(page, f'a[href$="/{TREE}/source/"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip").first).to_be_focused()
    page.keyboard.press("Enter")
    tab(page, 'a[href$="/source/net"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/net")
    tab(page, 'a[href$="/source/net/socket.c"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/net/socket.c")
    page.keyboard.press("u")
    page.wait_for_url("**/source/net")


def test_lines_are_chosen_for_a_link(opened: Opened) -> None:
    page = opened("source/net/socket.c")
    go_to_line(page, "10-20")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_url("**#L11-L12")
    page.reload()
    expect(page.locator("#L11")).to_be_focused()
    expect(page.locator("#L11")).to_be_in_viewport()


def test_a_card_is_gone_into_and_left(opened: Opened, accessible: Callable[[Page], None]) -> None:
    page = opened("source/net/socket.c")
    go_to_line(page, str(line_of(page, "net/socket.c", "->sendmsg(")))
    name = 'a[href*="/ident/sendmsg"]'
    tab(page, name)
    page.keyboard.press("i")
    card = page.get_by_role("dialog", name=re.compile("sendmsg"))
    expect(card.locator(".head a")).to_be_focused()
    if page.locator("html").get_attribute("lang") == "ko":
        accessible(page)
    tab(page, '#card a[href*="list=stores"]', most=1)
    page.keyboard.press("Tab")
    expect(card).to_be_hidden()
    assert has_focus(page, name)
    page.keyboard.press("i")
    page.keyboard.press("Shift+Tab")
    expect(card).to_be_hidden()
    assert has_focus(page, name)
    page.keyboard.press("i")
    expect(card).to_be_visible()
    page.keyboard.press("ArrowDown")  # the page may move under it
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    assert has_focus(page, name)
    page.keyboard.press("i")
    tab(page, '#card a[href*="list=stores"]', most=1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ident/sendmsg?list=stores&struct=proto_ops")


def test_keys_do_what_they_do_while_hangul_is_written(visit: Visit) -> None:
    page = visit(f"/{TREE}/source/net/socket.c", lang="ko")
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㅣ', code: 'KeyL' }))")
    expect(page.locator("dialog[open] input[name=line]")).to_be_focused()
    page.keyboard.press("Escape")
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Process', code: 'KeyU' }))")
    page.wait_for_url("**/source/net")


def test_targets_of_a_pointer_and_the_definition(opened: Opened) -> None:
    page = opened("source/net/socket.c")
    line = str(line_of(page, "net/socket.c", "->sendmsg("))
    go_to_line(page, line)
    tab(page, "a.v", most=8)
    page.keyboard.press("Enter")
    box = page.locator(".targets")
    expect(box).to_be_visible()
    tab(page, '.targets a[href*="af_inet.c"]')
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    assert has_focus(page, "a.v")
    tab(page, 'a[href*="/ident/sendmsg"]', back=True, most=2)
    page.keyboard.press("d")
    page.wait_for_url(re.compile(r"source/include/linux/net\.h#L\d+"))


def test_the_outline_leads_into_the_code(opened: Opened) -> None:
    page = opened("source/net/socket.c")
    page.keyboard.press("o")
    page.keyboard.type("sock_sendm")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#L\d+-L\d+$"))
    page.wait_for_function("document.activeElement.matches('#code a[data-n]')")
    assert page.evaluate("document.activeElement.id") == re.search(r"#(L\d+)", page.url)[1]  # type: ignore[index]
    page.keyboard.press("]")
    assert has_focus(page, "#code a[data-n]")
    page.keyboard.press("[")
    page.keyboard.press("c")
    page.wait_for_url("**/calls/*")


def test_conditions_are_shown_when_they_are_asked_for(opened: Opened) -> None:
    page = opened("source/arch/i386/kernel/irq.c")
    tab(page, "select[name=arch]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(200)
    assert "arch=" not in page.url, "a choice that the arrows pass does not load the page"
    page.keyboard.type("i386")
    tab(page, "input[name=config]", most=1)
    page.keyboard.type("CONFIG_4KSTACKS=n")
    page.keyboard.press("Enter")
    page.wait_for_url("**arch=i386**CONFIG_4KSTACKS**")
    expect(page.locator(".x").first).to_be_attached()
    tab(page, ".asked a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/irq.c")


def test_a_name(opened: Opened) -> None:
    page = opened("source/")
    page.keyboard.press("/")
    page.keyboard.type("kfree_sk")
    expect(page.locator("[role=option]", has_text=re.compile("^kfree_skb")).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ident/kfree_skb")
    tab(page, 'a[href="#references"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**#references")
    tab(page, '.directories a[href*="in=net"], .references a, section a', most=20)
    page.keyboard.press("Home")
    tab(page, "input[name=in]", back=True, most=300)
    page.keyboard.type("net/")
    page.keyboard.press("Enter")
    page.wait_for_url("**in=net**")
    tab(page, ".neighbours a, .definitions a, section a")


@FEW
def test_what_a_struct_holds(opened: Opened) -> None:
    page = opened("ident/proto_ops")
    tab(page, "details.held summary")
    page.keyboard.press("Enter")
    tab(page, "details.held[open] .stores a", most=2)
    page.keyboard.press("i")
    expect(page.locator("#card .head a")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/**#L*")


@FEW
def test_a_search(opened: Opened) -> None:
    page = opened("search")
    tab(page, ".ask input[name=q]")
    page.keyboard.type("kind:call file:net/ kfree_skb")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert (fault := page.evaluate(SEEN)) == "", fault
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/net/**#L*")


def test_the_tree_and_the_graph_of_calls(opened: Opened) -> None:
    page = opened("calls/inet_sendmsg?context=tcp4")
    expect(page.locator(".canvas svg")).to_be_visible()
    tab(page, "select[name=context]")
    tab(page, '#callees .branch[data-node="tcp_sendmsg"] > summary')
    page.keyboard.press("ArrowRight")
    below = page.locator('#callees .branch[data-node="tcp_sendmsg"] .branch > summary').first
    expect(below).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert has_focus(page, ".branch .branch > summary")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(below).to_be_hidden()
    tab(page, ".canvas", back=page.viewport_size["width"] < 1000, most=200)  # type: ignore[index]
    svg = page.locator(".canvas svg")
    for key in ("+", "ArrowRight", "0"):
        before = svg.get_attribute("viewBox")
        page.keyboard.press(key)
        assert svg.get_attribute("viewBox") != before, key
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".canvas .node.chosen:not(.start)")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/calls/(?!inet_sendmsg)"))


@FEW
def test_a_path_and_its_export(opened: Opened) -> None:
    page = opened("path")
    tab(page, "input[name=from]")
    page.keyboard.type("sys_sendto")
    tab(page, "input[name=to]", most=1)
    page.keyboard.type("tcp_sendmsg")
    page.keyboard.press("Enter")
    expect(page.locator(".canvas svg")).to_be_visible()
    tab(page, ".step a")
    tab(page, '.export a[download="calls.svg"]', back=page.viewport_size["width"] < 1000)  # type: ignore[index]
    with page.expect_download():
        page.keyboard.press("Enter")


@FEW
def test_system_calls(opened: Opened) -> None:
    page = opened("syscall/")
    tab(page, "main input[name=q]")
    page.keyboard.type("sendto")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=sendto")
    page.goto(f"/{TREE}/reaches/tcp_sendmsg")
    tab(page, ".reached summary")
    page.keyboard.press("Enter")
    tab(page, ".reached details[open] .steps a", most=2)
    page.goto(f"/{TREE}/syscall/sendto")
    tab(page, ".tree-side summary")
    page.keyboard.press("ArrowDown")
    assert has_focus(page, ".tree-side summary")


def test_the_document(opened: Opened) -> None:
    page = opened("document")
    page.keyboard.press("f")
    page.keyboard.type("iovec")
    expect(page.locator("#claim-11")).to_be_hidden()
    tab(page, '#claims .counts a[data-verdict="wrong"]', most=8)
    page.keyboard.press("Enter")
    page.wait_for_url("**verdict=wrong**")
    tab(page, "#claims .none a, #claim-10 a, .claims a")
    page.keyboard.press("Control+Home")
    page.goto(f"/{TREE}/document")
    tab(page, ".step a, .picture a")
    tab(page, ".step summary", most=400)
    page.keyboard.press("Enter")
    expect(page.locator(".step details[open], details[open] .step").first).to_be_visible()


def test_a_walkthrough(opened: Opened) -> None:
    page = opened("walk/")
    tab(page, "main input[name=q]")
    page.keyboard.type("unresolved")
    tab(page, '.scenarios a[href$="/walk/arp_unresolved"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/walk/arp_unresolved")
    number = page.locator("#step-number")
    page.keyboard.press("s")
    expect(number).not_to_have_text("0")
    page.keyboard.press("Home")
    expect(number).to_have_text("0")
    tab(page, "#scrub")
    page.keyboard.press("ArrowRight")
    expect(number).to_have_text("1")
    tab(page, "#jumps input[name=function]", back=True)
    page.keyboard.type("arp_solicit")
    page.keyboard.press("Enter")
    expect(page.locator(".caption .hot")).to_have_text("arp_solicit")
    here = number.inner_text()
    tab(page, '#jumps button[value="event"]', back=True, most=6)
    page.keyboard.press("Space")  # presses the button, and does not play
    expect(number).not_to_have_text(here)
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
    if page.locator("#tabs").is_visible():
        tab(page, '#tabs button[aria-pressed="false"]')
        page.keyboard.press("Enter")
        expect(page.locator('#tabs button[aria-pressed="true"]')).to_be_focused()
    page.keyboard.press("7")
    assert has_focus(page, "#p-log .body")
    expect(page.locator("#p-log")).to_be_in_viewport()
    tab(page, "#log a", most=1)
    page.keyboard.press("Enter")
    expect(page.locator("#log a[aria-current]")).to_have_count(1)
    page.keyboard.press("1")
    assert has_focus(page, "#p-source *")


def test_a_run_is_changed_and_taken_away(opened: Opened) -> None:
    page = opened("walk/write")
    tab(page, "summary:has(+ form), details:has(#options) summary")
    page.keyboard.press("Enter")
    tab(page, "#options [name=payload]")
    page.keyboard.press("Control+a")
    page.keyboard.type("3000")
    page.keyboard.press("Enter")
    page.wait_for_url("**payload=3000**")
    tab(page, 'a[href*="pcap"]', back=True, most=120)
    with page.expect_download():
        page.keyboard.press("Enter")


def test_the_api_s_page(visit: Visit) -> None:
    for width, theme, lang in MODES[:2]:
        page = visit("/api/", width=width, theme=theme, lang=lang)
        tab(page, 'a[href$="openapi.json"]')
        tab(page, 'a[href^="#record-"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**#record-*")
        tab(page, "main a")


def test_language_theme_and_the_help_of_keys(opened: Opened) -> None:
    page = opened("source/net/socket.c")
    lang = page.locator("html").get_attribute("lang")
    tab(page, ".preferences button[name=lang]")
    page.keyboard.press("Enter")
    expect(page.locator("html")).not_to_have_attribute("lang", lang or "")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    tab(page, ".preferences button.theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", re.compile("dark|light"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    assert has_focus(page, ".preferences button.theme")
    if page.locator(".preferences .help").is_visible():
        tab(page, ".preferences .help", most=1)
        page.keyboard.press("Enter")
    else:
        page.keyboard.press("?")
    keys = page.locator("dialog .keys kbd")
    assert {"/", "?", "i", "d", "l", "o"} <= set(keys.all_inner_texts())
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@FEW
def test_letters_are_keys_only_where_the_reader_wants_them(opened: Opened) -> None:
    page = opened("source/net/socket.c")
    page.keyboard.press("?")
    tab(page, "dialog .letters input", back=True, most=2)
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for place in ("source/net/socket.c", "search?q=sock"):
        page.goto(f"/{TREE}/{place}")
        page.wait_for_load_state("networkidle")
        for key in ("/", "?", "l", "o", "j"):
            page.keyboard.press(key)
        assert has_focus(page, "body")
        assert page.get_by_role("dialog").count() == 0
    # on a phone too, the button is the way back
    tab(page, ".preferences .help")
    page.keyboard.press("Enter")
    tab(page, "dialog .letters input", back=True, most=2)
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("input[type=search]").first).to_be_focused()
