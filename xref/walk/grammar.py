"""Conditions: predicates joined by `and`, `or` and `not`, in three-valued logic.

A condition is written as a Python expression, `calls("a", "b") and not syscall("a")`, and read by Python's own
parser; only calls of predicates with literal arguments are let in.  What a tree cannot tell is neither true nor
false, and stays so through the operators (Kleene): a claim is never refuted by what is not there.
"""

from __future__ import annotations

import ast
import inspect
from typing import NamedTuple

from xref.walk.facts import PREDICATES
from xref.walk.facts import UNKNOWN
from xref.walk.facts import Fact
from xref.walk.facts import Facts


class ConditionError(ValueError):
    """A condition that cannot be read; the message says where and why."""


class Asked(NamedTuple):
    """A predicate as it was asked, its arguments, and the answer."""

    predicate: str
    arguments: tuple[str | int, ...]
    keywords: dict[str, str | int]
    fact: Fact


class Condition:
    """A condition, read and checked once, that any tree can be held against."""

    def __init__(self, source: str) -> None:
        self.source = " ".join(source.split())
        try:
            self._tree = ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            raise ConditionError(f"{self.source!r} is no expression: {error.msg}") from None
        self._check(self._tree)

    def __repr__(self) -> str:
        return f"Condition({self.source!r})"

    def _check(self, node: ast.expr) -> None:
        """Raise ConditionError for anything but predicates, `and`, `or` and `not`."""
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                self._check(value)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._check(node.operand)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            self._check_call(node, node.func.id)
        else:
            raise ConditionError(f"{ast.unparse(node)!r} is neither a predicate nor `and`, `or`, `not` of some")

    def _check_call(self, node: ast.Call, name: str) -> None:
        written = ast.unparse(node)
        if name not in PREDICATES:
            raise ConditionError(f"there is no predicate {name!r} (in {written!r}): it can be {', '.join(PREDICATES)}")
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        literal = all(isinstance(value, ast.Constant) and isinstance(value.value, str | int) for value in values)
        if not literal or not all(keyword.arg for keyword in node.keywords):
            raise ConditionError(f"the arguments of {written!r} must be strings and numbers")
        arguments, keywords = _arguments(node)
        try:
            bound = inspect.signature(PREDICATES[name]).bind(None, *arguments, **keywords)
        except TypeError as error:
            raise ConditionError(f"{written!r}: {error}") from None
        for parameter, value in list(bound.arguments.items())[1:]:
            wanted = int if parameter in ("number", "steps") else str
            given = value if isinstance(value, tuple) else (value,)
            if not all(type(each) is wanted for each in given):
                raise ConditionError(f"{written!r}: {parameter} must be a {'number' if wanted is int else 'string'}")

    def of(self, facts: Facts) -> tuple[Fact, list[Asked]]:
        """The answer of a tree, with its evidence, and what was asked on the way."""
        asked: list[Asked] = []
        fact = self._of(self._tree, facts, asked)
        return fact._replace(evidence=tuple(dict.fromkeys(fact.evidence))), asked

    def _of(self, node: ast.expr, facts: Facts, asked: list[Asked]) -> Fact:
        if isinstance(node, ast.UnaryOp):
            fact = self._of(node.operand, facts, asked)
            return Fact(None if fact.holds is None else not fact.holds, fact.evidence)
        if isinstance(node, ast.BoolOp):
            return self._joined(node, facts, asked)
        assert isinstance(node, ast.Call)  # noqa: S101 - checked when it was read
        assert isinstance(node.func, ast.Name)  # noqa: S101
        arguments, keywords = _arguments(node)
        fact = PREDICATES[node.func.id](facts, *arguments, **keywords)
        asked.append(Asked(node.func.id, tuple(arguments), keywords, fact))
        return fact

    def _joined(self, node: ast.BoolOp, facts: Facts, asked: list[Asked]) -> Fact:
        """`and` ends at the first that does not hold, `or` at the first that does: its evidence is what counts."""
        ends = isinstance(node.op, ast.Or)
        evidence: list[str] = []
        unknown = False
        for value in node.values:
            fact = self._of(value, facts, asked)
            if fact.holds is ends:
                return Fact(ends, fact.evidence if ends else (*evidence, *fact.evidence))
            unknown = unknown or fact.holds is None
            evidence += fact.evidence
        return Fact(UNKNOWN.holds if unknown else not ends, tuple(evidence))


def _arguments(node: ast.Call) -> tuple[list[str | int], dict[str, str | int]]:
    """A predicate's arguments, by place and by name, once they are known to be literals."""
    return [ast.literal_eval(value) for value in node.args], {
        each.arg: ast.literal_eval(each.value) for each in node.keywords if each.arg
    }
