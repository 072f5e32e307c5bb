"""Rewrites kernel C, byte for byte in place, into C that tree-sitter parses.

Nothing moves: what the grammar cannot take is overwritten with spaces or with a stand-in that is no longer
than what it replaces, so that each node's offset is the offset in the real file.  What is masked is still a
reference: facts about words come from the tokens of the file as written, not from this text.
"""

from __future__ import annotations

from collections.abc import Iterable

from xref.parse.annotations import mask_annotations
from xref.parse.conditions import Chooser
from xref.parse.conditions import Directives
from xref.parse.lex import Bools
from xref.parse.lex import Flags
from xref.parse.lex import Tokens
from xref.parse.rules import RULES
from xref.parse.sketch import Normalized
from xref.parse.sketch import Sketch


def normalize(
    tokens: Tokens, flags: Flags, directives: Directives, inside: Bools, turn: int = 0, refused: Iterable[int] = ()
) -> Normalized:
    """The text to parse.

    `inside` marks the tokens of directives.  `turn` says which branches to take where an `#if` cannot be
    parsed with all of its branches: 0 for the first of each, 1 for the second, and so on.  `refused` are the
    branches, by the byte they begin at, that are no C at all.
    """
    chooser = Chooser(tokens, inside, turn=turn, refused=refused)
    chooser.run(directives.groups)
    sketch = Sketch(tokens, flags, chooser.live)
    sketch.result.dropped = chooser.dropped
    for start, end in tokens.pieces:
        sketch.put(start, b"0" * (end - start))
    for directive in directives.all:
        sketch.blank(directive.start, directive.end)
    sketch.result.refused = chooser.refused
    for start, end in chooser.dropped + chooser.refused:
        sketch.blank(start, end)
    mask_annotations(sketch)
    sketch.look()
    if sketch.view.count:
        for rule in RULES:
            rule(sketch)
    sketch.result.ends = [int(sketch.view.at[place]) for place in sketch.item_ends if place < sketch.view.count]
    sketch.result.text = bytes(sketch.out)
    return sketch.result
