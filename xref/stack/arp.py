"""net/core/neighbour.c and net/ipv4/arp.c: the link address of the next hop, and packets that wait for it.

Left out: proxy ARP, arpd, garbage collection, devices other than Ethernet and loopback.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from errno import EINVAL
from typing import TYPE_CHECKING
from typing import Any

from xref.stack import dev as core_dev
from xref.stack import netfilter
from xref.stack import route
from xref.stack.clock import Timer
from xref.stack.headers import ETH_ALEN
from xref.stack.headers import ETH_P_ARP
from xref.stack.headers import ETH_P_IP
from xref.stack.kernel import add_timer
from xref.stack.skbuff import PACKET_HOST
from xref.stack.skbuff import PACKET_LOOPBACK
from xref.stack.skbuff import PACKET_OTHERHOST
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import SkBuffHead
from xref.stack.skbuff import alloc_skb
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_queue_purge
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_reserve
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.device import NetDevice
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable

neighbour_c = source("net/core/neighbour.c", "neighbour")
neighbour_h = source("include/net/neighbour.h", "neighbour")
arp_c = source("net/ipv4/arp.c", "neighbour")

NUD_INCOMPLETE = 0x01
NUD_REACHABLE = 0x02
NUD_STALE = 0x04
NUD_DELAY = 0x08
NUD_PROBE = 0x10
NUD_FAILED = 0x20
NUD_NOARP = 0x40
NUD_PERMANENT = 0x80
NUD_NONE = 0
NUD_IN_TIMER = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE
NUD_VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY
NUD_CONNECTED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE
NUD_NAMES = {
    0: "NONE", 1: "INCOMPLETE", 2: "REACHABLE", 4: "STALE", 8: "DELAY", 16: "PROBE", 32: "FAILED", 64: "NOARP",
    128: "PERMANENT",
}  # fmt: skip

NEIGH_UPDATE_F_OVERRIDE = 1
ARPOP_REQUEST = 1
ARPOP_REPLY = 2
ARPHDR = struct.Struct("!HHBBH6sI6sI")
LL_RESERVED = 16  # LL_RESERVED_SPACE of a device with a header of 14 bytes

Output = Callable[["Kernel", SkBuff], int]


class HhCache:
    """`struct hh_cache`: a link header that is ready to be copied in front."""

    __slots__ = ("hh_data", "hh_len", "hh_output")

    def __init__(self, hh_data: bytes, hh_output: Output) -> None:
        self.hh_data = hh_data
        self.hh_len = len(hh_data)
        self.hh_output = hh_output


class Neighbour:
    """`struct neighbour`."""

    def __init__(self, k: Kernel, address: int, dev: NetDevice) -> None:
        self.primary_key = address
        self.dev = dev
        self.ha = bytes(ETH_ALEN)
        self.nud_state = NUD_NONE
        self.type = route.RTN_UNICAST
        self.probes = 0
        self.used = k.jiffies
        self.confirmed = 0
        self.updated = k.jiffies
        self.arp_queue = SkBuffHead()
        self.timer = Timer(neigh_timer_handler, self)
        self.hh: HhCache | None = None
        self.output: Output = neigh_resolve_output
        self.connected_output: Output = neigh_resolve_output

    def set(self, k: Kernel, state: int) -> None:
        """Take a new state, and say so in the trace."""
        if k.trace is not None and state != self.nud_state:
            k.trace.state("nud_state", NUD_NAMES[self.nud_state], NUD_NAMES[state])
        self.nud_state = state


def reachable_time(k: Kernel, dev: NetDevice) -> int:
    """`neigh->parms->reachable_time`: drawn once for a device, from half to one and a half of the base (jiffies)."""
    if not dev.reachable_time:
        base = k.sysctl.base_reachable_time * k.hz
        dev.reachable_time = (k.random.getrandbits(32) % base) + (base >> 1)
    return dev.reachable_time


# the state machine


@neighbour_c
def neigh_create(k: Kernel, address: int, dev: NetDevice) -> Neighbour:
    """`neigh_create`."""
    n = Neighbour(k, address, dev)
    arp_constructor(k, n)
    n.confirmed = k.jiffies - (k.sysctl.base_reachable_time * k.hz << 1)
    k.neighbours[address, dev.ifindex] = n
    return n


def neigh_lookup(k: Kernel, address: int, dev: NetDevice) -> Neighbour | None:
    """`neigh_lookup`."""
    return k.neighbours.get((address, dev.ifindex))


def neigh_suspect(n: Neighbour) -> None:
    """`neigh_suspect`: packets go the long way, through neigh_resolve_output."""
    n.output = neigh_resolve_output
    if n.hh is not None:
        n.hh.hh_output = neigh_resolve_output


def neigh_connect(n: Neighbour) -> None:
    """`neigh_connect`: packets with a cached header go straight to the device's queue."""
    n.output = n.connected_output
    if n.hh is not None:
        n.hh.hh_output = core_dev.dev_queue_xmit


