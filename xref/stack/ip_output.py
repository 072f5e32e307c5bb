"""net/ipv4/ip_output.c: headers in front, through the hooks, to the neighbour; and fragments of what is too large.

Left out: multicast, xfrm, marks.
"""

from __future__ import annotations

from collections.abc import Callable
from errno import EHOSTUNREACH
from errno import EINVAL
from errno import EMSGSIZE
from typing import TYPE_CHECKING

from xref.stack import icmp
from xref.stack import ip_options
from xref.stack import netfilter
from xref.stack import route
from xref.stack import tcp_h
from xref.stack.checksum import ip_fast_csum
from xref.stack.headers import ETH_P_IP
from xref.stack.headers import IP_DF
from xref.stack.headers import IP_MF
from xref.stack.headers import IP_OFFSET
from xref.stack.headers import IPHDR
from xref.stack.netfilter import nf_hook
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import __skb_push
from xref.stack.skbuff import alloc_skb
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import pskb_expand_head
from xref.stack.skbuff import skb_cloned
from xref.stack.skbuff import skb_copy_bits
from xref.stack.skbuff import skb_headlen
from xref.stack.skbuff import skb_headroom
from xref.stack.skbuff import skb_push
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_reserve
from xref.stack.sock import IP_PMTUDISC_DO
from xref.stack.sock import IP_PMTUDISC_WANT
from xref.stack.sockcore import skb_set_owner_w
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.ip_options import IpOptions
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable
    from xref.stack.sock import InetSock

ip_output_c = source("net/ipv4/ip_output.c", "ip")

dst_h = source("include/net/dst.h", "ip")
LL_RESERVED = 16


def ip_dont_fragment(sk: InetSock, dst: Rtable) -> bool:
    """`ip_dont_fragment`."""
    return sk.pmtudisc == IP_PMTUDISC_DO or (sk.pmtudisc == IP_PMTUDISC_WANT and not dst.mtu_locked)


def ip_select_ttl(sk: InetSock, dst: Rtable) -> int:
    """`ip_select_ttl`."""
    return sk.uc_ttl if sk.uc_ttl >= 0 else dst.hoplimit


@ip_output_c
def ip_send_check(k: Kernel, skb: SkBuff) -> None:
    """`ip_send_check`: the header's checksum anew."""
    del k
    buf, at = skb.shared.buf, skb.nh
    size = (buf[at] & 15) * 4
    buf[at + 10 : at + 12] = b"\0\0"
    buf[at + 10 : at + 12] = ip_fast_csum(memoryview(buf)[at : at + size]).to_bytes(2, "big")


@source("include/net/ip.h", "ip")
def ip_select_ident(k: Kernel, df: bool, dst: Rtable, sk: InetSock | None) -> int:
    """`ip_select_ident`."""
    return _select_ident(k, df, dst, sk, 0)


@source("include/net/ip.h", "ip")
def ip_select_ident_more(k: Kernel, df: bool, dst: Rtable, sk: InetSock | None, more: int) -> int:
    """`ip_select_ident_more`: as many identifications as there will be segments."""
    return _select_ident(k, df, dst, sk, more)


def _select_ident(k: Kernel, df: bool, dst: Rtable, sk: InetSock | None, more: int) -> int:
    """Of both: the socket's own counter where the packet may not be fragmented."""
    if df:
        if sk is not None and sk.daddr:
            number = sk.id & 0xFFFF
            sk.id += 1 + more
            return number
        return 0
    return route.__ip_select_ident(k, dst, more)


def _write_header(
    skb: SkBuff, sk: InetSock, rt: Rtable, opt: IpOptions | None, df: bool, ttl: int, protocol: int
) -> None:
    ihl = 5 + (opt.optlen >> 2 if opt is not None else 0)
    IPHDR.pack_into(
        skb.shared.buf, skb.nh, 0x40 | ihl, sk.tos & 0xFF, skb.len, 0, IP_DF if df else 0, ttl, protocol, 0, rt.rt_src,
        rt.rt_dst,
    )  # fmt: skip


def _put_ident(skb: SkBuff, number: int) -> None:
    skb.shared.buf[skb.nh + 4 : skb.nh + 6] = number.to_bytes(2, "big")


