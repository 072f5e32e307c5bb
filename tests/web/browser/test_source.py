"""Reading a file: ranges, keys, outline, cards, targets, conditions, print; by mouse and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page
from playwright.sync_api import expect

SOCKET = "/minikernel/source/net/socket.c"
LIT = """() => {
  const lit = document.querySelector(".lit")?.getBoundingClientRect();
  const numbers = [...document.querySelectorAll("a[data-n]")].filter((each) => {
    const { top, height } = each.getBoundingClientRect();
    return lit && top + height / 2 > lit.top && top + height / 2 < lit.bottom;
  });
  return numbers.map((each) => Number(each.dataset.n));
}"""


def number(page: Page, line: int) -> None:
    page.locator(f"#L{line}").click()


def test_any_range_is_shown(visit: Callable[..., Page]) -> None:
    page = visit(f"{SOCKET}#L63-L66")
    page.wait_for_function(f"({LIT})().length === 4")
    assert page.evaluate(LIT) == [63, 64, 65, 66]
    expect(page.locator("#L63")).to_be_in_viewport()
    page.goto(f"{SOCKET}#L70")
    page.wait_for_function(f"({LIT})().length === 1")
    assert page.evaluate(LIT) == [70]
    page.evaluate("location.hash = '#L80-L72'")
    page.wait_for_function(f"({LIT})().length === 9")
    page.evaluate("location.hash = '#L9999'")
    page.wait_for_function("!document.querySelector('.lit')")


def test_a_range_is_chosen_by_the_mouse(visit: Callable[..., Page]) -> None:
    page = visit(f"{SOCKET}#L60")
    number(page, 63)
    assert page.url.endswith("#L63")
    page.locator("#L68").click(modifiers=["Shift"])
    assert page.url.endswith("#L63-L68")
    page.locator("#L61").click(modifiers=["Shift"])
    assert page.url.endswith("#L61-L63"), "from where the range began"
    assert page.evaluate(LIT) == [61, 62, 63]
    assert page.evaluate("getSelection().toString()") == ""


def test_a_range_is_chosen_by_keys(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET)
    page.keyboard.press("l")
    expect(page.get_by_role("dialog", name="Go to a line")).to_be_visible()
    page.keyboard.type("100-104")
    page.keyboard.press("Enter")
    page.wait_for_url("**#L100-L104")
    expect(page.locator("#L100")).to_be_focused()
    expect(page.locator("#L100")).to_be_in_viewport()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    assert page.url.endswith("#L101-L103")


def test_line_numbers_are_no_tab_stops(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET)
    assert page.locator("#code a[data-n]:not([tabindex='-1'])").count() == 0
    assert page.get_by_role("link", name="12", exact=True).count() == 1


def test_the_text_that_is_copied_is_the_files(visit: Callable[..., Page]) -> None:
    page = visit(f"{SOCKET}?arch=i386&config=CONFIG_SMP%3Dn")
    page.wait_for_selector("a.u[data-count]")
    raw = page.request.get("/minikernel/raw/net/socket.c").text()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#code code'))")
    assert page.evaluate("getSelection().toString()").rstrip("\n") == raw.rstrip("\n")
    assert page.locator("#code").evaluate("(code) => code.textContent") == raw


def test_the_function_around_is_named(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET)
    bar = page.get_by_role("group", name="Where you are")
    page.evaluate("document.getElementById('L126').scrollIntoView()")
    expect(bar.locator(".name")).to_have_text("__sock_sendmsg()")
    expect(page.locator("#outline [aria-current]")).to_have_text("__sock_sendmsg")
    page.keyboard.press("]")
    expect(bar.locator(".name")).not_to_have_text("__sock_sendmsg()")
    page.keyboard.press("[")
    expect(bar.locator(".name")).to_have_text(re.compile(r"\(\)$"))
    page.keyboard.press("c")
    page.wait_for_url("**/minikernel/calls/*")


def test_the_outline_is_filtered(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET)
    page.keyboard.press("o")
    page.keyboard.type("SENDMSG")
    shown = page.locator("#outline li:visible a")
    expect(shown.first).to_have_text("__sock_sendmsg")
    assert all("sendmsg" in each for each in shown.all_inner_texts())
    page.get_by_label("Kind").select_option("variable")
    expect(shown).to_have_count(0)
    page.get_by_label("Kind").select_option("")
    page.get_by_placeholder("Filter the outline").press("Enter")
    page.wait_for_url(re.compile(r"#L\d+-L\d+$"))


def test_a_phone_opens_outline_and_directory_on_demand(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET, width=390)
    expect(page.locator("#outline ul")).to_be_hidden()
    page.get_by_text("Outline", exact=False).first.click()
    expect(page.locator("#outline ul")).to_be_visible()


def test_a_card_by_the_mouse(visit: Callable[..., Page], accessible: Callable[[Page], None]) -> None:
    page = visit(f"{SOCKET}#L100")
    card = page.get_by_role("note")
    page.locator("#code a:not([class])", has_text="get_empty_filp").first.hover()
    expect(card.locator(".head")).to_contain_text("function")
    expect(card.locator(".signature")).to_contain_text("get_empty_filp")
    accessible(page)
    card.hover()
    page.wait_for_timeout(500)
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_a_card_by_keys(visit: Callable[..., Page]) -> None:
    page = visit(f"{SOCKET}#L100")
    link = page.locator("#code a:not([class])", has_text="get_empty_filp").first
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("note")).to_be_visible()
    expect(link).to_have_attribute("aria-describedby", "card")
    definition = page.get_by_role("note").locator(".head a").get_attribute("href")
    page.keyboard.press("d")
    page.wait_for_url(f"**{definition}")


def test_a_card_of_a_member_names_its_struct(
    visit: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    page = visit(f"{SOCKET}#L128")
    card = page.get_by_role("note")
    page.locator("#L128 ~ a", has_text=re.compile("^sendmsg$")).first.hover()
    expect(card.locator(".head")).to_contain_text("in struct proto_ops")
    expect(card.get_by_role("link", name="functions stored in it:")).to_have_attribute(
        "href", re.compile(r"/ident/sendmsg\?list=stores&struct=proto_ops$")
    )
    accessible(page)
    page.keyboard.press("Escape")
    page.goto("/minikernel/source/include/net/sock.h")
    page.locator("a.d", has_text=re.compile("^sk_prot$")).first.hover()
    expect(card.locator(".head")).to_contain_text("in struct sock")


def test_targets_of_a_call_through_a_pointer(visit: Callable[..., Page], accessible: Callable[[Page], None]) -> None:
    page = visit(f"{SOCKET}#L128")
    mark = page.get_by_role("link", name="Targets of sock->ops->sendmsg")
    mark.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog", name="Targets of sock->ops->sendmsg")
    expect(box).to_contain_text("struct proto_ops.sendmsg")
    expect(box.get_by_role("link", name="inet_sendmsg")).to_be_visible()
    expect(box.get_by_role("link", name=re.compile(r"af_inet.c:\d+")).first).to_be_visible()
    expect(box.get_by_role("link").first).to_be_focused()
    assert "false" not in box.inner_text()
    accessible(page)
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(mark).to_be_focused()


def test_a_mark_leads_to_the_caller_without_a_script(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET, java_script_enabled=False)
    page.get_by_role("link", name="Targets of sock->ops->sendmsg").click()
    assert page.url.endswith("/minikernel/calls/__sock_sendmsg")


def test_functions_tell_how_many_call_them(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET)
    mark = page.locator("a.u[data-f='__sock_sendmsg']")
    expect(mark).to_have_attribute("data-count", re.compile(r"^\d+ caller"))


def test_lines_left_out_are_dimmed(visit: Callable[..., Page], accessible: Callable[[Page], None]) -> None:
    page = visit("/minikernel/source/arch/i386/kernel/irq.c")
    assert page.locator(".x").count() == 0
    page.get_by_label("Architecture").select_option("i386")
    page.wait_for_url("**arch=i386**")
    page.get_by_label("Configuration").fill("CONFIG_4KSTACKS=n")
    page.get_by_label("Configuration").press("Enter")
    page.wait_for_url("**CONFIG_4KSTACKS**")
    note = page.get_by_role("note").first
    expect(note).to_have_attribute("data-note", "left out: CONFIG_4KSTACKS is not set")
    assert page.locator(".x").count() > 0
    expect(page.locator(".asked")).to_contain_text("left out and dimmed")
    accessible(page)
    page.get_by_role("link", name="Show all").click()
    assert page.locator(".x").count() == 0


def test_long_lines_wrap_on_demand_and_that_stays(visit: Callable[..., Page], fits: Callable[[Page], None]) -> None:
    page = visit(SOCKET, width=390)
    over = "document.getElementById('code').scrollWidth > document.getElementById('code').clientWidth"
    assert page.evaluate(over)
    page.keyboard.press("w")
    assert not page.evaluate(over)
    page.reload()
    page.wait_for_selector(".code.wrap")
    fits(page)
    page.get_by_role("button", name="Wrap long lines").click()
    assert page.evaluate(over)


def test_in_print_there_is_nothing_but_the_code(visit: Callable[..., Page]) -> None:
    page = visit(f"{SOCKET}#L60-L70")
    page.emulate_media(media="print")
    for hidden in (".top", ".side", ".where", ".conditions", ".lit", "a.v"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("#L20")).to_be_visible()


def test_a_directory_by_keys(visit: Callable[..., Page]) -> None:
    page = visit(SOCKET)
    page.keyboard.press("u")
    page.wait_for_url("**/minikernel/source/net")
    page.get_by_role("link", name="socket.c").click()
    assert page.url.endswith(SOCKET)
