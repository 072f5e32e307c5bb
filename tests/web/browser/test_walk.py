"""A walkthrough as a person uses it: buttons, keys, the slider, playing, jumping; without a script as well."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

Visit = Callable[..., Page]
WRITE = "/minikernel/walk/write"


def _at(page: Page, n: int) -> None:
    """The page shows step n, in the number, the address and the panels."""
    expect(page.locator("#step-number")).to_have_text(f"{n:,}")
    expect(page).to_have_url(re.compile(rf"[?&]step={n}(&|$)"))


def _record(page: Page, n: int, query: str = "", name: str = "write") -> dict[str, Any]:
    answer = page.request.get(f"/api/v1/minikernel/walk/{name}?steps={n}{query}")
    record: dict[str, Any] = answer.json()["records"][0]
    return record


@pytest.mark.parametrize(("width", "theme", "lang"), [(390, "dark", "ko"), (390, "light", "en"), (1440, "dark", "en"), (1440, "light", "ko")])
@pytest.mark.parametrize("address", ["/minikernel/walk/", f"{WRITE}?step=470", "/minikernel/walk/fast_retransmit?step=3000"])
def test_pages_in_both_widths_themes_and_languages(
    visit: Visit, accessible: Callable[[Page], None], fits: Callable[[Page], None], address: str, width: int, theme: str, lang: str
) -> None:
    page = visit(address, width=width, theme=theme, lang=lang)
    page.wait_for_load_state("networkidle")
    fits(page)
    accessible(page)
    tabs = page.locator("#tabs button")
    for number in range(tabs.count() if width < 1000 else 0):
        tabs.nth(number).click()
        fits(page)
        accessible(page)


def test_next_back_over_out(visit: Visit) -> None:
    page = visit(f"{WRITE}?step=20")
    page.get_by_role("link", name="Next", exact=True).click()
    _at(page, 21)
    page.get_by_role("link", name="Back", exact=True).click()
    _at(page, 20)
    start = page.request.get("/api/v1/minikernel/walk/write?function=tcp_sendmsg&step=0").json()["n"]
    page.goto(f"{WRITE}?step={start}")
    to = _record(page, start)["to"]
    assert to["over"] > start + 20
    page.get_by_role("link", name="Over", exact=True).click()
    _at(page, to["over"])
    page.get_by_role("link", name="Back over", exact=True).click()
    _at(page, start)
    page.get_by_role("link", name="Next", exact=True).click()
    page.get_by_role("link", name="Out", exact=True).click()
    _at(page, _record(page, start + 1)["to"]["out"])


def test_by_keys_alone(visit: Visit) -> None:
    page = visit(WRITE)
    for key, n in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("Home", 0)):
        page.keyboard.press(key)
        _at(page, n)
    over = _record(page, 0)["to"]["over"]
    page.keyboard.press("Shift+ArrowRight")
    _at(page, over)
    page.keyboard.press("Shift+ArrowLeft")
    _at(page, 0)
    for key, what in (("e", "event"), ("s", "segment"), ("c", "call")):
        here = int(page.locator("#scrub").input_value())
        found = page.request.get(f"/api/v1/minikernel/walk/write?to={what}&step={here}").json()["n"]
        page.keyboard.press(key)
        _at(page, found)
    page.keyboard.press("End")
    last = int(page.locator("#scrub").get_attribute("max") or 0)
    _at(page, last)
    page.keyboard.press("e")
    expect(page.locator(".missed")).to_contain_text("Next event")
    _at(page, last)


def test_playing_and_pausing(visit: Visit) -> None:
    page = visit(f"{WRITE}?step=400")
    page.get_by_label("Speed").select_option("25")
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#step-number")).to_have_text(re.compile("41[3-9]|4[2-9][0-9]"))
    page.get_by_role("button", name="Pause").click()
    n = page.locator("#scrub").input_value()
    page.wait_for_timeout(300)
    assert page.locator("#scrub").input_value() == n
    _at(page, int(n))
    page.get_by_role("button", name="Play").evaluate("button => button.blur()")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_playing_ends_with_the_run(visit: Visit) -> None:
    page = visit("/minikernel/walk/no_route?step=80")
    page.get_by_label("Speed").select_option("60")
    page.get_by_role("button", name="Play").click()
    _at(page, int(page.locator("#scrub").get_attribute("max") or 0))
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_scrubbing(visit: Visit) -> None:
    page = visit(WRITE)
    slider = page.get_by_role("slider", name="Step")
    slider.fill("700")
    _at(page, 700)
    slider.focus()
    page.keyboard.press("ArrowRight")
    _at(page, 701)
    page.locator(".profile").click(position={"x": 300, "y": 15})
    expect(page.locator("#step-number")).not_to_have_text("701")


def test_jumping_to_a_function_an_event_a_segment_and_a_call_of_the_stack(visit: Visit) -> None:
    page = visit(WRITE)
    page.get_by_role("combobox", name="Function").fill("tcp_transmit_skb")
    page.keyboard.press("Enter")
    expect(page.locator(".caption .hot")).to_have_text("tcp_transmit_skb")
    stack = page.locator("[data-panel=stack] li")
    assert stack.first.inner_text().startswith("tcp_transmit_skb")
    below = stack.nth(2).locator("a")
    n, name = int(below.get_attribute("data-n") or 0), below.inner_text()
    below.click()
    _at(page, n)
    expect(page.locator(".caption .hot")).to_have_text(name)
    event = page.locator("#log a").nth(3)
    n = int(event.get_attribute("data-n") or 0)
    event.click()
    _at(page, n)
    expect(event).to_have_attribute("aria-current", "true")
    segment = page.locator(".sequence a").nth(4)
    n = int(segment.get_attribute("data-n") or 0)
    segment.click()
    _at(page, n)
    expect(page.locator(".sequence rect.row.current")).to_have_attribute("data-seg", "4")
    page.get_by_role("combobox", name="Function").fill("no_such_function")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".missed")).to_contain_text("no_such_function")


def test_the_panels_are_those_that_the_server_makes(visit: Visit) -> None:
    page = visit(f"{WRITE}?step=460")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    _at(page, 472)
    bare = visit(f"{WRITE}?step=472", java_script_enabled=False)
    for name in ("caption", "source", "stack", "skb", "sock", "bytes"):
        box = f"[data-panel={name}]"
        assert page.locator(box).inner_text() == bare.locator(box).inner_text()


def test_a_header_that_is_pushed_is_seen(visit: Visit) -> None:
    page = visit(WRITE)
    n = page.request.get("/api/v1/minikernel/walk/write?function=tcp_transmit_skb&step=420").json()["n"]
    pushed = page.request.get(f"/api/v1/minikernel/walk/write?function=skb_push&step={n}").json()["n"]
    page.goto(f"{WRITE}?step={pushed + 1}")
    expect(page.locator("[data-panel=skb] dl .changed", has_text="data")).to_be_visible()
    expect(page.locator("[data-panel=skb] rect.transport").first).to_be_attached()


def test_a_field_pointed_at_is_marked_in_bytes_and_list(visit: Visit) -> None:
    page = visit(WRITE)
    n = page.request.get("/api/v1/minikernel/walk/write?function=rtl8139_start_xmit&step=420").json()["n"]
    page.goto(f"{WRITE}?step={n}")
    page.locator(".dump .f.network").nth(4).hover()
    marked = page.locator(".fields .pointed")
    expect(marked).to_have_count(1)
    expect(page.locator(".dump .pointed").first).to_have_attribute("data-f", marked.get_attribute("data-f") or "")
    page.locator(".fields").focus()
    before = int(marked.get_attribute("data-f") or 0)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".fields .pointed")).to_have_attribute("data-f", str(before + 1))


def test_a_run_is_changed_and_its_address_says_only_what_changed(visit: Visit) -> None:
    page = visit(WRITE)
    page.get_by_text("Change the run").click()
    page.get_by_label("Payload, bytes").fill("3000")
    page.get_by_label("Lose the client's segments (numbers)").fill("2")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile("payload=3000"))
    assert page.url.endswith("write?payload=3000&drop=2")
    expect(page.locator(".sequence .arrow.lost")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("payload=3000&drop=2&step=1$"))
    with page.expect_download() as pcap:
        page.get_by_role("link", name="pcap").click()
    assert pcap.value.suggested_filename == "write.pcap"


def test_without_a_script(visit: Visit) -> None:
    page = visit(f"{WRITE}?step=20", java_script_enabled=False)
    for name in ("Next", "Back", "Over", "Back over", "Out"):
        page.goto(f"{WRITE}?step=20")
        page.get_by_role("link", name=name, exact=True).click()
        assert "step=" in page.url
        assert not page.url.endswith("step=20")
    page.get_by_role("button", name="segment").click()
    expect(page.locator(".caption")).to_contain_text("calls")
    page.get_by_role("combobox", name="Function").fill("tcp_sendmsg")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".caption .hot")).to_have_text("tcp_sendmsg")
    page.get_by_text("Change the run").click()
    page.get_by_label("Call and protocol").select_option("udp")
    page.get_by_role("button", name="Run", exact=True).click()
    assert page.url.partition("?")[0].endswith("/walk/udp")


def test_the_list_is_filtered_while_one_writes(visit: Visit) -> None:
    page = visit("/minikernel/walk/")
    page.get_by_label("Only those that say").fill("timer")
    shown = page.locator(".scenarios li:visible")
    expect(page.locator("#scenarios-count")).to_contain_text(f"{shown.count()} of ")
    assert 0 < shown.count() < 20
    shown.first.get_by_role("link").click()
    expect(page.locator("#step-number")).to_have_text("0")
