"""net/socket.c: the socket layer and its system calls. (Reading and writing through files: `vfs`.)"""

from __future__ import annotations

from collections.abc import Generator
from errno import EAFNOSUPPORT
from errno import EBADF
from errno import EFAULT
from errno import EINVAL
from errno import EMSGSIZE
from errno import ENODEV
from errno import ENOPROTOOPT
from errno import ENOTSOCK
from errno import EOPNOTSUPP
from typing import TYPE_CHECKING
from typing import Any

from xref.stack import af_inet
from xref.stack import clock
from xref.stack import ip_sockglue
from xref.stack import sockcore
from xref.stack import tcp_timer
from xref.stack import uaccess
from xref.stack import vfs
from xref.stack.memory import Iovec
from xref.stack.memory import Msghdr
from xref.stack.sock import SOCK_MIN_RCVBUF
from xref.stack.sock import SOCK_MIN_SNDBUF
from xref.stack.sock import SOCK_RCVBUF_LOCK
from xref.stack.sock import SOCK_SNDBUF_LOCK
from xref.stack.sock import InetSock
from xref.stack.sock import TcpSock
from xref.stack.sockcore import lock_sock
from xref.stack.sockcore import release_sock
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.af_inet import ProtoOps
    from xref.stack.kernel import Kernel

socket_c = source("net/socket.c", "socket")

O_NONBLOCK = 0o4000
MSG_DONTWAIT = 0x40
UIO_MAXIOV = 1024

SOL_IP = 0
SOL_SOCKET = 1
SOL_TCP = 6
SOL_UDP = 17

SO_DEBUG = 1
SO_REUSEADDR = 2
SO_TYPE = 3
SO_ERROR = 4
SO_DONTROUTE = 5
SO_BROADCAST = 6
SO_SNDBUF = 7
SO_RCVBUF = 8
SO_KEEPALIVE = 9
SO_OOBINLINE = 10
SO_NO_CHECK = 11
SO_PRIORITY = 12
SO_LINGER = 13
SO_BSDCOMPAT = 14
SO_PASSCRED = 16
SO_RCVLOWAT = 18
SO_SNDLOWAT = 19
SO_RCVTIMEO = 20
SO_SNDTIMEO = 21
SO_BINDTODEVICE = 25
SO_TIMESTAMP = 29

SYS_SOCKET, SYS_BIND, SYS_CONNECT, SYS_LISTEN, SYS_ACCEPT = 1, 2, 3, 4, 5
SYS_SEND, SYS_RECV, SYS_SENDTO, SYS_RECVFROM, SYS_SHUTDOWN = 9, 10, 11, 12, 13
SYS_SETSOCKOPT, SYS_GETSOCKOPT, SYS_SENDMSG, SYS_RECVMSG = 14, 15, 16, 17

Call = Generator[None, None, int]
Address = tuple[int, int]


class Socket:
    """`struct socket`: what a descriptor stands for. `flags` holds names such as SOCK_NOSPACE."""

    def __init__(self, kind: int) -> None:
        self.type = kind
        self.state = af_inet.SS_UNCONNECTED
        self.flags: set[str] = set()
        self.ops: ProtoOps | None = None
        self.sk: Any = None
        self.wait = clock.WaitQueue()

    def inet(self) -> InetSock:
        """Its `sock`, as every socket here is one of PF_INET."""
        if not isinstance(self.sk, InetSock):
            raise AssertionError("a socket that was released")
        return self.sk

    def tcp(self) -> TcpSock:
        """Its `sock`, as one of TCP."""
        if not isinstance(self.sk, TcpSock):
            raise AssertionError("not a stream socket")
        return self.sk

    def table(self) -> ProtoOps:
        """Its `proto_ops`."""
        if self.ops is None:
            raise AssertionError("a socket without operations")
        return self.ops


