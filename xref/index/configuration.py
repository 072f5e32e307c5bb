"""What is known of a tree's macros under an architecture and a configuration: which of a file's lines those leave out.

Three sources tell: the compiler's own macros (predefined.json), the Kconfig files that the architecture reads, and
the configuration that is named, option by option or by a file of the tree.  What none of them tells is not known.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from typing import NamedTuple

from xref.graph.linkage import arch_of
from xref.index.files import FileState
from xref.index.query import Index
from xref.parse import kconfig
from xref.parse.branches import Branch
from xref.parse.branches import left_out
from xref.parse.expression import Fact
from xref.source.text import decode

_PREDEFINED = Path(__file__).with_name("predefined.json")
_OPTION = re.compile(r"^CONFIG_(\w+)(?:=(.*))?$")
_SET = re.compile(r"^CONFIG_(\w+)=(.*?)\r?$", re.MULTILINE)
_UNSET = re.compile(r"^# CONFIG_(\w+) is not set\r?$", re.MULTILINE)
#: a configuration that has every option of its tree; others hold what differs from the defaults
_WHOLE = re.compile(r"^# Automatically generated", re.MULTILINE)
_ARCH_VARIABLE = re.compile(r"\$\(?(?:SRC)?ARCH\)?")
_MOST_KCONFIG = 5000
_MOST_KEPT = 64
_WORD = re.compile(r"^[\w.+-]+$")

#: options by index state and architecture: they are shared by all who read it
_OPTIONS: dict[tuple[tuple[FileState, str], str], Offered] = {}


class ConfigurationError(ValueError):
    """A configuration that names no option and no file of the tree."""


class Offered(NamedTuple):
    """The options that an architecture's Kconfig files declare.  whole: every file that they source is there."""

    always: frozenset[str]
    declared: frozenset[str]
    whole: bool


class Configuration:
    """An architecture and a configuration of one tree; either may be left open.

    `config` is a list, by commas or blanks, of `CONFIG_X=y`, `CONFIG_X=m`, `CONFIG_X=n`, `CONFIG_X=value`, `CONFIG_X`
    (which is `y`), and the files of configurations: a path, or the name of one of the architecture's own
    (`defconfig`).  What comes later counts.  Raises ConfigurationError.
    """

    def __init__(self, index: Index, arch: str | None, config: str = "") -> None:
        self._index = index
        self.arch = arch
        self._given: dict[str, tuple[str | None, str]] = {}
        #: the file that has every option, if one is named
        self._whole: str | None = None
        self._headers: dict[str, bool] = {}
        for word in re.split(r"[\s,]+", config.strip()):
            if word:
                self._take(word)

    @property
    def asks(self) -> bool:
        """Is anything asked for at all?"""
        return self.arch is not None or bool(self._given) or self._whole is not None

    def _take(self, word: str) -> None:
        match = _OPTION.match(word)
        if match:
            self._set(match[1], "y" if match[2] is None else match[2], "asked")
            return
        path = next((each for each in self._paths(word) if self._index.has(each)), None)
        if path is None or not _WORD.match(word.rpartition("/")[2]):
            raise ConfigurationError(f"{word[:100]!r} is no option such as CONFIG_SMP=y, and no file of this tree")
        text = decode(self._index.source(path) or b"")
        found = [*_SET.finditer(text)]
        unset = [*_UNSET.finditer(text)]
        if not found and not unset:
            raise ConfigurationError(f"{path} sets no options")
        for each in found:
            self._set(each[1], each[2], path)
        for each in unset:
            self._set(each[1], "n", path)
        if _WHOLE.search(text):
            self._whole = path

    def _paths(self, word: str) -> list[str]:
        if "/" in word or self.arch is None:
            return [word]
        return [f"arch/{self.arch}/{word}", f"arch/{self.arch}/configs/{word}", word]

    def _set(self, name: str, value: str, why: str) -> None:
        on = None if value in ("n", "m") else "1" if value == "y" else value
        self._given[name] = (on, why)
        self._given[f"{name}_MODULE"] = ("1" if value == "m" else None, why)

    # -- what is known ----------------------------------------------------------------------------------

    def left_out(self, path: str) -> list[Branch]:
        """The branches of a file that this leaves out; none where nothing is asked for."""
        data = self._index.source(path)
        if not data or not self.asks:
            return []
        assembly = path.endswith((".S", ".s"))

        def facts(name: str, /) -> Fact | None:
            if name in ("__ASSEMBLY__", "__ASSEMBLER__") and not path.endswith(".h"):
                return Fact(name, "1" if assembly else None, "compiler")
            return self.fact(name)

        return left_out(data, facts)

    def fact(self, name: str, /) -> Fact | None:
        """What is known of a macro.

        why: asked; the path of a configuration file; kconfig (nothing that this architecture reads declares it, or
        nothing can turn it off); compiler.
        """
        if name.startswith("CONFIG_"):
            return self._option(name)
        if self.arch is None:
            return None
        table = _predefined()
        own = table["archs"].get(self.arch)
        if name in table["always"]:
            return Fact(name, table["always"][name] or "?", "compiler")
        if own is not None and name in own["always"]:
            return Fact(name, "1", "compiler")
        if name in table["never"] or (own is not None and name in table["all"] and name not in own.get("may", ())):
            return Fact(name, None, "compiler")
        return None

    def _option(self, name: str) -> Fact | None:
        option = name.removeprefix("CONFIG_")
        if option in self._given:
            return Fact(name, *self._given[option])
        known = offered(self._index, self.arch) if self.arch is not None else None
        if known is not None and option in known.always:
            return Fact(name, "1", "kconfig")
        absent = self._whole
        if absent is None and known is not None and known.whole:
            absent = None if option.removesuffix("_MODULE") in known.declared else "kconfig"
        # a header that defines the name itself may do so where no configuration does
        return Fact(name, None, absent) if absent is not None and not self._defined(name) else None

    def _defined(self, name: str) -> bool:
        if name not in self._headers:
            self._headers[name] = bool(self._index.defined([name]))
        return self._headers[name]


