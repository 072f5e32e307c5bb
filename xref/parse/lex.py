"""A file's bytes as arrays of tokens.

C is cut into words, numbers, strings and single punctuation characters, each known by its byte offset.
Everything downstream (normalising, conditions, references) asks these arrays, so that the text itself
is walked once and by numpy, never byte by byte in Python.  Uses nothing of the project.

Comments become spaces, the insides of string and character literals too: `Tokens.code` has the length
of the file, so that an offset in it is an offset in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: whole numbers; int32 throughout, but numpy itself answers some questions in wider ones
Ints = npt.NDArray[np.integer[Any]]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Flags = npt.NDArray[np.uint32]

#: a comment, a string or a character literal, whichever begins first; an unclosed comment runs to the end.
#: GCC once took strings with line ends in them; a directive in one shows that its quote is a stray one.
_OPAQUE = re.compile(
    rb"/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|//(?:[^\\\n]|\\.)*+"
    rb'|"(?:[^"\\\n]|\\.|\n(?![ \t]*#[ \t]*(?:if|el|endif|define|undef|include)))*+"|\'(?:[^\'\\\n]|\\.)++\'',
    re.DOTALL,
)

#: a number as far as its letters and digits go: `1.5e` of `1.5e-3` is one
_WHOLE_NUMBER = re.compile(
    rb"0[xX][0-9a-fA-F]*(?:[pP]\d*)?[uUlLfFwWqQ]*|0[bB][01]+[uUlL]*|\d+(?:[eE]\d*)?[uUlLfFdDiIjJwWqQ]*"
)

WORD, NUMBER, STRING = ord("a"), ord("0"), ord('"')
_SPACE_CLASS, _WORD_CLASS, _PUNCTUATION_CLASS = 0, 1, 2


def _classes() -> Bytes:
    table = np.full(256, _PUNCTUATION_CLASS, np.uint8)
    table[0:33] = _SPACE_CLASS
    for byte in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_":
        table[byte] = _WORD_CLASS
    # A backslash only ever joins lines or stands in a literal: to the parser it is blank.
    table[ord("\\")] = _SPACE_CLASS
    # Latin-1 letters outside comments and strings are stray; they mean nothing to C.
    table[128:] = _SPACE_CLASS
    return table


_CLASS = _classes()
_TO_BLANK = bytes(byte if kind == _WORD_CLASS else 32 for byte, kind in enumerate(_CLASS))
_SIGNS = np.array([WORD if kind == _WORD_CLASS else byte for byte, kind in enumerate(_CLASS)], np.uint8)
_SIGNS[48:58] = NUMBER


class Vocabulary(dict[bytes, int]):
    """Numbers words as they come: `vocabulary[word]` is a small int, the same each time."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[bytes] = []
        #: those that begin with a digit and are no number: `2k_ECCStatus`, to be pasted to a name by a macro
        self.pieces: list[int] = []

    def __missing__(self, word: bytes) -> int:
        number = len(self.words)
        if word[0] < 58 and not _WHOLE_NUMBER.fullmatch(word):
            self.pieces.append(number)
        self[word] = number
        self.words.append(word)
        return number


#: between the files of a batch: ends any line, and is a token that no rule joins anything across
SEPARATOR = b"\n\n\x7f\n"
BOUNDARY = 0x7F


