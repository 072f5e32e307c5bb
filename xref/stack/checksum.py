"""The Internet checksum, as the kernel keeps it: a ones' complement sum, folded at the end (include/net/checksum.h).

A sum here is always folded to 16 bits. That is what `csum_fold` would make of the kernel's 32-bit sum before it is
inverted, so that sums add up in the same way.
"""

from __future__ import annotations


def csum_partial(data: bytes | bytearray | memoryview, start: int = 0) -> int:
    """Sum of 16-bit big-endian words of `data` (an odd last byte is the high one), added to `start`."""
    size = len(data)
    if not size:
        return start
    number = int.from_bytes(data, "big")
    if size & 1:
        number <<= 8
    if not number:
        return start
    # 2**16 is 1 modulo 65535: the remainder is the folded sum, with 65535 for a sum that is not nothing
    return csum_add(number % 65535 or 65535, start)


def csum_add(a: int, b: int) -> int:
    """Ones' complement addition."""
    total = a + b
    return (total & 0xFFFF) + (total >> 16)


def csum_sub(a: int, b: int) -> int:
    """Ones' complement subtraction."""
    return csum_add(a, ~b & 0xFFFF)


def csum_block_add(a: int, b: int, offset: int) -> int:
    """Add the sum of a block that starts at `offset`: at an odd one its bytes are swapped."""
    if offset & 1:
        b = ((b & 0xFF) << 8) | (b >> 8)
    return csum_add(a, b)


def csum_block_sub(a: int, b: int, offset: int) -> int:
    """Take out the sum of a block that starts at `offset`."""
    if offset & 1:
        b = ((b & 0xFF) << 8) | (b >> 8)
    return csum_sub(a, b)


def csum_fold(total: int) -> int:
    """What goes into the header's field."""
    return ~total & 0xFFFF


def csum_tcpudp_nofold(saddr: int, daddr: int, size: int, protocol: int, total: int) -> int:
    """Sum of the pseudo header and of what it stands before."""
    number = (saddr >> 16) + (saddr & 0xFFFF) + (daddr >> 16) + (daddr & 0xFFFF) + size + protocol + total
    while number >> 16:
        number = (number & 0xFFFF) + (number >> 16)
    return number


def csum_tcpudp_magic(saddr: int, daddr: int, size: int, protocol: int, total: int) -> int:
    """The same, folded: the value of the TCP or UDP header's field."""
    return csum_fold(csum_tcpudp_nofold(saddr, daddr, size, protocol, total))


def ip_fast_csum(header: bytes | bytearray | memoryview) -> int:
    """Checksum of an IP header (0 if the header holds the right one)."""
    return csum_fold(csum_partial(header))
