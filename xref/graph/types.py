"""The struct behind an expression, from the index's own declarations.

Types are those of `syntax`; a struct is identified by what shows: its tag, or the typedef's name where it has no tag.
Declarations are read on demand and kept.  Uses the index through `Places`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple
from typing import Protocol

from xref.graph.linkage import arch_of
from xref.graph.syntax import BASE
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import TYPE_WORDS
from xref.graph.syntax import Declared
from xref.graph.syntax import Node
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.syntax import declarations
from xref.graph.syntax import is_word
from xref.graph.syntax import split
from xref.graph.syntax import tokens_of
from xref.graph.syntax import type_at
from xref.graph.syntax import type_name
from xref.index.places import Place
from xref.index.places import Places
from xref.index.query import Index

_DEEPEST = 40
_CODE = ("function", "prototype")
_LONGEST_MACRO = 8000
#: macros in macros are looked into so many deep for what they declare
_MOST_NESTED = 4
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


class MacroBody(NamedTuple):
    """A macro: params is None for one without arguments; `rest` is the name of a variable argument."""

    name: str
    params: tuple[str, ...] | None
    rest: str | None
    body: tuple[Token, ...]
    path: str
    line: int


class Scope(Protocol):
    """What a name means inside a function."""

    path: str

    def type_of(self, name: str) -> Type | None:
        """The type of a local or a parameter."""


class Names(NamedTuple):
    """Which names a tree has of these kinds."""

    types: AbstractSet[str]
    macros: AbstractSet[str]
    functions: AbstractSet[str]
    #: macros that are other ways to write `typeof`
    typeofs: AbstractSet[str] = frozenset()

    @classmethod
    def of(cls, index: Index) -> Names:
        """Gather them from an index."""
        return cls(
            index.names_of_kinds(["typedef"]),
            # `#define if(…)`, as kernels that count branches have it, changes nothing of what `if` means
            index.names_of_kinds(["macro"]) - KEYWORDS,
            index.names_of_kinds(["function", "prototype"]),
            _typeofs(index),
        )


class Types:
    """Declarations of a tree, as types."""

    def __init__(self, places: Places, names: Names) -> None:
        self.places = places
        self.type_names, self.macro_names, self.function_names, self.typeofs = names
        #: of macros, whether their bodies act on functions' addresses, and which macros in them may: for `flow_reader`
        self.acting: dict[tuple[str, str, int], tuple[bool, tuple[str, ...]]] = {}
        #: what macros paste around their arguments: for `pasting`
        self.affixes: dict[tuple[object, ...], tuple[tuple[int, str, str], ...]] = {}
        self._static_homes: dict[str, tuple[str, ...] | None] = {}
        self._members: dict[object, dict[str, Member]] = {}
        self._typedefs: dict[tuple[str, int], Type] = {}
        self._declared: dict[tuple[str, str, int], Declared | None] = {}
        self._macros: dict[str, dict[str, list[MacroBody]]] = {}
        self._bodies: dict[tuple[str, str, int], MacroBody | None] = {}

    def is_type(self, name: str) -> bool:
        """Is it a typedef's name?"""
        return name in self.type_names

    # -- declarations ---------------------------------------------------------------------------------

    def function(self, name: str, path: str) -> Declared | None:
        """How a function is declared, as seen from a file."""
        place = self.places.best(name, ("function", "prototype"), path)
        if place is None or place.macro is not None:
            return None
        return self.declaration(place)

    def variable(self, name: str, path: str) -> Declared | None:
        """How a variable of file scope is declared, as seen from a file."""
        place = self.places.best(name, ("variable", "prototype"), path)
        if place is None:
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
            tokens = tokens_of(text, place.file, head)
            found = None
            for declared in declarations(tokens, self.is_type):
                if declared.name == place.name or self._is_renamed(declared.name, place):
                    found = declared
            self._declared[key] = found
        return self._declared[key]

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
        every = declarations(tokens_of(text, place.file, head), self.is_type)
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
                opened = self.expand(piece, piece[0].path, _everything)
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

    # -- macros ---------------------------------------------------------------------------------------

    def macros(self, name: str, path: str) -> list[MacroBody]:
        """The macro of a name as a file means it: its alternatives in the file that defines it."""
        known = self._macros.setdefault(path, {})
        if name not in known:
            best = self.places.best(name, ("macro",), path)
            found = []
            if best is not None and self.places.seen(best, path):
                for place in self.places.all(name):
                    if place.kind == "macro" and place.file == best.file:
                        body = self.macro_body(place)
                        # what begins so is assembly's: `#define __percpu %gs:`
                        if body is not None and not (body.body and body.body[0].text == "%"):
                            found.append(body)
            known[name] = found
        return known[name]

    def declares(self, name: str, path: str, *, alone: bool = False) -> bool:
        """Does a macro declare a variable: `#define DECLARE_WORK(n, f, d) struct work_struct n = …`, or by another
        such macro?

        `alone`: it has no arguments, and nothing follows it in its statement.
        """
        return self._declares(name, path, alone, 0)

    def _declares(self, name: str, path: str, alone: bool, depth: int) -> bool:
        return any(
            (body.params is None) is alone and len(body.body) > 1 and self._begins_declaration(body, path, depth)
            for body in self.macros(name, path)
        )

    def _begins_declaration(self, body: MacroBody, path: str, depth: int) -> bool:
        first = body.body[0].text
        if self._begins_type(first):
            return True
        other = first in self.macro_names and first != body.name and depth < _MOST_NESTED
        return other and self._declares(first, path, body.body[1].text != "(", depth + 1)

    def with_declared(self, tokens: list[Token], path: str) -> list[Token]:
        """Tokens in which the macros that declare something are replaced, those of parameters too: `void f(ARGS)`."""

        def wanted(token: Token, _arguments: list[list[Token]], _following: str) -> bool:
            return self.declares(token.text, path) or self.declares(token.text, path, alone=True)

        return self.expand(tokens, path, wanted)

    def _begins_type(self, word: str) -> bool:
        return word in TYPE_WORDS or self.is_type(word)

    def forget(self, path: str) -> None:
        """Let go of what is known of the names in a file; for who reads a whole tree, file by file."""
        self._macros.pop(path, None)
        self.places.forget(path)

    def macro_body(self, place: Place) -> MacroBody | None:
        """What one definition of a macro is replaced by; None for what is too long."""
        key = (place.file, place.name, place.line)
        if key not in self._bodies:
            self._bodies[key] = self._read_macro(place)
        return self._bodies[key]

    def _read_macro(self, place: Place) -> MacroBody | None:
        text = self.places.text(place.file)
        code = text.with_directives
        start = text.start(place.line) + place.column - 1
        end = code.find("\n", start)
        # In blanked text a backslash still joins lines.
        while end > 0 and code[:end].endswith("\\"):
            end = code.find("\n", end + 1)
        line = code[start : end if end >= 0 else len(code)]
        if len(line) > _LONGEST_MACRO:
            return None
        rest_at = len(place.name)
        params: tuple[str, ...] | None = None
        rest: str | None = None
        if line[rest_at : rest_at + 1] == "(":
            close = line.find(")")
            if close < 0:
                return None
            names = [each.replace("\\", "").strip() for each in line[rest_at + 1 : close].split(",")]
            if names and names[-1].endswith("..."):
                rest = names.pop().removesuffix("...").strip() or "__VA_ARGS__"
            params = tuple(each for each in names if each)
            rest_at = close + 1
        body = tokens_of(line[rest_at:].replace("\\", " "), place.file, start + rest_at, place.name)
        return MacroBody(place.name, params, rest, tuple(body), place.file, place.line)

    def expand(
        self,
        tokens: list[Token],
        path: str,
        wanted: Callable[[Token, list[list[Token]], str], bool],
        depth: int = 0,
        waiting: list[Token] | None = None,
    ) -> list[Token]:
        """The tokens with macros replaced: those for which `wanted` (name, arguments, what follows) says so.

        Of alternative bodies all are put in, the others as statements behind the one that the first stands in;
        `waiting` gathers them for the outermost call.
        """
        if depth > 6 or self.macro_names.isdisjoint([token.text for token in tokens]):
            return tokens
        names = self.macro_names
        out: list[Token] = []
        outermost = waiting is None
        if waiting is None:
            waiting = []
        brackets = 0
        place = 0
        while place < len(tokens):
            token = tokens[place]
            text = token.text
            if text not in names or (out and out[-1].text in (".", "->")) or token.macro == text:
                out.append(token)
                place += 1
                if text in ("(", "["):
                    brackets += 1
                elif text in (")", "]"):
                    brackets -= 1
                elif text == ";" and brackets <= 0 and waiting and outermost:
                    out += waiting
                    waiting.clear()
                continue
            arguments: list[list[Token]] = []
            behind = after = place + 1
            if behind < len(tokens) and tokens[behind].text == "(":
                close = _closing_token(tokens, behind)
                if close >= 0:
                    arguments = split(tokens[behind + 1 : close], ",")
                    after = close + 1
            following = tokens[after].text if after < len(tokens) else ""
            bodies = self.macros(text, path) if wanted(token, arguments, following) else []
            chosen = [body for body in bodies if body.params is None or after > behind]
            if not chosen or len(out) > 20_000:
                out.append(token)
                place += 1
                continue
            # what a declaration says behind its name (`x __read_mostly = …`) must become an attribute
            chain = following in ("->", ".", "[", "(", "=") or wanted is _everything
            if chain:
                chosen = chosen[:1]
            elif text in self.function_names and self._is_function_too(chosen[0], path):
                # in another configuration it is a function: the call stays, and what the macro does is put behind it
                opened = self.expand(substituted(chosen[0], arguments), path, wanted, depth + 1, waiting)
                waiting += [*(opened if depth else _used_at(opened, token.at)), Token(";", token.path, token.at)]
                out.append(token)
                place += 1
                continue
            place = behind if chosen[0].params is None else after
            for number, body in enumerate(chosen):
                inner = _everything if chain else wanted
                before = len(waiting)
                opened = self.expand(substituted(body, arguments), path, inner, depth + 1, waiting)
                if not depth:
                    opened = _used_at(opened, token.at)
                    waiting[before:] = _used_at(waiting[before:], token.at)
                if number:
                    waiting += [*opened, Token(";", token.path, token.at)]
                else:
                    out += opened
        if waiting and outermost:
            out += [Token(";", out[-1].path, out[-1].at), *waiting] if out else waiting
        return out

    def _is_function_too(self, macro: MacroBody, path: str) -> bool:
        """Does the header that has a macro declare a function of the name as well?"""
        if macro.path == path:
            return False
        return any(each.file == macro.path and each.kind in _CODE for each in self.places.all(macro.name))

    def expand_all(self, tokens: list[Token], path: str) -> list[Token]:
        """The tokens with every macro replaced."""
        return self.expand(tokens, path, _everything)

    # -- expressions ----------------------------------------------------------------------------------

    def typeof(self, node: Node, scope: Scope, depth: int = 0) -> Type | None:
        """The type of an expression, typedefs followed; None where it is not known or is a number."""
        if depth > _DEEPEST:
            return None
        made = self._typeof(node, scope, depth + 1)
        if made is not None and made[0] == "typeof":
            return self.typeof(made[1], scope, depth + 1)
        return self.resolve(made, scope.path)

    def _typeof(self, node: Node, scope: Scope, depth: int) -> Type | None:
        tag = node[0]
        if tag == "id":
            return self.type_of_name(node[1].text, scope)
        if tag == "member":
            member = self.member(node, scope, depth)
            return member.type if member else None
        if tag == "index" or (tag == "unary" and node[1] == "*"):
            made = self.typeof(node[1] if tag == "index" else node[2], scope, depth)
            if made is None:
                return None
            return made[1] if made[0] == "pointer" else made if made[0] == "function" else None
        if tag == "unary":
            made = self.typeof(node[2], scope, depth)
            return ("pointer", made) if node[1] == "&" and made else made
        if tag == "cast":
            return self._cast(node, scope, depth)
        if tag == "call":
            return self._returned(node, scope, depth)
        if tag == "choice":
            for each in reversed(node[1]):
                made = self.typeof(each, scope, depth)
                if made is not None:
                    return made
            return None
        if tag in ("assign", "binary"):
            return self.typeof(node[1], scope, depth) or (
                self.typeof(node[2], scope, depth) if tag == "binary" else None
            )
        if tag == "comma":
            return self.typeof(node[1][-1], scope, depth)
        if tag == "block" and node[1] and node[1][-1][0] != "declare":
            inner = _BlockScope(scope, node[1])
            return self.typeof(node[1][-1], inner, depth)
        return None

    def _cast(self, node: Node, scope: Scope, depth: int) -> Type | None:
        """The type that a cast gives; where that is a `typeof` beyond us (READ_ONCE's, by `_Generic`) the operand's."""
        found: Type = node[1]
        base = found
        while base[0] == "pointer":
            base = base[1]
        if base[0] == "typeof" and self.typeof(base[1], scope, depth) is None:
            return self.typeof(node[2], scope, depth)
        return found

    def _returned(self, node: Node, scope: Scope, depth: int) -> Type | None:
        callee = node[1]
        if callee[0] == "id" and scope.type_of(callee[1].text) is None:
            declared = self.function(callee[1].text, scope.path)
            if declared is not None:
                return declared.type[1] if declared.type[0] == "function" else None
        made = self.typeof(callee, scope, depth)
        while made is not None and made[0] == "pointer":
            made = self.resolve(made[1], scope.path)
        return made[1] if made is not None and made[0] == "function" else None

    def type_of_name(self, name: str, scope: Scope) -> Type | None:
        """The type of a local, a parameter, a variable of file scope or a function."""
        found = scope.type_of(name)
        if found is not None:
            return found
        declared = self.variable(name, scope.path)
        if declared is not None and declared.type != BASE:
            return declared.type
        if name in self.function_names:
            function = self.function(name, scope.path)
            return function.type if function else None
        return None

    def member(self, node: Node, scope: Scope, depth: int = 0) -> Member | None:
        """The member that `a->b` or `a.b` means."""
        made = self.typeof(node[1], scope, depth + 1)
        steps = 0
        while made is not None and made[0] == "pointer" and steps < 4:
            made = self.resolve(made[1], scope.path)
            steps += 1
        if made is not None and made[0] == "typeof":
            made = self.typeof(made[1], scope, depth + 1)
        if made is None or made[0] not in ("struct", "inline"):
            return None
        members = self.members(made, scope.path)
        found = members.get(node[2].text)
        if found is None and depth < _DEEPEST and node[2].text in self.macro_names:
            return self._renamed(node, scope, depth)
        return found

    def _renamed(self, node: Node, scope: Scope, depth: int) -> Member | None:
        """`#define crt_digest crt_u.digest`: a member whose name is a macro."""
        for body in self.macros(node[2].text, scope.path):
            names = [token for token in body.body if token.text not in (".", "(", ")")]
            if body.params is None and names and all(is_word(token.text) for token in names):
                other = node[1]
                for number, name in enumerate(names):
                    other = ("member", other, name, node[3] if number == 0 else False)
                if names[0].text != node[2].text:
                    return self.member(other, scope, depth + 1)
        return None

    def is_function_pointer(self, made: Type | None, path: str) -> bool:
        """Is it a function, or a pointer (or array of pointers) to one?"""
        made = self.resolve(made, path)
        for _ in range(4):
            if made is None:
                return False
            if made[0] == "function":
                return True
            if made[0] != "pointer":
                return False
            made = self.resolve(made[1], path)
        return False


