"""Conditions: each predicate true, false and not to be told, the logic between them, and what is refused."""

from __future__ import annotations

import pytest

from xref.walk.facts import PREDICATES
from xref.walk.facts import Facts
from xref.walk.grammar import Condition
from xref.walk.grammar import ConditionError

#: what holds of fixtures/minikernel, what does not, and what it cannot tell
_HOLDS = """
function("tcp_sendmsg")
defined_in("tcp_sendmsg", "net/ipv4/tcp.c")
constant("NET_XMIT_CN")
constant("SOCK_RAW")
file("Makefile")
release("2.6.11")
text("pitfall A", "mm/*")
member("tcphdr", "seq")
stored("proto.sendmsg", "tcp_sendmsg")
stored("proto.sendmsg", "tcp_sendmsg", "tcp_prot")
stored("file_operations.poll", "", "socket_file_ops")
macro_is("NET_XMIT_CN", "2")
params("sys_write", 3)
params("tcp_enter_memory_pressure", 0)
takes("sock_sendmsg", "struct socket * sock")
prototype("tcp_push_one", "void tcp_push_one(struct sock *sk, unsigned mss_now)")
occurs("tcp_transmit_skb", "err=tp->af_specific->queue_xmit(skb,0);")
occurs("inetsw_array", "&tcp_prot")
occurs("TCP_PAGE", "sk_sndmsg_page")
before("tcp_transmit_skb", "send_check", "queue_xmit")
last("tcp_transmit_skb", "queue_xmit", "tcp_enter_cwr")
calls("tcp_push_one", "tcp_transmit_skb")
calls("tcp_sendmsg", "TCP_PAGE")
calls("inet_sendmsg", "tcp_sendmsg", "tcp4")
through("inet_sendmsg", "proto.sendmsg")
other_callers("tcp_transmit_skb", "tcp_push_one")
syscall("write")
syscall("sendto")
deferred("tcp_write_timer")
reaches("sys_sendto", "tcp_sendmsg", context="tcp4")
"""
_FAILS = """
function("no_such")
defined_in("tcp_sendmsg", "net/ipv4/udp.c")
constant("tcp_sendmsg")
file("no/such")
release("2.6.12")
text("pitfall A", "ipc/*")
member("tcphdr", "tcp_skb_cb")
stored("proto.sendmsg", "inet_sendmsg")
stored("proto.sendmsg", "tcp_sendmsg", "udp_prot")
macro_is("NET_XMIT_CN", "0")
params("sys_write", 4)
takes("sock_sendmsg", "struct kiocb")
prototype("tcp_push_one", "int tcp_push_one(struct sock *sk)")
occurs("tcp_transmit_skb", "pitfall")
before("tcp_transmit_skb", "queue_xmit", "send_check")
before("tcp_transmit_skb", "queue_xmit", "nothing")
last("tcp_transmit_skb", "send_check")
last("tcp_transmit_skb", "nothing")
calls("tcp_push_one", "no_such")
calls("inet_sendmsg", "tcp_sendmsg", "udp4")
through("inet_sendmsg", "proto_ops.sendmsg")
other_callers("tcp_push_one", "tcp_sendmsg")
syscall("sock_sendmsg")
deferred("tcp_sendmsg")
reaches("sys_sendto", "udp_sendmsg", context="tcp4")
reaches("sys_sendto", "tcp_sendmsg", context="tcp4", without="inet_sendmsg")
reaches("sys_sendto", "tcp_sendmsg", context="tcp4", steps=2)
"""
_UNTOLD = """
defined_in("no_such", "a.c")
member("no_such", "seq")
stored("no_such.sendmsg")
stored("proto.sendmsg", "tcp_sendmsg", "no_such")
macro_is("no_such", "0")
params("no_such", 0)
takes("no_such", "int")
prototype("no_such", "int no_such(void)")
occurs("no_such", "x")
before("no_such", "a", "b")
last("no_such", "a")
calls("no_such", "tcp_transmit_skb")
calls("inet_sendmsg", "tcp_sendmsg", "no-context")
through("no_such", "proto.sendmsg")
other_callers("no_such")
deferred("no_such")
reaches("sys_sendto", "no_such")
reaches("sys_sendto", "tcp_sendmsg", context="no-context")
"""


