"""The text of kernel assembly: without comments and the content of strings, each byte left in its place.

Which sign begins a comment differs from machine to machine. The text itself is asked: between what its signs stand,
and what reads as prose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_CLEAR = bytes.maketrans(b"\r\x00\f\v", b"    ")
_BLANK = bytes(byte if byte == 10 else 32 for byte in range(256))
_TEXT = re.compile(rb"'\\?[\"/#;@!|]'?|/\*.*?(?:\*/|\Z)|//[^\n]*|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"?", re.DOTALL)
DIRECTIVE = re.compile(
    r"[ \t]*#[ \t]*(define|undef|include(?:_next)?|import|if(?:def|ndef)?|elif|else|endif"
    r"|error|warning|pragma|line|ident)\b[ \t]*(.*)",
    re.ASCII,
)
_PROSE = re.compile(r";[ \t]*[A-Za-z][a-z']*[ \t]+[A-Za-z][a-z']*[ \t]+[A-Za-z][^\n%$,;]*$", re.MULTILINE)
#: what begins and ends lines that are assembled more than once
_REPEATS = re.compile(r"[ \t]*\.(rept|irpc?|endr)\b", re.ASCII)
_HASH_LINE = re.compile(r"#(?:[ \t].*|$)|(?<=\n)#.*|[@|](?:[ \t].*|$)", re.MULTILINE)


def code_of(data: bytes) -> tuple[str, str]:
    """A file's text as it is, and with comments and strings blanked; both as Latin-1, a byte a character."""
    data = data.translate(_CLEAR)
    return data.decode("latin-1"), _TEXT.sub(_blank, data).decode("latin-1")


def _blank(found: re.Match[bytes]) -> bytes:
    """Blank a comment or a string's content, byte for byte; a pasting `/**/` becomes `####`."""
    piece = found.group()
    if piece == b"/**/":
        data, begin, end = found.string, found.start(), found.end()
        around = data[max(begin - 1, 0) : begin] + data[end : end + 1]
        return b"####" if (len(around) == 2 and around.isalnum()) or around.strip(b"_").isalnum() else b"    "
    if piece[:1] == b'"':
        return b'"' + piece[1:-1].translate(_BLANK) + piece[-1:] if len(piece) > 1 else b" "
    return piece.translate(_BLANK)


@lru_cache(maxsize=1024)
def comment_pattern(signs: str) -> re.Pattern[str]:
    """Return the pattern of a line comment that starts with one of `signs`; `#` alone needs blanks around."""
    choices = {
        "@": r"(?<!\\)@(?![a-z]*function|object)",
        "!": r"(?:^|(?<=[ \t;\d)]))!(?!=)",
        "|": r"\|",
        ";": r";(?!;)",
        "#": r"(?:^[ \t]*#|(?<=[ \t;])#(?=[ \t#]|$))",
        "$": r"(?:^[ \t]*#|(?<=[ \t;])#(?=[ \t#A-Za-z]|$))",  # `#` that can be no immediate operand
    }
    return re.compile("|".join(choices[sign] for sign in signs))


def comment_signs(text: str) -> str:
    """Return which of the comment signs this file uses; C's own are gone already."""
    if re.search(r"%d[0-7]\b|%sp@|%a[0-6]@", text) or text.count("\n|") > 2:  # m68k
        return "|#"
    signs = "@" if _stands_alone("@", text) and not re.search(r"@\(|@-|@r\d", text) else ""
    prose = _HASH_LINE.sub("", text) if ";" in text or _stands_alone("!", text) else ""
    if _stands_alone("!", prose):
        signs += "!"
    # no statement starts with `;`, or reads as three words in a row
    if re.search(r"\n[ \t]*;(?!;)[^;\n]*[A-Za-z]", prose) or _PROSE.search(prose):
        signs += ";"
    immediate = ",#" in text or ", #" in text or ",\t#" in text or "membar" in text
    return signs + ("#" if immediate or re.search(r"#[\w(~-]+[ \t]*,", text) else "$")


def _stands_alone(sign: str, text: str) -> bool:
    """Return whether the sign stands between blanks somewhere."""
    return sign in text and any(before + sign + after in text for before in " \t\n" for after in " \t\n")


def is_prose(line: str, found: re.Match[str]) -> bool:
    """Return whether `# if this is so` is an assembler's comment, which the preprocessor never saw."""
    if line[found.start(1) - 1] == "#":
        return False
    word, rest = found[1], found[2]
    if word in ("if", "elif"):
        return re.search(r"\b[A-Za-z]\w*[ \t]+\w|[{;]", rest.replace("defined", "!")) is not None
    if word in ("else", "endif", "ifdef", "ifndef"):
        return len(rest.split()) > (word in ("ifdef", "ifndef"))
    return word in ("line", "ident", "error", "warning", "import", "include") and rest[:1] not in ('"', "<")


def repeated_lines(lines: Sequence[str]) -> frozenset[int]:
    """The numbers of the lines that the assembler reads more than once: those from `.rept` to `.endr`."""
    found: set[int] = set()
    depth = 0
    for number, line in enumerate(lines, 1):
        if "." in line and (word := _REPEATS.match(line)):
            depth = depth + 1 if word[1] != "endr" else max(0, depth - 1)
        if depth:
            found.add(number)
    return frozenset(found)
