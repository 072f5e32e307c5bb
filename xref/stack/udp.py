"""net/ipv4/udp.c: datagrams. Left out: encapsulation, the reception of multicasts."""

from __future__ import annotations

import struct
from collections.abc import Generator
from errno import EACCES
from errno import EDESTADDRREQ
from errno import EHOSTUNREACH
from errno import EINVAL
from errno import EMSGSIZE
from errno import ENOPROTOOPT
from errno import EOPNOTSUPP
from errno import EPROTO
from typing import TYPE_CHECKING

from xref.stack import datagram
from xref.stack import icmp
from xref.stack import ip_append
from xref.stack import ip_sockglue
from xref.stack import route
from xref.stack import sockcore
from xref.stack import uaccess
from xref.stack.checksum import csum_add
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.checksum import csum_tcpudp_magic
from xref.stack.checksum import csum_tcpudp_nofold
from xref.stack.headers import IPPROTO_UDP
from xref.stack.headers import UDPHDR
from xref.stack.headers import IpHdr
from xref.stack.headers import UdpHdr
from xref.stack.memory import Msghdr
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import CHECKSUM_UNNECESSARY
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_checksum
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_trim
from xref.stack.sock import IP_PMTUDISC_DONT
from xref.stack.sock import SOCK_BINDADDR_LOCK
from xref.stack.sock import SOCK_BINDPORT_LOCK
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TCP_ESTABLISHED
from xref.stack.sock import InetSock
from xref.stack.sock import UdpSock
from xref.stack.sockcore import lock_sock
from xref.stack.sockcore import release_sock
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable

udp_c = source("net/ipv4/udp.c", "udp")

MSG_OOB = 1
MSG_PEEK = 2
MSG_DONTROUTE = 4
MSG_PROBE = 0x10
MSG_TRUNC = 0x20
MSG_CONFIRM = 0x800
MSG_ERRQUEUE = 0x2000
UDP_CORK = 1
AF_INET = 2


# ports


@udp_c
def udp_v4_get_port(k: Kernel, sk: InetSock, snum: int) -> int:
    """`udp_v4_get_port`: binds to a port, or to a free one. Not 0: taken."""
    if not snum:
        low, high = k.sysctl.ip_local_port_range
        rover = k.udp_port_rover
        if not low <= rover <= high:
            rover = low
        while k.udp_hash.get(rover):
            rover = rover + 1 if rover < high else low
        k.udp_port_rover = snum = rover
    else:
        for other in k.udp_hash.get(snum, []):
            if (
                other is not sk
                and (not other.rcv_saddr or not sk.rcv_saddr or other.rcv_saddr == sk.rcv_saddr)
                and not (other.sk_reuse and sk.sk_reuse)
            ):
                return 1
    sk.num = snum
    if not sk.hashed:
        k.udp_hash.setdefault(snum, []).append(sk)
        sk.hashed = True
    return 0


@udp_c
def udp_v4_unhash(k: Kernel, sk: InetSock) -> None:
    """`udp_v4_unhash`."""
    if sk.hashed:
        k.udp_hash[sk.num].remove(sk)
        sk.hashed = False
        sk.num = 0


@udp_c
def udp_v4_lookup(k: Kernel, saddr: int, sport: int, daddr: int, dport: int) -> InetSock | None:
    """`udp_v4_lookup`: the socket that matches in most respects."""
    result: InetSock | None = None
    badness = -1
    for sk in k.udp_hash.get(dport, []):
        score = 1
        for mine, theirs in ((sk.rcv_saddr, daddr), (sk.daddr, saddr), (sk.dport, sport)):
            if mine:
                if mine != theirs:
                    break
                score += 2
        else:
            if score > badness:
                result, badness = sk, score
    return result


# sending


@udp_c
def udp_flush_pending_frames(k: Kernel, sk: UdpSock) -> None:
    """`udp_flush_pending_frames`."""
    if sk.udp_pending:
        sk.udp_len = 0
        sk.udp_pending = 0
        ip_append.ip_flush_pending_frames(k, sk)


