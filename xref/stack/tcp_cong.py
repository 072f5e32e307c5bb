"""net/ipv4/tcp_input.c, the sender's half: round-trip times, congestion window (slow start, BIC), loss and recovery.

Left out: Vegas, Westwood, the statistics beyond a few counters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import route
from xref.stack import tcp_h
from xref.stack import tcp_retransmit
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import skb_peek
from xref.stack.sock import TcpSock
from xref.stack.sockcore import SOCK_NOSPACE
from xref.stack.tcp_defs import TCP_CA_DISORDER
from xref.stack.tcp_defs import TCP_CA_LOSS
from xref.stack.tcp_defs import TCP_CA_OPEN
from xref.stack.tcp_defs import TCP_MAX_REORDERING
from xref.stack.tcp_defs import TCP_TIME_RETRANS
from xref.stack.tcp_defs import TCPCB_LOST
from xref.stack.tcp_defs import TCPCB_RETRANS
from xref.stack.tcp_defs import TCPCB_SACKED_ACKED
from xref.stack.tcp_defs import TCPCB_TAGBITS
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import retrans_queue
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_current_ssthresh
from xref.stack.tcp_defs import tcp_ecn_queue_cwr
from xref.stack.tcp_defs import tcp_packets_in_flight
from xref.stack.tcp_defs import tcp_recalc_ssthresh
from xref.stack.tcp_defs import tcp_rto_max
from xref.stack.tcp_defs import tcp_rto_min
from xref.stack.tcp_defs import tcp_set_ca_state
from xref.stack.tcp_defs import tcp_sync_left_out
from xref.stack.tcp_defs import tcp_timeout_init
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable

tcp_input_c = source("net/ipv4/tcp_input.c", "tcp")

FLAG_DATA = 0x01
FLAG_WIN_UPDATE = 0x02
FLAG_DATA_ACKED = 0x04
FLAG_RETRANS_DATA_ACKED = 0x08
FLAG_SYN_ACKED = 0x10
FLAG_DATA_SACKED = 0x20
FLAG_ECE = 0x40
FLAG_DATA_LOST = 0x80
FLAG_SLOWPATH = 0x100
FLAG_ACKED = FLAG_DATA_ACKED | FLAG_SYN_ACKED
FLAG_NOT_DUP = FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED
FLAG_CA_ALERT = FLAG_DATA_SACKED | FLAG_ECE
FLAG_FORWARD_PROGRESS = FLAG_ACKED | FLAG_DATA_SACKED

BICTCP_B = 4
BICTCP_MAX_INCREMENT = 32
BICTCP_FUNC_OF_MIN_INCR = 11


def is_reno(sk: TcpSock) -> bool:
    """`IsReno`: the peer sends no SACK."""
    return sk.rx_opt.sack_ok == 0


def is_fack(sk: TcpSock) -> bool:
    """`IsFack`."""
    return bool(sk.rx_opt.sack_ok & 2)


@tcp_input_c
def tcp_ca_init(k: Kernel, sk: TcpSock) -> None:
    """`tcp_ca_init`: BIC, unless that is switched off."""
    if k.sysctl.tcp_bic:
        sk.adv_cong_bic = True


def init_bictcp(sk: TcpSock) -> None:
    """`init_bictcp`."""
    bic = sk.bictcp
    bic.cnt = bic.last_max_cwnd = bic.last_cwnd = bic.last_stamp = 0


# round-trip time


@tcp_input_c
def tcp_rtt_estimator(k: Kernel, sk: TcpSock, mrtt: int) -> None:
    """`tcp_rtt_estimator`: Jacobson's, with the variation looked at once per round trip."""
    m = s32(mrtt) or 1
    rto_min = tcp_rto_min(k)
    if sk.srtt:
        m -= sk.srtt >> 3
        sk.srtt += m
        if m < 0:
            m = -m
            m -= sk.mdev >> 2
            if m > 0:
                m >>= 3
        else:
            m -= sk.mdev >> 2
        sk.mdev += m
        if sk.mdev > sk.mdev_max:
            sk.mdev_max = sk.mdev
            sk.rttvar = max(sk.rttvar, sk.mdev_max)
        if after(sk.snd_una, sk.rtt_seq):
            if sk.mdev_max < sk.rttvar:
                sk.rttvar -= (sk.rttvar - sk.mdev_max) >> 2
            sk.rtt_seq = sk.snd_nxt
            sk.mdev_max = rto_min
    else:
        sk.srtt = m << 3
        sk.mdev = m << 1
        sk.mdev_max = sk.rttvar = max(sk.mdev, rto_min)
        sk.rtt_seq = sk.snd_nxt


