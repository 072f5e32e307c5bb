"""The declarations of a tree, as types: of functions, variables, typedefs, and of the members of structs.

Types are those of `syntax`; a struct is identified by what shows: its tag, or the typedef's name where it has no tag.
Declarations are read on demand and kept.  Uses the index through `Places`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xref.graph.expansion import Expansion
from xref.graph.expansion import MacroBody
from xref.graph.expansion import Names
from xref.graph.expansion import any_macro
from xref.graph.expansion import closing_token
from xref.graph.expansion import substituted
from xref.graph.linkage import arch_of
from xref.graph.syntax import BASE
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import Declared
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.syntax import declarations
from xref.graph.syntax import split
from xref.graph.syntax import tokens_of
from xref.graph.syntax import type_at
from xref.graph.syntax import type_name
from xref.index.places import Place
from xref.index.places import Places

_DEEPEST = 40
#: from the end of a struct's body to what is declared by it
_PARENTHESES = r"\((?:[^(){};]++|\((?:[^(){};]++|\([^(){};]*+\))*+\))*+\)"
_ATTRIBUTES = re.compile(rf"\}}(?:\s++|\w++|{_PARENTHESES})*+$")
_LONGEST_ATTRIBUTES = 200
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(define|include)\b([^\n]*)", re.MULTILINE)


class Member(NamedTuple):
    """A member's type, the struct or union that holds it (its tag, its typedef's name, or ""), and its own name."""

    type: Type
    holder: str
    token: Token | None = None


class Declarations(Expansion):
    """What functions, variables, typedefs and members are declared as."""

    def __init__(self, places: Places, names: Names) -> None:
        super().__init__(places, names)
        self._static_homes: dict[str, tuple[str, ...] | None] = {}
        self._members: dict[object, dict[str, Member]] = {}
        self._typedefs: dict[tuple[str, int], Type] = {}
        self._declared: dict[tuple[str, str, int], Declared | None] = {}

    def function(self, name: str, path: str) -> Declared | None:
        """How a function is declared, as seen from a file."""
        place = self.places.best(name, ("function", "prototype"), path)
        if place is None or place.macro is not None:
            return None
        return self.declaration(place)

    def variable(self, name: str, path: str) -> Declared | None:
        """How a variable of file scope is declared, as seen from a file."""
        place = self.places.best(name, ("variable", "prototype"), path)
        if place is None or (place.static and not self.places.seen(place, path)):
            return None
        if place.macro is not None:
            return self._made_variable(place)
        return self.declaration(place)

    def _made_variable(self, place: Place) -> Declared | None:
        """`DEFINE_PER_CPU(struct softnet_data, softnet_data)`: the type among the arguments."""
        text = self.places.text(place.file).with_directives[place.head : place.tail]
        opening = text.find("(")
        tokens = tokens_of(text[opening + 1 :].rstrip(" ;)"), place.file, place.head + opening + 1)
        first = next(iter(split(tokens, ",")), [])
        if not first or not (first[0].text in KEYWORDS or self.is_type(first[0].text)):
            return None
        made = type_name(first, self.is_type)
        return Declared(place.name, made, None, None) if made != BASE else None

    def declaration(self, place: Place) -> Declared | None:
        """What stands at a place, read as a declaration of the name there."""
        key = (place.name, place.file, place.head)
        if key not in self._declared:
            code = self.places.text(place.file).code
            head = head_of(code, place.head)
            text = code[head : place.tail]
            if place.kind == "variable":
                text = _before_value(text)
            found = None
            for declared in self._read(tokens_of(text, place.file, head), place):
                if declared.name == place.name or self._is_renamed(declared.name, place):
                    found = declared
            self._declared[key] = found
        return self._declared[key]

    def _read(self, tokens: list[Token], place: Place) -> list[Declared]:
        """What a declaration declares; with its macros replaced where it does not declare the name otherwise."""
        found = declarations(tokens, self.is_type)
        if all(each.name != place.name for each in found):
            opened = self.expand_all(tokens, place.file)
            if opened is not tokens:
                other = declarations(opened, self.is_type)
                if any(each.name == place.name for each in other):
                    return other
        return found

    def _is_renamed(self, name: str, place: Place) -> bool:
        """Is a function's name, as its definition has it, a macro for the name that it really has?"""
        if place.kind != "function" or name not in self.macro_names:
            return False
        return any([token.text for token in body.body] == [place.name] for body in self.macros(name, place.file))

    def parameters(self, made: Type) -> list[Declared]:
        """The parameters of a function's type."""
        found = []
        for piece in split(list(made[2] or ()), ","):
            declared = next(iter(declarations(piece, self.is_type)), None)
            if declared is None:
                declared = Declared("", type_name(piece, self.is_type), None, None)
            found.append(declared)
        return found

    def resolve(self, made: Type | None, path: str, depth: int = 0) -> Type | None:
        """A type with typedefs followed: a struct, pointer or function, or None where it is none of these."""
        while made is not None and made[0] == "name" and depth < _DEEPEST:
            depth += 1
            place = self.places.best(made[1], ("typedef",), path)
            if place is None:
                return None
            made = self._typedef(place)
        if made is not None and made[0] in ("name", "base"):
            return None
        return made

    def _typedef(self, place: Place) -> Type:
        key = (place.file, place.head)
        known = self._typedefs.get((place.name + "\0" + place.file, place.head))
        if known is not None:
            return known
        code = self.places.text(place.file).code
        head = head_of(code, place.head)
        text = code[head : end_of_declaration(code, head)]
        made: Type = BASE
        every = self._read(tokens_of(text, place.file, head), place)
        # `typedef struct { … } CHIP, *CHIP_P;`: the struct is CHIP, whichever of the two is asked for
        tag = next((each.name for each in every if each.type[0] == "inline" and not each.type[3]), "")
        for declared in every:
            if declared.name == place.name:
                made = _tagged(declared.type, tag)
        if made[0] == "name" and made[1] == place.name:
            made = BASE
        self._typedefs[place.name + "\0" + key[0], key[1]] = made
        return made

    def members(self, made: Type, path: str) -> dict[str, Member]:
        """The members of a struct or union, those of unnamed ones in it included."""
        if made[0] == "inline":
            key: object = (made[1], made[2])
            if key not in self._members:
                self._members[key] = {}
                self._members[key] = self._read_members(list(made[4]), made[3] or "anon")
            return self._members[key]
        place = self.places.best(made[1], ("struct", "union"), path)
        if place is None:
            # `#define arpt_entry_target ipt_entry_target`
            other = next((body for body in self.macros(made[1], path) if body.params is None), None)
            if other is not None and len(other.body) == 1 and other.body[0].text != made[1]:
                return self.members(("struct", other.body[0].text), path)
            return {}
        found = self._members_at(place)
        for alternative in self._alternatives(place, path):
            found = {**self._members_at(alternative), **found}
        return found

    def _alternatives(self, place: Place, path: str) -> list[Place]:
        """The structs of the same tag that other headers have for other configurations: srcutiny.h and srcutree.h."""
        every = self.places.all(place.name)
        if len(every) == 1 or not place.file.endswith(".h") or place.file == path:
            return []
        return [
            each
            for each in every
            if each.kind == place.kind
            and each.file != place.file
            and each.file.endswith(".h")
            and arch_of(each.file) == arch_of(place.file)
            and self.places.index.reaches(path, each.file)
        ]

    def _members_at(self, place: Place) -> dict[str, Member]:
        key = (place.file, place.line, place.column)
        if key not in self._members:
            self._members[key] = {}
            code = self.places.text(place.file).code
            opening = code.find("{", place.head)
            closing = _closing(code, opening) if opening >= 0 else -1
            if closing > 0:
                tokens = tokens_of(code[opening + 1 : closing], place.file, opening + 1)
                tokens += list(self.included(place.file, opening + 1, closing))
                self._members[key] = self._read_members(tokens, place.name)
        return self._members[key]

    def included(self, path: str, start: int, end: int) -> Iterator[Token]:
        """What the body of a struct or the value of a variable, given by its bytes, includes.

        `#define HOOK(…) …` and `#include "hooks.h"`, a list of HOOKs.
        """
        text = self.places.text(path)
        if "include" not in text.with_directives[start:end]:
            return
        source = (self.places.index.source(path) or b"")[start:end].decode("latin-1")
        line = text.line(start)
        macros: dict[str, MacroBody] = {}
        for match in _DIRECTIVE.finditer(source):
            word, rest = match.group(1), match.group(2)
            if word == "define":
                at = line + source.count("\n", 0, match.start(1))
                name = re.split(r"\W", rest.strip(), maxsplit=1)[0]
                for place in self.places.all(name):
                    here = (place.kind, place.file, place.line) == ("macro", path, at)
                    body = self.macro_body(place) if here else None
                    if body is not None:
                        macros[name] = body
            elif word == "include" and macros:
                quoted = re.match(r'\s*[<"]([^>"]+)', rest)
                files = self.places.index.resolve_include(path, quoted.group(1), "<" in rest) if quoted else ()
                for file in files[:1]:
                    tokens = tokens_of(self.places.text(file).code, file, 0)
                    yield from (token for token in _listed(tokens, macros))

    def _read_members(self, tokens: list[Token], holder: str) -> dict[str, Member]:
        found: dict[str, Member] = {}
        for piece in split(tokens, ";"):
            if len(piece) > 2 and piece[1].text == "(" and piece[0].text in self.macro_names:
                if piece[0].text.startswith("struct_group"):
                    # struct_group(name, members…): as if they stood here
                    inside = piece[2:-1] if piece[-1].text == ")" else piece[2:]
                    start = next((n for n, token in enumerate(inside) if token.text == ","), -1)
                    found.update(self._read_members(inside[start + 1 :], holder))
                    continue
                opened = self.expand(piece, piece[0].path, any_macro)
                if opened != piece:
                    found.update(self._read_members([*opened, Token(";", piece[0].path, piece[0].at)], holder))
                    continue
            members = self._macro_struct(piece)
            if members:
                found.update(self._read_members(members, f"{holder}::anon"))
                continue
            any_name = False
            for declared in declarations(piece, self.is_type):
                if declared.type[0] == "inline" and self._annotates(declared.name):
                    continue  # `struct { … } __randomize_layout;` has no name
                any_name = True
                found[declared.name] = Member(_named(declared.type, holder), holder, declared.token)
            if not any_name:
                made = type_at(piece, self.is_type)
                if made[0] == "inline" and not made[3]:
                    found.update(self._read_members(list(made[4]), f"{holder}::anon"))
                elif made[0] == "struct":
                    found.update(self.members(made, piece[0].path))
        return found

    def _macro_struct(self, piece: list[Token]) -> list[Token]:
        """`struct HASH_ALG_COMMON;`, of a macro that is a body in braces: the members in it."""
        if len(piece) != 2 or piece[0].text not in ("struct", "union") or piece[1].text not in self.macro_names:
            return []
        body = next((each.body for each in self.macros(piece[1].text, piece[1].path) if each.params is None), ())
        braces = len(body) > 2 and body[0].text == "{" and body[-1].text == "}"
        return list(body[1:-1]) if braces else []

    def _annotates(self, name: str) -> bool:
        return name.startswith("__") and name in self.macro_names

    def static_homes(self, name: str) -> tuple[str, ...] | None:
        """The `.c` files with functions of a name where all of these are static; None where one can be linked to."""
        if name not in self._static_homes:
            functions = [place for place in self.places.all(name) if place.kind in ("function", "prototype", "label")]
            static = bool(functions) and all(each.static and each.file.endswith(".c") for each in functions)
            self._static_homes[name] = tuple({each.file for each in functions}) if static else None
        return self._static_homes[name]


