"""net/packet/af_packet.c: a packet socket as a sniffer opens it. It gets what every device sends and receives.

Left out: socket filters, the ring that is mapped into a program, sending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack.skbuff import PACKET_OUTGOING
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import kfree_skb
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.device import NetDevice
    from xref.stack.kernel import Kernel

af_packet_c = source("net/packet/af_packet.c", "device")


class PacketSock:
    """`struct packet_sock` with its `prot_hook` in `ptype_all`. `heard`: sent by this host or not, and the bytes."""

    def __init__(self) -> None:
        self.heard: list[tuple[bool, bytes]] = []

    def packet_rcv(self, k: Kernel, skb: SkBuff, dev: NetDevice) -> int:
        """`packet_type.func`."""
        return packet_rcv(k, skb, dev, self)


@af_packet_c
def packet_rcv(k: Kernel, skb: SkBuff, dev: NetDevice, po: PacketSock) -> int:
    """`packet_rcv`: what a reader of the socket will see, from the link header on."""
    del dev
    begin = skb.mac - skb.data
    header = bytes(skb.shared.buf[skb.mac : skb.data]) if begin < 0 else b""
    po.heard.append((skb.pkt_type == PACKET_OUTGOING, header + skb.tobytes()))
    kfree_skb(k, skb)
    return 0
