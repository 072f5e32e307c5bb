"""Snippets of C, indexed as a tree, told back as lines that can be compared and read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from xref.index import export
from xref.index.build import index_tree
from xref.index.query import Index

#: title → (source, what is found in it)
Cases = dict[str, tuple[str, str]]
Check = Callable[[str], None]

_REFERENCE = re.compile(r": (read|write|address|type|member|label) \S+$")


def slug(title: str) -> str:
    return re.sub(r"\W+", "_", title).strip("_")


def write_cases(root: Path, cases: Cases) -> None:
    """Each case's files in a directory of its own: `x.c`, unless a line `--- PATH` begins another file."""
    for title, (source, _) in cases.items():
        parts = re.split(r"^--- (\S+)\n", "--- x.c\n" + source, flags=re.MULTILINE)
        for path, text in zip(parts[1::2], parts[2::2], strict=True):
            file = root / slug(title) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text or path != "x.c":
                file.write_bytes(text.encode("latin-1"))


class Told:
    """All that an index says of a tree of cases, a line for each fact.

    7-9 function f static macro=M if=C    a definition: line of the name, line of its end
    8 f: direct g                         a call: direct, macro, or indirect with the expression and the field
    8 f: write x                          a reference that is no call
    1 include <x.h>
    8 problem: …
    """

    def __init__(self, index: Index) -> None:
        self.lines: dict[str, list[tuple[int, int, str]]] = {}
        self.index = index
        for d in export.definitions(index):
            more = [word for word, true in (("static", d.static), (f"macro={d.macro}", d.macro)) if true]
            more += [f"if={d.condition}"] if d.condition else []
            lines = str(d.line) if d.line == d.end_line else f"{d.line}-{d.end_line}"
            self._add(d.file, d.line, 0, " ".join([lines, d.kind, d.name, *more]))
        for c in export.calls(index):
            field = f" .{c.field}" if c.field else ""
            self._add(c.file, c.line, c.column, f"{c.line} {c.caller or '-'}: {c.kind} {c.callee}{field}")
        for r in export.references(index):
            if r.kind not in ("call", "macro"):
                self._add(r.file, r.line, r.column, f"{r.line} {r.function or '-'}: {r.kind} {r.name}")
        for i in export.includes(index):
            target = f"<{i.target}>" if i.system else f'"{i.target}"'
            self._add(i.file, i.line, 0, f"{i.line} include {target}")
        for p in index.problems():
            self._add(p.file, p.line, 0, f"{p.line} problem: {p.reason}")

    def _add(self, file: str, line: int, column: int, text: str) -> None:
        directory, _, name = file.partition("/")
        if name != "x.c":
            text = f"{name}:{text}"
        self.lines.setdefault(directory, []).append((line, column, text))

    def of(self, title: str) -> list[str]:
        return [text for _, _, text in sorted(self.lines.get(slug(title), ()))]


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The index of all CASES of the module, read once."""
    root = tmp_path_factory.mktemp("cases")
    cases: Cases = request.module.CASES
    assert len({slug(title) for title in cases}) == len(cases)
    write_cases(root, cases)
    file = tmp_path_factory.mktemp("index") / "cases.db"
    index_tree(file, root, jobs=1)
    return Told(Index(file))


#: what we know we get wrong: the test says so, and fails as soon as it is right
SHORT = {
    "register variables in a register": "the label that an `asm goto` may jump to is shown as read",
    "annotations learnt from the tree": "`extern` within an annotation is not seen: the variable counts as defined",
    "members by macros": "a member whose type is a macro's use is missing",
}


@pytest.fixture
def check(told: Told, request: pytest.FixtureRequest) -> Check:
    """Compare a case with what is told of it.

    Definitions, calls, includes and problems must be these and no others; of the references, those to the
    names that the expectation mentions in a reference.
    """
    cases: Cases = request.module.CASES
    title = getattr(request.node, "callspec", None) and request.node.callspec.params.get("title")
    if title in SHORT:
        request.applymarker(pytest.mark.xfail(strict=True, reason=SHORT[title]))

    def compare(title: str) -> None:
        expected = [line.strip() for line in cases[title][1].strip().splitlines()]
        names = {line.rpartition(" ")[2] for line in expected if _REFERENCE.search(line)}
        found = [
            line for line in told.of(title) if not _REFERENCE.search(line) or line.rpartition(" ")[2] in names
        ]
        assert sorted(found, key=_by_line) == sorted(expected, key=_by_line)

    return compare


def _by_line(text: str) -> tuple[str, int, str]:
    file, number = re.match(r"(?:(.*?):)?(\d+)", text).groups()  # type: ignore[union-attr]
    return file or "", int(number), text
