"""Headers that are lists: uses of a macro which each file that includes one defines for itself.

`#define LSM_HOOK(RET, DEFAULT, NAME, ...) RET bpf_lsm_##NAME(__VA_ARGS__) { … }` and `#include <linux/lsm_hook_defs.h>`
make a function for each `LSM_HOOK(…)` of that header.  What a header lists is learnt with the tree's macros; what an
include of it defines is worked out where it stands, as for any macro at file level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from xref.parse.lessons import Macro
from xref.parse.lessons import Taught
from xref.parse.lessons import defines
from xref.parse.lessons import learn
from xref.parse.packed import MOST_HEAD

if TYPE_CHECKING:
    from xref.parse.extract import Extractor

#: a list's items: the arguments of each use, by the macro used
Listed = dict[bytes, tuple[tuple[bytes, ...], ...]]

_COMMENT = re.compile(rb"/\*(?:[^*]|\*(?!/))*+\*/|//[^\n]*", re.DOTALL)
_DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
_LIKELY = re.compile(rb"^[ \t]*[A-Za-z_]\w*[ \t]*\(", re.MULTILINE)
_GROUP = rb"\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)"
_ITEM = re.compile(rb"\s*+([A-Za-z_]\w*)\s*+(" + _GROUP + rb")[;,\s]*+")
_DEFINED = re.compile(rb"#[ \t]*define[ \t]+([A-Za-z_]\w*)\(")
_INCLUDED = re.compile(rb'#\s*include\s*[<"]([^>"\n]+)[>"]')
_LONGEST = 400_000
_FEWEST = 2


def taught_by(path: str, data: bytes) -> Taught:
    """All that a file teaches: its macros, and for a header what it lists."""
    taught = learn(data)
    if not path.endswith(".c"):
        taught.listed = listed(data)
    return taught


def listed(data: bytes) -> Listed:
    """The items of a header that is nothing but uses of macros which it does not define; else nothing."""
    if len(data) > _LONGEST or len(_LIKELY.findall(data)) < _FEWEST:
        return {}
    code = _COMMENT.sub(b" ", data)
    text = _DIRECTIVE.sub(b"", code).strip()
    found: dict[bytes, list[tuple[bytes, ...]]] = {}
    place = 0
    while place < len(text):
        match = _ITEM.match(text, place)
        if match is None:
            return {}
        found.setdefault(match.group(1), []).append(tuple(_arguments(match.group(2)[1:-1])))
        place = match.end()
    own = set(_DEFINED.findall(code))
    return {name: tuple(items) for name, items in found.items() if name not in own and len(items) >= _FEWEST}


def _arguments(text: bytes) -> Iterator[bytes]:
    """What stands between the commas that are in no parentheses."""
    depth = first = 0
    for place, char in enumerate(text):
        depth += (char in b"([{") - (char in b")]}")
        if char == 44 and not depth:
            yield b" ".join(text[first:place].split())
            first = place + 1
    yield b" ".join(text[first:].split())


def made_by_lists(extractor: Extractor) -> list[tuple[int, ...]]:
    """Rows of definitions: what the includes of lists define at file level, at the line of the include."""
    makers, tokens = extractor.makers, extractor.tokens
    if makers is None or not makers.lists:
        return []
    directives = [each for each in extractor.parsed.directives.all if each.name in ("define", "undef", "include")]
    rows: list[tuple[int, ...]] = []
    own: dict[bytes, Macro] = {}
    last = -1
    for directive in directives:
        text = tokens.data[directive.start : directive.end]
        file = int(tokens.bases.searchsorted(directive.start, side="right")) - 1
        if file != last:
            own, last = {}, file
        if directive.name != "include":
            for macro in defines(text) if directive.name == "define" else ():
                own[macro.name] = macro
            if directive.name == "undef":
                own.pop(text.split()[-1], None)
            continue
        match = _INCLUDED.match(text) if own else None
        items = makers.listed(match.group(1)) if match else {}
        if items.keys() & own.keys() and _at_file_level(extractor, file, directive.start):
            rows += _rows(extractor, file, (directive.start, directive.end), items, own)
    return rows


def _at_file_level(extractor: Extractor, file: int, offset: int) -> bool:
    """Is no brace open where a directive begins?"""
    tokens = extractor.tokens
    low, high = tokens.start.searchsorted((tokens.bases[file], offset)).tolist()
    live = extractor.parsed.normalized.live[low:high]
    sign = tokens.sign[low:high][live]
    return int((sign == 123).sum()) == int((sign == 125).sum())


def _rows(
    extractor: Extractor, file: int, extent: tuple[int, int], items: Listed, own: dict[bytes, Macro]
) -> Iterator[tuple[int, ...]]:
    """The definitions that one include makes."""
    makers, tokens = extractor.makers, extractor.tokens
    start, end = extent
    base, line = int(tokens.bases[file]), tokens.line(start)
    condition = int(extractor.condition(np.array([start], np.int32))[0])
    head, tail = start - base, min(end - base, start - base + MOST_HEAD)
    for name, uses in items.items():
        macro = own.get(name)
        if macro is None or macro.params is None or makers is None:
            continue
        word = extractor.vocabulary[name]
        for arguments in uses:
            made = makers.uses(name, list(arguments), block=False, among=b"", own=(macro,), depth=extractor.depth)
            for each in made:
                number = extractor.vocabulary[each.name]
                yield (file, number, each.kind, line, 1, line, int(each.static), head, tail, word, condition)
