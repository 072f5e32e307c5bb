"""Indexing a tree: what is new is read by parallel workers, what is known stays.

`index_tree` is the one entry.  A run that finds nothing changed writes nothing.  Uses `source`, `parse`
through `worker`, and the other modules of this room.
"""

from __future__ import annotations

import ctypes
import datetime
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from multiprocessing import forkserver
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import Protocol
from typing import TypeVar

from pebble import ProcessExpired
from pebble import ProcessPool

from xref.graph import resolve
from xref.graph.flow import FileFlow
from xref.graph.knowledge import Acting
from xref.graph.knowledge import Holding
from xref.graph.knowledge import Knowledge
from xref.index import store
from xref.index import worker
from xref.index.errors import IndexFileError
from xref.index.files import check
from xref.index.hashing import Hashed
from xref.index.hashing import hash_all
from xref.index.known import Known
from xref.index.merge import Merge
from xref.index.query import Index
from xref.index.worker import ChunkResult
from xref.index.worker import Job
from xref.parse.lessons import Lessons
from xref.parse.lessons import Taught
from xref.source.errors import SourceError
from xref.source.walk import Skipped
from xref.source.walk import walk

#: text handed to a worker at once; large enough that the way there and back costs little
_CHUNK_BYTES = 768 * 1024
_CHUNK_FILES = 80
#: what is resolved without starting workers for it
_FEW_FILES, _FEW_BYTES = 8, 300_000
#: from how many C files on it pays to have a worker's help before the resolving begins
_MANY_FILES = 1000
#: what a chunk may take: a base, and more for each megabyte, in seconds
_PATIENCE, _PATIENCE_PER_MB = 60.0, 60.0

if TYPE_CHECKING:
    from xref.index.known import TreeRow

T = TypeVar("T")


class Progress(Protocol):
    """Told how far a phase has come: bytes done, bytes in all, and `hash`, `learn`, `parse`, `write` or `resolve`."""

    def __call__(self, done: int, total: int, phase: str, /) -> None: ...  # noqa: D102


class Report(NamedTuple):
    """What a run did; `resolving` are the seconds for which function pointers were followed."""

    tree: str
    files: int
    read: int
    skipped: int
    problems: int
    changed: bool
    resolving: float = 0.0


