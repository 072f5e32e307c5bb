"""Files by a few letters of their paths: `tcpin` finds net/ipv4/tcp_input.c.

Each way in which letters can mean a path is an expression over all paths at once, the best way first; RE2 reads the
paths of a kernel in some milliseconds, however the letters are chosen.  Pure: it is given the paths.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import re2

#: letters looked at; no path is so long
_LONGEST = 120


class FileNames:
    """The paths of a tree, made ready."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        folded = [path.lower().replace("\n", " ").encode("utf-8", "replace") for path in paths]
        self._text = b"\n".join(folded)
        self._starts = list(accumulate((len(each) + 1 for each in folded), initial=0))

    def find(self, letters: str, most: int, *, strewn: bool = True) -> list[str]:
        """The paths that these letters mean, in any case and with gaps between them: the likeliest first.

        The name itself goes before one that begins so, that before one that has the letters together, and that before
        one whose words begin with them; the file's own name goes before its directories, short before long.  Letters
        strewn about count, with `strewn`, where nothing else has them.
        """
        wanted = "".join(letters.lower().split())[:_LONGEST]
        found: dict[str, None] = {}
        for loose, expression in _ways(wanted) if wanted else ():
            if len(found) >= most or (loose and (found or not strewn)):
                break
            some = [path for path in self._matching(expression) if path not in found]
            found.update(dict.fromkeys(sorted(some, key=_shortness)))
        return list(found)[:most]

    def _matching(self, expression: bytes) -> Iterator[str]:
        for match in _compiled(expression).finditer(self._text):
            yield self._paths[bisect_right(self._starts, match.start()) - 1]


@lru_cache(maxsize=256)
def _compiled(expression: bytes) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(expression, options)


def _shortness(path: str) -> tuple[int, int, str]:
    return len(path) - path.rfind("/"), len(path), path


def _ways(wanted: str) -> Iterator[tuple[bool, bytes]]:
    """The expressions, the best first: are the letters strewn about, and the expression."""
    letters = [re2.escape(each.encode("utf-8", "replace")) for each in wanted]
    whole = b"".join(letters)
    base = b"(?m)^(?:[^\\n]*/)?"
    yield False, base + whole + b"(?:\\.[^\\n/]*)?$"
    yield False, base + whole + b"[^\\n/]*$"
    yield False, b"(?m)^[^\\n]*" + whole + b"[^\\n/]*$"
    in_name = "/" not in wanted
    word = b"(?:[^\\n/]*[^a-z0-9/\\n])?"
    if in_name:
        yield False, base + word + word.join(letters) + b"[^\\n/]*$"
    yield False, b"(?m)^[^\\n]*" + whole + b"[^\\n]*$"
    word = b"(?:[^\\n]*[^a-z0-9\\n])?"
    yield False, b"(?m)^" + word + word.join(letters) + b"[^\\n]*$"
    if in_name:
        yield True, base + b"[^\\n/]*" + b"[^\\n/]*".join(letters) + b"[^\\n/]*$"
    yield True, b"(?m)^[^\\n]*" + b"[^\\n]*".join(letters) + b"[^\\n]*$"
