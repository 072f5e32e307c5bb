"""net/ipv4/ip_input.c: a received packet is checked, routed, put together from fragments and given to its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import icmp
from xref.stack import ip_fragment
from xref.stack import ip_options
from xref.stack import netfilter
from xref.stack import route
from xref.stack import tcp_ipv4
from xref.stack import udp
from xref.stack.checksum import ip_fast_csum
from xref.stack.headers import IP_MF
from xref.stack.headers import IP_OFFSET
from xref.stack.headers import IPPROTO_ICMP
from xref.stack.headers import IPPROTO_TCP
from xref.stack.headers import IPPROTO_UDP
from xref.stack.headers import IpHdr
from xref.stack.netfilter import nf_hook
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import PACKET_OTHERHOST
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import flatten
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import pskb_expand_head
from xref.stack.skbuff import skb_cloned
from xref.stack.skbuff import skb_copy_bits
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_trim
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.device import NetDevice
    from xref.stack.kernel import Kernel

ip_input_c = source("net/ipv4/ip_input.c", "ip")
dst_h = source("include/net/dst.h", "ip")
NET_RX_DROP = 1


@ip_input_c
def ip_rcv(k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
    """`ip_rcv`: is it a whole IPv4 packet with a good header?"""
    if skb.pkt_type == PACKET_OTHERHOST:
        kfree_skb(k, skb)
        return NET_RX_DROP
    k.mib["IpInReceives"] += 1
    if not _header_ok(skb):
        k.mib["IpInHdrErrors"] += 1
        kfree_skb(k, skb)
        return NET_RX_DROP
    return nf_hook(k, netfilter.PF_INET, netfilter.NF_IP_PRE_ROUTING, skb, dev, None, ip_rcv_finish)


def _header_ok(skb: SkBuff) -> bool:
    if skb.len - skb.data_len < 20:
        return False
    iph = IpHdr(skb.shared.buf, skb.data)
    size = iph.ihl * 4
    if iph.ihl < 5 or iph.version != 4 or skb.len - skb.data_len < size:
        return False
    if ip_fast_csum(memoryview(skb.shared.buf)[skb.data : skb.data + size]) != 0:
        return False
    if skb.len < iph.tot_len or iph.tot_len < size:
        return False
    if skb.len > iph.tot_len:
        skb_trim(skb, iph.tot_len)
        if skb.ip_summed == CHECKSUM_HW:
            skb.ip_summed = CHECKSUM_NONE
    skb.iph = iph
    return True


@ip_input_c
def ip_rcv_finish(k: Kernel, skb: SkBuff) -> int:
    """`ip_rcv_finish`: the route, and the options."""
    iph, dev = skb.iph, skb.dev
    if iph is None or dev is None:
        raise AssertionError("a packet without header or device")
    if skb.dst is None and route.ip_route_input(k, skb, iph.daddr, iph.saddr, iph.tos, dev):
        kfree_skb(k, skb)
        return NET_RX_DROP
    skb.opt = None
    if iph.ihl > 5:
        if skb_cloned(skb):
            pskb_expand_head(k, skb, 0, 0)
        start, end = skb.nh + 20, skb.nh + iph.ihl * 4
        opt = ip_options.IpOptions(bytes(skb.shared.buf[start:end]))
        skb.opt = opt
        if ip_options.ip_options_compile(k, opt, skb):
            k.mib["IpInHdrErrors"] += 1
            kfree_skb(k, skb)
            return NET_RX_DROP
        skb.shared.buf[start:end] = opt.data
        if opt.srr:
            # IN_DEV_SOURCE_ROUTE is off unless an administrator turns it on
            kfree_skb(k, skb)
            return NET_RX_DROP
    return dst_input(k, skb)


@dst_h
def dst_input(k: Kernel, skb: SkBuff) -> int:
    """`dst_input`: the way that the route says."""
    if skb.dst is None:
        raise AssertionError("a packet without a route")
    return skb.dst.input(k, skb)


@ip_input_c
def ip_local_deliver(k: Kernel, skb: SkBuff) -> int:
    """`ip_local_deliver`: fragments wait for the rest."""
    iph = skb.iph
    if iph is not None and iph.frag_off & (IP_MF | IP_OFFSET):
        whole = ip_fragment.ip_defrag(k, skb)
        if whole is None:
            return 0
        skb = whole
    return nf_hook(k, netfilter.PF_INET, netfilter.NF_IP_LOCAL_IN, skb, skb.dev, None, ip_local_deliver_finish)


@ip_input_c
def ip_local_deliver_finish(k: Kernel, skb: SkBuff) -> int:
    """`ip_local_deliver_finish`: to the protocol. Left out: raw sockets."""
    iph = skb.iph
    if iph is None:
        raise AssertionError("a packet without header")
    skb_pull(skb, iph.ihl * 4)
    skb.h = skb.data
    if skb.data_len:
        # what follows reads headers with struct; the kernel pulls as much as it needs with pskb_may_pull
        flatten(k, skb)
    if iph.protocol == IPPROTO_TCP:
        tcp_ipv4.tcp_v4_rcv(k, skb)
    elif iph.protocol == IPPROTO_UDP:
        udp.udp_rcv(k, skb)
    elif iph.protocol == IPPROTO_ICMP:
        icmp.icmp_rcv(k, skb)
    else:
        k.mib["IpInUnknownProtos"] += 1
        icmp.icmp_send(k, skb, icmp.ICMP_DEST_UNREACH, icmp.ICMP_PROT_UNREACH, 0)
        kfree_skb(k, skb)
        return 0
    k.mib["IpInDelivers"] += 1
    return 0


def packet_bytes(skb: SkBuff) -> bytes:
    """The packet from its IP header on, as icmp_send quotes it."""
    return skb_copy_bits(skb, skb.nh - skb.data, skb.len + skb.data - skb.nh)
