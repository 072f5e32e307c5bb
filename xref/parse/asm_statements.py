"""The statements of assembly: instructions, directives, and the macros that make labels and calls."""

from __future__ import annotations

import re

from xref.parse.asm_code import Code
from xref.parse.asm_labels import WORD
from xref.parse.asm_labels import Branching
from xref.parse.asm_labels import Macro
from xref.parse.asm_words import ADDRESS_OF
from xref.parse.asm_words import ALIASES
from xref.parse.asm_words import DATA
from xref.parse.asm_words import DATA_MACROS
from xref.parse.asm_words import ENDS
from xref.parse.asm_words import EXPRESSION
from xref.parse.asm_words import MAKERS
from xref.parse.asm_words import NO_CODE
from xref.parse.asm_words import SECTION_MACROS
from xref.parse.facts import Definition
from xref.parse.facts import Include
from xref.parse.facts import Problem
from xref.parse.inline_asm import Branch
from xref.parse.inline_asm import asm_string_calls
from xref.parse.inline_asm import branch_of
from xref.parse.inline_asm import is_register
from xref.parse.inline_asm import split_operands
from xref.parse.inline_asm import target_of

_LABEL = re.compile(r"[ \t{}]*(?:(?:\d+\$?:|\(p[^()]*\))[ \t{]*)*([A-Za-z_.$][\w.$]*)[ \t]*:(?![:=])", re.ASCII)
_STATEMENT = re.compile(
    r"[ \t{}]*(?:(?:\d+\$?:|\(p[^()]*\))[ \t{]*)*"
    r"(?:(?:lock|rep(?:n?[ez])?|rex(?:64)?|data16|addr32|data32|notrack|bnd)[ \t]+(?=\w))*+"
    r"([A-Za-z_.][\w.]*)([^\s(;]*)[ \t]*",
    re.ASCII,
)
_NAME = re.compile(r"[A-Za-z_.$][\w.$]*", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z_][\w.$]*", re.ASCII)
_LOAD_PC = re.compile(r"pc[ \t]*,[ \t]*(\[[^\]]*\]!?|r\d+|ip|[=.]\w+)", re.ASCII)
_PARAMETER_LABEL = re.compile(r"[ \t]*([\w.$]*(?:\\|##)[\w\\().$@#]*)[ \t]*:", re.ASCII)
_STRING = re.compile(r'"([^"\n]*)"')
_MACRO_NAME = re.compile(r"[\w.$\\]+", re.ASCII)
_ARGUMENT = re.compile(r"[^\s,]+")
_EMBEDDED = re.compile(r"[ \t]*([a-z][\w.,]*)[ \t]+(.*)", re.ASCII)


