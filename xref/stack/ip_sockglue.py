"""net/ipv4/ip_sockglue.c: IP's socket options and the error queue."""

from __future__ import annotations

from collections.abc import Generator
from errno import EADDRNOTAVAIL
from errno import EAGAIN
from errno import EINVAL
from errno import ENOPROTOOPT
from errno import ENOTCONN
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
IP_HDRINCL = 3
IP_OPTIONS = 4
IP_ROUTER_ALERT = 5
IP_MTU_DISCOVER = 10
IP_RECVERR = 11
IP_MTU = 14
IP_FREEBIND = 15
IP_MULTICAST_IF = 32
IP_MULTICAST_TTL = 33
IP_MULTICAST_LOOP = 34
#: what recvmsg tells beside the data (IP_RECVOPTS, IP_RETOPTS, IP_PKTINFO, IP_RECVTTL, IP_RECVTOS) as `cmsg_flags`
CMSG_FLAGS = {6: 8, 7: 16, 8: 1, 12: 2, 13: 4}

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
    elif name in CMSG_FLAGS:
        sk.cmsg_flags = sk.cmsg_flags | CMSG_FLAGS[name] if number else sk.cmsg_flags & ~CMSG_FLAGS[name]
    elif name == IP_FREEBIND and value:
        sk.freebind = int(bool(number))
    elif name in (IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_IF):
        err = _set_multicast(k, sk, name, number, value)
    elif name == IP_HDRINCL:
        # only a raw socket has it
        err = -ENOPROTOOPT
    elif name in (IP_FREEBIND, IP_ROUTER_ALERT):
        err = -EINVAL
    else:
        err = -ENOPROTOOPT
    release_sock(k, sk)
    return err


def _set_multicast(k: Kernel, sk: InetSock, name: int, number: int, value: bytes) -> int:
    """How multicasts leave. Left out: joining groups, and so all that IGMP sends."""
    if name == IP_MULTICAST_LOOP:
        if not value:
            return -EINVAL
        sk.mc_loop = int(bool(number))
        return 0
    if sk.sk_type == SOCK_STREAM:
        return -EINVAL
    if name == IP_MULTICAST_TTL:
        ttl = 1 if number == -1 else number
        if not value or not 0 <= ttl <= 255:
            return -EINVAL
        sk.mc_ttl = ttl
        return 0
    # a struct ip_mreqn (group, address, index), or an address alone
    address = int.from_bytes(value[4:8] if len(value) >= 12 else value[:4], "big")
    index = int.from_bytes(value[8:12], "little") if len(value) >= 12 else 0
    if not index and not address:
        sk.mc_index = sk.mc_addr = 0
        return 0
    dev = next((each for each in k.devices if each.ifindex == index or (not index and each.ip == address)), None)
    if dev is None:
        return -EADDRNOTAVAIL
    if sk.sk_bound_dev_if and dev.ifindex != sk.sk_bound_dev_if:
        return -EINVAL
    sk.mc_index, sk.mc_addr = dev.ifindex, address
    return 0


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
    elif name in CMSG_FLAGS:
        number = int(bool(sk.cmsg_flags & CMSG_FLAGS[name]))
    elif name in (IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_FREEBIND, IP_HDRINCL, IP_MULTICAST_IF):
        # IP_MULTICAST_IF gives an address, whatever its length
        number = {
            IP_MULTICAST_TTL: sk.mc_ttl, IP_MULTICAST_LOOP: sk.mc_loop, IP_FREEBIND: sk.freebind,
            IP_HDRINCL: sk.hdrincl, IP_MULTICAST_IF: int.from_bytes(sk.mc_addr.to_bytes(4, "big"), "little"),
        }[name]  # fmt: skip
    elif name == IP_MTU:
        number = sk.sk_dst_cache.mtu if sk.sk_dst_cache is not None else None
    release_sock(k, sk)
    if number is None:
        return (-ENOTCONN if name == IP_MTU else -ENOPROTOOPT), b""
    return 0, (number & 0xFFFFFFFF).to_bytes(4, "little")