def tcp_set_rto(sk: TcpSock) -> None:
    """`tcp_set_rto`."""
    sk.rto = (sk.srtt >> 3) + sk.rttvar


def _new_rtt(k: Kernel, sk: TcpSock, seq_rtt: int) -> None:
    tcp_rtt_estimator(k, sk, seq_rtt)
    tcp_set_rto(sk)
    sk.backoff = 0
    sk.rto = min(sk.rto, tcp_rto_max(k))


@tcp_input_c
def tcp_ack_saw_tstamp(k: Kernel, sk: TcpSock, flag: int) -> None:
    """`tcp_ack_saw_tstamp`: the echoed timestamp is the best sample."""
    del flag
    _new_rtt(k, sk, k.tcp_time_stamp - sk.rx_opt.rcv_tsecr)


@tcp_input_c
def tcp_ack_no_tstamp(k: Kernel, sk: TcpSock, seq_rtt: int, flag: int) -> None:
    """`tcp_ack_no_tstamp`: a segment that went twice gives no sample (Karn)."""
    if not flag & FLAG_RETRANS_DATA_ACKED:
        _new_rtt(k, sk, seq_rtt)


@tcp_input_c
def tcp_ack_update_rtt(k: Kernel, sk: TcpSock, flag: int, seq_rtt: int) -> None:
    """`tcp_ack_update_rtt`."""
    if sk.rx_opt.saw_tstamp and sk.rx_opt.rcv_tsecr:
        tcp_ack_saw_tstamp(k, sk, flag)
    elif seq_rtt >= 0:
        tcp_ack_no_tstamp(k, sk, seq_rtt, flag)


# what a route remembers of connections


def tcp_init_cwnd(sk: TcpSock, dst: Rtable | None) -> int:
    """`tcp_init_cwnd`."""
    cwnd = dst.initcwnd if dst is not None else 0
    if not cwnd:
        mss = sk.mss_cache_std
        cwnd = 2 if mss > 1460 else 3 if mss > 1095 else 4
    return min(cwnd, sk.snd_cwnd_clamp)


@tcp_input_c
def tcp_init_metrics(k: Kernel, sk: TcpSock) -> None:
    """`tcp_init_metrics`: begin with what the route knows of the way.

    Where nothing is known, the window stays at the two segments that the socket was made with.
    """
    dst = sk.sk_dst_cache
    rx_opt = sk.rx_opt
    if dst is not None:
        route.dst_confirm(k, dst)
        if dst.ssthresh:
            sk.snd_ssthresh = min(dst.ssthresh, sk.snd_cwnd_clamp)
        if dst.reordering and sk.reordering != dst.reordering:
            rx_opt.sack_ok &= ~2
            sk.reordering = dst.reordering
        init = tcp_timeout_init(k)
        if dst.rtt and (sk.srtt or dst.rtt >= init << 3):
            if dst.rtt > sk.srtt:
                sk.srtt = dst.rtt
                sk.rtt_seq = sk.snd_nxt
            if dst.rttvar > sk.mdev:
                sk.mdev = dst.rttvar
                sk.mdev_max = sk.rttvar = max(sk.mdev, tcp_rto_min(k))
            tcp_set_rto(sk)
            sk.rto = min(sk.rto, tcp_rto_max(k))
            if sk.rto >= init or rx_opt.saw_tstamp:
                sk.snd_cwnd = tcp_init_cwnd(sk, dst)
                sk.snd_cwnd_stamp = k.tcp_time_stamp
                return
    if not rx_opt.saw_tstamp and sk.srtt:
        sk.srtt = 0
        sk.mdev = sk.mdev_max = sk.rttvar = tcp_timeout_init(k)
        sk.rto = tcp_timeout_init(k)


