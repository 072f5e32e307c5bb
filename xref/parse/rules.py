"""The rewriting rules, each for one kind of thing that kernel C has and the grammar has not.

A rule is a function of the `Sketch`; numpy finds the few places where it may apply, Python looks at those.
`RULES` at the end gives their order.  Uses `sketch`, `words`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xref.parse import words
from xref.parse.lex import BOUNDARY
from xref.parse.lex import NUMBER
from xref.parse.lex import STRING
from xref.parse.lex import WORD
from xref.parse.sketch import BLOCK
from xref.parse.sketch import ENUM
from xref.parse.sketch import FUNCTION
from xref.parse.sketch import INITIALIZER
from xref.parse.sketch import LINKAGE
from xref.parse.sketch import STRUCT
from xref.parse.sketch import MacroUse
from xref.parse.sketch import Sketch

_COMMA, _SEMICOLON, _COLON = ord(","), ord(";"), ord(":")
_PAREN, _CLOSE_PAREN, _BRACE, _CLOSE_BRACE = ord("("), ord(")"), ord("{"), ord("}")
_EQUALS, _STAR, _DOT = ord("="), ord("*"), ord(".")


_OPERATORS = np.zeros(256, np.bool_)
_OPERATORS[list(b"=<>+-*/%&|^!.:")] = True
_PREFIXED = np.zeros(256, np.bool_)
_PREFIXED[list(b"=+-/|!~?<>^")] = True
_BEGINS_EXPRESSION = np.zeros(256, np.bool_)
_BEGINS_EXPRESSION[list(b"(+-")] = True
_BINARY = np.zeros(256, np.bool_)
_BINARY[list(b"=<>/%|^:?")] = True


def _places(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[int]:
    found: list[int] = np.flatnonzero(mask).tolist()
    return found


def _semicolon_after(sketch: Sketch, place: int) -> bool:
    """Put a `;` behind a token, where there is a blank for it."""
    end = int(sketch.view.end[place])
    if end < len(sketch.out) and sketch.out[end] in b" \t\n\r":
        sketch.out[end] = _SEMICOLON
        return True
    return False


# -- strings ------------------------------------------------------------------------------------------


def join_strings(sketch: Sketch) -> None:
    """`KERN_ERR PFX "text" FMT(x) "more"`: one string; macros beside it are blanked."""
    view = sketch.view
    strings = view.sign == STRING
    word = (view.sign == WORD) & ~(view.flags & words.KEYWORD).astype(bool)
    before = strings[1:] & word[:-1]
    for place in _places(before):
        while place >= 0 and word[place]:
            sketch.blank(int(view.start[place]), int(view.end[place]))
            place -= 1
    after = strings[:-1] & word[1:]
    for place in _places(after):
        _blank_behind_string(sketch, place + 1, word)
    closing = strings[1:] & (view.sign[:-1] == _CLOSE_PAREN)
    for place in _places(closing):
        opening = int(view.mate[place])
        if opening > 0 and word[opening - 1]:
            sketch.result.calls += sketch.called(view.at[opening - 1 : place + 1])
            sketch.blank(int(view.start[opening - 1]), int(view.end[place]))


def _blank_behind_string(sketch: Sketch, place: int, word: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    view = sketch.view
    while word[place]:
        last = place
        if view.sign[place + 1] == _PAREN and view.mate[place + 1] > 0:
            last = int(view.mate[place + 1])
            sketch.result.calls += sketch.called(view.at[place : last + 1])
        sketch.blank(int(view.start[place]), int(view.end[last]))
        place = last + 1


# -- small things of GNU C ----------------------------------------------------------------------------


def ranges(sketch: Sketch) -> None:
    """`case 1 ... 5:`, `[0 ... 3] =`: the dots become an operator."""
    view = sketch.view
    sign = view.sign
    dots = (sign[:-2] == _DOT) & (sign[1:-1] == _DOT) & (sign[2:] == _DOT)
    for place in _places(dots):
        if place and sign[place - 1] not in (_COMMA, _PAREN) and view.start[place + 2] == view.start[place] + 2:
            if sign[place - 1] == WORD and sign[place + 3] == _CLOSE_PAREN:
                sketch.blank(int(view.start[place]), int(view.end[place + 2]))  # args...
            else:
                sketch.put(int(view.start[place]), b" + ")


def label_addresses(sketch: Sketch) -> None:
    """`&&label` takes the address of a label; one `&` parses."""
    view = sketch.view
    sign = view.sign
    pairs = (sign[:-1] == 38) & (sign[1:] == 38) & (view.start[1:] == view.end[:-1])
    for place in _places(pairs):
        previous = int(sign[place - 1]) if place else 0
        unary = previous in b"(,={[?:" or (previous == WORD and view.flags[place - 1] & words.JUMP)
        if unary and sign[place + 2] == WORD:
            sketch.put(int(view.start[place]), b" ")


def computed_gotos(sketch: Sketch) -> None:
    """`goto *table[x];`: the grammar wants a label; without `goto` it is an expression."""
    view = sketch.view
    jumps = (view.flags[:-1] & words.JUMP).astype(bool) & (view.sign[1:] == _STAR) & (view.sign[:-1] == WORD)
    for place in _places(jumps):
        if sketch.text(place) == b"goto":
            sketch.blank(int(view.start[place]), int(view.end[place]))


def pointer_declarations(sketch: Sketch) -> None:
    """`handler_t (*old)(int) = …;` among statements: with a type that the grammar knows it is no call."""
    view = sketch.view
    sign = view.sign
    word = (sign[:-5] == WORD) & ~(view.flags[:-5] & words.KEYWORD).astype(bool)
    shape = (sign[1:-4] == _PAREN) & (sign[2:-3] == _STAR) & (sign[3:-2] == WORD) & (sign[4:-1] == _CLOSE_PAREN)
    for place in _places(word & shape & (sign[5:] == _PAREN)):
        start, end = int(view.start[place]), int(view.end[place])
        if place and sign[place - 1] in (_SEMICOLON, _BRACE, _CLOSE_BRACE) and end - start > 2:
            sketch.blank(start, end)
            sketch.put(start, b"int")


def old_style_pointers(sketch: Sketch) -> None:
    """`struct s *f(a) struct t *a; {`: the grammar's functions in K&R's style return no pointers."""
    view = sketch.view
    sign = view.sign
    named = (sign[:-3] == _STAR) & (sign[1:-2] == WORD) & (sign[2:-1] == _PAREN)
    for star in _places(named):
        close = int(view.mate[star + 2])
        if view.outer[star + 2] < 0 < close and sign[close + 1] == WORD and _old_style(sketch, close + 1):
            while sign[star] == _STAR:
                sketch.blank(int(view.start[star]), int(view.end[star]))
                star -= 1


def empty_statements(sketch: Sketch) -> None:
    """A label, `else` or condition with nothing behind it gets a `;`."""
    view = sketch.view
    sign, flags = view.sign, view.flags
    ends = sign[1:] == _CLOSE_BRACE
    labels = ends & (sign[:-1] == _COLON)
    for place in _places(labels):
        opening = int(view.mate[place + 1])
        if opening >= 0 and sketch.kind(opening) in (FUNCTION, BLOCK):
            _semicolon_after(sketch, place)
    is_else = np.zeros(len(sign), np.bool_)
    jumps = (flags & words.JUMP).astype(bool) & (sign == WORD)
    for place in _places(jumps):
        if sketch.text(place) == b"else":
            is_else[place] = True
    heads = np.zeros(len(sign), np.bool_)
    for place in _places((sign[:-1] == _CLOSE_PAREN) & (ends | is_else[1:])):
        opening = int(view.mate[place])
        if opening > 0 and flags[opening - 1] & words.CONTROL and not _closes_do(sketch, opening - 1):
            heads[place] = True
    for place in _places(heads[:-1] | (is_else[:-1] & ends)):
        _semicolon_after(sketch, place)


def _closes_do(sketch: Sketch, place: int) -> bool:
    """Is this `while` the end of a `do`?"""
    view = sketch.view
    return place > 0 and sketch.text(place) == b"while" and view.sign[place - 1] in (_CLOSE_BRACE, _SEMICOLON)


def missing_semicolons(sketch: Sketch) -> None:
    """`do { … } while (0)` at the end of a block."""
    view = sketch.view
    ends = (view.sign[:-1] == _CLOSE_PAREN) & (view.sign[1:] == _CLOSE_BRACE)
    for place in _places(ends):
        opening = int(view.mate[place])
        if opening > 0 and view.flags[opening - 1] & words.CONTROL and _closes_do(sketch, opening - 1):
            _semicolon_after(sketch, place)


def unnamed_bits(sketch: Sketch) -> None:
    """`u32 : 3;` and `a:1, :2;` among members: the unnamed bits are blanked."""
    view = sketch.view
    sign = view.sign
    colons = np.flatnonzero((sign[1:] == _COLON) & (sign[:-1] != _CLOSE_PAREN)).astype(np.int32) + 1
    for place, brace in zip(colons.tolist(), view.enclosing(colons).tolist(), strict=True):
        if brace < 0 or sign[brace] != _BRACE or sketch.kind(brace) != STRUCT:
            continue
        typed = bool(view.flags[place - 1] & words.TYPE) or sign[place - 2] in (_SEMICOLON, _BRACE)
        first = place - 1 if sign[place - 1] == _COMMA else place
        if not typed and first == place:
            continue
        last = place
        while last + 1 < view.count and sign[last + 1] not in (_COMMA, _SEMICOLON):
            last += 1
        if typed and sign[last + 1] == _COMMA:
            last += 1
        sketch.blank(int(view.start[first]), int(view.end[last]))


def missing_commas(sketch: Sketch) -> None:
    """Macros that make members of an initialiser: `BOOT_PARAMS(x) .timer = …` gets a comma."""
    view = sketch.view
    sign = view.sign
    following = (sign[1:] == WORD) | (sign[1:] == _DOT)
    for close in _places((sign[:-1] == _CLOSE_PAREN) & following):
        opening = int(view.mate[close])
        if opening <= 0 or sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == _BRACE and sketch.kind(outer) == INITIALIZER:
            end = int(view.end[close])
            if sketch.out[end : end + 1].isspace():
                sketch.put(end, b",")


def struct_semicolons(sketch: Sketch) -> None:
    """`;;` among members, and stray ones where none may stand."""
    view = sketch.view
    sign = view.sign
    doubles = (sign[1:] == _SEMICOLON) & ((sign[:-1] == _SEMICOLON) | (sign[:-1] == _BRACE))
    places = np.flatnonzero(doubles) + 1
    for place, brace in zip(places.tolist(), view.enclosing(places.astype(np.int32)).tolist(), strict=True):
        if brace >= 0 and sign[brace] == _BRACE and sketch.kind(brace) == STRUCT:
            sketch.put(int(view.start[place]), b" ")


# -- macros at file level and among members -----------------------------------------------------------


def file_level_macros(sketch: Sketch) -> None:
    """`MODULE_LICENSE("GPL")`, `static DEFINE_SPINLOCK(lock);`, `SYSCALL_DEFINE1(close, int, fd) {`.

    A macro in the place of a definition is taken out of the text and put on the list of uses; a block behind
    it becomes the body of a stand-in function, its value that of a stand-in variable.
    """
    view = sketch.view
    names = (view.sign[:-1] == WORD) & (view.sign[1:] == _PAREN)
    names &= ~(view.flags[:-1] & words.KEYWORD).astype(bool)
    candidates = np.flatnonzero(names).astype(np.int32)
    outer = view.enclosing(candidates)
    done = -1
    for place, brace in zip(candidates.tolist(), outer.tolist(), strict=True):
        if place <= done:
            continue
        if brace >= 0:
            if view.sign[brace] != _BRACE:
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
    if previous == _SEMICOLON:
        return first
    if previous == _CLOSE_BRACE:
        opening = int(view.mate[first - 1])
        if opening >= 0 and sketch.kind(opening) in (FUNCTION, LINKAGE):
            return first
    return -1


def _take_out(sketch: Sketch, first: int, place: int, among: bytes) -> int:
    """Replace the macro use that begins the item at `first`; returns the last token dealt with."""
    view = sketch.view
    close = int(view.mate[place + 1])
    if close < 0 or view.sign[place + 2] == _STAR:
        return place
    following = int(view.sign[close + 1])
    word = view.sign[close + 1] == WORD
    if following == _BRACE and not among:
        return _function_head(sketch, first, place, close)
    if following in (_EQUALS, ord("[")) and not among:
        sketch.result.calls.append(int(view.at[place]))
        _stand_in(sketch, first, close, b"int v")
        sketch.result.uses.append(MacroUse(int(view.at[place]), int(view.at[close]), among))
        return close
    if word and not among and _old_style(sketch, close + 1):
        return _function_head(sketch, first, place, close)
    if following == _SEMICOLON or word or following in (0, BOUNDARY, _CLOSE_BRACE, ord("#")):
        last = close + 1 if following == _SEMICOLON else close
        if not (following == _SEMICOLON and first == place and not among and not _known(sketch, place)):
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
    braces = np.flatnonzero(ahead == _BRACE)
    if not len(braces):
        return False
    body = place + int(braces[0])
    between = view.sign[place:body]
    if (between == BOUNDARY).any():
        return False
    return bool(
        body > place
        and view.sign[body - 1] == _SEMICOLON
        and not (between == _PAREN).any()
        and not (between == _EQUALS).any()
        and not (between == _CLOSE_BRACE).any()
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


# -- macros among statements --------------------------------------------------------------------------


def bare_members(sketch: Sketch) -> None:
    """`struct s { __ITEMS }`, `enum { D(0) FIRST, … }`: macros that make members, or nothing."""
    view = sketch.view
    sign = view.sign
    starts = (sign[:-2] == _BRACE) | (sign[:-2] == _SEMICOLON) | (sign[:-2] == _COMMA)
    word = (sign[1:-1] == WORD) & ~(view.flags[1:-1] & words.KEYWORD).astype(bool)
    alone = (sign[2:] == _CLOSE_BRACE) | (view.flags[1:-1] & words.STATEMENT).astype(bool) | (sign[2:] == _PAREN)
    places = np.flatnonzero(starts & word & alone).astype(np.int32) + 1
    for place, brace in zip(places.tolist(), view.enclosing(places).tolist(), strict=True):
        if brace < 0 or sign[brace] != _BRACE:
            continue
        kind = sketch.kind(brace)
        last = place
        if sign[place + 1] == _PAREN:
            last = int(view.mate[place + 1])
            if kind != ENUM or last < 0 or sign[last + 1] != WORD:
                continue
        elif kind != STRUCT or sign[place - 1] == _COMMA:
            continue  # `long t1, t2, t3;`: whatever macro `t2` is elsewhere
        elif sign[place + 1] == WORD and not view.flags[place] & words.STATEMENT:
            continue
        else:
            # several in a row: each but the last is whole members, semicolons and all
            while view.flags[last] & words.STATEMENT and view.flags[last + 1] & words.STATEMENT:
                last += 1
            if sign[last + 1] == _SEMICOLON:
                last += 1
        sketch.blank(int(view.start[place]), int(view.end[last]))
        sketch.item_ends.add(last)


def bare_statements(sketch: Sketch) -> None:
    """`SLEEP_ON_HEAD` on a line of its own: a macro without arguments that is whole statements, or a loop's head."""
    view = sketch.view
    loops = (view.flags[:-1] & words.LOOP).astype(bool) & (view.sign[:-1] == WORD) & (view.sign[1:] != _PAREN)
    heads = np.flatnonzero(loops).astype(np.int32)
    for place, brace in zip(heads.tolist(), view.enclosing(heads).tolist(), strict=True):
        if brace >= 0 and view.sign[brace] == _BRACE and sketch.kind(brace) in (FUNCTION, BLOCK):
            sketch.blank(int(view.start[place]), int(view.end[place]))
    candidates = (view.flags & words.STATEMENT).astype(bool) & (view.sign == WORD)
    following = view.sign[1:]
    candidates[:-1] &= (following == WORD) | (following == _CLOSE_BRACE) | (following == _STAR) | (following == _BRACE)
    places = np.flatnonzero(candidates).astype(np.int32)
    for place, brace in zip(places.tolist(), view.enclosing(places).tolist(), strict=True):
        if brace < 0 or view.sign[brace] != _BRACE or sketch.kind(brace) not in (FUNCTION, BLOCK):
            continue
        if _begins_statement(sketch, place):
            _semicolon_after(sketch, place)