@neighbour_h
def neigh_event_send(k: Kernel, n: Neighbour, skb: SkBuff | None) -> int:
    """`neigh_event_send`: 0 if the packet may go now."""
    n.used = k.jiffies
    if not n.nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE):
        return __neigh_event_send(k, n, skb)
    return 0


@neighbour_c
def __neigh_event_send(k: Kernel, n: Neighbour, skb: SkBuff | None) -> int:
    """`__neigh_event_send`: resolution starts with the next jiffy; a full queue loses its oldest packet."""
    if n.nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE):
        return 0
    now = k.jiffies
    if not n.nud_state & (NUD_STALE | NUD_INCOMPLETE):
        if not k.sysctl.mcast_solicit:
            n.set(k, NUD_FAILED)
            if skb is not None:
                kfree_skb(k, skb)
            return 1
        n.probes = k.sysctl.ucast_solicit
        n.set(k, NUD_INCOMPLETE)
        add_timer(k, n.timer, now + 1)
    elif n.nud_state & NUD_STALE:
        n.set(k, NUD_DELAY)
        add_timer(k, n.timer, now + k.sysctl.delay_first_probe_time * k.hz)
    if n.nud_state != NUD_INCOMPLETE:
        return 0
    if skb is not None:
        if n.arp_queue.qlen >= k.sysctl.unres_qlen:
            oldest = skb_dequeue(n.arp_queue)
            if oldest is not None:
                k.note("arp_queue_full")
                kfree_skb(k, oldest)
        skb_queue_tail(n.arp_queue, skb)
    return 1


