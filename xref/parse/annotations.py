"""Masks what says nothing to the grammar: attributes, asm, typeof, and the tree's own annotations.

Uses `sketch`, `words`.
"""

from __future__ import annotations

import numpy as np

from xref.parse import words
from xref.parse.lex import BOUNDARY
from xref.parse.lex import WORD
from xref.parse.lex import Bytes
from xref.parse.lex import Ints
from xref.parse.sketch import Sketch


def mask_annotations(sketch: Sketch) -> None:
    """Attributes, asm, typeof, the tree's own annotations: blanked, and no longer live."""
    live = sketch.result.live
    at = np.flatnonzero(live)
    flags = sketch.flags[at]
    wanted = (
        words.DROP
        | words.DROP_CALL
        | words.TYPEOF
        | words.ANNOTATION
        | words.ANNOTATION_CALL
        | words.WRAPPER
        | words.POINTER
        | words.OPENER
        | words.CLOSER
        | words.FRAGMENT
        | words.RESPELL
    )
    sign = sketch.tokens.sign[at]
    last = -1
    for place in np.flatnonzero(flags & wanted).tolist():
        if place > last:
            last = _mask_annotation(sketch, place, int(flags[place]), at, sign)


def _mask_annotation(sketch: Sketch, place: int, flag: int, at: Ints, sign: Bytes) -> int:
    """Mask one; returns the last token that went with it."""
    previous = int(sign[place - 1]) if place else 0
    following = int(sign[place + 1]) if place + 1 < len(sign) else 0
    member = previous == 46 or (previous == 62 and place > 1 and sign[place - 2] == 45)
    if member:
        return place  # `->name` is a member, whatever macro has that name
    if flag & (words.OPENER | words.CLOSER) and _as_brace(sketch, place, flag, at, sign):
        return place
    if flag & words.RESPELL:
        start = int(sketch.tokens.start[at[place]])
        sketch.blank(start, int(sketch.tokens.end[at[place]]))
        sketch.put(start, words.RESPELLED[sketch.tokens.text(int(at[place]))])
        return place
    if flag & words.FRAGMENT:
        _drop(sketch, at[place : place + 1])
        return place
    if flag & words.POINTER:
        number = int(at[place])
        sketch.blank(int(sketch.tokens.start[number]), int(sketch.tokens.end[number]))
        sketch.put(int(sketch.tokens.start[number]), b"*")
        sketch.signs[number] = ord("*")
        return place
    if flag & words.WRAPPER and not flag & words.KEYWORD:
        return _unwrap(sketch, place, at, sign, previous, following)
    if flag & words.ANNOTATION and not flag & words.DROP and not _annotates(sketch, place, at, sign):
        return place
    if flag & (words.DROP | words.ANNOTATION):
        _drop(sketch, at[place : place + 1])
        return place
    if following != 40:
        # `asm volatile (…)`, `asm goto (…)`
        after = place + 1
        while after < len(sign) and sign[after] == WORD and after < place + 4:
            after += 1
        if not flag & words.DROP_CALL or after >= len(sign) or sign[after] != 40:
            return place
        following_open = after
    else:
        following_open = place + 1
    close = _closing(following_open, sign)
    if close < 0:
        return place
    if flag & words.TYPEOF:
        start = int(sketch.tokens.start[at[place]])
        _drop(sketch, at[place : close + 1])
        sketch.put(start, b"int")
        sketch.result.live[at[place]] = True
        sketch.result.calls += sketch.called(at[following_open : close + 1])
        return close
    if previous == 58 and flag & words.ANNOTATION_CALL:
        return place
    _drop(sketch, at[place : close + 1])
    if not flag & words.KEYWORD:
        sketch.result.calls.append(int(at[place]))
    elif b"asm" in sketch.tokens.text(int(at[place])):
        sketch.result.calls += sketch.called(at[following_open : close + 1])
    return close