@tcp_input_c
def tcp_update_metrics(k: Kernel, sk: TcpSock) -> None:
    """`tcp_update_metrics`: what a connection leaves to the route at its end."""
    dst = sk.sk_dst_cache
    if k.sysctl.tcp_no_metrics_save or dst is None:
        return
    route.dst_confirm(k, dst)
    if sk.backoff or not sk.srtt:
        dst.rtt = 0
        return
    m = dst.rtt - sk.srtt
    dst.rtt = sk.srtt if m <= 0 else dst.rtt - (m >> 3)
    m = max(abs(m) >> 1, sk.mdev)
    dst.rttvar = m if m >= dst.rttvar else dst.rttvar - ((dst.rttvar - m) >> 2)
    if sk.snd_ssthresh >= 0xFFFF:
        if dst.ssthresh and sk.snd_cwnd >> 1 > dst.ssthresh:
            dst.ssthresh = sk.snd_cwnd >> 1
        dst.cwnd = max(dst.cwnd, sk.snd_cwnd)
    elif sk.snd_cwnd > sk.snd_ssthresh and sk.ca_state == TCP_CA_OPEN:
        dst.ssthresh = max(sk.snd_cwnd >> 1, sk.snd_ssthresh)
        dst.cwnd = (dst.cwnd + sk.snd_cwnd) >> 1
    else:
        dst.cwnd = (dst.cwnd + sk.snd_ssthresh) >> 1
        if dst.ssthresh and sk.snd_ssthresh > dst.ssthresh:
            dst.ssthresh = sk.snd_ssthresh
    if dst.reordering < sk.reordering != k.sysctl.tcp_reordering:
        dst.reordering = sk.reordering


# the window grows


def _bictcp_cwnd(k: Kernel, sk: TcpSock) -> int:
    """`bictcp_cwnd`: how many acknowledgements the window grows by one for."""
    if not sk.adv_cong_bic:
        return sk.snd_cwnd
    bic = sk.bictcp
    cwnd = sk.snd_cwnd
    now = k.tcp_time_stamp
    if bic.last_cwnd == cwnd and s32(now - bic.last_stamp) <= k.hz >> 5:
        return bic.cnt
    bic.last_cwnd = cwnd
    bic.last_stamp = now
    top = bic.last_max_cwnd
    if cwnd <= k.sysctl.tcp_bic_low_window:
        bic.cnt = cwnd
    elif cwnd < top:
        dist = (top - cwnd) // BICTCP_B
        if dist > BICTCP_MAX_INCREMENT:
            bic.cnt = cwnd // BICTCP_MAX_INCREMENT
        elif dist <= 1:
            bic.cnt = cwnd * BICTCP_FUNC_OF_MIN_INCR // BICTCP_B
        else:
            bic.cnt = cwnd // dist
    elif cwnd < top + BICTCP_B:
        bic.cnt = cwnd * BICTCP_FUNC_OF_MIN_INCR // BICTCP_B
    elif cwnd < top + BICTCP_MAX_INCREMENT * (BICTCP_B - 1):
        bic.cnt = cwnd * (BICTCP_B - 1) // (cwnd - top)
    else:
        bic.cnt = cwnd // BICTCP_MAX_INCREMENT
    return bic.cnt


@tcp_input_c
def tcp_cong_avoid(k: Kernel, sk: TcpSock) -> None:
    """`tcp_cong_avoid`."""
    reno_cong_avoid(k, sk)


@tcp_input_c
def reno_cong_avoid(k: Kernel, sk: TcpSock) -> None:
    """`reno_cong_avoid`: slow start up to ssthresh, then BIC."""
    if sk.snd_cwnd <= sk.snd_ssthresh:
        if sk.snd_cwnd < sk.snd_cwnd_clamp:
            sk.snd_cwnd += 1
    elif sk.snd_cwnd_cnt >= _bictcp_cwnd(k, sk):
        if sk.snd_cwnd < sk.snd_cwnd_clamp:
            sk.snd_cwnd += 1
        sk.snd_cwnd_cnt = 0
    else:
        sk.snd_cwnd_cnt += 1
    sk.snd_cwnd_stamp = k.tcp_time_stamp


