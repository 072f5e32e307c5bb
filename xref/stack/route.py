"""net/ipv4/route.c and what it needs of fib and inetpeer: which way a packet goes, and what is known of that way.

The forwarding table is a list of prefixes, of which the longest match wins. Left out: policy rules, multipath,
membership of groups, redirects, the hash and its garbage collection (a route stays cached until it expires).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from errno import EACCES
from errno import EHOSTUNREACH
from errno import EINVAL
from errno import ENETUNREACH
from errno import ENODEV
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from xref.stack import arp
from xref.stack import icmp
from xref.stack import ip_input
from xref.stack import ip_output
from xref.stack.skbuff import kfree_skb
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.arp import HhCache
    from xref.stack.arp import Neighbour
    from xref.stack.device import NetDevice
    from xref.stack.headers import IpHdr
    from xref.stack.kernel import Kernel
    from xref.stack.skbuff import SkBuff
    from xref.stack.sock import InetSock

route_c = source("net/ipv4/route.c", "route")
route_h = source("include/net/route.h", "route")
inetpeer_c = source("net/ipv4/inetpeer.c", "route")

RTN_UNICAST = 1
RTN_LOCAL = 2
RTN_BROADCAST = 3
RTN_MULTICAST = 5
RTN_UNREACHABLE = 7

RTCF_BROADCAST = 0x10000000
RTCF_MULTICAST = 0x20000000
RTCF_LOCAL = 0x80000000

RTO_ONLINK = 1
IPTOS_RT_MASK = 0x1C
IP_MAX_MTU = 0xFFF0
MTU_PLATEAU = (32000, 17914, 8166, 4352, 2002, 1492, 576, 296, 216, 128)

# TC_PRIO_* by type of service
IP_TOS2PRIO = (0, 1, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4)


def rt_tos2priority(tos: int) -> int:
    """`rt_tos2priority`."""
    return IP_TOS2PRIO[(tos & 0x1E) >> 1]


def local_mcast(address: int) -> bool:
    """`LOCAL_MCAST`: groups that stay on their link."""
    return address >> 8 == 0xE00000


def multicast(address: int) -> bool:
    """`MULTICAST`."""
    return address >> 28 == 0xE


def loopback(address: int) -> bool:
    """`LOOPBACK`."""
    return address >> 24 == 127


@dataclass
class FibEntry:
    """One route: to `network`/`bits`, of a kind, through a device and perhaps a gateway."""

    network: int
    bits: int
    kind: int
    dev: NetDevice
    gateway: int = 0
    prefsrc: int = 0

    def matches(self, address: int) -> bool:
        """Does an address fall under the prefix?"""
        shift = 32 - self.bits
        return address >> shift == self.network >> shift


class InetPeer:
    """`struct inet_peer`: the counter of IP identifications towards a host."""

    def __init__(self, v4daddr: int, ip_id_count: int) -> None:
        self.v4daddr = v4daddr
        self.ip_id_count = ip_id_count
        self.tcp_ts = 0
        self.tcp_ts_stamp = 0


class Rtable:
    """`struct rtable` with its `dst_entry`. Metrics are attributes; `rtt` to `cwnd` earlier connections left."""

    def __init__(self, dev: NetDevice) -> None:
        self.dev = dev
        self.key: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
        self.rt_flags = 0
        self.rt_type = RTN_UNICAST
        self.rt_dst = 0
        self.rt_src = 0
        self.rt_gateway = 0
        self.rt_spec_dst = 0
        self.rt_iif = 0
        self.fl_src = 0
        self.fl_dst = 0
        self.fl_tos = 0
        self.input_route = False
        self.peer: InetPeer | None = None
        self.neighbour: Neighbour | None = None
        self.hh: HhCache | None = None
        self.input: Callable[[Kernel, SkBuff], int] = ip_rt_bug
        self.output: Callable[[Kernel, SkBuff], int] = ip_rt_bug
        self.obsolete = 0
        self.expires = 0
        self.error = 0
        self.header_len = 0
        self.trailer_len = 0
        self.rate_tokens = 0
        self.rate_last = 0
        self.mtu = 0
        self.mtu_locked = False
        self.advmss = 0
        self.window = 0
        self.hoplimit = 0
        self.initcwnd = 0
        self.rtt = 0
        self.rttvar = 0
        self.ssthresh = 0
        self.cwnd = 0
        self.reordering = 0


def dst_confirm(k: Kernel, dst: Rtable | None) -> None:
    """`dst_confirm`: the neighbour was heard of."""
    if dst is not None and dst.neighbour is not None:
        dst.neighbour.confirmed = k.jiffies


def dst_set_expires(k: Kernel, dst: Rtable, timeout: int) -> None:
    """`dst_set_expires`."""
    expires = k.jiffies + timeout
    if not dst.expires or expires < dst.expires:
        dst.expires = expires


@source("include/net/sock.h", "socket")
def sk_dst_check(k: Kernel, sk: InetSock) -> Rtable | None:
    """`sk_dst_check`: the same as `__sk_dst_check`, by who does not hold the socket."""
    dst = sk.sk_dst_cache
    if dst is not None and dst.obsolete:
        sk.sk_dst_cache = dst = None
    del k
    return dst


@source("include/net/sock.h", "socket")
def __sk_dst_check(k: Kernel, sk: InetSock) -> Rtable | None:
    """`__sk_dst_check`: the socket's route, unless that has been dropped."""
    del k
    dst = sk.sk_dst_cache
    if dst is not None and dst.obsolete:
        sk.sk_dst_cache = None
        return None
    return dst


