"""net/ipv4/tcp_ipv4.c: TCP over IPv4: finding the socket, connecting, being connected to, answering without one.

Left out: SYN cookies, recycling of TIME_WAIT, MD5.
"""

from __future__ import annotations

import struct
from errno import EADDRNOTAVAIL
from errno import EAFNOSUPPORT
from errno import EHOSTUNREACH
from errno import EMSGSIZE
from errno import ENETUNREACH
from errno import EPROTO
from typing import TYPE_CHECKING

from xref.stack import af_inet
from xref.stack import icmp
from xref.stack import ip_append
from xref.stack import ip_options
from xref.stack import ip_output
from xref.stack import route
from xref.stack import sockcore
from xref.stack import tcp_ack
from xref.stack import tcp_h
from xref.stack import tcp_input
from xref.stack import tcp_minisocks
from xref.stack import tcp_output
from xref.stack import tcp_retransmit
from xref.stack import tcp_timer
from xref.stack.checksum import csum_partial
from xref.stack.checksum import csum_tcpudp_magic
from xref.stack.checksum import csum_tcpudp_nofold
from xref.stack.headers import IPPROTO_TCP
from xref.stack.headers import TCPHDR
from xref.stack.headers import IpHdr
from xref.stack.headers import TcpHdr
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_UNNECESSARY
from xref.stack.skbuff import PACKET_HOST
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_checksum
from xref.stack.skbuff import skb_queue_tail
from xref.stack.sock import IP_PMTUDISC_DONT
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TCP_ESTABLISHED
from xref.stack.sock import TCP_LISTEN
from xref.stack.sock import TCP_SYN_RECV
from xref.stack.sock import TCP_SYN_SENT
from xref.stack.sock import TcpOptionsReceived
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCP_SYNQ_HSIZE
from xref.stack.tcp_defs import TCP_TIME_DACK
from xref.stack.tcp_defs import TCPCB_FLAG_ACK
from xref.stack.tcp_defs import TCPCB_FLAG_RST
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import between
from xref.stack.tcp_defs import header
from xref.stack.tcp_defs import tcp_ack_scheduled
from xref.stack.tcp_defs import tcp_initialize_rcv_mss
from xref.stack.tcp_defs import tcp_rto_min
from xref.stack.tcp_defs import tcp_timeout_init
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable

tcp_ipv4_c = source("net/ipv4/tcp_ipv4.c", "tcp")
tcp_h_source = source("include/net/tcp.h", "tcp")


# ports and tables


def conn_flags(sk: TcpSock) -> int:
    """`RT_CONN_FLAGS`."""
    return sk.tos & route.IPTOS_RT_MASK | sk.sk_localroute


def _bind(k: Kernel, sk: TcpSock, port: int) -> None:
    k.tcp_bhash.setdefault(port, []).append(sk)
    sk.bind_port = port
    sk.num = port


@tcp_ipv4_c
def tcp_v4_get_port(k: Kernel, sk: TcpSock, snum: int) -> int:
    """`tcp_v4_get_port`: binds to a port, or to a free one. Not 0: taken."""
    if not snum:
        low, high = k.sysctl.ip_local_port_range
        rover = k.tcp_port_rover
        for _ in range(high - low + 1):
            rover = rover + 1 if low <= rover < high else low
            if rover not in k.tcp_bhash:
                break
        else:
            return 1
        k.tcp_port_rover = snum = rover
    for other in k.tcp_bhash.get(snum, []):
        if other is sk or (sk.sk_reuse and other.sk_reuse and other.sk_state != TCP_LISTEN != sk.sk_state):
            continue
        if not other.rcv_saddr or not sk.rcv_saddr or other.rcv_saddr == sk.rcv_saddr:
            return 1
    if sk.bind_port is None:
        _bind(k, sk, snum)
    return 0


@tcp_ipv4_c
def tcp_put_port(k: Kernel, sk: TcpSock) -> None:
    """`tcp_put_port`."""
    if sk.bind_port is not None:
        owners = k.tcp_bhash.get(sk.bind_port, [])
        if sk in owners:
            owners.remove(sk)
        if not owners:
            k.tcp_bhash.pop(sk.bind_port, None)
        sk.bind_port = None
        sk.num = 0


