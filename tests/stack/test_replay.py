"""The model against recordings of a real 2.6.11, where these are at hand."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

from xref.stack import replay

SHARED = next((up / "shared" for up in Path(__file__).resolve().parents if (up / "shared" / "wire").is_dir()), None)
RECORDINGS = SHARED / "wire" / "recordings.json.gz" if SHARED else None

#: the groups of which every recording must be close
GROUPS = ("01_", "02_", "04_", "07_", "10_", "15_", "16_")


def test_a_file_that_is_no_recording_is_refused(tmp_path):
    for content in (b"", b"{}", b"[1]", b"\x1f\x8b\x08"):
        path = tmp_path / "recordings.json"
        path.write_bytes(content)
        with pytest.raises(replay.ReplayError, match="recording"):
            replay.load(path)


def test_a_recording_that_is_not_there_is_refused():
    with pytest.raises(replay.ReplayError, match="no scenario nosuch"):
        replay.find([{"scenario": "one"}], "nosuch")


def test_a_connection_that_is_made_up():
    """A SYN to a peer that never answers ARP: three requests, then EHOSTUNREACH."""
    calls = [
        {"t": 0.001, "call": "socket", "args": "AF_INET, SOCK_STREAM, 0", "ret": 6, "errno": None, "label": "s"},
        {"t": 0.002, "t_end": 3.1, "call": "connect", "args": "$s, 192.168.7.9:80", "ret": -1, "errno": "EHOSTUNREACH"},
    ]
    found = replay.replay({"scenario": "made_up", "sysctls": {}, "guest": calls, "frames": []})
    assert [call["errno"] for call in found["calls"]] == [None, "EHOSTUNREACH"]
    assert [frame["hex"][24:28] for frame in found["frames"]] == ["0806"] * 3


def _made_up(*calls, frames=(), sysctls=None):
    """A recording of these calls, a millisecond apart; each is (call, arguments), the first makes `$s`."""
    guest = [
        {"t": n / 1000, "t_end": n / 1000, "call": call, "args": args, "ret": 0, "errno": None, "label": None}
        for n, (call, args) in enumerate(calls, 1)
    ]
    guest[0]["label"] = "s"
    recording = {"scenario": "made_up", "sysctls": sysctls or {}, "guest": guest, "frames": list(frames)}
    found = replay.replay(recording)
    return [call["errno"] for call in found["calls"]], [bytes.fromhex(f["hex"]) for f in found["frames"]], found


UDP = ("socket", "AF_INET, SOCK_DGRAM, 0")


def test_what_the_model_lacks_does_not_end_a_replay():
    """A call, an option and a sysctl that it does not have are said, and the rest goes on."""
    errors, frames, found = _made_up(
        UDP,
        ("frobnicate", "$s, 1"),
        ("setsockopt", "$s, SO_NOSUCH=1"),
        ("getsockopt", "$s, SO_NOSUCH"),
        ("sendto", "$s, data+0, 10, flags=0x0, 192.168.7.9:99"),
        sysctls={"ipv4.tcp_nosuch": 1},
    )
    assert errors == [None, "ENOSYS", "ENOPROTOOPT", "ENOPROTOOPT", None]
    assert len(found["left_out"]) == 4
    assert frames
    assert "left_out" not in _made_up(UDP)[2]


def test_a_multicast_leaves_by_the_device_chosen_with_its_own_ttl():
    send = ("sendto", "$s, data+0, 10, flags=0x0, 239.1.2.3:99")
    assert _made_up(UDP, send)[0] == [None, "ENETUNREACH"]
    chosen = ("setsockopt", "$s, IP_MULTICAST_IF=c0a80702")
    errors, (frame,), _ = _made_up(UDP, chosen, ("setsockopt", "$s, IP_MULTICAST_TTL=7"), send)
    assert not any(errors)
    assert frame[:6] == bytes.fromhex("01005e010203")
    assert frame[22] == 7


def test_a_device_that_a_socket_is_bound_to_has_everyone_on_its_link():
    far = ("sendto", "$s, data+0, 10, flags=0x0, 10.0.0.1:99")
    everyone = ("sendto", "$s, data+0, 10, flags=0x0, 255.255.255.255:99")
    bound = ("setsockopt", "$s, SO_BINDTODEVICE=65746830")
    allowed = ("setsockopt", "$s, SO_BROADCAST=1")
    assert _made_up(UDP, far, everyone)[0] == [None, "ENETUNREACH", "ENETUNREACH"]
    errors, frames, _ = _made_up(UDP, bound, far, everyone, allowed, everyone)
    assert errors == [None, None, None, "EACCES", None, None]
    # who has 10.0.0.1?, and the broadcast
    assert [frame[12:14] for frame in frames[:2]] == [b"\x08\x06", b"\x08\x00"]
    assert frames[0][38:42] == bytes([10, 0, 0, 1])
    assert frames[1][:6] == b"\xff" * 6
    assert _made_up(UDP, ("setsockopt", "$s, SO_BINDTODEVICE=65746839"))[0] == [None, "ENODEV"]


def test_frames_that_are_cut_short_are_read_as_far_as_they_go():
    frames = [{"t": 0.001, "dir": "in", "hex": "525400123456020000000001080045" + "00" * n} for n in range(20)]
    frames += [{"t": 0.002, "dir": "out", "hex": "525400123456020000000001080045" + "00" * n} for n in range(20)]
    assert _made_up(UDP, frames=frames)[0] == [None]


@pytest.mark.skipif(RECORDINGS is None or not RECORDINGS.exists(), reason="no recordings beside this checkout")
def test_the_model_sends_what_the_real_kernel_sent():
    tool = SHARED / "tools" / "score-wire"
    loader = importlib.machinery.SourceFileLoader("score_wire", str(tool))
    spec = importlib.util.spec_from_loader("score_wire", loader)
    score = importlib.util.module_from_spec(spec)
    loader.exec_module(score)
    exact, different = 0, []
    recordings = [one for one in replay.load(RECORDINGS) if any(frame["dir"] == "out" for frame in one["frames"])]
    for one in recordings:
        real = [frame for frame in one["frames"] if frame["dir"] == "out"]
        found = replay.replay(one)["frames"]
        same = len(real) == len(found) and not any(
            score.agree(score.decode(a["hex"]), score.decode(b["hex"])) for a, b in zip(real, found, strict=True)
        )
        exact += same
        if not same:
            different.append(one["scenario"])
    assert exact >= 0.9 * len(recordings), different
    assert not [name for name in different if name.startswith(GROUPS) or (name.startswith("03_") and "_rtt50" in name)]