class Statements(Code):
    """Reads the statements of lines."""

    def __init__(self, raw: str, text: str) -> None:
        super().__init__(raw, text)
        # `bl` is "branch if less" here; a call elsewhere
        self.less = re.search(r"%[goil][0-7]\b", text) is not None or any(
            word in text for word in ("basr", "brasl", "larl", "jarl")
        )
        self.before = ".text"
        self.pushed: list[str] = []
        self.kind = "read"

    def _statements(self, line: str, number: int, at: int = 0) -> None:
        """Read the statements of one line from `at` on."""
        templates = self.macro is not None and ("\\" in line or "##" in line)
        colon = ":" in line
        stop = -1
        while at < len(line):
            if templates:
                label = _PARAMETER_LABEL.match(line, at)
                if label:
                    self._label(label[1], number, label.start(1) + 1)
                    at = label.end()
                    continue
            if colon:
                label = _LABEL.match(line, at)
                if label:
                    self._label(label[1], number, label.start(1) + 1)
                    at = label.end()
                    continue
            if stop < at:
                stop = line.find(";", at)
                stop = len(line) if stop < 0 else stop
            found = _STATEMENT.match(line, at, stop)
            if found:
                word, suffix = found.groups()
                at = (self._word(line, number, word, suffix, found.start(1), found.end(), stop) or stop) + 1
            else:
                self._operands(line, at, stop, number, "read")
                if self.open and line[at:stop].strip(" \t}"):
                    self._content("code", number)
                at = stop + 1

    def _word(self, line: str, number: int, word: str, suffix: str, at: int, begin: int, end: int) -> int | None:
        """Read a statement: `word` stands at `at`, its operands from `begin` to `end`.

        Returns where the next statement begins, less one, where it begins before `end`.
        """
        self.kind = "read"
        before = self.last
        if word[0] != "." and not NO_CODE.fullmatch(word):
            self.last = word
        first = suffix[:1] or line[begin : begin + 1]
        branch = branch_of(word + suffix)
        if word in DATA:
            self._content("data", number)
            self.kind = "address"
            self._operands(line, begin, end, number, "address")
        elif word[0] == ".":
            self._dot(line, number, word, suffix, begin, end)
        elif first == "=" and (suffix or line[begin : begin + 2])[1:2] not in ("=", ","):
            self.last = before
            self._assign(word, line, number, at + 1, line.index("=", at) + 1, end)
        elif first == "(" and self._is_maker(word):
            return self._make(line, number, word, at, begin, end)
        elif branch and word not in self.words and not (first == "(" and begin == at + len(word)):
            self._content("code", number)
            self._branch(line, number, word + suffix, branch, at, begin, end)
        elif word in self.words or word.isupper() or (first == "(" and begin == at + len(word)):
            return self._use(line, number, word, at, begin, end)
        elif first == "." and line.startswith(".req", begin):
            self.words.add(word)
            self.facts.definitions.append(
                Definition(word, "macro", number, at + 1, number, True, macro=".req", condition=self.conditions.text)
            )
        else:
            self._content("code", number)
            if first == "p" and word.startswith(("ldr", "mov")):
                self._load_pc(line, number, word, begin, end)
            elif word[:3] == "ldm" and len(word) < 6 and "pc" in line[begin:end]:
                self.last = "ret"  # arm: `ldmia sp!, {r4, pc}`
            self.kind = "address" if word in ADDRESS_OF else "read"
            self._operands(line, begin, end, number, self.kind)
        return None

    def _load_pc(self, line: str, number: int, word: str, begin: int, end: int) -> None:
        """Read arm's `ldr pc, [table, r0, lsl #2]` and `mov pc, r3`; from the stack or lr it is a return."""
        found = _LOAD_PC.match(line, begin, end)
        self.last = "ret" if word in ("mov", "ldr") else ""
        if found and not found[1].startswith(("[sp", "lr", "r14")):
            self.pointers.append((number, found.start(1) + 1, found[1].strip(), self.macro))

    def _dot(self, line: str, number: int, word: str, suffix: str, begin: int, end: int) -> None:
        """Read an assembler directive."""
        self.kind = "read"
        if word in EXPRESSION:
            self._operands(line, begin, end, number, "read")
        elif word in (".globl", ".global", ".weak", ".export"):
            names = line[begin:end].split(",")[:1] if word == ".export" else line[begin:end].split(",")
            self.globals.update(_inner(name) for name in names)
        elif word in (".set", ".equ", ".equiv", ".eqv"):
            comma = line.find(",", begin, end)
            if comma > 0:
                name = line[begin:comma].strip()
                if _NAME.fullmatch(name):
                    self._assign(name, line, number, begin + 1, comma + 1, end)
        elif word in (".type", ".ent", ".proc", ".size", ".end", ".endp"):
            self._describe(word, line[begin:end], number)
        elif word in (".comm", ".lcomm", ".common", ".lcommon"):
            common = _PLAIN.match(line, begin)
            if common and line[common.end() : common.end() + 1] != "\\":
                self.globals.update([common.group()] if word in (".comm", ".common") else [])
                self._assign(common.group(), line, number, begin + 1, common.end() + 1, end)
        elif word in (".macro", ".endm", ".endmacro") and self.macro and self.macro.cpp:
            pass  # one `#define` may open what another closes
        elif word == ".macro":
            self._open_macro(line, number, begin, end)
        elif word in (".endm", ".endmacro"):
            if self.macro:
                self._end_macro(number)
            else:
                self.facts.problems.append(Problem(number, ".endm without .macro"))
        elif word == ".include":
            target = _STRING.match(self.raw, self.begin + begin)
            if target:
                self.facts.includes.append(Include(number, target[1], False))
        elif word == ".":  # the place counter: `. = ALIGN(8)`
            self._operands(line, begin - len(suffix), end, number, "read")
        else:
            self._enter_section(word, self.raw[self.begin + begin : self.begin + end])

    def _open_macro(self, line: str, number: int, begin: int, end: int) -> None:
        head = _MACRO_NAME.match(line, begin)
        if head:
            rest = re.sub(r"[ \t]*=[ \t]*", "=", line[head.end() : end])
            parameters = tuple(re.split("[:=]", part)[0] for part in re.split(r"[,\s]+", rest) if part)
            self._begin_macro(Macro(head.group(), number, False, parameters), begin + 1, line[begin:end])

    def _describe(self, word: str, operands: str, number: int) -> None:
        """Read `.type x, @function`, `.size x, .-x` and their like."""
        name = _inner(operands.split(",")[0])
        if word in (".size", ".end", ".endp"):
            self.ends.setdefault(name, []).append(number)
        elif word in (".ent", ".proc") or "function" in operands.lower() or "STT_FUNC" in operands:
            self.types[name] = "function"
        elif "object" in operands.lower():
            self.types[name] = "object"

    def _enter_section(self, word: str, operands: str) -> None:
        old = self.section
        if word in (".text", ".data", ".bss", ".rodata"):
            self.section = word
        elif word in (".section", ".pushsection"):
            name, *flags = operands.split(",")
            if word == ".pushsection":
                self.pushed.append(old)
            code = bool(flags) and "x" in flags[0]
            self.section = name.strip(' \t"') + " (text)" * code
        elif word == ".popsection" and self.pushed:
            self.section = self.pushed.pop()
        elif word == ".previous":
            self.section = self.before
        if self.section != old:
            self.before = old
            self.ended[old], self.last = self.last, self.ended.get(self.section, "")

    def _is_maker(self, word: str) -> bool:
        return (word in MAKERS or word in ENDS or word in ALIASES) and word not in self.macros

    def _make(self, line: str, number: int, word: str, at: int, begin: int, end: int) -> int:
        """Read `ENTRY(x)`, `END(x)` and their like; return where they end."""
        close = _closing(line, begin, end)
        inside = line[begin + 1 : close]
        parts = split_operands(inside)
        maker = MAKERS.get(word)
        if word in ENDS:
            self.ends.setdefault(_inner(parts[0][1]), []).append(number)
        if word in ALIASES:
            name = parts[0][1].strip()
            if "LOCAL" not in word:
                self.globals.add(name)
            self.assigned[name, self.conditions.text] = (number, begin + 2, "", word)
            self._operands(line, begin + 1 + parts[-1][0], close, number, "address")
        if maker is None or maker.place >= len(parts):
            return close
        offset, part = parts[maker.place]
        name = _inner(part)
        if _NAME.fullmatch(name) or (self.macro and self.macro.holds_parameter(name)):
            column = line.index(name, begin + 1 + offset) + 1
            self._label(name, number, column, maker.role, word, at + 1)
            if "LOCAL" not in word + inside and (maker.role in ("entry", "function") or word.startswith("SYM_")):
                self.globals.add(name)
            if word.startswith("SYM_DATA") and maker.place == 0 and len(parts) > 1:
                self._content("data", number)
                self._operands(line, begin + 1 + parts[1][0], close, number, "address")
        return close

    def _branch(self, line: str, number: int, mnemonic: str, branch: Branch, at: int, begin: int, end: int) -> None:
        """Read a branch: a call, a jump, or a step inside of the function."""
        operands = line[begin:end]
        if branch.link and self.less and mnemonic.split(",")[0] == "bl" and "," not in operands:
            branch = Branch(False)
        if self.macro and self.macro.holds_parameter(operands) and self._template(operands, number, branch, begin):
            self._operands(line, begin, end, number, "read")
            return
        target = target_of(branch, operands, mnemonic)
        if target is None:
            self._operands(line, begin, end, number, "read")
        elif target.pointer:
            place = begin + target.at if operands.strip() else at
            self.pointers.append((number, place + 1, target.name, self.macro))
            self._operands(line, begin, end, number, "read")
        else:
            place, name = begin + target.at, target.name
            if line[place - 1] == "." and "." + name in self.dotted:
                place, name = place - 1, "." + name
            self.branchings.append(Branching(number, place + 1, name, branch.link, self.macro))
            self._operands(line, begin, place, number, "read")
            self._operands(line, place + len(name), end, number, "read")

    def _template(self, operands: str, number: int, branch: Branch, begin: int) -> bool:
        """Read a branch in a macro's body whose target only a use of the macro knows."""
        macro = self.macro
        if macro is None:
            return False
        offset, part = split_operands(operands)[branch.place]
        name = part.strip().removeprefix("@").removeprefix("rp=")
        if not macro.holds_parameter(name) or not re.fullmatch(r"[\w.$\\()#@]+", name):
            return False
        if len(macro.calls) < 32 and len(name) < 100:
            macro.calls.append((name, branch))
        if branch.link or "##" in name:
            column = begin + offset + part.index(name) + 1
            self.pointers.append((number, column, name.replace("####", "/**/"), macro))
        return True

    def _use(self, line: str, number: int, word: str, at: int, begin: int, end: int) -> int | None:
        """Read the use of a macro; return where its arguments end, if a statement follows them."""
        self._refer(word, "macro", number, at + 1)
        inside = _closing(line, begin, end) if line[begin : begin + 1] == "(" else 0
        if line[inside + 1 : inside + 2] == ":" and inside:  # `L(x):`, as m68k and arm64 write `.Lx:`
            name = line[begin + 1 : inside].strip()
            if _NAME.fullmatch(name):
                self._label(name, number, line.index(name, begin) + 1, "", word, at + 1)
            return inside + 1
        macro = self.macros.get(word)
        if macro and (macro.labels or macro.calls):
            self._instantiate(macro, line, number, at, begin, end)
        if macro:
            self._content(macro.content, number)
        elif word in SECTION_MACROS:
            self._enter_section(".section", SECTION_MACROS[word])
        elif word in DATA_MACROS:
            self._content("data", number)
        elif not NO_CODE.fullmatch(word):
            self._content("code", number)
        if word.startswith("ALT"):
            self.kind = "argument"
            self._strings(number, begin, end)
        if not inside:
            self._operands(line, begin, end, number, "argument")
            return None
        for offset, part in split_operands(line[begin + 1 : inside]):
            piece = begin + 1 + offset
            embedded = _EMBEDDED.fullmatch(line, piece, piece + len(part))
            branch = branch_of(embedded[1]) if embedded else None
            if embedded and branch:  # `ALT_SMP(b f)`, `EX(.Lfix, bl f)`
                self._branch(line, number, embedded[1], branch, embedded.start(1), embedded.start(2), embedded.end())
            else:
                self._operands(line, piece, piece + len(part), number, "argument")
        only = line[begin + 1 : inside].strip()
        if not (only.isalpha() and only.islower()):
            return inside
        # arm: `W(b) f`, `W(ldr) pc, =f`
        branch = branch_of(only)
        if branch:
            self._branch(line, number, only, branch, begin + 1, inside + 1, end)
        else:
            self._operands(line, inside + 1, end, number, "read")
        return None

    def _strings(self, number: int, begin: int, end: int) -> None:
        """Read the instructions in the strings of `ALTERNATIVE "jmp f", "jmp g", FEATURE`."""
        for string in _STRING.finditer(self.raw, self.begin + begin, self.begin + end):
            for offset, name in asm_string_calls(string.group().encode("latin-1")):
                column = string.start() - self.begin + offset + 1
                self.branchings.append(Branching(number, column, name, False, self.macro))

    def _instantiate(self, macro: Macro, line: str, number: int, at: int, begin: int, end: int) -> None:
        """Add the labels and calls that this use of the macro makes."""
        if macro.cpp:
            if line[begin : begin + 1] != "(":
                return
            inside = split_operands(line[begin + 1 : _closing(line, begin, end)])
            placed = [(begin + 1 + offset, part) for offset, part in inside]
        else:
            placed = [(found.start(), found.group()) for found in _ARGUMENT.finditer(line, begin, end)]
        arguments = [part.strip()[:100] for _, part in placed]
        columns = {
            name: offset + len(part) - len(part.lstrip()) + 1
            for name, (offset, part) in zip(macro.parameters, placed, strict=False)
        }

        def place(template: str) -> int:
            return next((columns[word] for word in WORD.findall(template) if word in columns), at + 1)

        for label in macro.labels:
            name, open_ended = macro.fill(label.name, arguments, self.macro)
            if open_ended or _NAME.fullmatch(name):
                made = self._label(name, number, place(label.name), label.role, macro.name, at + 1)
                made.content, made.last = label.content, number
                if label.name in self.globals:
                    self.globals.add(name)
        for template, branch in macro.calls:
            name, open_ended = macro.fill(template, arguments, self.macro)
            if open_ended and self.macro:
                if len(self.macro.calls) < 32 and len(name) < 100:
                    self.macro.calls.append((name, branch))
            elif _PLAIN.fullmatch(name) and not is_register(name):
                self.branchings.append(Branching(number, place(template), name, branch.link, self.macro))


def _inner(text: str) -> str:
    """Return the name in `SYMBOL_NAME(name)`, or in `name`."""
    text = text.strip()
    wrapped = re.fullmatch(r"[A-Z_]+[ \t]*\([ \t]*([^\s()]+)[ \t]*\)", text)
    return wrapped[1] if wrapped else text


def _closing(line: str, begin: int, end: int) -> int:
    """Return where the parenthesis that opens at `begin` closes, `end` where it does not."""
    depth = 0
    for found in re.compile(r"[()]").finditer(line, begin, end):
        depth += 1 if found.group() == "(" else -1
        if depth == 0:
            return found.start()
    return end
