"""Integer constant expressions as C evaluates them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xref.parse.constants import value_of

NAMES = {"A": 5, "B": -3}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1", 1), ("0x1FUL", 31), ("017", 15), ("0b101", 5), ("0", 0), ("10u", 10), ("'a'", 97), (r"'\n'", 10), (r"'\x41'", 65),
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("1 << 4 | 1", 17), ("-7 / 2", -3), ("-7 % 2", -1), ("7 / -2", -3),
        ("~0", -1), ("!5", 0), ("A > B && B < 0", 1), ("A ? B : 1 / 0 + 1", None), ("A == 5 ? 1 : 2", 1), ("0 || 0", 0),
        ("1 - 1 - 1", -1), ("2 & 3 ^ 1 | 8", 11), ("A", 5), ("-B", 3),
        ("UNKNOWN", None), ("sizeof(int)", None), ("(int) 1", None), ("1 +", None), ("", None), ("1.5", None), ("1 2", None), ("1 / 0", None),
        ("1 << 1000", None), ("1 << -1", None), ("(" * 300 + "1" + ")" * 300, None), ("f(1)", None), ('"s"', None), ("089", None),
    ],
)  # fmt: skip
def test_values(expression: str, value: int | None) -> None:
    assert value_of(expression, NAMES.get) == value


@given(st.text(alphabet="0123456789xAB+-*/%<>=&|^~!?:() '\\\"", max_size=40))
def test_anything_has_a_value_or_none(expression: str) -> None:
    assert isinstance(value_of(expression, NAMES.get), int | None)
