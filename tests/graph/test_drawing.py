"""Pictures as DOT and Mermaid: whatever a function is called, what is written stays a graph of those functions."""

from __future__ import annotations

import re

import pytest

from web import layout
from xref.graph import drawing
from xref.graph.around import of_paths
from xref.graph.around import of_tree
from xref.index.records import Edge

ODD = ["end", "graph", "node", 'a"b', "a\\N", "<b>&amp;", "x]-->y", "é한", "a\nb", "operator new", "%s", "#quot;"]


def _edge(caller: str, callee: str, kind: str = "direct", confidence: str = "exact") -> Edge:
    return Edge(caller, callee, "a.c", 1, kind, None, None, confidence, "a.c:1", "b.c:2")


@pytest.mark.parametrize("name", ODD)
def test_odd_names(name: str) -> None:
    picture = of_paths([[_edge("start", name), _edge(name, "goal")]])
    svg = layout.svg("\n".join(drawing.dot(picture)), {}, standing=True)
    assert svg.count('class="node') == 3
    assert svg.count('class="edge') == 2
    lines = list(drawing.mermaid(picture))
    assert lines[0] == "flowchart TD"
    pattern = r'  n\d\["[^"\n]*"\] (-->|-\.->)\|"[^"\n]*"\| n\d\["[^"\n]*"\]'
    assert all(re.fullmatch(pattern, line) for line in lines[1:]), lines


def test_functions_of_one_name_stay_several() -> None:
    first = Edge("open", "close", "a.c", 1, "direct", None, None, "exact", "a.c:1", "a.c:9")
    second = Edge("open", "close", "b.c", 1, "direct", None, None, "exact", "b.c:1", "b.c:9")
    assert len(of_paths([[first], [second]]).dots) == 4


def test_a_tree_is_cut_where_it_is_deepest() -> None:
    rows = [(0, _edge("a", "b")), (1, _edge("b", "c")), (2, _edge("c", "d"))]
    picture = of_tree(rows, 2)
    assert picture.cut
    assert not of_tree(rows).cut


def test_how_sure_a_line_is() -> None:
    sorts = {
        ("direct", "exact"): "plain", ("field", "typed"): "pointer", ("field", "name"): "name",
        ("deferred", "typed"): "put-off",
    }  # fmt: skip
    for (kind, confidence), sort in sorts.items():
        (line,) = of_paths([[_edge("a", "b", kind, confidence)]]).lines
        assert drawing.sort_of(line) == sort
