"""net/ipv4/ip_options.c: IP options of a socket and of a packet. Left out: following source routes."""

from __future__ import annotations

from errno import EINVAL
from typing import TYPE_CHECKING

from xref.stack import icmp
from xref.stack import route
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable
    from xref.stack.skbuff import SkBuff

ip_options_c = source("net/ipv4/ip_options.c", "ip")

IPOPT_END = 0
IPOPT_NOOP = 1
IPOPT_RR = 7
IPOPT_TIMESTAMP = 68
IPOPT_LSRR = 131
IPOPT_SSRR = 137
IPOPT_RA = 148
IPOPT_TS_TSONLY = 0
IPOPT_TS_TSANDADDR = 1
IPOPT_TS_PRESPEC = 3
IPHDR_LEN = 20


class IpOptions:
    """`struct ip_options`: the options' bytes, and where in the header (counted from its start) the known ones are."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.faddr = 0
        self.srr = 0
        self.rr = 0
        self.ts = 0
        self.is_strictroute = False
        self.rr_needaddr = False
        self.ts_needtime = False
        self.ts_needaddr = False
        self.router_alert = 0

    @property
    def optlen(self) -> int:
        """Size in bytes, a multiple of four."""
        return len(self.data)

    def copy(self) -> IpOptions:
        """Another with the same content."""
        other = IpOptions(bytes(self.data))
        for name in ("faddr", "srr", "rr", "ts", "is_strictroute", "rr_needaddr", "ts_needtime", "ts_needaddr",
                     "router_alert"):  # fmt: skip
            setattr(other, name, getattr(self, name))
        return other


@ip_options_c
def ip_options_get(k: Kernel, data: bytes) -> tuple[IpOptions | None, int]:
    """`ip_options_get`: the options that a program sets, padded and checked. The options, or an error."""
    opt = IpOptions(data + bytes(-len(data) % 4))
    if opt.optlen and ip_options_compile(k, opt, None):
        return None, -EINVAL
    return opt, 0


@ip_options_c
def ip_options_compile(k: Kernel, opt: IpOptions, skb: SkBuff | None) -> int:
    """`ip_options_compile`: finds the options, and for a received packet fills in address and time.

    A program without CAP_NET_RAW may set only some; here it has that right, as root does.
    """
    data = opt.data
    at = 0
    bad: int | None = None
    while at < len(data):
        kind = data[at]
        if kind == IPOPT_END:
            data[at:] = bytes(len(data) - at)
            break
        if kind == IPOPT_NOOP:
            at += 1
            continue
        optlen = data[at + 1] if at + 1 < len(data) else 0
        if optlen < 2 or optlen > len(data) - at:
            bad = at
            break
        if kind in (IPOPT_SSRR, IPOPT_LSRR):
            bad = _compile_srr(opt, at, optlen, skb)
        elif kind == IPOPT_RR:
            bad = _compile_rr(opt, at, optlen, skb)
        elif kind == IPOPT_TIMESTAMP:
            bad = _compile_ts(k, opt, at, optlen, skb)
        elif kind == IPOPT_RA:
            if optlen < 4:
                bad = at + 1
            elif data[at + 2] == 0 and data[at + 3] == 0:
                opt.router_alert = at + IPHDR_LEN
        if bad is not None:
            break
        at += optlen
    if bad is None:
        return 0
    if skb is not None:
        icmp.icmp_send(k, skb, icmp.ICMP_PARAMETERPROB, 0, (bad + IPHDR_LEN) << 24)
    return -EINVAL


def _spec_dst(skb: SkBuff) -> bytes:
    return skb.dst.rt_spec_dst.to_bytes(4, "big") if skb.dst is not None else bytes(4)


def _compile_srr(opt: IpOptions, at: int, optlen: int, skb: SkBuff | None) -> int | None:
    data = opt.data
    if optlen < 3:
        return at + 1
    if data[at + 2] < 4:
        return at + 2
    if opt.srr:
        return at
    if skb is None:
        if data[at + 2] != 4 or optlen < 7 or (optlen - 3) & 3:
            return at + 1
        opt.faddr = int.from_bytes(data[at + 3 : at + 7], "big")
        data[at + 3 : at + optlen - 4] = data[at + 7 : at + optlen]
    opt.is_strictroute = data[at] == IPOPT_SSRR
    opt.srr = at + IPHDR_LEN
    return None


def _compile_rr(opt: IpOptions, at: int, optlen: int, skb: SkBuff | None) -> int | None:
    data = opt.data
    if opt.rr:
        return at
    if optlen < 3:
        return at + 1
    if data[at + 2] < 4:
        return at + 2
    if data[at + 2] <= optlen:
        if data[at + 2] + 3 > optlen:
            return at + 2
        if skb is not None:
            put = at + data[at + 2] - 1
            data[put : put + 4] = _spec_dst(skb)
        data[at + 2] += 4
        opt.rr_needaddr = True
    opt.rr = at + IPHDR_LEN
    return None


def _compile_ts(k: Kernel, opt: IpOptions, at: int, optlen: int, skb: SkBuff | None) -> int | None:
    data = opt.data
    if opt.ts:
        return at
    if optlen < 4:
        return at + 1
    if data[at + 2] < 5:
        return at + 2
    if data[at + 2] > optlen:
        overflow = data[at + 3] >> 4
        if overflow == 15:
            return at + 3
        opt.ts = at + IPHDR_LEN
        if skb is not None:
            data[at + 3] = data[at + 3] & 0xF | (overflow + 1) << 4
        return None
    if data[at + 2] + 3 > optlen:
        return at + 2
    pointer = data[at + 2]
    form = data[at + 3] & 0xF
    stamp: int | None = None
    if form == IPOPT_TS_TSONLY:
        opt.ts = at + IPHDR_LEN
        stamp = at + pointer - 1
        opt.ts_needtime = True
        data[at + 2] += 4
    elif form in (IPOPT_TS_TSANDADDR, IPOPT_TS_PRESPEC):
        if pointer + 7 > optlen:
            return at + 2
        opt.ts = at + IPHDR_LEN
        if form == IPOPT_TS_TSANDADDR:
            if skb is not None:
                data[at + pointer - 1 : at + pointer + 3] = _spec_dst(skb)
            stamp = at + pointer + 3
            opt.ts_needaddr = True
        else:
            address = int.from_bytes(data[at + pointer - 1 : at + pointer + 3], "big")
            if route.inet_addr_type(k, address) == route.RTN_UNICAST:
                return None
            stamp = at + pointer + 3
        opt.ts_needtime = True
        data[at + 2] += 8
    if stamp is not None and skb is not None:
        data[stamp : stamp + 4] = k.msecs_of_day().to_bytes(4, "big")
    return None


@ip_options_c
def ip_options_build(k: Kernel, skb: SkBuff, opt: IpOptions, daddr: int, rt: Rtable, is_frag: bool) -> None:
    """`ip_options_build`: the options into the header, with what is only known now."""
    mine = opt.copy()
    skb.opt = mine
    data = mine.data
    if mine.srr:
        at = mine.srr - IPHDR_LEN
        put = at + data[at + 1] - 4
        data[put : put + 4] = daddr.to_bytes(4, "big")
    if not is_frag:
        if mine.rr_needaddr:
            at = mine.rr - IPHDR_LEN
            put = at + data[at + 2] - 5
            data[put : put + 4] = route.ip_rt_get_source(rt).to_bytes(4, "big")
        if mine.ts_needaddr:
            at = mine.ts - IPHDR_LEN
            put = at + data[at + 2] - 9
            data[put : put + 4] = route.ip_rt_get_source(rt).to_bytes(4, "big")
        if mine.ts_needtime:
            at = mine.ts - IPHDR_LEN
            put = at + data[at + 2] - 5
            data[put : put + 4] = k.msecs_of_day().to_bytes(4, "big")
    else:
        for place in (mine.rr, mine.ts):
            if place:
                at = place - IPHDR_LEN
                data[at : at + data[at + 1]] = bytes([IPOPT_NOOP]) * data[at + 1]
        mine.rr = mine.ts = 0
        mine.rr_needaddr = mine.ts_needaddr = mine.ts_needtime = False
    skb.shared.buf[skb.nh + IPHDR_LEN : skb.nh + IPHDR_LEN + len(data)] = data


@ip_options_c
def ip_options_echo(k: Kernel, skb: SkBuff) -> IpOptions:
    """`ip_options_echo`: the options for an answer to a packet. Left out: the way back of a source route."""
    sopt = skb.opt
    dopt = IpOptions()
    if sopt is None or not sopt.optlen:
        return dopt
    out = bytearray()
    src = sopt.data
    if sopt.rr:
        at = sopt.rr - IPHDR_LEN
        optlen, soffset = src[at + 1], src[at + 2]
        dopt.rr = len(out) + IPHDR_LEN
        piece = bytearray(src[at : at + optlen])
        if sopt.rr_needaddr and soffset <= optlen and soffset + 3 <= optlen:
            piece[2] = soffset + 4
            dopt.rr_needaddr = True
        out += piece
    if sopt.ts:
        at = sopt.ts - IPHDR_LEN
        optlen, soffset = src[at + 1], src[at + 2]
        dopt.ts = len(out) + IPHDR_LEN
        piece = bytearray(src[at : at + optlen])
        if soffset <= optlen:
            if sopt.ts_needaddr:
                dopt.ts_needaddr = True
                soffset += 4
            if sopt.ts_needtime:
                if piece[3] & 0xF != IPOPT_TS_PRESPEC:
                    dopt.ts_needtime = True
                    soffset += 4
                elif soffset + 8 <= optlen:
                    address = int.from_bytes(src[at + soffset - 1 : at + soffset + 3], "big")
                    if route.inet_addr_type(k, address) != route.RTN_LOCAL:
                        dopt.ts_needtime = True
                        soffset += 8
            piece[2] = soffset
        out += piece
    out += bytes(-len(out) % 4)
    dopt.data = out
    return dopt


def ip_options_fragment(skb: SkBuff) -> None:
    """`ip_options_fragment`: what is not to be copied into further fragments becomes padding.

    As in 2.6.11, the walk begins at the start of the IP header instead of behind it: its first byte, 0x4n, is taken for
    an option whose length is the type of service.
    """
    opt = skb.opt
    if opt is None:
        return
    buf = skb.shared.buf
    at = skb.nh
    left = opt.optlen
    while left > 0:
        kind = buf[at]
        if kind == IPOPT_END:
            return
        if kind == IPOPT_NOOP:
            left -= 1
            at += 1
            continue
        optlen = buf[at + 1]
        if optlen < 2 or optlen > left:
            return
        if not kind & 0x80:
            buf[at : at + optlen] = bytes([IPOPT_NOOP]) * optlen
        left -= optlen
        at += optlen
    opt.ts = opt.rr = 0
    opt.rr_needaddr = opt.ts_needaddr = opt.ts_needtime = False
