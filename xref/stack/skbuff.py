"""`struct sk_buff` (include/linux/skbuff.h, net/core/skbuff.c): a packet on its way through the stack.

A buffer is a linear part (`head` ≤ `data` ≤ `tail` ≤ `end`, here offsets into a bytearray, `head` being 0) and, shared
between clones, page fragments and a list of further buffers. `len` is all of it, `data_len` what is not linear.
`truesize` is what the socket is charged: the aligned data area and sizeof(struct sk_buff), which differs from machine
to machine (see `machine`); `skb_shared_info` is not charged, as in 2.6.11.

Left out: xfrm, netfilter's connection tracking, security marks, DMA, reference counts of pages.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import TYPE_CHECKING
from typing import Any

from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_partial
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.device import NetDevice
    from xref.stack.headers import IpHdr
    from xref.stack.headers import TcpHdr
    from xref.stack.ip_options import IpOptions
    from xref.stack.kernel import Kernel
    from xref.stack.route import Rtable

skbuff_c = source("net/core/skbuff.c", "skbuff")
skbuff_h = source("include/linux/skbuff.h", "skbuff")

CHECKSUM_NONE = 0
CHECKSUM_HW = 1
CHECKSUM_UNNECESSARY = 2

PACKET_HOST = 0
PACKET_BROADCAST = 1
PACKET_MULTICAST = 2
PACKET_OTHERHOST = 3
PACKET_OUTGOING = 4
PACKET_LOOPBACK = 5

PAGE_SIZE = 4096
MAX_SKB_FRAGS = 65536 // PAGE_SIZE + 2


class Page:
    """`struct page`: 4096 bytes that several fragments may share."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data = bytearray(PAGE_SIZE)


class Frag:
    """`skb_frag_t`: a piece of a page."""

    __slots__ = ("page", "page_offset", "size")

    def __init__(self, page: Page, page_offset: int, size: int) -> None:
        self.page = page
        self.page_offset = page_offset
        self.size = size

    def view(self) -> memoryview:
        """The bytes of the fragment."""
        return memoryview(self.page.data)[self.page_offset : self.page_offset + self.size]


class Shared:
    """The data area and `skb_shared_info` behind it: what clones have in common."""

    __slots__ = ("buf", "dataref", "frag_list", "frags", "tso_segs", "tso_size")

    def __init__(self, size: int) -> None:
        self.buf = bytearray(size)
        self.dataref = 1
        self.frags: list[Frag] = []
        self.frag_list: list[SkBuff] = []
        self.tso_segs = 0
        self.tso_size = 0


class TcpSkbCb:
    """`struct tcp_skb_cb`: what TCP notes on a segment; `flags` is the header's byte 13 (input: the IP tos)."""

    __slots__ = ("ack_seq", "end_seq", "flags", "sacked", "seq", "urg_ptr", "when")

    def __init__(self) -> None:
        self.seq = 0
        self.end_seq = 0
        self.when = 0
        self.flags = 0
        self.sacked = 0
        self.urg_ptr = 0
        self.ack_seq = 0


class SkBuff:
    """`struct sk_buff`."""

    __slots__ = (
        "IS_SKB", "cb", "cloned", "csum", "data", "data_len", "destructor", "dev", "dst", "end", "err", "freed", "h",
        "ip_summed", "iph", "len", "list", "local_df", "mac", "next", "nh", "number", "offset", "opt",
        "pkt_type", "prev", "priority", "protocol", "shared", "sk", "tail", "th", "truesize", "users",
    )  # fmt: skip

    def __init__(self, number: int, shared: Shared, end: int, truesize: int) -> None:
        self.IS_SKB = True
        self.number = number
        self.shared = shared
        self.end = end
        self.truesize = truesize
        self.next: SkBuff = self
        self.prev: SkBuff = self
        self.list: SkBuffHead | None = None
        self.sk: Any = None
        self.dev: NetDevice | None = None
        self.dst: Rtable | None = None
        self.cb = TcpSkbCb()
        self.opt: IpOptions | None = None
        self.data = 0
        self.tail = 0
        self.len = 0
        self.data_len = 0
        self.h = 0
        self.nh = 0
        self.mac = 0
        self.csum = 0
        self.ip_summed = CHECKSUM_NONE
        self.pkt_type = PACKET_HOST
        self.protocol = 0
        self.priority = 0
        self.local_df = 0
        self.cloned = False
        self.users = 1
        self.freed = False
        self.destructor: Callable[[Kernel, SkBuff], None] | None = None
        self.iph: IpHdr | None = None
        self.th: TcpHdr | None = None
        self.offset = 0
        self.err: Any = None

    def tobytes(self) -> bytes:
        """All bytes of the packet as they are now: linear part, fragments, further buffers."""
        shared = self.shared
        linear = bytes(memoryview(shared.buf)[self.data : self.tail])
        if not shared.frags and not shared.frag_list:
            return linear
        return b"".join(
            [linear, *(bytes(frag.view()) for frag in shared.frags), *(more.tobytes() for more in shared.frag_list)]
        )


