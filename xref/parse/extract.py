"""From a parsed C file to its facts, as columns.

What the tree named (definitions, calls, types, locals) and what the tokens show (reads, writes, addresses)
come together here.  Names that a function declares for itself are no references: they are left out, so that
`refs current_time` does not list every local of that name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xref.parse import words
from xref.parse.c import Parsed
from xref.parse.facts import Include
from xref.parse.inline_asm import asm_string_calls
from xref.parse.lessons import Macro
from xref.parse.lessons import defines
from xref.parse.lex import NUMBER
from xref.parse.lex import WORD
from xref.parse.lex import Bools
from xref.parse.lex import Ints
from xref.parse.lex import Vocabulary
from xref.parse.makers import Makers
from xref.parse.packed import KIND
from xref.parse.packed import USE
from xref.parse.packed import Packed
from xref.parse.sketch import MacroUse

_INCLUDE = re.compile(rb'#\s*include(?:_next)?\s*(?:"([^"\n]*)"|<([^>\n]*)>)')
_ASSIGNED = np.zeros(256, np.bool_)
_ASSIGNED[list(b"+-*/%&|^")] = True
_ASSIGNED_SHIFT = np.zeros(256, np.bool_)
_ASSIGNED_SHIFT[list(b"<>")] = True
_MOST_HEAD = 2000


@dataclass(slots=True)
class Scopes:
    """The bodies that references belong to: functions, and macros.

    `spans` has rows of (first token, last token): the functions, sorted, then the macros, sorted; the first
    `functions` rows are functions.  `words` has each one's name.
    """

    spans: Ints
    words: list[int]
    functions: int
    #: which tokens stand in the body of a macro
    in_macro: Bools

    def of(self, tokens: Ints) -> Ints:
        """For each token the row it is in, -1 for none."""
        macro = self.in_macro[tokens]
        function = self._row(tokens, 0, self.functions)
        if not macro.any():
            return function
        return np.where(macro, self._row(tokens, self.functions, len(self.spans)), function).astype(np.int32)

    def _row(self, tokens: Ints, low: int, high: int) -> Ints:
        if low == high:
            return np.full(len(tokens), -1, np.int32)
        row = np.searchsorted(self.spans[low:high, 0], tokens, side="right").astype(np.int32) - 1 + low
        # Two heads may share a body, so that spans overlap: the one before may still be open.
        for _ in range(2):
            outside = (row >= low) & (tokens > self.spans[row, 1])
            if not outside.any():
                return np.where(row < low, -1, row).astype(np.int32)
            row[outside] -= 1
        row[(row < low) | (tokens > self.spans[row, 1])] = -1
        return row


class Extractor:
    """One file's facts in the making."""

    def __init__(self, parsed: Parsed, vocabulary: Vocabulary, makers: Makers | None = None, depth: int = 0) -> None:
        self.parsed = parsed
        self.makers, self.depth = makers, depth
        self._macro_words: set[int] = set()
        self.tokens = parsed.tokens
        self.roles = parsed.roles
        self.vocabulary = vocabulary
        self.packed = Packed(problems=parsed.problems)
        tokens = self.tokens
        self.flags = parsed.flags.of(tokens.word)
        pad = np.zeros(4, np.uint8)
        #: signs with two entries of padding on either side, so that neighbours need no bounds check
        self._around = np.concatenate([pad, tokens.sign, pad])
        self._touch = np.zeros(len(tokens.start) + 8, np.bool_)
        self._touch[4 : len(tokens.start) + 3] = tokens.end[:-1] == tokens.start[1:]
        self.is_name = (tokens.sign == WORD) & ~(self.flags & words.KEYWORD).astype(bool)
        previous, before = self._sign(-1), self._sign(-2)
        arrow = (previous == 62) & (before == 45) & self._joined(-2)
        self.is_member = self.is_name & (((previous == 46) & (before != 46)) | arrow)
        self.define_scope = np.zeros(len(tokens.start), np.bool_)
        self.defined = np.zeros(len(tokens.start), np.bool_)
        self.rows: list[Ints] = []

    def _sign(self, offset: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """The sign of the token so many places on from each token."""
        return self._around[4 + offset : 4 + offset + len(self.tokens.sign)]

    def _joined(self, offset: int) -> Bools:
        """Does the token that many places on touch the one behind it?"""
        return self._touch[4 + offset : 4 + offset + len(self.tokens.sign)]

    def run(self) -> Packed:
        """All facts of the file."""
        if not len(self.tokens.start):
            return self.packed
        calls = self._calls_of_code()
        mentioned, macro_scopes, in_macro, macro_calls = self._directives()
        self.packed.conditions = self.parsed.directives.texts
        self._made()
        scopes = self._scopes(macro_scopes, in_macro)
        local = self._locals(scopes)
        self._definitions(scopes)
        self._references(scopes, local, mentioned, np.union1d(calls, macro_calls))
        self._pointer_calls(scopes, local, calls)
        self._asm_calls(scopes)
        if self.rows:
            self.packed.definitions = np.concatenate(self.rows)
            dead = np.array(["0" in text.split(" && ") for text in self.packed.conditions])
            self.packed.definitions[:, 5] |= 2 * dead[self.packed.definitions[:, 9]]
        return self.packed

    # -- scopes ---------------------------------------------------------------------------------------

    def _scopes(self, macros: list[tuple[int, int, int]], in_macro: Bools) -> Scopes:
        functions = self.roles.functions
        rows = [(int(first), int(last), int(self.tokens.word[name])) for first, name, _, last in functions]
        rows += self._blocks
        rows.sort(key=lambda row: (row[0], -row[1]))
        both = rows + macros
        spans = np.array([row[:2] for row in both], np.int32).reshape(-1, 2)
        return Scopes(spans, [row[2] for row in both], len(rows), in_macro)

    # -- directives -----------------------------------------------------------------------------------

    def _directives(self) -> tuple[Bools, list[tuple[int, int, int]], Bools, Ints]:
        """Definitions of macros, what their bodies mention, includes.

        Returns which tokens are mentions, the macros' bodies as scopes, which tokens stand in them, and the
        calls there.
        """
        tokens = self.tokens
        mentioned = ~self.parsed.inside
        scopes: list[tuple[int, int, int]] = []
        rows = []
        directives = self.parsed.directives.all
        firsts = np.searchsorted(tokens.start, [d.start for d in directives]).tolist()
        lasts = np.searchsorted(tokens.start, [d.end for d in directives]).tolist()
        in_body = np.zeros(len(tokens.start), np.bool_)
        for directive, first, last in zip(directives, firsts, lasts, strict=True):
            name = first + 2
            if directive.name == "define":
                if name < last and tokens.sign[name] == WORD:
                    body = self._define(name, last, mentioned, rows, directive.end)
                    if body < last:
                        in_body[body:last] = True
                        scopes.append((name, last - 1, int(tokens.word[name])))
            elif directive.name in ("if", "ifdef", "ifndef", "elif", "undef"):
                mentioned[name:last] = True
            elif directive.name in ("include", "include_next", "import"):
                self._include(directive.start, directive.end)
        if rows:
            self.rows.append(np.array(rows, np.int32))
            self._macro_words = {row[0] for row in rows}
        if not in_body.any():
            return mentioned, scopes, in_body, np.zeros(0, np.int32)
        calls = in_body & mentioned & self.is_name & ~self.is_member & (self._sign(1) == 40)
        # `int f(x)` in a macro that makes functions declares; `return f(x)` calls
        flags_before = np.concatenate([np.zeros(1, np.uint32), self.flags[:-1]])
        calls &= (self._sign(-1) != WORD) | (flags_before & words.JUMP).astype(bool)
        return mentioned, scopes, in_body, np.flatnonzero(calls).astype(np.int32)

    def _define(self, name: int, last: int, mentioned: Bools, rows: list[tuple[int, ...]], end: int) -> int:
        """Note one `#define`; returns the first token of its body."""
        tokens = self.tokens
        body = name + 1
        start = int(tokens.start[name])
        tail = int(tokens.end[name])
        if body < last and tokens.sign[body] == 40 and tokens.start[body] == tail:
            while body < last and tokens.sign[body] != 41:
                body += 1
            tail = int(tokens.end[min(body, last - 1)])
            params = tokens.word[name + 2 : body]
            body += 1
            mentioned[body:last] = ~np.isin(tokens.word[body:last], params[params >= 0])
        else:
            mentioned[body:last] = True
        line = tokens.line(start)
        end_line = tokens.line(max(end - 1, start)) if end - start > 60 else line
        condition = self._condition(start)
        rows.append((int(tokens.word[name]), KIND["macro"], line, self._column(start, line), end_line, 0,
                     start, tail, -1, condition, -1))
        return body

    def _include(self, start: int, end: int) -> None:
        match = _INCLUDE.match(self.tokens.data, start, end)
        if match:
            target = match.group(1) if match.group(1) is not None else match.group(2)
            name = target.strip().decode("utf-8", "surrogateescape")
            self.packed.includes.append(Include(self.tokens.line(start), name, match.group(1) is None))

    def _condition(self, offset: int) -> int:
        tree = self.parsed.directives
        return int(tree.ids[int(np.searchsorted(tree.edges, offset, side="right")) - 1])

    def _column(self, offset: int, line: int) -> int:
        return offset + 1 if line == 1 else offset - int(self.tokens.newlines[line - 2])

    # -- what macros make -----------------------------------------------------------------------------

    def _made(self) -> None:
        """Definitions by macros that stand at file level or among members."""
        self._blocks: list[tuple[int, int, int]] = []
        if self.makers is None or not self.parsed.normalized.uses:
            return
        own = self._own_macros()
        rows = []
        for use in self.parsed.normalized.uses:
            rows += self._made_by(use, own)
        if rows:
            self.rows.append(np.array(rows, np.int32))

    def _own_macros(self) -> dict[bytes, list[Macro]]:
        """The file's own `#define`s of the macros it uses so."""
        used = {self.tokens.text(use.name) for use in self.parsed.normalized.uses}
        if not self._macro_words:
            return {}
        defined = {self.vocabulary.words[word] for word in self._macro_words}
        if not used & defined:
            return {}
        own: dict[bytes, list[Macro]] = {}
        for macro in defines(self.tokens.data):
            if macro.name in used and macro.params is not None:
                own.setdefault(macro.name, []).append(macro)
        return own

    def _made_by(self, use: MacroUse, own: dict[bytes, list[Macro]]) -> list[tuple[int, ...]]:
        assert self.makers is not None
        tokens = self.tokens
        name = tokens.text(use.name)
        arguments, places = self._arguments(use)
        made = self.makers.uses(name, arguments, block=use.block >= 0, member=use.member, own=own.get(name, ()), depth=self.depth)
        if not made:
            return []
        view = self.parsed.normalized.view
        last = use.close
        if use.block >= 0:
            mate = int(view.mate[np.searchsorted(view.at, use.block)])
            last = int(view.at[mate]) if mate >= 0 else use.close
            functions = [each for each in made if each.kind == KIND["function"]]
            if functions:
                best = min(functions, key=lambda each: (each.name.startswith(b"_"), len(each.name)))
                self._blocks.append((use.name, last, self.vocabulary[best.name]))
        rows = []
        macro = int(tokens.word[use.name])
        head, tail = int(tokens.start[use.name]), int(tokens.end[use.close])
        end_line = tokens.line(int(tokens.start[last]))
        static = bool(self._static[use.name])
        for each in made:
            place = places[each.argument] if 0 <= each.argument < len(places) else use.name
            start = int(tokens.start[place])
            line = tokens.line(start)
            rows.append((self.vocabulary[each.name], each.kind, line, self._column(start, line), max(end_line, line),
                         int(each.static or static), head, min(tail, head + _MOST_HEAD), macro, self._condition(head), -1))
            if place != use.name:
                self.defined[place] = True
        return rows

    def _arguments(self, use: MacroUse) -> tuple[list[bytes], list[int]]:
        """A use's arguments as text, and the token each begins with."""
        tokens = self.tokens
        texts: list[bytes] = []
        firsts: list[int] = []
        depth = 0
        first = use.name + 2
        for number in range(use.name + 2, use.close + 1):
            sign = int(tokens.sign[number])
            if (sign == 44 and not depth) or number == use.close:
                if number > first or sign == 44:
                    low = int(tokens.start[first])
                    texts.append(tokens.data[low : int(tokens.end[number - 1])] if number > first else b"")
                    firsts.append(first)
                first = number + 1
            elif sign in b"([{":
                depth += 1
            elif sign in b")]}":
                depth -= 1
        return texts, firsts

    # -- calls and locals -----------------------------------------------------------------------------

    def _calls_of_code(self) -> Ints:
        """Tokens of names that are called, from the tree and from what the normaliser hid from it."""
        hidden = np.array(self.parsed.normalized.calls, np.int32)
        calls = np.union1d(self.roles.tokens["call"], hidden).astype(np.int32)
        calls = calls[self.is_name[calls] & ~self.is_member[calls]]
        return calls

    def _locals(self, scopes: Scopes) -> Bools:
        """Which tokens name something that their own function declares."""
        roles, tokens = self.roles, self.tokens
        local = np.zeros(len(tokens.start), np.bool_)
        if not len(roles.functions):
            return local
        heads = roles.tokens["head"]
        # `int getfrag(char *to)` among the parameters: a function's address by another name
        variables = np.union1d(roles.tokens["variable"], heads[self._in_spans(roles.parameters)[heads]]).astype(np.int32)
        owner = scopes.of(variables)
        variables, owner = variables[owner >= 0], owner[owner >= 0]
        if not len(variables):
            return local
        static_or_extern = self._extern[variables]
        variables, owner = variables[~static_or_extern], owner[~static_or_extern]
        if not len(variables):
            return local
        size = np.int64(len(self.vocabulary.words) + 1)
        declared = np.unique(owner.astype(np.int64) * size + tokens.word[variables])
        names = np.flatnonzero(self.is_name & ~self.is_member)
        where = scopes.of(names.astype(np.int32))
        keys = where.astype(np.int64) * size + tokens.word[names]
        place = np.minimum(np.searchsorted(declared, keys), len(declared) - 1)
        local[names[(declared[place] == keys) & (where >= 0)]] = True
        return local

    @cached_property
    def _static(self) -> Bools:
        """Tokens that stand in a declaration with `static`."""
        return self._with_storage(b"static")

    @cached_property
    def _extern(self) -> Bools:
        """Tokens that stand in a declaration with `extern`."""
        return self._with_storage(b"extern")

    def _with_storage(self, word: bytes) -> Bools:
        """Which tokens follow this storage class within the same declaration."""
        tokens = self.tokens
        number = self.vocabulary.get(word)
        found = np.zeros(len(tokens.start), np.bool_)
        if number is None:
            return found
        marks = np.flatnonzero((tokens.word == number) & self.parsed.normalized.live)
        if not len(marks):
            return found
        ends = self._boundaries
        everything = np.arange(len(tokens.start))
        last_mark = marks[np.maximum(np.searchsorted(marks, everything, side="right") - 1, 0)]
        last_end = ends[np.maximum(np.searchsorted(ends, everything, side="right") - 1, 0)] if len(ends) else -1
        found = (everything >= marks[0]) & (last_mark > last_end)
        return found

    @cached_property
    def _boundaries(self) -> Ints:
        """Tokens that end a declaration or open or close a block, and ends of macros without a semicolon."""
        sign = self.tokens.sign
        ends = ((sign == 59) | (sign == 123) | (sign == 125)) & self.parsed.normalized.live
        ends[self.parsed.normalized.ends] = True
        return np.flatnonzero(ends).astype(np.int32)

    @cached_property
    def _live(self) -> Ints:
        """The tokens that the parser saw, and one behind the end."""
        return np.append(np.flatnonzero(self.parsed.normalized.live), len(self.tokens.start)).astype(np.int32)

    # -- definitions ----------------------------------------------------------------------------------

    def _definitions(self, scopes: Scopes) -> None:
        roles, tokens = self.roles, self.tokens
        static, extern = self._static, self._extern
        functions = roles.functions
        names = functions[:, 1]
        self._add("function", names, ends=tokens.start[functions[:, 3]], static=static[names],
                  tails=tokens.start[functions[:, 2]])
        in_function = np.zeros(len(tokens.start) + 1, np.int32)
        np.add.at(in_function, functions[:, 0], 1)
        np.add.at(in_function, functions[:, 3] + 1, -1)
        inside = np.cumsum(in_function[:-1]) > 0
        in_parameters = self._in_spans(roles.parameters)

        heads = np.setdiff1d(roles.tokens["head"], names)
        heads = heads[~in_parameters[heads] & ~self._made_up(heads) & (~inside[heads] | extern[heads])]
        self._add("prototype", heads, static=static[heads])
        variables = roles.tokens["variable"]
        variables = variables[~in_parameters[variables] & ~inside[variables] & ~self._made_up(variables)]
        declared = extern[variables] & (self._sign(1)[variables] != 61)
        self._add("variable", variables[~declared], static=static[variables[~declared]])
        self._add("prototype", variables[declared])
        for kind in ("struct", "union", "enum"):
            found = roles.tokens[kind]
            self._add(kind, found, ends=self._closing(found))
        members = roles.tokens["member"]
        self._add("member", members[~in_parameters[members]])
        self._add("enumerator", roles.tokens["enumerator"])
        typedefs = roles.tokens["typedef"]
        self._add("typedef", typedefs[~in_parameters[typedefs]])
        labels = roles.tokens["label"]
        self._add("label", labels)

    def _made_up(self, numbers: Ints) -> Bools:
        """Names within stand-ins, which the file does not have."""
        return self._in_byte_spans(self.tokens.start[numbers], self.parsed.normalized.standins)

    @staticmethod
    def _in_byte_spans(places: Ints, spans: list[tuple[int, int]]) -> Bools:
        found = np.zeros(len(places), np.bool_)
        for start, end in spans:
            found |= (places >= start) & (places < end)
        return found

    def _in_spans(self, spans: Ints) -> Bools:
        """Which tokens stand within these byte ranges."""
        step = np.zeros(len(self.tokens.start) + 1, np.int32)
        np.add.at(step, np.searchsorted(self.tokens.start, spans[:, 0]), 1)
        np.add.at(step, np.searchsorted(self.tokens.start, spans[:, 1]), -1)
        inside: Bools = np.cumsum(step[:-1]) > 0
        return inside

    def _closing(self, names: Ints) -> Ints:
        """Byte offset of the brace that closes the one behind each name (a struct's, an enum's)."""
        view = self.parsed.normalized.view
        places = np.searchsorted(view.at, names)
        opening = places + 1
        for _ in range(3):
            other = (view.sign[opening] != 123) & (opening < view.count)
            opening = np.where(other, np.minimum(opening + 1, view.count), opening)
        mate = view.mate[opening]
        ends: Ints = np.where((view.sign[opening] == 123) & (mate >= 0), view.start[mate], self.tokens.start[names])
        return ends

    def _add(self, kind: str, names: Ints, *, ends: Ints | None = None, static: Bools | None = None,
             tails: Ints | None = None) -> None:
        if not len(names):
            return
        tokens = self.tokens
        start = tokens.start[names]
        line = np.searchsorted(tokens.newlines, start).astype(np.int32) + 1
        column = start - np.where(line > 1, tokens.newlines[np.maximum(line - 2, 0)] if len(tokens.newlines) else 0, -1)
        end_line = line if ends is None else np.searchsorted(tokens.newlines, ends).astype(np.int32) + 1
        if kind in ("struct", "union", "enum", "label"):
            heads, tails = start, tokens.end[names]
        else:
            heads, tails = self._extent(names, tails)
        tree = self.parsed.directives
        condition = tree.ids[np.searchsorted(tree.edges, start, side="right") - 1]
        nothing = np.full(len(names), -1, np.int32)
        zeros = np.zeros(len(names), np.int32)
        self.rows.append(np.stack([
            tokens.word[names], zeros + KIND[kind], line, column, end_line,
            zeros if static is None else static.astype(np.int32), heads, tails, nothing, condition, nothing,
        ], axis=1).astype(np.int32))
        self.defined[names] = True

    def _extent(self, names: Ints, tails: Ints | None) -> tuple[Ints, Ints]:
        """Where the declaration of each name begins and ends, as byte offsets."""
        tokens, ends = self.tokens, self._boundaries
        place = np.searchsorted(ends, names)
        before = np.where(place > 0, ends[np.maximum(place - 1, 0)] if len(ends) else -1, -1)
        live = self._live
        heads = tokens.start[np.minimum(live[np.searchsorted(live, before, side="right")], names)]
        if tails is None:
            after = np.where(place < len(ends), ends[np.minimum(place, len(ends) - 1)] if len(ends) else 0, len(tokens.start) - 1)
            tails = tokens.start[np.minimum(after, len(tokens.start) - 1)]
            tails = np.maximum(tails, tokens.end[names])
        return heads, np.minimum(tails, heads + _MOST_HEAD).astype(np.int32)

    # -- references -----------------------------------------------------------------------------------

    def _references(self, scopes: Scopes, local: Bools, mentioned: Bools, calls: Ints) -> None:
        tokens = self.tokens
        kind = self._kinds(calls)
        labels = kind == USE["label"]
        wanted = self.is_name & mentioned & ~self.defined & (~local | labels)
        numbers = np.flatnonzero(wanted).astype(np.int32)
        rows = scopes.of(numbers)
        used = np.unique(rows[rows >= 0])
        self.packed.scopes = [scopes.words[row] for row in used.tolist()]
        self._scope_rows = used
        scope = np.where(rows >= 0, np.searchsorted(used, rows) + 1, 0)
        line, column = self._places(tokens.start[numbers])
        self.packed.references = np.stack([tokens.word[numbers], kind[numbers], line, column, scope], axis=1).astype(np.int32)

    def _places(self, start: Ints) -> tuple[Ints, Ints]:
        newlines = self.tokens.newlines
        line = np.searchsorted(newlines, start).astype(np.int32) + 1
        base = newlines[np.maximum(line - 2, 0)] if len(newlines) else np.zeros(len(line), np.int32)
        return line, (start - np.where(line > 1, base, -1)).astype(np.int32)

    def _kinds(self, calls: Ints) -> Ints:
        """What each mention does with the name."""
        tokens = self.tokens
        kind = np.full(len(tokens.start), USE["read"], np.int32)
        kind[self.is_member] = USE["member"]
        following, after, third = self._sign(1), self._sign(2), self._sign(3)
        joined, joined_after = self._joined(1), self._joined(2)
        plain = (following == 61) & ~((after == 61) & joined)
        compound = _ASSIGNED[following] & (after == 61) & joined
        shift = _ASSIGNED_SHIFT[following] & (after == following) & (third == 61) & joined & joined_after
        step = ((following == 43) | (following == 45)) & (after == following) & joined
        written = plain | compound | shift | step
        kind[written & self.is_name] = USE["write"]
        self._indexed_writes(kind, written)
        self._prefixed(kind)
        previous_tag = np.concatenate([np.zeros(1, np.bool_), (self.flags[:-1] & words.TAG).astype(bool)])
        kind[previous_tag] = USE["type"]
        kind[self.roles.tokens["type"]] = USE["type"]
        kind[calls] = USE["call"]
        goto = self.vocabulary.get(b"goto")
        if goto is not None:
            kind[1:][(tokens.word[:-1] == goto) & (tokens.sign[1:] == WORD)] = USE["label"]
        return kind

    def _indexed_writes(self, kind: Ints, written: Bools) -> None:
        """`a->b[i] = x` writes b."""
        view = self.parsed.normalized.view
        brackets = np.flatnonzero((self.tokens.sign == 93) & written)
        places = np.searchsorted(view.at, brackets)
        for place in places.tolist():
            while place < view.count and view.sign[place] == 93:
                place = int(view.mate[place]) - 1
            if 0 <= place < view.count and view.sign[place] == WORD:
                kind[view.at[place]] = USE["write"]

    def _prefixed(self, kind: Ints) -> None:
        """`&a->b` takes b's address, `++a->b` writes it."""
        sign, before = self._sign(-1), self._sign(-2)
        before_flags = np.concatenate([np.zeros(2, np.uint32), self.flags[:-2]])
        operand = ((before == WORD) & ~(before_flags & (words.JUMP | words.OPERATOR)).astype(bool)) | (
            (before == NUMBER) | (before == 41) | (before == 93)
        )
        address = self.is_name & (sign == 38) & ~((before == 38) & self._joined(-2)) & ~operand
        stepped = self.is_name & ((sign == 43) | (sign == 45)) & (before == sign) & self._joined(-2)
        for mask, use in ((address, USE["address"]), (stepped, USE["write"])):
            self._mark_last(np.flatnonzero(mask), kind, use)

    def _mark_last(self, firsts: np.ndarray[tuple[int], np.dtype[np.int64]], kind: Ints, use: int) -> None:
        """Give the last member of each chain `a->b.c` this kind."""
        for _ in range(6):
            if not len(firsts):
                return
            dot = (self._sign(1)[firsts] == 46) & (self._sign(2)[firsts] == WORD)
            arrow = (self._sign(1)[firsts] == 45) & (self._sign(2)[firsts] == 62) & (self._sign(3)[firsts] == WORD)
            last = firsts[~dot & ~arrow]
            kind[last[kind[last] != USE["write"]]] = use
            firsts = np.concatenate([firsts[dot] + 2, firsts[arrow] + 3])

    # -- calls through pointers -----------------------------------------------------------------------

    def _pointer_calls(self, scopes: Scopes, local: Bools, calls: Ints) -> None:
        tokens = self.tokens
        rows: list[tuple[int, int, int, int]] = []  # token, field's word or -1, first byte, last byte
        direct: list[int] = []
        for first, last in self.roles.pointer_calls.tolist():
            token = self._callee(first, last)
            if token < 0:
                continue
            if self.is_member[token]:
                rows.append((token, int(tokens.word[token]), first, last))
            elif local[token] or self._is_pointer(first, last):
                rows.append((token, -1, first, last))
            else:
                direct.append(token)
        for token in calls[local[calls]].tolist():
            rows.append((token, -1, int(tokens.start[token]), int(tokens.end[token])))
        if direct:
            self._also_called(direct)
        if not rows:
            return
        rows.sort()
        table = np.array(rows, np.int32)
        line, column = self._places(tokens.start[table[:, 0]])
        scope = self._scope_of(scopes, table[:, 0])
        self.packed.pointer_calls = np.stack([line, column, scope, table[:, 1], table[:, 2], table[:, 3]], axis=1).astype(np.int32)

    def _scope_of(self, scopes: Scopes, numbers: Ints) -> Ints:
        """Scopes as counted in `packed.scopes`, which gets those it does not have yet."""
        rows = scopes.of(numbers)
        known = {row: place + 1 for place, row in enumerate(self._scope_rows.tolist())}
        for row in np.unique(rows[rows >= 0]).tolist():
            if row not in known:
                self.packed.scopes.append(scopes.words[row])
                known[row] = len(self.packed.scopes)
        return np.array([known.get(row, 0) for row in rows.tolist()], np.int32)

    def _callee(self, first: int, last: int) -> int:
        """The token that names what is called by the expression between these bytes, -1 for none."""
        tokens = self.tokens
        low = int(np.searchsorted(tokens.start, first))
        token = int(np.searchsorted(tokens.start, last)) - 1
        view = self.parsed.normalized.view
        while token >= low:
            sign = int(tokens.sign[token])
            if sign == WORD:
                return token if self.is_name[token] else -1
            if sign == 93:
                place = int(np.searchsorted(view.at, token))
                mate = int(view.mate[place]) if place < view.count and view.at[place] == token else -1
                if mate < 0:
                    return -1
                token = int(view.at[mate]) - 1
            elif sign == 41:
                place = int(np.searchsorted(view.at, token))
                mate = int(view.mate[place]) if place < view.count and view.at[place] == token else -1
                if mate > 0 and view.at[mate] > low and view.sign[mate - 1] == WORD:
                    token = int(view.at[mate]) - 1  # a call that returns what is called
                else:
                    token -= 1
            else:
                return -1
        return -1

    def _is_pointer(self, first: int, last: int) -> bool:
        text = self.tokens.code[first:last].strip()
        return not re.fullmatch(rb"\(\s*\w+\s*\)", text)

    def _also_called(self, direct: list[int]) -> None:
        """`(f)(x)` calls f: turn the mention into a call."""
        line, column = self._places(self.tokens.start[np.array(direct, np.int32)])
        table = self.packed.references
        at = {(int(row[2]), int(row[3])): number for number, row in enumerate(table)} if len(table) else {}
        for place in zip(line.tolist(), column.tolist(), strict=True):
            if place in at:
                table[at[place], 1] = USE["call"]

    def _asm_calls(self, scopes: Scopes) -> None:
        """`asm("call __do_IRQ")` calls, as far as the text of its strings tells."""
        tokens = self.tokens
        rows = []
        for start, end in tokens.strings:
            text = tokens.data[start + 1 : end - 1]
            if not any(word in text for word in (b"call", b"jmp", b"bl", b"jal", b"jsr", b"bsr")):
                continue
            token = int(np.searchsorted(tokens.start, start))
            if not self._in_asm(token):
                continue
            for offset, symbol in asm_string_calls(text):
                place = np.array([start + 1 + offset], np.int32)
                line, column = self._places(place)
                scope = self._scope_of(scopes, np.array([token], np.int32))
                rows.append((self.vocabulary[symbol.encode("latin-1")], USE["call"], int(line[0]), int(column[0]), int(scope[0])))
        if rows:
            self.packed.references = np.concatenate([self.packed.references, np.array(rows, np.int32)])

    def _in_asm(self, token: int) -> bool:
        """Is this string an operand of `asm`?  Walk back over strings to the parenthesis and its keyword."""
        sign = self.tokens.sign
        place = token - 1
        while place > 0 and sign[place] in (34, WORD) and token - place < 400:
            if sign[place] == WORD and self.flags[place] & words.KEYWORD:
                return False
            place -= 1
        while place > 0 and (sign[place] == 40 or self.flags[place] & words.STORAGE):
            place -= 1
        return self.tokens.text(place) in (b"asm", b"__asm__", b"__asm", b"goto")


def extract(parsed: Parsed, vocabulary: Vocabulary, makers: Makers | None = None, depth: int = 0) -> Packed:
    """The facts of a parsed file; `makers` knows what macros at file level define."""
    return Extractor(parsed, vocabulary, makers, depth).run()
