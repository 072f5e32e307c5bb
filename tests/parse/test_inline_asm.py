"""The calls that the text of an `asm` string makes: the edges that a C parser cannot see."""

from __future__ import annotations

import time

import pytest

from xref.parse.inline_asm import asm_string_calls
from xref.parse.inline_asm import branch_of
from xref.parse.inline_asm import is_register
from xref.parse.inline_asm import target_of


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        (b"call deliver", ["deliver"]),
        (rb"\tcall\tdeliver\n\t", ["deliver"]),
        (b"jmp back_to_user", ["back_to_user"]),
        (b"bl deliver", ["deliver"]),
        (b"blne deliver", ["deliver"]),
        (b"jal deliver", ["deliver"]),
        (b"jsr $26,deliver", ["deliver"]),
        (b"b,l deliver,%r2", ["deliver"]),
        (b"br.call.sptk.many rp=deliver", ["deliver"]),
        (b"brasl 14,deliver", ["deliver"]),
        (b"call deliver@PLT", ["deliver"]),
        (b"bl .deliver", ["deliver"]),
        (b"call .umul", [".umul"]),
        (b"lock; decl %0; js slow_path", ["slow_path"]),
        (rb"1:\tcall one\n2:\tcall two", ["one", "two"]),
        (rb"tbnz x0, #3, slow_path", ["slow_path"]),
    ],
)
def test_a_call_or_jump_names_its_symbol(text: bytes, symbols: list[str]) -> None:
    assert [symbol for _, symbol in asm_string_calls(text)] == symbols


@pytest.mark.parametrize(
    "text",
    [
        b"call *%0",
        b"call %P1",
        b"call %c[func]",
        b"jmp %l[out]",
        b"call *%%eax",
        b"jmp 1f",
        rb"jne again\nagain: ret",
        b"bl .Lnear",
        b"bne .near",
        b"blx r3",
        b"jr $31",
        b"cmpb $1,flag",
        b"movl deliver,%eax",
        b"bt $3,%eax",
        b"call __get_user_",
        b"# call nobody",
        b"/* call nobody",
        b"",
        b"\xff\x00call",
    ],
)
def test_operands_registers_and_local_labels_are_no_symbols(text: bytes) -> None:
    assert asm_string_calls(text) == []


def test_offsets_count_the_bytes_of_the_source() -> None:
    text = rb'"\tmovl %%esp,%%ebx\n"' b'\n\t  "\\tcall deliver\\n\\tjmp done_with"'
    found = asm_string_calls(text)
    assert [symbol for _, symbol in found] == ["deliver", "done_with"]
    assert all(text[offset:].startswith(symbol.encode()) for offset, symbol in found)


def test_a_name_may_be_pasted_from_a_literal_and_a_macro() -> None:
    assert asm_string_calls(b'"call " SYMBOL_NAME_STR(deliver) "\\n"') == [(24, "deliver")]


def test_a_mnemonic_keeps_its_meaning_under_suffixes() -> None:
    for word in ("bne-", "be,a,pt", "bl.d", "b.ne", "bt/s", "beqz.n", "cmpib,=", "br.cond.sptk"):
        assert branch_of(word), word
    for word in ("br.ret.sptk.many", "addb", "cmpb", "movl", "bic", "ret"):
        assert not branch_of(word), word


def test_a_pointer_call_is_given_as_written() -> None:
    branch = branch_of("call")
    assert branch is not None
    target = target_of(branch, " *table(,%eax,4)")
    assert target is not None
    assert (target.at, target.name, target.pointer) == (1, "*table(,%eax,4)", True)


def test_registers_of_many_machines_are_known() -> None:
    assert all(is_register(name) for name in ("r0", "sp", "x30", "loc1", "gr5", "vbar_el1"))
    assert not any(is_register(name) for name in ("deliver", "r_frame", "spin", "SMP"))


@pytest.mark.parametrize("piece", [b"call f;", b'"', b"/*", b"a:", b" ", b"bl (", b"rp=", b"\\n"])
def test_the_time_is_linear(piece: bytes) -> None:
    start = time.process_time()
    asm_string_calls(piece * (300_000 // len(piece)))
    assert time.process_time() - start < 3
