"""net/ipv4/tcp_input.c: what to make of acknowledgements that are not plain: duplicates, SACK, partial ones, ECN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import tcp_cong
from xref.stack import tcp_h
from xref.stack import tcp_retransmit
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCP_CA_CWR
from xref.stack.tcp_defs import TCP_CA_DISORDER
from xref.stack.tcp_defs import TCP_CA_LOSS
from xref.stack.tcp_defs import TCP_CA_OPEN
from xref.stack.tcp_defs import TCP_CA_RECOVERY
from xref.stack.tcp_defs import TCP_ECN_DEMAND_CWR
from xref.stack.tcp_defs import TCPCB_LOST
from xref.stack.tcp_defs import TCPCB_RETRANS
from xref.stack.tcp_defs import TCPCB_SACKED_ACKED
from xref.stack.tcp_defs import TCPCB_SACKED_RETRANS
from xref.stack.tcp_defs import TCPCB_TAGBITS
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import retrans_queue
from xref.stack.tcp_defs import tcp_current_ssthresh
from xref.stack.tcp_defs import tcp_ecn_queue_cwr
from xref.stack.tcp_defs import tcp_packets_in_flight
from xref.stack.tcp_defs import tcp_recalc_ssthresh
from xref.stack.tcp_defs import tcp_set_ca_state
from xref.stack.tcp_defs import tcp_sync_left_out
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.skbuff import SkBuff

tcp_input_c = source("net/ipv4/tcp_input.c", "tcp")


class _Sacks:
    """What tcp_sacktag_write_queue finds out on its way through blocks and segments."""

    def __init__(self, sk: TcpSock) -> None:
        self.flag = 0
        self.reord = sk.packets_out
        self.prior_fackets = sk.fackets_out
        self.lost_retrans = 0


@tcp_input_c
def tcp_sacktag_write_queue(k: Kernel, sk: TcpSock, skb: SkBuff, prior_snd_una: int) -> int:
    """`tcp_sacktag_write_queue`: marks what the blocks of an acknowledgement say has arrived; finds D-SACKs, lost
    retransmissions and reordering. Flags.
    """
    at = skb.h + skb.cb.sacked
    buf = skb.shared.buf
    count = (buf[at + 1] - 2) >> 3
    blocks = [
        (int.from_bytes(buf[p : p + 4], "big"), int.from_bytes(buf[p + 4 : p + 8], "big"))
        for p in range(at + 2, at + 2 + 8 * count, 8)
    ]
    if not sk.sacked_out:
        sk.fackets_out = 0
    found = _Sacks(sk)
    for n, (start_seq, end_seq) in enumerate(blocks):
        dup_sack = False
        if n == 0:
            ack = skb.cb.ack_seq
            if before(start_seq, ack) or (
                len(blocks) > 1 and not after(end_seq, blocks[1][1]) and not before(start_seq, blocks[1][0])
            ):
                dup_sack = True
                sk.rx_opt.sack_ok |= 4
            if dup_sack and not after(end_seq, prior_snd_una) and after(end_seq, sk.undo_marker):
                sk.undo_retrans -= 1
            if before(ack, prior_snd_una - sk.max_window):
                return 0
        if after(end_seq, sk.high_seq):
            found.flag |= tcp_cong.FLAG_DATA_LOST
        _mark_block(sk, found, start_seq, end_seq, dup_sack)
    if found.lost_retrans and sk.ca_state == TCP_CA_RECOVERY:
        _mark_lost_retrans(sk, found)
    sk.left_out = sk.sacked_out + sk.lost_out
    if found.reord < sk.fackets_out and sk.ca_state != TCP_CA_LOSS:
        tcp_cong.tcp_update_reordering(k, sk, sk.fackets_out + 1 - found.reord)
    return found.flag


def _mark_block(sk: TcpSock, found: _Sacks, start_seq: int, end_seq: int, dup_sack: bool) -> None:
    fack_count = 0
    for skb in retrans_queue(sk):
        cb = skb.cb
        sacked = cb.sacked
        if not before(cb.seq, end_seq):
            break
        pcount = skb.shared.tso_segs
        fack_count += pcount
        in_sack = not after(start_seq, cb.seq) and not before(end_seq, cb.end_seq)
        if dup_sack and in_sack and sacked & TCPCB_RETRANS and after(cb.end_seq, sk.undo_marker):
            sk.undo_retrans -= 1
        if not after(cb.end_seq, sk.snd_una):
            if sacked & TCPCB_RETRANS:
                if dup_sack and in_sack and sacked & TCPCB_SACKED_ACKED:
                    found.reord = min(fack_count, found.reord)
            elif fack_count < found.prior_fackets and not sacked & TCPCB_SACKED_ACKED:
                found.reord = min(fack_count, found.reord)
            continue
        if (
            sacked & TCPCB_SACKED_RETRANS
            and after(end_seq, cb.ack_seq)
            and (not found.lost_retrans or after(end_seq, found.lost_retrans))
        ):
            found.lost_retrans = end_seq
        if not in_sack:
            continue
        if not sacked & TCPCB_SACKED_ACKED:
            if sacked & TCPCB_SACKED_RETRANS:
                if sacked & TCPCB_LOST:
                    cb.sacked &= ~(TCPCB_LOST | TCPCB_SACKED_RETRANS)
                    sk.lost_out -= pcount
                    sk.retrans_out -= pcount
            else:
                if not sacked & TCPCB_RETRANS and fack_count < found.prior_fackets:
                    found.reord = min(fack_count, found.reord)
                if sacked & TCPCB_LOST:
                    cb.sacked &= ~TCPCB_LOST
                    sk.lost_out -= pcount
            cb.sacked |= TCPCB_SACKED_ACKED
            found.flag |= tcp_cong.FLAG_DATA_SACKED
            sk.sacked_out += pcount
            sk.fackets_out = max(sk.fackets_out, fack_count)
        elif dup_sack and sacked & TCPCB_RETRANS:
            found.reord = min(fack_count, found.reord)
        if dup_sack and cb.sacked & TCPCB_SACKED_RETRANS:
            cb.sacked &= ~TCPCB_SACKED_RETRANS
            sk.retrans_out -= pcount


def _mark_lost_retrans(sk: TcpSock, found: _Sacks) -> None:
    """A retransmission beyond which more was SACKed than was sent when it left is lost, too."""
    for skb in retrans_queue(sk):
        cb = skb.cb
        if after(cb.seq, found.lost_retrans):
            break
        if not after(cb.end_seq, sk.snd_una):
            continue
        if (
            cb.sacked & TCPCB_SACKED_RETRANS
            and after(found.lost_retrans, cb.ack_seq)
            and (tcp_cong.is_fack(sk) or not before(found.lost_retrans, cb.ack_seq + sk.reordering * sk.mss_cache_std))
        ):
            cb.sacked &= ~TCPCB_SACKED_RETRANS
            sk.retrans_out -= skb.shared.tso_segs
            if not cb.sacked & (TCPCB_LOST | TCPCB_SACKED_ACKED):
                sk.lost_out += skb.shared.tso_segs
                cb.sacked |= TCPCB_LOST
                found.flag |= tcp_cong.FLAG_DATA_SACKED


# without SACK: duplicates stand for segments that have arrived


def _check_reno_reordering(k: Kernel, sk: TcpSock, addend: int) -> None:
    """`tcp_check_reno_reordering`."""
    holes = min(max(sk.lost_out, 1), sk.packets_out)
    if sk.sacked_out + holes > sk.packets_out:
        sk.sacked_out = sk.packets_out - holes
        tcp_cong.tcp_update_reordering(k, sk, sk.packets_out + addend)


def _add_reno_sack(k: Kernel, sk: TcpSock) -> None:
    """`tcp_add_reno_sack`."""
    sk.sacked_out += 1
    _check_reno_reordering(k, sk, 0)
    tcp_sync_left_out(sk)


def _remove_reno_sacks(k: Kernel, sk: TcpSock, acked: int) -> None:
    """`tcp_remove_reno_sacks`."""
    if acked > 0:
        sk.sacked_out = 0 if acked - 1 >= sk.sacked_out else sk.sacked_out - (acked - 1)
    _check_reno_reordering(k, sk, acked)
    tcp_sync_left_out(sk)


def _reset_reno_sack(sk: TcpSock) -> None:
    """`tcp_reset_reno_sack`."""
    sk.sacked_out = 0
    sk.left_out = sk.lost_out


# undo


def _undo_cwr(k: Kernel, sk: TcpSock, undo: bool) -> None:
    """`tcp_undo_cwr`."""
    if sk.prior_ssthresh:
        sk.snd_cwnd = max(sk.snd_cwnd, sk.snd_ssthresh << 1)
        if undo and sk.prior_ssthresh > sk.snd_ssthresh:
            sk.snd_ssthresh = sk.prior_ssthresh
            sk.ecn_flags &= ~TCP_ECN_DEMAND_CWR
    else:
        sk.snd_cwnd = max(sk.snd_cwnd, sk.snd_ssthresh)
    tcp_cong.tcp_moderate_cwnd(k, sk)
    k.note("undo", cwnd=sk.snd_cwnd)


def _try_undo_recovery(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_try_undo_recovery`."""
    if tcp_cong.tcp_may_undo(sk):
        _undo_cwr(k, sk, True)
        sk.undo_marker = 0
    if sk.snd_una == sk.high_seq and tcp_cong.is_reno(sk):
        tcp_cong.tcp_moderate_cwnd(k, sk)
        return True
    tcp_set_ca_state(k, sk, TCP_CA_OPEN)
    return False


