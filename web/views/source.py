"""`/TREE/source/PATH`, `/TREE/raw/PATH`: files and directories; the API's `outline` and `directory`."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import url_for
from flask_babel import gettext as _

from web import arguments
from web import languages
from web import suggest
from web.describe import Argument
from web.describe import answers
from web.errors import BadArgumentError
from web.errors import NotFoundError
from web.languages import N_
from web.render import LeftOut
from web.render import Links
from web.render import Mark
from web.render import Place
from web.render import Rendered
from web.render import render
from web.shapes import answer
from web.site import site
from web.views.conditions import Asked
from web.views.conditions import asked
from web.views.conditions import left_out
from xref.graph.linkage import arch_of
from xref.index.configuration import config_files
from xref.index.mentions import mentions
from xref.index.query import Index
from xref.index.records import Definition
from xref.index.records import Entry
from xref.parse.facts import DEFINITION_KINDS
from xref.source.text import decode

blueprint = Blueprint("source", __name__)

#: kinds that a file's outline leaves to the API: there are too many to look through
_DETAIL = ("member", "enumerator", "label", "prototype")
#: what a reader of a directory may want to read first
_READ_FIRST = ("README", "README.txt", "README.rst", "README.md", "00-INDEX")
_MOST_README = 64 * 1024
#: kinds of files that go through the preprocessor
_CONDITIONAL = ("c", "asm", "linker", "dts")


class Crumb(NamedTuple):
    """A directory above, or the file itself."""

    name: str
    path: str


class Part(NamedTuple):
    """The lines of a long file that one page shows."""

    number: int
    parts: int
    first: int
    last: int
    #: lines of a part
    size: int

    def of(self, line: int) -> int:
        """The part that a line is in."""
        return (line - 1) // self.size + 1


class Source(NamedTuple):
    """A file as its page shows it; no code where it is binary or too long to show."""

    path: str
    kind: str
    size: int
    lines: int
    code: Rendered | None
    outline: list[Definition]
    #: of a file that is shown in parts, which this is
    part: Part | None
    #: how many of its lines the conditions asked for leave out; None where there are none to ask
    left_out: int | None
    #: is a column of it a character, because it is no UTF-8?
    latin: bool


@blueprint.get("/<tree>/source/", defaults={"path": ""})
@blueprint.get("/<tree>/source/<path:path>")
def page(tree: str, path: str) -> str:
    """A file with its code, or a directory."""
    path = arguments.path(path)
    wanted = asked(tree)
    with site().indexes.lease(tree, wanted.arch) as index:
        if path and index.has(path):
            file = _source(index, path, wanted)
            above = path.rpartition("/")[0]
            return render_template(
                "file.html",
                tree=tree,
                crumbs=list(_crumbs(path)),
                file=file,
                outline=file.outline[: site().settings.most_outlined],
                above=above,
                beside=index.listing(above) or [],
                problems=site().indexes.facts(tree).problems.get(path, ()),
                asked=wanted,
                archs=site().indexes.facts(tree).archs,
                own_arch=arch_of(path),
                configs=config_files(index, wanted.arch) if wanted.arch else [],
                others=[each for each in index.trees_with(path) if each != tree],
            )
        entries = index.listing(path)
        if entries is None:
            raise _not_found(index, path)
        return render_template(
            "directory.html",
            tree=tree,
            crumbs=list(_crumbs(path)),
            path=path,
            entries=entries,
            read_first=_read_first(index, path, entries),
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
            raise NotFoundError(N_("%(path)s is binary: the index does not keep its bytes"), path=path)
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


@blueprint.get("/api/v1/<tree>/directory/", defaults={"path": ""})
@blueprint.get("/api/v1/<tree>/directory/<path:path>")
@answers(list[Entry], Argument("path", "A directory, relative to the tree; the top where it is empty.", example="net"))
def directory(tree: str, path: str) -> Response:
    """What a directory holds, directories first, with the files, lines and bytes of each."""
    path = arguments.path(path)
    with site().indexes.lease(tree) as index:
        found = index.listing(path)
        if found is None:
            raise _not_found(index, path)
        return answer(found)


def _not_found(index: Index, path: str) -> NotFoundError:
    near = suggest.paths(index, path)
    return NotFoundError(N_("%(tree)s has no file or directory %(path)s"), near, tree=index.tree, path=path)


def _crumbs(path: str) -> Iterator[Crumb]:
    parts = path.split("/") if path else []
    for depth, name in enumerate(parts, 1):
        yield Crumb(name, "/".join(parts[:depth]))


def _read_first(index: Index, path: str, entries: list[Entry]) -> tuple[str, str] | None:
    """The path and the text of what tells about a directory, if it has such a file of a length to show."""
    sizes = {each.name: each.bytes for each in entries if each.kind not in (None, "binary")}
    for name in _READ_FIRST:
        if 0 < sizes.get(name, 0) <= _MOST_README:
            file = f"{path}/{name}" if path else name
            return file, decode(index.source(file) or b"")
    return None


def _is_utf8(text: str, data: bytes) -> bool:
    """Whether `decode` read these bytes as UTF-8; ASCII is that too."""
    return len(text) != len(data) or data.isascii()


def _source(index: Index, path: str, wanted: Asked) -> Source:
    data = index.source(path) or b""
    kind = index.file_kind(path) or "text"
    definitions = index.outline(path) or []
    code, count, part = None, None, None
    if kind != "binary" and len(data) <= site().settings.most_shown:
        out = left_out(index, path, wanted) if kind in _CONDITIONAL else []
        number = arguments.number("part") if arguments.text("part") else 1
        code, part = _code(index, path, kind, data, definitions, wanted, out, number)
        count = sum(each.last - each.first + 1 for each in out) if kind in _CONDITIONAL and b"#" in data else None
    outline = [each for each in definitions if _outlined(each)]
    lines = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
    latin = kind != "binary" and not _is_utf8(decode(data), data)
    return Source(path, kind, len(data), lines, code, outline, part, count, latin)


def _outlined(definition: Definition) -> bool:
    """Does a definition belong into an outline?  What `EXPORT_SYMBOL(f)` makes besides says nothing more of `f`."""
    besides = definition.kind == "variable" and definition.macro is not None
    return definition.kind not in _DETAIL and not (besides and definition.name not in definition.signature)


def _code(
    index: Index,
    path: str,
    kind: str,
    data: bytes,
    definitions: list[Definition],
    wanted: Asked,
    out: list[LeftOut],
    number: int,
) -> tuple[Rendered, Part | None]:
    """The code, kept from the last time if the index is the same; a long file's is plain, and a part of it."""
    text = decode(data)
    part = _part(text, number) if len(data) > site().settings.most_highlighted else None
    if part is None and number > 1:
        raise BadArgumentError("part", N_("%(number)s is beyond the only one"), number=number)

    def make() -> Rendered:
        if part is None:
            return render(text, kind, _links(index, path, definitions, out), utf8=_is_utf8(text, data))
        shown = _lines_of(text, part)
        own = [each for each in out if part.first <= each.first and each.last <= part.last]
        return render(shown, "text", _links(index, path, [], own), utf8=True, start=part.first)

    prefix = url_for("source.page", tree=index.tree, path="")
    key = (site().indexes.stamp(), prefix, path, languages.language(), wanted, number)
    return site().rendered.get(key, make), part


