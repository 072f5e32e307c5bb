"""What depends on machine and build: the sizes that send and receive buffers are charged by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """Sizes in bytes.

    `sizeof_sk_buff`, `sizeof_shared_info`: of the structures. `smp_cache_bytes`: what data areas are aligned to
    (SKB_DATA_ALIGN). `max_header`: MAX_HEADER of netdevice.h, which depends on the configured protocols.
    `rx_buffer`: what the receiving driver allocates for each frame, 0 for as much as the frame needs.
    """

    name: str
    sizeof_sk_buff: int
    sizeof_shared_info: int
    smp_cache_bytes: int
    max_header: int
    sizeof_ipq: int = 120
    rx_buffer: int = 0

    @property
    def max_tcp_header(self) -> int:
        """MAX_TCP_HEADER: room before the data of a segment."""
        return 128 + self.max_header


# a plain i386 (Pentium 4: lines of 128 bytes), no IPv6, no IPIP
I386 = Machine("i386", sizeof_sk_buff=176, sizeof_shared_info=160, smp_cache_bytes=128, max_header=32)
# the machine of the recordings: x86_64, SMP, AX.25 configured, no IPv6, e1000 with its 2 KB receive buffers
X86_64 = Machine(
    "x86_64", sizeof_sk_buff=272, sizeof_shared_info=312, smp_cache_bytes=128, max_header=96, rx_buffer=2048
)
MACHINES = {machine.name: machine for machine in (I386, X86_64)}