@socket_c
def sockfd_lookup(k: Kernel, fd: int) -> tuple[vfs.File | None, int]:
    """`sockfd_lookup`: the file of a socket's descriptor, or an error."""
    file = vfs.fget(k, fd)
    if file is None:
        return None, -EBADF
    if file.socket is None:
        return None, -ENOTSOCK
    return file, 0


# making


@socket_c
def sys_socket(k: Kernel, family: int, kind: int, protocol: int) -> Call:
    """`sys_socket`."""
    yield from ()
    sock, err = sock_create(k, family, kind, protocol)
    if sock is None:
        return err
    k.dski("EVENT_SOCKET", family=family, type=kind)
    return sock_map_fd(k, sock)


@socket_c
def sock_create(k: Kernel, family: int, kind: int, protocol: int) -> tuple[Socket | None, int]:
    """`sock_create`."""
    return __sock_create(k, family, kind, protocol)


@socket_c
def __sock_create(k: Kernel, family: int, kind: int, protocol: int) -> tuple[Socket | None, int]:
    """`__sock_create`: the family makes it."""
    if family != af_inet.PF_INET:
        return None, -EAFNOSUPPORT
    sock = Socket(kind)
    err = af_inet.inet_create(k, sock, protocol)
    return (None, err) if err < 0 else (sock, 0)


@socket_c
def sock_map_fd(k: Kernel, sock: Socket) -> int:
    """`sock_map_fd`: a descriptor."""
    return vfs.install(k, vfs.File(socket=sock))


# naming and connecting


@socket_c
def sys_bind(k: Kernel, fd: int, address: Address) -> Call:
    """`sys_bind`."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    k.dski("EVENT_BIND", port=address[1])
    return (yield from af_inet.inet_bind(k, file.sock(), address))


@socket_c
def sys_listen(k: Kernel, fd: int, backlog: int) -> Call:
    """`sys_listen`."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    if not 0 <= backlog <= k.sysctl.somaxconn:
        backlog = k.sysctl.somaxconn
    listen = file.sock().table().listen
    k.dski("EVENT_LISTEN", backlog=backlog)
    if listen is None:
        return -EOPNOTSUPP
    return (yield from listen(k, file.sock(), backlog))


@socket_c
def sys_connect(k: Kernel, fd: int, address: Address, family: int = af_inet.PF_INET) -> Call:
    """`sys_connect`."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    k.dski("EVENT_CONNECT", port=address[1])
    sock = file.sock()
    return (yield from sock.table().connect(k, sock, address, family, bool(file.flags & O_NONBLOCK)))


@socket_c
def sys_accept(k: Kernel, fd: int) -> Call:
    """`sys_accept`. Left out: the peer's address."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    sock = file.sock()
    newsock = Socket(sock.type)
    newsock.ops = sock.ops
    accept = sock.table().accept
    if accept is None:
        return -EOPNOTSUPP
    err = yield from accept(k, sock, newsock, bool(file.flags & O_NONBLOCK))
    if err < 0:
        return err
    k.dski("EVENT_ACCEPT")
    return sock_map_fd(k, newsock)


@socket_c
def sys_shutdown(k: Kernel, fd: int, how: int) -> Call:
    """`sys_shutdown`."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    return (yield from af_inet.inet_shutdown(k, file.sock(), how))


# sending


@source("include/linux/security.h", "socket")
def security_socket_sendmsg(k: Kernel, sock: Socket, msg: Msghdr) -> int:
    """`security_socket_sendmsg`: asks the security module."""
    return dummy_socket_sendmsg(k, sock, msg)


@source("security/dummy.c", "socket")
def dummy_socket_sendmsg(k: Kernel, sock: Socket, msg: Msghdr) -> int:
    """`dummy_socket_sendmsg`: where no other module is loaded, nobody objects."""
    del k, sock, msg
    return 0


@socket_c
def move_addr_to_kernel(k: Kernel, address: Address | None) -> Address | None:
    """`move_addr_to_kernel`. Left out: an address that cannot be read."""
    del k
    return address


@socket_c
def sock_sendmsg(k: Kernel, sock: Socket, msg: Msghdr, size: int) -> Call:
    """`sock_sendmsg`."""
    return (yield from __sock_sendmsg(k, sock, msg, size))


@socket_c
def __sock_sendmsg(k: Kernel, sock: Socket, msg: Msghdr, size: int) -> Call:
    """`__sock_sendmsg`: to the socket's operations."""
    k.dski("EVENT_SOCK_SENDMSG", len=size)
    err = security_socket_sendmsg(k, sock, msg)
    if err:
        return err
    return (yield from sock.table().sendmsg(k, sock, msg, size))


