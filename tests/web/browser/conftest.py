"""The site in a real browser, over the fixture: a server, a Chromium, and what holds for every page in it.

A test asks `visit` for a page; when the test ends, each page that it had must have written no error to its
console and asked no other host.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright
from waitress.server import create_server

from web.app import create_app
from xref.index.build import index_tree

MINIKERNEL = Path(__file__).parents[3] / "fixtures" / "minikernel"

#: a phone and a desk, in pixels
WIDTHS = (390, 1440)
Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium: apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the fixture, without the last slash."""
    file = tmp_path_factory.mktemp("browser") / "minikernel.db"
    index_tree(file, MINIKERNEL, jobs=1)
    server = create_server(create_app(file), host="127.0.0.1", port=0, threads=4)
    closing = threading.Event()

    def run() -> None:
        try:
            server.run()
        except OSError:
            # it waits at its socket while that is closed below
            if not closing.is_set():
                raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    closing.set()
    server.close()
    thread.join(5)


@pytest.fixture
def visit(browser: Browser, served: str) -> Iterator[Visit]:
    """Opens an address of the site: `visit("/minikernel/source/", width=390, theme="dark", lang="ko")`."""
    faults: list[str] = []
    contexts = []

    def opened(address: str, *, width: int = 1440, theme: str = "light", lang: str = "en", **more: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, locale=lang, base_url=served, **more
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda said: faults.append(f"{address}: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(f"{address}: {error}"))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((served, "data:", "blob:")) else faults.append(asked.url),
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults, faults


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Asserts that axe-core finds nothing serious on a page."""

    def check(page: Page) -> None:
        found = Axe().run(page).response["violations"]
        serious = [
            (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"][:300])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert not serious, serious

    return check


@pytest.fixture
def fits() -> Callable[[Page], None]:
    """Asserts that a page does not scroll sideways as a whole."""

    def check(page: Page) -> None:
        wide, view = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= view, f"{page.url}: {wide} wide in {view}"

    return check
