"""How control gets into the kernel: system call tables, and what assembly does with functions' addresses.

On i386 `system_call` calls `sys_call_table(,%eax,4)`: the table's entries are its callees, by number.  Since 2011 the
numbers stand in `arch/*/entry/syscalls/*.tbl`.  Traps push the address of their handler, and common code calls it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from xref.graph.linkage import arch_of
from xref.index.places import Place
from xref.index.places import Places

_ENTRY = re.compile(r"^[ \t]*\.(?:long|quad|word|llong|dword|data)[ \t]+([^\n#;@|]+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w*")
_PUSHED = re.compile(r"\bpush[lq]?[ \t]+\$([A-Za-z_]\w*)")
_INDIRECT = re.compile(r"\bcall[lq]?[ \t]+\*[ \t]*%")
_JUMP = re.compile(r"\bjmp[ \t]+([A-Za-z_]\w*)")
_TABLE_LINE = re.compile(r"^(\d+)[ \t]+(\S+)[ \t]+(\w+)[ \t]+(\w+)", re.MULTILINE)
_TABLE_MACRO = re.compile(
    r"#[ \t]*define[ \t]+(__SYSCALL\w*)\([^,()]*,[ \t]*(\w+)[^()]*\)((?:[^\n\\]|\\.)*)", re.DOTALL
)
_INITCALL = re.compile(r"module_init|(?:\w+_)?initcall(?:_sync)?")
#: GLOB patterns that find at least these in an index
_INITCALLS = ("module_init", "*initcall*")
#: functions that walk the section of initcalls and call each, the likeliest first
INITCALL_RUNNERS = ("do_one_initcall", "do_initcalls")
#: functions that a modern kernel's table is compiled into, the likeliest first
_DISPATCHERS = ("x64_sys_call", "do_syscall_64", "invoke_syscall", "do_int80_syscall_32")


#: system calls that are many: they choose by a number
SWITCHES = ("sys_socketcall", "sys_ipc")
#: `#define __NR_mmap 90`
_NUMBER = re.compile(r"__NR_\w+\s+(\d+)\s*$", re.MULTILINE)


class Entry(NamedTuple):
    """A system call: its number, its function, where the table says so."""

    table: str
    number: int
    function: str
    evidence: str


class Entrance(NamedTuple):
    """A place that calls through a table: the caller's name, file and line."""

    caller: str
    file: str
    line: int
    table: str


class Initcall(NamedTuple):
    """A function that runs at start, and the macro and line that say so."""

    function: str
    file: str
    line: int
    macro: str


class Trap(NamedTuple):
    """An assembly routine that pushes a handler's address, which common code calls."""

    caller: str
    handler: str
    file: str
    line: int
    via: str
    called_at: str