@tcp_input_c
def tcp_cwnd_application_limited(k: Kernel, sk: TcpSock) -> None:
    """`tcp_cwnd_application_limited`: the window moves to what was used, unless the send buffer was the limit."""
    sock = sk.sk_socket
    if sk.ca_state == TCP_CA_OPEN and sock is not None and SOCK_NOSPACE not in sock.flags:
        win_used = max(sk.snd_cwnd_used, 2)
        if win_used < sk.snd_cwnd:
            sk.snd_ssthresh = tcp_current_ssthresh(sk)
            sk.snd_cwnd = (sk.snd_cwnd + win_used) >> 1
        sk.snd_cwnd_used = 0
    sk.snd_cwnd_stamp = k.tcp_time_stamp


# loss


def tcp_clear_retrans(sk: TcpSock) -> None:
    """`tcp_clear_retrans`."""
    sk.left_out = sk.retrans_out = sk.fackets_out = sk.sacked_out = sk.lost_out = 0
    sk.undo_marker = sk.undo_retrans = 0


@tcp_input_c
def tcp_enter_loss(k: Kernel, sk: TcpSock, how: int) -> None:
    """`tcp_enter_loss`: the window falls to one, all in flight is lost; with `how`, even what was SACKed."""
    if (
        sk.ca_state <= TCP_CA_DISORDER
        or sk.snd_una == sk.high_seq
        or (sk.ca_state == TCP_CA_LOSS and not sk.retransmits)
    ):
        sk.prior_ssthresh = tcp_current_ssthresh(sk)
        sk.snd_ssthresh = tcp_recalc_ssthresh(k, sk)
    sk.snd_cwnd = 1
    sk.snd_cwnd_cnt = 0
    sk.snd_cwnd_stamp = k.tcp_time_stamp
    tcp_clear_retrans(sk)
    if not how:
        sk.undo_marker = sk.snd_una
    cnt = 0
    for skb in retrans_queue(sk):
        pcount = skb.shared.tso_segs
        cnt += pcount
        cb = skb.cb
        if cb.sacked & TCPCB_RETRANS:
            sk.undo_marker = 0
        cb.sacked &= ~TCPCB_TAGBITS | TCPCB_SACKED_ACKED
        if not cb.sacked & TCPCB_SACKED_ACKED or how:
            cb.sacked &= ~TCPCB_SACKED_ACKED
            cb.sacked |= TCPCB_LOST
            sk.lost_out += pcount
        else:
            sk.sacked_out += pcount
            sk.fackets_out = cnt
    tcp_sync_left_out(sk)
    sk.reordering = min(sk.reordering, k.sysctl.tcp_reordering)
    tcp_set_ca_state(k, sk, TCP_CA_LOSS)
    sk.high_seq = sk.snd_nxt
    tcp_ecn_queue_cwr(sk)


@tcp_input_c
def tcp_enter_frto(k: Kernel, sk: TcpSock) -> None:
    """`tcp_enter_frto`: was the timeout spurious? (Off by default.)"""
    sk.frto_counter = 1
    if (
        sk.ca_state <= TCP_CA_DISORDER
        or sk.snd_una == sk.high_seq
        or (sk.ca_state == TCP_CA_LOSS and not sk.retransmits)
    ):
        sk.prior_ssthresh = tcp_current_ssthresh(sk)
        sk.snd_ssthresh = tcp_recalc_ssthresh(k, sk)
    sk.retrans_out = 0
    sk.undo_marker = sk.snd_una
    sk.undo_retrans = 0
    for skb in retrans_queue(sk):
        skb.cb.sacked &= ~TCPCB_RETRANS
    tcp_sync_left_out(sk)
    tcp_set_ca_state(k, sk, TCP_CA_OPEN)
    sk.frto_highmark = sk.snd_nxt