def prefixes(sketch: Sketch) -> None:
    """`x = REG_TO_VA y;`, `f(DRM_ARG(vma) vma->start)`: a macro that is a cast, or a list with its comma."""
    view = sketch.view
    sign = view.sign
    word = (sign == WORD) & ~(view.flags & words.KEYWORD).astype(bool)
    places = np.flatnonzero(word[1:-1] & word[2:] & _PREFIXED[sign[:-2]]) + 1
    for place in places.tolist():
        sketch.blank(int(view.start[place]), int(view.end[place]))
    # `printk(KERN_ERR DRV_NAME)`: strings behind names, in the arguments of a call
    doubles = np.flatnonzero(word[1:-1] & word[2:] & ((sign[:-2] == _PAREN) | (sign[:-2] == _COMMA))) + 1
    for place, opening in zip(doubles.tolist(), view.enclosing(doubles).tolist(), strict=True):
        if (
            opening > 0
            and sign[opening] == _PAREN
            and (sign[place + 2] in (_COMMA, _CLOSE_PAREN) or _before_format(sketch, place))
            and _is_call(sketch, opening)
        ):
            sketch.blank(int(view.start[place]), int(view.end[place]))
    # `m3_if_debug {`: a macro that ends in a condition
    for place in _places(word[:-1] & (sign[1:] == _BRACE)):
        if place and sketch.in_code(place + 1) and sign[place - 1] in (_SEMICOLON, _BRACE, _CLOSE_BRACE):
            sketch.blank(int(view.start[place]), int(view.end[place]))
    for close in _places((sign[:-1] == _CLOSE_PAREN) & word[1:]):
        opening = int(view.mate[close])
        if opening <= 1 or not word[opening - 1] or sign[opening - 2] not in (_PAREN, _COMMA):
            continue
        outer = int(view.outer[opening])
        if outer > 0 and sign[outer] == _PAREN and word[outer - 1] and sketch.in_code(opening):
            sketch.result.calls += sketch.called(view.at[opening - 1 : close + 1])
            sketch.blank(int(view.start[opening - 1]), int(view.end[close]))


