"""What in an instruction is a call: the mnemonics, the registers, and the calls in an `asm("…")` string.

The tables serve every architecture at once, because a file's facts depend on its bytes alone and its
bytes do not say what they are assembled for.  `asm.py` reads whole files with the same tables.
Pure: this module uses nothing of the project.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import NamedTuple


def words(text: str) -> frozenset[str]:
    """Return the set of the words in `text`: a table in plain sight."""
    return frozenset(text.split())


class Branch(NamedTuple):
    """What an instruction that leaves its place does."""

    #: a return address is kept: always a call, even of a label close by
    link: bool
    #: a register or a memory operand can be the target: a call through a pointer
    pointer: bool = False
    #: the operand that holds the target of a pointer call: 0 the first, -1 the last
    place: int = -1


_ARM = "eq,ne,cs,hs,cc,lo,mi,pl,vs,vc,hi,ls,ge,lt,gt,le,al"
_X86 = (
    "a,ae,b,be,c,cxz,e,ecxz,rcxz,g,ge,le,na,nae,nb,nbe,nc,ne,ng,nge,nl,nle,no,np,ns,nz,o,p,pe,po,s,z,"
    "h,nh,m,nm,he,nhe,lh,nlh"
)

_CALL = Branch(True, True)  # a call, of a name or through a pointer
_FIRST = Branch(True, True, 0)  # the same, the pointer in the first operand
_LINK = Branch(True)  # a call of a name
_JUMP = Branch(False, True)  # a jump, to a name or through a pointer
_STEP = Branch(False)  # a jump to a name, always or on a condition

#: (what it does, mnemonics with `{a,b}` alternatives, why it is here).  A later row does not replace an
#: earlier one.  Only `link` and `pointer` matter to a reader: a jump, taken always or sometimes, is a call
#: when it leaves the function, and an address in a register has no name in any row that lacks `pointer`.
_TABLE: tuple[tuple[Branch, str, str], ...] = (
    (_CALL, "call call{q,l,w,r}", "x86, sparc, frv, nios2, riscv, hexagon: the call"),
    (_CALL, "lcall lcall{w,l,q}", "x86: far call, through BIOS and boot code"),
    (_CALL, "jsr jsr.{l,w} jbsr jsri", "alpha, m68k, sh, h8300, cris, csky: jump to subroutine"),
    (_CALL, "jal{,r,s,x,rs} jalr.hb", "mips, riscv: jump and link"),
    (_CALL, "bal balr bas basr bassm bras brasl jas jasl", "s390, and mips bal: branch and save"),
    (_CALL, "br.call brl.call", "ia64: `br.call.sptk.many rp=f`"),
    (_CALL, "blx blr blraa blrab blrl bctrl", "arm, arm64, powerpc: to a register, and link"),
    (_CALL, "jarl", "v850: jump and link"),
    (_FIRST, "blink", "sh64: `blink tr0, r18`"),
    (_CALL, "call{0,4,8,12} callx{0,4,8,12}", "xtensa: call with a window rotation"),
    (_CALL, "brld brlid brald bralid l.jal l.jalr", "microblaze, openrisc: branch and link"),
    (_FIRST, "jmpl", "sparc, frv: `jmpl %l3, %o7` keeps the pc; x86's jumps, and is direct"),
    (_LINK, f"bl bla bl{{{_ARM}}} b,l", "arm, arm64, powerpc, parisc, m32r, arc, loongarch"),
    (_LINK, "bsr bsr{l,s,w} bsr.{l,s,w}", "alpha, m68k, sh, h8300, csky; x86's scans bits, and names none"),
    (_LINK, "b{gez,ltz}al{,l,s}", "mips: conditional call"),
    (_JUMP, "jmp jmp{q,w} ljmp ljmp{w,l,q} jmpi", "x86, alpha, m68k, sh, nios2: a tail call"),
    (_JUMP, "jr jr.hb jump jx l.jr tail", "mips, v850, cris, hexagon, xtensa, riscv: jump"),
    (_JUMP, "br bctr bx braf", "arm, arm64, powerpc, s390, sh: to a register; alpha's to a label"),
    (_JUMP, "jl", "m32r and arc jump and link to a register; on x86 jump if less"),
    (_STEP, "b ba b,a bra bra{s,l,w,b} jra jbra jbr l.j", "arm, powerpc, sparc, m68k, sh: always"),
    (_STEP, "j j.l _j jg jgnop", "mips, riscv, s390, xtensa: jump; x86's jg has a condition"),
    (_STEP, "br{i,ai}{,d} bri brid braid b{eq,ne,lt,gt,le,ge}i{,d}", "microblaze"),
    (_STEP, f"j{{{_X86}}} loop{{,e,ne,nz,z,nez,gtz}}", "x86, s390: conditional"),
    (_STEP, f"jg{{{_X86},l}} brc{{,l}} br{{ct,ctg,xh,xle}} b{{h,m,nh,nm,no,np,o,p}}", "s390: conditional"),
    (_STEP, f"b{{{_ARM}}}{{,s,w,l,a,z,zl,zal,u,ul}} b.{{{_ARM}}}", "arm, powerpc, m68k, mips, riscv, …"),
    (_STEP, "cbz cbnz tbz tbnz bc{eqz,nez}", "arm, arm64, loongarch: compare or test, and branch"),
    (_STEP, "bc1{t,f,tl,fl,eqz,nez} bbit{0,1,032,132}", "mips: on a coprocessor's flag, on a bit"),
    (_STEP, "bdnz{,t,f,l} bdz{,t,f,l} bc{,l} bt bf b{so,ns,un,nu}{,l}", "powerpc: counted, on a flag"),
    (_STEP, "bt/s bf/s bt.s bf.s", "sh: conditional, with a delay slot"),
    (_STEP, "b{e,z,nz,g,l,n,gu,leu,geu,lu,pos,neg} br{z,nz,lz,gz,lez,gez}", "sparc: conditional"),
    (_STEP, "fb{a,e,ne,g,l,ge,le,u,o}", "sparc: on a floating comparison"),
    (_STEP, f"j{{b,}}{{{_ARM},nx}} db{{ra,f,eq,ne,cc,cs,mi,pl}}", "m68k: conditional and counted"),
    (_STEP, "fb{eq,ne,gt,lt,ge,le,gl,un,nz}{,w,l}", "m68k and alpha: on a floating comparison"),
    (_STEP, "blb{c,s} br{eq,ne,lt,ge,lo,hs}", "alpha: on the low bit; arc: compare and branch"),
    (_STEP, "b{any,none,all,nall,bc,bs,bci,bsi,gei,geui,lti,ltui}", "xtensa: conditional"),
    (_STEP, "cmpb, cmpib, comb, comib, addb, addib, movb, movib, bb,",
     "parisc: compare or add, and branch; always with a condition, without it x86 compares and adds"),
    (_JUMP, "br.{cond,many,few,sptk,spnt,dptk,dpnt} brl.{cond,many,sptk}", "ia64: jump"),
    (_STEP, "br.{cloop,ctop,wtop,cexit}", "ia64: loops"),
    (_STEP, "l.bf l.bnf bez bhz blz bhsz blsz jb{t,f,ez,nez} bnc bhs", "openrisc, csky, m32r"),
    (_STEP, "c{,g,l,lg}{i,r}j{,e,ne,h,l,nh,nl,he,le}", "s390: compare and jump"),
)  # fmt: skip

#: mnemonics that look like a branch by their first part, and return instead: `br.ret` is no `br`
_RETURNS = frozenset({"br.ret", "br.ia", "b.ret", "br.rfi"})


def _expand(pattern: str) -> list[str]:
    """Return every mnemonic that `a{b,c}` alternatives stand for."""
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


BRANCHES: dict[str, Branch] = {}
for _branch, _patterns, _reason in _TABLE:
    for _pattern in _patterns.split(" "):
        for _mnemonic in _expand(_pattern):
            BRANCHES.setdefault(_mnemonic, _branch)

#: Registers that are written without a mark, by pattern and by name.  `%eax` needs no table: `%` says it.
REGISTER = r"(?:[abcdefghkpqrstvwxyz]|[abcdefgmpstxw]r|in|out|loc|acc|wc|wcgr|[xyw]mm|[id]am[lp]r)\d{1,3}[lhbwdsqe]?"
REGISTERS = words(
    """
    sp lr pc ip fp gp ra at zero rp ctr xer cpsr cpsr_c cpsr_f cpsr_all cpsr_cf cpsr_cxsf spsr spsr_c
    spsr_f spsr_all spsr_cxsf CPSR CPSR_c CPSR_cxsf SPSR SPSR_cxsf fpscr fpsid fpexc fpinst apsr
    APSR_nzcv blink ilink ilink1 ilink2 xzr wzr zr wsp sb sl psr ar pr macl mach gbr vbr sr ssr spc dbr
    fpul ccr exr usp ssp lcr tbr cc icc fcc pmc pmd itr dtr itc pkr ibr cpuid irp srp dcr psw bpsw bpc
    spi spu sar daif daifset daifclr nzcv lp_start lp_end one_read n_reads one_write n_writes
    n_reads_strong StoreStore StoreLoad LoadStore LoadLoad Sync MemIssue bpcsr lp_count status32 ep tp
    lbeg lend lcount AT lp
    """
)
_REGISTER_PATTERN = re.compile(REGISTER, re.ASCII)

_TARGET = re.compile(
    r"[ \t]*+(?:(?:rp|b\d)[ \t]*+=[ \t]*+)?[@$=]?[ \t]*+(?:(?P<wrap>[A-Z_a-z]\w*)[ \t]*+\([ \t]*+)?"
    r"(?P<name>\.?[A-Za-z_][\w.$]*)[ \t]*+(?P<close>\))?[ \t]*+"
    r"(?:[@:][\w:]*+|[-+][^(\[]*(?:\(%r\d+\))?)?[ \t]*+",
    re.ASCII,
)
_LOW_PART = re.compile(r"%lo\([ \t]*([A-Za-z_]\w*)[ \t]*\)", re.ASCII)
_NUMBER = re.compile(r"[ \t]*[#$]?[-+]?\d\w*[ \t]*", re.ASCII)
_LOCAL = re.compile(r"[ \t]*(?:[#$@]|rp=)?\d+[bf](?![0-9A-Fa-f]).*", re.ASCII | re.DOTALL)
#: a jump to one of these is a return
_RETURN_ADDRESS = re.compile(
    r"[\s\[(@*]*(?:%?lr|%?ra|\$ra|\$31|\(?\$26\)?|%?rp|b0|%r14|r14|%r2|x30|r31|%[oi]7.*|%?blink)[\s\])]*",
    re.ASCII,
)


class Target(NamedTuple):
    """Where a branch goes: `at` is the offset in the operands that were given."""

    at: int
    #: a symbol; or, where `pointer`, the operand as written
    name: str
    pointer: bool = False


def is_register(name: str) -> bool:
    """Return whether a bare word is some architecture's register."""
    return name in REGISTERS or name[-4:-1] == "_el" or _REGISTER_PATTERN.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def branch_of(mnemonic: str) -> Branch | None:
    """Return what `mnemonic` does, if it branches; it may have suffixes (`bl.d`, `be,a,pt`, `bne-`)."""
    word = mnemonic.lower()
    if word in BRANCHES:
        return BRANCHES[word]
    if word.startswith(("b,l", "bve,l")):  # parisc; `,n` may follow
        return BRANCHES["bl"]
    word, *suffix = re.split(r"(?=[,=<>])|[+/-]", word, maxsplit=1)
    if suffix and word + "," in BRANCHES:
        return BRANCHES[word + ","]
    if word in BRANCHES:
        return BRANCHES[word]
    parts = word.split(".")
    two = ".".join(parts[:2])
    if two in _RETURNS:
        return None
    return BRANCHES.get(two) or BRANCHES.get(parts[0])


