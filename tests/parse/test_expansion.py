"""Macros taken apart, and opened one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xref.parse.expansion import MacroText
from xref.parse.expansion import opened
from xref.parse.expansion import read_macro


def macro(text: str) -> MacroText:
    found = read_macro(text)
    assert found is not None
    return found


def one_step(text: str, *others: str) -> str:
    known = {each.name: each for each in map(macro, others)}
    return opened(macro(text), known.get).text


@pytest.mark.parametrize(
    ("text", "params", "varies", "body"),
    [
        ("HZ 100", None, False, "100"),
        ("HZ\t(100) /* a\ncomment */", None, False, "(100)"),
        ("EMPTY", None, False, ""),
        ("f() x", (), False, "x"),
        ("f(a, b) a + \\\n\tb", ("a", "b"), False, "a +\n\tb"),
        ("f(a, rest...) g(a, rest)", ("a", "rest"), True, "g(a, rest)"),
        ("f(...) g(__VA_ARGS__)", ("__VA_ARGS__",), True, "g(__VA_ARGS__)"),
        ('f(x) "a /* b */" x // c', ("x",), False, '"a /* b */" x'),
    ],
)
def test_a_define_is_taken_apart(text: str, params: tuple[str, ...] | None, varies: bool, body: str) -> None:
    assert macro(text)[1:] == (params, varies, body)


@pytest.mark.parametrize(
    ("text", "others", "result"),
    [
        ("f(x) g(x, 1)", ["g(a, b) ((a) + (b))"], "((x) + (1))"),
        ("f(x) g (x) + g", ["g(a) -(a)"], "-(x) + g"),
        ("f(x) g(h(x, y), (1, 2))", ["g(a, b) a; b"], "h(x, y); (1, 2)"),
        ("f() HZ * HZ", ["HZ 100"], "100 * 100"),
        ("f(HZ) HZ", ["HZ 100"], "HZ"),
        ("f(x) f(x)", ["f(x) x"], "f(x)"),
        ("f(x) two(x)", ["two(a) one(a)", "one(a) a"], "one(x)"),
        ("f(x) say(x + 1)", ["say(e) printk(#e)"], 'printk("x + 1")'),
        ('f() say("q")', ["say(e) printk(#e)"], 'printk("\\"q\\"")'),
        ("f(x) glue(x, _t)", ["glue(a, b) a ## b"], "x_t"),
        ("f(x) x ## HZ", ["HZ 100"], "x ## HZ"),
        ("f() log()", ["log(args...) printk(\"a\" , ## args)"], 'printk("a" )'),
        ("f() log(1, 2)", ["log(args...) printk(\"a\", ## args)"], 'printk("a",1, 2)'),
        ('f() "HZ"', ["HZ 100"], '"HZ"'),
        ("f(x) g(x", ["g(a) a"], "g(x"),
        ("f(x) do { \\\n\tg(x); \\\n} while (0)", ["g(a) a \\\n + 1"], "do {\n\tx + 1;\n} while (0)"),
    ],
)
def test_one_step(text: str, others: list[str], result: str) -> None:
    assert one_step(text, *others) == result


def test_what_grows_without_end_is_cut() -> None:
    big = macro("big " + "x" * 5000)
    found = opened(macro("f() big big big"), {"big": big}.get)
    assert found.cut
    assert len(found.text) <= 8000


@given(st.text(alphabet="fgx(),#\"'\\\n /*+1 ", max_size=60))
def test_any_text_is_read(text: str) -> None:
    found = read_macro("f" + text)
    if found is not None:
        opened(found, lambda name: macro("g(a, b) a # b ## a") if name == "g" else None)