def _listed(tokens: list[Token], macros: dict[str, MacroBody]) -> Iterator[Token]:
    """Uses of some macros, one after another, replaced by their bodies; other tokens are left out."""
    for place, token in enumerate(tokens):
        body = macros.get(token.text)
        if body is not None and place + 1 < len(tokens) and tokens[place + 1].text == "(":
            close = closing_token(tokens, place + 1)
            if close > 0:
                yield from substituted(body, split(tokens[place + 2 : close], ","))


def _named(made: Type, holder: str) -> Type:
    """A struct without a name, that is the type of a member, is named by what holds it."""
    if made[0] == "pointer":
        return ("pointer", _named(made[1], holder))
    if made[0] == "inline" and not made[3]:
        return (*made[:3], f"{holder}::anon", made[4])
    return made


def _tagged(made: Type, tag: str) -> Type:
    """A type in which a struct without a tag gets this one."""
    if made[0] == "pointer":
        return ("pointer", _tagged(made[1], tag))
    return (*made[:3], tag, made[4]) if made[0] == "inline" and not made[3] else made


def _closing(code: str, opening: int) -> int:
    """Where the brace at `opening` is closed."""
    depth = 0
    place = opening
    while 0 <= place < len(code):
        depth += (code[place] == "{") - (code[place] == "}")
        if depth == 0:
            return place
        one, two = code.find("{", place + 1), code.find("}", place + 1)
        place = two if one < 0 or 0 <= two < one else one
    return -1