def split_operands(text: str) -> list[tuple[int, str]]:
    """Split at the commas outside of parentheses; return each part with its offset."""
    parts: list[tuple[int, str]] = []
    depth = begin = 0
    for found in re.finditer(r"[(),\[\]{}]", text):
        char = found.group()
        if char == ",":
            if depth == 0:
                parts.append((begin, text[begin : found.start()]))
                begin = found.end()
        elif char in "([{":
            depth += 1
        else:
            depth = max(0, depth - 1)
    parts.append((begin, text[begin:]))
    return parts


def target_of(branch: Branch, operands: str, mnemonic: str = "") -> Target | None:
    """Return where the branch goes, None where that is a local label, a return, or nothing with a name.

    The target is the last operand that can be a symbol: registers and numbers may stand around it
    (`bl f,%r2`, `tbnz x0, #3, f`, `br.call.sptk.many rp=f`).  A wrapper is looked through: `BASED(f)`.
    """
    written = operands.strip()
    if not written:
        # powerpc's pointer calls name their register in the mnemonic
        return Target(0, mnemonic, True) if mnemonic.lower() in ("blrl", "bctrl") else None
    if written.isidentifier() and written.isascii() and not is_register(written):  # nearly always
        return Target(operands.index(written[0]), written)
    if written[0] == "*":
        return Target(operands.index("*"), written, True)
    low = _LOW_PART.search(operands) if branch.pointer else None
    if low:
        return Target(low.start(1), low.group(1))
    parts = split_operands(operands)
    for at, part in reversed(parts):
        if _LOCAL.fullmatch(part):
            return None
        marked = "$" in part
        if marked and "%" in operands:
            continue  # x86's `bt $3, %eax`, which is no branch
        found = _TARGET.fullmatch(part)
        if found and (found["wrap"] or "A").isupper() and (found["wrap"] is None) == (found["close"] is None):
            name = found["name"]
            if name[0] == "." and name[:2] != ".L" and mnemonic[:1] == "b":  # powerpc64: the code of name
                return Target(at + found.start("name") + 1, name[1:])
            if not is_register(name):
                # alpha's own labels are `$x`; but x86 jumps far with `ljmp $16, $f`
                marked = marked and mnemonic[:1] != "l"
                return Target(at + found.start("name") - marked, "$" * marked + name.rstrip("."))
    if not branch.pointer or f"{mnemonic} {written}" in ("jx a0", "l.jr r9"):  # the latter return
        return None
    return _pointer(branch, *parts[branch.place], written)


