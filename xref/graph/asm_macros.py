"""Entry points that assembly makes by macros, and what they call.

`BUILD_INTERRUPT(apic_timer_interrupt, …)` in a header that entry.S includes makes a label and a call; since 5.8
`DECLARE_IDTENTRY(…, exc_page_fault)` in asm/idtentry.h does, by a macro of the assembler's own.  Both kinds of macro
are opened here, in the header's uses, with the bodies that the header and the including file give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xref.graph.linkage import arch_of
from xref.index.places import Places

_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)\(([^()]*)\)((?:[^\n\\]|\\.)*)", re.MULTILINE | re.DOTALL)
_MACRO = re.compile(r"^[ \t]*\.macro[ \t]+(\w+)([^\n]*)\n(.*?)^[ \t]*\.endm\b", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)", re.MULTILINE)
_USE = re.compile(r"^[ \t]*(\w+)[ \t]*\(([^()\n]*)\)[ \t]*;?[ \t]*$", re.MULTILINE)
_LABEL = re.compile(r"(?:ENTRY|SYM_(?:CODE|FUNC)_START\w*)[ \t]*\([ \t]*(\w+)[ \t]*\)|([A-Za-z_]\w*):")
_CALL = re.compile(r"call[lq]?[ \t]+([A-Za-z_]\w*)[ \t]*$")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DEEPEST = 6


class AsmCall(NamedTuple):
    """An entry point that a macro makes, what it calls, where the macro is used and where the call is written."""

    caller: str
    callee: str
    file: str
    line: int
    macro: str
    evidence: str


class _Body(NamedTuple):
    params: list[str]
    lines: list[tuple[str, str]]  # text, file:line
    gas: bool


def asm_calls(places: Places, arch: str | None) -> Iterator[AsmCall]:
    """The calls of the entry points that macros make in the headers which an architecture's assembly includes."""
    for path in places.index.files("*entry*.S"):
        if arch_of(path) != arch:
            continue
        text = _source(places, path)
        own = _bodies(text, path)
        for quote, target in _INCLUDE.findall(text) if own else ():
            for header in _headers(places, path, target, quote == "<"):
                inner = _source(places, header)
                bodies = {name: [*own.get(name, ()), *more] for name, more in (own | _bodies(inner, header)).items()}
                yield from _in_header(inner, header, bodies)


def _headers(places: Places, path: str, target: str, system: bool) -> list[str]:
    """What an `#include` means; where only the Makefile's -I says, each header of that name of the architecture."""
    found = places.index.resolve_include(path, target, system)[:1]
    return list(found) or [each for each in places.index.files(f"*/{target}") if arch_of(each) == arch_of(path)]


def _source(places: Places, path: str) -> str:
    text = (places.index.source(path) or b"").decode("latin-1")
    text = re.sub(r"(?<=\w)/\*\*/(?=\w)", "##", text)  # how assembly pasted before `##`
    return _COMMENT.sub(lambda match: re.sub(r"[^\n]", "", match.group()), text)


def _bodies(text: str, path: str) -> dict[str, list[_Body]]:
    """The macros of a file: the preprocessor's with arguments, and the assembler's."""
    found: dict[str, list[_Body]] = {}
    for match in _DEFINE.finditer(text):
        lines = list(_lines(match.group(3).replace("\\\n", "\n"), path, text.count("\n", 0, match.start(3)) + 1))
        params = [each.strip() for each in match.group(2).split(",")]
        found.setdefault(match.group(1), []).append(_Body(params, lines, False))
    for match in _MACRO.finditer(text):
        lines = list(_lines(match.group(3), path, text.count("\n", 0, match.start(3)) + 1))
        params = [re.split(r"[:=]", each)[0] for each in re.split(r"[\s,]+", match.group(2).strip()) if each]
        found.setdefault(match.group(1), []).append(_Body(params, lines, True))
    return found


def _lines(text: str, path: str, first: int) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), first):
        for part in line.split(";"):
            if part.strip():
                yield part.strip(), f"{path}:{number}"


def _in_header(text: str, header: str, bodies: dict[str, list[_Body]]) -> Iterator[AsmCall]:
    seen: set[tuple[str, str]] = set()
    for match in _USE.finditer(text):
        if match.group(1) not in bodies or text.endswith("\\\n", 0, match.start()):
            continue
        line = text.count("\n", 0, match.start(1)) + 1
        label = ""
        for part, evidence in _opened(match.group().strip(" \t;"), f"{header}:{line}", bodies, 0):
            start = _LABEL.match(part)
            if start:
                label = start.group(1) or start.group(2)
            call = _CALL.match(part)
            if call and label and (label, call.group(1)) not in seen:
                seen.add((label, call.group(1)))
                yield AsmCall(label, call.group(1), header, line, match.group(1), evidence)


def _opened(part: str, told: str, bodies: dict[str, list[_Body]], depth: int) -> Iterator[tuple[str, str]]:
    """A line of assembly with the macros opened that it uses."""
    match = re.match(r"(\w+)[ \t]*(.*)", part)
    known = bodies.get(match.group(1), []) if match and depth < _DEEPEST else []
    if match is None or not known:
        yield part, told
        return
    rest = match.group(2)
    for body in known:
        if body.gas:
            values = _gas_arguments(body.params, rest)
            pattern = re.compile(r"\\(\w+)(?:\\\(\))?")
        elif rest.startswith("("):
            given = [each.strip() for each in rest[1 : rest.rfind(")")].split(",")]
            values = dict(zip(body.params, given, strict=False))
            pattern = re.compile(r"\b(\w+)\b")
        else:
            continue
        for line, where in body.lines:
            if not body.gas:
                line = re.sub(r"[ \t]*##[ \t]*(?=\w)", "\0", line)
                # beside a paste a name has no boundary of its own
                line = "".join(_filled(piece, pattern, values) for piece in re.split(r"(\0)", line)).replace("\0", "")
            else:
                line = _filled(line, pattern, values)
            yield from _opened(line, where, bodies, depth + 1)


def _filled(line: str, pattern: re.Pattern[str], values: dict[str, str]) -> str:
    return pattern.sub(lambda found: values.get(found.group(1), found.group()), line)


def _gas_arguments(params: list[str], rest: str) -> dict[str, str]:
    values: dict[str, str] = {}
    place = 0
    for word in re.split(r"[\s,]+", rest.strip()):
        name, equals, value = word.partition("=")
        if equals and name in params:
            values[name] = value
        elif place < len(params):
            values[params[place]] = word
            place += 1
    return values
