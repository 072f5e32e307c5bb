"""What the words of kernel assembly mean: macros that make labels, directives, mnemonics, words among operands.

From the headers of the kernels' architectures and the manuals of their assemblers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from xref.parse.inline_asm import REGISTERS
from xref.parse.inline_asm import words


class Maker(NamedTuple):
    """A macro of the kernel's headers that makes a label of one of its arguments."""

    #: function, static (a function that is not global), label, data, or entry: what follows decides
    role: str
    #: which argument; -1 is the last
    place: int = 0


#: (role, argument, names, where they come from)
_MADE_BY: tuple[tuple[str, int, str, str], ...] = (
    ("entry", 0, "ENTRY ENTRY_NP ENTRY_CFI GLOBAL WEAK", "linux/linkage.h; tables are made by it too"),
    ("entry", 0, "KPROBE_ENTRY ENTRY_MIN_ALIGN GLOBAL_ENTRY FUNC PROC", "x86, ia64, sparc linkage"),
    ("entry", 0, "_GLOBAL _GLOBAL_TOC _GLOBAL_KASAN _GLOBAL_TOC_KASAN _KPROBE _ENTRY", "powerpc, microblaze"),
    ("function", 0, "function_prolog V_FUNCTION_BEGIN FUNC_START EXC_COMMON_BEGIN", "powerpc"),
    ("function", 0, "LEAF NESTED FEXPORT", "mips asm/asm.h"),
    ("entry", 0, "EXPORT C_ENTRY G_ENTRY", "mips and v850: a global, most often data or code of C's"),
    ("static", 0, "_STATIC L_ENTRY LOCAL_ENTRY", "powerpc64, v850: a function without .globl"),
    ("function", 0, "SYM_FUNC_START SYM_FUNC_START_NOALIGN SYM_FUNC_START_WEAK SYM_FUNC_START_WEAK_NOALIGN",
     "linux/linkage.h since 5.5"),
    ("function", 0, "SYM_CODE_START SYM_CODE_START_NOALIGN SYM_TYPED_FUNC_START", "the same"),
    ("function", 0, "SYM_START SYM_ENTRY", "the same: what those are made of"),
    ("static", 0, "SYM_FUNC_START_LOCAL SYM_FUNC_START_LOCAL_NOALIGN SYM_CODE_START_LOCAL "
     "SYM_CODE_START_LOCAL_NOALIGN", "the same"),
    ("label", 0, "SYM_INNER_LABEL SYM_INNER_LABEL_ALIGN", "the same: inside of a function"),
    ("label", 0, "SYMBOL_NAME_LABEL", "linux/linkage.h of 2.4 and h8300"),
    ("label", -1, "START_EXCEPTION", "powerpc: (vector, label)"),
    ("data", 0, "SYM_DATA_START SYM_DATA SYM_DATA_START_LOCAL SYM_DATA_LOCAL", "linux/linkage.h since 5.5"),
    ("data", 2, "SYM_DATA_END_LABEL", "the same: (name, linkage, label)"),
)  # fmt: skip
MAKERS = {name: Maker(role, place) for role, place, names, _ in _MADE_BY for name in names.split()}
ENDS = words(
    """
    END ENDPROC ENDENTRY END_CFI ENDPROC_CFI KPROBE_END PROC_END C_END L_END V_FUNCTION_END FUNC_END
    ENDFUNC SYM_FUNC_END SYM_CODE_END SYM_DATA_END SYM_DATA_END_LABEL SYM_END function_epilog
    """
)
ALIASES = words("SYM_FUNC_ALIAS SYM_FUNC_ALIAS_LOCAL SYM_FUNC_ALIAS_WEAK SYM_ALIAS")
#: Macros that lay down data, and ones that lay down nothing: neither says that a label starts code.
DATA_MACROS = words("PTR PTR_WD LONG WORD BYTE PPC_LONG")
NO_CODE = re.compile(
    r"ALIGN|__ALIGN|__\w*(?:INIT|FINIT|EXIT|HEAD|REF|PREVIOUS)\w*|CFI_\w+|TEXT_\w+|SECTION|EXPORT_SYMBOL\w*"
    r"|UNWIND\w*|ANNOTATE_\w+|_ASM_NOKPROBE\w*|\w*KASAN\w*|MODULE_\w+|EMIT_\w+"
)
SECTION_MACROS = {
    "__INIT": ".init.text",
    "__CPUINIT": ".init.text",
    "__HEAD": ".head.text",
    "__REF": ".ref.text",
    "__INITDATA": ".init.data",
    "__INITRODATA": ".init.rodata",
    "__FINITDATA": ".data",
}

DATA = words(
    """
    .long .quad .word .short .hword .half .byte .2byte .4byte .8byte .int .xword .dword .octa .single
    .double .float .ascii .asciz .string .stringz .space .skip .fill .zero .value .dc.l .dc.w .dc.b
    .dcb.l .dcb.b .ds.l .llong .gpword .uaword .uahalf .ualong .uaquad .xdata4 .xdata8 .blockz .dw .dc
    .ds .data1 .data2 .data4 .data8 data1 data2 data4 data8 string stringz
    """
)
#: Directives whose operands are expressions over symbols; those of all others say nothing of the program.
EXPRESSION = words(
    """
    .align .balign .p2align .org .if .elseif .ifdef .ifndef .ifnotdef .ifge .ifgt .ifle .iflt .ifne
    .rept .iifdef .incbin .import .reloc .inst
    """
)
#: After these, where nothing delays them, control does not fall through to what follows.
ENDERS = words(
    """
    jmp ret retq retl iret iretq iretl lret sysexit sysret sysretq b bx br blr bctr rfi rfid rfci lpsw lpswe
    j jg eret rts rte jra bra tail
    """
)
ADDRESS_OF = words(
    """
    la lla dla lda ldah adr adrl adrp adr_l larl lea leal leaq leaw lea.l pea sethi set setx setuw setsw
    ldil ldo pta pta/4 ld24 seth mova movia lrw la.abs la.pcrel la.local la.global la.got badr ldi
    setlos mvi load_addr loadaddr dli movi
    """
)
#: Words among operands that name no symbol: shifts, conditions, barriers, and relocation operators.
OPERAND_WORDS = REGISTERS | words(
    """
    lsl lsr asr ror rrx uxtb uxth uxtw uxtx sxtb sxth sxtw sxtx msl mul vl eq ne cs hs cc lo mi pl vs vc
    hi ls ge lt gt le al nv sy ish ishst ishld osh nsh st nshst l h b w d s ha high low hi16 lo16 shigh
    sda L R LT RT LR RR T function object gprel ltoff fptr cr lower16 upper16 abs_g0 abs_g1 abs_g2
    abs_g3
    """
)
