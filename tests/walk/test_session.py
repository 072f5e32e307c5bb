"""Everything that one screen shows of a step, of runs of the model without a tree."""

from __future__ import annotations

from itertools import pairwise

import pytest

from xref.stack import scenario
from xref.stack.scenario import ScenarioError
from xref.walk.session import MEMBERS
from xref.walk.session import Session
from xref.walk.session import named


@pytest.fixture(scope="module", name="session")
def _session() -> Session:
    return Session(scenario.run(scenario.find("write")))


def test_a_run_without_a_trace_cannot_be_stood_at() -> None:
    with pytest.raises(ValueError, match="without a trace"):
        Session(scenario.run(scenario.find("write"), trace=False))


def test_keys_lead_through_the_whole_run_and_back(session: Session) -> None:
    for which, back in (("next", "back"), ("over", "over_back")):
        n, path = 0, []
        while n is not None:
            path.append(n)
            n = session.beside(n)[which]
        assert path[-1] == len(session) - 1
        if which == "next":
            assert path == list(range(len(session)))
        n = path[-1]
        while n:
            n = session.beside(n)[back]
        assert n == 0


def test_over_and_back_over_are_each_others_way_back(session: Session) -> None:
    enters = [n for n, record in enumerate(session.player.records) if record["kind"] == "enter"]
    for n in enters[:200]:
        over = session.beside(n)["over"]
        if session.player.out(n) is not None and over < len(session) - 1:
            assert session.beside(over)["over_back"] == n


def test_out_leads_out(session: Session) -> None:
    n = session.find("tcp_transmit_skb", 0)
    out = session.beside(n)["out"]
    assert session.player.records[out]["kind"] == "leave"
    assert session.player.records[out]["function"] == "tcp_transmit_skb"
    assert session.beside(out)["out"] == out + 1


def test_what_a_step_changed_is_told_with_what_was_before(session: Session) -> None:
    changed = {}
    for n in range(len(session)):
        sock = session.record(n)["sock"]
        for change in sock["changes"] if sock else ():
            changed.setdefault((sock["number"], change["name"]), []).append((change["old"], change["new"]))
    for values in changed.values():
        for (_, new), (old, _) in pairwise(values):
            assert old == new
    assert {name for _, name in changed} <= {name for names in MEMBERS.values() for name in names}


def test_every_watched_member_is_in_a_group(session: Session) -> None:
    n = session.find("tcp_sendmsg", 0)
    number = session.player.held("sock", n)
    shown = {name for values in session.record(n)["sock"]["members"].values() for name in values}
    assert shown == set(session.player.sockets(n)[number])


def test_what_is_out_of_hand_is_shown_as_it_was(session: Session) -> None:
    events = [each.n for each in session.landmarks if each.name == "EVENT_TCP_WRITEXMIT"]
    record = session.record(events[-1])
    assert record["sock"]["in_hand"] is False
    assert record["sock"]["changes"] == []


def test_room_for_a_header_is_not_payload(session: Session) -> None:
    n = session.find("skb_push", session.find("tcp_transmit_skb", session.find("sys_write", 0)))
    record = session.record(session.player.out(n))
    first = record["packet"]["fields"][0]
    assert (first["layer"], first["name"], first["size"]) == ("transport", "not written yet", 32)
    assert record["skb"]["before"]["data"] - record["skb"]["layout"]["data"] == 32


def test_proofs_are_asked_for_the_calls_under_way_alone(session: Session) -> None:
    asked = []

    def prove(calls, context):
        asked.append((calls[-1].function, context))
        return {"status": "proved", "file": "x.c", "line": len(calls)}

    n = session.find("tcp_sendmsg", 0)
    record = session.record(n, prove)
    assert [function for function, _ in asked] == [call["function"] for call in record["stack"]]
    assert record["stack"][-1]["site"] == f"x.c:{len(record['stack'])}"
    assert record["proof"]["line"] == len(record["stack"])


def test_a_run_that_is_too_long_is_given_up() -> None:
    with pytest.raises(ScenarioError, match="more than 2,000 steps"):
        scenario.run(scenario.find("large_write"), most_steps=2000)


@pytest.mark.parametrize("given", [{"tcp_sack": 2}, {"tcp_wmem": 5}, {"tcp_wmem": [5000, 4000, 6000]}, {"nothing": 1}, {"tcp_mem": [1, 2, 3]}])
def test_a_sysctl_that_makes_no_sense_is_refused(given) -> None:
    with pytest.raises(ScenarioError):
        scenario.run(scenario.find("write"), {"sysctl": given})


def test_the_picture_of_a_run_is_as_wide_as_asked() -> None:
    session = Session(scenario.run(scenario.find("large_write")))
    columns = session.profile(100)
    assert 90 < len(columns) <= 100
    assert max(column.depth for column in columns) == max(record["depth"] for record in session.player.records)


def test_states_have_names() -> None:
    assert named("sk_state", 1) == "1 ESTABLISHED"
    assert named("snd_nxt", 1234567) == "1,234,567"
