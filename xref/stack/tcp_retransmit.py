"""net/ipv4/tcp_output.c, second half: segments that leave again, window probes, how a connection begins."""

from __future__ import annotations

from errno import EAGAIN
from errno import EFAULT
from errno import EHOSTUNREACH
from errno import ENOMEM
from typing import TYPE_CHECKING

from xref.stack import sockcore
from xref.stack import tcp_cong
from xref.stack import tcp_h
from xref.stack import tcp_ipv4
from xref.stack import tcp_output
from xref.stack.checksum import csum_block_add
from xref.stack.headers import TCPHDR
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import pskb_copy
from xref.stack.skbuff import skb_clone
from xref.stack.skbuff import skb_cloned
from xref.stack.skbuff import skb_copy
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_push
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_queue_head
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_reserve
from xref.stack.skbuff import skb_tailroom
from xref.stack.skbuff import skb_trim
from xref.stack.skbuff import skb_unlink
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCP_CA_LOSS
from xref.stack.tcp_defs import TCP_CA_RECOVERY
from xref.stack.tcp_defs import TCP_ECN_OK
from xref.stack.tcp_defs import TCP_TIME_PROBE0
from xref.stack.tcp_defs import TCP_TIME_RETRANS
from xref.stack.tcp_defs import TCPCB_AT_TAIL
from xref.stack.tcp_defs import TCPCB_EVER_RETRANS
from xref.stack.tcp_defs import TCPCB_FLAG_ACK
from xref.stack.tcp_defs import TCPCB_FLAG_CWR
from xref.stack.tcp_defs import TCPCB_FLAG_ECE
from xref.stack.tcp_defs import TCPCB_FLAG_FIN
from xref.stack.tcp_defs import TCPCB_FLAG_PSH
from xref.stack.tcp_defs import TCPCB_FLAG_SYN
from xref.stack.tcp_defs import TCPCB_LOST
from xref.stack.tcp_defs import TCPCB_RETRANS
from xref.stack.tcp_defs import TCPCB_SACKED_ACKED
from xref.stack.tcp_defs import TCPCB_SACKED_RETRANS
from xref.stack.tcp_defs import TCPCB_TAGBITS
from xref.stack.tcp_defs import TCPCB_URG
from xref.stack.tcp_defs import TCPHDR_LEN
from xref.stack.tcp_defs import TCPOLEN_TSTAMP_ALIGNED
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import between
from xref.stack.tcp_defs import retrans_queue
from xref.stack.tcp_defs import tcp_current_ssthresh
from xref.stack.tcp_defs import tcp_full_space
from xref.stack.tcp_defs import tcp_initialize_rcv_mss
from xref.stack.tcp_defs import tcp_packets_in_flight
from xref.stack.tcp_defs import tcp_resource_probe_interval
from xref.stack.tcp_defs import tcp_rto_max
from xref.stack.tcp_defs import tcp_set_ca_state
from xref.stack.tcp_defs import tcp_set_skb_tso_segs
from xref.stack.tcp_defs import tcp_sync_left_out
from xref.stack.tcp_defs import tcp_timeout_init
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable
    from xref.stack.tcp_minisocks import OpenRequest

tcp_output_c = source("net/ipv4/tcp_output.c", "tcp")


