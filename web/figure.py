"""The picture of the document's path in pixels: where its boxes, lines and labels stand.

Only arithmetic: what is in the picture comes from `xref.walk.picture`, how it looks is the template's and the style's.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

from xref.walk import picture
from xref.walk.document import Walked

WIDTH = 720
#: a character of a name, of an event, of a label; the type is monospaced
_NAME, _EVENT, _LABEL = 7.3, 6.1, 6.1
_PADDING = 10
_LINE, _EVENT_LINE, _MARK_LINE = 22, 13, 14
_MARK = 11
#: between two rows of a layer, between two layers
_GAP, _LAYER_GAP = 36, 46
#: a line over more rows than these goes down beside the boxes and enters from the side
_FAR = 2
_CORNER = 10


class Mark(NamedTuple):
    """The verdict on a claim about a function."""

    n: int
    verdict: str
    x: float
    y: float


class Node(NamedTuple):
    """A function's box, from its upper left corner; the lines of its text are measured from the top."""

    function: str
    #: this tree has the function
    known: bool
    event: str | None
    x: float
    y: float
    width: float
    height: float
    marks: tuple[Mark, ...]

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + self.width / 2


class Line(NamedTuple):
    """A link: the SVG path, where its label stands, and what the label says."""

    link: picture.Link
    d: str
    x: float
    y: float

    @property
    def text(self) -> str:
        """The member through which control goes, where the link is one call and there is room for it."""
        return self.link.pointers[0].removeprefix("struct ") if len(self.link.edges) == 1 and self.link.pointers else ""


class Lane(NamedTuple):
    """A layer's part of the picture."""

    name: str
    y: float
    height: float


class Figure(NamedTuple):
    """The whole picture."""

    width: int
    height: float
    lanes: tuple[Lane, ...]
    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]


def draw(walked: Sequence[Walked], verdicts: Mapping[int, str]) -> Figure:
    """The picture of a path on a tree; `verdicts` are those on the claims, by number."""
    bands = picture.bands(walked)
    heights: dict[int, float] = {}
    for each in walked:
        row = each.step.at[0]
        heights[row] = max(heights.get(row, 0), _height(each))
    tops, lanes = _rows(bands, heights)
    nodes = {each.step.function: _node(each, tops, heights, verdicts) for each in walked}
    rows = {each.step.function: each.step.at[0] for each in walked}
    lines = tuple(_line(link, nodes, rows) for link in picture.links(walked))
    return Figure(WIDTH, lanes[-1].y + lanes[-1].height, lanes, tuple(nodes.values()), lines)


def _height(walked: Walked) -> float:
    step = walked.step
    return _LINE + (_EVENT_LINE if step.event else 0) + (_MARK_LINE if step.claims else 0) + 4


def _rows(bands: Sequence[picture.Band], heights: Mapping[int, float]) -> tuple[dict[int, float], tuple[Lane, ...]]:
    """The upper edge of each row, and the layers."""
    tops, lanes = {}, []
    y = 0.0
    for band in bands:
        start = y
        y += _LAYER_GAP * 0.75
        for row in range(band.first, band.last + 1):
            tops[row] = y
            y += heights.get(row, 0) + (_GAP if row < band.last else _LAYER_GAP * 0.25)
        lanes.append(Lane(band.layer.name, start, y - start))
    return tops, tuple(lanes)


def _node(
    walked: Walked, tops: Mapping[int, float], heights: Mapping[int, float], verdicts: Mapping[int, str]
) -> Node:
    step = walked.step
    wide = max(_NAME * len(step.function), _EVENT * len(step.event or ""), _MARK * len(step.claims)) + 2 * _PADDING
    row, column = step.at
    x = min(max(WIDTH * column / 100 - wide / 2, 2), WIDTH - wide - 2)
    height = _height(walked)
    # in the middle of its row
    y = tops[row] + (heights[row] - height) / 2
    below = y + _LINE + (_EVENT_LINE if step.event else 0)
    first = x + wide / 2 - _MARK * (len(step.claims) - 1) / 2
    marks = tuple(Mark(n, verdicts[n], first + _MARK * at, below + 6) for at, n in enumerate(step.claims))
    return Node(step.function, walked.defined_at is not None, step.event, x, y, wide, height, marks)


def _line(link: picture.Link, nodes: Mapping[str, Node], rows: Mapping[str, int]) -> Line:
    start, goal = nodes[link.start], nodes[link.goal]
    x, y = start.middle, start.y + start.height
    if rows[link.start] == rows[link.goal]:
        side = start.x if goal.x < start.x else start.x + start.width
        end = goal.x + goal.width if goal.x < start.x else goal.x
        level = start.y + start.height / 2
        return Line(link, f"M{side:.1f} {level:.1f}H{end:.1f}", (side + end) / 2, level)
    if rows[link.goal] - rows[link.start] > _FAR and start.middle != goal.middle:
        right = start.middle > goal.middle
        end, level = (goal.x + goal.width if right else goal.x), goal.y + goal.height / 2
        turn = -_CORNER if right else _CORNER
        d = f"M{x:.1f} {y:.1f}V{level - _CORNER:.1f}q0 {_CORNER} {turn} {_CORNER}H{end:.1f}"
        return Line(link, d, x, (y + level) / 2)
    # from aside it enters aside, so that lines from both sides can be told apart
    aside = max(-goal.width / 4, min(goal.width / 4, (start.middle - goal.middle) / 6))
    end, half = goal.middle + aside, (y + goal.y) / 2
    d = f"M{x:.1f} {y:.1f}C{x:.1f} {half:.1f} {end:.1f} {half:.1f} {end:.1f} {goal.y:.1f}"
    return Line(link, d, (x + end) / 2, half)