# addresses


def inet_addr_type(k: Kernel, address: int) -> int:
    """`inet_addr_type` (net/ipv4/fib_frontend.c): ours, broadcast, or somebody's."""
    if address in (0, 0xFFFFFFFF):
        return RTN_BROADCAST
    if multicast(address):
        return RTN_MULTICAST
    if loopback(address):
        return RTN_LOCAL
    for dev in k.devices:
        if dev.ip == address and dev.ip:
            return RTN_LOCAL
        if dev.ip and address == dev.broadcast_ip:
            return RTN_BROADCAST
    return RTN_UNICAST


def inet_select_addr(dev: NetDevice) -> int:
    """`inet_select_addr` (net/ipv4/devinet.c): a source address for a device."""
    return dev.ip


@source("include/net/ip_fib.h", "route")
def fib_lookup(k: Kernel, address: int, onlink: bool = False) -> FibEntry | None:
    """`fib_lookup` without policy rules: the longest prefix that matches, for `onlink` without a gateway."""
    best: FibEntry | None = None
    for entry in k.fib:
        if onlink and entry.gateway:
            continue
        if entry.matches(address) and (best is None or entry.bits > best.bits):
            best = entry
    return best


# output


@route_c
def __ip_route_output_key(k: Kernel, daddr: int, saddr: int, tos: int, oif: int) -> tuple[Rtable | None, int]:
    """`__ip_route_output_key`: from the cache, else made. The route, or an error."""
    rt = k.rt_cache.get((daddr, saddr, tos & (IPTOS_RT_MASK | RTO_ONLINK), oif, 0))
    if rt is not None:
        return rt, 0
    return ip_route_output_slow(k, daddr, saddr, tos, oif)


class _Way(NamedTuple):
    """Where a packet is to go, before there is a route."""

    dst: int
    src: int
    dev: NetDevice
    kind: int
    entry: FibEntry | None


def _way_out(k: Kernel, daddr: int, saddr: int, tos: int, oif: int) -> tuple[_Way | None, int]:
    """The part of `ip_route_output_slow` that looks for device, source address and gateway; or an error."""
    lo = k.devices[0]
    if saddr and inet_addr_type(k, saddr) != RTN_LOCAL:
        return None, -EINVAL
    to_all = daddr == 0xFFFFFFFF
    bound = next((dev for dev in k.devices if dev.ifindex == oif), None)
    if oif and bound is None:
        return None, -ENODEV
    if saddr and not oif and (to_all or multicast(daddr)):
        # who is bound to an address sends to many by that address's device
        bound = next((dev for dev in k.devices if dev.ip == saddr), None)
    if not daddr:
        dst = saddr or (bound.ip if bound is not None else 0) or 0x7F000001
        return _Way(dst, saddr or dst, lo, RTN_LOCAL, None), 0
    if bound is not None and (to_all or local_mcast(daddr) or not oif):
        return _Way(daddr, saddr or inet_select_addr(bound), bound, RTN_UNICAST, None), 0
    entry = fib_lookup(k, daddr, bool(tos & RTO_ONLINK))
    if entry is not None and bound is not None and entry.kind == RTN_UNICAST and entry.dev is not bound:
        entry = None
    if entry is None:
        if bound is None:
            return None, -ENETUNREACH
        # a device was asked for: whoever it is is taken to be on its link
        return _Way(daddr, saddr or inet_select_addr(bound), bound, RTN_UNICAST, None), 0
    if entry.kind == RTN_UNREACHABLE:
        return None, -EHOSTUNREACH
    if entry.kind == RTN_LOCAL:
        return _Way(daddr, saddr or daddr, lo, RTN_LOCAL, None), 0
    return _Way(daddr, saddr or entry.prefsrc or inet_select_addr(entry.dev), entry.dev, entry.kind, entry), 0


