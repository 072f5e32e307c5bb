"""net/ipv4/tcp.c: reading from a TCP socket. A reader that sleeps processes segments itself (the prequeue)."""

from __future__ import annotations

from collections.abc import Generator
from errno import EAGAIN
from errno import EFAULT
from errno import EINVAL
from errno import ENOTCONN
from typing import TYPE_CHECKING

from xref.stack import clock
from xref.stack import sockcore
from xref.stack import tcp_data
from xref.stack import tcp_output
from xref.stack import uaccess
from xref.stack.memory import Msghdr
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import skb_dequeue
from xref.stack.sock import RCV_SHUTDOWN
from xref.stack.sock import TCP_CLOSE
from xref.stack.sock import TCP_LISTEN
from xref.stack.sock import TcpSock
from xref.stack.sockcore import lock_sock
from xref.stack.sockcore import release_sock
from xref.stack.sockcore import sock_error
from xref.stack.tcp_defs import TCP_ACK_PUSHED
from xref.stack.tcp_defs import TCP_URG_READ
from xref.stack.tcp_defs import TCP_URG_VALID
from xref.stack.tcp_defs import U32
from xref.stack.tcp_defs import after
from xref.stack.tcp_defs import tcp_ack_scheduled
from xref.stack.tcp_defs import tcp_fast_path_check
from xref.stack.tcp_defs import tcp_receive_window
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

tcp_c = source("net/ipv4/tcp.c", "tcp")

MSG_OOB = 1
MSG_PEEK = 2
MSG_TRUNC = 0x20
MSG_WAITALL = 0x100


@tcp_c
def cleanup_rbuf(k: Kernel, sk: TcpSock, copied: int) -> None:
    """`cleanup_rbuf`: does what was read call for an acknowledgement, or for telling of a larger window?"""
    time_to_ack = False
    ack = sk.ack
    if tcp_ack_scheduled(sk) and (
        ack.blocked
        or (sk.rcv_nxt - sk.rcv_wup) & U32 > ack.rcv_mss
        or (copied > 0 and ack.pending & TCP_ACK_PUSHED and not ack.pingpong and not sk.sk_rmem_alloc)
    ):
        time_to_ack = True
    if copied > 0 and not time_to_ack and not sk.sk_shutdown & RCV_SHUTDOWN:
        rcv_window_now = tcp_receive_window(sk)
        if 2 * rcv_window_now <= sk.window_clamp:
            new_window = tcp_output.select_window(k, sk)
            if new_window and new_window >= 2 * rcv_window_now:
                time_to_ack = True
    if time_to_ack:
        tcp_output.tcp_send_ack(k, sk)


@tcp_c
def tcp_prequeue_process(k: Kernel, sk: TcpSock) -> None:
    """`tcp_prequeue_process`: the reader processes what came while it slept."""
    while (skb := skb_dequeue(sk.ucopy.prequeue)) is not None:
        sk.sk_backlog_rcv(k, sk, skb)
    sk.ucopy.memory = 0


@tcp_c
def tcp_recv_urg(k: Kernel, sk: TcpSock, msg: Msghdr, size: int, flags: int) -> int:
    """`tcp_recv_urg`: the one urgent byte."""
    if sk.urginline or not sk.urg_data or sk.urg_data == TCP_URG_READ:
        return -EINVAL
    if sk.sk_state == TCP_CLOSE and not sk.done:
        return -ENOTCONN
    if sk.urg_data & TCP_URG_VALID:
        byte = bytes([sk.urg_data & 0xFF])
        if not flags & MSG_PEEK:
            sk.urg_data = TCP_URG_READ
        msg.msg_flags |= MSG_OOB
        if size <= 0:
            msg.msg_flags |= MSG_TRUNC
            return 0
        return -EFAULT if uaccess.memcpy_toiovec(k, msg.msg_iov, byte) else 1
    if sk.sk_state == TCP_CLOSE or sk.sk_shutdown & RCV_SHUTDOWN:
        return 0
    return -EAGAIN


class _Read:
    """Where tcp_recvmsg is."""

    def __init__(self, sk: TcpSock, size: int, flags: int, timeo: int) -> None:
        self.size = size
        self.flags = flags
        self.timeo = timeo
        self.copied = 0
        self.peek_seq = sk.copied_seq
        self.user_recv = False
        wanted = size if flags & MSG_WAITALL else min(sk.sk_rcvlowat, size)
        self.target = wanted or 1

    def seq(self, sk: TcpSock) -> int:
        """What is read next."""
        return self.peek_seq if self.flags & MSG_PEEK else sk.copied_seq

    def advance(self, sk: TcpSock, count: int) -> None:
        """So much was read."""
        if self.flags & MSG_PEEK:
            self.peek_seq = (self.peek_seq + count) & U32
        else:
            sk.copied_seq = (sk.copied_seq + count) & U32

    def take_direct(self, sk: TcpSock) -> None:
        """Count what segments have copied straight to the reader."""
        chunk = self.size - sk.ucopy.len
        if chunk:
            self.size -= chunk
            self.copied += chunk


