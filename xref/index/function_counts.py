"""How often the functions of a file are used: counts beside their definitions, cheaper than the lists themselves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from xref.index.query import Index
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

_CALL = REFERENCE_KINDS.index("call")
_FUNCTION = DEFINITION_KINDS.index("function")


class Usage(NamedTuple):
    """A function with the number of functions and macros that call it by its name, and of the places that store it."""

    name: str
    line: int
    callers: int
    stores: int


def usage(index: Index, path: str) -> list[Usage]:
    """The functions that a file defines, in its order.

    What calls a static function of a `.c` stands in that file or in those compiled as one with it; another
    function of the name elsewhere is none of it.
    """
    found = []
    for name, kind, line, _, _, static, *_rest in index.places_in(path):
        if kind == _FUNCTION:
            own = path if static and not path.endswith(".h") else None
            found.append(Usage(name, line, _callers(index, name, own), index.count_stores(name, own)))
    return found


def _callers(index: Index, name: str, own: str | None) -> int:
    """The distinct callers of a name, of all files or of those that are compiled as one with `own`."""
    count = 0
    for columns in index.uses_of(name):
        called = (columns.kind == _CALL) & (columns.scope > 0)
        blobs, scopes = columns.blob[called], columns.scope[called]
        pairs = np.unique(blobs.astype(np.int64) << 32 | scopes.astype(np.int64))
        for blob in (pairs >> 32).tolist():
            paths = index.blob_paths().get(blob, ())
            count += any(own is None or each == own or index.same_unit(own, each) for each in paths)
    return count
