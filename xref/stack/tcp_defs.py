"""include/net/tcp.h: constants of TCP, its sequence arithmetic, and its inline functions that only compute.

They leave no step in a trace. Those that lead on to other functions are in `tcp_h`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xref.stack.headers import TcpHdr
from xref.stack.skbuff import SkBuff
from xref.stack.sock import TcpSock

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.sock import TcpOptionsReceived

U32 = 0xFFFFFFFF
MAX_TCP_WINDOW = 32767
TCP_MIN_MSS = 88
TCP_MIN_RCVMSS = 536
TCP_MAX_REORDERING = 127
TCP_MAX_QUICKACKS = 16
TCPHDR_LEN = 20

TCP_URG_VALID = 0x0100
TCP_URG_NOTYET = 0x0200
TCP_URG_READ = 0x0400

TCPOLEN_MSS = 4
TCPOLEN_TSTAMP_ALIGNED = 12
TCPOLEN_WSCALE_ALIGNED = 4
TCPOLEN_SACKPERM_ALIGNED = 4
TCPOLEN_SACK_BASE_ALIGNED = 4
TCPOLEN_SACK_PERBLOCK = 8

TCP_TIME_RETRANS = 1
TCP_TIME_DACK = 2
TCP_TIME_PROBE0 = 3

TCP_NAGLE_OFF = 1
TCP_NAGLE_CORK = 2
TCP_NAGLE_PUSH = 4

TCP_ACK_SCHED = 1
TCP_ACK_TIMER = 2
TCP_ACK_PUSHED = 4

TCPCB_FLAG_FIN = 0x01
TCPCB_FLAG_SYN = 0x02
TCPCB_FLAG_RST = 0x04
TCPCB_FLAG_PSH = 0x08
TCPCB_FLAG_ACK = 0x10
TCPCB_FLAG_ECE = 0x40
TCPCB_FLAG_CWR = 0x80

TCPCB_SACKED_ACKED = 0x01
TCPCB_SACKED_RETRANS = 0x02
TCPCB_LOST = 0x04
TCPCB_TAGBITS = 0x07
TCPCB_EVER_RETRANS = 0x80
TCPCB_RETRANS = TCPCB_SACKED_RETRANS | TCPCB_EVER_RETRANS
TCPCB_URG = 0x20
TCPCB_AT_TAIL = TCPCB_URG

TCP_CA_OPEN = 0
TCP_CA_DISORDER = 1
TCP_CA_CWR = 2
TCP_CA_RECOVERY = 3
TCP_CA_LOSS = 4
CA_NAMES = ("Open", "Disorder", "CWR", "Recovery", "Loss")

TCP_ECN_OK = 1
TCP_ECN_QUEUE_CWR = 2
TCP_ECN_DEMAND_CWR = 4

TCP_PAWS_24DAYS = 60 * 60 * 24 * 24
TCP_PAWS_MSL = 60
TCP_PAWS_WINDOW = 1


def before(seq1: int, seq2: int) -> bool:
    """`before`: earlier in the sequence space."""
    return (seq1 - seq2) & 0x80000000 != 0


def after(seq1: int, seq2: int) -> bool:
    """`after`."""
    return (seq2 - seq1) & 0x80000000 != 0


def between(seq1: int, seq2: int, seq3: int) -> bool:
    """`between`: seq2 ≤ seq1 ≤ seq3."""
    return (seq3 - seq2) & U32 >= (seq1 - seq2) & U32


def s32(number: int) -> int:
    """A difference of unsigned numbers as a signed one."""
    number &= U32
    return number - (1 << 32) if number & 0x80000000 else number


def tcp_rto_min(k: Kernel) -> int:
    """`TCP_RTO_MIN`."""
    return k.hz // 5


def tcp_rto_max(k: Kernel) -> int:
    """`TCP_RTO_MAX`."""
    return 120 * k.hz


#: `TCP_SYNQ_HSIZE`: lists in a listener's table of connection requests
TCP_SYNQ_HSIZE = 512


def tcp_timeout_init(k: Kernel) -> int:
    """`TCP_TIMEOUT_INIT`."""
    return 3 * k.hz


def tcp_delack_min(k: Kernel) -> int:
    """`TCP_DELACK_MIN`."""
    return k.hz // 25 if k.hz >= 100 else 4


def tcp_ato_min(k: Kernel) -> int:
    """`TCP_ATO_MIN`."""
    return tcp_delack_min(k)


def tcp_delack_max(k: Kernel) -> int:
    """`TCP_DELACK_MAX`."""
    return k.hz // 5


def tcp_timewait_len(k: Kernel) -> int:
    """`TCP_TIMEWAIT_LEN`."""
    return 60 * k.hz


def tcp_resource_probe_interval(k: Kernel) -> int:
    """`TCP_RESOURCE_PROBE_INTERVAL`."""
    return k.hz // 2


def tcp_receive_window(sk: TcpSock) -> int:
    """`tcp_receive_window`: what is left of the window last advertised."""
    return max(0, s32(sk.rcv_wup + sk.rcv_wnd - sk.rcv_nxt))


def tcp_win_from_space(k: Kernel, space: int) -> int:
    """`tcp_win_from_space`: the part of the buffer that is advertised; the rest is for overhead."""
    scale = k.sysctl.tcp_adv_win_scale
    return space >> -scale if scale <= 0 else space - (space >> scale)


def tcp_space(k: Kernel, sk: TcpSock) -> int:
    """`tcp_space`."""
    return tcp_win_from_space(k, sk.sk_rcvbuf - sk.sk_rmem_alloc)


def tcp_full_space(k: Kernel, sk: TcpSock) -> int:
    """`tcp_full_space`."""
    return tcp_win_from_space(k, sk.sk_rcvbuf)


def tcp_packets_in_flight(sk: TcpSock) -> int:
    """`tcp_packets_in_flight`."""
    return sk.packets_out - sk.left_out + sk.retrans_out


def tcp_fast_path_on(sk: TcpSock) -> None:
    """`tcp_fast_path_on`: what the next segment's header will look like, if nothing special happens."""
    tcp_fast_path_set(sk, sk.snd_wnd >> sk.rx_opt.snd_wscale)


