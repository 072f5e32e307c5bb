"""What the punctuation around a name tells: whether it is a member, is written, has its address taken."""

from __future__ import annotations

import numpy as np

from xref.parse import words
from xref.parse.lex import NUMBER
from xref.parse.lex import WORD
from xref.parse.lex import Bools
from xref.parse.lex import Bytes
from xref.parse.lex import Flags
from xref.parse.lex import Tokens

_PAD = 4
_ASSIGNED = np.zeros(256, np.bool_)
_ASSIGNED[list(b"+-*/%&|^")] = True
_BEFORE_OPERAND = np.zeros(256, np.bool_)
_BEFORE_OPERAND[list(b"(,={[?:;")] = True
_SHIFTED = np.zeros(256, np.bool_)
_SHIFTED[list(b"<>")] = True


class Signs:
    """The signs of each token's neighbours, as arrays over all tokens."""

    def __init__(self, tokens: Tokens, flags: Flags) -> None:
        pad = np.zeros(_PAD, np.uint8)
        self._size = len(tokens.sign)
        self._signs = np.concatenate([pad, tokens.sign, pad])
        self._touch = np.zeros(self._size + 2 * _PAD, np.bool_)
        self._touch[_PAD : self._size + _PAD - 1] = tokens.end[:-1] == tokens.start[1:]
        self._flags = np.concatenate([np.zeros(2, np.uint32), flags])
        #: the flags of the token before each
        self.flags_before: Flags = self._flags[1 : self._size + 1]

    def at(self, offset: int) -> Bytes:
        """The sign of the token so many places on from each token, 0 beyond the ends."""
        return self._signs[_PAD + offset : _PAD + offset + self._size]

    def joined(self, offset: int) -> Bools:
        """Does the token that many places on touch the one behind it?"""
        return self._touch[_PAD + offset : _PAD + offset + self._size]

    def follows_member_access(self) -> Bools:
        """Which tokens stand behind `.` or `->`."""
        previous, before = self.at(-1), self.at(-2)
        access: Bools = ((previous == 46) & (before != 46)) | ((previous == 62) & (before == 45) & self.joined(-2))
        return access

    def written(self) -> Bools:
        """Which tokens stand before `=`, `+=`, `<<=`, `++` and the like."""
        following, after, third = self.at(1), self.at(2), self.at(3)
        joined = self.joined(1)
        plain = (following == 61) & ~((after == 61) & joined)
        compound = _ASSIGNED[following] & (after == 61) & joined
        shift = _SHIFTED[following] & (after == following) & (third == 61) & joined & self.joined(2)
        step = ((following == 43) | (following == 45)) & (after == following) & joined
        found: Bools = plain | compound | shift | step
        return found

    def label_addresses(self) -> Bools:
        """Which tokens stand behind `&&` where no operand stands before it: `&&label`."""
        first = (self.at(-1) == 38) & (self.at(-2) == 38) & self.joined(-2)
        found: Bools = first & _BEFORE_OPERAND[self.at(-3)]
        return found

    def prefixed(self) -> tuple[Bools, Bools]:
        """Which tokens stand behind a unary `&`, and which behind `++` or `--`."""
        sign, before = self.at(-1), self.at(-2)
        flags = self._flags[: self._size]
        operand = (before == WORD) & ~(flags & (words.JUMP | words.OPERATOR)).astype(bool)
        operand |= (before == NUMBER) | (before == 41) | (before == 93)
        address = (sign == 38) & ~((before == 38) & self.joined(-2)) & ~operand
        stepped = ((sign == 43) | (sign == 45)) & (before == sign) & self.joined(-2)
        return address, stepped
