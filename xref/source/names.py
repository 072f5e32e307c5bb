r"""File names as text that can be printed, put in JSON and turned back.

Linux allows any byte but `/` and NUL in a name.  Here a name is its UTF-8 reading, where

* a byte that is no UTF-8, and each byte of a character that does not print, is `\xNN`;
* a backslash is `\\`.

So `bad\xff.c` is ten characters, safe everywhere, and `os_name` gives back the very bytes.  Pure functions.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(\\))")


def printable(name: bytes) -> str:
    r"""A name or path as text: `b"bad\xff.c"` is `bad\xff.c`, ten characters.  `os_name` undoes it."""
    text = name.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return one_line(text.replace("\\", "\\\\"))


def os_name(path: str) -> bytes:
    r"""The bytes that `printable` was given.

    What is no escape of `printable` (a lone backslash, `\q`) stands for itself.  The result is not
    checked: whoever takes a path from outside must look for `..` and NUL in it.
    """
    out = bytearray()
    end = 0
    for match in _ESCAPE.finditer(path):
        out += path[end : match.start()].encode("utf-8", "surrogateescape")
        out += b"\\" if match[2] else bytes.fromhex(match[1])
        end = match.end()
    return bytes(out + path[end:].encode("utf-8", "surrogateescape"))


def one_line(text: str) -> str:
    r"""Text with every character that does not print written `\xNN`: one line, safe for any terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    """One character as the escapes of its bytes; a surrogate that stands for no byte is written as UTF-8."""
    try:
        raw = char.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = char.encode("utf-8", "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in raw)