def _before_format(sketch: Sketch, place: int) -> bool:
    """`KERN_ERR pr_fmt("…")`: a macro that is a string, before one that makes a string."""
    view = sketch.view
    return bool(view.sign[place + 2] == _PAREN and view.sign[place + 3] == STRING and sketch.text(place).isupper())


def enumerators_by_macros(sketch: Sketch) -> None:
    """`enum { ITEM(a), ITEM(b), MORE LAST }`: macros that make enumerators, with the commas or without."""
    view = sketch.view
    sign = view.sign
    item = (sign[:-2] == _BRACE) | (sign[:-2] == _COMMA)
    word = (sign[1:-1] == WORD) & ~(view.flags[1:-1] & words.KEYWORD).astype(bool)
    places = np.flatnonzero(item & word & ((sign[2:] == _PAREN) | (sign[2:] == WORD))).astype(np.int32) + 1
    for place, brace in zip(places.tolist(), view.enclosing(places).tolist(), strict=True):
        if brace < 0 or sign[brace] != _BRACE or sketch.kind(brace) != ENUM:
            continue
        start, end = int(view.start[place]), int(view.end[place])
        if sign[place + 1] == WORD:
            sketch.blank(start, end)
            continue
        close = int(view.mate[place + 1])
        if close > place and sign[close + 1] in (_COMMA, _CLOSE_BRACE):
            sketch.result.uses.append(MacroUse(int(view.at[place]), int(view.at[close]), b"enum"))
            sketch.result.calls += sketch.called(view.at[place : close + 1])
            sketch.blank(end, int(view.end[close]))
            sketch.result.standins.append((start, end))


