"""Capture files: libpcap's classic format, microseconds, Ethernet."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

MAGIC = 0xA1B2C3D4
ETHERNET = 1
SNAPLEN = 262144


def capture(frames: Iterable[tuple[int, bytes]], start: int = 0) -> bytes:
    """The bytes of a capture file; each frame with its time in microseconds after `start` (seconds since 1970)."""
    parts = [struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, SNAPLEN, ETHERNET)]
    for when, frame in frames:
        seconds, micro = divmod(when, 1_000_000)
        parts += [struct.pack("<IIII", start + seconds, micro, len(frame), len(frame)), frame]
    return b"".join(parts)


def write(path: Path, frames: Iterable[tuple[int, bytes]], start: int = 0) -> None:
    """Write a capture file. OSError where it cannot be written."""
    path.write_bytes(capture(frames, start))
