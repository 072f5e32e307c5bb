"""Properties: whatever is sent, cut and lost, the receiver gets it once and in order, and the sender keeps its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from xref.stack import scenario
from xref.stack.checksum import csum_block_add
from xref.stack.checksum import csum_fold
from xref.stack.checksum import csum_partial
from xref.stack.scenario import Scenario

SERVER = [["socket", "l", "SOCK_STREAM"], ["bind", "l", 80], ["listen", "l"], ["accept", "l", "c"], ["drain", "c"], ["close", "c"], ["close", "l"]]


def _transfer(pieces, sndbuf, rcvbuf, options):
    total = sum(pieces)
    client = [["socket", "s", "SOCK_STREAM"], ["option", "s", "SO_SNDBUF", sndbuf], ["connect", "s"]]
    client += [["write_all", "s", size, size] for size in pieces] + [["close", "s"]]
    server = [SERVER[0], ["option", "l", "SO_RCVBUF", rcvbuf], *SERVER[1:]]
    made = Scenario("transfer", "A property.", "tcp4", client, server)
    return scenario.run(made, {"payload": total, **options}, trace=False)


def _segments(run):
    for _, name, frame in run.frames:
        if frame[12:14] == b"\x08\x00" and frame[23] == 6:
            at = 14 + (frame[14] & 15) * 4
            size = int.from_bytes(frame[16:18], "big") - (at - 14) - (frame[at + 12] >> 4) * 4
            yield name, frame, at, size


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(st.integers(1, 9000), min_size=1, max_size=8),
    sndbuf=st.integers(2048, 65536),
    rcvbuf=st.integers(2048, 65536),
    mss=st.integers(200, 1460),
    drop=st.lists(st.integers(1, 40), max_size=6, unique=True),
    delay=st.sampled_from([100, 5000, 40000]),
)
def test_the_receiver_gets_what_was_sent(pieces, sndbuf, rcvbuf, mss, drop, delay):
    run = _transfer(pieces, sndbuf, rcvbuf, {"mss": mss, "drop": drop, "delay": delay})
    assert bytes(run.programs["server"].received["c"]) == scenario.payload(sum(pieces))
    for host in run.hosts.values():
        assert not any(host.leaks().values())
    assert all(size <= mss for _, _, _, size in _segments(run))


@settings(max_examples=15, deadline=None)
@given(size=st.integers(1, 60000), loss=st.integers(0, 8), seed=st.integers(0, 1000))
def test_random_loss_both_ways(size, loss, seed):
    run = _transfer([size], 16384, 32768, {"loss": float(loss), "seed": seed, "delay": 2000})
    assert bytes(run.programs["server"].received["c"]) == scenario.payload(size)


@settings(max_examples=30, deadline=None)
@given(size=st.integers(1, 60000), rcvbuf=st.integers(2048, 20000))
def test_never_more_than_the_window_that_was_offered(size, rcvbuf):
    run = _transfer([size], 32768, rcvbuf, {"delay": 5000, "sysctl": {}})
    edge = None
    scale = 0
    for name, frame, at, length in _segments(run):
        seq, ack = (int.from_bytes(frame[at + n : at + n + 4], "big") for n in (4, 8))
        window = int.from_bytes(frame[at + 14 : at + 16], "big")
        if name == "server":
            if frame[at + 13] & 2:
                options = frame[at + 20 : at + (frame[at + 12] >> 4) * 4]
                scale = options[options.index(b"\x03\x03") + 2] if b"\x03\x03" in options else 0
                edge = ack + window
            else:
                edge = max(edge, ack + (window << scale))
        elif edge is not None and length:
            assert seq + length <= edge


@given(first=st.binary(max_size=200), second=st.binary(max_size=200))
def test_a_checksum_built_in_parts_is_the_checksum_of_the_whole(first, second):
    parts = csum_block_add(csum_partial(first), csum_partial(second), len(first))
    whole = csum_partial(first + second)
    assert csum_fold(parts) in (csum_fold(whole), 0xFFFF - csum_fold(whole) if csum_fold(whole) in (0, 0xFFFF) else csum_fold(whole))
