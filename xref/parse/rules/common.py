"""What the rules share: the punctuation's signs, and how a mask of places is gone through."""

from __future__ import annotations

import numpy as np

from xref.parse.sketch import Sketch

COMMA, SEMICOLON, COLON = ord(","), ord(";"), ord(":")
PAREN, CLOSE_PAREN, BRACE, CLOSE_BRACE = ord("("), ord(")"), ord("{"), ord("}")
EQUALS, STAR, DOT = ord("="), ord("*"), ord(".")

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


def places_of(mask: Mask) -> list[int]:
    """The places at which a mask holds."""
    found: list[int] = np.flatnonzero(mask).tolist()
    return found


def semicolon_after(sketch: Sketch, place: int) -> bool:
    """Put a `;` behind a token, where there is a blank for it."""
    end = int(sketch.view.end[place])
    if end < len(sketch.out) and sketch.out[end] in b" \t\n\r":
        sketch.out[end] = SEMICOLON
        return True
    return False
