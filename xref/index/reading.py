"""An index file, opened for reading: its texts, its names, and the blocks of occurrences, each asked for by others.

The reads go by the driver: importing SQLAlchemy alone would take most of the time that `xref def` may take.  numpy
is imported only where packed data is opened.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from xref.index.errors import IndexFileError
from xref.index.files import Database
from xref.index.files import FileState
from xref.index.files import check
from xref.index.memory import Memory

if TYPE_CHECKING:
    from xref.index.packing import Unpacked
    from xref.index.packing import Uses

T = TypeVar("T")

#: blocks of occurrences that stay open
_KEPT = 256
#: states of trees of which is kept what all need: those of a few trees, by architecture
_STATES = 8
#: names remembered by their numbers
_NAMES = 100_000


class State(NamedTuple):
    """A tree as one reader sees it: the file, the tree's name, the architecture preferred."""

    file: FileState
    tree: str
    arch: str | None


class _Shared:
    """What all who read the same state of a tree need alike: read once, by the first."""

    def __init__(self) -> None:
        self._values: dict[object, dict[str, Any]] = {}
        self._lock = Lock()

    def get(self, state: object, name: str, make: Callable[[], T]) -> T:
        """A value of a state; two threads may make it at once, and one of them is kept."""
        with self._lock:
            values = self._values.pop(state, {})
            self._values[state] = values
            while len(self._values) > _STATES:
                del self._values[next(iter(self._values))]
        if name not in values:
            values.setdefault(name, make())
        found: T = values[name]
        return found


_shared = _Shared()


class TreeReader:
    """One tree of an index.

    `tree` is a tree's name, else the one indexed last; `arch` the architecture to prefer.  Raises
    IndexFileError for a file that is no index, or that has no such tree.
    """

    def __init__(self, path: Path, tree: str | None = None, arch: str | None = None) -> None:
        if not path.exists():
            raise IndexFileError(
                f"there is no index at {path}: make one with `xref index TREE`, or name one with --index"
            )
        check(path)
        self.path = path
        self._db = Database(path)
        self._db.execute("PRAGMA mmap_size=1073741824")
        self._db.execute("PRAGMA cache_size=-32768")
        names = [row[0] for row in self._db.execute("SELECT name FROM trees ORDER BY id DESC")]
        if not names:
            raise IndexFileError(f"{path} holds no tree: index one with `xref index TREE`")
        if tree is not None and tree not in names:
            raise IndexFileError(f"{path} has no tree {tree!r}: it has {', '.join(names)}")
        self.tree = tree or names[0]
        self._tree_id, stored = self._db.execute("SELECT id, arch FROM trees WHERE name = ?", [self.tree]).fetchone()
        self.arch: str | None = arch or stored
        self._blocks: OrderedDict[tuple[int, int], Unpacked] = OrderedDict()
        self._names: Memory[int, str] = Memory(_NAMES)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @property
    def file_state(self) -> FileState:
        """What tells the file that is read here from every other, and from what may have its name by now."""
        return self._db.state

    @property
    def tree_state(self) -> tuple[FileState, str]:
        """What tells the tree, for all architectures, from every other."""
        return self._db.state, self.tree

    @property
    def state(self) -> State:
        """What tells the tree as it is seen here from every other: what is worked out of it can be shared by this."""
        return State(self._db.state, self.tree, self.arch)

    def shared(self, name: str, make: Callable[[], T]) -> T:
        """What `make` reads, from whoever has read it before of this state of the tree."""
        return _shared.get(self.state, name, make)

    @cached_property
    def _paths(self) -> dict[int, tuple[str, ...]]:
        """The paths at which each blob of the tree stands."""
        return self.shared("paths", self._read_paths)

    def _read_paths(self) -> dict[int, tuple[str, ...]]:
        paths: dict[int, tuple[str, ...]] = {}
        for blob, path in self._db.execute(
            "SELECT blob, path FROM files WHERE tree = ? ORDER BY path", [self._tree_id]
        ):
            paths[blob] = (*paths[blob], path) if blob in paths else (path,)
        return paths

    @cached_property
    def _all_paths(self) -> list[str]:
        return self.shared("all paths", self._read_all_paths)

    def _read_all_paths(self) -> list[str]:
        query = "SELECT path FROM files WHERE tree = ? ORDER BY path"
        return [row[0] for row in self._db.execute(query, [self._tree_id])]

    @cached_property
    def _path_set(self) -> frozenset[str]:
        return self.shared("path set", lambda: frozenset(self._all_paths))

    def source(self, path: str) -> bytes | None:
        """A file's bytes, None where the tree has no such file (or it is binary: b"")."""
        blob = self._blob(path)
        return None if blob is None else self._text(blob)

    def _blob(self, path: str) -> int | None:
        row = self._db.execute("SELECT blob FROM files WHERE tree = ? AND path = ?", [self._tree_id, path]).fetchone()
        return row[0] if row else None

    def _text(self, blob: int) -> bytes:
        import zstandard

        packed = self._db.execute("SELECT text FROM blobs WHERE id = ?", [blob]).fetchone()[0]
        return zstandard.ZstdDecompressor().decompress(packed) if packed else b""

    def symbol(self, name: str) -> int | None:
        """The number of a name."""
        row = self._db.execute("SELECT id FROM symbols WHERE name = ?", [name]).fetchone()
        return row[0] if row else None

    def _name(self, symbol: int) -> str:
        name: str = self._db.execute("SELECT name FROM symbols WHERE id = ?", [symbol]).fetchone()[0]
        return name

    def name_of(self, symbol: int) -> str:
        """The name of a symbol."""
        known = self._names.get(symbol)
        if known is None:
            known = self._names[symbol] = self._name(symbol)
        return known

    def names(self, symbols: Iterable[int]) -> dict[int, str]:
        """The names of these symbols."""
        found: dict[int, str] = {}
        wanted = []
        for symbol in set(symbols):
            known = self._names.get(symbol)
            if known is None:
                wanted.append(symbol)
            else:
                found[symbol] = known
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            query = f"SELECT id, name FROM symbols WHERE id IN ({','.join('?' * len(part))})"
            read = dict(self._db.execute(query, part))
            found |= read
            self._names.update(read)
        return found

    def _uses(self, symbol: int) -> Iterator[Uses]:
        """The occurrences of a symbol, a column block for each segment that has it."""
        from xref.index.packing import Unpacked

        for (segment,) in self._segments:
            row = self._db.execute(
                "SELECT first, last FROM occurrences WHERE segment = ? AND first <= ? ORDER BY first DESC LIMIT 1",
                [segment, symbol],
            ).fetchone()
            if row is None or row[1] < symbol:
                continue
            key = (segment, row[0])
            if key not in self._blocks:
                data = self._db.execute("SELECT data FROM occurrences WHERE segment = ? AND first = ?", key).fetchone()[
                    0
                ]
                self._blocks[key] = Unpacked(row[0], data)
                if len(self._blocks) > _KEPT:
                    self._blocks.popitem(last=False)
            uses = self._blocks[key].uses(symbol)
            if uses is not None:
                yield uses

    @cached_property
    def _segments(self) -> list[tuple[int]]:
        return self._db.execute("SELECT DISTINCT segment FROM occurrences").fetchall()
