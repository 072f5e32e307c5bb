"""net/ipv4/af_inet.c: sockets of the family PF_INET, and the tables that say what TCP and UDP do.

`proto_ops` (what a socket does) and `proto` (what a protocol does) are objects with functions, chosen by `inetsw`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from dataclasses import dataclass
from errno import EACCES
from errno import EADDRINUSE
from errno import EADDRNOTAVAIL
from errno import EAGAIN
from errno import EALREADY
from errno import ECONNABORTED
from errno import EINPROGRESS
from errno import EINVAL
from errno import EISCONN
from errno import ENOTCONN
from errno import EOPNOTSUPP
from errno import EPERM
from errno import EPROTONOSUPPORT
from errno import ESOCKTNOSUPPORT
from typing import TYPE_CHECKING
from typing import Any

from xref.stack import clock
from xref.stack import route
from xref.stack import sockcore
from xref.stack import tcp
from xref.stack import udp
from xref.stack.headers import IPPROTO_ICMP
from xref.stack.headers import IPPROTO_IP
from xref.stack.headers import IPPROTO_TCP
from xref.stack.memory import Msghdr
from xref.stack.skbuff import __skb_queue_purge
from xref.stack.sock import IP_PMTUDISC_DONT
from xref.stack.sock import RCV_SHUTDOWN
from xref.stack.sock import SHUTDOWN_MASK
from xref.stack.sock import SOCK_BINDADDR_LOCK
from xref.stack.sock import SOCK_BINDPORT_LOCK
from xref.stack.sock import SOCK_RAW
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TCP_LISTEN
from xref.stack.sock import TCP_SYN_SENT
from xref.stack.sock import TCPF_SYN_RECV
from xref.stack.sock import TCPF_SYN_SENT
from xref.stack.sock import InetSock
from xref.stack.sock import TcpSock
from xref.stack.sock import UdpSock
from xref.stack.sockcore import lock_sock
from xref.stack.sockcore import release_sock
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.socket import Socket

af_inet_c = source("net/ipv4/af_inet.c", "socket")

PF_INET = 2
SS_UNCONNECTED = 1
SS_CONNECTING = 2
SS_CONNECTED = 3
SS_DISCONNECTING = 4


@dataclass(frozen=True)
class Proto:
    """`struct proto`: what a protocol does. None where the kernel's table has nothing."""

    name: str
    sendmsg: Callable[..., Generator[None, None, int]]
    recvmsg: Callable[..., Generator[None, None, int]]
    connect: Callable[..., int]
    get_port: Callable[[Kernel, Any, int], int]
    unhash: Callable[[Kernel, Any], None]
    close: Callable[..., Generator[None, None, Any]]
    disconnect: Callable[[Kernel, Any], int]
    setsockopt: Callable[..., Generator[None, None, int]]
    getsockopt: Callable[[Kernel, Any, int], tuple[int, bytes]] | None
    ioctl: Callable[[Any, str], int]
    init: Callable[[Kernel, Any], int] | None = None
    shutdown: Callable[[Kernel, Any, int], None] | None = None
    accept: Callable[..., Generator[None, None, tuple[Any, int]]] | None = None
    backlog_rcv: Callable[[Kernel, Any, Any], int] | None = None
    enter_memory_pressure: Callable[[Kernel], None] = lambda _k: None


@dataclass(frozen=True)
class ProtoOps:
    """`struct proto_ops`: what a socket does."""

    name: str
    connect: Callable[..., Generator[None, None, int]]
    accept: Callable[..., Generator[None, None, int]] | None
    listen: Callable[..., Generator[None, None, int]] | None
    sendmsg: Callable[..., Generator[None, None, int]]
    recvmsg: Callable[..., Generator[None, None, int]]


