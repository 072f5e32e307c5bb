"""net/sched/sch_generic.c: the queue before a device. `pfifo_fast` has three bands; loopback has no queue at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import SkBuffHead
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_queue_head
from xref.stack.skbuff import skb_queue_tail
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.device import NetDevice
    from xref.stack.kernel import Kernel

sch_generic_c = source("net/sched/sch_generic.c", "queue")
pkt_sched_h = source("include/net/pkt_sched.h", "queue")

NET_XMIT_SUCCESS = 0
NET_XMIT_DROP = 1
NET_XMIT_CN = 2
NET_XMIT_POLICED = 3

TC_PRIO_MAX = 15
PRIO2BAND = (1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)


class Qdisc:
    """`struct Qdisc`. `congest` makes it answer NET_XMIT_CN beyond that many packets, as a queue with RED would."""

    def __init__(self, dev: NetDevice) -> None:
        self.dev = dev
        self.bands = (SkBuffHead(), SkBuffHead(), SkBuffHead())
        self.qlen = 0
        self.drops = 0
        self.requeues = 0
        self.congest = 0


@sch_generic_c
def pfifo_fast_enqueue(k: Kernel, skb: SkBuff, q: Qdisc) -> int:
    """`pfifo_fast_enqueue`: into the band of the packet's priority; a band that is full drops it."""
    band = q.bands[PRIO2BAND[skb.priority & TC_PRIO_MAX]]
    if band.qlen < q.dev.tx_queue_len:
        skb_queue_tail(band, skb)
        q.qlen += 1
        if q.congest and q.qlen > q.congest:
            k.note("queue_congested", qlen=q.qlen)
            return NET_XMIT_CN
        return NET_XMIT_SUCCESS
    q.drops += 1
    k.note("queue_full", qlen=q.qlen)
    kfree_skb(k, skb)
    return NET_XMIT_DROP


@sch_generic_c
def pfifo_fast_dequeue(k: Kernel, q: Qdisc) -> SkBuff | None:
    """`pfifo_fast_dequeue`: the first band that has one."""
    del k
    for band in q.bands:
        skb = skb_dequeue(band)
        if skb is not None:
            q.qlen -= 1
            return skb
    return None


@sch_generic_c
def pfifo_fast_requeue(k: Kernel, skb: SkBuff, q: Qdisc) -> int:
    """`pfifo_fast_requeue`: back to the front."""
    del k
    skb_queue_head(q.bands[PRIO2BAND[skb.priority & TC_PRIO_MAX]], skb)
    q.qlen += 1
    q.requeues += 1
    return 0


@pkt_sched_h
def qdisc_run(k: Kernel, dev: NetDevice) -> None:
    """`qdisc_run`: as long as there are packets and the device takes them."""
    while not dev.queue_stopped and qdisc_restart(k, dev) < 0:
        pass


@sch_generic_c
def qdisc_restart(k: Kernel, dev: NetDevice) -> int:
    """`qdisc_restart`: one packet to the driver. Below 0 if it went."""
    from xref.stack import dev as core_dev

    q = dev.qdisc
    if q is None:
        return 0
    skb = pfifo_fast_dequeue(k, q)
    if skb is None:
        return q.qlen
    if dev.locked_elsewhere():
        k.note("driver_locked")
    elif not dev.queue_stopped:
        if k.ptype_all:
            core_dev.dev_queue_xmit_nit(k, skb, dev)
        if dev.hard_start_xmit(k, skb, dev) == 0:
            return -1
    pfifo_fast_requeue(k, skb, q)
    core_dev.netif_schedule(k, dev)
    return 1
