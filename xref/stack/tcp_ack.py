"""net/ipv4/tcp_input.c: an acknowledgement arrives, and the options with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import route
from xref.stack import sockcore
from xref.stack import tcp_cong
from xref.stack import tcp_h
from xref.stack import tcp_output
from xref.stack import tcp_recovery
from xref.stack.headers import TcpHdr
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_unlink
from xref.stack.sock import TcpOptionsReceived
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCP_CA_CWR
from xref.stack.tcp_defs import TCP_CA_OPEN
from xref.stack.tcp_defs import TCP_CA_RECOVERY
from xref.stack.tcp_defs import TCP_ECN_OK
from xref.stack.tcp_defs import TCP_PAWS_24DAYS
from xref.stack.tcp_defs import TCP_PAWS_WINDOW
from xref.stack.tcp_defs import TCP_TIME_PROBE0
from xref.stack.tcp_defs import TCP_TIME_RETRANS
from xref.stack.tcp_defs import TCPCB_FLAG_SYN
from xref.stack.tcp_defs import TCPCB_LOST
from xref.stack.tcp_defs import TCPCB_RETRANS
from xref.stack.tcp_defs import TCPCB_SACKED_ACKED
from xref.stack.tcp_defs import TCPCB_SACKED_RETRANS
from xref.stack.tcp_defs import TCPCB_URG
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import header
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_clear_xmit_timer
from xref.stack.tcp_defs import tcp_fast_path_check
from xref.stack.tcp_defs import tcp_packets_in_flight
from xref.stack.tcp_defs import tcp_receive_window
from xref.stack.tcp_defs import tcp_rto_max
from xref.stack.tcp_defs import tcp_sack_reset
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

tcp_input_c = source("net/ipv4/tcp_input.c", "tcp")

TSTAMP_WORD = b"\x01\x01\x08\x0a"


@tcp_input_c
def tcp_ack_packets_out(k: Kernel, sk: TcpSock) -> None:
    """`tcp_ack_packets_out`: the timer starts anew, or stops."""
    if not sk.packets_out:
        tcp_clear_xmit_timer(sk, TCP_TIME_RETRANS)
    else:
        tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, sk.rto)


@tcp_input_c
def tcp_clean_rtx_queue(k: Kernel, sk: TcpSock) -> tuple[int, int]:
    """`tcp_clean_rtx_queue`: segments that are wholly acknowledged leave the queue. Flags, and the age of the last."""
    now = k.tcp_time_stamp
    acked = 0
    seq_rtt = -1
    while (skb := skb_peek(sk.sk_write_queue)) is not None and skb is not sk.sk_send_head:
        scb = skb.cb
        sacked = scb.sacked
        if after(scb.end_seq, sk.snd_una):
            break
        pcount = skb.shared.tso_segs
        if not scb.flags & TCPCB_FLAG_SYN:
            acked |= tcp_cong.FLAG_DATA_ACKED
        else:
            acked |= tcp_cong.FLAG_SYN_ACKED
            sk.retrans_stamp = 0
        if sacked:
            if sacked & TCPCB_RETRANS:
                if sacked & TCPCB_SACKED_RETRANS:
                    sk.retrans_out -= pcount
                acked |= tcp_cong.FLAG_RETRANS_DATA_ACKED
                seq_rtt = -1
            elif seq_rtt < 0:
                seq_rtt = s32(now - scb.when)
            if sacked & TCPCB_SACKED_ACKED:
                sk.sacked_out -= pcount
            if sacked & TCPCB_LOST:
                sk.lost_out -= pcount
            if sacked & TCPCB_URG and sk.urg_mode and not before(scb.end_seq, sk.snd_up):
                sk.urg_mode = 0
        elif seq_rtt < 0:
            seq_rtt = s32(now - scb.when)
        if sk.fackets_out:
            sk.fackets_out = max(sk.fackets_out - pcount, 0)
        sk.packets_out -= pcount
        skb_unlink(skb)
        sockcore.sk_stream_free_skb(k, sk, skb)
    if acked & tcp_cong.FLAG_ACKED:
        tcp_cong.tcp_ack_update_rtt(k, sk, acked, seq_rtt)
        tcp_ack_packets_out(k, sk)
    return acked, seq_rtt


@tcp_input_c
def tcp_ack_probe(k: Kernel, sk: TcpSock) -> None:
    """`tcp_ack_probe`: the window is open again, or is still to be probed."""
    head = sk.sk_send_head
    if head is None:
        return
    if not after(head.cb.end_seq, sk.snd_una + sk.snd_wnd):
        sk.backoff = 0
        tcp_clear_xmit_timer(sk, TCP_TIME_PROBE0)
    else:
        tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_PROBE0, min(sk.rto << sk.backoff, tcp_rto_max(k)))


def may_update_window(sk: TcpSock, ack: int, ack_seq: int, nwin: int) -> bool:
    """`tcp_may_update_window`."""
    return after(ack, sk.snd_una) or after(ack_seq, sk.snd_wl1) or (ack_seq == sk.snd_wl1 and nwin > sk.snd_wnd)


@tcp_input_c
def tcp_ack_update_window(k: Kernel, sk: TcpSock, skb: SkBuff, ack: int, ack_seq: int) -> int:
    """`tcp_ack_update_window`: the peer's window; a larger one than ever may allow larger segments. Flags."""
    th = header(skb)
    nwin = th.window if th.syn else th.window << sk.rx_opt.snd_wscale
    flag = 0
    if may_update_window(sk, ack, ack_seq, nwin):
        flag |= tcp_cong.FLAG_WIN_UPDATE
        sk.snd_wl1 = ack_seq
        if sk.snd_wnd != nwin:
            sk.snd_wnd = nwin
            tcp_fast_path_check(sk)
            if nwin > sk.max_window:
                sk.max_window = nwin
                tcp_output.tcp_sync_mss(k, sk, sk.pmtu_cookie)
    sk.snd_una = ack
    return flag


