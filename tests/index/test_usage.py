"""Mentions as columns are the same as those as records, whichever way they are narrowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from xref.graph.linkage import arch_of
from xref.index.build import index_tree
from xref.index.query import Index
from xref.index.usage import KINDS
from xref.parse.facts import REFERENCE_KINDS

MINIKERNEL = Path(__file__).parents[2] / "fixtures" / "minikernel"
NAMES = ("kfree_skb", "sk", "proto_ops", "sendmsg", "EINVAL", "init", "nothing_of_the_kind")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    file = tmp_path_factory.mktemp("usage") / "mini.db"
    index_tree(file, MINIKERNEL, jobs=1)
    opened = Index(file)
    yield opened
    opened.close()


def test_every_kind_is_shown() -> None:
    assert set(KINDS) == set(REFERENCE_KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_mentions(index: Index, name: str) -> None:
    usage, references = index.usage(name), index.references(name)
    records = usage.records(0, len(usage), index.names)
    assert sorted(records, key=str) == sorted(references, key=str)
    assert records == sorted(references, key=lambda r: (KINDS.index(r.kind), r.file, r.line, r.column))
    assert usage.records(1, 3, index.names) == records[1:3]
    assert usage.counts() == dict(Counter(r.kind for r in records))
    assert usage.files() == len({r.file for r in records})
    assert usage.scopes() == len({r.function for r in records} - {None})


@pytest.mark.parametrize("name", NAMES)
def test_narrowed(index: Index, name: str) -> None:
    usage, references = index.usage(name), index.references(name)
    assert len(usage.below("net/ipv4/")) == sum(r.file.startswith("net/ipv4/") for r in references)
    assert len(usage.below("net/ipv4/tcp")) == sum(r.file.startswith("net/ipv4/tcp") for r in references)
    assert len(usage.of_arch("i386")) == sum(arch_of(r.file) in (None, "i386") for r in references)
    assert len(usage.of_kind("call")) == sum(r.kind == "call" for r in references)
    assert len(usage.where(lambda path: path.endswith(".h"))) == sum(r.file.endswith(".h") for r in references)


@pytest.mark.parametrize("name", NAMES)
def test_directories_add_up(index: Index, name: str) -> None:
    usage = index.usage(name)
    assert sum(number for _, number in usage.directories()) == len(usage)
    for directory, number in usage.directories():
        assert number == len(usage.below(directory))
        if directory.endswith("/"):
            assert sum(each for _, each in usage.directories(directory)) == number
