"""The working state of normalisation: a file's live tokens with their brackets, and the text being rewritten.

Uses `lex`, `words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import numpy as np

from xref.parse import words
from xref.parse.lex import BOUNDARY
from xref.parse.lex import STRING
from xref.parse.lex import WORD
from xref.parse.lex import Bools
from xref.parse.lex import Bytes
from xref.parse.lex import Flags
from xref.parse.lex import Ints
from xref.parse.lex import Tokens

_OPEN, _CLOSE = b"([{", b")]}"
_DELTA = np.zeros(256, np.int8)
for _byte in _OPEN:
    _DELTA[_byte] = 1
for _byte in _CLOSE:
    _DELTA[_byte] = -1
_MATE = np.zeros(256, np.uint8)
_MATE[list(_OPEN)] = list(_CLOSE)
#: more than brackets ever nest; deeper ones are not matched
_LEVELS = 1 << 16

#: what a `{` opens
FUNCTION, STRUCT, ENUM, INITIALIZER, BLOCK, LINKAGE = range(6)


@dataclass(slots=True)
class MacroUse:
    """A macro used where a definition stands: at file level, among a struct's members or an enum's names."""

    #: tokens of the name and of the closing parenthesis
    name: int
    close: int
    #: `struct` or `enum` for what it stands in, "" at file level
    among: bytes = b""
    #: token of the `{` of the block that follows, the body of what the macro defines; -1 for none
    block: int = -1


@dataclass(slots=True)
class Normalized:
    """The text for the parser, and what was learnt while making it.

    live        for each token of the file, whether the parser sees it (directives, dropped branches and
                annotations are not)
    uses        macros that stand for definitions, to be expanded
    calls       tokens of names that are called although the parser does not see a call there
    dropped     byte ranges of `#if` branches that wait for a second pass
    """

    text: bytes
    live: Bools
    uses: list[MacroUse] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    dropped: list[tuple[int, int]] = field(default_factory=list)
    #: byte ranges of branches that are in no language of this parser
    refused: list[tuple[int, int]] = field(default_factory=list)
    #: byte ranges of the stand-ins, in which a name that the parser finds is none
    standins: list[tuple[int, int]] = field(default_factory=list)
    #: tokens that end an item of the file although they are no `;` or `}`
    ends: list[int] = field(default_factory=list)
    #: the live tokens with their brackets
    view: View = field(default_factory=lambda: View.__new__(View))


class View:
    """The live tokens, renumbered, with their brackets matched.

    at      number of each live token in the whole file
    mate    for a bracket the matching one, else -1
    depth   how many brackets are open before each token
    """

    def __init__(self, tokens: Tokens, live: Bools, flags: Flags, signs: dict[int, int]) -> None:
        self.at = np.flatnonzero(live).astype(np.int32)
        # Two entries behind the end answer for `next token` without a bounds check.
        pad = np.zeros(2, np.int32)
        self.sign: Bytes = np.concatenate([tokens.sign[self.at], pad.astype(np.uint8)])
        self.start: Ints = np.concatenate([tokens.start[self.at], pad + len(tokens.code)])
        self.end: Ints = np.concatenate([tokens.end[self.at], pad + len(tokens.code)])
        self.flags = np.concatenate([flags[self.at], pad.astype(np.uint32)])
        self.count = len(self.at)
        for number, sign in signs.items():
            self.sign[self.at.searchsorted(number)] = sign
        self._match()

    def _match(self) -> None:
        delta = _DELTA[self.sign]
        after = np.cumsum(delta, dtype=np.int32)
        # What one file leaves open does not count in the next.
        bounds = np.flatnonzero(self.sign == BOUNDARY)
        file = np.zeros(len(self.sign), np.int32)
        if len(bounds):
            file[bounds] = 1
            file = np.cumsum(file, dtype=np.int32)
            after -= np.concatenate([np.zeros(1, np.int32), after[bounds]])[file]
        self.depth: Ints = after - delta
        self.mate: Ints = np.full(len(self.sign), -1, np.int32)
        brackets = np.flatnonzero(delta)
        level = np.where(delta[brackets] > 0, after[brackets], self.depth[brackets])
        self._rank = file * _LEVELS
        level = np.clip(level, -_LEVELS // 2, _LEVELS // 2 - 1) + self._rank[brackets]
        sequence = np.argsort(level, kind="stable")
        order = brackets[sequence]
        ordered = level[sequence]
        opens = delta[order] > 0
        pairs = np.flatnonzero(opens[:-1] & ~opens[1:] & (ordered[:-1] == ordered[1:]))
        left, right = order[pairs], order[pairs + 1]
        fits = _MATE[self.sign[left]] == self.sign[right]
        left, right = left[fits], right[fits]
        self.mate[left] = right
        self.mate[right] = left
        # For `enclosing`: all opening brackets, sorted by level and then by place.
        self._size = np.int64(len(self.sign) + 1)
        self._opens = order[opens]
        self._keys = ordered[opens].astype(np.int64) * self._size + self._opens
        #: for an opening bracket the one around it, -1 for none; for everything else -1
        self.outer: Ints = np.full(len(self.sign), -1, np.int32)
        self.outer[self._opens] = self.enclosing(self._opens)

    def enclosing(self, places: Ints) -> Ints:
        """The innermost bracket open at each place, -1 for none."""
        if not len(self._keys):
            return np.full(len(places), -1, np.int32)
        depth = self.depth[places]
        level = depth + self._rank[places]
        found = self._keys.searchsorted(level.astype(np.int64) * self._size + places) - 1
        opened: Ints = self._opens[np.maximum(found, 0)]
        bad = (found < 0) | (depth <= 0) | (self._keys[found] // self._size != level)
        return np.where(bad, -1, opened).astype(np.int32)


class Sketch:
    """One file on its way to the parser: the text so far, and what the rules ask about it."""

    def __init__(self, tokens: Tokens, flags: Flags, live: Bools) -> None:
        self.tokens = tokens
        self.flags = flags
        self.out = bytearray(tokens.code)
        self.result = Normalized(b"", live)
        self.view = View.__new__(View)
        self._kinds: dict[int, int] = {}
        #: tokens of the file that stand for a brace: macros that open or close a block
        self.signs: dict[int, int] = {}
        self.values: set[int] = set()
        #: places of tokens that end an item of the file although no `;` or `}` does
        self.item_ends: set[int] = set()

    def look(self) -> None:
        """Match the brackets of what is live now; the rules work on that."""
        self.view = self.result.view = View(self.tokens, self.result.live, self.flags, self.signs)

    def blank(self, start: int, end: int) -> None:
        """Overwrite with spaces."""
        self.out[start:end] = b" " * (end - start)

    def put(self, place: int, text: bytes) -> None:
        """Overwrite with `text`."""
        self.out[place : place + len(text)] = text

    def text(self, place: int) -> bytes:
        """The token at this place of the view, as written."""
        return self.tokens.text(int(self.view.at[place])) if place < self.view.count else b""

    def called(self, numbers: Ints) -> list[int]:
        """Names followed by `(` among these tokens of the file: calls that the parser will not see."""
        if len(numbers) < 2:
            return []
        sign = self.tokens.sign[numbers]
        flags = self.flags[numbers]
        before = np.concatenate([np.zeros(1, np.uint8), sign[:-1]])
        calls = (sign[:-1] == WORD) & (sign[1:] == 40) & ~(flags[:-1] & words.KEYWORD).astype(bool)
        calls &= (before[:-1] != 46) & (before[:-1] != 62)
        found: list[int] = numbers[:-1][calls].tolist()
        return found

    def kind(self, brace: int) -> int:
        """What the `{` at this place of the view opens."""
        known = self._kinds.get(brace)
        if known is None:
            known = self._kinds[brace] = self._kind(brace)
        return known

    def _kind(self, brace: int) -> int:
        view = self.view
        outer = int(view.outer[brace])
        if int(view.at[brace]) in self.values:
            return INITIALIZER
        previous = int(view.sign[brace - 1]) if brace else 0
        first = int(view.flags[brace - 1]) if brace else 0
        second = int(view.flags[brace - 2]) if brace > 1 else 0
        tag = brace - 1 if first & words.TAG else brace - 2 if previous == WORD and second & words.TAG else -1
        if tag >= 0:
            return ENUM if self.tokens.text(view.at[tag]) == b"enum" else STRUCT
        if previous in (61, 44) or (previous == 40 and outer < 0):
            return INITIALIZER
        if outer < 0:
            if previous == STRING:
                return LINKAGE
            return FUNCTION
        if view.sign[outer] == 123:
            around = self.kind(outer)
            if around == LINKAGE:
                return FUNCTION
            if around in (INITIALIZER, ENUM):
                return INITIALIZER
            if around == STRUCT:
                return STRUCT
            if previous == 41 and self._is_cast(brace - 1):
                return INITIALIZER
            return BLOCK
        if previous == 93 or (previous == 41 and self._is_cast(brace - 1)):
            return INITIALIZER
        return BLOCK

    def _is_cast(self, close: int) -> bool:
        """`(struct x) {`: parentheses that hold a type and follow no name."""
        view = self.view
        opening = int(view.mate[close])
        if opening <= 0:
            return False
        if view.sign[opening - 1] == WORD:
            return False
        return bool(view.flags[opening + 1] & words.TYPE) or view.sign[opening - 1] == 61

    def in_code(self, opening: int) -> bool:
        """Does this opening bracket stand among the statements of a function (not in an initialiser)?"""
        bracket = int(self.view.outer[opening])
        while bracket >= 0 and self.view.sign[bracket] != 123:
            bracket = int(self.view.outer[bracket])
        return bracket >= 0 and self.kind(bracket) in (FUNCTION, BLOCK)
