"""net/ipv4/tcp_minisocks.c: connections that are hardly there: requests that await their ACK, and TIME_WAIT.

TIME_WAIT buckets expire at their own time here; 2.6.11 sweeps them in rows of 7.5 seconds (or of 32 ms, when short).
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING
from typing import Any

from xref.stack import sockcore
from xref.stack import tcp_ack
from xref.stack import tcp_cong
from xref.stack import tcp_h
from xref.stack import tcp_input
from xref.stack import tcp_ipv4
from xref.stack import tcp_timer
from xref.stack.clock import Timer
from xref.stack.clock import WaitQueue
from xref.stack.headers import TcpHdr
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import SkBuffHead
from xref.stack.sock import SOCK_BINDPORT_LOCK
from xref.stack.sock import TCP_FIN_WAIT2
from xref.stack.sock import TCP_SYN_RECV
from xref.stack.sock import TCP_TIME_WAIT
from xref.stack.sock import AckState
from xref.stack.sock import Bictcp
from xref.stack.sock import Cork
from xref.stack.sock import RcvqSpace
from xref.stack.sock import RcvRttEst
from xref.stack.sock import TcpOptionsReceived
from xref.stack.sock import TcpSock
from xref.stack.sock import Ucopy
from xref.stack.tcp_defs import TCP_CA_OPEN
from xref.stack.tcp_defs import TCP_ECN_OK
from xref.stack.tcp_defs import TCP_MIN_RCVMSS
from xref.stack.tcp_defs import TCPCB_FLAG_ACK
from xref.stack.tcp_defs import TCPCB_FLAG_RST
from xref.stack.tcp_defs import TCPCB_FLAG_SYN
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import header
from xref.stack.tcp_defs import keepalive_time_when
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_paws_check
from xref.stack.tcp_defs import tcp_receive_window
from xref.stack.tcp_defs import tcp_sack_reset
from xref.stack.tcp_defs import tcp_timeout_init
from xref.stack.tcp_defs import tcp_timewait_len
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.ip_options import IpOptions
    from xref.stack.kernel import Kernel

tcp_minisocks_c = source("net/ipv4/tcp_minisocks.c", "tcp")

TCP_TW_SUCCESS = 0
TCP_TW_RST = 1
TCP_TW_ACK = 2
TCP_TW_SYN = 3


class OpenRequest:
    """`struct open_request`: what a listener remembers of a SYN."""

    def __init__(self) -> None:
        self.rcv_isn = 0
        self.snt_isn = 0
        self.rmt_port = 0
        self.mss = 0
        self.retrans = 0
        self.snd_wscale = 0
        self.rcv_wscale = 0
        self.tstamp_ok = 0
        self.sack_ok = 0
        self.wscale_ok = 0
        self.ecn_ok = 0
        self.acked = 0
        self.window_clamp = 0
        self.rcv_wnd = 0
        self.ts_recent = 0
        self.expires = 0
        self.sk: TcpSock | None = None
        self.loc_addr = 0
        self.rmt_addr = 0
        self.hash = 0
        self.opt: IpOptions | None = None


class TcpTwBucket:
    """`struct tcp_tw_bucket`: what is left of a connection that has ended."""

    sk_state = TCP_TIME_WAIT

    def __init__(self, sk: TcpSock, state: int) -> None:
        self.daddr = sk.daddr
        self.rcv_saddr = sk.rcv_saddr
        self.dport = sk.dport
        self.num = sk.num
        self.substate = state
        self.rcv_wscale = sk.rx_opt.rcv_wscale
        self.rcv_nxt = sk.rcv_nxt
        self.snd_nxt = sk.snd_nxt
        self.rcv_wnd = tcp_receive_window(sk)
        self.ts_recent = sk.rx_opt.ts_recent
        self.ts_recent_stamp = sk.rx_opt.ts_recent_stamp
        self.timer = Timer(_expired, self)

    @property
    def key(self) -> tuple[int, int, int, int]:
        """As the table of established connections has it."""
        return self.rcv_saddr, self.num, self.daddr, self.dport


def _expired(k: Kernel, tw: TcpTwBucket) -> None:
    k.tcp_twhash.pop(tw.key, None)


def tcp_in_window(seq: int, end_seq: int, s_win: int, e_win: int) -> bool:
    """`tcp_in_window`."""
    if seq == s_win:
        return True
    if after(end_seq, s_win) and before(seq, e_win):
        return True
    return seq == e_win and seq == end_seq


@tcp_minisocks_c
def tcp_tw_schedule(k: Kernel, tw: TcpTwBucket, timeo: int) -> None:
    """`tcp_tw_schedule`: so many jiffies more."""
    k.mod_timer(tw.timer, k.jiffies + timeo)


@tcp_minisocks_c
def tcp_tw_deschedule(k: Kernel, tw: TcpTwBucket) -> None:
    """`tcp_tw_deschedule`: gone."""
    k.del_timer(tw.timer)
    k.tcp_twhash.pop(tw.key, None)


@tcp_minisocks_c
def tcp_time_wait(k: Kernel, sk: TcpSock, state: int, timeo: int) -> None:
    """`tcp_time_wait`: the socket goes, a bucket stays."""
    tw = TcpTwBucket(sk, state)
    rto = (sk.rto << 2) - (sk.rto >> 1)
    tcp_ipv4.unhash(k, sk)
    k.tcp_twhash[tw.key] = tw
    if k.trace is not None:
        k.trace.state("sk_state", "FIN_WAIT", "TIME_WAIT" if state == TCP_TIME_WAIT else "FIN_WAIT2")
    timeo = max(timeo, rto)
    if state == TCP_TIME_WAIT:
        timeo = tcp_timewait_len(k)
    tcp_tw_schedule(k, tw, timeo)
    tcp_cong.tcp_update_metrics(k, sk)
    tcp_h.tcp_done(k, sk)


@tcp_minisocks_c
def tcp_timewait_state_process(k: Kernel, tw: TcpTwBucket, skb: SkBuff, th: TcpHdr) -> int:
    """`tcp_timewait_state_process`: what to do with a segment for a connection that has ended."""
    tmp_opt = TcpOptionsReceived()
    cb = skb.cb
    paws_reject = False
    if th.doff > 5 and tw.ts_recent_stamp:
        tcp_ack.tcp_parse_options(k, skb, tmp_opt, 0)
        if tmp_opt.saw_tstamp:
            tmp_opt.ts_recent = tw.ts_recent
            tmp_opt.ts_recent_stamp = tw.ts_recent_stamp
            paws_reject = tcp_paws_check(k, tmp_opt, th.rst)
    if tw.substate == TCP_FIN_WAIT2:
        return _fin_wait2(k, tw, skb, th, tmp_opt, paws_reject)
    if not paws_reject and cb.seq == tw.rcv_nxt and (cb.seq == cb.end_seq or th.rst):
        if th.rst and not k.sysctl.tcp_rfc1337:
            tcp_tw_deschedule(k, tw)
            return TCP_TW_SUCCESS
        tcp_tw_schedule(k, tw, tcp_timewait_len(k))
        if tmp_opt.saw_tstamp:
            tw.ts_recent = tmp_opt.rcv_tsval
            tw.ts_recent_stamp = k.xtime
        return TCP_TW_SUCCESS
    newer = after(cb.seq, tw.rcv_nxt) or (tmp_opt.saw_tstamp and s32(tw.ts_recent - tmp_opt.rcv_tsval) < 0)
    if th.syn and not th.rst and not th.ack and not paws_reject and newer:
        cb.when = ((tw.snd_nxt + 65535 + 2) & U32) or 1
        return TCP_TW_SYN
    if not th.rst:
        if paws_reject or th.ack:
            tcp_tw_schedule(k, tw, tcp_timewait_len(k))
        return TCP_TW_ACK
    return TCP_TW_SUCCESS


def _fin_wait2(
    k: Kernel, tw: TcpTwBucket, skb: SkBuff, th: TcpHdr, tmp_opt: TcpOptionsReceived, paws_reject: bool
) -> int:
    cb = skb.cb
    if paws_reject or not tcp_in_window(cb.seq, cb.end_seq, tw.rcv_nxt, (tw.rcv_nxt + tw.rcv_wnd) & U32):
        return TCP_TW_ACK
    if th.rst:
        tcp_tw_deschedule(k, tw)
        return TCP_TW_SUCCESS
    kill = th.syn and not before(cb.seq, tw.rcv_nxt)
    if not kill:
        if not after(cb.end_seq, tw.rcv_nxt) or cb.end_seq == cb.seq:
            return TCP_TW_SUCCESS
        kill = not th.fin or cb.end_seq != (tw.rcv_nxt + 1) & U32
    if kill:
        tcp_tw_deschedule(k, tw)
        return TCP_TW_RST
    tw.substate = TCP_TIME_WAIT
    tw.rcv_nxt = cb.end_seq
    if tmp_opt.saw_tstamp:
        tw.ts_recent_stamp = k.xtime
        tw.ts_recent = tmp_opt.rcv_tsval
    tcp_tw_schedule(k, tw, tcp_timewait_len(k))
    return TCP_TW_ACK


@tcp_minisocks_c
def tcp_create_openreq_child(k: Kernel, sk: TcpSock, req: OpenRequest, skb: SkBuff) -> TcpSock:
    """`tcp_create_openreq_child`: the listener's copy, for one connection."""
    new = copy(sk)
    k.sock_count += 1
    new.number = k.sock_count
    _own_parts(new)
    new.sk_state = TCP_SYN_RECV
    new.bind_port = None
    new.hashed = False
    new.owner = False
    new.dport = req.rmt_port
    new.sk_rmem_alloc = new.sk_wmem_alloc = new.sk_wmem_queued = new.sk_forward_alloc = 0
    new.done = False
    new.sk_userlocks = sk.sk_userlocks & ~SOCK_BINDPORT_LOCK
    new.sk_send_head = None
    new.sk_write_space = sockcore.sk_stream_write_space
    new.pred_flags = 0
    new.rcv_nxt = new.rcv_wup = new.copied_seq = (req.rcv_isn + 1) & U32
    new.snd_nxt = new.snd_una = new.snd_sml = new.write_seq = new.pushed_seq = (req.snt_isn + 1) & U32
    new.snd_wl1 = req.rcv_isn
    new.retransmits = new.backoff = new.srtt = 0
    new.mdev = new.rto = tcp_timeout_init(k)
    new.packets_out = new.left_out = new.retrans_out = new.sacked_out = new.fackets_out = 0
    new.snd_ssthresh = 0x7FFFFFFF
    new.snd_cwnd = 2
    new.snd_cwnd_cnt = 0
    new.frto_counter = new.frto_highmark = 0
    new.ca_state = TCP_CA_OPEN
    tcp_timer.tcp_init_xmit_timers(new)
    new.probes_out = 0
    new.urg_data = 0
    new.listen_opt = None
    new.accept_queue = []
    new.sk_err = 0
    new.sk_priority = 0
    new.sk_socket = None
    new.sk_sleep = None
    if new.keepopen:
        tcp_timer.tcp_reset_keepalive_timer(k, new, keepalive_time_when(k, new))
    _take_options(k, new, req, skb)
    tcp_cong.tcp_ca_init(k, new)
    k.mib["TcpPassiveOpens"] += 1
    return new


