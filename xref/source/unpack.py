"""Unpacking an archive: nothing in it reaches outside the directory, and all of it arrives or none.

Python's own `data` filter is used where there is one (3.11.4 and later), but it has been got round before
(CVE-2025-4517), so the rules here come first and are simpler than its: nothing is ever written through
a link, and a link goes up only at its beginning.  A release of Linux breaks none of them.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO
from typing import cast

from xref.source.errors import SourceError
from xref.source.errors import explained
from xref.source.errors import reason_of
from xref.source.names import one_line
from xref.source.progress import Progress
from xref.source.release import FORMS

#: Linux 6.12 has 86,000 files and 1.5 GB, the largest of them 23 MB
MAX_ENTRIES = 2_000_000
MAX_ENTRY_BYTES = 1024 * 1024 * 1024
MAX_TREE_BYTES = 32 * 1024 * 1024 * 1024

#: The most that is ever read at once.  tarfile copies files in small blocks, but takes an extended
#: header whole, however long the archive says it is.
_MAX_READ = 1024 * 1024

#: The most that may follow the end: tar fills up to 10 KB, others to the block of a tape
_MAX_PADDING = 16 * 1024 * 1024

#: What reading a damaged or forged archive can raise beside OSError
_DAMAGED = (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, ValueError, OverflowError)


def unpack(archive: Path, tree: Path, progress: Progress) -> Path | None:
    """Unpack an archive's one top directory as `tree`; where a tree was there already that moved to, or None.

    The work is done in a hidden directory beside `tree` and renamed at the end, so that a tree under its
    final name is always whole, and one that was there stays as it was if anything fails.
    The caller sees to it that no other process unpacks the same tree.
    """
    staging = tree.with_name(f".{tree.name}.unpacking")
    with explained(tree, "the archive is kept"):
        # from a run that was killed
        if staging.is_dir() and not staging.is_symlink():
            shutil.rmtree(staging)
        staging.mkdir()
        try:
            _extract(archive, staging, progress)
            return _put_in_place(_top(staging, archive), tree)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _extract(archive: Path, staging: Path, progress: Progress) -> None:
    """Every member of the archive, each checked before it is written."""
    rules = _Rules(archive.name)
    total = archive.stat().st_size
    shown = -1
    with archive.open("rb") as raw:
        try:
            stream = _Bounded(_decompressed(raw), archive)
            with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r:") as tar:
                # the way to ask for the filter that also works where there is none
                tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
                for member in tar:
                    rules.check(member)
                    tar.extract(member, staging)
                    if raw.tell() != shown:
                        shown = raw.tell()
                        progress(shown, total, "unpack")
                stream.finish()
        except _DAMAGED as error:
            raise _damaged(archive, error) from error
        except OSError as error:
            # bzip2 and gzip report bad data as an OSError without a number
            if error.errno is None:
                raise _damaged(archive, error) from error
            raise
    progress(total, total, "unpack")


def _decompressed(raw: BinaryIO) -> BinaryIO:
    """The tar inside, by the archive's first bytes: its name may say anything."""
    start = raw.read(max(map(len, FORMS.values())))
    raw.seek(0)
    if start.startswith(FORMS[".tar.xz"]):
        return cast(BinaryIO, lzma.open(raw))
    if start.startswith(FORMS[".tar.bz2"]):
        return cast(BinaryIO, bz2.open(raw))
    if start.startswith(FORMS[".tar.gz"]):
        return cast(BinaryIO, gzip.open(raw))
    return raw


class _Bounded:
    """As much of a file as tarfile needs, with a bound on one read and a check of the end."""

    def __init__(self, stream: BinaryIO, archive: Path) -> None:
        self._stream = stream
        self._archive = archive
        self.tell = stream.tell
        self.seek = stream.seek
        self._last = b""

    def read(self, size: int) -> bytes:
        if size > _MAX_READ:
            raise SourceError(f"{self._archive} has a header of {size:,} bytes, so it is forged: get another")
        self._last = self._stream.read(size)
        return self._last

    def finish(self) -> None:
        """Raise ReadError if the archive ended before its end.

        tarfile takes a damaged header, or none, for the end of the archive; the true end is a block of
        zeros.  The checksum of a compressed file is behind that, and only reading on to it checks it.
        """
        if self._last != b"\0" * tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it breaks off")
        left = _MAX_PADDING
        while block := self._stream.read(_MAX_READ):
            left -= len(block)
            if left < 0:
                raise tarfile.ReadError("something follows its end")


def _damaged(archive: Path, error: Exception) -> SourceError:
    return SourceError(f"{archive} is damaged or no tar archive ({reason_of(error)}): download it again")


