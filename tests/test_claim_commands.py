"""`xref claims`, as a person and as a script sees it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from click.testing import Result

from xref import cli


def _run(index: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["--index", str(index), "claims", *arguments])


def test_claims_with_verdict_reason_and_evidence(minikernel_index: Path) -> None:
    result = _run(minikernel_index, "--verdict", "wrong")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    at = lines.index(" 12 wrong  sock_sendmsg is a system call.")
    assert lines[at + 1].startswith("    No system call table")
    assert lines[at + 2].strip().startswith("net/socket.c:")


def test_claims_as_records(minikernel_index: Path) -> None:
    result = _run(minikernel_index, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert [each["n"] for each in found] == list(range(1, 70))
    for each in found:
        assert list(each)[:6] == ["n", "section", "claim", "verdict", "why", "evidence"]
        assert each["verdict"] in ("confirmed", "imprecise", "wrong", "unknown")
        assert all(place.rpartition(":")[2].isdigit() for place in each["evidence"])
    korean = json.loads(_run(minikernel_index, "--json", "--lang", "ko").stdout)
    assert [each["verdict"] for each in korean] == [each["verdict"] for each in found]
    assert korean[11]["claim"] == "sock_sendmsg는 시스템 콜이다."


def test_the_path(minikernel_index: Path) -> None:
    result = _run(minikernel_index, "--path")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "Application layer 3.1"
    assert "    ! sys_write does not come here: it gets to __sock_sendmsg without sock_sendmsg." in lines
    (via,) = (line for line in lines if "inet_sendmsg > tcp_sendmsg" in line)
    assert "field struct proto.sendmsg  proof net/ipv4/tcp_ipv4.c:" in via
    steps = json.loads(_run(minikernel_index, "--path", "--json").stdout)
    assert steps[-1]["function"] == "loopback_xmit"


def test_a_verdict_that_no_claim_has(small_index: Path) -> None:
    result = _run(small_index, "--verdict", "wrong")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "xref: no claim is wrong on this tree\n"


def test_a_bad_option_is_one_line(minikernel_index: Path) -> None:
    result = _run(minikernel_index, "--lang", "fr")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