@af_inet_c
def inet_create(k: Kernel, sock: Socket, protocol: int) -> int:
    """`inet_create`: the protocol by the socket's type."""
    sock.state = SS_UNCONNECTED
    kind = sock.type
    if kind == SOCK_RAW:
        return -EPERM
    from xref.stack.inetsw import INETSW

    if kind not in INETSW:
        return -ESOCKTNOSUPPORT
    prot, ops, number, cls = INETSW[kind]
    if protocol not in (IPPROTO_IP, number):
        return -EPROTONOSUPPORT
    sock.ops = ops
    sk = cls(k, prot, PF_INET, kind, number)
    sk.pmtudisc = IP_PMTUDISC_DONT if k.sysctl.ip_no_pmtu_disc else sk.pmtudisc
    _sock_init_data(sk)
    sk.sk_socket = sock
    sk.sk_sleep = sock.wait
    sock.sk = sk
    if prot.init is not None:
        return prot.init(k, sk)
    return 0


def _sock_init_data(sk: InetSock) -> None:
    """`sock_init_data`: the callbacks."""
    sk.sk_state_change = sockcore.sock_def_wakeup
    sk.sk_data_ready = sockcore.sock_def_readable
    sk.sk_write_space = sockcore.sock_def_write_space
    sk.sk_error_report = sockcore.sock_def_error_report


def icmp_socket(k: Kernel) -> InetSock:
    """`icmp_socket`: what ICMP sends from."""
    if k.icmp_sk is None:
        from xref.stack.inetsw import UDP_PROT

        k.icmp_sk = InetSock(k, UDP_PROT, PF_INET, SOCK_RAW, IPPROTO_ICMP)
        # an ICMP message as large as a datagram can be fits twice
        k.icmp_sk.sk_sndbuf = 2 * ((64 * 1024) + k.machine.sizeof_sk_buff)
        k.icmp_sk.pmtudisc = IP_PMTUDISC_DONT
        _sock_init_data(k.icmp_sk)
    return k.icmp_sk


def tcp_socket(k: Kernel) -> InetSock:
    """`tcp_socket`: what TCP answers from where there is no socket."""
    if k.tcp_sk is None:
        from xref.stack.inetsw import UDP_PROT

        k.tcp_sk = InetSock(k, UDP_PROT, PF_INET, SOCK_RAW, IPPROTO_TCP)
        _sock_init_data(k.tcp_sk)
    return k.tcp_sk


@af_inet_c
def inet_autobind(k: Kernel, sk: InetSock) -> Generator[None, None, int]:
    """`inet_autobind`: a port for whoever has none."""
    yield from lock_sock(k, sk)
    err = 0
    if not sk.num:
        if sk.sk_prot.get_port(k, sk, 0):
            err = -EAGAIN
        else:
            sk.sport = sk.num
    release_sock(k, sk)
    return err


@af_inet_c
def inet_bind(k: Kernel, sock: Socket, address: tuple[int, int]) -> Generator[None, None, int]:
    """`inet_bind`."""
    sk = sock.inet()
    addr, port = address
    kind = route.inet_addr_type(k, addr)
    if not sk.freebind and addr and kind == route.RTN_UNICAST:
        return -EADDRNOTAVAIL
    if 0 < port < 1024 and not k.privileged:
        return -EACCES
    yield from lock_sock(k, sk)
    err = 0
    if sk.sk_state != TCP_CLOSE or sk.num:
        err = -EINVAL
    else:
        sk.rcv_saddr = sk.saddr = addr
        if kind in (route.RTN_MULTICAST, route.RTN_BROADCAST):
            # an address to hear on, not to send from
            sk.saddr = 0
        if sk.sk_prot.get_port(k, sk, port):
            sk.rcv_saddr = sk.saddr = 0
            err = -EADDRINUSE
        else:
            if sk.rcv_saddr:
                sk.sk_userlocks |= SOCK_BINDADDR_LOCK
            if port:
                sk.sk_userlocks |= SOCK_BINDPORT_LOCK
            sk.sport = sk.num
            sk.daddr = sk.dport = 0
            sk.sk_dst_cache = None
    release_sock(k, sk)
    return err


