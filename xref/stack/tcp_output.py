"""net/ipv4/tcp_output.c: segments leave, for the first time. (Retransmission and probes: `tcp_retransmit`.)

Left out: segmentation offload (no device here has it), Vegas, Westwood.
"""

from __future__ import annotations

import struct
from errno import ENOMEM
from typing import TYPE_CHECKING

from xref.stack import ip_output
from xref.stack import sockcore
from xref.stack import tcp_cong
from xref.stack import tcp_h
from xref.stack import tcp_ipv4
from xref.stack.checksum import csum_block_sub
from xref.stack.checksum import csum_partial
from xref.stack.headers import TCPHDR
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import Frag
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import alloc_skb
from xref.stack.skbuff import pskb_expand_head
from xref.stack.skbuff import skb_append
from xref.stack.skbuff import skb_clone
from xref.stack.skbuff import skb_cloned
from xref.stack.skbuff import skb_headlen
from xref.stack.skbuff import skb_peek_tail
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_push
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_reserve
from xref.stack.skbuff import skb_trim
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import MAX_TCP_WINDOW
from xref.stack.tcp_defs import TCP_ACK_PUSHED
from xref.stack.tcp_defs import TCP_ACK_SCHED
from xref.stack.tcp_defs import TCP_ACK_TIMER
from xref.stack.tcp_defs import TCP_ECN_DEMAND_CWR
from xref.stack.tcp_defs import TCP_ECN_OK
from xref.stack.tcp_defs import TCP_ECN_QUEUE_CWR
from xref.stack.tcp_defs import TCP_NAGLE_OFF
from xref.stack.tcp_defs import TCP_NAGLE_PUSH
from xref.stack.tcp_defs import TCP_TIME_DACK
from xref.stack.tcp_defs import TCPCB_AT_TAIL
from xref.stack.tcp_defs import TCPCB_EVER_RETRANS
from xref.stack.tcp_defs import TCPCB_FLAG_ACK
from xref.stack.tcp_defs import TCPCB_FLAG_CWR
from xref.stack.tcp_defs import TCPCB_FLAG_ECE
from xref.stack.tcp_defs import TCPCB_FLAG_FIN
from xref.stack.tcp_defs import TCPCB_FLAG_PSH
from xref.stack.tcp_defs import TCPCB_FLAG_RST
from xref.stack.tcp_defs import TCPCB_FLAG_SYN
from xref.stack.tcp_defs import TCPCB_LOST
from xref.stack.tcp_defs import TCPHDR_LEN
from xref.stack.tcp_defs import TCPOLEN_MSS
from xref.stack.tcp_defs import TCPOLEN_SACK_BASE_ALIGNED
from xref.stack.tcp_defs import TCPOLEN_SACK_PERBLOCK
from xref.stack.tcp_defs import TCPOLEN_SACKPERM_ALIGNED
from xref.stack.tcp_defs import TCPOLEN_TSTAMP_ALIGNED
from xref.stack.tcp_defs import TCPOLEN_WSCALE_ALIGNED
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import between
from xref.stack.tcp_defs import inet_ecn_dontxmit
from xref.stack.tcp_defs import inet_ecn_xmit
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_clear_xmit_timer
from xref.stack.tcp_defs import tcp_current_ssthresh
from xref.stack.tcp_defs import tcp_dec_quickack_mode
from xref.stack.tcp_defs import tcp_delack_max
from xref.stack.tcp_defs import tcp_delack_min
from xref.stack.tcp_defs import tcp_full_space
from xref.stack.tcp_defs import tcp_receive_window
from xref.stack.tcp_defs import tcp_set_skb_tso_segs
from xref.stack.tcp_defs import tcp_skb_is_last
from xref.stack.tcp_defs import tcp_space
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable

tcp_output_c = source("net/ipv4/tcp_output.c", "tcp")

TSTAMP = struct.Struct("!III")
NOP_NOP_TSTAMP = 0x0101080A
SACKPERM_TSTAMP = 0x0402080A


