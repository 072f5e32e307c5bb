"""Headers as they stand on the wire: read into records, written with struct. Addresses and ports are plain numbers."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

ETH_ALEN = 6
ETH_HLEN = 14
ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806

IP_CE = 0x8000
IP_DF = 0x4000
IP_MF = 0x2000
IP_OFFSET = 0x1FFF

IPPROTO_IP = 0
IPPROTO_ICMP = 1
IPPROTO_TCP = 6
IPPROTO_UDP = 17

IPHDR = struct.Struct("!BBHHHBBHII")
TCPHDR = struct.Struct("!HHIIBBHHH")
UDPHDR = struct.Struct("!HHHH")

# features of a device (include/linux/netdevice.h)
NETIF_F_SG = 1
NETIF_F_IP_CSUM = 2
NETIF_F_NO_CSUM = 4
NETIF_F_HW_CSUM = 8
NETIF_F_FRAGLIST = 64
NETIF_F_LLTX = 4096

TH_FIN = 0x01
TH_SYN = 0x02
TH_RST = 0x04
TH_PSH = 0x08
TH_ACK = 0x10
TH_URG = 0x20
TH_ECE = 0x40
TH_CWR = 0x80


def addr(text: str) -> int:
    """A dotted address as a number."""
    return int(IPv4Address(text))


def dotted(number: int) -> str:
    """A number as a dotted address."""
    return str(IPv4Address(number))


class IpHdr:
    """`struct iphdr` of a received packet; `frag_off` holds flags and offset as in the header."""

    __slots__ = ("check", "daddr", "frag_off", "id", "ihl", "protocol", "saddr", "tos", "tot_len", "ttl", "version")

    def __init__(self, buf: bytes | bytearray | memoryview, at: int) -> None:
        (first, self.tos, self.tot_len, self.id, self.frag_off, self.ttl, self.protocol, self.check, self.saddr,
         self.daddr) = IPHDR.unpack_from(buf, at)  # fmt: skip
        self.version = first >> 4
        self.ihl = first & 15


class TcpHdr:
    """`struct tcphdr` of a received segment; `flags` is the byte with FIN to CWR."""

    __slots__ = ("ack", "ack_seq", "cwr", "dest", "doff", "ece", "fin", "flags", "psh", "rst", "seq", "source", "syn",
                 "urg", "urg_ptr", "window")  # fmt: skip

    def __init__(self, buf: bytes | bytearray | memoryview, at: int) -> None:
        (self.source, self.dest, self.seq, self.ack_seq, off, flags, self.window, _, self.urg_ptr) = TCPHDR.unpack_from(
            buf, at
        )
        self.doff = off >> 4
        self.flags = flags
        self.fin = flags & 1
        self.syn = flags >> 1 & 1
        self.rst = flags >> 2 & 1
        self.psh = flags >> 3 & 1
        self.ack = flags >> 4 & 1
        self.urg = flags >> 5 & 1
        self.ece = flags >> 6 & 1
        self.cwr = flags >> 7


class UdpHdr:
    """`struct udphdr` of a received datagram."""

    __slots__ = ("check", "dest", "len", "source")

    def __init__(self, buf: bytes | bytearray | memoryview, at: int) -> None:
        self.source, self.dest, self.len, self.check = UDPHDR.unpack_from(buf, at)
