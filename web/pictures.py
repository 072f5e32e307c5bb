"""Where things stand in the pictures of a walkthrough: a buffer to scale, bytes in rows, segments in time.

Plain numbers for the templates, which draw them; coordinates across are in percent, so that a picture is as wide as
its panel, and down in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from typing import NamedTuple

from xref.stack.segments import Segment
from xref.walk.session import Column
from xref.walk.session import Session
from xref.walk.session import named

#: segments in one picture; a longer run is shown in pieces
CHUNK = 150
_ROW = 17
_TOP = 24
_APART = 5
#: bytes of a payload that are shown in hex
_MOST_PAYLOAD = 96
_IN_ROW = 16
#: bytes of the payload that the enlarged picture of the headers shows
_SOME = 40

#: which of the colours of the layers a function of the model has
TINTS = {
    "vfs": "call", "socket": "call", "memory": "aside", "skbuff": "aside", "tcp": "transport", "udp": "transport",
    "icmp": "transport", "ip": "network", "route": "network", "netfilter": "network", "neighbour": "network",
    "queue": "link", "device": "link", "interrupt": "link", "softirq": "link", "timer": "aside",
}  # fmt: skip


# -- a whole run --------------------------------------------------------------------------------------------


class Bar(NamedTuple):
    """A column of the profile: where, how high of 100, in which colour."""

    x: float
    width: float
    height: float
    tint: str


def profile(columns: Sequence[Column], steps: int) -> list[Bar]:
    """The depth of calls over a run."""
    deepest = max((each.depth for each in columns), default=0) + 1
    found = []
    for here, after in pairwise([*columns, Column(steps, 0, None)]):
        width = (after.n - here.n) / steps * 100
        height = (here.depth + 1) / deepest * 100
        found.append(Bar(here.n / steps * 100, width, height, TINTS.get(here.layer or "", "aside")))
    return found


def marks(session: Session) -> list[tuple[float, str]]:
    """Where in a run segments leave and arrive."""
    steps = len(session)
    return [
        (each.step / steps * 100, "lost" if each.arrived is None else "out" if each.sender != "server" else "in")
        for each in session.segments
        if each.step is not None
    ]


# -- segments -----------------------------------------------------------------------------------------------


class Arrow(NamedTuple):
    """A segment in the picture: from the sender's line at y to the other's at end."""

    segment: Segment
    y: float
    end: float
    to_right: bool
    lost: bool


class Timeline(NamedTuple):
    """A piece of the picture of a run's segments."""

    arrows: tuple[Arrow, ...]
    height: int
    chunk: int
    chunks: int
    total: int
    hosts: tuple[str, str]
    #: first segments of the pieces before and behind, to get there
    before: int | None
    behind: int | None


def chunk_of(segment: int | None, total: int) -> int:
    """The piece of the picture in which a segment is."""
    return min(segment or 0, max(total - 1, 0)) // CHUNK