def _key(sk: TcpSock) -> tuple[int, int, int, int]:
    return sk.rcv_saddr, sk.num, sk.daddr, sk.dport


@tcp_ipv4_c
def tcp_v4_hash(k: Kernel, sk: TcpSock) -> None:
    """`tcp_v4_hash`: into the table of listeners or of connections."""
    if sk.sk_state != TCP_CLOSE:
        __tcp_v4_hash(k, sk)


@tcp_ipv4_c
def __tcp_v4_hash(k: Kernel, sk: TcpSock) -> None:
    """`__tcp_v4_hash`."""
    if sk.sk_state == TCP_LISTEN:
        k.tcp_listening.setdefault(sk.num, []).append(sk)
    else:
        k.tcp_ehash[_key(sk)] = sk
    sk.hashed = True


def unhash(k: Kernel, sk: TcpSock) -> None:
    """Out of both tables."""
    if not sk.hashed:
        return
    sk.hashed = False
    if k.tcp_ehash.get(_key(sk)) is sk:
        del k.tcp_ehash[_key(sk)]
    listeners = k.tcp_listening.get(sk.num, [])
    if sk in listeners:
        listeners.remove(sk)


@tcp_ipv4_c
def tcp_unhash(k: Kernel, sk: TcpSock) -> None:
    """`tcp_unhash`."""
    unhash(k, sk)


@tcp_ipv4_c
def tcp_v4_hash_connect(k: Kernel, sk: TcpSock) -> int:
    """`tcp_v4_hash_connect`: a local port for a connection."""
    if sk.bind_port is None:
        chosen = k.connect_port(sk.daddr, sk.dport)
        low, high = k.sysctl.ip_local_port_range
        span = high - low
        start = chosen - low if chosen is not None else k.random.randrange(span)
        for n in range(span):
            port = low + (start + n) % span
            key = (sk.rcv_saddr, port, sk.daddr, sk.dport)
            if port not in k.tcp_bhash and key not in k.tcp_ehash and key not in k.tcp_twhash:
                _bind(k, sk, port)
                sk.sport = port
                __tcp_v4_hash(k, sk)
                return 0
        return -EADDRNOTAVAIL
    if _key(sk) in k.tcp_ehash or _key(sk) in k.tcp_twhash:
        return -EADDRNOTAVAIL
    __tcp_v4_hash(k, sk)
    return 0


@tcp_ipv4_c
def __tcp_v4_lookup(
    k: Kernel, saddr: int, sport: int, daddr: int, dport: int
) -> TcpSock | tcp_minisocks.TcpTwBucket | None:
    """`__tcp_v4_lookup`: the connection, what is left of one, or a listener."""
    key = (daddr, dport, saddr, sport)
    return k.tcp_ehash.get(key) or k.tcp_twhash.get(key) or tcp_v4_lookup_listener(k, daddr, dport)


@tcp_ipv4_c
def tcp_v4_lookup(
    k: Kernel, saddr: int, sport: int, daddr: int, dport: int
) -> TcpSock | tcp_minisocks.TcpTwBucket | None:
    """`tcp_v4_lookup`."""
    return __tcp_v4_lookup(k, saddr, sport, daddr, dport)


def tcp_v4_lookup_listener(k: Kernel, daddr: int, dport: int) -> TcpSock | None:
    """`tcp_v4_lookup_listener`: one bound to the address before one bound to any."""
    best: TcpSock | None = None
    for sk in k.tcp_listening.get(dport, []):
        if sk.rcv_saddr == daddr:
            return sk
        if not sk.rcv_saddr and best is None:
            best = sk
    return best


# connecting


