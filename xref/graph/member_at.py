"""Which struct's member a name means where it stands: behind `.` or `->` by the type of the expression before it, in
an initialiser by the type of what is initialised.

For who asks about one place at a time, as a reader does who points at a name: declarations are read when they are
needed, and nothing of the whole tree is gathered before.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from xref.graph.bodies import Body
from xref.graph.declarations import Member
from xref.graph.declarations import end_of_declaration
from xref.graph.declarations import head_of
from xref.graph.expansion import Names
from xref.graph.initialisers import Initialiser
from xref.graph.members import Holdings
from xref.graph.members import Layouts
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import Node
from xref.graph.syntax import Parser
from xref.graph.syntax import Token
from xref.graph.syntax import Type
from xref.graph.syntax import children
from xref.graph.syntax import is_word
from xref.graph.syntax import tokens_of
from xref.graph.types import Types
from xref.index.definitions import Ranked
from xref.index.meaning import Container
from xref.index.meaning import Meaning
from xref.index.meaning import MemberOf
from xref.index.meaning import counted
from xref.index.meaning import meaning
from xref.index.meaning import seen_by
from xref.index.places import Place
from xref.index.places import Places

_OPENING = {")": "(", "]": "["}
_HEADS = frozenset(("if", "while", "for", "switch"))
#: structs without a name in structs without a name
_MOST_NESTED = 6
_DEEPEST = 60
#: places asked about after which what was read for them is let go of
_MOST_ASKED = 300
#: structs named where it is not known which is meant
_MOST_CANDIDATES = 8
_TAGGED = ("struct", "union", "typedef")


class _Kinds(AbstractSet[str]):
    """The names of a tree with a definition of some kinds, each asked for by itself."""

    def __init__(self, places: Places, *kinds: str) -> None:
        self._places = places
        self._kinds = kinds

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(place.kind in self._kinds for place in self._places.all(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places.index.names_of_kinds(self._kinds))

    def __len__(self) -> int:
        return len(self._places.index.names_of_kinds(self._kinds))


class _Here:
    """A name where it stands: its file's text, and the function or variable around it."""

    def __init__(self, types: Types, path: str, line: int, column: int, name: str) -> None:
        self._types = types
        self._path = path
        self._text = types.places.text(path)
        self._code = self._text.code
        self._at = self._text.start(line) + column - 1
        self._name = name

    def member(self) -> Member | None:
        """The member that the name means; None where it is none, or where the type before it is not known."""
        body, start, end = self._around()
        tokens = tokens_of(self._code[start:end], self._path, start)
        here = next((number for number, token in enumerate(tokens) if token.at == self._at), 0)
        if not here or tokens[here].text != self._name:
            return None
        before, behind = tokens[here - 1].text, tokens[here + 1].text if here + 1 < len(tokens) else ""
        if before in ("{", ",") and behind == ":":
            return self._designated(tokens, here, ":", body)
        first = _first(tokens, here) if before in (".", "->") else None
        if first is None:
            return None
        if tokens[first].text in (".", "["):
            return self._designated(tokens, here, "=", body)
        return self._behind(tokens[first : here + 1], body)

    def _around(self) -> tuple[Body, int, int]:
        """What is declared around the name, and the statement or declaration that it is in, as a range of bytes."""
        for place in self._types.places.of_file(self._path):
            if place.kind == "function" and place.tail <= self._at:
                end = self._text.start(place.end_line + 1)
                if self._at < end:
                    body = Body(self._types, self._path, place, place.tail, end)
                    return body, *next((unit for unit in body.units if unit[0] <= self._at < unit[1]), (0, 0))
            elif place.kind == "variable" and place.head <= self._at:
                head = head_of(self._code, place.head)
                end = end_of_declaration(self._code, head)
                if self._at < end:
                    return Body(self._types, self._path, None), head, end
        return Body(self._types, self._path, None), 0, 0

    def _behind(self, tokens: list[Token], body: Body) -> Member | None:
        """By the type of the expression, of which these are all tokens."""
        opened = self._types.expand(tokens, self._path, lambda token, *_: body.type_of(token.text) is None)
        node = Parser(opened, self._types.is_type).expression_or_other()
        found = next((each for each in _nodes(node) if each[0] == "member" and self._is_here(each[2])), None)
        return self._types.member(found, body) if found else None

    def _is_here(self, token: Token) -> bool:
        return token.at == self._at and token.path == self._path and not token.macro

    def _designated(self, tokens: list[Token], here: int, mark: str, body: Body) -> Member | None:
        """By the type of what is initialised: what the name's value would get into."""
        value = Token("here", self._path, self._at)
        changed = [*tokens[: here + 1], value._replace(text=mark), value, *tokens[_behind_value(tokens, here) :]]
        slots: list[str] = []

        def store(stored: Node, _made: Type | None, slot: str, _how: str, _instance: str | None) -> None:
            if stored[0] == "id" and self._is_here(stored[1]):
                slots.append(slot)

        initialiser = Initialiser(self._types, body, lambda name: f"V:{name}", store)
        for statement in Parser([*changed, value._replace(text=";")], self._types.is_type).statements():
            for node in _nodes(statement):
                for declared in node[1] if node[0] == "declare" else ():
                    if declared.value is not None and declared.value[0] == "list":
                        initialiser.read(declared.value, declared.type, declared.name)
                if node[0] == "cast" and node[2][0] == "list":
                    initialiser.read(node[2], node[1], None)
        return self._of_slot(slots[0]) if slots else None

    def _of_slot(self, slot: str) -> Member | None:
        holder, _, name = slot[2:].rpartition(".")
        outer = holder.partition("::")[0]
        if not slot.startswith("F:") or not outer:
            return None
        made = self._types.resolve(("name", outer), self._path) or ("struct", outer)
        return self._inside(made, holder, name)

    def _inside(self, made: Type, holder: str, name: str, depth: int = 0) -> Member | None:
        """The member of a struct, or of one without a name that is the type of a member of it."""
        members = self._types.members(made, self._path)
        found = members.get(name)
        if found is not None and found.holder == holder:
            return found
        for each in members.values():
            inner = each.type
            while inner[0] == "pointer":
                inner = inner[1]
            if inner[0] == "inline" and inner[3].endswith("::anon") and depth < _MOST_NESTED:
                found = self._inside(inner, holder, name, depth + 1)
                if found is not None:
                    return found
        return None


