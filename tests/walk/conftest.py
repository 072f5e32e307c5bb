"""Facts about fixtures/minikernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xref.graph.callgraph import CallGraph
from xref.index.query import Index
from xref.walk.facts import Facts


@pytest.fixture(scope="session")
def facts(minikernel_index: Path) -> Iterator[Facts]:
    index = Index(minikernel_index)
    yield Facts(CallGraph(index))
    index.close()


@pytest.fixture(scope="session")
def few_facts(small_index: Path) -> Iterator[Facts]:
    """A tree that has nothing of what the document is about."""
    index = Index(small_index)
    yield Facts(CallGraph(index))
    index.close()