@tcp_ipv4_c
def tcp_v4_connect(k: Kernel, sk: TcpSock, address: tuple[int, int], family: int) -> int:
    """`tcp_v4_connect`."""
    daddr, port = address
    if family != 2:
        return -EAFNOSUPPORT
    nexthop = sk.opt.faddr if sk.opt is not None and sk.opt.srr else daddr
    rt, err = route.ip_route_connect(k, sk, nexthop, sk.saddr, conn_flags(sk), sk.sk_bound_dev_if)
    if rt is None:
        return err
    if rt.rt_flags & (route.RTCF_MULTICAST | route.RTCF_BROADCAST):
        return -ENETUNREACH
    if sk.opt is None or not sk.opt.srr:
        daddr = rt.rt_dst
    if not sk.saddr:
        sk.saddr = rt.rt_src
    sk.rcv_saddr = sk.saddr
    if sk.rx_opt.ts_recent_stamp and sk.daddr != daddr:
        sk.rx_opt.ts_recent = 0
        sk.rx_opt.ts_recent_stamp = 0
        sk.write_seq = 0
    sk.dport = port
    sk.daddr = daddr
    sk.ext_header_len = sk.opt.optlen if sk.opt is not None else 0
    sk.rx_opt.mss_clamp = 536
    tcp_h.tcp_set_state(k, sk, TCP_SYN_SENT)
    err = tcp_v4_hash_connect(k, sk)
    if err:
        tcp_h.tcp_set_state(k, sk, TCP_CLOSE)
        sk.sk_route_caps = 0
        sk.dport = 0
        return err
    sk.sk_dst_cache = rt
    tcp_h.tcp_v4_setup_caps(k, sk, rt)
    sk.ext2_header_len = rt.header_len
    if not sk.write_seq:
        sk.write_seq = k.secure_tcp_sequence_number(sk.saddr, sk.daddr, sk.sport, port)
    sk.id = (sk.write_seq ^ k.jiffies) & 0xFFFF
    return tcp_retransmit.tcp_connect(k, sk)


@tcp_ipv4_c
def tcp_v4_rebuild_header(k: Kernel, sk: TcpSock) -> int:
    """`tcp_v4_rebuild_header`: a route again, where the socket's was dropped."""
    if route.__sk_dst_check(k, sk) is not None:
        return 0
    daddr = sk.opt.faddr if sk.opt is not None and sk.opt.srr else sk.daddr
    rt, err = route.ip_route_output_flow(k, daddr, sk.saddr, conn_flags(sk), sk.sk_bound_dev_if, sk)
    if rt is not None:
        sk.sk_dst_cache = rt
        tcp_h.tcp_v4_setup_caps(k, sk, rt)
        sk.ext2_header_len = rt.header_len
        return 0
    sk.sk_route_caps = 0
    sk.sk_err_soft = -err
    return err


@tcp_ipv4_c
def tcp_v4_send_check(k: Kernel, sk: TcpSock, skb: SkBuff, header_size: int) -> None:
    """`tcp_v4_send_check`: the header's sum and that of the data, taken while they were copied; or left to the card."""
    del k
    at = skb.h
    buf = skb.shared.buf
    if skb.ip_summed == CHECKSUM_HW:
        check = ~csum_tcpudp_magic(sk.saddr, sk.daddr, skb.len, IPPROTO_TCP, 0) & 0xFFFF
        skb.csum = 16
    else:
        total = csum_partial(memoryview(buf)[at : at + header_size], skb.csum)
        check = csum_tcpudp_magic(sk.saddr, sk.daddr, skb.len, IPPROTO_TCP, total)
    buf[at + 16 : at + 18] = check.to_bytes(2, "big")


# answers without a socket


