"""The document's path as a picture: nodes that do not lie on each other, links that are the tree's calls."""

from __future__ import annotations

from itertools import pairwise

import pytest

from xref.walk import document
from xref.walk import picture
from xref.walk.facts import Facts


@pytest.fixture(scope="module")
def walked(facts: Facts) -> list[document.Walked]:
    return document.walk(facts)


@pytest.fixture(scope="module")
def links(walked: list[document.Walked]) -> dict[tuple[str, str], picture.Link]:
    return {(link.start, link.goal): link for link in picture.links(walked)}


def test_a_link_is_a_way_of_the_tree_with_no_other_node_inside(
    walked: list[document.Walked], links: dict[tuple[str, str], picture.Link]
) -> None:
    nodes = {each.step.function for each in walked}
    for (start, goal), link in links.items():
        assert {start, goal} <= nodes
        assert not nodes & set(link.skipped)
        names = [link.edges[0].caller, *(edge.callee for edge in link.edges)]
        assert names == [start, *link.skipped, goal]
        assert all(edge.caller == name for edge, name in zip(link.edges, names, strict=False))


def test_what_the_document_skips_and_where_pointers_are_crossed(links: dict[tuple[str, str], picture.Link]) -> None:
    assert links["sys_write", "__sock_sendmsg"].skipped == ("vfs_write", "do_sync_write", "sock_aio_write")
    assert ("sys_write", "sock_sendmsg") not in links
    assert links["__sock_sendmsg", "inet_sendmsg"].pointers == ("struct proto_ops.sendmsg",)
    assert links["sock_sendmsg", "__sock_sendmsg"].pointers == ()
    # a function handed to a macro is not named by the call either
    assert "NF_HOOK argument" in links["ip_queue_xmit", "dev_queue_xmit"].pointers
    # a way that passes a function of the document is drawn as two
    assert ("sys_send", "sock_sendmsg") not in links
    assert links["sys_send", "sys_sendto"].skipped == ()


def test_layers_follow_each_other_from_above(walked: list[document.Walked]) -> None:
    bands = picture.bands(walked)
    assert [band.layer.name for band in bands][-2:] == ["link", "device"]
    for above, below in pairwise(bands):
        assert above.last < below.first


def test_a_tree_without_it_has_no_links(few_facts: Facts) -> None:
    assert picture.links(document.walk(few_facts)) == []
