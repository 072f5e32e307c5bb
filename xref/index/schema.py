"""The tables of an index, and what a row of each means.

One SQLite file holds several trees.  Facts belong to *blobs*: a blob is a file's content read in a certain
way, so that a file which two trees share is stored once.  The schema uses nothing that PostgreSQL lacks; the
packed columns (`occurrences.data`, `blob.text`, `search_rows.data`) are described where they are coded.
"""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import Integer
from sqlalchemy import LargeBinary
from sqlalchemy import MetaData
from sqlalchemy import Table
from sqlalchemy import Text
from sqlalchemy import UniqueConstraint

metadata = MetaData()

trees = Table(
    "trees",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="what --tree and the URLs call it"),
    Column("root", Text, nullable=False, comment="where it was when it was indexed"),
    Column("arch", Text, comment="the architecture preferred where several define a name"),
    Column("indexed", Text, nullable=False, comment="when, in UTC, ISO 8601"),
    Column("reading", Integer, nullable=False, comment="which lessons its files were read with"),
    comment="One row for each tree in the index; the highest id was indexed last.",
)

readings = Table(
    "readings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lessons", LargeBinary, nullable=False, comment="what the tree's macros taught, zstd over JSON"),
    comment="What the macros of a tree mean to the parser (which are annotations, loops, makers).",
)

blobs = Table(
    "blobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", LargeBinary, nullable=False, comment="BLAKE2b-128 of the content"),
    Column("reading", Integer, nullable=False, comment="0 for what no lesson touches"),
    Column("kind", Text, nullable=False, comment="c asm kconfig makefile linker dts text binary"),
    Column("size", Integer, nullable=False, comment="bytes"),
    Column("lines", Integer, nullable=False),
    Column("text", LargeBinary, nullable=False, comment="the content, zstd; empty for binary files"),
    UniqueConstraint("hash", "reading", "kind"),
    comment="The content of files, once for each content.",
)

files = Table(
    "files",
    metadata,
    Column("tree", ForeignKey("trees.id"), primary_key=True),
    Column("path", Text, primary_key=True, comment="relative to the tree"),
    Column("blob", ForeignKey("blobs.id"), nullable=False),
    sqlite_with_rowid=False,
    comment="Which content stands at which path of which tree.",
)
Index("files_by_blob", files.c.blob)

skipped = Table(
    "skipped",
    metadata,
    Column("tree", ForeignKey("trees.id"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="What was found in a tree and not read, and why.",
)

symbols = Table(
    "symbols",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    comment="Every name that is defined or mentioned.",
)

definitions = Table(
    "definitions",
    metadata,
    Column("symbol", Integer, primary_key=True, comment="symbols.id"),
    Column("blob", Integer, primary_key=True, comment="blobs.id"),
    Column("line", Integer, primary_key=True, comment="of the name, from 1"),
    Column("column", Integer, primary_key=True, comment="of the name, in bytes, from 1"),
    Column("kind", Integer, primary_key=True, comment="place in parse.facts.DEFINITION_KINDS, from 0"),
    Column("end_line", Integer, nullable=False, comment="of the closing brace"),
    Column("static", Integer, nullable=False, comment="1 for internal linkage; 2 more under #if 0"),
    Column("head", Integer, nullable=False, comment="byte where the declaration begins"),
    Column("tail", Integer, nullable=False, comment="byte behind its head, where the signature ends"),
    Column("macro", Integer, comment="symbols.id of the macro that made it, else null"),
    Column("condition", Integer, nullable=False, comment="conditions.id it stands under"),
    sqlite_with_rowid=False,
    comment="Each place that gives a name a meaning.",
)
Index("definitions_by_blob", definitions.c.blob)

conditions = Table(
    "conditions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, comment="as a person would write it; empty for none"),
    comment="Preprocessor conditions under which definitions stand.",
)

occurrences = Table(
    "occurrences",
    metadata,
    Column("segment", Integer, primary_key=True),
    Column("first", Integer, primary_key=True, comment="lowest symbols.id in the block"),
    Column("last", Integer, nullable=False, comment="highest symbols.id in the block"),
    Column("data", LargeBinary, nullable=False, comment="packed: see index/packing.py"),
    sqlite_with_rowid=False,
    comment="References, packed by symbol. A segment is what one run of the indexer added.",
)

pointer_calls = Table(
    "pointer_calls",
    metadata,
    Column("blob", Integer, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("column", Integer, primary_key=True),
    Column("scope", Integer, comment="symbols.id of the caller: a function or macro, else null"),
    Column("field", Integer, comment="symbols.id of the member called through, else null"),
    Column("expression", Text, nullable=False, comment="the callee as written"),
    sqlite_with_rowid=False,
    comment="Calls through pointers.",
)
Index("pointer_calls_by_field", pointer_calls.c.field)

includes = Table(
    "includes",
    metadata,
    Column("blob", Integer, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("target", Text, nullable=False, comment="as written between the quotes or brackets"),
    Column("system", Integer, nullable=False, comment="1 for <…>"),
    sqlite_with_rowid=False,
    comment="#include lines.",
)

problems = Table(
    "problems",
    metadata,
    Column("blob", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="Places the parser could not take in full.",
)

search_shards = Table(
    "search_shards",
    metadata,
    Column("segment", Integer, primary_key=True),
    Column("shard", Integer, primary_key=True, comment="which bit of search_rows it is"),
    Column("first", Integer, nullable=False, comment="lowest blobs.id in the shard"),
    Column("last", Integer, nullable=False, comment="highest blobs.id in the shard"),
    sqlite_with_rowid=False,
    comment="Runs of blobs that full-text search takes or passes over together.",
)

search_rows = Table(
    "search_rows",
    metadata,
    Column("segment", Integer, primary_key=True),
    Column("band", Integer, primary_key=True, comment="number of the hashes this row covers"),
    Column("data", LargeBinary, nullable=False, comment="one bit for each hash and shard, zstd"),
    sqlite_with_rowid=False,
    comment="Which shards have which trigrams and runs of four bytes: see index/trigrams.py.",
)
