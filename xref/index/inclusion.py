"""Which file includes which: what an `#include` means, what a file sees through others, what is compiled as one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from xref.graph.includes import IncludeGraph
from xref.graph.includes import IncludeResolver
from xref.graph.linkage import arch_of
from xref.graph.linkage import include_candidates
from xref.index.reading import State
from xref.index.records import Include
from xref.index.tree_files import TreeFiles

_MOST_GRAPHS = 8
#: include closures by index file, tree and architecture: they are shared by all who read it
_GRAPHS: dict[State, IncludeGraph] = {}


class Inclusion(TreeFiles):
    """What the files of a tree include."""

    def includes(self, path: str) -> list[Include]:
        """What a file includes, and which files of the tree that can be."""
        blob = self._blob(path)
        rows = self._db.execute("SELECT line, target, system FROM includes WHERE blob = ? ORDER BY line", [blob])
        return [
            Include(path, line, target, bool(system), self.resolve_include(path, target, bool(system)))
            for line, target, system in rows
        ]

    def resolve_include(self, path: str, target: str, system: bool) -> tuple[str, ...]:
        """The files that an `#include` in `path` can mean, the likeliest first."""
        candidates = include_candidates(path, target, system, self.arch, self._archs)
        found = tuple(each for each in candidates if each in self._path_set)
        if not found:
            other = self._includes_resolver.by_name(path, target, system)
            found = (other,) if other is not None else ()
        return found

    @cached_property
    def _includes_resolver(self) -> IncludeResolver:
        return IncludeResolver(self._path_set, self.arch, self._archs)

    def reaches(self, path: str, header: str) -> bool:
        """Does a file include a header, directly or through others?

        The closure is that of the chosen architecture; for a file of another one it is judged by place.
        """
        own = arch_of(path)
        if own is None or own == self.arch:
            return self._include_graph.reaches(path, header)
        if header.startswith((f"include/asm-{own}/", f"arch/{own}/", "include/linux/", "include/asm-generic/")):
            return True
        return path.startswith(header.rpartition("/")[0] + "/")

    def used_together(self, header: str, other: str) -> bool:
        """Does some file include both headers?"""
        return self._include_graph.used_together(header, other)

    def is_part(self, path: str) -> bool:
        """Is a file compiled as a part of a `.c` that includes it?"""
        return self._include_graph.is_part(path)

    def is_joined(self, path: str) -> bool:
        """Is a file compiled as one with another `.c`?"""
        return self._include_graph.is_joined(path)

    def same_unit(self, path: str, other: str) -> bool:
        """Are two files compiled as one, because a `.c` includes one or both?"""
        return self._include_graph.same_unit(path, other)

    def set_of(self, paths: Iterable[str]) -> int:
        """A set of files, as `sees` takes it."""
        return self._include_graph.set_of(paths)

    def sees(self, path: str, files: int) -> bool:
        """Is a file one of these, or does it include one of them, directly or through others?

        A file of another architecture than the chosen one may see any of them.
        """
        if arch_of(path) not in (None, self.arch):
            return bool(files)
        return self._include_graph.meets(path, files)

    @cached_property
    def _include_graph(self) -> IncludeGraph:
        key = self.state
        graph = _GRAPHS.get(key)
        if graph is None:
            query = "SELECT path, target, system FROM files JOIN includes ON includes.blob = files.blob WHERE tree = ?"
            edges = self._db.execute(query, [self._tree_id])
            graph = IncludeGraph(self._all_paths, edges, self._includes_resolver, self.arch)
            if len(_GRAPHS) >= _MOST_GRAPHS:
                _GRAPHS.clear()
            _GRAPHS[key] = graph
        return graph
