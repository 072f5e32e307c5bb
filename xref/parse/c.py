"""tree-sitter over normalised C, and facts out of the tree.

The tree tells what is defined, called, declared local and used as a type; the tokens tell the rest (which
mention reads, writes or takes an address), so that millions of identifiers need no node each.
Uses the other modules of this room; no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import numpy as np
import tree_sitter
import tree_sitter_c

from xref.parse import conditions
from xref.parse import words
from xref.parse.facts import Problem
from xref.parse.lessons import Lessons
from xref.parse.lex import Bools
from xref.parse.lex import FileFlags
from xref.parse.lex import Ints
from xref.parse.lex import Tokens
from xref.parse.lex import Vocabulary
from xref.parse.lex import WordFlags
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
(labeled_statement label: (statement_identifier) @label)
"""

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


@dataclass(slots=True)
class Parsed:
    """A file's tokens and all that the parser said about them."""

    tokens: Tokens
    flags: FileFlags
    directives: conditions.Directives
    inside: Bools
    normalized: Normalized
    roles: Roles
    problems: list[Problem]


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

    def parse(self, data: bytes, path: str) -> Parsed:
        """Everything the grammar can say of a file.  `path` tells which lessons hold."""
        tokens = tokenize(data, self.vocabulary)
        flags = FileFlags(self._flags, tokens, self.lessons.overrides(path), words.SCOPED)
        found, inside = conditions.find_directives(tokens)
        directives = conditions.build(tokens, found)
        normalized = normalize(tokens, flags, directives, inside)
        tree = self._parser.parse(normalized.text)
        problems: list[Problem] = []
        if tree.root_node.has_error:
            attempt = Attempt(tokens, flags, directives, inside, normalized, tree)
            normalized, tree, problems = repair(attempt, self._parser)
        root = tree.root_node
        parsed = Parsed(tokens, flags, directives, inside, normalized, self._roles(root, tokens), problems)
        self._alternatives(parsed, root)
        return parsed

    def _alternatives(self, parsed: Parsed, root: tree_sitter.Node) -> None:
        """A second look at the branches of `#if` that the first one had to leave out.

        Only the items of the file in which such a branch stands are parsed again, with the next branch taken;
        of what is found there, only what stands in the branches left out is new.
        """
        waiting = parsed.normalized.dropped
        turn = 1
        while waiting and turn < 5:
            refused = [start for start, _ in parsed.normalized.refused]
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
        nodes: _Nodes = tree_sitter.QueryCursor(self._query).captures(root)
        start = tokens.start

        def numbers(places: list[int]) -> Ints:
            return (np.searchsorted(start, np.array(places, np.int64) + offset, side="right") - 1).astype(np.int32)

        def spans(name: str) -> Ints:
            rows = [(node.start_byte, node.end_byte) for node in nodes.get(name, ())]
            rows.sort()
            return np.array(rows, np.int32).reshape(-1, 2) + np.int32(offset)

        roles = Roles(np.zeros((0, 4), np.int32), spans("parameters"), spans("pointer_call"))
        for name in (
            "head call type variable member struct union enum enumerator typedef label".split()
        ):
            # Captures come in the order in which patterns were matched in full, not in that of the text.
            roles.tokens[name] = np.unique(numbers([node.start_byte for node in nodes.get(name, ())]))
        functions = sorted(node.start_byte for node in nodes.get("function", ()))
        bodies = sorted((node.start_byte, node.end_byte - 1) for node in nodes.get("body", ()))
        if functions:
            first, last = zip(*bodies, strict=True)
            roles.functions = _functions(numbers(functions), numbers(list(first)), numbers(list(last)), roles.tokens["head"])
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
