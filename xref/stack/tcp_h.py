"""include/net/tcp.h: its inline functions that lead on to others. (Those that only compute: `tcp_defs`.)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import sockcore
from xref.stack import tcp_cong
from xref.stack import tcp_ipv4
from xref.stack import tcp_output
from xref.stack import tcp_timer
from xref.stack.skbuff import SkBuff
from xref.stack.sock import SHUTDOWN_MASK
from xref.stack.sock import SOCK_BINDPORT_LOCK
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TCP_CLOSE_WAIT
from xref.stack.sock import TCP_ESTABLISHED
from xref.stack.sock import TCP_STATES
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCP_ACK_TIMER
from xref.stack.tcp_defs import TCP_CA_CWR
from xref.stack.tcp_defs import TCP_NAGLE_PUSH
from xref.stack.tcp_defs import TCP_TIME_PROBE0
from xref.stack.tcp_defs import TCP_TIME_RETRANS
from xref.stack.tcp_defs import TCPCB_FLAG_FIN
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_ecn_queue_cwr
from xref.stack.tcp_defs import tcp_nagle_check
from xref.stack.tcp_defs import tcp_packets_in_flight
from xref.stack.tcp_defs import tcp_recalc_ssthresh
from xref.stack.tcp_defs import tcp_rto_max
from xref.stack.tcp_defs import tcp_set_ca_state
from xref.stack.tcp_defs import tcp_set_skb_tso_segs
from xref.stack.tcp_defs import tcp_skb_is_last
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable
    from xref.stack.sock import InetSock

tcp_h = source("include/net/tcp.h", "tcp")


@tcp_h
def tcp_reset_xmit_timer(k: Kernel, sk: TcpSock, what: int, when: int) -> None:
    """`tcp_reset_xmit_timer`: retransmission, probe or delayed acknowledgement in so many jiffies."""
    when = min(when, tcp_rto_max(k))
    if what in (TCP_TIME_RETRANS, TCP_TIME_PROBE0):
        sk.pending = what
        sk.timeout = k.jiffies + when
        sockcore.sk_reset_timer(k, sk, sk.retransmit_timer, sk.timeout)
    else:
        sk.ack.pending |= TCP_ACK_TIMER
        sk.ack.timeout = k.jiffies + when
        sockcore.sk_reset_timer(k, sk, sk.delack_timer, sk.ack.timeout)


@tcp_h
def tcp_packets_out_inc(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_packets_out_inc`: the first in flight starts the timer."""
    orig = sk.packets_out
    sk.packets_out += skb.shared.tso_segs
    if not orig:
        tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, sk.rto)


