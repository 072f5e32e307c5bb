"""Preprocessor directives: where they are, what stands under which condition, which branch to parse.

All branches of an `#if` are parsed at once wherever that gives C ("every alternative is seen").  Where it
cannot (two heads and one body, an `if` that one branch opens and another closes), one branch is taken and
the others are named as *dropped*, to be parsed in a second pass.  Uses `lex` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from itertools import pairwise

import numpy as np

from xref.parse.lex import NUMBER
from xref.parse.lex import STRING
from xref.parse.lex import WORD
from xref.parse.lex import Bools
from xref.parse.lex import Bytes
from xref.parse.lex import Ints
from xref.parse.lex import Tokens

_NAME = re.compile(rb"#[ \t]*(\w*)")
_SPACES = re.compile(r"\s+")
_DEFINED = re.compile(r"^(!?)\s*defined\s*\(?\s*(\w+)\s*\)?$")
_OPENERS = {ord("("): 0, ord("["): 1, ord("{"): 2}
_CLOSERS = {ord(")"): 0, ord("]"): 1, ord("}"): 2}
_BRACKET = np.zeros((256, 3), np.int8)
for _char, _column in _OPENERS.items():
    _BRACKET[_char, _column] = 1
for _char, _column in _CLOSERS.items():
    _BRACKET[_char, _column] = -1
_MOST_CONDITION = 240
_DEEPEST = 100
#: of a long chain of `#elif` only so many of the earlier conditions are repeated, negated
_MOST_EARLIER = 3
#: what stands under these is in another language
_FOREIGN = frozenset(("defined(__ASSEMBLY__)", "defined(__cplusplus)", "__ASSEMBLY__", "defined(__ASSEMBLER__)"))


@dataclass(slots=True)
class Directive:
    """One directive: its name and the bytes from `#` to its last line's end."""

    name: str
    start: int
    end: int
    #: tokens: the `#`, and the first behind the directive
    first: int = 0
    last: int = 0


@dataclass(slots=True)
class Branch:
    """The text between one `#if`/`#elif`/`#else` and the next; condition as a person would write it."""

    condition: str
    start: int
    end: int
    #: tokens: the first of the branch, and the first behind it
    first: int
    last: int
    #: the groups that stand inside
    groups: list[Group] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """An `#if` with its branches, up to `#endif`."""

    branches: list[Branch]
    has_else: bool = False
    #: what each `#if` and `#elif` asks, by itself
    asked: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Directives:
    """The directives of a file and the tree that its `#if`s make."""

    all: list[Directive]
    #: for each file of the batch
    groups: list[list[Group]]
    #: boundaries (byte offsets, rising) and the index into `texts` of the condition from there on
    edges: Ints
    ids: Ints
    texts: list[str]

    def condition(self, offset: int) -> str:
        """The condition a byte stands under, "" for none."""
        return self.texts[int(self.ids[int(np.searchsorted(self.edges, offset, side="right")) - 1])]


def find_directives(tokens: Tokens) -> tuple[list[Directive], Bools]:
    """All directives, and which tokens are part of one."""
    inside = np.zeros(len(tokens.start), np.bool_)
    hashes = np.flatnonzero(tokens.sign == ord("#"))
    if not len(hashes):
        return [], inside
    # A `#` begins a directive when nothing but blanks stands before it on its line.
    starts = tokens.start[hashes]
    line = tokens.newlines.searchsorted(starts)
    first = np.zeros(len(hashes), np.bool_)
    first[:] = True
    previous = hashes - 1
    has = previous >= 0
    first[has] = tokens.newlines.searchsorted(tokens.end[previous[has]] - 1) != line[has]
    # A line end within a comment or a string is none.
    code = tokens.code
    found: list[Directive] = []
    last = -1
    for place in starts[first].tolist():
        if place < last:
            continue
        last = _end_of_line(code, place)
        match = _NAME.match(code, place, last)
        found.append(Directive(match.group(1).decode("latin-1") if match else "", place, last))
    firsts = tokens.start.searchsorted([d.start for d in found])
    lasts = tokens.start.searchsorted([d.end for d in found])
    for directive, first_token, last_token in zip(found, firsts.tolist(), lasts.tolist(), strict=True):
        directive.first, directive.last = first_token, last_token
    step = np.zeros(len(inside) + 1, np.int8)
    step[firsts] += 1
    np.add.at(step, lasts, -1)
    return found, np.cumsum(step[:-1]) > 0


def _end_of_line(code: bytes, start: int) -> int:
    """Where the logical line ends: a backslash before the line end joins the next line."""
    end = start
    while True:
        end = code.find(b"\n", end)
        if end < 0:
            return len(code)
        back = end - 1
        while back > start and code[back] in b" \t\r":
            back -= 1
        if code[back] != 92:
            return end
        end += 1


