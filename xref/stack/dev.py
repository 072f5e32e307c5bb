"""net/core/dev.c, net/ethernet/eth.c: packets to the device's queue, and from the device to the protocols.

Left out: several processors, bridges, traffic control.
"""

from __future__ import annotations

from errno import ENETDOWN
from typing import TYPE_CHECKING

from xref.stack import arp
from xref.stack import ip_input
from xref.stack import kernel
from xref.stack import qdisc
from xref.stack.checksum import csum_fold
from xref.stack.headers import ETH_HLEN
from xref.stack.headers import ETH_P_ARP
from xref.stack.headers import ETH_P_IP
from xref.stack.headers import NETIF_F_FRAGLIST
from xref.stack.headers import NETIF_F_HW_CSUM
from xref.stack.headers import NETIF_F_IP_CSUM
from xref.stack.headers import NETIF_F_NO_CSUM
from xref.stack.headers import NETIF_F_SG
from xref.stack.kernel import NET_RX_SOFTIRQ
from xref.stack.kernel import NET_TX_SOFTIRQ
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import PACKET_BROADCAST
from xref.stack.skbuff import PACKET_HOST
from xref.stack.skbuff import PACKET_MULTICAST
from xref.stack.skbuff import PACKET_OTHERHOST
from xref.stack.skbuff import PACKET_OUTGOING
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import linear_copy
from xref.stack.skbuff import pskb_expand_head
from xref.stack.skbuff import skb_checksum
from xref.stack.skbuff import skb_clone
from xref.stack.skbuff import skb_cloned
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_push
from xref.stack.skbuff import skb_release_data
from xref.stack.skbuff import use_linear
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.af_packet import PacketSock
    from xref.stack.arp import Neighbour
    from xref.stack.device import NetDevice
    from xref.stack.kernel import Kernel

dev_c = source("net/core/dev.c", "device")
netdevice_h = source("include/linux/netdevice.h", "device")
eth_c = source("net/ethernet/eth.c", "device")


NET_RX_SUCCESS = 0
NET_RX_DROP = 1
NO_CONG, LO_CONG, MOD_CONG = 20, 100, 290


# out


@dev_c
def dev_queue_xmit(k: Kernel, skb: SkBuff) -> int:
    """`dev_queue_xmit`: makes of the packet what the device can take, and queues it, or hands it over at once."""
    dev = skb.dev
    if dev is None:
        raise AssertionError("a packet for no device")
    shared = skb.shared
    if shared.frag_list and not dev.features & NETIF_F_FRAGLIST:
        __skb_linearize(k, skb)
    if skb.shared.frags and not dev.features & NETIF_F_SG:
        __skb_linearize(k, skb)
    able = NETIF_F_HW_CSUM | NETIF_F_NO_CSUM | (NETIF_F_IP_CSUM if skb.protocol == ETH_P_IP else 0)
    if skb.ip_summed == CHECKSUM_HW and not dev.features & able:
        skb_checksum_help(k, skb)
    k.local_bh_disable()
    q = dev.qdisc
    if q is not None:
        rc = qdisc.pfifo_fast_enqueue(k, skb, q)
        qdisc.qdisc_run(k, dev)
        kernel.local_bh_enable(k)
        return rc
    if dev.up and not dev.queue_stopped:
        if k.ptype_all:
            dev_queue_xmit_nit(k, skb, dev)
        dev.hard_start_xmit(k, skb, dev)
        kernel.local_bh_enable(k)
        return 0
    kernel.local_bh_enable(k)
    kfree_skb(k, skb)
    return -ENETDOWN


@dev_c
def dev_queue_xmit_nit(k: Kernel, skb: SkBuff, dev: NetDevice) -> None:
    """`dev_queue_xmit_nit`: a clone for each tap, before the driver gets the packet."""
    for tap in k.ptype_all:
        copy = skb_clone(k, skb)
        copy.mac = copy.data
        copy.h = copy.nh
        copy.pkt_type = PACKET_OUTGOING
        tap.packet_rcv(k, copy, dev)


@dev_c
def deliver_skb(k: Kernel, skb: SkBuff, tap: PacketSock) -> int:
    """`deliver_skb`: to one of several who want the packet. (Here only taps get it so.)"""
    skb.users += 1
    if skb.dev is None:
        raise AssertionError("a packet from no device")
    return tap.packet_rcv(k, skb, skb.dev)


@dev_c
def __skb_linearize(k: Kernel, skb: SkBuff) -> None:
    """`__skb_linearize`: everything into one data area."""
    new = linear_copy(k, skb)
    skb_release_data(k, skb)
    use_linear(skb, new)


@dev_c
def skb_checksum_help(k: Kernel, skb: SkBuff) -> None:
    """`skb_checksum_help`: the checksum that no hardware will compute, over everything from the transport header on."""
    if skb_cloned(skb):
        pskb_expand_head(k, skb, 0, 0)
    offset = skb.h - skb.data
    check = csum_fold(skb_checksum(skb, offset, skb.len - offset, 0))
    at = skb.h + skb.csum
    skb.shared.buf[at : at + 2] = check.to_bytes(2, "big")
    skb.ip_summed = CHECKSUM_NONE