def _top(staging: Path, archive: Path) -> Path:
    """The one top directory that was unpacked (see _Rules)."""
    for entry in staging.iterdir():
        return entry
    raise SourceError(f"{archive} holds nothing: give another archive")


def _put_in_place(new: Path, tree: Path) -> Path | None:
    """Rename `new` to `tree`.  What was there may hold someone's work, so it moves aside and is kept."""
    old = None
    if os.path.lexists(tree):
        old = _free_name(tree)
        tree.rename(old)
    try:
        new.rename(tree)
    except BaseException:
        if old:
            old.rename(tree)
        raise
    return old


def _free_name(tree: Path) -> Path:
    """`linux-2.6.11.old`, or the first of `.old-2`, `.old-3` ... that is not taken."""
    candidate = tree.with_name(f"{tree.name}.old")
    number = 2
    while os.path.lexists(candidate):
        candidate = tree.with_name(f"{tree.name}.old-{number}")
        number += 1
    return candidate


class _Rules:
    """What a member may be, in the light of the members before it."""

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._top = ""
        self._files: set[str] = set()
        self._links: set[str] = set()
        self._entries = 0
        self._bytes = 0

    def check(self, member: tarfile.TarInfo) -> None:
        """Raise SourceError for a member that no honest archive has; make others' owner and mode ours."""
        parts = self._parts(member, member.name)
        path = "/".join(parts)
        self._check_top(member, parts)
        if any("/".join(parts[:end]) in self._links for end in range(1, len(parts) + 1)):
            raise self._refused(member, "would be written through a link")
        if member.issym():
            self._check_link(member, parts)
            self._links.add(path)
            self._files.discard(path)
        elif member.islnk():
            # tarfile would take the link's target out of the archive if it were not there
            if "/".join(self._parts(member, member.linkname)) not in self._files:
                target = one_line(member.linkname)
                raise self._refused(member, f"is a hard link to {target}, which is no file of the archive")
        elif member.isreg():
            self._files.add(path)
        elif not member.isdir():
            raise self._refused(member, "is a device, a FIFO or something else that is no file")
        self._count(member)
        _make_ours(member)

    def _parts(self, member: tarfile.TarInfo, name: str) -> list[str]:
        """A name's parts, without empty ones and dots."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts or "\0" in name:
            raise self._refused(member, f"leads outside the directory ({one_line(name)})")
        return parts

    def _check_top(self, member: tarfile.TarInfo, parts: list[str]) -> None:
        """Hold the archive to one top directory: the tree, which `_check_link` keeps links inside."""
        self._top = self._top or parts[0] if parts else self._top
        if parts and (parts[0] != self._top or (len(parts) == 1 and not member.isdir())):
            raise SourceError(
                f"{self._archive} is no kernel archive, {one_line(member.name)} is beside its top directory: "
                "unpack it yourself, then index the tree"
            )

    def _check_link(self, member: tarfile.TarInfo, parts: list[str]) -> None:
        """Let a symbolic link pass that stays inside, whatever the links on its way point to.

        Its directory is a real one (see check).  If it goes up only at the beginning, and not above the
        top, it comes down from a real directory inside; and any link it meets stays inside by the same rule.
        """
        target = [part for part in member.linkname.split("/") if part not in ("", ".")]
        ups = next((at for at, part in enumerate(target) if part != ".."), len(target))
        # below the top directory, not counting the link's own name
        depth = len(parts) - 2
        if member.linkname.startswith("/") or ".." in target[ups:] or ups > depth or "\0" in member.linkname:
            raise self._refused(member, f"is a link out of the tree ({one_line(member.linkname)})")

    def _count(self, member: tarfile.TarInfo) -> None:
        """Hold the archive to sizes that a kernel may have."""
        self._entries += 1
        self._bytes += member.size
        if not 0 <= member.size <= MAX_ENTRY_BYTES:
            raise self._refused(member, f"claims {member.size:,} bytes, too many for a source file")
        if self._bytes > MAX_TREE_BYTES or self._entries > MAX_ENTRIES:
            raise self._refused(member, "makes the tree larger than any kernel")

    def _refused(self, member: tarfile.TarInfo, why: str) -> SourceError:
        return SourceError(
            f"{self._archive} is not safe to unpack, {one_line(member.name)} {why}: get it from a safer place"
        )


def _make_ours(member: tarfile.TarInfo) -> None:
    """A plain mode and our own user, as the data filter would do."""
    executable = member.isdir() or bool(member.mode & 0o100)
    member.mode = 0o755 if executable else 0o644
    member.uid = os.geteuid()
    member.gid = os.getegid()
    member.uname = member.gname = ""