class SkBuffHead(SkBuff):
    """`struct sk_buff_head`: a list of buffers; itself the sentinel before the first and behind the last."""

    __slots__ = ("qlen",)

    def __init__(self) -> None:
        super().__init__(0, _NOTHING, 0, 0)
        self.qlen = 0

    def __iter__(self) -> Iterator[SkBuff]:
        """The buffers, in order; the one at hand may be unlinked."""
        skb = self.next
        while skb is not self:
            after = skb.next
            yield skb
            skb = after

    def __len__(self) -> int:
        return self.qlen

    def __bool__(self) -> bool:
        return True


_NOTHING = Shared(0)


# making and freeing


def skb_data_align(k: Kernel, size: int) -> int:
    """`SKB_DATA_ALIGN`: up to whole cache lines."""
    line = k.machine.smp_cache_bytes
    return (size + line - 1) & ~(line - 1)


@skbuff_c
def alloc_skb(k: Kernel, size: int) -> SkBuff:
    """`alloc_skb`. Never fails here."""
    size = skb_data_align(k, size)
    k.skb_count += 1
    k.skb_alive += 1
    return SkBuff(k.skb_count, Shared(size), size, size + k.machine.sizeof_sk_buff)


@skbuff_c
def skb_clone(k: Kernel, skb: SkBuff) -> SkBuff:
    """`skb_clone`: another buffer over the same data, owned by nobody."""
    k.skb_count += 1
    k.skb_alive += 1
    n = SkBuff(k.skb_count, skb.shared, skb.end, skb.truesize)
    skb.shared.dataref += 1
    n.cloned = skb.cloned = True
    n.data, n.tail, n.len, n.data_len = skb.data, skb.tail, skb.len, skb.data_len
    n.h, n.nh, n.mac = skb.h, skb.nh, skb.mac
    n.csum, n.ip_summed = skb.csum, skb.ip_summed
    _copy_header(n, skb)
    return n


def _copy_header(n: SkBuff, skb: SkBuff) -> None:
    """`copy_skb_header`, as far as it is the same for clones and copies."""
    n.dev, n.dst, n.opt = skb.dev, skb.dst, skb.opt
    n.pkt_type, n.protocol, n.priority, n.local_df = skb.pkt_type, skb.protocol, skb.priority, skb.local_df
    n.iph, n.th, n.offset, n.err = skb.iph, skb.th, skb.offset, skb.err
    to, of = n.cb, skb.cb
    to.seq, to.end_seq, to.when, to.flags = of.seq, of.end_seq, of.when, of.flags
    to.sacked, to.urg_ptr, to.ack_seq = of.sacked, of.urg_ptr, of.ack_seq


@skbuff_c
def skb_copy(k: Kernel, skb: SkBuff) -> SkBuff:
    """`skb_copy`: private and linear."""
    n = alloc_skb(k, skb.end + skb.data_len)
    n.data = skb.data
    n.tail = n.data + skb.len
    n.len = skb.len
    n.shared.buf[: skb.data] = skb.shared.buf[: skb.data]
    n.shared.buf[n.data : n.tail] = skb.tobytes()
    n.csum, n.ip_summed = skb.csum, skb.ip_summed
    n.h, n.nh, n.mac = skb.h, skb.nh, skb.mac
    n.shared.tso_segs, n.shared.tso_size = skb.shared.tso_segs, skb.shared.tso_size
    _copy_header(n, skb)
    return n


@skbuff_c
def pskb_copy(k: Kernel, skb: SkBuff) -> SkBuff:
    """`pskb_copy`: the linear part private, the fragments shared."""
    n = alloc_skb(k, skb.end)
    n.data, n.tail, n.len, n.data_len = skb.data, skb.tail, skb.len, skb.data_len
    n.shared.buf[n.data : n.tail] = skb.shared.buf[skb.data : skb.tail]
    n.shared.frags = [Frag(frag.page, frag.page_offset, frag.size) for frag in skb.shared.frags]
    n.shared.frag_list = list(skb.shared.frag_list)
    n.csum, n.ip_summed = skb.csum, skb.ip_summed
    n.h, n.nh, n.mac = skb.h, skb.nh, skb.mac
    n.shared.tso_segs, n.shared.tso_size = skb.shared.tso_segs, skb.shared.tso_size
    _copy_header(n, skb)
    return n


