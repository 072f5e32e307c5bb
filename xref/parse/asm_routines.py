"""The functions of an assembly file: which labels are functions, and where each ends.

An assembler does not say. What does: `.globl`, `.type`, `ENDPROC(x)`, a call, and where control can come from.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from xref.parse.asm_labels import Branching
from xref.parse.asm_labels import Label
from xref.parse.facts import Reference


@dataclass(slots=True)
class _Block:
    """Text from one place that control may not fall into to the next."""

    start: tuple[int, int]
    #: what stands between two global functions' starts is one region
    region: int
    label: Label | None = None
    owner: Label | None = None


class Routines:
    """Which function each place of a file belongs to; says of each label its kind and its end."""

    def __init__(
        self,
        labels: list[Label],
        branchings: list[Branching],
        references: list[Reference],
        *,
        exported: set[str],
        types: dict[str, str],
        ends: dict[str, list[int]],
        last_line: int,
        repeated: frozenset[int] = frozenset(),
    ) -> None:
        """`exported` are the global names, `types` what `.type` says of a name, `ends` the lines that end it.

        `repeated` are the lines that `.rept` writes many times.
        """
        self._labels = labels
        self._branchings = branchings
        self._references = references
        self._globals = exported
        self._types = types
        self._ends = ends
        self._last_line = last_line
        self._repeated = repeated
        self._blocks: list[_Block] = []
        self._starts: list[tuple[int, int]] = []
        self._decide_labels()
        self._close()
        self._find_routines()

    def around(self, line: int, column: int) -> Label | None:
        """The function that a place belongs to."""
        return self._blocks[self._block(line, column)].owner

    def _decide_labels(self) -> None:
        """Say of every label whether it is a function, data, or a place inside of one."""
        places = {label.name: label.line for label in self._labels}
        # a call of the very next line only asks where it is
        called = {it.name for it in self._branchings if it.link and not 0 <= places.get(it.name, 0) - it.line <= 2}
        after: Label | None = None
        for label in reversed(self._labels):
            if not label.content and after and after.section == label.section:
                label.content = after.content
            after = label
            known = self._types.get(label.name)
            is_global = label.name in self._globals or label.name in called
            if label.name.startswith((".L", "$")) or (label.role == "label" and not is_global):
                continue
            if label.macro and label.macro.startswith("SYM_INNER"):
                continue
            is_data = label.content == "data" or (not label.content and not _is_code(label.section))
            if label.role in ("function", "static") or known == "function":
                label.kind = "function"
            elif label.role == "data" or known == "object" or is_data:
                label.kind = "variable"
            elif label.role or known or is_global or label.name in self._ends:
                label.kind = "function"
                sure = label.role or known or label.name in self._globals or label.name in self._ends
                label.inner = not sure
            else:
                label.parts = label.apart and label.content == "code"

    def _close(self) -> None:
        """Give every function and variable its last line."""
        heads = sorted(
            label.line
            for label in self._labels
            if (label.kind == "function" and not label.inner)
            or (label.kind == "variable" and label.name in self._globals)
        )
        for label in self._labels:
            ends = self._ends.get(label.name, [])
            stated = bisect_right(ends, label.line - 1)
            if stated < len(ends):
                label.end, label.closed = ends[stated], True
            elif label.kind == "variable":
                label.end = label.last if label.content == "data" or label.last else label.line
            else:
                following = bisect_right(heads, label.line)
                label.end = heads[following] - 1 if following < len(heads) else self._last_line

    def _find_routines(self) -> None:
        """Split the text into blocks, and find the function that each belongs to.

        Control does not fall into a label after a jump: what stands there is the enclosing function's only
        where something in that function leads there.  Else it is a routine of its own, as is a label that
        this file calls.
        """
        events: list[tuple[tuple[int, int], int, Label]] = []
        for label in self._labels:
            if label.kind == "function" and not label.inner:
                events.append((label.start, 0, label))
                if label.closed:
                    events.append(((label.end + 1, 0), 1, label))
            elif label.inner or label.parts:
                events.append((label.start, 2, label))
        events.sort(key=lambda event: event[:2])
        self._blocks = blocks = [_Block((0, 0), 0)]
        outer: list[Label] = []
        for start, what, label in events:
            if what == 2:
                blocks.append(_Block(start, blocks[-1].region, label, label if label.inner else None))
                continue
            outer = [other for other in outer if other.end >= start[0]][-3:] if what else [*outer[-3:], label]
            blocks.append(_Block(start, blocks[-1].region + 1, None, outer[-1] if outer else None))
        self._starts = [block.start for block in blocks]
        self._reach(self._ways())
        for at, block in enumerate(blocks):
            if block.label and block.owner is block.label:
                after = at + 1
                while after < len(blocks) and blocks[after].owner is block.label:
                    after += 1
                block.label.end = blocks[after].start[0] - 1 if after < len(blocks) else self._last_line

    def _block(self, line: int, column: int) -> int:
        return bisect_right(self._starts, (line, column)) - 1

    def _ways(self) -> dict[int, set[int]]:
        """Return for each block the blocks of its region that its branches and its mentions lead to.

        What `.rept` writes many times are entry points each: what all of them jump to behind it is no part of one.
        """
        places: dict[tuple[str, int], list[int]] = {}
        for label in self._labels:
            if label.content == "data":
                continue
            at = self._block(*label.start)
            found = places.setdefault((label.name, self._blocks[at].region), [])
            if not label.inner and len(found) < 8 and at not in found:
                found.append(at)
        ways: dict[int, set[int]] = {}
        mentions = [(it.line, it.column, it.name) for it in self._branchings if it.macro is None]
        mentions += [(it.line, it.column, it.name) for it in self._references]
        for line, column, name in mentions:
            if line in self._repeated:
                continue
            at = self._block(line, column)
            led = places.get((name, self._blocks[at].region))
            if led:
                ways.setdefault(at, set()).update(led)
        return ways

    def _reach(self, ways: dict[int, set[int]]) -> None:
        """Give every block its owner: what leads there, or itself."""
        blocks = self._blocks
        functions = [at for at, block in enumerate(blocks) if block.label is None]
        called = [at for at, block in enumerate(blocks) if block.owner and block.label]
        seen = {*functions, *called}
        for root in [*functions, *called, *(at for at in range(len(blocks)) if at not in seen)]:
            block = blocks[root]
            if root not in seen and block.label:
                seen.add(root)
                block.owner = block.label
                block.label.kind, block.label.inner = "function", True
            todo = [root]
            while todo:
                for led in ways.get(todo.pop(), ()):
                    # a routine's own parts follow it; before it stands what it goes back to
                    if led not in seen and (block.label is None or led > root):
                        seen.add(led)
                        blocks[led].owner = block.owner
                        todo.append(led)


def _is_code(section: str) -> bool:
    return "text" in section or section in (".fixup", "__ex_table")
