"""The type of an expression: the struct behind `a->b->c`, from what the names in it are declared as."""

from __future__ import annotations

from typing import Protocol

from xref.graph.declarations import Declarations
from xref.graph.declarations import Member
from xref.graph.syntax import BASE
from xref.graph.syntax import Node
from xref.graph.syntax import Type
from xref.graph.syntax import is_word

_DEEPEST = 40


class Scope(Protocol):
    """What a name means inside a function."""

    path: str

    def type_of(self, name: str) -> Type | None:
        """The type of a local or a parameter."""


class Types(Declarations):
    """Expressions of a tree, with their types."""

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