def pskb_expand_head(k: Kernel, skb: SkBuff, nhead: int, ntail: int) -> None:
    """`pskb_expand_head`: a private data area, with more room before and behind. `truesize` stays."""
    old = skb.shared
    size = skb_data_align(k, nhead + skb.end + ntail)
    new = Shared(size)
    new.buf[nhead : nhead + skb.tail] = old.buf[: skb.tail]
    new.frags = [Frag(frag.page, frag.page_offset, frag.size) for frag in old.frags]
    new.frag_list = list(old.frag_list)
    new.tso_segs, new.tso_size = old.tso_segs, old.tso_size
    old.dataref -= 1
    skb.shared = new
    skb.end = size
    skb.data += nhead
    skb.tail += nhead
    skb.h += nhead
    skb.nh += nhead
    skb.mac += nhead
    skb.cloned = False


@skbuff_h
def kfree_skb(k: Kernel, skb: SkBuff) -> None:
    """`kfree_skb`: one user less; freed with the last."""
    skb.users -= 1
    if skb.users <= 0:
        __kfree_skb(k, skb)


@skbuff_c
def __kfree_skb(k: Kernel, skb: SkBuff) -> None:
    """`__kfree_skb`: what the socket was charged is given back."""
    if skb.freed:
        raise AssertionError(f"buffer {skb.number} freed twice")
    skb.freed = True
    k.skb_alive -= 1
    skb.dst = None
    if skb.destructor is not None:
        skb.destructor(k, skb)
    kfree_skbmem(k, skb)


@skbuff_c
def kfree_skbmem(k: Kernel, skb: SkBuff) -> None:
    """`kfree_skbmem`: the data, and the head that the allocator takes back (left out)."""
    skb_release_data(k, skb)


@skbuff_c
def skb_release_data(k: Kernel, skb: SkBuff) -> None:
    """`skb_release_data`: the last who uses the data frees them; pages are left to Python."""
    shared = skb.shared
    shared.dataref -= 1
    if shared.dataref <= 0 and shared.frag_list:
        skb_drop_fraglist(k, skb)


@skbuff_c
def skb_drop_fraglist(k: Kernel, skb: SkBuff) -> None:
    """`skb_drop_fraglist`: the buffers that hang on it."""
    pieces, skb.shared.frag_list = skb.shared.frag_list, []
    for more in pieces:
        kfree_skb(k, more)


def skb_cloned(skb: SkBuff) -> bool:
    """`skb_cloned`: are the data shared with a clone that still lives?"""
    return skb.cloned and skb.shared.dataref != 1


def linear_copy(k: Kernel, skb: SkBuff) -> Shared:
    """A data area that has everything: what `__skb_linearize` copies."""
    data = skb.tobytes()
    new = Shared(skb_data_align(k, max(skb.end, skb.data + len(data))))
    new.buf[: skb.data] = skb.shared.buf[: skb.data]
    new.buf[skb.data : skb.data + len(data)] = data
    new.tso_segs, new.tso_size = skb.shared.tso_segs, skb.shared.tso_size
    return new


def use_linear(skb: SkBuff, new: Shared) -> None:
    """Have a copy of `linear_copy` as data, the old ones having been released."""
    skb.shared = new
    skb.end = len(new.buf)
    skb.tail = skb.data + skb.len
    skb.data_len = 0
    skb.cloned = False


def flatten(k: Kernel, skb: SkBuff) -> None:
    """Everything into one data area, where the kernel reads piece by piece: no step of it, the pieces go unseen."""
    new, old = linear_copy(k, skb), skb.shared
    old.dataref -= 1
    for piece in old.frag_list if old.dataref <= 0 else ():
        piece.freed = True
        piece.shared.dataref -= 1
        k.skb_alive -= 1
    use_linear(skb, new)


# the linear part


def skb_reserve(skb: SkBuff, size: int) -> None:
    """`skb_reserve`."""
    skb.data += size
    skb.tail += size


def skb_put(skb: SkBuff, size: int) -> int:
    """`skb_put`: room at the end; the offset where it begins."""
    start = skb.tail
    skb.tail += size
    skb.len += size
    if skb.tail > skb.end:
        raise AssertionError(f"skb_over_panic: put {size}, tail {skb.tail}, end {skb.end}")
    return start


def __skb_push(skb: SkBuff, size: int) -> int:
    """`__skb_push`: room at the front that is known to be there; the offset where it begins."""
    skb.data -= size
    skb.len += size
    return skb.data