def sequence(segments: Sequence[Segment], chunk: int, peer: bool) -> Timeline:
    """A row for each segment sent; an arrow ends behind the last that was sent before it arrived."""
    start = chunk * CHUNK
    shown = segments[start : start + CHUNK]
    arrows = []
    # on each side, one that arrives later ends lower, even if it is in the same instant
    lowest = {True: 0.0, False: 0.0}
    for row, each in enumerate(shown):
        y = _TOP + row * _ROW
        end = y + 0.6 * _ROW
        to_right = each.sender != "server"
        if each.arrived is not None:
            later = row
            while later + 1 < len(shown) and shown[later + 1].sent <= each.arrived:
                later += 1
            end = max(end, _TOP + (later + 0.5) * _ROW, lowest[to_right] + _APART)
            lowest[to_right] = end
        arrows.append(Arrow(each, y, end, to_right, each.arrived is None))
    height = int(max([arrow.end for arrow in arrows] or [_TOP]) + 14)
    chunks = max(1, -(-len(segments) // CHUNK))
    return Timeline(
        tuple(arrows), height, chunk, chunks, len(segments), ("client", "server" if peer else "client"),
        segments[start - 1].step if start else None,
        segments[start + CHUNK].step if start + CHUNK < len(segments) else None,
    )  # fmt: skip


# -- a buffer -----------------------------------------------------------------------------------------------


class Box(NamedTuple):
    """A part of a buffer: where it stands across, in percent."""

    what: str
    x: float
    width: float
    size: int
    live: bool
    cut: bool = False


class Buffer(NamedTuple):
    """A buffer to scale: its parts, its pointers (name, where, offset), the headers enlarged, its page fragments."""

    boxes: tuple[Box, ...]
    pointers: tuple[tuple[str, float, int], ...]
    zoom: tuple[Box, ...]
    zoomed: tuple[float, float] | None
    frags: tuple[Box, ...]
    rows: tuple[tuple[str, Any, Any], ...]


_SHOWN = ("len", "data_len", "truesize", "data", "tail", "end", "mac", "nh", "h", "ip_summed", "cloned")


def buffer(skb: dict[str, Any] | None) -> Buffer | None:
    """The picture of the packet in hand; None where there is none."""
    if skb is None:
        return None
    layout = skb["layout"]
    whole = max(layout["end"], 1)
    parts = skb["parts"]
    boxes = tuple(
        Box(part["what"], part["start"] / whole * 100, (part["end"] - part["start"]) / whole * 100,
            part["end"] - part["start"], part["live"])
        for part in parts
    )  # fmt: skip
    before = skb["before"] or layout
    rows = tuple(
        (name, _offset(name, layout[name]), _offset(name, before[name]) if before[name] != layout[name] else None)
        for name in _SHOWN
    )
    pointers = tuple(
        (name, at / whole * 100, at)
        for name, at in (("head", 0), ("data", layout["data"]), ("tail", layout["tail"]), ("end", layout["end"]))
    )
    zoom, zoomed = _zoom(parts, whole)
    paged = sum(layout["frags"])
    frags = []
    at = 0
    for size in layout["frags"]:
        frags.append(Box("payload", at / paged * 100, size / paged * 100, size, True))
        at += size
    return Buffer(boxes, pointers, zoom, zoomed, tuple(frags), rows)


def _offset(name: str, value: Any) -> Any:
    """A pointer into the buffer that was never set points nowhere."""
    return "–" if name in ("mac", "nh", "h") and not value else value


def _zoom(parts: list[dict[str, Any]], whole: int) -> tuple[tuple[Box, ...], tuple[float, float] | None]:
    """The headers enlarged, with a bit of the payload; nothing where there is no header."""
    inner = [part for part in parts if part["what"] not in ("headroom", "tailroom")]
    if not any(part["what"] != "payload" for part in inner):
        return (), None
    sizes = [min(part["end"] - part["start"], _SOME if part["what"] == "payload" else 1 << 20) for part in inner]
    total = sum(sizes)
    boxes = []
    at = 0
    for part, size in zip(inner, sizes, strict=True):
        real = part["end"] - part["start"]
        boxes.append(Box(part["what"], at / total * 100, size / total * 100, real, part["live"], size < real))
        at += size
    low, high = inner[0]["start"], inner[-1]["start"] + sizes[-1]
    return tuple(boxes), (low / whole * 100, high / whole * 100)


# -- bytes --------------------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """Bytes of one field in a row."""

    field: int
    layer: str
    hex: str


class Dump(NamedTuple):
    """Bytes in rows of 16 with their offsets, the fields they belong to, and how many more there are."""

    rows: tuple[tuple[int, tuple[Piece, ...]], ...]
    fields: tuple[dict[str, Any], ...]
    more: int


def dump(packet: dict[str, Any] | None) -> Dump | None:
    """The bytes of a packet, a long payload cut."""
    if packet is None:
        return None
    data = bytes.fromhex(packet["hex"])
    fields = packet["fields"]
    end = min(len(data), fields[-1]["at"] + _MOST_PAYLOAD) if fields and fields[-1]["layer"] == "payload" else len(data)
    owner = [-1] * len(data)
    for number, field in enumerate(fields):
        owner[field["at"] : field["at"] + field["size"]] = [number] * field["size"]
    rows = []
    for start in range(0, end, _IN_ROW):
        pieces: list[Piece] = []
        run: list[int] = []
        stop = min(start + _IN_ROW, end)
        for at in range(start, stop):
            run.append(at)
            if at + 1 == stop or owner[at + 1] != owner[at]:
                layer = fields[owner[at]]["layer"] if owner[at] >= 0 else "payload"
                pieces.append(Piece(owner[at], layer, " ".join(f"{data[each]:02x}" for each in run)))
                run = []
        rows.append((start, tuple(pieces)))
    return Dump(tuple(rows), tuple(fields), len(data) - end)


# -- a socket -----------------------------------------------------------------------------------------------


class Member(NamedTuple):
    """A member of a socket: its value and, where this step changed it, the one before."""

    name: str
    value: str
    changed: bool
    before: str | None
    difference: int | None


def members(sock: dict[str, Any] | None) -> list[tuple[str, list[Member]]]:
    """The members by group, as they are to be read."""
    if sock is None:
        return []
    changes = {each["name"]: each["old"] for each in sock["changes"]}
    found = []
    for group, values in sock["members"].items():
        rows = []
        for name, value in values.items():
            changed = name in changes
            old = changes.get(name)
            plain = isinstance(old, int) and isinstance(value, int) and name not in ("sk_state", "ca_state")
            rows.append(
                Member(
                    name, named(name, value), changed, named(name, old) if changed and old is not None else None,
                    value - old if plain and changed else None,
                )
            )  # fmt: skip
        if rows:
            found.append((group, rows))
    return found
