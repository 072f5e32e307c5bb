"""Which slot an expression denotes, and what its value can be the address of."""

from __future__ import annotations

from typing import NamedTuple

from xref.graph.bodies import Body
from xref.graph.knowledge import Knowledge
from xref.graph.syntax import Node
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.types import Types
from xref.index.places import Place


class Source(NamedTuple):
    """What a value can be: a function (`direct`) or the content of a slot, and the word that says so."""

    name: str
    direct: bool
    token: Token


class Slots:
    """The slots of one file's expressions; `own` are the functions that it declares."""

    def __init__(self, types: Types, knowledge: Knowledge, path: str, own: set[str]) -> None:
        self.types = types
        self.path = path
        self._functions = knowledge.functions
        self._own = own

    def is_function(self, name: str) -> bool:
        """Can this name, where it is no local, mean a function here?"""
        return name in self._own or (name in self._functions and self._is_in_sight(name))

    def _is_in_sight(self, name: str) -> bool:
        """Not where all its functions are static ones of `.c` files that are not compiled as one with this."""
        homes = self.types.static_homes(name)
        return homes is None or any(self.types.places.index.same_unit(home, self.path) for home in homes)

    def function_of(self, name: str) -> str:
        """The function that a name means in this file."""
        place = self.types.places.best(name, ("function", "prototype", "label"), self.path)
        return place.identity if place is not None else name

    def shared(self, target: str) -> str | None:
        """For a header's inline function the one that the same header declares for other configurations, if any.

        `stop_machine` is that of stop_machine.c, or in stop_machine.h one that calls what it is given.
        """
        name, _, file = target.partition("@")
        if not file.endswith(".h"):
            return None
        places = self.types.places.all(name)
        declared = any(each.kind == "prototype" and each.file == file and not each.static for each in places)
        return name if declared and any(each.kind == "function" and not each.static for each in places) else None

    def names_function(self, name: str, function: Body) -> bool:
        """Does a word mean a function inside this one, and no local?"""
        return self.is_function(name) and function.type_of(name) is None

    def variable_slot(self, name: str, function: Body) -> str:
        """The slot of a parameter, a local or a variable of file scope."""
        if function.name is not None:
            if name in function.parameters:
                return f"P:{function.name}:{function.parameters[name]}"
            if name in function.locals:
                return f"L:{function.name}:{name}"
        place = self.types.places.best(name, ("variable", "prototype"), self.path)
        return f"V:{name}@{place.file}" if place is not None and place.static else f"V:{name}"

    def slot(self, node: Node, function: Body) -> str | None:
        """The slot that an expression denotes."""
        for _ in range(20):
            tag = node[0]
            if tag == "id":
                return self.variable_slot(node[1].text, function)
            if tag == "member":
                member = self.types.member(node, function)
                if member is None or not member.holder:
                    return f"N:{node[2].text}" if member is None else f"F:.{node[2].text}"
                return f"F:{member.holder}.{node[2].text}"
            if tag == "call":
                callee = node[1]
                if callee[0] == "id" and self.is_function(callee[1].text):
                    return f"R:{self.function_of(callee[1].text)}"
                return None
            if tag == "index":
                node = node[1]
            elif tag == "cast" or (tag == "unary" and node[1] in ("*", "&")):
                node = node[2]
            elif tag in ("comma", "block") and node[1]:
                node = node[1][-1]
            elif tag == "choice":
                node = node[1][0]
            else:
                return None
        return None

    def sources(self, node: Node, function: Body) -> list[Source]:
        """The functions and slots whose address an expression's value can be."""
        tag = node[0]
        if tag == "id":
            token = node[1]
            if function.type_of(token.text) is not None:
                return [Source(self.variable_slot(token.text, function), False, token)]
            if self.is_function(token.text):
                variable = self.types.places.best(
                    token.text, ("function", "prototype", "variable", "enumerator", "macro"), self.path
                )
                if (
                    variable is not None
                    and variable.kind in ("function", "prototype")
                    and self.types.places.seen(variable, self.path)
                    and self._is_code(variable)
                ):
                    if variable.file != self.path and self._is_macro_here(token.text, variable):
                        return self._renamed(token, function)
                    return [Source(self.function_of(token.text), True, token)]
            if token.text in self.types.macro_names:
                return self._renamed(token, function)
            if self.types.places.best(token.text, ("variable", "prototype"), self.path) is not None:
                return [Source(self.variable_slot(token.text, function), False, token)]
            return []
        if tag == "member":
            slot = self.slot(node, function)
            return [Source(slot, False, node[2])] if slot is not None else []
        if tag == "index":
            slot = self.slot(node, function)
            first = node[1]
            while first[0] in ("index", "unary", "cast"):
                first = first[1] if first[0] == "index" else first[2]
            token = first[1] if first[0] == "id" else first[2] if first[0] == "member" else None
            return [Source(slot, False, token)] if slot is not None and token is not None else []
        if tag == "cast" or (tag == "unary" and node[1] in ("&", "*")):
            return self.sources(node[2], function)
        if tag == "choice":
            return [source for each in node[1] for source in self.sources(each, function)]
        if tag == "assign":
            return self.sources(node[2], function)
        if tag in ("comma", "block") and node[1]:
            return self.sources(node[1][-1], function)
        if tag == "call" and node[1][0] == "id":
            name = node[1][1].text
            if self.is_function(name) and function.type_of(name) is None:
                declared = self.types.function(name, self.path)
                if declared is not None and self.types.is_function_pointer(_returned(declared.type), self.path):
                    return [Source(f"R:{self.function_of(name)}", False, node[1][1])]
        return []

    def _is_macro_here(self, name: str, function: Place) -> bool:
        """Does a header that this file includes make the name, which a function elsewhere has, another in any case?"""
        if name not in self.types.macro_names or function.file.endswith(".h"):
            return False
        macro = self.types.places.best(name, ("macro",), self.path)
        if macro is None or not macro.file.endswith(".h") or not self.types.places.seen(macro, self.path):
            return False
        return macro.file in self.types.places.index.unconditional(name, "macro")

    def _renamed(self, token: Token, function: Body) -> list[Source]:
        """`#define ack_edge_ioapic ack_edge_ioapic_vector`: the functions that a macro without arguments names."""
        found = []
        for body in self.types.macros(token.text, self.path):
            if body.params is None and len(body.body) == 1 and body.body[0].text != token.text:
                other = token._replace(text=body.body[0].text)
                found += [source for source in self.sources(("id", other), function) if source.direct]
        return found

    def _is_code(self, place: Place) -> bool:
        """Is it a function, and not a variable that is declared `extern`?"""
        if place.kind == "function":
            return True
        declared = self.types.declaration(place)
        return declared is None or declared.type[0] == "function"


def _returned(made: Type) -> Type | None:
    return made[1] if made[0] == "function" else None
