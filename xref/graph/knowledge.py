"""What is known of a whole tree before its function pointers are followed file by file: which names can matter."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import zstandard

from xref.graph.asm_operands import calling_operands
from xref.graph.expansion import Names
from xref.graph.known_macros import KNOWN
from xref.graph.pasting import pasting
from xref.graph.syntax import KEYWORDS
from xref.graph.syntax import TYPEOF
from xref.index.places import Places
from xref.index.query import Index
from xref.parse.facts import DEFINITION_KINDS

_WORDS = re.compile(r"[A-Za-z_]\w*")
#: a declarator that is a pointer to something in parentheses, or a function
_POINTER = re.compile(r"\(\s*[*^]")
_FUNCTION = re.compile(r"\w\s*\(")
#: the same for a name in parentheses: `typedef void *(alloc_t)(int, void *);`
_ENCLOSED = re.compile(r"\(\s*\w+\s*\)\s*\(")
#: `(*rotate)(`, as far as the text of a declaration goes
_DECLARED = re.compile(r"\(\s*\*+\s*(?:const\s+)?\w+")


class Acting(NamedTuple):
    """The half of `Knowledge` that tells which names act on functions' addresses."""

    calling: frozenset[str]
    active: frozenset[str]
    names: Names

    @classmethod
    def of(cls, index: Index) -> Acting:
        """Gather it from an index."""
        names = Names.of(index)
        fields, calling = index.called_fields() | _pointing_members(index), index.scopes_with_pointer_calls()
        # `#define start(o) (o)->start()` reads the member, as far as the index tells
        found = set(calling | index.scopes_of_uses(fields, ["write", "read", "call", "member"])) & names.macros
        for match in index.search(r"=\s*\w+\s*##", regex=True):
            # the macro that this line of a body belongs to
            found.update(name for name in index.macros_around(match.file, match.line))
        for match in index.search("_Generic"):
            found.update(index.macros_around(match.file, match.line))
        found |= (KNOWN | pasting(index) | calling_operands(index)) & names.macros
        return cls(calling, _with_users(index, found, names.macros), names)


class Holding(NamedTuple):
    """The half of `Knowledge` that tells what can hold or be a function's address."""

    fields: dict[str, tuple[list[str], list[str]]]
    functions: frozenset[str]
    pointers: frozenset[str]
    variables: dict[str, list[str]]

    @classmethod
    def of(cls, index: Index) -> Holding:
        """Gather it from an index."""
        types = _function_types(index)
        fields = index.called_fields() | _pointing_members(index)
        functions = index.shared_functions() | _functions_of_joined(index) | _only_declared(index)
        functions |= index.renamed()
        return cls(_homes(index, fields, types), functions, types, _pointing_variables(index, types))


class Knowledge(NamedTuple):
    """Which names of a tree can matter to the flow of function pointers."""

    #: members that are called through somewhere: the files with a member of that name which may hold a function, and
    #: those with one that cannot (thousands of structs have a `name`, and one calls through it)
    fields: dict[str, tuple[list[str], list[str]]]
    #: functions and macros that call through pointers
    calling: frozenset[str]
    #: functions that more than one file can mean
    functions: frozenset[str]
    #: macros that call through pointers, paste names that they store, or store into such members
    active: frozenset[str]
    #: types that are functions or pointers to such
    pointers: frozenset[str]
    #: variables of file scope that are such pointers, whose calls look like those of functions: the files that have one
    #: to themselves, none where others can mean it too
    variables: dict[str, list[str]]
    names: Names

    @classmethod
    def of(cls, index: Index) -> Knowledge:
        """Gather it from an index."""
        return cls.joined(index, Acting.of(index), Holding.of(index))

    @classmethod
    def joined(cls, index: Index, acting: Acting, holding: Holding) -> Knowledge:
        """Of its two halves."""
        calling, active, names = acting
        through = (index.scopes_of_uses(holding.variables.keys(), ["call"]) & names.macros) - active
        active |= _with_users(index, through, names.macros)
        return cls(holding.fields, calling, holding.functions, active, holding.pointers, holding.variables, names)

    def to_bytes(self) -> bytes:
        """As the index keeps it."""
        sets = [self.calling, self.functions, self.active, self.pointers, *self.names]
        kept = [self.fields, self.variables, *(sorted(each) for each in sets)]
        return zstandard.ZstdCompressor().compress(json.dumps(kept).encode())

    @classmethod
    def from_bytes(cls, data: bytes) -> Knowledge:
        """What `to_bytes` made."""
        fields, variables, *sets = json.loads(zstandard.ZstdDecompressor().decompress(data))
        calling, functions, active, pointers, *names = (frozenset(each) for each in sets)
        return cls(fields, calling, functions, active, pointers, variables, Names(*names))

    def after(self, index: Index, changed: Iterable[str], names: Iterable[str]) -> Knowledge:
        """What is known when some files changed that no other file includes; `names` are those they defined, or do.

        What can matter may stay too large: that costs time, not truth.
        """
        calling, active, pointers = set(self.calling), set(self.active), set(self.pointers)
        functions = set(self.functions)
        kinds = {
            "typedef": set(self.names.types),
            "macro": set(self.names.macros),
            "function": set(self.names.functions),
        }
        called = set(self.fields)
        for path in changed:
            for call in index.pointer_calls(path):
                if call.field is not None:
                    called.add(call.field)
                calling.update([call.caller] if call.caller else [])
        places = Places(index)
        for name in names:
            found = places.all(name)
            has = {place.kind for place in found}
            for kind, known in kinds.items():
                (known.add if kind in has or (kind == "function" and "prototype" in has) else known.discard)(name)
            shared = any(
                (place.kind == "function" and (not place.static or place.file.endswith(".h")))
                or (place.kind == "label" and place.file.endswith(".S"))
                or (place.kind == "function" and index.is_joined(place.file))
                for place in found
            ) or has == {"prototype"}
            (functions.add if shared else functions.discard)(name)
            if "macro" in has:
                active.add(name)
            if "typedef" in has:
                pointers.add(name)
        # what a changed file's own structs have shows only there, so it is not asked for where nothing new is called
        fields = {
            **self.fields,
            **_homes(index, (called - self.fields.keys()) | (self.fields.keys() & set(names)), pointers),
        }
        every = {kind: frozenset(each) for kind, each in kinds.items()}
        now = Names(every["typedef"], every["macro"] - KEYWORDS, every["function"], self.names.typeofs)
        variables = {
            **{name: homes for name, homes in self.variables.items() if name not in set(names)},
            **_pointing_variables(index, frozenset(pointers), names),
        }
        sets = [frozenset(each) for each in (calling, functions, active - KEYWORDS, pointers)]
        return Knowledge(fields, sets[0], sets[1], sets[2], sets[3], variables, now)


