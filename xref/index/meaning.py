"""Which of a name's definitions is meant where it is read: the one that this file sees, before the likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xref.graph.linkage import arch_of
from xref.index.definitions import Ranked
from xref.index.places import Places
from xref.index.query import Index
from xref.index.records import Definition
from xref.index.viewpoint import seen_from

#: kinds that other files can mean without including anything
_LINKED = ("function", "variable", "prototype", "label")
#: kinds that only `.` and `->` lead to
_INNER = ("member",)


class Container(NamedTuple):
    """A struct or union that has a member: `struct proto`, and where the member stands in it."""

    struct: str
    file: str
    line: int


class MemberOf(NamedTuple):
    """What a member at a place is in.

    struct: `struct proto`; None where the type of the expression before it is not known.  Then candidates are the
    first of the `total` structs that have such a member, those first whose headers the file includes.
    """

    struct: str | None
    candidates: tuple[Container, ...]
    total: int
    #: functions stored in it, and calls through it; slot is the struct as `ident/NAME?list=stores&struct=` takes it
    stores: int = 0
    calls: int = 0
    slot: str | None = None


class Meaning(NamedTuple):
    """What a name means in a file.  seen: here included linked elsewhere, or likeliest where no file asked."""

    definition: Definition
    seen: str
    comment: str | None
    #: definitions of the name in the whole tree, by kind
    kinds: dict[str, int]
    #: definitions as likely as this one: seen in the same way, and of the same kind
    alike: int
    #: of a member whose place was asked about, what it is in
    member: MemberOf | None = None


def meaning(places: Places, name: str, path: str | None = None, *, member: bool = False) -> Meaning | None:
    """What a name means in the file `path`, or anywhere; None where the tree does not define it.

    `member`: it stands behind `.` or `->`.  Without a path it is the first of `Index.definitions`; with one, what
    `seen_from` puts first, and for a member or what the file does not see the first of what it may see.
    """
    index = places.index
    ranked = index.ranked(name)
    if not ranked:
        return None
    found, how = seen_from(places, name, ranked, path) if path and not member else (ranked, None)
    kinds = counted(found)
    # without a context the order of the list is the answer: members are not put last
    narrowed = (path or member) and not how
    wanted = [each for each in found if (each.kind in _INNER) == member] if narrowed else found
    among = wanted or found
    seen = [seen_by(index, each, path) for each in among] if path else [_LIKELIEST] * len(among)
    # a declaration is seen nearer by than what it declares, and says less
    best = 0 if how else min(
        range(len(among)),
        key=lambda place: (seen[place] == "elsewhere", among[place].kind == "prototype", _ORDER.index(seen[place])),
    )
    chosen = among[best]
    alike = sum(each.kind == chosen.kind and how == seen[best] for each, how in zip(among, seen, strict=True))
    definition = index.definition(chosen)
    return Meaning(definition, _TOLD[how] if how else seen[best], index.comment(definition), kinds, alike)


def counted(found: Sequence[Ranked]) -> dict[str, int]:
    """How many definitions there are, by kind."""
    kinds: dict[str, int] = {}
    for each in found:
        kinds[each.kind] = kinds.get(each.kind, 0) + 1
    return kinds


_LIKELIEST = "likeliest"
#: what `seen_from` says, in the words of this record
_TOLD = {"file": "here", "include": "included", "unit": "linked", "linked": "linked"}
_ORDER = ("here", "included", "linked", "elsewhere", _LIKELIEST)


def seen_by(index: Index, definition: Ranked, path: str) -> str:
    """How a file comes to see a definition."""
    if definition.file == path:
        return "here"
    if definition.file.endswith(".h"):
        return "included" if index.reaches(path, definition.file) else "elsewhere"
    if definition.kind in _LINKED and definition.kind != "label" and not definition.row[3] & 1:
        foreign = arch_of(definition.file) not in (None, index.arch)
        return "elsewhere" if foreign else "linked"
    return "linked" if index.same_unit(path, definition.file) else "elsewhere"
