"""Small things of GNU C, and what is left out where the grammar wants it."""

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
from xref.parse.rules.common import DOT
from xref.parse.rules.common import PAREN
from xref.parse.rules.common import SEMICOLON
from xref.parse.rules.common import STAR
from xref.parse.rules.common import places_of
from xref.parse.rules.common import semicolon_after
from xref.parse.sketch import BLOCK
from xref.parse.sketch import FUNCTION
from xref.parse.sketch import INITIALIZER
from xref.parse.sketch import STRUCT
from xref.parse.sketch import Sketch


def ranges(sketch: Sketch) -> None:
    """`case 1 ... 5:`, `[0 ... 3] =`: the dots become an operator."""
    view = sketch.view
    sign = view.sign
    dots = (sign[:-2] == DOT) & (sign[1:-1] == DOT) & (sign[2:] == DOT)
    for place in places_of(dots):
        if place and sign[place - 1] not in (COMMA, PAREN) and view.start[place + 2] == view.start[place] + 2:
            if sign[place - 1] == WORD and sign[place + 3] == CLOSE_PAREN:
                sketch.blank(int(view.start[place]), int(view.end[place + 2]))  # args...
            else:
                sketch.put(int(view.start[place]), b" + ")


def label_addresses(sketch: Sketch) -> None:
    """`&&label` takes the address of a label; one `&` parses."""
    view = sketch.view
    sign = view.sign
    pairs = (sign[:-1] == 38) & (sign[1:] == 38) & (view.start[1:] == view.end[:-1])
    for place in places_of(pairs):
        previous = int(sign[place - 1]) if place else 0
        unary = previous in b"(,={[?:" or (previous == WORD and view.flags[place - 1] & words.JUMP)
        if unary and sign[place + 2] == WORD:
            sketch.put(int(view.start[place]), b" ")


def computed_gotos(sketch: Sketch) -> None:
    """`goto *table[x];`: the grammar wants a label; without `goto` it is an expression."""
    view = sketch.view
    jumps = (view.flags[:-1] & words.JUMP).astype(bool) & (view.sign[1:] == STAR) & (view.sign[:-1] == WORD)
    for place in places_of(jumps):
        if sketch.text(place) == b"goto":
            sketch.blank(int(view.start[place]), int(view.end[place]))


def pointer_declarations(sketch: Sketch) -> None:
    """`handler_t (*old)(int) = …;` among statements: with a type that the grammar knows it is no call."""
    view = sketch.view
    sign = view.sign
    word = (sign[:-5] == WORD) & ~(view.flags[:-5] & words.KEYWORD).astype(bool)
    shape = (sign[1:-4] == PAREN) & (sign[2:-3] == STAR) & (sign[3:-2] == WORD) & (sign[4:-1] == CLOSE_PAREN)
    for place in places_of(word & shape & (sign[5:] == PAREN)):
        start, end = int(view.start[place]), int(view.end[place])
        if place and sign[place - 1] in (SEMICOLON, BRACE, CLOSE_BRACE) and end - start > 2:
            sketch.blank(start, end)
            sketch.put(start, b"int")


def functions_in_parentheses(sketch: Sketch) -> None:
    """`typedef unsigned char (read_t)(int);`: the grammar takes `char` for what is declared; `unsigned` will do."""
    view = sketch.view
    sign = view.sign
    primitive = (sign == WORD) & (view.flags & words.PRIMITIVE).astype(bool)
    shape = (sign[2:-3] == PAREN) & (sign[3:-2] == WORD) & (sign[4:-1] == CLOSE_PAREN) & (sign[5:] == PAREN)
    for place in places_of(primitive[:-5] & primitive[1:-4] & shape):
        first = place
        while first and primitive[first - 1]:
            first -= 1
        sketch.blank(int(view.end[first]), int(view.end[place + 1]))


def empty_statements(sketch: Sketch) -> None:
    """A label, `else` or condition with nothing behind it gets a `;`."""
    view = sketch.view
    sign, flags = view.sign, view.flags
    ends = sign[1:] == CLOSE_BRACE
    labels = ends & (sign[:-1] == COLON)
    for place in places_of(labels):
        opening = int(view.mate[place + 1])
        if opening >= 0 and sketch.kind(opening) in (FUNCTION, BLOCK):
            semicolon_after(sketch, place)
    is_else = np.zeros(len(sign), np.bool_)
    jumps = (flags & words.JUMP).astype(bool) & (sign == WORD)
    for place in places_of(jumps):
        if sketch.text(place) == b"else":
            is_else[place] = True
    heads = np.zeros(len(sign), np.bool_)
    for place in places_of((sign[:-1] == CLOSE_PAREN) & (ends | is_else[1:])):
        opening = int(view.mate[place])
        if opening > 0 and flags[opening - 1] & words.CONTROL and not _closes_do(sketch, opening - 1):
            heads[place] = True
    for place in places_of(heads[:-1] | (is_else[:-1] & ends)):
        semicolon_after(sketch, place)


