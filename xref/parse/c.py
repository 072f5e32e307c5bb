"""tree-sitter over normalised C, and facts out of the tree.

The tree tells what is defined, called, declared local and used as a type; the tokens tell the rest (which
mention reads, writes or takes an address), so that millions of identifiers need no node each.
Uses the other modules of this room; no I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

import numpy as np
import tree_sitter
import tree_sitter_c

from xref.parse import conditions
from xref.parse import words
from xref.parse.facts import Problem
from xref.parse.lessons import Lessons
from xref.parse.lex import WORD
from xref.parse.lex import Bools
from xref.parse.lex import Flags
from xref.parse.lex import Ints
from xref.parse.lex import Tokens
from xref.parse.lex import Vocabulary
from xref.parse.lex import WordFlags
from xref.parse.lex import flags_of
from xref.parse.lex import tokenize
from xref.parse.normalize import normalize
from xref.parse.repair import Attempt
from xref.parse.repair import repair
from xref.parse.sketch import Normalized

_QUERY = """
(function_definition body: (compound_statement) @body) @function
(function_declarator declarator: (identifier) @head)
(function_declarator declarator: (parenthesized_declarator (identifier) @head))
(call_expression function: (identifier) @call)
(call_expression function: [(field_expression) (parenthesized_expression) (subscript_expression)
                            (call_expression) (pointer_expression)] @pointer_call)
