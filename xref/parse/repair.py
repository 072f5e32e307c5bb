"""What to do where the normalised text still does not parse.

Two things keep one odd place from swallowing the functions around it: a branch of an `#if` that is no C is
left out, and a word or a statement that the grammar cannot take is blanked.  Each is kept only if it leaves
fewer errors, and all that stays or was left out is listed as a problem: nothing is hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tree_sitter

from xref.parse.conditions import Branch
from xref.parse.conditions import Directives
from xref.parse.conditions import Group
from xref.parse.facts import Problem
from xref.parse.lex import WORD
from xref.parse.lex import Bools
from xref.parse.lex import Flags
from xref.parse.lex import Tokens
from xref.parse.normalize import normalize
from xref.parse.sketch import Normalized

#: attempts at one file; each parses it anew
_MOST_BRANCHES, _MOST_BLANKS = 6, 12
#: a file larger than this is not tried again and again
_LARGEST = 2_000_000
_MOST_PROBLEMS = 20
#: the part of a file that may stand in errors for single repairs to be worth while
_HOPELESS = 0.3


@dataclass(slots=True)
class Attempt:
    """A file whose text does not parse in full, and what came of the last try."""

    tokens: Tokens
    flags: Flags
    directives: Directives
    inside: Bools
    normalized: Normalized
    tree: tree_sitter.Tree

    @property
    def root(self) -> tree_sitter.Node:
        """The tree's root."""
        return self.tree.root_node


class _Error(NamedTuple):
    start: int
    end: int
    missing: bool


def repair(attempt: Attempt, parser: tree_sitter.Parser) -> tuple[Normalized, tree_sitter.Tree, list[Problem]]:
    """A text that parses as far as can be, its tree, and the problems left."""
    notes: list[Problem] = []
    if len(attempt.tokens.data) <= _LARGEST:
        _refuse_branches(attempt, parser, notes)
        if attempt.root.has_error and _cost(attempt.root) < _HOPELESS * len(attempt.tokens.data) + 400:
            _blank_places(attempt, parser, notes)
    return attempt.normalized, attempt.tree, notes + [_problem(error, attempt) for error in _errors(attempt.root)]


def _errors(root: tree_sitter.Node, most: int = _MOST_PROBLEMS) -> list[_Error]:
    """The nodes at which the grammar gave up, in order."""
    found: list[_Error] = []
    stack = [root] if root.has_error else []
    while stack and len(found) < most:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.append(_Error(node.start_byte, node.end_byte, node.is_missing))
        elif node.has_error:
            stack.extend(reversed(node.children))
    return found


def _cost(root: tree_sitter.Node) -> int:
    """How bad a tree is: bytes that stand in errors, and something for each error."""
    return sum(error.end - error.start + 20 for error in _errors(root, 200))


def _refuse_branches(attempt: Attempt, parser: tree_sitter.Parser, notes: list[Problem]) -> None:
    """Leave out the branches in which the errors stand, where that helps."""
    tried: set[int] = set()
    refused = [start for start, _ in attempt.normalized.refused]
    for _ in range(_MOST_BRANCHES):
        candidates = _branches_at(attempt, [error.start for error in _errors(attempt.root)], tried)
        if not candidates:
            return
        branch = candidates[0]
        tried.add(branch.start)
        again = normalize(
            attempt.tokens, attempt.flags, attempt.directives, attempt.inside, 0, [*refused, branch.start]
        )
        tree = parser.parse(again.text)
        root = tree.root_node
        # Leaving out much that parses, to be rid of little that does not, is no gain.
        gain = _cost(attempt.root) - _cost(root)
        if gain > 0 and branch.end - branch.start < (3 if branch.condition == "0" else 1) * gain + 200:
            refused.append(branch.start)
            attempt.normalized, attempt.tree = again, tree
            if branch.condition != "0":
                line = attempt.tokens.line(branch.start) + 1
                notes.append(Problem(line, f"what stands under #if {branch.condition} does not parse"))
        if not root.has_error:
            return