@tcp_ipv4_c
def tcp_v4_send_reset(k: Kernel, skb: SkBuff) -> None:
    """`tcp_v4_send_reset`."""
    th = header(skb)
    rt, iph = skb.dst, skb.iph
    if th.rst or rt is None or iph is None or rt.rt_type != route.RTN_LOCAL:
        return
    if th.ack:
        seq, ack_seq, flags = th.ack_seq, 0, TCPCB_FLAG_RST
    else:
        seq = 0
        ack_seq = (th.seq + th.syn + th.fin + skb.len - (th.doff << 2)) & U32
        flags = TCPCB_FLAG_RST | TCPCB_FLAG_ACK
    rth = TCPHDR.pack(th.dest, th.source, seq, ack_seq, 5 << 4, flags, 0, 0, 0)
    csum = csum_tcpudp_nofold(iph.daddr, iph.saddr, len(rth), IPPROTO_TCP, 0)
    ip_append.ip_send_reply(k, af_inet.tcp_socket(k), skb, rth, csum, 16)
    k.mib["TcpOutSegs"] += 1
    k.mib["TcpOutRsts"] += 1


@tcp_ipv4_c
def tcp_v4_send_ack(k: Kernel, skb: SkBuff, seq: int, ack: int, win: int, ts: int) -> None:
    """`tcp_v4_send_ack`."""
    th = header(skb)
    iph = skb.iph
    if iph is None:
        return
    size = 32 if ts else 20
    rep = TCPHDR.pack(th.dest, th.source, seq, ack, size >> 2 << 4, TCPCB_FLAG_ACK, win & 0xFFFF, 0, 0)
    if ts:
        rep += struct.pack("!III", 0x0101080A, k.tcp_time_stamp, ts)
    csum = csum_tcpudp_nofold(iph.daddr, iph.saddr, size, IPPROTO_TCP, 0)
    ip_append.ip_send_reply(k, af_inet.tcp_socket(k), skb, rep, csum, 16)
    k.mib["TcpOutSegs"] += 1


@tcp_ipv4_c
def tcp_v4_timewait_ack(k: Kernel, tw: tcp_minisocks.TcpTwBucket, skb: SkBuff) -> None:
    """`tcp_v4_timewait_ack`."""
    tcp_v4_send_ack(k, skb, tw.snd_nxt, tw.rcv_nxt, tw.rcv_wnd >> tw.rcv_wscale, tw.ts_recent)


@tcp_ipv4_c
def tcp_v4_or_send_ack(k: Kernel, skb: SkBuff, req: tcp_minisocks.OpenRequest) -> None:
    """`tcp_v4_or_send_ack`."""
    tcp_v4_send_ack(k, skb, (req.snt_isn + 1) & U32, (req.rcv_isn + 1) & U32, req.rcv_wnd, req.ts_recent)


# being connected to


@tcp_ipv4_c
def tcp_v4_route_req(k: Kernel, sk: TcpSock, req: tcp_minisocks.OpenRequest) -> Rtable | None:
    """`tcp_v4_route_req`."""
    daddr = req.opt.faddr if req.opt is not None and req.opt.srr else req.rmt_addr
    rt, _ = route.ip_route_output_flow(k, daddr, req.loc_addr, conn_flags(sk), sk.sk_bound_dev_if, sk)
    return rt


@tcp_ipv4_c
def tcp_v4_send_synack(k: Kernel, sk: TcpSock, req: tcp_minisocks.OpenRequest, dst: Rtable | None) -> int:
    """`tcp_v4_send_synack`."""
    dst = dst or tcp_v4_route_req(k, sk, req)
    if dst is None:
        return -1
    skb = tcp_retransmit.tcp_make_synack(k, sk, dst, req)
    at = skb.h
    buf = skb.shared.buf
    total = csum_partial(memoryview(buf)[at : at + skb.len])
    check = csum_tcpudp_magic(req.loc_addr, req.rmt_addr, skb.len, IPPROTO_TCP, total)
    buf[at + 16 : at + 18] = check.to_bytes(2, "big")
    err = ip_output.ip_build_and_send_pkt(k, skb, sk, req.loc_addr, req.rmt_addr, req.opt)
    return 0 if err == 2 else err


