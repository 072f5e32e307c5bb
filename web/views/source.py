"""`/TREE/source/PATH`, `/TREE/raw/PATH`: files and directories; the API's `outline`."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import url_for

from web import arguments
from web import suggest
from web.describe import answers
from web.errors import NotFoundError
from web.render import Links
from web.render import Rendered
from web.render import render
from web.shapes import answer
from web.site import site
from xref.index.query import Index
from xref.index.records import Definition
from xref.source.text import decode

blueprint = Blueprint("source", __name__)

#: kinds that a file's outline leaves to the API: there are too many to look through
_DETAIL = ("member", "enumerator", "label", "prototype")


class Crumb(NamedTuple):
    """A directory above, or the file itself."""

    name: str
    path: str


class Source(NamedTuple):
    """A file as its page shows it; no code where it is binary or too long to show."""

    path: str
    kind: str
    size: int
    code: Rendered | None
    outline: list[Definition]


@blueprint.get("/<tree>/source/", defaults={"path": ""})
@blueprint.get("/<tree>/source/<path:path>")
def page(tree: str, path: str) -> str:
    """A file with its code, or a directory."""
    path = arguments.path(path)
    with site().indexes.lease(tree) as index:
        if path and index.has(path):
            return render_template(
                "file.html",
                tree=tree,
                crumbs=list(_crumbs(path)),
                file=_source(index, path),
                problems=site().indexes.facts(tree).problems.get(path, ()),
            )
        entries = index.directory(path)
        if entries is None:
            raise _not_found(index, path)
        return render_template(
            "directory.html", tree=tree, crumbs=list(_crumbs(path)), path=path, entries=entries
        )


@blueprint.get("/<tree>/raw/<path:path>")
def raw(tree: str, path: str) -> Response:
    """A file's bytes."""
    path = arguments.path(path)
    with site().indexes.lease(tree) as index:
        data = index.source(path)
        if data is None:
            raise _not_found(index, path)
        if index.file_kind(path) == "binary":
            raise NotFoundError(f"{path} is binary: the index does not keep its bytes")
    text = decode(data)
    charset = "utf-8" if _is_utf8(text, data) else "iso-8859-1"
    return Response(data, content_type=f"text/plain; charset={charset}")


@blueprint.get("/api/v1/<tree>/outline/<path:path>")
@answers(list[Definition])
def outline(tree: str, path: str) -> Response:
    """What a file defines, in its order."""
    path = arguments.path(path)
    with site().indexes.lease(tree) as index:
        found = index.outline(path)
        if found is None:
            raise _not_found(index, path)
        return answer(found)


def _not_found(index: Index, path: str) -> NotFoundError:
    return NotFoundError(f"{index.tree} has no file or directory {path}", suggest.paths(index, path))


def _crumbs(path: str) -> Iterator[Crumb]:
    parts = path.split("/") if path else []
    for depth, name in enumerate(parts, 1):
        yield Crumb(name, "/".join(parts[:depth]))


def _is_utf8(text: str, data: bytes) -> bool:
    """Whether `decode` read these bytes as UTF-8; ASCII is that too."""
    return len(text) != len(data) or data.isascii()


def _source(index: Index, path: str) -> Source:
    data = index.source(path) or b""
    kind = index.file_kind(path) or "text"
    definitions = index.outline(path) or []
    shown = kind != "binary" and len(data) <= site().settings.most_shown
    code = _code(index, path, kind, data, definitions) if shown else None
    return Source(path, kind, len(data), code, [each for each in definitions if each.kind not in _DETAIL])


def _code(index: Index, path: str, kind: str, data: bytes, definitions: list[Definition]) -> Rendered:
    """The code, kept from the last time if the index is the same."""

    def make() -> Rendered:
        text = decode(data)
        if len(data) > site().settings.most_highlighted:
            return render(text, "text", _links(index, path, []), utf8=True)
        return render(text, kind, _links(index, path, definitions), utf8=_is_utf8(text, data))

    prefix = url_for("source.page", tree=index.tree, path="")
    return site().rendered.get((site().indexes.stamp(), prefix, path), make)


def _links(index: Index, path: str, definitions: list[Definition]) -> Links:
    includes: dict[int, tuple[str, str]] = {}
    for each in index.includes(path):
        if each.resolved:
            first, count = each.resolved[0], len(each.resolved)
            title = first if count == 1 else f"{first}, the first of {count} files that this can be"
            includes[each.line] = (url_for("source.page", tree=index.tree, path=first), title)
    return Links(
        defined=index.defined,
        ident=escape(url_for("ident.page", tree=index.tree, name="_").removesuffix("_")),
        includes=includes,
        definitions={(each.line, each.column) for each in definitions},
        ranges=[(each.line, each.end_line) for each in definitions],
    )
