"""net/ipv4/tcp.c: what a process does with a TCP socket: send, close, listen, accept, options (reading: `tcp_recv`)"""

from __future__ import annotations

from collections.abc import Generator
from errno import EADDRINUSE
from errno import EAGAIN
from errno import ECONNRESET
from errno import EFAULT
from errno import EINVAL
from errno import ENOPROTOOPT
from errno import EPIPE
from typing import TYPE_CHECKING

from xref.stack import clock
from xref.stack import ip_sockglue
from xref.stack import sockcore
from xref.stack import tcp_cong
from xref.stack import tcp_h
from xref.stack import tcp_ipv4
from xref.stack import tcp_minisocks
from xref.stack import tcp_output
from xref.stack import tcp_recv
from xref.stack import tcp_timer
from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_partial
from xref.stack.headers import IPPROTO_TCP
from xref.stack.headers import NETIF_F_HW_CSUM
from xref.stack.headers import NETIF_F_IP_CSUM
from xref.stack.headers import NETIF_F_NO_CSUM
from xref.stack.headers import NETIF_F_SG
from xref.stack.memory import Msghdr
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import MAX_SKB_FRAGS
from xref.stack.skbuff import PAGE_SIZE
from xref.stack.skbuff import Frag
from xref.stack.skbuff import Page
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import __kfree_skb
from xref.stack.skbuff import __skb_queue_purge
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_tailroom
from xref.stack.skbuff import skb_unlink
from xref.stack.sock import SEND_SHUTDOWN
from xref.stack.sock import SHUTDOWN_MASK
from xref.stack.sock import SOCK_BINDADDR_LOCK
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
from xref.stack.sock import TCPF_CLOSE_WAIT
from xref.stack.sock import TCPF_ESTABLISHED
from xref.stack.sock import ListenOpt
from xref.stack.sock import TcpSock
from xref.stack.sockcore import SOCK_NOSPACE
from xref.stack.sockcore import lock_sock
from xref.stack.sockcore import release_sock
from xref.stack.tcp_defs import TCP_ACK_PUSHED
from xref.stack.tcp_defs import TCP_CA_OPEN
from xref.stack.tcp_defs import TCP_NAGLE_CORK
from xref.stack.tcp_defs import TCP_NAGLE_OFF
from xref.stack.tcp_defs import TCP_NAGLE_PUSH
from xref.stack.tcp_defs import TCPCB_FLAG_ACK
from xref.stack.tcp_defs import TCPCB_FLAG_PSH
from xref.stack.tcp_defs import TCPCB_URG
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import keepalive_intvl_when
from xref.stack.tcp_defs import keepalive_time_when
from xref.stack.tcp_defs import s32
from xref.stack.tcp_defs import tcp_ack_scheduled
from xref.stack.tcp_defs import tcp_fin_time
from xref.stack.tcp_defs import tcp_sack_reset
from xref.stack.tcp_defs import tcp_set_ca_state
from xref.stack.tcp_defs import tcp_timewait_len
from xref.stack.trace import source
from xref.stack.uaccess import copy_from_user
from xref.stack.uaccess import csum_and_copy_from_user

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

tcp_c = source("net/ipv4/tcp.c", "tcp")

MSG_OOB = 1
MSG_DONTWAIT = 0x40
MSG_MORE = 0x8000
L1_CACHE_BYTES = 128

TCP_NODELAY = 1
TCP_MAXSEG = 2
TCP_CORK = 3
TCP_KEEPIDLE = 4
TCP_KEEPINTVL = 5
TCP_KEEPCNT = 6
TCP_SYNCNT = 7
TCP_LINGER2 = 8
TCP_DEFER_ACCEPT = 9
TCP_WINDOW_CLAMP = 10
TCP_QUICKACK = 12

