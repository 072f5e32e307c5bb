"""net/ipv4/netfilter: the hooks of the filter and mangle tables and of connection tracking.

A rule is a verdict for all packets of a hook. Left out: matches, chains, counters; of connection tracking all but that
a connection is known by its addresses and ports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xref.stack import netfilter
from xref.stack.headers import IpHdr
from xref.stack.netfilter import NfHookOps
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel
    from xref.stack.skbuff import SkBuff

filter_c = source("net/ipv4/netfilter/iptable_filter.c", "netfilter")
mangle_c = source("net/ipv4/netfilter/iptable_mangle.c", "netfilter")
ip_tables_c = source("net/ipv4/netfilter/ip_tables.c", "netfilter")
conntrack_c = source("net/ipv4/netfilter/ip_conntrack_standalone.c", "netfilter")
core_c = source("net/ipv4/netfilter/ip_conntrack_core.c", "netfilter")

HOOKS = {"PRE_ROUTING": 0, "LOCAL_IN": 1, "FORWARD": 2, "LOCAL_OUT": 3, "POST_ROUTING": 4}
NF_IP_PRI_CONNTRACK = -200
NF_IP_PRI_MANGLE = -150
NF_IP_PRI_FILTER = 0
PORTS = (6, 17)


def append_rule(k: Kernel, hook: str, verdict: int) -> None:
    """`iptables -A`: from now on that verdict on whatever passes the hook, in the table that has this hook."""
    number = HOOKS[hook]
    k.ipt_verdicts[number] = verdict
    if hook == "LOCAL_OUT":
        ops = NfHookOps(ipt_local_out_hook, NF_IP_PRI_FILTER)
    elif hook in ("LOCAL_IN", "FORWARD"):
        ops = NfHookOps(lambda k, skb: ipt_hook(k, skb, number), NF_IP_PRI_FILTER)
    else:
        ops = NfHookOps(lambda k, skb: ipt_route_hook(k, skb, number), NF_IP_PRI_MANGLE)
    netfilter.nf_register_hook(k, netfilter.PF_INET, number, ops)


@filter_c
def ipt_hook(k: Kernel, skb: SkBuff, hook: int) -> int:
    """`ipt_hook`: what is for this host, or goes through it."""
    return ipt_do_table(k, skb, hook)


@filter_c
def ipt_local_out_hook(k: Kernel, skb: SkBuff) -> int:
    """`ipt_local_out_hook`: what this host sends."""
    return ipt_do_table(k, skb, HOOKS["LOCAL_OUT"])


@mangle_c
def ipt_route_hook(k: Kernel, skb: SkBuff, hook: int) -> int:
    """`ipt_route_hook`: the hooks that the filter table does not have."""
    return ipt_do_table(k, skb, hook)


@ip_tables_c
def ipt_do_table(k: Kernel, skb: SkBuff, hook: int) -> int:
    """`ipt_do_table`: the verdict of the rules of a hook."""
    del skb
    return k.ipt_verdicts[hook]


def load_conntrack(k: Kernel) -> None:
    """`modprobe ip_conntrack`: connections of this host are tracked from their first packet."""
    out = NfHookOps(ip_conntrack_local, NF_IP_PRI_CONNTRACK)
    netfilter.nf_register_hook(k, netfilter.PF_INET, HOOKS["LOCAL_OUT"], out)
    into = NfHookOps(ip_conntrack_in, NF_IP_PRI_CONNTRACK)
    netfilter.nf_register_hook(k, netfilter.PF_INET, HOOKS["PRE_ROUTING"], into)


@conntrack_c
def ip_conntrack_local(k: Kernel, skb: SkBuff) -> int:
    """`ip_conntrack_local`: what this host sends is tracked before any rule sees it."""
    return ip_conntrack_in(k, skb)


@core_c
def ip_conntrack_in(k: Kernel, skb: SkBuff) -> int:
    """`ip_conntrack_in`: the connection of a packet, known by either direction; made with its first one."""
    iph = IpHdr(skb.shared.buf, skb.nh)
    ports = (0, 0)
    if iph.protocol in PORTS:
        at = skb.nh + iph.ihl * 4
        first, second = (int.from_bytes(skb.shared.buf[at + n : at + n + 2], "big") for n in (0, 2))
        ports = (first, second)
    ours = (iph.protocol, iph.saddr, iph.daddr, *ports)
    reply = (iph.protocol, iph.daddr, iph.saddr, *reversed(ports))
    if reply in k.conntracks:
        if not k.conntracks[reply]:
            k.note("connection_replied")
        k.conntracks[reply] = True
    elif ours not in k.conntracks:
        k.note("connection_new")
        k.conntracks[ours] = False
    return netfilter.NF_ACCEPT
