"""What a name is: the names of a tree, their definitions with the likeliest first, the comments that explain them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from typing import NamedTuple

from xref.graph.linkage import Standing
from xref.graph.linkage import arch_of
from xref.index.comments import comment_above
from xref.index.comments import comment_behind
from xref.index.inclusion import Inclusion
from xref.index.records import Definition
from xref.parse.facts import DEFINITION_KINDS
from xref.source.text import decode

_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)

#: definitions that only declare
_WEAK = frozenset(("prototype",))
_DECLARING = (DEFINITION_KINDS.index("prototype"), DEFINITION_KINDS.index("label"))
_MEMBER = DEFINITION_KINDS.index("member")


class Ranked(NamedTuple):
    """A definition among those of its name; the least is the likeliest.  blob and row are the index's own."""

    standing: Standing
    name: str
    file: str
    kind: str
    blob: int
    row: tuple[Any, ...]


class Definitions(Inclusion):
    """What the names of a tree are."""

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


def _signature(text: bytes, head: int, tail: int) -> str:
    """A declaration's text on one line, without comments and directives."""
    raw = decode(text[head:tail])
    if "/" in raw:
        raw = _COMMENT.sub(" ", raw)
    if "#" in raw:
        raw = _DIRECTIVE.sub(" ", raw)
    return _SPACE.sub(" ", raw.replace("\\\n", " ")).strip().removesuffix("=").rstrip()
