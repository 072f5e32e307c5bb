"""Macros as people read them: a `#define` taken apart, and its body with the macros in it opened once.

Unlike the expansion in `graph.types`, which follows function pointers, this keeps strings, blanks and lines, and opens
one step only.  Pure functions on text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_DEFINE = re.compile(r"([A-Za-z_]\w*)(\(([^()]*)\))?")
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[A-Za-z_]\w*|\d[\w.]*|##|[^\S\n]+|\n|.', re.DOTALL
)  # fmt: skip
_COMMENT = re.compile(r'/\*.*?(?:\*/|\Z)|//[^\n]*|("(?:[^"\\\n]|\\.)*")', re.DOTALL)
_CONTINUED = re.compile(r"[ \t]*\\\r?\n")
#: characters of an opened body, at most
_LONGEST = 8000


class MacroText(NamedTuple):
    """A macro: params is None for one without arguments; body is as written, comments and joins of lines out.

    The last parameter is `__VA_ARGS__`, or a name with `...`, where the number of arguments varies.
    """

    name: str
    params: tuple[str, ...] | None
    varies: bool
    body: str


class Opened(NamedTuple):
    """A body with its macros opened once, and which those were, in order; cut: it became too long."""

    text: str
    macros: tuple[str, ...]
    cut: bool


def read_macro(text: str) -> MacroText | None:
    """Take apart what stands behind `#define `: name, parameters, body to the end of its last line."""
    joined = _CONTINUED.sub("\n", _COMMENT.sub(lambda found: found.group(1) or " ", text))
    match = _DEFINE.match(joined)
    if match is None:
        return None
    name, with_brackets, inner = match.groups()
    body = _trimmed(joined[match.end() :])
    if with_brackets is None:
        return MacroText(name, None, False, body)
    names = [each.strip() for each in inner.split(",")] if inner.strip() else []
    varies = bool(names) and names[-1].endswith("...")
    if varies:
        names[-1] = names[-1].removesuffix("...").strip() or "__VA_ARGS__"
    return MacroText(name, tuple(names), varies, body)


def _trimmed(body: str) -> str:
    """A body without the blanks around it; lines keep their indentation."""
    lines = [line.rstrip() for line in body.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join([lines[0].lstrip(), *lines[1:]]) if lines else ""


def opened(macro: MacroText, find: Callable[[str], MacroText | None]) -> Opened:
    """The body with each macro in it replaced once by that one's body, its arguments put in.

    `find` knows the macros; the macro's own name and its parameters are none.  A macro with parameters is one only
    before an opening bracket, as in C.
    """
    tokens = _TOKEN.findall(macro.body)
    own = {macro.name, *(macro.params or ())}
    out: list[str] = []
    names: list[str] = []
    length = 0
    place = 0
    while place < len(tokens):
        piece = tokens[place]
        place += 1
        used = find(piece) if (piece[0].isalpha() or piece[0] == "_") and piece not in own else None
        pasted = _beside(tokens, place - 1)
        if used is not None and not pasted:
            if used.params is None:
                piece = _flat(used.body)
                names.append(used.name)
            else:
                arguments, behind = _arguments(tokens, place)
                if arguments is not None:
                    piece = _flat(substituted(used, arguments))
                    names.append(used.name)
                    place = behind
        length += len(piece)
        if length > _LONGEST:
            return Opened("".join(out), tuple(dict.fromkeys(names)), True)
        out.append(piece)
    return Opened("".join(out), tuple(dict.fromkeys(names)), False)


def _beside(tokens: list[str], place: int) -> bool:
    """Is a piece beside `##` or behind `#`, where C does not open it?"""
    before = next((each for each in reversed(tokens[:place]) if not each.isspace()), "")
    behind = next((each for each in tokens[place + 1 :] if not each.isspace()), "")
    return before in ("##", "#") or behind == "##"


def _flat(body: str) -> str:
    return re.sub(r"\s*\n\s*", " ", body)


def _arguments(tokens: list[str], place: int) -> tuple[list[str] | None, int]:
    """The arguments in the brackets that come next, and the place behind them; None where there are none."""
    while place < len(tokens) and tokens[place].isspace():
        place += 1
    if place == len(tokens) or tokens[place] != "(":
        return None, place
    arguments = [""]
    depth = 0
    for at in range(place, len(tokens)):
        piece = tokens[at]
        depth += (piece in "([{") - (piece in ")]}") if len(piece) == 1 else 0
        if not depth:
            found = [each.strip() for each in arguments]
            return ([] if found == [""] else found), at + 1
        if piece == "," and depth == 1:
            arguments.append("")
        elif at > place:
            arguments[-1] += piece
    return None, place


def substituted(macro: MacroText, arguments: list[str]) -> str:
    """A macro's body with these arguments: `#x` is a string, `##` glues."""
    params = macro.params or ()
    given = list(arguments)
    if macro.varies and params:
        given = [*given[: len(params) - 1], ", ".join(given[len(params) - 1 :])]
    values = {name: given[number] if number < len(given) else "" for number, name in enumerate(params)}
    out: list[str] = []
    tokens = _TOKEN.findall(macro.body)
    place = 0
    while place < len(tokens):
        piece = tokens[place]
        place += 1
        if piece == "#" and place < len(tokens) and tokens[place] in values:
            text = values[tokens[place]].replace("\\", "\\\\").replace('"', '\\"')
            piece = f'"{text}"'
            place += 1
        elif piece == "##":
            while out and out[-1].isspace():
                out.pop()
            while place < len(tokens) and tokens[place].isspace():
                place += 1
            # GNU's `, ## args`: without arguments the comma goes too
            if out and out[-1] == "," and place < len(tokens) and values.get(tokens[place]) == "":
                out.pop()
            continue
        out.append(values.get(piece, piece))
    return "".join(out)
