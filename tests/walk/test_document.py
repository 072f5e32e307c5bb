"""The document's path, and the ways that a tree has between its functions."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from xref.walk import document
from xref.walk.data import LANGUAGES
from xref.walk.data import DataError
from xref.walk.data import load
from xref.walk.facts import Facts


@pytest.fixture(scope="module")
def steps(facts: Facts) -> dict[str, document.Record]:
    return {each.function: each for each in (document.told(step) for step in document.walk(facts))}


def test_the_path_goes_down_the_layers() -> None:
    names = [layer.name for layer in document.layers()]
    assert names == ["application", "socket", "transport", "network", "link", "device"]
    about = {n for layer in document.layers() for step in layer.steps for n in step.claims}
    # what has no function of the path: introduction, overview, sockets in general, events
    assert set(range(1, 70)) - about == {1, 2, 3, 5, 28, 29, 30, 31, 63, 64, 65, 66, 67, 68}


def test_each_step_has_its_calls(facts: Facts, steps: dict[str, document.Record]) -> None:
    # the fixture retransmits in fewer functions
    assert {step.function for step in steps.values() if not step.defined_at} <= {
        "tcp_simple_retransmit", "tcp_xmit_retransmit_queue",
    }  # fmt: skip
    for step in steps.values():
        for leg in step.legs:
            names = [leg["edges"][0]["caller"], *(edge["callee"] for edge in leg["edges"])]
            assert (names[0], names[-1]) == (leg["from"], leg["to"])
    (leg,) = steps["inet_sendmsg"].legs
    (edge,) = leg["edges"]
    assert (edge["via"], edge["evidence"].partition(":")[0]) == ("struct proto_ops.sendmsg", "net/ipv4/af_inet.c")


def test_where_the_document_and_the_tree_part(steps: dict[str, document.Record]) -> None:
    remarks = steps["sock_sendmsg"].remarks
    assert "sys_write does not come here: it gets to __sock_sendmsg without sock_sendmsg." in remarks
    assert any("vfs_writev, do_readv_writev, sock_writev, sock_readv_writev" in remark for remark in remarks)
    assert any("EVENT_SOCK_SENDMSG" in remark for remark in remarks)
    assert not steps["tcp_push_one"].remarks


def test_what_is_skipped_can_be_left_to_the_picture(facts: Facts) -> None:
    walked = next(each for each in document.walk(facts) if each.step.function == "sock_sendmsg")
    assert [each for each in document.remarks(walked) if "straight" in each]
    assert not [each for each in document.remarks(walked, gaps=False) if "straight" in each]
    assert set(document.remarks(walked, gaps=False)) < set(document.remarks(walked))


def test_where_the_document_has_ended_it_skips_nothing(steps: dict[str, document.Record]) -> None:
    assert len(steps["dev_queue_xmit"].legs[0]["edges"]) > 2
    assert steps["dev_queue_xmit"].remarks == ()


def test_a_tree_without_it_says_so(few_facts: Facts) -> None:
    for language in LANGUAGES:
        for step in document.walk(few_facts):
            record = document.told(step, language)
            assert (record.defined_at, record.legs, len(record.remarks)) == (None, (), 1)
            assert record.function in record.remarks[0]


def test_a_function_in_another_file_is_told(facts: Facts) -> None:
    data = copy.deepcopy(load("path.toml"))
    step = data["layer"][1]["step"][0]
    step["file"] = "net/ipv4/tcp.c"
    layer = document.read(data, "test")[1]
    walked = document.Walked(layer, layer.steps[0], "net/ipv4/af_inet.c:149", (), False)
    assert document.told(walked).remarks == (
        "It is defined in net/ipv4/af_inet.c, not in net/ipv4/tcp.c as the document says.",
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"claims": [70]}, "names claims that there are not: 70"),
        ({"says": "x"}, "has says, which means nothing"),
        ({"file": None}, "has no file"),
        ({"at": None}, "has no at"),
        ({"at": [0, 101]}, "at must be a row and a percentage"),
        ({"at": [0]}, "at must be a row and a percentage"),
        ({"within": 99}, "within must be a number from 1 to 12"),
    ],
)
def test_bad_data_is_told(change: dict[str, Any], why: str) -> None:
    data = copy.deepcopy(load("path.toml"))
    step = data["layer"][0]["step"][0]
    for key, value in change.items():
        if value is None:
            del step[key]
        else:
            step[key] = value
    with pytest.raises(DataError, match=why):
        document.read(data, "path.toml")


def test_the_twelve_events(facts: Facts, few_facts: Facts) -> None:
    found = [document.told_event(*each) for each in document.fired(facts)]
    assert len(found) == 12
    assert {event.function for event in found if event.defined_at is None} == set()
    assert not any(event.in_tree for event in found)
    assert {event.defined_at for event in (document.told_event(*each) for each in document.fired(few_facts))} == {None}
    # those of the path are among them
    named = {step.event for layer in document.layers() for step in layer.steps if step.event}
    assert named <= {event.event for event in found}
    with pytest.raises(DataError, match="has no function"):
        document.read_events({"event": [{"name": "E", "section": "3", "en": "x", "ko": "y"}]}, "path.toml")
