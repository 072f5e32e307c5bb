"""Walking: every file of the tree once, nothing outside it, and a reason for whatever is left out."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xref.source import text
from xref.source.errors import SourceError
from xref.source.names import os_name
from xref.source.text import read_file
from xref.source.walk import walk


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty tree, with something beside it."""
    (tmp_path / "outside.c").write_text("int secret;")
    root = tmp_path / "tree"
    root.mkdir()
    return root


def paths(root: Path) -> list[str]:
    return [file.path for file in walk(root).files]


def skipped(root: Path) -> dict[str, str]:
    return dict(walk(root).skipped)


def test_files_come_sorted_with_kind_and_size(tree: Path) -> None:
    for path, content in {"net/ipv4/ip.c": "int a;", "net/Makefile": "", "net-x.h": "ab", "Z": ""}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(content)
    found = walk(tree)
    assert [(file.path, file.kind, file.size) for file in found.files] == [
        ("Z", "text", 0),
        ("net-x.h", "c", 2),
        ("net/Makefile", "makefile", 0),
        ("net/ipv4/ip.c", "c", 6),
    ]
    assert found.skipped == []
    assert found.root == tree
    last = found.files[-1]
    assert read_file(last.os_path) == b"int a;"
    status = (tree / "net/ipv4/ip.c").stat()
    assert (last.mtime_ns, last.changed_ns, last.inode) == (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def test_an_empty_tree(tree: Path) -> None:
    assert walk(tree) == (tree, [], [])


def test_the_root_may_be_a_link_or_relative(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "a.c").write_text("x")
    (tree.parent / "link").symlink_to(tree)
    assert paths(tree.parent / "link") == ["a.c"]
    monkeypatch.chdir(tree)
    found = walk(Path())
    monkeypatch.chdir("/")
    assert read_file(found.files[0].os_path) == b"x"


def test_what_is_no_tree(tree: Path) -> None:
    (tree / "file").write_text("")
    for bad in (tree / "none", tree / "file", tree / "nul\0"):
        with pytest.raises(SourceError, match="give a readable directory") as caught:
            walk(bad)
        assert str(caught.value).isprintable()


def test_links_are_not_followed(tree: Path) -> None:
    (tree / "net").mkdir()
    (tree / "net/ip.c").write_text("x")
    links = {
        "loop": "loop",
        "up": ".",
        "net/parent": "..",
        "out": "../outside.c",
        "out_dir": "..",
        "etc": "/etc/passwd",
        "same.c": "net/ip.c",
        "dir": "net",
        "dead": "none\n",
    }
    for link, target in links.items():
        (tree / link).symlink_to(target)
    (tree.parent / "tree2").mkdir()
    (tree / "sibling").symlink_to("../tree2")
    assert paths(tree) == ["net/ip.c"]
    assert skipped(tree) == {
        "loop": "symbolic link that leads nowhere: loop",
        "up": "symbolic link to the directory .",
        "net/parent": "symbolic link to the directory .",
        "out": "symbolic link out of the tree: ../outside.c",
        "out_dir": "symbolic link out of the tree: ..",
        "etc": "symbolic link out of the tree: /etc/passwd",
        "same.c": "symbolic link to net/ip.c",
        "dir": "symbolic link to the directory net",
        "dead": "symbolic link that leads nowhere: none\\x0a",
        "sibling": "symbolic link out of the tree: ../tree2",
    }


def test_what_is_no_file_is_not_opened(tree: Path) -> None:
    os.mkfifo(tree / "fifo.c")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tree / "socket.c"))
        assert skipped(tree) == {"fifo.c": "a FIFO", "socket.c": "a socket"}
    assert paths(tree) == []


def test_version_control_and_editors_are_left_out_quietly(tree: Path) -> None:
    for name in (".git", ".hg", "CVS", ".idea"):
        (tree / "sub" / name).mkdir(parents=True)
        (tree / "sub" / name / "x.c").write_text("")
    (tree / ".git").write_text("gitdir: elsewhere")
    (tree / ".gitignore").write_text("")
    (tree / "CVS").write_text("a file may have that name")
    assert walk(tree)[1:] == ([*walk(tree).files], [])
    assert paths(tree) == [".gitignore", "CVS"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"bad\xff.c", r"bad\xff.c"),
        (b"new\nline.c", r"new\x0aline.c"),
        (rb"bad\xff.c", r"bad\\xff.c"),
        ("ÿ.c".encode(), "ÿ.c"),
        (b"\x1b[2J.c", r"\x1b[2J.c"),
        ("\u202egnp.c".encode(), r"\xe2\x80\xaegnp.c"),
    ],
)
def test_odd_names_can_be_shown_and_opened(tree: Path, name: bytes, shown: str) -> None:
    directory = tree / os.fsdecode(name)
    directory.mkdir()
    (directory / os.fsdecode(name)).write_bytes(b"content")
    (found,) = walk(tree).files
    assert found.path == f"{shown}/{shown}"
    assert found.kind == "c"
    assert found.path.isprintable()
    assert json.loads(json.dumps(found.path).encode()) == found.path
    assert os_name(found.path) == name + b"/" + name
    assert read_file(found.os_path) == b"content"


def test_a_file_over_the_limit(tree: Path) -> None:
    with (tree / "big.h").open("wb") as file:
        file.truncate(text.MAX_FILE_BYTES + 1)
    assert paths(tree) == []
    assert "over the limit" in skipped(tree)["big.h"]


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, where: str) -> None:
    """Make os.`name` fail for one path, as it would for a user without rights: CI runs as root."""
    real: Callable[..., Any] = getattr(os, name)

    def refusing(path: bytes, *args: Any) -> Any:
        if os.path.basename(path) != where.encode():  # noqa: PTH119
            return real(path, *args)
        if name == "access":
            return False
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, name, refusing)


def test_an_unreadable_directory(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "locked").mkdir()
    (tree / "open").mkdir()
    (tree / "open/a.c").write_text("")
    refuse(monkeypatch, "scandir", "locked")
    assert paths(tree) == ["open/a.c"]
    assert skipped(tree) == {"locked": "directory not readable: Permission denied"}


def test_an_unreadable_file(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "locked.c").write_text("")
    (tree / "locked.c").chmod(0o200)
    refuse(monkeypatch, "access", "locked.c")
    assert paths(tree) == []
    assert skipped(tree) == {"locked.c": "not readable: Permission denied"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_in_truth(tree: Path) -> None:
    (tree / "locked.c").write_text("")
    (tree / "locked.c").chmod(0)
    (tree / "locked").mkdir(mode=0)
    assert set(skipped(tree)) == {"locked.c", "locked"}


def test_a_path_too_deep_for_the_system(tree: Path) -> None:
    here = os.open(tree, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (reason,) = skipped(tree).values()
    assert reason == "directory not readable: File name too long"
