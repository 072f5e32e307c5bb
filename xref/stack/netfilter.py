"""net/core/netfilter.c: hooks through which a packet may be dropped. Left out: queueing to user space, rule tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from errno import EPERM
from typing import TYPE_CHECKING

from xref.stack.skbuff import kfree_skb
from xref.stack.trace import source

if TYPE_CHECKING:
    from xref.stack.device import NetDevice
    from xref.stack.kernel import Kernel
    from xref.stack.skbuff import SkBuff

netfilter_c = source("net/core/netfilter.c", "netfilter")

PF_INET = 2
NF_ARP = 0

NF_IP_PRE_ROUTING = 0
NF_IP_LOCAL_IN = 1
NF_IP_FORWARD = 2
NF_IP_LOCAL_OUT = 3
NF_IP_POST_ROUTING = 4
NF_ARP_IN = 0
NF_ARP_OUT = 1

NF_DROP = 0
NF_ACCEPT = 1

OkFn = Callable[["Kernel", "SkBuff"], int]


@dataclass
class NfHookOps:
    """`struct nf_hook_ops`: `hook` gives a verdict on a packet."""

    hook: Callable[[Kernel, SkBuff], int]
    priority: int = 0


def nf_register_hook(k: Kernel, pf: int, hooknum: int, ops: NfHookOps) -> None:
    """`nf_register_hook`: in the order of priorities."""
    hooks = k.nf_hooks.setdefault((pf, hooknum), [])
    hooks.append(ops)
    hooks.sort(key=lambda one: one.priority)


def nf_hook(
    k: Kernel, pf: int, hook: int, skb: SkBuff, indev: NetDevice | None, outdev: NetDevice | None, okfn: OkFn
) -> int:
    """`NF_HOOK`, a macro: straight on where nobody has registered."""
    if not k.nf_hooks.get((pf, hook)):
        return okfn(k, skb)
    return nf_hook_slow(k, skb, pf, hook, indev, outdev, okfn)


@netfilter_c
def nf_hook_slow(
    k: Kernel, skb: SkBuff, pf: int, hook: int, indev: NetDevice | None, outdev: NetDevice | None, okfn: OkFn
) -> int:
    """`nf_hook_slow`: on if all hooks accept, else freed with EPERM. (The buffer is the first argument here.)"""
    if nf_iterate(k, skb, pf, hook) == NF_ACCEPT:
        return okfn(k, skb)
    device = indev or outdev
    k.note("netfilter_drop", hook=hook, device=device.name if device else "")
    kfree_skb(k, skb)
    return -EPERM


@netfilter_c
def nf_iterate(k: Kernel, skb: SkBuff, pf: int, hook: int) -> int:
    """`nf_iterate`: the first verdict that is not accept."""
    for ops in k.nf_hooks[pf, hook]:
        verdict = ops.hook(k, skb)
        if verdict != NF_ACCEPT:
            return verdict
    return NF_ACCEPT
