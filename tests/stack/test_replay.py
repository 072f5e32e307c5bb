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