class Syscalls:
    """The ways into the kernel of one tree, for the architecture of its index."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._index = places.index

    @cached_property
    def entries(self) -> list[Entry]:
        """Every system call of the tables."""
        return list(self._of_assembly()) or list(self._of_lists())

    def _tables(self) -> Iterator[Place]:
        for name in ("sys_call_table", "syscall_table", "sys_call_table_32"):
            for place in self._places.all(name):
                if place.file.endswith(".S") and arch_of(place.file) in (None, self._index.arch):
                    yield place

    def _of_assembly(self) -> Iterator[Entry]:
        for place in self._tables():
            text = self._places.text(place.file)
            start, end = text.start(place.line + 1), text.start(place.end_line + 1)
            number = 0
            for match in _ENTRY.finditer(text.with_directives, start, end):
                for value in match.group(1).split(","):
                    names = _NAME.findall(value)
                    if names:
                        yield Entry(place.name, number, names[-1], f"{place.file}:{text.line(match.start(1))}")
                    number += 1

    def _of_lists(self) -> Iterator[Entry]:
        """`1  common  write  sys_write` in a .tbl file."""
        arch = self._index.arch or ""
        lists = [path for path in self._index.files("*.tbl") if arch_of(path) == arch and "/syscalls/" in path]
        lists.sort(key=lambda path: ("64" not in path, path))
        for path in lists[:1]:
            text = (self._index.source(path) or b"").decode("latin-1")
            for match in _TABLE_LINE.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                table = path.rpartition("/")[2].removesuffix(".tbl")
                yield Entry(table, int(match.group(1)), match.group(4), f"{path}:{line}")

    @cached_property
    def entrances(self) -> list[Entrance]:
        """The places that call through the tables."""
        found = []
        for place in self._tables():
            for call in self._index.pointer_calls(place.file):
                if place.name in call.callee and call.caller:
                    found.append(Entrance(call.caller, call.file, call.line, place.name))
        if not found and self.entries:
            for name in _DISPATCHERS:
                bodies = [place for place in self._places.all(name) if place.kind == "function"]
                if bodies:
                    body = bodies[0]
                    found.append(Entrance(name, body.file, body.line, self.entries[0].table))
                    break
        return found

    @cached_property
    def prefixes(self) -> dict[str, list[str]]:
        """What a dispatcher's own macros put before the functions of its table: `__x64_` in `__x64_##sym`."""
        found: dict[str, list[str]] = {}
        for entrance in self.entrances:
            text = (self._index.source(entrance.file) or b"").decode("latin-1")
            for _, function, body in _TABLE_MACRO.findall(text):
                for prefix in re.findall(rf"(\w+?)\s*##\s*{function}\b", body):
                    if prefix not in found.setdefault(entrance.caller, []):
                        found[entrance.caller].append(prefix)
        return found

    def number_at(self, entry: Entry) -> str | None:
        """Where the header gives the number: file:line of `#define __NR_write 4`; None where the table's line does."""
        if entry.evidence.partition(":")[0].endswith(".tbl"):
            return None
        place = self._number_of(entry.function.removeprefix("sys_"), entry.evidence)
        return f"{place.file}:{place.line}" if place is not None else None

    def _number_of(self, name: str, path: str) -> Place | None:
        """The macro with a system call's number, that of the index's architecture before others."""
        place = self._places.best(f"__NR_{name}", ("macro",), path)
        for each in self._places.all(f"__NR_{name}"):
            if arch_of(each.file) == self._index.arch:
                place = each
        return place

    def functions_of(self, name: str) -> list[str]:
        """The functions that a system call's name means: `sendto`, `sys_sendto` or `__NR_sendto`.

        Where the tables do not have the function of that name, that which they have at its number: on i386 `mmap` is
        `old_mmap`.
        """
        bare = name.removeprefix("__NR_").removeprefix("sys_")
        function = f"sys_{bare}"
        # `old_mmap` of i386's table is called as it is
        for known in (function, bare):
            if any(entry.function == known for entry in self.entries):
                return [known]
        place = self._number_of(bare, "")
        if place is not None and self.entries and arch_of(place.file) in (None, self._index.arch):
            line = self._places.text(place.file)
            text = line.with_directives[line.start(place.line) : line.start(place.line + 1)]
            number = _NUMBER.search(text)
            found = [entry.function for entry in self.entries if number and entry.number == int(number.group(1))]
            if found:
                return found[:1]
        return [function] if self._places.all(function) else []

    @cached_property
    def trapping(self) -> dict[str, list[Place]]:
        """For each handler the assembly routines that push its address."""
        found: dict[str, list[Place]] = {}
        for path in self._index.files("*.S"):
            if arch_of(path) not in (None, self._index.arch):
                continue
            for body in self._places.of_file(path):
                if body.kind in ("function", "label"):
                    for trap in self.traps(body):
                        found.setdefault(trap.handler, []).append(body)
        return found

    @cached_property
    def initcalls(self) -> dict[str, list[Initcall]]:
        """For each function that runs at start because a macro put it into a section: where that is."""
        found: dict[str, list[Initcall]] = {}
        macros = {name for name in self._index.macros_like(_INITCALLS) if _INITCALL.fullmatch(name)}
        for macro in sorted(macros):
            use = re.compile(rf"\b{macro}\s*\(\s*([A-Za-z_]\w*)\s*\)".encode())
            for reference in self._index.references(macro):
                if reference.function is not None or arch_of(reference.file) not in (None, self._index.arch):
                    continue
                lines = (self._index.source(reference.file) or b"").split(b"\n", reference.line + 2)
                match = use.search(b"\n".join(lines[reference.line - 1 : reference.line + 2]))
                if match:
                    call = Initcall(match.group(1).decode(), reference.file, reference.line, macro)
                    found.setdefault(call.function, []).append(call)
        return found

    # -- assembly -------------------------------------------------------------------------------------

    def traps(self, body: Place) -> Iterator[Trap]:
        """The handlers that an assembly routine hands to the code that calls them."""
        text = self._places.text(body.file)
        start, end = text.start(body.line), text.start(body.end_line + 1)
        code = text.with_directives
        via, called = self._caller(body, code[start:end])
        if called is None:
            return
        for match in _PUSHED.finditer(code, start, end):
            handler = match.group(1)
            if any(place.kind == "function" for place in self._places.all(handler)):
                yield Trap(body.name, handler, body.file, text.line(match.start()), via, called)

    def _caller(self, body: Place, code: str) -> tuple[str, str | None]:
        """The label whose code calls through a register, and where it does: in the routine, or where it jumps to."""
        text = self._places.text(body.file)
        start = text.start(body.line)
        here = _INDIRECT.search(code)
        labels = [each for each in self._places.of_file(body.file) if each.kind in ("label", "function")]
        if here is not None:
            line = text.line(start + here.start())
            inner = [each.name for each in labels if body.line <= each.line <= line]
            return (inner[-1] if inner else body.name), f"{body.file}:{line}"
        for match in _JUMP.finditer(code):
            target = next((each for each in labels if each.name == match.group(1)), None)
            if target is None:
                continue
            begin = text.start(target.line)
            after = [each.line for each in labels if each.line > target.line and each.kind == "function"]
            stop = text.start(min(after)) if after else len(text.with_directives)
            found = _INDIRECT.search(text.with_directives, begin, stop)
            if found:
                return target.name, f"{body.file}:{text.line(found.start())}"
        return body.name, None