@netdevice_h
def netif_schedule(k: Kernel, dev: NetDevice) -> None:
    """`netif_schedule`."""
    if not dev.scheduled:
        dev.scheduled = True
        __netif_schedule(k, dev)


@netdevice_h
def __netif_schedule(k: Kernel, dev: NetDevice) -> None:
    """`__netif_schedule`: the transmit softirq will look at the device's queue."""
    k.output_queue.append(dev)
    kernel.raise_softirq_irqoff(k, NET_TX_SOFTIRQ)


@netdevice_h
def netif_wake_queue(k: Kernel, dev: NetDevice) -> None:
    """`netif_wake_queue`: the device takes packets again."""
    if dev.queue_stopped:
        dev.queue_stopped = False
        if k.trace is not None:
            k.trace.state("queue", "stopped", "running")
        if not dev.scheduled:
            dev.scheduled = True
            __netif_schedule(k, dev)


def netif_stop_queue(k: Kernel, dev: NetDevice) -> None:
    """`netif_stop_queue`."""
    dev.queue_stopped = True
    if k.trace is not None:
        k.trace.state("queue", "running", "stopped")


@dev_c
def net_tx_action(k: Kernel) -> None:
    """`net_tx_action`: queues of devices that take packets again."""
    queue, k.output_queue = k.output_queue, []
    for dev in queue:
        dev.scheduled = False
        qdisc.qdisc_run(k, dev)


# in


@dev_c
def netif_rx(k: Kernel, skb: SkBuff) -> int:
    """`netif_rx`: to the processor's backlog; NAPI drivers and the softirq go past it. Left out: throttling levels."""
    if len(k.input_pkt_queue) > k.sysctl.netdev_max_backlog:
        kfree_skb(k, skb)
        return NET_RX_DROP
    if not k.input_pkt_queue:
        k.raise_softirq(NET_RX_SOFTIRQ)
    k.input_pkt_queue.append(skb)
    return NET_RX_SUCCESS


@dev_c
def net_rx_action(k: Kernel) -> None:
    """`net_rx_action`: every device that has received something is polled. Left out: budget and time limit."""
    while k.poll_list:
        dev = k.poll_list.pop(0)
        dev.poll(k, dev)
    if k.input_pkt_queue:
        process_backlog(k)


@dev_c
def process_backlog(k: Kernel) -> None:
    """`process_backlog`: what `netif_rx` has queued."""
    while k.input_pkt_queue:
        netif_receive_skb(k, k.input_pkt_queue.pop(0))


@dev_c
def netif_receive_skb(k: Kernel, skb: SkBuff) -> int:
    """`netif_receive_skb`: to the protocol that the frame names."""
    skb.h = skb.nh = skb.data
    dev = skb.dev
    if dev is None:
        raise AssertionError("a packet from no device")
    for tap in k.ptype_all:
        deliver_skb(k, skb, tap)
    if skb.protocol == ETH_P_IP:
        return ip_input.ip_rcv(k, skb, dev)
    if skb.protocol == ETH_P_ARP:
        return arp.arp_rcv(k, skb, dev)
    kfree_skb(k, skb)
    return NET_RX_DROP


# Ethernet


@eth_c
def eth_header(k: Kernel, skb: SkBuff, dev: NetDevice, kind: int, daddr: bytes | None, saddr: bytes | None) -> int:
    """`eth_header`."""
    at = skb_push(k, skb, ETH_HLEN)
    if dev.loopback or daddr is None:
        daddr = bytes(6)
    skb.shared.buf[at : at + ETH_HLEN] = daddr + (saddr or dev.dev_addr) + kind.to_bytes(2, "big")
    return ETH_HLEN


@eth_c
def eth_header_cache(k: Kernel, n: Neighbour) -> bytes:
    """`eth_header_cache`: the header as it will always be towards this neighbour."""
    del k
    return n.ha + n.dev.dev_addr + ETH_P_IP.to_bytes(2, "big")


@eth_c
def eth_type_trans(k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
    """`eth_type_trans`: whom the frame is for, and which protocol it carries."""
    del k
    skb.mac = skb.data
    buf = skb.shared.buf
    dest = bytes(buf[skb.data : skb.data + 6])
    kind = int.from_bytes(buf[skb.data + 12 : skb.data + 14], "big")
    skb_pull(skb, ETH_HLEN)
    if dest[0] & 1:
        skb.pkt_type = PACKET_BROADCAST if dest == dev.broadcast else PACKET_MULTICAST
    elif dest != dev.dev_addr:
        skb.pkt_type = PACKET_OTHERHOST
    else:
        skb.pkt_type = PACKET_HOST
    return kind