def offered(index: Index, arch: str) -> Offered:
    """The options of an architecture, read once for each state of an index."""
    key = (index.tree_state, arch)
    found = _OPTIONS.get(key)
    if found is None:
        found = _read(index, arch)
        if len(_OPTIONS) >= _MOST_KEPT:
            _OPTIONS.clear()
        _OPTIONS[key] = found
    return found


@lru_cache(maxsize=1)
def _predefined() -> dict[str, Any]:
    """The table of the compiler's macros, with `all` that any architecture may have."""
    table: dict[str, Any] = json.loads(_PREDEFINED.read_text(encoding="utf-8"))
    table["all"] = frozenset(
        name for arch in table["archs"].values() for name in (*arch["always"], *arch.get("may", ()))
    )
    return table


def _read(index: Index, arch: str) -> Offered:
    """What the Kconfig files declare that an architecture reads, from the first through all that they source."""
    first = next((each for each in ("Kconfig", f"arch/{arch}/Kconfig") if index.has(each)), None)
    always: set[str] = set()
    declared: set[str] = set()
    whole = first is not None
    waiting, seen = [first] if first else [], {first}
    while waiting:
        path = waiting.pop()
        found = kconfig.read(decode(index.source(path) or b""))
        own = arch_of(path) == arch
        declared.update(option.name for option in found.options)
        always.update(option.name for option in found.options if option.always and own)
        for keyword, target in found.sources:
            place = _ARCH_VARIABLE.sub(arch, target)
            if keyword in ("rsource", "orsource"):
                place = f"{path.rpartition('/')[0]}/{place}".lstrip("/")
            if place in seen:
                continue
            seen.add(place)
            if index.has(place) and len(seen) < _MOST_KCONFIG:
                waiting.append(place)
            else:
                whole = whole and keyword.startswith("o")
    return Offered(frozenset(always), frozenset(declared), whole)


def config_files(index: Index, arch: str) -> list[str]:
    """The configurations that a tree has for an architecture, as `Configuration` takes them."""
    below = f"arch/{arch}/"
    top = [each for each in index.files(f"{below}*defconfig") if each.count("/") == 2]
    more = [each for each in index.files(f"{below}configs/*") if each.count("/") == 3]
    return [each.removeprefix(below).removeprefix("configs/") for each in (*top, *more)]
