"""Writing an index file: beside the old one, then renamed over it.

`Draft` is a copy (or a new file) that only its writer sees; `publish` makes it the index in one step, so that
readers never see half of one and a killed run costs nothing.  Writes go by the driver's own bulk path.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex
from sqlalchemy.schema import CreateTable

from xref.index import files
from xref.index import schema
from xref.index.errors import IndexFileError


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the right to write this index.  Raises IndexFileError where another run has it."""
    lock = path.with_name(path.name + ".lock")
    try:
        file = lock.open("a")
    except OSError as error:
        raise IndexFileError(
            f"cannot write beside {path} ({error.strerror}): choose another place with --index"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise IndexFileError(f"another xref index is writing {path}: wait for it, or use another --index") from None
        # What a killed run left behind is no one's now.
        for leftover in path.parent.glob(path.name + ".draft-*"):
            leftover.unlink(missing_ok=True)
        yield


class Draft:
    """An index file in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.with_name(f"{path.name}.draft-{os.getpid()}")
        self.fresh = not path.exists()
        try:
            self._open()
        except BaseException:
            self.file.unlink(missing_ok=True)
            raise

    def _open(self) -> None:
        if not self.fresh:
            shutil.copyfile(self.path, self.file)
        self.db = sqlite3.connect(self.file, isolation_level=None)
        # The draft is thrown away when anything fails: it needs no journal of its own.
        for pragma in (
            "journal_mode=OFF",
            "synchronous=OFF",
            "locking_mode=EXCLUSIVE",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            self.db.execute(f"PRAGMA {pragma}")
        if self.fresh:
            self._create()
        self.db.execute("BEGIN")

    def _create(self) -> None:
        self.db.execute("PRAGMA page_size=8192")
        self.db.execute(f"PRAGMA application_id={files.APPLICATION_ID}")
        self.db.execute(f"PRAGMA user_version={files.VERSION}")
        dialect = sqlite.dialect()
        for table in schema.metadata.sorted_tables:
            self.db.execute(str(CreateTable(table).compile(dialect=dialect)))

    def create_indexes(self) -> None:
        """Create what look-ups need; after the rows are in, because that is several times faster."""
        dialect = sqlite.dialect()
        for table in schema.metadata.sorted_tables:
            for index in table.indexes:
                self.db.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))

    def settle(self) -> None:
        """Write all so far into the file, so that workers can read it while nothing is written."""
        self.create_indexes()
        self.db.execute("COMMIT")

    def resume(self) -> None:
        """Go on writing after `settle`."""
        self.db.execute("BEGIN")

    def publish(self) -> None:
        """Make the draft the index."""
        self.create_indexes()
        self.db.execute("COMMIT")
        self.db.execute("ANALYZE") if self.fresh else None
        self.db.close()
        descriptor = os.open(self.file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.file.replace(self.path)
        directory = os.open(self.path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def discard(self) -> None:
        """Throw the draft away."""
        self.db.close()
        self.file.unlink(missing_ok=True)