@tcp_ipv4_c
def tcp_v4_conn_request(k: Kernel, sk: TcpSock, skb: SkBuff) -> int:
    """`tcp_v4_conn_request`: a SYN for a listener: remembered, and answered."""
    iph, rt, th = skb.iph, skb.dst, header(skb)
    lopt = sk.listen_opt
    if iph is None or rt is None or lopt is None:
        return 0
    isn = skb.cb.when
    if rt.rt_flags & (route.RTCF_BROADCAST | route.RTCF_MULTICAST):
        return 0
    if lopt.qlen >> lopt.max_qlen_log and not isn:
        return 0
    if sk.sk_ack_backlog > sk.sk_max_ack_backlog and lopt.qlen_young > 1:
        return 0
    tmp_opt = TcpOptionsReceived()
    tmp_opt.mss_clamp = 536
    tmp_opt.user_mss = sk.rx_opt.user_mss
    tcp_ack.tcp_parse_options(k, skb, tmp_opt, 0)
    if tmp_opt.saw_tstamp and not tmp_opt.rcv_tsval:
        tmp_opt.saw_tstamp = 0
    req = tcp_minisocks.OpenRequest()
    req.rcv_isn = skb.cb.seq
    req.mss = tmp_opt.mss_clamp
    req.ts_recent = tmp_opt.rcv_tsval if tmp_opt.saw_tstamp else 0
    req.tstamp_ok = tmp_opt.saw_tstamp
    req.sack_ok = tmp_opt.sack_ok
    req.snd_wscale = tmp_opt.snd_wscale
    req.wscale_ok = tmp_opt.wscale_ok
    req.rmt_port = th.source
    req.loc_addr = iph.daddr
    req.rmt_addr = iph.saddr
    if skb.opt is not None and skb.opt.optlen:
        req.opt = ip_options.ip_options_echo(k, skb)
    if k.sysctl.tcp_ecn and th.ece and th.cwr:
        req.ecn_ok = 1
    backlog = k.sysctl.tcp_max_syn_backlog
    if not isn:
        if backlog - lopt.qlen < backlog >> 2:
            return 0
        isn = k.secure_tcp_sequence_number(iph.daddr, iph.saddr, th.dest, th.source)
    req.snt_isn = isn
    if tcp_v4_send_synack(k, sk, req, None):
        return 0
    tcp_v4_synq_add(k, sk, req)
    return 0


def tcp_v4_synq_hash(k: Kernel, sk: TcpSock, raddr: int, rport: int) -> int:
    """`tcp_v4_synq_hash`: where in the table a request is; any hash that nobody can foretell serves."""
    return k.synq_hash(sk, raddr, rport) % TCP_SYNQ_HSIZE


@tcp_ipv4_c
def tcp_v4_synq_add(k: Kernel, sk: TcpSock, req: tcp_minisocks.OpenRequest) -> None:
    """`tcp_v4_synq_add`."""
    req.hash = tcp_v4_synq_hash(k, sk, req.rmt_addr, req.rmt_port)
    req.expires = k.jiffies + tcp_timeout_init(k)
    lopt = sk.listen_opt
    if lopt is not None:
        lopt.syn_table.append(req)
        tcp_synq_added(k, sk)


@tcp_h_source
def tcp_synq_added(k: Kernel, sk: TcpSock) -> None:
    """`tcp_synq_added`: the first starts the timer."""
    lopt = sk.listen_opt
    if lopt is None:
        return
    if lopt.qlen == 0:
        tcp_timer.tcp_reset_keepalive_timer(k, sk, tcp_timeout_init(k))
    lopt.qlen += 1
    lopt.qlen_young += 1


