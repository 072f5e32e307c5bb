"""net/ipv4/tcp_input.c: a segment arrives: the fast path, the slow one, and the state machine."""

from __future__ import annotations

from errno import ECONNREFUSED
from errno import ECONNRESET
from errno import EPIPE
from typing import TYPE_CHECKING

from xref.stack import sockcore
from xref.stack import tcp_ack
from xref.stack import tcp_cong
from xref.stack import tcp_data
from xref.stack import tcp_h
from xref.stack import tcp_ipv4
from xref.stack import tcp_minisocks
from xref.stack import tcp_output
from xref.stack import tcp_retransmit
from xref.stack import tcp_timer
from xref.stack import uaccess
from xref.stack.checksum import csum_fold
from xref.stack.headers import TcpHdr
from xref.stack.skbuff import CHECKSUM_UNNECESSARY
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import __kfree_skb
from xref.stack.skbuff import skb_checksum
from xref.stack.skbuff import skb_copy_bits
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_unlink
from xref.stack.sock import RCV_SHUTDOWN
from xref.stack.sock import SEND_SHUTDOWN
from xref.stack.sock import SOCK_RCVBUF_LOCK
from xref.stack.sock import SOCK_SNDBUF_LOCK
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TCP_CLOSE_WAIT
from xref.stack.sock import TCP_CLOSING
from xref.stack.sock import TCP_ESTABLISHED
from xref.stack.sock import TCP_FIN_WAIT1
from xref.stack.sock import TCP_FIN_WAIT2
from xref.stack.sock import TCP_LAST_ACK
from xref.stack.sock import TCP_LISTEN
from xref.stack.sock import TCP_SYN_RECV
from xref.stack.sock import TCP_SYN_SENT
from xref.stack.sock import TCP_TIME_WAIT
from xref.stack.sock import TcpSock
from xref.stack.sockcore import SOCK_NOSPACE
from xref.stack.tcp_defs import TCP_ECN_OK
from xref.stack.tcp_defs import TCP_TIME_DACK
from xref.stack.tcp_defs import TCP_URG_NOTYET
from xref.stack.tcp_defs import TCP_URG_VALID
from xref.stack.tcp_defs import TCPCB_FLAG_PSH
from xref.stack.tcp_defs import TCPOLEN_TSTAMP_ALIGNED
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import between
from xref.stack.tcp_defs import keepalive_time_when
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_ack_scheduled
from xref.stack.tcp_defs import tcp_ato_min
from xref.stack.tcp_defs import tcp_delack_max
from xref.stack.tcp_defs import tcp_fast_path_on
from xref.stack.tcp_defs import tcp_fast_path_set
from xref.stack.tcp_defs import tcp_fin_time
from xref.stack.tcp_defs import tcp_full_space
from xref.stack.tcp_defs import tcp_initialize_rcv_mss
from xref.stack.tcp_defs import tcp_packets_in_flight
from xref.stack.tcp_defs import tcp_paws_check
from xref.stack.tcp_defs import tcp_schedule_ack
from xref.stack.tcp_defs import tcp_timewait_len
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

tcp_input_c = source("net/ipv4/tcp_input.c", "tcp")


@tcp_input_c
def tcp_reset(k: Kernel, sk: TcpSock) -> None:
    """`tcp_reset`: the peer has sent RST."""
    if sk.sk_state == TCP_SYN_SENT:
        sk.sk_err = ECONNREFUSED
    elif sk.sk_state == TCP_CLOSE_WAIT:
        sk.sk_err = EPIPE
    elif sk.sk_state == TCP_CLOSE:
        return
    else:
        sk.sk_err = ECONNRESET
    if not sk.dead:
        sk.sk_error_report(k, sk)
    tcp_h.tcp_done(k, sk)


# what follows every segment: may more be sent, must something be acknowledged?