@route_c
def ip_route_output_slow(k: Kernel, daddr: int, saddr: int, tos: int, oif: int) -> tuple[Rtable | None, int]:
    """`ip_route_output_slow`."""
    tos &= IPTOS_RT_MASK | RTO_ONLINK
    way, err = _way_out(k, daddr, saddr, tos, oif)
    if way is None:
        return None, err
    dst, src, dev_out, kind, entry = way
    flags = RTCF_LOCAL if kind == RTN_LOCAL else 0
    if dst == 0xFFFFFFFF:
        kind = RTN_BROADCAST
    elif multicast(dst):
        kind, flags = RTN_MULTICAST, flags | RTCF_MULTICAST
        entry = None if entry is not None and entry.bits < 4 else entry
    elif dst >= 0xF0000000 or not dst >> 24:
        return None, -EINVAL
    if loopback(src) and not dev_out.loopback:
        return None, -EINVAL
    rth = Rtable(dev_out)
    if dev_out.loopback:
        flags |= RTCF_LOCAL
    if kind == RTN_BROADCAST:
        flags |= RTCF_BROADCAST | RTCF_LOCAL
        entry = None
    rth.fl_dst, rth.fl_src, rth.fl_tos = daddr, saddr, tos
    rth.key = (daddr, saddr, tos, oif, 0)
    rth.rt_dst = rth.rt_gateway = dst
    rth.rt_src = rth.rt_spec_dst = src
    rth.rt_iif = oif or dev_out.ifindex
    rth.output = ip_output.ip_output
    if flags & RTCF_LOCAL:
        rth.input = ip_input.ip_local_deliver
        rth.rt_spec_dst = dst
    if flags & (RTCF_BROADCAST | RTCF_MULTICAST):
        rth.rt_spec_dst = src
    rt_set_nexthop(k, rth, entry, kind)
    rth.rt_flags = flags
    return rt_intern_hash(k, rth)


@route_c
def rt_set_nexthop(k: Kernel, rt: Rtable, entry: FibEntry | None, kind: int) -> None:
    """`rt_set_nexthop`: gateway and metrics."""
    if entry is not None and entry.gateway:
        rt.rt_gateway = entry.gateway
    rt.mtu = min(rt.dev.mtu, IP_MAX_MTU)
    rt.hoplimit = k.sysctl.ip_default_ttl
    rt.advmss = min(max(rt.dev.mtu - 40, k.sysctl.min_adv_mss), 65535 - 40)
    rt.rt_type = kind


@route_c
def rt_intern_hash(k: Kernel, rt: Rtable) -> tuple[Rtable | None, int]:
    """`rt_intern_hash`: into the cache, bound to its neighbour."""
    known = k.rt_cache.get(rt.key)
    if known is not None:
        return known, 0
    if rt.rt_type == RTN_UNICAST or not rt.input_route:
        err = arp.arp_bind_neighbour(k, rt)
        if err:
            return None, err
    k.rt_cache[rt.key] = rt
    return rt, 0


@route_c
def ip_route_output_flow(
    k: Kernel, daddr: int, saddr: int, tos: int, oif: int, sk: InetSock | None
) -> tuple[Rtable | None, int]:
    """`ip_route_output_flow`. Left out: xfrm."""
    del sk
    return __ip_route_output_key(k, daddr, saddr, tos, oif)


