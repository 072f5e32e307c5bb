"""fs/read_write.c, fs/open.c, fs/file_table.c, the file operations of net/socket.c: sockets as files."""

from __future__ import annotations

from collections.abc import Generator
from errno import EBADF
from errno import EFAULT
from errno import EINVAL
from typing import TYPE_CHECKING

from xref.stack import socket
from xref.stack.memory import Iovec
from xref.stack.memory import Msghdr
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

read_write_c = source("fs/read_write.c", "vfs")
open_c = source("fs/open.c", "vfs")
file_table_c = source("fs/file_table.c", "vfs")
filemap_c = source("mm/filemap.c", "vfs")
socket_c = source("net/socket.c", "socket")

PAGE_SIZE = 4096
MSG_DONTWAIT = 0x40
MSG_MORE = 0x8000
UIO_MAXIOV = 1024

Call = Generator[None, None, int]


class File:
    """`struct file`: of a socket, or (for sendfile) of bytes on a disk."""

    def __init__(self, socket: socket.Socket | None = None, content: bytes = b"") -> None:
        self.socket = socket
        self.content = content
        self.pos = 0
        self.flags = 0o2

    def sock(self) -> socket.Socket:
        """Its socket."""
        if self.socket is None:
            raise AssertionError("not the file of a socket")
        return self.socket


def install(k: Kernel, file: File) -> int:
    """`get_unused_fd`, `fd_install`: the lowest free descriptor."""
    fd = k.first_fd
    while fd in k.files:
        fd += 1
    k.files[fd] = file
    return fd


@file_table_c
def fget(k: Kernel, fd: int) -> File | None:
    """`fget`: the file of a descriptor."""
    return k.files.get(fd)


@file_table_c
def fget_light(k: Kernel, fd: int) -> File | None:
    """`fget_light`: the same, without counting where nobody shares the table."""
    return k.files.get(fd)


@read_write_c
def rw_verify_area(k: Kernel, file: File, count: int) -> int:
    """`rw_verify_area`. Left out: mandatory locks; a socket has no position."""
    del k, file
    return -EINVAL if count >> 63 else 0


@source("include/linux/security.h", "vfs")
def security_file_permission(k: Kernel, file: File) -> int:
    """`security_file_permission`: no security module is there to object."""
    del k, file
    return 0


# writing


@read_write_c
def sys_write(k: Kernel, fd: int, base: int, count: int) -> Call:
    """`sys_write`."""
    file = fget_light(k, fd)
    if file is None:
        return -EBADF
    return (yield from vfs_write(k, file, base, count))


@read_write_c
def vfs_write(k: Kernel, file: File, base: int, count: int) -> Call:
    """`vfs_write`: a socket has no `write`, so do_sync_write takes it."""
    if not k.memory.ok(base, count):
        return -EFAULT
    err = rw_verify_area(k, file, count) or security_file_permission(k, file)
    if err:
        return err
    return (yield from do_sync_write(k, file, base, count))


@read_write_c
def do_sync_write(k: Kernel, file: File, base: int, count: int) -> Call:
    """`do_sync_write`: an asynchronous write that is waited for."""
    return (yield from sock_aio_write(k, file, base, count))


@socket_c
def sock_aio_write(k: Kernel, file: File, base: int, count: int) -> Call:
    """`sock_aio_write`: builds the message. Nothing is written where nothing was given."""
    if count == 0:
        return 0
    flags = MSG_DONTWAIT if file.flags & socket.O_NONBLOCK else 0
    msg = Msghdr([Iovec(base, count)], None, flags)
    return (yield from socket.__sock_sendmsg(k, file.sock(), msg, count))


@read_write_c
def sys_writev(k: Kernel, fd: int, vector: list[tuple[int, int]] | None, count: int) -> Call:
    """`sys_writev`. A vector that cannot be read is None."""
    file = fget_light(k, fd)
    if file is None:
        return -EBADF
    return (yield from vfs_writev(k, file, vector, count))