(type_identifier) @type
(parameter_list) @parameters
(declaration declarator: (identifier) @variable)
(init_declarator declarator: (identifier) @variable)
(pointer_declarator declarator: (identifier) @variable)
(array_declarator declarator: (identifier) @variable)
(parenthesized_declarator (identifier) @variable)
(parameter_declaration declarator: (identifier) @variable)
(parameter_list (identifier) @variable)
(field_declaration declarator: (field_identifier) @member)
(pointer_declarator declarator: (field_identifier) @member)
(array_declarator declarator: (field_identifier) @member)
(function_declarator declarator: (field_identifier) @member)
(parenthesized_declarator (field_identifier) @member)
(struct_specifier name: (type_identifier) @struct body: (_))
(union_specifier name: (type_identifier) @union body: (_))
(enum_specifier name: (type_identifier) @enum body: (_))
(enumerator name: (identifier) @enumerator)
(type_definition declarator: [(type_identifier) (primitive_type)] @typedef)
(pointer_declarator declarator: (type_identifier) @typedef)
(array_declarator declarator: (type_identifier) @typedef)
(function_declarator declarator: (type_identifier) @typedef)
(parenthesized_declarator (type_identifier) @typedef)
(initializer_pair designator: (field_identifier) @designator)
(labeled_statement label: (statement_identifier) @label)
"""

#: captures that name one token each
_TOKEN_ROLES = (
    "head", "call", "type", "variable", "member", "struct", "union", "enum", "enumerator", "typedef", "label",
    "designator",
)  # fmt: skip

_Nodes = dict[str, list[tree_sitter.Node]]


@dataclass(slots=True)
class Roles:
    """What the tree says of the tokens: token numbers (of the whole file), rising, by role.

    functions   rows of (first token, token of the name, token of the body's `{`, token of its `}`)
    parameters  rows of (first byte, last byte)
    pointer_calls   rows of (first byte, last byte) of the callee's expression
    """

    functions: Ints
    parameters: Ints
    pointer_calls: Ints
    tokens: dict[str, Ints] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> Roles:
        """Nothing seen yet."""
        return cls(np.zeros((0, 4), np.int32), np.zeros((0, 2), np.int32), np.zeros((0, 2), np.int32))


@dataclass(slots=True)
class Parsed:
    """A batch's tokens and all that the parser said about them.

    `alone` lists the files of the batch that must be parsed by themselves, because something in them does not
    parse at once; of those nothing is in `roles`.  A batch of one never has any.
    """

    tokens: Tokens
    flags: Flags
    directives: conditions.Directives
    inside: Bools
    normalized: Normalized
    roles: Roles
    problems: list[Problem] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)


class CParser:
    """Parses C files of one tree; keeps the parser, the compiled query and the vocabulary."""

    def __init__(self, lessons: Lessons) -> None:
        self.lessons = lessons
        self.vocabulary = Vocabulary()
        self._flags = WordFlags(self.vocabulary, self._flag)
        language = tree_sitter.Language(tree_sitter_c.language())
        self._parser = tree_sitter.Parser(language)
        self._query = tree_sitter.Query(language, _QUERY)

    def _flag(self, word: bytes) -> int:
        return words.LANGUAGE.get(word) or self.lessons.flags.get(word, 0)

    def parse(self, files: Sequence[bytes], paths: Sequence[str]) -> Parsed:
        """Everything the grammar can say of some files.  Their paths tell which lessons hold for each."""
        tokens = tokenize(files, self.vocabulary)
        flags = flags_of(self._flags, tokens, [self.lessons.overrides(path) for path in paths], words.SCOPED)
        found, inside = conditions.find_directives(tokens)
        directives = conditions.build(tokens, found)
        normalized = normalize(tokens, flags, directives, inside)
        parsed = Parsed(tokens, flags, directives, inside, normalized, Roles.empty())
        if len(files) == 1:
            self._parse_one(parsed)
        else:
            self._parse_many(parsed)
        return parsed

    def _parse_many(self, parsed: Parsed) -> None:
        """Parse each file of a batch; set aside those that need more than that."""
        tokens, text = parsed.tokens, parsed.normalized.text
        harder = set(tokens.file_of(np.array([start for start, _ in parsed.normalized.dropped], np.int32)).tolist())
        captured = Captured()
        for number, (start, end) in enumerate(zip(tokens.bases.tolist(), tokens.ends.tolist(), strict=True)):
            if number in harder:
                parsed.alone.append(number)
                continue
            root = self._parser.parse(text[start:end]).root_node
            if root.has_error:
                parsed.alone.append(number)
            else:
                captured.add(tree_sitter.QueryCursor(self._query).captures(root), start)
        parsed.roles = captured.roles(tokens)

    def _parse_one(self, parsed: Parsed) -> None:
        """Parse one file, repair what can be, and look at the alternatives left out."""
        tokens = parsed.tokens
        tree = self._parser.parse(parsed.normalized.text)
        if tree.root_node.has_error:
            attempt = Attempt(tokens, parsed.flags, parsed.directives, parsed.inside, parsed.normalized, tree)
            parsed.normalized, tree, parsed.problems = repair(attempt, self._parser)
        parsed.roles = self._roles(tree.root_node, tokens)
        if parsed.normalized.dropped:
            self._alternatives(parsed, tree.root_node)

    def _alternatives(self, parsed: Parsed, root: tree_sitter.Node) -> None:
        """A second look at the branches of `#if` that the first one had to leave out.

        Only the items of the file in which such a branch stands are parsed again, with the next branch taken;
        of what is found there, only what stands in the branches left out is new.
        """
        waiting = parsed.normalized.dropped
        refused = [start for start, _ in parsed.normalized.refused]
        turn = 1
        while waiting and turn < 5:
            again = normalize(parsed.tokens, parsed.flags, parsed.directives, parsed.inside, turn, refused)
            left = []
            for start, end in waiting:
                if any(first < end and start < last for first, last in again.dropped):
                    left.append((start, end))
            seen = [span for span in waiting if span not in left]
            for first, last in _items(root, seen):
                piece = self._parser.parse(again.text[first:last])
                extra = self._roles(piece.root_node, parsed.tokens, first)
                _merge(parsed.roles, extra, parsed.tokens, seen)
            parsed.normalized.uses += [use for use in again.uses if _inside_any(parsed.tokens.start[use.name], seen)]
            parsed.normalized.calls += [call for call in again.calls if _inside_any(parsed.tokens.start[call], seen)]
            waiting = left
            turn += 1

    def _roles(self, root: tree_sitter.Node, tokens: Tokens, offset: int = 0) -> Roles:
        captured = Captured()
        captured.add(tree_sitter.QueryCursor(self._query).captures(root), offset)
        return captured.roles(tokens)


class Captured:
    """Byte offsets of what the query captured, file by file, until they are made token numbers all at once."""

    def __init__(self) -> None:
        self._starts: dict[str, list[int]] = {name: [] for name in _TOKEN_ROLES}
        self._spans: dict[str, list[tuple[int, int]]] = {name: [] for name in ("parameters", "pointer_call", "body")}
        self._functions: list[int] = []

    def add(self, nodes: _Nodes, base: int) -> None:
        """Take in what was captured in a text that begins at byte `base`."""
        for name, found in nodes.items():
            if name in self._starts:
                self._starts[name] += [node.start_byte + base for node in found]
            elif name == "function":
                self._functions += [node.start_byte + base for node in found]
            else:
                self._spans[name] += [(node.start_byte + base, node.end_byte + base) for node in found]

    def roles(self, tokens: Tokens) -> Roles:
        """The roles of the tokens at these places."""

        def numbers(places: list[int]) -> Ints:
            # Captures come in the order in which patterns were matched in full, not in that of the text.
            found = (tokens.start.searchsorted(np.sort(np.array(places, np.int32)), side="right") - 1).astype(np.int32)
            # The grammar takes letters beyond ASCII for names; here they are none.
            found = found[tokens.sign[found] == WORD]
            first: Bools = np.diff(found, prepend=-1) > 0
            names: Ints = found[first]
            return names

        def spans(name: str) -> Ints:
            return np.array(sorted(self._spans[name]), np.int32).reshape(-1, 2)

        roles = Roles(np.zeros((0, 4), np.int32), spans("parameters"), spans("pointer_call"))
        for name, places in self._starts.items():
            roles.tokens[name] = numbers(places)
        if self._functions:
            body = spans("body")
            start = tokens.start
            first = start.searchsorted(np.sort(np.array(self._functions, np.int32)), side="right").astype(np.int32) - 1
            opening = start.searchsorted(body[:, 0], side="right").astype(np.int32) - 1
            closing = start.searchsorted(body[:, 1] - 1, side="right").astype(np.int32) - 1
            roles.functions = _functions(first, opening, closing, roles.tokens["head"])
        return roles


def _functions(first: Ints, body: Ints, last: Ints, heads: Ints) -> Ints:
    """Pair each function with its name: the first declarator between its start and its body."""
    place = np.searchsorted(heads, first)
    has = place < len(heads)
    name = np.where(has, heads[np.minimum(place, max(len(heads) - 1, 0))] if len(heads) else -1, -1)
    good = has & (name >= first) & (name < body)
    rows: Ints = np.stack([first, name, body, last], axis=1)[good].astype(np.int32)
    return rows


def _items(root: tree_sitter.Node, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The byte ranges of the file's items that these ranges touch, merged; gaps go to the item behind."""
    found: list[tuple[int, int]] = []
    edges = [0] + [child.end_byte for child in root.children]
    if edges[-1] < root.end_byte or len(edges) < 2:
        edges.append(root.end_byte)
    ends = np.array(edges[1:])
    for start, end in spans:
        first = int(np.searchsorted(ends, start, side="right"))
        last = int(np.searchsorted(ends, end, side="left"))
        low, high = edges[min(first, len(edges) - 1)], edges[min(last, len(ends) - 1) + 1]
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        elif low < high:
            found.append((low, high))
    return found


def _inside_any(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _merge(roles: Roles, extra: Roles, tokens: Tokens, spans: list[tuple[int, int]]) -> None:
    """Add what was found within these byte ranges."""
    edges = np.array(sorted(edge for span in spans for edge in span), np.int64)

    def within(places: Ints) -> Bools:
        inside: Bools = np.searchsorted(edges, places, side="right") % 2 == 1
        return inside

    for name, found in extra.tokens.items():
        fresh = found[within(tokens.start[found])] if len(found) else found
        if len(fresh):
            roles.tokens[name] = np.unique(np.concatenate([roles.tokens[name], fresh]))
    for name in ("parameters", "pointer_calls"):
        table = getattr(extra, name)
        fresh = table[within(table[:, 0])]
        if len(fresh):
            both = np.concatenate([getattr(roles, name), fresh])
            setattr(roles, name, both[np.argsort(both[:, 0], kind="stable")])
    fresh = extra.functions[within(tokens.start[extra.functions[:, 1]])]
    if len(fresh):
        both = np.concatenate([roles.functions, fresh])
        roles.functions = both[np.argsort(both[:, 1], kind="stable")]
