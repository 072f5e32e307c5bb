"""net/ipv4/ip_sockglue.c: IP's socket options and the error queue."""

from __future__ import annotations

from collections.abc import Generator
from errno import EAGAIN
from errno import EINVAL
from errno import ENOPROTOOPT
from typing import TYPE_CHECKING

from xref.stack import ip_options
from xref.stack import route
from xref.stack import tcp_output
from xref.stack.headers import IPPROTO_IP
from xref.stack.memory import Msghdr
from xref.stack.skbuff import alloc_skb
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_clone
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_queue_purge
from xref.stack.skbuff import skb_queue_tail
from xref.stack.sock import SOCK_STREAM
from xref.stack.sock import InetSock
from xref.stack.sock import TcpSock
from xref.stack.sockcore import lock_sock
from xref.stack.sockcore import release_sock
from xref.stack.sockcore import skb_set_owner_r
from xref.stack.trace import source
from xref.stack.uaccess import copy_to_iovec

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.skbuff import SkBuff

ip_sockglue_c = source("net/ipv4/ip_sockglue.c", "ip")

IP_TOS = 1
IP_TTL = 2
IP_OPTIONS = 4
IP_MTU_DISCOVER = 10
IP_RECVERR = 11
IP_MTU = 14

SO_EE_ORIGIN_LOCAL = 1
SO_EE_ORIGIN_ICMP = 2
MSG_TRUNC = 0x20
MSG_ERRQUEUE = 0x2000


class ExtendedErr:
    """`struct sock_extended_err`, as far as a program sees it."""

    def __init__(self, errno: int, origin: int, kind: int, code: int, info: int) -> None:
        self.ee_errno = errno
        self.ee_origin = origin
        self.ee_type = kind
        self.ee_code = code
        self.ee_info = info


def _sock_queue_err_skb(k: Kernel, sk: InetSock, skb: SkBuff) -> None:
    if sk.sk_rmem_alloc + skb.truesize >= sk.sk_rcvbuf:
        kfree_skb(k, skb)
        return
    skb_set_owner_r(skb, sk)
    skb_queue_tail(sk.sk_error_queue, skb)
    if not sk.dead:
        sk.sk_data_ready(k, sk)


@ip_sockglue_c
def ip_icmp_error(
    k: Kernel, sk: InetSock, skb: SkBuff, err: int, info: int, kind: int, code: int, payload: int
) -> None:
    """`ip_icmp_error`: an ICMP error for a socket that wants to know (IP_RECVERR)."""
    if not sk.recverr:
        return
    copy = skb_clone(k, skb)
    copy.err = ExtendedErr(err, SO_EE_ORIGIN_ICMP, kind, code, info)
    skb_pull(copy, payload - copy.data)
    _sock_queue_err_skb(k, sk, copy)


@ip_sockglue_c
def ip_local_error(k: Kernel, sk: InetSock, err: int, daddr: int, port: int, info: int) -> None:
    """`ip_local_error`: the same for an error found here."""
    del daddr, port
    if not sk.recverr:
        return
    skb = alloc_skb(k, 20)
    skb.err = ExtendedErr(err, SO_EE_ORIGIN_LOCAL, 0, 0, info)
    _sock_queue_err_skb(k, sk, skb)


@ip_sockglue_c
def ip_recv_error(k: Kernel, sk: InetSock, msg: Msghdr, size: int) -> int:
    """`ip_recv_error`: recvmsg with MSG_ERRQUEUE."""
    skb = skb_dequeue(sk.sk_error_queue)
    if skb is None:
        return -EAGAIN
    copied = min(skb.len, size)
    if skb.len > size:
        msg.msg_flags |= MSG_TRUNC
    err = copy_to_iovec(k, msg.msg_iov, skb.tobytes()[:copied])
    if not err:
        msg.msg_flags |= MSG_ERRQUEUE
        err = copied
        sk.sk_err = 0
        following = skb_peek(sk.sk_error_queue)
        if following is not None:
            sk.sk_err = following.err.ee_errno
            sk.sk_error_report(k, sk)
    kfree_skb(k, skb)
    return err


@ip_sockglue_c
def ip_setsockopt(k: Kernel, sk: InetSock, level: int, name: int, value: bytes) -> Generator[None, None, int]:
    """`ip_setsockopt`: the options that change what goes out."""
    if level != IPPROTO_IP:
        return -ENOPROTOOPT
    number = int.from_bytes(value[:4], "little", signed=True) if len(value) >= 4 else (value[0] if value else 0)
    yield from lock_sock(k, sk)
    err = 0
    if name == IP_OPTIONS:
        err = _set_options(k, sk, value)
    elif name == IP_TOS:
        if sk.sk_type == SOCK_STREAM:
            number = number & ~3 | sk.tos & 3
        number &= 0xFF
        if sk.tos != number:
            sk.tos = number
            sk.sk_priority = route.rt_tos2priority(number)
            sk.sk_dst_cache = None
    elif name == IP_TTL:
        if not value or (number != -1 and not 1 <= number <= 255):
            err = -EINVAL
        else:
            sk.uc_ttl = number
    elif name == IP_MTU_DISCOVER:
        if not 0 <= number <= 2:
            err = -EINVAL
        else:
            sk.pmtudisc = number
    elif name == IP_RECVERR:
        sk.recverr = int(bool(number))
        if not number:
            skb_queue_purge(k, sk.sk_error_queue)
    else:
        err = -ENOPROTOOPT
    release_sock(k, sk)
    return err


def _set_options(k: Kernel, sk: InetSock, value: bytes) -> int:
    if len(value) > 40:
        return -EINVAL
    opt, err = ip_options.ip_options_get(k, value)
    if err:
        return err
    if isinstance(sk, TcpSock):
        if sk.opt is not None:
            sk.ext_header_len -= sk.opt.optlen
        if opt is not None:
            sk.ext_header_len += opt.optlen
        tcp_output.tcp_sync_mss(k, sk, sk.pmtu_cookie)
    sk.opt = opt
    return 0


@ip_sockglue_c
def ip_getsockopt(k: Kernel, sk: InetSock, name: int) -> Generator[None, None, tuple[int, bytes]]:
    """`ip_getsockopt`. Error, and the value."""
    yield from lock_sock(k, sk)
    number: int | None = None
    if name == IP_TOS:
        number = sk.tos
    elif name == IP_TTL:
        dst = sk.sk_dst_cache
        number = sk.uc_ttl if sk.uc_ttl != -1 else dst.hoplimit if dst is not None else k.sysctl.ip_default_ttl
    elif name == IP_MTU_DISCOVER:
        number = sk.pmtudisc
    elif name == IP_RECVERR:
        number = sk.recverr
    elif name == IP_MTU:
        number = sk.sk_dst_cache.mtu if sk.sk_dst_cache is not None else None
    release_sock(k, sk)
    if number is None:
        from errno import ENOTCONN

        return (-ENOTCONN if name == IP_MTU else -ENOPROTOOPT), b""
    return 0, number.to_bytes(4, "little", signed=number < 0)
