"""The rows that the call graph is made of: declarations by name, flows, sites, and whole columns of calls."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from xref.index.reading import TreeReader
from xref.index.records import Call
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from xref.index.packing import Uses

_CALL = REFERENCE_KINDS.index("call")
_READ = REFERENCE_KINDS.index("read")


class GraphRows(TreeReader):
    """What the graph reads of one tree."""

    def names_of_kinds(self, kinds: Iterable[str]) -> frozenset[str]:
        """Every name of the tree with a definition of one of these kinds."""
        wanted = [DEFINITION_KINDS.index(kind) for kind in kinds]
        query = (
            "SELECT name FROM symbols WHERE id IN (SELECT symbol FROM definitions "
            f"WHERE kind IN ({','.join('?' * len(wanted))}) AND blob IN (SELECT blob FROM files WHERE tree = ?))"
        )
        return frozenset(row[0] for row in self._db.execute(query, [*wanted, self._tree_id]))

    def macros_like(self, patterns: Sequence[str]) -> frozenset[str]:
        """The macros of the tree whose names match one of these GLOB patterns."""
        query = (
            f"SELECT name FROM symbols WHERE ({' OR '.join(['name GLOB ?'] * len(patterns))}) AND EXISTS ("
            "SELECT 1 FROM definitions JOIN files ON files.blob = definitions.blob AND tree = ? "
            "WHERE symbol = symbols.id AND kind = ?)"
        )
        rows = self._db.execute(query, [*patterns, self._tree_id, DEFINITION_KINDS.index("macro")])
        return frozenset(row[0] for row in rows)

    def places(self, name: str) -> list[tuple[int, str, int, int, int, bool, int, int, str | None]]:
        """The definitions of a name: (kind, file, line, column, end line, static, head, tail, made by)."""
        query = (
            "SELECT kind, path, line, column, end_line, static & 1, head, tail, m.name FROM symbols "
            "JOIN definitions ON symbol = symbols.id JOIN files ON files.blob = definitions.blob AND files.tree = ? "
            "LEFT JOIN symbols m ON m.id = macro WHERE symbols.name = ? AND static < 2"
        )
        return self._db.execute(query, [self._tree_id, name]).fetchall()

    def unconditional(self, name: str, kind: str) -> list[str]:
        """The files in which a definition of this kind stands under no condition."""
        query = (
            "SELECT path FROM symbols JOIN definitions ON symbol = symbols.id "
            "JOIN files ON files.blob = definitions.blob AND files.tree = ? JOIN conditions c ON c.id = condition "
            "WHERE symbols.name = ? AND kind = ? AND static < 2 AND c.text = ''"
        )
        rows = self._db.execute(query, [self._tree_id, name, DEFINITION_KINDS.index(kind)])
        return [row[0] for row in rows]

    def places_in(self, path: str) -> list[tuple[str, int, int, int, int, bool, int, int, str | None]]:
        """What a file defines: (name, kind, line, column, end line, static, head, tail, made by), in order."""
        query = (
            "SELECT symbols.name, kind, line, column, end_line, static & 1, head, tail, m.name FROM definitions "
            "JOIN symbols ON symbols.id = symbol LEFT JOIN symbols m ON m.id = macro "
            "WHERE blob = ? AND static < 2 ORDER BY line, column"
        )
        return self._db.execute(query, [self._blob(path)]).fetchall()

    def shared_functions(self) -> frozenset[str]:
        """The functions that more than one file can mean: with external linkage, or in a header."""
        kinds = [DEFINITION_KINDS.index(kind) for kind in ("function", "label")]
        query = (
            "SELECT name FROM symbols WHERE id IN (SELECT symbol FROM definitions "
            "JOIN files ON files.blob = definitions.blob AND tree = ? "
            "WHERE (kind = ? AND (static & 1 = 0 OR path LIKE '%.h')) OR (kind = ? AND path LIKE '%.S'))"
        )
        return frozenset(row[0] for row in self._db.execute(query, [self._tree_id, *kinds]))

    def declared(self, kind: str, names: Iterable[str] | None = None) -> Iterator[tuple[str, str, str]]:
        """The text of each declaration of a kind, of some names or all: (name, path, text from type to name's end)."""
        query = (
            "SELECT path, name, head, tail FROM definitions JOIN symbols ON symbols.id = symbol "
            "JOIN files ON files.blob = definitions.blob AND tree = ? WHERE kind = ? AND static < 2 "
        )
        values = [self._tree_id, DEFINITION_KINDS.index(kind)]
        if names is None:
            rows = self._db.execute(query, values).fetchall()
        else:
            rows = []
            wanted = list(names)
            for start in range(0, len(wanted), 1000):
                some = wanted[start : start + 1000]
                only = f"AND name IN ({','.join('?' * len(some))})"
                rows += self._db.execute(query + only, [*values, *some])
        last, source = None, b""
        for path, name, head, tail in sorted(rows):
            if path != last:
                last, source = path, self.source(path) or b""
            yield name, path, source[head:tail].decode("latin-1")

    def macros_around(self, path: str, line: int) -> list[str]:
        """The macro whose definition is the last to begin at or before a line."""
        query = (
            "SELECT name FROM definitions JOIN symbols ON symbols.id = symbol "
            "WHERE blob = ? AND kind = ? AND line <= ? ORDER BY line DESC LIMIT 1"
        )
        values = [self._blob(path), DEFINITION_KINDS.index("macro"), line]
        return [row[0] for row in self._db.execute(query, values)]

    def scopes_of_uses(self, names: Iterable[str], kinds: Iterable[str]) -> set[str]:
        """The functions and macros in whose bodies any of these names is used in one of these ways."""
        wanted = [REFERENCE_KINDS.index(kind) for kind in kinds]
        found: set[int] = set()
        for name in names:
            symbol = self.symbol(name)
            for uses in self._uses(symbol) if symbol is not None else ():
                for kind in wanted:
                    found.update(uses.scope[uses.kind == kind].tolist())
        found.discard(0)
        known = self.names(found)
        return {known[number] for number in found}

    def called_fields(self) -> frozenset[str]:
        """The names of the members that are called through somewhere in the tree."""
        query = (
            "SELECT DISTINCT name FROM pointer_calls JOIN symbols ON symbols.id = field "
            "JOIN files ON files.blob = pointer_calls.blob AND tree = ?"
        )
        return frozenset(row[0] for row in self._db.execute(query, [self._tree_id]))

    def scopes_with_pointer_calls(self) -> frozenset[str]:
        """The functions and macros that call through pointers."""
        query = (
            "SELECT DISTINCT name FROM pointer_calls JOIN symbols ON symbols.id = scope "
            "JOIN files ON files.blob = pointer_calls.blob AND tree = ?"
        )
        return frozenset(row[0] for row in self._db.execute(query, [self._tree_id]))

    def flows_into(self, slot: str) -> list[tuple[Any, ...]]:
        """Rows (source, direct, file, line, column, how, instance, macro, function, through)."""
        query = (
            "SELECT source, direct, file, line, column, how, instance, macro, function, through FROM flows "
            "WHERE slot = ? AND tree = ? ORDER BY file, line, column"
        )
        return self._db.execute(query, [slot, self._tree_id]).fetchall()

    def every_flow(self) -> list[tuple[Any, ...]]:
        """Rows as those of `flows_into`, with the slot first, of the whole tree."""
        query = (
            "SELECT slot, source, direct, file, line, column, how, instance, macro, function, through FROM flows "
            "WHERE tree = ? ORDER BY slot, file, line, column"
        )
        return self._db.execute(query, [self._tree_id]).fetchall()

    def every_site(self) -> list[tuple[str, str]]:
        """(function, slot) of the calls through pointers of the whole tree."""
        query = "SELECT DISTINCT function, slot FROM sites WHERE tree = ? AND function NOTNULL"
        return self._db.execute(query, [self._tree_id]).fetchall()

    def called_slots(self) -> list[str]:
        """The slot of each call through a pointer of the whole tree."""
        query = "SELECT slot FROM sites WHERE tree = ? GROUP BY file, line, column, slot"
        return [row[0] for row in self._db.execute(query, [self._tree_id])]

    def every_hidden_call(self) -> list[tuple[str, str, str]]:
        """(function, callee, file of the use) of the calls that macros do of their arguments."""
        query = (
            "SELECT DISTINCT function, callee, file FROM hidden_calls "
            "WHERE tree = ? AND function NOTNULL AND function NOT LIKE '#%' AND through NOT IN ('made', 'body')"
        )
        return self._db.execute(query, [self._tree_id]).fetchall()

    def hiding(self) -> frozenset[str]:
        """The functions and macros that have rows of `hidden_calls`."""
        rows = self._db.execute("SELECT DISTINCT function FROM hidden_calls WHERE tree = ?", [self._tree_id])
        return frozenset(row[0] for row in rows if row[0])

    def handed_on(self) -> list[tuple[str, str]]:
        """(macro, function) where a macro hands the function to another that calls it: see graph/handing_macros.py."""
        query = "SELECT DISTINCT function, callee FROM hidden_calls WHERE tree = ? AND function LIKE '#%'"
        return self._db.execute(query, [self._tree_id]).fetchall()

    def both_function_and_macro(self) -> list[tuple[str, int]]:
        """(file, symbol) of each name that a file has as a function and as a macro."""
        kinds = [DEFINITION_KINDS.index(kind) for kind in ("function", "macro")]
        query = (
            "SELECT DISTINCT path, f.symbol FROM definitions f JOIN definitions m ON m.symbol = f.symbol "
            "AND m.blob = f.blob AND m.kind = ? JOIN files ON files.blob = f.blob AND tree = ? WHERE f.kind = ?"
        )
        return self._db.execute(query, [kinds[1], self._tree_id, kinds[0]]).fetchall()

    def every_made_call(self) -> list[tuple[str, str, str]]:
        """(function that a macro makes, what it calls or has for its body, file of the use): see graph/made.py."""
        query = (
            "SELECT DISTINCT function, callee, file FROM hidden_calls WHERE tree = ? AND through IN ('made', 'body')"
        )
        return self._db.execute(query, [self._tree_id]).fetchall()

    def slots_fed_by(self, source: str) -> list[str]:
        """The slots into which a function, or what a slot holds, gets."""
        query = "SELECT DISTINCT slot FROM flows WHERE source = ? AND tree = ?"
        return [row[0] for row in self._db.execute(query, [source, self._tree_id])]

    def count_stores(self, function: str, own: str | None = None) -> int:
        """The places at which a function's address gets into a member, variable or parameter; `own`: if it is static
        the file that defines it.
        """
        query = "SELECT count(*) FROM flows WHERE source = ? AND direct AND tree = ?"
        source = f"{function}@{own}" if own else function
        return int(self._db.execute(query, [source, self._tree_id]).fetchone()[0])

    def uses_of(self, name: str) -> Iterator[Uses]:
        """The occurrences of a name, in columns."""
        symbol = self.symbol(name)
        if symbol is not None:
            yield from self._uses(symbol)

    def slots_like(self, pattern: str) -> list[str]:
        """The slots whose name matches a GLOB pattern."""
        query = "SELECT DISTINCT slot FROM flows WHERE slot GLOB ? AND tree = ? ORDER BY slot"
        return [row[0] for row in self._db.execute(query, [pattern, self._tree_id])]

    def sites(
        self, *, function: str | None = None, slot: str | None = None, file: str | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows (file, line, column, function, slot, name, struct, field, macro) of calls through pointers."""
        column, value = next(
            (name, value) for name, value in (("function", function), ("slot", slot), ("file", file)) if value
        )
        query = (
            "SELECT file, line, column, function, slot, name, struct, field, macro FROM sites "
            f"WHERE {column} = ? AND tree = ? ORDER BY file, line, column"
        )
        return self._db.execute(query, [value, self._tree_id]).fetchall()

    def sites_at(self, file: str, line: int) -> list[tuple[Any, ...]]:
        """Rows as those of `sites`, of the calls through pointers on a line."""
        query = (
            "SELECT file, line, column, function, slot, name, struct, field, macro FROM sites "
            "WHERE file = ? AND line = ? AND tree = ? ORDER BY column, slot"
        )
        return self._db.execute(query, [file, line, self._tree_id]).fetchall()

    def hidden_calls(self, *, function: str | None = None, callee: str | None = None) -> list[tuple[Any, ...]]:
        """Functions handed to macros that call them: rows (function, callee, file, line, macro, evidence, through)."""
        column, value = ("function", function) if function else ("callee", callee)
        query = (
            "SELECT function, callee, file, line, macro, evidence, through FROM hidden_calls "
            f"WHERE {column} = ? AND tree = ? ORDER BY file, line"
        )
        return self._db.execute(query, [value, self._tree_id]).fetchall()

    def block_owners(self) -> list[tuple[str, str]]:
        """(function that a macro makes, name under which the calls of its body are kept): see graph/made.py."""
        query = "SELECT function, callee FROM hidden_calls WHERE through = 'body' AND tree = ?"
        return self._db.execute(query, [self._tree_id]).fetchall()

    def named_calls(self, path: str) -> list[tuple[int, int, int, int]]:
        """The call sites by name in a file: (symbol, line, column, scope's symbol or 0), in order."""
        from xref.index.packing import unpack_calls

        row = self._db.execute("SELECT data FROM calls WHERE blob = ?", [self._blob(path)]).fetchone()
        return unpack_calls(row[0]) if row else []

    def call_columns(self) -> npt.NDArray[np.int64]:
        """Every call by name of the tree, as three rows: its file's place in `files()`, its symbol, its scope's."""
        import numpy as np

        from xref.index.packing import call_columns

        place = {path: number for number, path in enumerate(self._all_paths)}
        query = "SELECT path, data FROM files JOIN calls ON calls.blob = files.blob WHERE tree = ?"
        parts = []
        for path, data in self._db.execute(query, [self._tree_id]):
            columns = call_columns(data)
            parts.append(np.stack([np.full(columns.shape[1], place[path]), columns[0], columns[3]]))
        return np.concatenate(parts, axis=1) if parts else np.empty((3, 0), np.int64)

    def bodies(self) -> Iterator[tuple[str, int, str, bool]]:
        """Every function of the tree, and every label of its assembly: (name, symbol, file, is it static)."""
        function, label = (DEFINITION_KINDS.index(kind) for kind in ("function", "label"))
        rows = self._db.execute(
            "SELECT symbol, blob, static & 1, kind FROM definitions WHERE kind IN (?, ?) AND static < 2",
            [function, label],
        ).fetchall()
        query = "SELECT id, name FROM symbols WHERE id IN (SELECT symbol FROM definitions WHERE kind IN (?, ?))"
        names = dict(self._db.execute(query, [function, label]))
        paths = self._paths
        for symbol, blob, static, kind in rows:
            for path in paths.get(blob, ()):
                if kind == function or path.endswith(".S"):
                    yield names[symbol], symbol, path, bool(static)

    def callers_of(self, name: str) -> Iterator[tuple[str, str, int]]:
        """(file, scope's name, line) of each mention of a name that calls it, or that can as a macro."""
        symbol = self.symbol(name)
        for uses in self._uses(symbol) if symbol is not None else ():
            kept = ((uses.kind == _CALL) | (uses.kind == _READ)) & (uses.scope > 0)
            rows = (uses.blob[kept].tolist(), uses.line[kept].tolist(), uses.scope[kept].tolist())
            for blob, line, scope in zip(*rows, strict=True):
                for path in self._paths.get(blob, ()):
                    yield path, self.name_of(scope), line

    def pointer_calls(self, path: str) -> list[Call]:
        """The calls through pointers in a file."""
        blob = self._blob(path)
        if blob is None:
            return []
        query = (
            "SELECT line, column, c.name, f.name, expression FROM pointer_calls "
            "LEFT JOIN symbols f ON f.id = field LEFT JOIN symbols c ON c.id = scope WHERE blob = ?"
        )
        return [
            Call(path, line, column, caller, expression, "indirect", None, field)
            for line, column, caller, field, expression in self._db.execute(query, [blob])
        ]

    def stores(self) -> list[tuple[Any, ...]]:
        """Every function that gets into a member: rows (slot, source, file, line, column, how, instance, macro)."""
        query = (
            "SELECT slot, source, file, line, column, how, instance, macro FROM flows "
            "WHERE direct AND slot >= 'F:' AND slot < 'F;' AND tree = ? ORDER BY file, line, column"
        )
        return self._db.execute(query, [self._tree_id]).fetchall()

    def symbol_names(self) -> dict[int, str]:
        """Every name by its number."""
        return dict(self._db.execute("SELECT id, name FROM symbols"))

    def symbol_kinds(self) -> Iterator[tuple[int, int]]:
        """(symbol, definition kind) of everything that this tree defines."""
        paths = self._paths
        for symbol, kind, blob in self._db.execute("SELECT symbol, kind, blob FROM definitions"):
            if blob in paths:
                yield symbol, kind

    def occurrence_blocks(self) -> Iterator[tuple[int, bytes]]:
        """Every packed block: (lowest symbol, data)."""
        yield from self._db.execute("SELECT first, data FROM occurrences ORDER BY segment, first")

    def blob_paths(self) -> dict[int, tuple[str, ...]]:
        """The paths at which each content of the tree stands, in the order of the first."""
        return self._paths