def designators_by_macros(sketch: Sketch) -> None:
    """`CHANNEL(1) = { … }` among an initialiser's values, where the macro is `[(n) - 1]`."""
    view = sketch.view
    sign = view.sign
    for close in _places((sign[:-1] == _CLOSE_PAREN) & (sign[1:] == _EQUALS)):
        opening = int(view.mate[close])
        if opening <= 1 or sign[opening - 1] != WORD or sign[opening - 2] not in (_BRACE, _COMMA):
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == _BRACE and sketch.kind(outer) == INITIALIZER:
            sketch.result.calls += sketch.called(view.at[opening - 1 : close + 1])
            sketch.blank(int(view.start[opening - 1]), int(view.end[close + 1]))


def old_designators(sketch: Sketch) -> None:
    """`[0] { … }` among an initialiser's values: the index is blanked where no `=` follows it."""
    view = sketch.view
    sign = view.sign
    after = (sign[1:] == _BRACE) | (sign[1:] == STRING) | (sign[1:] == WORD) | (sign[1:] == NUMBER)
    for close in _places((sign[:-1] == ord("]")) & after):
        opening = int(view.mate[close])
        if opening <= 0 or sign[opening - 1] not in (_BRACE, _COMMA):
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == _BRACE and sketch.kind(outer) == INITIALIZER:
            sketch.blank(int(view.start[opening]), int(view.end[close]))