def _spoken(directive: Directive, data: bytes) -> str:
    """The condition of an `#if`-like directive as an expression."""
    text = data[directive.start : directive.end].decode("latin-1")
    text = re.sub(r"/\*.*?(\*/|$)|//.*", " ", text, flags=re.DOTALL).replace("\\\n", " ")
    argument = _SPACES.sub(" ", re.sub(r"^#\s*\w+", "", text)).strip()[:_MOST_CONDITION]
    if directive.name in ("ifdef", "elifdef"):
        return f"defined({argument.split(' ')[0]})"
    if directive.name in ("ifndef", "elifndef"):
        return f"!defined({argument.split(' ')[0]})"
    match = _DEFINED.match(argument)
    if match:
        return f"{match.group(1)}defined({match.group(2)})"
    return argument


def _negated(condition: str) -> str:
    if re.fullmatch(r"!?defined\(\w+\)", condition):
        return condition[1:] if condition.startswith("!") else "!" + condition
    return f"!({condition})"


def build(tokens: Tokens, directives: list[Directive]) -> Directives:
    """Nest the `#if`s of each file, and note which condition holds from where."""
    marks = _Marks()
    groups: list[list[Group]] = []
    bounds = np.searchsorted([d.start for d in directives], np.append(tokens.bases, len(tokens.code) + 1)).tolist()
    for number, (low, high) in enumerate(pairwise(bounds)):
        base = int(tokens.bases[number])
        marks.put(base, [])
        end = int(tokens.ends[number])
        groups.append(_nest(tokens, directives[low:high], end, marks))
    return Directives(directives, groups, np.array(marks.edges, np.int32), np.array(marks.ids, np.int32), marks.texts)


class _Marks:
    """Which condition holds from which byte on."""

    def __init__(self) -> None:
        self.edges: list[int] = []
        self.ids: list[int] = []
        self.texts = [""]
        self._known = {"": 0}

    def put(self, offset: int, stack: list[tuple[Group, list[Group]]]) -> None:
        parts = [group.branches[-1].condition for group, _ in stack]
        text = " && ".join(part for part in parts if part)
        number = self._known.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        self.edges.append(offset)
        self.ids.append(number)


def _nest(tokens: Tokens, directives: list[Directive], end: int, marks: _Marks) -> list[Group]:
    """The `#if`s of one file, which ends at byte `end`."""
    top: list[Group] = []
    stack: list[tuple[Group, list[Group]]] = []
    current = top
    guard = _guard(tokens, directives)
    deeper = 0
    behind = int(tokens.start.searchsorted(end))
    for directive in directives:
        name = directive.name
        if len(stack) >= _DEEPEST:
            # Nobody nests so deep; what does is read as if it stood one level up.
            opens = name in ("if", "ifdef", "ifndef")
            if opens or deeper:
                deeper += opens - (name == "endif")
                continue
        if name in ("if", "ifdef", "ifndef"):
            condition = "" if directive is guard else _spoken(directive, tokens.data)
            group = Group([Branch(condition, directive.end, end, directive.last, behind)], asked=[condition])
            current.append(group)
            stack.append((group, current))
            current = group.branches[-1].groups
        elif name in ("elif", "else", "elifdef", "elifndef") and stack:
            group = stack[-1][0]
            group.branches[-1].end, group.branches[-1].last = directive.start, directive.first
            earlier = [_negated(asked) for asked in group.asked[:_MOST_EARLIER] if asked]
            if len(group.asked) > _MOST_EARLIER:
                earlier.append("…")
            if name == "else":
                group.has_else = True
            else:
                group.asked.append(_spoken(directive, tokens.data))
                earlier.append(group.asked[-1])
            group.branches.append(Branch(" && ".join(earlier), directive.end, end, directive.last, behind))
            current = group.branches[-1].groups
        elif name == "endif" and stack:
            group, current = stack.pop()
            group.branches[-1].end, group.branches[-1].last = directive.start, directive.first
        else:
            continue
        marks.put(directive.end, stack)
    return top


def _guard(tokens: Tokens, directives: list[Directive]) -> Directive | None:
    """The `#ifndef` that keeps a header from being read twice, whose condition says nothing."""
    if len(directives) < 3 or directives[0].name != "ifndef" or directives[1].name != "define":
        return None
    name = tokens.code[directives[0].start : directives[0].end].split()[-1]
    first = tokens.code[directives[1].start : directives[1].end].split()
    if name in first[:3] and directives[-1].name == "endif":
        return directives[0]
    return None


