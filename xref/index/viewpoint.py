"""The definitions of a name as one file sees them: the one that it means there stands first.

Of `start_request` each of a dozen drivers has its own; `Index.ranked` cannot know which of them a reader came from.
"""

from __future__ import annotations

from collections.abc import Sequence

from xref.index.definitions import Ranked
from xref.index.places import Places


def seen_from(
    places: Places, name: str, found: Sequence[Ranked], path: str
) -> tuple[list[Ranked], str | None]:
    """The definitions `found` of a name with the one first that the file `path` means.

    Besides how the file sees that one, as `Places.meant` tells it: `file`, `include`, `unit` or `linked`; None, with
    the order left as it is, where the tree has no such file or the file sees none of them.
    """
    if not places.index.has(path):
        return list(found), None
    meant = places.meant(name, path)
    if meant is None:
        # members, labels and what is under `#if 0` here
        place, how = None, "file"
        here = [each for each in found if each.file == path]
    else:
        place, how = meant
        here = [each for each in found if (each.file, *each.row[:2]) == (place.file, place.line, place.column)]
    return (here + [each for each in found if each not in here], how) if here else (list(found), None)