@tcp_input_c
def tcp_ack(k: Kernel, sk: TcpSock, skb: SkBuff, flag: int) -> bool:
    """`tcp_ack`: False where the acknowledgement is old, or for what was never sent."""
    prior_snd_una = sk.snd_una
    cb = skb.cb
    ack_seq, ack = cb.seq, cb.ack_seq
    if after(ack, sk.snd_nxt):
        return False
    if before(ack, prior_snd_una):
        if cb.sacked:
            tcp_recovery.tcp_sacktag_write_queue(k, sk, skb, prior_snd_una)
        return False
    if not flag & tcp_cong.FLAG_SLOWPATH and after(ack, prior_snd_una):
        sk.snd_wl1 = ack_seq
        sk.snd_una = ack
        flag |= tcp_cong.FLAG_WIN_UPDATE
        k.mib["TCPHPAcks"] += 1
    else:
        if ack_seq != cb.end_seq:
            flag |= tcp_cong.FLAG_DATA
        else:
            k.mib["TCPPureAcks"] += 1
        flag |= tcp_ack_update_window(k, sk, skb, ack, ack_seq)
        if cb.sacked:
            flag |= tcp_recovery.tcp_sacktag_write_queue(k, sk, skb, prior_snd_una)
        th = header(skb)
        if th.ece and not th.syn and sk.ecn_flags & TCP_ECN_OK:
            flag |= tcp_cong.FLAG_ECE
    sk.sk_err_soft = 0
    sk.rcv_tstamp = k.tcp_time_stamp
    prior_packets = sk.packets_out
    if not prior_packets:
        sk.probes_out = 0
        if sk.sk_send_head is not None:
            tcp_ack_probe(k, sk)
        return True
    prior_in_flight = tcp_packets_in_flight(sk)
    cleaned, _ = tcp_clean_rtx_queue(k, sk)
    flag |= cleaned
    if sk.frto_counter:
        tcp_cong.tcp_process_frto(k, sk, prior_snd_una)
    if not flag & tcp_cong.FLAG_NOT_DUP or flag & tcp_cong.FLAG_CA_ALERT or sk.ca_state != TCP_CA_OPEN:
        may_raise = (not flag & tcp_cong.FLAG_ECE or sk.snd_cwnd < sk.snd_ssthresh) and sk.ca_state not in (
            TCP_CA_RECOVERY,
            TCP_CA_CWR,
        )
        if flag & tcp_cong.FLAG_DATA_ACKED and prior_in_flight >= sk.snd_cwnd and may_raise:
            tcp_cong.tcp_cong_avoid(k, sk)
        tcp_recovery.tcp_fastretrans_alert(k, sk, prior_snd_una, prior_packets, flag)
    elif flag & tcp_cong.FLAG_DATA_ACKED and prior_in_flight >= sk.snd_cwnd:
        tcp_cong.tcp_cong_avoid(k, sk)
    if flag & tcp_cong.FLAG_FORWARD_PROGRESS or not flag & tcp_cong.FLAG_NOT_DUP:
        route.dst_confirm(k, sk.sk_dst_cache)
    return True


# options


