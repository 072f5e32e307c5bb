"""Network devices: loopback (drivers/net/loopback.c), a card in the shape of an RTL8139 (drivers/net/8139too.c) and the
wire between two of them. The card has four transmit descriptors, an interrupt, and NAPI for receiving.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xref.stack import dev as core_dev
from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.headers import NETIF_F_FRAGLIST
from xref.stack.headers import NETIF_F_HW_CSUM
from xref.stack.headers import NETIF_F_LLTX
from xref.stack.headers import NETIF_F_NO_CSUM
from xref.stack.headers import NETIF_F_SG
from xref.stack.kernel import NET_RX_SOFTIRQ
from xref.stack.qdisc import Qdisc
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_UNNECESSARY
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import alloc_skb
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_reserve
from xref.stack.sockcore import skb_orphan
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

loopback_c = source("drivers/net/loopback.c", "device")
rtl8139_c = source("drivers/net/8139too.c", "device")
irq_c = source("kernel/irq/handle.c", "interrupt")
skbuff_h = source("include/linux/skbuff.h", "skbuff")
skbuff_c = source("net/core/skbuff.c", "device")
netdevice_h = source("include/linux/netdevice.h", "device")

NUM_TX_DESC = 4
TX_BUF_SIZE = 1536
ETH_ZLEN = 60


class NetDevice:
    """`struct net_device`: what all devices have."""

    loopback = False

    def __init__(
        self, k: Kernel, name: str, *, ip: int = 0, bits: int = 24, mtu: int = 1500, address: bytes = b""
    ) -> None:
        self.kernel = k
        self.name = name
        self.ip = ip
        self.bits = bits
        self.mtu = mtu
        self.dev_addr = address or bytes(6)
        self.broadcast = b"\xff" * 6
        self.features = 0
        self.up = True
        self.tx_queue_len = 1000
        self.qdisc: Qdisc | None = None
        self.queue_stopped = False
        self.hard_header_cache = True
        self.xmit_locked: set[int] = set()
        self.attempts = 0
        self.scheduled = False
        self.reachable_time = 0
        self.sent = 0
        self.received = 0
        self.dropped = 0
        k.devices.append(self)
        self.ifindex = len(k.devices)

    @property
    def broadcast_ip(self) -> int:
        """The network's broadcast address."""
        return self.ip | ((1 << (32 - self.bits)) - 1)

    def locked_elsewhere(self) -> bool:
        """Does another processor hold `dev->xmit_lock` at this attempt to send? Attempts are counted from 1."""
        self.attempts += 1
        return self.attempts in self.xmit_locked

    def hard_start_xmit(self, k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
        """The driver's function that sends a packet: 0 if it was taken."""
        raise NotImplementedError

    def poll(self, k: Kernel, dev: NetDevice) -> None:
        """The driver's function that fetches what was received."""
        raise NotImplementedError


# loopback


class LoopbackDevice(NetDevice):
    """`loopback_dev`: no queue, no checksums, fragments as they are."""

    loopback = True

    def __init__(self, k: Kernel) -> None:
        super().__init__(k, "lo", ip=0x7F000001, bits=8, mtu=16 * 1024 + 20 + 20 + 12)
        self.features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_NO_CSUM | NETIF_F_LLTX
        self.tx_queue_len = 0

    def hard_start_xmit(self, k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
        """`dev->hard_start_xmit`."""
        return loopback_xmit(k, skb, dev)


@loopback_c
def loopback_xmit(k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
    """`loopback_xmit`: what is sent is received, by way of the backlog. Left out: segmentation offload."""
    skb_orphan(k, skb)
    dev.sent += 1
    capture = k.on_loopback
    if capture is not None:
        capture(completed(skb))
    skb.protocol = core_dev.eth_type_trans(k, skb, dev)
    skb.dev = dev
    skb.ip_summed = CHECKSUM_UNNECESSARY
    core_dev.netif_rx(k, skb)
    return 0


# the card


class EthernetCard(NetDevice):
    """A card like the RTL8139.

    `bandwidth` in bits a second makes sending take time, so that four packets fill the descriptors and the queue stops;
    None sends at once. `transmit` is where frames go. `offload`: checksums and scattered data are left to the card, as
    8139too has it (the driver does that while it copies).
    """

    def __init__(
        self,
        k: Kernel,
        name: str = "eth0",
        *,
        ip: int = 0,
        bits: int = 24,
        mtu: int = 1500,
        address: bytes = b"\x52\x54\x00\x12\x34\x56",
        offload: bool = False,
        bandwidth: int | None = None,
        tx_queue_len: int = 1000,
    ) -> None:
        super().__init__(k, name, ip=ip, bits=bits, mtu=mtu, address=address)
        self.features = NETIF_F_SG | NETIF_F_HW_CSUM if offload else 0
        self.tx_queue_len = tx_queue_len
        self.qdisc = Qdisc(self)
        self.bandwidth = bandwidth
        self.transmit: Callable[[bytes], None] = lambda _frame: None
        self.cur_tx = 0
        self.dirty_tx = 0
        self.done_tx = 0
        self.free_at = 0
        self.rx_ring: list[bytes] = []
        self.polling = False

    def hard_start_xmit(self, k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
        """`dev->hard_start_xmit`."""
        del dev
        return rtl8139_start_xmit(k, skb, self)

    def poll(self, k: Kernel, dev: NetDevice) -> None:
        """`dev->poll`."""
        del dev
        rtl8139_poll(k, self)

    def put(self, frame: bytes) -> None:
        """The hardware sends a frame; an interrupt tells when it has gone."""
        if self.bandwidth is None:
            self.done_tx += 1
            self.dirty_tx += 1
            self.transmit(frame)
            return
        loop = self.kernel.loop
        bits = (max(len(frame), ETH_ZLEN) + 24) * 8
        self.free_at = max(self.free_at, loop.now) + bits * 1_000_000 // self.bandwidth

        def gone() -> None:
            self.done_tx += 1
            self.transmit(frame)
            self.kernel.interrupt(lambda: do_irq(self.kernel, self, False))

        loop.at(self.free_at, gone)

    def receive(self, frame: bytes) -> None:
        """A frame has arrived: into the ring, and an interrupt."""
        self.rx_ring.append(frame)
        self.kernel.interrupt(lambda: do_irq(self.kernel, self, True))


@irq_c.named("handle_IRQ_event")
def do_irq(k: Kernel, card: EthernetCard, received: bool) -> None:
    """`handle_IRQ_event`: the handlers of the interrupt line."""
    rtl8139_interrupt(k, card, received)


@rtl8139_c
def rtl8139_start_xmit(k: Kernel, skb: SkBuff, dev: EthernetCard) -> int:
    """`rtl8139_start_xmit`: copied into a descriptor's buffer; the queue stops when all four are in use."""
    if skb.len < TX_BUF_SIZE:
        frame = skb_copy_and_csum_dev(k, skb)
        kfree_skb(k, skb)
    else:
        kfree_skb(k, skb)
        dev.dropped += 1
        return 0
    dev.sent += 1
    dev.cur_tx += 1
    dev.put(frame)
    if dev.cur_tx - NUM_TX_DESC == dev.dirty_tx:
        core_dev.netif_stop_queue(k, dev)
    return 0


@skbuff_c
def skb_copy_and_csum_dev(k: Kernel, skb: SkBuff) -> bytes:
    """`skb_copy_and_csum_dev`: the frame as it goes out, with the checksum that was left to the hardware."""
    del k
    return completed(skb)


def completed(skb: SkBuff) -> bytes:
    """A packet's bytes with the checksum that was left to the hardware."""
    frame = skb.tobytes()
    if skb.ip_summed != CHECKSUM_HW:
        return frame
    start = skb.h - skb.data
    csum = csum_block_add(0, csum_partial(frame[start:]), 0)
    at = start + skb.csum
    return frame[:at] + csum_fold(csum).to_bytes(2, "big") + frame[at + 2 :]


@rtl8139_c
def rtl8139_interrupt(k: Kernel, dev: EthernetCard, received: bool) -> None:
    """`rtl8139_interrupt`: something was received, or sent. Left out: errors of the hardware."""
    if received and not dev.polling:
        dev.polling = True
        __netif_rx_schedule(k, dev)
    if dev.done_tx != dev.dirty_tx:
        rtl8139_tx_interrupt(k, dev)


@netdevice_h
def __netif_rx_schedule(k: Kernel, dev: EthernetCard) -> None:
    """`__netif_rx_schedule`: the receive softirq will poll the device."""
    k.poll_list.append(dev)
    k.raise_softirq(NET_RX_SOFTIRQ)


@rtl8139_c
def rtl8139_tx_interrupt(k: Kernel, dev: EthernetCard) -> None:
    """`rtl8139_tx_interrupt`: descriptors that are free again."""
    dev.dirty_tx = dev.done_tx
    core_dev.netif_wake_queue(k, dev)


@rtl8139_c
def rtl8139_poll(k: Kernel, dev: EthernetCard) -> None:
    """`rtl8139_poll`."""
    dev.polling = False
    rtl8139_rx(k, dev)


@rtl8139_c
def rtl8139_rx(k: Kernel, dev: EthernetCard) -> None:
    """`rtl8139_rx`: a buffer for each frame in the ring, and up with it."""
    while dev.rx_ring:
        frame = dev.rx_ring.pop(0)
        skb = dev_alloc_skb(k, (k.machine.rx_buffer or len(frame)) + 2)
        skb_reserve(skb, 2)
        skb.dev = dev
        at = skb_put(skb, len(frame))
        skb.shared.buf[at : at + len(frame)] = frame
        skb.protocol = core_dev.eth_type_trans(k, skb, dev)
        dev.received += 1
        core_dev.netif_receive_skb(k, skb)


@skbuff_h
def dev_alloc_skb(k: Kernel, size: int) -> SkBuff:
    """`dev_alloc_skb`."""
    return __dev_alloc_skb(k, size)


@skbuff_h
def __dev_alloc_skb(k: Kernel, size: int) -> SkBuff:
    """`__dev_alloc_skb`: with 16 bytes at the front, for whoever wants to put something there."""
    skb = alloc_skb(k, size + 16)
    skb_reserve(skb, 16)
    return skb


# a wire between two cards


class Wire:
    """Joins two cards. `delay` in microseconds; `filter` may drop, delay or change what goes over it.

    `filter(frame, n, sender)` gives the frames that arrive, as (extra delay in microseconds, frame); n counts from 1.
    """

    def __init__(
        self,
        a: EthernetCard,
        b: EthernetCard,
        delay: int = 0,
        choose: Callable[[bytes, int, EthernetCard], list[tuple[int, bytes]]] | None = None,
    ) -> None:
        self.delay = delay
        self.choose = choose
        self.count: dict[str, int] = {a.kernel.name: 0, b.kernel.name: 0}
        self.frames: list[tuple[int, str, bytes]] = []
        a.transmit = lambda frame: self._carry(frame, a, b)
        b.transmit = lambda frame: self._carry(frame, b, a)

    def _carry(self, frame: bytes, of: EthernetCard, to: EthernetCard) -> None:
        loop = of.kernel.loop
        name = of.kernel.name
        self.count[name] += 1
        self.frames.append((loop.now, name, frame))
        arrivals = [(0, frame)] if self.choose is None else self.choose(frame, self.count[name], of)
        for extra, data in arrivals:
            loop.after(self.delay + extra, lambda data=data: to.receive(data))  # type: ignore[misc]
