"""Macros before and among the operands of an expression: casts, units, arguments that are none."""

from __future__ import annotations

import numpy as np

from xref.parse import words
from xref.parse.lex import NUMBER
from xref.parse.lex import STRING
from xref.parse.lex import WORD
from xref.parse.rules.common import BRACE
from xref.parse.rules.common import CLOSE_BRACE
from xref.parse.rules.common import CLOSE_PAREN
from xref.parse.rules.common import COLON
from xref.parse.rules.common import COMMA
from xref.parse.rules.common import PAREN
from xref.parse.rules.common import SEMICOLON
from xref.parse.rules.common import STAR
from xref.parse.rules.common import places_of
from xref.parse.sketch import LINKAGE
from xref.parse.sketch import STRUCT
from xref.parse.sketch import Sketch

_OPERATORS = np.zeros(256, np.bool_)
_OPERATORS[list(b"=<>+-*/%&|^!.:")] = True
_PREFIXED = np.zeros(256, np.bool_)
_PREFIXED[list(b"=+-/|!~?<>^")] = True
_BINARY = np.zeros(256, np.bool_)
_BINARY[list(b"=<>/%|^:?")] = True


def prefixes(sketch: Sketch) -> None:
    """`x = REG_TO_VA y;`, `f(DRM_ARG(vma) vma->start)`: a macro that is a cast, or a list with its comma."""
    view = sketch.view
    sign = view.sign
    word = (sign == WORD) & ~(view.flags & words.KEYWORD).astype(bool)
    places = np.flatnonzero(word[1:-1] & word[2:] & _PREFIXED[sign[:-2]]) + 1
    for place in places.tolist():
        sketch.blank(int(view.start[place]), int(view.end[place]))
    # `printk(KERN_ERR DRV_NAME)`: strings behind names, in the arguments of a call
    doubles = np.flatnonzero(word[1:-1] & word[2:] & ((sign[:-2] == PAREN) | (sign[:-2] == COMMA))) + 1
    for place, opening in zip(doubles.tolist(), view.enclosing(doubles).tolist(), strict=True):
        if (
            opening > 0
            and sign[opening] == PAREN
            and (sign[place + 2] in (COMMA, CLOSE_PAREN) or _before_format(sketch, place))
            and _is_call(sketch, opening)
        ):
            sketch.blank(int(view.start[place]), int(view.end[place]))
    # `m3_if_debug {`: a macro that ends in a condition
    for place in places_of(word[:-1] & (sign[1:] == BRACE)):
        if place and sketch.in_code(place + 1) and sign[place - 1] in (SEMICOLON, BRACE, CLOSE_BRACE):
            sketch.blank(int(view.start[place]), int(view.end[place]))
    for close in places_of((sign[:-1] == CLOSE_PAREN) & word[1:]):
        opening = int(view.mate[close])
        if opening <= 1 or not word[opening - 1] or sign[opening - 2] not in (PAREN, COMMA):
            continue
        outer = int(view.outer[opening])
        if outer > 0 and sign[outer] == PAREN and word[outer - 1] and sketch.in_code(opening):
            sketch.result.calls += sketch.called(view.at[opening - 1 : close + 1])
            sketch.blank(int(view.start[opening - 1]), int(view.end[close]))


def _before_format(sketch: Sketch, place: int) -> bool:
    """`KERN_ERR pr_fmt("…")`: a macro that is a string, before one that makes a string."""
    view = sketch.view
    return bool(view.sign[place + 2] == PAREN and view.sign[place + 3] == STRING and sketch.text(place).isupper())


def units(sketch: Sketch) -> None:
    """`2 MINS`, where the macro is `* 60 SECS`: a word behind a number is no C."""
    view = sketch.view
    for place in places_of((view.sign[:-1] == NUMBER) & (view.sign[1:] == WORD) & (view.end[:-1] < view.start[1:])):
        if not view.flags[place + 1] & words.KEYWORD:
            sketch.blank(int(view.start[place + 1]), int(view.end[place + 1]))