def _try_undo_dsack(k: Kernel, sk: TcpSock) -> None:
    """`tcp_try_undo_dsack`."""
    if sk.undo_marker and not sk.undo_retrans:
        _undo_cwr(k, sk, True)
        sk.undo_marker = 0


def _fackets(sk: TcpSock) -> int:
    """`tcp_fackets_out`."""
    return sk.sacked_out + 1 if tcp_cong.is_reno(sk) else sk.fackets_out


def _try_undo_partial(k: Kernel, sk: TcpSock, acked: int) -> bool:
    """`tcp_try_undo_partial`: Hoe. True if the partial acknowledgement means a further loss."""
    failed = tcp_cong.is_reno(sk) or sk.fackets_out > sk.reordering
    if tcp_cong.tcp_may_undo(sk):
        if sk.retrans_out == 0:
            sk.retrans_stamp = 0
        tcp_cong.tcp_update_reordering(k, sk, _fackets(sk) + acked)
        _undo_cwr(k, sk, False)
        failed = False
    return failed


def _try_undo_loss(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_try_undo_loss`."""
    if not tcp_cong.tcp_may_undo(sk):
        return False
    for skb in retrans_queue(sk):
        skb.cb.sacked &= ~TCPCB_LOST
    sk.lost_out = 0
    sk.left_out = sk.sacked_out
    _undo_cwr(k, sk, True)
    sk.retransmits = 0
    sk.undo_marker = 0
    if not tcp_cong.is_reno(sk):
        tcp_set_ca_state(k, sk, TCP_CA_OPEN)
    return True


# the state machine


@tcp_input_c
def tcp_time_to_recover(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_time_to_recover`: enough duplicates, or a head that is overdue."""
    if sk.lost_out or _fackets(sk) > sk.reordering or tcp_cong.head_timedout(k, sk):
        return True
    packets_out = sk.packets_out
    return (
        packets_out <= sk.reordering
        and sk.sacked_out >= max(packets_out // 2, k.sysctl.tcp_reordering)
        and not tcp_h.tcp_may_send_now(k, sk)
    )


def _mark_head_lost(sk: TcpSock, packets: int, high_seq: int) -> None:
    """`tcp_mark_head_lost`."""
    cnt = packets
    for skb in retrans_queue(sk):
        cnt -= skb.shared.tso_segs
        if cnt < 0 or after(skb.cb.end_seq, high_seq):
            break
        if not skb.cb.sacked & TCPCB_TAGBITS:
            skb.cb.sacked |= TCPCB_LOST
            sk.lost_out += skb.shared.tso_segs
    tcp_sync_left_out(sk)


@tcp_input_c
def tcp_update_scoreboard(k: Kernel, sk: TcpSock) -> None:
    """`tcp_update_scoreboard`: what counts as lost now."""
    lost = max(sk.fackets_out - sk.reordering, 1) if tcp_cong.is_fack(sk) else 1
    _mark_head_lost(sk, lost, sk.high_seq)
    if tcp_cong.head_timedout(k, sk):
        for skb in retrans_queue(sk):
            if tcp_cong.skb_timedout(k, sk, skb) and not skb.cb.sacked & TCPCB_TAGBITS:
                skb.cb.sacked |= TCPCB_LOST
                sk.lost_out += skb.shared.tso_segs
        tcp_sync_left_out(sk)


@tcp_input_c
def tcp_cwnd_down(k: Kernel, sk: TcpSock) -> None:
    """`tcp_cwnd_down`: one less for every second acknowledgement."""
    decr = sk.snd_cwnd_cnt + 1
    sk.snd_cwnd_cnt = decr & 1
    decr >>= 1
    if decr and sk.snd_cwnd > sk.snd_ssthresh // 2:
        sk.snd_cwnd -= decr
    sk.snd_cwnd = min(sk.snd_cwnd, tcp_packets_in_flight(sk) + 1)
    sk.snd_cwnd_stamp = k.tcp_time_stamp


@tcp_input_c
def tcp_try_to_open(k: Kernel, sk: TcpSock, flag: int) -> None:
    """`tcp_try_to_open`: no loss yet: Open or Disorder."""
    sk.left_out = sk.sacked_out
    if sk.retrans_out == 0:
        sk.retrans_stamp = 0
    if flag & tcp_cong.FLAG_ECE:
        tcp_h.tcp_enter_cwr(k, sk)
    if sk.ca_state != TCP_CA_CWR:
        state = TCP_CA_DISORDER if sk.left_out or sk.retrans_out or sk.undo_marker else TCP_CA_OPEN
        if sk.ca_state != state:
            tcp_set_ca_state(k, sk, state)
            sk.high_seq = sk.snd_nxt
        tcp_cong.tcp_moderate_cwnd(k, sk)
    else:
        tcp_cwnd_down(k, sk)


@tcp_input_c
def tcp_fastretrans_alert(k: Kernel, sk: TcpSock, prior_snd_una: int, prior_packets: int, flag: int) -> None:
    """`tcp_fastretrans_alert`: the heart of loss recovery (steps A to F of its long comment)."""
    is_dupack = sk.snd_una == prior_snd_una and not flag & tcp_cong.FLAG_NOT_DUP
    if not sk.packets_out:
        sk.sacked_out = 0
    if sk.sacked_out == 0:
        sk.fackets_out = 0
    if flag & tcp_cong.FLAG_ECE:
        sk.prior_ssthresh = 0
    if sk.sacked_out and tcp_cong.tcp_check_sack_reneging(k, sk):
        return
    if (
        flag & tcp_cong.FLAG_DATA_LOST
        and before(sk.snd_una, sk.high_seq)
        and sk.ca_state != TCP_CA_OPEN
        and sk.fackets_out > sk.reordering
    ):
        _mark_head_lost(sk, sk.fackets_out - sk.reordering, sk.high_seq)
    tcp_sync_left_out(sk)
    if sk.ca_state == TCP_CA_OPEN:
        sk.retrans_stamp = 0
    elif not before(sk.snd_una, sk.high_seq) and _leave_state(k, sk):
        return
    if sk.ca_state == TCP_CA_RECOVERY:
        if prior_snd_una == sk.snd_una:
            if tcp_cong.is_reno(sk) and is_dupack:
                _add_reno_sack(k, sk)
        else:
            acked = prior_packets - sk.packets_out
            if tcp_cong.is_reno(sk):
                _remove_reno_sacks(k, sk, acked)
            is_dupack = _try_undo_partial(k, sk, acked)
    else:
        if sk.ca_state == TCP_CA_LOSS:
            if flag & tcp_cong.FLAG_DATA_ACKED:
                sk.retransmits = 0
            if not _try_undo_loss(k, sk):
                tcp_cong.tcp_moderate_cwnd(k, sk)
                tcp_retransmit.tcp_xmit_retransmit_queue(k, sk)
                return
            if sk.ca_state != TCP_CA_OPEN:
                return
        if not _enter_recovery(k, sk, prior_snd_una, is_dupack, flag):
            return
    if is_dupack or tcp_cong.head_timedout(k, sk):
        tcp_update_scoreboard(k, sk)
    tcp_cwnd_down(k, sk)
    tcp_retransmit.tcp_xmit_retransmit_queue(k, sk)


def _leave_state(k: Kernel, sk: TcpSock) -> bool:
    """Step E: everything that was in flight when the state was entered is acknowledged. True: nothing more to do."""
    state = sk.ca_state
    if state == TCP_CA_LOSS:
        sk.retransmits = 0
        return _try_undo_recovery(k, sk)
    if state == TCP_CA_CWR:
        if sk.snd_una != sk.high_seq:
            tcp_cong.complete_cwr(k, sk)
            tcp_set_ca_state(k, sk, TCP_CA_OPEN)
    elif state == TCP_CA_DISORDER:
        _try_undo_dsack(k, sk)
        if not sk.undo_marker or tcp_cong.is_reno(sk) or sk.snd_una != sk.high_seq:
            sk.undo_marker = 0
            tcp_set_ca_state(k, sk, TCP_CA_OPEN)
    elif state == TCP_CA_RECOVERY:
        if tcp_cong.is_reno(sk):
            _reset_reno_sack(sk)
        if _try_undo_recovery(k, sk):
            return True
        tcp_cong.complete_cwr(k, sk)
    return False


def _enter_recovery(k: Kernel, sk: TcpSock, prior_snd_una: int, is_dupack: bool, flag: int) -> bool:
    """Step F in Open, Disorder and CWR: is it a loss? False where not."""
    if tcp_cong.is_reno(sk):
        if sk.snd_una != prior_snd_una:
            _reset_reno_sack(sk)
        if is_dupack:
            _add_reno_sack(k, sk)
    if sk.ca_state == TCP_CA_DISORDER:
        _try_undo_dsack(k, sk)
    if not tcp_time_to_recover(k, sk):
        tcp_try_to_open(k, sk, flag)
        return False
    sk.high_seq = sk.snd_nxt
    sk.prior_ssthresh = 0
    sk.undo_marker = sk.snd_una
    sk.undo_retrans = sk.retrans_out
    if sk.ca_state < TCP_CA_CWR:
        if not flag & tcp_cong.FLAG_ECE:
            sk.prior_ssthresh = tcp_current_ssthresh(sk)
        sk.snd_ssthresh = tcp_recalc_ssthresh(k, sk)
        tcp_ecn_queue_cwr(sk)
    sk.snd_cwnd_cnt = 0
    tcp_set_ca_state(k, sk, TCP_CA_RECOVERY)
    return True
