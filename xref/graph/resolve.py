"""What the worker processes do when all files are in: follow function pointers through them, file by file.

A worker keeps the declarations it has read from chunk to chunk; what it returns depends on the index alone.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from xref.graph.flow import FileFlow
from xref.graph.flow import flow_of
from xref.graph.interest import Interests
from xref.graph.knowledge import Knowledge
from xref.graph.types import Types
from xref.index.places import Places
from xref.index.query import Index

if TYPE_CHECKING:
    from xref.index.worker import Job

_state: list[Interests] = []


def start(index: str, tree: str, knowledge: Knowledge) -> None:
    """Set a worker process up: which index it reads, which tree of it, and what is known of that."""
    gc.disable()  # there are no cycles to find, and much that it would look through
    _state[:] = [Interests(knowledge, Types(Places(Index(Path(index), tree)), knowledge.names))]


def resolve_chunk(jobs: list[Job]) -> dict[str, FileFlow]:
    """The flows of some files, by path.  A file at which we fail has none."""
    interests = _state[0]
    found = {}
    for job in jobs:
        try:
            found[job.path] = flow_of(interests, job.path)
        except Exception:  # a fault of ours costs one file's flows, not the run
            found[job.path] = FileFlow([], [], [])
    return found