@tcp_input_c
def tcp_parse_options(k: Kernel, skb: SkBuff, opt_rx: TcpOptionsReceived, estab: int) -> None:
    """`tcp_parse_options`. Where the SACK blocks are goes into the control block."""
    th = header(skb)
    sysctl = k.sysctl
    buf = skb.shared.buf
    at = skb.h + 20
    left = th.doff * 4 - 20
    opt_rx.saw_tstamp = 0
    while left > 0:
        opcode = buf[at]
        if opcode == 0:
            return
        if opcode == 1:
            left -= 1
            at += 1
            continue
        opsize = buf[at + 1] if left > 1 else 0
        if opsize < 2 or opsize > left:
            return
        if opcode == 2 and opsize == 4 and th.syn and not estab:
            in_mss = int.from_bytes(buf[at + 2 : at + 4], "big")
            if in_mss:
                if opt_rx.user_mss and opt_rx.user_mss < in_mss:
                    in_mss = opt_rx.user_mss
                opt_rx.mss_clamp = in_mss
        elif opcode == 3 and opsize == 3 and th.syn and not estab and sysctl.tcp_window_scaling:
            opt_rx.wscale_ok = 1
            opt_rx.snd_wscale = min(buf[at + 2], 14)
        elif opcode == 8 and opsize == 10:
            if (estab and opt_rx.tstamp_ok) or (not estab and sysctl.tcp_timestamps):
                opt_rx.saw_tstamp = 1
                opt_rx.rcv_tsval = int.from_bytes(buf[at + 2 : at + 6], "big")
                opt_rx.rcv_tsecr = int.from_bytes(buf[at + 6 : at + 10], "big")
        elif opcode == 4 and opsize == 2 and th.syn and not estab and sysctl.tcp_sack:
            opt_rx.sack_ok = 1
            tcp_sack_reset(opt_rx)
        elif opcode == 5 and opsize >= 10 and not (opsize - 2) % 8 and opt_rx.sack_ok:
            skb.cb.sacked = at - skb.h
        at += opsize
        left -= opsize


@tcp_input_c
def tcp_fast_parse_options(k: Kernel, skb: SkBuff, th: TcpHdr, sk: TcpSock) -> bool:
    """`tcp_fast_parse_options`: the usual form at once."""
    rx_opt = sk.rx_opt
    if th.doff == 5:
        rx_opt.saw_tstamp = 0
        return False
    if rx_opt.tstamp_ok and th.doff == 8:
        at = skb.h + 20
        buf = skb.shared.buf
        if buf[at : at + 4] == TSTAMP_WORD:
            rx_opt.saw_tstamp = 1
            rx_opt.rcv_tsval = int.from_bytes(buf[at + 4 : at + 8], "big")
            rx_opt.rcv_tsecr = int.from_bytes(buf[at + 8 : at + 12], "big")
            return True
    tcp_parse_options(k, skb, rx_opt, 1)
    return True


def tcp_store_ts_recent(k: Kernel, sk: TcpSock) -> None:
    """`tcp_store_ts_recent`."""
    sk.rx_opt.ts_recent = sk.rx_opt.rcv_tsval
    sk.rx_opt.ts_recent_stamp = k.xtime


def tcp_replace_ts_recent(k: Kernel, sk: TcpSock, seq: int) -> None:
    """`tcp_replace_ts_recent`: only from a segment that begins where the last acknowledgement ended."""
    rx_opt = sk.rx_opt
    if rx_opt.saw_tstamp and not after(seq, sk.rcv_wup):
        newer = s32(rx_opt.rcv_tsval - rx_opt.ts_recent) >= 0
        if newer or k.xtime >= rx_opt.ts_recent_stamp + TCP_PAWS_24DAYS:
            tcp_store_ts_recent(k, sk)


def tcp_paws_discard(k: Kernel, sk: TcpSock, skb: SkBuff) -> bool:
    """`tcp_paws_discard`, with `tcp_disordered_ack`: an old duplicate, by its timestamp."""
    rx_opt = sk.rx_opt
    if s32(rx_opt.ts_recent - rx_opt.rcv_tsval) <= TCP_PAWS_WINDOW:
        return False
    if k.xtime >= rx_opt.ts_recent_stamp + TCP_PAWS_24DAYS:
        return False
    th, cb = header(skb), skb.cb
    disordered_ack = (
        th.ack
        and cb.seq == cb.end_seq == sk.rcv_nxt
        and cb.ack_seq == sk.snd_una
        and not may_update_window(sk, cb.ack_seq, cb.seq, th.window << rx_opt.snd_wscale)
        and s32(rx_opt.ts_recent - rx_opt.rcv_tsval) <= sk.rto * 1024 // k.hz
    )
    return not disordered_ack


def tcp_sequence(sk: TcpSock, seq: int, end_seq: int) -> bool:
    """`tcp_sequence`: does the segment touch the window?"""
    return not before(end_seq, sk.rcv_wup) and not after(seq, (sk.rcv_nxt + tcp_receive_window(sk)) & U32)
