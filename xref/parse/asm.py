"""Kernel assembly (`.S`, `.s`) → facts.

One file's bytes are all that is known, so nothing here asks for which machine they are: what differs
(the comment sign, whether `;` separates, what `bl` means) is decided by the file's own text, and every
mnemonic that is a call somewhere is in one table (`inline_asm`).  Preprocessor branches are all read.

What becomes what:

- a label is a `label`; it is a `function` when it is global (`.globl`, `ENTRY(x)`, `SYM_FUNC_START(x)`),
  typed or ended as one (`.type`, `ENDPROC(x)`, `.size`), called (`bl x`) in the file, or stands after a
  jump where nothing of the function around it leads (see `_find_routines`); and a `variable` when nothing
  but data follows it.  `1:` is nothing; `.Lx:` is always a label.
- `#define` and `.macro` are `macro`; `.set x, …`, `x = …` and `.comm x` are `variable` (an alias of a
  function: `function`), an assignment once more is a `write`.  `.req` names a register: `macro`.
- a branch is a Call when it keeps a return address, or leaves the function; else a `label` reference.
  A direct Call stands for the reference of kind `call` too.
  In a macro's body the caller is the macro; where the target is a parameter the Call is `indirect`, its
  callee as written (`\\func`), and each use in this file makes the Call that it stands for.
- `static` is: not global.

Pure: bytes in, records out.  Uses `facts` and `inline_asm`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from xref.parse.asm_conditions import Conditions
from xref.parse.asm_labels import WORD
from xref.parse.asm_labels import Branching
from xref.parse.asm_labels import Label
from xref.parse.asm_labels import Macro
from xref.parse.asm_routines import Routines
from xref.parse.asm_text import DIRECTIVE
from xref.parse.asm_text import code_of
from xref.parse.asm_text import comment_pattern
from xref.parse.asm_text import comment_signs
from xref.parse.asm_text import is_prose
from xref.parse.asm_words import ADDRESS_OF
from xref.parse.asm_words import ALIASES
from xref.parse.asm_words import DATA
from xref.parse.asm_words import DATA_MACROS
from xref.parse.asm_words import ENDERS
from xref.parse.asm_words import ENDS
from xref.parse.asm_words import EXPRESSION
from xref.parse.asm_words import MAKERS
from xref.parse.asm_words import NO_CODE
from xref.parse.asm_words import OPERAND_WORDS
from xref.parse.asm_words import SECTION_MACROS
from xref.parse.facts import Call
from xref.parse.facts import Definition
from xref.parse.facts import FileFacts
from xref.parse.facts import Include
from xref.parse.facts import Problem
from xref.parse.facts import Reference
from xref.parse.inline_asm import REGISTER
from xref.parse.inline_asm import Branch
from xref.parse.inline_asm import asm_string_calls
from xref.parse.inline_asm import branch_of
from xref.parse.inline_asm import is_register
from xref.parse.inline_asm import split_operands
from xref.parse.inline_asm import target_of

#: One instruction, and no name among its operands: the most frequent line.  `pc` may be a jump.
_NAMELESS = re.compile(
    r"[ \t]*+(?:\d++:[ \t]*+)?(?:([a-z][a-z0-9]*+(?:\.[a-z]++)*+)(?:[ \t]++(?:[-,()\[\]+!*^<>&~ \t]++|%\w++"
    rf"|[$#]?(?:0x[\da-fA-F]++|\d++[bf]?)(?!\w)|\$?(?:{REGISTER}|sp|lr|ip|zero|fp|ra|at)(?![\w.:@]))*+)?)?$",
    re.ASCII,
)
_LABEL = re.compile(r"[ \t{}]*(?:(?:\d+\$?:|\(p[^()]*\))[ \t{]*)*([A-Za-z_.$][\w.$]*)[ \t]*:(?![:=])", re.ASCII)
_STATEMENT = re.compile(
    r"[ \t{}]*(?:(?:\d+\$?:|\(p[^()]*\))[ \t{]*)*"
    r"(?:(?:lock|rep(?:n?[ez])?|rex(?:64)?|data16|addr32|data32|notrack|bnd)[ \t]+(?=\w))*+"
    r"([A-Za-z_.][\w.]*)([^\s(;]*)[ \t]*",
    re.ASCII,
)
_IDENTIFIER = re.compile(
    rf"(?:(?<=[LR]%)|(?<=[LR][TRP]%)|(?<![\w%\\'.])(?<!\w@))(?!{REGISTER}\b)\.?[A-Za-z_][\w.$]*", re.ASCII
)
_NAME = re.compile(r"[A-Za-z_.$][\w.$]*", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z_][\w.$]*", re.ASCII)
_LOAD_PC = re.compile(r"pc[ \t]*,[ \t]*(\[[^\]]*\]!?|r\d+|ip|[=.]\w+)", re.ASCII)
_PARAMETER_LABEL = re.compile(r"[ \t]*([\w.$]*(?:\\|##)[\w\\().$@#]*)[ \t]*:", re.ASCII)
_MORE = re.compile(r"[ \t]+[\w%$#\[@(\\]")
_STRING = re.compile(r'"([^"\n]*)"')
_TARGET_FILE = re.compile(r'"([^"\n]*)"|<([^>\n]*)>')
_CONDITION_WORD = re.compile(r"(?<![\w$.])[A-Za-z_]\w*", re.ASCII)
_DEFINE = re.compile(r"([A-Za-z_$][\w$]*)(\(([^)]*)\))?", re.ASCII)
_MACRO_NAME = re.compile(r"[\w.$\\]+", re.ASCII)
_ARGUMENT = re.compile(r"[^\s,]+")
_SETS = re.compile(
    r"(?<![\w.*(\"])([A-Za-z_]\w*)[ \t]*=(?!=)|\b(?:PROVIDE\w*|KEEP)[ \t]*\([ \t]*(\w+)[ \t]*=", re.ASCII
)
_EMBEDDED = re.compile(r"[ \t]*([a-z][\w.,]*)[ \t]+(.*)", re.ASCII)
_STATEMENT_BODY = re.compile(r"[ \t]*[A-Za-z_.][\w.]*(?:,\w+)*[ \t]+(?![-+*/|&<>=^?][ \t]|=)\S|.*[;:]", re.ASCII)
_OPEN_END = (",", "|", "&", "+", "-", "(", "=", "<", "*", "/")


def parse_asm(data: bytes) -> FileFacts:
    """Return the facts of one assembly file.

    Any bytes are taken: text that is not UTF-8 counts as Latin-1, columns are bytes.  Nothing is raised;
    what could not be read is a `Problem`.  A linker script (`*.lds.S`) yields the symbols that it sets.
    """
    reader = _Reader(*code_of(data))
    reader.read()
    return reader.finish()


class _Reader:
    """Reads one file's lines in order; `finish` says what they come to."""

    def __init__(self, raw: str, text: str) -> None:
        self.raw = raw
        self.lines = text.split("\n")
        self.count = len(self.lines) - (not self.lines[-1])
        self.signs = comment_signs(text)
        self.is_script = "SECTIONS" in text and re.search(r"(?m)^[ \t]*SECTIONS\b", text) is not None
        # `bl` is "branch if less" here; a call elsewhere
        self.less = re.search(r"%[goil][0-7]\b", text) is not None or any(
            word in text for word in ("basr", "brasl", "larl", "jarl")
        )
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
        self.section = self.before = ".text"
        self.pushed: list[str] = []
        self.globals: set[str] = set()
        self.types: dict[str, str] = {}
        self.ends: dict[str, list[int]] = {}
        self.assigned: dict[tuple[str, str], tuple[int, int, str, str | None]] = {}
        self.branchings: list[Branching] = []
        self.pointers: list[tuple[int, int, str, Macro | None]] = []
        # what a line that ends in a backslash goes on with
        self.goes_on: str = ""
        self.condition: list[str] = []
        self.kind = "read"
        self.last = ""  # the last instruction

    # ── lines ──────────────────────────────────────────────────────────────────────────────────────

    def read(self) -> None:
        """Read every line."""
        comment = comment_pattern(self.signs).search
        marks = self.signs.replace("$", "#")
        nameless = _NAMELESS.match
        offset = 0
        for number, line in enumerate(self.lines, 1):
            self.begin = offset
            offset += len(line) + 1
            if self.goes_on:
                self._continue(line, number)
                continue
            if "#" in line:
                found = DIRECTIVE.match(line)
                if found and not is_prose(line, found):
                    self._directive(line, number, found)
                    continue
            if not line or line.isspace():
                continue
            for mark in marks:
                if mark in line:
                    cut = comment(line)
                    if cut:
                        line = line[: cut.start()]
                    break
            found = nameless(line)
            if found and (found[1] is None or self._is_nameless(found[1], line)):
                if found[1]:
                    self.last = found[1]
                    if self.open or self.macro:
                        self._content("code", number)
                continue
            if "\\" in line and line.rstrip().endswith("\\"):
                line = line.rstrip()[:-1]
                self.goes_on = "operands" if line.rstrip().endswith(_OPEN_END) else "statements"
            if self.is_script:
                self._script(line, number)
            else:
                self._statements(line, number)

    def _is_nameless(self, word: str, line: str) -> bool:
        """Return whether an instruction without a name among its operands says nothing."""
        if word in self.words or word in DATA:
            return False
        branch = branch_of(word)
        return branch is None or not branch.pointer or line.rstrip()[-1] in "bf"

    def _continue(self, line: str, number: int) -> None:
        """Read the line after a backslash."""
        how = self.goes_on
        body = line.rstrip()
        more = body.endswith("\\")
        if more:
            body = body[:-1]
        if how == "condition":
            self._words_of_condition(line, number, 0)
            self.condition.append(body)
            if not more:
                self._take_condition()
        elif how != "skip":
            begin = 0
            if how.endswith("operands"):
                begin = body.find(";") + 1 or len(body)
                if self.kind == "argument":
                    self._strings(number, 0, begin)
                self._operands(body, 0, begin, number, self.kind)
            self._statements(body, number, begin)
            how = ("define " if self.outer and how.startswith("define") else "") + (
                "operands" if body.rstrip().endswith(_OPEN_END) else "statements"
            )
        if more:
            self.goes_on = how
        else:
            self.goes_on = ""
            if how.startswith("define"):
                self._end_macro(number)

    def _directive(self, line: str, number: int, found: re.Match[str]) -> None:
        """Read a preprocessor line."""
        word, rest, at = found[1], found[2], found.start(2)
        more = rest.rstrip().endswith("\\")
        if word in ("if", "elif", "ifdef", "ifndef"):
            self._words_of_condition(line, number, at)
            text = rest.rstrip()[:-1] if more else rest
            if word in ("ifdef", "ifndef"):
                name = text.split()[:1]
                text = f"{'!' * (word == 'ifndef')}defined({''.join(name)})"
            self.condition = [word, str(number), text]
            if more:
                self.goes_on = "condition"
            else:
                self._take_condition()
            return
        if more:
            self.goes_on = "skip"
        if word == "define":
            self._define(line, number, at, more)
        elif word == "else" or word == "endif":
            if not (self.conditions.turn("") if word == "else" else self.conditions.leave()):
                self.facts.problems.append(Problem(number, f"#{word} without #if"))
        elif word == "undef":
            self._words_of_condition(line, number, at)
        elif word.startswith(("include", "import")):
            self._include(number, at, line)

    def _include(self, number: int, at: int, line: str) -> None:
        # `ENTRY(sys_call_table)`, then the table by `#include`, for which a macro was made that lays it down
        if self.defined and self.defined.content == "data":
            self._content("data", number)
        for label in self.open:
            label.last = number
        self.open = []
        target = _TARGET_FILE.match(self.raw, self.begin + at)
        if target:
            self.facts.includes.append(Include(number, target[1] or target[2] or "", target[2] is not None))
        else:
            self._words_of_condition(line, number, at)

    def _words_of_condition(self, line: str, number: int, at: int) -> None:
        for word in _CONDITION_WORD.finditer(line, at):
            if word.group() != "defined":
                self._refer(word.group(), "macro", number, word.start() + 1)

    def _take_condition(self) -> None:
        word, number, *parts = self.condition
        text = " ".join(" ".join(parts).split())
        if word != "elif":
            self.conditions.enter(int(number), text)
        elif not self.conditions.turn(text):
            self.facts.problems.append(Problem(int(number), "#elif without #if"))

    def _define(self, line: str, number: int, at: int, more: bool) -> None:
        """Read a `#define`; its body's statements are read like any, on the macro's account."""
        head = _DEFINE.match(line, at)
        if not head:
            return
        parameters = tuple(part.strip().removesuffix("...").strip() for part in (head[3] or "").split(","))
        self._begin_macro(
            Macro(head[1], number, True, tuple(filter(None, parameters))), head.start() + 1, head.group()
        )
        body = line[: len(line.rstrip()) - 1] if more else line
        signs = self.signs.strip("#$")
        cut = comment_pattern(signs).search(body, head.end()) if signs else None
        body = body[: cut.start()] if cut else body
        if more or _STATEMENT_BODY.match(body, head.end()):
            self._statements(body, number, head.end())
        else:
            self._expression(body, number, head.end())
        if more:
            self.goes_on = "define operands" if body.rstrip().endswith(_OPEN_END) else "define statements"
        else:
            self._end_macro(number)

    def _expression(self, body: str, number: int, at: int) -> None:
        """Read the body of a `#define` that is a value, a register, or one instruction without operands."""
        text = body[at:].strip()
        if text.partition("(")[0] in self.macros:  # one macro stands for another's statements
            self._statements(body, number, at)
            return
        bare = _NAME.fullmatch(text) is not None
        if bare and not (text.isupper() or "_" in text or text in self.words):
            self._content("code" if branch_of(text) is None else "", self.count)
        else:
            self._operands(body, at, len(body), number, "read")

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

    # ── statements ─────────────────────────────────────────────────────────────────────────────────

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
            self.last = ""

    def _assign(self, name: str, line: str, number: int, column: int, begin: int, end: int) -> None:
        """Read `name = value`: the first time under a condition it defines, later it writes."""
        condition = self.conditions.text
        if (name, condition) in self.assigned or (self.macro and self.macro.holds_parameter(name)):
            self._refer(name, "write", number, column)
        else:
            self.assigned[name, condition] = (number, column, line[begin:end].strip(), None)
        self._operands(line, begin, end, number, "read")

    # ── labels, macros, calls ──────────────────────────────────────────────────────────────────────

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

    def _script(self, line: str, number: int) -> None:
        """Read a line of a linker script: the symbols that it sets, and the entry point."""
        for found in _SETS.finditer(line):
            group = 1 if found[1] else 2
            self._assign(found[group], "", number, found.start(group) + 1, 0, 0)
        entry = re.match(r"(?a)[ \t]*(?:ENTRY|EXTERN)[ \t]*\([ \t]*([A-Za-z_]\w*)", line)
        if entry:
            self._refer(entry[1], "address", number, entry.start(1) + 1)

    # ── the end ────────────────────────────────────────────────────────────────────────────────────

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
