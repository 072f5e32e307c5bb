"""Where function pointers come from and go to, in one file: what the resolver writes into the index.

A *slot* is what can hold a function's address; its name is text:

    F:tag.member        a member of a struct or union         N:member          … of a struct that is not known
    V:name              a variable of file scope              V:name@file       … that is static
    L:function:name     a local                               P:function:2      a parameter, counted from 0
    R:function          what a function returns               A:slot:2          an argument of a call through a slot

A function is its name, and `name@file` where it has internal linkage.  A *flow* says that a function or the
content of one slot gets into another, at a place; a *site* is a call through a slot.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from xref.graph.asm_operands import is_asm
from xref.graph.asm_operands import is_template
from xref.graph.asm_operands import operands
from xref.graph.initialisers import Initialiser
from xref.graph.interest import CALLED
from xref.graph.interest import FUNCTION
from xref.graph.interest import POINTER
from xref.graph.interest import TYPE
from xref.graph.interest import WORDS
from xref.graph.interest import Hit
from xref.graph.interest import Interests
from xref.graph.interest import between
from xref.graph.interest import units
from xref.graph.known_macros import CALLS
from xref.graph.known_macros import KNOWN
from xref.graph.known_macros import STORES
from xref.graph.known_macros import KnownMacro
from xref.graph.made import made_calls
from xref.graph.made import scope_of
from xref.graph.made import use_of
from xref.graph.pasting import called_names
from xref.graph.pasting import pastes_call
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import TYPE_WORDS
from xref.graph.syntax import Declared
from xref.graph.syntax import Node
from xref.graph.syntax import Parser
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.syntax import children
from xref.graph.syntax import declarations
from xref.graph.syntax import is_word
from xref.graph.syntax import tokens_of
from xref.graph.types import MacroBody
from xref.graph.types import end_of_declaration
from xref.graph.types import head_of
from xref.index.places import Place

#: what looks like a declaration of a local
_DECLARED = re.compile(r"(?<!return)(?<!goto)(?<!else)[\w*][ \t]+\**([A-Za-z_]\w*)\s*[;,=\[)]")
_DEEPEST = 50


class Flow(NamedTuple):
    """Something gets into the slot `into`: a function (`direct`), or what another slot holds."""

    into: str
    source: str
    direct: bool
    file: str
    line: int
    column: int
    #: designated gnu positional assigned argument pasted returned
    how: str
    instance: str | None
    macro: str | None
    #: the function in whose body it happens, None at file level
    function: str | None
    #: where a macro that is used here does it: "file:line"
    through: str | None


class Site(NamedTuple):
    """A call through a slot; line and column are those of the callee's name, or of the macro that hides the call."""

    file: str
    line: int
    column: int
    function: str | None
    slot: str
    name: str
    struct: str | None
    field: str | None
    macro: str | None


class Hidden(NamedTuple):
    """A call that a macro hides: mostly of a function that is an argument of a macro which calls it.

    `through` is then the file:line in the macro's body.  It is `pasted` where the macro makes the name; `made` for a
    call by the callee's plain name in a function that the macro makes; `body` where the function's body is the block
    behind the macro, whose calls are kept under the callee's name: see `made`.
    """

    function: str | None
    callee: str
    file: str
    line: int
    macro: str
    evidence: str
    through: str | None


class FileFlow(NamedTuple):
    """All of one file; fault is why it has nothing, where that is not because there is nothing."""

    flows: list[Flow]
    sites: list[Site]
    hidden: list[Hidden]
    fault: str | None = None