@tcp_ipv4_c
def tcp_v4_syn_recv_sock(
    k: Kernel, sk: TcpSock, skb: SkBuff, req: tcp_minisocks.OpenRequest, dst: Rtable | None
) -> TcpSock | None:
    """`tcp_v4_syn_recv_sock`: the request was acknowledged; a socket for it, unless the backlog is full."""
    if sk.sk_ack_backlog > sk.sk_max_ack_backlog:
        k.mib["ListenOverflows"] += 1
        k.mib["ListenDrops"] += 1
        return None
    dst = dst or tcp_v4_route_req(k, sk, req)
    if dst is None:
        k.mib["ListenDrops"] += 1
        return None
    newsk = tcp_minisocks.tcp_create_openreq_child(k, sk, req, skb)
    newsk.sk_dst_cache = dst
    tcp_h.tcp_v4_setup_caps(k, newsk, dst)
    newsk.daddr = req.rmt_addr
    newsk.rcv_saddr = newsk.saddr = req.loc_addr
    newsk.opt, req.opt = req.opt, None
    newsk.ext_header_len = newsk.opt.optlen if newsk.opt is not None else 0
    newsk.ext2_header_len = dst.header_len
    newsk.id = (newsk.write_seq ^ k.jiffies) & 0xFFFF
    tcp_output.tcp_sync_mss(k, newsk, dst.mtu)
    newsk.advmss = dst.advmss
    tcp_initialize_rcv_mss(newsk)
    newsk.num = sk.num
    _bind(k, newsk, sk.num)
    __tcp_v4_hash(k, newsk)
    return newsk


@tcp_ipv4_c
def tcp_v4_search_req(k: Kernel, sk: TcpSock, rport: int, raddr: int, laddr: int) -> tcp_minisocks.OpenRequest | None:
    """`tcp_v4_search_req`."""
    del k
    lopt = sk.listen_opt
    for req in lopt.syn_table if lopt is not None else []:
        if req.rmt_port == rport and req.rmt_addr == raddr and req.loc_addr == laddr:
            return req
    return None


@tcp_ipv4_c
def tcp_v4_hnd_req(k: Kernel, sk: TcpSock, skb: SkBuff) -> TcpSock | None:
    """`tcp_v4_hnd_req`: the socket that a segment for a listener is really for."""
    th, iph = header(skb), skb.iph
    if iph is None:
        return None
    req = tcp_v4_search_req(k, sk, th.source, iph.saddr, iph.daddr)
    if req is not None:
        return tcp_minisocks.tcp_check_req(k, sk, skb, req)
    key = (iph.daddr, th.dest, iph.saddr, th.source)
    if key in k.tcp_twhash:
        return None
    return k.tcp_ehash.get(key) or sk


# receiving


def _checksum_init(skb: SkBuff, iph: IpHdr) -> bool:
    """`tcp_v4_checksum_init`: short segments at once, long ones later. False where it is wrong."""
    if skb.len <= 76:
        total = skb_checksum(skb, 0, skb.len, 0)
        if csum_tcpudp_magic(iph.saddr, iph.daddr, skb.len, IPPROTO_TCP, total):
            return False
        skb.ip_summed = CHECKSUM_UNNECESSARY
    else:
        skb.csum = csum_tcpudp_nofold(iph.saddr, iph.daddr, skb.len, IPPROTO_TCP, 0)
    return True


@tcp_ipv4_c
def tcp_v4_rcv(k: Kernel, skb: SkBuff) -> int:
    """`tcp_v4_rcv`: finds the socket: now, or onto its prequeue or backlog."""
    iph = skb.iph
    k.mib["TcpInSegs"] += 1
    if skb.pkt_type != PACKET_HOST or iph is None or skb.len < 20:
        kfree_skb(k, skb)
        return 0
    th = skb.th = TcpHdr(skb.shared.buf, skb.h)
    if skb.len < th.doff * 4:
        kfree_skb(k, skb)
        return 0
    if th.doff < 5 or (skb.ip_summed != CHECKSUM_UNNECESSARY and not _checksum_init(skb, iph)):
        k.mib["TcpInErrs"] += 1
        kfree_skb(k, skb)
        return 0
    cb = skb.cb
    cb.seq = th.seq
    cb.end_seq = (th.seq + th.syn + th.fin + skb.len - th.doff * 4) & U32
    cb.ack_seq = th.ack_seq
    cb.when = 0
    cb.flags = iph.tos
    cb.sacked = 0
    sk = __tcp_v4_lookup(k, iph.saddr, th.source, iph.daddr, th.dest)
    if isinstance(sk, tcp_minisocks.TcpTwBucket):
        sk = _time_wait(k, sk, skb, th, iph)
        if sk is None:
            return 0
    if sk is None:
        if csum_wrong(skb):
            k.mib["TcpInErrs"] += 1
        else:
            tcp_v4_send_reset(k, skb)
        kfree_skb(k, skb)
        return 0
    skb.dev = None
    if sk.owner:
        sk.sk_backlog.append(skb)
        return 0
    if not tcp_prequeue(k, sk, skb):
        return tcp_v4_do_rcv(k, sk, skb)
    return 0