@tcp_input_c
def tcp_new_space(k: Kernel, sk: TcpSock) -> None:
    """`tcp_new_space`: the send buffer follows the congestion window, unless the program has set it."""
    sysctl = k.sysctl
    if (
        sk.packets_out < sk.snd_cwnd
        and not sk.sk_userlocks & SOCK_SNDBUF_LOCK
        and not k.tcp_memory_pressure
        and k.tcp_memory_allocated < sysctl.tcp_mem[0]
    ):
        mss = max(sk.rx_opt.mss_clamp, sk.mss_cache_std)
        sndmem = mss + k.machine.max_tcp_header + 16 + k.machine.sizeof_sk_buff
        sndmem *= 2 * max(sk.snd_cwnd, sk.reordering + 1)
        if sndmem > sk.sk_sndbuf:
            sk.sk_sndbuf = min(sndmem, sysctl.tcp_wmem[2])
        sk.snd_cwnd_stamp = k.tcp_time_stamp
    sk.sk_write_space(k, sk)


@tcp_input_c
def tcp_check_space(k: Kernel, sk: TcpSock) -> None:
    """`tcp_check_space`: something left the queue, and a writer waits."""
    if sk.sk_queue_shrunk:
        sk.sk_queue_shrunk = 0
        if sk.sk_socket is not None and SOCK_NOSPACE in sk.sk_socket.flags:
            tcp_new_space(k, sk)


