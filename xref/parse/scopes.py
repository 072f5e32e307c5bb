"""The bodies that references belong to: functions, and macros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xref.parse.lex import Bools
from xref.parse.lex import Ints
from xref.parse.lex import Tokens


@dataclass(slots=True)
class Scopes:
    """Functions and macros with the tokens of their bodies.

    `spans` has rows of (first token, last token): the functions, sorted, then the macros, sorted; the first
    `functions` rows are functions.  `words` has each one's name.
    """

    spans: Ints
    words: Ints
    functions: int
    #: which tokens stand in the body of a macro
    in_macro: Bools

    @classmethod
    def of_batch(
        cls, tokens: Tokens, functions: Ints, blocks: list[tuple[int, int, int]], macros: Ints, in_macro: Bools
    ) -> Scopes:
        """Scopes of functions (rows as in `c.Roles`), of blocks behind macros (first token, last token, word)
        and of macros (token of the name, last token).
        """
        rows = np.concatenate(
            [
                np.stack([functions[:, 0], functions[:, 3], tokens.word[functions[:, 1]]], axis=1),
                np.array(blocks, np.int32).reshape(-1, 3),
            ]
        )
        rows = rows[np.lexsort((-rows[:, 1], rows[:, 0]))]
        words = np.concatenate([rows[:, 2], tokens.word[macros[:, 0]]]).astype(np.int32)
        return cls(np.concatenate([rows[:, :2], macros]).astype(np.int32), words, len(rows), in_macro)

    def rows(self, tokens: Ints) -> Ints:
        """For each token the row of the scope it is in, -1 for none."""
        macro = self.in_macro[tokens]
        function = self._row(tokens, 0, self.functions)
        if not macro.any():
            return function
        return np.where(macro, self._row(tokens, self.functions, len(self.spans)), function).astype(np.int32)

    def words_of(self, tokens: Ints) -> Ints:
        """For each token the name of the scope it is in, as a word number, -1 for none."""
        return np.append(self.words, np.int32(-1))[self.rows(tokens)]

    def _row(self, tokens: Ints, low: int, high: int) -> Ints:
        if low == high:
            return np.full(len(tokens), -1, np.int32)
        row = self.spans[low:high, 0].searchsorted(tokens, side="right").astype(np.int32) - 1 + low
        # Two heads may share a body, so that spans overlap: the one before may still be open.
        for _ in range(2):
            outside = (row >= low) & (tokens > self.spans[row, 1])
            if not outside.any():
                return np.where(row < low, -1, row).astype(np.int32)
            row[outside] -= 1
        row[(row < low) | (tokens > self.spans[row, 1])] = -1
        return row