@udp_c
def udp_push_pending_frames(k: Kernel, sk: UdpSock) -> int:
    """`udp_push_pending_frames`: header and checksum, and off."""
    cork = sk.cork
    skb = skb_peek(sk.sk_write_queue)
    err = 0
    if skb is not None:
        at = skb.h
        buf = skb.shared.buf
        UDPHDR.pack_into(buf, at, cork.fl_sport, cork.fl_dport, sk.udp_len, 0)
        check = 0
        if sk.sk_no_check:
            skb.ip_summed = CHECKSUM_NONE
        elif sk.sk_write_queue.qlen == 1 and skb.ip_summed == CHECKSUM_HW:
            check = ~csum_tcpudp_magic(cork.fl_src, cork.fl_dst, sk.udp_len, IPPROTO_UDP, 0) & 0xFFFF
            skb.csum = 6
        else:
            if skb.ip_summed == CHECKSUM_HW:
                offset = at - skb.data
                skb.csum = skb_checksum(skb, offset, skb.len - offset, 0)
                skb.ip_summed = CHECKSUM_NONE
            else:
                skb.csum = csum_partial(memoryview(buf)[at : at + UDPHDR.size], skb.csum)
            total = 0
            for piece in sk.sk_write_queue:
                total = csum_add(total, piece.csum)
            check = csum_tcpudp_magic(cork.fl_src, cork.fl_dst, sk.udp_len, IPPROTO_UDP, total) or 0xFFFF
        buf[at + 6 : at + 8] = check.to_bytes(2, "big")
        err = ip_append.ip_push_pending_frames(k, sk)
    sk.udp_len = 0
    sk.udp_pending = 0
    return err


@udp_c
def udp_sendmsg(k: Kernel, sk: UdpSock, msg: Msghdr, size: int) -> Generator[None, None, int]:
    """`udp_sendmsg`: bytes taken, or an error. A corked datagram only grows."""
    corkreq = bool(sk.corkflag or msg.msg_flags & ip_append.MSG_MORE)
    if size > 0xFFFF:
        return -EMSGSIZE
    if msg.msg_flags & MSG_OOB:
        return -EOPNOTSUPP
    ulen = size
    ipc: ip_append.IpcmCookie | None = None
    rt: Rtable | None = None
    if sk.udp_pending:
        yield from lock_sock(k, sk)
    else:
        ulen += UDPHDR.size
        if msg.msg_name is not None:
            daddr, dport = msg.msg_name
            if dport == 0:
                return -EINVAL
            connected = False
        else:
            if sk.sk_state != TCP_ESTABLISHED:
                return -EDESTADDRREQ
            daddr, dport = sk.daddr, sk.dport
            connected = True
        ipc = ip_append.IpcmCookie(daddr, sk.opt)
        rt, err = _route(k, sk, daddr, connected, msg.msg_flags)
        if rt is None or err:
            return err
        if msg.msg_flags & MSG_CONFIRM and msg.msg_flags & MSG_PROBE and not size:
            return 0
        yield from lock_sock(k, sk)
        cork = sk.cork
        cork.fl_dst, cork.fl_dport, cork.fl_src, cork.fl_sport = daddr or rt.rt_dst, dport, rt.rt_src, sk.sport
        sk.udp_pending = AF_INET
    sk.udp_len += ulen
    flags = msg.msg_flags | ip_append.MSG_MORE if corkreq else msg.msg_flags
    getfrag, iov = ip_append.ip_generic_getfrag, msg.msg_iov
    err = yield from ip_append.ip_append_data(k, sk, getfrag, iov, ulen, UDPHDR.size, ipc, rt, flags)
    if err:
        udp_flush_pending_frames(k, sk)
    elif not corkreq:
        err = udp_push_pending_frames(k, sk)
    release_sock(k, sk)
    if err:
        return err
    k.mib["UdpOutDatagrams"] += 1
    return size