@tcp_input_c.named("__tcp_data_snd_check")
def data_snd_check(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`__tcp_data_snd_check`."""
    if (
        after(skb.cb.end_seq, sk.snd_una + sk.snd_wnd)
        or tcp_packets_in_flight(sk) >= sk.snd_cwnd
        or tcp_output.tcp_write_xmit(k, sk, sk.nonagle)
    ):
        tcp_h.tcp_check_probe_timer(k, sk)


@tcp_input_c
def tcp_data_snd_check(k: Kernel, sk: TcpSock) -> None:
    """`tcp_data_snd_check`."""
    head = sk.sk_send_head
    if head is not None:
        data_snd_check(k, sk, head)
    tcp_check_space(k, sk)


@tcp_input_c.named("__tcp_ack_snd_check")
def ack_snd_check(k: Kernel, sk: TcpSock, ofo_possible: bool) -> None:
    """`__tcp_ack_snd_check`: now, or later."""
    if (
        ((sk.rcv_nxt - sk.rcv_wup) & U32 > sk.ack.rcv_mss and tcp_output.select_window(k, sk) >= sk.rcv_wnd)
        or tcp_data.in_quickack_mode(sk)
        or (ofo_possible and sk.out_of_order_queue.qlen)
    ):
        tcp_output.tcp_send_ack(k, sk)
    else:
        tcp_output.tcp_send_delayed_ack(k, sk)


@tcp_input_c
def tcp_ack_snd_check(k: Kernel, sk: TcpSock) -> None:
    """`tcp_ack_snd_check`."""
    if tcp_ack_scheduled(sk):
        ack_snd_check(k, sk, True)


# urgent data


@tcp_input_c
def tcp_check_urg(k: Kernel, sk: TcpSock, th: TcpHdr) -> None:
    """`tcp_check_urg`. Left out: SIGURG."""
    ptr = th.urg_ptr
    if ptr and not k.sysctl.tcp_stdurg:
        ptr -= 1
    ptr = (ptr + th.seq) & U32
    if after(sk.copied_seq, ptr) or before(ptr, sk.rcv_nxt) or (sk.urg_data and not after(ptr, sk.urg_seq)):
        return
    if sk.urg_seq == sk.copied_seq and sk.urg_data and not sk.urginline and sk.copied_seq != sk.rcv_nxt:
        skb = skb_peek(sk.sk_receive_queue)
        sk.copied_seq = (sk.copied_seq + 1) & U32
        if skb is not None and not before(sk.copied_seq, skb.cb.end_seq):
            skb_unlink(skb)
            __kfree_skb(k, skb)
    sk.urg_data = TCP_URG_NOTYET
    sk.urg_seq = ptr
    sk.pred_flags = 0


@tcp_input_c
def tcp_urg(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> None:
    """`tcp_urg`."""
    if th.urg:
        tcp_check_urg(k, sk, th)
    if sk.urg_data == TCP_URG_NOTYET:
        ptr = (sk.urg_seq - th.seq + th.doff * 4 - th.syn) & U32
        if ptr < skb.len:
            sk.urg_data = TCP_URG_VALID | skb_copy_bits(skb, ptr, 1)[0]
            if not sk.dead:
                sk.sk_data_ready(k, sk)


def checksum_bad(skb: SkBuff) -> bool:
    """`tcp_checksum_complete`: the sum over the segment, from where tcp_v4_checksum_init has begun it."""
    return skb.ip_summed != CHECKSUM_UNNECESSARY and bool(csum_fold(skb_checksum(skb, 0, skb.len, skb.csum)))


# established


@tcp_input_c
def tcp_rcv_established(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr, size: int) -> int:
    """`tcp_rcv_established`: where the header is as predicted, little is left to do. Not 0: answer with RST."""
    sk.rx_opt.saw_tstamp = 0
    flag_word = th.doff << 28 | (th.flags & ~TCPCB_FLAG_PSH) << 16 | th.window
    if flag_word == sk.pred_flags and skb.cb.seq == sk.rcv_nxt and _predicted(k, sk, skb):
        done = _fast_path(k, sk, skb, size)
        if done:
            return 0
        return _step5(k, sk, skb, th)
    if size < th.doff << 2 or checksum_bad(skb):
        k.mib["TcpInErrs"] += 1
        __kfree_skb(k, skb)
        return 0
    answer = _validate(k, sk, skb, th)
    if answer is not None:
        return answer
    return _step5(k, sk, skb, th)


def _predicted(k: Kernel, sk: TcpSock, skb: SkBuff) -> bool:
    """The timestamp option, where one is expected, and not an older one."""
    del k
    if sk.tcp_header_len == 32:
        at = skb.h + 20
        buf = skb.shared.buf
        if buf[at : at + 4] != tcp_ack.TSTAMP_WORD:
            return False
        rx_opt = sk.rx_opt
        rx_opt.saw_tstamp = 1
        rx_opt.rcv_tsval = int.from_bytes(buf[at + 4 : at + 8], "big")
        rx_opt.rcv_tsecr = int.from_bytes(buf[at + 8 : at + 12], "big")
        if s32(rx_opt.rcv_tsval - rx_opt.ts_recent) < 0:
            return False
    return True


def _fast_path(k: Kernel, sk: TcpSock, skb: SkBuff, size: int) -> bool:
    """A pure acknowledgement, or data in order and nothing else. False: memory must be asked for first."""
    header_len = sk.tcp_header_len
    stamped = header_len == 32 and sk.rcv_nxt == sk.rcv_wup
    if size <= header_len:
        if size == header_len:
            if stamped:
                tcp_ack.tcp_store_ts_recent(k, sk)
            tcp_data.tcp_rcv_rtt_measure_ts(k, sk, skb)
            tcp_ack.tcp_ack(k, sk, skb, 0)
            __kfree_skb(k, skb)
            tcp_data_snd_check(k, sk)
        else:
            k.mib["TcpInErrs"] += 1
            __kfree_skb(k, skb)
        return True
    eaten = False
    ucopy = sk.ucopy
    if (
        ucopy.task is not None and ucopy.task is k.current and sk.copied_seq == sk.rcv_nxt
        and size - header_len <= ucopy.len and sk.owner and not tcp_copy_to_iovec(k, sk, skb, header_len)
    ):  # fmt: skip
        if stamped:
            tcp_ack.tcp_store_ts_recent(k, sk)
        tcp_data.tcp_rcv_rtt_measure_ts(k, sk, skb)
        skb_pull(skb, header_len)
        sk.rcv_nxt = skb.cb.end_seq
        eaten = True
    if not eaten:
        if checksum_bad(skb):
            k.mib["TcpInErrs"] += 1
            __kfree_skb(k, skb)
            return True
        if stamped:
            tcp_ack.tcp_store_ts_recent(k, sk)
        tcp_data.tcp_rcv_rtt_measure_ts(k, sk, skb)
        if skb.truesize > sk.sk_forward_alloc:
            return False
        skb_pull(skb, header_len)
        skb_queue_tail(sk.sk_receive_queue, skb)
        sockcore.sk_stream_set_owner_r(skb, sk)
        sk.rcv_nxt = skb.cb.end_seq
    tcp_data.tcp_event_data_recv(k, sk, skb)
    acked = skb.cb.ack_seq != sk.snd_una
    if acked:
        tcp_ack.tcp_ack(k, sk, skb, tcp_cong.FLAG_DATA)
        tcp_data_snd_check(k, sk)
    if not acked or tcp_ack_scheduled(sk):
        if not eaten:
            ack_snd_check(k, sk, False)
        elif tcp_data.in_quickack_mode(sk):
            tcp_output.tcp_send_ack(k, sk)
        else:
            tcp_output.tcp_send_delayed_ack(k, sk)
    if eaten:
        __kfree_skb(k, skb)
    else:
        sk.sk_data_ready(k, sk)
    return True


@tcp_input_c
def tcp_copy_to_iovec(k: Kernel, sk: TcpSock, skb: SkBuff, hlen: int) -> int:
    """`tcp_copy_to_iovec`: straight to the reader, checked while it is copied."""
    if checksum_bad(skb):
        return -1
    chunk = skb.len - hlen
    err = uaccess.skb_copy_datagram_iovec(k, skb, hlen, sk.ucopy.iov, chunk)
    if not err:
        sk.ucopy.len -= chunk
        sk.copied_seq = (sk.copied_seq + chunk) & U32
        tcp_data.tcp_rcv_space_adjust(k, sk)
    return err


def _validate(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> int | None:
    """PAWS, the window, RST, SYN: None if the segment may go on, else what to return."""
    stamped = tcp_ack.tcp_fast_parse_options(k, skb, th, sk) and sk.rx_opt.saw_tstamp
    if stamped and tcp_ack.tcp_paws_discard(k, sk, skb) and not th.rst:
        k.mib["PAWSEstabRejected"] += 1
        tcp_data.tcp_send_dupack(k, sk, skb)
        __kfree_skb(k, skb)
        return 0
    if not tcp_ack.tcp_sequence(sk, skb.cb.seq, skb.cb.end_seq):
        if not th.rst:
            tcp_data.tcp_send_dupack(k, sk, skb)
        __kfree_skb(k, skb)
        return 0
    if th.rst:
        tcp_reset(k, sk)
        __kfree_skb(k, skb)
        return 0
    tcp_ack.tcp_replace_ts_recent(k, sk, skb.cb.seq)
    if th.syn and not before(skb.cb.seq, sk.rcv_nxt):
        k.mib["TcpInErrs"] += 1
        tcp_reset(k, sk)
        return 1
    return None


def _step5(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> int:
    if th.ack:
        tcp_ack.tcp_ack(k, sk, skb, tcp_cong.FLAG_SLOWPATH)
    tcp_data.tcp_rcv_rtt_measure_ts(k, sk, skb)
    tcp_urg(k, sk, skb, th)
    tcp_data.tcp_data_queue(k, sk, skb)
    tcp_data_snd_check(k, sk)
    tcp_ack_snd_check(k, sk)
    return 0


# a connection begins


@tcp_input_c
def tcp_init_buffer_space(k: Kernel, sk: TcpSock) -> None:
    """`tcp_init_buffer_space`, with `tcp_fixup_rcvbuf` and `tcp_fixup_sndbuf`."""
    machine = k.machine
    if not sk.sk_userlocks & SOCK_RCVBUF_LOCK:
        rcvmem = tcp_data.rcv_buffer_for(k, sk)
        if sk.sk_rcvbuf < 4 * rcvmem:
            sk.sk_rcvbuf = min(4 * rcvmem, k.sysctl.tcp_rmem[2])
    if not sk.sk_userlocks & SOCK_SNDBUF_LOCK:
        sndmem = sk.rx_opt.mss_clamp + machine.max_tcp_header + 16 + machine.sizeof_sk_buff
        if sk.sk_sndbuf < 3 * sndmem:
            sk.sk_sndbuf = min(3 * sndmem, k.sysctl.tcp_wmem[2])
    sk.rcvq_space.space = sk.rcv_wnd
    maxwin = tcp_full_space(k, sk)
    app_win = k.sysctl.tcp_app_win
    if sk.window_clamp >= maxwin:
        sk.window_clamp = maxwin
        if app_win and maxwin > 4 * sk.advmss:
            sk.window_clamp = max(maxwin - (maxwin >> app_win), 4 * sk.advmss)
    if app_win and sk.window_clamp > 2 * sk.advmss and sk.window_clamp + sk.advmss > maxwin:
        sk.window_clamp = max(2 * sk.advmss, maxwin - sk.advmss)
    sk.rcv_ssthresh = min(sk.rcv_ssthresh, sk.window_clamp)
    sk.snd_cwnd_stamp = k.tcp_time_stamp


@tcp_input_c
def tcp_rcv_synsent_state_process(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr, size: int) -> int:
    """`tcp_rcv_synsent_state_process`: the answer to our SYN. Below 0: go on with the segment; above: RST."""
    del size
    saved_clamp = sk.rx_opt.mss_clamp
    tcp_ack.tcp_parse_options(k, skb, sk.rx_opt, 0)
    rx_opt = sk.rx_opt
    if th.ack:
        wrong = skb.cb.ack_seq != sk.snd_nxt or (
            rx_opt.saw_tstamp and rx_opt.rcv_tsecr and not between(rx_opt.rcv_tsecr, sk.retrans_stamp, k.tcp_time_stamp)
        )
        if wrong:
            _clear_options(sk, saved_clamp)
            return 1
        if th.rst:
            tcp_reset(k, sk)
            __kfree_skb(k, skb)
            return 0
        if not th.syn:
            _clear_options(sk, saved_clamp)
            __kfree_skb(k, skb)
            return 0
        return _syn_acked(k, sk, skb, th)
    old = rx_opt.ts_recent_stamp and rx_opt.saw_tstamp and tcp_paws_check(k, rx_opt, 0)
    if not th.rst and not old and th.syn:
        _simultaneous_open(k, sk, skb, th)
        __kfree_skb(k, skb)
        return 0
    _clear_options(sk, saved_clamp)
    __kfree_skb(k, skb)
    return 0


def _clear_options(sk: TcpSock, mss_clamp: int) -> None:
    rx_opt = sk.rx_opt
    rx_opt.tstamp_ok = rx_opt.sack_ok = rx_opt.wscale_ok = rx_opt.snd_wscale = 0
    rx_opt.mss_clamp = mss_clamp


def _syn_acked(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> int:
    rx_opt = sk.rx_opt
    if sk.ecn_flags & TCP_ECN_OK and (not th.ece or th.cwr):
        sk.ecn_flags &= ~TCP_ECN_OK
    sk.snd_wl1 = skb.cb.seq
    tcp_ack.tcp_ack(k, sk, skb, tcp_cong.FLAG_SLOWPATH)
    sk.rcv_nxt = sk.rcv_wup = (skb.cb.seq + 1) & U32
    sk.snd_wnd = th.window
    sk.snd_wl1 = skb.cb.seq
    if not rx_opt.wscale_ok:
        rx_opt.snd_wscale = rx_opt.rcv_wscale = 0
        sk.window_clamp = min(sk.window_clamp, 65535)
    if rx_opt.saw_tstamp:
        rx_opt.tstamp_ok = 1
        sk.tcp_header_len = 32
        sk.advmss -= TCPOLEN_TSTAMP_ALIGNED
        tcp_ack.tcp_store_ts_recent(k, sk)
    else:
        sk.tcp_header_len = 20
    if rx_opt.sack_ok and k.sysctl.tcp_fack:
        rx_opt.sack_ok |= 2
    tcp_output.tcp_sync_mss(k, sk, sk.pmtu_cookie)
    tcp_initialize_rcv_mss(sk)
    sk.copied_seq = sk.rcv_nxt
    tcp_h.tcp_set_state(k, sk, TCP_ESTABLISHED)
    tcp_ipv4.tcp_v4_rebuild_header(k, sk)
    tcp_cong.tcp_init_metrics(k, sk)
    sk.lsndtime = k.tcp_time_stamp
    tcp_init_buffer_space(k, sk)
    if sk.keepopen:
        tcp_timer.tcp_reset_keepalive_timer(k, sk, keepalive_time_when(k, sk))
    if not rx_opt.snd_wscale:
        tcp_fast_path_set(sk, sk.snd_wnd)
    else:
        sk.pred_flags = 0
    if not sk.dead:
        sk.sk_state_change(k, sk)
    if sk.sk_write_pending or sk.defer_accept or sk.ack.pingpong:
        # data will follow at once and carry the acknowledgement
        tcp_schedule_ack(sk)
        sk.ack.lrcvtime = k.tcp_time_stamp
        sk.ack.ato = tcp_ato_min(k)
        tcp_data.incr_quickack(sk)
        tcp_data.tcp_enter_quickack_mode(k, sk)
        tcp_h.tcp_reset_xmit_timer(k, sk, TCP_TIME_DACK, tcp_delack_max(k))
        __kfree_skb(k, skb)
        return 0
    tcp_output.tcp_send_ack(k, sk)
    return -1


def _simultaneous_open(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> None:
    tcp_h.tcp_set_state(k, sk, TCP_SYN_RECV)
    if sk.rx_opt.saw_tstamp:
        sk.rx_opt.tstamp_ok = 1
        tcp_ack.tcp_store_ts_recent(k, sk)
        sk.tcp_header_len = 32
    else:
        sk.tcp_header_len = 20
    sk.rcv_nxt = sk.rcv_wup = (skb.cb.seq + 1) & U32
    sk.snd_wnd = sk.max_window = th.window
    sk.snd_wl1 = skb.cb.seq
    if sk.ecn_flags & TCP_ECN_OK and (not th.ece or not th.cwr):
        sk.ecn_flags &= ~TCP_ECN_OK
    tcp_output.tcp_sync_mss(k, sk, sk.pmtu_cookie)
    tcp_initialize_rcv_mss(sk)
    tcp_retransmit.tcp_send_synack(k, sk)


# all other states


@tcp_input_c
def tcp_rcv_state_process(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr, size: int) -> int:
    """`tcp_rcv_state_process`: all states but ESTABLISHED and TIME_WAIT. Not 0: answer with RST."""
    sk.rx_opt.saw_tstamp = 0
    if sk.sk_state == TCP_CLOSE:
        __kfree_skb(k, skb)
        return 0
    if sk.sk_state == TCP_LISTEN:
        if th.ack:
            return 1
        if th.syn and not th.rst and tcp_ipv4.tcp_v4_conn_request(k, sk, skb) < 0:
            return 1
        __kfree_skb(k, skb)
        return 0
    if sk.sk_state == TCP_SYN_SENT:
        tcp_cong.init_bictcp(sk)
        queued = tcp_rcv_synsent_state_process(k, sk, skb, th, size)
        if queued >= 0:
            return queued
        tcp_urg(k, sk, skb, th)
        __kfree_skb(k, skb)
        tcp_data_snd_check(k, sk)
        return 0
    answer = _validate(k, sk, skb, th)
    if answer is not None:
        return answer
    if not th.ack:
        __kfree_skb(k, skb)
        return 0
    answer = _state_ack(k, sk, skb, th)
    if answer is not None:
        return answer
    tcp_urg(k, sk, skb, th)
    queued = False
    state = sk.sk_state
    looks = state in (TCP_FIN_WAIT1, TCP_FIN_WAIT2)
    if state in (TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK):
        looks = before(skb.cb.seq, sk.rcv_nxt)
    data = skb.cb.end_seq != skb.cb.seq and after(skb.cb.end_seq - th.fin, sk.rcv_nxt)
    if looks and sk.sk_shutdown & RCV_SHUTDOWN and data:
        tcp_reset(k, sk)
        return 1
    if looks or state == TCP_ESTABLISHED:
        tcp_data.tcp_data_queue(k, sk, skb)
        queued = True
    if sk.sk_state != TCP_CLOSE:
        tcp_data_snd_check(k, sk)
        tcp_ack_snd_check(k, sk)
    if not queued:
        __kfree_skb(k, skb)
    return 0


def _state_ack(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> int | None:
    """What an acknowledgement does to the state. None: go on with the segment."""
    acceptable = tcp_ack.tcp_ack(k, sk, skb, tcp_cong.FLAG_SLOWPATH)
    state = sk.sk_state
    if state == TCP_SYN_RECV:
        if not acceptable:
            return 1
        _established(k, sk, skb, th)
    elif state == TCP_FIN_WAIT1:
        if sk.snd_una == sk.write_seq:
            return _fin_acked(k, sk, skb, th)
    elif state == TCP_CLOSING:
        if sk.snd_una == sk.write_seq:
            tcp_minisocks.tcp_time_wait(k, sk, TCP_TIME_WAIT, 0)
            __kfree_skb(k, skb)
            return 0
    elif state == TCP_LAST_ACK and sk.snd_una == sk.write_seq:
        tcp_cong.tcp_update_metrics(k, sk)
        tcp_h.tcp_done(k, sk)
        __kfree_skb(k, skb)
        return 0
    return None


def _established(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> None:
    rx_opt = sk.rx_opt
    sk.copied_seq = sk.rcv_nxt
    tcp_h.tcp_set_state(k, sk, TCP_ESTABLISHED)
    sk.sk_state_change(k, sk)
    sk.snd_una = skb.cb.ack_seq
    sk.snd_wnd = th.window << rx_opt.snd_wscale
    sk.snd_wl1 = skb.cb.seq
    if rx_opt.saw_tstamp and rx_opt.rcv_tsecr and not sk.srtt:
        tcp_cong.tcp_ack_saw_tstamp(k, sk, 0)
    if rx_opt.tstamp_ok:
        sk.advmss -= TCPOLEN_TSTAMP_ALIGNED
    tcp_ipv4.tcp_v4_rebuild_header(k, sk)
    tcp_cong.tcp_init_metrics(k, sk)
    sk.lsndtime = k.tcp_time_stamp
    tcp_initialize_rcv_mss(sk)
    tcp_init_buffer_space(k, sk)
    tcp_fast_path_on(sk)


def _fin_acked(k: Kernel, sk: TcpSock, skb: SkBuff, th: TcpHdr) -> int | None:
    tcp_h.tcp_set_state(k, sk, TCP_FIN_WAIT2)
    sk.sk_shutdown |= SEND_SHUTDOWN
    if sk.sk_dst_cache is not None and sk.sk_dst_cache.neighbour is not None:
        sk.sk_dst_cache.neighbour.confirmed = k.jiffies
    if not sk.dead:
        sk.sk_state_change(k, sk)
        return None
    cb = skb.cb
    if sk.linger2 < 0 or (cb.end_seq != cb.seq and after(cb.end_seq - th.fin, sk.rcv_nxt)):
        tcp_h.tcp_done(k, sk)
        return 1
    tmo = tcp_fin_time(k, sk)
    if tmo > tcp_timewait_len(k):
        tcp_timer.tcp_reset_keepalive_timer(k, sk, tmo - tcp_timewait_len(k))
    elif th.fin or sk.owner:
        tcp_timer.tcp_reset_keepalive_timer(k, sk, tmo)
    else:
        tcp_minisocks.tcp_time_wait(k, sk, TCP_FIN_WAIT2, tmo)
        __kfree_skb(k, skb)
        return 0
    return None
