"""net/ipv4/icmp.c: errors that are sent and received, and echo. Left out: redirects, address masks."""

from __future__ import annotations

import struct
from errno import ECONNREFUSED
from errno import EHOSTDOWN
from errno import EHOSTUNREACH
from errno import EMSGSIZE
from errno import ENETUNREACH
from errno import ENONET
from errno import ENOPROTOOPT
from errno import EOPNOTSUPP
from typing import TYPE_CHECKING

from xref.stack import af_inet
from xref.stack import ip_append
from xref.stack import ip_input
from xref.stack import ip_options
from xref.stack import route
from xref.stack import tcp_ipv4
from xref.stack import udp
from xref.stack.checksum import csum_add
from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.headers import IP_OFFSET
from xref.stack.headers import IPPROTO_ICMP
from xref.stack.headers import IPPROTO_TCP
from xref.stack.headers import IPPROTO_UDP
from xref.stack.headers import IpHdr
from xref.stack.kernel import atomic
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import CHECKSUM_UNNECESSARY
from xref.stack.skbuff import PACKET_HOST
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_checksum
from xref.stack.skbuff import skb_copy_bits
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_pull
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.ip_options import IpOptions
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable

icmp_c = source("net/ipv4/icmp.c", "icmp")

ICMP_ECHOREPLY = 0
ICMP_DEST_UNREACH = 3
ICMP_SOURCE_QUENCH = 4
ICMP_ECHO = 8
ICMP_TIME_EXCEEDED = 11
ICMP_PARAMETERPROB = 12
ICMP_TIMESTAMP = 13
ICMP_TIMESTAMPREPLY = 14
NR_ICMP_TYPES = 18

ICMP_NET_UNREACH = 0
ICMP_HOST_UNREACH = 1
ICMP_PROT_UNREACH = 2
ICMP_PORT_UNREACH = 3
ICMP_FRAG_NEEDED = 4
NR_ICMP_UNREACH = 15
ICMP_EXC_FRAGTIME = 1

ERRORS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12})
# (errno, fatal) by code of a destination unreachable
ICMP_ERR_CONVERT = (
    (ENETUNREACH, 0), (EHOSTUNREACH, 0), (ENOPROTOOPT, 1), (ECONNREFUSED, 1), (EMSGSIZE, 0), (EOPNOTSUPP, 0),
    (ENETUNREACH, 1), (EHOSTDOWN, 1), (ENONET, 1), (ENETUNREACH, 1), (EHOSTUNREACH, 1), (ENETUNREACH, 0),
    (EHOSTUNREACH, 0), (EHOSTUNREACH, 1), (EHOSTUNREACH, 1), (EHOSTUNREACH, 1),
)  # fmt: skip
XRLIM_BURST_FACTOR = 6
ICMPHDR = struct.Struct("!BBHI")


@icmp_c
def xrlim_allow(k: Kernel, dst: Rtable, timeout: int) -> bool:
    """`xrlim_allow`: a bucket of tokens for each route, six errors deep."""
    now = k.jiffies
    dst.rate_tokens += now - dst.rate_last
    dst.rate_last = now
    dst.rate_tokens = min(dst.rate_tokens, XRLIM_BURST_FACTOR * timeout)
    if dst.rate_tokens >= timeout:
        dst.rate_tokens -= timeout
        return True
    return False


@icmp_c
def icmpv4_xrlim_allow(k: Kernel, rt: Rtable, kind: int, code: int) -> bool:
    """`icmpv4_xrlim_allow`: only some kinds are limited, and none on loopback."""
    if kind > NR_ICMP_TYPES or (kind == ICMP_DEST_UNREACH and code == ICMP_FRAG_NEEDED) or rt.dev.loopback:
        return True
    if 1 << kind & k.sysctl.icmp_ratemask:
        return xrlim_allow(k, rt, round(k.sysctl.icmp_ratelimit * k.hz))
    return True


@icmp_c
def icmp_glue_bits(k: Kernel, quoted: bytes, skb: SkBuff, offset: int, size: int, odd: int) -> bytes:
    """`icmp_glue_bits`: what is quoted, summed on the way, whatever the card can do."""
    del k
    content = quoted[offset : offset + size]
    skb.csum = csum_block_add(skb.csum, csum_partial(content), odd)
    return content


@icmp_c
def icmp_push_reply(k: Kernel, head: bytes, quoted: bytes, opt: IpOptions | None, addr: int, rt: Rtable) -> None:
    """`icmp_push_reply`: header and quoted bytes as one datagram, with their checksum."""
    sk = af_inet.icmp_socket(k)
    ipc = ip_append.IpcmCookie(addr, opt)
    size = len(head) + len(quoted)
    atomic(
        ip_append.ip_append_data(k, sk, icmp_glue_bits, quoted, size, len(head), ipc, rt, ip_append.MSG_DONTWAIT)
    )
    skb = skb_peek(sk.sk_write_queue)
    if skb is None:
        return
    csum = 0
    for piece in sk.sk_write_queue:
        csum = csum_add(csum, piece.csum)
    csum = csum_partial(head, csum)
    at = skb.h
    skb.shared.buf[at : at + len(head)] = head
    skb.shared.buf[at + 2 : at + 4] = csum_fold(csum).to_bytes(2, "big")
    skb.ip_summed = CHECKSUM_NONE
    ip_append.ip_push_pending_frames(k, sk)


