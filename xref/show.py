"""Records as lines of text for a terminal or a pipe.

Each line begins `path:line:column: `, as compilers and grep write it, so that editors can jump to it; what
follows is for people.  Nothing here prints or asks an index: `SourceLines` is given the one read it needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xref.source.names import one_line
from xref.source.text import decode

if TYPE_CHECKING:
    from pathlib import Path

    from xref.index.build import Report
    from xref.index.records import Call
    from xref.index.records import Definition
    from xref.index.records import Match
    from xref.index.records import Problem
    from xref.index.records import Reference
    from xref.index.records import TreeInfo

#: with more results their source lines are left out: reading them would take longer than finding them
MOST_WITH_SOURCE = 2000

#: a signature is cut after so many characters
_LONGEST_SIGNATURE = 240

_COLOURS = {"path": "35", "line": "32", "kind": "36", "name": "1", "match": "1;31", "note": "2"}


class Paint:
    """Puts colour on parts of a line, or nothing at all."""

    def __init__(self, colour: bool) -> None:
        self._codes = _COLOURS if colour else {}

    def __call__(self, part: str, text: str) -> str:
        """The text as a part of this sort: `path`, `line`, `kind`, `name`, `match` or `note`."""
        code = self._codes.get(part)
        return f"\033[{code}m{text}\033[m" if code and text else text

    def place(self, path: str, line: int, column: int | None = None) -> str:
        """`path:line:column`, without what there is none of."""
        numbers = [self("line", str(number)) for number in (line, column) if number]
        return ":".join([self("path", path), *numbers])


class SourceLines:
    """Lines of source, each file read once as long as results come file by file."""

    def __init__(self, source: Callable[[str], bytes | None]) -> None:
        self._source = source
        self._path: str | None = None
        self._lines: list[bytes] = []

    def get(self, path: str, line: int) -> bytes:
        """A line's bytes, without its end; empty where there is no such line."""
        if path != self._path:
            self._path, self._lines = path, (self._source(path) or b"").split(b"\n")
        return self._lines[line - 1] if 0 < line <= len(self._lines) else b""


def plain(text: str) -> str:
    """Text of a file made safe for a terminal: tabs stay, other characters that do not print are `\\xNN`."""
    return text if text.isprintable() else "\t".join(map(one_line, text.split("\t")))


def _code(raw: bytes, column: int, length: int, paint: Paint) -> str:
    """A line of source with the name at `column` marked, without the blanks around it."""
    start = column - 1
    before, name, after = raw[:start], raw[start : start + length], raw[start + length :]
    parts = [one_line(decode(part).replace("\t", " ")) for part in (before.lstrip(), name, after.rstrip())]
    return parts[0] + paint("match", parts[1]) + parts[2]


# -- names --------------------------------------------------------------------------------------------


def definitions(found: Iterable[Definition], paint: Paint) -> Iterator[str]:
    """`path:line:column: kind signature  [static, made by MACRO, if CONDITION]`."""
    for d in found:
        signature = one_line(d.signature) or d.name
        if len(signature) > _LONGEST_SIGNATURE:
            signature = signature[:_LONGEST_SIGNATURE] + "…"
        head, name, tail = signature.partition(d.name)
        text = head + paint("name", name) + tail
        yield f"{paint.place(d.file, d.line, d.column)}: {paint('kind', d.kind)} {text}{_notes(d, paint)}"


def _notes(d: Definition, paint: Paint) -> str:
    notes = []
    if d.static and "static" not in d.signature.split():
        notes.append("static")
    if d.macro:
        notes.append(f"made by {d.macro}")
    if d.condition:
        notes.append(f"if {one_line(d.condition)}")
    return paint("note", f"  [{', '.join(notes)}]") if notes else ""


def references(found: Sequence[Reference], lines: SourceLines, paint: Paint) -> Iterator[str]:
    """`path:line:column: kind in function: source`."""
    with_source = len(found) <= MOST_WITH_SOURCE
    for r in found:
        what = paint("kind", r.kind) + (f" in {paint('name', r.function)}" if r.function else "")
        text = ": " + _code(lines.get(r.file, r.line), r.column, len(r.name), paint) if with_source else ""
        yield f"{paint.place(r.file, r.line, r.column)}: {what}{text}"


# -- calls --------------------------------------------------------------------------------------------


def callers(found: Sequence[Call], lines: SourceLines, paint: Paint) -> Iterator[str]:
    """`path:line:column: CALLER: source`, with a note on the caller where the call is not a direct one."""
    for call, source in _with_source(found, lines, paint):
        who = paint("name", call.caller) if call.caller else "(no function)"
        how = f" through {one_line(call.callee)}" if call.kind == "indirect" else ""
        yield f"{paint.place(call.file, call.line, call.column)}: {who}{how}{source}"


