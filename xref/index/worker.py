"""What the worker processes do: read files, learn from their macros, parse them, pack the result.

A worker keeps its parser and vocabulary from chunk to chunk; what it returns depends on the chunk alone.
Uses `source`, `parse` and the packing modules of this room; knows no database.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

import numpy as np
import zstandard

from xref.index import trigrams
from xref.parse.asm import parse_asm
from xref.parse.facts import Problem
from xref.parse.lessons import Lessons
from xref.parse.lessons import Taught
from xref.parse.listed import taught_by
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

#: C files parsed together: numpy's cost is by the call, and most files are small
_BATCH_BYTES = 400_000


class Job(NamedTuple):
    """A file to read: its number in the run, its path, kind and place."""

    number: int
    path: str
    kind: str
    os_path: bytes
    #: bytes
    size: int
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


@dataclass(slots=True)
class ChunkResult:
    """Several files' facts: tables as in parse.packed, with places in `blobs` for files.

    Words are places in `words`, conditions in `conditions`.
    """

    blobs: list[BlobResult] = field(default_factory=list)
    words: list[bytes] = field(default_factory=list)
    facts: Packed = field(default_factory=Packed)
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
    """What the macros of these C files teach.

    A file that cannot be read teaches nothing, nor does one at which we fail: reading it will say so.
    """
    taught = []
    for job in jobs:
        with contextlib.suppress(Exception):
            taught.append((job.path, taught_by(job.path, read_file(job.os_path))))
    return taught


def read_chunk(jobs: list[Job]) -> ChunkResult:
    """Read and parse these files."""
    global _reader
    if _reader is None or len(_reader.vocabulary.words) > _MOST_WORDS:
        _reader = CReader(_lessons)
    result = ChunkResult()
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    batch: list[tuple[int, str, bytes]] = []
    conditions = {"": 0}
    shard: list[bytes] = []
    first = 0
    for job in jobs:
        try:
            data = read_file(job.os_path)
        except SourceError as error:
            result.failed.append((job.path, str(error)))
            continue
        number = len(result.blobs)
        kind = "binary" if job.kind != "c" and looks_binary(data) else job.kind
        result.blobs.append(_blob(job, kind, data, compressor))
        problem = _unparsed(job, kind, data)
        if problem:
            result.facts.problems.append((number, Problem(1, problem)))
        elif kind == "c":
            batch.append((number, job.path, data))
        elif kind == "asm":
            try:
                result.facts.take(pack(parse_asm(data), _reader.vocabulary), number, conditions)
            except Exception as error:
                result.facts.problems.append((number, _fault(error)))
        if kind != "binary":
            shard.append(data)
        if sum(map(len, shard)) >= trigrams.SHARD:
            result.shards.append((first, number, trigrams.bitmap(shard)))
            shard, first = [], number + 1
    if first < len(result.blobs):
        result.shards.append((first, len(result.blobs) - 1, trigrams.bitmap(shard)))
    for part in _batches(batch):
        _read_batch(_reader, part, result, conditions)
    _number_words(result, _reader)
    return result


def _unparsed(job: Job, kind: str, data: bytes) -> str | None:
    """Why a file is not parsed although it is source, or None."""
    if kind not in ("c", "asm"):
        return None
    if not job.parse:
        return "parsing it took too long or too much memory; its text can be searched"
    if len(data) > MAX_PARSED_BYTES:
        limit = MAX_PARSED_BYTES >> 20
        return f"{len(data):,} bytes are over the limit of {limit} MB for parsing; its text can be searched"
    return None


def _batches(files: list[tuple[int, str, bytes]]) -> Iterator[list[tuple[int, str, bytes]]]:
    """Files to parse together."""
    batch: list[tuple[int, str, bytes]] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file[2])
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read_batch(
    reader: CReader, batch: list[tuple[int, str, bytes]], result: ChunkResult, conditions: dict[str, int]
) -> None:
    """Parse some files together.

    A fault of ours costs one file's facts, said where problems are listed, not the run.
    """
    try:
        packed = reader.read([data for _, _, data in batch], [path for _, path, _ in batch])
    except Exception as error:
        if len(batch) > 1:
            for file in batch:
                _read_batch(reader, [file], result, conditions)
            return
        result.facts.problems.append((batch[0][0], _fault(error)))
        return
    result.facts.take(packed, np.array([number for number, _, _ in batch], np.int32), conditions)


def _fault(error: Exception) -> Problem:
    return Problem(1, f"the parser failed on it ({type(error).__name__}: {error}); please report this")


def _blob(job: Job, kind: str, data: bytes, compressor: zstandard.ZstdCompressor) -> BlobResult:
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    text = b"" if kind == "binary" else compressor.compress(data)
    return BlobResult(job.number, content_hash(data), kind, len(data), lines, text)


def _number_words(result: ChunkResult, reader: CReader) -> None:
    """Number the words within the chunk: the worker's own numbers mean nothing outside.

    Puts the references in the order of the files, on which packing relies.
    """
    facts = result.facts
    facts.references = facts.references[np.argsort(facts.references[:, 0], kind="stable")]
    columns = [facts.definitions[:, 1], facts.definitions[:, 9], facts.references[:, 1], facts.references[:, 5],
               facts.pointer_calls[:, 3], facts.pointer_calls[:, 4]]  # fmt: skip
    used = np.unique(np.concatenate(columns))
    used = used[used >= 0]
    for column in columns:
        known = column >= 0
        column[known] = used.searchsorted(column[known])
    result.words = [reader.vocabulary.words[number] for number in used.tolist()]