def end_of_declaration(code: str, start: int) -> int:
    """Where the declaration that begins at `start` has its semicolon."""
    semicolon, brace = code.find(";", start), code.find("{", start)
    while 0 <= brace < semicolon:
        closing = _closing(code, brace)
        if closing < 0:
            break
        semicolon, brace = code.find(";", closing), code.find("{", closing)
    return semicolon if semicolon >= 0 else len(code)


def head_of(code: str, head: int) -> int:
    """Where a declaration really begins, if what stands before `head` is the body of a struct it declares.

    Between the two there may be attributes, and macros that are such.
    """
    if code.startswith("}", head):
        before = head + 1
    else:
        body = _ATTRIBUTES.search(code, max(0, head - _LONGEST_ATTRIBUTES), head)
        if body is None:
            return head
        before = body.start() + 1
    depth = 0
    place = before - 1
    while place >= 0:
        depth += (code[place] == "}") - (code[place] == "{")
        if depth == 0:
            break
        one, two = code.rfind("{", 0, place), code.rfind("}", 0, place)
        place = max(one, two)
    start = max(code.rfind(";", 0, place), code.rfind("}", 0, place), code.rfind("{", 0, max(place, 0))) + 1
    # a function's body is no part of what follows it
    return start if re.search(r"\b(?:struct|union|enum)\b[^()]*$", code[start:place]) else head


def _before_value(text: str) -> str:
    """A variable's declaration without its initialiser."""
    place = text.find("=", text.rfind("}") + 1)
    return text[:place] if place >= 0 else text
