"""net/core/datagram.c and net/ipv4/datagram.c: waiting for a datagram, and connecting a socket that sends them."""

from __future__ import annotations

from collections.abc import Generator
from errno import EACCES
from errno import EAFNOSUPPORT
from errno import EAGAIN
from typing import TYPE_CHECKING

from xref.stack import clock
from xref.stack import route
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_peek
from xref.stack.sock import RCV_SHUTDOWN
from xref.stack.sock import TCP_ESTABLISHED
from xref.stack.sock import InetSock
from xref.stack.sockcore import sleep_queue
from xref.stack.sockcore import sock_error
from xref.stack.sockcore import sock_intr_errno
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

datagram_c = source("net/core/datagram.c", "socket")
ipv4_datagram_c = source("net/ipv4/datagram.c", "udp")

MSG_PEEK = 2


@datagram_c
def wait_for_packet(k: Kernel, sk: InetSock, timeo: int) -> Generator[None, None, tuple[bool, int, int]]:
    """`wait_for_packet`: whether to look again; if not, the error; and the timeout left."""
    queue = sleep_queue(sk)
    clock.prepare_to_wait(k, queue)
    err = sock_error(sk)
    again = False
    if not err:
        if sk.sk_receive_queue.qlen:
            again = True
        elif not sk.sk_shutdown & RCV_SHUTDOWN:
            if clock.signal_pending(k):
                err = sock_intr_errno(timeo)
            else:
                timeo = yield from clock.schedule_timeout(k, timeo)
                again = True
    clock.finish_wait(k, queue)
    return again, err, timeo


@datagram_c
def skb_recv_datagram(
    k: Kernel, sk: InetSock, flags: int, noblock: bool
) -> Generator[None, None, tuple[SkBuff | None, int]]:
    """`skb_recv_datagram`: the next datagram, or an error."""
    err = sock_error(sk)
    if err:
        return None, err
    timeo = 0 if noblock else sk.sk_rcvtimeo
    while True:
        if flags & MSG_PEEK:
            skb = skb_peek(sk.sk_receive_queue)
            if skb is not None:
                skb.users += 1
        else:
            skb = skb_dequeue(sk.sk_receive_queue)
        if skb is not None:
            return skb, 0
        if not timeo:
            return None, -EAGAIN
        again, err, timeo = yield from wait_for_packet(k, sk, timeo)
        if not again:
            return None, err


@ipv4_datagram_c
def ip4_datagram_connect(k: Kernel, sk: InetSock, address: tuple[int, int], family: int) -> int:
    """`ip4_datagram_connect`: nothing is sent; the route and the peer are remembered."""
    if family != 2:
        return -EAFNOSUPPORT
    daddr, port = address
    sk.sk_dst_cache = None
    tos = sk.tos & route.IPTOS_RT_MASK | sk.sk_localroute
    oif, saddr = sk.sk_bound_dev_if, sk.saddr
    if route.multicast(daddr):
        oif, saddr = oif or sk.mc_index, saddr or sk.mc_addr
    rt, err = route.ip_route_connect(k, sk, daddr, saddr, tos, oif)
    if rt is None:
        return err
    if rt.rt_flags & route.RTCF_BROADCAST and not sk.broadcast:
        return -EACCES
    sk.saddr = sk.saddr or rt.rt_src
    sk.rcv_saddr = sk.rcv_saddr or rt.rt_src
    sk.daddr = rt.rt_dst
    sk.dport = port
    sk.sk_state = TCP_ESTABLISHED
    sk.id = k.jiffies & 0xFFFF
    sk.sk_dst_cache = rt
    return 0
