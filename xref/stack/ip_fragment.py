"""net/ipv4/ip_fragment.c: reassembly. Left out: the eviction of old queues when memory runs out is by age alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import icmp
from xref.stack.clock import Timer
from xref.stack.headers import IP_MF
from xref.stack.headers import IP_OFFSET
from xref.stack.headers import IpHdr
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import flatten
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import pskb_expand_head
from xref.stack.skbuff import skb_cloned
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_trim
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.device import NetDevice
    from xref.stack.kernel import Kernel

ip_fragment_c = source("net/ipv4/ip_fragment.c", "ip")

COMPLETE = 4
FIRST_IN = 2
LAST_IN = 1


class Ipq:
    """`struct ipq`: the fragments of one packet so far, by offset."""

    def __init__(self, key: tuple[int, int, int, int, int]) -> None:
        self.key = key
        self.last_in = 0
        self.fragments: list[SkBuff] = []
        self.len = 0
        self.meat = 0
        self.dev: NetDevice | None = None
        self.timer = Timer(ip_expire, self)


@ip_fragment_c
def ip_defrag(k: Kernel, skb: SkBuff) -> SkBuff | None:
    """`ip_defrag`: the whole packet, once its last hole is filled."""
    iph, dev = skb.iph, skb.dev
    if iph is None or dev is None:
        raise AssertionError("a fragment without header or device")
    k.mib["IpReasmReqds"] += 1
    if k.ip_frag_mem > k.sysctl.ipfrag_high_thresh:
        ip_evictor(k)
    qp = ip_find(k, iph)
    ip_frag_queue(k, qp, skb)
    whole = None
    if qp.last_in == (FIRST_IN | LAST_IN) and qp.meat == qp.len:
        whole = ip_frag_reasm(k, qp, dev)
    ipq_put(k, qp)
    return whole


@ip_fragment_c
def ip_find(k: Kernel, iph: IpHdr) -> Ipq:
    """`ip_find`: the queue for this packet's fragments, made with the first."""
    key = (iph.id, iph.saddr, iph.daddr, iph.protocol, 0)
    qp = k.ipqs.get(key)
    if qp is None:
        qp = k.ipqs[key] = Ipq(key)
        k.ip_frag_mem += k.machine.sizeof_ipq
        k.mod_timer(qp.timer, k.jiffies + k.sysctl.ipfrag_time * k.hz)
    return qp


def _kill(k: Kernel, qp: Ipq) -> None:
    """`ipq_kill`: no more fragments find it."""
    k.del_timer(qp.timer)
    qp.last_in |= COMPLETE
    if k.ipqs.pop(qp.key, None) is not None:
        k.ip_frag_mem -= k.machine.sizeof_ipq


@ip_fragment_c
def ip_evictor(k: Kernel) -> None:
    """`ip_evictor`: the oldest queues go until enough memory is free."""
    while k.ip_frag_mem > k.sysctl.ipfrag_low_thresh and k.ipqs:
        qp = next(iter(k.ipqs.values()))
        _kill(k, qp)
        ipq_put(k, qp)
        k.mib["IpReasmFails"] += 1


@ip_fragment_c
def ipq_put(k: Kernel, qp: Ipq) -> None:
    """`ipq_put`: the last who used a queue that was killed destroys it.  Nobody else uses one here."""
    if qp.last_in & COMPLETE:
        ip_frag_destroy(k, qp)


@ip_fragment_c
def ip_frag_destroy(k: Kernel, qp: Ipq) -> None:
    """`ip_frag_destroy`: the fragments that are left in it."""
    pieces, qp.fragments = qp.fragments, []
    for skb in pieces:
        frag_kfree_skb(k, skb)


@ip_fragment_c
def frag_kfree_skb(k: Kernel, skb: SkBuff) -> None:
    """`frag_kfree_skb`: its memory counts no longer."""
    k.ip_frag_mem -= skb.truesize
    kfree_skb(k, skb)


