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

from xref.parse.asm_labels import Macro
from xref.parse.asm_statements import Statements
from xref.parse.asm_text import DIRECTIVE
from xref.parse.asm_text import code_of
from xref.parse.asm_text import comment_pattern
from xref.parse.asm_text import comment_signs
from xref.parse.asm_text import is_prose
from xref.parse.asm_words import DATA
from xref.parse.facts import FileFacts
from xref.parse.facts import Include
from xref.parse.facts import Problem
from xref.parse.inline_asm import REGISTER
from xref.parse.inline_asm import branch_of

#: One instruction, and no name among its operands: the most frequent line.  `pc` may be a jump.
_NAMELESS = re.compile(
    r"[ \t]*+(?:\d++:[ \t]*+)?(?:([a-z][a-z0-9]*+(?:\.[a-z]++)*+)(?:[ \t]++(?:[-,()\[\]+!*^<>&~ \t]++|%\w++"
    rf"|[$#]?(?:0x[\da-fA-F]++|\d++[bf]?)(?!\w)|\$?(?:{REGISTER}|sp|lr|ip|zero|fp|ra|at)(?![\w.:@]))*+)?)?$",
    re.ASCII,
)
_NAME = re.compile(r"[A-Za-z_.$][\w.$]*", re.ASCII)
_TARGET_FILE = re.compile(r'"([^"\n]*)"|<([^>\n]*)>')
_CONDITION_WORD = re.compile(r"(?<![\w$.])[A-Za-z_]\w*", re.ASCII)
_DEFINE = re.compile(r"([A-Za-z_$][\w$]*)(\(([^)]*)\))?", re.ASCII)
_SETS = re.compile(
    r"(?<![\w.*(\"])([A-Za-z_]\w*)[ \t]*=(?!=)|\b(?:PROVIDE\w*|KEEP)[ \t]*\([ \t]*(\w+)[ \t]*=", re.ASCII
)
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


class _Reader(Statements):
    """Reads one file's lines in order."""

    def __init__(self, raw: str, text: str) -> None:
        super().__init__(raw, text)
        self.signs = comment_signs(text)
        self.is_script = "SECTIONS" in text and re.search(r"(?m)^[ \t]*SECTIONS\b", text) is not None
        # what a line that ends in a backslash goes on with
        self.goes_on: str = ""
        self.condition: list[str] = []

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

    def _script(self, line: str, number: int) -> None:
        """Read a line of a linker script: the symbols that it sets, and the entry point."""
        for found in _SETS.finditer(line):
            group = 1 if found[1] else 2
            self._assign(found[group], "", number, found.start(group) + 1, 0, 0)
        entry = re.match(r"(?a)[ \t]*(?:ENTRY|EXTERN)[ \t]*\([ \t]*([A-Za-z_]\w*)", line)
        if entry:
            self._refer(entry[1], "address", number, entry.start(1) + 1)