class _BlockScope:
    """A scope inside `({ … })`, with what is declared there."""

    def __init__(self, outer: Scope, statements: list[Node]) -> None:
        self.path = outer.path
        self._outer = outer
        self._own = {
            declared.name: declared.type
            for statement in statements
            if statement[0] == "declare"
            for declared in statement[1]
        }

    def type_of(self, name: str) -> Type | None:
        return self._own.get(name) or self._outer.type_of(name)


def _listed(tokens: list[Token], macros: dict[str, MacroBody]) -> Iterator[Token]:
    """Uses of some macros, one after another, replaced by their bodies; other tokens are left out."""
    for place, token in enumerate(tokens):
        body = macros.get(token.text)
        if body is not None and place + 1 < len(tokens) and tokens[place + 1].text == "(":
            close = _closing_token(tokens, place + 1)
            if close > 0:
                yield from substituted(body, split(tokens[place + 2 : close], ","))


def _used_at(tokens: list[Token], use: int) -> list[Token]:
    """Those that come from macros with the place of the outermost macro's name."""
    return [
        Token(each.text, each.path, each.at, each.macro, use, each.glued) if each.macro else each for each in tokens
    ]


def _typeofs(index: Index) -> frozenset[str]:
    """`#define typeof_member(T, m) typeof(((T *)0)->m)`: its uses declare what can point to functions."""
    found: set[str] = set()
    for match in index.search(r"#[ \t]*define[ \t]+\w+\([^()]*\)[ \t]+(?:__)?typeof", regex=True):
        found.update(index.macros_around(match.file, match.line))
    return frozenset(found)