def _route(k: Kernel, sk: UdpSock, daddr: int, connected: bool, flags: int) -> tuple[Rtable | None, int]:
    saddr, oif = sk.saddr, sk.sk_bound_dev_if
    if sk.opt is not None and sk.opt.srr:
        daddr, connected = sk.opt.faddr, False
    tos = sk.tos & route.IPTOS_RT_MASK
    if sk.sk_localroute or flags & MSG_DONTROUTE or (sk.opt is not None and sk.opt.is_strictroute):
        tos |= route.RTO_ONLINK
        connected = False
    if route.multicast(daddr):
        oif, saddr, connected = oif or sk.mc_index, saddr or sk.mc_addr, False
    rt = route.sk_dst_check(k, sk) if connected else None
    if rt is None:
        rt, err = route.ip_route_output_flow(k, daddr, saddr, tos, oif, sk)
        if rt is None:
            return None, err
        if rt.rt_flags & route.RTCF_BROADCAST and not sk.broadcast:
            return None, -EACCES
        if connected:
            sk.sk_dst_cache = rt
    return rt, 0


@udp_c
def udp_disconnect(k: Kernel, sk: UdpSock) -> int:
    """`udp_disconnect`."""
    sk.sk_state = TCP_CLOSE
    sk.daddr = sk.dport = 0
    sk.sk_bound_dev_if = 0
    if not sk.sk_userlocks & SOCK_BINDADDR_LOCK:
        sk.rcv_saddr = sk.saddr = 0
    if not sk.sk_userlocks & SOCK_BINDPORT_LOCK:
        udp_v4_unhash(k, sk)
        sk.sport = 0
    sk.sk_dst_cache = None
    return 0


@udp_c
def udp_destroy_sock(k: Kernel, sk: UdpSock) -> Generator[None, None, int]:
    """`udp_destroy_sock`."""
    yield from lock_sock(k, sk)
    udp_flush_pending_frames(k, sk)
    release_sock(k, sk)
    return 0


@udp_c
def udp_setsockopt(k: Kernel, sk: UdpSock, level: int, name: int, value: bytes) -> Generator[None, None, int]:
    """`udp_setsockopt`: what is not UDP's goes on to IP."""
    if level != IPPROTO_UDP:
        return (yield from ip_sockglue.ip_setsockopt(k, sk, level, name, value))
    if len(value) < 4:
        return -EINVAL
    if name != UDP_CORK:
        return -ENOPROTOOPT
    if any(value[:4]):
        sk.corkflag = 1
        return 0
    sk.corkflag = 0
    yield from lock_sock(k, sk)
    udp_push_pending_frames(k, sk)
    release_sock(k, sk)
    return 0


# receiving


@udp_c
def udp_rcv(k: Kernel, skb: SkBuff) -> int:
    """`udp_rcv`: to the socket; port unreachable where there is none."""
    iph, rt = skb.iph, skb.dst
    if iph is None or rt is None or skb.len < UDPHDR.size:
        k.mib["UdpInErrors"] += 1
        kfree_skb(k, skb)
        return 0
    uh = UdpHdr(skb.shared.buf, skb.h)
    if uh.len > skb.len or uh.len < UDPHDR.size:
        k.mib["UdpInErrors"] += 1
        kfree_skb(k, skb)
        return 0
    skb_trim(skb, uh.len)
    if uh.check == 0:
        skb.ip_summed = CHECKSUM_UNNECESSARY
    if skb.ip_summed != CHECKSUM_UNNECESSARY:
        skb.csum = csum_tcpudp_nofold(iph.saddr, iph.daddr, uh.len, IPPROTO_UDP, 0)
    sk = udp_v4_lookup(k, iph.saddr, uh.source, iph.daddr, uh.dest)
    if sk is not None:
        udp_queue_rcv_skb(k, sk, skb)
        return 0
    if _checksum_bad(skb):
        k.mib["UdpInErrors"] += 1
    else:
        k.mib["UdpNoPorts"] += 1
        icmp.icmp_send(k, skb, icmp.ICMP_DEST_UNREACH, icmp.ICMP_PORT_UNREACH, 0)
    kfree_skb(k, skb)
    return 0


