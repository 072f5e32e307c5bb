"""The adjacency of a tree, kept between commands: it takes seconds to gather and a tenth of one to read back.

It is in the user's cache directory, one file for each state of an index, and is only ever a copy: whoever deletes it,
or has no room for it, waits for it to be gathered.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs

from xref.graph.adjacency import Adjacency
from xref.graph.adjacency import Edges
from xref.index.query import Index

#: as many states are kept, those used last
_MOST = 6
_ENDING = ".adjacency.npz"


def kept_adjacency(index: Index, gather: Callable[[], Adjacency]) -> Adjacency:
    """The adjacency of the tree as `index` sees it: read back if it is kept, else gathered and kept."""
    place = _directory() / (_key(index) + _ENDING)
    found = _read(place)
    if found is None:
        found = gather()
        _write(place, found)
    return found


def _directory() -> Path:
    return platformdirs.user_cache_path("xref")


def _key(index: Index) -> str:
    """Names the file that is the index, the tree and architecture in it, and the program that reads it."""
    told = (*index.state, *_program())
    return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()


@cache
def _program() -> tuple[tuple[str, int, int], ...]:
    """The modules that have a say in what is gathered: name, size, time of change."""
    own = Path(__file__).parent
    files = sorted([*own.glob("*.py"), *own.glob("*.json"), *(own.parent / "index").glob("*.py")])
    return tuple((file.name, (status := file.stat()).st_size, status.st_mtime_ns) for file in files)


def _read(place: Path) -> Adjacency | None:
    """What is kept there; None for nothing, or nothing that can be read."""
    try:
        with place.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            nodes = arrays["nodes"].tobytes().decode("utf-8", "surrogateescape").split("\n")
            edges = Edges(arrays["caller"].astype(np.int64), arrays["callee"].astype(np.int64), arrays["deferred"])
        os.utime(place)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return Adjacency(nodes, edges)


def _write(place: Path, adjacency: Adjacency) -> None:
    """Keep it, where that can be; never half of it."""
    nodes = np.frombuffer("\n".join(adjacency.nodes).encode("utf-8", "surrogateescape"), np.uint8)
    caller, callee = (each.astype(np.int32) for each in (adjacency.edges.caller, adjacency.edges.callee))
    with contextlib.suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, suffix=".draft", delete=False) as file:
            draft = Path(file.name)
            try:
                np.savez(file, nodes=nodes, caller=caller, callee=callee, deferred=adjacency.edges.deferred)
                file.close()
                draft.replace(place)
            except BaseException:
                draft.unlink()
                raise
        _forget_oldest(place.parent)


def _forget_oldest(directory: Path) -> None:
    places = sorted(directory.glob("*" + _ENDING), key=lambda each: each.stat().st_mtime_ns, reverse=True)
    for place in places[_MOST:]:
        place.unlink(missing_ok=True)