def _branches_at(attempt: Attempt, places: list[int], tried: set[int]) -> list[Branch]:
    """The innermost branches around these places, those of `#if 0` first."""
    found: dict[int, Branch] = {}
    for place in places:
        branch = _innermost(attempt.directives.groups[0], place)
        if branch and branch.start not in tried and branch.condition:
            found[branch.start] = branch
    return sorted(found.values(), key=lambda branch: (branch.condition != "0", branch.end - branch.start))


def _innermost(groups: list[Group], place: int) -> Branch | None:
    for group in groups:
        for branch in group.branches:
            if branch.start <= place < branch.end:
                return _innermost(branch.groups, place) or branch
    return None


def _blank_places(attempt: Attempt, parser: tree_sitter.Parser, notes: list[Problem]) -> None:
    """Blank, at each error in turn, the words that follow one another there, else the whole statement."""
    passed: set[int] = set()
    for _ in range(_MOST_BLANKS):
        error = next((each for each in _errors(attempt.root) if each.start not in passed), None)
        if error is None:
            return
        passed.add(error.start)
        best, least = None, _cost(attempt.root)
        for start, end in _suspects(attempt, error):
            text = attempt.normalized.text[:start] + b" " * (end - start) + attempt.normalized.text[end:]
            tree = _parse_again(attempt, parser, text, start, end)
            cost = _cost(tree.root_node)
            if cost < least:
                best, least = (text, tree, start, end), cost
                if not cost:
                    break
        if best:
            text, tree, start, end = best
            attempt.normalized.text, attempt.tree = text, tree
            attempt.normalized.calls += _calls_between(attempt, start, end)
            notes.append(_problem(_Error(start, end, False), attempt))


def _parse_again(attempt: Attempt, parser: tree_sitter.Parser, text: bytes, start: int, end: int) -> tree_sitter.Tree:
    """Parse a text that differs from the last one between two bytes; what is around them is not parsed anew."""
    tree = attempt.tree.copy()
    first, last = _point(text, start), _point(text, end)
    tree.edit(start, end, end, first, last, last)
    return parser.parse(text, tree)


def _point(text: bytes, place: int) -> tuple[int, int]:
    return text.count(b"\n", 0, place), place - (text.rfind(b"\n", 0, place) + 1)


def _suspects(attempt: Attempt, error: _Error) -> list[tuple[int, int]]:
    """What may be blanked at an error, as byte ranges: single words before larger things."""
    view = attempt.normalized.view
    place = int(np.searchsorted(view.start[: view.count], error.start))
    found: list[tuple[int, int]] = []
    for near in range(max(place - 3, 0), min(place + 3, view.count)):
        if view.sign[near] == WORD:
            found.append((int(view.start[near]), int(view.end[near])))
    low = place
    while low > 0 and view.sign[low - 1] not in b";{}":
        low -= 1
    high = place
    while high < view.count and view.sign[high] not in b";{}" and high - low < 400:
        high += 1
    if high < view.count and view.sign[high] == 59 and low < high:
        found.append((int(view.start[low]), int(view.start[high])))
    if error.end - error.start < 200 and not error.missing:
        found.append((error.start, error.end))
    return [(start, end) for start, end in found if attempt.normalized.text[start:end].strip()]


def _calls_between(attempt: Attempt, start: int, end: int) -> list[int]:
    """Calls in what was blanked: names followed by `(`."""
    view = attempt.normalized.view
    low, high = np.searchsorted(view.start[: view.count], (start, end))
    return [
        int(view.at[place])
        for place in range(int(low), int(high))
        if view.sign[place] == WORD and view.sign[place + 1] == 40 and not view.flags[place] & 1
    ]


def _problem(error: _Error, attempt: Attempt) -> Problem:
    tokens = attempt.tokens
    line = tokens.line(error.start)
    text = tokens.data[error.start : max(error.end, error.start + 30)].split(b"\n")[0][:40].strip()
    shown = text.decode("utf-8", "replace") or "the end of the line"
    if error.missing:
        return Problem(line, f"something is missing before {shown!r}")
    lines = tokens.line(max(error.end - 1, error.start)) - line + 1
    return Problem(line, f"cannot parse {shown!r}" + (f" ({lines} lines)" if lines > 1 else ""))
