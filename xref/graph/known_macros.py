"""Macros whose calls cannot be read off their bodies, because assembly or patching at run time stands between.

They are data, in macros.json, with a reason each: through which slot such a macro calls, or what it stores where.  So
are parameters that assembly fills.
`{0}` is the macro's first argument.  Everything else about macros is learnt from the tree.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import NamedTuple


class KnownMacro(NamedTuple):
    """One macro: the slot it means, or the member of a struct or union.

    called: its use is the call itself, not what is called; value: the argument that it stores, -1 for a call.
    """

    slot: str | None
    member: tuple[str, str] | None
    called: bool
    value: int


class Handed(NamedTuple):
    """A parameter that assembly fills with what another function was given: number, that function, its parameter."""

    parameter: int
    by: str
    its: int


def _handed() -> dict[str, Handed]:
    rows = json.loads(resources.files("xref.graph").joinpath("macros.json").read_text())["handed"]
    for name, row in rows.items():
        if not row["why"]:
            raise ValueError(f"macros.json gives no reason for {name}")
    return {name: Handed(row["parameter"], row["by"], row["its"]) for name, row in rows.items()}


def _load() -> tuple[dict[str, KnownMacro], dict[str, KnownMacro]]:
    data = json.loads(resources.files("xref.graph").joinpath("macros.json").read_text())
    found = []
    for part in ("calls", "stores"):
        rows = {}
        for name, row in data[part].items():
            if not row["why"]:
                raise ValueError(f"macros.json gives no reason for {name}")
            member = (row["member"][0], row["member"][1]) if "member" in row else None
            rows[name] = KnownMacro(
                row.get("slot"), member, row.get("called", False), row.get("value", -1)
            )
        found.append(rows)
    return found[0], found[1]


#: macros that call, and macros that store, by name
CALLS, STORES = _load()
KNOWN = frozenset(CALLS) | frozenset(STORES)
#: by the function whose parameter it is
HANDED = _handed()