@socket_c
def sys_sendto(k: Kernel, fd: int, base: int, size: int, flags: int, address: Address | None = None) -> Call:
    """`sys_sendto`."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    if file.flags & O_NONBLOCK:
        flags |= MSG_DONTWAIT
    msg = Msghdr([Iovec(base, size)], move_addr_to_kernel(k, address) if address else None, flags)
    return (yield from sock_sendmsg(k, file.sock(), msg, size))


@socket_c
def sys_send(k: Kernel, fd: int, base: int, size: int, flags: int) -> Call:
    """`sys_send`."""
    return (yield from sys_sendto(k, fd, base, size, flags, None))


@socket_c
def sys_sendmsg(k: Kernel, fd: int, msg_at: int, flags: int) -> Call:
    """`sys_sendmsg` of a `struct msghdr` in the program's memory (`user_msghdr`). Left out: control messages."""
    head = uaccess.read_msghdr(k, msg_at)
    if head is None:
        return -EFAULT
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    if head[3] > UIO_MAXIOV:
        return -EMSGSIZE
    if file.flags & O_NONBLOCK:
        flags |= MSG_DONTWAIT
    vector, address, total = uaccess.verify_iovec(k, *head)
    if total < 0:
        return total
    msg = Msghdr([Iovec(base, size) for base, size in vector], address, flags)
    return (yield from sock_sendmsg(k, file.sock(), msg, total))


# receiving


@socket_c
def sock_recvmsg(k: Kernel, sock: Socket, msg: Msghdr, size: int, flags: int) -> Call:
    """`sock_recvmsg`."""
    return (yield from __sock_recvmsg(k, sock, msg, size, flags))


@socket_c
def __sock_recvmsg(k: Kernel, sock: Socket, msg: Msghdr, size: int, flags: int) -> Call:
    """`__sock_recvmsg`: to the socket's operations."""
    k.dski("EVENT_SOCK_RECVMSG", len=size)
    return (yield from sock.table().recvmsg(k, sock, msg, size, flags))


@socket_c
def sys_recvfrom(k: Kernel, fd: int, base: int, size: int, flags: int) -> Call:
    """`sys_recvfrom`. Left out: the sender's address."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    if file.flags & O_NONBLOCK:
        flags |= MSG_DONTWAIT
    return (yield from sock_recvmsg(k, file.sock(), Msghdr([Iovec(base, size)]), size, flags))


@socket_c
def sys_recv(k: Kernel, fd: int, base: int, size: int, flags: int) -> Call:
    """`sys_recv`."""
    return (yield from sys_recvfrom(k, fd, base, size, flags))


@socket_c
def sys_recvmsg(k: Kernel, fd: int, vector: list[tuple[int, int]], flags: int) -> Call:
    """`sys_recvmsg`. Left out: control messages."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    if file.flags & O_NONBLOCK:
        flags |= MSG_DONTWAIT
    msg = Msghdr([Iovec(base, size) for base, size in vector])
    return (yield from sock_recvmsg(k, file.sock(), msg, sum(size for _, size in vector), flags))


# options


