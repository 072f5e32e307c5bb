"""Source text to Pygments tokens, in time linear in the text.

Pygments' own C lexer is not used: its rule for directives looks ahead over all blank lines from each of them
(16 KB of lines with a blank take 7 s), its rules for functions guess at what the index knows, and it gives
the body of a macro as one token, in which no name could be linked.  These lexers see what a reader has to
tell apart, and no more; each rule either fails within its line or consumes what it has read.

They are to be called by `get_tokens_unprocessed`, which gives back the text unchanged.
"""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import Lexer
from pygments.lexer import RegexLexer
from pygments.lexer import bygroups
from pygments.lexers.special import TextLexer
from pygments.token import Comment
from pygments.token import Keyword
from pygments.token import Name
from pygments.token import Number
from pygments.token import String
from pygments.token import Text

#: C's own words, which are not linked; `inline` is a name, since headers of the kernel define it
C_KEYWORDS = frozenset((
    "auto", "break", "case", "const", "continue", "default", "do", "else", "enum", "extern", "for", "goto",
    "if", "register", "restrict", "return", "sizeof", "static", "struct", "switch", "typedef", "union",
    "volatile", "while",
))  # fmt: skip

#: words that name a type in C itself
C_TYPES = frozenset((
    "_Bool", "char", "double", "float", "int", "long", "short", "signed", "unsigned", "void",
))  # fmt: skip

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_NUMBER = r"0[xX][0-9A-Fa-f]+[uUlL]*|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?[uUlLfF]*"
#: a run of them is one token: tables of numbers are most of the longest files
_NUMBERS = rf"(?:{_NUMBER})(?:,[^\S\n]*(?:{_NUMBER}))*"
_COMMENT = r"/\*[\s\S]*?(?:\*/|\Z)"
_LINE_COMMENT = r"//(?:[^\n\\]|\\[\s\S]?)*"
_STRING = r'"(?:[^"\\\n]|\\[\s\S]?)*"?'
_CHARACTER = r"'(?:[^'\\\n]|\\[\s\S]?)*'?"
_INCLUDE = r'^([^\S\n]*#[^\S\n]*(?:include|include_next|import)\b[^\S\n]*)("[^"\n]*"|<[^>\n]*>)'
_INCLUDE_TOKENS = bygroups(Comment.Preproc, Comment.PreprocFile)  # type: ignore[no-untyped-call]
_MNEMONIC_TOKENS = bygroups(Text, Keyword)  # type: ignore[no-untyped-call]
_MESSAGE = r"^[^\S\n]*#[^\S\n]*(?:error|warning)\b(?:[^\n\\]|\\[\s\S]?)*"
_CPP_WORDS = (
    "include|include_next|import|define|undef|if|ifdef|ifndef|elif|else|endif|error|warning|line|pragma|ident"
)


class CSource(RegexLexer):
    """C before preprocessing; also linker scripts and device trees, which are written for cpp."""

    name = "C source"
    tokens: ClassVar = {
        "root": [
            (_WORD, Name),
            (_INCLUDE, _INCLUDE_TOKENS),
            (_MESSAGE, Comment.Preproc),
            (r"^[^\S\n]*#[^\S\n]*[a-z_]*", Comment.Preproc),
            (r"[^A-Za-z0-9_\n\"'/#]+", Text),
            (r"\n+", Text),
            (_NUMBERS, Number),
            (_COMMENT, Comment),
            (_LINE_COMMENT, Comment),
            (_STRING, String),
            (_CHARACTER, String.Char),
            (r"[/#]", Text),
        ]
    }


class AsmSource(RegexLexer):
    """Assembler before preprocessing.

    What starts a comment differs by architecture: only what cannot be anything else is shown as one.
    """

    name = "Assembler source"
    tokens: ClassVar = {
        "root": [
            # a mnemonic: the first word of an indented line, unless it is a label or a macro with arguments
            (r"^([^\S\n]+)([a-z][a-z0-9.]*)(?=[^\S\n]|\n|;|\Z)", _MNEMONIC_TOKENS),
            (_WORD, Name),
            (_INCLUDE, _INCLUDE_TOKENS),
            (_MESSAGE, Comment.Preproc),
            (rf"^[^\S\n]*#[^\S\n]*(?:{_CPP_WORDS})\b", Comment.Preproc),
            (r"^[^\S\n]*#[^\n]*", Comment),
            # behind code: x86, alpha and others; arm; sparc and sh.  Elsewhere a blank follows none of these
            (r"(?<=[ \t])[#@!][ \t][^\n]*", Comment),
            (r"[.%][A-Za-z_][A-Za-z0-9_.]*", Keyword.Pseudo),
            (r"[^A-Za-z0-9_\n\"/#@!.%]+", Text),
            (r"\n+", Text),
            (_NUMBERS, Number),
            (_COMMENT, Comment),
            (_LINE_COMMENT, Comment),
            (_STRING, String),
            (r"[/#@!.%]", Text),
        ]
    }


class HashCommented(RegexLexer):
    """Makefiles and Kconfig: text, with comments from `#` to the end of the line."""

    name = "Text with # comments"
    tokens: ClassVar = {"root": [(r"^[^\S\n]*#[^\n]*", Comment), (r"[^\n]+", Text), (r"\n+", Text)]}


_OPTIONS = {"stripnl": False, "ensurenl": False}
_PLAIN = TextLexer(**_OPTIONS)
_BY_KIND: dict[str, Lexer] = {
    "c": CSource(**_OPTIONS),
    "linker": CSource(**_OPTIONS),
    "dts": CSource(**_OPTIONS),
    "asm": AsmSource(**_OPTIONS),
    "makefile": HashCommented(**_OPTIONS),
    "kconfig": HashCommented(**_OPTIONS),
}


def lexer_for(kind: str) -> Lexer:
    """The lexer for a kind of file, as `Index.file_kind` calls it; plain text where there is none."""
    return _BY_KIND.get(kind, _PLAIN)
