"""Definitions by macros that stand at file level or among members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xref.parse.lessons import Macro
from xref.parse.lessons import defines
from xref.parse.packed import KIND
from xref.parse.packed import MOST_HEAD
from xref.parse.sketch import MacroUse

if TYPE_CHECKING:
    from xref.parse.extract import Extractor

_FUNCTION = KIND["function"]
_Own = dict[tuple[int, bytes], list[Macro]]


def made_by_macros(extractor: Extractor) -> tuple[list[tuple[int, ...]], list[tuple[int, int, int]]]:
    """Rows of definitions, and the blocks behind macros: (first token, last token, word of the function)."""
    if extractor.makers is None or not extractor.parsed.normalized.uses:
        return [], []
    tokens = extractor.tokens
    uses = extractor.parsed.normalized.uses
    files = tokens.file_of(tokens.start[np.array([use.name for use in uses])]).tolist()
    alone = set(extractor.parsed.alone)
    kept = [(use, file) for use, file in zip(uses, files, strict=True) if file not in alone]
    own = _own_macros(extractor, kept)
    rows: list[tuple[int, ...]] = []
    blocks: list[tuple[int, int, int]] = []
    for use, file in kept:
        rows += _made_by(extractor, use, file, own, blocks)
    return rows, blocks


def _own_macros(extractor: Extractor, uses: list[tuple[MacroUse, int]]) -> _Own:
    """The files' own `#define`s of the macros they use so, by file and name."""
    tokens = extractor.tokens
    wanted = {(file, tokens.text(use.name)) for use, file in uses}
    defined = set()
    for table in extractor.rows:
        for file, word, kind in table[:, :3].tolist():
            if kind == KIND["macro"]:
                defined.add((file, extractor.vocabulary.words[word]))
    own: _Own = {}
    for file in {file for file, _ in wanted & defined}:
        data = tokens.data[int(tokens.bases[file]) : int(tokens.ends[file])]
        for macro in defines(data):
            if (file, macro.name) in wanted and macro.params is not None:
                own.setdefault((file, macro.name), []).append(macro)
    return own


def _made_by(
    extractor: Extractor, use: MacroUse, file: int, own: _Own, blocks: list[tuple[int, int, int]]
) -> list[tuple[int, ...]]:
    tokens, makers = extractor.tokens, extractor.makers
    if makers is None:
        return []
    name = tokens.text(use.name)
    arguments, places = _arguments(extractor, use)
    made = makers.uses(
        name, arguments, block=use.block >= 0, among=use.among, own=own.get((file, name), ()), depth=extractor.depth
    )
    if not made:
        return []
    view = extractor.parsed.normalized.view
    last = use.close
    if use.block >= 0:
        mate = int(view.mate[view.at.searchsorted(use.block)])
        last = int(view.at[mate]) if mate >= 0 else use.close
        functions = [each for each in made if each.kind == _FUNCTION]
        if functions:
            best = min(functions, key=lambda each: (each.name.startswith(b"_"), len(each.name), each.name))
            blocks.append((use.name + 1, last, extractor.vocabulary[best.name]))
    base = int(tokens.bases[file])
    name_token = np.array([use.name], np.int32)
    head = int(extractor.extent(name_token, tokens.end[name_token])[0][0]) - base
    tail = min(int(tokens.end[use.close]) - base, head + MOST_HEAD)
    end_line = tokens.line(int(tokens.start[last]))
    static = bool(extractor.static[use.name])
    condition = int(extractor.condition(tokens.start[use.name : use.name + 1])[0])
    rows: list[tuple[int, ...]] = []
    for each in made:
        place = places[each.argument] if 0 <= each.argument < len(places) else use.name
        _, (line,), (column,) = (values.tolist() for values in tokens.places(tokens.start[place : place + 1]))
        rows.append((file, extractor.vocabulary[each.name], each.kind, line, column, max(end_line, line),
                     int(each.static or static), head, tail, int(tokens.word[use.name]), condition))  # fmt: skip
        if place != use.name:
            extractor.defined[place] = True
    return rows


def _arguments(extractor: Extractor, use: MacroUse) -> tuple[list[bytes], list[int]]:
    """A use's arguments as text, and the token each begins with."""
    tokens = extractor.tokens
    texts: list[bytes] = []
    firsts: list[int] = []
    depth = 0
    first = use.name + 2
    signs = tokens.sign[use.name + 2 : use.close + 1].tolist()
    for number, sign in enumerate(signs, use.name + 2):
        if (sign == 44 and not depth) or number == use.close:
            if number > first or sign == 44:
                low = int(tokens.start[first])
                texts.append(tokens.data[low : int(tokens.end[number - 1])] if number > first else b"")
                firsts.append(first)
            first = number + 1
        elif sign in b"([{":
            depth += 1
        elif sign in b")]}":
            depth -= 1
    return texts, firsts
