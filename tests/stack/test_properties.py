"""What holds at every step of a transfer, whatever is sent, cut and lost: looked at in the sockets as they are."""

from __future__ import annotations

from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from xref.stack import scenario
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.scenario import Scenario
from xref.stack.skbuff import CHECKSUM_HW
from xref.stack.sock import TcpSock
from xref.stack.tcp_defs import TCPCB_FLAG_FIN
from xref.stack.tcp_defs import TCPCB_FLAG_SYN
from xref.stack.tcp_defs import before
from xref.stack.tcp_defs import tcp_packets_in_flight
from xref.stack.trace import Function
from xref.stack.trace import Trace

U32 = 0xFFFFFFFF
SYN_SENT = 2
#: CLOSE and LISTEN, in which nothing is numbered; nor is it in SYN_SENT before the SYN has gone
NO_SEQUENCES = (7, 10)
#: whoever sends what was never sent before
NEW_DATA = ("tcp_write_xmit", "tcp_push_one")


class Watcher(Trace):
    """Keeps no steps; looks at the sockets instead, each time one of their functions is entered or left."""

    def __init__(self, kernel: Any) -> None:
        super().__init__(kernel, limit=0)
        self.looked = self.sent = self.again = self.summed = 0
        self.broken: list[str] = []

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.broken.append(f"{self.kernel.loop.now} us, in {self.name(self._top())}: {what}")

    def enter(self, function: Function, args: tuple[Any, ...]) -> None:
        if function.name == "tcp_transmit_skb":
            self._transmit(args[0], args[1], self.name(self._top()) or "")
        elif function.name == "tcp_v4_send_check":
            self._check(args[1], args[2])
        super().enter(function, args)

    def _objects(self, args: tuple[Any, ...]) -> Any:
        for sk in args[:3]:
            if (
                isinstance(sk, TcpSock)
                and sk.sk_state not in NO_SEQUENCES
                and (sk.sk_state != SYN_SENT or sk.packets_out)
            ):
                self.looked += 1
                self.expect(not before(sk.snd_nxt, sk.snd_una), f"snd_una {sk.snd_una} > snd_nxt {sk.snd_nxt}")
                self.expect(not before(sk.write_seq, sk.snd_nxt), f"snd_nxt {sk.snd_nxt} > write_seq {sk.write_seq}")
                self.expect(not before(sk.rcv_nxt, sk.copied_seq), "more was read than has come")
                lost = sk.sacked_out + sk.lost_out
                self.expect(0 <= lost <= sk.packets_out, f"{lost} lost or arrived of {sk.packets_out}")
                self.expect(0 <= sk.retrans_out <= sk.packets_out, f"{sk.retrans_out} again of {sk.packets_out}")
        return 0, None, 0, None

    def _transmit(self, sk: TcpSock, skb: Any, caller: str) -> None:
        cb = skb.cb
        mss = min(sk.mss_cache_std, sk.rx_opt.mss_clamp)
        self.expect(skb.len <= mss, f"a segment of {skb.len} bytes where {mss} are the most")
        if cb.flags & TCPCB_FLAG_SYN or not skb.len:
            return
        window = (sk.snd_una + sk.snd_wnd) & U32
        if caller in NEW_DATA:
            self.sent += 1
            in_flight = tcp_packets_in_flight(sk)
            fits = in_flight < sk.snd_cwnd or bool(cb.flags & TCPCB_FLAG_FIN)
            self.expect(fits, f"{in_flight} in flight where {sk.snd_cwnd} are the most")
            self.expect(not before(window, cb.end_seq), f"up to {cb.end_seq} where the peer takes up to {window}")
        elif caller == "tcp_retransmit_skb":
            self.again += 1
            self.expect(before(cb.seq, window) or cb.seq == sk.snd_una, f"{cb.seq} again, beyond {window}")

    def _check(self, skb: Any, header_size: int) -> None:
        if skb.ip_summed != CHECKSUM_HW:
            self.summed += 1
            whole = csum_fold(csum_partial(skb.tobytes()[header_size:]))
            self.expect(csum_fold(skb.csum) == whole, "the sum built while copying is not that of the bytes")


def _watched(pieces: list[int], sndbuf: int, rcvbuf: int, options: dict[str, Any]) -> Watcher:
    total = sum(pieces)
    client = [["socket", "s", "SOCK_STREAM"], ["option", "s", "SO_SNDBUF", sndbuf], ["connect", "s"]]
    client += [["write_all", "s", size, size] for size in pieces] + [["close", "s"]]
    server = [["socket", "l", "SOCK_STREAM"], ["option", "l", "SO_RCVBUF", rcvbuf], ["bind", "l", 80], ["listen", "l"]]
    server += [["accept", "l", "c"], ["sleep", 30], ["drain", "c"], ["close", "c"], ["close", "l"]]
    made = Scenario("watched", "A property.", "tcp4", client, server)
    with mock.patch.object(scenario, "Trace", Watcher):
        run = scenario.run(made, {"payload": total, **options})
    assert bytes(run.programs["server"].received["c"]) == scenario.payload(total)
    for host in run.hosts.values():
        assert not any(host.leaks().values()), host.name
    assert isinstance(run.trace, Watcher)
    return run.trace


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(st.integers(1, 9000), min_size=1, max_size=8),
    sndbuf=st.integers(2048, 65536),
    rcvbuf=st.integers(2048, 65536),
    mss=st.integers(200, 1460),
    drop=st.lists(st.integers(1, 40), max_size=6, unique=True),
    loss=st.sampled_from([0.0, 0.0, 3.0]),
    offload=st.booleans(),
    delay=st.sampled_from([100, 5000, 40000]),
)
def test_bounds_hold_at_every_step(pieces, sndbuf, rcvbuf, mss, drop, loss, offload, delay):
    options = {"mss": mss, "drop": drop, "loss": loss, "delay": delay, "offload": offload}
    watcher = _watched(pieces, sndbuf, rcvbuf, options)
    assert not watcher.broken, watcher.broken[:3]
    assert watcher.looked > 50
    assert watcher.sent
    assert offload or watcher.summed > watcher.sent


@settings(max_examples=10, deadline=None)
@given(size=st.integers(50_000, 150_000), loss=st.integers(1, 10), seed=st.integers(0, 1000))
def test_bounds_hold_in_recovery(size, loss, seed):
    watcher = _watched([size], 65536, 65536, {"loss": float(loss), "seed": seed, "delay": 5000})
    assert not watcher.broken, watcher.broken[:3]


def test_a_watcher_sees_what_is_broken():
    """The checks above can fail: a sum that is not that of the bytes is told."""
    real = csum_partial

    def wrong(data: Any, start: int = 0) -> int:
        return real(data, start) ^ 1

    with mock.patch("xref.stack.tcp.csum_partial", wrong), mock.patch.object(scenario, "LONGEST", 1_000_000):
        client = [["socket", "s", "SOCK_STREAM"], ["connect", "s"], ["write", "s", 100], ["close", "s"]]
        listen = [["socket", "l", "SOCK_STREAM"], ["bind", "l", 80], ["listen", "l"], ["accept", "l", "c"]]
        with mock.patch.object(scenario, "Trace", Watcher):
            trace = scenario.run(Scenario("wrong", "A wrong sum.", "tcp4", client, listen)).trace
    assert isinstance(trace, Watcher)
    assert "the sum built while copying" in trace.broken[0]