def units(sketch: Sketch) -> None:
    """`2 MINS`, where the macro is `* 60 SECS`: a word behind a number is no C."""
    view = sketch.view
    for place in _places((view.sign[:-1] == NUMBER) & (view.sign[1:] == WORD) & (view.end[:-1] < view.start[1:])):
        if not view.flags[place + 1] & words.KEYWORD:
            sketch.blank(int(view.start[place + 1]), int(view.end[place + 1]))


def storage_before_macros(sketch: Sketch) -> None:
    """`static DECLARE_MUTEX(sem);` within a function: without `static` it reads as a call."""
    view = sketch.view
    sign = view.sign
    storage = (view.flags[:-2] & words.STORAGE).astype(bool) & (sign[1:-1] == WORD) & (sign[2:] == _PAREN)
    storage &= ~(view.flags[1:-1] & words.KEYWORD).astype(bool)
    for place in _places(storage):
        close = int(view.mate[place + 2])
        first = place
        while first and view.flags[first - 1] & words.STORAGE:
            first -= 1
        if close < 0 or not first or sign[close + 1] not in (_SEMICOLON, _EQUALS) or not sketch.in_code(place + 2):
            continue
        if sign[first - 1] in (_SEMICOLON, _BRACE, _CLOSE_BRACE, _COLON):
            sketch.blank(int(view.start[first]), int(view.end[place]))


