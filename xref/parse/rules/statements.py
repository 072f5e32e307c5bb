"""Macros among statements: loop heads, whole statements, what stands before a block."""

from __future__ import annotations

import numpy as np

from xref.parse import words
from xref.parse.lex import WORD
from xref.parse.rules.common import BRACE
from xref.parse.rules.common import CLOSE_BRACE
from xref.parse.rules.common import CLOSE_PAREN
from xref.parse.rules.common import COLON
from xref.parse.rules.common import EQUALS
from xref.parse.rules.common import PAREN
from xref.parse.rules.common import SEMICOLON
from xref.parse.rules.common import STAR
from xref.parse.rules.common import places_of
from xref.parse.rules.common import semicolon_after
from xref.parse.sketch import BLOCK
from xref.parse.sketch import FUNCTION
from xref.parse.sketch import Sketch

_BEGINS_EXPRESSION = np.zeros(256, np.bool_)
_BEGINS_EXPRESSION[list(b"(+-")] = True


def bare_statements(sketch: Sketch) -> None:
    """`SLEEP_ON_HEAD` on a line of its own: a macro without arguments that is whole statements, or a loop's head."""
    view = sketch.view
    loops = (view.flags[:-1] & words.LOOP).astype(bool) & (view.sign[:-1] == WORD) & (view.sign[1:] != PAREN)
    heads = np.flatnonzero(loops).astype(np.int32)
    for place, brace in zip(heads.tolist(), view.enclosing(heads).tolist(), strict=True):
        if brace >= 0 and view.sign[brace] == BRACE and sketch.kind(brace) in (FUNCTION, BLOCK):
            sketch.blank(int(view.start[place]), int(view.end[place]))
    candidates = (view.flags & words.STATEMENT).astype(bool) & (view.sign == WORD)
    following = view.sign[1:]
    candidates[:-1] &= (following == WORD) | (following == CLOSE_BRACE) | (following == STAR) | (following == BRACE)
    places = np.flatnonzero(candidates).astype(np.int32)
    for place, brace in zip(places.tolist(), view.enclosing(places).tolist(), strict=True):
        if brace < 0 or view.sign[brace] != BRACE or sketch.kind(brace) not in (FUNCTION, BLOCK):
            continue
        if _begins_statement(sketch, place):
            semicolon_after(sketch, place)


def storage_before_macros(sketch: Sketch) -> None:
    """`static DECLARE_MUTEX(sem);` within a function: without `static` it reads as a call."""
    view = sketch.view
    sign = view.sign
    storage = (view.flags[:-2] & words.STORAGE).astype(bool) & (sign[1:-1] == WORD) & (sign[2:] == PAREN)
    storage &= ~(view.flags[1:-1] & words.KEYWORD).astype(bool)
    for place in places_of(storage):
        close = int(view.mate[place + 2])
        first = place
        while first and view.flags[first - 1] & words.STORAGE:
            first -= 1
        if close < 0 or not first or sign[close + 1] not in (SEMICOLON, EQUALS) or not sketch.in_code(place + 2):
            continue
        if sign[first - 1] in (SEMICOLON, BRACE, CLOSE_BRACE, COLON):
            sketch.blank(int(view.start[first]), int(view.end[place]))


def blocks_behind_macros(sketch: Sketch) -> None:
    """`list_for_each(pos, head) {`: the name becomes `while`, which takes anything and a block."""
    view = sketch.view
    sign = view.sign
    for brace in places_of((sign[1:] == BRACE) & (sign[:-1] == CLOSE_PAREN)):
        opening = int(view.mate[brace])
        if opening <= 0 or sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
            continue
        if view.sign[opening - 2] == WORD and not view.flags[opening - 2] & words.JUMP:
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == BRACE and sketch.kind(outer) in (FUNCTION, BLOCK):
            _as_loop(sketch, opening)


def loops_behind_do(sketch: Sketch) -> None:
    """`do { … } while_each_thread(g, p);`: the macro is the loop's condition."""
    view = sketch.view
    sign = view.sign
    for brace in places_of((sign[:-2] == CLOSE_BRACE) & (sign[1:-1] == WORD) & (sign[2:] == PAREN)):
        opening = int(view.mate[brace])
        if opening <= 0 or sign[opening - 1] != WORD or view.flags[brace + 1] & words.KEYWORD:
            continue
        start, end = int(view.start[brace + 1]), int(view.end[brace + 1])
        if sketch.text(opening - 1) == b"do" and end - start >= 5:
            sketch.result.calls.append(int(view.at[brace + 1]))
            sketch.blank(start, end)
            sketch.put(start, b"while")


def _as_loop(sketch: Sketch, opening: int) -> None:
    view = sketch.view
    name = opening - 1
    close = int(view.mate[opening])
    sketch.result.calls.append(int(view.at[name]))
    start, end = int(view.start[name]), int(view.end[name])
    sketch.blank(start, end)
    if close == opening + 1:
        sketch.blank(int(view.start[opening]), int(view.end[close]))
        return
    if end - start >= 5:
        sketch.put(start, b"while")
    elif end - start >= 2:
        sketch.put(start, b"if")


def statements_without_semicolon(sketch: Sketch) -> None:
    """`BUG_TRAP(x)` with no `;`, and loop heads with a single statement behind them."""
    view = sketch.view
    sign = view.sign
    following = (sign[1:] == WORD) | (sign[1:] == CLOSE_BRACE) | (sign[1:] == STAR) | _BEGINS_EXPRESSION[sign[1:]]
    for close in places_of((sign[:-1] == CLOSE_PAREN) & following):
        opening = int(view.mate[close])
        if opening <= 1 or sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
            continue
        if not _begins_statement(sketch, opening - 1) or not sketch.in_code(opening):
            continue
        loop = bool(view.flags[opening - 1] & words.LOOP) or b"for_each" in sketch.text(opening - 1)
        if sign[close + 1] == CLOSE_BRACE or not loop:
            if _BEGINS_EXPRESSION[sign[close + 1]]:
                continue
            if sign[close + 1] == STAR and b"\n" not in sketch.out[view.end[close] : view.start[close + 1]]:
                continue
            semicolon_after(sketch, close)
        else:
            _as_loop(sketch, opening)


def _begins_statement(sketch: Sketch, place: int) -> bool:
    view = sketch.view
    previous = int(view.sign[place - 1])
    if previous in (SEMICOLON, BRACE, CLOSE_BRACE):
        return True
    if previous == COLON or (previous == WORD and view.flags[place - 1] & words.STATEMENT):
        return True
    if previous == CLOSE_PAREN:
        opening = int(view.mate[place - 1])
        return opening > 0 and (
            bool(view.flags[opening - 1] & (words.CONTROL | words.LOOP)) or _begins_statement(sketch, opening - 1)
        )
    return previous == WORD and sketch.text(place - 1) in (b"else", b"do")
