"""The macros of a tree as people read them: body as written, and opened one step."""

from __future__ import annotations

from xref.index.places import Place
from xref.index.places import Places
from xref.parse.constants import value_of
from xref.parse.expansion import MacroText
from xref.parse.expansion import Opened
from xref.parse.expansion import opened
from xref.parse.expansion import read_macro
from xref.source.text import decode

_DEEPEST = 8


class MacroBodies:
    """Reads the macros of one tree, and remembers."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._read: dict[tuple[str, int, int], MacroText | None] = {}

    def written(self, place: Place) -> str:
        """The lines of a macro's definition as they are in its file."""
        lines = (self._places.index.source(place.file) or b"").split(b"\n")[place.line - 1 : place.end_line]
        return "\n".join(decode(line).rstrip("\r") for line in lines)

    def text(self, place: Place) -> MacroText | None:
        """A macro, taken apart; None for what is no `#define`."""
        key = (place.file, place.line, place.column)
        if key not in self._read:
            written = self.written(place).encode("utf-8", "replace")[place.column - 1 :].decode("utf-8", "replace")
            self._read[key] = read_macro(written)
        return self._read[key]

    def find(self, name: str, path: str) -> MacroText | None:
        """The macro that a name most likely means in a file, None where it means none."""
        place = self._places.best(name, ("macro",), path)
        return self.text(place) if place is not None and self._places.seen(place, path) else None

    def opened(self, place: Place) -> Opened | None:
        """A macro's body with the macros in it opened once; None where there are none in it."""
        text = self.text(place)
        if text is None:
            return None
        found = opened(text, lambda name: self.find(name, place.file))
        return found if found.macros else None

    def value(self, name: str, path: str, depth: int = 0) -> int | None:
        """The number that a macro without parameters stands for; None where it stands for none."""
        macro = self.find(name, path) if depth < _DEEPEST else None
        if macro is None or macro.params is not None or not macro.body:
            return None
        return value_of(macro.body, lambda inner: self.value(inner, path, depth + 1))
