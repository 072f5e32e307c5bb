"""docs/schema.md says what the schema is, and its queries run."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from xref.index.schema import metadata

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / "docs" / "schema.md"
_QUERIES = re.findall(r"^```sql\n(.*?)^```$", _PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_tables_are_current() -> None:
    """Who changes the schema is told to run scripts/schema."""
    done = subprocess.run([sys.executable, _ROOT / "scripts" / "schema", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_table_and_column_is_explained() -> None:
    """A row means nothing to a reader whose columns have no comment; a few names say it all."""
    bare = [f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns
            if not column.comment and not column.primary_key and not column.foreign_keys]  # fmt: skip
    assert not [table.name for table in metadata.tables.values() if not table.comment]
    assert set(bare) <= {"blobs.lines", "symbols.name", "problems.line", "problems.reason", "skipped.reason"}


def test_there_are_queries() -> None:
    """The pattern that finds them still does."""
    assert len(_QUERIES) > 5


@pytest.mark.parametrize("query", _QUERIES)
def test_a_query_finds_something(query: str, small_index: Path, minikernel_index: Path) -> None:
    """Each runs as it stands, and on one of two small trees it has an answer."""
    found = 0
    for index in (small_index, minikernel_index):
        with contextlib.closing(sqlite3.connect(f"{index.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            found += len(db.execute(query).fetchall())
    assert found
