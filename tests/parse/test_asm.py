"""What kernel assembly yields: one construct a test, in sources of our own."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies

from xref.parse.asm import parse_asm
from xref.parse.facts import Call
from xref.parse.facts import Definition
from xref.parse.facts import FileFacts
from xref.parse.facts import Include


def parse(*lines: str) -> FileFacts:
    return parse_asm("\n".join(lines).encode("latin-1") + b"\n")


def definition(facts: FileFacts, name: str) -> Definition:
    found = [it for it in facts.definitions if it.name == name]
    assert len(found) == 1, (name, facts.definitions)
    return found[0]


def kinds(facts: FileFacts) -> dict[str, str]:
    return {it.name: it.kind for it in facts.definitions}


def calls(facts: FileFacts) -> list[tuple[str | None, str]]:
    return [(it.caller, it.callee) for it in facts.calls]


def references(facts: FileFacts, kind: str | None = None) -> list[str]:
    return [it.name for it in facts.references if kind in (None, it.kind)]


# ── definitions ──────────────────────────────────────────────────────────────────────────────────────


def test_entry_makes_a_function_up_to_the_next() -> None:
    facts = parse("ENTRY(first)", "\tnop", "\tret", "", "ENTRY(second)", "\tret")
    assert definition(facts, "first") == Definition("first", "function", 1, 7, 4, macro="ENTRY")
    assert definition(facts, "second") == Definition("second", "function", 5, 7, 6, macro="ENTRY")


def test_a_global_label_is_a_function_and_another_a_label() -> None:
    facts = parse("\t.globl start", "start:", "\tnop", "inside:", "\tret")
    assert definition(facts, "start") == Definition("start", "function", 2, 1, 5)
    assert definition(facts, "inside") == Definition("inside", "label", 4, 1, 4, static=True)


def test_globl_may_follow_and_name_several() -> None:
    facts = parse("one:", "\tnop", "two:", "\tnop", ".globl one, two")
    assert kinds(facts) == {"one": "function", "two": "function"}


@pytest.mark.parametrize(
    "end", ["END(work)", "ENDPROC(work)", "SYM_FUNC_END(work)", "\t.size work, .-work", "\t.end work"]
)
def test_a_function_ends_where_it_says(end: str) -> None:
    facts = parse("\t.globl work", "work:", "\tret", end, "", "\tnop")
    assert definition(facts, "work").end_line == 4


@pytest.mark.parametrize(
    ("macro", "static"),
    [
        ("ENTRY", False),
        ("_GLOBAL", False),
        ("LEAF", False),
        ("GLOBAL_ENTRY", False),
        ("KPROBE_ENTRY", False),
        ("SYM_FUNC_START", False),
        ("SYM_CODE_START", False),
        ("SYM_TYPED_FUNC_START", False),
        ("SYM_FUNC_START_LOCAL", True),
        ("_STATIC", True),
    ],
)
def test_macros_of_many_architectures_start_functions(macro: str, static: bool) -> None:
    facts = parse(f"{macro}(work)", "\tnop")
    found = definition(facts, "work")
    assert (found.kind, found.macro, found.static) == ("function", macro, static)


def test_the_name_of_nested_stands_before_its_frame() -> None:
    assert definition(parse("NESTED(work, FRAME, sp)", "\tnop"), "work").column == 8


def test_a_wrapped_name_is_the_name() -> None:
    facts = parse("\t.globl SYMBOL_NAME(work)", "SYMBOL_NAME_LABEL(work)", "\tnop")
    assert definition(facts, "work").kind == "function"


def test_an_inner_label_stays_in_its_function() -> None:
    facts = parse(
        "SYM_CODE_START(work)", "SYM_INNER_LABEL(mid, SYM_L_GLOBAL)", "\tcall f", "SYM_CODE_END(work)"
    )
    assert kinds(facts) == {"work": "function", "mid": "label"}
    assert calls(facts) == [("work", "f")]


def test_an_alias_of_a_function_is_a_function() -> None:
    facts = parse(
        "SYM_FUNC_START(work)",
        "\tret",
        "SYM_FUNC_END(work)",
        "SYM_FUNC_ALIAS(other, work)",
        ".set third, work",
    )
    assert kinds(facts) == {"work": "function", "other": "function", "third": "function"}
    assert references(facts, "address") == ["work"]


def test_a_label_that_is_typed_or_called_is_a_function() -> None:
    facts = parse(
        "\t.type typed, @function", "typed:", "\tbl helper", "\tnop", "\tnop", "\tnop", "helper:", "\tnop"
    )
    assert {name: (it.kind, it.static) for it in facts.definitions for name in [it.name]} == {
        "typed": ("function", True),
        "helper": ("function", True),
    }


def test_a_local_routine_ends_where_control_cannot_come_from_it() -> None:
    facts = parse(
        "ENTRY(work)",
        "\tcall helper",
        "\tcall outer_one",
        "\tret",
        "helper:",
        "\tjz tail_of_it",
        "\tcall inner_one",
        "\tret",
        "tail_of_it:",
        "\tcall inner_two",
        "\tret",
        "another:",
        "\tcall outer_two",
    )
    assert definition(facts, "helper") == Definition("helper", "function", 5, 1, 11, static=True)
    assert definition(facts, "work").end_line == 13
    assert calls(facts) == [
        ("work", "helper"),
        ("work", "outer_one"),
        ("helper", "inner_one"),
        ("helper", "inner_two"),
        ("another", "outer_two"),
    ]
    assert kinds(facts)["tail_of_it"] == "label"
    assert definition(facts, "another").kind == "function"


def test_a_label_that_only_others_lead_to_is_a_routine_of_its_own() -> None:
    facts = parse(
        "ENTRY(one)",
        "\tjnz slow",
        "quick:",
        "\tiret",
        "slow:",
        "\tcall work",
        "\tjmp quick",
        "\tALIGN",
        "shared:",
        "\tcall common",
        "\tjmp quick",
        "ENTRY(two)",
        "\tjmp shared",
    )
    assert kinds(facts) == {
        "one": "function",
        "quick": "label",
        "slow": "label",
        "shared": "function",
        "two": "function",
    }
    assert calls(facts) == [("one", "work"), ("shared", "common"), ("shared", "quick"), ("two", "shared")]
    assert definition(facts, "shared") == Definition("shared", "function", 9, 1, 11, static=True)


def test_what_is_repeated_is_no_part_of_one_routine() -> None:
    """Entry points that `.rept` writes, and the routine behind them that they all go on with."""
    facts = parse(
        "ENTRY(entries)",
        ".rept 16",
        "\tALIGN",
        "1:\tpushl $vector",
        "\tjmp common",
        ".data",
        "\t.long 1b",
        ".text",
        ".endr",
        "\tALIGN",
        "common:",
        "\tcall serve",
        "\tjmp finish",
        "ENTRY(finish)",
        "\tiret",
    )
    assert definition(facts, "common") == Definition("common", "function", 11, 1, 13, static=True)
    assert calls(facts) == [("entries", "common"), ("common", "serve"), ("common", "finish")]


def test_numbers_are_no_definitions_and_local_names_are_labels() -> None:
    facts = parse("ENTRY(work)", "1:\tjmp 1b", ".Lout:", "2: ret")
    assert kinds(facts) == {"work": "function", ".Lout": "label"}


def test_a_label_over_data_is_a_variable() -> None:
    facts = parse(".data", "ENTRY(table)", "\t.long one", "\t.long two", "", "ENTRY(code)", "\tret")
    assert definition(facts, "table") == Definition("table", "variable", 2, 7, 4, macro="ENTRY")
    assert definition(facts, "code").kind == "function"


def test_data_in_another_section_is_not_the_functions() -> None:
    facts = parse("ENTRY(work)", '.section __ex_table,"a"', "\t.long 1b,fixup", ".previous", "\tret")
    assert definition(facts, "work").kind == "function"


def test_a_label_in_a_data_section_is_a_variable() -> None:
    assert (
        definition(parse(".data", "ENTRY(spot)", ".text", "ENTRY(work)", "\tret"), "spot").kind == "variable"
    )


def test_a_table_that_is_included_is_a_variable() -> None:
    facts = parse(
        "#define SYSCALL(native, compat) .long native",
        "\t.globl table",
        "table:",
        '#include "calls.S"',
        "#undef SYSCALL",
    )
    assert definition(facts, "table") == Definition("table", "variable", 3, 1, 4)


def test_assignments_are_variables_once() -> None:
    facts = parse(
        "EBX = 0x00", "vector=0", "vector=vector+1", "\t.equ size, 4", "\t.set noreorder", "\t.comm shared, 8"
    )
    assert kinds(facts) == {"EBX": "variable", "vector": "variable", "size": "variable", "shared": "variable"}
    assert references(facts, "write") == ["vector"]


def test_defines_are_macros_with_their_last_line() -> None:
    facts = parse("#define LIMIT 12", "#define PUSH(reg, n) \\", "\tpushl reg; \\", "\taddl $n,reg", "\tnop")
    assert definition(facts, "LIMIT") == Definition("LIMIT", "macro", 1, 9, 1, signature="LIMIT")
    assert definition(facts, "PUSH") == Definition("PUSH", "macro", 2, 9, 4, signature="PUSH(reg, n)")


def test_assembler_macros_end_at_endm() -> None:
    facts = parse("\t.macro save reg, off=0", "\tmovl \\reg,\\off(%esp)", "\t.endm")
    assert definition(facts, "save") == Definition("save", "macro", 1, 9, 3, signature="save reg, off=0")


def test_a_register_alias_is_a_macro() -> None:
    facts = parse("scno .req r7", "ENTRY(work)", "\tmov r0, scno")
    assert (definition(facts, "scno").kind, definition(facts, "scno").macro) == ("macro", ".req")
    assert references(facts) == ["scno"]


def test_a_macro_of_this_file_makes_the_labels_and_calls_of_its_uses() -> None:
    facts = parse(
        "#define BUILD(name, nr) \\",
        "ENTRY(name) \\",
        "\tpushl $nr; \\",
        "\tcall smp_/**/name; \\",
        "\tjmp common;",
        "BUILD(tick, 3)",
        "\t.macro STUB label, func",
        "\t.globl \\label",
        "\\label:",
        "\tcall \\func",
        "\t.endm",
        "\tSTUB stub_fork, do_fork",
    )
    assert definition(facts, "tick") == Definition("tick", "function", 6, 7, 11, macro="BUILD")
    assert definition(facts, "stub_fork") == Definition("stub_fork", "function", 12, 7, 12, macro="STUB")
    assert facts.calls == [
        Call(4, 7, "BUILD", "smp_/**/name", indirect=True),
        Call(5, 6, "BUILD", "common"),
        Call(6, 7, "tick", "smp_tick"),
        Call(10, 7, "STUB", "\\func", indirect=True),
        Call(12, 18, "stub_fork", "do_fork"),
    ]


def test_a_macro_hands_its_argument_to_another() -> None:
    facts = parse(
        ".macro inner f",
        "\tcall \\f",
        ".endm",
        ".macro outer f",
        "\tinner \\f",
        ".endm",
        "ENTRY(work)",
        "\touter deliver",
    )
    assert ("work", "deliver") in calls(facts)


def test_a_pasted_name_is_pasted_only_when_all_of_it_is_known() -> None:
    facts = parse(
        "#define INNER(n) i##n: call do_##n", "#define OUTER(n) INNER(n)", "ENTRY(work)", "OUTER(7)"
    )
    assert kinds(facts) == {"INNER": "macro", "OUTER": "macro", "work": "function", "i7": "label"}
    assert ("work", "do_7") in calls(facts)


def test_a_label_written_by_a_macro_is_local() -> None:
    facts = parse("#define L(x) .L##x", "ENTRY(work)", "L(again):", "\tbne L(again)")
    assert kinds(facts)["again"] == "label"
    assert facts.calls == []


# ── conditions ───────────────────────────────────────────────────────────────────────────────────────


def test_every_branch_is_read_under_its_condition() -> None:
    facts = parse(
        "#ifdef CONFIG_SMP",
        "ENTRY(one)",
        "#if defined(A) || B > 2",
        "ENTRY(two)",
        "#elif C",
        "ENTRY(three)",
        "#else",
        "ENTRY(four)",
        "#endif",
        "#else",
        "ENTRY(five)",
        "#endif",
        "#ifndef X",
        "ENTRY(six)",
        "#endif",
        "ENTRY(seven)",
        "\tnop",
    )
    assert {it.name: it.condition for it in facts.definitions} == {
        "one": "defined(CONFIG_SMP)",
        "two": "defined(CONFIG_SMP) && (defined(A) || B > 2)",
        "three": "defined(CONFIG_SMP) && (!(defined(A) || B > 2) && C)",
        "four": "defined(CONFIG_SMP) && (!(defined(A) || B > 2) && !(C))",
        "five": "!defined(CONFIG_SMP)",
        "six": "!defined(X)",
        "seven": "",
    }


def test_a_condition_may_span_lines() -> None:
    facts = parse("#if defined(A) && \\", "    defined(B)", "ENTRY(work)", "#endif")
    assert definition(facts, "work").condition == "defined(A) && defined(B)"
    assert references(facts, "macro") == ["A", "B"]


def test_a_comment_that_begins_like_a_condition_is_a_comment() -> None:
    facts = parse(
        "# if this is the first call,", "# else the second", "# define what it does", "ENTRY(work)", "\tnop"
    )
    assert definition(facts, "work").condition == ""
    assert facts.problems == []


def test_what_does_not_match_is_a_problem() -> None:
    facts = parse("#endif", "#if X", ".macro open", "\tnop")
    assert [(it.line, it.reason) for it in facts.problems] == [
        (1, "#endif without #if"),
        (2, "#if without #endif"),
        (3, ".macro without .endm"),
    ]


# ── calls ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "instruction",
    [
        "call deliver",
        "bl\tdeliver",
        "blne\tdeliver",
        "jal\tdeliver",
        "bsr\t$26,deliver",
        "jsr\t@deliver",
        "bl\t.deliver",
        "bl\tdeliver,%r2",
        "br.call.sptk.many rp=deliver",
        "brasl\t%r14,deliver",
        "call\tdeliver@PLT",
        "jarl\tdeliver, lp",
        "bl\tSYMBOL_NAME(deliver)",
    ],
)
def test_calls_of_many_architectures(instruction: str) -> None:
    facts = parse(f"ENTRY(work) {instruction}")
    assert len(facts.calls) == 1
    assert (facts.calls[0].caller, facts.calls[0].callee, facts.calls[0].indirect) == (
        "work",
        "deliver",
        False,
    )
    assert facts.calls[0].column == f"ENTRY(work) {instruction}".index("deliver") + 1
    assert "deliver" not in references(facts)


def test_a_jump_is_a_call_where_it_leaves_the_function() -> None:
    facts = parse(
        "ENTRY(one)", "near:", "\tjz near", "\tjmp far", "\tjne elsewhere", "ENTRY(two)", "far:", "\tjmp two"
    )
    assert calls(facts) == [("one", "far"), ("one", "elsewhere")]
    assert references(facts, "label") == ["near", "two"]


def test_before_the_first_function_there_is_no_caller() -> None:
    assert calls(parse("\tcall early", "ENTRY(work)", "\tcall late")) == [(None, "early"), ("work", "late")]


def test_after_the_end_of_a_function_there_is_no_caller() -> None:
    assert calls(parse("ENTRY(work)", "\tret", "END(work)", "\tjmp away")) == [(None, "away")]


@pytest.mark.parametrize(
    ("instruction", "callee"),
    [
        ("call *%edi", "*%edi"),
        ("call *table(,%eax,4)", "*table(,%eax,4)"),
        ("jmp *table", "*table"),
        ("blx r3", "r3"),
        ("jalr t2", "t2"),
        ("basr %r14,%r8", "%r8"),
        ("br.call.sptk.many b0=b6", "b6"),
        ("bctrl", "bctrl"),
        ("ldrcc pc, [tbl, scno, lsl #2]", "[tbl, scno, lsl #2]"),
        ("mov pc, r9", "r9"),
        ("jmpl %l3, %o7", "%l3"),
    ],
)
def test_a_call_through_a_pointer_is_given_as_written(instruction: str, callee: str) -> None:
    facts = parse("ENTRY(work)", f"\t{instruction}")
    assert [(it.caller, it.callee, it.indirect, it.field) for it in facts.calls] == [
        ("work", callee, True, None)
    ]


@pytest.mark.parametrize(
    "instruction",
    [
        "jr $31",
        "bx lr",
        "blr",
        "br %r14",
        "jmp %o7+8",
        "mov pc, lr",
        "ldr pc, [sp], #4",
        "bv %r0(%r2)",
        "bl 1f",
        "ret",
    ],
)
def test_a_return_is_no_call(instruction: str) -> None:
    assert parse("ENTRY(work)", f"\t{instruction}").calls == []


def test_the_table_of_a_pointer_call_is_read() -> None:
    assert references(parse("\tcall *table(,%eax,4)")) == ["table"]


def test_instructions_in_strings_of_alternatives_call() -> None:
    facts = parse(
        "SYM_CODE_START(work)",
        '\tALTERNATIVE "call slow; nop", \\',
        '\t\t"jmp fast", FEATURE',
        '\tPRINT("call me")',
    )
    assert facts.calls == [Call(2, 20, "work", "slow"), Call(3, 8, "work", "fast")]


def test_an_instruction_may_be_an_argument() -> None:
    facts = parse("ENTRY(work)", "\tALT_SMP(b\tdeliver)", "\tW(b)\tother")
    assert calls(facts) == [("work", "deliver"), ("work", "other")]


def test_branch_if_less_is_no_call_on_sparc() -> None:
    facts = parse(
        "\t.globl work", "work:", "\tcmp %g1, %o2", "\tbl near", "\tnop", "\tnop", "\tnop", "near:", "\tretl"
    )
    assert facts.calls == []
    assert kinds(facts)["near"] == "label"


def test_several_statements_share_a_line() -> None:
    facts = parse("ENTRY(work) movl $1,%eax; call one; jmp two")
    assert [(it.column, it.callee) for it in facts.calls] == [(32, "one"), (41, "two")]


# ── references ───────────────────────────────────────────────────────────────────────────────────────


def test_table_entries_are_addresses() -> None:
    facts = parse("\t.long one, two", "\t.quad 1b, three - .", "\t.word 4")
    assert references(facts, "address") == ["one", "two", "three"]


def test_operands_are_addresses_or_read() -> None:
    facts = parse(
        "\tpushl $handler",
        "\tmovl flags(%ebp),%ecx",
        "\tmovl state,%eax",
        "\tla t0, table",
        "\tlis r3,base@ha",
    )
    assert references(facts, "address") == ["handler", "table", "base"]
    assert references(facts, "read") == ["flags", "state"]


def test_columns_are_those_of_the_name() -> None:
    assert [(it.name, it.line, it.column) for it in parse("", "\tpushl $handler").references] == [
        ("handler", 2, 9)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "\tldmia sp!, {r0 - r12, lr}",
        "\tldr r0, [r1, r2, lsl #2]",
        "\tmov.l @(r0,r15), er1",
        "\tmov ar.pfs=loc1",
        "\tlw $sp, 8($29)",
        "\tfmla v0.4s, v1.4s, v2.4s",
        "\tmrs x0, sctlr_el1",
        "\tor %g0, %l1, %o0",
        "\t.set noreorder",
        "\t.type work, @function",
        "\t.align 4",
        '\t.section .init.text,"ax",@progbits',
    ],
)
def test_registers_and_directives_are_no_references(line: str) -> None:
    assert references(parse(line)) == []


def test_macros_are_referenced_where_they_are_used() -> None:
    facts = parse(
        "#define RESTORE popl %eax", "ENTRY(work)", "\tRESTORE", "\tGET_INFO(%ebp)", "\tSAVE_ALL", "\tcld"
    )
    assert references(facts, "macro") == ["RESTORE", "GET_INFO", "SAVE_ALL"]


def test_a_whole_argument_is_an_address_and_a_constant_is_read() -> None:
    facts = parse("\tCALL(sys_exit)", "\tSAVE 8, LIMIT")
    assert references(facts, "address") == ["sys_exit"]
    assert references(facts, "read") == ["LIMIT"]


def test_parameters_are_no_references() -> None:
    facts = parse("#define LOAD(reg, sym) movl sym, reg", ".macro put reg", "\tmovl \\reg,%eax", ".endm")
    assert references(facts) == []


def test_the_body_of_a_value_is_an_expression() -> None:
    facts = parse("#define count ((table_size)/4)", "#define based(x) x-start(%r13)", "#define only cli")
    assert references(facts) == ["table_size", "start"]


def test_includes() -> None:
    facts = parse("#include <linux/linkage.h>", '# include "entry.h"', '\t.include "macros.inc"')
    assert facts.includes == [
        Include(1, "linux/linkage.h", True),
        Include(2, "entry.h", False),
        Include(3, "macros.inc", False),
    ]


# ── comments ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "lines",
    [
        ["/* call nobody", "   nor this */"],
        ["\tnop // call nobody"],
        ["# call nobody at all"],
        ["\tcld # call nobody"],
        ["\tret #nobody"],
        ["\tldr r0, [r1] @ call nobody, #1", "@ nor this"],
        ["\tadd %o1, %o2, %o3 ! call nobody", "! nor this"],
        ["\tmovel %d0,%d1 | call nobody", "| nor this"],
        ["\tmv r0, r1 ; this is a comment", "\tmv r0, r2 ; nobody"],
        ['\t.asciz "call nobody; nor this"'],
        ["\t.byte '\"', ';', '#'"],
    ],
)
def test_comments_and_strings_say_nothing(lines: list[str]) -> None:
    facts = parse("ENTRY(work)", *lines)
    assert facts.calls == []
    assert references(facts) == []


def test_a_sign_that_comments_elsewhere_is_an_operand_here() -> None:
    facts = parse(
        "\tmov r0, #limit", "\tstmfd sp!, {r4, lr}", "\tlis r3,base@ha", "\t.if one | two", "#if !X", "#endif"
    )
    assert references(facts) == ["limit", "base", "one", "two", "X"]


def test_a_linker_script_sets_symbols() -> None:
    facts = parse(
        "ENTRY(start)", "SECTIONS", "{", "  _text = .;", "  .text : { *(.text) }", "  PROVIDE(end = .);", "}"
    )
    assert kinds(facts) == {"_text": "variable", "end": "variable"}
    assert references(facts) == ["start"]


# ── any bytes ────────────────────────────────────────────────────────────────────────────────────────


def test_columns_are_bytes_in_latin_1() -> None:
    facts = parse_asm(b"/* \xe9\xff */ ENTRY(work)\r\n\tcall f\x00\r\n")
    assert definition(facts, "work").column == 16
    assert calls(facts) == [("work", "f")]


def test_nothing_yields_nothing() -> None:
    assert parse_asm(b"") == FileFacts()


@given(strategies.binary(max_size=300))
def test_any_bytes_are_taken(data: bytes) -> None:
    parse_asm(data)


WORDS = """
ENTRY( a ) : ; #if #else #endif #define .macro .endm \\x call jmp * ## /* */ " ' , $ % m .globl = 1: @
A(a) A(x)"""
TOKENS = [*WORDS.split(), "\n", " ", "\t", "\\\n"]


@given(strategies.lists(strategies.sampled_from(TOKENS)))
def test_any_tokens_are_taken(pieces: list[str]) -> None:
    text = " ".join(pieces)
    lines = text.count("\n") + 1
    facts = parse_asm(text.encode())
    assert all(1 <= it.line <= it.end_line <= lines for it in facts.definitions)
    assert all(1 <= it.line <= lines and it.column >= 1 for it in (*facts.references, *facts.calls))


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "a:",
        "ENTRY(a) ",
        "lock ",
        "b(",
        '"',
        "/*",
        "x\\\n",
        "#if a\n",
        ";",
        " ",
        "rp= ",
        "1:",
        "(p1)",
        "ALT(b a)",
    ],
)
def test_the_time_is_linear(piece: str) -> None:
    data = (piece * (200_000 // len(piece))).encode()
    start = time.process_time()
    parse_asm(data)
    assert time.process_time() - start < 3