def _pointer(branch: Branch, at: int, part: str, operands: str) -> Target | None:
    """Return the target of a branch through the register or the memory that `part` names."""
    if "=" in part:
        at, part = at + part.index("=") + 1, part[part.index("=") + 1 :]
    part = part.rstrip()
    if not part or part.endswith("%r0") or "0x" in part or (_NUMBER.fullmatch(part) and "$" not in part):
        return None
    link = branch.link and not operands.endswith(("%g0", "r63"))  # the pc is thrown away: a jump
    if not link and _RETURN_ADDRESS.fullmatch(part):
        return None
    return Target(at + len(part) - len(part.lstrip()), part.strip(), True)


# C string escapes, each replaced by as many characters: a line end stays a line end, the rest are blank.
_ESCAPE = re.compile(r'"[\s]*"|\\(?:\r?\n|[0-7]{1,3}|x[0-9A-Fa-f]+|.)|"|/\*.*?(?:\*/|\Z)', re.DOTALL)
_STATEMENT = re.compile(
    r"[ \t{]*(?:(?:[A-Za-z_.]\w*|\d+)[ \t]*:[ \t]*)*(?:(?:lock|rep\w*|notrack|bnd|data16|rex64)[ \t]+)?"
    r"(?P<mnemonic>[A-Za-z_][\w.]*(?:,[\w,]+)?[-+]?)(?P<operands>(?=[ \t*(])(?:[^#\n]|#(?=\S))*)?",
    re.ASCII,
)
_LABEL = re.compile(r"(?:^|[;\n])[ \t]*([A-Za-z_.]\w*)[ \t]*:", re.ASCII)


