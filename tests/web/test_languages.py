"""The site's words: each has a translation, and the reader gets the language that he prefers."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from web import languages

WEB = Path(languages.__file__).parent


def test_every_word_of_the_site_is_translated() -> None:
    methods = [("templates/**.html", "jinja2"), ("**.py", "python")]
    found = {message for _, _, message, _, _ in extract_from_dir(WEB, method_map=methods)}
    assert "Search" in found
    catalogue = languages.read_catalogue("ko")
    missing = []
    for each in found:
        message = catalogue.get(each[0] if isinstance(each, tuple) else each)
        if message is None or not message.string or not all(message.string) or message.fuzzy:
            missing.append(each)
    assert not missing


def test_no_translation_is_left_over() -> None:
    methods = [("templates/**.html", "jinja2"), ("**.py", "python")]
    found = {message for _, _, message, _, _ in extract_from_dir(WEB, method_map=methods)}
    assert [each.id for each in languages.read_catalogue("ko") if each.id and each.id not in found] == []


@pytest.mark.parametrize(
    ("address", "status", "to"),
    [
        ("/tree/source/?a=1&lang=ko&b=2", 303, "/tree/source/?a=1&b=2"),
        ("https://elsewhere.example/", 303, "/"),
        ("//elsewhere.example/", 303, "/"),
        ("/\\elsewhere.example/", 303, "/"),
        ("javascript:alert(1)", 303, "/"),
        ("", 303, "/"),
        ("/a\r\nSet-Cookie: x=1", 303, "/"),
        ("http://[", 303, "/"),
    ],
)
def test_preferences_lead_back_into_the_site_only(site, address: str, status: int, to: str) -> None:
    answer = site.client.post("/preferences", data={"to": address, "lang": "ko"})
    assert (answer.status_code, answer.headers["Location"]) == (status, to)


def test_a_language_that_is_none_is_refused(site) -> None:
    assert "en, ko" in site.get("/?lang=xx", 400).text
    assert site.client.post("/preferences", data={"to": "/", "lang": "xx"}).status_code == 303


def test_caches_know_that_a_page_depends_on_the_reader(site) -> None:
    assert {"Cookie", "Accept-Language"} <= set(site.get("/").vary)