def _closes_do(sketch: Sketch, place: int) -> bool:
    """Is this `while` the end of a `do`?"""
    view = sketch.view
    return place > 0 and sketch.text(place) == b"while" and view.sign[place - 1] in (CLOSE_BRACE, SEMICOLON)


def missing_semicolons(sketch: Sketch) -> None:
    """`do { … } while (0)` at the end of a block."""
    view = sketch.view
    ends = (view.sign[:-1] == CLOSE_PAREN) & (view.sign[1:] == CLOSE_BRACE)
    for place in places_of(ends):
        opening = int(view.mate[place])
        if opening > 0 and view.flags[opening - 1] & words.CONTROL and _closes_do(sketch, opening - 1):
            semicolon_after(sketch, place)


def unnamed_bits(sketch: Sketch) -> None:
    """`u32 : 3;` and `a:1, :2;` among members: the unnamed bits are blanked."""
    view = sketch.view
    sign = view.sign
    colons = np.flatnonzero((sign[1:] == COLON) & (sign[:-1] != CLOSE_PAREN)).astype(np.int32) + 1
    for place, brace in zip(colons.tolist(), view.enclosing(colons).tolist(), strict=True):
        if brace < 0 or sign[brace] != BRACE or sketch.kind(brace) != STRUCT:
            continue
        typed = bool(view.flags[place - 1] & words.TYPE) or sign[place - 2] in (SEMICOLON, BRACE)
        first = place - 1 if sign[place - 1] == COMMA else place
        if not typed and first == place:
            continue
        last = place
        while last + 1 < view.count and sign[last + 1] not in (COMMA, SEMICOLON):
            last += 1
        if typed and sign[last + 1] == COMMA:
            last += 1
        sketch.blank(int(view.start[first]), int(view.end[last]))


def missing_commas(sketch: Sketch) -> None:
    """Macros that make members of an initialiser: `BOOT_PARAMS(x) .timer = …` gets a comma."""
    view = sketch.view
    sign = view.sign
    following = (sign[1:] == WORD) | (sign[1:] == DOT)
    for close in places_of((sign[:-1] == CLOSE_PAREN) & following):
        opening = int(view.mate[close])
        if opening <= 0 or sign[opening - 1] != WORD or view.flags[opening - 1] & words.KEYWORD:
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == BRACE and sketch.kind(outer) == INITIALIZER:
            end = int(view.end[close])
            if sketch.out[end : end + 1].isspace():
                sketch.put(end, b",")


def struct_semicolons(sketch: Sketch) -> None:
    """`;;` among members, and stray ones where none may stand."""
    view = sketch.view
    sign = view.sign
    doubles = (sign[1:] == SEMICOLON) & ((sign[:-1] == SEMICOLON) | (sign[:-1] == BRACE))
    places = np.flatnonzero(doubles) + 1
    for place, brace in zip(places.tolist(), view.enclosing(places.astype(np.int32)).tolist(), strict=True):
        if brace >= 0 and sign[brace] == BRACE and sketch.kind(brace) == STRUCT:
            sketch.put(int(view.start[place]), b" ")


def old_designators(sketch: Sketch) -> None:
    """`[0] { … }` among an initialiser's values: the index is blanked where no `=` follows it."""
    view = sketch.view
    sign = view.sign
    after = (sign[1:] == BRACE) | (sign[1:] == STRING) | (sign[1:] == WORD) | (sign[1:] == NUMBER)
    for close in places_of((sign[:-1] == ord("]")) & after):
        opening = int(view.mate[close])
        if opening <= 0 or sign[opening - 1] not in (BRACE, COMMA):
            continue
        outer = int(view.outer[opening])
        if outer >= 0 and sign[outer] == BRACE and sketch.kind(outer) == INITIALIZER:
            sketch.blank(int(view.start[opening]), int(view.end[close]))


def offsets_of(sketch: Sketch) -> None:
    """`offsetof(struct x, a.b[1])`: the grammar's own rule takes one name only, a call takes anything."""
    view = sketch.view
    for place in places_of((view.sign[:-1] == WORD) & (view.sign[1:] == PAREN)):
        if (
            view.end[place] - view.start[place] == 8
            and sketch.out[int(view.start[place]) : int(view.end[place])] == b"offsetof"
        ):
            sketch.put(int(view.start[place]), b"offset_f")
            sketch.result.calls.append(int(view.at[place]))