@skbuff_h
def skb_push(k: Kernel, skb: SkBuff, size: int) -> int:
    """`skb_push`: room at the front; the offset where it begins."""
    del k
    skb.data -= size
    skb.len += size
    if skb.data < 0:
        raise AssertionError(f"skb_under_panic: push {size}")
    return skb.data


def skb_pull(skb: SkBuff, size: int) -> None:
    """`__skb_pull`: the front is done with."""
    skb.len -= size
    skb.data += size


def skb_trim(skb: SkBuff, size: int) -> None:
    """`__skb_trim`, and `___pskb_trim` where there are fragments: cut the end off."""
    if size >= skb.len:
        return
    headlen = skb.len - skb.data_len
    if size <= headlen:
        skb.shared.frags.clear()
        skb.shared.frag_list.clear()
        skb.data_len = 0
        skb.tail = skb.data + size
        skb.len = size
        return
    left = size - headlen
    frags = []
    for frag in skb.shared.frags:
        if left <= 0:
            break
        frags.append(Frag(frag.page, frag.page_offset, min(frag.size, left)))
        left -= frag.size
    skb.shared.frags = frags
    skb.len = size
    skb.data_len = size - headlen


def skb_headlen(skb: SkBuff) -> int:
    """`skb_headlen`: size of the linear part."""
    return skb.len - skb.data_len


def skb_headroom(skb: SkBuff) -> int:
    """`skb_headroom`."""
    return skb.data


def skb_tailroom(skb: SkBuff) -> int:
    """`skb_tailroom`: none where there are fragments."""
    return 0 if skb.data_len else skb.end - skb.tail


def skb_copy_bits(skb: SkBuff, offset: int, size: int) -> bytes:
    """`skb_copy_bits`: `size` bytes from `offset` behind `data`, wherever they are."""
    if not skb.data_len:
        start = skb.data + offset
        return bytes(skb.shared.buf[start : start + size])
    return skb.tobytes()[offset : offset + size]


def skb_checksum(skb: SkBuff, offset: int, size: int, csum: int) -> int:
    """`skb_checksum`: sum over a part of the packet, added to `csum`."""
    if not skb.data_len:
        start = skb.data + offset
        return csum_partial(memoryview(skb.shared.buf)[start : start + size], csum)
    return csum_block_add(csum, csum_partial(skb.tobytes()[offset : offset + size]), 0)


# lists


def skb_queue_tail(queue: SkBuffHead, skb: SkBuff) -> None:
    """`__skb_queue_tail`."""
    skb_insert(skb, queue.prev, queue, queue)


def skb_queue_head(queue: SkBuffHead, skb: SkBuff) -> None:
    """`__skb_queue_head`."""
    skb_insert(skb, queue, queue.next, queue)


def skb_insert(skb: SkBuff, prev: SkBuff, following: SkBuff, queue: SkBuffHead) -> None:
    """`__skb_insert`: between two neighbours."""
    skb.next, skb.prev = following, prev
    prev.next = following.prev = skb
    skb.list = queue
    queue.qlen += 1


def skb_append(old: SkBuff, skb: SkBuff) -> None:
    """`__skb_append`: right behind another."""
    queue = old.list
    if queue is None:
        raise AssertionError("append behind a buffer that is on no list")
    skb_insert(skb, old, old.next, queue)


def skb_unlink(skb: SkBuff) -> None:
    """`__skb_unlink`."""
    queue = skb.list
    if queue is None:
        raise AssertionError("unlink a buffer that is on no list")
    queue.qlen -= 1
    skb.next.prev = skb.prev
    skb.prev.next = skb.next
    skb.next = skb.prev = skb
    skb.list = None


def skb_dequeue(queue: SkBuffHead) -> SkBuff | None:
    """`__skb_dequeue`."""
    skb = queue.next
    if skb is queue:
        return None
    skb_unlink(skb)
    return skb


def skb_peek(queue: SkBuffHead) -> SkBuff | None:
    """`skb_peek`: the first."""
    return None if queue.next is queue else queue.next


def skb_peek_tail(queue: SkBuffHead) -> SkBuff | None:
    """`skb_peek_tail`: the last."""
    return None if queue.prev is queue else queue.prev


@skbuff_c
def skb_queue_purge(k: Kernel, queue: SkBuffHead) -> None:
    """`skb_queue_purge`: all of a queue is freed."""
    while (skb := skb_dequeue(queue)) is not None:
        kfree_skb(k, skb)


@skbuff_h
def __skb_queue_purge(k: Kernel, queue: SkBuffHead) -> None:
    """`__skb_queue_purge`: the same, under a lock that is held."""
    while (skb := skb_dequeue(queue)) is not None:
        kfree_skb(k, skb)