def _unescape(found: re.Match[str]) -> str:
    text = found.group()
    if text[0] == "\\" and text[1] in "n\r\n":
        return "\n" * len(text)
    if text[0] == "\\" and text[1] == "\\":  # `\\name` of an assembler macro: no symbol
        return "\\\\"
    return " " * len(text)


def asm_string_calls(text: bytes) -> list[tuple[int, str]]:
    r"""Return (offset, symbol) for each call and jump to a symbol in the text of an `asm` string.

    `text` is what stands between the quotes in the source, escapes and all (`call f\n\t`), or several
    literals with the quotes and blanks between them.  Operands (`%P1`, `*%0`, `%l[out]`), registers, local
    labels and labels that the text itself defines are no symbols.
    """
    plain = _ESCAPE.sub(_unescape, text.decode("latin-1"))
    tail = plain.rstrip()[-200:]
    labels: set[str] | None = None
    calls: list[tuple[int, str]] = []
    begin = 0
    for piece in re.split(r"[;\n]", plain):
        found = _STATEMENT.match(piece)
        branch = branch_of(found["mnemonic"]) if found else None
        if found and branch and found["operands"] and "%l" not in found["operands"]:
            target = target_of(branch, found["operands"], found["mnemonic"])
            if target and not target.pointer and _is_symbol(target, found["operands"], branch, tail):
                if labels is None:
                    labels = set(_LABEL.findall(plain))
                if target.name not in labels:
                    calls.append((begin + found.start("operands") + target.at, target.name))
        begin += len(piece) + 1
    return calls


def _is_symbol(target: Target, operands: str, branch: Branch, tail: str) -> bool:
    """Return whether a target in a string is a symbol's whole name, and no local label."""
    name = target.name
    if name.startswith((".L", "$")) or (operands[target.at - 1] == "." and not branch.link):
        return False
    return not (name.endswith("_") and tail.endswith(name))  # `"bl __get_user_" #size` goes on elsewhere