class Chooser:
    """Decides which branches are parsed together.

    `live` tells for each token whether it is parsed; `dropped` lists the byte ranges that are not.
    `turn` is the branch to prefer where one must be taken; `refused` are branches, by the byte they begin
    at, that are not C and so are never parsed.
    """

    def __init__(self, tokens: Tokens, inside: Bools, *, turn: int = 0, refused: Iterable[int] = ()) -> None:
        self.tokens = tokens
        self.live: Bools = ~inside
        self.dropped: list[tuple[int, int]] = []
        self.refused: list[tuple[int, int]] = []
        self._turn = turn
        self._refused = frozenset(refused)
        self._truth: dict[str, bool] = {}
        self._sign: Bytes = tokens.sign
        self._dead: list[tuple[int, int]] = []
        #: the tokens outside directives, and one number for the brackets open before each of them
        self._place: Ints = np.flatnonzero(self.live).astype(np.int32)
        each = _BRACKET[tokens.sign[self._place]].astype(np.int64) @ np.array([1, 1 << 20, 1 << 40])
        self._sums: list[int] = [0, *np.cumsum(each).tolist()]

    def run(self, files: list[list[Group]]) -> None:
        """Choose in all groups of each file."""
        for groups in files:
            self._truth = {}
            self._run(groups)

    def _run(self, groups: list[Group]) -> None:
        """Choose in these groups, the inner ones first."""
        for group in groups:
            for branch in group.branches:
                if branch.groups:
                    self._run(branch.groups)
            self._choose(group)

    def _choose(self, group: Group) -> None:
        if len(group.branches) == 1 and not group.branches[0].condition:
            return  # a header's guard
        branches = [branch for branch in group.branches if not self._refuse(branch)]
        if not branches:
            return
        if len(branches) < len(group.branches):
            group = Group(branches, group.has_else)
        ranges = [(branch.first, branch.last) for branch in group.branches]
        shapes = [self._shape(first, last) for first, last in ranges]
        whole = all(balanced for balanced, _, _ in shapes)
        if whole and self._joinable(shapes):
            return
        if len([1 for first, last in ranges if last > first]) == 0:
            return
        taken = self._pick(group, [not balanced for balanced, _, _ in shapes])
        for number, (branch, (first, last)) in enumerate(zip(group.branches, ranges, strict=True)):
            if number != taken and last > first:
                self._kill(first, last)
                self.dropped.append((branch.start, branch.end))

    def _refuse(self, branch: Branch) -> bool:
        """Leave out what is no C: assembly, C++, and what has been found to be neither."""
        positive = branch.condition.split(" && ")
        foreign = any(each in _FOREIGN for each in positive)
        if not foreign and branch.start not in self._refused:
            return False
        self._kill(branch.first, branch.last)
        self.refused.append((branch.start, branch.end))
        return True

    def _pick(self, group: Group, unbalanced: list[bool]) -> int:
        """The branch to take, the same way for the same condition all through the file; -1 for none."""
        names = [branch.condition for branch in group.branches]
        if self._turn:
            count = len(names) if group.has_else else len(names) + 1
            pick = self._turn % count
            if any(unbalanced):
                first = names[0]
                positive = first.removeprefix("!")
                known = self._truth.get(positive)
                if known is not None and len(names) <= 2:
                    holds = known != first.startswith("!")
                    return 0 if holds else (1 if len(names) > 1 else -1)
                self._truth[positive] = (pick == 0) != first.startswith("!")
            return pick if pick < len(names) else -1
        first = names[0]
        positive = first.removeprefix("!")
        holds = self._truth.setdefault(positive, not first.startswith("!")) != first.startswith("!")
        if first == "0":
            holds = False
        if holds:
            return 0
        return 1 if len(names) > 1 else -1

    def _kill(self, first: int, last: int) -> None:
        self.live[first:last] = False
        self._dead.append((first, last))

    def _shape(self, first: int, last: int) -> tuple[bool, int, int]:
        """Is the branch balanced; the sign of its first and of its last live token (0 where empty)."""
        if any(low < last and first < high for low, high in self._dead):
            where = np.flatnonzero(self.live[first:last])
            if not len(where):
                return True, 0, 0
            where += first
            balance = _BRACKET[self._sign[where]].sum(axis=0)
            return not balance.any(), self._describe(int(where[0])), self._describe(int(where[-1]), last=True)
        low, high = self._place.searchsorted((first, last)).tolist()
        if low == high:
            return True, 0, 0
        balanced = self._sums[low] == self._sums[high]
        return balanced, self._describe(int(self._place[low])), self._describe(int(self._place[high - 1]), last=True)

    def _describe(self, token: int, *, last: bool = False) -> int:
        sign = int(self._sign[token])
        if sign == WORD and self.tokens.text(token) in (b"else", b"do"):
            return ord(";")
        if last and sign == ord(")") and self._closes_condition(token):
            return ord(";")
        return sign

    def _closes_condition(self, token: int) -> bool:
        """Does this `)` end the head of an `if`, `while`, `for` or `switch`?"""
        depth = 0
        for back in range(token, max(token - 400, -1), -1):
            sign = int(self._sign[back])
            if not self.live[back]:
                continue
            if sign == ord(")"):
                depth += 1
            elif sign == ord("("):
                depth -= 1
                if not depth:
                    return back > 0 and self.tokens.text(back - 1) in (b"if", b"while", b"for", b"switch")
        return False

    @staticmethod
    def _joinable(shapes: list[tuple[bool, int, int]]) -> bool:
        """Can the branches stand one after the other?  Not where one operand would follow another."""
        filled = [(first, last) for _, first, last in shapes if first]
        operand_ends = (WORD, NUMBER, STRING, ord(")"), ord("]"))
        operand_starts = (WORD, NUMBER, STRING, ord("("), ord("{"))
        return all(
            not (last in operand_ends and following in operand_starts) for (_, last), (following, _) in pairwise(filled)
        )
