"""The preprocessor conditions around a line of assembly."""

from __future__ import annotations

import re

_DEFINED = re.compile(r"(!?)\s*defined\s*(?:\(\s*)?(\w+)\s*\)?", re.ASCII)


def _negated(condition: str) -> str:
    simple = _DEFINED.fullmatch(condition)
    if simple:
        return condition[1:] if simple[1] else "!" + condition
    return f"!({condition})"


class Conditions:
    """The preprocessor conditions around a line."""

    #: levels that are kept, and characters of one condition and of one chain of `#elif`; more is no kernel's
    MOST, LONGEST, CHAIN = 50, 400, 1600

    def __init__(self) -> None:
        # for each level: its line, what it says now, and the negation of its branches before
        self.levels: list[tuple[int, str, str]] = []
        self._text: str | None = ""

    @property
    def text(self) -> str:
        """Return all levels joined, outermost first."""
        if self._text is None:
            parts = [" && ".join(filter(None, (no, yes))) for _, yes, no in self.levels[: self.MOST]]
            if len(parts) > 1:
                parts = [f"({part})" if "||" in part or "?" in part else part for part in parts]
            self._text = " && ".join(parts)
        return self._text

    def enter(self, line: int, condition: str) -> None:
        """Take an `#if`."""
        self.levels.append((line, self._short(condition), ""))
        self._text = None

    def turn(self, condition: str) -> bool:
        """Take an `#elif`, or with "" an `#else`; return whether there was an `#if`."""
        if not self.levels:
            return False
        condition = self._short(condition)
        line, yes, no = self.levels.pop()
        if yes and len(no) < self.CHAIN:
            not_this = _negated(yes)
            no = f"{no} && {not_this}" if no else not_this
        self.levels.append((line, f"({condition})" if "||" in condition else condition, no))
        self._text = None
        return True

    def _short(self, condition: str) -> str:
        simple = _DEFINED.fullmatch(condition)
        if simple:
            return f"{simple[1]}defined({simple[2]})"
        return condition if len(condition) <= self.LONGEST else condition[: self.LONGEST] + "…"

    def leave(self) -> bool:
        """Take an `#endif`; return whether there was an `#if`."""
        self._text = None
        return bool(self.levels) and bool(self.levels.pop())