@dataclass(slots=True)
class Tokens:
    """The tokens of a batch of files, in order; all arrays have one entry for each token.

    Files are taken together because numpy's cost is by the call: most are small.  Offsets count in `data`,
    the files with SEPARATOR between them.

    sign   what it is: WORD, NUMBER, STRING, BOUNDARY, else the punctuation character itself
    start, end   byte offsets
    word   number of the word in the vocabulary, -1 for everything but words
    """

    data: bytes
    code: bytes
    newlines: Ints
    sign: Bytes
    start: Ints
    end: Ints
    word: Ints
    #: (start, end) of each string literal, quotes included
    strings: list[tuple[int, int]]
    #: (start, end) of what begins as a number does and is none: `2k_ECCStatus`, for a macro to paste to a name
    pieces: list[tuple[int, int]]
    #: where each file begins and ends in `data`
    bases: Ints
    ends: Ints
    #: how many line ends stand before each file
    first_lines: Ints

    def text(self, token: int) -> bytes:
        """The token as written."""
        return self.code[self.start[token] : self.end[token]]

    def file_of(self, offsets: Ints) -> Ints:
        """Which file of the batch each offset is in."""
        return (self.bases.searchsorted(offsets, side="right") - 1).astype(np.int32)

    def line(self, offset: int) -> int:
        """Line of a byte offset within its file, from 1."""
        file = int(self.bases.searchsorted(offset, side="right")) - 1
        return int(self.newlines.searchsorted(offset)) + 1 - int(self.first_lines[file])

    def places(self, offsets: Ints) -> tuple[Ints, Ints, Ints]:
        """File of the batch, line and column (both from 1) of byte offsets."""
        file = self.file_of(offsets)
        count = self.newlines.searchsorted(offsets).astype(np.int32)
        before = np.append(self.newlines, np.int32(-1))[count - 1]
        column = offsets - np.maximum(before, self.bases[file] - 1)
        return file, count + 1 - self.first_lines[file], column.astype(np.int32)