@socket_c
def sys_setsockopt(k: Kernel, fd: int, level: int, name: int, value: bytes) -> Call:
    """`sys_setsockopt`."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err
    sock = file.sock()
    if level == SOL_SOCKET:
        return (yield from sock_setsockopt(k, sock, name, value))
    sk = sock.inet()
    return (yield from sock_common_setsockopt(k, sk, level, name, value))


@source("net/core/sock.c", "socket")
def sock_common_setsockopt(k: Kernel, sk: InetSock, level: int, name: int, value: bytes) -> Call:
    """`sock_common_setsockopt`: to the protocol, which hands on what is IP's."""
    return (yield from sk.sk_prot.setsockopt(k, sk, level, name, value))


@source("net/core/sock.c", "socket")
def sock_setsockopt(k: Kernel, sock: Socket, name: int, value: bytes) -> Call:
    """`sock_setsockopt`: buffers are doubled, for the overhead, and bounded by wmem_max and rmem_max before that."""
    sk = sock.inet()
    if len(value) < 4:
        return -EINVAL
    val = int.from_bytes(value[:4], "little", signed=True)
    yield from lock_sock(k, sk)
    err = 0
    if name == SO_SNDBUF:
        # wmem_max is unsigned: a negative size is a very large one
        val = min(val & 0xFFFFFFFF, k.sysctl.wmem_max)
        sk.sk_userlocks |= SOCK_SNDBUF_LOCK
        sk.sk_sndbuf = max(val * 2, SOCK_MIN_SNDBUF)
        sk.sk_write_space(k, sk)
    elif name == SO_RCVBUF:
        val = min(val & 0xFFFFFFFF, k.sysctl.rmem_max)
        sk.sk_userlocks |= SOCK_RCVBUF_LOCK
        sk.sk_rcvbuf = max(val * 2, SOCK_MIN_RCVBUF)
    elif name == SO_KEEPALIVE:
        if isinstance(sk, TcpSock):
            tcp_timer.tcp_set_keepalive(k, sk, val)
        sk.keepopen = bool(val)
    elif name == SO_LINGER:
        if len(value) < 8:
            err = -EINVAL
        else:
            sk.linger = bool(val)
            if val:
                sk.sk_lingertime = int.from_bytes(value[4:8], "little") * k.hz
    elif name in (SO_RCVTIMEO, SO_SNDTIMEO):
        err = _set_timeout(k, sk, name, value)
    elif name == SO_BINDTODEVICE:
        err = _bind_to_device(k, sk, value)
    else:
        err = _set_flag(sk, name, val)
    release_sock(k, sk)
    return err


def _set_timeout(k: Kernel, sk: InetSock, name: int, value: bytes) -> int:
    half = len(value) // 2
    seconds, micros = int.from_bytes(value[:half], "little"), int.from_bytes(value[half:], "little")
    timeo = seconds * k.hz + (micros * k.hz + 999_999) // 1_000_000
    timeo = timeo or clock.MAX_SCHEDULE_TIMEOUT
    if name == SO_RCVTIMEO:
        sk.sk_rcvtimeo = timeo
    else:
        sk.sk_sndtimeo = timeo
    return 0


def _bind_to_device(k: Kernel, sk: InetSock, value: bytes) -> int:
    device = value[:16].partition(b"\0")[0].decode("latin-1")
    sk.sk_dst_cache = None
    found = next((dev for dev in k.devices if dev.name == device), None)
    if device and found is None:
        return -ENODEV
    sk.sk_bound_dev_if = found.ifindex if found is not None else 0
    return 0


def _set_flag(sk: InetSock, name: int, val: int) -> int:
    if name in (SO_DEBUG, SO_BSDCOMPAT, SO_PASSCRED, SO_TIMESTAMP):
        # nothing that is sent depends on these
        sk.silent[name] = int(bool(val)) if name != SO_BSDCOMPAT else 0
        return 0
    if name == SO_REUSEADDR:
        sk.sk_reuse = int(bool(val))
    elif name == SO_DONTROUTE:
        sk.sk_localroute = int(bool(val))
    elif name == SO_BROADCAST:
        sk.broadcast = bool(val)
    elif name == SO_OOBINLINE:
        sk.urginline = bool(val)
    elif name == SO_NO_CHECK:
        sk.sk_no_check = int(bool(val))
    elif name == SO_PRIORITY:
        sk.sk_priority = val
    elif name == SO_RCVLOWAT:
        sk.sk_rcvlowat = (0x7FFFFFFF if val < 0 else val) or 1
    else:
        return -ENOPROTOOPT
    return 0