def _own_parts(new: Any) -> None:
    """What a copy of the structure holds by value, and a copy of the object would share."""
    new.sk_receive_queue = SkBuffHead()
    new.sk_write_queue = SkBuffHead()
    new.sk_error_queue = SkBuffHead()
    new.out_of_order_queue = SkBuffHead()
    new.sk_backlog = []
    new.lock_wq = WaitQueue()
    new.cork = Cork()
    new.ack = copy(new.ack) if isinstance(new.ack, AckState) else AckState()
    new.ucopy = Ucopy()
    new.rx_opt = copy(new.rx_opt)
    new.bictcp = Bictcp()
    new.rcv_rtt_est = RcvRttEst()
    new.rcvq_space = RcvqSpace()
    new.selective_acks = [[0, 0] for _ in range(4)]
    new.duplicate_sack = [0, 0]


def _take_options(k: Kernel, new: TcpSock, req: OpenRequest, skb: SkBuff) -> None:
    rx_opt = new.rx_opt
    rx_opt.saw_tstamp = 0
    tcp_sack_reset(rx_opt)
    rx_opt.tstamp_ok = req.tstamp_ok
    rx_opt.sack_ok = req.sack_ok
    if rx_opt.sack_ok and k.sysctl.tcp_fack:
        rx_opt.sack_ok |= 2
    new.window_clamp = req.window_clamp
    new.rcv_ssthresh = new.rcv_wnd = req.rcv_wnd
    rx_opt.wscale_ok = req.wscale_ok
    if rx_opt.wscale_ok:
        rx_opt.snd_wscale, rx_opt.rcv_wscale = req.snd_wscale, req.rcv_wscale
    else:
        rx_opt.snd_wscale = rx_opt.rcv_wscale = 0
        new.window_clamp = min(new.window_clamp, 65535)
    new.snd_wnd = new.max_window = header(skb).window << rx_opt.snd_wscale
    if rx_opt.tstamp_ok:
        rx_opt.ts_recent = req.ts_recent
        rx_opt.ts_recent_stamp = k.xtime
        new.tcp_header_len = 32
    else:
        rx_opt.ts_recent_stamp = 0
        new.tcp_header_len = 20
    if skb.len >= TCP_MIN_RCVMSS + new.tcp_header_len:
        new.ack.last_seg_size = skb.len - new.tcp_header_len
    rx_opt.mss_clamp = req.mss
    new.ecn_flags = TCP_ECN_OK if req.ecn_ok else 0
    if new.ecn_flags:
        new.sk_no_largesend = 1


