"""Copies between the kernel and a process's memory: lib/usercopy, net/core/iovec.c and net/core/datagram.c."""

from __future__ import annotations

from errno import EFAULT
from typing import TYPE_CHECKING

from xref.stack.memory import Iovec
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import skb_copy_bits
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

datagram_c = source("net/core/datagram.c", "socket")
iovec_c = source("net/core/iovec.c", "socket")


@source("arch/i386/lib/usercopy.c", "memory")
def copy_from_user(k: Kernel, base: int, size: int) -> bytes | None:
    """`copy_from_user`: None where not all of it can be read."""
    return _fetch(k, base, size)


@source("include/net/checksum.h", "memory")
def csum_and_copy_from_user(k: Kernel, base: int, size: int) -> bytes | None:
    """`csum_and_copy_from_user`: the same, and the sum is built on the way (here, by who calls)."""
    return _fetch(k, base, size)


def _fetch(k: Kernel, base: int, size: int) -> bytes | None:
    data = k.memory.read(base, size)
    return data if len(data) == size else None


def copy_to_iovec(k: Kernel, iov: list[Iovec], data: bytes) -> int:
    """`memcpy_toiovec` without a trace step: into the pieces in turn, which are used up. 0 or -EFAULT."""
    at = 0
    for piece in iov:
        if at >= len(data):
            break
        size = min(piece.iov_len, len(data) - at)
        if size:
            if k.memory.write(piece.iov_base, data[at : at + size]) != size:
                return -EFAULT
            piece.iov_len -= size
            piece.iov_base += size
            at += size
    return 0


@iovec_c
def memcpy_toiovec(k: Kernel, iov: list[Iovec], data: bytes) -> int:
    """`memcpy_toiovec`."""
    return copy_to_iovec(k, iov, data)


@iovec_c
def verify_iovec(k: Kernel, vector: list[tuple[int, int]]) -> int:
    """`verify_iovec`: how much the pieces are together. Left out: pieces that cannot be read."""
    del k
    return sum(size for _, size in vector)


def read_iovec(k: Kernel, iov: list[Iovec], offset: int, size: int) -> bytes | None:
    """`memcpy_fromiovecend`: `size` bytes from `offset` of all pieces together; None where they cannot be read."""
    out = []
    for piece in iov:
        if offset >= piece.iov_len:
            offset -= piece.iov_len
            continue
        take = min(size, piece.iov_len - offset)
        data = _fetch(k, piece.iov_base + offset, take)
        if data is None:
            return None
        out.append(data)
        size -= take
        offset = 0
        if not size:
            break
    return b"".join(out)


@datagram_c
def skb_copy_datagram_iovec(k: Kernel, skb: SkBuff, offset: int, iov: list[Iovec], size: int) -> int:
    """`skb_copy_datagram_iovec`: from the packet to the reader. 0 or -EFAULT."""
    return memcpy_toiovec(k, iov, skb_copy_bits(skb, offset, size))
