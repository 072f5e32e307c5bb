"""net/ipv4/ip_output.c, second half: a datagram put together from pieces, and answers without a socket."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from errno import EFAULT
from errno import EMSGSIZE
from errno import ENOBUFS
from typing import TYPE_CHECKING
from typing import Any

from xref.stack import ip_options
from xref.stack import ip_output
from xref.stack import ip_sockglue
from xref.stack import netfilter
from xref.stack import route
from xref.stack import sockcore
from xref.stack import uaccess
from xref.stack.checksum import csum_add
from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.checksum import csum_sub
from xref.stack.headers import IP_DF
from xref.stack.headers import IPHDR
from xref.stack.headers import NETIF_F_HW_CSUM
from xref.stack.headers import NETIF_F_IP_CSUM
from xref.stack.headers import NETIF_F_NO_CSUM
from xref.stack.headers import NETIF_F_SG
from xref.stack.kernel import atomic
from xref.stack.netfilter import nf_hook
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.skbuff import CHECKSUM_NONE
from xref.stack.skbuff import MAX_SKB_FRAGS
from xref.stack.skbuff import PAGE_SIZE
from xref.stack.skbuff import Frag
from xref.stack.skbuff import Page
from xref.stack.skbuff import SkBuff
from xref.stack.skbuff import kfree_skb
from xref.stack.skbuff import skb_copy_bits
from xref.stack.skbuff import skb_dequeue
from xref.stack.skbuff import skb_peek
from xref.stack.skbuff import skb_peek_tail
from xref.stack.skbuff import skb_pull
from xref.stack.skbuff import skb_put
from xref.stack.skbuff import skb_queue_tail
from xref.stack.skbuff import skb_reserve
from xref.stack.skbuff import skb_trim
from xref.stack.skbuff import skb_unlink
from xref.stack.sock import IP_PMTUDISC_DO
from xref.stack.sock import IPCORK_OPT
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.ip_options import IpOptions
    from xref.stack.kernel import Kernel
    from xref.stack.memory import Iovec
    from xref.stack.route import Rtable
    from xref.stack.sock import InetSock

ip_output_c = source("net/ipv4/ip_output.c", "ip")

MSG_PROBE = 0x10
MSG_DONTWAIT = 0x40
MSG_MORE = 0x8000

# (kernel, the message, the buffer that the bytes are for, offset in the message, size, where in the buffer): the bytes,
# None where their memory cannot be read. It also adds them to the buffer's sum.
GetFrag = Callable[["Kernel", Any, SkBuff, int, int, int], bytes | None]


class IpcmCookie:
    """`struct ipcm_cookie`: where a datagram goes, and with which options."""

    def __init__(self, addr: int = 0, opt: IpOptions | None = None) -> None:
        self.addr = addr
        self.opt = opt
        self.oif = 0


@ip_output_c
def ip_append_data(
    k: Kernel,
    sk: InetSock,
    getfrag: GetFrag,
    message: Any,
    length: int,
    transhdrlen: int,
    ipc: IpcmCookie | None,
    rt: Rtable | None,
    flags: int,
) -> Generator[None, None, int]:
    """`ip_append_data`: more data for the datagram that waits on the socket, cut into what will be its fragments."""
    if flags & MSG_PROBE:
        return 0
    cork = sk.cork
    opt: IpOptions | None = None
    if not sk.sk_write_queue.qlen:
        opt = ipc.opt if ipc is not None else None
        if ipc is not None and opt is not None:
            cork.opt = opt.copy()
            cork.flags |= IPCORK_OPT
            cork.addr = ipc.addr
        if rt is None:
            raise AssertionError("a datagram without a route")
        cork.fragsize = mtu = rt.mtu
        cork.rt = rt
        cork.length = 0
        sk.sk_sndmsg_page = None
        sk.sk_sndmsg_off = 0
    else:
        rt = cork.rt
        if rt is None:
            raise AssertionError("a datagram without a route")
        opt = cork.opt if cork.flags & IPCORK_OPT else None
        transhdrlen = 0
        mtu = cork.fragsize
    fragheaderlen = 20 + (opt.optlen if opt is not None else 0)
    if cork.length + length > 0xFFFF - fragheaderlen:
        ip_sockglue.ip_local_error(k, sk, EMSGSIZE, rt.rt_dst, sk.dport, mtu)
        return -EMSGSIZE
    csummode = CHECKSUM_NONE
    hardware = NETIF_F_IP_CSUM | NETIF_F_NO_CSUM | NETIF_F_HW_CSUM
    if transhdrlen and length + fragheaderlen <= mtu and rt.dev.features & hardware:
        csummode = CHECKSUM_HW
    cork.length += length
    err, left = yield from _append(
        k, sk, getfrag, message, length, transhdrlen, rt, flags, mtu, fragheaderlen, csummode
    )
    if err:
        cork.length -= left
    return err


def _append(
    k: Kernel,
    sk: InetSock,
    getfrag: GetFrag,
    message: Any,
    length: int,
    transhdrlen: int,
    rt: Rtable,
    flags: int,
    mtu: int,
    fragheaderlen: int,
    csummode: int,
) -> Generator[None, None, tuple[int, int]]:
    """The loop of ip_append_data. Error, and how much was left then."""
    maxfraglen = ((mtu - fragheaderlen) & ~7) + fragheaderlen
    scattered = bool(rt.dev.features & NETIF_F_SG)
    skb = skb_peek_tail(sk.sk_write_queue)
    offset = 0
    first = skb is None
    while length > 0 or first:
        first = False
        copy = 0
        if skb is not None:
            copy = mtu - skb.len
            if copy < length:
                copy = maxfraglen - skb.len
        if skb is None or copy <= 0:
            fraggap = skb.len - maxfraglen if skb is not None else 0
            datalen = length + fraggap
            if datalen > mtu - fragheaderlen:
                datalen = maxfraglen - fragheaderlen
            alloclen = mtu if flags & MSG_MORE and not scattered else datalen + fragheaderlen
            new: SkBuff | None
            if transhdrlen:
                new, err = yield from sockcore.sock_alloc_send_skb(
                    k, sk, alloclen + ip_output.LL_RESERVED + 15, bool(flags & MSG_DONTWAIT)
                )
            else:
                new, err = None, -ENOBUFS
                if sk.sk_wmem_alloc <= 2 * sk.sk_sndbuf:
                    new = sockcore.sock_wmalloc(k, sk, alloclen + ip_output.LL_RESERVED + 15, True)
            if new is None:
                return err, length
            prev, skb = skb, new
            skb.ip_summed = csummode
            skb_reserve(skb, ip_output.LL_RESERVED)
            start = skb_put(skb, datalen + fragheaderlen)
            skb.nh = start
            skb.h = data = start + fragheaderlen
            if fraggap and prev is not None:
                moved = skb_copy_bits(prev, maxfraglen, fraggap)
                skb.shared.buf[data + transhdrlen : data + transhdrlen + fraggap] = moved
                skb.csum = csum_partial(moved)
                prev.csum = csum_sub(prev.csum, skb.csum)
                data += fraggap
                skb_trim(prev, maxfraglen)
            copy = datalen - transhdrlen - fraggap
            if copy > 0:
                content = getfrag(k, message, skb, offset, copy, fraggap)
                if content is None:
                    kfree_skb(k, skb)
                    return -EFAULT, length
                skb.shared.buf[data + transhdrlen : data + transhdrlen + copy] = content
            offset += max(copy, 0)
            length -= datalen - fraggap
            transhdrlen = 0
            csummode = CHECKSUM_NONE
            skb_queue_tail(sk.sk_write_queue, skb)
            continue
        copy = min(copy, length)
        err, done = _append_tail(k, sk, getfrag, message, skb, offset, copy, scattered)
        if err:
            return err, length
        offset += done
        length -= done
    return 0, 0


def _append_tail(
    k: Kernel, sk: InetSock, getfrag: GetFrag, message: Any, skb: SkBuff, offset: int, copy: int, scattered: bool
) -> tuple[int, int]:
    """More bytes into the last buffer: its linear room, or pages where the device can gather."""
    before = skb.len
    if not scattered:
        content = getfrag(k, message, skb, offset, copy, before)
        if content is None:
            return -EFAULT, 0
        at = skb_put(skb, copy)
        skb.shared.buf[at : at + copy] = content
    else:
        frags = skb.shared.frags
        page, off = sk.sk_sndmsg_page, sk.sk_sndmsg_off
        if page is not None and off < PAGE_SIZE:
            copy = min(copy, PAGE_SIZE - off)
            if not frags or frags[-1].page is not page:
                if len(frags) == MAX_SKB_FRAGS:
                    return -EMSGSIZE, 0
                frags.append(Frag(page, off, 0))
        elif len(frags) < MAX_SKB_FRAGS:
            copy = min(copy, PAGE_SIZE)
            page, off = Page(), 0
            sk.sk_sndmsg_page, sk.sk_sndmsg_off = page, 0
            frags.append(Frag(page, 0, 0))
            skb.truesize += PAGE_SIZE
            sk.sk_wmem_alloc += PAGE_SIZE
        else:
            return -EMSGSIZE, 0
        content = getfrag(k, message, skb, offset, copy, before)
        if content is None:
            return -EFAULT, 0
        page.data[off : off + copy] = content
        sk.sk_sndmsg_off += copy
        frags[-1].size += copy
        skb.len += copy
        skb.data_len += copy
    return 0, copy


@ip_output_c
def ip_generic_getfrag(k: Kernel, iov: list[Iovec], skb: SkBuff, offset: int, size: int, odd: int) -> bytes | None:
    """`ip_generic_getfrag`: from the program's memory; summed on the way, unless the card does that."""
    content = uaccess.read_iovec(k, iov, offset, size)
    if content is not None and skb.ip_summed != CHECKSUM_HW:
        skb.csum = csum_block_add(skb.csum, csum_partial(content), odd)
    return content