@route_c
def ip_route_output_key(k: Kernel, daddr: int, saddr: int, tos: int) -> tuple[Rtable | None, int]:
    """`ip_route_output_key`."""
    return ip_route_output_flow(k, daddr, saddr, tos, 0, None)


@route_h
def ip_route_connect(k: Kernel, sk: InetSock, dst: int, src: int, tos: int, oif: int) -> tuple[Rtable | None, int]:
    """`ip_route_connect`: once to find the addresses, then for these."""
    if not dst or not src:
        rt, err = __ip_route_output_key(k, dst, src, tos, oif)
        if rt is None:
            return None, err
        dst, src = rt.rt_dst, rt.rt_src
    return ip_route_output_flow(k, dst, src, tos, oif, sk)


# identification


@route_c
def __ip_select_ident(k: Kernel, dst: Rtable, more: int) -> int:
    """`__ip_select_ident`: the peer's counter."""
    if dst.peer is None:
        rt_bind_peer(k, dst)
    peer = dst.peer
    if peer is None:
        return 0
    number = peer.ip_id_count & 0xFFFF
    peer.ip_id_count += 1 + more
    return number


@route_c
def rt_bind_peer(k: Kernel, rt: Rtable) -> None:
    """`rt_bind_peer`."""
    rt.peer = inet_getpeer(k, rt.rt_dst)


@inetpeer_c
def inet_getpeer(k: Kernel, daddr: int) -> InetPeer:
    """`inet_getpeer`: what is known of a host, made when first asked for."""
    peer = k.peers.get(daddr)
    if peer is None:
        peer = k.peers[daddr] = InetPeer(daddr, k.secure_ip_id(daddr))
    return peer


# the ways on which a route changes or fails


def _rt_del(k: Kernel, rt: Rtable) -> None:
    rt.obsolete = 2
    k.rt_cache.pop(rt.key, None)


@route_c
def ipv4_negative_advice(k: Kernel, rt: Rtable) -> Rtable | None:
    """`ipv4_negative_advice`: a route that may be stale is dropped."""
    if rt.obsolete:
        return None
    if rt.expires:
        _rt_del(k, rt)
        return None
    return rt


@source("include/net/dst.h", "ip")
def dst_negative_advice(k: Kernel, sk: InetSock) -> None:
    """`dst_negative_advice`: transmission fails again and again."""
    if sk.sk_dst_cache is not None:
        sk.sk_dst_cache = ipv4_negative_advice(k, sk.sk_dst_cache)


@route_c
def ipv4_link_failure(k: Kernel, skb: SkBuff) -> None:
    """`ipv4_link_failure`: the neighbour does not answer; the sender learns it by ICMP."""
    icmp.icmp_send(k, skb, icmp.ICMP_DEST_UNREACH, icmp.ICMP_HOST_UNREACH, 0)
    if skb.dst is not None:
        dst_set_expires(k, skb.dst, 0)


@route_c
def ip_rt_frag_needed(k: Kernel, iph: IpHdr, new_mtu: int) -> int:
    """`ip_rt_frag_needed`: a router wants smaller packets; the routes to that host learn it. The path MTU."""
    if k.sysctl.ip_no_pmtu_disc:
        return 0
    tos = iph.tos & IPTOS_RT_MASK
    est_mtu = 0
    for skey in (iph.saddr, 0):
        old_mtu = iph.tot_len
        for rth in list(k.rt_cache.values()):
            if (
                rth.fl_dst != iph.daddr or rth.fl_src != skey or rth.rt_dst != iph.daddr or rth.rt_src != iph.saddr
                or rth.fl_tos != tos or rth.input_route or rth.mtu_locked
            ):  # fmt: skip
                continue
            mtu = new_mtu
            if new_mtu < 68 or new_mtu >= old_mtu:
                if mtu == 0 and old_mtu >= rth.mtu and old_mtu >= 68 + iph.ihl * 4:
                    old_mtu -= iph.ihl * 4
                mtu = next((plateau for plateau in MTU_PLATEAU if old_mtu > plateau), 68)
            if mtu <= rth.mtu:
                if mtu < rth.mtu:
                    dst_confirm(k, rth)
                    if mtu < k.sysctl.min_pmtu:
                        mtu = k.sysctl.min_pmtu
                        rth.mtu_locked = True
                    rth.mtu = mtu
                    dst_set_expires(k, rth, k.sysctl.mtu_expires * k.hz)
                est_mtu = mtu
    return est_mtu or new_mtu


