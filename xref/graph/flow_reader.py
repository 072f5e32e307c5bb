"""One file, read for what it does with functions' addresses: only where such a thing can be.

A statement is made into tokens and parsed where something of interest stands in it (`interest`); macros are opened
where they hide a call or a store.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from xref.graph.asm_operands import is_asm
from xref.graph.asm_operands import is_template
from xref.graph.asm_operands import operands
from xref.graph.bodies import Body
from xref.graph.declarations import end_of_declaration
from xref.graph.declarations import head_of
from xref.graph.expansion import MacroBody
from xref.graph.flow import FileFlow
from xref.graph.flow import Flow
from xref.graph.flow import Hidden
from xref.graph.flow import Notes
from xref.graph.handing_macros import read_macros
from xref.graph.interest import CALLED
from xref.graph.interest import FUNCTION
from xref.graph.interest import MEMBER
from xref.graph.interest import POINTER
from xref.graph.interest import TYPE
from xref.graph.interest import VARIABLE
from xref.graph.interest import WORDS
from xref.graph.interest import Hit
from xref.graph.interest import Interests
from xref.graph.interest import between
from xref.graph.known_macros import HANDED
from xref.graph.known_macros import KNOWN
from xref.graph.known_macros import STORES
from xref.graph.known_macros import Handed
from xref.graph.made import made_calls
from xref.graph.made import scope_of
from xref.graph.made import use_of
from xref.graph.pasting import called_names
from xref.graph.pasting import pastes_call
from xref.graph.pasting import pastes_function
from xref.graph.slots import Slots
from xref.graph.statements import Statements
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import Parser
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.syntax import is_word
from xref.graph.syntax import tokens_of
from xref.index.places import Place

#: what looks like a declaration of a local
_DECLARED = re.compile(r"[\w*](?<!\breturn)(?<!\bgoto)(?<!\belse)(?<!\bcase)[ \t]+\**([A-Za-z_]\w*)\s*[;,=\[)]")
#: a parameter that is declared as a function: `int getfrag(void *from, …)`
_TAKES_FUNCTION = re.compile(r"[(,][^(),]*[\s*]\w+\s*\(")
#: names that the language defines itself, none of them a function
_OWN_NAMES = frozenset(("__func__", "__FUNCTION__", "__PRETTY_FUNCTION__", "__FILE__", "__LINE__", "NULL"))
#: what may be a macro's use, with arguments that have no parentheses
_USE = re.compile(r"\b([A-Za-z_]\w*)\s*\([^()]*\)")
#: the name before a member, of `dev->name` but not of `a->dev->name`
_BASE = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\s*(?:->|\.)\s*\Z")
_LONGEST_BASE = 80
_DECLARED_HERE = re.compile(r"\s*[,;=)\[]")
#: the type before a declared name: `struct net_device *`, `card_t `
_TYPE_BEFORE = re.compile(r"(?:\b(struct|union)\s+)?(?<!\w)([A-Za-z_]\w*)(?:\s*\*[\s*]*|\s+)\Z")
#: macros in macros in … are looked into so many deep
_MOST_NESTED = 5


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
        self._variables = {place.name for place in self._places if place.kind == "variable" and place.macro is None}
        #: of macros, whether they act on functions' addresses here
        self._active: dict[str, bool] = {}
        #: what the names before members are declared as, by the function's place and the name
        self._holders: dict[tuple[int, str], Type | None] = {}
        self._notes = Notes()
        self._slots = Slots(self.types, self.knowledge, path, self._own)
        self._statements = Statements(self._slots, self._notes)

    def run(self) -> FileFlow:
        """Everything that this file does with functions' addresses."""
        read_macros(self._slots, self._places, self._notes)
        if not any(place.kind in ("function", "variable") for place in self._places):
            return self._notes.found
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
                if place.macro is not None and (self._is_listed(place) or place != scope_of(made[place.head])):
                    continue
                end = self.text.start(place.end_line + 1)
                if start <= last_body:
                    continue
                if place.macro is None or use_of(code, place)[1] == "{":
                    last_body = start
                if place.name in HANDED:
                    self._read_handed(place, HANDED[place.name])
                self._read_body(place, start, end)
            elif place.kind == "variable" and place.head > done and place.head > last_body:
                done = place.head
                if place.macro is not None:
                    self._read_made_variable(place)
                    continue
                head = head_of(code, place.head)
                tail = max(place.tail, end_of_declaration(code, head))
                if code.find("=", head, tail) >= 0:
                    self._read_value(head, tail)
        for name in STORES:
            if name in code:
                self._read_known_stores(name)
        return self._notes.found

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
            if place.kind == "function" and place.macro is not None and not self._is_listed(place):
                made.setdefault(place.head, []).append(place)
        for places in made.values():
            nodes = {place.name: place.identity for place in places}
            for call in made_calls(self.types, places):
                told = self._statements.told(call.token)
                callee = nodes.get(call.callee, call.callee)
                first = places[0]
                self._notes.hidden(
                    Hidden(nodes[call.function], callee, self.path, first.line, first.macro or "", told, call.how)
                )
        return made

    def _is_listed(self, place: Place) -> bool:
        """Does it stand in a list that is included here?"""
        return self.text.with_directives.startswith("#", place.head)

    def _mentions(self, start: int, end: int) -> bool:
        """Is a function's name used as a value there?"""
        return any(hit.kind & FUNCTION for hit in self._between(start, end))

    def _pastes(self, text: str) -> bool:
        """Does a macro in a variable's value, `= __ATTR_RW(online)`, make the name of a function?"""
        return any(
            match.group(1) in self.types.macro_names
            and pastes_function(self.types, match.group(), self.path, self._slots.is_function)
            for match in _USE.finditer(text)
        )

    def _between(self, start: int, end: int) -> list[Hit]:
        return self._hits[bisect_left(self._at, start) : bisect_left(self._at, end)]

    def is_active(self, name: str) -> bool:
        """Does a macro, as this file means it, call through pointers, paste names that it stores, or store into a
        member that is called through; by itself or by the macros in it?
        """
        known = self._active.get(name)
        if known is None:
            known = self._active[name] = name in self.knowledge.active and self._acts(name)
        return known

    def _acts(self, name: str) -> bool:
        seen = {name}
        fresh = [name]
        for _ in range(_MOST_NESTED):
            inner: list[str] = []
            for each in fresh:
                if each in KNOWN or self._active.get(each):
                    return True
                if each in self._active:
                    continue  # it was looked into, and so were those in it
                for body in self.types.macros(each, self.path):
                    acts, uses = self._acts_itself(body)
                    if acts:
                        return True
                    inner += [use for use in uses if use not in seen]
                    seen.update(uses)
            fresh = inner
        if not fresh:
            self._active.update(dict.fromkeys(seen, False))
        return False

    def _acts_itself(self, body: MacroBody) -> tuple[bool, tuple[str, ...]]:
        """Whether a macro's own body acts, and the other macros in it that may; the same whichever file asks."""
        key = (body.name, body.path, body.line)
        known = self.types.acting.get(key)
        if known is None:
            acts = _calls_through(body) or self._calls_variable(body) or self._stores(body)
            uses = {} if acts else dict.fromkeys(_used(body))
            known = self.types.acting[key] = (acts, tuple(use for use in uses if use in self.knowledge.active))
        return known

    def _calls_variable(self, body: MacroBody) -> bool:
        """`#define flush(page) flush_hook(page)`, of a pointer that has no other look than a function."""
        called = {name.text for name, following in pairwise(body.body) if following.text == "("}
        return not called.isdisjoint(self.knowledge.variables)

    def _stores(self, body: MacroBody) -> bool:
        before = ""
        if pastes_call(body.body) or any(operands(body.body)) or is_template(body.body):
            return True
        for place, token in enumerate(body.body):
            following = body.body[place + 1].text if place + 1 < len(body.body) else ""
            if following == "##" and before == "=" and not _is_called(body.body, place):
                return True
            if (
                before in (".", "->")
                and following == "="
                and token.text in self.knowledge.fields
                and _may_be_function(body.body, place + 2)
                and self.interests.field_matters(token.text, body.path)
            ):
                return True
            before = token.text
        return False

    # -- what is worth reading ------------------------------------------------------------------------

    def _worth(self, place: Place, start: int, end: int) -> list[int]:
        """The places in a function's body at which something that matters stands, in order."""
        code = self.text.code
        declared: set[str] | None = None
        found = []
        for at, word, kind in self._between(start, end):
            if not kind & ~(FUNCTION | VARIABLE):
                if declared is None:
                    declared = set(WORDS.findall(code, place.head, start)) - {place.name}
                    declared.update(_DECLARED.findall(code, start, end))
                if word in declared:
                    continue
            if kind == MEMBER and self._is_of_another(word, at, place.head, end):
                continue
            found.append(at)
        return found

    def _is_of_another(self, field: str, at: int, start: int, end: int) -> bool:
        """`dev->name`: is it a member of a struct whose `name` holds no function, as the text between two bytes, that
        of a function, declares `dev`?
        """
        base = _BASE.search(self.text.code, max(start, at - _LONGEST_BASE), at)
        if base is None:
            return False
        key = (start, base[1])
        if key not in self._holders:
            self._holders[key] = _declared_type(self.text.code, base[1], start, end)
        holder = self._holders[key]
        return holder is not None and self.interests.holds_none(field, holder, self.path)

    # -- functions and variables ----------------------------------------------------------------------

    def _read_body(self, place: Place, start: int, end: int) -> None:
        code = self.text.code
        worth = self._worth(place, start, end)
        calling = place.name in self.knowledge.calling
        may_point = (
            between(self._pointers, place.head, end)
            or any(hit.kind & TYPE for hit in self._between(place.head, end))
            or _TAKES_FUNCTION.search(code, place.head, start) is not None
        )
        if not (worth or calling or may_point):
            return
        function = Body(self.types, self.path, place, start, end)
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
                for node in Parser(tokens, function.is_type, None, opened).statements():
                    self._statements.visit(node, function)

    def _read_handed(self, place: Place, handed: Handed) -> None:
        """Note what assembly hands to a function, if the tree has who leaves it there."""
        if self._slots.is_function(handed.by):
            source = f"P:{self._slots.function_of(handed.by)}:{handed.its}"
            into = f"P:{place.identity}:{handed.parameter}"
            self._notes.flow(
                Flow(into, source, False, self.path, place.line, place.column, "argument", None, None, None, None)
            )

    def _read_made_variable(self, place: Place) -> None:
        """A variable that a macro makes; not one that it makes beside a function whose body follows."""
        if place.macro is None or place.macro.startswith("EXPORT_") or self._is_listed(place):
            return  # makes a function's address known to modules; nothing calls it there
        code = self.text.code
        use, behind = use_of(code, place)
        start = code.find(place.macro, place.head)
        end = max(start + len(use), end_of_declaration(code, start)) if behind == "=" else start + len(use)
        if behind == "{":
            return
        pasted = pastes_function(self.types, use, self.path, self._slots.is_function)
        if pasted or self._mentions(start, end):
            self._read_variable(tokens_of(code[start:end] + ";", self.path, start), everything=pasted)

    def _read_value(self, head: int, tail: int) -> None:
        """A variable of file scope, from the head of its declaration to the end of its value."""
        text = self.text.code[head:tail]
        pasted = self._pastes(text)
        listed = list(self.types.included(self.path, head, tail))
        if not (pasted or listed or self._mentions(head, tail)):
            return
        tokens = tokens_of(text + ";", self.path, head)
        if listed:
            last = max((place for place, token in enumerate(tokens) if token.text == "}"), default=len(tokens) - 1)
            before = tokens[last - 1]
            comma = [] if before.text in ("{", ",") else [Token(",", before.path, before.at)]
            tokens[last:last] = [*comma, *listed]
        self._read_variable(tokens, everything=pasted or bool(listed))

    def _read_variable(self, tokens: list[Token], *, everything: bool = False) -> None:
        function = Body(self.types, self.path, None)
        opened = self.types.expand_all(tokens, self.path) if everything else self._expanded(tokens, function)
        for node in Parser(opened, self.types.is_type).statements():
            self._statements.visit(node, function)

    def _expanded(self, tokens: list[Token], function: Body) -> list[Token]:
        if self.types.macro_names.isdisjoint([token.text for token in tokens]):
            return tokens

        def wanted(token: Token, arguments: list[list[Token]], following: str) -> bool:
            name = token.text
            if name in KNOWN or (not token.macro and function.type_of(name) is not None):
                return False
            if name in self._variables:
                return False  # in another configuration it is a macro: `#define my_table NULL`
            if following in ("->", ".", "=") or (following in ("(", "[") and not self._slots.is_function(name)):
                return True
            if self.is_active(name):
                return True
            for argument in arguments:
                bare = [token for token in argument if token.text not in ("&", "(", ")")]
                if len(bare) == 1 and self._slots.names_function(bare[0].text, function):
                    return True
                if bare and (self._is_pointer_there(bare, function) or self._lacks_holder(argument, function)):
                    return True
            return False

        opened = self.types.expand(tokens, self.path, wanted)
        if opened is not tokens and function.name is not None:
            self._pasted(opened, function.name)
            if is_asm(opened):
                self._operands(opened, function)
        return opened

    def _operands(self, opened: list[Token], function: Body) -> None:
        """Note the functions, and pointers to them, that are operands of inline assembly of a macro."""
        for opening, inside in operands(opened):
            node = Parser(inside, function.is_type).expression_or_other()
            if node[0] == "id" and self._slots.names_function(node[1].text, function):
                self._statements.hide(node[1], opening, self._slots.function_of(node[1].text), function)
            elif node[0] == "member" and self.types.is_function_pointer(self.types.typeof(node, function), self.path):
                self._statements.site(node, function)

    def _is_pointer_there(self, bare: list[Token], function: Body) -> bool:
        """Is an argument a local or parameter that points to a function, or such a member?"""
        if len(bare) == 1:
            made = function.type_of(bare[0].text)
            return made is not None and self.types.is_function_pointer(made, self.path)
        return (
            bare[-2].text in (".", "->")
            and bare[-1].text in self.knowledge.fields
            and all(is_word(token.text) or token.text in (".", "->") for token in bare)
        )

    def _lacks_holder(self, argument: list[Token], function: Body) -> bool:
        """`THE_CARD(ops->init(n))`: does an argument begin with a member, whose holder the macro puts before it?"""
        if len(argument) < 4 or argument[1].text not in (".", "->") or not is_word(argument[0].text):
            return False
        first = argument[0].text
        calls = any(token.text == "(" for token in argument)
        return calls and function.type_of(first) is None and self.types.variable(first, self.path) is None

    def _pasted(self, opened: list[Token], function: str) -> None:
        """Note the functions whose names a macro pastes and calls."""
        for token in called_names(opened):
            if token.use < 0 or token.glued is None or not self._slots.is_function(token.text):
                continue
            path, at = token.glued
            target = self._slots.function_of(token.text)
            macro = re.match(r"\w*", self.text.code[token.use : token.use + 80])
            hidden = Hidden(
                function, target, self.path, self.text.line(token.use), macro.group() if macro else token.macro,
                f"{path}:{self.types.places.text(path).line(at)}", "pasted",
            )  # fmt: skip
            self._notes.hidden(hidden)


