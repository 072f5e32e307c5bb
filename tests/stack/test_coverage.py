"""Which edges of a TCP send some scenario takes, of those that were read off 2.6.11's source by hand (shared/truth)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xref.stack import scenario
from xref.stack.trace import ENTER

TRUTH = next(
    (up / "shared/truth/send_tcp.json" for up in Path(__file__).resolve().parents if (up / "shared/truth").is_dir()),
    None,
)
#: the instructions by which a program gets in; a trace begins with the function of the system call
ENTRY = "system_call"

_SYSENTER = "sysenter is another way in than int 0x80, to the same functions; a trace begins behind both"
_KIOCB = "only after -EIOCBQUEUED, which no protocol of 2.6.11's network returns"
_TSO = "compiled only where LOOPBACK_TSO is defined, which it is not"
_QUEUE = "verdict NF_QUEUE hands the packet to a program by netlink, which is left out"
UNTAKEN = {
    ("sysenter_entry", "sys_write"): _SYSENTER,
    ("sysenter_entry", "sys_writev"): _SYSENTER,
    ("sysenter_entry", "sys_socketcall"): _SYSENTER,
    ("sock_sendmsg", "wait_on_sync_kiocb"): _KIOCB,
    ("do_sync_write", "wait_on_sync_kiocb"): _KIOCB,
    ("loopback_xmit", "emulate_large_send_offload"): _TSO,
    ("emulate_large_send_offload", "netif_rx"): _TSO,
    ("nf_hook_slow", "nf_queue"): _QUEUE,
    ("nf_reinject", "dst_output"): _QUEUE,
    ("skb_copy_to_page", "csum_and_copy_from_user"): (
        "pages are only used on a device that gathers, and register_netdevice takes that from one without checksums"
    ),
    ("ip_finish_output2", "skb_realloc_headroom"): (
        "TCP leaves MAX_TCP_HEADER bytes in front, more than the header of any device that is modelled"
    ),
}


@pytest.fixture(scope="module", name="taken")
def _taken():
    found = set()
    for one in scenario.load().values():
        trace = scenario.run(one).trace
        found |= set(trace.edges())
        entered = {trace.name(step[1]) for step in trace.steps if step[0] == ENTER and step[2] < 0}
        found |= {(ENTRY, name) for name in entered if name.startswith("sys_")}
    return found


@pytest.mark.skipif(TRUTH is None, reason="no shared/truth beside this checkout")
def test_nine_edges_in_ten_of_a_send_are_taken(taken):
    edges = [(edge["caller"], edge["callee"]) for edge in json.loads(TRUTH.read_text(encoding="utf-8"))]
    missing = {edge for edge in edges if edge not in taken}
    assert missing == set(UNTAKEN)
    assert sum(edge in taken for edge in edges) >= 0.9 * len(edges)
