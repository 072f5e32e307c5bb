"""net/ipv4/tcp_input.c, the receiver's half: data into queues, SACK blocks, the receive buffer, acknowledgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import sockcore
from xref.stack import tcp_h
from xref.stack import tcp_minisocks
from xref.stack import tcp_output
from xref.stack import uaccess
from xref.stack.headers import TcpHdr
from xref.stack.skbuff import PAGE_SIZE
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import SkBuffHead
from xref.stack.skbuff import __kfree_skb
from xref.stack.skbuff import __skb_queue_purge
from xref.stack.skbuff import alloc_skb
from xref.stack.skbuff import skb_append
from xref.stack.skbuff import skb_copy_bits
from xref.stack.skbuff import skb_headroom
from xref.stack.skbuff import skb_insert
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_queue_head
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_reserve
from xref.stack.skbuff import skb_unlink
from xref.stack.sock import RCV_SHUTDOWN
from xref.stack.sock import SOCK_RCVBUF_LOCK
from xref.stack.sock import TCP_CLOSE_WAIT
from xref.stack.sock import TCP_CLOSING
from xref.stack.sock import TCP_ESTABLISHED
from xref.stack.sock import TCP_FIN_WAIT1
from xref.stack.sock import TCP_FIN_WAIT2
from xref.stack.sock import TCP_SYN_RECV
from xref.stack.sock import TCP_TIME_WAIT
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCP_ACK_PUSHED
from xref.stack.tcp_defs import TCP_ECN_DEMAND_CWR
from xref.stack.tcp_defs import TCP_ECN_OK
from xref.stack.tcp_defs import TCP_MAX_QUICKACKS
from xref.stack.tcp_defs import TCP_MIN_MSS
from xref.stack.tcp_defs import TCP_MIN_RCVMSS
from xref.stack.tcp_defs import TCPCB_FLAG_FIN
from xref.stack.tcp_defs import TCPCB_FLAG_PSH
from xref.stack.tcp_defs import TCPCB_FLAG_SYN
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import header
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_ato_min
from xref.stack.tcp_defs import tcp_fast_path_check
from xref.stack.tcp_defs import tcp_full_space
from xref.stack.tcp_defs import tcp_receive_window
from xref.stack.tcp_defs import tcp_sack_reset
from xref.stack.tcp_defs import tcp_schedule_ack
from xref.stack.tcp_defs import tcp_space
from xref.stack.tcp_defs import tcp_win_from_space
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

tcp_input_c = source("net/ipv4/tcp_input.c", "tcp")

# what the peer sends, and how fast


def _measure_rcv_mss(sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_measure_rcv_mss`."""
    ack = sk.ack
    lss, ack.last_seg_size = ack.last_seg_size, 0
    size = skb.len
    if size >= ack.rcv_mss:
        ack.rcv_mss = size
        return
    th = header(skb)
    size += skb.data - skb.h
    remnant = th.flags & (TCPCB_FLAG_FIN | 0x20 | TCPCB_FLAG_SYN | TCPCB_FLAG_PSH)
    if size >= TCP_MIN_RCVMSS + 20 or (size >= TCP_MIN_MSS + 20 and not remnant):
        size -= sk.tcp_header_len
        ack.last_seg_size = size
        if size == lss:
            ack.rcv_mss = size
            return
    ack.pending |= TCP_ACK_PUSHED


def incr_quickack(sk: TcpSock) -> None:
    """`tcp_incr_quickack`."""
    quickacks = sk.rcv_wnd // (2 * sk.ack.rcv_mss) or 2
    if quickacks > sk.ack.quick:
        sk.ack.quick = min(quickacks, TCP_MAX_QUICKACKS)


@tcp_input_c
def tcp_enter_quickack_mode(k: Kernel, sk: TcpSock) -> None:
    """`tcp_enter_quickack_mode`: acknowledge at once for a while."""
    incr_quickack(sk)
    sk.ack.pingpong = 0
    sk.ack.ato = tcp_ato_min(k)


