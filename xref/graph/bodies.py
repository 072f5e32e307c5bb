"""The function whose statements are read: what its parameters and locals are."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

from xref.graph.interest import WORDS
from xref.graph.interest import units
from xref.graph.syntax import BASE
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import TYPE_WORDS
from xref.graph.syntax import Parser
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.syntax import declarations
from xref.graph.syntax import is_word
from xref.graph.syntax import tokens_of
from xref.graph.types import Types
from xref.index.places import Place


class Body:
    """A function that is read, or with no place the scope of a file: what its locals and parameters are.

    Its statements are the bytes `start` to `end` of the text of the file.
    """

    def __init__(self, types: Types, path: str, place: Place | None, start: int = 0, end: int = 0) -> None:
        self.path = path
        self.name = None if place is None else place.identity
        self._typing = types
        self._text = types.places.text(path)
        self._body = (start, end)
        self.parameters: dict[str, int] = {}
        self._types: dict[str, Type] = {}
        self._locals: dict[str, Type] | None = None
        self._given: dict[str, Type] = {}
        self.returns_pointer = False
        if place is not None:
            declared = types.function(place.name, path) if place.macro is None else None
            if declared is not None and declared.type[0] == "function":
                self.returns_pointer = types.is_function_pointer(declared.type[1], self.path)
                for number, each in enumerate(types.parameters(declared.type)):
                    if each.name:
                        self.parameters[each.name] = number
                        self._types[each.name] = each.type
                self._old_style(place)
                self._from_macros(list(declared.type[2] or ()))
            elif place.macro is not None:
                self._made_parameters(place)

    def _from_macros(self, tokens: list[Token]) -> None:
        """`int f(THE_DEVICE, int a)`: the parameters that a macro without arguments declares.

        They have types, but no numbers: calls are read as they are written.
        """
        if not self._typing.macro_names.isdisjoint(token.text for token in tokens):
            opened = self._typing.with_declared(tokens, self.path)
            if opened != tokens:
                for each in self._typing.parameters(("function", BASE, tuple(opened))):
                    if each.name and each.name not in self.parameters:
                        self._given[each.name] = each.type

    def _old_style(self, place: Place) -> None:
        """`f(dev) struct net_device *dev; {`: the types stand behind the names."""
        head = self._text.code[place.head : place.tail]
        behind = head.find(")") + 1
        if ";" in head[behind:]:
            tokens = tokens_of(head[behind:], self.path, place.head + behind)
            for node in Parser(tokens, self._typing.is_type).statements():
                for declared in node[1] if node[0] == "declare" else ():
                    self._types[declared.name] = declared.type

    def _made_parameters(self, place: Place) -> None:
        """`SYSCALL_DEFINE2(name, int, fd, char *, buf)`: types and names by turns."""
        types = self._typing
        text = self._text.with_directives[place.head : place.tail]
        opening = text.find("(")
        parts = [part.strip() for part in text[opening + 1 :].rstrip(" ;)").split(",")]
        for kind, name in pairwise(parts[1:]):
            if is_word(name) and name not in KEYWORDS:
                for each in declarations(tokens_of(f"{kind} {name};", self.path, place.head), types.is_type):
                    self._types.setdefault(each.name, each.type)
                    self.parameters.setdefault(each.name, len(self.parameters))

    def type_of(self, name: str) -> Type | None:
        """The type of a parameter or a local; None for other names."""
        return self._types.get(name) or self.locals.get(name)

    def is_type(self, name: str) -> bool:
        """Is it a typedef's name here?  What another file calls a type can be a local or a parameter."""
        return self._typing.is_type(name) and self.type_of(name) is None

    @cached_property
    def units(self) -> list[tuple[int, int]]:
        """Its statements, as `interest.units` gives them."""
        return list(units(self._text.code, *self._body))

    @property
    def locals(self) -> dict[str, Type]:
        """The types of its locals by name, those of inner blocks too."""
        if self._locals is None:
            self._locals = self._given
            is_type = self.is_type

            def declares(tokens: list[Token]) -> bool:
                return bool(tokens) and (tokens[0].text in TYPE_WORDS or is_type(tokens[0].text))

            code = self._text.code
            for start, end in self.units:
                first = WORDS.search(code, start, end)
                if first is None or first.group() == "typedef":
                    continue
                word = first.group()
                alone = code[first.end() : end].strip() == ";"
                made = word in self._typing.macro_names and self._typing.declares(word, self.path, alone=alone)
                if made or word in TYPE_WORDS or word == "for" or is_type(word) or code.find("({", start, end) >= 0:
                    tokens = tokens_of(code[start:end], self.path, start)
                    if made:
                        tokens = self._typing.with_declared(tokens, self.path)
                    for node in Parser(tokens, is_type, declares).statements():
                        for declared in node[1] if node[0] == "declare" else ():
                            if declared.type[0] != "function":
                                self._locals.setdefault(declared.name, declared.type)
        return self._locals

    def pointers(self) -> set[str]:
        """Those of its parameters and locals that are pointers to functions."""
        every = {**self.locals, **self._types}
        return {name for name, made in every.items() if self.is_pointer(made)}

    def is_pointer(self, made: Type) -> bool:
        """Is it a type of pointers to functions, or a `typeof` what has one?"""
        found = self._typing.typeof(made[1], self) if made[0] == "typeof" else made
        return self._typing.is_function_pointer(found, self.path)
