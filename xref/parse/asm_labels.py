"""What the reader of an assembly file notes of its labels, macros and branches until all of it is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from typing import NamedTuple

from xref.parse.inline_asm import Branch

WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PASTE = re.compile(r"[ \t]*##+[ \t]*")
_PARAMETER = re.compile(r"\\(?:\(\)|@|(\w+))", re.ASCII)


@dataclass(slots=True)
class Label:
    """A name that stands at a place; what it is, is known when the file has been read."""

    name: str
    line: int
    column: int
    #: (line, column) from where calls belong to it
    start: tuple[int, int]
    role: str
    macro: str | None
    condition: str
    section: str
    #: "code" or "data", as what follows it shows; "" for nothing
    content: str = ""
    last: int = 0
    #: control does not fall into it from above
    apart: bool = False
    #: a routine of this file's own: called or standing apart, and not global
    inner: bool = False
    #: it may begin such a routine
    parts: bool = False
    #: its end is stated, as by `END(x)`
    closed: bool = False
    kind: str = "label"
    end: int = 0


@dataclass(slots=True)
class Macro:
    """A macro that this file defines, and what a use of it makes."""

    name: str
    line: int
    cpp: bool
    parameters: tuple[str, ...] = ()
    #: labels and branch targets that hold a parameter: `\\name`, `smp_/**/name`
    labels: list[Label] = field(default_factory=list)
    calls: list[tuple[str, Branch]] = field(default_factory=list)
    #: the first statement of the body: "code", "data" or ""
    content: str = ""
    #: where its definition stands among the facts
    at: int = -1

    def holds_parameter(self, text: str) -> bool:
        """Return whether the text is known only where the macro is used."""
        if "\\" in text or "##" in text:
            return True
        return self.cpp and any(word in self.parameters for word in WORD.findall(text))

    def fill(self, text: str, arguments: list[str], user: Macro | None) -> tuple[str, bool]:
        """Put the arguments into a template; return also whether `user`'s parameters are in it."""
        given = dict(zip(self.parameters, arguments, strict=False))
        if self.cpp:
            text = WORD.sub(lambda word: given.get(word.group(), word.group()), text)
        else:
            text = _PARAMETER.sub(lambda word: given.get(word[1], word.group()) if word[1] else "", text)
        if user and ("\\" in text or any(word in user.parameters for word in WORD.findall(text))):
            return text, True
        return _PASTE.sub("", text), False


class Branching(NamedTuple):
    """A branch to a symbol, kept until it is known which labels are functions."""

    line: int
    column: int
    name: str
    link: bool
    macro: Macro | None
