"""Trees that change, and all that an index says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from xref.index import export
from xref.index.build import index_tree
from xref.index.query import Index

Facts = dict[str, Counter[tuple[object, ...]]]


def facts_of(file: Path, tree: str | None = None) -> Facts:
    """Everything that the index tells of a tree, in no order."""
    index = Index(file, tree)
    try:
        facts: Facts = {kind: Counter(map(tuple, tell(index))) for kind, tell in sorted(export.EXPORTS.items())}
        facts["problems"] = Counter(map(tuple, index.problems()))
        facts["files"] = Counter((path, index.file_kind(path), index.source(path)) for path in index.files())
        info = index.info()
        # root and time of indexing differ between indexes
        facts["info"] = Counter([(info.arch, *info[4:])])
        return facts
    finally:
        index.close()


@pytest.fixture
def facts() -> Callable[..., Facts]:
    return facts_of


class Tree:
    """A tree in a directory, and an index of it that is kept up to date."""

    def __init__(self, place: Path) -> None:
        self.root = place / "tree"
        self.root.mkdir()
        self.index = place / "tree.db"
        self._fresh = 0

    def write(self, files: dict[str, str | bytes]) -> None:
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode("latin-1"))

    def update(self, **options: object) -> object:
        return index_tree(self.index, self.root, jobs=1, **options)  # type: ignore[arg-type]

    def check(self) -> None:
        """The index that grew with the tree says what one made anew says."""
        self._fresh += 1
        fresh = self.index.with_name(f"fresh-{self._fresh}.db")
        index_tree(fresh, self.root, jobs=1)
        grown, new = facts_of(self.index), facts_of(fresh)
        fresh.unlink()
        for kind in new:
            only_grown, only_new = sorted((grown[kind] - new[kind]).elements(), key=str), sorted(
                (new[kind] - grown[kind]).elements(), key=str)
            assert (kind, only_grown[:8], only_new[:8]) == (kind, [], [])

    def of(self, kind: str) -> list[tuple[object, ...]]:
        return sorted(facts_of(self.index)[kind].elements(), key=str)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)
