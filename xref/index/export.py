"""`xref export`: every fact of a tree as records, streamed.

Goes through the packed columns block by block, never symbol by symbol: millions of rows in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xref.graph.callgraph import CallGraph
from xref.graph.indirect import Pointers
from xref.graph.meanings import Meanings
from xref.graph.members import handed_in
from xref.graph.nodes import plain
from xref.graph.tags import Tags
from xref.index.packing import Ints
from xref.index.packing import Unpacked
from xref.index.places import Places
from xref.index.query import Index
from xref.index.records import Call
from xref.index.records import Definition
from xref.index.records import Edge
from xref.index.records import Include
from xref.index.records import Reference
from xref.index.records import Store
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

Bools = npt.NDArray[np.bool_]

_CALL = REFERENCE_KINDS.index("call")
_READ = REFERENCE_KINDS.index("read")


class _Meanings(NamedTuple):
    """For each symbol the definition kinds it has, as bits."""

    bits: Ints

    def has(self, symbols: Ints, *kinds: str) -> Bools:
        mask = sum(1 << DEFINITION_KINDS.index(kind) for kind in kinds)
        found: Bools = (self.bits[symbols] & mask) != 0
        return found


def definitions(index: Index) -> Iterator[Definition]:
    """Every definition of the tree, file by file."""
    for path in index.files():
        yield from index.outline(path) or ()


def includes(index: Index) -> Iterator[Include]:
    """Every `#include` of the tree, file by file."""
    for path in index.files():
        yield from index.includes(path)


def references(index: Index) -> Iterator[Reference]:
    """Every mention of a name, file by file."""
    for path, rows in _by_file(index):
        for name, kind, line, column, function, _ in rows:
            yield Reference(name, kind, path, line, column, function)


def calls(index: Index) -> Iterator[Call]:
    """Every call site, file by file; those through pointers with what they can reach."""
    pointers = Pointers(index)
    places = Places(index)
    tags = Tags(places, Meanings(places))

    def through(call: Call, slot: str, struct: str | None) -> Call:
        found = [target for target in pointers.targets(slot) if not tags.apart(slot, call.file, target)]
        names = tuple(dict.fromkeys(plain(target.function) for target in found))
        return call._replace(struct=struct, targets=names or None, confidence=found[0].confidence if found else None)

    for path, rows in _by_file(index, only_calls=True):
        found = []
        sites = {(row[1], row[2]): row for row in index.sites(file=path) if row[8] is None}
        for name, _, line, column, function, symbol in rows:
            kind = index.call_kind(symbol, path, line)
            site = sites.get((line, column))
            if kind != "macro" and site is not None and site[4].startswith("V:"):
                # a variable that is called by its name alone, as a function would be
                found.append(through(Call(path, line, column, function, name, "indirect"), site[4], None))
            elif kind is not None:
                found.append(Call(path, line, column, function, name, kind))
        for call in index.pointer_calls(path):
            site = sites.get((call.line, call.column))
            found.append(call if site is None else through(call, site[4], site[6]))
        found.sort(key=lambda call: (call.line, call.column))
        yield from found


def stores(index: Index) -> Iterator[Store]:
    """Every function that is put into a member of a struct, with those that a setter function puts there."""
    pointers = Pointers(index)
    for slot, source, file, line, column, how, instance, macro in index.stores():
        struct, _, field = slot[2:].rpartition(".")
        yield Store(struct or None, field, plain(source), file, line, column, how, instance, macro)
    for slot in index.slots_like("F:*"):
        yield from handed_in(pointers, slot)


def edges(index: Index) -> Iterator[Edge]:
    """Every edge of the call graph, function by function."""
    yield from CallGraph(index).everything()


_Row = tuple[str, str, int, int, str | None, int]


def _by_file(index: Index, *, only_calls: bool = False) -> Iterator[tuple[str, list[_Row]]]:
    """For each file its references: (name, kind, line, column, function, symbol)."""
    symbol, columns = _everything(index, only_calls)
    names = index.symbol_names()
    bits = np.zeros(max(names, default=0) + 2, np.int64)
    for number, kind in index.symbol_kinds():
        bits[number] |= 1 << kind
    meanings = _Meanings(bits)
    shown = _shown(meanings, symbol, columns[:, 3])
    order = np.lexsort((columns[:, 2], columns[:, 1], columns[:, 0]))
    symbol, columns, shown = symbol[order], columns[order], shown[order]
    edges = np.flatnonzero(np.diff(columns[:, 0], prepend=-1, append=-1))
    ranges = {int(columns[low, 0]): (int(low), int(high)) for low, high in pairwise(edges)}
    for blob, paths in index.blob_paths().items():
        low, high = ranges.get(blob, (0, 0))
        rows: list[_Row] = []
        for number, (_, line, column, _, scope), kind in zip(
            symbol[low:high].tolist(), columns[low:high].tolist(), shown[low:high].tolist(), strict=True
        ):
            function = names[scope] if scope else None
            rows.append((names[number], REFERENCE_KINDS[kind], line, column, function, number))
        for path in paths:
            yield path, rows


def _everything(index: Index, only_calls: bool) -> tuple[Ints, Ints]:
    symbols: list[Ints] = [np.zeros(0, np.int32)]
    tables: list[Ints] = [np.zeros((0, 5), np.int32)]
    for first, data in index.occurrence_blocks():
        symbol, columns = Unpacked(first, data).everything()
        if only_calls:
            called = columns[:, 3] == _CALL
            symbol, columns = symbol[called], columns[called]
        symbols.append(symbol)
        tables.append(columns)
    return np.concatenate(symbols), np.concatenate(tables)


def _shown(
    meanings: _Meanings,
    symbol: Ints,
    kind: Ints,
) -> Ints:
    """Kinds as `Index.references` shows them, for many symbols at once."""
    shown = kind.copy()
    solid = ~meanings.has(symbol, *(set(DEFINITION_KINDS) - {"macro", "member", "label"}))
    macro = meanings.has(symbol, "macro") & solid
    shown[macro & ((kind == _READ) | (kind == _CALL))] = REFERENCE_KINDS.index("macro")
    types = ("typedef", "struct", "union", "enum")
    only_types = meanings.has(symbol, *types) & ~meanings.has(
        symbol, *(set(DEFINITION_KINDS) - {*types, "member", "label"})
    )
    shown[only_types & (kind == _READ)] = REFERENCE_KINDS.index("type")
    function = meanings.has(symbol, "function") & ~meanings.has(symbol, "variable", "enumerator", "macro")
    shown[function & (kind == _READ)] = REFERENCE_KINDS.index("address")
    return shown


EXPORTS: dict[str, Callable[[Index], Iterator[NamedTuple]]] = {
    "definitions": definitions,
    "references": references,
    "calls": calls,
    "stores": stores,
    "edges": edges,
    "includes": includes,
}
