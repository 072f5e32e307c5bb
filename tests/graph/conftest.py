"""A call graph of a few files that a test writes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

import pytest

from xref.graph.callgraph import CallGraph
from xref.index.build import index_tree
from xref.index.query import Index

Make = Callable[..., CallGraph]


@pytest.fixture(scope="module")
def graph_of(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes a call graph of files by path; `arch` is the architecture that is preferred."""

    def make(files: Mapping[str, str], arch: str | None = None) -> CallGraph:
        root = tmp_path_factory.mktemp("graph")
        for path, text in files.items():
            (root / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "tree" / path).write_text(text)
        index_tree(root / "x.db", root / "tree", arch=arch, jobs=1)
        return CallGraph(Index(root / "x.db"))

    return make