class _Function:
    """A function that is read: what its locals and parameters are.  Its body is the bytes `start` to `end`."""

    def __init__(self, reader: Reader, place: Place | None, start: int = 0, end: int = 0) -> None:
        self.path = reader.path
        self.name = None if place is None else place.identity
        self._reader = reader
        self._body = (start, end)
        self.parameters: dict[str, int] = {}
        self._types: dict[str, Type] = {}
        self._locals: dict[str, Type] | None = None
        self.returns_pointer = False
        if place is not None:
            declared = reader.types.function(place.name, reader.path) if place.macro is None else None
            if declared is not None and declared.type[0] == "function":
                self.returns_pointer = reader.types.is_function_pointer(declared.type[1], self.path)
                for number, each in enumerate(reader.types.parameters(declared.type)):
                    if each.name:
                        self.parameters[each.name] = number
                        self._types[each.name] = each.type
                self._old_style(place)
            elif place.macro is not None:
                self._made_parameters(place)

    def _old_style(self, place: Place) -> None:
        """`f(dev) struct net_device *dev; {`: the types stand behind the names."""
        head = self._reader.text.code[place.head : place.tail]
        behind = head.find(")") + 1
        if ";" in head[behind:]:
            tokens = tokens_of(head[behind:], self.path, place.head + behind)
            for node in Parser(tokens, self._reader.types.is_type).statements():
                for declared in node[1] if node[0] == "declare" else ():
                    self._types[declared.name] = declared.type

    def _made_parameters(self, place: Place) -> None:
        """`SYSCALL_DEFINE2(name, int, fd, char *, buf)`: types and names by turns."""
        types = self._reader.types
        text = self._reader.text.with_directives[place.head : place.tail]
        opening = text.find("(")
        parts = [part.strip() for part in text[opening + 1 :].rstrip(" ;)").split(",")]
        for kind, name in pairwise(parts[1:]):
            if is_word(name) and name not in KEYWORDS:
                for each in declarations(tokens_of(f"{kind} {name};", self.path, place.head), types.is_type):
                    self._types.setdefault(each.name, each.type)
                    self.parameters.setdefault(each.name, len(self.parameters))

    def type_of(self, name: str) -> Type | None:
        return self._types.get(name) or self.locals.get(name)

    @cached_property
    def units(self) -> list[tuple[int, int]]:
        """Its statements, as `interest.units` gives them."""
        return list(units(self._reader.text.code, *self._body))

    @property
    def locals(self) -> dict[str, Type]:
        if self._locals is None:
            self._locals = {}
            is_type = self._reader.types.is_type

            def declares(tokens: list[Token]) -> bool:
                return bool(tokens) and (tokens[0].text in TYPE_WORDS or is_type(tokens[0].text))

            code = self._reader.text.code
            for start, end in self.units:
                first = WORDS.search(code, start, end)
                if first is None:
                    continue
                word = first.group()
                if word in TYPE_WORDS or word == "for" or is_type(word) or code.find("({", start, end) >= 0:
                    tokens = tokens_of(code[start:end], self.path, start)
                    for node in Parser(tokens, is_type, declares).statements():
                        for declared in node[1] if node[0] == "declare" else ():
                            if declared.type[0] != "function":
                                self._locals.setdefault(declared.name, declared.type)
        return self._locals

    def pointers(self) -> set[str]:
        """Those of its parameters and locals that are pointers to functions."""
        is_pointer = self._reader.types.is_function_pointer
        every = {**self.locals, **self._types}
        return {name for name, made in every.items() if is_pointer(made, self.path)}


