"""Which headers a file reaches by its includes.

Sets of files are Python integers with a bit for each file: with 7,000 headers a union is a few hundred bytes,
so that the closure of a whole tree takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from functools import cached_property

from xref.graph.linkage import arch_of
from xref.graph.linkage import found_by_name
from xref.graph.linkage import include_candidates
from xref.graph.linkage import shared_candidates
from xref.index.memory import Memory

#: files of which it is remembered what they reach: some 2 KB each
_REMEMBERED = 8_000


class IncludeResolver:
    """Which file of a tree an `#include` means; asked for all of them, it remembers what several have in common.

    `known` are the tree's files, `arch` the architecture asked for among its `archs`.
    """

    def __init__(self, known: Collection[str], arch: str | None, archs: Sequence[str]) -> None:
        self._known, self._arch, self._archs = known, arch, archs
        self._own: dict[str, str | None] = {}
        #: by directory and target, and by architecture and target
        self._found: dict[tuple[str, str, bool], str | None] = {}
        self._shared: dict[tuple[str | None, str], str | None] = {}

    def __call__(self, path: str, target: str, system: bool) -> str | None:
        """The file, or None; `system`: the target stands in angle brackets."""
        here = path.rpartition("/")[0]
        if not system:
            beside = f"{here}/{target}"
            if beside in self._known:
                return beside
        else:
            found = self._of_all(here, target)
            if found is not None:
                return found
        key = (here, target, system)
        if key not in self._found:
            candidates = include_candidates(path, target, system, self._arch, self._archs)
            found = next((each for each in candidates if each in self._known), None)
            self._found[key] = found if found is not None else self.by_name(path, target, system)
        return self._found[key]

    def by_name(self, path: str, target: str, system: bool) -> str | None:
        """The file that is meant although it is at none of the usual places."""
        named = self._by_name.get(target.rpartition("/")[2], ())
        return found_by_name(path, target, system, self._arch, named) if named else None

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """The tree's files by the last part of their names."""
        found: dict[str, list[str]] = {}
        for path in self._known:
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    def _of_all(self, here: str, target: str) -> str | None:
        """What it means to all files of the architecture that those of a directory belong to."""
        if here not in self._own:
            self._own[here] = arch_of(f"{here}/")
        key = (self._own[here], target)
        if key not in self._shared:
            candidates = shared_candidates(target, key[0], self._arch, self._archs)
            self._shared[key] = next((each for each in candidates if each in self._known), None)
        return self._shared[key]


class IncludeGraph:
    """The includes of a tree, as read for one architecture.

    `edges` are (path, target, is it in angle brackets); `resolve` tells which file that means, or None; `arch` is the
    architecture that it is read for.
    """

    def __init__(
        self,
        paths: Sequence[str],
        edges: Iterable[tuple[str, str, bool]],
        resolve: Callable[[str, str, bool], str | None],
        arch: str | None = None,
    ) -> None:
        self._arch = arch
        self._number = {path: number for number, path in enumerate(paths)}
        self._direct: dict[str, set[str]] = {}
        #: for each file that is a part of a `.c` the files that it is a part of
        self._wholes: dict[str, list[str]] = {}
        for path, target, system in edges:
            found = resolve(path, target, system)
            if found is not None and found != path:
                self._direct.setdefault(path, set()).add(found)
        self._join_parts()
        self._closed = self._close()
        self._reach: Memory[str, int] = Memory(_REMEMBERED)

    def _join_parts(self) -> None:
        """A `.c` that another `.c` includes, and a header that one `.c` has to itself, see what that one includes.

        Not what another architecture's includes: fs/binfmt_elf.c is compiled as it stands, too.
        """
        users: dict[str, list[str]] = {}
        for path, headers in self._direct.items():
            for header in headers:
                users.setdefault(header, []).append(path)
        for part, wholes in users.items():
            own = part.endswith(".c") or (len(wholes) == 1 and "include/" not in part)
            within = [whole for whole in wholes if whole.endswith(".c")] if own else []
            if within:
                self._wholes[part] = within
            for whole in within:
                if arch_of(whole) not in (None, self._arch, arch_of(part)):
                    continue
                self._direct.setdefault(part, set()).update(self._direct[whole] - {part})

    def is_part(self, path: str) -> bool:
        """Is it compiled as a part of a `.c` that includes it?"""
        return path in self._wholes

    def is_joined(self, path: str) -> bool:
        """Is it compiled as one with another `.c`?"""
        return path in self._wholes or path in self._joined

    @cached_property
    def _joined(self) -> frozenset[str]:
        return frozenset(whole for wholes in self._wholes.values() for whole in wholes)

    def same_unit(self, path: str, other: str) -> bool:
        """Are two files compiled as one, because a `.c` includes one or both?"""
        one, two = self._wholes.get(path, ()), self._wholes.get(other, ())
        return path in two or other in one or not set(one).isdisjoint(two)

    def _close(self) -> dict[str, int]:
        """For each file that is included the files it reaches, itself among them; cycles settle by repetition."""
        order = self._inner_first()
        bits = {header: 1 << self._number[header] for header in order}
        changed = True
        while changed:
            changed = False
            for header in order:
                union = bits[header]
                for other in self._direct.get(header, ()):
                    union |= bits[other]
                if union != bits[header]:
                    bits[header] = union
                    changed = True
        return bits

    def _inner_first(self) -> list[str]:
        """The files that are included, each behind those that it includes itself, so far as there are no cycles."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        for header in {header for headers in self._direct.values() for header in headers}:
            stack = [header]
            while stack:
                here = stack[-1]
                if here not in seen:
                    seen.add(here)
                    stack += [other for other in self._direct.get(here, ()) if other not in seen]
                else:
                    found[stack.pop()] = None
        return list(found)

    def reaches(self, path: str, header: str) -> bool:
        """Does `path` include `header`, directly or through others?  A file reaches itself."""
        if path == header:
            return True
        number = self._number.get(header)
        return number is not None and bool(self._all(path) >> number & 1)

    def used_together(self, header: str, other: str) -> bool:
        """Does some file that nobody includes reach both headers?"""
        return bool(self._users.get(header, 0) & self._users.get(other, 0))

    @cached_property
    def _users(self) -> dict[str, int]:
        """For each file that is included the files that nobody includes and that reach it, as a set of these."""
        bits = dict.fromkeys(self._closed, 0)
        for place, end in enumerate(path for path in self._direct if path not in self._closed):
            for header in self._direct[end]:
                bits[header] |= 1 << place
        outer_first = [header for header in reversed(self._closed) if header in self._direct]
        changed = True
        while changed:
            changed = False
            for header in outer_first:
                for other in self._direct[header]:
                    union = bits[other] | bits[header]
                    if union != bits[other]:
                        bits[other] = union
                        changed = True
        return bits

    def set_of(self, paths: Iterable[str]) -> int:
        """A set of files, as `meets` takes it."""
        found = 0
        for path in paths:
            found |= 1 << self._number[path]
        return found

    def meets(self, path: str, files: int) -> bool:
        """Is a file among these, or does it reach one of them?"""
        return bool((self._all(path) | 1 << self._number[path]) & files)

    def _all(self, path: str) -> int:
        known = self._reach.get(path)
        if known is None:
            known = self._closed.get(path, 0)
            for header in self._direct.get(path, ()):
                known |= self._closed[header]
            self._reach[path] = known
        return known
