"""What stands in assembly, as it is read: labels, symbols among operands, assignments; at the end, facts.

Pure.  The state that the reading of lines and of statements shares is here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from xref.parse.asm_conditions import Conditions
from xref.parse.asm_labels import Branching
from xref.parse.asm_labels import Label
from xref.parse.asm_labels import Macro
from xref.parse.asm_routines import Routines
from xref.parse.asm_text import repeated_lines
from xref.parse.asm_words import ENDERS
from xref.parse.asm_words import OPERAND_WORDS
from xref.parse.facts import Call
from xref.parse.facts import Definition
from xref.parse.facts import FileFacts
from xref.parse.facts import Problem
from xref.parse.facts import Reference
from xref.parse.inline_asm import REGISTER

_IDENTIFIER = re.compile(
    rf"(?:(?<=[LR]%)|(?<=[LR][TRP]%)|(?<![\w%\\'.])(?<!\w@))(?!{REGISTER}\b)\.?[A-Za-z_][\w.$]*", re.ASCII
)
_MORE = re.compile(r"[ \t]+[\w%$#\[@(\\]")


class Code:
    """What one file's lines said so far; `finish` says what it comes to."""

    def __init__(self, raw: str, text: str) -> None:
        self.raw = raw
        self.lines = text.split("\n")
        self.count = len(self.lines) - (not self.lines[-1])
        self.begin = 0  # offset of the line that is read
        self.facts = FileFacts()
        self.conditions = Conditions()
        self.macros: dict[str, Macro] = {}
        # `.x` is powerpc64's code of x, where no label says that it is a name
        self.dotted = set(re.findall(r"\n(\.[A-Za-z]\w*)[ \t]*:", text)) if "\n." in text else set()
        self.words = set(re.findall(r"(?m)^[ \t]*\.macro[ \t]+([\w.]+)", text))
        self.macro: Macro | None = None
        self.defined: Macro | None = None
        self.outer: list[tuple[Macro | None, list[Label], str]] = []
        self.labels: list[Label] = []
        self.open: list[Label] = []
        self.section = ".text"
        self.globals: set[str] = set()
        self.types: dict[str, str] = {}
        self.ends: dict[str, list[int]] = {}
        self.assigned: dict[tuple[str, str], tuple[int, int, str, str | None]] = {}
        self.branchings: list[Branching] = []
        self.pointers: list[tuple[int, int, str, Macro | None]] = []
        self.last = ""  # the last instruction
        self.ended: dict[str, str] = {}  # and that of the sections that were left

    def _label(self, name: str, number: int, column: int, role: str = "", macro: str | None = None,
               start: int = 0) -> Label:  # fmt: skip
        label = Label(name, number, column, (number, start or column), role, macro, self.conditions.text, self.section)
        label.apart = self.last in ENDERS
        self.last = ""
        if self.macro and self.macro.holds_parameter(name):
            if len(self.macro.labels) < 32 and len(name) < 100 and not name.startswith(".L"):
                self.macro.labels.append(label)
        else:
            self.labels.append(label)
        self.open = [other for other in self.open if not other.content and other.section == self.section][-8:]
        self.open.append(label)
        return label

    def _content(self, content: str, number: int) -> None:
        """Note that code or data stands here."""
        if self.macro and not self.macro.content:
            self.macro.content = content
        if self.open and content:
            for label in self.open:
                if label.section == self.section:
                    label.content, label.last = content, number
            if content == "code":
                self.open = [label for label in self.open if label.section != self.section]

    def _assign(self, name: str, line: str, number: int, column: int, begin: int, end: int) -> None:
        """Read `name = value`: the first time under a condition it defines, later it writes."""
        condition = self.conditions.text
        if (name, condition) in self.assigned or (self.macro and self.macro.holds_parameter(name)):
            self._refer(name, "write", number, column)
        else:
            self.assigned[name, condition] = (number, column, line[begin:end].strip(), None)
        self._operands(line, begin, end, number, "read")

    def _operands(self, line: str, begin: int, end: int, number: int, kind: str) -> None:
        """Record the symbols among operands; of kind "argument", an address where it is all of one."""
        last = begin
        immediate = False
        parameters = self.macro.parameters if self.macro and self.macro.cpp else ()
        refer = self.facts.references.append
        macros = self.words
        for found in _IDENTIFIER.finditer(line, begin, end):
            at, after = found.span()
            gap = line[last:at]
            last = after
            if "," in gap:
                gap = gap[gap.rfind(",") + 1 :]
                immediate = False
            if "$" in gap or "#" in gap:
                immediate = True
            name = found.group()
            follow = line[after : after + 1]
            if name in OPERAND_WORDS or name in parameters or follow == "\\" or name[-4:-1] == "_el":
                continue  # the last: a system register of arm64
            if "##" in gap[-4:] or line.startswith("##", after):
                continue
            if "." in name:
                stem, _, more = name.lstrip(".").partition(".")
                if stem in OPERAND_WORDS:  # ia64's ar.pfs
                    continue
                if name[0] == "." and not name.startswith(".L") and name not in self.dotted:
                    name, at = name[1:], at + 1  # the code of a powerpc64 function descriptor
                if not more or (len(more) < 4 and more.lstrip("12468") in tuple("bhwsldxq")):
                    # the size in m68k's table.l, the shape in arm64's acc.16b
                    name = name[: len(name) - len(more)].rstrip(".")
            how = kind
            if name in macros:
                how = "macro"
            elif kind != "address":
                if immediate or (follow == "@" and line[after + 1 : after + 4].lower() != "plt"):
                    how = "address"
                elif follow == "(" and name.isupper():
                    how = "macro"
                elif gap.endswith(("hi(", "lo(", "L%", "R%", "T%", "ltoff(", "fptr(", "=")) and not name.isupper():
                    how = "address"
                elif kind == "argument":
                    if follow in " \t" and name.islower() and _MORE.match(line, after, end):
                        continue  # the mnemonic of an instruction that is an argument
                    whole = not name.isupper() and not gap.strip(" \t(") and follow in ("", " ", "\t", ",", ")")
                    how = "address" if whole else "read"
            refer(Reference(name, how, number, at + 1))

    def _refer(self, name: str, kind: str, line: int, column: int) -> None:
        self.facts.references.append(Reference(name, kind, line, column))

    def _begin_macro(self, macro: Macro, column: int, signature: str) -> None:
        self.outer.append((self.macro, self.open, self.last))
        self.macro, self.open = macro, []
        macro.at = len(self.facts.definitions)
        if "\\" in macro.name:  # a macro that a macro makes
            macro.at = -1
            return
        self.words.add(macro.name)
        self.facts.definitions.append(
            Definition(
                macro.name,
                "macro",
                macro.line,
                column,
                macro.line,
                signature=" ".join(signature.split()),
                condition=self.conditions.text,
            )
        )

    def _end_macro(self, number: int) -> None:
        if self.macro is None:
            return
        macro = self.macro
        self.macro, self.open, self.last = self.outer.pop()
        if macro.at < 0:
            return
        self.facts.definitions[macro.at] = self.facts.definitions[macro.at]._replace(end_line=number)
        self.macros[macro.name] = macro
        self.defined = macro

    def finish(self) -> FileFacts:
        """Return the facts, now that every label's place and use is known."""
        facts = self.facts
        while self.macro:
            facts.problems.append(Problem(self.macro.line, ".macro without .endm"))
            self._end_macro(self.count)
        for line, _, _ in self.conditions.levels:
            facts.problems.append(Problem(line, "#if without #endif"))
        routines = Routines(
            self.labels,
            self.branchings,
            facts.references,
            exported=self.globals,
            types=self.types,
            ends=self.ends,
            last_line=self.count,
            repeated=repeated_lines(self.lines),
        )
        self._place_calls(routines.around)
        for label in self.labels:
            if label.kind == "label":
                label.end = label.line
            static = label.name not in self.globals
            facts.definitions.append(
                Definition(
                    label.name,
                    label.kind,
                    label.line,
                    label.column,
                    max(label.end, label.line),
                    static,
                    macro=label.macro,
                    condition=label.condition,
                )
            )
        names = {label.name for label in self.labels if label.kind == "function"}
        for (name, condition), (line, column, value, macro) in self.assigned.items():
            kind = "function" if macro or value in names else "variable"
            static = name not in self.globals
            facts.definitions.append(
                Definition(name, kind, line, column, line, static, macro=macro, condition=condition)
            )
        facts.definitions.sort(key=lambda it: (it.line, it.column))
        facts.references.sort(key=lambda it: (it.line, it.column))
        facts.calls.sort(key=lambda it: (it.line, it.column))
        facts.problems.sort()
        return facts

    def _place_calls(self, around: Callable[[int, int], Label | None]) -> None:
        """Give every branch its caller, and tell the calls from the steps inside of a function."""
        homes: dict[str, set[object]] = {}
        for label in self.labels:
            home = around(*label.start)
            homes.setdefault(label.name, set()).add(home.start if home else None)
        facts = self.facts
        for line, column, name, macro in self.pointers:
            inside = around(line, column)
            caller = macro.name if macro else inside.name if inside else None
            facts.calls.append(Call(line, column, caller, name, indirect=True))
        for line, column, name, link, macro in self.branchings:
            inside = around(line, column)
            here = name in homes and (inside.start if inside else None) in homes[name]
            if name.startswith((".L", "$")) or (here and not link):
                self._refer(name, "label", line, column)
                continue
            caller = macro.name if macro else inside.name if inside else None
            facts.calls.append(Call(line, column, caller, name))
