"""What the worker processes do: read files, learn from their macros, parse them, pack the result.

A worker keeps its parser and vocabulary from chunk to chunk; what it returns depends on the chunk alone.
Uses `source`, `parse` and the packing modules of this room; knows no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

import numpy as np
import zstandard

from xref.index import trigrams
from xref.index.packing import Ints
from xref.parse.asm import parse_asm
from xref.parse.facts import Include
from xref.parse.facts import Problem
from xref.parse.lessons import Lessons
from xref.parse.lessons import Taught
from xref.parse.lessons import learn
from xref.parse.packed import DEFINITION_COLUMNS
from xref.parse.packed import POINTER_CALL_COLUMNS
from xref.parse.packed import REFERENCE_COLUMNS
from xref.parse.packed import Packed
from xref.parse.packed import pack
from xref.parse.reader import CReader
from xref.source.errors import SourceError
from xref.source.text import content_hash
from xref.source.text import looks_binary
from xref.source.text import read_file

#: a C file larger than this is text only: parsing it would take gigabytes
MAX_PARSED_BYTES = 32 * 1024 * 1024

#: a worker's vocabulary is forgotten when it has this many words, so that memory stays bounded
_MOST_WORDS = 600_000

_LEVEL = 6


class Job(NamedTuple):
    """A file to read: its number in the run, its path, kind and place."""

    number: int
    path: str
    kind: str
    os_path: bytes
    #: parse it (else only its text is kept, because parsing it has failed before)
    parse: bool = True


@dataclass(slots=True)
class BlobResult:
    """One file's content and what is stored with it."""

    number: int
    hash: bytes
    kind: str
    size: int
    lines: int
    text: bytes
    scopes: bytes
    conditions: bytes
    includes: list[Include]
    problems: list[Problem]
    #: the expressions of `ChunkResult.pointer_calls`, in their order
    expressions: list[str]


@dataclass(slots=True)
class ChunkResult:
    """Several files' facts: columns as in parse.packed, with the blob's place in `blobs` put first.

    Words are places in `words`.
    """

    blobs: list[BlobResult] = field(default_factory=list)
    words: list[bytes] = field(default_factory=list)
    definitions: Ints = field(default_factory=lambda: np.zeros((0, len(DEFINITION_COLUMNS) + 1), np.int32))
    references: Ints = field(default_factory=lambda: np.zeros((0, len(REFERENCE_COLUMNS) + 1), np.int32))
    pointer_calls: Ints = field(default_factory=lambda: np.zeros((0, len(POINTER_CALL_COLUMNS) + 1), np.int32))
    #: (first blob, last blob, bitmap) of each shard
    shards: list[tuple[int, int, bytes]] = field(default_factory=list)
    #: files that could not be read: (path, reason)
    failed: list[tuple[str, str]] = field(default_factory=list)


_reader: CReader | None = None
_lessons = Lessons()


def start(lessons: Lessons) -> None:
    """Set a worker process up."""
    global _reader, _lessons
    _lessons = lessons
    _reader = CReader(lessons)


def learn_chunk(jobs: list[Job]) -> list[tuple[str, Taught]]:
    """What the macros of these C files teach; a file that cannot be read teaches nothing."""
    taught = []
    for job in jobs:
        try:
            taught.append((job.path, learn(read_file(job.os_path))))
        except SourceError:
            continue
    return taught


def read_chunk(jobs: list[Job]) -> ChunkResult:
    """Read and parse these files."""
    global _reader
    if _reader is None or len(_reader.vocabulary.words) > _MOST_WORDS:
        _reader = CReader(_lessons)
    result = ChunkResult()
    packs: list[Packed] = []
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    shard: list[bytes] = []
    first = 0
    for job in jobs:
        try:
            data = read_file(job.os_path)
        except SourceError as error:
            result.failed.append((job.path, str(error)))
            continue
        kind = "binary" if job.kind != "c" and looks_binary(data) else job.kind
        packed = _facts(_reader, job, kind, data)
        packs.append(packed)
        result.blobs.append(_blob(_reader, job, kind, data, packed, compressor))
        if kind != "binary":
            shard.append(data)
        if sum(map(len, shard)) >= trigrams.SHARD:
            result.shards.append((first, len(packs) - 1, trigrams.bitmap(shard)))
            shard, first = [], len(packs)
    if first < len(packs):
        result.shards.append((first, len(packs) - 1, trigrams.bitmap(shard)))
    _combine(result, packs, _reader)
    return result


def _facts(reader: CReader, job: Job, kind: str, data: bytes) -> Packed:
    if not job.parse:
        reason = "parsing it took too long or too much memory; its text can be searched"
        return Packed(problems=[Problem(1, reason)])
    if kind == "c":
        if len(data) > MAX_PARSED_BYTES:
            limit = MAX_PARSED_BYTES >> 20
            reason = f"{len(data):,} bytes are over the limit of {limit} MB for parsing; its text can be searched"
            return Packed(problems=[Problem(1, reason)])
        return _parsed(reader, job, data)
    if kind == "asm" and len(data) <= MAX_PARSED_BYTES:
        return pack(parse_asm(data), reader.vocabulary)
    return Packed()


def _parsed(reader: CReader, job: Job, data: bytes) -> Packed:
    """A C file's facts.  A fault of ours costs one file's facts, said where problems are listed, not the run."""
    try:
        return reader.read(data, job.path)
    except Exception as error:
        return Packed(problems=[Problem(1, f"the parser failed on it ({type(error).__name__}: {error}); please report this")])


def _blob(
    reader: CReader, job: Job, kind: str, data: bytes, packed: Packed, compressor: zstandard.ZstdCompressor
) -> BlobResult:
    words = reader.vocabulary.words
    expressions = []
    for first, last in packed.pointer_calls[:, 4:6].tolist():
        text = words[last] if first < 0 else b" ".join(data[first:last].split())
        expressions.append(text[:400].decode("latin-1"))
    scopes = b"\n".join(words[number] for number in packed.scopes)
    conditions = "\0".join(packed.conditions).encode("utf-8", "surrogateescape")
    return BlobResult(
        job.number,
        content_hash(data),
        kind,
        len(data),
        data.count(b"\n") + (not data.endswith(b"\n") and bool(data)),
        b"" if kind == "binary" else compressor.compress(data),
        compressor.compress(scopes) if scopes else b"",
        compressor.compress(conditions) if conditions else b"",
        packed.includes,
        packed.problems,
        expressions,
    )


def _combine(result: ChunkResult, packs: list[Packed], reader: CReader) -> None:
    """One table of each sort out of the files' tables, with words numbered within the chunk."""
    tables = {}
    for name in ("definitions", "references", "pointer_calls"):
        parts = [getattr(packed, name) for packed in packs]
        place = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
        if len(place):
            tables[name] = np.column_stack([place, np.concatenate(parts)])
        else:
            tables[name] = getattr(result, name)
    definitions, references, calls = tables["definitions"], tables["references"], tables["pointer_calls"]
    columns = [definitions[:, 1], definitions[:, 9], references[:, 1], calls[:, 4]]
    used = np.unique(np.concatenate(columns))
    used = used[used >= 0]
    for column in columns:
        known = column >= 0
        column[known] = np.searchsorted(used, column[known])
    result.words = [reader.vocabulary.words[number] for number in used.tolist()]
    result.definitions, result.references, result.pointer_calls = definitions, references, calls
