"""net/ipv4/tcp_timer.c: retransmission, window probes, delayed acknowledgements, keepalive, SYN|ACKs."""

from __future__ import annotations

from errno import ETIMEDOUT
from typing import TYPE_CHECKING

from xref.stack import route
from xref.stack import sockcore
from xref.stack import tcp_cong
from xref.stack import tcp_h
from xref.stack import tcp_minisocks
from xref.stack import tcp_output
from xref.stack import tcp_retransmit
from xref.stack.clock import Timer
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_peek
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TCP_FIN_WAIT2
from xref.stack.sock import TCP_LISTEN
from xref.stack.sock import TCPF_SYN_RECV
from xref.stack.sock import TCPF_SYN_SENT
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCP_ACK_TIMER
from xref.stack.tcp_defs import TCP_SYNQ_HSIZE
from xref.stack.tcp_defs import TCP_TIME_PROBE0
from xref.stack.tcp_defs import TCP_TIME_RETRANS
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import keepalive_intvl_when
from xref.stack.tcp_defs import keepalive_time_when
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_ack_scheduled
from xref.stack.tcp_defs import tcp_ato_min
from xref.stack.tcp_defs import tcp_delack_min
from xref.stack.tcp_defs import tcp_fin_time
from xref.stack.tcp_defs import tcp_resource_probe_interval
from xref.stack.tcp_defs import tcp_rto_max
from xref.stack.tcp_defs import tcp_timeout_init
from xref.stack.tcp_defs import tcp_timewait_len
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

tcp_timer_c = source("net/ipv4/tcp_timer.c", "tcp")


def tcp_init_xmit_timers(sk: TcpSock) -> None:
    """`tcp_init_xmit_timers`."""
    sk.retransmit_timer = Timer(tcp_write_timer, sk)
    sk.delack_timer = Timer(tcp_delack_timer, sk)
    sk.sk_timer = Timer(tcp_keepalive_timer, sk)
    sk.pending = sk.ack.pending = 0


@tcp_timer_c
def tcp_clear_xmit_timers(k: Kernel, sk: TcpSock) -> None:
    """`tcp_clear_xmit_timers`."""
    sk.pending = 0
    sockcore.sk_stop_timer(k, sk, sk.retransmit_timer)
    sk.ack.pending = 0
    sk.ack.blocked = 0
    sockcore.sk_stop_timer(k, sk, sk.delack_timer)
    sockcore.sk_stop_timer(k, sk, sk.sk_timer)


@tcp_timer_c
def tcp_write_err(k: Kernel, sk: TcpSock) -> None:
    """`tcp_write_err`: given up; ETIMEDOUT, unless something better is known."""
    sk.sk_err = sk.sk_err_soft or ETIMEDOUT
    sk.sk_error_report(k, sk)
    tcp_h.tcp_done(k, sk)


def _orphan_retries(k: Kernel, sk: TcpSock, alive: bool) -> int:
    """`tcp_orphan_retries`."""
    retries = k.sysctl.tcp_orphan_retries
    if sk.sk_err_soft and not alive:
        retries = 0
    return 8 if retries == 0 and alive else retries