def blocks_behind_macros(sketch: Sketch) -> None:
    """`list_for_each(pos, head) {`: the name becomes `while`, which takes anything and a block."""
    view = sketch.view
    sign = view.sign
    for brace in _places((sign[1:] == _BRACE) & (sign[:-1] == _CLOSE_PAREN)):
        opening = int(view.mate[brace])
        if opening <= 0 or sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
            continue
        if view.sign[opening - 2] == WORD and not view.flags[opening - 2] & words.JUMP:
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == _BRACE and sketch.kind(outer) in (FUNCTION, BLOCK):
            _as_loop(sketch, opening)


def loops_behind_do(sketch: Sketch) -> None:
    """`do { … } while_each_thread(g, p);`: the macro is the loop's condition."""
    view = sketch.view
    sign = view.sign
    for brace in _places((sign[:-2] == _CLOSE_BRACE) & (sign[1:-1] == WORD) & (sign[2:] == _PAREN)):
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
    following = (sign[1:] == WORD) | (sign[1:] == _CLOSE_BRACE) | (sign[1:] == _STAR) | _BEGINS_EXPRESSION[sign[1:]]
    for close in _places((sign[:-1] == _CLOSE_PAREN) & following):
        opening = int(view.mate[close])
        if opening <= 1 or sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
            continue
        if not _begins_statement(sketch, opening - 1) or not sketch.in_code(opening):
            continue
        loop = bool(view.flags[opening - 1] & words.LOOP) or b"for_each" in sketch.text(opening - 1)
        if sign[close + 1] == _CLOSE_BRACE or not loop:
            if _BEGINS_EXPRESSION[sign[close + 1]]:
                continue
            if sign[close + 1] == _STAR and b"\n" not in sketch.out[view.end[close] : view.start[close + 1]]:
                continue
            _semicolon_after(sketch, close)
        else:
            _as_loop(sketch, opening)