def blank(data: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """`data` with comments and the insides of literals as spaces, and where its strings are.

    A comment that spans lines is one blank, without its line ends: a directive whose comment goes on in the
    next line goes on too, as the standard says.  A character literal becomes a digit, which parses alike.
    """
    if b'"' not in data and b"/" not in data and b"'" not in data:
        return data, []
    pieces: list[bytes] = []
    strings: list[tuple[int, int]] = []
    last = 0
    for match in _opaque(data):
        start, end = match.span()
        first = data[start]
        if first == 34:
            strings.append((start, end))
            piece = b'"' + b" " * (end - start - 2) + b'"'
        elif first == 47:
            piece = b" " * (end - start)
        else:
            piece = b" 0" + b" " * (end - start - 2)
        pieces += (data[last:start], piece)
        last = end
    pieces.append(data[last:])
    return b"".join(pieces), strings


def _opaque(data: bytes) -> Iterator[re.Match[bytes]]:
    """The comments and literals of a file; what follows a stray quote is looked at again."""
    position = 0
    while True:
        for match in _OPAQUE.finditer(data, position):
            start, end = match.span()
            if data[start] == 34 and data.find(b"\n", start, end) >= 0 and _is_stray(data, start, end):
                position = start + 1
                break
            yield match
        else:
            return


def _is_stray(data: bytes, start: int, end: int) -> bool:
    """Whether what goes from a quote to the next one, lines below, is no string.

    It is not where it would leave a directive's line (`#error who said "that`), and not if it is very long.
    """
    if end - start > 400 and data.count(b"\n", start, end) > 40:
        return True
    head = data[data.rfind(b"\n", 0, start) + 1 : start].lstrip()
    if not head.startswith(b"#"):
        return False
    stop = data.find(b"\n", start, end)
    while stop >= 0 and data[start:stop].endswith(b"\\"):
        stop = data.find(b"\n", stop + 1, end)
    return stop >= 0


def tokenize(files: Sequence[bytes], vocabulary: Vocabulary) -> Tokens:
    """Cut a batch of files into tokens.  Any bytes will do; nothing is raised."""
    codes: list[bytes] = []
    strings: list[tuple[int, int]] = []
    bases = [0]
    for data in files:
        code, found = blank(data)
        base = bases[-1]
        strings += [(start + base, end + base) for start, end in found] if base else found
        codes.append(code.replace(b"\x7f", b" ") if b"\x7f" in code else code)
        bases.append(base + len(data) + len(SEPARATOR))
    code = SEPARATOR.join(codes)
    joined = SEPARATOR.join(files)
    starts = np.array(bases[:-1], np.int32)
    ends = np.array(bases[1:], np.int32) - len(SEPARATOR)
    newlines = np.flatnonzero(np.frombuffer(joined, np.uint8) == 10).astype(np.int32)
    first_lines = newlines.searchsorted(starts).astype(np.int32)
    start, end, sign, word = _cut(code, vocabulary)
    pieces = _pieces(start, end, sign, word, vocabulary)
    word[sign == NUMBER] = -1
    if strings:
        start, end, sign, word = _join_quotes(start, end, sign, word, strings)
    return Tokens(joined, code, newlines, sign, start, end, word, strings, pieces, starts, ends, first_lines)


def _cut(code: bytes, vocabulary: Vocabulary) -> tuple[Ints, Ints, Bytes, Ints]:
    """Start, end, sign and word of each token; numbers have a word here, too."""
    chars = np.frombuffer(code, np.uint8)
    kind = _CLASS[chars]
    is_word = kind == _WORD_CLASS
    begins = kind == _PUNCTUATION_CLASS
    begins[1:] |= is_word[1:] & ~is_word[:-1]
    if len(begins):
        begins[0] |= is_word[0]
    start = np.flatnonzero(begins).astype(np.int32)
    sign = _SIGNS[chars[start]]
    lexemes = code.translate(_TO_BLANK).split()
    wordlike = np.flatnonzero((sign == WORD) | (sign == NUMBER))
    end = start + 1
    end[wordlike] = start[wordlike] + np.fromiter(map(len, lexemes), np.int32, len(lexemes))
    word = np.full(len(start), -1, np.int32)
    word[wordlike] = np.fromiter(map(vocabulary.__getitem__, lexemes), np.int32, len(lexemes))
    return start, end, sign, word


def _pieces(start: Ints, end: Ints, sign: Bytes, word: Ints, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    """Where the tokens stand that begin as numbers do and are none."""
    if not vocabulary.pieces:
        return []
    numbers = np.flatnonzero(sign == NUMBER)
    numbers = numbers[np.isin(word[numbers], vocabulary.pieces)]
    return list(zip(start[numbers].tolist(), end[numbers].tolist(), strict=True))


def _join_quotes(
    start: Ints, end: Ints, sign: Bytes, word: Ints, strings: list[tuple[int, int]]
) -> tuple[Ints, Ints, Bytes, Ints]:
    """Make one token of the two quotes of each string; a stray quote is left as it is."""
    spans = np.array(strings, np.int32)
    opening, closing = start.searchsorted(spans[:, 0]), start.searchsorted(spans[:, 1] - 1)
    end[opening] = end[closing]
    keep = np.ones(len(start), np.bool_)
    keep[closing] = False
    return start[keep], end[keep], sign[keep], word[keep]


class WordFlags:
    """For each word of a vocabulary a small set of flags, grown as the vocabulary grows.

    `flag` maps a word to its bits; `of(numbers)` answers for many words at once.
    """

    def __init__(self, vocabulary: Vocabulary, flag: Callable[[bytes], int]) -> None:
        self.vocabulary = vocabulary
        self._flag = flag
        self._known: npt.NDArray[np.uint32] = np.zeros(1024, np.uint32)
        self._filled = 0

    def of(self, numbers: Ints) -> npt.NDArray[np.uint32]:
        """The flags of each word number; -1 has none."""
        words = self.vocabulary.words
        if self._filled < len(words):
            if len(words) + 1 > len(self._known):
                self._known = np.concatenate([self._known, np.zeros(len(words) + 1, np.uint32)])
            fresh = list(map(self._flag, words[self._filled :]))
            self._known[self._filled : len(words)] = fresh
            self._filled = len(words)
        # The last entry stays 0 and so answers for -1.
        flags: npt.NDArray[np.uint32] = self._known[numbers]
        flags[numbers < 0] = 0
        return flags


def flags_of(base: WordFlags, tokens: Tokens, overrides: Sequence[Mapping[bytes, int]], scoped: int) -> Flags:
    """The flags of each token: the tree's, but for the names that a file's surroundings redefine.

    `overrides` has a mapping for each file of the batch; `scoped` are the bits that it may change.
    """
    flags = base.of(tokens.word)
    keep = ~np.uint32(scoped)
    for number, changes in enumerate(overrides):
        if not changes:
            continue
        low, high = tokens.start.searchsorted((tokens.bases[number], tokens.ends[number]))
        words = tokens.word[low:high]
        for name, bits in changes.items():
            known = base.vocabulary.get(name)
            if known is not None:
                here = np.flatnonzero(words == known) + low
                flags[here] = (flags[here] & keep) | np.uint32(bits)
    return flags
