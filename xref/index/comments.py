"""The comment that documents a definition: the block directly above it, or behind it on its line.

Nothing of this is stored: it is read off the source text when it is asked for.  Pure functions over a text.
"""

from __future__ import annotations

import re
import textwrap

#: what opens a comment, and what its further lines may begin with
_MARKS = re.compile(r"^[ \t]*(?:/\*+!?|//+!?|\*+(?!/))")
_CLOSING = re.compile(r"[ \t]*\*+/[ \t]*$")
#: a line that only draws: stars, dashes, equal signs
_RULE = re.compile(r"^[\s*=_#~+/-]*$")
_BLOCK_END = re.compile(r"\*/[ \t]*$")
_TRAILING = re.compile(r"/\*(?P<block>(?:(?!\*/).)*)(?:\*/[ \t\\]*)?$|//(?P<line>.*)$", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.DOTALL)


def comment_above(text: str, line: int) -> str | None:
    """The words of the comment directly above a line (counted from 1), None where none is.

    At most one blank line may be between.  A comment behind code (`int x; /* … */`) belongs to that code, and one
    that opens the file and stands alone there to the file.  Comments without a blank between are one.
    """
    lines = text.split("\n", line)[: line - 1]
    last = len(lines) - 1
    blank = last >= 0 and not lines[last].strip()
    if blank:
        last -= 1
    first = _first_line(lines, last)
    if first > last or (blank and first == 0):
        return None
    return _words("\n".join(lines[first : last + 1]))


def _first_line(lines: list[str], last: int) -> int:
    """Where the comments begin that end at a line; the line behind it where none does."""
    first = last + 1
    while first > 0:
        if lines[first - 1].lstrip().startswith("//"):
            first -= 1
            continue
        opens = _opening(lines, first - 1) if _BLOCK_END.search(lines[first - 1].rstrip("\r")) else None
        if opens is None:
            break
        first = opens
    return first


def _opening(lines: list[str], end: int) -> int | None:
    """The line that opens the block comment which ends at line `end`; None where code stands before it."""
    for number in range(end, -1, -1):
        line = lines[number]
        closed = line.rfind("*/", 0, line.rstrip().rfind("*/") if number == end else None)
        opened = line.find("/*", closed + 2 if closed >= 0 else 0)
        if opened >= 0:
            return number if not line[:opened].strip() else None
        if closed >= 0:
            return None
    return None


def comment_behind(text: str, line: int) -> str | None:
    """The words of a comment that begins behind the code on a line (counted from 1), as members have them."""
    rest = text.split("\n", line - 1)
    if len(rest) < line:
        return None
    own, _, below = rest[-1].partition("\n")
    bare = _QUOTED.sub(lambda found: " " * len(found.group()), own.rstrip("\r"))
    found = _TRAILING.search(bare)
    if found is None or not bare[: found.start()].strip():
        return None
    comment = own.rstrip("\r")[found.start() :]
    if found["block"] is not None and "*/" not in comment:
        body, closed, _ = below.partition("*/")
        comment = f"{comment}\n{body}*/" if closed else comment
    return _words(comment.rstrip("\\ \t"))


def _words(comment: str) -> str | None:
    """A comment without its marks, margin and rules; None where nothing is left."""
    lines = comment.replace("\r", "").expandtabs(8).split("\n")
    bare = [_MARKS.sub("", _CLOSING.sub("", line)).rstrip() for line in lines if not _draws(line)]
    while bare and not bare[0].strip():
        bare.pop(0)
    if not bare:
        return None
    first, rest = bare[0].strip(), textwrap.dedent("\n".join(bare[1:]))
    return f"{first}\n{rest}".rstrip()


def _draws(line: str) -> bool:
    """Is this a line of stars or dashes?  An empty one parts paragraphs and is none."""
    stripped = line.strip()
    return len(stripped) > 3 and _RULE.match(stripped) is not None
