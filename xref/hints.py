"""What to say when a query finds nothing: why that may be, and what was perhaps meant.

Each function asks the index only after the query has come back empty, and returns one line.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from xref.show import count

if TYPE_CHECKING:
    from xref.index.query import Index

_BODIES = ("function", "macro")


def no_definition(index: Index, name: str, kind: str | None) -> str:
    """For `def`."""
    others = _kinds(index, name) if kind else ""
    if others:
        return f"{name} is no {kind} in {index.tree}: it is {others}"
    mentions = len(index.references(name))
    if mentions:
        shown = count(mentions, "mention")
        return f"nothing in {index.tree} defines {name}: `xref refs {name}` shows its {shown}"
    return unknown(index, name)


def no_reference(index: Index, name: str, kind: str | None) -> str:
    """For `refs`."""
    if kind:
        counts = Counter(r.kind for r in index.references(name))
        if counts:
            has = ", ".join(f"{number:,} {each}" for each, number in counts.most_common())
            return f"no reference of kind {kind} to {name} in {index.tree}: it has {has}"
    if index.definitions(name):
        return f"nothing in {index.tree} mentions {name}: `xref def {name}` shows what it is"
    return unknown(index, name)


def no_caller(index: Index, name: str) -> str:
    """For `callers`."""
    if index.references(name):
        return f"nothing in {index.tree} calls {name} by its name: `xref refs {name}` shows its mentions"
    if index.definitions(name):
        return f"nothing in {index.tree} calls {name}, or mentions it"
    return unknown(index, name)


def no_callee(index: Index, name: str) -> str:
    """For `callees`."""
    found = index.definitions(name)
    if any(d.kind in _BODIES for d in found):
        return f"{name} calls nothing"
    if any(d.kind == "prototype" for d in found):
        return f"{index.tree} declares {name}, but does not have its body"
    if found:
        return f"{name} is {_kinds(index, name)}: only functions and macros call"
    return no_definition(index, name, None)


def no_path_between(index: Index, unknown_name: str | None, start: str, goal: str) -> str:
    """For `path`, `chain` and `reaches`; `unknown_name` is the one that is no function here."""
    if unknown_name is not None:
        return no_definition(index, unknown_name, "function")
    if not start:
        return f"no system call of {index.tree} is known to lead to {goal}"
    return f"no call path from {start} to {goal} is known: try without --context, or with --deferred"


def unknown(index: Index, name: str) -> str:
    """For a name that nothing in the tree has."""
    return f"{index.tree} has no name {name}{_meant(index.near(name))}"


def no_file(index: Index, path: str) -> str:
    """For `outline` of a file that is not there."""
    if index.directory(path):
        return f"{path} is a directory of {index.tree}: name a file, `xref files '{path}/*'` lists them"
    last = path.rpartition("/")[2]
    by_name: dict[str, list[str]] = {}
    for each in index.files():
        by_name.setdefault(each.rpartition("/")[2], []).append(each)
    names = [last] if last in by_name else difflib.get_close_matches(last, by_name, 3, 0.75)
    return f"{index.tree} has no file {path}{_meant([each for name in names for each in by_name[name]][:3])}"


def no_path(index: Index, pattern: str) -> str:
    """For `files`."""
    return f"no path in {index.tree} matches {pattern!r}: try a part of it, or a glob such as '*/net/*.c'"


def no_match(index: Index, pattern: str, regex: bool, path: str | None) -> str:
    """For `search`."""
    what = f"matches {pattern!r}" if regex else f"has {pattern!r}, upper and lower case as given"
    where = f"the files of {index.tree} under {path!r}" if path else index.tree
    return f"no line in {where} {what}"


def _kinds(index: Index, name: str) -> str:
    """`a function`, or `a struct and a variable`; empty where nothing defines it."""
    kinds = dict.fromkeys(d.kind for d in index.definitions(name))
    return " and ".join(f"an {kind}" if kind[0] in "aeiou" else f"a {kind}" for kind in kinds)


def _meant(names: Iterable[str]) -> str:
    shown = ", ".join(names)
    return f": did you mean {shown}?" if shown else ""