@tcp_output_c
def tcp_retrans_try_collapse(k: Kernel, sk: TcpSock, skb: SkBuff, mss_now: int) -> None:
    """`tcp_retrans_try_collapse`: two small segments become one, if they fit."""
    following = skb.next
    if skb_cloned(skb) or skb_cloned(following):
        return
    if following.cb.sacked & TCPCB_SACKED_ACKED or after(following.cb.end_seq, sk.snd_una + sk.snd_wnd):
        return
    size, more = skb.len, following.len
    if more > skb_tailroom(skb) or size + more > mss_now:
        return
    skb_unlink(following)
    at = skb_put(skb, more)
    skb.shared.buf[at : at + more] = following.shared.buf[following.data : following.data + more]
    if following.ip_summed == CHECKSUM_HW:
        skb.ip_summed = CHECKSUM_HW
    if skb.ip_summed != CHECKSUM_HW:
        skb.csum = csum_block_add(skb.csum, following.csum, size)
    skb.cb.end_seq = following.cb.end_seq
    skb.cb.flags |= following.cb.flags
    skb.cb.sacked |= following.cb.sacked & (TCPCB_EVER_RETRANS | TCPCB_AT_TAIL)
    pcount = following.shared.tso_segs
    if following.cb.sacked & TCPCB_SACKED_RETRANS:
        sk.retrans_out -= pcount
    if following.cb.sacked & TCPCB_LOST:
        sk.lost_out -= pcount
        sk.left_out -= pcount
    if not sk.rx_opt.sack_ok and sk.sacked_out:
        sk.sacked_out = max(sk.sacked_out - pcount, 0)
        sk.left_out -= pcount
    if sk.fackets_out:
        sk.fackets_out = max(sk.fackets_out - pcount, 0)
    sk.packets_out -= pcount
    sockcore.sk_stream_free_skb(k, sk, following)


@tcp_output_c
def tcp_simple_retransmit(k: Kernel, sk: TcpSock) -> None:
    """`tcp_simple_retransmit`: the path MTU shrank; what is too large now counts as lost, without blame."""
    mss = tcp_output.tcp_current_mss(k, sk, 0)
    lost = False
    for skb in retrans_queue(sk):
        if skb.len > mss and not skb.cb.sacked & TCPCB_SACKED_ACKED:
            if skb.cb.sacked & TCPCB_SACKED_RETRANS:
                skb.cb.sacked &= ~TCPCB_SACKED_RETRANS
                sk.retrans_out -= skb.shared.tso_segs
            if not skb.cb.sacked & TCPCB_LOST:
                skb.cb.sacked |= TCPCB_LOST
                sk.lost_out += skb.shared.tso_segs
                lost = True
    if not lost:
        return
    tcp_sync_left_out(sk)
    if sk.ca_state != TCP_CA_LOSS:
        sk.high_seq = sk.snd_nxt
        sk.snd_ssthresh = tcp_current_ssthresh(sk)
        sk.prior_ssthresh = 0
        sk.undo_marker = 0
        tcp_set_ca_state(k, sk, TCP_CA_LOSS)
    tcp_xmit_retransmit_queue(k, sk)


@tcp_output_c
def tcp_retransmit_skb(k: Kernel, sk: TcpSock, skb: SkBuff) -> int:
    """`tcp_retransmit_skb`: one segment again, cut to what is missing and to what fits. 0 if it went."""
    cur_mss = tcp_output.tcp_current_mss(k, sk, 0)
    if sk.sk_wmem_alloc > min(sk.sk_wmem_queued + (sk.sk_wmem_queued >> 2), sk.sk_sndbuf):
        return -EAGAIN
    cb = skb.cb
    if before(cb.seq, sk.snd_una) and tcp_output.tcp_trim_head(k, sk, skb, (sk.snd_una - cb.seq) & U32):
        return -ENOMEM
    if not before(cb.seq, sk.snd_una + sk.snd_wnd) and cb.seq != sk.snd_una:
        return -EAGAIN
    if skb.len > cur_mss:
        old_factor = skb.shared.tso_segs
        if tcp_output.tcp_fragment(k, sk, skb, cur_mss):
            return -ENOMEM
        sk.packets_out -= old_factor - skb.shared.tso_segs
        sk.packets_out += skb.next.shared.tso_segs
    following = skb.next
    if (
        not cb.flags & TCPCB_FLAG_SYN
        and skb.len < cur_mss >> 1
        and following is not sk.sk_send_head
        and following is not sk.sk_write_queue
        and not skb.shared.frags
        and not following.shared.frags
        and skb.shared.tso_segs == 1
        and following.shared.tso_segs == 1
        and k.sysctl.tcp_retrans_collapse
    ):
        tcp_retrans_try_collapse(k, sk, skb, cur_mss)
    if tcp_ipv4.tcp_v4_rebuild_header(k, sk):
        return -EHOSTUNREACH
    if skb.len > 0 and cb.flags & TCPCB_FLAG_FIN and sk.snd_una == (cb.end_seq - 1) & U32:
        skb_trim(skb, 0)
        cb.seq = (cb.end_seq - 1) & U32
        skb.shared.tso_segs = 1
        skb.shared.tso_size = 0
        skb.ip_summed = CHECKSUM_NONE
        skb.csum = 0
    cb.when = k.tcp_time_stamp
    if skb.shared.tso_segs > 1:
        cb.flags |= TCPCB_FLAG_PSH
    err = tcp_output.tcp_transmit_skb(k, sk, pskb_copy(k, skb) if skb_cloned(skb) else skb_clone(k, skb))
    if err == 0:
        k.mib["TcpRetransSegs"] += 1
        k.note("retransmit", seq=cb.seq, len=skb.len)
        sk.total_retrans += 1
        cb.sacked |= TCPCB_RETRANS
        sk.retrans_out += skb.shared.tso_segs
        if not sk.retrans_stamp:
            sk.retrans_stamp = cb.when
        sk.undo_retrans += 1
        cb.ack_seq = sk.snd_nxt
    return err