def _unwrap(sketch: Sketch, place: int, at: Ints, sign: Bytes, previous: int, following: int) -> int:
    """`void FASTCALL(f(int x));` is `void f(int x);`; in an expression such a macro stays a call."""
    if following != 40 or not place:
        return place
    before = sketch.flags[at[place - 1]]
    declares = (previous == WORD and not before & words.JUMP) or previous == 41
    if previous == 42 and place > 2 and sign[place - 2] == WORD:
        # `struct file *FASTCALL(fget(unsigned int fd));`, but not `a * ntohs(b)`
        third = sketch.flags[at[place - 3]]
        declares = bool(third & (words.TAG | words.STORAGE)) or sign[place - 3] in b";}"
    if not declares:
        return place
    close = _closing(place + 1, sign)
    if close < 0:
        return place
    sketch.result.calls.append(int(at[place]))
    _drop(sketch, at[place : place + 2])
    _drop(sketch, at[close : close + 1])
    return place


def _closing(opening: int, sign: Bytes) -> int:
    """The parenthesis that closes the one at `opening`, -1 where there is none near."""
    depth = 0
    for place in range(opening, min(len(sign), opening + 4000)):
        if sign[place] == BOUNDARY:
            return -1
        if sign[place] == 40:
            depth += 1
        elif sign[place] == 41:
            depth -= 1
            if not depth:
                return place
    return -1


def _drop(sketch: Sketch, numbers: Ints) -> None:
    sketch.result.live[numbers] = False
    for start, end in zip(sketch.tokens.start[numbers].tolist(), sketch.tokens.end[numbers].tolist(), strict=True):
        sketch.out[start:end] = b" " * (end - start)


def _annotates(sketch: Sketch, place: int, at: Ints, sign: Bytes) -> bool:
    """Does a name stand where an annotation can?  `fcr` may be one elsewhere and a variable here."""
    following = int(sign[place + 1]) if place + 1 < len(sign) else 0
    if following == 91:
        return False  # `long __unused[4];`
    if not place or sketch.tokens.text(int(at[place])).startswith(b"__"):
        return True
    if following == WORD:
        return True
    previous = int(sign[place - 1])
    if following in b"=.-[":
        return following == 61 and (previous == 93 or previous == WORD) and sketch.tokens.text(int(at[place])).isupper()
    if previous in b"(*" and following in b"*),":
        # `typedef u32 (ACPI_SYSTEM_XFACE *acpi_osd_handler)(void)`, `inflate_huft * FAR *`
        return sketch.tokens.text(int(at[place])).isupper()
    if previous == WORD:
        if following == 40 and place + 2 < len(sign) and sign[place + 2] not in b"*^":
            return False  # `char inb_p(long address)` is what is declared there
        return not sketch.flags[at[place - 1]] & words.JUMP
    return previous in b")]}" and following in b";,{" and not _is_variable(sketch, int(at[place]))


def _is_variable(sketch: Sketch, token: int) -> bool:
    """Is a name, elsewhere in its file, something that has a value?  `local->timer.data = (long)local;`"""
    tokens = sketch.tokens
    base = int(tokens.bases[tokens.file_of(tokens.start[token : token + 1])[0]])
    low, high = tokens.start.searchsorted((base, tokens.ends[tokens.bases.searchsorted(base)]))
    same = np.flatnonzero(tokens.word[low : high - 2] == tokens.word[token]) + low
    first, second = tokens.sign[same + 1], tokens.sign[same + 2]
    return bool(((first == 46) | (first == 61) | ((first == 45) & (second == 62))).any())


def _as_brace(sketch: Sketch, place: int, flag: int, at: Ints, sign: Bytes) -> bool:
    """A macro that opens or closes a block becomes that brace, if there is room for it."""
    last = place
    if place + 1 < len(sign) and sign[place + 1] == 40:
        last = _closing(place + 1, sign)
        if last < 0:
            return False
    numbers = at[place : last + 1]
    start, end = int(sketch.tokens.start[numbers[0]]), int(sketch.tokens.end[numbers[-1]])
    if flag & words.CLOSER:
        text = b"};" if end - start > 1 else b"}"
        sketch.signs[int(at[place])] = 125
    else:
        value = bool(flag & words.OPENS_VALUE)
        text = b"int v={" if value else b"{"
        sketch.signs[int(at[place])] = 123
        if value:
            sketch.values.add(int(at[place]))
            sketch.result.standins.append((start, end))
    if end - start < len(text):
        return False
    sketch.result.calls += sketch.called(numbers)
    _drop(sketch, numbers)
    sketch.result.live[at[place]] = True
    sketch.put(start, text)
    return True
