"""Reading an index: class `Index` is every read that anyone makes.

The command line, the site and the graph ask the same object, so that they cannot disagree.  Opened read-only
on a file that is only ever replaced, never changed: several readers never wait for each other or for a writer.
The reads go by the driver: importing SQLAlchemy alone would take most of the time that `xref def` may take.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from xref.graph.includes import IncludeGraph
from xref.graph.includes import IncludeResolver
from xref.graph.linkage import Named
from xref.graph.linkage import Standing
from xref.graph.linkage import arch_of
from xref.graph.linkage import include_candidates
from xref.graph.linkage import is_macro_call
from xref.index.comments import comment_above
from xref.index.comments import comment_behind
from xref.index.files import PROBLEM_FILES
from xref.index.graph_rows import GraphRows
from xref.index.memory import Memory
from xref.index.reading import State
from xref.index.records import Call
from xref.index.records import Definition
from xref.index.records import Entry
from xref.index.records import Include
from xref.index.records import Match
from xref.index.records import Problem
from xref.index.records import Reference
from xref.index.records import TreeInfo
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS
from xref.source.text import decode

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from xref.index.file_names import FileNames
    from xref.index.text import Found
    from xref.index.usage import Usage

_CALL = REFERENCE_KINDS.index("call")
_READ = REFERENCE_KINDS.index("read")
_MOST_GRAPHS = 8
_LONGEST_LINE = 2000
#: include closures by index file, tree and architecture: they are shared by all who read it
_GRAPHS: dict[State, IncludeGraph] = {}
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
_WORD = re.compile(rb"[A-Za-z_]\w*")

#: definitions that only declare
_WEAK = frozenset(("prototype",))
_DECLARING = (DEFINITION_KINDS.index("prototype"), DEFINITION_KINDS.index("label"))
_MEMBER = DEFINITION_KINDS.index("member")


class Index(GraphRows):
    """An index, opened for reading, with one of its trees chosen.

    `tree` is a tree's name, else the one indexed last; `arch` the architecture to prefer.  Raises
    IndexFileError for a file that is no index, or that has no such tree.
    """

    def __init__(self, path: Path, tree: str | None = None, arch: str | None = None) -> None:
        super().__init__(path, tree, arch)
        # a server asks for a whole tree in time
        self._link_cache: Memory[int, _Links] = Memory(20_000)
        self._call_kinds: Memory[tuple[int, str], str] = Memory(100_000)
        self._listings: Memory[str, list[Entry]] = Memory(200)

    # -- trees and files ------------------------------------------------------------------------------

    def trees(self) -> list[str]:
        """The names of all trees, the one indexed last first."""
        return [row[0] for row in self._db.execute("SELECT name FROM trees ORDER BY id DESC")]

    def trees_with(self, path: str) -> list[str]:
        """The trees of the index that have a file at this path, in the order of `trees`."""
        query = "SELECT name FROM trees JOIN files ON files.tree = trees.id AND path = ? ORDER BY trees.id DESC"
        return [row[0] for row in self._db.execute(query, [path])]

    def trees_defining(self, name: str) -> list[str]:
        """The trees of the index that define a name, in the order of `trees`."""
        query = (
            "SELECT name FROM trees WHERE EXISTS (SELECT 1 FROM definitions "
            "JOIN files ON files.blob = definitions.blob AND files.tree = trees.id WHERE symbol = ?) ORDER BY id DESC"
        )
        return [row[0] for row in self._db.execute(query, [self.symbol(name)])]

    def info(self) -> TreeInfo:
        """What the chosen tree has."""
        db, tree = self._db, self._tree_id
        name, root, arch, when = db.execute(
            "SELECT name, root, arch, indexed FROM trees WHERE id = ?", [tree]
        ).fetchone()
        files, size, lines, parsed = db.execute(
            "SELECT count(*), sum(size), sum(lines), sum(kind IN ('c', 'asm')) "
            "FROM files JOIN blobs ON blobs.id = blob WHERE tree = ?",
            [tree],
        ).fetchone()
        problems = db.execute(PROBLEM_FILES, [tree]).fetchone()[0]
        skipped = db.execute("SELECT count(*) FROM skipped WHERE tree = ?", [tree]).fetchone()[0]
        definitions = db.execute(
            "SELECT count(*) FROM definitions WHERE blob IN (SELECT blob FROM files WHERE tree = ?)", [tree]
        ).fetchone()[0]
        return TreeInfo(
            name, root, arch, when, files, size or 0, lines or 0, parsed or 0, problems, skipped, definitions
        )

    def problems(self) -> list[Problem]:
        """Each place that was not parsed in full, each file that was not read, and each through which function
        pointers were not followed.
        """
        query = (
            "SELECT path, line, reason FROM files JOIN problems ON problems.blob = files.blob "
            "WHERE tree = ? ORDER BY path, number"
        )
        found = [Problem(*row) for row in self._db.execute(query, [self._tree_id])]
        for table, column in (("skipped", "path"), ("unresolved", "reader")):
            query = f"SELECT {column}, reason FROM {table} WHERE tree = ? ORDER BY {column}"
            found += [Problem(path, 0, reason) for path, reason in self._db.execute(query, [self._tree_id])]
        return found

    def has_problems(self, path: str) -> bool:
        """Is there a place in a file that was not parsed in full?"""
        query = "SELECT EXISTS (SELECT 1 FROM problems WHERE blob = ?)"
        return bool(self._db.execute(query, [self._blob(path)]).fetchone()[0])

    def lessons(self) -> bytes:
        """What the tree's macros taught the parser, as stored."""
        query = "SELECT lessons FROM readings JOIN trees ON reading = readings.id WHERE trees.id = ?"
        return bytes(self._db.execute(query, [self._tree_id]).fetchone()[0])

    def files(self, pattern: str = "") -> list[str]:
        """The paths that match: a glob where it has `*`, `?` or `[`, else a part of the path, any case."""
        if not pattern:
            return list(self._all_paths)
        if any(char in pattern for char in "*?["):
            match = re.compile(fnmatch.translate(pattern if "/" in pattern else "*" + pattern)).match
            return [path for path in self._all_paths if match(path)]
        lowered = pattern.lower()
        return [path for path in self._all_paths if lowered in path.lower()]

    def directory(self, path: str) -> list[tuple[str, bool]] | None:
        """What a directory holds: (name, is it a directory), directories first; None where there is none."""
        prefix = path.strip("/")
        prefix = prefix + "/" if prefix else ""
        found: dict[str, bool] = {}
        for each in self._all_paths:
            if each.startswith(prefix):
                name, slash, _ = each[len(prefix) :].partition("/")
                found[name] = bool(slash)
        if not found and prefix:
            return None
        return sorted(found.items(), key=lambda entry: (not entry[1], entry[0]))

    def listing(self, path: str) -> list[Entry] | None:
        """What a directory holds, with sizes, directories first; None where there is none."""
        prefix = path.strip("/")
        prefix = prefix + "/" if prefix else ""
        known_listing = self._listings.get(prefix)
        if known_listing is not None:
            return known_listing
        query = (
            "SELECT path, kind, lines, size FROM files JOIN blobs ON blobs.id = blob "
            "WHERE tree = ? AND path >= ? AND path < ?"
        )
        found: dict[str, Entry] = {}
        for each, kind, lines, size in self._db.execute(query, [self._tree_id, prefix, prefix + "\U0010ffff"]):
            name, below, _ = each[len(prefix) :].partition("/")
            known = found.get(name) or Entry(name, None if below else kind, 0, 0, 0)
            found[name] = Entry(name, known.kind, known.files + 1, known.lines + lines, known.bytes + size)
        if not found and prefix:
            return None
        made = sorted(found.values(), key=lambda entry: (entry.kind is not None, entry.name))
        self._listings[prefix] = made
        return made

    def has(self, path: str) -> bool:
        """Is there a file at this path?"""
        return self._blob(path) is not None

    def file_kind(self, path: str) -> str | None:
        """`c`, `asm`, `text`, …: None where the tree has no such file."""
        row = self._db.execute(
            "SELECT kind FROM files JOIN blobs ON blobs.id = blob WHERE tree = ? AND path = ?", [self._tree_id, path]
        ).fetchone()
        return row[0] if row else None

    # -- names ----------------------------------------------------------------------------------------

    def complete(self, prefix: str, most: int = 20) -> list[str]:
        """Defined names that begin so, for completion and for `did you mean`."""
        upper = prefix + "\U0010ffff"
        query = (
            "SELECT name FROM symbols WHERE name >= ? AND name < ? "
            "AND EXISTS (SELECT 1 FROM definitions JOIN files ON files.blob = definitions.blob AND tree = ? "
            "WHERE symbol = symbols.id) ORDER BY name LIMIT ?"
        )
        return [row[0] for row in self._db.execute(query, [prefix, upper, self._tree_id, most])]

    def near(self, name: str, most: int = 6) -> list[str]:
        """Names that the writer of an unknown name may have meant."""
        import difflib

        low = name.strip()
        pool = {
            each for size in (len(low), 6, 3) for each in self.complete(low[: max(2, min(size, len(low) - 1))], 400)
        }
        close = difflib.get_close_matches(low, sorted(pool), most, 0.6)
        return close or sorted(each for each in pool if each.lower().startswith(low.lower()))[:most]

    def defined(self, names: Iterable[str]) -> set[str]:
        """Those of the names that have a definition in the tree."""
        found: set[str] = set()
        wanted = list(names)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            # one definition is enough: `flags` has thousands
            query = (
                f"SELECT name FROM symbols WHERE name IN ({','.join('?' * len(part))}) AND EXISTS ("
                "SELECT 1 FROM definitions JOIN files ON files.blob = definitions.blob AND tree = ? "
                "WHERE symbol = symbols.id)"
            )
            found.update(row[0] for row in self._db.execute(query, [*part, self._tree_id]))
        return found

    def defined_apart(self, names: Iterable[str]) -> set[str]:
        """Those of the names that different files define: which definition is meant depends on who asks.

        Declarations do not count, and members only beside something that is none: no file tells whose they are.
        """
        found: dict[str, set[str]] = {}
        proper: set[str] = set()
        wanted = list(names)
        paths = self._paths
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            query = (
                "SELECT name, blob, kind FROM symbols JOIN definitions ON symbol = symbols.id "
                f"WHERE name IN ({','.join('?' * len(part))}) AND kind NOT IN (?, ?)"
            )
            for name, blob, kind in self._db.execute(query, [*part, *_DECLARING]):
                found.setdefault(name, set()).update(paths.get(blob, ()))
                if kind != _MEMBER:
                    proper.add(name)
        return {name for name in proper if len(found[name]) > 1}

    def definitions(self, name: str, *, kind: str | None = None) -> list[Definition]:
        """The definitions of a name, the likeliest first."""
        return [self.definition(each) for each in self.ranked(name) if kind is None or each.kind == kind]

    def ranked(self, name: str) -> list[Ranked]:
        """The same without their texts, for who shows a part of many: `definition` makes the record of each."""
        query = (
            "SELECT path, definitions.blob, kind, line, column, end_line, static, head, tail, macro, condition "
            "FROM symbols JOIN definitions ON symbol = symbols.id "
            "JOIN files ON files.blob = definitions.blob AND files.tree = ? WHERE symbols.name = ?"
        )
        found = []
        for path, blob, number, *rest in self._db.execute(query, [self._tree_id, name]).fetchall():
            standing = self._standing(DEFINITION_KINDS[number], path, rest[0], bool(rest[3] & 1))
            found.append(Ranked(standing, name, path, DEFINITION_KINDS[number], blob, tuple(rest)))
        return sorted(found)

    def definition(self, ranked: Ranked) -> Definition:
        """The record of a definition that `ranked` gave."""
        number = DEFINITION_KINDS.index(ranked.kind)
        return self._definition(ranked.name, ranked.file, number, self._text(ranked.blob), *ranked.row)

    def likeliest(self, names: Iterable[str]) -> dict[str, tuple[str, str, int]]:
        """For each of these names that is defined the kind, file and line of the definition that `definitions` puts
        first.  Reads no text, so that it may be asked for many.
        """
        found: dict[str, Standing] = {}
        wanted = list(names)
        paths = self._paths
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            query = (
                "SELECT name, kind, line, static & 1, blob FROM symbols JOIN definitions ON symbol = symbols.id "
                f"WHERE name IN ({','.join('?' * len(part))})"
            )
            for name, kind, line, static, blob in self._db.execute(query, part):
                for path in paths.get(blob, ()):
                    standing = self._standing(DEFINITION_KINDS[kind], path, line, bool(static))
                    if name not in found or standing < found[name]:
                        found[name] = standing
        return {name: (DEFINITION_KINDS[each.kind], each.file, each.line) for name, each in found.items()}

    def _definition(
        self,
        name: str,
        path: str,
        kind: int,
        text: bytes,
        line: int,
        column: int,
        end_line: int,
        static: int,
        head: int,
        tail: int,
        macro: int | None,
        condition: int,
    ) -> Definition:
        made_by = self._name(macro) if macro is not None else None
        return Definition(
            name,
            DEFINITION_KINDS[kind],
            path,
            line,
            end_line,
            bool(static & 1),
            _signature(text, head, tail),
            arch_of(path),
            made_by,
            column,
            self._condition(condition),
        )

    def _condition(self, number: int) -> str | None:
        if not number:
            return None
        row = self._db.execute("SELECT text FROM conditions WHERE id = ?", [number]).fetchone()
        return row[0] if row else None

    def _standing(self, kind: str, file: str, line: int, static: bool) -> Standing:
        """Bodies before declarations; the asked architecture, then none, then others; public before static."""
        return Standing(
            kind in _WEAK,
            arch_of(file) not in (None, self.arch),
            static and file.endswith(".c"),
            DEFINITION_KINDS.index(kind),
            file,
            line,
        )

    def outline(self, path: str) -> list[Definition] | None:
        """What a file defines, in its order; None where there is no such file."""
        blob = self._blob(path)
        if blob is None:
            return None
        text = self._text(blob)
        query = (
            "SELECT name, kind, line, column, end_line, static, head, tail, macro, condition FROM definitions "
            "JOIN symbols ON symbols.id = symbol WHERE blob = ? ORDER BY line, column"
        )
        return [
            self._definition(name, path, kind, text, *rest)
            for name, kind, *rest in self._db.execute(query, [blob]).fetchall()
        ]

    def comment(self, definition: Definition) -> str | None:
        """The words of the comment that documents a definition: above it, or behind it on its line; None for none.

        What a struct, an enum or a parameter list holds has its comment behind it as a rule, what stands at file
        level above it.
        """
        path, line, column = definition.file, definition.line, definition.column
        query = "SELECT head FROM definitions JOIN symbols ON symbols.id = symbol WHERE blob = ? AND line = ? "
        blob = self._blob(path)
        row = self._db.execute(query + "AND column = ? AND name = ?", [blob, line, column, definition.name]).fetchone()
        if blob is None or row is None:
            return None
        data = self._text(blob)
        text = decode(data)
        above, behind = comment_above(text, data.count(b"\n", 0, row[0]) + 1), comment_behind(text, line)
        inner = definition.kind in ("member", "enumerator") or definition.end_line == line
        return (behind or above) if inner else above

    # -- references and calls -------------------------------------------------------------------------

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
                    kind = self.call_kind(symbol, path)
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

    def call_kind(self, symbol: int, path: str) -> str | None:
        """What `name(…)` in a file is: `direct`, `macro`, `indirect` (a variable), None for a cast to a type."""
        links = self._links(symbol)
        if links.plain is None:
            key = (symbol, path)
            kind = self._call_kinds.get(key)
            if kind is None:
                arch = arch_of(path) or self.arch
                macro = is_macro_call(path, arch, links.macros, links.functions, self.reaches)
                kind = self._call_kinds[key] = "macro" if macro else "direct"
            return kind
        return links.plain or None

    def _links(self, symbol: int) -> _Links:
        """The definitions of a name as its callers may mean them."""
        links = self._link_cache.get(symbol)
        if links is None:
            query = "SELECT kind, static, blob FROM definitions WHERE symbol = ? AND static < 2"
            links = _Links([], [], None)
            kinds = set()
            for number, static, blob in self._db.execute(query, [symbol]):
                kind = DEFINITION_KINDS[number]
                for path in self._paths.get(blob, ()):
                    kinds.add(kind)
                    named = Named(path, static == 1, arch_of(path))
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
                    kind = self.call_kind(symbol, d.file)
                    if kind is not None and scope == own:
                        found.append(Call(d.file, line, column, d.name, word, kind))
        query = (
            "SELECT line, column, name, expression FROM pointer_calls LEFT JOIN symbols ON symbols.id = field "
            "WHERE blob = ? AND scope = ? AND line BETWEEN ? AND ?"
        )
        for line, column, field, expression in self._db.execute(query, [blob, own, d.line, d.end_line]):
            found.append(Call(d.file, line, column, d.name, expression, "indirect", None, field))
        return sorted(found, key=lambda c: (c.line, c.column))

    def includes(self, path: str) -> list[Include]:
        """What a file includes, and which files of the tree that can be."""
        blob = self._blob(path)
        rows = self._db.execute("SELECT line, target, system FROM includes WHERE blob = ? ORDER BY line", [blob])
        return [
            Include(path, line, target, bool(system), self.resolve_include(path, target, bool(system)))
            for line, target, system in rows
        ]

    def resolve_include(self, path: str, target: str, system: bool) -> tuple[str, ...]:
        """The files that an `#include` in `path` can mean, the likeliest first."""
        return tuple(
            each for each in include_candidates(path, target, system, self.arch, self._archs) if each in self._path_set
        )

    def reaches(self, path: str, header: str) -> bool:
        """Does a file include a header, directly or through others?

        The closure is that of the chosen architecture; for a file of another one it is judged by place.
        """
        own = arch_of(path)
        if own is None or own == self.arch:
            return self._include_graph.reaches(path, header)
        if header.startswith((f"include/asm-{own}/", f"arch/{own}/", "include/linux/", "include/asm-generic/")):
            return True
        return path.startswith(header.rpartition("/")[0] + "/")

    def used_together(self, header: str, other: str) -> bool:
        """Does some file include both headers?"""
        return self._include_graph.used_together(header, other)

    def is_part(self, path: str) -> bool:
        """Is a file compiled as a part of a `.c` that includes it?"""
        return self._include_graph.is_part(path)

    def is_joined(self, path: str) -> bool:
        """Is a file compiled as one with another `.c`?"""
        return self._include_graph.is_joined(path)

    def same_unit(self, path: str, other: str) -> bool:
        """Are two files compiled as one, because a `.c` includes one or both?"""
        return self._include_graph.same_unit(path, other)

    def set_of(self, paths: Iterable[str]) -> int:
        """A set of files, as `sees` takes it."""
        return self._include_graph.set_of(paths)

    def sees(self, path: str, files: int) -> bool:
        """Is a file one of these, or does it include one of them, directly or through others?

        A file of another architecture than the chosen one may see any of them.
        """
        if arch_of(path) not in (None, self.arch):
            return bool(files)
        return self._include_graph.meets(path, files)

    @cached_property
    def _include_graph(self) -> IncludeGraph:
        key = self.state
        graph = _GRAPHS.get(key)
        if graph is None:
            query = "SELECT path, target, system FROM files JOIN includes ON includes.blob = files.blob WHERE tree = ?"
            edges = self._db.execute(query, [self._tree_id])
            resolver = IncludeResolver(
                self._path_set, self.arch, self._archs, lambda path: decode(self.source(path) or b"")
            )
            graph = IncludeGraph(self._all_paths, edges, resolver, self.arch)
            if len(_GRAPHS) >= _MOST_GRAPHS:
                _GRAPHS.clear()
            _GRAPHS[key] = graph
        return graph

    def archs(self) -> tuple[str, ...]:
        """The architectures that the tree has files of."""
        return self._archs

    @cached_property
    def _archs(self) -> tuple[str, ...]:
        return self.shared(
            "archs", lambda: tuple(sorted({arch for path in self._all_paths if (arch := arch_of(path))}))
        )

    def stores(self) -> list[tuple[Any, ...]]:
        """Every function that gets into a member: rows (slot, source, file, line, column, how, instance, macro)."""
        query = (
            "SELECT slot, source, file, line, column, how, instance, macro FROM flows "
            "WHERE direct AND slot >= 'F:' AND slot < 'F;' AND tree = ? ORDER BY file, line, column"
        )
        return self._db.execute(query, [self._tree_id]).fetchall()

    # -- for export and the graph: whole columns ---------------------------------------------------------

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

    # -- text -----------------------------------------------------------------------------------------

    def search(
        self, pattern: str, *, regex: bool = False, path: str | None = None, most: int | None = None
    ) -> list[Match]:
        """The lines that hold a string or match an expression, by file and line.

        `path` is a glob, or the beginning of a path; `most` stops after so many lines.
        """
        return self.find(pattern, regex=regex, where=within(path) if path else None, most=most).matches

    def find(
        self,
        pattern: str,
        *,
        regex: bool = False,
        where: Callable[[str], bool] | None = None,
        most: int | None = None,
        seconds: float | None = None,
    ) -> Found:
        """The same in the files of which `where` says so; it stops after `most` lines, or when `seconds` are over.

        Raises PatternError.
        """
        from xref.index.text import Found
        from xref.index.text import OutOfTimeError
        from xref.index.text import Searcher

        paths = self._paths
        wanted = paths
        if where is not None:
            wanted = {blob: at for blob, each in paths.items() if (at := tuple(filter(where, each)))}
        found: list[Match] = []
        cut = None
        hits = Searcher(self._db, self.file_state, seconds).search(pattern, regex=regex, wanted=wanted.__contains__)
        try:
            for match in _matches(hits, wanted):
                found.append(match)
                if most is not None and len(found) >= most:
                    cut = "lines"
                    break
        except OutOfTimeError:
            cut = "time"
        found.sort(key=lambda match: (match.file, match.line))
        return Found(found, cut)

    def warm(self) -> None:
        """Read what every search and most other questions look at first, for all who read this state of the file."""
        from xref.index.text import Searcher

        _ = self._paths, self._path_set, self._stands, self._archs, self._file_names
        Searcher(self._db, self.file_state).warm()

    def fuzzy_files(self, letters: str, most: int, *, strewn: bool = True) -> list[str]:
        """The files that a few letters of their paths mean, the likeliest first: see `FileNames.find`."""
        return self._file_names.find(letters, most, strewn=strewn)

    @cached_property
    def _file_names(self) -> FileNames:
        from xref.index.file_names import FileNames

        return self.shared("file names", lambda: FileNames(self._all_paths))