@read_write_c
def vfs_writev(k: Kernel, file: File, vector: list[tuple[int, int]] | None, count: int) -> Call:
    """`vfs_writev`."""
    return (yield from do_readv_writev(k, file, vector, count, True))


@read_write_c
def do_readv_writev(k: Kernel, file: File, vector: list[tuple[int, int]] | None, count: int, write: bool) -> Call:
    """`do_readv_writev`: checks the pieces."""
    if count == 0:
        return 0
    if not 0 < count <= UIO_MAXIOV:
        return -EINVAL
    if vector is None:
        return -EFAULT
    total = 0
    for base, size in vector:
        if size < 0:
            return -EINVAL
        if not k.memory.ok(base, size):
            return -EFAULT
        total += size
    if total == 0:
        return 0
    if write:
        return (yield from sock_writev(k, file, vector))
    return (yield from sock_readv(k, file, vector))


@socket_c
def sock_writev(k: Kernel, file: File, vector: list[tuple[int, int]]) -> Call:
    """`sock_writev`."""
    return (yield from sock_readv_writev(k, file, vector, True))


@socket_c
def sock_readv(k: Kernel, file: File, vector: list[tuple[int, int]]) -> Call:
    """`sock_readv`."""
    return (yield from sock_readv_writev(k, file, vector, False))


@socket_c
def sock_readv_writev(k: Kernel, file: File, vector: list[tuple[int, int]], write: bool) -> Call:
    """`sock_readv_writev`: all pieces are one message."""
    flags = MSG_DONTWAIT if file.flags & socket.O_NONBLOCK else 0
    msg = Msghdr([Iovec(base, size) for base, size in vector], None, flags)
    total = sum(size for _, size in vector)
    if write:
        return (yield from socket.sock_sendmsg(k, file.sock(), msg, total))
    return (yield from socket.sock_recvmsg(k, file.sock(), msg, total, flags))


# reading


@read_write_c
def sys_read(k: Kernel, fd: int, base: int, count: int) -> Call:
    """`sys_read`."""
    file = fget_light(k, fd)
    if file is None:
        return -EBADF
    return (yield from vfs_read(k, file, base, count))


@read_write_c
def vfs_read(k: Kernel, file: File, base: int, count: int) -> Call:
    """`vfs_read`."""
    if not k.memory.ok(base, count):
        return -EFAULT
    return (yield from do_sync_read(k, file, base, count))


@read_write_c
def do_sync_read(k: Kernel, file: File, base: int, count: int) -> Call:
    """`do_sync_read`."""
    return (yield from sock_aio_read(k, file, base, count))


@socket_c
def sock_aio_read(k: Kernel, file: File, base: int, count: int) -> Call:
    """`sock_aio_read`."""
    if count == 0:
        return 0
    flags = MSG_DONTWAIT if file.flags & socket.O_NONBLOCK else 0
    return (yield from socket.__sock_recvmsg(k, file.sock(), Msghdr([Iovec(base, count)]), count, flags))


@read_write_c
def sys_readv(k: Kernel, fd: int, vector: list[tuple[int, int]] | None, count: int) -> Call:
    """`sys_readv`."""
    file = fget_light(k, fd)
    if file is None:
        return -EBADF
    return (yield from vfs_readv(k, file, vector, count))


@read_write_c
def vfs_readv(k: Kernel, file: File, vector: list[tuple[int, int]] | None, count: int) -> Call:
    """`vfs_readv`."""
    return (yield from do_readv_writev(k, file, vector, count, False))


# sendfile


@read_write_c
def sys_sendfile(k: Kernel, out_fd: int, in_fd: int, count: int) -> Call:
    """`sys_sendfile`, without an offset of its own."""
    return (yield from do_sendfile(k, out_fd, in_fd, count))


