"""Any bytes may be handed to the parser: nothing is raised, nothing moves, and no file sees its neighbours."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from xref.index.known import lessons_from_bytes
from xref.index.known import lessons_to_bytes
from xref.parse import conditions
from xref.parse import words
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.lessons import Lessons
from xref.parse.lessons import learn
from xref.parse.lex import Vocabulary
from xref.parse.lex import blank
from xref.parse.lex import tokenize
from xref.parse.reader import CReader

#: what C is made of, and what breaks it: a text drawn from these meets more of the parser than plain bytes do
_PIECES = [
    b"int ", b"static ", b"extern ", b"struct s ", b"enum e ", b"union ", b"typedef ", b"f", b"g(x)", b"x", b"->m", b".m", b"*",
    b"&", b"(", b")", b"{", b"}", b"[", b"]", b";", b",", b"=", b":", b"?", b"...", b"\n", b"\n\n", b" ", b"\t", b"\\\n", b"\\",
    b"#if A\n", b"#ifdef B\n", b"#else\n", b"#elif C\n", b"#endif\n", b"#define M(a) a\n", b"#define N\n", b"#undef N\n",
    b'#include "a.h"\n', b"#include <b.h>\n", b"# \n", b"M(1)", b"N ", b"D(y)", b"#define D(n) int n;\n", b"__attribute__((x))",
    b"return ", b"goto l;", b"l:", b"if (x) ", b"else ", b"for (;;) ", b"while (x) ", b"do ", b"switch (x) ", b"case 1:",
    b"default:", b"sizeof(", b"asm(", b'"text"', b"'c'", b'"', b"'", b"/*", b"*/", b"//", b"/", b"0x1f", b"1", b"2 N", b"({", b"})",
    b"\0", b"\xe9", b"\xff", b"\x7f", "é".encode(), b"\r\n", b"\x0c", b"@", b"`", b"$", b"##", b"#", b"typeof(x) ", b"void ", b"f(void)", b"{ return g(1); }",
    b"int f(int a)\n{\n\treturn g(a);\n}\n", b"static int h(void) { return x->m(1); }\n", b"struct t { int a; } b;\n",
]  # fmt: skip

_TEXT = st.one_of(st.binary(max_size=80), st.lists(st.sampled_from(_PIECES), max_size=60).map(b"".join))
#: the same examples each time: a push is not refused for what another's run found
_FEW = settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_READER = CReader(Lessons())


@_FEW
@given(_TEXT)
def test_blanking_moves_nothing(data):
    code, strings = blank(data)
    assert len(code) == len(data)
    assert all(new in (old, 32, 48, 34) for new, old in zip(code, data, strict=True))
    assert all(data[start] == data[end - 1] == 34 and end - start > 1 for start, end in strings)


@_FEW
@given(st.lists(_TEXT, min_size=1, max_size=3))
def test_tokens_are_where_they_say(files):
    vocabulary = Vocabulary()
    tokens = tokenize(files, vocabulary)
    assert (tokens.start < tokens.end).all()
    assert (tokens.end[:-1] <= tokens.start[1:]).all()
    for number in range(len(tokens.start)):
        if tokens.word[number] >= 0:
            assert tokens.text(number) == vocabulary.words[tokens.word[number]]


@_FEW
@given(_TEXT)
def test_normalising_moves_nothing(data):
    parser = CReader(Lessons())._parser
    parsed = parser.parse([data], ["x.c"])
    text = parsed.normalized.text
    assert len(text) == len(data)
    assert all(data[place] == 10 for place, byte in enumerate(text) if byte == 10)
    found, _ = conditions.find_directives(parsed.tokens)
    # `int ` may be put before a head without a type, over a blanked line above it
    assert all(b"#" not in text[d.start : d.end] for d in found)


def told(packed, vocabulary, number: int) -> list[tuple[object, ...]]:
    """The facts of one file of a batch, with names for numbers."""

    def name(word: int) -> str | None:
        return vocabulary.words[word].decode("latin-1") if word >= 0 else None

    facts: list[tuple[object, ...]] = []
    for file, word, kind, line, column, end, static, head, tail, macro, condition in packed.definitions.tolist():
        if file == number:
            facts.append((name(word), DEFINITION_KINDS[kind], line, column, end, static, head, tail, name(macro),
                          packed.conditions[condition]))  # fmt: skip
    for file, word, kind, line, column, scope in packed.references.tolist():
        if file == number:
            facts.append((name(word), kind, line, column, name(scope)))
    for file, line, column, scope, member, expression in packed.pointer_calls.tolist():
        if file == number:
            facts.append((line, column, name(scope), name(member), packed.expressions[expression]))
    facts += [(*fact,) for file, fact in packed.includes if file == number]
    facts += [(*fact,) for file, fact in packed.problems if file == number]
    return sorted(facts, key=str)


@_FEW
@given(_TEXT)
def test_facts_lie_in_the_file(data):
    packed = _READER.read([data], ["x.c"])
    lines = data.split(b"\n")
    vocabulary = _READER.vocabulary
    for _, word, _, line, column, end, _, head, tail, macro, _ in packed.definitions.tolist():
        assert 1 <= line <= end <= len(lines)
        assert 0 <= head <= tail <= len(data)
        assert word >= 0
        if macro < 0:
            assert lines[line - 1][column - 1 :].startswith(vocabulary.words[word])
    for _, word, _, line, column, _ in packed.references.tolist():
        assert word >= 0
        assert lines[line - 1][column - 1 :].startswith(vocabulary.words[word])
    for _, line, column, _, field, _ in packed.pointer_calls.tolist():
        if field >= 0:
            assert lines[line - 1][column - 1 :].startswith(vocabulary.words[field])
    for _, (line, _, _) in packed.includes:
        assert b"include" in lines[line - 1]
    for _, (line, reason) in packed.problems:
        assert 1 <= line <= len(lines)
        assert "\n" not in reason


@pytest.mark.parametrize("data", [b"int x = L'a';", b"#error don't do what isn't done\n", b"f('a'b, u8'c')"])
def test_no_word_is_made_of_what_stands_before_a_quote(data):
    packed = _READER.read([data], ["x.c"])
    mentioned = {_READER.vocabulary.words[row[1]] for row in packed.references.tolist()}
    assert mentioned <= set(re.findall(rb"\w+", data))


@_FEW
@given(_TEXT)
def test_no_place_is_told_twice(data):
    packed = _READER.read([data], ["x.c"])
    places = Counter((line, column) for _, _, _, line, column, _ in packed.references.tolist())
    assert [place for place, count in places.items() if count > 1] == []


@settings(parent=_FEW, max_examples=250)
@given(st.lists(_TEXT, min_size=2, max_size=5))
def test_a_file_s_facts_depend_on_its_own_bytes_alone(files):
    """Files are read in batches: each says what it says when it is read alone."""
    paths = [f"{number}.c" for number in range(len(files))]
    batch = _READER.read(files, paths)
    for number, (data, path) in enumerate(zip(files, paths, strict=True)):
        alone = _READER.read([data], [path])
        assert told(batch, _READER.vocabulary, number) == told(alone, _READER.vocabulary, 0)


@_FEW
@given(st.lists(_TEXT, max_size=3), _TEXT)
def test_any_lessons_can_be_learnt_kept_and_used(files, data):
    taught = [(f"d{number}/x.h", learn(text)) for number, text in enumerate(files)]
    lessons = Lessons.gather(taught)
    again = lessons_from_bytes(lessons_to_bytes(lessons))
    assert again == lessons
    one, other = CReader(lessons), CReader(again)
    assert told(one.read([data], ["x.c"]), one.vocabulary, 0) == told(other.read([data], ["x.c"]), other.vocabulary, 0)


@_FEW
@given(st.permutations([b"#define A\n", b"#define A 1\n", b"#define B(x) x\n#define A\n", b"#define M(n) int n;\n",
                        b"#define M(n) long n;\n"]))  # fmt: skip
def test_what_is_learnt_does_not_depend_on_the_order_of_reading(files):
    """Workers finish in any order; the caller sorts by path, and the same paths teach the same."""
    parts = sorted((text.decode(), learn(text)) for text in files)
    assert Lessons.gather(parts).flags == Lessons.gather(sorted(parts)).flags


def test_words_of_the_language_have_flags():
    for word in (b"static", b"struct", b"if", b"return", b"sizeof", b"__attribute__"):
        assert words.LANGUAGE[word]
    assert re.fullmatch(rb"\w+", b"".join(words.LANGUAGE))
