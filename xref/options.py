"""What the commands share: their arguments and options, the index that these name, and how an answer is given."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import click

from xref import console
from xref.show import Paint

if TYPE_CHECKING:
    from xref.index.query import Index

FILE = click.Path(path_type=Path)


class Session(NamedTuple):
    """What the options before the command say."""

    index: Path
    tree: str | None

    def open(self, arch: str | None = None) -> Index:
        """The index, closed when the command ends.  Raises UsageError for an architecture that it does not have."""
        from xref.index.query import Index
        from xref.index.query import arch_of

        index = Index(self.index, self.tree, arch)
        click.get_current_context().call_on_close(index.close)
        if arch is not None:
            has = sorted({each for path in index.files() if (each := arch_of(path))})
            if arch not in has:
                known = f"it has {', '.join(has)}" if has else "it has none"
                raise click.UsageError(f"{index.tree} has no architecture {arch!r} ({known})")
        return index


class _Text(click.ParamType):
    """An argument that the index can be asked about: not empty, and characters, not bytes."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value, or a complaint."""
        if not value:
            self.fail("it is empty", param, ctx)
        if not _is_unicode(value):
            self.fail(f"{value!r} is not UTF-8", param, ctx)
        return value


class _TreePath(click.ParamType):
    """A path in the tree; bytes that are no UTF-8 become the escapes by which the index knows such names."""

    name = "path"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path as the index writes it."""
        from xref.source.names import printable

        if not value:
            self.fail("it is empty", param, ctx)
        return value if _is_unicode(value) else printable(os.fsencode(value))


def _is_unicode(value: str) -> bool:
    """Whether an argument was UTF-8: what was not arrives as surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


TEXT = _Text()
TREE_PATH = _TreePath()


def path_in_tree(index: Index, path: str) -> str:
    """A path as the index has it, from one that may be `./written/so` or absolute."""
    root = index.info().root.rstrip("/") + "/" if path.startswith("/") else ""
    return posixpath.normpath(path.removeprefix(root)).removeprefix("./")


_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def named(parameter: str) -> _Decorator:
    """The argument that is a name in the tree."""
    return click.argument(parameter, type=TEXT, shell_complete=_complete)


def _complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The names that begin so, for the shell's Tab key; none where there is no index to ask."""
    given = ctx.find_root().params
    index = given.get("index") or os.environ.get("XREF_INDEX") or "xref.db"
    try:
        return Session(Path(index), given.get("tree")).open().complete(incomplete, 200)
    except Exception:
        return []


as_json: _Decorator = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, a list.")


def answer(
    found: Sequence[object],
    as_json: bool,
    lines: Callable[[Paint], Iterable[str]],
    nothing: Callable[[], str] | None = None,
) -> int:
    """Print what a query found; where it is nothing, say why.  The exit status."""
    if as_json:
        console.put_document(found)
    else:
        console.put(lines(Paint(console.coloured())))
    if found or nothing is None:
        return console.FOUND
    console.say(nothing())
    return console.NOTHING