def tcp_fast_path_set(sk: TcpSock, snd_wnd: int) -> None:
    """`__tcp_fast_path_on`."""
    sk.pred_flags = sk.tcp_header_len << 26 | 0x00100000 | snd_wnd


def tcp_fast_path_check(sk: TcpSock) -> None:
    """`tcp_fast_path_check`."""
    if not sk.out_of_order_queue.qlen and sk.rcv_wnd and sk.sk_rmem_alloc < sk.sk_rcvbuf and not sk.urg_data:
        tcp_fast_path_on(sk)


def tcp_schedule_ack(sk: TcpSock) -> None:
    """`tcp_schedule_ack`."""
    sk.ack.pending |= TCP_ACK_SCHED


def tcp_ack_scheduled(sk: TcpSock) -> bool:
    """`tcp_ack_scheduled`."""
    return bool(sk.ack.pending & TCP_ACK_SCHED)


def tcp_dec_quickack_mode(k: Kernel, sk: TcpSock) -> None:
    """`tcp_dec_quickack_mode`: one quick acknowledgement less."""
    if sk.ack.quick:
        sk.ack.quick -= 1
        if sk.ack.quick == 0:
            sk.ack.ato = tcp_ato_min(k)


def tcp_clear_xmit_timer(sk: TcpSock, what: int) -> None:
    """`tcp_clear_xmit_timer`: the timer may run on, it will find nothing pending."""
    if what in (TCP_TIME_RETRANS, TCP_TIME_PROBE0):
        sk.pending = 0
    else:
        sk.ack.blocked = 0
        sk.ack.pending = 0


def tcp_set_ca_state(k: Kernel, sk: TcpSock, ca_state: int) -> None:
    """`tcp_set_ca_state`."""
    if k.trace is not None and ca_state != sk.ca_state:
        k.trace.state("ca_state", CA_NAMES[sk.ca_state], CA_NAMES[ca_state])
    sk.ca_state = ca_state


def tcp_current_ssthresh(sk: TcpSock) -> int:
    """`tcp_current_ssthresh`."""
    if 1 << sk.ca_state & (1 << TCP_CA_CWR | 1 << TCP_CA_RECOVERY):
        return sk.snd_ssthresh
    return max(sk.snd_ssthresh, (sk.snd_cwnd >> 1) + (sk.snd_cwnd >> 2))


def tcp_sync_left_out(sk: TcpSock) -> None:
    """`tcp_sync_left_out`."""
    if sk.rx_opt.sack_ok and sk.sacked_out >= sk.packets_out - sk.lost_out:
        sk.sacked_out = sk.packets_out - sk.lost_out
    sk.left_out = sk.sacked_out + sk.lost_out


