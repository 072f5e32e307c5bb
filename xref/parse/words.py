"""What C's own words, and those that GNU C adds, mean to the normaliser.

Each word has a set of flags; `lex.WordFlags` looks them up for whole files at once.  Uses nothing.
"""

from __future__ import annotations

KEYWORD = 1  # never the name of anything
TYPE = 2  # can only begin or continue a type
STORAGE = 4  # may stand before a declaration without being its type
TAG = 8  # struct, union, enum
CONTROL = 16  # takes a condition in parentheses
JUMP = 32  # begins a statement that cannot be an argument
DROP = 64  # says nothing that the grammar needs; blanked
DROP_CALL = 128  # the same with the parentheses that follow
TYPEOF = 256  # stands for a type, with the parentheses that follow
ANNOTATION = 512  # a macro of the tree that expands to nothing, or to attributes and storage classes
ANNOTATION_CALL = 1024  # the same with arguments
WRAPPER = 2048  # a macro that is its argument, with attributes: FASTCALL(f(int x))
LOOP = 4096  # a macro that is the head of a loop or condition
MACRO = 8192  # some function-like macro of the tree has this name
PRIMITIVE = 16384  # a type by itself: int, char, void
STATEMENT = 32768  # a macro that is a whole statement and needs no semicolon
OPERATOR = 65536  # sizeof and its kin: parentheses after it are no call
POINTER = 131072  # a macro that is `*`, perhaps with annotations
OPENER = 262144  # a macro that opens a block it does not close
OPENS_VALUE = 524288  # … and that block is an initialiser
CLOSER = 1048576  # a macro that closes a block it did not open

FRAGMENT = 2097152  # a macro that is a piece of an expression: `* HZ`, `q,`, `return`
RESPELL = 4194304  # a keyword that the grammar knows in another spelling, or not with all that it takes

#: what a macro of one directory may mean while the same name is something else in the next
SCOPED = ANNOTATION | ANNOTATION_CALL | WRAPPER | POINTER | FRAGMENT

_TABLE: dict[str, int] = {
    "struct union enum": KEYWORD | TYPE | TAG,
    "int char short long float double void signed unsigned _Bool _Complex __int128": KEYWORD | TYPE | PRIMITIVE,
    "__signed__ __signed": KEYWORD | TYPE | PRIMITIVE | RESPELL,
    "const volatile": KEYWORD | TYPE | STORAGE,
    "static extern register inline auto typedef _Thread_local _Noreturn _Atomic": KEYWORD | STORAGE,
    "__inline__ __inline __const __const__ __volatile__ __volatile __restrict restrict __restrict__": KEYWORD
    | STORAGE
    | DROP,
    "__extension__ __label__ __thread": KEYWORD | DROP,
    "__attribute__ __attribute __declspec _Alignas": KEYWORD | DROP_CALL,
    "asm __asm__ __asm": KEYWORD | DROP_CALL,
    "typeof __typeof__ __typeof typeof_unqual __auto_type": KEYWORD | TYPE | TYPEOF,
    "if while for switch": KEYWORD | CONTROL | JUMP,
    "else do return goto break continue case default": KEYWORD | JUMP,
    "sizeof _Generic _Static_assert": KEYWORD | OPERATOR,
    "__alignof__ __alignof _Alignof alignof": KEYWORD | OPERATOR | RESPELL,
}

#: what is written instead of the words to RESPELL, each no longer than it: the grammar's `__alignof__` takes types only
RESPELLED = dict.fromkeys((b"__signed__", b"__signed"), b"signed") | dict.fromkeys(
    (b"__alignof__", b"__alignof", b"_Alignof", b"alignof"), b"sizeof"
)

#: the flags of the language's own words
LANGUAGE: dict[bytes, int] = {word.encode(): flags for words, flags in _TABLE.items() for word in words.split()}

#: words that, alone or together, make a macro's body an annotation
ANNOTATION_WORDS = frozenset(
    word for word, flags in LANGUAGE.items() if flags & (STORAGE | DROP | DROP_CALL) and not flags & OPERATOR
) - {b"asm", b"__asm__", b"__asm", b"typedef"}

#: words of compilers for segmented memory, as in `#define FAR far`; elsewhere they are names like others
MEMORY_MODELS = frozenset(b"far _far __far near _near __near huge _huge __huge __export _export".split())
