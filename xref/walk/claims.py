"""The document's claims: what each says, what would make it true of a tree, and the verdict on a given tree.

The claims are data (claims.toml): for each of three verdicts a condition over the index.  The first condition that
holds gives the verdict and its evidence; where none holds, the tree cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from functools import cache
from typing import Any
from typing import NamedTuple

from typing_extensions import TypedDict

from xref.walk.data import LANGUAGES
from xref.walk.data import DataError
from xref.walk.data import check_keys
from xref.walk.data import load
from xref.walk.data import texts
from xref.walk.data import words
from xref.walk.facts import Facts
from xref.walk.grammar import Asked
from xref.walk.grammar import Condition
from xref.walk.grammar import ConditionError

#: in the order in which their conditions are tried; the last has none
VERDICTS = ("confirmed", "imprecise", "wrong", "unknown")
#: facts that a made sentence tells at most, and places of evidence that a record has at most
_MOST_TOLD = 4
_MOST_EVIDENCE = 16


class Claim(NamedTuple):
    """A statement of the document: its number and section, its texts, conditions and reasons by verdict."""

    n: int
    section: str
    says: Mapping[str, str]
    conditions: Mapping[str, Condition]
    why: Mapping[str, Mapping[str, str]]


class Judgement(NamedTuple):
    """A claim held against a tree: the verdict, the places that show it, and what was asked.  It has no language."""

    claim: Claim
    verdict: str
    evidence: tuple[str, ...]
    asked: tuple[Asked, ...]


class Told(TypedDict):
    """A fact that was asked, as a sentence; whether it holds, null where the tree cannot tell; the file:line's."""

    fact: str
    holds: bool | None
    evidence: tuple[str, ...]


class Record(NamedTuple):
    """A claim with its verdict on a tree, in a language: the contract's record."""

    n: int
    section: str
    claim: str
    verdict: str
    why: str
    evidence: tuple[str, ...]
    facts: tuple[Told, ...]


@cache
def claims() -> tuple[Claim, ...]:
    """The claims of the document, by number."""
    return read(load("claims.toml"), "claims.toml")


def read(data: Mapping[str, Any], name: str) -> tuple[Claim, ...]:
    """Claims from a table, checked.  Raises DataError that says which claim is wrong, and how."""
    rows = data.get("claim")
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{name} has no [[claim]]")
    found = tuple(_claim(row, f"{name}, claim {row.get('n', number)}") for number, row in enumerate(rows, 1))
    numbers = [claim.n for claim in found]
    if numbers != sorted(set(numbers)):
        raise DataError(f"{name}: the claims' numbers must rise, each one once")
    return found


def _claim(row: Mapping[str, Any], where: str) -> Claim:
    check_keys(row, ("n", "section", *LANGUAGES), ("why", *VERDICTS[:-1]), where)
    conditions = {}
    for verdict in VERDICTS[:-1]:
        if verdict in row:
            try:
                conditions[verdict] = Condition(row[verdict])
            except ConditionError as error:
                raise DataError(f"{where}, {verdict}: {error}") from None
    why = row.get("why", {})
    check_keys(why, (), VERDICTS, f"{where}, why")
    for verdict in why:
        if verdict != "unknown" and verdict not in conditions:
            raise DataError(f"{where} has a reason for {verdict!r} and no condition for it")
    reasons = {verdict: texts(why[verdict], f"{where}, why {verdict}") for verdict in why}
    return Claim(row["n"], row["section"], texts(row, where), conditions, reasons)


def judge(facts: Facts, among: Sequence[Claim] | None = None) -> list[Judgement]:
    """The verdict on each claim in a tree."""
    return [_judge(claim, facts) for claim in (claims() if among is None else among)]


def _judge(claim: Claim, facts: Facts) -> Judgement:
    asked: list[Asked] = []
    may_be_confirmed = False
    for verdict, condition in claim.conditions.items():
        fact, below = condition.of(facts)
        if fact.holds and not (verdict == "imprecise" and may_be_confirmed):
            return Judgement(claim, verdict, fact.evidence[:_MOST_EVIDENCE], tuple(below))
        # less than the whole is not all there is, as long as the whole cannot be told
        may_be_confirmed = may_be_confirmed or (verdict == "confirmed" and fact.holds is None)
        asked += below
    return Judgement(claim, VERDICTS[-1], (), tuple(asked))


def told(judgement: Judgement, language: str = "en") -> Record:
    """A judgement in a language."""
    claim, verdict, evidence, asked = judgement
    facts = {each["fact"]: each for each in (_told(each, language) for each in asked)}
    why = claim.why[verdict][language] if verdict in claim.why else _made(verdict, asked, language)
    return Record(claim.n, claim.section, claim.says[language], verdict, why, evidence, tuple(facts.values()))


def _told(asked: Asked, language: str) -> Told:
    return {"fact": _sentence(asked, True, language), "holds": asked.fact.holds, "evidence": asked.fact.evidence}


def _sentence(asked: Asked, answer: bool | None, language: str) -> str:
    """What a predicate says when it holds, when it does not, or when a tree cannot tell."""
    sentence: str = words("facts", language)[asked.predicate][{True: 0, False: 1, None: 2}[answer]]
    context = asked.keywords.get("context")
    under = load("messages.toml")["under"][language].format(context) if context else ""
    given = [*map(str, asked.arguments), "", "", ""]
    return " ".join(sentence.format(*given, **{"in": under}).split())


def _made(verdict: str, asked: Sequence[Asked], language: str) -> str:
    """A reason where the claim has none for this verdict: the facts themselves."""
    sentences = words("why", language)
    picked = [each for each in asked if each.fact.holds is None or verdict != "unknown"] or asked
    if not picked:
        return str(sentences["nothing"])
    told = dict.fromkeys(_sentence(each, each.fact.holds, language) for each in picked)
    return str(sentences[verdict]).format(facts="; ".join(list(told)[:_MOST_TOLD]))