@tcp_output_c
def tcp_xmit_retransmit_queue(k: Kernel, sk: TcpSock) -> None:
    """`tcp_xmit_retransmit_queue`: what counts as lost, as far as the window allows; then, with SACK, what may be."""
    packet_cnt = sk.lost_out
    if packet_cnt:
        for skb in retrans_queue(sk):
            sacked = skb.cb.sacked
            if tcp_packets_in_flight(sk) >= sk.snd_cwnd:
                return
            if sacked & TCPCB_LOST:
                if not sacked & (TCPCB_SACKED_ACKED | TCPCB_SACKED_RETRANS):
                    if tcp_retransmit_skb(k, sk, skb):
                        return
                    if skb is skb_peek(sk.sk_write_queue):
                        tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, sk.rto)
                packet_cnt -= skb.shared.tso_segs
                if packet_cnt <= 0:
                    break
    if sk.ca_state != TCP_CA_RECOVERY or not sk.rx_opt.sack_ok or tcp_h.tcp_may_send_now(k, sk):
        return
    packet_cnt = 0
    for skb in retrans_queue(sk):
        packet_cnt += 1
        if packet_cnt > sk.fackets_out or tcp_packets_in_flight(sk) >= sk.snd_cwnd:
            break
        if skb.cb.sacked & TCPCB_TAGBITS:
            continue
        if tcp_retransmit_skb(k, sk, skb):
            break
        if skb is skb_peek(sk.sk_write_queue):
            tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, sk.rto)


# setting up


@tcp_output_c
def tcp_connect_init(k: Kernel, sk: TcpSock) -> None:
    """`tcp_connect_init`."""
    dst = sk.sk_dst_cache
    if dst is None:
        raise AssertionError("a connection without a route")
    sysctl = k.sysctl
    sk.tcp_header_len = TCPHDR_LEN + (TCPOLEN_TSTAMP_ALIGNED if sysctl.tcp_timestamps else 0)
    if sk.rx_opt.user_mss:
        sk.rx_opt.mss_clamp = sk.rx_opt.user_mss
    sk.max_window = 0
    tcp_output.tcp_sync_mss(k, sk, dst.mtu)
    if not sk.window_clamp:
        sk.window_clamp = dst.window
    sk.advmss = dst.advmss
    tcp_initialize_rcv_mss(sk)
    tcp_cong.tcp_ca_init(k, sk)
    sk.rcv_wnd, sk.window_clamp, sk.rx_opt.rcv_wscale = tcp_output.tcp_select_initial_window(
        k,
        tcp_full_space(k, sk),
        sk.advmss - (sk.tcp_header_len - TCPHDR_LEN if sk.rx_opt.ts_recent_stamp else 0),
        sk.window_clamp,
        bool(sysctl.tcp_window_scaling),
    )
    sk.rcv_ssthresh = sk.rcv_wnd
    sk.sk_err = 0
    sk.done = False
    sk.snd_wnd = 0
    sk.snd_wl1 = 0
    sk.snd_una = sk.write_seq
    sk.snd_sml = sk.write_seq
    sk.rcv_nxt = sk.rcv_wup = sk.copied_seq = 0
    sk.rto = tcp_timeout_init(k)
    sk.retransmits = 0
    tcp_cong.tcp_clear_retrans(sk)