@ip_output_c
def ip_push_pending_frames(k: Kernel, sk: InetSock) -> int:
    """`ip_push_pending_frames`: the pieces become one packet with a list of fragments, and go."""
    cork = sk.cork
    skb = skb_dequeue(sk.sk_write_queue)
    err = 0
    if skb is not None:
        rt = cork.rt
        if rt is None:
            raise AssertionError("a datagram without a route")
        if skb.data < skb.nh:
            skb_pull(skb, skb.nh - skb.data)
        while (piece := skb_dequeue(sk.sk_write_queue)) is not None:
            skb_pull(piece, skb.h - skb.nh)
            skb.shared.frag_list.append(piece)
            skb.len += piece.len
            skb.data_len += piece.len
            skb.truesize += piece.truesize
            piece.destructor = None
            piece.sk = None
        if sk.pmtudisc != IP_PMTUDISC_DO:
            skb.local_df = 1
        df = sk.pmtudisc == IP_PMTUDISC_DO or (not skb.shared.frag_list and ip_output.ip_dont_fragment(sk, rt))
        opt = cork.opt if cork.flags & IPCORK_OPT else None
        ihl = 5 + (opt.optlen >> 2 if opt is not None else 0)
        if df:
            ident, sk.id = sk.id & 0xFFFF, sk.id + 1
        else:
            ident = route.__ip_select_ident(k, rt, 0)
        IPHDR.pack_into(
            skb.shared.buf, skb.nh, 0x40 | ihl, sk.tos, skb.len, ident, IP_DF if df else 0,
            sk.mc_ttl if rt.rt_type == route.RTN_MULTICAST else ip_output.ip_select_ttl(sk, rt),
            sk.sk_protocol, 0, rt.rt_src, rt.rt_dst,
        )  # fmt: skip
        if opt is not None:
            ip_options.ip_options_build(k, skb, opt, cork.addr, rt, False)
        ip_output.ip_send_check(k, skb)
        skb.priority = sk.sk_priority
        skb.dst = rt
        err = nf_hook(k, netfilter.PF_INET, netfilter.NF_IP_LOCAL_OUT, skb, None, rt.dev, ip_output.dst_output)
        if err > 0:
            err = -ENOBUFS if sk.recverr and err != 2 else 0
    _uncork(sk)
    return err