def _part(text: str, number: int) -> Part:
    """The lines that a part has.  Raises BadArgumentError where the file has fewer parts."""
    size = site().settings.part_lines
    lines = text.count("\n") + (not text.endswith("\n"))
    parts = -(-lines // size)
    if number > parts:
        raise BadArgumentError("part", N_("%(page)s is beyond the last, %(pages)s"), page=number, pages=parts)
    return Part(number, parts, (number - 1) * size + 1, min(number * size, lines), size)


def _lines_of(text: str, part: Part) -> str:
    """The text of a part, as it is."""
    lines = text.split("\n")
    shown = "\n".join(lines[part.first - 1 : part.last])
    return shown + "\n" if part.last < len(lines) else shown


def _links(index: Index, path: str, definitions: list[Definition], out: list[LeftOut]) -> Links:
    """What the code leads to; without definitions, as of a file too long to be coloured, only by its includes."""
    ident = url_for("ident.page", tree=index.tree, name="_").removesuffix("_")
    calls = url_for("calls.page", tree=index.tree, function="_").removesuffix("_")
    functions = dict(_functions(index, path)) if definitions else {}
    callers = _("Callers of %(function)s", function="\0")
    return Links(
        defined=index.defined,
        ident=escape(ident),
        apart=index.defined_apart,
        behind=escape(f"?from={quote(path)}"),
        includes=dict(_included(index, path)),
        definitions={(each.line, each.column) for each in definitions},
        ranges=[(each.line, each.end_line) for each in definitions],
        mentioned=mentions(index, path) if definitions else None,
        pointers=dict(_pointers(index, path, set(functions.values()), ident, calls)) if definitions else {},
        functions={place: Mark(callers.replace("\0", name), calls + name) for place, name in functions.items()},
        left_out=out,
    )


def _functions(index: Index, path: str) -> Iterator[tuple[Place, str]]:
    """Where the functions of a file have their names, those under `#if 0` left out."""
    for name, kind, line, column, *_rest in index.places_in(path):
        if DEFINITION_KINDS[kind] == "function":
            yield (line, column), name


def _included(index: Index, path: str) -> Iterator[tuple[int, tuple[str, str]]]:
    for each in index.includes(path):
        if each.resolved:
            first, count = each.resolved[0], len(each.resolved)
            title = _("%(file)s, the first of %(count)s files that this can be", file=first, count=count)
            address = url_for("source.page", tree=index.tree, path=first)
            yield each.line, (address, first if count == 1 else title)


def _pointers(
    index: Index, path: str, functions: set[str], ident: str, calls: str
) -> Iterator[tuple[Place, Mark]]:
    """The calls through pointers: without a script the mark leads to all that the caller calls."""
    label = _("Targets of %(callee)s", callee="\0")
    followed = {(row[1], row[2]) for row in index.sites(file=path)}
    for call in index.pointer_calls(path):
        # a local's name that is called and of which nothing is known may be a macro's as well
        if call.field is None and (call.line, call.column) not in followed:
            continue
        address = calls + call.caller if call.caller in functions else ident + (call.caller or call.field or "")
        if address != ident:
            yield (call.line, call.column), Mark(label.replace("\0", call.callee), address)