def index_tree(
    index: Path,
    root: Path,
    *,
    name: str | None = None,
    arch: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Index a tree, or bring its index up to date.

    `index` is the file, `name` what the tree is called in it (else its directory's name).  Raises SourceError
    for a tree that cannot be read and IndexFileError for an index that cannot be written.
    """
    told: Progress = progress or _silent
    try:
        tree_name = name or root.resolve().name
    except (OSError, RuntimeError):
        raise SourceError(f"{root} is a link that leads nowhere: name a directory") from None
    index = Path(os.path.realpath(index))  # an index behind a link stays where it is
    if not tree_name or "/" in tree_name or tree_name in (".", ".."):
        raise IndexFileError(f"{tree_name!r} cannot name a tree: give another with --name")
    with store.locked(index):
        if index.exists():
            check(index)
        walked = walk(root)
        ours = os.fsencode(index.absolute())
        own = [
            file
            for file in walked.files
            if file.os_path == ours or file.os_path.startswith((ours + b".lock", ours + b".draft-"))
        ]
        for file in own:
            walked.files.remove(file)
        try:
            _start_forkserver()  # it imports what it needs while this process hashes
        except OSError as error:
            raise IndexFileError(_why(error, index)) from error
        known = Known(index) if index.exists() else None
        try:
            hashed, unread = hash_all(walked.files, known.stamps(tree_name) if known else {}, told)
            skipped = walked.skipped + unread
            return _Run(index, root, tree_name, arch, jobs or os.cpu_count() or 1, told).run(hashed, skipped, known)
        finally:
            if known:
                known.close()


def _silent(_done: int, _total: int, _phase: str, /) -> None:
    pass


class _Resolved(NamedTuple):
    """What was found, by the file that was read; the files whose earlier findings are void; whether all are.

    `knowledge` is what the index is to know now, None if that is what it knew before.
    """

    found: dict[str, FileFlow]
    gone: set[str]
    all: bool
    knowledge: Knowledge | None


class _Run:
    """One run of the indexer on one tree."""

    def __init__(self, index: Path, root: Path, name: str, arch: str | None, jobs: int, progress: Progress) -> None:
        self.index, self.root, self.name, self.arch, self.jobs, self.progress = index, root, name, arch, jobs, progress

    def run(self, files: list[Hashed], skipped: list[Skipped], known: Known | None) -> Report:
        """Read what is new, and write the index if anything is."""
        before = known.tree(self.name) if known else None
        if known and before and known.unchanged(before, files, skipped, self.arch):
            return Report(self.name, len(files), 0, len(skipped), known.problems(before.id), False)
        draft = None
        try:
            lessons, reading = self._lessons(files, known)
            blobs = known.reusable([(h.hash, h.file.kind) for h in files], lessons, reading) if known else {}
            wanted: dict[tuple[bytes, str], Hashed] = {}
            for entry in files:
                key = (entry.hash, entry.file.kind)
                if key not in blobs and key not in wanted:
                    wanted[key] = entry
            draft = store.Draft(self.index)
            arch = self.arch or (before.arch if before else None) or _usual_arch(h.file.path for h in files)
            merge = Merge(draft.db, self.name, str(self.root.resolve()), arch, _now())
            merge.begin(lessons, reading)
            self._read(list(wanted.values()), lessons, merge, skipped, blobs)
            merge.finish(files, blobs, skipped, lambda done, total: self.progress(done, total, "write"))
            _give_back()
            began = time.monotonic()
            draft.settle()
            resolved = self._resolve(draft.file, files, known, before)
            draft.resume()
            again = None if resolved.all else set(resolved.found) | resolved.gone
            merge.keep_resolved(again, resolved.knowledge)
            for path, found in resolved.found.items():
                merge.add_resolved(path, found)
            resolving = time.monotonic() - began
            problems = merge.problem_count()
            draft.publish()
        except BaseException as error:
            if draft:
                draft.discard()
            if isinstance(error, (OSError, sqlite3.Error)):
                raise IndexFileError(_why(error, self.index)) from error
            raise
        return Report(self.name, len(files), len(wanted), len(skipped), problems, True, resolving)

    def _lessons(self, files: list[Hashed], known: Known | None) -> tuple[Lessons, int | None]:
        """What the tree's macros teach, and the number under which the index knows these lessons."""
        sources = [h for h in files if h.file.kind == "c"]
        if known:
            same = known.same_lessons(self.name, [(h.file.path, h.hash, h.file.os_path) for h in sources])
            if same is not None:
                return same
        total = sum(h.file.size for h in sources)
        parts: list[tuple[str, Taught]] = []
        done = 0
        jobs = _jobs(sources)
        for chunk, taught in self._parallel(worker.learn_chunk, jobs, worker.start, [Lessons()]):
            parts += taught or []
            done += sum(job.size for job in chunk)
            self.progress(done, total, "learn")
        parts.sort(key=lambda part: part[0])
        return Lessons.gather(parts), None

    def _read(
        self,
        wanted: list[Hashed],
        lessons: Lessons,
        merge: Merge,
        skipped: list[Skipped],
        blobs: dict[tuple[bytes, str], int],
    ) -> None:
        """Have the workers read these files, merge what they find, and note in `blobs` where it is."""
        total = sum(h.file.size for h in wanted)
        done = 0
        for chunk, result in self._parallel(worker.read_chunk, _jobs(wanted), worker.start, [lessons]):
            results = [result] if result else self._one_by_one(chunk, lessons)
            for each in results:
                for number, blob in merge.add(each):
                    blobs[wanted[number].hash, wanted[number].file.kind] = blob
                skipped += [Skipped(path, reason) for path, reason in each.failed]
            done += sum(job.size for job in chunk)
            self.progress(done, total, "parse")

    def _resolve(self, draft: Path, files: list[Hashed], known: Known | None, before: TreeRow | None) -> _Resolved:
        """Where function pointers come from and go to, in the files whose meaning can have changed.

        That is each file that changed, each that includes a header that did, and each that mentions a function that
        has come or gone.
        """
        old = known.contents(before.id) if known and before else {}
        then = known.knowledge(before.id) if known and before and old else None
        now = {h.file.path: h for h in files if h.file.kind == "c"}
        changed = {path for path, h in now.items() if old.get(path) != h.hash}
        gone = {path for path in old if path not in now and path.endswith((".c", ".h"))}
        headers = [path for path in changed | gone if path.endswith(".h")]
        index = Index(draft, self.name)
        other_arch = before is not None and self.arch not in (None, before.arch)
        if then is None or other_arch or any(path not in now or path not in old for path in headers):
            again, everything, knowledge = set(now), True, self._knowledge(index, len(now))
        else:
            everything = False
            if headers:
                knowledge = self._knowledge(index, len(now))
                again = {path for path in now if path in changed or any(index.reaches(path, each) for each in headers)}
            else:
                assert known is not None and before is not None  # noqa: S101  there is something to compare with
                names = known.defined_in(before.id, (changed & old.keys()) | gone)
                names |= {row[0] for path in changed for row in index.places_in(path)}
                knowledge = then.after(index, changed, names)
                again = set(changed)
            for name in then.functions ^ knowledge.functions:
                again |= {reference.file for reference in index.references(name)} & now.keys()
        jobs = _jobs([now[path] for path in sorted(again)])
        if len(jobs) <= _FEW_FILES and sum(job.size for job in jobs) <= _FEW_BYTES:
            here = resolve.interests(index, knowledge)
            found = {job.path: resolve.resolve_file(here, job.path) for job in jobs}
        else:
            found = self._resolved_by_workers(draft, jobs, knowledge)
        index.close()
        return _Resolved(found, gone | again, everything, None if knowledge == then else knowledge)

    def _knowledge(self, index: Index, files: int) -> Knowledge:
        """What is known of the whole tree; of a large one, a worker gathers one half while this process does the other.

        `files` is how many C files it has.
        """
        if self.jobs < 2 or files < _MANY_FILES:
            return Knowledge.of(index)
        pool = ProcessPool(max_workers=1, context=get_context("forkserver"))
        with pool:
            try:
                future = pool.schedule(resolve.acting, args=[str(index.path), self.name])
                holding = Holding.of(index)
                acting = _outcome(future)
            except BaseException:
                pool.stop()  # type: ignore[no-untyped-call]
                raise
        return Knowledge.joined(index, acting or Acting.of(index), holding)

    def _resolved_by_workers(self, draft: Path, jobs: list[Job], knowledge: Knowledge) -> dict[str, FileFlow]:
        total = sum(job.size for job in jobs)
        found: dict[str, FileFlow] = {}
        done = 0
        setup = (resolve.start, [str(draft), self.name, knowledge])
        for chunk, result in self._parallel(resolve.resolve_chunk, jobs, *setup):
            if result is None and len(chunk) > 1:
                for job in chunk:
                    for _, single in self._parallel(resolve.resolve_chunk, [job], *setup):
                        found.update(single or {})
            found.update(result or {})
            for job in chunk:
                if job.path not in found:
                    found[job.path] = resolve.failed("that took too long, or too much memory")
            done += sum(job.size for job in chunk)
            self.progress(done, total, "resolve")
        return found

    def _one_by_one(self, chunk: list[Job], lessons: Lessons) -> Iterator[ChunkResult]:
        """A chunk at which a worker died or hung: find the file, and keep the others."""
        if len(chunk) > 1:
            for job in chunk:
                for _, result in self._parallel(worker.read_chunk, [job], worker.start, [lessons]):
                    yield result or worker.read_chunk([job._replace(parse=False)])
        else:
            yield worker.read_chunk([chunk[0]._replace(parse=False)])

    def _parallel(
        self, work: Callable[[list[Job]], T], jobs: list[Job], setup: Callable[..., None], arguments: list[Any]
    ) -> Iterator[tuple[list[Job], T | None]]:
        """Run `work` on chunks of jobs, in workers that `setup` has set up; None for a chunk whose worker died or
        took too long.
        """
        chunks = list(_chunks(jobs))
        if not chunks:
            return
        pool = ProcessPool(
            max_workers=min(self.jobs, len(chunks)),
            initializer=setup,
            initargs=arguments,
            context=get_context("forkserver"),
        )
        with pool:
            try:
                waiting: list[tuple[list[Job], Future[T]]] = []
                for chunk in chunks:
                    size = sum(job.size for job in chunk)
                    patience = _PATIENCE + _PATIENCE_PER_MB * size / 1e6
                    waiting.append((chunk, pool.schedule(work, args=[chunk], timeout=patience)))
                waiting.reverse()
                while waiting:
                    chunk, future = waiting.pop()
                    yield chunk, _outcome(future)
            except BaseException:
                pool.stop()  # type: ignore[no-untyped-call]
                raise


def _start_forkserver() -> None:
    """Start it with SIGINT blocked: Ctrl-C is for this process, which then stops the workers.

    It imports what the workers run, once for all of them and while this process goes on; what was imported is memory
    that they share.
    """
    forkserver.set_forkserver_preload([worker.__name__, resolve.__name__])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _give_back() -> None:
    """Give freed memory back to the system, which the C library may keep: the workers to come will need it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _outcome(future: Future[T]) -> T | None:
    try:
        return future.result()
    except (FutureTimeout, ProcessExpired, MemoryError):
        return None


def _jobs(files: list[Hashed]) -> list[Job]:
    """These files as the workers take them, numbered by their place in the list."""
    return [Job(number, h.file.path, h.file.kind, h.file.os_path, h.file.size) for number, h in enumerate(files)]


def _chunks(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Neighbours together, so that words and trigrams repeat within a chunk."""
    chunk: list[Job] = []
    size = 0
    for job in jobs:
        chunk.append(job)
        size += job.size
        if size >= _CHUNK_BYTES or len(chunk) >= _CHUNK_FILES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _usual_arch(paths: Iterable[str]) -> str | None:
    """The architecture preferred where nobody says: the PC's, by the name it has in this tree."""
    present = {path.split("/")[1] for path in paths if path.startswith("arch/") and path.count("/") > 1}
    return next((arch for arch in ("i386", "x86") if arch in present), None)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _why(error: BaseException, index: Path) -> str:
    text = str(error)
    if "full" in text or getattr(error, "errno", None) in (28, 122):
        return f"no room left to write {index}: free some space and run again; the old index is untouched"
    return f"cannot write {index} ({text}): the old index is untouched"
