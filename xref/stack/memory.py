"""A process's memory: mapped ranges, and holes that fault (EFAULT after what could be copied)."""

from __future__ import annotations

from bisect import bisect_right

TASK_SIZE = 0x00007FFFFFFFF000


class UserMemory:
    """Ranges of addresses with bytes behind them. Ranges do not overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ranges: dict[int, bytearray] = {}
        self._next = 0x10000000

    def map(self, data: bytes | bytearray | int, at: int | None = None) -> int:
        """Map bytes (or that many zeros) at an address, else at a free one behind a hole. The address."""
        content = bytearray(data)
        if at is None:
            at = self._next
            self._next += (len(content) + 0xFFFF) & ~0xFFFF or 0x10000
            self._next += 0x10000
        self._starts.append(at)
        self._starts.sort()
        self._ranges[at] = content
        return at

    def _find(self, at: int) -> tuple[bytearray, int] | None:
        n = bisect_right(self._starts, at)
        if not n:
            return None
        start = self._starts[n - 1]
        content = self._ranges[start]
        offset = at - start
        return (content, offset) if offset < len(content) else None

    def read(self, at: int, size: int) -> bytes:
        """The bytes at an address: fewer than asked for, where memory ends before."""
        found = self._find(at)
        if found is None:
            return b""
        content, offset = found
        data = bytes(memoryview(content)[offset : offset + size])
        if len(data) < size:
            data += self.read(at + len(data), size - len(data))
        return data

    def write(self, at: int, data: bytes) -> int:
        """Put bytes at an address; how many could be."""
        found = self._find(at)
        if found is None or not data:
            return 0
        content, offset = found
        room = min(len(data), len(content) - offset)
        content[offset : offset + room] = data[:room]
        return room + (self.write(at + room, data[room:]) if room < len(data) else 0)

    def ok(self, at: int, size: int) -> bool:
        """`access_ok`: could the range be user memory at all? (Whether it is mapped shows when it is touched.)"""
        return 0 <= size <= TASK_SIZE and at + size <= TASK_SIZE


class Iovec:
    """`struct iovec`: an address and a length, used up as it is read or written."""

    __slots__ = ("iov_base", "iov_len")

    def __init__(self, base: int, size: int) -> None:
        self.iov_base = base
        self.iov_len = size


class Msghdr:
    """`struct msghdr` in the kernel: the address already copied in, as (address, port) numbers."""

    __slots__ = ("msg_control", "msg_flags", "msg_iov", "msg_name", "msg_namelen")

    def __init__(self, iov: list[Iovec], name: tuple[int, int] | None = None, flags: int = 0) -> None:
        self.msg_iov = iov
        self.msg_name = name
        self.msg_namelen = 16 if name else 0
        self.msg_flags = flags
        self.msg_control: dict[str, int] = {}