def _first(tokens: list[Token], here: int) -> int | None:
    """The first token of the expression whose member is named at `here`: of `f(x)->a[1].b` that of `f`.

    Of a designator (`.a.b`, `[1].b`) it is the point or the bracket.  None where brackets do not match.
    """
    place = here - 1
    while tokens[place].text in (".", "->"):
        place -= 1
        last = place + 1
        while place >= 0 and tokens[place].text in _OPENING:
            opening = _matching(tokens, place)
            if opening is None:
                return None
            if opening and tokens[opening - 1].text in _HEADS and tokens[last].text == "(":
                return last  # `if (a) (b)->c`
            last = opening
            place = opening - 1
        if place < 0 or not is_word(tokens[place].text) or tokens[place].text in KEYWORDS:
            return place + 1
        if place and tokens[place - 1].text in (".", "->"):
            place -= 1
        else:
            return place
    return place + 1


def _matching(tokens: list[Token], closing: int) -> int | None:
    depth = 0
    for place in range(closing, -1, -1):
        depth += (tokens[place].text in _OPENING) - (tokens[place].text in _OPENING.values())
        if not depth:
            return place
    return None


def _behind_value(tokens: list[Token], here: int) -> int:
    """The comma or brace that ends the value of the designator at `here`."""
    depth = 0
    for place in range(here + 1, len(tokens)):
        text = tokens[place].text
        if not depth and text in (",", "}"):
            return place
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
    return len(tokens)


def _nodes(node: Node, depth: int = 0) -> Iterator[Node]:
    """A node and all that is in it."""
    yield node
    if depth < _DEEPEST:
        for each in children(node):
            yield from _nodes(each, depth + 1)