def _lines(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.mark.parametrize("source", _lines(_HOLDS))
def test_what_holds_has_evidence(facts: Facts, source: str) -> None:
    fact, asked = Condition(source).of(facts)
    assert fact.holds is True
    assert fact.evidence
    for place in fact.evidence:
        path, _, line = place.rpartition(":")
        assert 0 < int(line) <= (facts.index.source(path) or b"").count(b"\n") + 1
    assert [each.fact.holds for each in asked] == [True]


@pytest.mark.parametrize("source", _lines(_FAILS))
def test_what_does_not_hold(facts: Facts, source: str) -> None:
    assert Condition(source).of(facts)[0].holds is False


@pytest.mark.parametrize("source", _lines(_UNTOLD))
def test_what_cannot_be_told(facts: Facts, source: str) -> None:
    assert Condition(source).of(facts)[0].holds is None


@pytest.mark.parametrize("source", ['release("2.6.11")', 'syscall("write")'])
def test_a_tree_without_makefile_or_table_cannot_tell(few_facts: Facts, source: str) -> None:
    assert Condition(source).of(few_facts)[0].holds is None


def test_each_predicate_is_tested() -> None:
    for table in (_HOLDS, _FAILS):
        assert {line.partition("(")[0] for line in _lines(table)} == set(PREDICATES)


_VALUES = {True: 'function("tcp_sendmsg")', False: 'function("no_such")', None: 'occurs("no_such", "x")'}


@pytest.mark.parametrize("one", _VALUES)
@pytest.mark.parametrize("other", _VALUES)
def test_three_valued_logic(facts: Facts, one: bool | None, other: bool | None) -> None:
    def value(source: str) -> bool | None:
        return Condition(source).of(facts)[0].holds

    both, either = f"{_VALUES[one]} and {_VALUES[other]}", f"{_VALUES[one]} or {_VALUES[other]}"
    expected = False if False in (one, other) else None if None in (one, other) else True
    assert value(both) is expected
    expected = True if True in (one, other) else None if None in (one, other) else False
    assert value(either) is expected
    assert value(f"not ({_VALUES[one]})") is (None if one is None else not one)


def test_evidence_is_what_counted(facts: Facts) -> None:
    """Of an `or` the part that holds, of an `and` all, of a `not` what shows the absence."""
    first, second = 'calls("tcp_push_one", "tcp_transmit_skb")', 'function("tcp_sendmsg")'
    one, other = (Condition(source).of(facts)[0].evidence for source in (first, second))
    assert Condition(f"{second} or {first}").of(facts)[0].evidence == other
    assert Condition(f"{first} and {second}").of(facts)[0].evidence == (*one, *other)
    absent = Condition('not calls("tcp_push_one", "no_such")').of(facts)[0]
    assert absent == (True, Condition('function("tcp_push_one")').of(facts)[0].evidence)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "is no expression"),
        ("calls(", "is no expression"),
        ("tcp_sendmsg", "neither a predicate nor"),
        ("1 < 2", "neither a predicate nor"),
        ("facts.index.close()", "neither a predicate nor"),
        ('cals("a", "b")', "no predicate 'cals'"),
        ('calls("a", b)', "must be strings and numbers"),
        ('calls("a", *"b")', "must be strings and numbers"),
        ('calls("a")', "missing a required argument"),
        ('calls("a", "b", contxt="tcp4")', "unexpected keyword"),
        ('calls("a", **"b")', "must be strings"),
        ('params("a", "3")', "number must be a number"),
        ('calls("a", 3)', "other must be a string"),
        ('reaches("a", "b", steps=True)', "steps must be a number"),
    ],
)
def test_what_is_refused(source: str, why: str) -> None:
    with pytest.raises(ConditionError, match=why.replace("(", r"\(")):
        Condition(source)