def csum_wrong(skb: SkBuff) -> bool:
    """`tcp_checksum_complete`, or a header longer than the segment."""
    return skb.len < header(skb).doff << 2 or tcp_input.checksum_bad(skb)


def _time_wait(k: Kernel, tw: tcp_minisocks.TcpTwBucket, skb: SkBuff, th: TcpHdr, iph: IpHdr) -> TcpSock | None:
    """A segment for what is left of a connection. The listener, where a new one begins."""
    if csum_wrong(skb):
        k.mib["TcpInErrs"] += 1
        kfree_skb(k, skb)
        return None
    verdict = tcp_minisocks.tcp_timewait_state_process(k, tw, skb, th)
    if verdict == tcp_minisocks.TCP_TW_SYN:
        listener = tcp_v4_lookup_listener(k, iph.daddr, th.dest)
        if listener is not None:
            tcp_minisocks.tcp_tw_deschedule(k, tw)
            return listener
        verdict = tcp_minisocks.TCP_TW_ACK
    if verdict == tcp_minisocks.TCP_TW_ACK:
        tcp_v4_timewait_ack(k, tw, skb)
    elif verdict == tcp_minisocks.TCP_TW_RST:
        tcp_v4_send_reset(k, skb)
    kfree_skb(k, skb)
    return None


@tcp_h_source
def tcp_prequeue(k: Kernel, sk: TcpSock, skb: SkBuff) -> bool:
    """`tcp_prequeue`: a reader sleeps; he will process the segment himself."""
    ucopy = sk.ucopy
    if k.sysctl.tcp_low_latency or ucopy.task is None:
        return False
    skb_queue_tail(ucopy.prequeue, skb)
    ucopy.memory += skb.truesize
    if ucopy.memory > sk.sk_rcvbuf:
        for skb1 in ucopy.prequeue:
            from xref.stack.skbuff import skb_unlink

            skb_unlink(skb1)
            sk.sk_backlog_rcv(k, sk, skb1)
        ucopy.memory = 0
    elif ucopy.prequeue.qlen == 1:
        if sk.sk_sleep is not None:
            from xref.stack import clock

            clock.wake_up(sk.sk_sleep)
        if not tcp_ack_scheduled(sk):
            tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_DACK, 3 * tcp_rto_min(k) // 4)
    return True


@tcp_ipv4_c
def tcp_v4_do_rcv(k: Kernel, sk: TcpSock, skb: SkBuff) -> int:
    """`tcp_v4_do_rcv`."""
    th = header(skb)
    if sk.sk_state == TCP_ESTABLISHED:
        if tcp_input.tcp_rcv_established(k, sk, skb, th, skb.len):
            tcp_v4_send_reset(k, skb)
            kfree_skb(k, skb)
        return 0
    if csum_wrong(skb):
        k.mib["TcpInErrs"] += 1
        kfree_skb(k, skb)
        return 0
    if sk.sk_state == TCP_LISTEN:
        nsk = tcp_v4_hnd_req(k, sk, skb)
        if nsk is None:
            kfree_skb(k, skb)
            return 0
        if nsk is not sk:
            if tcp_minisocks.tcp_child_process(k, sk, nsk, skb):
                tcp_v4_send_reset(k, skb)
                kfree_skb(k, skb)
            return 0
    if tcp_input.tcp_rcv_state_process(k, sk, skb, th, skb.len):
        tcp_v4_send_reset(k, skb)
        kfree_skb(k, skb)
    return 0


# errors