def _uncork(sk: InetSock) -> None:
    sk.cork.flags &= ~IPCORK_OPT
    sk.cork.opt = None
    sk.cork.rt = None


@ip_output_c
def ip_flush_pending_frames(k: Kernel, sk: InetSock) -> None:
    """`ip_flush_pending_frames`: the pieces are dropped."""
    while (skb := skb_peek_tail(sk.sk_write_queue)) is not None:
        skb_unlink(skb)
        kfree_skb(k, skb)
    _uncork(sk)


@ip_output_c
def ip_reply_glue_bits(k: Kernel, data: bytes, skb: SkBuff, offset: int, size: int, odd: int) -> bytes:
    """`ip_reply_glue_bits`: from the kernel's own memory, summed on the way."""
    del k
    content = data[offset : offset + size]
    skb.csum = csum_block_add(skb.csum, csum_partial(content), odd)
    return content


@ip_output_c
def ip_send_reply(k: Kernel, sk: InetSock, skb: SkBuff, data: bytes, csum: int, csumoffset: int) -> None:
    """`ip_send_reply`: an answer to a packet, from a socket that is nobody's (TCP's resets and acknowledgements).

    `csum` is the sum of the pseudo header; the checksum goes to `csumoffset` of `data`.
    """
    rt, iph, th = skb.dst, skb.iph, skb.th
    if rt is None or iph is None or th is None:
        return
    replyopts = ip_options.ip_options_echo(k, skb)
    ipc = IpcmCookie(rt.rt_src, replyopts if replyopts.optlen else None)
    out, _ = route.ip_route_output_key(k, rt.rt_src, rt.rt_spec_dst, iph.tos & route.IPTOS_RT_MASK)
    if out is None:
        return
    sk.tos = iph.tos
    sk.sk_priority = skb.priority
    sk.sk_protocol = iph.protocol
    atomic(ip_append_data(k, sk, ip_reply_glue_bits, data, len(data), 0, ipc, out, MSG_DONTWAIT))
    first = skb_peek(sk.sk_write_queue)
    if first is not None:
        at = first.h + csumoffset
        first.shared.buf[at : at + 2] = csum_fold(csum_add(first.csum, csum)).to_bytes(2, "big")
        first.ip_summed = CHECKSUM_NONE
        ip_push_pending_frames(k, sk)