@read_write_c
def do_sendfile(k: Kernel, out_fd: int, in_fd: int, count: int) -> Call:
    """`do_sendfile`."""
    source_file, target = k.files.get(in_fd), k.files.get(out_fd)
    if source_file is None or target is None:
        return -EBADF
    if target.socket is None:
        return -EINVAL
    return (yield from generic_file_sendfile(k, target, source_file, count))


@filemap_c
def generic_file_sendfile(k: Kernel, target: File, source_file: File, count: int) -> Call:
    """`generic_file_sendfile`: a page of the file at a time."""
    return (yield from do_generic_mapping_read(k, target, source_file, count))


@filemap_c
def do_generic_mapping_read(k: Kernel, target: File, source_file: File, count: int) -> Call:
    """`do_generic_mapping_read`. Left out: the page cache; the file is in memory."""
    written = 0
    error = 0
    while count > 0 and source_file.pos < len(source_file.content):
        offset = source_file.pos % PAGE_SIZE
        size = min(PAGE_SIZE - offset, len(source_file.content) - source_file.pos)
        take = min(size, count)
        piece = source_file.content[source_file.pos : source_file.pos + take]
        done = yield from file_send_actor(k, target, piece, count)
        if done < 0:
            error = done
            break
        written += done
        count -= done
        source_file.pos += done
        if done < take:
            break
    return written or error


@filemap_c
def file_send_actor(k: Kernel, target: File, piece: bytes, count: int) -> Call:
    """`file_send_actor`: more is to come, if less than what was asked for is in this page."""
    return (yield from sock_sendpage(k, target, piece, len(piece) < count))


@socket_c
def sock_sendpage(k: Kernel, target: File, piece: bytes, more: bool) -> Call:
    """`sock_sendpage`."""
    flags = (MSG_DONTWAIT if target.flags & socket.O_NONBLOCK else 0) | (MSG_MORE if more else 0)
    return (yield from inet_sendpage(k, target.sock(), piece, flags))


@source("net/ipv4/af_inet.c", "socket")
def inet_sendpage(k: Kernel, sock: socket.Socket, piece: bytes, flags: int) -> Call:
    """`inet_sendpage`, with `tcp_sendpage`: this device cannot gather, so the page is copied like any message.

    Left out: `do_tcp_sendpages`, which puts the page itself into the segment where the device can.
    """
    return (yield from sock_no_sendpage(k, sock, piece, flags))


@source("net/core/sock.c", "socket")
def sock_no_sendpage(k: Kernel, sock: socket.Socket, piece: bytes, flags: int) -> Call:
    """`sock_no_sendpage`."""
    return (yield from kernel_sendmsg(k, sock, piece, flags))


@socket_c
def kernel_sendmsg(k: Kernel, sock: socket.Socket, piece: bytes, flags: int) -> Call:
    """`kernel_sendmsg`: the kernel's memory in place of a program's."""
    base = k.memory.map(piece)
    msg = Msghdr([Iovec(base, len(piece))], None, flags)
    return (yield from socket.sock_sendmsg(k, sock, msg, len(piece)))


# closing


@open_c
def sys_close(k: Kernel, fd: int) -> Call:
    """`sys_close`."""
    file = k.files.pop(fd, None)
    if file is None:
        return -EBADF
    return (yield from filp_close(k, file))


@open_c
def filp_close(k: Kernel, file: File) -> Call:
    """`filp_close`."""
    return (yield from fput(k, file))


@file_table_c
def fput(k: Kernel, file: File) -> Call:
    """`fput`: the last user is gone."""
    return (yield from __fput(k, file))


@file_table_c
def __fput(k: Kernel, file: File) -> Call:
    """`__fput`."""
    if file.socket is not None:
        yield from sock_close(k, file)
    return 0


@socket_c
def sock_close(k: Kernel, file: File) -> Call:
    """`sock_close`."""
    return (yield from socket.sock_release(k, file.sock()))