class Members:
    """Answers what names mean at places of one tree; threads may share it."""

    def __init__(self, places: Places, layouts: Layouts, holdings: Holdings) -> None:
        self._places = places
        self._layouts = layouts
        self._holdings = holdings
        self._asked = 0
        self._types = self._made()

    def _made(self) -> Types:
        kinds = [_Kinds(self._places, *kinds) for kinds in (("typedef",), ("macro",), ("function", "prototype"))]
        return Types(self._places, Names(*kinds))

    def meaning(self, name: str, path: str, line: int, column: int) -> Meaning | None:
        """What a name means at a place of a file, columns in bytes; None where the tree does not define it."""
        index = self._places.index
        ranked = index.ranked(name)
        own = [each for each in ranked if each.file == path and each.row[:2] == (line, column)]
        if own:
            definition = index.definition(own[0])
            found = Meaning(definition, "here", index.comment(definition), counted(ranked), 1)
            return self._with_holder(found, path) if definition.kind == "member" else found
        if not self._is_inner(path, line, column):
            return meaning(self._places, name, path)
        return self._member(name, path, line, column, ranked)

    def _is_inner(self, path: str, line: int, column: int) -> bool:
        """Does the name there stand behind `.` or `->`, or before the colon of an old initialiser?"""
        text = self._places.text(path)
        at = text.start(line) + column - 1
        before = text.with_directives[max(0, at - 200) : at].rstrip(" \t\n\r\\")
        if before.endswith((".", "->")):
            return not before.endswith("...")
        behind = text.code[at : at + 200].lstrip("".join(map(chr, range(33, 127))).replace(":", "")).lstrip()
        return before.endswith(("{", ",")) and behind.startswith(":")

    def _member(self, name: str, path: str, line: int, column: int, ranked: list[Ranked]) -> Meaning | None:
        self._asked += 1
        if self._asked % _MOST_ASKED == 0:
            self._types = self._made()
        types = self._types
        likely = meaning(self._places, name, path, member=True)
        member = _Here(types, path, line, column, name).member()
        if likely is None:
            return None
        definition = self._definition(member, name, ranked)
        if member is None or definition is None:
            return likely._replace(member=self._unknown(path, ranked))
        index = self._places.index
        record = index.definition(definition)
        slot = f"F:{member.holder}.{name}"
        held = self._holdings.of_slot(slot) if types.is_function_pointer(member.type, path) else None
        of = MemberOf(
            self._called(member.holder, path), (), 1, len(held.stores) if held else 0,
            len(held.calls) if held else 0, member.holder if held and held.stores else None,
        )  # fmt: skip
        seen = seen_by(index, definition, path)
        return Meaning(record, seen, index.comment(record), likely.kinds, 1, of)

    def _definition(self, member: Member | None, name: str, ranked: list[Ranked]) -> Ranked | None:
        token = member.token if member else None
        if token is None or token.text != name:
            return None
        text = self._places.text(token.path)
        at = token.use if token.macro else token.at
        where = (token.path, text.line(at))
        return next((each for each in ranked if each.kind == "member" and (each.file, each.row[0]) == where), None)

    def _called(self, holder: str, path: str) -> str:
        """`struct sock`, for the holder of a member as `types` names it."""
        outer = holder.partition("::")[0]
        place = self._places.best(outer, _TAGGED, path)
        return f"{place.kind} {outer}" if place is not None and place.kind != "typedef" else outer

    def _with_holder(self, found: Meaning, path: str) -> Meaning:
        """A member at its own definition, with what it is in and what is stored in it."""
        definition = found.definition
        holder = self._layouts.holder(path, definition.line)
        if holder is None:
            return found
        held = self._holdings.of_slot(f"F:{holder.name}.{definition.name}")
        of = MemberOf(
            _written(holder), (), 1, len(held.stores), len(held.calls), holder.name if held.stores else None
        )  # fmt: skip
        return found._replace(member=of)

    def _unknown(self, path: str, ranked: list[Ranked]) -> MemberOf | None:
        """The structs that have such a member, those first that the file sees."""
        index = self._places.index
        members = [each for each in ranked if each.kind == "member"]
        if not members:
            return None
        members.sort(key=lambda each: seen_by(index, each, path) == "elsewhere")
        found = []
        for each in members[:_MOST_CANDIDATES]:
            holder = self._layouts.holder(each.file, each.row[0])
            found.append(Container(_written(holder) if holder else "", each.file, each.row[0]))
        return MemberOf(None, tuple(found), len(members))


def _written(place: Place) -> str:
    return place.name if place.kind == "typedef" else f"{place.kind} {place.name}"