def _begins_statement(sketch: Sketch, place: int) -> bool:
    view = sketch.view
    previous = int(view.sign[place - 1])
    if previous in (_SEMICOLON, _BRACE, _CLOSE_BRACE):
        return True
    if previous == _COLON or (previous == WORD and view.flags[place - 1] & words.STATEMENT):
        return True
    if previous == _CLOSE_PAREN:
        opening = int(view.mate[place - 1])
        return opening > 0 and (
            bool(view.flags[opening - 1] & (words.CONTROL | words.LOOP)) or _begins_statement(sketch, opening - 1)
        )
    return previous == WORD and sketch.text(place - 1) in (b"else", b"do")


def odd_arguments(sketch: Sketch) -> None:
    """Arguments that are no expressions: types, statements, operators, nothing at all."""
    view = sketch.view
    sign, flags = view.sign, view.flags
    typed = (flags & words.TYPE).astype(bool)
    jumps = (flags & words.JUMP).astype(bool)
    after = np.zeros(len(sign), np.bool_)
    after[1:] = (sign[:-1] == _PAREN) | (sign[:-1] == _COMMA)
    before = np.zeros(len(sign), np.bool_)
    before[:-1] = (sign[1:] == _CLOSE_PAREN) | (sign[1:] == _COMMA)
    operator = (_OPERATORS[sign] & before) | (_BINARY[sign] & after)
    last = np.zeros(len(sign), np.bool_)
    last[:-1] = sign[1:] == _CLOSE_PAREN
    empty = (sign == _COMMA) & (after | last)
    odd = (typed & after) | jumps | (sign == _SEMICOLON) | operator | empty
    places = np.flatnonzero(odd).astype(np.int32)
    places = places[places < view.count]
    outer = view.enclosing(places)
    inside = (outer > 0) & (sign[outer] == _PAREN)
    done = -1
    for place, opening in zip(places[inside].tolist(), outer[inside].tolist(), strict=True):
        if place <= done or not _is_call(sketch, opening):
            continue
        done = _replace_argument(sketch, place, opening)