def _with_users(index: Index, found: AbstractSet[str], macros: AbstractSet[str]) -> frozenset[str]:
    """These macros, and those that use them, directly or by others."""
    fresh = every = frozenset(found)
    while fresh:
        fresh = frozenset(index.scopes_of_uses(fresh, ["call", "read", "macro"]) & macros) - every
        every |= fresh
    return every


def _functions_of_joined(index: Index) -> frozenset[str]:
    """The functions of the `.c` files that are compiled as one with others: each of these can mean them."""
    function = DEFINITION_KINDS.index("function")
    joined = [path for path in index.files() if path.endswith(".c") and index.is_joined(path)]
    return frozenset(row[0] for path in joined for row in index.places_in(path) if row[1] == function)


def _only_declared(index: Index) -> frozenset[str]:
    """The functions that are declared and nowhere defined by this name: a macro makes the name where it is."""
    others = ("function", "variable", "label", "macro", "enumerator", "typedef")
    names = index.names_of_kinds(["prototype"]) - index.names_of_kinds(others)
    return frozenset(name for name, _, text in index.declared("prototype", sorted(names)) if "(" in text)


def _function_types(index: Index) -> frozenset[str]:
    """The typedefs of functions, of pointers to such, and of what is so named."""
    found: set[str] = set()
    others: dict[str, set[str]] = {}
    for name, _, text in index.declared("typedef"):
        if "{" not in text and (
            _POINTER.search(text) or _FUNCTION.search(text) or _ENCLOSED.search(text)
        ):
            found.add(name)
        elif "{" not in text:
            for word in _WORDS.findall(text):
                if word != name:
                    others.setdefault(word, set()).add(name)
    fresh = found
    while fresh:
        fresh = {name for each in fresh for name in others.get(each, ())} - found
        found = found | fresh
    return frozenset(found)


def _pointing_members(index: Index) -> set[str]:
    """The members that are declared as pointers to functions: not each is called where it stands, some are only handed
    on (`augment->rotate`).
    """
    found = set()
    for name, _, text in index.declared("member"):
        if "(" in text and _DECLARED.search(text) is not None:
            found.add(name)
    return found


def _pointing_variables(
    index: Index, types: frozenset[str], names: Iterable[str] | None = None
) -> dict[str, list[str]]:
    """The variables of file scope that are pointers to functions: `int (*hook)(int);`, `handler_t handler = f;`."""
    found: dict[str, set[str]] = {}
    shared = set()
    for name, path, text in index.declared("variable", names):
        before = re.split(r"[=;]", text, maxsplit=1)[0]
        if _DECLARED.search(before) is not None or not types.isdisjoint(_WORDS.findall(before)):
            found.setdefault(name, set()).add(path)
            if path.endswith(".h") or "static" not in _WORDS.findall(before):
                shared.add(name)
    return {name: [] if name in shared else sorted(homes) for name, homes in found.items() if name not in types}


def _homes(index: Index, fields: Iterable[str], pointers: Collection[str]) -> dict[str, tuple[list[str], list[str]]]:
    """For each of these members the files in which one of the name may hold a function, and those where it cannot."""
    wanted = frozenset(fields)
    found: dict[str, tuple[set[str], set[str]]] = {field: (set(), set()) for field in wanted}
    for name, path, text in index.declared("member", wanted):
        words = set(_WORDS.findall(text))
        may = _POINTER.search(text) or not words.isdisjoint(pointers) or not words.isdisjoint(TYPEOF)
        found[name][0 if may else 1].add(path)
    return {name: (sorted(homes), sorted(others - homes)) for name, (homes, others) in found.items()}