def tcp_recalc_ssthresh(k: Kernel, sk: TcpSock) -> int:
    """`tcp_recalc_ssthresh`: BIC's, which remembers the window at which it had to yield, or a half."""
    if sk.adv_cong_bic:
        sysctl = k.sysctl
        if sysctl.tcp_bic_fast_convergence and sk.snd_cwnd < sk.bictcp.last_max_cwnd:
            sk.bictcp.last_max_cwnd = sk.snd_cwnd * (1024 + sysctl.tcp_bic_beta) // 2048
        else:
            sk.bictcp.last_max_cwnd = sk.snd_cwnd
        if sk.snd_cwnd > sysctl.tcp_bic_low_window:
            return max(sk.snd_cwnd * sysctl.tcp_bic_beta // 1024, 2)
    return max(sk.snd_cwnd >> 1, 2)


def tcp_minshall_check(sk: TcpSock) -> bool:
    """`tcp_minshall_check`: is a small segment in flight?"""
    return after(sk.snd_sml, sk.snd_una) and not after(sk.snd_sml, sk.snd_nxt)


def tcp_nagle_check(sk: TcpSock, skb: SkBuff, mss_now: int, nonagle: int) -> bool:
    """`tcp_nagle_check`: must a small segment wait?"""
    return (
        skb.len < mss_now
        and not skb.cb.flags & TCPCB_FLAG_FIN
        and bool(nonagle & TCP_NAGLE_CORK or (not nonagle and sk.packets_out and tcp_minshall_check(sk)))
    )


def tcp_set_skb_tso_segs(skb: SkBuff, mss_std: int) -> None:
    """`tcp_set_skb_tso_segs` (net/ipv4/tcp_output.c): how many segments a buffer will be."""
    shared = skb.shared
    if skb.len <= mss_std:
        shared.tso_segs = 1
        shared.tso_size = 0
    else:
        shared.tso_segs = (skb.len + mss_std - 1) // mss_std
        shared.tso_size = mss_std


def tcp_skb_is_last(sk: TcpSock, skb: SkBuff) -> bool:
    """`tcp_skb_is_last`."""
    return skb.next is sk.sk_write_queue


def tcp_sack_reset(rx_opt: TcpOptionsReceived) -> None:
    """`tcp_sack_reset`."""
    rx_opt.dsack = 0
    rx_opt.eff_sacks = 0
    rx_opt.num_sacks = 0


def tcp_fin_time(k: Kernel, sk: TcpSock) -> int:
    """`tcp_fin_time`: how long FIN_WAIT2 may last (jiffies)."""
    return max(sk.linger2 or k.sysctl.tcp_fin_timeout * k.hz, (sk.rto << 2) - (sk.rto >> 1))


def keepalive_time_when(k: Kernel, sk: TcpSock) -> int:
    """`keepalive_time_when`."""
    return sk.keepalive_time or k.sysctl.tcp_keepalive_time * k.hz


def keepalive_intvl_when(k: Kernel, sk: TcpSock) -> int:
    """`keepalive_intvl_when`."""
    return sk.keepalive_intvl or k.sysctl.tcp_keepalive_intvl * k.hz


def tcp_paws_check(k: Kernel, rx_opt: TcpOptionsReceived, rst: int) -> bool:
    """`tcp_paws_check`: is the segment's timestamp older than what was seen?"""
    if s32(rx_opt.rcv_tsval - rx_opt.ts_recent) >= 0 or k.xtime >= rx_opt.ts_recent_stamp + TCP_PAWS_24DAYS:
        return False
    return not (rst and k.xtime >= rx_opt.ts_recent_stamp + TCP_PAWS_MSL)


def tcp_initialize_rcv_mss(sk: TcpSock) -> None:
    """`tcp_initialize_rcv_mss`: a guess at what the peer will send."""
    hint = min(sk.advmss, sk.mss_cache_std, sk.rcv_wnd // 2, TCP_MIN_RCVMSS)
    sk.ack.rcv_mss = max(hint, TCP_MIN_MSS)


def tcp_ecn_queue_cwr(sk: TcpSock) -> None:
    """`TCP_ECN_queue_cwr`."""
    if sk.ecn_flags & TCP_ECN_OK:
        sk.ecn_flags |= TCP_ECN_QUEUE_CWR


def inet_ecn_xmit(sk: TcpSock) -> None:
    """`INET_ECN_xmit`: ECT(0) in the type of service."""
    sk.tos |= 2


def inet_ecn_dontxmit(sk: TcpSock) -> None:
    """`INET_ECN_dontxmit`."""
    sk.tos &= ~3


def retrans_queue(sk: TcpSock) -> Iterator[SkBuff]:
    """`sk_stream_for_retrans_queue`: what is in flight, oldest first. The next is looked up when it is asked for."""
    skb = sk.sk_write_queue.next
    while skb is not sk.sk_send_head and skb is not sk.sk_write_queue:
        yield skb
        skb = skb.next


def header(skb: SkBuff) -> TcpHdr:
    """`skb->h.th` of a received segment."""
    if skb.th is None:
        raise AssertionError("a segment without its header")
    return skb.th