def bit_ranges(sketch: Sketch) -> None:
    """`FIELD(x, 7:4)`: a colon in an argument without a question mark."""
    view = sketch.view
    sign = view.sign
    colons = np.flatnonzero(sign == _COLON).astype(np.int32)
    outer = view.enclosing(colons)
    for place, opening in zip(colons.tolist(), outer.tolist(), strict=True):
        if opening <= 0 or sign[opening] != _PAREN or not _is_call(sketch, opening):
            continue
        first = _argument_start(sketch, place, opening)
        if not (sign[first:place] == ord("?")).any():
            _replace_argument(sketch, place, opening)


def _is_call(sketch: Sketch, opening: int) -> bool:
    """Does this parenthesis hold the arguments of a call (and not a declaration's parameters)?"""
    view = sketch.view
    if view.sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
        return False
    if view.sign[opening + 1] == _STAR and view.sign[opening + 2] == _CLOSE_PAREN:
        return False  # `(int (*)(void))` is a type
    previous = int(view.sign[opening - 2]) if opening > 1 else 0
    if previous == WORD and not view.flags[opening - 2] & words.JUMP:
        return False
    outer = around = int(view.outer[opening])
    while around >= 0 and view.sign[around] != _BRACE:
        around = int(view.outer[around])
    if around < 0 or sketch.kind(around) in (STRUCT, LINKAGE):
        return False
    if previous == _STAR and view.sign[opening - 3] == WORD and view.sign[outer] == _BRACE:
        # `struct x *f(struct y *);` in a function declares, and so does `extern x_t *f(long a);`
        if view.flags[opening - 4] & words.STORAGE:
            return False
        return not view.flags[opening - 4] & words.TYPE and not view.flags[opening - 3] & words.TYPE
    if view.sign[outer] != _PAREN or view.sign[outer - 1] != WORD or view.flags[outer - 1] & words.KEYWORD:
        return True
    return _is_call(sketch, outer)


def _replace_argument(sketch: Sketch, place: int, opening: int) -> int:
    """Overwrite the argument that `place` is in; returns its last token."""
    view = sketch.view
    close = int(view.mate[opening])
    if view.sign[place] == _COMMA:
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
    while first - 1 > opening and view.sign[first - 1] != _COMMA:
        first = int(view.mate[first - 1]) if view.sign[first - 1] in b")]}" and view.mate[first - 1] >= 0 else first - 1
    return first


def _argument_end(sketch: Sketch, place: int, close: int) -> int:
    view = sketch.view
    last = place
    while last + 1 < close and view.sign[last + 1] != _COMMA:
        last += 1
        if view.sign[last] in b"([{" and view.mate[last] > last:
            last = int(view.mate[last])
    return last


def offsets_of(sketch: Sketch) -> None:
    """`offsetof(struct x, a.b[1])`: the grammar's own rule takes one name only, a call takes anything."""
    view = sketch.view
    for place in _places((view.sign[:-1] == WORD) & (view.sign[1:] == _PAREN)):
        if (
            view.end[place] - view.start[place] == 8
            and sketch.out[int(view.start[place]) : int(view.end[place])] == b"offsetof"
        ):
            sketch.put(int(view.start[place]), b"offset_f")
            sketch.result.calls.append(int(view.at[place]))


Rule = Callable[[Sketch], None]

RULES: tuple[Rule, ...] = (
    join_strings,
    ranges,
    label_addresses,
    computed_gotos,
    pointer_declarations,
    old_style_pointers,
    units,
    storage_before_macros,
    bare_members,
    file_level_macros,
    bare_statements,
    prefixes,
    enumerators_by_macros,
    old_designators,
    designators_by_macros,
    struct_semicolons,
    blocks_behind_macros,
    loops_behind_do,
    statements_without_semicolon,
    odd_arguments,
    bit_ranges,
    offsets_of,
    empty_statements,
    missing_semicolons,
    missing_commas,
    unnamed_bits,
)