@af_inet_c
def inet_listen(k: Kernel, sock: Socket, backlog: int) -> Generator[None, None, int]:
    """`inet_listen`."""
    sk = sock.tcp()
    yield from lock_sock(k, sk)
    err = 0
    if sock.state != SS_UNCONNECTED or sk.sk_state not in (TCP_CLOSE, TCP_LISTEN):
        err = -EINVAL
    elif sk.sk_state != TCP_LISTEN:
        err = tcp.tcp_listen_start(k, sk)
    if not err:
        sk.sk_max_ack_backlog = backlog
    release_sock(k, sk)
    return err


@af_inet_c
def inet_wait_for_connect(k: Kernel, sk: TcpSock, timeo: int) -> Generator[None, None, int]:
    """`inet_wait_for_connect`: timeout left."""
    queue = sockcore.sleep_queue(sk)
    clock.prepare_to_wait(k, queue)
    while 1 << sk.sk_state & (TCPF_SYN_SENT | TCPF_SYN_RECV):
        release_sock(k, sk)
        timeo = yield from clock.schedule_timeout(k, timeo)
        yield from lock_sock(k, sk)
        if clock.signal_pending(k) or not timeo:
            break
        clock.prepare_to_wait(k, queue)
    clock.finish_wait(k, queue)
    return timeo


@af_inet_c
def inet_stream_connect(
    k: Kernel, sock: Socket, address: tuple[int, int], family: int, nonblock: bool
) -> Generator[None, None, int]:
    """`inet_stream_connect`: starts connecting, and waits for it unless told not to."""
    sk = sock.tcp()
    yield from lock_sock(k, sk)
    err = 0
    if family == 0:
        err = tcp.tcp_disconnect(k, sk)
        sock.state = SS_DISCONNECTING if err else SS_UNCONNECTED
        release_sock(k, sk)
        return err
    if sock.state == SS_CONNECTED:
        err = -EISCONN
    elif sock.state == SS_CONNECTING:
        err = -EALREADY
    elif sock.state != SS_UNCONNECTED:
        err = -EINVAL
    elif sk.sk_state != TCP_CLOSE:
        err = -EISCONN
    else:
        err = sk.sk_prot.connect(k, sk, address, family)
        if err == 0:
            sock.state = SS_CONNECTING
            err = -EINPROGRESS
    if err in (-EINPROGRESS, -EALREADY):
        err = yield from _finish_connect(k, sock, sk, nonblock, err)
    release_sock(k, sk)
    return err


def _finish_connect(k: Kernel, sock: Socket, sk: TcpSock, nonblock: bool, err: int) -> Generator[None, None, int]:
    timeo = 0 if nonblock else sk.sk_sndtimeo
    if 1 << sk.sk_state & (TCPF_SYN_SENT | TCPF_SYN_RECV):
        if not timeo:
            return err
        left = yield from inet_wait_for_connect(k, sk, timeo)
        if not left:
            return err
        if clock.signal_pending(k):
            return sockcore.sock_intr_errno(timeo)
    if sk.sk_state == TCP_CLOSE:
        err = sockcore.sock_error(sk) or -ECONNABORTED
        sock.state = SS_UNCONNECTED
        tcp.tcp_disconnect(k, sk)
        return err
    sock.state = SS_CONNECTED
    return 0


@af_inet_c
def inet_dgram_connect(
    k: Kernel, sock: Socket, address: tuple[int, int], family: int, nonblock: bool
) -> Generator[None, None, int]:
    """`inet_dgram_connect`."""
    del nonblock
    sk = sock.inet()
    if family == 0:
        return sk.sk_prot.disconnect(k, sk)
    if not sk.num:
        err = yield from inet_autobind(k, sk)
        if err:
            return -EAGAIN
    return sk.sk_prot.connect(k, sk, address, family)


@af_inet_c
def inet_accept(k: Kernel, sock: Socket, newsock: Socket, nonblock: bool) -> Generator[None, None, int]:
    """`inet_accept`."""
    sk = sock.inet()
    if sk.sk_prot.accept is None:
        return -EOPNOTSUPP
    child, err = yield from sk.sk_prot.accept(k, sk, nonblock)
    if child is None:
        return int(err)
    yield from lock_sock(k, child)
    child.sk_sleep = newsock.wait
    newsock.sk = child
    child.sk_socket = newsock
    newsock.state = SS_CONNECTED
    release_sock(k, child)
    return 0