# (next state, whether a FIN goes) by the state in which a program closes
CLOSE_STATE = {
    TCP_ESTABLISHED: (TCP_FIN_WAIT1, True),
    TCP_SYN_SENT: (TCP_CLOSE, False),
    TCP_SYN_RECV: (TCP_FIN_WAIT1, True),
    TCP_FIN_WAIT1: (TCP_FIN_WAIT1, False),
    TCP_FIN_WAIT2: (TCP_FIN_WAIT2, False),
    TCP_CLOSE: (TCP_CLOSE, False),
    TCP_CLOSE_WAIT: (TCP_LAST_ACK, True),
    TCP_LAST_ACK: (TCP_LAST_ACK, False),
    TCP_LISTEN: (TCP_CLOSE, False),
    TCP_CLOSING: (TCP_CLOSING, False),
}


# sending


@tcp_c
def tcp_enter_memory_pressure(k: Kernel) -> None:
    """`tcp_enter_memory_pressure`: memory is short for all of TCP; buffers stop growing."""
    if not k.tcp_memory_pressure:
        k.mib["TCPMemoryPressures"] += 1
        k.tcp_memory_pressure = True
        k.note("memory_pressure", pages=k.tcp_memory_allocated)


@tcp_c
def tcp_mark_push(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`tcp_mark_push`."""
    del k
    skb.cb.flags |= TCPCB_FLAG_PSH
    sk.pushed_seq = sk.write_seq


@tcp_c
def forced_push(k: Kernel, sk: TcpSock) -> bool:
    """`forced_push`: half of the largest window was written since the last push."""
    del k
    return after(sk.write_seq, sk.pushed_seq + (sk.max_window >> 1))


@tcp_c
def skb_entail(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """`skb_entail`: a new segment at the end of the queue."""
    del k
    skb.cb.seq = skb.cb.end_seq = sk.write_seq
    skb.cb.flags = TCPCB_FLAG_ACK
    skb.cb.sacked = 0
    skb_queue_tail(sk.sk_write_queue, skb)
    sockcore.sk_charge_skb(sk, skb)
    if sk.sk_send_head is None:
        sk.sk_send_head = skb
    elif sk.nonagle & TCP_NAGLE_PUSH:
        sk.nonagle &= ~TCP_NAGLE_PUSH


@tcp_c
def tcp_push(k: Kernel, sk: TcpSock, flags: int, mss_now: int, nonagle: int) -> None:
    """`tcp_push`: what was written goes, as far as it may."""
    if sk.sk_send_head is not None:
        skb = sk.sk_write_queue.prev
        if not flags & MSG_MORE or forced_push(k, sk):
            tcp_mark_push(k, sk, skb)
        if flags & MSG_OOB:
            sk.urg_mode = 1
            sk.snd_up = sk.write_seq
            skb.cb.sacked |= TCPCB_URG
        tcp_h.push_pending_frames(k, sk, mss_now, TCP_NAGLE_CORK if flags & MSG_MORE else nonagle)


@tcp_c
def select_size(k: Kernel, sk: TcpSock) -> int:
    """`select_size`: the linear part of a new segment."""
    size = sk.mss_cache_std
    if sk.sk_route_caps & NETIF_F_SG:
        machine = k.machine
        pgbreak = (PAGE_SIZE - machine.max_tcp_header - machine.sizeof_shared_info) & ~(machine.smp_cache_bytes - 1)
        if pgbreak <= size <= pgbreak + (MAX_SKB_FRAGS - 1) * PAGE_SIZE:
            size = pgbreak
    return size


@source("include/linux/skbuff.h", "tcp")
def skb_add_data(k: Kernel, skb: SkBuff, base: int, copy: int) -> int:
    """`skb_add_data`: from the program's memory behind the data, summed while it is copied. 0 or -EFAULT."""
    fetch = csum_and_copy_from_user if skb.ip_summed == CHECKSUM_NONE else copy_from_user
    data = fetch(k, base, copy)
    if data is None:
        return -EFAULT
    off = skb.len
    at = skb_put(skb, copy)
    skb.shared.buf[at : at + copy] = data
    if skb.ip_summed == CHECKSUM_NONE:
        skb.csum = csum_block_add(skb.csum, csum_partial(data), off)
    return 0


@source("include/net/sock.h", "tcp")
def skb_copy_to_page(k: Kernel, sk: TcpSock, skb: SkBuff, base: int, page: Page, off: int, copy: int) -> int:
    """`skb_copy_to_page`: the same into a page. 0 or -EFAULT."""
    fetch = csum_and_copy_from_user if skb.ip_summed == CHECKSUM_NONE else copy_from_user
    data = fetch(k, base, copy)
    if data is None:
        return -EFAULT
    page.data[off : off + copy] = data
    if skb.ip_summed == CHECKSUM_NONE:
        skb.csum = csum_block_add(skb.csum, csum_partial(data), skb.len)
    skb.len += copy
    skb.data_len += copy
    skb.truesize += copy
    sk.sk_wmem_queued += copy
    sk.sk_forward_alloc -= copy
    return 0


@source("include/linux/skbuff.h", "skbuff")
def skb_fill_page_desc(k: Kernel, skb: SkBuff, page: Page, off: int, size: int) -> None:
    """`skb_fill_page_desc`: one more fragment."""
    del k
    skb.shared.frags.append(Frag(page, off, size))


NEW_SEGMENT = "new segment"
NO_MEMORY = "no memory"


def _copy_to_frag(k: Kernel, sk: TcpSock, skb: SkBuff, base: int, copy: int) -> int | str:
    """The part of tcp_sendmsg that fills page fragments. Bytes copied, an error, or what to do instead."""
    frags = skb.shared.frags
    page, off = sk.sk_sndmsg_page, sk.sk_sndmsg_off
    last = frags[-1] if frags else None
    merge = last is not None and page is last.page and off == last.page_offset + last.size and off != PAGE_SIZE
    if not merge:
        if len(frags) == MAX_SKB_FRAGS or (not frags and not sk.sk_route_caps & NETIF_F_SG):
            tcp_mark_push(k, sk, skb)
            return NEW_SEGMENT
        if page is not None:
            off = (off + L1_CACHE_BYTES - 1) & ~(L1_CACHE_BYTES - 1)
            if off == PAGE_SIZE:
                sk.sk_sndmsg_page = page = None
    if page is None:
        page = sockcore.sk_stream_alloc_page(k, sk)
        if page is None:
            return NO_MEMORY
        off = 0
    copy = min(copy, PAGE_SIZE - off)
    err = skb_copy_to_page(k, sk, skb, base, page, off, copy)
    if err:
        if sk.sk_sndmsg_page is None:
            sk.sk_sndmsg_page = page
            sk.sk_sndmsg_off = 0
        return err
    if merge and last is not None:
        last.size += copy
    else:
        skb_fill_page_desc(k, skb, page, off, copy)
        if sk.sk_sndmsg_page is None and off + copy < PAGE_SIZE:
            sk.sk_sndmsg_page = page
    sk.sk_sndmsg_off = off + copy
    return copy


class _Send:
    """Where tcp_sendmsg is: what the kernel has in local variables."""

    def __init__(self, flags: int, timeo: int) -> None:
        self.flags = flags
        self.timeo = timeo
        self.mss_now = 0
        self.copied = 0


@tcp_c
def tcp_sendmsg(k: Kernel, sk: TcpSock, msg: Msghdr, size: int) -> Generator[None, None, int]:
    """`tcp_sendmsg`: cuts what the program writes into segments, and sends while it does. Bytes taken, or an error."""
    del size
    yield from lock_sock(k, sk)
    flags = msg.msg_flags
    k.dski("EVENT_TCP_SENDMSG", len=sum(piece.iov_len for piece in msg.msg_iov))
    send = _Send(flags, 0 if flags & MSG_DONTWAIT else sk.sk_sndtimeo)
    err = 0
    if 1 << sk.sk_state & ~(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT):
        err, send.timeo = yield from sockcore.sk_stream_wait_connect(k, sk, send.timeo)
    if not err:
        send.mss_now = tcp_output.tcp_current_mss(k, sk, int(not flags & MSG_OOB))
        if sk.sk_err or sk.sk_shutdown & SEND_SHUTDOWN:
            err = -EPIPE
        else:
            err = yield from _send_all(k, sk, msg, send)
        if send.copied:
            tcp_push(k, sk, flags, send.mss_now, sk.nonagle)
            release_sock(k, sk)
            return send.copied
    if err:
        err = sockcore.sk_stream_error(k, sk, flags, err)
    release_sock(k, sk)
    return err


def _send_all(k: Kernel, sk: TcpSock, msg: Msghdr, send: _Send) -> Generator[None, None, int]:
    """The two loops of tcp_sendmsg. 0, or the error that ended them."""
    pieces = len(msg.msg_iov)
    queue = sk.sk_write_queue
    for n, piece in enumerate(msg.msg_iov):
        seglen, base = piece.iov_len, piece.iov_base
        fresh = False
        while seglen > 0:
            skb = queue.prev
            copy = send.mss_now - skb.len if sk.sk_send_head is not None else 0
            if fresh or copy <= 0:
                fresh = False
                new = _new_segment(k, sk)
                if new is None:
                    err = yield from _wait(k, sk, send)
                    if err:
                        return err
                    continue
                skb = new
                copy = send.mss_now
            copy = min(copy, seglen)
            room = skb_tailroom(skb)
            if room > 0:
                copy = min(copy, room)
                err = skb_add_data(k, skb, base, copy)
                if err:
                    _fault(k, sk, skb)
                    return err
            else:
                done = _copy_to_frag(k, sk, skb, base, copy)
                if done == NEW_SEGMENT:
                    fresh = True
                    continue
                if done == NO_MEMORY:
                    err = yield from _wait(k, sk, send)
                    if err:
                        return err
                    continue
                copy = int(done)
                if copy < 0:
                    return copy
            cb = skb.cb
            if not send.copied:
                cb.flags &= ~TCPCB_FLAG_PSH
            sk.write_seq = (sk.write_seq + copy) & U32
            cb.end_seq = (cb.end_seq + copy) & U32
            skb.shared.tso_segs = 0
            base += copy
            send.copied += copy
            seglen -= copy
            if k.copy_time:
                yield from k.task().compute(k.copy_time)
            if not seglen and n + 1 == pieces:
                return 0
            if skb.len != send.mss_now or send.flags & MSG_OOB:
                continue
            if forced_push(k, sk):
                tcp_mark_push(k, sk, skb)
                tcp_h.push_pending_frames(k, sk, send.mss_now, TCP_NAGLE_PUSH)
            elif skb is sk.sk_send_head:
                tcp_output.tcp_push_one(k, sk, send.mss_now)
    return 0


def _new_segment(k: Kernel, sk: TcpSock) -> SkBuff | None:
    if not sockcore.sk_stream_memory_free(sk):
        if sk.sk_socket is not None:
            sk.sk_socket.flags.add(SOCK_NOSPACE)
        return None
    skb = sockcore.sk_stream_alloc_pskb(k, sk, select_size(k, sk), 0)
    if skb is None:
        return None
    if sk.sk_route_caps & (NETIF_F_IP_CSUM | NETIF_F_NO_CSUM | NETIF_F_HW_CSUM):
        skb.ip_summed = CHECKSUM_HW
    skb_entail(k, sk, skb)
    return skb


def _wait(k: Kernel, sk: TcpSock, send: _Send) -> Generator[None, None, int]:
    if send.copied:
        tcp_push(k, sk, send.flags & ~MSG_MORE, send.mss_now, TCP_NAGLE_PUSH)
    err, send.timeo = yield from sockcore.sk_stream_wait_memory(k, sk, send.timeo)
    if not err:
        send.mss_now = tcp_output.tcp_current_mss(k, sk, int(not send.flags & MSG_OOB))
    return err


def _fault(k: Kernel, sk: TcpSock, skb: SkBuff) -> None:
    """A segment into which nothing could be copied goes; one that has data stays."""
    if not skb.len:
        if sk.sk_send_head is skb:
            sk.sk_send_head = None
        skb_unlink(skb)
        sockcore.sk_stream_free_skb(k, sk, skb)


# closing


@tcp_c
def tcp_close_state(k: Kernel, sk: TcpSock) -> bool:
    """`tcp_close_state`: True if a FIN must go."""
    state, fin = CLOSE_STATE[sk.sk_state]
    tcp_h.tcp_set_state(k, sk, state)
    return fin


@tcp_c
def tcp_shutdown(k: Kernel, sk: TcpSock, how: int) -> None:
    """`tcp_shutdown`."""
    open_states = (TCP_ESTABLISHED, TCP_SYN_SENT, TCP_SYN_RECV, TCP_CLOSE_WAIT)
    if how & SEND_SHUTDOWN and sk.sk_state in open_states and tcp_close_state(k, sk):
        tcp_output.tcp_send_fin(k, sk)


@tcp_c
def tcp_close(k: Kernel, sk: TcpSock, timeout: int) -> Generator[None, None, None]:
    """`tcp_close`: FIN, or RST where data were not read or linger says so; then the socket lives on without file."""
    yield from lock_sock(k, sk)
    sk.sk_shutdown = SHUTDOWN_MASK
    if sk.sk_state == TCP_LISTEN:
        tcp_h.tcp_set_state(k, sk, TCP_CLOSE)
        tcp_listen_stop(k, sk)
    else:
        unread = 0
        while (skb := skb_dequeue(sk.sk_receive_queue)) is not None:
            unread += ((skb.cb.end_seq - skb.cb.seq) & U32) - (skb.th.fin if skb.th else 0)
            __kfree_skb(k, skb)
        sockcore.sk_stream_mem_reclaim(k, sk)
        if unread:
            k.mib["TCPAbortOnClose"] += 1
            tcp_h.tcp_set_state(k, sk, TCP_CLOSE)
            # the kernel sends from TCP_CLOSE here, too
            tcp_output.tcp_send_active_reset(k, sk)
        elif sk.linger and not sk.sk_lingertime:
            tcp_disconnect(k, sk)
        elif tcp_close_state(k, sk):
            tcp_output.tcp_send_fin(k, sk)
        yield from sockcore.sk_stream_wait_close(k, sk, timeout)
    release_sock(k, sk)
    sk.dead = True
    sk.sk_socket = None
    sk.sk_sleep = None
    if sk.sk_state == TCP_FIN_WAIT2:
        if sk.linger2 < 0:
            tcp_h.tcp_set_state(k, sk, TCP_CLOSE)
            tcp_output.tcp_send_active_reset(k, sk)
        else:
            tmo = tcp_fin_time(k, sk)
            if tmo > tcp_timewait_len(k):
                tcp_timer.tcp_reset_keepalive_timer(k, sk, tmo)
            else:
                tcp_minisocks.tcp_time_wait(k, sk, TCP_FIN_WAIT2, tmo)
                return
    if sk.sk_state != TCP_CLOSE:
        sockcore.sk_stream_mem_reclaim(k, sk)
    k.tcp_orphan_count += 1
    if sk.sk_state == TCP_CLOSE:
        tcp_destroy_sock(k, sk)


@tcp_c
def tcp_destroy_sock(k: Kernel, sk: TcpSock) -> None:
    """`tcp_destroy_sock`."""
    if sk.destroyed:
        return
    sk.destroyed = True
    tcp_ipv4.tcp_v4_destroy_sock(k, sk)
    sockcore.sk_stream_kill_queues(k, sk)
    k.tcp_orphan_count -= 1


@tcp_c
def tcp_disconnect(k: Kernel, sk: TcpSock) -> int:
    """`tcp_disconnect`: RST, if the peer still counts on us, and everything as at the beginning."""
    old = sk.sk_state
    if old != TCP_CLOSE:
        tcp_h.tcp_set_state(k, sk, TCP_CLOSE)
    if old == TCP_LISTEN:
        tcp_listen_stop(k, sk)
    elif old in (TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_SYN_RECV) or (
        sk.snd_nxt != sk.write_seq and old in (TCP_CLOSING, TCP_LAST_ACK)
    ):
        tcp_output.tcp_send_active_reset(k, sk)
        sk.sk_err = ECONNRESET
    elif old == TCP_SYN_SENT:
        sk.sk_err = ECONNRESET
    tcp_timer.tcp_clear_xmit_timers(k, sk)
    __skb_queue_purge(k, sk.sk_receive_queue)
    sockcore.sk_stream_writequeue_purge(k, sk)
    __skb_queue_purge(k, sk.out_of_order_queue)
    sk.dport = 0
    if not sk.sk_userlocks & SOCK_BINDADDR_LOCK:
        sk.rcv_saddr = sk.saddr = 0
    sk.sk_shutdown = 0
    sk.done = False
    sk.srtt = 0
    sk.write_seq = ((sk.write_seq + sk.max_window + 2) & U32) or 1
    sk.backoff = 0
    sk.snd_cwnd = 2
    sk.probes_out = sk.packets_out = 0
    sk.snd_ssthresh = 0x7FFFFFFF
    sk.snd_cwnd_cnt = 0
    tcp_set_ca_state(k, sk, TCP_CA_OPEN)
    tcp_cong.tcp_clear_retrans(sk)
    sk.ack.pending = sk.ack.quick = sk.ack.pingpong = sk.ack.blocked = sk.ack.ato = 0
    sk.sk_send_head = None
    sk.rx_opt.saw_tstamp = 0
    tcp_sack_reset(sk.rx_opt)
    sk.sk_dst_cache = None
    sk.sk_error_report(k, sk)
    return 0


# listening


@tcp_c
def tcp_listen_start(k: Kernel, sk: TcpSock) -> int:
    """`tcp_listen_start`."""
    sk.sk_max_ack_backlog = sk.sk_ack_backlog = 0
    sk.accept_queue = []
    sk.ack.pending = 0
    lopt = sk.listen_opt = ListenOpt()
    while 1 << lopt.max_qlen_log < k.sysctl.tcp_max_syn_backlog:
        lopt.max_qlen_log += 1
    sk.sk_state = TCP_LISTEN
    if not tcp_ipv4.tcp_v4_get_port(k, sk, sk.num):
        sk.sport = sk.num
        sk.sk_dst_cache = None
        tcp_ipv4.tcp_v4_hash(k, sk)
        return 0
    sk.sk_state = TCP_CLOSE
    sk.listen_opt = None
    return -EADDRINUSE


@tcp_c
def tcp_listen_stop(k: Kernel, sk: TcpSock) -> None:
    """`tcp_listen_stop`: requests are forgotten, connections that nobody accepted are reset."""
    tcp_timer.tcp_delete_keepalive_timer(k, sk)
    sk.listen_opt = None
    waiting, sk.accept_queue = sk.accept_queue, []
    for req in waiting:
        child = req.sk
        if child is not None:
            tcp_disconnect(k, child)
            child.dead = True
            k.tcp_orphan_count += 1
            tcp_destroy_sock(k, child)
            sk.sk_ack_backlog -= 1


@tcp_c
def wait_for_connect(k: Kernel, sk: TcpSock, timeo: int) -> Generator[None, None, int]:
    """`wait_for_connect`: until a connection is ready to be accepted. 0, or an error."""
    queue = sockcore.sleep_queue(sk)
    while True:
        clock.prepare_to_wait(k, queue)
        release_sock(k, sk)
        if not sk.accept_queue:
            timeo = yield from clock.schedule_timeout(k, timeo)
        yield from lock_sock(k, sk)
        if sk.accept_queue:
            err = 0
        elif sk.sk_state != TCP_LISTEN:
            err = -EINVAL
        elif clock.signal_pending(k):
            err = sockcore.sock_intr_errno(timeo)
        elif not timeo:
            err = -EAGAIN
        else:
            continue
        clock.finish_wait(k, queue)
        return err


@tcp_c
def tcp_accept(k: Kernel, sk: TcpSock, nonblock: bool) -> Generator[None, None, tuple[TcpSock | None, int]]:
    """`tcp_accept`: the next connection, or an error."""
    yield from lock_sock(k, sk)
    err = 0
    if sk.sk_state != TCP_LISTEN:
        err = -EINVAL
    elif not sk.accept_queue:
        if nonblock or not sk.sk_rcvtimeo:
            err = -EAGAIN
        else:
            err = yield from wait_for_connect(k, sk, sk.sk_rcvtimeo)
    if err:
        release_sock(k, sk)
        return None, err
    req = sk.accept_queue.pop(0)
    sk.sk_ack_backlog -= 1
    release_sock(k, sk)
    return req.sk, 0


# options


@tcp_c
def tcp_setsockopt(k: Kernel, sk: TcpSock, level: int, name: int, value: bytes) -> Generator[None, None, int]:
    """`tcp_setsockopt`: what is not TCP's goes on to IP."""
    if level != IPPROTO_TCP:
        return (yield from ip_sockglue.ip_setsockopt(k, sk, level, name, value))
    if len(value) < 4:
        return -EINVAL
    val = int.from_bytes(value[:4], "little", signed=True)
    yield from lock_sock(k, sk)
    err = 0
    if name == TCP_NODELAY:
        if val:
            sk.nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH
            tcp_h.tcp_push_pending_frames(k, sk)
        else:
            sk.nonagle &= ~TCP_NAGLE_OFF
    elif name == TCP_CORK:
        if val:
            sk.nonagle |= TCP_NAGLE_CORK
        else:
            sk.nonagle &= ~TCP_NAGLE_CORK
            if sk.nonagle & TCP_NAGLE_OFF:
                sk.nonagle |= TCP_NAGLE_PUSH
            tcp_h.tcp_push_pending_frames(k, sk)
    elif name == TCP_QUICKACK:
        _set_quickack(k, sk, val)
    else:
        err = _set_number(k, sk, name, val)
    release_sock(k, sk)
    return err


def _set_quickack(k: Kernel, sk: TcpSock, val: int) -> None:
    if not val:
        sk.ack.pingpong = 1
        return
    sk.ack.pingpong = 0
    if sk.sk_state in (TCP_ESTABLISHED, TCP_CLOSE_WAIT) and tcp_ack_scheduled(sk):
        sk.ack.pending |= TCP_ACK_PUSHED
        tcp_recv.cleanup_rbuf(k, sk, 1)
        if not val & 1:
            sk.ack.pingpong = 1


def _set_number(k: Kernel, sk: TcpSock, name: int, val: int) -> int:
    """The options that are a number in a range."""
    limits = {
        TCP_MAXSEG: (8, 32767), TCP_KEEPIDLE: (1, 32767), TCP_KEEPINTVL: (1, 32767), TCP_KEEPCNT: (1, 127),
        TCP_SYNCNT: (1, 127),
    }  # fmt: skip
    if name in limits:
        low, high = limits[name]
        if not low <= val <= high:
            return -EINVAL
    if name == TCP_MAXSEG:
        sk.rx_opt.user_mss = val
    elif name == TCP_KEEPIDLE:
        sk.keepalive_time = val * k.hz
        if sk.keepopen and sk.sk_state not in (TCP_CLOSE, TCP_LISTEN):
            idle = s32(k.tcp_time_stamp - sk.rcv_tstamp)
            tcp_timer.tcp_reset_keepalive_timer(k, sk, max(sk.keepalive_time - idle, 0))
    elif name == TCP_KEEPINTVL:
        sk.keepalive_intvl = val * k.hz
    elif name == TCP_KEEPCNT:
        sk.keepalive_probes = val
    elif name == TCP_SYNCNT:
        sk.syn_retries = val
    elif name == TCP_LINGER2:
        sk.linger2 = -1 if val < 0 else 0 if val > k.sysctl.tcp_fin_timeout else val * k.hz
    elif name == TCP_DEFER_ACCEPT:
        sk.defer_accept = 0
        if val > 0:
            while sk.defer_accept < 32 and val > 3 << sk.defer_accept:
                sk.defer_accept += 1
            sk.defer_accept += 1
    elif name == TCP_WINDOW_CLAMP:
        if not val and sk.sk_state != TCP_CLOSE:
            return -EINVAL
        sk.window_clamp = max(val, 128) if val else 0
    else:
        return -ENOPROTOOPT
    return 0


@tcp_c
def tcp_getsockopt(k: Kernel, sk: TcpSock, name: int) -> tuple[int, bytes]:
    """`tcp_getsockopt`, without TCP_INFO. Error, and the value."""
    hz = k.hz
    if name == TCP_MAXSEG:
        val = sk.mss_cache_std
        if not val and sk.sk_state in (TCP_CLOSE, TCP_LISTEN):
            val = sk.rx_opt.user_mss
    elif name == TCP_NODELAY:
        val = int(bool(sk.nonagle & TCP_NAGLE_OFF))
    elif name == TCP_CORK:
        val = int(bool(sk.nonagle & TCP_NAGLE_CORK))
    elif name == TCP_KEEPIDLE:
        val = keepalive_time_when(k, sk) // hz
    elif name == TCP_KEEPINTVL:
        val = keepalive_intvl_when(k, sk) // hz
    elif name == TCP_KEEPCNT:
        val = sk.keepalive_probes or k.sysctl.tcp_keepalive_probes
    elif name == TCP_SYNCNT:
        val = sk.syn_retries or k.sysctl.tcp_syn_retries
    elif name == TCP_LINGER2:
        val = sk.linger2 if sk.linger2 < 0 else (sk.linger2 or k.sysctl.tcp_fin_timeout * hz) // hz
    elif name == TCP_DEFER_ACCEPT:
        val = 0 if not sk.defer_accept else 3 << (sk.defer_accept - 1)
    elif name == TCP_WINDOW_CLAMP:
        val = sk.window_clamp
    elif name == TCP_QUICKACK:
        val = int(not sk.ack.pingpong)
    else:
        return -ENOPROTOOPT, b""
    return 0, val.to_bytes(4, "little", signed=val < 0)


def tcp_ioctl(sk: TcpSock, what: str) -> int:
    """`tcp_ioctl`: SIOCINQ (bytes to read) and SIOCOUTQ (bytes not acknowledged)."""
    if sk.sk_state == TCP_LISTEN:
        return -EINVAL
    if sk.sk_state in (TCP_SYN_SENT, TCP_SYN_RECV):
        return 0
    if what == "SIOCOUTQ":
        return (sk.write_seq - sk.snd_una) & U32
    answer = (sk.rcv_nxt - sk.copied_seq) & U32
    last = sk.sk_receive_queue.prev
    if answer and last is not sk.sk_receive_queue and last.th is not None:
        answer -= last.th.fin
    return answer
