"""From parsed C to its facts, as columns.

What the tree named (definitions, calls, types, locals) and what the tokens show (reads, writes, addresses)
come together here, for a batch of files at once.  Names that a function declares for itself are no references:
they are left out, so that `refs current_time` does not list every local of that name.
"""

from __future__ import annotations

import re

import numpy as np

from xref.parse import words
from xref.parse.c import Parsed
from xref.parse.facts import Include
from xref.parse.inline_asm import asm_string_calls
from xref.parse.lex import WORD
from xref.parse.lex import Bools
from xref.parse.lex import Ints
from xref.parse.lex import Vocabulary
from xref.parse.listed import made_by_lists
from xref.parse.made import made_by_macros
from xref.parse.makers import Makers
from xref.parse.packed import KIND
from xref.parse.packed import MOST_HEAD
from xref.parse.packed import USE
from xref.parse.packed import Packed
from xref.parse.scopes import Scopes
from xref.parse.signs import Signs

_INCLUDE = re.compile(rb'#\s*include(?:_next)?\s*(?:"([^"\n]*)"|<([^>\n]*)>)')
_CALLS = re.compile(rb"call|jmp|\bbl|jal|jsr|bsr")
_MOST_EXPRESSION = 400
_MOST_VALUE = 120


class Extractor:
    """A batch's facts in the making."""

    def __init__(self, parsed: Parsed, vocabulary: Vocabulary, makers: Makers | None = None, depth: int = 0) -> None:
        self.parsed = parsed
        self.makers, self.depth = makers, depth
        self.tokens = tokens = parsed.tokens
        self.roles = parsed.roles
        self.vocabulary = vocabulary
        self.packed = Packed(problems=[(0, problem) for problem in parsed.problems])
        self.flags = parsed.flags
        self.signs = Signs(tokens, self.flags)
        self.is_name = (tokens.sign == WORD) & ~(self.flags & words.KEYWORD).astype(bool)
        for number in parsed.alone:
            low, high = tokens.start.searchsorted((tokens.bases[number], tokens.ends[number]))
            self.is_name[low:high] = False
        self.is_name &= ~self._attribute_names()
        standins = self._in_spans(_table(parsed.normalized.standins))
        self.roles.functions = self.roles.functions[~standins[self.roles.functions[:, 1]]]
        self.is_member = self.is_name & self.signs.follows_member_access()
        self.defined = np.zeros(len(tokens.start), np.bool_)
        self.live = np.append(np.flatnonzero(parsed.normalized.live), len(tokens.start)).astype(np.int32)
        self.boundaries = self._boundaries()
        self.static = self._with_storage(b"static")
        self.extern = self._with_storage(b"extern")
        self.rows: list[Ints] = []

    def run(self) -> Packed:
        """All facts of the batch."""
        if not len(self.tokens.start):
            return self.packed
        self.packed.conditions = self.parsed.directives.texts
        calls = self._calls_of_code()
        mentioned, macros, in_macro, macro_calls = self._directives()
        table, blocks = made_by_macros(self)
        table += made_by_lists(self)
        if table:
            self.rows.append(np.array(table, np.int32))
        self._definitions()
        if not self.depth:  # of a macro's expansion only the definitions are asked for
            scopes = Scopes.of_batch(self.tokens, self.roles.functions, blocks, macros, in_macro)
            local = self._locals(scopes)
            self._references(scopes, local, mentioned, np.concatenate([calls, macro_calls]))
            self._pointer_calls(scopes, local, calls)
            self._asm_calls(scopes)
        if self.rows:
            self.packed.definitions = np.concatenate(self.rows)
            dead = np.array(["0" in text.split(" && ") for text in self.packed.conditions])
            self.packed.definitions[:, 6] |= 2 * dead[self.packed.definitions[:, 10]]
        return self.packed

    def _attribute_names(self) -> Bools:
        """The words of `__attribute__((aligned(8), packed))` that name attributes: they mean nothing here."""
        tokens = self.tokens
        found = np.zeros(len(tokens.start), np.bool_)
        sign = tokens.sign
        for place in np.flatnonzero(self.flags & words.DROP_CALL).tolist():
            if not self.flags[place] & words.KEYWORD or b"asm" in tokens.text(place):
                continue
            depth = 0
            for near in range(place + 1, min(place + 60, len(sign))):
                depth += int(sign[near] == 40) - int(sign[near] == 41)
                if depth <= 0:
                    break
                found[near] = depth == 2
        return found

    # -- declarations' extent and storage -------------------------------------------------------------

    def _boundaries(self) -> Ints:
        """Tokens that end a declaration or open or close a block, and ends of macros without a semicolon."""
        sign = self.tokens.sign
        ends = ((sign == 59) | (sign == 123) | (sign == 125)) & self.parsed.normalized.live
        ends |= sign == 127
        ends[self.parsed.normalized.ends] = True
        return np.flatnonzero(ends).astype(np.int32)

    def _with_storage(self, word: bytes) -> Bools:
        """Which tokens follow this storage class within the same declaration."""
        tokens = self.tokens
        found = np.zeros(len(tokens.start), np.bool_)
        number = self.vocabulary.get(word)
        if number is None:
            return found
        marks = np.flatnonzero((tokens.word == number) & self.parsed.normalized.live)
        place = self.boundaries.searchsorted(marks)
        ends = np.append(self.boundaries, len(tokens.start))[place]
        step = np.zeros(len(tokens.start) + 1, np.int32)
        np.add.at(step, marks, 1)
        np.add.at(step, ends, -1)
        return np.cumsum(step[:-1]) > 0

    def extent(self, names: Ints, tails: Ints | None) -> tuple[Ints, Ints]:
        """Where the declaration of each name begins and ends, as byte offsets of the batch."""
        tokens = self.tokens
        ends = np.concatenate([[-1], self.boundaries, [len(tokens.start) - 1]]).astype(np.int32)
        place = self.boundaries.searchsorted(names)
        heads = tokens.start[np.minimum(self.live[self.live.searchsorted(ends[place], side="right")], names)]
        if tails is None:
            tails = np.maximum(tokens.start[np.minimum(ends[place + 1], len(tokens.start) - 1)], tokens.end[names])
        return heads, np.minimum(tails, heads + MOST_HEAD).astype(np.int32)

    def condition(self, offsets: Ints) -> Ints:
        """Which of the batch's conditions each byte stands under."""
        tree = self.parsed.directives
        return tree.ids[tree.edges.searchsorted(offsets, side="right") - 1]

    # -- directives -----------------------------------------------------------------------------------

    def _directives(self) -> tuple[Bools, Ints, Bools, Ints]:
        """Definitions of macros, what their bodies mention, includes.

        Returns which tokens are mentions, the macros' bodies as scopes (first token, last token), which tokens
        stand in them, and the calls there.
        """
        tokens = self.tokens
        mentioned = ~self.parsed.inside
        in_body = np.zeros(len(tokens.start), np.bool_)
        defines = []
        skip = set(self.parsed.alone)
        file = (
            tokens.file_of(np.array([d.start for d in self.parsed.directives.all], np.int32)).tolist() if skip else None
        )
        for number, directive in enumerate(self.parsed.directives.all):
            if file and file[number] in skip:
                continue
            if directive.name == "define":
                defines.append(directive)
            elif directive.name in ("if", "ifdef", "ifndef", "elif", "undef"):
                mentioned[directive.first + 2 : directive.last] = True
            elif directive.name in ("include", "include_next", "import"):
                self._include(directive.start, directive.end)
        scopes: Ints = np.zeros((0, 2), np.int32)
        if defines:
            table = np.array([(d.first + 2, d.last, d.end) for d in defines], np.int32)
            scopes = self._defines(table, mentioned, in_body)
        calls = in_body & mentioned & self.is_name & ~self.is_member & (self.signs.at(1) == 40)
        # `int f(x)` in a macro that makes functions declares; `return f(x)` calls
        declares = (self.signs.at(-1) == WORD) & ~(self.signs.flags_before & words.JUMP).astype(bool)
        calls &= ~declares | ~np.concatenate([np.zeros(1, np.bool_), in_body[:-1]])
        return mentioned, scopes, in_body, np.flatnonzero(calls).astype(np.int32)

    def _defines(self, table: Ints, mentioned: Bools, in_body: Bools) -> Ints:
        """Note the `#define`s, given as (token of the name, first token behind, last byte); returns scopes."""
        tokens = self.tokens
        size = len(tokens.start)
        table = table[(table[:, 0] < table[:, 1]) & (tokens.sign[np.minimum(table[:, 0], size - 1)] == WORD)]
        name, behind, end = table[:, 0], table[:, 1], table[:, 2]
        following = np.minimum(name + 1, size - 1)
        calls = (name + 1 < behind) & (tokens.sign[following] == 40) & (tokens.start[following] == tokens.end[name])
        closes = np.append(np.flatnonzero(tokens.sign == 41), size).astype(np.int32)
        close = np.minimum(closes[closes.searchsorted(name)], behind - 1)
        body = np.where(calls, close + 1, name + 1)
        # An object-like macro shows its value, a function-like one its parameters.
        tail = np.where(calls, tokens.end[close], np.minimum(end, tokens.end[name] + _MOST_VALUE))
        step = np.zeros(size + 1, np.int32)
        np.add.at(step, body, 1)
        np.add.at(step, behind, -1)
        in_body |= np.cumsum(step[:-1]) > 0
        mentioned |= in_body
        for first, last, stop in zip(
            (name[calls] + 2).tolist(), close[calls].tolist(), behind[calls].tolist(), strict=True
        ):
            params = set(tokens.word[first:last].tolist())
            if last + 1 < stop and params:
                for place, word in enumerate(tokens.word[last + 1 : stop].tolist(), last + 1):
                    if word in params:
                        mentioned[place] = False
        self._append("macro", name, tokens.start[name], tail, np.maximum(end - 1, tokens.start[name]))
        full = body < behind
        return np.stack([name[full], behind[full] - 1], axis=1)

    def _include(self, start: int, end: int) -> None:
        match = _INCLUDE.match(self.tokens.data, start, end)
        if match:
            target = match.group(1) if match.group(1) is not None else match.group(2)
            name = target.strip().decode("utf-8", "surrogateescape")
            file = int(self.tokens.bases.searchsorted(start, side="right")) - 1
            self.packed.includes.append((file, Include(self.tokens.line(start), name, match.group(1) is None)))

    # -- calls and locals -----------------------------------------------------------------------------

    def _calls_of_code(self) -> Ints:
        """Tokens of names that are called, from the tree and from what the normaliser hid from it."""
        called = np.zeros(len(self.tokens.start), np.bool_)
        called[self.roles.tokens.get("call", [])] = True
        called[self.parsed.normalized.calls] = True
        return np.flatnonzero(called & self.is_name & ~self.is_member).astype(np.int32)

    def _locals(self, scopes: Scopes) -> Bools:
        """Which tokens name something that their own function declares."""
        roles, tokens = self.roles, self.tokens
        local = np.zeros(len(tokens.start), np.bool_)
        if not len(roles.functions):
            return local
        heads = roles.tokens["head"]
        # `int getfrag(char *to)` among the parameters: a function's address by another name
        variables = np.concatenate([roles.tokens["variable"], heads[self._in_spans(roles.parameters)[heads]]])
        owner = scopes.rows(variables)
        mine = (owner >= 0) & ~self.extern[variables]
        if not mine.any():
            return local
        size = np.int64(len(self.vocabulary.words) + 1)
        declared = np.unique(owner[mine].astype(np.int64) * size + tokens.word[variables[mine]])
        names = np.flatnonzero(self.is_name & ~self.is_member & ~self._tags()).astype(np.int32)
        where = scopes.rows(names)
        keys = where.astype(np.int64) * size + tokens.word[names]
        place = np.minimum(declared.searchsorted(keys), len(declared) - 1)
        local[names[(declared[place] == keys) & (where >= 0)]] = True
        return local

    def _tags(self) -> Bools:
        """Which tokens stand behind `struct`, `union` or `enum`: `struct file *file` has a local and a tag."""
        numbers = [self.vocabulary.get(word) for word in (b"struct", b"union", b"enum")]
        before = np.isin(self.tokens.word, [number for number in numbers if number is not None])
        return np.concatenate([[False], before[:-1]])

    # -- definitions ----------------------------------------------------------------------------------

    def _definitions(self) -> None:
        roles, tokens = self.roles, self.tokens
        if not roles.tokens:
            return
        functions = roles.functions
        names = functions[:, 1]
        self._add("function", names, ends=tokens.start[functions[:, 3]], tails=tokens.start[functions[:, 2]])
        step = np.zeros(len(tokens.start) + 1, np.int32)
        np.add.at(step, functions[:, 0], 1)
        np.add.at(step, functions[:, 3] + 1, -1)
        inside = np.cumsum(step[:-1]) > 0
        hidden = self._in_spans(roles.parameters) | self._in_spans(_table(self.parsed.normalized.standins))
        is_function = np.zeros(len(tokens.start), np.bool_)
        is_function[names] = True

        heads = roles.tokens["head"]
        heads = heads[~is_function[heads] & ~hidden[heads] & (~inside[heads] | self.extern[heads])]
        variables = roles.tokens["variable"]
        # `long (f)(int);`: parentheses around a variable are as good a declarator
        variables = np.setdiff1d(variables, roles.tokens["head"])
        variables = variables[~hidden[variables] & (~inside[variables] | self.extern[variables])]
        declared = self.extern[variables] & (self.signs.at(1)[variables] != 61)
        self._add("prototype", np.concatenate([heads, variables[declared]]))
        self._add("variable", variables[~declared])
        for kind in ("struct", "union", "enum"):
            found = roles.tokens[kind]
            self._add(kind, found, ends=self._closing(found), tails=tokens.end[found])
        for kind in ("member", "typedef"):
            found = roles.tokens[kind]
            self._add(kind, found[~hidden[found]])
        found = roles.tokens["enumerator"]
        self._add("enumerator", found[~hidden[found]])
        self._add("label", roles.tokens["label"], tails=tokens.end[roles.tokens["label"]])

    def _in_spans(self, spans: Ints) -> Bools:
        """Which tokens stand within these byte ranges."""
        step = np.zeros(len(self.tokens.start) + 1, np.int32)
        np.add.at(step, self.tokens.start.searchsorted(spans[:, 0]), 1)
        np.add.at(step, self.tokens.start.searchsorted(spans[:, 1]), -1)
        inside: Bools = np.cumsum(step[:-1]) > 0
        return inside

    def _closing(self, names: Ints) -> Ints:
        """Byte offset of the brace that closes the one behind each name (a struct's, an enum's)."""
        view = self.parsed.normalized.view
        opening = view.at.searchsorted(names) + 1
        for _ in range(3):
            other = (view.sign[opening] != 123) & (opening < view.count)
            opening = np.where(other, np.minimum(opening + 1, view.count), opening)
        mate = view.mate[opening]
        ends: Ints = np.where((view.sign[opening] == 123) & (mate >= 0), view.start[mate], self.tokens.start[names])
        return ends

    def _add(self, kind: str, names: Ints, *, ends: Ints | None = None, tails: Ints | None = None) -> None:
        """Note definitions by the tokens of their names; `ends` are the bytes of their closing braces."""
        if len(names):
            if kind in ("struct", "union", "enum", "label") and tails is not None:
                heads = self.tokens.start[names]
            else:
                heads, tails = self.extent(names, tails)
            self._append(kind, names, heads, tails, ends)
            self.defined[names] = True

    def _append(self, kind: str, names: Ints, heads: Ints, tails: Ints, ends: Ints | None) -> None:
        tokens = self.tokens
        start = tokens.start[names]
        file, line, column = tokens.places(start)
        end_line = line if ends is None else tokens.places(ends)[1]
        base = tokens.bases[file]
        table = np.empty((len(names), 11), np.int32)
        static = self.static[names] if kind in ("function", "variable", "prototype") else 0
        columns = (file, tokens.word[names], KIND[kind], line, column, end_line, static, heads - base, tails - base, -1)
        for place, values in enumerate(columns):
            table[:, place] = values
        table[:, 10] = self.condition(start)
        self.rows.append(table)

    # -- references -----------------------------------------------------------------------------------

    def _references(self, scopes: Scopes, local: Bools, mentioned: Bools, calls: Ints) -> None:
        tokens = self.tokens
        kind = self._kinds(calls)
        wanted = self.is_name & mentioned & ~self.defined & (~local | (kind == USE["label"]))
        numbers = np.flatnonzero(wanted).astype(np.int32)
        file, line, column = tokens.places(tokens.start[numbers])
        columns = (file, tokens.word[numbers], kind[numbers], line, column, scopes.words_of(numbers))
        self.packed.references = np.stack(columns, axis=1).astype(np.int32)

    def _kinds(self, calls: Ints) -> Ints:
        """What each mention does with the name."""
        tokens, signs = self.tokens, self.signs
        kind = np.full(len(tokens.start), USE["read"], np.int32)
        kind[self.is_member] = USE["member"]
        written = signs.written()
        written[self.roles.tokens.get("designator", [])] = True
        kind[written & self.is_name] = USE["write"]
        self._indexed_writes(kind, written)
        address, stepped = signs.prefixed()
        self._mark_last(np.flatnonzero(self.is_name & address), kind, USE["address"])
        self._mark_last(np.flatnonzero(self.is_name & stepped), kind, USE["write"])
        kind[self.is_name & signs.label_addresses()] = USE["label"]
        kind[(signs.flags_before & words.TAG).astype(bool)] = USE["type"]
        kind[self.roles.tokens.get("type", [])] = USE["type"]
        kind[calls] = USE["call"]
        goto = self.vocabulary.get(b"goto")
        if goto is not None:
            kind[1:][(tokens.word[:-1] == goto) & (tokens.sign[1:] == WORD)] = USE["label"]
        return kind

    def _indexed_writes(self, kind: Ints, written: Bools) -> None:
        """`a->b[i] = x` writes b."""
        view = self.parsed.normalized.view
        brackets = np.flatnonzero((self.tokens.sign == 93) & written)
        for place in view.at.searchsorted(brackets).tolist():
            while 0 <= place < view.count and view.sign[place] == 93:
                place = int(view.mate[place]) - 1
            if 0 <= place < view.count and view.sign[place] == WORD:
                kind[view.at[place]] = USE["write"]

    def _mark_last(self, firsts: np.ndarray[tuple[int], np.dtype[np.int64]], kind: Ints, use: int) -> None:
        """Give the last member of each chain `a->b.c` this kind."""
        one, two, three = self.signs.at(1), self.signs.at(2), self.signs.at(3)
        for _ in range(6):
            if not len(firsts):
                return
            dot = (one[firsts] == 46) & (two[firsts] == WORD)
            arrow = (one[firsts] == 45) & (two[firsts] == 62) & (three[firsts] == WORD)
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
            elif local[token] or not re.fullmatch(rb"\(\s*\w+\s*\)", tokens.code[first:last].strip()):
                rows.append((token, -1, first, last))
            else:
                direct.append(token)
        for token in calls[local[calls]].tolist():
            rows.append((token, -1, int(tokens.start[token]), int(tokens.end[token])))
        if direct:
            self._also_called(np.array(direct, np.int32))
        if not rows:
            return
        rows.sort()
        table = np.array(rows, np.int32)
        file, line, column = tokens.places(tokens.start[table[:, 0]])
        columns = (file, line, column, scopes.words_of(table[:, 0]), table[:, 1], np.arange(len(rows)))
        self.packed.pointer_calls = np.stack(columns, axis=1).astype(np.int32)
        texts = (b" ".join(tokens.data[first:last].split()) for _, _, first, last in rows)
        self.packed.expressions = [text[:_MOST_EXPRESSION].decode("latin-1") for text in texts]

    def _callee(self, first: int, last: int) -> int:
        """The token that names what is called by the expression between these bytes, -1 for none."""
        tokens = self.tokens
        low, behind = tokens.start.searchsorted((first, last)).tolist()
        token = behind - 1
        view = self.parsed.normalized.view
        while token >= low:
            sign = int(tokens.sign[token])
            if sign == WORD:
                return token if self.is_name[token] else -1
            if sign not in (93, 41):
                return -1
            place = int(view.at.searchsorted(token))
            mate = int(view.mate[place]) if place < view.count and view.at[place] == token else -1
            if sign == 93:
                if mate < 0:
                    return -1
                token = int(view.at[mate]) - 1
            elif mate > 0 and view.at[mate] > low and view.sign[mate - 1] == WORD:
                token = int(view.at[mate]) - 1  # a call that returns what is called
            else:
                token -= 1
        return -1

    def _also_called(self, numbers: Ints) -> None:
        """`(f)(x)` calls f: turn the mention into a call."""
        file, line, column = self.tokens.places(self.tokens.start[numbers])
        wanted = set(zip(file.tolist(), line.tolist(), column.tolist(), strict=True))
        table = self.packed.references
        near = np.flatnonzero(np.isin(table[:, 1], self.tokens.word[numbers]))
        for row in near.tolist():
            if (int(table[row, 0]), int(table[row, 3]), int(table[row, 4])) in wanted:
                table[row, 2] = USE["call"]

    def _asm_calls(self, scopes: Scopes) -> None:
        """`asm("call __do_IRQ")` calls, as far as the text of its strings tells."""
        tokens = self.tokens
        names, places, within = [], [], []
        for start, end in tokens.strings:
            if not _CALLS.search(tokens.data, start, end):
                continue
            token = int(tokens.start.searchsorted(start))
            if not self._in_asm(token):
                continue
            for offset, symbol in asm_string_calls(tokens.data[start + 1 : end - 1]):
                names.append(self.vocabulary[symbol.encode("latin-1")])
                places.append(start + 1 + offset)
                within.append(token)
        if names:
            file, line, column = tokens.places(np.array(places, np.int32))
            kind = np.full(len(names), USE["call"])
            columns = (file, np.array(names), kind, line, column, scopes.words_of(np.array(within, np.int32)))
            rows = np.stack(columns, axis=1).astype(np.int32)
            self.packed.references = np.concatenate([self.packed.references, rows])

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


def _table(spans: list[tuple[int, int]]) -> Ints:
    return np.array(spans, np.int32).reshape(-1, 2)


def extract(parsed: Parsed, vocabulary: Vocabulary, makers: Makers | None = None, depth: int = 0) -> Packed:
    """The facts of a parsed batch; `makers` knows what macros at file level define.

    `depth` says how many macros were opened to come here; below the first, only definitions are read.
    """
    return Extractor(parsed, vocabulary, makers, depth).run()
