"""Strings, and the macros that stand beside them."""

from __future__ import annotations

from xref.parse import words
from xref.parse.lex import STRING
from xref.parse.lex import WORD
from xref.parse.rules.common import CLOSE_PAREN
from xref.parse.rules.common import PAREN
from xref.parse.rules.common import Mask
from xref.parse.rules.common import places_of
from xref.parse.sketch import Sketch


def join_strings(sketch: Sketch) -> None:
    """`KERN_ERR PFX "text" FMT(x) "more"`: one string; macros beside it are blanked."""
    view = sketch.view
    strings = view.sign == STRING
    word = (view.sign == WORD) & ~(view.flags & words.KEYWORD).astype(bool)
    before = strings[1:] & word[:-1]
    for place in places_of(before):
        while place >= 0 and word[place]:
            sketch.blank(int(view.start[place]), int(view.end[place]))
            place -= 1
    after = strings[:-1] & word[1:]
    for place in places_of(after):
        _blank_behind_string(sketch, place + 1, word)
    closing = strings[1:] & (view.sign[:-1] == CLOSE_PAREN)
    for place in places_of(closing):
        opening = int(view.mate[place])
        if opening > 0 and word[opening - 1]:
            sketch.result.calls += sketch.called(view.at[opening - 1 : place + 1])
            sketch.blank(int(view.start[opening - 1]), int(view.end[place]))


def _blank_behind_string(sketch: Sketch, place: int, word: Mask) -> None:
    view = sketch.view
    while word[place]:
        last = place
        if view.sign[place + 1] == PAREN and view.mate[place + 1] > 0:
            last = int(view.mate[place + 1])
            sketch.result.calls += sketch.called(view.at[place : last + 1])
        sketch.blank(int(view.start[place]), int(view.end[last]))
        place = last + 1
