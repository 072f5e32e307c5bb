"""The claims' data, and the verdicts that come of it on a small kernel and on a tree that is none."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from xref.walk import claims
from xref.walk.data import LANGUAGES
from xref.walk.data import DataError
from xref.walk.data import load
from xref.walk.data import parse
from xref.walk.data import words
from xref.walk.facts import PREDICATES
from xref.walk.facts import Facts

#: fixtures/minikernel has the shape of 2.6.11, so most is as there; it differs where it is written in other words
#: (35, 61) or does without (17: no credentials)
_IMPRECISE = {2, 7, 13, 16, 20, 21, 25, 35, 37, 41, 42, 44, 49, 50, 53, 56, 57, 59, 61, 68}
_WRONG = {12, 14, 15, 54, 62}
_UNKNOWN = {17, 30, 31, 63, 64, 65, 66, 67, 69}

_GOOD: dict[str, Any] = {"claim": [{
    "n": 1, "section": "1", "en": "a calls b.", "ko": "a가 b를 부른다.", "confirmed": 'calls("a", "b")',
    "why": {"confirmed": {"en": "It does.", "ko": "그렇다."}},
}]}  # fmt: skip


def test_there_are_69_claims_in_two_languages() -> None:
    assert [claim.n for claim in claims.claims()] == list(range(1, 70))
    for claim in claims.claims():
        assert set(claim.says) == set(LANGUAGES)
        # each has at least one reason written for it
        assert claim.why
        for why in claim.why.values():
            assert all(why[language].strip() for language in LANGUAGES)


def test_messages_are_the_same_in_each_language() -> None:
    for section in ("verdicts", "why", "path"):
        assert words(section, "en").keys() == words(section, "ko").keys(), section
    for language in LANGUAGES:
        assert words("facts", language).keys() == set(PREDICATES)
        assert all(len(sentences) == 3 for sentences in words("facts", language).values())


def test_verdicts_on_a_small_kernel(facts: Facts) -> None:
    found = {each.claim.n: each.verdict for each in claims.judge(facts)}
    assert {n for n, verdict in found.items() if verdict == "imprecise"} == _IMPRECISE
    assert {n for n, verdict in found.items() if verdict == "wrong"} == _WRONG
    assert {n for n, verdict in found.items() if verdict == "unknown"} == _UNKNOWN
    assert Counter(found.values())["confirmed"] == 69 - len(_IMPRECISE | _WRONG | _UNKNOWN)


def test_nothing_is_said_of_a_tree_that_has_nothing_of_it(few_facts: Facts) -> None:
    """What is not there refutes nothing."""
    assert {each.verdict for each in claims.judge(few_facts)} == {"unknown"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_records(facts: Facts, language: str) -> None:
    for judgement in claims.judge(facts):
        record = claims.told(judgement, language)
        assert record.claim == judgement.claim.says[language]
        assert record.why
        assert bool(record.evidence) == (record.verdict != "unknown")
        for fact in record.facts:
            assert fact["fact"]
            assert "{" not in fact["fact"]


def test_a_reason_is_made_of_the_facts_where_none_is_written(facts: Facts) -> None:
    data = copy.deepcopy(_GOOD)
    data["claim"][0] |= {"confirmed": 'calls("tcp_push_one", "tcp_transmit_skb")', "wrong": 'function("tcp_push_one")'}
    del data["claim"][0]["why"]
    (judgement,) = claims.judge(facts, claims.read(data, "test"))
    record = claims.told(judgement)
    assert (record.verdict, record.why) == ("confirmed", "It holds in this tree: tcp_push_one calls tcp_transmit_skb.")
    assert claims.told(judgement, "ko").why == "이 트리에서 성립한다: tcp_push_one → tcp_transmit_skb 호출: 있음."
    data["claim"][0]["confirmed"] = 'calls("tcp_push_one", "no_such")'
    (judgement,) = claims.judge(facts, claims.read(data, "test"))
    assert claims.told(judgement).verdict == "wrong"
    del data["claim"][0]["wrong"]
    (judgement,) = claims.judge(facts, claims.read(data, "test"))
    record = claims.told(judgement)
    assert (record.verdict, record.evidence) == ("unknown", ())
    assert record.why == "This tree does not say: tcp_push_one does not call no_such."


@pytest.mark.parametrize(
    ("confirmed", "imprecise", "verdict"),
    [
        ("True", "True", "confirmed"),
        ("False", "True", "imprecise"),
        ("None", "True", "unknown"),
        ("None", "False", "wrong"),
        ("False", "None", "wrong"),
    ],
)
def test_a_part_is_not_all_while_the_whole_cannot_be_told(
    facts: Facts, confirmed: str, imprecise: str, verdict: str
) -> None:
    values = {"True": 'file("Makefile")', "False": 'file("no/such")', "None": 'occurs("no_such", "x")'}
    row = {"n": 1, "section": "", "en": "x", "ko": "y", "confirmed": values[confirmed], "imprecise": values[imprecise]}
    if verdict == "wrong":
        row["wrong"] = values["True"]
    (judgement,) = claims.judge(facts, claims.read({"claim": [row]}, "test"))
    assert judgement.verdict == verdict


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"n": None}, "has no n"),
        ({"ko": None}, "has no ko"),
        ({"comfirmed": "x"}, "has comfirmed, which means nothing"),
        ({"confirmed": 'cals("a", "b")'}, "claim 1, confirmed: there is no predicate 'cals'"),
        ({"why": {"wrong": {"en": "x", "ko": "y"}}}, "a reason for 'wrong' and no condition"),
        ({"why": {"confirmed": {"en": "x"}}}, "why confirmed has no ko"),
        ({"why": {"perhaps": {"en": "x", "ko": "y"}}}, "has perhaps, which means nothing"),
    ],
)
def test_bad_data_is_told(change: dict[str, Any], why: str) -> None:
    data = copy.deepcopy(_GOOD)
    row = data["claim"][0]
    for key, value in change.items():
        if value is None:
            del row[key]
        else:
            row[key] = value
    with pytest.raises(DataError, match=why):
        claims.read(data, "test")


def test_bad_files_are_told() -> None:
    with pytest.raises(DataError, match=r"x\.toml is no TOML"):
        parse("[[claim", "x.toml")
    with pytest.raises(DataError, match=r"has no \[\[claim\]\]"):
        claims.read({}, "x.toml")
    twice = {"claim": [*_GOOD["claim"], *_GOOD["claim"]]}
    with pytest.raises(DataError, match="must rise"):
        claims.read(twice, "x.toml")


def test_conditions_stand_in_the_order_of_the_verdicts() -> None:
    """The first that holds counts, so that the order in which the data has them must make no difference."""
    for row in load("claims.toml")["claim"]:
        assert list(claims.claims()[row["n"] - 1].conditions) == [v for v in claims.VERDICTS if v in row]