def _checksum_bad(skb: SkBuff) -> bool:
    """`udp_checksum_complete`."""
    return skb.ip_summed != CHECKSUM_UNNECESSARY and bool(csum_fold(skb_checksum(skb, 0, skb.len, skb.csum)))


@udp_c
def udp_queue_rcv_skb(k: Kernel, sk: InetSock, skb: SkBuff) -> None:
    """`udp_queue_rcv_skb`: the checksum is looked at when the datagram is read."""
    if not sockcore.sock_queue_rcv_skb(k, sk, skb):
        k.mib["UdpInErrors"] += 1
        kfree_skb(k, skb)
        return
    k.mib["UdpInDatagrams"] += 1


@udp_c
def udp_recvmsg(
    k: Kernel, sk: UdpSock, msg: Msghdr, size: int, nonblock: bool, flags: int
) -> Generator[None, None, int]:
    """`udp_recvmsg`: one datagram, cut to the buffer."""
    if flags & MSG_ERRQUEUE:
        return ip_sockglue.ip_recv_error(k, sk, msg, size)
    while True:
        skb, err = yield from datagram.skb_recv_datagram(k, sk, flags, nonblock)
        if skb is None:
            return err
        copied = skb.len - UDPHDR.size
        if copied > size:
            copied = size
            msg.msg_flags |= MSG_TRUNC
        if not _checksum_bad(skb):
            break
        k.mib["UdpInErrors"] += 1
        if flags & MSG_PEEK and skb.list is not None:
            from xref.stack.skbuff import skb_unlink

            skb_unlink(skb)
            kfree_skb(k, skb)
        kfree_skb(k, skb)
        if nonblock:
            return -11
    err = uaccess.skb_copy_datagram_iovec(k, skb, UDPHDR.size, msg.msg_iov, copied)
    if not err:
        if skb.iph is not None:
            source_port = int.from_bytes(skb.shared.buf[skb.h : skb.h + 2], "big")
            msg.msg_name = (skb.iph.saddr, source_port)
        err = skb.len - UDPHDR.size if flags & MSG_TRUNC else copied
    kfree_skb(k, skb)
    return err


@udp_c
def udp_err(k: Kernel, skb: SkBuff, info: int, kind: int, code: int) -> None:
    """`udp_err`: an ICMP error about one of our datagrams."""
    iph = IpHdr(skb.shared.buf, skb.data)
    at = skb.data + (iph.ihl << 2)
    source_port, dest = struct.unpack_from("!HH", skb.shared.buf, at)
    sk = udp_v4_lookup(k, iph.daddr, dest, iph.saddr, source_port)
    if sk is None or kind == icmp.ICMP_SOURCE_QUENCH:
        return
    harderr = 0
    err = EHOSTUNREACH
    if kind == icmp.ICMP_PARAMETERPROB:
        err, harderr = EPROTO, 1
    elif kind == icmp.ICMP_DEST_UNREACH:
        if code == icmp.ICMP_FRAG_NEEDED:
            if sk.pmtudisc == IP_PMTUDISC_DONT:
                return
            err, harderr = EMSGSIZE, 1
        elif code <= icmp.NR_ICMP_UNREACH:
            err, harderr = icmp.ICMP_ERR_CONVERT[code]
    if not sk.recverr:
        if not harderr or sk.sk_state != TCP_ESTABLISHED:
            return
    else:
        ip_sockglue.ip_icmp_error(k, sk, skb, err, info, kind, code, at + UDPHDR.size)
    sk.sk_err = err
    sk.sk_error_report(k, sk)


def udp_ioctl(sk: UdpSock, what: str) -> int:
    """`udp_ioctl`: SIOCINQ (size of the next datagram) and SIOCOUTQ (memory not yet sent)."""
    if what == "SIOCOUTQ":
        return sk.sk_wmem_alloc
    first = skb_peek(sk.sk_receive_queue)
    return first.len - UDPHDR.size if first is not None else 0