@tcp_output_c
def update_send_head(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`update_send_head`: the segment is in flight."""
    sk.sk_send_head = None if skb.next is sk.sk_write_queue else skb.next
    sk.snd_nxt = skb.cb.end_seq
    tcp_h.tcp_packets_out_inc(k, sk, skb)


def tcp_acceptable_seq(sk: TcpSock) -> int:
    """`tcp_acceptable_seq`: a sequence number that lies in the peer's window."""
    edge = (sk.snd_una + sk.snd_wnd) & U32
    return edge if before(edge, sk.snd_nxt) else sk.snd_nxt


def tcp_advertise_mss(sk: TcpSock) -> int:
    """`tcp_advertise_mss`."""
    dst = sk.sk_dst_cache
    if dst is not None and dst.advmss < sk.advmss:
        sk.advmss = dst.advmss
    return sk.advmss


@tcp_output_c
def tcp_cwnd_restart(k: Kernel, sk: TcpSock, dst: Rtable | None) -> None:
    """`tcp_cwnd_restart`: after a pause the window is halved for every RTO that passed."""
    delta = s32(k.tcp_time_stamp - sk.lsndtime)
    restart = tcp_cong.tcp_init_cwnd(sk, dst)
    cwnd = sk.snd_cwnd
    sk.snd_ssthresh = tcp_current_ssthresh(sk)
    restart = min(restart, cwnd)
    delta -= sk.rto
    while delta > 0 and cwnd > restart:
        cwnd >>= 1
        delta -= sk.rto
    sk.snd_cwnd = max(cwnd, restart)
    sk.snd_cwnd_stamp = k.tcp_time_stamp
    sk.snd_cwnd_used = 0


@tcp_output_c
def tcp_event_data_sent(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_event_data_sent`: data go out; soon after data came in, that makes the connection interactive."""
    del skb
    now = k.tcp_time_stamp
    if not sk.packets_out and s32(now - sk.lsndtime) > sk.rto:
        tcp_cwnd_restart(k, sk, sk.sk_dst_cache)
    sk.lsndtime = now
    if (now - sk.ack.lrcvtime) & U32 < sk.ack.ato:
        sk.ack.pingpong = 1


@tcp_output_c
def tcp_event_ack_sent(k: Kernel, sk: TcpSock) -> None:
    """`tcp_event_ack_sent`: no acknowledgement is due any more."""
    tcp_dec_quickack_mode(k, sk)
    tcp_clear_xmit_timer(sk, TCP_TIME_DACK)


def tcp_select_initial_window(
    k: Kernel, space: int, mss: int, window_clamp: int, wscale_ok: bool
) -> tuple[int, int, int]:
    """`tcp_select_initial_window`: receive window, clamp and scale of a new connection."""
    space = max(space, 0)
    if window_clamp == 0:
        window_clamp = 65535 << 14
    space = min(window_clamp, space)
    if space > mss:
        space = space // mss * mss
    rcv_wnd = min(space, MAX_TCP_WINDOW)
    rcv_wscale = 0
    if wscale_ok:
        space = max(k.sysctl.tcp_rmem[2], k.sysctl.rmem_max)
        while space > 65535 and rcv_wscale < 14:
            space >>= 1
            rcv_wscale += 1
    if mss > 1 << rcv_wscale:
        init_cwnd = 4
        if mss > 1460 * 3:
            init_cwnd = 2
        elif mss > 1460:
            init_cwnd = 3
        rcv_wnd = min(rcv_wnd, init_cwnd * mss)
    return rcv_wnd, min(65535 << rcv_wscale, window_clamp), rcv_wscale


@tcp_output_c
def tcp_select_window(k: Kernel, sk: TcpSock) -> int:
    """`tcp_select_window`: the window to advertise, which never shrinks what was promised."""
    cur_win = tcp_receive_window(sk)
    new_win = max(select_window(k, sk), cur_win)
    sk.rcv_wnd = new_win
    sk.rcv_wup = sk.rcv_nxt
    scale = sk.rx_opt.rcv_wscale
    new_win = min(new_win, 65535 << scale if scale else MAX_TCP_WINDOW) >> scale
    if new_win == 0:
        sk.pred_flags = 0
    return new_win


@tcp_output_c.named("__tcp_select_window")
def select_window(k: Kernel, sk: TcpSock) -> int:
    """`__tcp_select_window`: from the free buffer space, without silly windows."""
    mss = sk.ack.rcv_mss
    free_space = tcp_space(k, sk)
    full_space = min(sk.window_clamp, tcp_full_space(k, sk))
    mss = min(mss, full_space)
    if free_space < full_space // 2:
        sk.ack.quick = 0
        if k.tcp_memory_pressure:
            sk.rcv_ssthresh = min(sk.rcv_ssthresh, 4 * sk.advmss)
        if free_space < mss:
            return 0
    free_space = min(free_space, sk.rcv_ssthresh)
    scale = sk.rx_opt.rcv_wscale
    if scale:
        window = free_space
        if window >> scale << scale != window:
            window = ((window >> scale) + 1) << scale
        return window
    window = sk.rcv_wnd
    if window <= free_space - mss or window > free_space:
        window = free_space // mss * mss if mss else 0
    return window


@source("include/net/tcp.h", "tcp")
def tcp_syn_build_options(
    k: Kernel, mss: int, ts: bool, sack: bool, offer_wscale: bool, wscale: int, tstamp: int, ts_recent: int
) -> bytes:
    """`tcp_syn_build_options`."""
    del k
    out = struct.pack("!I", 2 << 24 | 4 << 16 | mss)
    if ts:
        out += TSTAMP.pack(SACKPERM_TSTAMP if sack else NOP_NOP_TSTAMP, tstamp, ts_recent)
    elif sack:
        out += b"\x01\x01\x04\x02"
    if offer_wscale:
        out += struct.pack("!I", 1 << 24 | 3 << 16 | 3 << 8 | wscale)
    return out


@source("include/net/tcp.h", "tcp")
def tcp_build_and_update_options(k: Kernel, sk: TcpSock, tstamp: int) -> bytes:
    """`tcp_build_and_update_options`: timestamp, and blocks of what lies beyond a hole; a D-SACK is told once."""
    del k
    out = b""
    rx_opt = sk.rx_opt
    if rx_opt.tstamp_ok:
        out = TSTAMP.pack(NOP_NOP_TSTAMP, tstamp, rx_opt.ts_recent)
    if rx_opt.eff_sacks:
        blocks = ([sk.duplicate_sack] if rx_opt.dsack else []) + sk.selective_acks
        out += struct.pack("!I", 0x01010500 | (2 + rx_opt.eff_sacks * 8))
        for start_seq, end_seq in blocks[: rx_opt.eff_sacks]:
            out += struct.pack("!II", start_seq, end_seq)
        if rx_opt.dsack:
            rx_opt.dsack = 0
            rx_opt.eff_sacks -= 1
    return out


def _ecn_send(sk: TcpSock, skb: SkBuff, header_size: int) -> int:
    """`TCP_ECN_send`: flags to add to the header."""
    flags = 0
    if sk.ecn_flags & TCP_ECN_OK:
        if skb.len != header_size and not before(skb.cb.seq, sk.snd_nxt):
            inet_ecn_xmit(sk)
            if sk.ecn_flags & TCP_ECN_QUEUE_CWR:
                sk.ecn_flags &= ~TCP_ECN_QUEUE_CWR
                flags |= TCPCB_FLAG_CWR
        else:
            inet_ecn_dontxmit(sk)
        if sk.ecn_flags & TCP_ECN_DEMAND_CWR:
            flags |= TCPCB_FLAG_ECE
    return flags


@tcp_output_c
def tcp_transmit_skb(k: Kernel, sk: TcpSock, skb: SkBuff) -> int:
    """`tcp_transmit_skb`: puts the TCP header in front, from what the control block says, and hands it to IP."""
    tcb = skb.cb
    k.dski("EVENT_TCP_TRANSKB", seq=tcb.seq, len=skb.len, flags=tcb.flags)
    header_size = sk.tcp_header_len
    sysctl = k.sysctl
    syn = tcb.flags & TCPCB_FLAG_SYN
    if syn:
        header_size = TCPHDR_LEN + TCPOLEN_MSS
        if sysctl.tcp_timestamps:
            header_size += TCPOLEN_TSTAMP_ALIGNED
        if sysctl.tcp_window_scaling:
            header_size += TCPOLEN_WSCALE_ALIGNED
        if sysctl.tcp_sack and not sysctl.tcp_timestamps:
            header_size += TCPOLEN_SACKPERM_ALIGNED
    elif sk.rx_opt.eff_sacks:
        header_size += TCPOLEN_SACK_BASE_ALIGNED + sk.rx_opt.eff_sacks * TCPOLEN_SACK_PERBLOCK
    at = skb.h = skb_push(k, skb, header_size)
    sockcore.skb_set_owner_w(k, skb, sk)
    flags = tcb.flags
    window = sk.rcv_wnd & 0xFFFF if syn else tcp_select_window(k, sk)
    urg_ptr = 0
    if sk.urg_mode and between(sk.snd_up, (tcb.seq + 1) & U32, (tcb.seq + 0xFFFF) & U32):
        urg_ptr = (sk.snd_up - tcb.seq) & 0xFFFF
        flags |= 0x20
    if syn:
        options = tcp_syn_build_options(
            k, tcp_advertise_mss(sk), bool(sysctl.tcp_timestamps), bool(sysctl.tcp_sack),
            bool(sysctl.tcp_window_scaling), sk.rx_opt.rcv_wscale, tcb.when, sk.rx_opt.ts_recent,
        )  # fmt: skip
    else:
        options = tcp_build_and_update_options(k, sk, tcb.when)
        flags |= _ecn_send(sk, skb, header_size)
    buf = skb.shared.buf
    TCPHDR.pack_into(buf, at, sk.sport, sk.dport, tcb.seq, sk.rcv_nxt, header_size >> 2 << 4, flags, window, 0, urg_ptr)
    buf[at + TCPHDR_LEN : at + TCPHDR_LEN + len(options)] = options
    tcp_ipv4.tcp_v4_send_check(k, sk, skb, header_size)
    if tcb.flags & TCPCB_FLAG_ACK:
        tcp_event_ack_sent(k, sk)
    if skb.len != header_size:
        tcp_event_data_sent(k, sk, skb)
    k.mib["TcpOutSegs"] += 1
    err = ip_output.ip_queue_xmit(k, skb, 0)
    if err <= 0:
        return err
    tcp_h.tcp_enter_cwr(k, sk)
    return 0 if err == 2 else err


@tcp_output_c
def tcp_queue_skb(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_queue_skb`."""
    del k
    sk.write_seq = skb.cb.end_seq
    skb_queue_tail(sk.sk_write_queue, skb)
    sockcore.sk_charge_skb(sk, skb)
    if sk.sk_send_head is None:
        sk.sk_send_head = skb


@tcp_output_c
def tcp_push_one(k: Kernel, sk: TcpSock, cur_mss: int) -> None:
    """`tcp_push_one`: the one full segment at the head, if it may go."""
    skb = sk.sk_send_head
    if skb is not None and tcp_h.tcp_snd_test(k, sk, skb, cur_mss, TCP_NAGLE_PUSH):
        skb.cb.when = k.tcp_time_stamp
        _tso_set_push(skb)
        if not tcp_transmit_skb(k, sk, skb_clone(k, skb)):
            sk.sk_send_head = None
            sk.snd_nxt = skb.cb.end_seq
            tcp_h.tcp_packets_out_inc(k, sk, skb)


def _tso_set_push(skb: SkBuff) -> None:
    """`tcp_tso_set_push`."""
    if skb.shared.tso_segs > 1:
        skb.cb.flags |= TCPCB_FLAG_PSH


@tcp_output_c
def tcp_fragment(k: Kernel, sk: TcpSock, skb: SkBuff, size: int) -> int:
    """`tcp_fragment`: cuts a queued segment in two. 0, or -ENOMEM."""
    nsize = max(skb_headlen(skb) - size, 0)
    if skb_cloned(skb) and skb.data_len:
        pskb_expand_head(k, skb, 0, 0)
    buff = sockcore.sk_stream_alloc_skb(k, sk, nsize)
    if buff is None:
        return -ENOMEM
    sockcore.sk_charge_skb(sk, buff)
    of, to = skb.cb, buff.cb
    to.seq = (of.seq + size) & U32
    to.end_seq = of.end_seq
    of.end_seq = to.seq
    flags = of.flags
    of.flags = flags & ~(TCPCB_FLAG_FIN | TCPCB_FLAG_PSH)
    to.flags = flags
    to.sacked = of.sacked & (TCPCB_LOST | TCPCB_EVER_RETRANS | TCPCB_AT_TAIL)
    of.sacked &= ~TCPCB_AT_TAIL
    if not skb.shared.frags and skb.ip_summed != CHECKSUM_HW:
        start = skb.data + size
        moved = bytes(skb.shared.buf[start : start + nsize])
        at = skb_put(buff, nsize)
        buff.shared.buf[at : at + nsize] = moved
        buff.csum = csum_partial(moved)
        skb_trim(skb, size)
        skb.csum = csum_block_sub(skb.csum, buff.csum, size)
    else:
        skb.ip_summed = CHECKSUM_HW
        skb_split(k, skb, buff, size)
    buff.ip_summed = skb.ip_summed
    to.when = of.when
    if of.sacked & TCPCB_LOST:
        sk.lost_out -= skb.shared.tso_segs
        sk.left_out -= skb.shared.tso_segs
    tcp_set_skb_tso_segs(skb, sk.mss_cache_std)
    tcp_set_skb_tso_segs(buff, sk.mss_cache_std)
    for part in (skb, buff):
        if part.cb.sacked & TCPCB_LOST:
            sk.lost_out += part.shared.tso_segs
            sk.left_out += part.shared.tso_segs
    skb_append(skb, buff)
    return 0


@source("net/core/skbuff.c", "tcp")
def skb_split(k: Kernel, skb: SkBuff, skb1: SkBuff, size: int) -> None:
    """`skb_split`: linear part and fragments shared out between two buffers."""
    del k
    headlen = skb_headlen(skb)
    if size < headlen:
        moved = bytes(skb.shared.buf[skb.data + size : skb.data + headlen])
        at = skb_put(skb1, len(moved))
        skb1.shared.buf[at : at + len(moved)] = moved
        skb1.shared.frags = list(skb.shared.frags)
        skb1.data_len = skb.data_len
        skb1.len += skb1.data_len
        skb.shared.frags = []
        skb.len = size
        skb.data_len = 0
        skb.tail = skb.data + size
        return
    left = size - headlen
    keep: list[Frag] = []
    move: list[Frag] = []
    for frag in skb.shared.frags:
        if left >= frag.size:
            keep.append(frag)
        elif left <= 0:
            move.append(frag)
        else:
            keep.append(Frag(frag.page, frag.page_offset, left))
            move.append(Frag(frag.page, frag.page_offset + left, frag.size - left))
        left = max(left - frag.size, 0)
    skb.shared.frags, skb1.shared.frags = keep, move
    skb1.len = skb1.data_len = skb.len - size
    skb.len = size
    skb.data_len = size - headlen


@tcp_output_c
def tcp_trim_head(k: Kernel, sk: TcpSock, skb: SkBuff, size: int) -> int:
    """`tcp_trim_head`: what is already acknowledged goes from the front of a segment."""
    if skb_cloned(skb):
        pskb_expand_head(k, skb, 0, 0)
    headlen = skb_headlen(skb)
    if size <= headlen:
        skb_pull(skb, size)
    else:
        eat = size - headlen
        frags = []
        for frag in skb.shared.frags:
            if frag.size > eat:
                frags.append(Frag(frag.page, frag.page_offset + eat, frag.size - eat))
            eat = max(eat - frag.size, 0)
        skb.shared.frags = frags
        skb.tail = skb.data
        skb.data_len -= size - headlen
        skb.len = skb.data_len
    skb.cb.seq = (skb.cb.seq + size) & U32
    skb.ip_summed = CHECKSUM_HW
    skb.truesize -= size
    sk.sk_queue_shrunk = 1
    sk.sk_wmem_queued -= size
    sk.sk_forward_alloc += size
    if skb.shared.tso_segs > 1:
        tcp_set_skb_tso_segs(skb, skb.shared.tso_size)
    return 0


@tcp_output_c
def tcp_sync_mss(k: Kernel, sk: TcpSock, pmtu: int) -> int:
    """`tcp_sync_mss`: the segment size that a path MTU allows; never more than half of the peer's largest window."""
    del k
    mss_now = pmtu - 20 - TCPHDR_LEN
    mss_now = min(mss_now, sk.rx_opt.mss_clamp)
    mss_now -= sk.ext_header_len + sk.ext2_header_len
    mss_now = max(mss_now, 48)
    mss_now -= sk.tcp_header_len - TCPHDR_LEN
    if sk.max_window and mss_now > sk.max_window >> 1:
        mss_now = max(sk.max_window >> 1, 68 - sk.tcp_header_len)
    sk.pmtu_cookie = pmtu
    sk.mss_cache = sk.mss_cache_std = mss_now
    return mss_now


@tcp_output_c
def tcp_current_mss(k: Kernel, sk: TcpSock, large: int) -> int:
    """`tcp_current_mss`: follows the route's MTU, and leaves room for SACK blocks."""
    del large
    dst = sk.sk_dst_cache
    mss_now = sk.mss_cache_std
    if dst is not None and (dst.mtu != sk.pmtu_cookie or sk.ext2_header_len != dst.header_len):
        mss_now = tcp_sync_mss(k, sk, dst.mtu)
    if sk.rx_opt.eff_sacks:
        mss_now -= TCPOLEN_SACK_BASE_ALIGNED + sk.rx_opt.eff_sacks * TCPOLEN_SACK_PERBLOCK
    return mss_now


@tcp_output_c
def tcp_write_xmit(k: Kernel, sk: TcpSock, nonagle: int) -> bool:
    """`tcp_write_xmit`: sends from the head of the queue while segments pass the test. True if nothing is in flight."""
    k.dski("EVENT_TCP_WRITEXMIT", nonagle=nonagle)
    if sk.sk_state == TCP_CLOSE:
        return False
    sent_pkts = False
    mss_now = tcp_current_mss(k, sk, 1)
    while (skb := sk.sk_send_head) is not None:
        if not tcp_h.tcp_snd_test(k, sk, skb, mss_now, nonagle if tcp_skb_is_last(sk, skb) else TCP_NAGLE_PUSH):
            break
        if skb.len > mss_now and tcp_fragment(k, sk, skb, mss_now):
            break
        skb.cb.when = k.tcp_time_stamp
        _tso_set_push(skb)
        if tcp_transmit_skb(k, sk, skb_clone(k, skb)):
            break
        update_send_head(k, sk, skb)
        if skb.len < mss_now:
            sk.snd_sml = skb.cb.end_seq
        sent_pkts = True
    if sent_pkts:
        tcp_h.tcp_cwnd_validate(k, sk)
        return False
    return not sk.packets_out and sk.sk_send_head is not None


def control_skb(k: Kernel, seq: int, flags: int) -> SkBuff:
    """A segment without data, as tcp_send_ack and its like begin: room for headers, and a control block."""
    skb = alloc_skb(k, k.machine.max_tcp_header)
    skb_reserve(skb, k.machine.max_tcp_header)
    skb.cb.flags = flags
    skb.cb.seq = skb.cb.end_seq = seq
    skb.shared.tso_segs = 1
    return skb


@tcp_output_c
def tcp_send_fin(k: Kernel, sk: TcpSock) -> None:
    """`tcp_send_fin`: on the last segment that waits, else on one of its own."""
    skb = skb_peek_tail(sk.sk_write_queue)
    mss_now = tcp_current_mss(k, sk, 1)
    if sk.sk_send_head is not None and skb is not None:
        skb.cb.flags |= TCPCB_FLAG_FIN
        skb.cb.end_seq = (skb.cb.end_seq + 1) & U32
        sk.write_seq = (sk.write_seq + 1) & U32
    else:
        skb = control_skb(k, sk.write_seq, TCPCB_FLAG_ACK | TCPCB_FLAG_FIN)
        skb.cb.end_seq = (skb.cb.seq + 1) & U32
        tcp_queue_skb(k, sk, skb)
    tcp_h.push_pending_frames(k, sk, mss_now, TCP_NAGLE_OFF)


@tcp_output_c
def tcp_send_active_reset(k: Kernel, sk: TcpSock) -> None:
    """`tcp_send_active_reset`."""
    skb = control_skb(k, tcp_acceptable_seq(sk), TCPCB_FLAG_ACK | TCPCB_FLAG_RST)
    skb.cb.when = k.tcp_time_stamp
    if tcp_transmit_skb(k, sk, skb):
        k.mib["TCPAbortFailed"] += 1


@tcp_output_c
def tcp_send_ack(k: Kernel, sk: TcpSock) -> None:
    """`tcp_send_ack`."""
    if sk.sk_state != TCP_CLOSE:
        skb = control_skb(k, tcp_acceptable_seq(sk), TCPCB_FLAG_ACK)
        skb.cb.when = k.tcp_time_stamp
        tcp_transmit_skb(k, sk, skb)


@tcp_output_c
def tcp_send_delayed_ack(k: Kernel, sk: TcpSock) -> None:
    """`tcp_send_delayed_ack`: in `ato` jiffies, bounded by the round-trip time; at once if one is nearly due."""
    ack = sk.ack
    ato = ack.ato
    if ato > tcp_delack_min(k):
        max_ato = k.hz // 2
        if ack.pingpong or ack.pending & TCP_ACK_PUSHED:
            max_ato = tcp_delack_max(k)
        if sk.srtt:
            max_ato = min(max_ato, max(sk.srtt >> 3, tcp_delack_min(k)))
        ato = min(ato, max_ato)
    timeout = k.jiffies + ato
    if ack.pending & TCP_ACK_TIMER:
        if ack.blocked or ack.timeout <= k.jiffies + (ato >> 2):
            tcp_send_ack(k, sk)
            return
        timeout = min(timeout, ack.timeout)
    ack.pending |= TCP_ACK_SCHED | TCP_ACK_TIMER
    ack.timeout = timeout
    sockcore.sk_reset_timer(k, sk, sk.delack_timer, timeout)
