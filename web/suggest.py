"""What may have been meant by a path or a tree that is not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from flask import url_for

from web.about import held_by
from web.errors import Suggestion
from xref.index.query import Index

#: suggestions in one answer
_MOST = 6
#: `net/socket.c:545`, as compilers and grep print it
_PLACE = re.compile(r"([^\s:]+):(\d+)(?::\d*)?:?")
#: `file_operations.read`, `struct file_operations::read`
_MEMBER = re.compile(r"(?:(?:struct|union)\s+)?(\w+)(?:\.|::|->)(\w+)")
#: `do_IRQ()`, `schedule(void);`
_CALL = re.compile(r"(\w+)\s*\([^()]*\)?;?")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
#: names compared at most: difflib takes some 20 µs for each
_POOL = 2000


def identifiers(index: Index, name: str) -> list[Suggestion]:
    """Defined names near to one that is not."""
    near = index.near(name, _MOST)
    return [Suggestion(each, url_for("ident.page", tree=index.tree, name=each)) for each in near]


def meant(index: Index, text: str) -> list[Suggestion]:
    """What a text means that no line has: the place or the member that it writes out, or the names among its words."""
    if place := _PLACE.fullmatch(text):
        path, line = place[1].removeprefix("./"), place[2]
        files = [path] if index.has(path) else _same_name(index, path)[:_MOST]
        ending = [each for each in files if f"/{each}".endswith(f"/{path}")]
        return [
            Suggestion(f"{each}:{line}", url_for("source.page", tree=index.tree, path=each, _anchor=f"L{line}"))
            for each in (ending or files)
        ]
    if member := _MEMBER.fullmatch(text):
        struct, name = member.groups()
        if any(held.struct == struct for held in held_by(index, name)):
            address = url_for("ident.page", tree=index.tree, name=name, list="stores", struct=struct)
            return [Suggestion(f"{struct}.{name}", address), *_defined(index, [struct, name])]
    if (call := _CALL.fullmatch(text)) and (found := _defined(index, [call[1]])):
        return found
    words = list(dict.fromkeys(_WORD.findall(text)))[:_MOST]
    return _defined(index, words) or identifiers(index, text)


def _defined(index: Index, names: list[str]) -> list[Suggestion]:
    known = index.defined(names)
    return [Suggestion(each, url_for("ident.page", tree=index.tree, name=each)) for each in names if each in known]


def anything(index: Index, rest: str) -> list[Suggestion]:
    """What an address means that has a path or a name where the kind of page should be: the thing itself, if it is."""
    if index.has(rest) or index.directory(rest) is not None:
        return [Suggestion(rest, url_for("source.page", tree=index.tree, path=rest))]
    name = rest.rpartition("/")[2]
    if index.defined([name]):
        return [Suggestion(name, url_for("ident.page", tree=index.tree, name=name))]
    return [*identifiers(index, name), *paths(index, rest)][:_MOST]


def trees(name: str, known: Iterable[str]) -> list[Suggestion]:
    """The trees there are, the nearest first."""
    there = list(known)
    close = difflib.get_close_matches(name, there, _MOST, 0.5)
    return [Suggestion(each, url_for("source.page", tree=each, path="")) for each in (close or there)[:_MOST]]


def paths(index: Index, path: str) -> list[Suggestion]:
    """Files and directories near to a path that is none: of the same name elsewhere, or of nearly it."""
    found = dict.fromkeys([*_same_name(index, path), *_beside(index, path), *_nearly(index, path)])
    return [
        Suggestion(each, url_for("source.page", tree=index.tree, path=each)) for each in list(found)[:_MOST]
    ]


def _same_name(index: Index, path: str) -> list[str]:
    name = path.rpartition("/")[2]
    there = [each for each in index.files() if each.endswith("/" + name) or each == name]
    return sorted(there[:_POOL], key=lambda each: -difflib.SequenceMatcher(None, path, each).ratio())


def _beside(index: Index, path: str) -> list[str]:
    """Near names in the deepest directory of the path that exists."""
    parts = path.split("/")
    for depth in range(len(parts) - 1, -1, -1):
        above = "/".join(parts[:depth])
        entries = index.directory(above)
        if entries:
            close = difflib.get_close_matches(parts[depth], [name for name, _ in entries[:_POOL]], _MOST, 0.6)
            return [f"{above}/{name}" if above else name for name in close]
    return []


def _nearly(index: Index, path: str) -> list[str]:
    """Files anywhere whose names begin alike."""
    name = path.rpartition("/")[2]
    start = name[:2].lower()
    pool: dict[str, list[str]] = {}
    for each in index.files():
        base = each.rpartition("/")[2]
        if base.lower().startswith(start) and abs(len(base) - len(name)) < 4:
            pool.setdefault(base, []).append(each)
    close = difflib.get_close_matches(name, list(pool)[:_POOL], _MOST, 0.7)
    return [each for base in close for each in pool[base][:2]]


def scenarios(tree: str, name: str, known: Iterable[str]) -> list[Suggestion]:
    """Scenarios of nearly that name."""
    close = difflib.get_close_matches(name, list(known), _MOST, 0.4)
    return [Suggestion(each, url_for("walk.page", tree=tree, scenario=each)) for each in close]
