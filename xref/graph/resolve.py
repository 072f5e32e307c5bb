"""What is done when all files are in: function pointers are followed through them, file by file.

Workers do it, or for a few files the process itself.  A worker keeps the declarations it has read from chunk to
chunk; what it returns depends on the index alone.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from xref.graph.flow import FileFlow
from xref.graph.flow_reader import flow_of
from xref.graph.interest import Interests
from xref.graph.knowledge import Acting
from xref.graph.knowledge import Knowledge
from xref.graph.types import Types
from xref.index.places import Places
from xref.index.query import Index

if TYPE_CHECKING:
    from xref.index.worker import Job

_LOST = "calls through function pointers are not followed: "
_state: list[Interests] = []


def start(index: str, tree: str, knowledge: Knowledge) -> None:
    """Set a worker process up: which index it reads, which tree of it, and what is known of that."""
    gc.disable()  # there are no cycles to find, and much that it would look through
    _state[:] = [interests(Index(Path(index), tree), knowledge)]


def acting(index: str, tree: str) -> Acting:
    """One half of what is known of a whole tree, in a worker."""
    return Acting.of(Index(Path(index), tree))


def interests(index: Index, knowledge: Knowledge) -> Interests:
    """What reading files of this index takes."""
    return Interests(knowledge, Types(Places(index), knowledge.names))


def resolve_chunk(jobs: list[Job]) -> dict[str, FileFlow]:
    """The flows of some files, by path, in a worker."""
    return {job.path: resolve_file(_state[0], job.path) for job in jobs}


def resolve_file(interests: Interests, path: str) -> FileFlow:
    """The flows of one file.  One at which we fail has none, and says so."""
    try:
        return flow_of(interests, path)
    except Exception as error:  # a fault of ours costs one file's flows, not the run
        return failed(f"a fault of ours ({type(error).__name__}: {error})")


def failed(why: str) -> FileFlow:
    """A file of which nothing is known."""
    return FileFlow([], [], [], _LOST + why)
