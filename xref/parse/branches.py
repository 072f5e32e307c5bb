"""Which lines of a file the conditions around them leave out, as far as its macros are known.

`conditions` sees every alternative, because it parses for all configurations; here one is asked for.  What the known
macros do not decide stays in.  A file's own `#define` and `#undef` count where they are sure to be read; headers are
not opened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

from xref.parse.expression import Fact
from xref.parse.expression import Facts
from xref.parse.expression import value
from xref.parse.lex import blank

_DIRECTIVE = re.compile(
    rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif|define|undef)\b((?:[^\n\\]|\\\r?\n|\\.)*)",
    re.MULTILINE,
)
_JOINED = re.compile(r"\\\r?\n")
_MACRO = re.compile(r"\s*([A-Za-z_]\w*)(\(?)(.*)", re.DOTALL)
_SIMPLE = re.compile(r"^!?(?:defined\(\w+\)|\w+)$")
_DEEPEST = 200
_LONGEST_VALUE = 100


class Branch(NamedTuple):
    """Lines left out, first and last; the condition that does not hold; and what decided that."""

    first: int
    last: int
    condition: str
    facts: tuple[Fact, ...]


@dataclass(slots=True)
class _Group:
    """An `#if` that is open, and its branch that is read now."""

    #: is the `#if` itself left out (True), sure to be read (False), or not known (None)
    outside: bool | None
    #: is that branch left out where the `#if` is read
    out: bool | None = None
    #: was a branch before it taken: True, False, or None where that is not known
    before: bool | None = False
    condition: str = ""
    facts: list[Fact] = field(default_factory=list)
    first: int = 0

    @property
    def state(self) -> bool | None:
        """Is what stands in the branch left out?"""
        if self.outside or self.out:
            return True
        return None if self.outside is None or self.out is None else False

    def ask(self, condition: str | None, facts: Facts) -> None:
        """Go on with the branch of this condition, None for `#else`."""
        if self.before:
            # the condition and the facts stay those of the branch that is taken instead
            self.condition = self.condition if self.out else _negated(self.condition)
            self.out = True
            return
        if condition is None:
            known: int | None = 1
        else:
            self.facts = []
            known = value(condition, facts, self.facts)
            self.condition = condition
        self.out = None if known is None else not known
        if known and self.before is None:
            self.out = None
        if known:
            self.before = True
        elif known is None:
            self.before = None


def left_out(data: bytes, facts: Facts) -> list[Branch]:
    """The branches that are not compiled, in order; one inside of another is part of that."""
    return _Walk(data, facts).run()


class _Walk:
    """Goes through the directives of one file."""

    def __init__(self, data: bytes, facts: Facts) -> None:
        self._code = blank(data)[0]
        # comments that span lines are one blank: lines are counted in the text itself
        self._data = data
        self._given = facts
        self._own: dict[str, Fact | None] = {}
        self._open: list[_Group] = []
        self._found: list[Branch] = []
        self._counted = (0, 1)

    def run(self) -> list[Branch]:
        for match in _DIRECTIVE.finditer(self._code):
            line, behind = self._line(match.start()), self._line(match.end()) + 1
            name = match.group(1).decode()
            text = _JOINED.sub(" ", match.group(2).decode("latin-1")).strip()
            if name in ("define", "undef"):
                self._define(name, text)
            elif name.startswith("if"):
                self._begin(_asked(name, text), behind)
            elif self._open:
                self._end_branch(line - 1)
                if name == "endif":
                    self._open.pop()
                else:
                    self._next_branch(_asked(name[2:], text) if name != "else" else None, behind)
        return self._found

    def _line(self, offset: int) -> int:
        last, number = self._counted
        number += self._data.count(b"\n", last, offset)
        self._counted = (offset, number)
        return number

    def _facts(self, name: str, /) -> Fact | None:
        return self._own[name] if name in self._own else self._given(name)

    def _state(self) -> bool | None:
        return self._open[-1].state if self._open else False

    def _begin(self, condition: str, behind: int) -> None:
        group = _Group(self._state(), first=behind)
        # within what is left out nothing is asked
        if len(self._open) < _DEEPEST and not group.outside:
            group.ask(condition, self._facts)
        else:
            group.before = None
        self._open.append(group)

    def _next_branch(self, condition: str | None, behind: int) -> None:
        group = self._open[-1]
        group.first = behind
        if not group.outside:
            group.ask(condition, self._facts)

    def _end_branch(self, last: int) -> None:
        group = self._open[-1]
        if group.out and not group.outside and last >= group.first:
            self._found.append(Branch(group.first, last, group.condition, tuple(group.facts)))

    def _define(self, name: str, text: str) -> None:
        match = _MACRO.match(text)
        state = self._state()
        if match is None or state:
            return
        macro, arguments, body = match.groups()
        if state is None or arguments or len(body) > _LONGEST_VALUE:
            self._own[macro] = None
        else:
            self._own[macro] = Fact(macro, body.strip() if name == "define" else None, "here")


def _negated(condition: str) -> str:
    if _SIMPLE.match(condition):
        return condition.removeprefix("!") if condition.startswith("!") else f"!{condition}"
    return f"!({condition})"


def _asked(name: str, text: str) -> str:
    """The condition of `#if`, `#ifdef`, … as an expression."""
    if name.endswith("ndef"):
        return f"!defined({text.split(' ')[0]})"
    if name.endswith("def"):
        return f"defined({text.split(' ')[0]})"
    return " ".join(text.split())