@tcp_output_c
def tcp_connect(k: Kernel, sk: TcpSock) -> int:
    """`tcp_connect`: the SYN."""
    tcp_connect_init(k, sk)
    buff = tcp_output.control_skb(k, sk.write_seq, TCPCB_FLAG_SYN)
    sk.ecn_flags = 0
    if k.sysctl.tcp_ecn:
        buff.cb.flags |= TCPCB_FLAG_ECE | TCPCB_FLAG_CWR
        sk.ecn_flags = TCP_ECN_OK
        sk.sk_no_largesend = 1
    sk.write_seq = (sk.write_seq + 1) & U32
    buff.cb.end_seq = sk.write_seq
    sk.snd_nxt = sk.write_seq
    sk.pushed_seq = sk.write_seq
    tcp_cong.tcp_ca_init(k, sk)
    buff.cb.when = k.tcp_time_stamp
    sk.retrans_stamp = buff.cb.when
    skb_queue_tail(sk.sk_write_queue, buff)
    sockcore.sk_charge_skb(sk, buff)
    sk.packets_out += buff.shared.tso_segs
    tcp_output.tcp_transmit_skb(k, sk, skb_clone(k, buff))
    k.mib["TcpActiveOpens"] += 1
    tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, sk.rto)
    return 0


@tcp_output_c
def tcp_send_synack(k: Kernel, sk: TcpSock) -> int:
    """`tcp_send_synack`: both sides connect at once; the SYN goes again, as SYN|ACK."""
    skb = skb_peek(sk.sk_write_queue)
    if skb is None or not skb.cb.flags & TCPCB_FLAG_SYN:
        return -EFAULT
    if not skb.cb.flags & TCPCB_FLAG_ACK:
        if skb_cloned(skb):
            copy = skb_copy(k, skb)
            skb_unlink(skb)
            skb_queue_head(sk.sk_write_queue, copy)
            sockcore.sk_stream_free_skb(k, sk, skb)
            sockcore.sk_charge_skb(sk, copy)
            skb = copy
        skb.cb.flags |= TCPCB_FLAG_ACK
        skb.cb.flags &= ~TCPCB_FLAG_CWR
        if not sk.ecn_flags & TCP_ECN_OK:
            skb.cb.flags &= ~TCPCB_FLAG_ECE
    skb.cb.when = k.tcp_time_stamp
    return tcp_output.tcp_transmit_skb(k, sk, skb_clone(k, skb))


