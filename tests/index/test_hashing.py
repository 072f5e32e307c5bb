"""Files are not read again to be hashed while their status is as it was; whatever changes one changes that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xref.index import hashing
from xref.index.build import index_tree
from xref.index.hashing import Hashed
from xref.index.hashing import hash_all
from xref.source.text import content_hash
from xref.source.walk import walk

_FILES = {"one.c": "int one;\n", "two.c": "int two;\n", "sub/three.c": "int three;\n"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree whose files are taken to have settled, although they are new."""
    monkeypatch.setattr(hashing, "_TICK_NS", -(10**12))
    root = tmp_path / "tree"
    for path, text in _FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read to be hashed."""
    names: list[str] = []
    really = hashing.read_file

    def noting(path: bytes) -> bytes:
        names.append(Path(os.fsdecode(path)).name)
        return really(path)

    monkeypatch.setattr(hashing, "read_file", noting)
    return names


def _hashed(root: Path, before: list[Hashed] | None = None) -> list[Hashed]:
    known = {each.file.path: (each.stamp, each.hash) for each in before or [] if each.stamp is not None}
    hashed, unread = hash_all(walk(root).files, known, lambda *_: None)
    assert unread == []
    for each in hashed:
        assert each.hash == content_hash((root / each.file.path).read_bytes())
    return hashed


def test_what_is_as_it_was_is_not_read(root, read):
    before = _hashed(root)
    assert sorted(read) == ["one.c", "three.c", "two.c"]
    read.clear()
    assert _hashed(root, before) == before
    assert read == []


def _rewrite(file: Path) -> None:
    file.write_text("int own;\n")


def _replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("int own;\n")
    other.replace(file)


def _append(file: Path) -> None:
    file.write_text(file.read_text() + "int more;\n")


def _swap(file: Path) -> None:
    other = file.with_name("two.c")
    text = other.read_text()
    other.write_text(file.read_text())
    file.write_text(text)


@pytest.mark.parametrize("edit", [_rewrite, _replace, _append, _swap])
def test_an_edit_is_seen_even_if_size_and_time_are_made_the_same(root, read, edit):
    before = _hashed(root)
    times = {path: (root / path).stat() for path in _FILES}
    edit(root / "one.c")
    for path, status in times.items():
        os.utime(root / path, ns=(status.st_atime_ns, status.st_mtime_ns))
    read.clear()
    after = {each.file.path: each.hash for each in _hashed(root, before)}  # it compares with what is on disk
    assert after["one.c"] != {each.file.path: each.hash for each in before}["one.c"]
    assert "one.c" in read


def test_of_a_file_that_changed_just_now_nothing_is_concluded(root, read, monkeypatch):
    monkeypatch.setattr(hashing, "_TICK_NS", 3600 * 10**9)
    before = _hashed(root)
    assert {each.stamp for each in before} == {None}
    read.clear()
    _hashed(root, before)
    assert len(read) == len(_FILES)


def test_a_second_run_reads_nothing_a_third_what_changed(root, read, tmp_path):
    index = tmp_path / "tree.db"
    index_tree(index, root, jobs=1)
    read.clear()
    assert not index_tree(index, root, jobs=1).changed
    assert read == []
    (root / "two.c").write_text("int too;\n")
    assert index_tree(index, root, jobs=1).read == 1
    assert read == ["two.c"]
    read.clear()
    assert not index_tree(index, root, jobs=1).changed
    assert read == []


def test_another_tree_of_the_same_name_is_read(root, read, tmp_path):
    """What stands at the same path elsewhere is another file, whatever its size and time."""
    index = tmp_path / "tree.db"
    index_tree(index, root, jobs=1)
    other = tmp_path / "copy" / "tree"
    for path in _FILES:
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_bytes((root / path).read_bytes().replace(b"int", b"INT"))
        status = (root / path).stat()
        os.utime(other / path, ns=(status.st_atime_ns, status.st_mtime_ns))
    read.clear()
    assert index_tree(index, other, jobs=1).read == 3
    assert len(read) == 3