@neighbour_c
def neigh_timer_handler(k: Kernel, n: Neighbour) -> None:
    """`neigh_timer_handler`."""
    now = k.jiffies
    state = n.nud_state
    following = now + k.hz
    if not state & NUD_IN_TIMER:
        return
    delay = k.sysctl.delay_first_probe_time * k.hz
    if state & NUD_REACHABLE:
        reachable = reachable_time(k, n.dev)
        if now <= n.confirmed + reachable:
            following = n.confirmed + reachable
        elif now <= n.used + delay:
            n.set(k, NUD_DELAY)
            neigh_suspect(n)
            following = now + delay
        else:
            n.set(k, NUD_STALE)
            neigh_suspect(n)
    elif state & NUD_DELAY:
        if now <= n.confirmed + delay:
            n.set(k, NUD_REACHABLE)
            neigh_connect(n)
            following = n.confirmed + reachable_time(k, n.dev)
        else:
            n.set(k, NUD_PROBE)
            n.probes = 0
            following = now + round(k.sysctl.retrans_time * k.hz)
    else:
        following = now + round(k.sysctl.retrans_time * k.hz)
    most = k.sysctl.ucast_solicit + (0 if n.nud_state & NUD_PROBE else k.sysctl.mcast_solicit)
    if n.nud_state & (NUD_INCOMPLETE | NUD_PROBE) and n.probes >= most:
        n.set(k, NUD_FAILED)
        while n.nud_state == NUD_FAILED and (skb := skb_dequeue(n.arp_queue)) is not None:
            arp_error_report(k, n, skb)
        skb_queue_purge(k, n.arp_queue)
    if n.nud_state & NUD_IN_TIMER:
        k.mod_timer(n.timer, max(following, k.jiffies + k.hz // 2))
    if n.nud_state & (NUD_INCOMPLETE | NUD_PROBE):
        arp_solicit(k, n, skb_peek(n.arp_queue))
        n.probes += 1


@neighbour_c
def neigh_update(k: Kernel, n: Neighbour, lladdr: bytes, new: int, flags: int) -> None:
    """`neigh_update`, as ARP calls it: an address was heard."""
    old = n.nud_state
    if old & (NUD_NOARP | NUD_PERMANENT):
        return
    if old & NUD_VALID and lladdr == n.ha:
        lladdr = n.ha
    if new & NUD_CONNECTED:
        n.confirmed = k.jiffies
    n.updated = k.jiffies
    if old & NUD_VALID:
        if lladdr != n.ha:
            if not flags & NEIGH_UPDATE_F_OVERRIDE:
                return
        elif new == NUD_STALE and old & NUD_CONNECTED:
            new = old
    if new != old:
        k.del_timer(n.timer)
        if new & NUD_IN_TIMER:
            add_timer(k, n.timer, k.jiffies + (reachable_time(k, n.dev) if new & NUD_REACHABLE else 0))
        n.set(k, new)
    if lladdr != n.ha:
        n.ha = lladdr
        if n.hh is not None:
            n.hh.hh_data = lladdr + n.hh.hh_data[ETH_ALEN:]
        if not new & NUD_CONNECTED:
            n.confirmed = k.jiffies - (k.sysctl.base_reachable_time * k.hz << 1)
    if new == old:
        return
    if new & NUD_CONNECTED:
        neigh_connect(n)
    else:
        neigh_suspect(n)
    if not old & NUD_VALID:
        while n.nud_state & NUD_VALID and (skb := skb_dequeue(n.arp_queue)) is not None:
            n1 = skb.dst.neighbour if skb.dst is not None and skb.dst.neighbour is not None else n
            n1.output(k, skb)
        skb_queue_purge(k, n.arp_queue)


@neighbour_c
def neigh_resolve_output(k: Kernel, skb: SkBuff) -> int:
    """`neigh_resolve_output`: waits for the address, or puts the header in front and caches it."""
    dst = skb.dst
    neigh = dst.neighbour if dst is not None else None
    if dst is None or neigh is None:
        kfree_skb(k, skb)
        return -EINVAL
    skb_pull(skb, skb.nh - skb.data)
    if neigh_event_send(k, neigh, skb):
        return 0
    dev = neigh.dev
    if dst.hh is None and dev.hard_header_cache:
        neigh_hh_init(k, neigh, dst)
    core_dev.eth_header(k, skb, dev, skb.protocol, neigh.ha, None)
    return core_dev.dev_queue_xmit(k, skb)


@neighbour_c
def neigh_hh_init(k: Kernel, n: Neighbour, dst: Rtable) -> None:
    """`neigh_hh_init`: all routes through a neighbour share its cached header."""
    if n.hh is None:
        data = core_dev.eth_header_cache(k, n)
        n.hh = HhCache(data, core_dev.dev_queue_xmit if n.nud_state & NUD_CONNECTED else neigh_resolve_output)
    dst.hh = n.hh


@neighbour_c
def neigh_connected_output(k: Kernel, skb: SkBuff) -> int:
    """`neigh_connected_output`: the address is known, and the device's header is built anew for each packet."""
    neigh = skb.dst.neighbour if skb.dst is not None else None
    if neigh is None:
        raise AssertionError("a packet without a neighbour")
    skb_pull(skb, skb.nh - skb.data)
    core_dev.eth_header(k, skb, neigh.dev, skb.protocol, neigh.ha, None)
    return core_dev.dev_queue_xmit(k, skb)


# ARP


@arp_c
def arp_constructor(k: Kernel, n: Neighbour) -> int:
    """`arp_constructor`: broadcast, multicast and loopback need no ARP; which functions send, the device decides."""
    n.type = route.inet_addr_type(k, n.primary_key)
    if n.dev.loopback:
        n.nud_state = NUD_NOARP
        n.ha = n.dev.dev_addr
    elif n.type == route.RTN_MULTICAST:
        n.nud_state = NUD_NOARP
        n.ha = b"\x01\x00\x5e" + (n.primary_key & 0x7FFFFF).to_bytes(3, "big")
    elif n.type == route.RTN_BROADCAST:
        n.nud_state = NUD_NOARP
        n.ha = n.dev.broadcast
    if not n.dev.hard_header_cache:
        # arp_generic_ops instead of arp_hh_ops
        n.connected_output = neigh_connected_output
    if n.nud_state & NUD_VALID:
        n.output = n.connected_output
    return 0


@arp_c
def arp_bind_neighbour(k: Kernel, dst: Rtable) -> int:
    """`arp_bind_neighbour`: the next hop of a route (0 stands for all of loopback)."""
    if dst.neighbour is None:
        nexthop = 0 if dst.dev.loopback else dst.rt_gateway
        dst.neighbour = __neigh_lookup_errno(k, nexthop, dst.dev)
    return 0


@neighbour_h
def __neigh_lookup_errno(k: Kernel, nexthop: int, dev: NetDevice) -> Neighbour:
    """`__neigh_lookup_errno`: found or made."""
    return neigh_lookup(k, nexthop, dev) or neigh_create(k, nexthop, dev)


@arp_c
def arp_error_report(k: Kernel, n: Neighbour, skb: SkBuff) -> None:
    """`arp_error_report`."""
    del n
    if skb.dst is not None:
        dst_link_failure(k, skb)
    kfree_skb(k, skb)


@source("include/net/dst.h", "route")
def dst_link_failure(k: Kernel, skb: SkBuff) -> None:
    """`dst_link_failure`."""
    route.ipv4_link_failure(k, skb)


@arp_c
def arp_solicit(k: Kernel, n: Neighbour, skb: SkBuff | None) -> None:
    """`arp_solicit`: asks the neighbour itself while probing, everyone otherwise."""
    target = n.primary_key
    saddr = 0
    if skb is not None:
        source_ip = int.from_bytes(skb.shared.buf[skb.nh + 12 : skb.nh + 16], "big")
        if route.inet_addr_type(k, source_ip) == route.RTN_LOCAL:
            saddr = source_ip
    saddr = saddr or route.inet_select_addr(n.dev)
    dst_ha = n.ha if n.probes < k.sysctl.ucast_solicit else None
    arp_send(k, n.dev, ARPOP_REQUEST, target, saddr, dst_ha, None, None)


@arp_c
def arp_send(
    k: Kernel,
    dev: NetDevice,
    op: int,
    dest_ip: int,
    src_ip: int,
    dest_hw: bytes | None,
    src_hw: bytes | None,
    target_hw: bytes | None,
) -> None:
    """`arp_send`."""
    if dev.loopback:
        return
    skb = arp_create(k, dev, op, dest_ip, src_ip, dest_hw, src_hw, target_hw)
    arp_xmit(k, skb)


@arp_c
def arp_create(
    k: Kernel,
    dev: NetDevice,
    op: int,
    dest_ip: int,
    src_ip: int,
    dest_hw: bytes | None,
    src_hw: bytes | None,
    target_hw: bytes | None,
) -> SkBuff:
    """`arp_create`."""
    skb = alloc_skb(k, ARPHDR.size + LL_RESERVED)
    skb_reserve(skb, LL_RESERVED)
    skb.nh = skb.data
    at = skb_put(skb, ARPHDR.size)
    skb.dev = dev
    skb.protocol = ETH_P_ARP
    src_hw = src_hw or dev.dev_addr
    core_dev.eth_header(k, skb, dev, ETH_P_ARP, dest_hw or dev.broadcast, src_hw)
    ARPHDR.pack_into(
        skb.shared.buf, at, 1, ETH_P_IP, ETH_ALEN, 4, op, src_hw, src_ip, target_hw or bytes(ETH_ALEN), dest_ip
    )
    return skb


@arp_c
def arp_xmit(k: Kernel, skb: SkBuff) -> None:
    """`arp_xmit`."""
    netfilter.nf_hook(k, netfilter.NF_ARP, netfilter.NF_ARP_OUT, skb, None, skb.dev, core_dev.dev_queue_xmit)


@arp_c
def arp_rcv(k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
    """`arp_rcv`."""
    if skb.len < ARPHDR.size or skb.pkt_type in (PACKET_OTHERHOST, PACKET_LOOPBACK) or dev.loopback:
        kfree_skb(k, skb)
        return 0
    _, _, hln, pln, *_ = ARPHDR.unpack_from(skb.shared.buf, skb.data)
    if hln != ETH_ALEN or pln != 4:
        kfree_skb(k, skb)
        return 0
    return netfilter.nf_hook(k, netfilter.NF_ARP, netfilter.NF_ARP_IN, skb, dev, None, arp_process)


@arp_c
def arp_process(k: Kernel, skb: SkBuff) -> int:
    """`arp_process`: a request for us is answered, and its sender learnt; a reply updates whom we know."""
    dev = skb.dev
    hrd, pro, _, _, op, sha, sip, _, tip = ARPHDR.unpack_from(skb.shared.buf, skb.data)
    wrong = dev is None or hrd not in (1, 6) or pro != ETH_P_IP or op not in (ARPOP_REPLY, ARPOP_REQUEST)
    if dev is None or wrong or route.loopback(tip) or route.multicast(tip):
        kfree_skb(k, skb)
        return 0
    _arp_answer(k, skb, dev, op, sha, sip, tip)
    kfree_skb(k, skb)
    return 0


def _arp_answer(k: Kernel, skb: SkBuff, dev: NetDevice, op: int, sha: bytes, sip: int, tip: int) -> None:
    """The part of arp_process behind its checks."""
    if sip == 0:
        if op == ARPOP_REQUEST and route.inet_addr_type(k, tip) == route.RTN_LOCAL and not k.sysctl.arp_ignore:
            arp_send(k, dev, ARPOP_REPLY, tip, tip, sha, dev.dev_addr, dev.dev_addr)
        return
    if op == ARPOP_REQUEST and route.ip_route_input(k, skb, tip, sip, 0, dev) == 0:
        rt: Any = skb.dst
        if rt.rt_type == route.RTN_LOCAL:
            neigh_event_ns(k, dev, sha, sip)
            arp_send(k, dev, ARPOP_REPLY, sip, tip, sha, dev.dev_addr, sha)
            return
    n = neigh_lookup(k, sip, dev)
    if n is not None:
        state = NUD_REACHABLE
        override = k.jiffies > n.updated + round(k.sysctl.locktime * k.hz)
        if op != ARPOP_REPLY or skb.pkt_type != PACKET_HOST:
            state = NUD_STALE
        neigh_update(k, n, sha, state, NEIGH_UPDATE_F_OVERRIDE if override else 0)


@neighbour_h
def __neigh_lookup(k: Kernel, address: int, dev: NetDevice) -> Neighbour:
    """`__neigh_lookup`, told to create."""
    return neigh_lookup(k, address, dev) or neigh_create(k, address, dev)


@neighbour_c
def neigh_event_ns(k: Kernel, dev: NetDevice, lladdr: bytes, saddr: int) -> Neighbour:
    """`neigh_event_ns`: who asks is known from then on."""
    n = __neigh_lookup(k, saddr, dev)
    neigh_update(k, n, lladdr, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE)
    return n