@ip_output_c
def ip_queue_xmit(k: Kernel, skb: SkBuff, ipfragok: int) -> int:
    """`ip_queue_xmit`: routes a segment of a connection and puts the IP header in front."""
    sk: InetSock = skb.sk
    opt = sk.opt
    rt = skb.dst
    if rt is None:
        rt = route.__sk_dst_check(k, sk)
        if rt is None:
            daddr = opt.faddr if opt is not None and opt.srr else sk.daddr
            rt, _ = route.ip_route_output_flow(
                k, daddr, sk.saddr, sk.tos & route.IPTOS_RT_MASK | sk.sk_localroute, sk.sk_bound_dev_if, sk
            )
            if rt is None:
                k.mib["IpOutNoRoutes"] += 1
                kfree_skb(k, skb)
                return -EHOSTUNREACH
            sk.sk_dst_cache = rt
            tcp_h.tcp_v4_setup_caps(k, sk, rt)
        skb.dst = rt
    if opt is not None and opt.is_strictroute and rt.rt_dst != rt.rt_gateway:
        kfree_skb(k, skb)
        return -EHOSTUNREACH
    skb.nh = skb_push(k, skb, 20 + (opt.optlen if opt is not None else 0))
    df = ip_dont_fragment(sk, rt) and not ipfragok
    _write_header(skb, sk, rt, opt, df, ip_select_ttl(sk, rt), sk.sk_protocol)
    if opt is not None and opt.optlen:
        ip_options.ip_options_build(k, skb, opt, sk.daddr, rt, False)
    _put_ident(skb, ip_select_ident_more(k, df, rt, sk, skb.shared.tso_segs))
    ip_send_check(k, skb)
    skb.priority = sk.sk_priority
    return nf_hook(k, netfilter.PF_INET, netfilter.NF_IP_LOCAL_OUT, skb, None, rt.dev, dst_output)


@ip_output_c
def ip_build_and_send_pkt(k: Kernel, skb: SkBuff, sk: InetSock, saddr: int, daddr: int, opt: IpOptions | None) -> int:
    """`ip_build_and_send_pkt`: the same for a packet that has its route and no connection yet (SYN|ACK)."""
    del saddr
    rt = skb.dst
    if rt is None:
        raise AssertionError("a packet without a route")
    skb.nh = skb_push(k, skb, 20 + (opt.optlen if opt is not None else 0))
    df = ip_dont_fragment(sk, rt)
    _write_header(skb, sk, rt, opt, df, ip_select_ttl(sk, rt), sk.sk_protocol)
    _put_ident(skb, ip_select_ident(k, df, rt, sk))
    if opt is not None and opt.optlen:
        ip_options.ip_options_build(k, skb, opt, daddr, rt, False)
    ip_send_check(k, skb)
    skb.priority = sk.sk_priority
    return nf_hook(k, netfilter.PF_INET, netfilter.NF_IP_LOCAL_OUT, skb, None, rt.dev, dst_output)


@dst_h
def dst_output(k: Kernel, skb: SkBuff) -> int:
    """`dst_output`: the way that the route says."""
    if skb.dst is None:
        raise AssertionError("a packet without a route")
    return skb.dst.output(k, skb)


@ip_output_c
def ip_output(k: Kernel, skb: SkBuff) -> int:
    """`ip_output`: fragments what is larger than the path MTU."""
    dst = skb.dst
    k.mib["IpOutRequests"] += 1
    if dst is not None and skb.len > dst.mtu and not skb.shared.tso_size:
        return ip_fragment(k, skb, ip_finish_output)
    return ip_finish_output(k, skb)


@ip_output_c
def ip_finish_output(k: Kernel, skb: SkBuff) -> int:
    """`ip_finish_output`: the last hook."""
    dst = skb.dst
    if dst is None:
        raise AssertionError("a packet without a route")
    skb.dev = dst.dev
    skb.protocol = ETH_P_IP
    return nf_hook(k, netfilter.PF_INET, netfilter.NF_IP_POST_ROUTING, skb, None, dst.dev, ip_finish_output2)


@ip_output_c
def ip_finish_output2(k: Kernel, skb: SkBuff) -> int:
    """`ip_finish_output2`: the cached link header in front, or to the neighbour who has none yet."""
    dst = skb.dst
    if dst is None:
        raise AssertionError("a packet without a route")
    if skb_headroom(skb) < LL_RESERVED:
        pskb_expand_head(k, skb, LL_RESERVED, 0)
    hh = dst.hh
    if hh is not None:
        at = skb_push(k, skb, hh.hh_len)
        skb.shared.buf[at : at + hh.hh_len] = hh.hh_data
        return hh.hh_output(k, skb)
    if dst.neighbour is not None:
        return dst.neighbour.output(k, skb)
    kfree_skb(k, skb)
    return -EINVAL


# fragments


def _copy_metadata(to: SkBuff, of: SkBuff) -> None:
    """`ip_copy_metadata`."""
    to.pkt_type, to.priority, to.protocol, to.dst, to.dev = of.pkt_type, of.priority, of.protocol, of.dst, of.dev


