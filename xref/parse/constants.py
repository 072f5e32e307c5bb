"""Integer constant expressions of C, as enumerators and macros have them.

Pure: names are asked of a function.  Numbers are Python's, without width: a value that C would cut or wrap is not one
that headers write.  What is no such expression (a cast, `sizeof`) has no value here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)[uUlL]*(?![\w.])|(?P<char>'(?:[^'\\]|\\.[0-9a-fA-F]*)')"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign><<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()?:]))"
)
#: binary operators by how tightly they bind
_LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"||": lambda a, b: int(bool(a or b))},
    {"&&": lambda a, b: int(bool(a and b))},
    {"|": operator.or_},
    {"^": operator.xor},
    {"&": operator.and_},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {
        "<": lambda a, b: int(a < b),
        ">": lambda a, b: int(a > b),
        "<=": lambda a, b: int(a <= b),
        ">=": lambda a, b: int(a >= b),
    },
    {"<<": lambda a, b: _shift(a, b), ">>": lambda a, b: a >> _small(b)},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": lambda a, b: _divided(a, b), "%": lambda a, b: a - b * _divided(a, b)},
)  # fmt: skip
_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "\\": 92, "'": 39, '"': 34, "a": 7, "b": 8, "f": 12, "v": 11}
_LONGEST = 500
_DEEPEST = 40
_WIDEST = 128


class _NoValueError(Exception):
    """It is no constant expression, or not one that is known here."""


def value_of(expression: str, known: Callable[[str], int | None]) -> int | None:
    """The value of an expression; None where it has none here, or where `known` does not tell a name's."""
    if len(expression) > _LONGEST:
        return None
    try:
        reader = _Reader(expression, known)
        value = reader.choice(0)
        return value if reader.at_end() else None
    except (_NoValueError, ValueError, ArithmeticError):
        return None


def _small(shift: int) -> int:
    if not 0 <= shift < _WIDEST:
        raise _NoValueError
    return shift


def _shift(value: int, shift: int) -> int:
    if abs(value) >= 1 << _WIDEST:
        raise _NoValueError
    return value << _small(shift)


def _divided(value: int, by: int) -> int:
    """C cuts towards zero."""
    quotient = abs(value) // abs(by)
    return quotient if (value < 0) == (by < 0) else -quotient


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str, known: Callable[[str], int | None]) -> None:
        self._known = known
        self._tokens: list[tuple[str, str]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise _NoValueError
            self._tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            place = match.end()
        self._place = 0

    def at_end(self) -> bool:
        return self._place == len(self._tokens)

    def _sign(self) -> str:
        """The operator that comes next, "" for none."""
        kind, text = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        return text if kind == "sign" else ""

    def _expect(self, sign: str) -> None:
        if self._sign() != sign:
            raise _NoValueError
        self._place += 1

    def choice(self, depth: int) -> int:
        if depth > _DEEPEST:
            raise _NoValueError
        value = self._binary(0, depth)
        if self._sign() != "?":
            return value
        self._place += 1
        one = self.choice(depth + 1)
        self._expect(":")
        other = self.choice(depth + 1)
        return one if value else other

    def _binary(self, level: int, depth: int) -> int:
        if level == len(_LEVELS):
            return self._unary(depth)
        value = self._binary(level + 1, depth)
        while (sign := self._sign()) in _LEVELS[level]:
            self._place += 1
            value = _LEVELS[level][sign](value, self._binary(level + 1, depth))
        return value

    def _unary(self, depth: int) -> int:
        if depth > _DEEPEST or self.at_end():
            raise _NoValueError
        kind, text = self._tokens[self._place]
        self._place += 1
        if kind == "number":
            return int(text, 8) if text[0] == "0" and text.isdigit() else int(text, 0)
        if kind == "char":
            return _character(text[1:-1])
        if kind == "name":
            value = self._known(text)
            if value is None:
                raise _NoValueError
            return value
        if text == "(":
            value = self.choice(depth + 1)
            self._expect(")")
            return value
        if text in ("-", "+", "~", "!"):
            value = self._unary(depth + 1)
            return {"-": -value, "+": value, "~": ~value, "!": int(not value)}[text]
        raise _NoValueError


def _character(text: str) -> int:
    if text.startswith("\\x"):
        return int(text[2:], 16)
    if text.startswith("\\") and text[1:].isdigit():
        return int(text[1:], 8)
    if text.startswith("\\"):
        if text[1:] not in _ESCAPES:
            raise _NoValueError
        return _ESCAPES[text[1:]]
    return ord(text)
