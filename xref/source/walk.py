"""Which files of a tree are indexed, and which are left out and why.

Nothing outside the tree is ever read: no symbolic link is followed, whatever it points to.  A link to
a file of the tree loses nothing, as the file is listed in its own place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from xref.source.errors import SourceError
from xref.source.errors import reason_of
from xref.source.kinds import kind_of
from xref.source.names import printable
from xref.source.text import too_large

#: What version control and editors keep beside the source.  It is no part of the tree, so it is not
#: reported as skipped either.  `.git` may also be a file: a worktree or a submodule has that.
_QUIET = frozenset(
    (b".git", b".hg", b".svn", b".bzr", b".jj", b"_darcs", b"CVS", b"RCS", b"SCCS", b"BitKeeper",
     b".idea", b".vscode", b".vs", b".cache", b"__pycache__")
)  # fmt: skip

_SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

#: Readable by everyone: no need to ask the kernel whether it is so for us
_ALL_READ = 0o444


class SourceFile(NamedTuple):
    """A regular file of the tree."""

    #: below the root, `/` between the parts, printable and reversible: see names.py
    path: str
    #: one of kinds.KINDS, by name
    kind: str
    #: bytes
    size: int
    #: last change of the content as it is told, and of anything as the system saw it: nanoseconds since 1970
    mtime_ns: int
    changed_ns: int
    inode: int
    #: absolute, as the system wants it: what to open
    os_path: bytes


class Skipped(NamedTuple):
    """Something in the tree that is not indexed, and the reason in a few words."""

    path: str
    reason: str


class Walk(NamedTuple):
    """A tree's files and what is left out of it, both sorted by path."""

    #: absolute, without symbolic links
    root: Path
    files: list[SourceFile]
    skipped: list[Skipped]


def walk(root: Path) -> Walk:
    """List a tree.  Raises SourceError if `root` is no directory that can be read."""
    try:
        top = os.path.realpath(os.fsencode(root), strict=True)
        os.scandir(top).close()
    except (OSError, ValueError) as error:
        why = reason_of(error)
        raise SourceError(f"cannot read the tree {root} ({why}): give a readable directory") from error
    found = Walk(Path(os.fsdecode(top)), [], [])
    pending = [(top, "")]
    while pending:
        pending += _list(*pending.pop(), top, found)
    found.files.sort()
    found.skipped.sort()
    return found


def _list(directory: bytes, prefix: str, top: bytes, found: Walk) -> Iterator[tuple[bytes, str]]:
    """Add one directory's files to `found`; yields the directories in it: what to open, and `path/`."""
    try:
        with os.scandir(directory) as entries:
            listed = list(entries)
    except OSError as error:
        found.skipped.append(Skipped(prefix.rstrip("/"), f"directory not readable: {reason_of(error)}"))
        return
    for entry in listed:
        path = prefix + printable(entry.name)
        try:
            if entry.is_symlink():
                found.skipped.append(Skipped(path, _link_reason(entry.path, top)))
            elif entry.is_dir(follow_symlinks=False):
                if entry.name not in _QUIET:
                    yield entry.path, path + "/"
            elif entry.name != b".git":
                _add(entry, path, found)
        except OSError as error:
            found.skipped.append(Skipped(path, f"not readable: {reason_of(error)}"))


def _add(entry: os.DirEntry[bytes], path: str, found: Walk) -> None:
    """Add what is neither directory nor link, if it can be read as a file."""
    info = entry.stat(follow_symlinks=False)
    reason = _SPECIAL.get(stat.S_IFMT(info.st_mode)) or too_large(info.st_size)
    if reason is None and info.st_mode & _ALL_READ != _ALL_READ and not os.access(entry.path, os.R_OK):
        reason = "not readable: Permission denied"
    if reason is None:
        times = info.st_mtime_ns, info.st_ctime_ns
        found.files.append(SourceFile(path, kind_of(path), info.st_size, *times, info.st_ino, entry.path))
    else:
        found.skipped.append(Skipped(path, reason))


def _link_reason(link: bytes, top: bytes) -> str:
    """Why a symbolic link is left out, in terms of where it leads."""
    written = printable(os.readlink(link))  # noqa: PTH115  bytes
    try:
        target = os.path.realpath(link, strict=True)
    except OSError:
        # to nothing, round in a circle, or through a directory closed to us: all are dead ends here
        return f"symbolic link that leads nowhere: {written}"
    if target != top and not target.startswith(top.rstrip(b"/") + b"/"):
        return f"symbolic link out of the tree: {written}"
    inside = printable(target[len(top) :].lstrip(b"/")) or "."
    if stat.S_ISDIR(os.stat(target).st_mode):  # noqa: PTH116  bytes
        return f"symbolic link to the directory {inside}"
    return f"symbolic link to {inside}"