@ip_output_c
def ip_fragment(k: Kernel, skb: SkBuff, output: Callable[[Kernel, SkBuff], int]) -> int:
    """`ip_fragment`: a list that was built in pieces is sent in these; anything else is cut and copied."""
    rt = skb.dst
    if rt is None:
        raise AssertionError("a packet without a route")
    buf = skb.shared.buf
    frag_off = int.from_bytes(buf[skb.nh + 6 : skb.nh + 8], "big")
    if frag_off & IP_DF and not skb.local_df:
        icmp.icmp_send(k, skb, icmp.ICMP_DEST_UNREACH, icmp.ICMP_FRAG_NEEDED, rt.mtu)
        kfree_skb(k, skb)
        return -EMSGSIZE
    hlen = (buf[skb.nh] & 15) * 4
    mtu = rt.mtu - hlen
    if skb.shared.frag_list and _list_fits(skb, hlen, mtu, frag_off):
        return _fragment_list(k, skb, hlen, output)
    return _fragment_slow(k, skb, hlen, mtu, frag_off, output)


def _list_fits(skb: SkBuff, hlen: int, mtu: int, frag_off: int) -> bool:
    first = skb_headlen(skb) + sum(frag.size for frag in skb.shared.frags)
    if first - hlen > mtu or (first - hlen) & 7 or frag_off & (IP_MF | IP_OFFSET) or skb_cloned(skb):
        return False
    pieces = skb.shared.frag_list
    for n, frag in enumerate(pieces):
        if frag.len > mtu or (frag.len & 7 and n + 1 < len(pieces)) or skb_headroom(frag) < hlen:
            return False
    return True


def _fragment_list(k: Kernel, skb: SkBuff, hlen: int, output: Callable[[Kernel, SkBuff], int]) -> int:
    """The fast way of ip_fragment."""
    pieces = skb.shared.frag_list
    skb.shared.frag_list = []
    first = skb_headlen(skb) + sum(frag.size for frag in skb.shared.frags)
    skb.data_len = first - skb_headlen(skb)
    skb.len = first
    _patch(k, skb, first, IP_MF)
    offset = 0
    err = 0
    for n in range(len(pieces) + 1):
        frag = pieces[n] if n < len(pieces) else None
        if frag is not None:
            frag.ip_summed = CHECKSUM_NONE
            frag.h = frag.data
            frag.nh = __skb_push(frag, hlen)
            frag.shared.buf[frag.nh : frag.nh + hlen] = skb.shared.buf[skb.nh : skb.nh + hlen]
            _copy_metadata(frag, skb)
            if offset == 0:
                ip_options.ip_options_fragment(frag)
            offset += skb.len - hlen
            _patch(k, frag, frag.len, offset >> 3 | (IP_MF if n + 1 < len(pieces) else 0))
        err = output(k, skb)
        if err or frag is None:
            break
        skb = frag
    if err == 0:
        k.mib["IpFragOKs"] += 1
        return 0
    for left in pieces[n:]:
        if not left.freed:
            kfree_skb(k, left)
    k.mib["IpFragFails"] += 1
    return err


def _patch(k: Kernel, skb: SkBuff, tot_len: int, frag_off: int) -> None:
    buf, at = skb.shared.buf, skb.nh
    buf[at + 2 : at + 4] = tot_len.to_bytes(2, "big")
    buf[at + 6 : at + 8] = frag_off.to_bytes(2, "big")
    ip_send_check(k, skb)


def _fragment_slow(
    k: Kernel, skb: SkBuff, hlen: int, mtu: int, frag_off: int, output: Callable[[Kernel, SkBuff], int]
) -> int:
    """The slow way of ip_fragment."""
    left = skb.len - hlen
    at = hlen
    offset = (frag_off & IP_OFFSET) << 3
    not_last = frag_off & IP_MF
    err = 0
    while left > 0:
        size = min(left, mtu)
        if size < left:
            size &= ~7
        skb2 = alloc_skb(k, size + hlen + LL_RESERVED)
        _copy_metadata(skb2, skb)
        skb_reserve(skb2, LL_RESERVED)
        start = skb_put(skb2, size + hlen)
        skb2.nh = start
        skb2.h = start + hlen
        if skb.sk is not None:
            skb_set_owner_w(k, skb2, skb.sk)
        skb2.shared.buf[start : start + hlen] = skb.shared.buf[skb.data : skb.data + hlen]
        skb2.shared.buf[skb2.h : skb2.h + size] = skb_copy_bits(skb, at, size)
        left -= size
        if offset == 0:
            ip_options.ip_options_fragment(skb)
        _patch(k, skb2, size + hlen, offset >> 3 | (IP_MF if left > 0 or not_last else 0))
        at += size
        offset += size
        k.mib["IpFragCreates"] += 1
        err = output(k, skb2)
        if err:
            break
    kfree_skb(k, skb)
    k.mib["IpFragFails" if err else "IpFragOKs"] += 1
    return err