@tcp_c
def tcp_recvmsg(
    k: Kernel, sk: TcpSock, msg: Msghdr, size: int, nonblock: bool, flags: int
) -> Generator[None, None, int]:
    """`tcp_recvmsg`: bytes read, 0 at the end, or an error."""
    yield from lock_sock(k, sk)
    k.dski("EVENT_TCP_RECVMSG", len=size)
    if sk.sk_state == TCP_LISTEN:
        release_sock(k, sk)
        return -ENOTCONN
    if flags & MSG_OOB:
        err = tcp_recv_urg(k, sk, msg, size, flags)
        release_sock(k, sk)
        return err
    read = _Read(sk, size, flags, 0 if nonblock else sk.sk_rcvtimeo)
    while True:
        if sk.urg_data and sk.urg_seq == read.seq(sk):
            if read.copied:
                break
            if clock.signal_pending(k):
                read.copied = sockcore.sock_intr_errno(read.timeo) if read.timeo else -EAGAIN
                break
        found = _find(sk, read)
        if found is not None:
            if _take(k, sk, msg, read, *found) or read.size <= 0:
                break
            continue
        if read.copied >= read.target and not sk.sk_backlog:
            break
        if _done(k, sk, read):
            break
        yield from _wait(k, sk, msg, read)
        if read.size <= 0:
            break
    if read.user_recv:
        if sk.ucopy.prequeue.qlen:
            sk.ucopy.len = read.size if read.copied > 0 else 0
            tcp_prequeue_process(k, sk)
            if read.copied > 0:
                read.take_direct(sk)
        sk.ucopy.task = None
        sk.ucopy.len = 0
    cleanup_rbuf(k, sk, read.copied)
    release_sock(k, sk)
    return read.copied


def _find(sk: TcpSock, read: _Read) -> tuple[SkBuff, int] | None:
    """The buffer in which the next byte (or the FIN) is, and where."""
    for skb in sk.sk_receive_queue:
        th = skb.th
        if th is None:
            continue
        offset = (read.seq(sk) - skb.cb.seq) & U32
        if offset & 0x80000000:
            break
        offset -= th.syn
        if offset < skb.len or th.fin:
            return skb, offset
    return None


def _take(k: Kernel, sk: TcpSock, msg: Msghdr, read: _Read, skb: SkBuff, offset: int) -> bool:
    """Copy from a buffer to the reader. True: that is all."""
    th = skb.th
    fin = th is not None and th.fin
    peek = read.flags & MSG_PEEK
    if offset < skb.len:
        used = min(skb.len - offset, read.size)
        skip = False
        if sk.urg_data:
            urg_offset = (sk.urg_seq - read.seq(sk)) & U32
            if urg_offset < used:
                if urg_offset:
                    used = urg_offset
                elif not sk.urginline:
                    read.advance(sk, 1)
                    offset += 1
                    used -= 1
                    skip = not used
        if not skip:
            if not read.flags & MSG_TRUNC and uaccess.skb_copy_datagram_iovec(k, skb, offset, msg.msg_iov, used):
                read.copied = read.copied or -EFAULT
                return True
            read.advance(sk, used)
            read.copied += used
            read.size -= used
            tcp_data.tcp_rcv_space_adjust(k, sk)
        if sk.urg_data and after(sk.copied_seq, sk.urg_seq):
            sk.urg_data = 0
            tcp_fast_path_check(sk)
        if used + offset < skb.len:
            return False
        if not fin:
            if not peek:
                sockcore.sk_eat_skb(k, sk, skb)
            return False
    read.advance(sk, 1)
    if not peek:
        sockcore.sk_eat_skb(k, sk, skb)
    return True


def _done(k: Kernel, sk: TcpSock, read: _Read) -> bool:
    """Is there a reason not to wait?"""
    if read.copied:
        return bool(
            sk.sk_err
            or sk.sk_state == TCP_CLOSE
            or sk.sk_shutdown & RCV_SHUTDOWN
            or not read.timeo
            or clock.signal_pending(k)
            or read.flags & MSG_PEEK
        )
    if sk.done:
        return True
    if sk.sk_err:
        read.copied = sock_error(sk)
        return True
    if sk.sk_shutdown & RCV_SHUTDOWN:
        return True
    if sk.sk_state == TCP_CLOSE:
        read.copied = -ENOTCONN
        return True
    if not read.timeo:
        read.copied = -EAGAIN
        return True
    if clock.signal_pending(k):
        read.copied = sockcore.sock_intr_errno(read.timeo)
        return True
    return False


def _wait(k: Kernel, sk: TcpSock, msg: Msghdr, read: _Read) -> Generator[None, None, None]:
    cleanup_rbuf(k, sk, read.copied)
    ucopy = sk.ucopy
    prequeued = False
    if ucopy.task is (k.current if read.user_recv else None):
        if not read.user_recv and not read.flags & (MSG_TRUNC | MSG_PEEK):
            read.user_recv = True
            ucopy.task = k.current
            ucopy.iov = msg.msg_iov
        ucopy.len = read.size
        prequeued = ucopy.prequeue.qlen > 0
    if not prequeued:
        if read.copied >= read.target:
            release_sock(k, sk)
            yield from lock_sock(k, sk)
        else:
            read.timeo = yield from sockcore.sk_wait_data(k, sk, read.timeo)
        if read.user_recv:
            read.take_direct(sk)
            prequeued = sk.rcv_nxt == sk.copied_seq and ucopy.prequeue.qlen > 0
    if prequeued:
        tcp_prequeue_process(k, sk)
        read.take_direct(sk)
    if read.flags & MSG_PEEK and read.peek_seq != sk.copied_seq:
        read.peek_seq = sk.copied_seq
