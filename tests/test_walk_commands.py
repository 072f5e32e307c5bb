"""`xref walk` and `xref scenarios`, as a user gives them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result

from xref.cli import main
from xref.stack import scenario

_MINIKERNEL = Path(__file__).parent.parent / "fixtures" / "minikernel"


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_each_scenario_is_listed_with_what_it_teaches() -> None:
    found: list[dict[str, Any]] = json.loads(_run("scenarios", "--json").stdout)
    assert len(found) >= 30
    assert {each["name"] for each in found} == set(scenario.load())
    assert all(each["teaches"].endswith(".") and each["context"] for each in found)


def test_the_steps_of_a_walk_have_their_functions() -> None:
    result = _run("walk", "write", "--json")
    assert result.exit_code == 0, result.output
    entered = [each["function"] for each in json.loads(result.stdout) if each["kind"] == "enter"]
    written = entered[entered.index("sys_write") :]  # the connection is made before
    places = [written.index(name) for name in ("sys_write", "tcp_sendmsg", "tcp_transmit_skb", "ip_queue_xmit")]
    assert places == sorted(places)


def test_a_walk_is_the_same_each_time() -> None:
    assert _run("walk", "fast_retransmit", "--json").stdout == _run("walk", "fast_retransmit", "--json").stdout


def test_verifying_finds_each_step_in_a_tree_that_has_them_all(minikernel_index: Path) -> None:
    result = _run("--index", minikernel_index, "walk", "write", "--verify")
    assert result.exit_code == 0, result.output
    assert " proved" in result.stdout
    assert "this tree has no function" not in result.stdout
    records = json.loads(_run("--index", minikernel_index, "walk", "write", "--verify", "--json").stdout)
    proofs = {each["function"]: each["proof"] for each in records if "proof" in each}
    assert proofs["tcp_sendmsg"]["status"] == "proved"
    assert proofs["tcp_sendmsg"]["via"] == "struct proto.sendmsg"


def test_verifying_tells_what_a_tree_lacks(tmp_path: Path) -> None:
    """A part of our small tree, without what becomes of a connection that has ended."""
    shutil.copytree(_MINIKERNEL, tmp_path / "part")
    (tmp_path / "part/net/ipv4/tcp_minisocks.c").unlink()
    index = tmp_path / "part.db"
    assert _run("--index", index, "index", tmp_path / "part").exit_code == 0
    result = _run("--index", index, "walk", "write", "--verify")
    assert result.exit_code == 1
    assert " proved" in result.stdout
    (lacking,) = [line for line in result.stdout.splitlines() if "this tree has no function" in line]
    assert "tcp_time_wait" in lacking
    records = json.loads(_run("--index", index, "walk", "write", "--verify", "--json").stdout)
    proofs = {each["function"]: each["proof"] for each in records if "proof" in each}
    assert proofs["tcp_time_wait"]["status"] == "absent"
    assert proofs["tcp_sendmsg"]["status"] == "proved"


@pytest.mark.parametrize(
    "arguments",
    [
        ["walk"],
        ["walk", "no_such_scenario"],
        ["walk", "write", "--payload", "-1"],
        ["walk", "write", "--mss", "1"],
        ["walk", "write", "--machine", "vax"],
        ["walk", "--verify", "--events"],
        ["walk", "--replay", __file__],
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments: list[str]) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
