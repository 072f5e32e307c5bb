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
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

#: a comment, a string or a character literal, whichever begins first; an unclosed comment runs to the end
_OPAQUE = re.compile(
    rb"/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|//(?:[^\\\n]|\\.)*+" rb'|"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\\n]|\\.)++\'', re.DOTALL
)

WORD, NUMBER, STRING = ord("a"), ord("0"), ord('"')
_SPACE_CLASS, _WORD_CLASS, _PUNCTUATION_CLASS = 0, 1, 2


def _classes() -> Bytes:
    table = np.full(256, _PUNCTUATION_CLASS, np.uint8)
    table[0:33] = _SPACE_CLASS
    table[127] = _SPACE_CLASS
    for byte in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_":
        table[byte] = _WORD_CLASS
    # A backslash only ever joins lines or stands in a literal: to the parser it is blank.
    table[ord("\\")] = _SPACE_CLASS
    # Latin-1 letters outside comments and strings are stray; they mean nothing to C.
    table[128:] = _SPACE_CLASS
    return table


_CLASS = _classes()
_TO_BLANK = bytes(byte if kind == _WORD_CLASS else 32 for byte, kind in enumerate(_CLASS))
_SIGNS = np.array(
    [WORD if kind == _WORD_CLASS else byte for byte, kind in enumerate(_CLASS)], np.uint8
)
_SIGNS[48:58] = NUMBER


class Vocabulary(dict[bytes, int]):
    """Numbers words as they come: `vocabulary[word]` is a small int, the same each time."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[bytes] = []

    def __missing__(self, word: bytes) -> int:
        number = len(self.words)
        self[word] = number
        self.words.append(word)
        return number


@dataclass(slots=True)
class Tokens:
    """The tokens of one file, in order; all arrays have one entry for each token.

    sign   what it is: WORD, NUMBER, STRING, else the punctuation character itself
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

    def text(self, token: int) -> bytes:
        """The token as written."""
        return self.code[self.start[token] : self.end[token]]

    def line(self, offset: int) -> int:
        """Line of a byte offset, from 1."""
        return int(np.searchsorted(self.newlines, offset)) + 1


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
    for match in _OPAQUE.finditer(data):
        start, end = match.span()
        first = data[start]
        if first == 34:
            if end - start > 400 and data.count(b"\n", start, end) > 40:
                continue  # a stray quote, not a string that long
            strings.append((start, end))
            piece = b'"' + b" " * (end - start - 2) + b'"'
        elif first == 47:
            piece = b" " * (end - start)
        else:
            piece = b"0" + b" " * (end - start - 1)
        pieces += (data[last:start], piece)
        last = end
    pieces.append(data[last:])
    return b"".join(pieces), strings


def tokenize(data: bytes, vocabulary: Vocabulary) -> Tokens:
    """Cut a file into tokens.  Any bytes will do; nothing is raised."""
    code, strings = blank(data)
    raw = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(raw == 10).astype(np.int32)
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
    end = start + 1
    wordlike = (sign == WORD) | (sign == NUMBER)
    lengths = np.fromiter(map(len, lexemes), np.int32, len(lexemes))
    end[wordlike] = start[wordlike] + lengths
    word = np.full(len(start), -1, np.int32)
    word[wordlike] = np.fromiter(map(vocabulary.__getitem__, lexemes), np.int32, len(lexemes))
    word[sign == NUMBER] = -1
    if strings:
        start, end, sign, word = _join_quotes(start, end, sign, word)
    return Tokens(data, code, newlines, sign, start, end, word, strings)


def _join_quotes(start: Ints, end: Ints, sign: Bytes, word: Ints) -> tuple[Ints, Ints, Bytes, Ints]:
    """Make one token of each pair of quotes (an odd one is left as it is)."""
    quotes = np.flatnonzero(sign == STRING)
    opening, closing = quotes[0 : len(quotes) // 2 * 2 : 2], quotes[1::2]
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


class FileFlags:
    """The flags of words as one file sees them: the tree's, but for the names that its surroundings redefine."""

    def __init__(self, base: WordFlags, tokens: Tokens, overrides: Mapping[bytes, int], scoped: int) -> None:
        self._base = base
        self._changed: list[tuple[int, int]] = []
        self._keep = ~np.uint32(scoped)
        for name, bits in overrides.items():
            number = base.vocabulary.get(name)
            if number is not None and (tokens.word == number).any():
                self._changed.append((number, bits))

    def of(self, numbers: Ints) -> npt.NDArray[np.uint32]:
        """The flags of each word number; -1 has none."""
        flags = self._base.of(numbers)
        for number, bits in self._changed:
            here = numbers == number
            flags[here] = (flags[here] & self._keep) | np.uint32(bits)
        return flags