def _declared_type(code: str, name: str, start: int, end: int) -> Type | None:
    """What a text declares a name as, so far as a look tells; None where it does not, or does it in two ways."""
    found: Type | None = None
    at = code.find(name, start, end)
    while at >= 0:
        behind = at + len(name)
        if code[at - 1] in " \t\n*" and _DECLARED_HERE.match(code, behind):
            before = _TYPE_BEFORE.search(code, max(start, at - _LONGEST_BASE), at)
            if before is not None and before[2] not in KEYWORDS:
                made: Type = ("struct" if before[1] else "name", before[2])
                if found not in (None, made):
                    return None
                found = made
        at = code.find(name, behind, end)
    return found


def _calls_through(body: MacroBody) -> bool:
    """Does a macro call a member, one of its arguments, an element, what a pointer points to, or what is chosen?"""
    opened: list[str] = []
    closed = before = last = ""
    for token in body.body:
        text = token.text
        if text == "(":
            chosen = last == ")" and closed in ("*", "_Generic")
            if before in (".", "->") or last in (body.params or ()) or last == "]" or chosen:
                return True
            opened.append(last if last == "_Generic" else "")
        elif text == ")":
            closed = opened.pop() if opened else ""
        elif last == "(" and opened and opened[-1] != "_Generic":
            opened[-1] = text
        before, last = last, text
    return False


def _is_called(body: Sequence[Token], place: int) -> bool:
    """Is the name that is pasted from `place` on called?"""
    while place + 1 < len(body) and body[place + 1].text == "##":
        place += 2
    return place + 1 < len(body) and body[place + 1].text == "("


def _may_be_function(body: Sequence[Token], place: int) -> bool:
    """Can the value that begins at `place` be a function?  Not where all names in it are the language's own."""
    depth = 0
    for token in body[place:]:
        text = token.text
        if depth <= 0 and text in (",", ";", ")", "}"):
            break
        depth += (text in "([{") - (text in ")]}")
        if is_word(text) and text not in _OWN_NAMES and text not in KEYWORDS:
            return True
    return False


def _used(body: MacroBody) -> Iterator[str]:
    """The words of a macro's body that are no members."""
    before = ""
    for token in body.body:
        if before not in (".", "->") and token.text != body.name:
            yield token.text
        before = token.text


def flow_of(interests: Interests, path: str) -> FileFlow:
    """The flows and sites of one file."""
    try:
        return Reader(interests, path).run()
    finally:
        interests.types.forget(path)
