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
    Column("stamp", Integer, comment="size, times and inode in 64 bits: while they are the same, so is the content"),
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

calls = Table(
    "calls",
    metadata,
    Column("blob", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False, comment="packed: see index/packing.py, `pack_calls`"),
    comment="The call sites of a file by name, for those who ask from the caller's side.",
)

flows = Table(
    "flows",
    metadata,
    Column("tree", Integer, nullable=False, comment="trees.id"),
    Column("slot", Text, nullable=False, comment="what receives the function: see graph/flow.py"),
    Column("source", Text, nullable=False, comment="a function, or the slot that it is copied from"),
    Column("direct", Integer, nullable=False, comment="1 where the source is a function"),
    Column("file", Text, nullable=False, comment="where the source's name stands"),
    Column("line", Integer, nullable=False, comment="of the source's name"),
    Column("column", Integer, nullable=False, comment="of the source's name, in bytes, from 1"),
    Column("how", Text, nullable=False, comment="designated gnu positional assigned argument pasted returned"),
    Column("instance", Text, comment="the variable initialised, or the table whose element is stored to"),
    Column("macro", Text, comment="the macro in whose body it happens"),
    Column("function", Text, comment="in whose body it happens, null at file level"),
    Column("through", Text, comment="the line of a macro's body that does it"),
    Column("reader", Text, nullable=False, comment="the file that was read when this was found"),
    comment="Functions' addresses on their way into members, variables and parameters.",
)
Index("flows_by_slot", flows.c.slot)
Index("flows_by_source", flows.c.source)

knowledge = Table(
    "knowledge",
    metadata,
    Column("tree", Integer, primary_key=True, comment="trees.id"),
    Column("data", LargeBinary, nullable=False, comment="the names that matter, zstd over JSON: graph/knowledge.py"),
    comment="What was known of a tree when its function pointers were resolved.",
)

sites = Table(
    "sites",
    metadata,
    Column("tree", Integer, nullable=False, comment="trees.id"),
    Column("file", Text, nullable=False, comment="where the call is, or the macro that hides it"),
    Column("line", Integer, nullable=False, comment="of the callee's name"),
    Column("column", Integer, nullable=False, comment="of the callee's name, in bytes, from 1"),
    Column("function", Text, comment="the caller"),
    Column("slot", Text, nullable=False, comment="what is called through: see graph/flow.py"),
    Column("name", Text, nullable=False, comment="of the member, variable or parameter called"),
    Column("struct", Text, comment="that holds the member, null where it is not known or none"),
    Column("field", Text, comment="the member, null for other slots"),
    Column("macro", Text, comment="the macro that hides the call"),
    Column("reader", Text, nullable=False, comment="the file that was read when this was found"),
    comment="Calls through slots.",
)
Index("sites_by_slot", sites.c.slot)
Index("sites_by_function", sites.c.function)

hidden_calls = Table(
    "hidden_calls",
    metadata,
    Column("tree", Integer, nullable=False, comment="trees.id"),
    Column("function", Text, comment="the caller"),
    Column("callee", Text, nullable=False, comment="the function handed to the macro, or what `through` says"),
    Column("file", Text, nullable=False, comment="where the macro is used"),
    Column("line", Integer, nullable=False, comment="of the macro's use"),
    Column("macro", Text, nullable=False, comment="that calls it"),
    Column("evidence", Text, nullable=False, comment="file:line of the function's name"),
    Column(
        "through",
        Text,
        nullable=False,
        comment="file:line of the call in the macro's body; `pasted`, `made` or `body`: see graph/flow.py, `Hidden`",
    ),
    Column("reader", Text, nullable=False, comment="the file that was read when this was found"),
    comment="Calls that macros hide: of their arguments, of names they paste, and of the functions they make.",
)
Index("hidden_by_function", hidden_calls.c.function)
Index("hidden_by_callee", hidden_calls.c.callee)

unresolved = Table(
    "unresolved",
    metadata,
    Column("tree", Integer, nullable=False, comment="trees.id"),
    Column("reason", Text, nullable=False, comment="why, as people read it"),
    Column("reader", Text, nullable=False, comment="the file"),
    comment="Files through which function pointers could not be followed: their rows of the tables above are missing.",
)
