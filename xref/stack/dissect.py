"""Bytes of a packet to named fields, and a buffer's data area to its parts: what a picture of either needs to know.

A field is where it stands, its name as the standard has it (RFC 791, 793, 768, 792, 826; Ethernet II) and its value as
a person reads it.  What is cut off or cannot be is a field as well, "?"; nothing here raises for any bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from xref.stack.headers import ETH_HLEN
from xref.stack.headers import ETH_P_ARP
from xref.stack.headers import ETH_P_IP
from xref.stack.headers import IP_DF
from xref.stack.headers import IP_MF
from xref.stack.headers import IP_OFFSET
from xref.stack.headers import IPHDR
from xref.stack.headers import IPPROTO_ICMP
from xref.stack.headers import IPPROTO_TCP
from xref.stack.headers import IPPROTO_UDP
from xref.stack.headers import dotted

LINK, NETWORK, TRANSPORT, PAYLOAD = "link", "network", "transport", "payload"
LAYERS = (LINK, NETWORK, TRANSPORT, PAYLOAD)

#: the name of the field that a header is before anything is written into it
UNWRITTEN = "not written yet"

_HEADERS = {LINK: "Ethernet", NETWORK: "IP", TRANSPORT: "header"}
PROTOCOLS = {IPPROTO_ICMP: "ICMP", IPPROTO_TCP: "TCP", IPPROTO_UDP: "UDP"}
FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
_TYPES = {ETH_P_IP: "IPv4", ETH_P_ARP: "ARP"}
_ARP_OPS = {1: "request", 2: "reply"}
_ICMP = {0: "echo reply", 3: "destination unreachable", 5: "redirect", 8: "echo", 11: "time exceeded"}
_UNREACHABLE = {0: "net", 1: "host", 2: "protocol", 3: "port", 4: "fragmentation needed"}
_TCP_OPTIONS = {2: "MSS", 3: "window scale", 4: "SACK permitted", 5: "SACK", 8: "timestamps"}
_IP_OPTIONS = {7: "record route", 68: "timestamp", 131: "loose source route", 137: "strict source route"}


class Field(NamedTuple):
    """Bytes `at` to `at + size` of a packet: the layer and header they belong to, their name, their value as text."""

    layer: str
    header: str
    name: str
    at: int
    size: int
    value: str


class Part(NamedTuple):
    """Bytes `start` to `end` of a buffer's data area.

    what: headroom link network transport payload tailroom; live: whether they belong to the packet now (what was
    pulled, or written when the buffer was sent before, does not).
    """

    what: str
    start: int
    end: int
    live: bool


# -- bytes --------------------------------------------------------------------------------------------------


def frame(data: bytes) -> list[Field]:
    """The fields of an Ethernet frame."""
    return list(_covered(data, _ethernet(data)))


def packet(data: bytes, start: str, protocol: int | None = None, room: tuple[str, int] | None = None) -> list[Field]:
    """The fields of a packet whose first byte belongs to the layer `start`.

    `protocol` is IP's number of the transport's, for a header of which no IP header says what it is.  `room` is what
    was just made before a payload: for which layer, how many bytes.
    """
    if start == PAYLOAD and room is not None:
        layer, size = room
        found = iter((Field(layer, _HEADERS[layer], UNWRITTEN, 0, size, ""),))
    elif start == LINK:
        found = _ethernet(data, protocol)
    elif start == NETWORK:
        found = _arp(data, 0) if data[:2] == b"\0\1" else _ip(data, 0, protocol)
    elif start == TRANSPORT:
        found = _transport(data, 0, protocol)
    else:
        found = iter(())
    return list(_covered(data, found))


def _covered(data: bytes, fields: Iterator[Field]) -> Iterator[Field]:
    """The fields as far as they are there; what follows the last is payload."""
    end = 0
    for field in fields:
        size = min(field.size, len(data) - field.at)
        if size <= 0:
            break
        end = field.at + size
        yield field if size == field.size else field._replace(size=size, value="?")
    if end < len(data):
        yield Field(PAYLOAD, "", "payload", end, len(data) - end, f"{len(data) - end:,} bytes")


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _fields(layer: str, header: str, at: int, *rows: tuple[str, int, str | int]) -> Iterator[Field]:
    """Fields one after the other: name, size, value."""
    for name, size, value in rows:
        yield Field(layer, header, name, at, size, str(value))
        at += size


def _mac(data: bytes, at: int) -> str:
    return data[at : at + 6].hex(":")


def _address(data: bytes, at: int) -> str:
    return dotted(_number(data, at, 4))


def _hex(data: bytes, at: int, size: int) -> str:
    return f"0x{_number(data, at, size):0{size * 2}x}"


def _ethernet(data: bytes, protocol: int | None = None) -> Iterator[Field]:
    kind = _number(data, 12, 2)
    if not any(data[:ETH_HLEN]):
        # room that was made for the header, not written yet
        yield Field(LINK, "Ethernet", UNWRITTEN, 0, ETH_HLEN, "")
        yield from _arp(data, ETH_HLEN) if data[ETH_HLEN : ETH_HLEN + 2] == b"\0\1" else _ip(data, ETH_HLEN, protocol)
        return
    named = f"0x{kind:04x}" + (f" ({_TYPES[kind]})" if kind in _TYPES else "")
    yield from _fields(
        LINK, "Ethernet", 0,
        ("destination", 6, _mac(data, 0)), ("source", 6, _mac(data, 6)), ("type", 2, named),
    )  # fmt: skip
    if kind == ETH_P_IP:
        yield from _ip(data, ETH_HLEN)
    elif kind == ETH_P_ARP:
        yield from _arp(data, ETH_HLEN)


def _arp(data: bytes, at: int) -> Iterator[Field]:
    op = _number(data, at + 6, 2)
    return _fields(
        NETWORK, "ARP", at,
        ("hardware type", 2, _number(data, at, 2)), ("protocol type", 2, _hex(data, at + 2, 2)),
        ("hardware size", 1, _number(data, at + 4, 1)), ("protocol size", 1, _number(data, at + 5, 1)),
        ("operation", 2, f"{op} ({_ARP_OPS.get(op, '?')})"), ("sender hardware address", 6, _mac(data, at + 8)),
        ("sender address", 4, _address(data, at + 14)), ("target hardware address", 6, _mac(data, at + 18)),
        ("target address", 4, _address(data, at + 24)),
    )  # fmt: skip


def _ip(data: bytes, at: int, expected: int | None = None) -> Iterator[Field]:
    if len(data) < at + IPHDR.size:
        yield Field(NETWORK, "IP", "header", at, IPHDR.size, "?")
        return
    (first, tos, total, ident, frag, ttl, protocol, check, _, _) = IPHDR.unpack_from(data, at)
    size = (first & 15) * 4
    if not first:
        yield Field(NETWORK, "IP", UNWRITTEN, at, IPHDR.size, "")
        yield from _transport(data, at + IPHDR.size, expected)
        return
    flags = " ".join(name for bit, name in ((IP_DF, "DF"), (IP_MF, "MF")) if frag & bit) or "none"
    yield from _fields(
        NETWORK, "IP", at,
        ("version, header length", 1, f"{first >> 4}, {size} bytes"), ("type of service", 1, f"0x{tos:02x}"),
        ("total length", 2, total), ("identification", 2, f"{ident} (0x{ident:04x})"),
        ("flags, fragment offset", 2, f"{flags}, {(frag & IP_OFFSET) * 8}"), ("time to live", 1, ttl),
        ("protocol", 1, f"{protocol} ({PROTOCOLS.get(protocol, '?')})"), ("header checksum", 2, f"0x{check:04x}"),
        ("source", 4, _address(data, at + 12)), ("destination", 4, _address(data, at + 16)),
    )  # fmt: skip
    yield from _options(data, NETWORK, "IP", at + IPHDR.size, at + size, _IP_OPTIONS, _plain_option)
    if size >= IPHDR.size and not frag & IP_OFFSET:
        yield from _transport(data, at + size, protocol)


def _transport(data: bytes, at: int, protocol: int | None) -> Iterator[Field]:
    if protocol == IPPROTO_TCP:
        return _tcp(data, at)
    if protocol == IPPROTO_UDP:
        return _fields(
            TRANSPORT, "UDP", at,
            ("source port", 2, _number(data, at, 2)), ("destination port", 2, _number(data, at + 2, 2)),
            ("length", 2, _number(data, at + 4, 2)), ("checksum", 2, _hex(data, at + 6, 2)),
        )  # fmt: skip
    if protocol == IPPROTO_ICMP:
        return _icmp(data, at)
    return iter(())


def _tcp(data: bytes, at: int) -> Iterator[Field]:
    size = (data[at + 12] >> 4) * 4 if len(data) > at + 12 else 20
    bits = data[at + 13] if len(data) > at + 13 else 0
    if not any(data[at : at + 20]):
        yield Field(TRANSPORT, "TCP", UNWRITTEN, at, 20, "")
        return
    yield from _fields(
        TRANSPORT, "TCP", at,
        ("source port", 2, _number(data, at, 2)), ("destination port", 2, _number(data, at + 2, 2)),
        ("sequence number", 4, _number(data, at + 4, 4)), ("acknowledgement number", 4, _number(data, at + 8, 4)),
        ("header length", 1, f"{size} bytes"), ("flags", 1, flags(bits) or "none"),
        ("window", 2, _number(data, at + 14, 2)), ("checksum", 2, _hex(data, at + 16, 2)),
        ("urgent pointer", 2, _number(data, at + 18, 2)),
    )  # fmt: skip
    yield from _options(data, TRANSPORT, "TCP", at + 20, at + size, _TCP_OPTIONS, _tcp_option)


def flags(bits: int) -> str:
    """The flags of a TCP header as words, SYN before ACK as they are said."""
    return " ".join(name for n, name in enumerate(FLAGS) if bits >> n & 1)


def _icmp(data: bytes, at: int) -> Iterator[Field]:
    kind, code = _number(data, at, 1), _number(data, at + 1, 1)
    meant = f"{code} ({_UNREACHABLE.get(code, '?')})" if kind == 3 else str(code)
    yield from _fields(
        TRANSPORT, "ICMP", at,
        ("type", 1, f"{kind} ({_ICMP.get(kind, '?')})"), ("code", 1, meant), ("checksum", 2, _hex(data, at + 2, 2)),
        ("rest of the header", 4, _hex(data, at + 4, 4)),
    )  # fmt: skip


def _options(
    data: bytes,
    layer: str,
    header: str,
    at: int,
    end: int,
    names: Mapping[int, str],
    value: Callable[[bytes, int, int], str],
) -> Iterator[Field]:
    """Options as TCP and IP have them: 0 ends them, 1 fills, others have a length in their second byte."""
    while at < min(end, len(data)):
        kind = data[at]
        size = 1 if kind < 2 else _number(data, at + 1, 1)
        if kind == 0:
            yield Field(layer, header, "option: end", at, end - at, "")
            return
        if size < 1 or (kind > 1 and size < 2) or at + size > end:
            yield Field(layer, header, "option: ?", at, end - at, "?")
            return
        name = "no operation" if kind == 1 else names.get(kind, str(kind))
        yield Field(layer, header, f"option: {name}", at, size, "" if kind == 1 else value(data, at, size))
        at += size


def _tcp_option(data: bytes, at: int, size: int) -> str:
    kind = data[at]
    if kind == 2:
        return str(_number(data, at + 2, 2))
    if kind == 3:
        shift = _number(data, at + 2, 1)
        return f"{shift} (times {1 << min(shift, 14)})"
    if kind == 8:
        return f"{_number(data, at + 2, 4)}, echo {_number(data, at + 6, 4)}"
    if kind == 5:
        edges = [_number(data, edge, 4) for edge in range(at + 2, at + size, 4)]
        return ", ".join(f"{low}-{high}" for low, high in zip(edges[::2], edges[1::2], strict=False))
    return ""


def _plain_option(data: bytes, at: int, size: int) -> str:
    if data[at] != 7 or size < 3:
        return data[at + 2 : at + size].hex()
    used = (data[at + 2] - 4) // 4
    return ", ".join(_address(data, at + 3 + 4 * n) for n in range(max(used, 0))) or "empty"


# -- a buffer -----------------------------------------------------------------------------------------------


def starts_at(layout: Mapping[str, Any], data: bytes) -> str:
    """The layer that the first byte of a packet belongs to, by what the buffer says of itself."""
    at, h, nh = layout["data"], layout["h"], layout["nh"]
    if nh > at:
        return LINK
    if nh == at and nh:
        return NETWORK
    if not (h or nh) and layout["protocol"] is None and _number(data, 12, 2) in _TYPES:
        # received, and not looked at yet: eth_type_trans comes next
        return LINK
    if h > at:
        return NETWORK  # room for IP's header, before nh says so
    return TRANSPORT if h == at and h else PAYLOAD


def parts(layout: Mapping[str, Any], fields: list[Field]) -> list[Part]:
    """A buffer's data area from head to end, in order and without gaps; `fields` are those of the packet's bytes."""
    data, tail, end = layout["data"], layout["tail"], layout["end"]
    cuts = sorted(
        [each for each in _former(layout) if each.end <= data]
        + [Part(what, *span, True) for what, span in _spans(data, tail, fields)],
        key=lambda part: part.start,
    )
    found: list[Part] = []
    at = 0
    for part in [*cuts, Part("tailroom", tail, end, False)]:
        if part.start > at:
            found.append(Part("headroom" if at < data else PAYLOAD, at, part.start, at >= data))
        if part.end > part.start:
            found.append(part)
        at = max(at, part.end)
    return found


def _spans(data: int, tail: int, fields: list[Field]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Where each layer's bytes stand in the linear part."""
    spans: dict[str, tuple[int, int]] = {}
    for field in fields:
        low, high = data + field.at, min(data + field.at + field.size, tail)
        if low < high:
            spans[field.layer] = (min(low, spans.get(field.layer, (low, 0))[0]), high)
    yield from spans.items()


def _former(layout: Mapping[str, Any]) -> Iterator[Part]:
    """Headers before skb->data: pulled on the way up, or of an earlier time that the buffer was sent."""
    data, h, nh, mac = (layout[name] for name in ("data", "h", "nh", "mac"))
    if 0 < mac < nh <= data:
        yield Part(LINK, mac, nh, False)
    if 0 < nh < h <= data:
        yield Part(NETWORK, nh, h, False)
    if 0 < h < data:
        yield Part(TRANSPORT, h, data, False)
