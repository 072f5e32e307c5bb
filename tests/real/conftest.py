"""A real kernel tree, indexed once for all tests here.  `XREF_KERNEL` names it; without it they are skipped.

The tree may be a whole release or some of its top directories, as CI unpacks them.  It is only read.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from xref.index.build import Report
from xref.index.build import index_tree
from xref.index.query import Index

_HERE = Path(__file__).parent
_VARIABLE = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL) *= *(\d+)", re.MULTILINE)
#: the name that the tree has in the tests' indexes, wherever it lies
NAME = "kernel"


class Kernel(NamedTuple):
    """The tree and its index, neither to be written to."""

    root: Path
    index: Path
    report: Report
    #: of its Makefile, "" where it has none
    version: str
    #: whether the whole release is there, not only some directories
    whole: bool


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what stands here where there is no tree."""
    if not os.environ.get("XREF_KERNEL"):
        skip = pytest.mark.skip(reason="XREF_KERNEL names no kernel tree")
        for item in items:
            if _HERE in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """The tree that XREF_KERNEL names, indexed."""
    root = Path(os.environ["XREF_KERNEL"]).resolve()
    assert root.is_dir(), f"XREF_KERNEL names {root}, which is no directory"
    index = tmp_path_factory.mktemp("kernel") / "kernel.db"
    report = index_tree(index, root, name=NAME, jobs=os.cpu_count())
    whole = all((root / each).is_dir() for each in ("arch", "drivers", "fs", "include", "kernel", "mm", "net"))
    return Kernel(root, index, report, _version(root), whole)


@pytest.fixture(scope="session")
def opened(kernel: Kernel) -> Index:
    """The index, open."""
    return Index(kernel.index)


@pytest.fixture
def copied(kernel: Kernel, tmp_path: Path) -> Kernel:
    """A copy of the tree and of the index.  Replace a file of the tree, never write into it: it may be a hard link."""
    root = tmp_path / "tree"
    shutil.copytree(kernel.root, root, symlinks=True, copy_function=_link)
    index = tmp_path / "kernel.db"
    shutil.copyfile(kernel.index, index)
    return kernel._replace(root=root, index=index)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _version(root: Path) -> str:
    makefile = root / "Makefile"
    if not makefile.exists():
        return ""
    found = dict(_VARIABLE.findall(makefile.read_text(encoding="utf-8", errors="replace")[:2000]))
    return ".".join(found[each] for each in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if each in found)