@socket_c
def sys_getsockopt(k: Kernel, fd: int, level: int, name: int) -> Generator[None, None, tuple[int, bytes]]:
    """`sys_getsockopt`. Error, and the value."""
    file, err = sockfd_lookup(k, fd)
    if file is None:
        return err, b""
    sk = file.sock().inet()
    if level == SOL_SOCKET:
        return sock_getsockopt(k, sk, name)
    if level == SOL_IP:
        return (yield from ip_sockglue.ip_getsockopt(k, sk, name))
    if level == sk.sk_protocol and sk.sk_prot.getsockopt is not None:
        return sk.sk_prot.getsockopt(k, sk, name)
    return -ENOPROTOOPT, b""


@source("net/core/sock.c", "socket")
def sock_getsockopt(k: Kernel, sk: InetSock, name: int) -> tuple[int, bytes]:
    """`sock_getsockopt`."""
    if name == SO_LINGER:
        return 0, int(sk.linger).to_bytes(4, "little") + (sk.sk_lingertime // k.hz).to_bytes(4, "little")
    if name == SO_ERROR:
        val = -sockcore.sock_error(sk)
        if not val:
            val, sk.sk_err_soft = sk.sk_err_soft, 0
    else:
        values = {
            SO_SNDBUF: sk.sk_sndbuf, SO_RCVBUF: sk.sk_rcvbuf, SO_REUSEADDR: sk.sk_reuse, SO_TYPE: sk.sk_type,
            SO_BROADCAST: int(sk.broadcast), SO_KEEPALIVE: int(sk.keepopen), SO_OOBINLINE: int(sk.urginline),
            SO_NO_CHECK: sk.sk_no_check, SO_PRIORITY: sk.sk_priority, SO_RCVLOWAT: sk.sk_rcvlowat, SO_SNDLOWAT: 1,
            SO_DONTROUTE: sk.sk_localroute,
        }  # fmt: skip
        if name not in values and name not in (SO_DEBUG, SO_BSDCOMPAT, SO_PASSCRED, SO_TIMESTAMP):
            return -ENOPROTOOPT, b""
        val = values.get(name, sk.silent.get(name, 0))
    return 0, val.to_bytes(4, "little", signed=val < 0)


# one system call for all, on i386


@socket_c
def sys_socketcall(k: Kernel, call: int, *args: Any) -> Generator[None, None, Any]:
    """`sys_socketcall`: i386 has all of them behind one number."""
    if call not in SOCKETCALLS:
        return -EINVAL
    return (yield from SOCKETCALLS[call](k, *args))


SOCKETCALLS: dict[int, Any] = {
    SYS_SOCKET: sys_socket, SYS_BIND: sys_bind, SYS_CONNECT: sys_connect, SYS_LISTEN: sys_listen,
    SYS_ACCEPT: sys_accept, SYS_SEND: sys_send, SYS_RECV: sys_recv, SYS_SENDTO: sys_sendto,
    SYS_RECVFROM: sys_recvfrom, SYS_SHUTDOWN: sys_shutdown, SYS_SETSOCKOPT: sys_setsockopt,
    SYS_GETSOCKOPT: sys_getsockopt, SYS_SENDMSG: sys_sendmsg, SYS_RECVMSG: sys_recvmsg,
}  # fmt: skip


@socket_c
def sock_release(k: Kernel, sock: Socket) -> Call:
    """`sock_release`."""
    if sock.ops is not None:
        yield from af_inet.inet_release(k, sock)
        sock.ops = None
    return 0