@tcp_input_c
def tcp_process_frto(k: Kernel, sk: TcpSock, prior_snd_una: int) -> None:
    """`tcp_process_frto`, with `tcp_enter_frto_loss`: it was a loss after all."""
    tcp_sync_left_out(sk)
    if sk.snd_una != prior_snd_una and before(sk.snd_una, sk.frto_highmark):
        if sk.frto_counter == 1:
            sk.snd_cwnd = tcp_packets_in_flight(sk) + 2
        else:
            sk.snd_cwnd = min(sk.snd_cwnd, sk.snd_ssthresh)
            tcp_moderate_cwnd(k, sk)
        sk.frto_counter = (sk.frto_counter + 1) % 3
        return
    sk.sacked_out = sk.lost_out = sk.fackets_out = cnt = 0
    for skb in retrans_queue(sk):
        pcount = skb.shared.tso_segs
        cnt += pcount
        skb.cb.sacked &= ~TCPCB_LOST
        if skb.cb.sacked & TCPCB_SACKED_ACKED:
            sk.sacked_out += pcount
            sk.fackets_out = cnt
        elif not after(skb.cb.end_seq, sk.frto_highmark):
            skb.cb.sacked |= TCPCB_LOST
            sk.lost_out += pcount
    tcp_sync_left_out(sk)
    sk.snd_cwnd = sk.frto_counter + tcp_packets_in_flight(sk) + 1
    sk.snd_cwnd_cnt = 0
    sk.snd_cwnd_stamp = k.tcp_time_stamp
    sk.undo_marker = 0
    sk.frto_counter = 0
    sk.reordering = min(sk.reordering, k.sysctl.tcp_reordering)
    tcp_set_ca_state(k, sk, TCP_CA_LOSS)
    sk.high_seq = sk.frto_highmark
    tcp_ecn_queue_cwr(sk)
    init_bictcp(sk)


def tcp_update_reordering(k: Kernel, sk: TcpSock, metric: int) -> None:
    """`tcp_update_reordering`: segments overtake each other by more than was thought; FACK is then of no use."""
    if metric > sk.reordering:
        sk.reordering = min(TCP_MAX_REORDERING, metric)
        sk.rx_opt.sack_ok &= ~2
        k.note("reordering", metric=metric)


def tcp_moderate_cwnd(k: Kernel, sk: TcpSock) -> None:
    """`tcp_moderate_cwnd`: no bursts of more than three."""
    sk.snd_cwnd = min(sk.snd_cwnd, tcp_packets_in_flight(sk) + 3)
    sk.snd_cwnd_stamp = k.tcp_time_stamp


def skb_timedout(k: Kernel, sk: TcpSock, skb: SkBuff) -> bool:
    """`tcp_skb_timedout`."""
    return (k.tcp_time_stamp - skb.cb.when) & U32 > sk.rto


def head_timedout(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_head_timedout`."""
    head = skb_peek(sk.sk_write_queue)
    return bool(sk.packets_out) and head is not None and skb_timedout(k, sk, head)


@tcp_input_c
def tcp_check_sack_reneging(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_check_sack_reneging`: the peer takes a SACK back; all is lost."""
    head = skb_peek(sk.sk_write_queue)
    if head is not None and head.cb.sacked & TCPCB_SACKED_ACKED:
        tcp_enter_loss(k, sk, 1)
        sk.retransmits += 1
        tcp_retransmit.tcp_retransmit_skb(k, sk, head)
        tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, sk.rto)
        return True
    return False


def tcp_may_undo(sk: TcpSock) -> bool:
    """`tcp_may_undo`: was everything that went again not needed?"""
    rx_opt = sk.rx_opt
    delayed = not sk.retrans_stamp or bool(
        rx_opt.saw_tstamp and rx_opt.rcv_tsecr and s32(rx_opt.rcv_tsecr - sk.retrans_stamp) < 0
    )
    return bool(sk.undo_marker) and (not sk.undo_retrans or delayed)


def complete_cwr(k: Kernel, sk: TcpSock) -> None:
    """`tcp_complete_cwr`."""
    sk.snd_cwnd = min(sk.snd_cwnd, sk.snd_ssthresh)
    sk.snd_cwnd_stamp = k.tcp_time_stamp
