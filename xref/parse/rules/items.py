"""Macros at file level, among members, enumerators and an initialiser's values; functions in K&R's style."""

from __future__ import annotations

import numpy as np

from xref.parse import words
from xref.parse.lex import BOUNDARY
from xref.parse.lex import WORD
from xref.parse.rules.common import BRACE
from xref.parse.rules.common import CLOSE_BRACE
from xref.parse.rules.common import CLOSE_PAREN
from xref.parse.rules.common import COMMA
from xref.parse.rules.common import EQUALS
from xref.parse.rules.common import PAREN
from xref.parse.rules.common import SEMICOLON
from xref.parse.rules.common import STAR
from xref.parse.rules.common import places_of
from xref.parse.sketch import ENUM
from xref.parse.sketch import FUNCTION
from xref.parse.sketch import INITIALIZER
from xref.parse.sketch import LINKAGE
from xref.parse.sketch import STRUCT
from xref.parse.sketch import MacroUse
from xref.parse.sketch import Sketch


def file_level_macros(sketch: Sketch) -> None:
    """`MODULE_LICENSE("GPL")`, `static DEFINE_SPINLOCK(lock);`, `SYSCALL_DEFINE1(close, int, fd) {`.

    A macro in the place of a definition is taken out of the text and put on the list of uses; a block behind
    it becomes the body of a stand-in function, its value that of a stand-in variable.
    """
    view = sketch.view
    names = (view.sign[:-1] == WORD) & (view.sign[1:] == PAREN)
    names &= ~(view.flags[:-1] & words.KEYWORD).astype(bool)
    candidates = np.flatnonzero(names).astype(np.int32)
    outer = view.enclosing(candidates)
    done = -1
    for place, brace in zip(candidates.tolist(), outer.tolist(), strict=True):
        if place <= done:
            continue
        if brace >= 0:
            if view.sign[brace] != BRACE:
                continue
            kind = sketch.kind(brace)
            if kind not in (STRUCT, LINKAGE):
                continue
        else:
            kind = LINKAGE
        first = _item_start(sketch, place, brace)
        if first >= 0:
            done = max(done, _take_out(sketch, first, place, b"struct" if kind == STRUCT else b""))


def _item_start(sketch: Sketch, place: int, brace: int) -> int:
    """The first token of the item in which this name has no type before it; -1 where it has one."""
    view = sketch.view
    first = place
    while first > 0 and view.flags[first - 1] & words.STORAGE:
        first -= 1
    if first == 0 or first - 1 == brace or view.sign[first - 1] == BOUNDARY or first - 1 in sketch.item_ends:
        return first
    previous = int(view.sign[first - 1])
    if previous == SEMICOLON:
        return first
    if previous == CLOSE_BRACE:
        opening = int(view.mate[first - 1])
        if opening >= 0 and sketch.kind(opening) in (FUNCTION, LINKAGE):
            return first
    return -1


def _take_out(sketch: Sketch, first: int, place: int, among: bytes) -> int:
    """Replace the macro use that begins the item at `first`; returns the last token dealt with."""
    view = sketch.view
    close = int(view.mate[place + 1])
    if close < 0 or view.sign[place + 2] == STAR:
        return place
    following = int(view.sign[close + 1])
    word = view.sign[close + 1] == WORD
    if following == BRACE and not among:
        return _function_head(sketch, first, place, close)
    if following in (EQUALS, ord("[")) and not among:
        sketch.result.calls.append(int(view.at[place]))
        _stand_in(sketch, first, close, b"int v")
        sketch.result.uses.append(MacroUse(int(view.at[place]), int(view.at[close]), among))
        return close
    if word and not among and _old_style(sketch, close + 1):
        return _function_head(sketch, first, place, close)
    if following == SEMICOLON or word or following in (0, BOUNDARY, CLOSE_BRACE, ord("#")):
        last = close + 1 if following == SEMICOLON else close
        if not (following == SEMICOLON and first == place and not among and not _known(sketch, place)):
            sketch.result.uses.append(MacroUse(int(view.at[place]), int(view.at[close]), among))
        sketch.result.calls.append(int(view.at[place]))
        sketch.result.calls += sketch.called(view.at[place + 2 : close])
        sketch.blank(int(view.start[first]), int(view.end[last]))
        sketch.item_ends.add(last)
        return last
    return place


def _known(sketch: Sketch, place: int) -> bool:
    return bool(sketch.view.flags[place] & words.MACRO)


def _old_style(sketch: Sketch, place: int) -> bool:
    """Do parameter declarations and a body follow, as in K&R's C?"""
    view = sketch.view
    ahead = view.sign[place : place + 200]
    braces = np.flatnonzero(ahead == BRACE)
    if not len(braces):
        return False
    body = place + int(braces[0])
    between = view.sign[place:body]
    if (between == BOUNDARY).any():
        return False
    return bool(
        body > place
        and view.sign[body - 1] == SEMICOLON
        and not (between == PAREN).any()
        and not (between == EQUALS).any()
        and not (between == CLOSE_BRACE).any()
    )