@tcp_minisocks_c
def tcp_check_req(k: Kernel, sk: TcpSock, skb: SkBuff, req: OpenRequest) -> TcpSock | None:
    """`tcp_check_req`: a segment for a connection request: the ACK that makes it a connection, or something else.

    The child; the listener itself, for a segment that it shall answer; None where nothing is left to do.
    """
    th = header(skb)
    cb = skb.cb
    flg = th.flags & (TCPCB_FLAG_RST | TCPCB_FLAG_SYN | TCPCB_FLAG_ACK)
    paws_reject = False
    tmp_opt = TcpOptionsReceived()
    if th.doff > 5:
        tcp_ack.tcp_parse_options(k, skb, tmp_opt, 0)
        if tmp_opt.saw_tstamp:
            tmp_opt.ts_recent = req.ts_recent
            tmp_opt.ts_recent_stamp = k.xtime - (3 << req.retrans)
            paws_reject = tcp_paws_check(k, tmp_opt, th.rst)
    if cb.seq == req.rcv_isn and flg == TCPCB_FLAG_SYN and not paws_reject:
        tcp_ipv4.tcp_v4_send_synack(k, sk, req, None)
        return None
    if flg & TCPCB_FLAG_ACK and cb.ack_seq != (req.snt_isn + 1) & U32:
        return sk
    first = (req.rcv_isn + 1) & U32
    if paws_reject or not tcp_in_window(cb.seq, cb.end_seq, first, (first + req.rcv_wnd) & U32):
        if not flg & TCPCB_FLAG_RST:
            tcp_ipv4.tcp_v4_or_send_ack(k, skb, req)
        return None
    if tmp_opt.saw_tstamp and not after(cb.seq, first):
        req.ts_recent = tmp_opt.rcv_tsval
    if cb.seq == req.rcv_isn:
        flg &= ~TCPCB_FLAG_SYN
    if not flg & (TCPCB_FLAG_RST | TCPCB_FLAG_SYN):
        if not flg & TCPCB_FLAG_ACK:
            return None
        if sk.defer_accept and cb.end_seq == first:
            req.acked = 1
            return None
        child = tcp_ipv4.tcp_v4_syn_recv_sock(k, sk, skb, req, None)
        if child is not None:
            synq_unlink(k, sk, req)
            req.sk = child
            sk.sk_ack_backlog += 1
            sk.accept_queue.append(req)
            return child
        if not k.sysctl.tcp_abort_on_overflow:
            req.acked = 1
            return None
    if not flg & TCPCB_FLAG_RST:
        tcp_ipv4.tcp_v4_send_reset(k, skb)
    synq_unlink(k, sk, req)
    return None


