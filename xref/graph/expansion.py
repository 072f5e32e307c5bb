"""Macros as the preprocessor has them: their bodies as a file means them, and their uses replaced."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import TYPE_WORDS
from xref.graph.syntax import Token
from xref.graph.syntax import split
from xref.graph.syntax import tokens_of
from xref.index.places import Place
from xref.index.places import Places
from xref.index.query import Index

_CODE = ("function", "prototype")
_LONGEST_MACRO = 8000
#: macros in macros are looked into so many deep for what they declare
_MOST_NESTED = 4


class MacroBody(NamedTuple):
    """A macro: params is None for one without arguments; `rest` is the name of a variable argument."""

    name: str
    params: tuple[str, ...] | None
    rest: str | None
    body: tuple[Token, ...]
    path: str
    line: int


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


class Expansion:
    """The macros of a tree, and token streams with their uses replaced."""

    def __init__(self, places: Places, names: Names) -> None:
        self.places = places
        self.type_names, self.macro_names, self.function_names, self.typeofs = names
        #: of macros, whether their bodies act on functions' addresses, and which macros in them may: for `flow_reader`
        self.acting: dict[tuple[str, str, int], tuple[bool, tuple[str, ...]]] = {}
        #: what macros paste around their arguments: for `pasting`
        self.affixes: dict[tuple[object, ...], tuple[tuple[int, str, str], ...]] = {}
        self._macros: dict[str, dict[str, list[MacroBody]]] = {}
        self._bodies: dict[tuple[str, str, int], MacroBody | None] = {}

    def is_type(self, name: str) -> bool:
        """Is it a typedef's name?"""
        return name in self.type_names

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
                close = closing_token(tokens, behind)
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
            chain = following in ("->", ".", "[", "(", "=") or wanted is any_macro
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
                inner = any_macro if chain else wanted
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
        return self.expand(tokens, path, any_macro)


def _used_at(tokens: list[Token], use: int) -> list[Token]:
    """Those that come from macros with the place of the outermost macro's name."""
    return [
        Token(each.text, each.path, each.at, each.macro, use, each.glued) if each.macro else each for each in tokens
    ]


def closing_token(tokens: list[Token], opening: int) -> int:
    """Which token closes the parenthesis at `opening`; -1 for none."""
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
        pieces = values.get(token.text, [token])
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


def any_macro(_token: Token, _arguments: list[list[Token]], _following: str) -> bool:
    """Expand whatever is a macro."""
    return True


def _typeofs(index: Index) -> frozenset[str]:
    """`#define typeof_member(T, m) typeof(((T *)0)->m)`: its uses declare what can point to functions."""
    found: set[str] = set()
    for match in index.search(r"#[ \t]*define[ \t]+\w+\([^()]*\)[ \t]+(?:__)?typeof", regex=True):
        found.update(index.macros_around(match.file, match.line))
    return frozenset(found)