class Reader:
    """Reads one file."""

    def __init__(self, interests: Interests, path: str) -> None:
        self.path = path
        self.interests = interests
        self.knowledge = interests.knowledge
        self.types = interests.types
        self.text = self.types.places.text(path)
        self._places = self.types.places.of_file(path)
        self._own = {place.name for place in self._places if place.kind in ("function", "prototype")}
        self._made = FileFlow([], [], [])
        self._seen: set[tuple[object, ...]] = set()

    def run(self) -> FileFlow:
        """Everything that this file does with functions' addresses."""
        if not any(place.kind in ("function", "variable") for place in self._places):
            return self._made
        code = self.text.code
        self._hits = self.interests.hits(self.path, code, self._own, self.is_active)
        self._at = [hit.at for hit in self._hits]
        self._pointers = [match.start() for match in POINTER.finditer(code)]
        done = -1
        last_body = -1
        made = self._made_functions()
        for place in self._places:
            if place.kind == "function":
                start = place.tail
                if place.macro is not None and place != scope_of(made[place.head]):
                    continue
                end = self.text.start(place.end_line + 1)
                if start <= last_body:
                    continue
                last_body = start
                self._read_body(place, start, end)
            elif place.kind == "variable" and place.head > done and place.head > last_body:
                done = place.head
                if place.macro is not None:
                    self._read_made_variable(place)
                    continue
                head = head_of(code, place.head)
                tail = max(place.tail, end_of_declaration(code, head))
                if code.find("=", head, tail) >= 0 and self._mentions(head, tail):
                    self._read_variable(tokens_of(code[head:tail] + ";", self.path, head))
        for name in STORES:
            if name in code:
                self._read_known_stores(name)
        return self._made

    def _read_known_stores(self, name: str) -> None:
        """The uses at file level of a macro that stores."""
        code = self.text.code
        for match in re.finditer(rf"^[ \t]*(?:static[ \t]+)?({name})[ \t]*\(", code, re.MULTILINE):
            end = end_of_declaration(code, match.start(1))
            if not any(place.tail <= match.start(1) < self.text.start(place.end_line + 1) for place in self._bodies):
                self._read_variable(tokens_of(code[match.start(1) : end + 1], self.path, match.start(1)))

    @cached_property
    def _bodies(self) -> list[Place]:
        return [place for place in self._places if place.kind == "function"]

    def _made_functions(self) -> dict[int, list[Place]]:
        """The functions that macros make, by the byte at which the macro's use begins; notes what they call."""
        made: dict[int, list[Place]] = {}
        for place in self._places:
            if place.kind == "function" and place.macro is not None:
                made.setdefault(place.head, []).append(place)
        for places in made.values():
            nodes = {place.name: place.identity for place in places}
            for call in made_calls(self.types, places):
                told = self._told(call.token)
                callee = nodes.get(call.callee, call.callee)
                first = places[0]
                self._made.hidden.append(
                    Hidden(nodes[call.function], callee, self.path, first.line, first.macro or "", told, call.how)
                )
        return made

    def _mentions(self, start: int, end: int) -> bool:
        """Is a function's name used as a value there?"""
        return any(hit.kind & FUNCTION for hit in self._between(start, end))

    def _between(self, start: int, end: int) -> list[Hit]:
        return self._hits[bisect_left(self._at, start) : bisect_left(self._at, end)]

    def is_active(self, name: str, depth: int = 0) -> bool:
        """Does a macro, as this file means it, call through pointers, paste names that it stores, or store into a
        member that is called through?
        """
        if name not in self.knowledge.active:
            return False
        if name in KNOWN:
            return True
        for body in self.types.macros(name, self.path):
            key = (name, body.path, body.line)
            known = self.types.active.get(key)
            if known is None:
                self.types.active[key] = False
                known = self.types.active[key] = _calls_through(body) or self._stores(body, depth)
            if known:
                return True
        return False

    def _stores(self, body: MacroBody, depth: int) -> bool:
        before = ""
        if pastes_call(body.body) or any(operands(body.body)) or is_template(body.body):
            return True
        for place, token in enumerate(body.body):
            following = body.body[place + 1].text if place + 1 < len(body.body) else ""
            if following == "##" and before == "=":
                return True
            if before in (".", "->"):
                if (
                    following == "="
                    and token.text in self.knowledge.fields
                    and self.interests.field_matters(token.text, body.path)
                ):
                    return True
            elif depth < 4 and token.text != body.name and self.is_active(token.text, depth + 1):
                return True
            before = token.text
        return False

    # -- what is worth reading ------------------------------------------------------------------------

    def is_function(self, name: str) -> bool:
        """Can this name, where it is no local, mean a function here?"""
        return name in self._own or name in self.knowledge.functions

    def _worth(self, place: Place, start: int, end: int) -> list[int]:
        """The places in a function's body at which something that matters stands, in order."""
        code = self.text.code
        declared: set[str] | None = None
        found = []
        for at, word, kind in self._between(start, end):
            if kind == FUNCTION:
                if declared is None:
                    declared = set(WORDS.findall(code, place.head, start)) - {place.name}
                    declared.update(_DECLARED.findall(code, start, end))
                if word in declared:
                    continue
            found.append(at)
        return found

    # -- functions and variables ----------------------------------------------------------------------

    def function_of(self, name: str) -> str:
        """The function that a name means in this file."""
        place = self.types.places.best(name, ("function", "prototype", "label"), self.path)
        return place.identity if place is not None else name

    def _read_body(self, place: Place, start: int, end: int) -> None:
        code = self.text.code
        worth = self._worth(place, start, end)
        calling = place.name in self.knowledge.calling
        may_point = between(self._pointers, place.head, end) or any(
            hit.kind & TYPE for hit in self._between(place.head, end)
        )
        if not (worth or calling or may_point):
            return
        function = _Function(self, place, start, end)
        if calling:
            worth += [match.end() - 1 for match in CALLED.finditer(code, start, end)]
        if calling or may_point:
            pointers = function.pointers()
            if pointers:
                worth += [match.start() for match in WORDS.finditer(code, start, end) if match.group() in pointers]
        worth.sort()

        def opened(statement: list[Token]) -> list[Token]:
            return self._expanded(statement, function)

        for first, last in function.units if worth else ():
            if between(worth, first, last):
                tokens = tokens_of(code[first:last], self.path, first)
                for node in Parser(tokens, self.types.is_type, None, opened).statements():
                    self._visit(node, function)

    def _read_made_variable(self, place: Place) -> None:
        """A variable that a macro makes; not one that it makes beside a function whose body follows."""
        if place.macro is None or place.macro.startswith("EXPORT_"):
            return  # makes a function's address known to modules; nothing calls it there
        code = self.text.code
        use, behind = use_of(code, place)
        start = code.find(place.macro, place.head)
        end = max(start + len(use), end_of_declaration(code, start)) if behind == "=" else start + len(use)
        if behind != "{" and self._mentions(start, end):
            self._read_variable(tokens_of(code[start:end] + ";", self.path, start))

    def _read_variable(self, tokens: list[Token]) -> None:
        function = _Function(self, None)
        opened = self._expanded(tokens, function)
        for node in Parser(opened, self.types.is_type).statements():
            self._visit(node, function)

    def _expanded(self, tokens: list[Token], function: _Function) -> list[Token]:
        names = self.types.macro_names
        if not any(token.text in names for token in tokens):
            return tokens

        def wanted(token: Token, arguments: list[list[Token]], following: str) -> bool:
            name = token.text
            if name in KNOWN or (not token.macro and function.type_of(name) is not None):
                return False
            if following in ("->", ".", "=") or (following in ("(", "[") and not self.is_function(name)):
                return True
            if self.is_active(name):
                return True
            for argument in arguments:
                bare = [token for token in argument if token.text not in ("&", "(", ")")]
                if len(bare) == 1 and self._names_function(bare[0].text, function):
                    return True
                if bare and self._is_pointer_there(bare, function):
                    return True
            return False

        opened = self.types.expand(tokens, self.path, wanted)
        if opened is not tokens and function.name is not None:
            self._pasted(opened, function.name)
            if is_asm(opened):
                self._operands(opened, function)
        return opened

    def _operands(self, opened: list[Token], function: _Function) -> None:
        """Note the functions, and pointers to them, that are operands of inline assembly of a macro."""
        for opening, inside in operands(opened):
            node = Parser(inside, self.types.is_type).expression_or_other()
            if node[0] == "id" and self._names_function(node[1].text, function):
                self._hide(node[1], opening, self.function_of(node[1].text), function)
            elif node[0] == "member" and self.types.is_function_pointer(self.types.typeof(node, function), self.path):
                self._site(node, function)

    def _is_pointer_there(self, bare: list[Token], function: _Function) -> bool:
        """Is an argument a local or parameter that points to a function, or such a member?"""
        if len(bare) == 1:
            made = function.type_of(bare[0].text)
            return made is not None and self.types.is_function_pointer(made, self.path)
        return (
            bare[-2].text in (".", "->")
            and bare[-1].text in self.knowledge.fields
            and all(is_word(token.text) or token.text in (".", "->") for token in bare)
        )

    def _pasted(self, opened: list[Token], function: str) -> None:
        """Note the functions whose names a macro pastes and calls."""
        for token in called_names(opened):
            if token.use < 0 or token.glued is None or not self.is_function(token.text):
                continue
            path, at = token.glued
            target = self.function_of(token.text)
            macro = re.match(r"\w*", self.text.code[token.use : token.use + 80])
            hidden = Hidden(
                function, target, self.path, self.text.line(token.use), macro.group() if macro else token.macro,
                f"{path}:{self.types.places.text(path).line(at)}", "pasted",
            )  # fmt: skip
            if ("hidden", *hidden) not in self._seen:
                self._seen.add(("hidden", *hidden))
                self._made.hidden.append(hidden)

    def _names_function(self, name: str, function: _Function) -> bool:
        return self.is_function(name) and function.type_of(name) is None

    # -- walking --------------------------------------------------------------------------------------

    def _visit(self, node: Node, function: _Function, depth: int = 0) -> None:
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
            for source in self._sources(node[1], function):
                self._flow(f"R:{function.name}", source, "returned", None, function, None)
        elif tag == "cast" and node[2][0] == "list":
            self._initialised(node[2], node[1], None, function)
        for child in children(node):
            self._visit(child, function, depth + 1)

    def _declared(self, declared: Declared, function: _Function) -> None:
        if declared.value is None or declared.token is None:
            return
        if declared.value[0] == "list":
            self._initialised(declared.value, declared.type, declared.name, function)
            return
        slot = self._variable_slot(declared.name, function)
        for source in self._sources(declared.value, function):
            if source.direct or self.types.is_function_pointer(declared.type, self.path):
                self._flow(slot, source, "assigned", None, function, declared.token)

    def _initialised(self, node: Node, made: Type, instance: str | None, function: _Function) -> None:
        """The flows of a braced initialiser."""

        def store(value: Node, made: Type | None, slot: str, how: str, instance: str | None) -> None:
            for source in self._sources(value, function):
                if source.direct or (made is not None and self.types.is_function_pointer(made, self.path)):
                    self._flow(slot, source, how, instance, function, None)

        def slot_of(name: str) -> str:
            return self._variable_slot(name, function)

        Initialiser(self.types, function, slot_of, store).read(node, made, instance)

    def _assigned(self, target: Node, value: Node, token: Token, function: _Function) -> None:
        if value[0] == "list":
            return
        if value[0] == "cast" and value[2][0] == "list":
            return
        sources = self._sources(value, function)
        if not sources:
            return
        slot = self._slot(target, function)
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

    def _table(self, target: Node, function: _Function) -> str | None:
        """`softirq_vec[]` in `softirq_vec[nr].action = …`: the table of file scope that is stored to."""
        if target[0] == "member" and not target[3]:
            base = target[1]
            if base[0] == "index" and base[1][0] == "id" and function.type_of(base[1][1].text) is None:
                return f"{base[1][1].text}[]"
        return None

    def _called(self, node: Node, function: _Function) -> None:
        callee, arguments, opening = node[1], node[2], node[3]
        callee = _called_part(callee)
        known: list[str] = []
        special = self._known_call(callee, arguments, function)
        if special is not None:
            known = [f"A:{special}"]
            if callee[0] == "id":
                arguments = []
        elif callee[0] == "id" and function.type_of(callee[1].text) is None:
            name = callee[1].text
            if name in STORES:
                self._known_store(STORES[name], arguments, function)
                return
            if self.is_function(name):
                known = [self.function_of(name)]
                if opening.macro and not callee[1].macro:
                    self._hide(callee[1], opening, known[0], function)
        for option in callee[1] if callee[0] == "choice" else [callee]:
            if not known:
                slot = self._site(option, function)
                if slot is not None:
                    known.append(f"A:{slot}")
        for number, argument in enumerate(arguments):
            sources = [
                source
                for source in self._sources(argument, function)
                if source.direct or self.types.is_function_pointer(self.types.typeof(argument, function), self.path)
            ]
            for target in known if sources else ():
                into = f"{target}:{number}" if target.startswith("A:") else f"P:{target}:{number}"
                for source in sources:
                    self._flow(into, source, "argument", None, function, None)

    def _known_call(self, callee: Node, arguments: list[Node], function: _Function) -> str | None:
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
        if ("site", *site) not in self._seen:
            self._seen.add(("site", *site))
            self._made.sites.append(site)
        return slot

    def _known_store(self, known: KnownMacro, arguments: list[Node], function: _Function) -> None:
        slot, _ = self._known_slot(known, arguments)
        if slot is not None and known.value < len(arguments):
            for source in self._sources(arguments[known.value], function):
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

    def _site(self, callee: Node, function: _Function) -> str | None:
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
            if inner[0] != "id" or not self.is_function(inner[1].text):
                return None
            token = inner[1]
        else:
            return None
        slot = self._slot(callee, function)
        if slot is None:
            return None
        holder, field = None, None
        if callee[0] == "member":
            field = token.text
            holder = slot[2:].rpartition(".")[0] or None if slot.startswith("F:") else None
        line, column, file = self._where(token)
        site = Site(file, line, column, function.name, slot, token.text, holder, field, token.macro or None)
        key = ("site", *site)
        if key not in self._seen:
            self._seen.add(key)
            self._made.sites.append(site)
        return slot

    def _hide(self, callee: Token, opening: Token, target: str, function: _Function) -> None:
        """A function that is handed to a macro, which calls it."""
        text = self.types.places.text(callee.path)
        through = self._told(opening)
        line = self.text.line(opening.use) if opening.use >= 0 else text.line(callee.at)
        evidence = f"{callee.path}:{text.line(callee.at)}"
        hidden = Hidden(function.name, target, self.path, line, opening.macro, evidence, through)
        if ("hidden", *hidden) not in self._seen:
            self._seen.add(("hidden", *hidden))
            self._made.hidden.append(hidden)

    def _where(self, token: Token) -> tuple[int, int, str]:
        """Line, column and file of a token as the file that is read has it."""
        if token.macro and token.use >= 0:
            return self.text.line(token.use), self.text.column(token.use), self.path
        text = self.types.places.text(token.path)
        return text.line(token.at), text.column(token.at), token.path

    def _told(self, token: Token) -> str:
        return f"{token.path}:{self.types.places.text(token.path).line(token.at)}"

    # -- slots and sources ----------------------------------------------------------------------------

    def _variable_slot(self, name: str, function: _Function) -> str:
        if function.name is not None:
            if name in function.parameters:
                return f"P:{function.name}:{function.parameters[name]}"
            if name in function.locals:
                return f"L:{function.name}:{name}"
        place = self.types.places.best(name, ("variable", "prototype"), self.path)
        return f"V:{name}@{place.file}" if place is not None and place.static else f"V:{name}"

    def _slot(self, node: Node, function: _Function) -> str | None:
        """The slot that an expression denotes."""
        for _ in range(20):
            tag = node[0]
            if tag == "id":
                return self._variable_slot(node[1].text, function)
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

    def _sources(self, node: Node, function: _Function) -> list[_Source]:
        """The functions and slots whose address an expression's value can be."""
        tag = node[0]
        if tag == "id":
            token = node[1]
            if function.type_of(token.text) is not None:
                return [_Source(self._variable_slot(token.text, function), False, token)]
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
                    return [_Source(self.function_of(token.text), True, token)]
            if token.text in self.types.macro_names:
                return self._renamed(token, function)
            if self.types.places.best(token.text, ("variable", "prototype"), self.path) is not None:
                return [_Source(self._variable_slot(token.text, function), False, token)]
            return []
        if tag == "member":
            slot = self._slot(node, function)
            return [_Source(slot, False, node[2])] if slot is not None else []
        if tag == "index":
            slot = self._slot(node, function)
            first = node[1]
            while first[0] in ("index", "unary", "cast"):
                first = first[1] if first[0] == "index" else first[2]
            token = first[1] if first[0] == "id" else first[2] if first[0] == "member" else None
            return [_Source(slot, False, token)] if slot is not None and token is not None else []
        if tag == "cast" or (tag == "unary" and node[1] in ("&", "*")):
            return self._sources(node[2], function)
        if tag == "choice":
            return [source for each in node[1] for source in self._sources(each, function)]
        if tag == "assign":
            return self._sources(node[2], function)
        if tag in ("comma", "block") and node[1]:
            return self._sources(node[1][-1], function)
        if tag == "call" and node[1][0] == "id":
            name = node[1][1].text
            if self.is_function(name) and function.type_of(name) is None:
                declared = self.types.function(name, self.path)
                if declared is not None and self.types.is_function_pointer(_returned(declared.type), self.path):
                    return [_Source(f"R:{self.function_of(name)}", False, node[1][1])]
        return []

    def _renamed(self, token: Token, function: _Function) -> list[_Source]:
        """`#define ack_edge_ioapic ack_edge_ioapic_vector`: the functions that a macro without arguments names."""
        found = []
        for body in self.types.macros(token.text, self.path):
            if body.params is None and len(body.body) == 1 and body.body[0].text != token.text:
                other = token._replace(text=body.body[0].text)
                found += [source for source in self._sources(("id", other), function) if source.direct]
        return found

    def _is_code(self, place: Place) -> bool:
        """Is it a function, and not a variable that is declared `extern`?"""
        if place.kind == "function":
            return True
        declared = self.types.declaration(place)
        return declared is None or declared.type[0] == "function"

    def _flow(
        self,
        into: str,
        source: _Source,
        how: str,
        instance: str | None,
        function: _Function,
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
            through = self._told(at)
        flow = Flow(
            into, source.name, source.direct, token.path, text.line(token.at), text.column(token.at), how, instance,
            macro, function.name, through,
        )  # fmt: skip
        if flow not in self._seen:
            self._seen.add(flow)
            self._made.flows.append(flow)


class _Source(NamedTuple):
    name: str
    direct: bool
    token: Token


def _calls_through(body: MacroBody) -> bool:
    """Does a macro call a member, one of its arguments, an element, or what a pointer points to?"""
    opened: list[str] = []
    closed = before = last = ""
    for token in body.body:
        text = token.text
        if text == "(":
            if before in (".", "->") or last in (body.params or ()) or last == "]" or (last == ")" and closed == "*"):
                return True
            opened.append("")
        elif text == ")":
            closed = opened.pop() if opened else ""
        elif last == "(" and opened:
            opened[-1] = text
        before, last = last, text
    return False


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


def _returned(made: Type) -> Type | None:
    return made[1] if made[0] == "function" else None


def flow_of(interests: Interests, path: str) -> FileFlow:
    """The flows and sites of one file."""
    try:
        return Reader(interests, path).run()
    finally:
        interests.types.forget(path)