@source("include/net/tcp.h", "tcp")
def tcp_synq_removed(k: Kernel, sk: TcpSock, req: OpenRequest) -> None:
    """`tcp_synq_removed`: one less; the timer goes with the last."""
    lopt = sk.listen_opt
    if lopt is None:
        return
    lopt.qlen -= 1
    if lopt.qlen == 0:
        tcp_timer.tcp_delete_keepalive_timer(k, sk)
    if req.retrans == 0:
        lopt.qlen_young -= 1


def synq_unlink(k: Kernel, sk: TcpSock, req: OpenRequest) -> None:
    """`tcp_synq_unlink`, and that it is gone."""
    lopt = sk.listen_opt
    if lopt is None:
        return
    lopt.syn_table.remove(req)
    tcp_synq_removed(k, sk, req)


@tcp_minisocks_c
def tcp_child_process(k: Kernel, sk: TcpSock, child: TcpSock, skb: SkBuff) -> int:
    """`tcp_child_process`: the segment that made a connection is its first."""
    if child.owner:
        child.sk_backlog.append(skb)
        return 0
    state = child.sk_state
    ret = tcp_input.tcp_rcv_state_process(k, child, skb, header(skb), skb.len)
    if state == TCP_SYN_RECV and child.sk_state != state:
        sk.sk_data_ready(k, sk)
    return ret
