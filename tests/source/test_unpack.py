"""Unpacking: an archive writes nothing outside its directory, and arrives whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xref.source import unpack as unpack_module
from xref.source.errors import SourceError
from xref.source.progress import silent
from xref.source.unpack import unpack

Make = Callable[..., Any]
SYM = tarfile.SYMTYPE
LNK = tarfile.LNKTYPE


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a tree in it and a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    into = tmp_path / "into"
    (into / "linux-1").mkdir(parents=True)
    (into / "linux-1" / "mine").write_text("")
    return into


def refused(data: bytes, place: Path) -> str:
    """What unpacking says; and nothing but the archive has changed on disk."""
    path = place.parent / "archive"
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        unpack(path, place / "linux-1", silent)
    assert sorted(entry.name for entry in place.iterdir()) == ["linux-1"]
    assert [entry.name for entry in (place / "linux-1").iterdir()] == ["mine"]
    assert sorted(entry.name for entry in place.parent.iterdir()) == ["archive", "into", "secret"]
    assert (place.parent / "secret").read_text() == "secret"
    line = str(caught.value)
    assert line.isprintable()
    assert ": " in line
    return line


def unpacked(data: bytes, place: Path) -> Path:
    path = place.parent / "archive"
    path.write_bytes(data)
    unpack(path, place / "linux-2", silent)
    return place / "linux-2"


HOSTILE: dict[str, list[tuple[str, bytes | None, dict[str, Any]]]] = {
    "absolute path": [("/tmp/xref-evil", b"x", {})],  # noqa: S108
    "dot dot": [("linux-1/../../secret", b"x", {})],
    "dot dot at once": [("../secret", b"x", {})],
    "dot dot inside": [("linux-1/a/../b", b"x", {})],
    "absolute link": [("linux-1/l", None, {"type": SYM, "linkname": "/etc/passwd"})],
    "link out": [("linux-1/l", None, {"type": SYM, "linkname": "../../secret"})],
    "link to the top's neighbour": [("linux-1/l", None, {"type": SYM, "linkname": "../linux-2/x"})],
    "link out by a detour": [("linux-1/l", None, {"type": SYM, "linkname": "net/../../../secret"})],
    "link out by a chain": [
        ("linux-1/a/b/up", None, {"type": SYM, "linkname": "../.."}),
        ("linux-1/a/b/out", None, {"type": SYM, "linkname": "up/../../secret"}),
    ],
    "write through a link": [
        ("linux-1/l", None, {"type": SYM, "linkname": "net"}),
        ("linux-1/l/evil", b"x", {}),
    ],
    "write to a link": [
        ("linux-1/l", None, {"type": SYM, "linkname": "net"}),
        ("linux-1/l", b"x", {}),
    ],
    "top is a link": [("linux-1", None, {"type": SYM, "linkname": ".."}), ("linux-1/secret", b"x", {})],
    "hard link out": [("linux-1/l", None, {"type": LNK, "linkname": "../secret"})],
    "hard link absolute": [("linux-1/l", None, {"type": LNK, "linkname": "/etc/passwd"})],
    "hard link to nothing": [("linux-1/l", None, {"type": LNK, "linkname": "linux-1/none"})],
    "hard link to a link": [
        ("linux-1/s", None, {"type": SYM, "linkname": "none"}),
        ("linux-1/l", None, {"type": LNK, "linkname": "linux-1/s"}),
    ],
    "fifo": [("linux-1/f", None, {"type": tarfile.FIFOTYPE})],
    "device": [("linux-1/d", None, {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 8})],
    "block device": [("linux-1/d", None, {"type": tarfile.BLKTYPE})],
    "unknown type": [("linux-1/d", None, {"type": b"Q"})],
    "beside the top": [("linux-1/a", b"x", {}), ("other/a", b"x", {})],
    "no top": [("Makefile", b"x", {})],
    "name with NUL": [("linux-1/a", b"x", {"pax_headers": {"path": "linux-1/a\0b"}})],
    "file as directory": [("linux-1/a", b"x", {}), ("linux-1/a/b", b"x", {})],
    "name too long": [("linux-1/" + "a" * 5000, b"x", {})],
    "time out of range": [("linux-1/a", b"x", {"pax_headers": {"mtime": "1e300"}})],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_whole(kind: str, member: Make, archive: Make, place: Path) -> None:
    members = [member(name, data, **attributes) for name, data, attributes in HOSTILE[kind]]
    good = () if kind in ("no top", "top is a link") else (member("linux-1/good", b"x"),)
    refused(archive(*good, *members), place)


def test_an_entry_that_claims_too_much(member: Make, place: Path) -> None:
    info, _ = member("linux-1/big")
    info.size = unpack_module.MAX_ENTRY_BYTES + 1
    assert "too many" in refused(info.tobuf() + b"\0" * 1024, place)


def test_a_tree_that_grows_too_large(
    member: Make, archive: Make, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack_module, "MAX_TREE_BYTES", 5)
    data = archive(member("linux-1/a", b"abc"), member("linux-1/b", b"abc"))
    assert "larger than any kernel" in refused(data, place)


def test_a_tree_of_too_many_files(
    member: Make, archive: Make, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack_module, "MAX_ENTRIES", 2)
    refused(archive(*(member(f"linux-1/{i}", b"") for i in range(3))), place)


def test_a_header_that_would_fill_the_memory(place: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type = tarfile.XHDTYPE
    info.size = 1 << 40
    assert "forged" in refused(info.tobuf(tarfile.GNU_FORMAT), place)


@pytest.mark.parametrize("form", ["xz", "gz", "bz2", ""])
def test_a_damaged_archive(form: str, kernel: Make, place: Path) -> None:
    data = kernel(form=form)
    assert "damaged" in refused(data[: len(data) // 3], place)
    if form:
        # in the middle of a stored block only the checksum at the very end tells
        assert "damaged" in refused(data[:1500] + b"\xa5" * 200 + data[1700:], place)


def test_an_archive_that_breaks_off_between_two_files(kernel: Make, place: Path) -> None:
    """By itself, tarfile would take each of these for a smaller archive."""
    data = kernel(form="")
    content = len(data.rstrip(b"\0"))
    for end in range(512, content, 512):
        assert "damaged" in refused(data[:end], place)
        if data[end + 257 : end + 262] == b"ustar":
            assert "damaged" in refused(data[:end] + b"\xa5" * 512 + data[end + 512 :], place)


def test_what_follows_the_end_is_bounded(kernel: Make, place: Path) -> None:
    assert "follows" in refused(kernel(form="") + bytes(unpack_module._MAX_PADDING + 1), place)


@pytest.mark.parametrize(
    "data", [b"", b"<html>not found</html>" * 100, b"\0" * 10240], ids=["none", "html", "zeros"]
)
def test_what_is_no_archive(data: bytes, place: Path) -> None:
    refused(data, place)


@pytest.mark.parametrize("form", ["xz", "gz", "bz2", ""])
def test_every_form_unpacks(form: str, kernel: Make, place: Path) -> None:
    assert (unpacked(kernel(form=form), place) / "Makefile").read_bytes() == b"VERSION = 2\n"


def test_names_that_differ_by_case_are_different_files(member: Make, archive: Make, place: Path) -> None:
    """net/ipv4/netfilter/ipt_TOS.c and ipt_tos.c are two modules."""
    tree = unpacked(
        archive(member("linux-2/ipt_TOS.c", b"upper"), member("linux-2/ipt_tos.c", b"lower")), place
    )
    assert (tree / "ipt_TOS.c").read_bytes() == b"upper"
    assert (tree / "ipt_tos.c").read_bytes() == b"lower"


def test_honest_links_arrive(member: Make, archive: Make, place: Path) -> None:
    """The shapes of the links in Linux 6.12, and a hard link."""
    tree = unpacked(
        archive(
            member("linux-2/scripts/syscall.tbl", b"table"),
            member("linux-2/arch/tools/syscall.tbl", None, type=SYM, linkname="../../scripts/syscall.tbl"),
            member("linux-2/Changes", None, type=SYM, linkname="scripts/syscall.tbl"),
            member("linux-2/dangling", None, type=SYM, linkname="none"),
            member("linux-2/hard", None, type=LNK, linkname="linux-2/scripts/syscall.tbl"),
        ),
        place,
    )
    assert (tree / "arch/tools/syscall.tbl").read_text() == "table"
    assert (tree / "Changes").read_text() == "table"
    assert (tree / "hard").read_text() == "table"
    assert (tree / "dangling").is_symlink()


def test_modes_are_plain_and_the_owner_is_us(member: Make, archive: Make, place: Path) -> None:
    tree = unpacked(
        archive(
            member("linux-2/run", b"", mode=0o6777, uid=12345, uname="nobody"),
            member("linux-2/locked/", None, mode=0),
            member("linux-2/locked/read", b"x", mode=0),
        ),
        place,
    )
    assert stat.S_IMODE((tree / "run").stat().st_mode) == 0o755
    assert (tree / "run").stat().st_uid == os.geteuid()
    assert stat.S_IMODE((tree / "locked/read").stat().st_mode) == 0o644


def test_names_that_are_not_utf8_arrive_byte_for_byte(member: Make, archive: Make, place: Path) -> None:
    tree = unpacked(archive(member("linux-2/" + os.fsdecode(b"bad\xff.c"), b"x")), place)
    assert os.listdir(os.fsencode(tree)) == [b"bad\xff.c"]  # noqa: PTH208  bytes


def test_a_full_disk_while_unpacking(kernel: Make, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = kernel()
    monkeypatch.setattr(tarfile, "copyfileobj", full)
    assert "disk full" in refused(data, place)


def test_a_rename_that_fails_puts_the_old_tree_back(
    kernel: Make, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if ".unpacking" in str(self):
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    assert "Input/output error" in refused(kernel(), place)


def test_the_rules_hold_without_pythons_filter(
    member: Make, archive: Make, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian 12 has Python 3.11.2, which has none."""
    monkeypatch.delattr(tarfile, "data_filter")
    refused(archive(member("linux-1/l", None, type=SYM, linkname="../../secret")), place)
    tree = unpacked(archive(member("linux-2/run", b"", mode=0o6777)), place)
    assert stat.S_IMODE((tree / "run").stat().st_mode) == 0o755


def test_a_stray_name_with_an_escape_sequence_does_not_reach_the_terminal(
    member: Make, archive: Make, place: Path
) -> None:
    assert "\\x1b[2J" in refused(archive(member("linux-1/\x1b[2J", None, type=tarfile.FIFOTYPE)), place)


def test_progress_ends_at_the_archives_size(kernel: Make, place: Path) -> None:
    path = place.parent / "archive"
    path.write_bytes(kernel())
    seen: list[tuple[int, int | None]] = []
    unpack(path, place / "linux-2", lambda done, total, phase: seen.append((done, total)))
    assert seen[-1] == (len(kernel()), len(kernel()))
    assert seen == sorted(seen)
