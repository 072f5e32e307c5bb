"""Is a file an index that this program can read?  Kept apart, so that reading needs no SQLAlchemy."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import NamedTuple

from xref.index.errors import IndexFileError

#: raised whenever an index written by an older program can no longer be read
VERSION = 6

#: how many files of a tree have something that could not be read
PROBLEM_FILES = (
    "SELECT count(*) FROM files WHERE tree = ? AND (blob IN (SELECT blob FROM problems) "
    "OR path IN (SELECT reader FROM unresolved WHERE unresolved.tree = files.tree))"
)

#: what marks an SQLite file as ours (`PRAGMA application_id`): "xref"
APPLICATION_ID = 0x78726566


_AGAIN = "remove it and index the tree again, or name another with --index"


class FileState(NamedTuple):
    """What tells one state of an index file from every other: a new state is a new file under the old name."""

    device: int
    inode: int
    size: int
    mtime_ns: int


def state_of(path: Path) -> FileState:
    """The state of the file that has this name now.  Raises OSError."""
    status = path.stat()
    return FileState(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Rows(list[Any]):
    """What a query found, all of it."""

    def fetchone(self) -> Any:
        """The first row, None where there is none."""
        return self[0] if self else None

    def fetchall(self) -> list[Any]:
        """All rows."""
        return self


class Database:
    """An index file opened for reading.  What SQLite says of a damaged file becomes an IndexFileError.

    `state` is that of the file that is read, whatever has its name by now.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.state = state_of(path)
        while True:
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
            # SQLite opens the file when it is first asked
            self.execute("PRAGMA schema_version")
            before, self.state = self.state, state_of(path)
            if before == self.state:
                return
            # replaced meanwhile: which of the two is open, nobody can say
            self._db.close()

    def execute(self, query: str, values: Sequence[object] = ()) -> Rows:
        """Run a query, and read all it finds."""
        try:
            return Rows(self._db.execute(query, values))
        except sqlite3.Error as error:
            what = "was written by another xref" if str(error).startswith("no such") else "is damaged"
            raise IndexFileError(f"{self._path} {what} ({error}): {_AGAIN}") from None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def check(path: Path) -> None:
    """Raise IndexFileError unless this is an index that this program can read."""
    if path.is_dir():
        raise IndexFileError(f"{path} is a directory, not an index: name a file with --index")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            ours = db.execute("PRAGMA application_id").fetchone()[0]
            version = db.execute("PRAGMA user_version").fetchone()[0]
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            size = db.execute("PRAGMA page_size").fetchone()[0]
            if ours == APPLICATION_ID:
                db.execute("SELECT count(*) FROM trees").fetchone()
    except sqlite3.DatabaseError as error:
        if path.stat().st_size and not path.read_bytes()[:16].startswith(b"SQLite format 3"):
            raise IndexFileError(f"{path} is not an xref index: name another file with --index") from None
        raise IndexFileError(f"{path} cannot be read as an index ({error}): {_AGAIN}") from None
    if ours != APPLICATION_ID:
        raise IndexFileError(f"{path} is not an xref index: name another file with --index")
    if version != VERSION:
        raise IndexFileError(f"{path} has index format {version}, this xref reads {VERSION}: {_AGAIN}")
    if pages * size > path.stat().st_size:
        raise IndexFileError(f"{path} is cut short ({path.stat().st_size:,} of {pages * size:,} bytes): {_AGAIN}")