@ip_fragment_c
def ip_expire(k: Kernel, qp: Ipq) -> None:
    """`ip_expire`: the rest did not come in time; the sender is told, if the first fragment did."""
    if qp.last_in & COMPLETE:
        return
    _kill(k, qp)
    k.mib["IpReasmTimeout"] += 1
    k.mib["IpReasmFails"] += 1
    if qp.last_in & FIRST_IN and qp.fragments:
        head = qp.fragments[0]
        head.dev = qp.dev
        icmp.icmp_send(k, head, icmp.ICMP_TIME_EXCEEDED, icmp.ICMP_EXC_FRAGTIME, 0)
    ipq_put(k, qp)


@ip_fragment_c
def ip_frag_queue(k: Kernel, qp: Ipq, skb: SkBuff) -> None:
    """`ip_frag_queue`: to its place; overlaps are cut from what came later in the packet."""
    iph = skb.iph
    if iph is None or qp.last_in & COMPLETE:
        kfree_skb(k, skb)
        return
    offset = (iph.frag_off & IP_OFFSET) << 3
    ihl = iph.ihl * 4
    end = offset + skb.len - ihl
    if not iph.frag_off & IP_MF:
        if end < qp.len or (qp.last_in & LAST_IN and end != qp.len):
            kfree_skb(k, skb)
            return
        qp.last_in |= LAST_IN
        qp.len = end
    else:
        end &= ~7
        if end > qp.len:
            if qp.last_in & LAST_IN:
                kfree_skb(k, skb)
                return
            qp.len = end
    if end == offset:
        kfree_skb(k, skb)
        return
    skb_pull(skb, ihl)
    skb_trim(skb, end - offset)
    _insert(k, qp, skb, offset, end)


def _insert(k: Kernel, qp: Ipq, skb: SkBuff, offset: int, end: int) -> None:
    at = next((n for n, other in enumerate(qp.fragments) if other.offset >= offset), len(qp.fragments))
    if at:
        before = qp.fragments[at - 1]
        overlap = before.offset + before.len - offset
        if overlap > 0:
            offset += overlap
            if end <= offset:
                kfree_skb(k, skb)
                return
            skb_pull(skb, overlap)
    while at < len(qp.fragments) and qp.fragments[at].offset < end:
        after = qp.fragments[at]
        overlap = end - after.offset
        if overlap < after.len:
            skb_pull(after, overlap)
            after.offset += overlap
            qp.meat -= overlap
            break
        qp.meat -= after.len
        del qp.fragments[at]
        frag_kfree_skb(k, after)
    skb.offset = offset
    qp.fragments.insert(at, skb)
    qp.dev = skb.dev
    skb.dev = None
    qp.meat += skb.len
    k.ip_frag_mem += skb.truesize
    if offset == 0:
        qp.last_in |= FIRST_IN


@ip_fragment_c
def ip_frag_reasm(k: Kernel, qp: Ipq, dev: NetDevice) -> SkBuff | None:
    """`ip_frag_reasm`: the first fragment's header, and the others as its list."""
    _kill(k, qp)
    head, *rest = qp.fragments
    ihlen = (head.shared.buf[head.nh] & 15) * 4
    size = ihlen + qp.len
    if size > 65535:
        k.mib["IpReasmFails"] += 1
        return None
    for skb in qp.fragments:
        k.ip_frag_mem -= skb.truesize
    qp.fragments = []
    if skb_cloned(head):
        pskb_expand_head(k, head, 0, 0)
    head.len += head.data - head.nh
    head.data = head.nh
    head.shared.frag_list = rest
    for more in rest:
        head.data_len += more.len
        head.len += more.len
        head.truesize += more.truesize
    head.dev = dev
    head.offset = 0
    buf, at = head.shared.buf, head.nh
    buf[at + 2 : at + 4] = size.to_bytes(2, "big")
    buf[at + 6 : at + 8] = b"\0\0"
    # the header's checksum is not made anew: nobody looks at it from here on
    head.iph = IpHdr(buf, at)
    k.mib["IpReasmOKs"] += 1
    flatten(k, head)
    return head
