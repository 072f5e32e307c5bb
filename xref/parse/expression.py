"""The expression of an `#if`, worked out as far as the names in it are known.

Three values: a number, or None where it depends on what is not known.  `0 && X` is 0 whatever X is.  What is no
expression that the preprocessor would take, or is too long, is not known either.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import NamedTuple


class Fact(NamedTuple):
    """What is known of a macro: its text, None where it is not defined; and how it is known, a word."""

    name: str
    value: str | None
    why: str


#: tells what is known of a name; None where nothing is
Facts = Callable[[str], Fact | None]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9A-Fa-f]+|[0-9]+)[uUlL]*\b|(?P<name>[A-Za-z_]\w*)|(?P<char>'(?:[^'\\]|\\.)+')"
    r"|(?P<sign>&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%<>!~&|^?:(),])|(?P<string>\"[^\"]*\"))"
)
#: a macro's text where it is a number and nothing more
_NUMBER = re.compile(r"^\s*\(?\s*(0[xX][0-9A-Fa-f]+|[0-9]+)[uUlL]*\s*\)?\s*$")
_MOST_TOKENS = 500
_DEEPEST = 40

#: of two operands; those of equal strength go from left to right
_BINARY: list[dict[str, Callable[[int, int], int]]] = [
    {"|": operator.or_},
    {"^": operator.xor},
    {"&": operator.and_},
    {"==": operator.eq, "!=": operator.ne},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"<<": lambda one, other: one << min(max(other, 0), 64), ">>": lambda one, other: one >> min(max(other, 0), 64)},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.floordiv, "%": operator.mod},
]
#: macros of <linux/kconfig.h> that ask for an option: whether built in and whether as a module counts
_OPTIONS = {
    "IS_ENABLED": (True, True),
    "IS_BUILTIN": (True, False),
    "IS_MODULE": (False, True),
    "IS_REACHABLE": (True, None),
}


class _NoExpressionError(ValueError):
    """The text is none."""


def value(text: str, facts: Facts, used: list[Fact] | None = None) -> int | None:
    """The number that an expression is, None where it is not known; `used` gets what it was decided by."""
    try:
        reader = _Reader(text, facts, used if used is not None else [])
        return reader.whole()
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


class _Reader:
    """Reads the tokens of one expression from left to right."""

    def __init__(self, text: str, facts: Facts, used: list[Fact]) -> None:
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0
        self._facts = facts
        self._used = used

    def whole(self) -> int | None:
        found = self._choice()
        if self._place < len(self._tokens):
            raise _NoExpressionError
        return found

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        word = self._next()
        if not word or (wanted and word not in wanted):
            raise _NoExpressionError
        self._place += 1
        return word

    def _choice(self) -> int | None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _NoExpressionError
        found = self._either()
        if self._next() == "?":
            self._take()
            one = self._choice()
            self._take(":")
            other = self._choice()
            found = None if found is None else one if found else other
        self._depth -= 1
        return found

    def _either(self) -> int | None:
        found = self._both()
        while self._next() == "||":
            self._take()
            other = self._both()
            unknown = found is None or other is None
            found = 1 if found or other else None if unknown else 0
        return found

    def _both(self) -> int | None:
        found = self._binary(0)
        while self._next() == "&&":
            self._take()
            other = self._binary(0)
            unknown = found is None or other is None
            found = 0 if 0 in (found, other) else None if unknown else 1
        return found

    def _binary(self, level: int) -> int | None:
        if level == len(_BINARY):
            return self._unary()
        found = self._binary(level + 1)
        while self._next() in _BINARY[level]:
            apply = _BINARY[level][self._take()]
            other = self._binary(level + 1)
            found = None if found is None or other is None else int(apply(found, other))
        return found

    def _unary(self) -> int | None:
        signs = []
        while self._next() in ("!", "-", "+", "~"):
            signs.append(self._take())
        found = self._operand()
        for sign in reversed(signs):
            if found is not None:
                found = {"!": int(not found), "-": -found, "+": found, "~": ~found}[sign]
        return found

    def _operand(self) -> int | None:
        word = self._take()
        if word == "(":
            found = self._choice()
            self._take(")")
            return found
        if word[0].isdigit():
            return _integer(word)
        if word == "defined":
            return self._defined()
        if word in _OPTIONS and self._next() == "(":
            return self._option(word)
        if word[0].isalpha() or word[0] == "_":
            return self._name(word)
        if word[0] in "'\"":
            return None
        raise _NoExpressionError

    def _fact(self, name: str) -> Fact | None:
        fact = self._facts(name)
        if fact is not None and fact not in self._used:
            self._used.append(fact)
        return fact

    def _defined(self) -> int | None:
        name = self._take()
        if name == "(":
            name = self._take()
            self._take(")")
        fact = self._fact(name)
        return None if fact is None else int(fact.value is not None)

    def _option(self, asks: str) -> int | None:
        self._take("(")
        name = self._take()
        self._take(")")
        built_in, module = _OPTIONS[asks]
        found: int | None = 0
        for wanted, each in ((built_in, name), (module, name + "_MODULE")):
            fact = self._fact(each) if wanted is not False else None
            if fact is not None and fact.value is not None:
                if wanted:
                    return 1
                found = None
            elif fact is None and wanted is not False:
                found = None
        return found

    def _name(self, name: str) -> int | None:
        fact = self._fact(name)
        if self._next() == "(":
            self._skip_arguments()
            return None
        if fact is None:
            return None
        if fact.value is None:
            return 0
        number = _NUMBER.match(fact.value)
        return _integer(number[1]) if number else None

    def _skip_arguments(self) -> None:
        depth = 0
        while True:
            word = self._take()
            depth += (word == "(") - (word == ")")
            if not depth:
                return


def _integer(text: str) -> int:
    """A number as C writes it, without its suffix."""
    base = 16 if text[:2] in ("0x", "0X") else 8 if text.startswith("0") else 10
    return int(text, base)


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or len(found) >= _MOST_TOKENS:
            raise _NoExpressionError
        number = match["number"]
        found.append(number if number is not None else match.group().strip())
        place = match.end()
    return found