@tcp_output_c
def tcp_make_synack(k: Kernel, sk: TcpSock, dst: Rtable, req: OpenRequest) -> SkBuff:
    """`tcp_make_synack`: the answer to a SYN, from what the request remembers; no socket exists yet."""
    max_header = k.machine.max_tcp_header
    skb = sockcore.sock_wmalloc(k, sk, max_header + 15, True)
    if skb is None:
        raise AssertionError("sock_wmalloc was forced")
    skb_reserve(skb, max_header)
    skb.dst = dst
    if req.rcv_wnd == 0:
        req.rcv_wnd, req.window_clamp, req.rcv_wscale = tcp_output.tcp_select_initial_window(
            k,
            tcp_full_space(k, sk),
            dst.advmss - (TCPOLEN_TSTAMP_ALIGNED if req.tstamp_ok else 0),
            sk.window_clamp or dst.window,
            bool(req.wscale_ok),
        )
    skb.cb.seq = req.snt_isn
    skb.cb.end_seq = (req.snt_isn + 1) & U32
    skb.cb.when = k.tcp_time_stamp
    options = tcp_output.tcp_syn_build_options(
        k, dst.advmss, bool(req.tstamp_ok), bool(req.sack_ok), bool(req.wscale_ok), req.rcv_wscale, skb.cb.when,
        req.ts_recent,
    )  # fmt: skip
    size = TCPHDR_LEN + len(options)
    at = skb.h = skb_push(k, skb, size)
    flags = TCPCB_FLAG_SYN | TCPCB_FLAG_ACK | (TCPCB_FLAG_ECE if req.ecn_ok else 0)
    TCPHDR.pack_into(
        skb.shared.buf, at, sk.sport, req.rmt_port, req.snt_isn, (req.rcv_isn + 1) & U32, size >> 2 << 4, flags,
        req.rcv_wnd & 0xFFFF, 0, 0,
    )  # fmt: skip
    skb.shared.buf[at + TCPHDR_LEN : at + size] = options
    skb.shared.tso_segs = 1
    k.mib["TcpOutSegs"] += 1
    return skb


# probing a closed window


@tcp_output_c
def tcp_xmit_probe_skb(k: Kernel, sk: TcpSock, urgent: int) -> int:
    """`tcp_xmit_probe_skb`: a segment that is out of the window on purpose, so that it is answered."""
    skb = tcp_output.control_skb(k, sk.snd_una if urgent else (sk.snd_una - 1) & U32, TCPCB_FLAG_ACK)
    skb.cb.sacked = urgent
    skb.cb.when = k.tcp_time_stamp
    return tcp_output.tcp_transmit_skb(k, sk, skb)


@tcp_output_c
def tcp_write_wakeup(k: Kernel, sk: TcpSock) -> int:
    """`tcp_write_wakeup`: as much data as the window takes, or a probe without any."""
    if sk.sk_state == TCP_CLOSE:
        return -1
    skb = sk.sk_send_head
    if skb is not None and before(skb.cb.seq, sk.snd_una + sk.snd_wnd):
        mss = tcp_output.tcp_current_mss(k, sk, 0)
        seg_size = (sk.snd_una + sk.snd_wnd - skb.cb.seq) & U32
        if before(sk.pushed_seq, skb.cb.end_seq):
            sk.pushed_seq = skb.cb.end_seq
        if seg_size < (skb.cb.end_seq - skb.cb.seq) & U32 or skb.len > mss:
            seg_size = min(seg_size, mss)
            skb.cb.flags |= TCPCB_FLAG_PSH
            if tcp_output.tcp_fragment(k, sk, skb, seg_size):
                return -1
        elif not skb.shared.tso_segs:
            tcp_set_skb_tso_segs(skb, sk.mss_cache_std)
        skb.cb.flags |= TCPCB_FLAG_PSH
        skb.cb.when = k.tcp_time_stamp
        err = tcp_output.tcp_transmit_skb(k, sk, skb_clone(k, skb))
        if not err:
            tcp_output.update_send_head(k, sk, skb)
        return err
    if sk.urg_mode and between(sk.snd_up, (sk.snd_una + 1) & U32, (sk.snd_una + 0xFFFF) & U32):
        tcp_xmit_probe_skb(k, sk, TCPCB_URG)
    return tcp_xmit_probe_skb(k, sk, 0)


@tcp_output_c
def tcp_send_probe0(k: Kernel, sk: TcpSock) -> None:
    """`tcp_send_probe0`: probes, with the timer backed off."""
    err = tcp_write_wakeup(k, sk)
    if sk.packets_out or sk.sk_send_head is None:
        sk.probes_out = 0
        sk.backoff = 0
        return
    if err <= 0:
        if sk.backoff < k.sysctl.tcp_retries2:
            sk.backoff += 1
        sk.probes_out += 1
        limit = tcp_rto_max(k)
    else:
        if not sk.probes_out:
            sk.probes_out = 1
        limit = tcp_resource_probe_interval(k)
    tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_PROBE0, min(sk.rto << sk.backoff, limit))