def odd_arguments(sketch: Sketch) -> None:
    """Arguments that are no expressions: types, statements, operators, nothing at all."""
    view = sketch.view
    sign, flags = view.sign, view.flags
    typed = (flags & words.TYPE).astype(bool)
    jumps = (flags & words.JUMP).astype(bool)
    after = np.zeros(len(sign), np.bool_)
    after[1:] = (sign[:-1] == PAREN) | (sign[:-1] == COMMA)
    before = np.zeros(len(sign), np.bool_)
    before[:-1] = (sign[1:] == CLOSE_PAREN) | (sign[1:] == COMMA)
    operator = (_OPERATORS[sign] & before) | (_BINARY[sign] & after)
    last = np.zeros(len(sign), np.bool_)
    last[:-1] = sign[1:] == CLOSE_PAREN
    empty = (sign == COMMA) & (after | last)
    odd = (typed & after) | jumps | (sign == SEMICOLON) | operator | empty
    places = np.flatnonzero(odd).astype(np.int32)
    places = places[places < view.count]
    outer = view.enclosing(places)
    inside = (outer > 0) & (sign[outer] == PAREN)
    done = -1
    for place, opening in zip(places[inside].tolist(), outer[inside].tolist(), strict=True):
        if place <= done or not _is_call(sketch, opening):
            continue
        done = _replace_argument(sketch, place, opening)


def bit_ranges(sketch: Sketch) -> None:
    """`FIELD(x, 7:4)`: a colon in an argument without a question mark."""
    view = sketch.view
    sign = view.sign
    colons = np.flatnonzero(sign == COLON).astype(np.int32)
    outer = view.enclosing(colons)
    for place, opening in zip(colons.tolist(), outer.tolist(), strict=True):
        if opening <= 0 or sign[opening] != PAREN or not _is_call(sketch, opening):
            continue
        first = _argument_start(sketch, place, opening)
        if not (sign[first:place] == ord("?")).any():
            _replace_argument(sketch, place, opening)


def _is_call(sketch: Sketch, opening: int) -> bool:
    """Does this parenthesis hold the arguments of a call (and not a declaration's parameters)?"""
    view = sketch.view
    if view.sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
        return False
    if view.sign[opening + 1] == STAR and view.sign[opening + 2] == CLOSE_PAREN:
        return False  # `(int (*)(void))` is a type
    previous = int(view.sign[opening - 2]) if opening > 1 else 0
    if previous == WORD and not view.flags[opening - 2] & words.JUMP:
        return False
    outer = around = int(view.outer[opening])
    while around >= 0 and view.sign[around] != BRACE:
        around = int(view.outer[around])
    if around < 0 or sketch.kind(around) in (STRUCT, LINKAGE):
        return False
    if previous == STAR and view.sign[opening - 3] == WORD and view.sign[outer] == BRACE:
        # `struct x *f(struct y *);` in a function declares, and so does `extern x_t *f(long a);`
        if view.flags[opening - 4] & words.STORAGE:
            return False
        return not view.flags[opening - 4] & words.TYPE and not view.flags[opening - 3] & words.TYPE
    if view.sign[outer] != PAREN or view.sign[outer - 1] != WORD or view.flags[outer - 1] & words.KEYWORD:
        return True
    return _is_call(sketch, outer)


def _replace_argument(sketch: Sketch, place: int, opening: int) -> int:
    """Overwrite the argument that `place` is in; returns its last token."""
    view = sketch.view
    close = int(view.mate[opening])
    if view.sign[place] == COMMA:
        sketch.put(int(view.start[place]), b" ")
        return place
    first = _argument_start(sketch, place, opening)
    last = _argument_end(sketch, place, close)
    start, end = int(view.start[first]), int(view.end[last])
    sketch.result.calls += sketch.called(view.at[first : last + 1])
    sketch.blank(start, end)
    sketch.put(start, b"0")
    return last


def _argument_start(sketch: Sketch, place: int, opening: int) -> int:
    view = sketch.view
    first = place
    while first - 1 > opening and view.sign[first - 1] != COMMA:
        first = int(view.mate[first - 1]) if view.sign[first - 1] in b")]}" and view.mate[first - 1] >= 0 else first - 1
    return first


def _argument_end(sketch: Sketch, place: int, close: int) -> int:
    view = sketch.view
    last = place
    while last + 1 < close and view.sign[last + 1] != COMMA:
        last += 1
        if view.sign[last] in b"([{" and view.mate[last] > last:
            last = int(view.mate[last])
    return last