@icmp_c
def icmp_reply(k: Kernel, skb: SkBuff, head: bytes, quoted: bytes) -> None:
    """`icmp_reply`: an answer to whom the request came from."""
    rt, iph = skb.dst, skb.iph
    if rt is None or iph is None:
        return
    replyopts = ip_options.ip_options_echo(k, skb)
    k.mib["IcmpOutMsgs"] += 1
    af_inet.icmp_socket(k).tos = iph.tos
    out, _ = route.ip_route_output_key(k, rt.rt_src, rt.rt_spec_dst, iph.tos & route.IPTOS_RT_MASK)
    if out is None:
        return
    if icmpv4_xrlim_allow(k, out, head[0], head[1]):
        icmp_push_reply(k, head, quoted, replyopts if replyopts.optlen else None, rt.rt_src, out)


@icmp_c
def icmp_send(k: Kernel, skb: SkBuff, kind: int, code: int, info: int) -> None:
    """`icmp_send`: an error about a packet, to its sender; never about an error, a fragment or a broadcast."""
    rt = skb.dst
    if rt is None or skb.pkt_type != PACKET_HOST or rt.rt_flags & (route.RTCF_BROADCAST | route.RTCF_MULTICAST):
        return
    buf = skb.shared.buf
    iph = IpHdr(buf, skb.nh)
    if iph.frag_off & IP_OFFSET:
        return
    if kind in ERRORS and iph.protocol == IPPROTO_ICMP:
        inner = skb_copy_bits(skb, skb.nh + iph.ihl * 4 - skb.data, 1)
        if not inner or inner[0] > NR_ICMP_TYPES or inner[0] in ERRORS:
            return
    saddr = iph.daddr if rt.rt_flags & route.RTCF_LOCAL else 0
    tos = (iph.tos & 0x1E) | 0xC0 if kind in ERRORS else iph.tos
    out, _ = route.ip_route_output_key(k, iph.saddr, saddr, tos & route.IPTOS_RT_MASK)
    if out is None:
        return
    replyopts = ip_options.ip_options_echo(k, skb)
    k.mib["IcmpOutMsgs"] += 1
    if kind == ICMP_DEST_UNREACH:
        k.mib["IcmpOutDestUnreachs"] += 1
    af_inet.icmp_socket(k).tos = tos
    if not icmpv4_xrlim_allow(k, out, kind, code):
        return
    room = min(out.mtu, 576) - 20 - replyopts.optlen - ICMPHDR.size
    quoted = ip_input.packet_bytes(skb)[:room]
    icmp_push_reply(
        k, ICMPHDR.pack(kind, code, 0, info), quoted, replyopts if replyopts.optlen else None, iph.saddr, out
    )


@icmp_c
def icmp_rcv(k: Kernel, skb: SkBuff) -> int:
    """`icmp_rcv`."""
    k.mib["IcmpInMsgs"] += 1
    bad = skb.ip_summed != CHECKSUM_UNNECESSARY and csum_fold(skb_checksum(skb, 0, skb.len, 0))
    if not bad and skb.len >= ICMPHDR.size:
        kind, code, _, rest = ICMPHDR.unpack_from(skb.shared.buf, skb.h)
        skb_pull(skb, ICMPHDR.size)
        broadcast = skb.dst is not None and skb.dst.rt_flags & (route.RTCF_BROADCAST | route.RTCF_MULTICAST)
        if kind > NR_ICMP_TYPES or (broadcast and kind == ICMP_ECHO and k.sysctl.icmp_echo_ignore_broadcasts):
            k.mib["IcmpInErrors"] += 1
        elif kind in (ICMP_DEST_UNREACH, ICMP_SOURCE_QUENCH, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB):
            icmp_unreach(k, skb, kind, code, rest)
        elif kind == ICMP_ECHO:
            icmp_echo(k, skb, code, rest)
        elif kind == ICMP_TIMESTAMP:
            icmp_timestamp(k, skb, code, rest)
    else:
        k.mib["IcmpInErrors"] += 1
    kfree_skb(k, skb)
    return 0


@icmp_c
def icmp_echo(k: Kernel, skb: SkBuff, code: int, rest: int) -> None:
    """`icmp_echo`."""
    if not k.sysctl.icmp_echo_ignore_all:
        icmp_reply(k, skb, ICMPHDR.pack(ICMP_ECHOREPLY, code, 0, rest), skb_copy_bits(skb, 0, skb.len))


@icmp_c
def icmp_timestamp(k: Kernel, skb: SkBuff, code: int, rest: int) -> None:
    """`icmp_timestamp`."""
    if skb.len < 4:
        return
    now = k.msecs_of_day()
    asked = int.from_bytes(skb_copy_bits(skb, 0, 4), "big")
    icmp_reply(k, skb, ICMPHDR.pack(ICMP_TIMESTAMPREPLY, code, 0, rest) + struct.pack("!III", asked, now, now), b"")


@icmp_c
def icmp_unreach(k: Kernel, skb: SkBuff, kind: int, code: int, rest: int) -> None:
    """`icmp_unreach`: to the protocol whose packet is quoted."""
    if skb.len < 20:
        k.mib["IcmpInErrors"] += 1
        return
    iph = IpHdr(skb.shared.buf, skb.data)
    if iph.ihl < 5:
        k.mib["IcmpInErrors"] += 1
        return
    info = 0
    if kind == ICMP_DEST_UNREACH:
        if code & 15 == ICMP_FRAG_NEEDED and not k.sysctl.ip_no_pmtu_disc:
            info = route.ip_rt_frag_needed(k, iph, rest & 0xFFFF)
            if not info:
                return
        if code > NR_ICMP_UNREACH:
            return
    elif kind == ICMP_PARAMETERPROB:
        info = rest >> 24
    if route.inet_addr_type(k, iph.daddr) == route.RTN_BROADCAST or skb.len < iph.ihl * 4 + 8:
        return
    if iph.protocol == IPPROTO_TCP:
        tcp_ipv4.tcp_v4_err(k, skb, info, kind, code)
    elif iph.protocol == IPPROTO_UDP:
        udp.udp_err(k, skb, info, kind, code)
