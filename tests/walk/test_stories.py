"""Every scenario, and whatever a trace can say, has a sentence in each language."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from xref.stack import scenario
from xref.walk import stories
from xref.walk.data import LANGUAGES
from xref.walk.data import load

_STACK = Path(scenario.__file__).parent
_HANGUL = re.compile("[가-힣]")


def _said() -> dict[tuple[str, str], set[str]]:
    """Notes, events and states that the model's source can put into a trace, each with the names of its values."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in _STACK.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                continue
            kind = {"note": "note", "dski": "event", "state": "state"}.get(node.func.attr)
            name = node.args[0]
            if kind and isinstance(name, ast.Constant) and isinstance(name.value, str):
                values = {keyword.arg or "" for keyword in node.keywords}
                found[kind, name.value] = {"from", "to"} if kind == "state" else values
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_can_be_said_has_a_sentence(language: str) -> None:
    said = _said()
    assert len(said) > 25
    catalogue = load("stories.toml")
    known = {(kind, name) for kind in stories.KINDS for name in catalogue[kind][language]}
    assert known == set(said)
    for (kind, name), values in said.items():
        used = {field for _, field, _, _ in Formatter().parse(catalogue[kind][language][name]) if field}
        assert used <= values, (kind, name)


def test_each_scenario_teaches_in_korean() -> None:
    teaches = load("stories.toml")["teaches"]["ko"]
    assert set(teaches) == set(scenario.load())
    for name, said in teaches.items():
        assert _HANGUL.search(said), name
        assert said.endswith("."), name


def test_numbers_and_names_are_the_same_in_both() -> None:
    """A constant or a function that one sentence names, the other names as well."""
    for name, one in scenario.load().items():
        korean = stories.scenario(one.record(), "ko")["teaches"]
        names = set(re.findall(r"[A-Z][A-Z_]{4,}|[a-z]+_[a-z_]+", one.teaches))
        assert names <= set(re.findall(r"[A-Za-z_]+", korean)), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_steps_of_runs_say_something(language: str) -> None:
    heard: set[str] = set()
    for name in ("lost_timeout", "netfilter", "descriptors", "arp_resolved", "send_buffer_full"):
        trace = scenario.run(scenario.find(name)).trace
        assert trace is not None
        for record in trace.records():
            said = stories.sentence(record, language)
            assert (said is None) == (record["kind"] in ("enter", "leave"))
            if said is not None:
                heard.add(record["kind"])
                assert "{" not in said
                assert language == "en" or _HANGUL.search(said)
    assert heard == set(stories.KINDS)


def test_what_has_no_sentence() -> None:
    record: dict[str, Any] = {"kind": "note", "note": "never heard of"}
    assert stories.sentence(record) is None
    assert stories.scenario({"name": "new", "teaches": "English."}, "ko") == {"name": "new", "teaches": "English."}
