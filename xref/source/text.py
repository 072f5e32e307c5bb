"""A file's bytes: reading them, reading them as text, and the hash that names their content."""

from __future__ import annotations

import hashlib
import os
import stat

from xref.source.errors import SourceError
from xref.source.errors import reason_of
from xref.source.names import printable

#: The largest file that is indexed.  The largest of Linux 6.12 is a register header of 23 MB.
MAX_FILE_BYTES = 64 * 1024 * 1024

#: How much of a file is looked at to tell text from binary, as git does
_SNIFF_BYTES = 8 * 1024

#: A file's name may have become a FIFO or a link since the walk saw it: neither wait nor follow.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def decode(data: bytes) -> str:
    """Source text: UTF-8, or Latin-1 where it is not that (244 files of 2.6.11).  Never fails.

    Line ends and a byte order mark stay, so that the text's bytes are the file's.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def content_hash(data: bytes) -> bytes:
    """16 bytes that name a content: BLAKE2b-128, the fastest of hashlib without collisions to fear.

    Equal hashes mean equal files, across trees and machines.
    """
    return hashlib.blake2b(data, digest_size=16).digest()


def looks_binary(data: bytes) -> bool:
    """Whether a file that its name does not settle (kind `text`) is binary: a NUL in its first 8 KB."""
    return b"\0" in data[:_SNIFF_BYTES]


def too_large(size: int, limit: int = MAX_FILE_BYTES) -> str | None:
    """Why a file of this size is left out, or None."""
    if size <= limit:
        return None
    return f"{size:,} bytes, over the limit of {limit:,}"


def read_file(path: bytes, limit: int = MAX_FILE_BYTES) -> bytes:
    """All of a regular file.  Raises SourceError if it cannot be read, or holds more than `limit` bytes."""
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise SourceError(f"{printable(path)} is not a regular file: index the tree again")
            data = _read_all(descriptor, status.st_size, limit)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SourceError(
            f"cannot read {printable(path)} ({reason_of(error)}): make it readable, then index the tree again"
        ) from error
    if len(data) > limit:
        raise SourceError(f"{printable(path)} has more than {limit:,} bytes: it cannot be indexed")
    return data


def _read_all(descriptor: int, size: int, limit: int) -> bytes:
    """A file's bytes, more than `limit` of them if it has more; `size` is what its status says it has.

    The descriptor is read as it is: a buffered file with a limit makes room for the limit, at each of 17,000 files.
    """
    data = os.read(descriptor, min(size, limit) + 1)
    if len(data) == size:
        return data
    # It grew or shrank, or the file system gives little at a time or tells no sizes.
    parts = [data]
    length = len(data)
    while length <= limit and (data := os.read(descriptor, 1 << 16)):
        parts.append(data)
        length += len(data)
    return b"".join(parts)
