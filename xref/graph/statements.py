"""What statements do with functions' addresses: who stores them, hands them on, and calls through what holds them."""

from __future__ import annotations

import re

from xref.graph.bodies import Body
from xref.graph.expansion import MacroBody
from xref.graph.flow import Flow
from xref.graph.flow import Hidden
from xref.graph.flow import Notes
from xref.graph.flow import Site
from xref.graph.initialisers import Initialiser
from xref.graph.known_macros import CALLS
from xref.graph.known_macros import STORES
from xref.graph.known_macros import KnownMacro
from xref.graph.slots import Slots
from xref.graph.slots import Source
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import Declared
from xref.graph.syntax import Node
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.syntax import children

_DEEPEST = 50


class Statements:
    """Reads the parsed statements of one file, or of the body of one macro in it, and notes what they do."""

    def __init__(self, slots: Slots, notes: Notes, macro: MacroBody | None = None) -> None:
        self.types = slots.types
        self.path = slots.path
        self.slots = slots
        self._notes = notes
        self._macro = macro
        self._text = self.types.places.text(self.path)

    def visit(self, node: Node, function: Body, depth: int = 0) -> None:
        """Read a statement or an expression, and all that is in it."""
        if depth > _DEEPEST:
            return
        tag = node[0]
        if tag == "declare":
            for declared in node[1]:
                self._declared(declared, function)
        elif tag == "assign":
            self._assigned(node[1], node[2], node[3], function)
        elif tag == "call":
            self._called(node, function)
        elif tag == "return" and function.returns_pointer and function.name is not None:
            for source in self.slots.sources(node[1], function):
                self._flow(f"R:{function.name}", source, "returned", None, function, None)
        elif tag == "cast" and node[2][0] == "list":
            self._initialised(node[2], node[1], None, function)
        for child in children(node):
            self.visit(child, function, depth + 1)

    def _declared(self, declared: Declared, function: Body) -> None:
        if declared.value is None or declared.token is None:
            return
        if declared.value[0] == "list":
            self._initialised(declared.value, declared.type, declared.name, function)
            return
        slot = self.slots.variable_slot(declared.name, function)
        for source in self.slots.sources(declared.value, function):
            if source.direct or function.is_pointer(declared.type):
                self._flow(slot, source, "assigned", None, function, declared.token)

    def _initialised(self, node: Node, made: Type, instance: str | None, function: Body) -> None:
        """The flows of a braced initialiser."""

        def store(value: Node, made: Type | None, slot: str, how: str, instance: str | None) -> None:
            for source in self.slots.sources(value, function):
                if source.direct or (made is not None and self.types.is_function_pointer(made, self.path)):
                    self._flow(slot, source, how, instance, function, None)

        def slot_of(name: str) -> str:
            return self.slots.variable_slot(name, function)

        Initialiser(self.types, function, slot_of, store).read(node, made, instance)

    def _assigned(self, target: Node, value: Node, token: Token, function: Body) -> None:
        if value[0] == "list":
            return
        if value[0] == "cast" and value[2][0] == "list":
            return
        sources = self.slots.sources(value, function)
        if not sources:
            return
        slot = self.slots.slot(target, function)
        if slot is None:
            return
        typed = None
        for source in sources:
            if not source.direct:
                if typed is None:
                    typed = self.types.is_function_pointer(
                        self.types.typeof(target, function), self.path
                    ) or self.types.is_function_pointer(self.types.typeof(value, function), self.path)
                if not typed:
                    continue
            self._flow(slot, source, "assigned", self._table(target, function), function, token)

    def _table(self, target: Node, function: Body) -> str | None:
        """`softirq_vec[]` in `softirq_vec[nr].action = …`: the table of file scope that is stored to."""
        if target[0] == "member" and not target[3]:
            base = target[1]
            if base[0] == "index" and base[1][0] == "id" and function.type_of(base[1][1].text) is None:
                return f"{base[1][1].text}[]"
        return None

    def _called(self, node: Node, function: Body) -> None:
        callee, arguments, opening = node[1], node[2], node[3]
        callee = _called_part(callee)
        known: list[str] = []
        special = self._known_call(callee, arguments, function)
        if special is not None:
            known = [f"A:{special}"]
            if callee[0] == "id":
                arguments = []
        elif callee[0] == "id" and callee[1].text in STORES and function.type_of(callee[1].text) is None:
            self._known_store(STORES[callee[1].text], arguments, function)
            return
        else:
            meant = [self._called_one(option, callee, opening, function) for option in _options(callee)]
            known = [each for each in meant if each is not None]
            known += [other for each in known if (other := self.slots.shared(each)) is not None]
        for number, argument in enumerate(arguments):
            sources = [
                source
                for source in self.slots.sources(argument, function)
                if source.direct or self.types.is_function_pointer(self.types.typeof(argument, function), self.path)
            ]
            for target in known if sources else ():
                into = f"{target}:{number}" if target.startswith("A:") else f"P:{target}:{number}"
                for source in sources:
                    self._flow(into, source, "argument", None, function, None)

    def _called_one(self, option: Node, callee: Node, opening: Token, function: Body) -> str | None:
        """Note one of what a call can mean; returns the function, or the arguments of a call through a slot."""
        if option[0] == "id" and function.type_of(option[1].text) is None and self.slots.is_function(option[1].text):
            token = option[1]
            target = self.slots.function_of(token.text)
            if self._is_hidden(token, opening, option is not callee):
                self.hide(token, opening, target, function)
            return target
        slot = self.site(option, function)
        return f"A:{slot}" if slot is not None else None

    def _is_hidden(self, token: Token, opening: Token, chosen: bool) -> bool:
        """Does a function's name stand elsewhere than its call, so that it was handed to the macro that calls it?"""
        if self._macro is None:
            return not token.macro and (bool(opening.macro) or chosen)
        mine = token.macro == self._macro.name and token.text not in (self._macro.params or ())
        return mine and (opening.macro != token.macro or chosen)

    def _known_call(self, callee: Node, arguments: list[Node], function: Body) -> str | None:
        """`static_call(name)(…)`, `call_int_hook(NAME, …)`: notes the call; returns the slot it goes through."""
        use = callee[1] if callee[0] == "call" else callee
        given = callee[2] if callee[0] == "call" else arguments
        known = CALLS.get(use[1].text) if use[0] == "id" else None
        if known is None or known.called is (callee[0] == "call"):
            return None
        slot, name = self._known_slot(known, given)
        if slot is None:
            return None
        token = use[1]
        line, column, file = self._where(token)
        member = slot[2:].rpartition(".") if slot.startswith("F:") else ("", "", "")
        site = Site(
            file, line, column, function.name, slot, name, member[0] or None, member[2] or None, token.macro or None
        )
        self._notes.site(site)
        return slot

    def _known_store(self, known: KnownMacro, arguments: list[Node], function: Body) -> None:
        slot, _ = self._known_slot(known, arguments)
        if slot is not None and known.value < len(arguments):
            for source in self.slots.sources(arguments[known.value], function):
                self._flow(slot, source, "assigned", None, function, None)

    def _known_slot(self, known: KnownMacro, arguments: list[Node]) -> tuple[str | None, str]:
        """The slot that a use of a known macro means, and the name it has."""
        texts = {str(place): _written(argument) for place, argument in enumerate(arguments)}

        def filled(text: str) -> str:
            return re.sub(r"\{(\d)\}", lambda match: texts.get(match.group(1), ""), text)

        if known.slot is not None:
            name = filled(known.slot)
            return (name, name[2:]) if not name.endswith("__") else (None, "")
        if known.member is None:
            return None, ""
        name = filled(known.member[1])
        return f"F:{known.member[0]}.{name}" if name else None, name

    def site(self, callee: Node, function: Body) -> str | None:
        """Note a call through a pointer; returns the slot."""
        while callee[0] == "index" or callee != _called_part(callee):
            callee = callee[1] if callee[0] == "index" else _called_part(callee)
        token: Token
        if callee[0] == "id":
            token = callee[1]
            if token.text in KEYWORDS or (
                token.text in self.types.macro_names and function.type_of(token.text) is None
            ):
                return None
            declared = function.type_of(token.text)
            if declared is None and self.types.variable(token.text, self.path) is None:
                return None
        elif callee[0] == "member":
            token = callee[2]
        elif callee[0] == "call":
            inner = callee[1]
            if inner[0] != "id" or not self.slots.is_function(inner[1].text):
                return None
            token = inner[1]
        else:
            return None
        slot = self.slots.slot(callee, function)
        if slot is None:
            return None
        holder, field = None, None
        if callee[0] == "member":
            field = token.text
            holder = slot[2:].rpartition(".")[0] or None if slot.startswith("F:") else None
        line, column, file = self._where(token)
        site = Site(file, line, column, function.name, slot, token.text, holder, field, token.macro or None)
        self._notes.site(site)
        return slot

    def hide(self, callee: Token, opening: Token, target: str, function: Body) -> None:
        """A function that is handed to a macro, which calls it."""
        text = self.types.places.text(callee.path)
        through = self.told(opening)
        line = self._text.line(opening.use) if opening.use >= 0 else text.line(callee.at)
        evidence = f"{callee.path}:{text.line(callee.at)}"
        hidden = Hidden(function.name, target, self.path, line, opening.macro, evidence, through)
        self._notes.hidden(hidden)

    def _where(self, token: Token) -> tuple[int, int, str]:
        """Line, column and file of a token as the file that is read has it."""
        if token.macro and token.use >= 0:
            return self._text.line(token.use), self._text.column(token.use), self.path
        text = self.types.places.text(token.path)
        return text.line(token.at), text.column(token.at), token.path

    def told(self, token: Token) -> str:
        """The place of a token, "file:line"."""
        return f"{token.path}:{self.types.places.text(token.path).line(token.at)}"

    def _flow(
        self,
        into: str,
        source: Source,
        how: str,
        instance: str | None,
        function: Body,
        at: Token | None,
    ) -> None:
        if into == source.name and not source.direct:
            return
        token = source.token
        text = self.types.places.text(token.path)
        macro = token.macro or (at.macro if at is not None else "") or None
        through = None
        if source.direct and token.macro and token.path == self.path and how == "assigned":
            how = "pasted"
        if at is not None and at.macro and (at.path, at.at) != (token.path, token.at):
            through = self.told(at)
        flow = Flow(
            into, source.name, source.direct, token.path, text.line(token.at), text.column(token.at), how, instance,
            macro, function.name, through,
        )  # fmt: skip
        self._notes.flow(flow)


def _options(callee: Node) -> list[Node]:
    """What is called in `(a ? f : g)(…)` and `_Generic(x, T: f, U: g)(…)`: each of them."""
    return [_called_part(option) for option in callee[1]] if callee[0] == "choice" else [callee]


def _called_part(callee: Node) -> Node:
    """What is really called in `(*f)(…)`, `((type)f)(…)` and `({ …; f; })(…)`."""
    for _ in range(_DEEPEST):
        if callee[0] == "cast" or (callee[0] == "unary" and callee[1] in ("*", "&")):
            callee = callee[2]
        elif callee[0] in ("comma", "block") and callee[1]:
            callee = callee[1][-1]
        else:
            break
    return callee


def _written(node: Node) -> str:
    """A name, or `a.b.c`, as it was written; "" for other expressions."""
    if node[0] == "id":
        return str(node[1].text)
    if node[0] == "member" and not node[3]:
        return f"{_written(node[1])}.{node[2].text}"
    return ""
