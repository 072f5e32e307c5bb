"""net/core/sock.c, net/core/stream.c and the inlines of include/net/sock.h: locks, buffers, waiting, waking."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from errno import EAGAIN
from errno import EINTR
from errno import EPIPE
from typing import TYPE_CHECKING

from xref.stack import clock
from xref.stack.clock import MAX_SCHEDULE_TIMEOUT
from xref.stack.clock import Timer
from xref.stack.skbuff import PAGE_SIZE
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import __kfree_skb
from xref.stack.skbuff import __skb_queue_purge
from xref.stack.skbuff import alloc_skb
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_reserve
from xref.stack.skbuff import skb_unlink
from xref.stack.sock import SEND_SHUTDOWN
from xref.stack.sock import SOCK_MIN_SNDBUF
from xref.stack.sock import SOCK_SNDBUF_LOCK
from xref.stack.sock import TCPF_CLOSE_WAIT
from xref.stack.sock import TCPF_CLOSING
from xref.stack.sock import TCPF_ESTABLISHED
from xref.stack.sock import TCPF_FIN_WAIT1
from xref.stack.sock import TCPF_LAST_ACK
from xref.stack.sock import TCPF_SYN_RECV
from xref.stack.sock import TCPF_SYN_SENT
from xref.stack.sock import Sock
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.skbuff import Page

sock_c = source("net/core/sock.c", "socket")
sock_h = source("include/net/sock.h", "socket")
stream_c = source("net/core/stream.c", "socket")

ERESTARTSYS = 512
MSG_NOSIGNAL = 0x4000
SOCK_NOSPACE = "SOCK_NOSPACE"
SOCK_ASYNC_NOSPACE = "SOCK_ASYNC_NOSPACE"
Sleep = Generator[None, None, int]


# the lock


@sock_c
def lock_sock(k: Kernel, sk: Sock) -> Generator[None, None, None]:
    """`lock_sock`: sleeps while another process owns the socket."""
    while sk.owner:
        clock.prepare_to_wait(k, sk.lock_wq, clock.TASK_UNINTERRUPTIBLE)
        yield
    clock.finish_wait(k, sk.lock_wq) if sk.lock_wq.tasks else None
    sk.owner = True


@sock_c
def release_sock(k: Kernel, sk: Sock) -> None:
    """`release_sock`: packets that came meanwhile are processed first."""
    if sk.sk_backlog:
        __release_sock(k, sk)
    sk.owner = False
    if sk.lock_wq.tasks:
        clock.wake_up(sk.lock_wq)


@sock_c
def __release_sock(k: Kernel, sk: Sock) -> None:
    """`__release_sock`: the backlog, in order, until there is none."""
    while sk.sk_backlog:
        queue, sk.sk_backlog = sk.sk_backlog, []
        for skb in queue:
            sk.sk_backlog_rcv(k, sk, skb)


# timers


@sock_c
def sk_reset_timer(k: Kernel, sk: Sock, timer: Timer, expires: int) -> None:  # noqa: ARG001 - the kernel's signature
    """`sk_reset_timer`. Left out: the reference that a pending timer holds."""
    k.mod_timer(timer, expires)


@sock_c
def sk_stop_timer(k: Kernel, sk: Sock, timer: Timer) -> None:  # noqa: ARG001 - the kernel's signature
    """`sk_stop_timer`."""
    k.del_timer(timer)


# waking up


def _wake(sk: Sock) -> None:
    if sk.sk_sleep is not None and sk.sk_sleep.tasks:
        clock.wake_up(sk.sk_sleep)


@sock_c
def sock_def_wakeup(k: Kernel, sk: Sock) -> None:  # noqa: ARG001 - all callbacks take the kernel
    """`sock_def_wakeup`: the state changed."""
    _wake(sk)


@sock_c
def sock_def_error_report(k: Kernel, sk: Sock) -> None:  # noqa: ARG001 - all callbacks take the kernel
    """`sock_def_error_report`."""
    _wake(sk)


@sock_c
def sock_def_readable(k: Kernel, sk: Sock) -> None:  # noqa: ARG001 - all callbacks take the kernel
    """`sock_def_readable`: there is something to read."""
    _wake(sk)


@sock_c
def sock_def_write_space(k: Kernel, sk: Sock) -> None:  # noqa: ARG001 - all callbacks take the kernel
    """`sock_def_write_space`: half of the send buffer is free."""
    if sk.sk_wmem_alloc << 1 <= sk.sk_sndbuf:
        _wake(sk)


@stream_c
def sk_stream_write_space(k: Kernel, sk: Sock) -> None:  # noqa: ARG001 - all callbacks take the kernel
    """`sk_stream_write_space`: a third of what is queued is free."""
    sock = sk.sk_socket
    if sk.sk_sndbuf - sk.sk_wmem_queued >= sk.sk_wmem_queued // 2 and sock is not None:
        sock.flags.discard(SOCK_NOSPACE)
        _wake(sk)


# errors


def sock_error(sk: Sock) -> int:
    """`sock_error`: the pending error, negative, which is then no longer pending."""
    err, sk.sk_err = sk.sk_err, 0
    return -err


def sock_intr_errno(timeo: int) -> int:
    """`sock_intr_errno`: what a signal makes of a sleep."""
    return -ERESTARTSYS if timeo == MAX_SCHEDULE_TIMEOUT else -EINTR


@stream_c
def sk_stream_error(k: Kernel, sk: Sock, flags: int, err: int) -> int:
    """`sk_stream_error`: EPIPE gives way to a pending error, else it comes with SIGPIPE."""
    if err == -EPIPE:
        err = sock_error(sk) or -EPIPE
    if err == -EPIPE and not flags & MSG_NOSIGNAL and k.current is not None:
        k.current.delivered.append("SIGPIPE")
        k.note("sigpipe")
    return err


# memory


@sock_c
def sock_wfree(k: Kernel, skb: SkBuff) -> None:
    """`sock_wfree`: a sent buffer is freed."""
    sk: Sock = skb.sk
    sk.sk_wmem_alloc -= skb.truesize
    if not sk.sk_use_write_queue:
        sk.sk_write_space(k, sk)


@sock_c
def sock_rfree(k: Kernel, skb: SkBuff) -> None:  # noqa: ARG001 - all destructors take the kernel
    """`sock_rfree`."""
    skb.sk.sk_rmem_alloc -= skb.truesize


@stream_c
def sk_stream_rfree(k: Kernel, skb: SkBuff) -> None:  # noqa: ARG001 - all destructors take the kernel
    """`sk_stream_rfree`."""
    skb.sk.sk_rmem_alloc -= skb.truesize
    skb.sk.sk_forward_alloc += skb.truesize


@sock_h
def skb_set_owner_w(k: Kernel, skb: SkBuff, sk: Sock) -> None:
    """`skb_set_owner_w`."""
    del k
    skb.sk = sk
    skb.destructor = sock_wfree
    sk.sk_wmem_alloc += skb.truesize


def skb_set_owner_r(skb: SkBuff, sk: Sock) -> None:
    """`skb_set_owner_r`."""
    skb.sk = sk
    skb.destructor = sock_rfree
    sk.sk_rmem_alloc += skb.truesize


def sk_stream_set_owner_r(skb: SkBuff, sk: Sock) -> None:
    """`sk_stream_set_owner_r`."""
    skb.sk = sk
    skb.destructor = sk_stream_rfree
    sk.sk_rmem_alloc += skb.truesize
    sk.sk_forward_alloc -= skb.truesize


@source("include/linux/skbuff.h", "skbuff")
def skb_orphan(k: Kernel, skb: SkBuff) -> None:
    """`skb_orphan`: owned by nobody."""
    if skb.destructor is not None:
        skb.destructor(k, skb)
    skb.destructor = None
    skb.sk = None


def sk_charge_skb(sk: Sock, skb: SkBuff) -> None:
    """`sk_charge_skb`."""
    sk.sk_wmem_queued += skb.truesize
    sk.sk_forward_alloc -= skb.truesize


@sock_h
def sk_eat_skb(k: Kernel, sk: Sock, skb: SkBuff) -> None:
    """`sk_eat_skb`: what has been read."""
    del sk
    skb_unlink(skb)
    __kfree_skb(k, skb)


@sock_h
def sk_stream_free_skb(k: Kernel, sk: Sock, skb: SkBuff) -> None:
    """`sk_stream_free_skb`."""
    sk.sk_queue_shrunk = 1
    sk.sk_wmem_queued -= skb.truesize
    sk.sk_forward_alloc += skb.truesize
    __kfree_skb(k, skb)


def sk_stream_memory_free(sk: Sock) -> bool:
    """`sk_stream_memory_free`."""
    return sk.sk_wmem_queued < sk.sk_sndbuf


def sk_stream_pages(amount: int) -> int:
    """`sk_stream_pages`: in units of a page."""
    return (amount + PAGE_SIZE - 1) // PAGE_SIZE


def sk_stream_mem_reclaim(k: Kernel, sk: Sock) -> None:
    """`sk_stream_mem_reclaim`: whole pages that were granted ahead go back."""
    if sk.sk_forward_alloc >= PAGE_SIZE:
        k.tcp_memory_allocated -= sk.sk_forward_alloc // PAGE_SIZE
        sk.sk_forward_alloc &= PAGE_SIZE - 1
        if k.tcp_memory_pressure and k.tcp_memory_allocated < k.sysctl.tcp_mem[0]:
            k.tcp_memory_pressure = False


def sk_stream_moderate_sndbuf(sk: Sock) -> None:
    """`sk_stream_moderate_sndbuf`."""
    if not sk.sk_userlocks & SOCK_SNDBUF_LOCK:
        sk.sk_sndbuf = max(min(sk.sk_sndbuf, sk.sk_wmem_queued // 2), SOCK_MIN_SNDBUF)


@stream_c
def sk_stream_mem_schedule(k: Kernel, sk: Sock, size: int, kind: int) -> bool:
    """`sk_stream_mem_schedule`: may the socket take that much more of tcp_mem? `kind` is 1 for receiving."""
    low, pressure, high = k.sysctl.tcp_mem
    amt = sk_stream_pages(size)
    sk.sk_forward_alloc += amt * PAGE_SIZE
    k.tcp_memory_allocated += amt
    if k.tcp_memory_allocated < low:
        k.tcp_memory_pressure = False
        return True
    if k.tcp_memory_allocated <= high:
        if k.tcp_memory_allocated > pressure:
            sk.sk_prot.enter_memory_pressure(k)
        if kind:
            if sk.sk_rmem_alloc < k.sysctl.tcp_rmem[0]:
                return True
        elif sk.sk_wmem_queued < k.sysctl.tcp_wmem[0]:
            return True
        used = sk_stream_pages(sk.sk_wmem_queued + sk.sk_rmem_alloc + sk.sk_forward_alloc)
        if not k.tcp_memory_pressure or high > max(1, k.sock_count) * used:
            return True
    else:
        sk.sk_prot.enter_memory_pressure(k)
    if not kind:
        sk_stream_moderate_sndbuf(sk)
        if sk.sk_wmem_queued + size >= sk.sk_sndbuf:
            return True
    sk.sk_forward_alloc -= amt * PAGE_SIZE
    k.tcp_memory_allocated -= amt
    return False


@sock_h
def sk_stream_rmem_schedule(k: Kernel, sk: Sock, skb: SkBuff) -> bool:
    """`sk_stream_rmem_schedule`."""
    return skb.truesize <= sk.sk_forward_alloc or sk_stream_mem_schedule(k, sk, skb.truesize, 1)


@sock_h
def sk_stream_alloc_pskb(k: Kernel, sk: Sock, size: int, mem: int) -> SkBuff | None:
    """`sk_stream_alloc_pskb`: a segment with room for headers, if tcp_mem allows."""
    max_header = k.machine.max_tcp_header
    if k.starved:
        k.starved -= 1
        sk.sk_prot.enter_memory_pressure(k)
        sk_stream_moderate_sndbuf(sk)
        return None
    skb = alloc_skb(k, size + max_header)
    skb.truesize += mem
    if sk.sk_forward_alloc >= skb.truesize or sk_stream_mem_schedule(k, sk, skb.truesize, 0):
        skb_reserve(skb, max_header)
        return skb
    __kfree_skb(k, skb)
    return None


@sock_h
def sk_stream_alloc_skb(k: Kernel, sk: Sock, size: int) -> SkBuff | None:
    """`sk_stream_alloc_skb`."""
    return sk_stream_alloc_pskb(k, sk, size, 0)


@sock_h
def sk_stream_alloc_page(k: Kernel, sk: Sock) -> Page | None:
    """`sk_stream_alloc_page`: a page for data, if tcp_mem allows."""
    from xref.stack.skbuff import Page

    if sk.sk_forward_alloc >= PAGE_SIZE or sk_stream_mem_schedule(k, sk, PAGE_SIZE, 0):
        return Page()
    sk.sk_prot.enter_memory_pressure(k)
    sk_stream_moderate_sndbuf(sk)
    return None


@sock_h
def sk_stream_writequeue_purge(k: Kernel, sk: Sock) -> None:
    """`sk_stream_writequeue_purge`."""
    while (skb := skb_dequeue(sk.sk_write_queue)) is not None:
        sk_stream_free_skb(k, sk, skb)
    sk_stream_mem_reclaim(k, sk)


@stream_c
def sk_stream_kill_queues(k: Kernel, sk: Sock) -> None:
    """`sk_stream_kill_queues`."""
    __skb_queue_purge(k, sk.sk_receive_queue)
    __skb_queue_purge(k, sk.sk_error_queue)
    sk_stream_mem_reclaim(k, sk)


@sock_c
def sock_wmalloc(k: Kernel, sk: Sock, size: int, force: bool) -> SkBuff | None:
    """`sock_wmalloc`."""
    if force or sk.sk_wmem_alloc < sk.sk_sndbuf:
        skb = alloc_skb(k, size)
        skb_set_owner_w(k, skb, sk)
        return skb
    return None


@sock_h
def sock_queue_rcv_skb(k: Kernel, sk: Sock, skb: SkBuff) -> bool:
    """`sock_queue_rcv_skb`: False where the receive buffer is full. Left out: socket filters."""
    if sk.sk_rmem_alloc + skb.truesize >= sk.sk_rcvbuf:
        return False
    skb.dev = None
    skb_set_owner_r(skb, sk)
    skb_queue_tail(sk.sk_receive_queue, skb)
    if not sk.dead:
        sk.sk_data_ready(k, sk)
    return True


# waiting


@source("kernel/timer.c", "timer")
def schedule_timeout(k: Kernel, timeout: int) -> Generator[None, None, int]:
    """`schedule_timeout` as a step of the trace."""
    return (yield from clock.schedule_timeout(k, timeout))


def sk_wait_event(
    k: Kernel, sk: Sock, timeo: int, condition: Callable[[], bool]
) -> Generator[None, None, tuple[int, bool]]:
    """`sk_wait_event`, a macro: gives the socket up, sleeps unless the condition holds. Timeout left; if it holds."""
    release_sock(k, sk)
    held = condition()
    if not held:
        timeo = yield from schedule_timeout(k, timeo)
        held = condition()
    yield from lock_sock(k, sk)
    return timeo, held


def sleep_queue(sk: Sock) -> clock.WaitQueue:
    """`sk->sk_sleep`, which a socket with a process has."""
    if sk.sk_sleep is None:
        raise AssertionError("a process waits on a socket that has no owner")
    return sk.sk_sleep


@stream_c
def sk_stream_wait_connect(k: Kernel, sk: Sock, timeo: int) -> Generator[None, None, tuple[int, int]]:
    """`sk_stream_wait_connect`: until the connection stands. Error, and timeout left."""
    while True:
        if sk.sk_err:
            return sock_error(sk), timeo
        if 1 << sk.sk_state & ~(TCPF_SYN_SENT | TCPF_SYN_RECV):
            return -EPIPE, timeo
        if not timeo:
            return -EAGAIN, timeo
        if clock.signal_pending(k):
            return sock_intr_errno(timeo), timeo
        queue = sleep_queue(sk)
        clock.prepare_to_wait(k, queue)
        sk.sk_write_pending += 1
        timeo, done = yield from sk_wait_event(
            k, sk, timeo, lambda: not 1 << sk.sk_state & ~(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)
        )
        clock.finish_wait(k, queue)
        if done:
            # the kernel leaves sk_write_pending raised here, too
            return 0, timeo
        sk.sk_write_pending -= 1


@stream_c
def sk_stream_wait_close(k: Kernel, sk: Sock, timeout: int) -> Generator[None, None, None]:
    """`sk_stream_wait_close`: a close that lingers."""
    if not timeout:
        return
    queue = sleep_queue(sk)
    while True:
        clock.prepare_to_wait(k, queue)
        timeout, closed = yield from sk_wait_event(
            k, sk, timeout, lambda: not 1 << sk.sk_state & (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK)
        )
        if closed or clock.signal_pending(k) or not timeout:
            break
    clock.finish_wait(k, queue)


@stream_c
def sk_stream_wait_memory(k: Kernel, sk: Sock, timeo: int) -> Generator[None, None, tuple[int, int]]:
    """`sk_stream_wait_memory`: until the send buffer has room. Error, and timeout left.

    Where the buffer is free but tcp_mem is not, it waits for a random time first.
    """
    sock = sk.sk_socket
    queue = sleep_queue(sk)
    err = 0
    vm_wait = 0
    current_timeo = timeo
    if sk_stream_memory_free(sk):
        current_timeo = vm_wait = k.random.randrange(k.hz // 5) + 2
    while True:
        clock.prepare_to_wait(k, queue)
        if sk.sk_err or sk.sk_shutdown & SEND_SHUTDOWN:
            err = -EPIPE
            break
        if not timeo:
            err = -EAGAIN
            break
        if clock.signal_pending(k):
            err = sock_intr_errno(timeo)
            break
        if sk_stream_memory_free(sk) and not vm_wait:
            break
        if sock is not None:
            sock.flags.add(SOCK_NOSPACE)
        sk.sk_write_pending += 1
        k.note("wait_for_memory", wmem_queued=sk.sk_wmem_queued, sndbuf=sk.sk_sndbuf)
        waiting = vm_wait
        current_timeo, _ = yield from sk_wait_event(
            k,
            sk,
            current_timeo,
            lambda waiting=waiting: sk_stream_memory_free(sk) and bool(waiting),  # type: ignore[misc]
        )
        sk.sk_write_pending -= 1
        if vm_wait:
            vm_wait -= current_timeo
            current_timeo = timeo
            if current_timeo != MAX_SCHEDULE_TIMEOUT:
                current_timeo = max(0, current_timeo - vm_wait)
            vm_wait = 0
        timeo = current_timeo
    clock.finish_wait(k, queue)
    return err, timeo


@sock_c
def sk_wait_data(k: Kernel, sk: Sock, timeo: int) -> Sleep:
    """`sk_wait_data`: until something is in the receive queue. Timeout left."""
    queue = sleep_queue(sk)
    clock.prepare_to_wait(k, queue)
    timeo, _ = yield from sk_wait_event(k, sk, timeo, lambda: sk.sk_receive_queue.qlen > 0)
    clock.finish_wait(k, queue)
    return timeo


@sock_c
def sock_wait_for_wmem(k: Kernel, sk: Sock, timeo: int) -> Sleep:
    """`sock_wait_for_wmem`: until what was sent is freed. Timeout left."""
    queue = sleep_queue(sk)
    while timeo and not clock.signal_pending(k):
        clock.prepare_to_wait(k, queue)
        if sk.sk_wmem_alloc < sk.sk_sndbuf or sk.sk_shutdown & SEND_SHUTDOWN or sk.sk_err:
            break
        timeo = yield from clock.schedule_timeout(k, timeo)
    clock.finish_wait(k, queue)
    return timeo


@sock_c
def sock_alloc_send_skb(
    k: Kernel, sk: Sock, size: int, noblock: bool
) -> Generator[None, None, tuple[SkBuff | None, int]]:
    """`sock_alloc_send_skb`: a buffer of the socket's, when its send buffer has room. Buffer, or error."""
    return (yield from sock_alloc_send_pskb(k, sk, size, noblock))


@sock_c
def sock_alloc_send_pskb(
    k: Kernel, sk: Sock, size: int, noblock: bool
) -> Generator[None, None, tuple[SkBuff | None, int]]:
    """`sock_alloc_send_pskb`, without its pages, which nothing here asks for."""
    timeo = 0 if noblock else sk.sk_sndtimeo
    while True:
        err = sock_error(sk)
        if err:
            return None, err
        if sk.sk_shutdown & SEND_SHUTDOWN:
            return None, -EPIPE
        if sk.sk_wmem_alloc < sk.sk_sndbuf:
            skb = alloc_skb(k, size)
            skb_set_owner_w(k, skb, sk)
            return skb, 0
        if not timeo:
            return None, -EAGAIN
        if clock.signal_pending(k):
            return None, sock_intr_errno(timeo)
        timeo = yield from sock_wait_for_wmem(k, sk, timeo)