def _everything(_token: Token, _arguments: list[list[Token]], _following: str) -> bool:
    """Expand whatever is a macro."""
    return True


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


def _closing_token(tokens: list[Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        if tokens[place].text == "(":
            depth += 1
        elif tokens[place].text == ")":
            depth -= 1
            if depth == 0:
                return place
    return -1


def substituted(body: MacroBody, arguments: list[list[Token]]) -> list[Token]:
    """A macro's body with its arguments put in; `##` glues."""
    values: dict[str, list[Token]] = dict(zip(body.params or (), arguments, strict=False))
    for name in body.params or ():
        values.setdefault(name, [])
    if body.rest is not None:
        left: list[Token] = []
        for argument in arguments[len(body.params or ()) :]:
            left += [*argument, Token(",", body.path, 0)]
        values[body.rest] = left[:-1]
    out: list[Token] = []
    glue = False
    for token in body.body:
        if token.text == "##":
            glue = True
            continue
        if token.text == "#":
            continue
        pieces = values.get(token.text, [token]) if is_word(token.text) else [token]
        if glue and out and out[-1].text == ",":
            # GNU's `, ##__VA_ARGS__`: the comma goes where there are no arguments
            if not pieces:
                out.pop()
            out += pieces
        elif glue and out and pieces:
            last = out.pop()
            own = last if last.macro else pieces[0]
            out.append(
                pieces[0]._replace(
                    text=last.text + pieces[0].text, macro=body.name, glued=last.glued or (own.path, own.at)
                )
            )
            out += pieces[1:]
        elif not (glue and not pieces):
            out += pieces
        glue = False
    return out


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