@tcp_h
def tcp_check_probe_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_check_probe_timer`: nothing in flight and no timer: probe, so that the connection does not hang."""
    if not sk.packets_out and not sk.pending:
        tcp_reset_xmit_timer(k, sk, TCP_TIME_PROBE0, sk.rto)


@tcp_h
def tcp_cwnd_validate(k: Kernel, sk: TcpSock) -> None:
    """`tcp_cwnd_validate`: a window that is not used is not kept (RFC 2861)."""
    if sk.packets_out >= sk.snd_cwnd:
        sk.snd_cwnd_used = 0
        sk.snd_cwnd_stamp = k.tcp_time_stamp
    else:
        sk.snd_cwnd_used = max(sk.snd_cwnd_used, sk.packets_out)
        if s32(k.tcp_time_stamp - sk.snd_cwnd_stamp) >= sk.rto:
            tcp_cong.tcp_cwnd_application_limited(k, sk)


@tcp_h
def tcp_v4_setup_caps(k: Kernel, sk: InetSock, dst: Rtable) -> None:
    """`tcp_v4_setup_caps`: what the device of the route can do. Left out: segmentation offload."""
    del k
    sk.sk_route_caps = dst.dev.features


@tcp_h
def tcp_enter_cwr(k: Kernel, sk: TcpSock) -> None:
    """`tcp_enter_cwr`: congestion here (a full queue) or on the way (ECN)."""
    sk.prior_ssthresh = 0
    if sk.ca_state < TCP_CA_CWR:
        sk.undo_marker = 0
        sk.snd_ssthresh = tcp_recalc_ssthresh(k, sk)
        sk.snd_cwnd = min(sk.snd_cwnd, tcp_packets_in_flight(sk) + 1)
        sk.snd_cwnd_cnt = 0
        sk.high_seq = sk.snd_nxt
        sk.snd_cwnd_stamp = k.tcp_time_stamp
        tcp_ecn_queue_cwr(sk)
        tcp_set_ca_state(k, sk, TCP_CA_CWR)


@tcp_h
def tcp_snd_test(k: Kernel, sk: TcpSock, skb: SkBuff, cur_mss: int, nonagle: int) -> bool:
    """`tcp_snd_test`: may this segment go now? Nagle, the congestion window, the receiver's window."""
    del k
    pkts = skb.shared.tso_segs
    if not pkts:
        tcp_set_skb_tso_segs(skb, sk.mss_cache_std)
        pkts = skb.shared.tso_segs
    return bool(
        (nonagle & TCP_NAGLE_PUSH or sk.urg_mode or not tcp_nagle_check(sk, skb, cur_mss, nonagle))
        and (tcp_packets_in_flight(sk) + pkts - 1 < sk.snd_cwnd or skb.cb.flags & TCPCB_FLAG_FIN)
        and not after(skb.cb.end_seq, sk.snd_una + sk.snd_wnd)
    )


@tcp_h.named("__tcp_push_pending_frames")
def push_pending_frames(k: Kernel, sk: TcpSock, cur_mss: int, nonagle: int) -> None:
    """`__tcp_push_pending_frames`: sends what may be sent."""
    skb = sk.sk_send_head
    if skb is not None:
        if not tcp_skb_is_last(sk, skb):
            nonagle = TCP_NAGLE_PUSH
        if not tcp_snd_test(k, sk, skb, cur_mss, nonagle) or tcp_output.tcp_write_xmit(k, sk, nonagle):
            tcp_check_probe_timer(k, sk)
    tcp_cwnd_validate(k, sk)


@tcp_h
def tcp_push_pending_frames(k: Kernel, sk: TcpSock) -> None:
    """`tcp_push_pending_frames`."""
    push_pending_frames(k, sk, tcp_output.tcp_current_mss(k, sk, 1), sk.nonagle)


@tcp_h
def tcp_may_send_now(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_may_send_now`. The last segment is tested as if pushed: that is 2.6.11's reading of it."""
    skb = sk.sk_send_head
    if skb is None:
        return False
    mss = tcp_output.tcp_current_mss(k, sk, 1)
    return tcp_snd_test(k, sk, skb, mss, TCP_NAGLE_PUSH if tcp_skb_is_last(sk, skb) else sk.nonagle)


@tcp_h
def tcp_set_state(k: Kernel, sk: TcpSock, state: int) -> None:
    """`tcp_set_state`: a closed socket leaves the tables and gives its port back."""
    old = sk.sk_state
    if state == TCP_ESTABLISHED:
        if old != TCP_ESTABLISHED:
            k.mib["TcpCurrEstab"] += 1
    elif state == TCP_CLOSE:
        if old in (TCP_CLOSE_WAIT, TCP_ESTABLISHED):
            k.mib["TcpEstabResets"] += 1
        tcp_ipv4.tcp_unhash(k, sk)
        if sk.bind_port is not None and not sk.sk_userlocks & SOCK_BINDPORT_LOCK:
            tcp_ipv4.tcp_put_port(k, sk)
    if k.trace is not None and old != state:
        k.trace.state("sk_state", TCP_STATES[old], TCP_STATES[state])
    sk.sk_state = state


@tcp_h
def tcp_done(k: Kernel, sk: TcpSock) -> None:
    """`tcp_done`: the connection is over; whoever waits on it is woken, or the socket goes."""
    from xref.stack import tcp

    tcp_set_state(k, sk, TCP_CLOSE)
    tcp_timer.tcp_clear_xmit_timers(k, sk)
    sk.sk_shutdown = SHUTDOWN_MASK
    if not sk.dead:
        sk.sk_state_change(k, sk)
    else:
        tcp.tcp_destroy_sock(k, sk)