class Ranked(NamedTuple):
    """A definition among those of its name; the least is the likeliest.  blob and row are the index's own."""

    standing: Standing
    name: str
    file: str
    kind: str
    blob: int
    row: tuple[Any, ...]


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


def within(path: str) -> Callable[[str], bool]:
    """Whether a path is wanted: by a glob, or by how it begins."""
    if any(char in path for char in "*?["):
        matches = re.compile(fnmatch.translate(path)).match
        return lambda each: matches(each) is not None
    return lambda each: each.startswith(path)


def _matches(
    hits: Iterable[tuple[int, bytes, Iterable[tuple[int, int, int]]]], paths: Mapping[int, Iterable[str]]
) -> Iterator[Match]:
    """What was found in blobs (see `Searcher.search`), at each path at which a blob stands."""
    for blob, text, lines in hits:
        number, counted = 1, 0
        for line, start, end in lines:
            number += text.count(b"\n", counted, line)
            counted = line
            shown = _shown_line(text, line, start, end)
            for path in paths[blob]:
                yield Match(path, number, start - line + 1, shown)


def _shown_line(text: bytes, line: int, start: int, end: int) -> str:
    """A line as it is shown: of a very long one, what is around the match."""
    if end - line <= _LONGEST_LINE:
        return decode(text[line:end]).rstrip("\r")
    first = max(line, start - _LONGEST_LINE // 4)
    return ("…" if first > line else "") + decode(text[first : first + _LONGEST_LINE]) + "…"


def _signature(text: bytes, head: int, tail: int) -> str:
    """A declaration's text on one line, without comments and directives."""
    raw = decode(text[head:tail])
    if "/" in raw:
        raw = _COMMENT.sub(" ", raw)
    if "#" in raw:
        raw = _DIRECTIVE.sub(" ", raw)
    return _SPACE.sub(" ", raw.replace("\\\n", " ")).strip().removesuffix("=").rstrip()