def callees(found: Sequence[Call], lines: SourceLines, paint: Paint) -> Iterator[str]:
    """`path:line:column: CALLEE: source`, with a note on the callee where the call is not a direct one."""
    for call, source in _with_source(found, lines, paint):
        note = "" if call.kind == "direct" else paint("note", f" ({_how(call)})")
        name = paint("name", one_line(call.callee))
        yield f"{paint.place(call.file, call.line, call.column)}: {name}{note}{source}"


def _how(call: Call) -> str:
    """What is not plain about a call: `macro`, `through a pointer`, and to what the pointer may lead."""
    if call.kind != "indirect":
        return call.kind
    if not call.targets:
        return "through a pointer"
    return f"through a pointer, {call.confidence or 'name'}: {', '.join(call.targets)}"


def _with_source(found: Sequence[Call], lines: SourceLines, paint: Paint) -> Iterator[tuple[Call, str]]:
    """Each call with `: source`, or with nothing where there are too many."""
    with_source = len(found) <= MOST_WITH_SOURCE
    for call in found:
        if with_source:
            raw, length = lines.get(call.file, call.line), len(call.field or call.callee)
            yield call, ": " + _code(raw, call.column, length, paint)
        else:
            yield call, ""


# -- text and trees -----------------------------------------------------------------------------------


def matches(found: Iterable[Match], paint: Paint) -> Iterator[str]:
    """`path:line:column: text`, the text as it stands in the file."""
    for match in found:
        yield f"{paint.place(match.file, match.line, match.column)}: {plain(match.text)}"


def paths(found: Iterable[str], paint: Paint) -> Iterator[str]:
    """A path on each line."""
    for path in found:
        yield paint("path", path)


def problems(found: Iterable[Problem], paint: Paint) -> Iterator[str]:
    """`path:line: reason`; no line where the reason is about the whole file."""
    for problem in found:
        yield f"{paint.place(problem.file, problem.line)}: {one_line(problem.reason)}"


def trees(found: Iterable[TreeInfo], paint: Paint) -> Iterator[str]:
    """A small table for each tree, with a blank line between them."""
    for number, info in enumerate(found):
        if number:
            yield ""
        for label, text in _rows(info):
            shown = paint("name", text) if label == "tree" else one_line(text)
            yield f"{paint('note', f'{label:<12}')} {shown}"


def count(number: int, what: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def size(number: int) -> str:
    """Bytes as `12.3 kB` or `340.0 MB`."""
    return f"{number / 1e6:,.1f} MB" if number >= 1e6 else f"{number / 1e3:,.1f} kB"


def _rows(info: TreeInfo) -> Iterator[tuple[str, str]]:
    yield "tree", one_line(info.name)
    yield "from", info.root
    yield "indexed", info.indexed.replace("T", " ").replace("+00:00", " UTC")
    if info.arch:
        yield "arch", info.arch
    yield "files", f"{info.files:,} ({count(info.lines, 'line')}, {size(info.bytes)})"
    yield "definitions", f"{info.definitions:,}"
    yield "parsed", f"{count(info.parsed, 'file')} of C and assembler, {percent(info)} without a problem"
    if info.problem_files:
        yield "problems", f"in {count(info.problem_files, 'file')}: `xref status --problems` lists them"
    if info.skipped:
        yield "left out", f"{info.skipped:,}: links, devices, what is unreadable or too large"


def summary(report: Report, index: Path, seconds: float) -> str:
    """What `xref index` did, on one line."""
    tree, files = one_line(report.tree), count(report.files, "file")
    where = f"{size(index.stat().st_size)} in {index}"
    if not report.changed:
        return f"{tree}: {files}, none has changed; {where}"
    parts = [files, f"{report.read:,} read"]
    if report.skipped:
        parts.append(f"{report.skipped:,} left out")
    if report.problems:
        parts.append(f"{report.problems:,} with problems (xref status --problems)")
    took = f"{seconds:.1f} s ({report.resolving:.1f} s for calls through pointers)"
    return f"{tree}: {', '.join(parts)}; {took}, {where}"


def percent(info: TreeInfo) -> str:
    """How much of what was parsed has no problem, rounded down: 100 % means all of it."""
    if not info.parsed:
        return "100 %"
    tenths = math.floor(1000 * (info.parsed - info.problem_files) / info.parsed)
    return "100 %" if tenths == 1000 else f"{tenths / 10:.1f} %"