def in_quickack_mode(sk: TcpSock) -> bool:
    """`tcp_in_quickack_mode`."""
    return bool(sk.ack.quick) and not sk.ack.pingpong


def _grow_window(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_grow_window`, `__tcp_grow_window`: more window, if segments are not mostly overhead."""
    if sk.rcv_ssthresh >= sk.window_clamp or sk.rcv_ssthresh >= tcp_space(k, sk) or k.tcp_memory_pressure:
        return
    incr = 0
    if tcp_win_from_space(k, skb.truesize) <= skb.len:
        incr = 2 * sk.advmss
    else:
        truesize = tcp_win_from_space(k, skb.truesize) // 2
        window = tcp_full_space(k, sk) // 2
        while sk.rcv_ssthresh <= window:
            if truesize <= skb.len:
                incr = 2 * sk.ack.rcv_mss
                break
            truesize >>= 1
            window >>= 1
    if incr:
        sk.rcv_ssthresh = min(sk.rcv_ssthresh + incr, sk.window_clamp)
        sk.ack.quick |= 1


def _rcv_rtt_update(sk: TcpSock, sample: int, win_dep: bool) -> None:
    """`tcp_rcv_rtt_update`."""
    new_sample = sk.rcv_rtt_est.rtt
    m = sample or 1
    if new_sample:
        if not win_dep:
            m -= new_sample >> 3
            new_sample += m
        elif m < new_sample:
            new_sample = m << 3
    else:
        new_sample = m << 3
    sk.rcv_rtt_est.rtt = new_sample


def _rcv_rtt_measure(k: Kernel, sk: TcpSock) -> None:
    """`tcp_rcv_rtt_measure`: how long a window's worth of data takes."""
    est = sk.rcv_rtt_est
    if est.time:
        if before(sk.rcv_nxt, est.seq):
            return
        _rcv_rtt_update(sk, s32(k.jiffies - est.time), True)
    est.seq = (sk.rcv_nxt + sk.rcv_wnd) & U32
    est.time = k.tcp_time_stamp


def tcp_rcv_rtt_measure_ts(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_rcv_rtt_measure_ts`: by the echoed timestamp of a full segment."""
    rx_opt = sk.rx_opt
    if rx_opt.rcv_tsecr and (skb.cb.end_seq - skb.cb.seq) & U32 >= sk.ack.rcv_mss:
        _rcv_rtt_update(sk, (k.tcp_time_stamp - rx_opt.rcv_tsecr) & U32, False)


def rcv_buffer_for(k: Kernel, sk: TcpSock) -> int:
    """How much buffer one segment of the advertised size needs, so that the window can hold it."""
    rcvmem = sk.advmss + k.machine.max_tcp_header + 16 + k.machine.sizeof_sk_buff
    while tcp_win_from_space(k, rcvmem) < sk.advmss:
        rcvmem += 128
    return rcvmem


@tcp_input_c
def tcp_rcv_space_adjust(k: Kernel, sk: TcpSock) -> None:
    """`tcp_rcv_space_adjust`: twice what is read in a round-trip time."""
    rcvq = sk.rcvq_space
    if rcvq.time:
        time = s32(k.tcp_time_stamp - rcvq.time)
        if time < sk.rcv_rtt_est.rtt >> 3 or sk.rcv_rtt_est.rtt == 0:
            return
        space = max(rcvq.space, 2 * ((sk.copied_seq - rcvq.seq) & U32))
        if rcvq.space != space:
            rcvq.space = space
            if k.sysctl.tcp_moderate_rcvbuf:
                new_clamp = space
                space = max(space // sk.advmss, 1) * rcv_buffer_for(k, sk)
                space = min(space, k.sysctl.tcp_rmem[2])
                if space > sk.sk_rcvbuf:
                    sk.sk_rcvbuf = space
                    sk.window_clamp = new_clamp
    rcvq.seq = sk.copied_seq
    rcvq.time = k.tcp_time_stamp


@tcp_input_c
def tcp_event_data_recv(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_event_data_recv`: when to acknowledge follows from how data come."""
    ack = sk.ack
    tcp_schedule_ack(sk)
    _measure_rcv_mss(sk, skb)
    _rcv_rtt_measure(k, sk)
    now = k.tcp_time_stamp
    ato_min = tcp_ato_min(k)
    if not ack.ato:
        incr_quickack(sk)
        ack.ato = ato_min
    else:
        m = s32(now - ack.lrcvtime)
        if m <= ato_min // 2:
            ack.ato = (ack.ato >> 1) + ato_min // 2
        elif m < ack.ato:
            ack.ato = min((ack.ato >> 1) + m, sk.rto)
        elif m > sk.rto:
            incr_quickack(sk)
            sockcore.sk_stream_mem_reclaim(k, sk)
    ack.lrcvtime = now
    ecn_check_ce(k, sk, skb)
    if skb.len >= 128:
        _grow_window(k, sk, skb)


def ecn_check_ce(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`TCP_ECN_check_ce`."""
    if sk.ecn_flags & TCP_ECN_OK:
        if skb.cb.flags & 3 == 3:
            sk.ecn_flags |= TCP_ECN_DEMAND_CWR
        elif skb.cb.flags & 3 == 0:
            tcp_enter_quickack_mode(k, sk)


# selective acknowledgements


def _extend(block: list[int], seq: int, end_seq: int) -> bool:
    """`tcp_sack_extend`: do they touch? Then they are one."""
    if after(seq, block[1]) or after(block[0], end_seq):
        return False
    if before(seq, block[0]):
        block[0] = seq
    if after(end_seq, block[1]):
        block[1] = end_seq
    return True


def _eff_sacks(sk: TcpSock, count: int) -> int:
    return min(count, 4 - sk.rx_opt.tstamp_ok)


def tcp_dsack_set(k: Kernel, sk: TcpSock, seq: int, end_seq: int) -> None:
    """`tcp_dsack_set`: this has arrived twice."""
    if sk.rx_opt.sack_ok and k.sysctl.tcp_dsack:
        sk.rx_opt.dsack = 1
        sk.duplicate_sack = [seq, end_seq]
        sk.rx_opt.eff_sacks = _eff_sacks(sk, sk.rx_opt.num_sacks + 1)


def _dsack_extend(k: Kernel, sk: TcpSock, seq: int, end_seq: int) -> None:
    """`tcp_dsack_extend`."""
    if not sk.rx_opt.dsack:
        tcp_dsack_set(k, sk, seq, end_seq)
    else:
        _extend(sk.duplicate_sack, seq, end_seq)


@tcp_input_c
def tcp_sack_new_ofo_skb(k: Kernel, sk: TcpSock, seq: int, end_seq: int) -> None:
    """`tcp_sack_new_ofo_skb`: the newest block comes first; there are at most four."""
    del k
    rx_opt = sk.rx_opt
    blocks = sk.selective_acks[: rx_opt.num_sacks]
    for n, block in enumerate(blocks):
        if _extend(block, seq, end_seq):
            blocks.insert(0, blocks.pop(n))
            if len(blocks) > 1:
                n = 1
                while n < len(blocks):
                    if _extend(blocks[0], *blocks[n]):
                        del blocks[n]
                        rx_opt.eff_sacks = _eff_sacks(sk, len(blocks) + rx_opt.dsack)
                        continue
                    n += 1
            _set_blocks(sk, blocks)
            return
    blocks = [[seq, end_seq], *blocks[:3]]
    _set_blocks(sk, blocks)
    rx_opt.eff_sacks = _eff_sacks(sk, len(blocks) + rx_opt.dsack)


def _set_blocks(sk: TcpSock, blocks: list[list[int]]) -> None:
    sk.selective_acks = blocks + [[0, 0] for _ in range(4 - len(blocks))]
    sk.rx_opt.num_sacks = len(blocks)


@tcp_input_c
def tcp_sack_remove(k: Kernel, sk: TcpSock) -> None:
    """`tcp_sack_remove`: blocks below what is now acknowledged plainly."""
    del k
    rx_opt = sk.rx_opt
    if not sk.out_of_order_queue.qlen:
        rx_opt.num_sacks = 0
        rx_opt.eff_sacks = rx_opt.dsack
        return
    blocks = [block for block in sk.selective_acks[: rx_opt.num_sacks] if before(sk.rcv_nxt, block[0])]
    if len(blocks) != rx_opt.num_sacks:
        _set_blocks(sk, blocks)
        rx_opt.eff_sacks = _eff_sacks(sk, len(blocks) + rx_opt.dsack)


@tcp_input_c
def tcp_send_dupack(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_send_dupack`: a segment that is no use is answered with what is expected."""
    cb = skb.cb
    if cb.end_seq != cb.seq and before(cb.seq, sk.rcv_nxt):
        tcp_enter_quickack_mode(k, sk)
        if sk.rx_opt.sack_ok and k.sysctl.tcp_dsack:
            tcp_dsack_set(k, sk, cb.seq, sk.rcv_nxt if after(cb.end_seq, sk.rcv_nxt) else cb.end_seq)
    tcp_output.tcp_send_ack(k, sk)


# FIN


@tcp_input_c
def tcp_fin(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> None:
    """`tcp_fin`: the peer will send no more."""
    del skb, th
    tcp_schedule_ack(sk)
    sk.sk_shutdown |= RCV_SHUTDOWN
    sk.done = True
    if sk.sk_state in (TCP_SYN_RECV, TCP_ESTABLISHED):
        tcp_h.tcp_set_state(k, sk, TCP_CLOSE_WAIT)
        sk.ack.pingpong = 1
    elif sk.sk_state == TCP_FIN_WAIT1:
        tcp_output.tcp_send_ack(k, sk)
        tcp_h.tcp_set_state(k, sk, TCP_CLOSING)
    elif sk.sk_state == TCP_FIN_WAIT2:
        tcp_output.tcp_send_ack(k, sk)
        tcp_minisocks.tcp_time_wait(k, sk, TCP_TIME_WAIT, 0)
    __skb_queue_purge(k, sk.out_of_order_queue)
    if sk.rx_opt.sack_ok:
        tcp_sack_reset(sk.rx_opt)
    sockcore.sk_stream_mem_reclaim(k, sk)
    if not sk.dead:
        sk.sk_state_change(k, sk)


# queues


@tcp_input_c
def tcp_ofo_queue(k: Kernel, sk: TcpSock) -> None:
    """`tcp_ofo_queue`: what a filled hole makes deliverable."""
    dsack_high = sk.rcv_nxt
    while (skb := skb_peek(sk.out_of_order_queue)) is not None:
        cb = skb.cb
        if after(cb.seq, sk.rcv_nxt):
            break
        if before(cb.seq, dsack_high):
            dsack = dsack_high
            if before(cb.end_seq, dsack_high):
                dsack_high = cb.end_seq
            _dsack_extend(k, sk, cb.seq, dsack)
        skb_unlink(skb)
        if not after(cb.end_seq, sk.rcv_nxt):
            __kfree_skb(k, skb)
            continue
        skb_queue_tail(sk.sk_receive_queue, skb)
        sk.rcv_nxt = cb.end_seq
        th = header(skb)
        if th.fin:
            tcp_fin(k, sk, skb, th)


@tcp_input_c
def tcp_data_queue(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_data_queue`: in order (to a waiting reader or the queue), old, out of the window, or out of order."""
    cb = skb.cb
    k.dski("EVENT_TCP_DATA_QUEUE", seq=cb.seq, end_seq=cb.end_seq, rcv_nxt=sk.rcv_nxt)
    if cb.seq == cb.end_seq:
        __kfree_skb(k, skb)
        return
    th = header(skb)
    skb_pull(skb, th.doff * 4)
    if th.cwr:
        sk.ecn_flags &= ~TCP_ECN_DEMAND_CWR
    if sk.rx_opt.dsack:
        sk.rx_opt.dsack = 0
        sk.rx_opt.eff_sacks = _eff_sacks(sk, sk.rx_opt.num_sacks)
    if cb.seq == sk.rcv_nxt:
        if tcp_receive_window(sk) == 0:
            _out_of_window(k, sk, skb)
            return
        _queue_in_order(k, sk, skb, th, _to_reader(k, sk, skb, th))
        return
    if not after(cb.end_seq, sk.rcv_nxt):
        tcp_dsack_set(k, sk, cb.seq, cb.end_seq)
        _out_of_window(k, sk, skb)
        return
    if not before(cb.seq, sk.rcv_nxt + tcp_receive_window(sk)):
        _out_of_window(k, sk, skb)
        return
    tcp_enter_quickack_mode(k, sk)
    if before(cb.seq, sk.rcv_nxt):
        tcp_dsack_set(k, sk, cb.seq, sk.rcv_nxt)
        if not tcp_receive_window(sk):
            _out_of_window(k, sk, skb)
            return
        _queue_in_order(k, sk, skb, th, -1)
        return
    ecn_check_ce(k, sk, skb)
    if not _rmem_ok(k, sk, skb):
        __kfree_skb(k, skb)
        return
    sk.pred_flags = 0
    tcp_schedule_ack(sk)
    sockcore.sk_stream_set_owner_r(skb, sk)
    _queue_out_of_order(k, sk, skb)


def _out_of_window(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    tcp_enter_quickack_mode(k, sk)
    tcp_schedule_ack(sk)
    __kfree_skb(k, skb)


def _rmem_ok(k: Kernel, sk: TcpSock, skb: SkBuff) -> bool:
    if sk.sk_rmem_alloc > sk.sk_rcvbuf or not sockcore.sk_stream_rmem_schedule(k, sk, skb):
        return tcp_prune_queue(k, sk) >= 0 and sockcore.sk_stream_rmem_schedule(k, sk, skb)
    return True


def _to_reader(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> int:
    """Straight into the memory of a reader that sleeps in tcp_recvmsg: 1 if that took all of it, -1 if nobody waits."""
    ucopy = sk.ucopy
    if (
        ucopy.task is None or ucopy.task is not k.current or sk.copied_seq != sk.rcv_nxt or not ucopy.len
        or not sk.owner or sk.urg_data
    ):  # fmt: skip
        return -1
    chunk = min(skb.len, ucopy.len)
    if uaccess.skb_copy_datagram_iovec(k, skb, 0, ucopy.iov, chunk):
        return -1
    ucopy.len -= chunk
    sk.copied_seq = (sk.copied_seq + chunk) & U32
    tcp_rcv_space_adjust(k, sk)
    return int(chunk == skb.len and not th.fin)


def _queue_in_order(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr, eaten: int) -> None:
    if eaten <= 0:
        if eaten < 0 and not _rmem_ok(k, sk, skb):
            __kfree_skb(k, skb)
            return
        sockcore.sk_stream_set_owner_r(skb, sk)
        skb_queue_tail(sk.sk_receive_queue, skb)
    sk.rcv_nxt = skb.cb.end_seq
    if skb.len:
        tcp_event_data_recv(k, sk, skb)
    if th.fin:
        tcp_fin(k, sk, skb, th)
    if sk.out_of_order_queue.qlen:
        tcp_ofo_queue(k, sk)
        if not sk.out_of_order_queue.qlen:
            sk.ack.pingpong = 0
    if sk.rx_opt.num_sacks:
        tcp_sack_remove(k, sk)
    tcp_fast_path_check(sk)
    if eaten > 0:
        __kfree_skb(k, skb)
    elif not sk.dead:
        sk.sk_data_ready(k, sk)


def _queue_out_of_order(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    queue = sk.out_of_order_queue
    cb = skb.cb
    seq, end_seq = cb.seq, cb.end_seq
    last = queue.prev
    if last is queue:
        if sk.rx_opt.sack_ok:
            sk.rx_opt.num_sacks = 1
            sk.rx_opt.dsack = 0
            sk.rx_opt.eff_sacks = 1
            sk.selective_acks[0] = [seq, end_seq]
        skb_queue_head(queue, skb)
        return
    if seq == last.cb.end_seq:
        skb_append(last, skb)
        if sk.rx_opt.num_sacks and sk.selective_acks[0][1] == seq:
            sk.selective_acks[0][1] = end_seq
            return
    else:
        skb1 = last
        while skb1 is not queue and after(skb1.cb.seq, seq):
            skb1 = skb1.prev
        if skb1 is not queue and before(seq, skb1.cb.end_seq):
            if not after(end_seq, skb1.cb.end_seq):
                __kfree_skb(k, skb)
                tcp_dsack_set(k, sk, seq, end_seq)
                if sk.rx_opt.sack_ok:
                    tcp_sack_new_ofo_skb(k, sk, seq, end_seq)
                return
            if after(seq, skb1.cb.seq):
                tcp_dsack_set(k, sk, seq, skb1.cb.end_seq)
            else:
                skb1 = skb1.prev
        skb_insert(skb, skb1, skb1.next, queue)
        while (skb1 := skb.next) is not queue and after(end_seq, skb1.cb.seq):
            if before(end_seq, skb1.cb.end_seq):
                _dsack_extend(k, sk, skb1.cb.seq, end_seq)
                break
            skb_unlink(skb1)
            _dsack_extend(k, sk, skb1.cb.seq, skb1.cb.end_seq)
            __kfree_skb(k, skb1)
    if sk.rx_opt.sack_ok:
        tcp_sack_new_ofo_skb(k, sk, seq, end_seq)


# a full receive buffer


@tcp_input_c
def tcp_clamp_window(k: Kernel, sk: TcpSock) -> None:
    """`tcp_clamp_window`: the buffer is full of overhead; less is advertised from now on."""
    app_win = (sk.rcv_nxt - sk.copied_seq) & U32
    sk.ack.quick = 0
    ofo_win = sum(skb.len for skb in sk.out_of_order_queue)
    sysctl = k.sysctl
    if (
        ofo_win
        and sk.sk_rcvbuf < sysctl.tcp_rmem[2]
        and not sk.sk_userlocks & SOCK_RCVBUF_LOCK
        and not k.tcp_memory_pressure
        and k.tcp_memory_allocated < sysctl.tcp_mem[0]
    ):
        sk.sk_rcvbuf = min(sk.sk_rmem_alloc, sysctl.tcp_rmem[2])
    if sk.sk_rmem_alloc > sk.sk_rcvbuf:
        app_win += ofo_win
        if sk.sk_rmem_alloc >= 2 * sk.sk_rcvbuf:
            app_win >>= 1
        if app_win > sk.ack.rcv_mss:
            app_win -= sk.ack.rcv_mss
        app_win = max(app_win, 2 * sk.advmss)
        if not ofo_win:
            sk.window_clamp = min(sk.window_clamp, app_win)
        sk.rcv_ssthresh = min(sk.window_clamp, 2 * sk.advmss)


@tcp_input_c
def tcp_prune_queue(k: Kernel, sk: TcpSock) -> int:
    """`tcp_prune_queue`: collapses, then drops what came out of order. Below 0 if that was not enough."""
    k.mib["PruneCalled"] += 1
    if sk.sk_rmem_alloc >= sk.sk_rcvbuf:
        tcp_clamp_window(k, sk)
    elif k.tcp_memory_pressure:
        sk.rcv_ssthresh = min(sk.rcv_ssthresh, 4 * sk.advmss)
    tcp_collapse_ofo_queue(k, sk)
    queue = sk.sk_receive_queue
    tcp_collapse(k, sk, queue, queue.next, queue, sk.copied_seq, sk.rcv_nxt)
    sockcore.sk_stream_mem_reclaim(k, sk)
    if sk.sk_rmem_alloc <= sk.sk_rcvbuf:
        return 0
    if sk.out_of_order_queue.qlen:
        __skb_queue_purge(k, sk.out_of_order_queue)
        if sk.rx_opt.sack_ok:
            tcp_sack_reset(sk.rx_opt)
        sockcore.sk_stream_mem_reclaim(k, sk)
    if sk.sk_rmem_alloc <= sk.sk_rcvbuf:
        return 0
    k.mib["RcvPruned"] += 1
    sk.pred_flags = 0
    return -1


@tcp_input_c
def tcp_collapse_ofo_queue(k: Kernel, sk: TcpSock) -> None:
    """`tcp_collapse_ofo_queue`: each run without a hole for itself."""
    queue = sk.out_of_order_queue
    skb = skb_peek(queue)
    if skb is None:
        return
    start, end = skb.cb.seq, skb.cb.end_seq
    head = skb
    while True:
        skb = skb.next
        if skb is queue or after(skb.cb.seq, end) or before(skb.cb.end_seq, start):
            tcp_collapse(k, sk, queue, head, skb, start, end)
            head = skb
            if skb is queue:
                break
            start, end = skb.cb.seq, skb.cb.end_seq
        else:
            if before(skb.cb.seq, start):
                start = skb.cb.seq
            if after(skb.cb.end_seq, end):
                end = skb.cb.end_seq


@tcp_input_c
def tcp_collapse(k: Kernel, sk: TcpSock, queue: SkBuffHead, head: SkBuff, tail: SkBuff, start: int, end: int) -> None:
    """`tcp_collapse`: many small segments into few buffers of a page."""
    skb = head
    while skb is not tail:
        if not before(start, skb.cb.end_seq):
            following = skb.next
            skb_unlink(skb)
            __kfree_skb(k, skb)
            skb = following
            continue
        th = header(skb)
        if (
            not th.syn
            and not th.fin
            and (
                tcp_win_from_space(k, skb.truesize) > skb.len
                or before(skb.cb.seq, start)
                or (skb.next is not tail and skb.cb.end_seq != skb.next.cb.seq)
            )
        ):
            break
        start = skb.cb.end_seq
        skb = skb.next
    if skb is tail or header(skb).syn or header(skb).fin:
        return
    while before(start, end):
        room = skb_headroom(skb)
        shared = k.machine.sizeof_shared_info
        copy = ((PAGE_SIZE - room - shared) & ~(k.machine.smp_cache_bytes - 1)) if room < PAGE_SIZE else -1
        if copy < 0:
            return
        copy = min(copy, (end - start) & U32)
        nskb = alloc_skb(k, copy + room)
        skb_reserve(nskb, room)
        nskb.shared.buf[:room] = skb.shared.buf[:room]
        nskb.nh, nskb.h, nskb.mac, nskb.th, nskb.iph = skb.nh, skb.h, skb.mac, skb.th, skb.iph
        cb, to = skb.cb, nskb.cb
        to.when, to.flags, to.sacked, to.ack_seq, to.urg_ptr = cb.when, cb.flags, cb.sacked, cb.ack_seq, cb.urg_ptr
        to.seq = to.end_seq = start
        skb_insert(nskb, skb.prev, skb, queue)
        sockcore.sk_stream_set_owner_r(nskb, sk)
        while copy > 0:
            offset = (start - skb.cb.seq) & U32
            size = s32(skb.cb.end_seq - start)
            if size > 0:
                size = min(copy, size)
                at = skb_put(nskb, size)
                nskb.shared.buf[at : at + size] = skb_copy_bits(skb, offset, size)
                to.end_seq = (to.end_seq + size) & U32
                copy -= size
                start = (start + size) & U32
            if not before(start, skb.cb.end_seq):
                following = skb.next
                skb_unlink(skb)
                __kfree_skb(k, skb)
                skb = following
                if skb is tail or header(skb).syn or header(skb).fin:
                    return