def _function_head(sketch: Sketch, first: int, place: int, close: int) -> int:
    """A body whose head has no type: an implicit int, or a macro that makes the head."""
    view = sketch.view
    brace = close + 1
    if _known(sketch, place):
        sketch.result.uses.append(MacroUse(int(view.at[place]), int(view.at[close]), b"", int(view.at[brace])))
        sketch.result.calls.append(int(view.at[place]))
        sketch.result.calls += sketch.called(view.at[place + 2 : close])
        _stand_in(sketch, first, close, b"int f", keep_parens=True)
        return close
    start = int(view.start[place])
    if first < place:
        head = int(view.start[first])
        sketch.blank(head, start)
        sketch.put(head, b"int")
    elif start >= 4 and not sketch.out[start - 4 : start].strip():
        sketch.put(start - 4, b"int ")
    elif view.end[place] - start > 4:
        sketch.put(start, b"int ")
    return close


def _stand_in(sketch: Sketch, first: int, close: int, text: bytes, *, keep_parens: bool = False) -> None:
    view = sketch.view
    start, end = int(view.start[first]), int(view.end[close])
    if end - start < len(text) + 2 * keep_parens:
        return
    sketch.blank(start, end)
    sketch.put(start, text + b"()" * keep_parens)
    sketch.result.standins.append((start, end))


def bare_members(sketch: Sketch) -> None:
    """`struct s { __ITEMS }`, `enum { D(0) FIRST, … }`: macros that make members, or nothing."""
    view = sketch.view
    sign = view.sign
    starts = (sign[:-2] == BRACE) | (sign[:-2] == SEMICOLON) | (sign[:-2] == COMMA)
    word = (sign[1:-1] == WORD) & ~(view.flags[1:-1] & words.KEYWORD).astype(bool)
    alone = (sign[2:] == CLOSE_BRACE) | (view.flags[1:-1] & words.STATEMENT).astype(bool) | (sign[2:] == PAREN)
    places = np.flatnonzero(starts & word & alone).astype(np.int32) + 1
    for place, brace in zip(places.tolist(), view.enclosing(places).tolist(), strict=True):
        if brace < 0 or sign[brace] != BRACE:
            continue
        kind = sketch.kind(brace)
        last = place
        if sign[place + 1] == PAREN:
            last = int(view.mate[place + 1])
            if kind != ENUM or last < 0 or sign[last + 1] != WORD:
                continue
        elif kind != STRUCT or sign[place - 1] == COMMA:
            continue  # `long t1, t2, t3;`: whatever macro `t2` is elsewhere
        elif sign[place + 1] == WORD and not view.flags[place] & words.STATEMENT:
            continue
        else:
            # several in a row: each but the last is whole members, semicolons and all
            while view.flags[last] & words.STATEMENT and view.flags[last + 1] & words.STATEMENT:
                last += 1
            if sign[last + 1] == SEMICOLON:
                last += 1
        sketch.blank(int(view.start[place]), int(view.end[last]))
        sketch.item_ends.add(last)


def enumerators_by_macros(sketch: Sketch) -> None:
    """`enum { ITEM(a), ITEM(b), MORE LAST }`: macros that make enumerators, with the commas or without."""
    view = sketch.view
    sign = view.sign
    item = (sign[:-2] == BRACE) | (sign[:-2] == COMMA)
    word = (sign[1:-1] == WORD) & ~(view.flags[1:-1] & words.KEYWORD).astype(bool)
    places = np.flatnonzero(item & word & ((sign[2:] == PAREN) | (sign[2:] == WORD))).astype(np.int32) + 1
    for place, brace in zip(places.tolist(), view.enclosing(places).tolist(), strict=True):
        if brace < 0 or sign[brace] != BRACE or sketch.kind(brace) != ENUM:
            continue
        start, end = int(view.start[place]), int(view.end[place])
        if sign[place + 1] == WORD:
            sketch.blank(start, end)
            continue
        close = int(view.mate[place + 1])
        if close > place and sign[close + 1] in (COMMA, CLOSE_BRACE):
            sketch.result.uses.append(MacroUse(int(view.at[place]), int(view.at[close]), b"enum"))
            sketch.result.calls += sketch.called(view.at[place : close + 1])
            sketch.blank(end, int(view.end[close]))
            sketch.result.standins.append((start, end))


def designators_by_macros(sketch: Sketch) -> None:
    """`CHANNEL(1) = { … }` among an initialiser's values, where the macro is `[(n) - 1]`."""
    view = sketch.view
    sign = view.sign
    for close in places_of((sign[:-1] == CLOSE_PAREN) & (sign[1:] == EQUALS)):
        opening = int(view.mate[close])
        if opening <= 1 or sign[opening - 1] != WORD or sign[opening - 2] not in (BRACE, COMMA):
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == BRACE and sketch.kind(outer) == INITIALIZER:
            sketch.result.calls += sketch.called(view.at[opening - 1 : close + 1])
            sketch.blank(int(view.start[opening - 1]), int(view.end[close + 1]))


def old_style_pointers(sketch: Sketch) -> None:
    """`struct s *f(a) struct t *a; {`: the grammar's functions in K&R's style return no pointers."""
    view = sketch.view
    sign = view.sign
    named = (sign[:-3] == STAR) & (sign[1:-2] == WORD) & (sign[2:-1] == PAREN)
    for star in places_of(named):
        close = int(view.mate[star + 2])
        if view.outer[star + 2] < 0 < close and sign[close + 1] == WORD and _old_style(sketch, close + 1):
            while sign[star] == STAR:
                sketch.blank(int(view.start[star]), int(view.end[star]))
                star -= 1