@tcp_timer_c
def tcp_write_timeout(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_write_timeout`: has it been tried often enough? Left out: shortage of memory for orphans."""
    sysctl = k.sysctl
    if 1 << sk.sk_state & (TCPF_SYN_SENT | TCPF_SYN_RECV):
        if sk.retransmits:
            route.dst_negative_advice(k, sk)
        retry_until = sk.syn_retries or sysctl.tcp_syn_retries
    else:
        if sk.retransmits >= sysctl.tcp_retries1:
            route.dst_negative_advice(k, sk)
        retry_until = sysctl.tcp_retries2
        if sk.dead:
            retry_until = _orphan_retries(k, sk, sk.rto < tcp_rto_max(k))
    if sk.retransmits >= retry_until:
        tcp_write_err(k, sk)
        return True
    return False


@tcp_timer_c
def tcp_delack_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_delack_timer`: the acknowledgement is due. What a reader has not fetched from his prequeue comes first."""
    ack = sk.ack
    if sk.owner:
        ack.blocked = 1
        sockcore.sk_reset_timer(k, sk, sk.delack_timer, k.jiffies + tcp_delack_min(k))
        return
    sockcore.sk_stream_mem_reclaim(k, sk)
    if sk.sk_state == TCP_CLOSE or not ack.pending & TCP_ACK_TIMER:
        return
    if ack.timeout > k.jiffies:
        sockcore.sk_reset_timer(k, sk, sk.delack_timer, ack.timeout)
        return
    ack.pending &= ~TCP_ACK_TIMER
    if sk.ucopy.prequeue.qlen:
        while (skb := skb_dequeue(sk.ucopy.prequeue)) is not None:
            sk.sk_backlog_rcv(k, sk, skb)
        sk.ucopy.memory = 0
    if tcp_ack_scheduled(sk):
        if not ack.pingpong:
            ack.ato = min(ack.ato << 1, sk.rto)
        else:
            ack.pingpong = 0
            ack.ato = tcp_ato_min(k)
        tcp_output.tcp_send_ack(k, sk)
        k.mib["DelayedACKs"] += 1


@tcp_timer_c
def tcp_probe_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_probe_timer`: probes a closed window, for as long as someone cares."""
    if sk.packets_out or sk.sk_send_head is None:
        sk.probes_out = 0
        return
    max_probes = k.sysctl.tcp_retries2
    if sk.dead:
        max_probes = _orphan_retries(k, sk, sk.rto << sk.backoff < tcp_rto_max(k))
    if sk.probes_out > max_probes:
        tcp_write_err(k, sk)
    else:
        tcp_retransmit.tcp_send_probe0(k, sk)


@tcp_timer_c
def tcp_retransmit_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_retransmit_timer`: everything in flight counts as lost; the first goes again, the timer doubles."""
    if not sk.packets_out:
        return
    head = skb_peek(sk.sk_write_queue)
    if head is None:
        raise AssertionError("packets in flight and nothing queued")
    if not sk.snd_wnd and not sk.dead and not 1 << sk.sk_state & (TCPF_SYN_SENT | TCPF_SYN_RECV):
        k.note("window_shrunk")
        if s32(k.tcp_time_stamp - sk.rcv_tstamp) > tcp_rto_max(k):
            tcp_write_err(k, sk)
            return
        tcp_cong.tcp_enter_loss(k, sk, 0)
        tcp_retransmit.tcp_retransmit_skb(k, sk, head)
        sk.sk_dst_cache = None
    else:
        if tcp_write_timeout(k, sk):
            return
        if sk.retransmits == 0:
            k.mib["TCPTimeouts"] += 1
        if (
            k.sysctl.tcp_frto
            and sk.sk_send_head is not None
            and not after(sk.sk_send_head.cb.end_seq, sk.snd_una + sk.snd_wnd)
        ):
            tcp_cong.tcp_enter_frto(k, sk)
        else:
            tcp_cong.tcp_enter_loss(k, sk, 0)
        head = skb_peek(sk.sk_write_queue)
        if head is None:
            return
        if tcp_retransmit.tcp_retransmit_skb(k, sk, head) > 0:
            sk.retransmits = sk.retransmits or 1
            tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, min(sk.rto, tcp_resource_probe_interval(k)))
            return
        sk.backoff += 1
        sk.retransmits += 1
    sk.rto = min(sk.rto << 1, tcp_rto_max(k))
    tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_RETRANS, sk.rto)
    if sk.retransmits > k.sysctl.tcp_retries1:
        sk.sk_dst_cache = None


@tcp_timer_c
def tcp_write_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_write_timer`: one timer for retransmission and probes."""
    if sk.owner:
        sockcore.sk_reset_timer(k, sk, sk.retransmit_timer, k.jiffies + k.hz // 20)
        return
    if sk.sk_state != TCP_CLOSE and sk.pending:
        if sk.timeout > k.jiffies:
            sockcore.sk_reset_timer(k, sk, sk.retransmit_timer, sk.timeout)
        else:
            event, sk.pending = sk.pending, 0
            if event == TCP_TIME_RETRANS:
                tcp_retransmit_timer(k, sk)
            elif event == TCP_TIME_PROBE0:
                tcp_probe_timer(k, sk)
    sockcore.sk_stream_mem_reclaim(k, sk)


@tcp_timer_c
def tcp_synack_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_synack_timer`: SYN|ACKs that were not answered go again, or their requests go.

    Each turn looks at a part of the table, so that a SYN|ACK may leave up to 1.4 s after its time.
    """
    lopt = sk.listen_opt
    if lopt is None or not lopt.qlen:
        return
    max_retries = sk.syn_retries or k.sysctl.tcp_synack_retries
    thresh = max_retries
    if lopt.qlen >> (lopt.max_qlen_log - 1):
        young = lopt.qlen_young << 1
        while thresh > 2 and lopt.qlen >= young:
            thresh -= 1
            young <<= 1
    if sk.defer_accept:
        max_retries = sk.defer_accept
    now = k.jiffies
    budget = 2 * (TCP_SYNQ_HSIZE // (tcp_timeout_init(k) // (k.hz // 5)))
    ahead = [((req.hash - lopt.clock_hand) % TCP_SYNQ_HSIZE, -n) for n, req in enumerate(lopt.syn_table)]
    turn = [lopt.syn_table[-n] for distance, n in sorted(ahead) if distance < budget]
    lopt.clock_hand = (lopt.clock_hand + budget) % TCP_SYNQ_HSIZE
    for req in turn:
        if now < req.expires:
            continue
        again = req.retrans < thresh or (req.acked and req.retrans < max_retries)
        from xref.stack import tcp_ipv4

        if again and not tcp_ipv4.tcp_v4_send_synack(k, sk, req, None):
            if req.retrans == 0:
                lopt.qlen_young -= 1
            req.retrans += 1
            req.expires = now + min(tcp_timeout_init(k) << req.retrans, tcp_rto_max(k))
            continue
        lopt.syn_table.remove(req)
        lopt.qlen -= 1
        if req.retrans == 0:
            lopt.qlen_young -= 1
    if lopt.qlen:
        tcp_reset_keepalive_timer(k, sk, k.hz // 5)


@tcp_timer_c
def tcp_delete_keepalive_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_delete_keepalive_timer`."""
    sockcore.sk_stop_timer(k, sk, sk.sk_timer)


@tcp_timer_c
def tcp_reset_keepalive_timer(k: Kernel, sk: TcpSock, when: int) -> None:
    """`tcp_reset_keepalive_timer`: in so many jiffies."""
    sockcore.sk_reset_timer(k, sk, sk.sk_timer, k.jiffies + when)


@tcp_timer_c
def tcp_set_keepalive(k: Kernel, sk: TcpSock, val: int) -> None:
    """`tcp_set_keepalive`."""
    if sk.sk_state in (TCP_CLOSE, TCP_LISTEN):
        return
    if val and not sk.keepopen:
        tcp_reset_keepalive_timer(k, sk, keepalive_time_when(k, sk))
    elif not val:
        tcp_delete_keepalive_timer(k, sk)


@tcp_timer_c
def tcp_keepalive_timer(k: Kernel, sk: TcpSock) -> None:
    """`tcp_keepalive_timer`: keepalive, FIN_WAIT2's end, and the SYN|ACKs of a listener: one timer for all three."""
    if sk.owner:
        tcp_reset_keepalive_timer(k, sk, k.hz // 20)
        return
    if sk.sk_state == TCP_LISTEN:
        tcp_synack_timer(k, sk)
        return
    if sk.sk_state == TCP_FIN_WAIT2 and sk.dead:
        if sk.linger2 >= 0:
            tmo = tcp_fin_time(k, sk) - tcp_timewait_len(k)
            if tmo > 0:
                tcp_minisocks.tcp_time_wait(k, sk, TCP_FIN_WAIT2, tmo)
                return
        tcp_output.tcp_send_active_reset(k, sk)
        tcp_h.tcp_done(k, sk)
        return
    if not sk.keepopen or sk.sk_state == TCP_CLOSE:
        return
    elapsed = keepalive_time_when(k, sk)
    if not sk.packets_out and sk.sk_send_head is None:
        idle = s32(k.tcp_time_stamp - sk.rcv_tstamp)
        if idle >= elapsed:
            if sk.probes_out >= (sk.keepalive_probes or k.sysctl.tcp_keepalive_probes):
                tcp_output.tcp_send_active_reset(k, sk)
                tcp_write_err(k, sk)
                return
            if tcp_retransmit.tcp_write_wakeup(k, sk) <= 0:
                sk.probes_out += 1
                elapsed = keepalive_intvl_when(k, sk)
            else:
                elapsed = tcp_resource_probe_interval(k)
        else:
            elapsed -= idle
        sockcore.sk_stream_mem_reclaim(k, sk)
    tcp_reset_keepalive_timer(k, sk, elapsed)
