"""What is kept of a tree between commands: the same as what is gathered, and never in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from xref.graph import kept
from xref.graph.adjacency import Adjacency
from xref.graph.callgraph import CallGraph
from xref.graph.kept import kept_adjacency
from xref.index.query import Index


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory of the test's own, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "xref"


def _gathered(file: Path) -> Adjacency:
    """The adjacency of an index, gathered here and now."""
    return CallGraph(Index(file))._gathered()


def _never() -> Adjacency:
    raise AssertionError("gathered again")


def _same(one: Adjacency, other: Adjacency) -> bool:
    return one.nodes == other.nodes and all(map(np.array_equal, one.edges, other.edges))


def test_what_is_read_back_is_what_was_gathered(minikernel_index, cache):
    index = Index(minikernel_index)
    gathered = _gathered(minikernel_index)
    assert kept_adjacency(index, lambda: gathered) is gathered
    assert len(gathered) > 100
    assert _same(kept_adjacency(index, _never), gathered)
    assert [each.name.partition(".")[2] for each in cache.iterdir()] == ["adjacency.npz"]
    assert cache.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_what_cannot_be_read_is_gathered_again(minikernel_index, cache, damage):
    index, gathered = Index(minikernel_index), _gathered(minikernel_index)
    kept_adjacency(index, lambda: gathered)
    [file] = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-40] if damage is None else damage)
    assert kept_adjacency(index, lambda: gathered) is gathered
    assert _same(kept_adjacency(index, _never), gathered)


def test_without_a_place_to_write_all_goes_on(minikernel_index, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    gathered = _gathered(minikernel_index)
    assert kept_adjacency(Index(minikernel_index), lambda: gathered) is gathered


def test_a_full_disk_leaves_nothing_behind(minikernel_index, cache, monkeypatch):
    def full(file, **_):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.np, "savez", full)
    gathered = _gathered(minikernel_index)
    assert kept_adjacency(Index(minikernel_index), lambda: gathered) is gathered
    assert list(cache.iterdir()) == []


def test_another_index_tree_or_architecture_has_its_own(minikernel_index, small_index, cache, tmp_path):
    copy = tmp_path / "copy.db"
    shutil.copy(minikernel_index, copy)
    for file, arch in ((minikernel_index, None), (copy, None), (small_index, None), (small_index, "ppc")):
        index = Index(file, arch=arch)
        kept_adjacency(index, CallGraph(index)._gathered)
    assert len(list(cache.iterdir())) == 4


def test_only_those_used_last_stay(minikernel_index, cache, tmp_path):
    gathered = _gathered(minikernel_index)
    for number in range(kept._MOST + 2):
        copy = tmp_path / f"{number}.db"
        shutil.copy(minikernel_index, copy)
        kept_adjacency(Index(copy), lambda: gathered)
        kept_adjacency(Index(tmp_path / "0.db"), lambda: gathered)
    assert len(list(cache.iterdir())) == kept._MOST
    kept_adjacency(Index(tmp_path / "0.db"), _never)
