"""Copies between the kernel and a process's memory: lib/usercopy, net/core/iovec.c and net/core/datagram.c."""

from __future__ import annotations

import struct
from errno import EFAULT
from typing import TYPE_CHECKING

from xref.stack.memory import Iovec
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import skb_copy_bits
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

# as x86_64 has them: struct msghdr and struct iovec; of struct sockaddr_in what is behind the family
MSGHDR = struct.Struct("<QI4xQQQQI4x")
IOVEC = struct.Struct("<QQ")
SOCKADDR_IN = struct.Struct("!HI8x")
SOCKADDR_SIZE = 16
AF_INET = 2

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


def user_msghdr(k: Kernel, vector: list[tuple[int, int]], address: tuple[int, int] | None = None) -> int:
    """A program writes a `struct msghdr` with its pieces (address and size) into its memory; where it is."""
    pieces = k.memory.map(b"".join(IOVEC.pack(base, size) for base, size in vector)) if vector else 0
    name = k.memory.map(AF_INET.to_bytes(2, "little") + SOCKADDR_IN.pack(address[1], address[0])) if address else 0
    return k.memory.map(MSGHDR.pack(name, SOCKADDR_SIZE if address else 0, pieces, len(vector), 0, 0, 0))


def read_msghdr(k: Kernel, msg: int) -> tuple[int, int, int, int] | None:
    """Of a `struct msghdr` in a program's memory: address and length of the name, of the pieces; None: EFAULT."""
    raw = copy_from_user(k, msg, MSGHDR.size)
    return None if raw is None else MSGHDR.unpack(raw)[:4]


@iovec_c
def verify_iovec(
    k: Kernel, name: int, namelen: int, pieces: int, count: int
) -> tuple[list[tuple[int, int]], tuple[int, int] | None, int]:
    """`verify_iovec`: pieces and address of a `struct msghdr`, from the program's memory; how much they are together.

    The last is -EFAULT where they cannot be read.
    """
    address: tuple[int, int] | None = None
    if namelen:
        raw_address = copy_address(k, name, namelen)
        if raw_address is None:
            return [], None, -EFAULT
        port, ip = SOCKADDR_IN.unpack_from(raw_address, 2)
        address = (ip, port)
    raw = copy_from_user(k, pieces, count * IOVEC.size) if count else b""
    if raw is None:
        return [], None, -EFAULT
    vector = [(base, size) for base, size in IOVEC.iter_unpack(raw)]
    return vector, address, sum(size for _, size in vector)


@source("net/socket.c", "socket").named("move_addr_to_kernel")
def copy_address(k: Kernel, at: int, size: int) -> bytes | None:
    """`move_addr_to_kernel`, of an address that lies in memory (`sendto`'s comes as numbers): None: cannot be read."""
    return copy_from_user(k, at, size)


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