@af_inet_c
def inet_sendmsg(k: Kernel, sock: Socket, msg: Msghdr, size: int) -> Generator[None, None, int]:
    """`inet_sendmsg`: to the protocol."""
    sk = sock.inet()
    if not sk.num:
        err = yield from inet_autobind(k, sk)
        if err:
            return -EAGAIN
    return (yield from sk.sk_prot.sendmsg(k, sk, msg, size))


@source("net/core/sock.c", "socket")
def sock_common_recvmsg(k: Kernel, sock: Socket, msg: Msghdr, size: int, flags: int) -> Generator[None, None, int]:
    """`sock_common_recvmsg`: to the protocol."""
    sk = sock.inet()
    return (yield from sk.sk_prot.recvmsg(k, sk, msg, size, bool(flags & 0x40), flags & ~0x40))


@af_inet_c
def inet_shutdown(k: Kernel, sock: Socket, how: int) -> Generator[None, None, int]:
    """`inet_shutdown`."""
    sk = sock.inet()
    how += 1
    if how & ~SHUTDOWN_MASK or not how:
        return -EINVAL
    yield from lock_sock(k, sk)
    err = 0
    if sock.state == SS_CONNECTING:
        half = 1 << sk.sk_state & (TCPF_SYN_SENT | TCPF_SYN_RECV | 1 << TCP_CLOSE)
        sock.state = SS_DISCONNECTING if half else SS_CONNECTED
    if sk.sk_state == TCP_SYN_SENT or (sk.sk_state == TCP_LISTEN and how & RCV_SHUTDOWN):
        err = sk.sk_prot.disconnect(k, sk)
        sock.state = SS_DISCONNECTING if err else SS_UNCONNECTED
    elif sk.sk_state != TCP_LISTEN:
        if sk.sk_state == TCP_CLOSE:
            err = -ENOTCONN
        sk.sk_shutdown |= how
        if sk.sk_prot.shutdown is not None:
            sk.sk_prot.shutdown(k, sk, how)
    sk.sk_state_change(k, sk)
    release_sock(k, sk)
    return err


@af_inet_c
def inet_release(k: Kernel, sock: Socket) -> Generator[None, None, int]:
    """`inet_release`: the file is gone; the socket may live on for a while."""
    sk = sock.sk
    if sk is not None:
        timeout = sk.sk_lingertime if sk.linger else 0
        sock.sk = None
        yield from sk.sk_prot.close(k, sk, timeout)
    return 0


@source("net/ipv4/udp.c", "udp")
def udp_close(k: Kernel, sk: UdpSock, timeout: int) -> Generator[None, None, None]:
    """`udp_close`."""
    del timeout
    yield from sk_common_release(k, sk)


@source("net/core/sock.c", "socket")
def sk_common_release(k: Kernel, sk: UdpSock) -> Generator[None, None, None]:
    """`sk_common_release`."""
    yield from udp.udp_destroy_sock(k, sk)
    udp.udp_v4_unhash(k, sk)
    sk.dead = True
    sk.sk_socket = None
    sk.sk_sleep = None
    sock_put(k, sk)


@source("include/net/sock.h", "socket")
def sock_put(k: Kernel, sk: UdpSock) -> None:
    """`sock_put`, where it is the last reference."""
    sk_free(k, sk)


@source("net/core/sock.c", "socket")
def sk_free(k: Kernel, sk: UdpSock) -> None:
    """`sk_free`."""
    inet_sock_destruct(k, sk)


@source("net/ipv4/af_inet.c", "socket")
def inet_sock_destruct(k: Kernel, sk: UdpSock) -> None:
    """`inet_sock_destruct`."""
    __skb_queue_purge(k, sk.sk_receive_queue)
    __skb_queue_purge(k, sk.sk_error_queue)
