"""Where a name stands: its mentions by kind, the calls of it, and what a function calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import NamedTuple

from xref.graph.linkage import Named
from xref.graph.linkage import arch_of
from xref.graph.linkage import is_macro_call
from xref.index.definitions import Definitions
from xref.index.memory import Memory
from xref.index.records import Call
from xref.index.records import Definition
from xref.index.records import Reference
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from xref.index.usage import Usage

_CALL = REFERENCE_KINDS.index("call")
_READ = REFERENCE_KINDS.index("read")
_WORD = re.compile(rb"[A-Za-z_]\w*")


class _Links(NamedTuple):
    """What a name can be where it is called; `plain` is the kind of call where no place makes a difference."""

    macros: list[Named]
    functions: list[Named]
    plain: str | None


def _plain_kind(kinds: set[str]) -> str | None:
    """The kind of call if it is the same everywhere; "" for what cannot be called, None where it depends."""
    if "macro" in kinds:
        return None if kinds & {"function", "label", "prototype"} else "macro"
    if kinds & {"function", "prototype", "label"} and not ("variable" in kinds and "function" not in kinds):
        return "direct"
    if "variable" in kinds:
        return "indirect"
    if kinds & {"typedef"}:
        return ""
    return "direct"


class References(Definitions):
    """Where the names of a tree stand."""

    def __init__(self, path: Path, tree: str | None = None, arch: str | None = None) -> None:
        super().__init__(path, tree, arch)
        # a server asks for a whole tree in time
        self._link_cache: Memory[int, _Links] = Memory(20_000)
        self._call_kinds: Memory[tuple[int, str, int], str] = Memory(100_000)

    def _shown_kinds(self, symbol: int) -> list[str]:
        """The kinds as shown for this name: a mention of a macro is `macro`, of a type `type`, of a function
        that is not called `address`.
        """
        paths = self._paths
        rows = self._db.execute("SELECT kind, blob FROM definitions WHERE symbol = ?", [symbol])
        kinds = {DEFINITION_KINDS[kind] for kind, blob in rows if blob in paths}
        shown = list(REFERENCE_KINDS)
        solid = kinds - {"member", "label"}
        if solid == {"macro"}:
            shown[_READ] = shown[_CALL] = "macro"
        elif solid and solid <= {"typedef", "struct", "union", "enum"}:
            shown[_READ] = "type"
        elif "function" in kinds and not kinds & {"variable", "enumerator", "macro"}:
            shown[_READ] = "address"
        return shown

    def references(self, name: str, *, kind: str | None = None) -> list[Reference]:
        """The mentions of a name, by file and line."""
        symbol = self.symbol(name)
        if symbol is None:
            return []
        shown = self._shown_kinds(symbol)
        paths = self._paths
        found: list[Reference] = []
        for uses in self._uses(symbol):
            columns = (
                uses.blob.tolist(),
                uses.line.tolist(),
                uses.column.tolist(),
                uses.kind.tolist(),
                uses.scope.tolist(),
            )
            names = self.names(columns[4])
            for blob, line, column, number, scope in zip(*columns, strict=True):
                at = paths.get(blob)
                if at is None or (kind is not None and shown[number] != kind):
                    continue
                function = names[scope] if scope else None
                for path in at:
                    found.append(Reference(name, shown[number], path, line, column, function))
        found.sort(key=lambda r: (r.file, r.line, r.column))
        return found

    def usage(self, name: str) -> Usage:
        """The mentions of a name as columns: to count, narrow and show a part of many thousand."""
        from xref.index.usage import Usage

        symbol = self.symbol(name)
        uses = [] if symbol is None else list(self._uses(symbol))
        shown = REFERENCE_KINDS if symbol is None else self._shown_kinds(symbol)
        return Usage.of(name, uses, shown, self._all_paths, self._stands)

    @cached_property
    def _stands(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Each content of the tree and, as a place in `files()`, where it stands: two columns, by content."""
        return self.shared("stands", self._read_stands)

    def _read_stands(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        import numpy as np

        place = {path: number for number, path in enumerate(self._all_paths)}
        pairs = sorted((blob, place[path]) for blob, paths in self._paths.items() for path in paths)
        columns = np.array(pairs, np.int64).reshape(-1, 2)
        return columns[:, 0].copy(), columns[:, 1].copy()

    def callers(self, name: str) -> list[Call]:
        """The call sites of a name."""
        symbol = self.symbol(name)
        if symbol is None:
            return []
        found = []
        for uses in self._uses(symbol):
            called = uses.kind == _CALL
            columns = (
                uses.blob[called].tolist(),
                uses.line[called].tolist(),
                uses.column[called].tolist(),
                uses.scope[called].tolist(),
            )
            names = self.names(columns[3])
            for blob, line, column, scope in zip(*columns, strict=True):
                caller = names[scope] if scope else None
                for path in self._paths.get(blob, ()):
                    kind = self.call_kind(symbol, path, line)
                    if kind is not None:
                        found.append(Call(path, line, column, caller, name, kind))
        found += self._through_field(symbol, name)
        found.sort(key=lambda c: (c.file, c.line, c.column))
        return found

    def _through_field(self, symbol: int, name: str) -> Iterator[Call]:
        query = (
            "SELECT blob, line, column, name, expression FROM pointer_calls "
            "LEFT JOIN symbols ON symbols.id = scope WHERE field = ?"
        )
        for blob, line, column, caller, expression in self._db.execute(query, [symbol]):
            for path in self._paths.get(blob, ()):
                yield Call(path, line, column, caller, expression, "indirect", None, name)

    def call_kind(self, symbol: int, path: str, line: int = 0) -> str | None:
        """What `name(…)` on a line of a file is: `direct`, `macro`, `indirect` (a variable), None for a cast to a type.

        Line 0 is any line.
        """
        links = self._links(symbol)
        if links.plain is None:
            own = line and any(macro.file == path and macro.line > line for macro in links.macros)
            key = (symbol, path, line if own else 0)
            kind = self._call_kinds.get(key)
            if kind is None:
                arch = arch_of(path) or self.arch
                macro = is_macro_call(path, arch, links.macros, links.functions, self.reaches, key[2])
                kind = self._call_kinds[key] = "macro" if macro else "direct"
            return kind
        return links.plain or None

    def _links(self, symbol: int) -> _Links:
        """The definitions of a name as its callers may mean them."""
        links = self._link_cache.get(symbol)
        if links is None:
            query = (
                "SELECT kind, static, blob, line, c.text FROM definitions JOIN conditions c ON c.id = condition "
                "WHERE symbol = ? AND static < 2"
            )
            links = _Links([], [], None)
            kinds = set()
            for number, static, blob, line, condition in self._db.execute(query, [symbol]):
                kind = DEFINITION_KINDS[number]
                for path in self._paths.get(blob, ()):
                    kinds.add(kind)
                    named = Named(path, static == 1, arch_of(path), condition, line, kind == "function")
                    if kind == "macro":
                        links.macros.append(named)
                    elif kind in ("function", "label", "prototype"):
                        links.functions.append(named)
            links = links._replace(plain=_plain_kind(kinds))
            self._link_cache[symbol] = links
        return links

    def callees(self, name: str) -> list[Call]:
        """What the functions (or macros) of this name call, in the order of the calls."""
        found: list[Call] = []
        for d in self.definitions(name):
            if d.kind in ("function", "macro", "label"):
                blob = self._blob(d.file)
                if blob is not None:
                    found += self._calls_within(d, blob)
        return found

    def _calls_within(self, d: Definition, blob: int) -> list[Call]:
        own = self.symbol(d.name)
        lines = self._text(blob).split(b"\n")[d.line - 1 : d.end_line]
        words = {match.group().decode("latin-1") for line in lines for match in _WORD.finditer(line)}
        found: list[Call] = []
        for word in sorted(words):
            symbol = self.symbol(word)
            if symbol is None:
                continue
            for uses in self._uses(symbol):
                here = (uses.blob == blob) & (uses.kind == _CALL) & (uses.line >= d.line) & (uses.line <= d.end_line)
                for line, column, scope in zip(
                    uses.line[here].tolist(), uses.column[here].tolist(), uses.scope[here].tolist(), strict=True
                ):
                    kind = self.call_kind(symbol, d.file, line)
                    if kind is not None and scope == own:
                        found.append(Call(d.file, line, column, d.name, word, kind))
        query = (
            "SELECT line, column, name, expression FROM pointer_calls LEFT JOIN symbols ON symbols.id = field "
            "WHERE blob = ? AND scope = ? AND line BETWEEN ? AND ?"
        )
        for line, column, field, expression in self._db.execute(query, [blob, own, d.line, d.end_line]):
            found.append(Call(d.file, line, column, d.name, expression, "indirect", None, field))
        return sorted(found, key=lambda c: (c.line, c.column))