@route_c
def ip_rt_update_pmtu(k: Kernel, dst: Rtable, mtu: int) -> None:
    """`ip_rt_update_pmtu`: the same for the route of one socket."""
    if dst.mtu > mtu >= 68 and not dst.mtu_locked:
        if mtu < k.sysctl.min_pmtu:
            mtu = k.sysctl.min_pmtu
            dst.mtu_locked = True
        dst.mtu = mtu
        dst_set_expires(k, dst, k.sysctl.mtu_expires * k.hz)


def flush_cache(k: Kernel) -> None:
    """What `rt_cache_flush` comes to: no cached route holds any longer, those of sockets included."""
    for rt in k.rt_cache.values():
        rt.obsolete = 2
    k.rt_cache.clear()


@route_c
def ip_rt_bug(k: Kernel, skb: SkBuff) -> int:
    """`ip_rt_bug`: a packet went where its route does not lead."""
    kfree_skb(k, skb)
    return 0


@route_c
def ip_error(k: Kernel, skb: SkBuff) -> int:
    """`ip_error`: no route for a packet that came in."""
    code = {EHOSTUNREACH: 1, ENETUNREACH: 0, EACCES: 13}.get(skb.dst.error if skb.dst else 0)
    if code is not None:
        icmp.icmp_send(k, skb, icmp.ICMP_DEST_UNREACH, code, 0)
    kfree_skb(k, skb)
    return 0


# input


@route_c
def ip_route_input(k: Kernel, skb: SkBuff, daddr: int, saddr: int, tos: int, dev: NetDevice) -> int:
    """`ip_route_input`: from the cache, else made; the buffer gets the route."""
    rt = k.rt_cache.get((daddr, saddr, tos & IPTOS_RT_MASK, 0, dev.ifindex))
    if rt is not None:
        skb.dst = rt
        return 0
    if multicast(daddr):
        return -EINVAL
    return ip_route_input_slow(k, skb, daddr, saddr, tos & IPTOS_RT_MASK, dev)


@route_c
def ip_route_input_slow(k: Kernel, skb: SkBuff, daddr: int, saddr: int, tos: int, dev: NetDevice) -> int:
    """`ip_route_input_slow`, for a host that does not forward."""
    if multicast(saddr) or saddr >= 0xF0000000 or loopback(saddr):
        return -EINVAL
    if daddr == 0xFFFFFFFF or (saddr == 0 and daddr == 0):
        kind = RTN_BROADCAST
    elif saddr >> 24 == 0 or daddr >> 24 == 0 or daddr >= 0xF0000000 or loopback(daddr):
        return -EINVAL
    else:
        kind = inet_addr_type(k, daddr)
        if kind not in (RTN_LOCAL, RTN_BROADCAST):
            return -EINVAL
    if inet_addr_type(k, saddr) != RTN_UNICAST and saddr:
        return -EINVAL
    rth = Rtable(k.devices[0])
    rth.fl_dst, rth.fl_src, rth.fl_tos = daddr, saddr, tos
    rth.key = (daddr, saddr, tos, 0, dev.ifindex)
    rth.input_route = True
    rth.rt_dst = rth.rt_gateway = daddr
    rth.rt_src = saddr
    rth.rt_iif = dev.ifindex
    rth.rt_spec_dst = daddr if kind == RTN_LOCAL else inet_select_addr(dev)
    rth.input = ip_input.ip_local_deliver
    rth.rt_flags = RTCF_LOCAL | (RTCF_BROADCAST if kind == RTN_BROADCAST else 0)
    rth.rt_type = kind
    rth.hoplimit = k.sysctl.ip_default_ttl
    found, err = rt_intern_hash(k, rth)
    skb.dst = found
    return err


def ip_rt_get_source(rt: Any) -> int:
    """`ip_rt_get_source`: the address that record route puts in."""
    return rt.rt_src if not rt.input_route else rt.rt_spec_dst  # type: ignore[no-any-return]