@tcp_ipv4_c
def tcp_v4_err(k: Kernel, skb: SkBuff, info: int, kind: int, code: int) -> None:
    """`tcp_v4_err`: an ICMP error about one of our segments."""
    iph = IpHdr(skb.shared.buf, skb.data)
    size = iph.ihl << 2
    if skb.len < size + 8:
        return
    source_port, dest, seq = struct.unpack_from("!HHI", skb.shared.buf, skb.data + size)
    sk = tcp_v4_lookup(k, iph.daddr, dest, iph.saddr, source_port)
    if not isinstance(sk, TcpSock) or sk.sk_state == TCP_CLOSE:
        return
    if sk.sk_state != TCP_LISTEN and not between(seq, sk.snd_una, sk.snd_nxt):
        k.mib["OutOfWindowIcmps"] += 1
        return
    if kind == icmp.ICMP_DEST_UNREACH:
        if code > icmp.NR_ICMP_UNREACH:
            return
        if code == icmp.ICMP_FRAG_NEEDED:
            if not sk.owner:
                do_pmtu_discovery(k, sk, info)
            return
        err = icmp.ICMP_ERR_CONVERT[code][0]
    elif kind == icmp.ICMP_PARAMETERPROB:
        err = EPROTO
    elif kind == icmp.ICMP_TIME_EXCEEDED:
        err = EHOSTUNREACH
    else:
        return
    if sk.sk_state == TCP_LISTEN:
        req = tcp_v4_search_req(k, sk, dest, iph.daddr, iph.saddr) if not sk.owner else None
        if req is not None and seq == req.snt_isn:
            tcp_minisocks.synq_unlink(k, sk, req)
        return
    if sk.sk_state in (TCP_SYN_SENT, TCP_SYN_RECV):
        if not sk.owner:
            sk.sk_err = err
            sk.sk_error_report(k, sk)
            tcp_h.tcp_done(k, sk)
        else:
            sk.sk_err_soft = err
        return
    if not sk.owner and sk.recverr:
        sk.sk_err = err
        sk.sk_error_report(k, sk)
    else:
        sk.sk_err_soft = err


@tcp_ipv4_c
def do_pmtu_discovery(k: Kernel, sk: TcpSock, mtu: int) -> None:
    """`do_pmtu_discovery`: a router wants smaller packets."""
    if sk.sk_state == TCP_LISTEN:
        return
    dst = route.__sk_dst_check(k, sk)
    if dst is None:
        return
    route.ip_rt_update_pmtu(k, dst, mtu)
    if mtu < dst.mtu and ip_output.ip_dont_fragment(sk, dst):
        sk.sk_err_soft = EMSGSIZE
    mtu = dst.mtu
    if sk.pmtudisc != IP_PMTUDISC_DONT and sk.pmtu_cookie > mtu:
        tcp_output.tcp_sync_mss(k, sk, mtu)
        tcp_retransmit.tcp_simple_retransmit(k, sk)


# a socket's life


@tcp_ipv4_c
def tcp_v4_init_sock(k: Kernel, sk: TcpSock) -> int:
    """`tcp_v4_init_sock`."""
    tcp_timer.tcp_init_xmit_timers(sk)
    sk.rto = sk.mdev = tcp_timeout_init(k)
    sk.sk_state = TCP_CLOSE
    sk.sk_write_space = sockcore.sk_stream_write_space
    sk.sk_use_write_queue = 1
    sk.sk_sndbuf = k.sysctl.tcp_wmem[1]
    sk.sk_rcvbuf = k.sysctl.tcp_rmem[1]
    return 0


@tcp_ipv4_c
def tcp_v4_destroy_sock(k: Kernel, sk: TcpSock) -> int:
    """`tcp_v4_destroy_sock`."""
    from xref.stack.skbuff import __skb_queue_purge

    tcp_timer.tcp_clear_xmit_timers(k, sk)
    sockcore.sk_stream_writequeue_purge(k, sk)
    __skb_queue_purge(k, sk.out_of_order_queue)
    __skb_queue_purge(k, sk.ucopy.prequeue)
    if sk.bind_port is not None:
        tcp_put_port(k, sk)
    sk.sk_sndmsg_page = None
    return 0
