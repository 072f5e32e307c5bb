"""What is typed into the search box, taken apart: `file:net/ kind:write sk_state` → text and filters.

One text, wherever the filters stand between its words:

    tcp_sendmsg            that text                    /tcp_.*_sock/     an expression; /…/i in any case
    "kind: of"             that text, colons and all    regex:tcp_.*_sock the same; the whole text is one
    file:net/              below a directory            file:*.h          a glob (of the name, if it has no slash)
    file:tcp               a part of the path           -file:drivers/    not there; several file: are alternatives
    kind:write             mentions (or definitions) of an identifier of that kind
    arch:i386              in files of that architecture, or of none
    case:no                upper and lower case alike   ident:NAME        the page of an identifier

Pure: it knows no index.  Words with other colons (`default:`) are text.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from collections.abc import Collection
from typing import NamedTuple

from xref.graph.linkage import arch_of
from xref.index.errors import IndexFileError
from xref.parse.facts import DEFINITION_KINDS
from xref.parse.facts import REFERENCE_KINDS

#: kinds that `kind:` takes: of references first, which `macro`, `member` and `label` mean
KINDS = tuple(dict.fromkeys((*REFERENCE_KINDS, *DEFINITION_KINDS)))

_FILTER = re.compile(r"(-?file|kind|arch|case|ident|regex):(.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)')
_SLASHED = re.compile(r"/(.+?)/(i?)(?=\s|$)")
_WORD = re.compile(r"\S+")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class QueryError(IndexFileError):
    """A query that contradicts itself, or a filter without a value; the text says what to write."""


class SearchQuery(NamedTuple):
    """What is searched for, and where."""

    text: str = ""
    regex: bool = False
    any_case: bool = False
    files: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    kind: str | None = None
    arch: str | None = None
    #: the page asked for by `ident:`
    ident: str | None = None

    @property
    def is_name(self) -> bool:
        """Is the text an identifier?"""
        return not self.regex and _NAME.fullmatch(self.text) is not None

    @property
    def filtered(self) -> bool:
        """Is there a filter of files?"""
        return bool(self.files or self.but or self.arch)

    def wants(self) -> Callable[[str], bool] | None:
        """Whether a path is wanted; None where all are."""
        if not self.filtered:
            return None
        some = [path_filter(each) for each in self.files]
        none = [path_filter(each) for each in self.but]
        arch = self.arch

        def wanted(path: str) -> bool:
            return (
                (not some or any(each(path) for each in some))
                and not any(each(path) for each in none)
                and (arch is None or arch_of(path) in (None, arch))
            )

        return wanted


def path_filter(value: str) -> Callable[[str], bool]:
    """Whether a path is meant: by a glob, as below a directory (`net/`), or as a part of it in any case."""
    if any(char in value for char in "*?["):
        pattern = value if "/" in value else "*/" + value
        match = re.compile(fnmatch.translate(pattern)).match
        return lambda path: match(path if "/" in value else "/" + path) is not None
    if value.endswith("/"):
        return lambda path: path.startswith(value)
    lowered = value.lower()
    return lambda path: lowered in path.lower()


def parse(typed: str, archs: Collection[str] | None = None) -> SearchQuery:
    """Take a query apart; `archs` are those that the tree has.  Raises QueryError."""
    texts: list[str] = []
    gap = 0  # where the last word of the text ended, if nothing else came between
    quoted = ""  # the text so far, if it is all in quotes
    filters: dict[str, list[str]] = {}
    query = SearchQuery()
    place = 0
    while place < len(typed):
        if typed[place].isspace():
            place += 1
            continue
        for pattern in (_QUOTED, _SLASHED, _WORD):
            match = pattern.match(typed, place)
            if match:
                break
        assert match is not None  # noqa: S101  # what is no blank is a word
        blanks, place = typed[gap:place] if texts and gap else " ", match.end()
        gap = 0
        if match.re is _QUOTED and not texts:
            texts.append(re.sub(r"\\(.)", r"\1", match.group(1)))
            quoted, gap = match.group(), place
        elif match.re is _SLASHED and not texts:
            texts.append(match.group(1))
            query = query._replace(regex=True, any_case=query.any_case or bool(match.group(2)))
        else:
            found = _FILTER.fullmatch(match.group()) if match.re is _WORD else None
            if found is None:
                # quotes around a part of the text are text
                texts = [quoted] if quoted else texts
                texts += [blanks, match.group()] if texts else [match.group()]
                quoted, gap = "", place
            elif found.group(1) == "regex":
                query = query._replace(regex=True)
                texts += [found.group(2)] if found.group(2) else []
            else:
                filters.setdefault(found.group(1), []).append(found.group(2))
    return _checked(query._replace(text="".join(texts)), filters, archs)


def _checked(query: SearchQuery, filters: dict[str, list[str]], archs: Collection[str] | None) -> SearchQuery:
    for name, values in filters.items():
        if not all(values):
            raise QueryError(f"{name}: needs a value right behind the colon, as in {_EXAMPLES[name]}")
        if len(values) > 1 and name not in ("file", "-file"):
            raise QueryError(f"{name}: is there twice: give one")
    one = {name: values[0] for name, values in filters.items()}
    kind, arch, case = one.get("kind"), one.get("arch"), one.get("case", "yes")
    if kind is not None and kind not in KINDS:
        raise QueryError(f"kind:{kind} is no kind: there are {', '.join(KINDS)}")
    if arch is not None and archs is not None and arch not in archs:
        raise QueryError(f"arch:{arch} is not in this tree: it has {', '.join(archs) or 'none'}")
    if case not in ("yes", "no"):
        raise QueryError(f"case:{case} is neither case:yes nor case:no")
    query = query._replace(
        files=tuple(filters.get("file", ())),
        but=tuple(filters.get("-file", ())),
        kind=kind,
        arch=arch,
        any_case=query.any_case or case == "no",
        ident=one.get("ident"),
    )
    if kind is not None and not query.is_name:
        raise QueryError(f"kind:{kind} goes with one identifier, as in kind:{kind} sk_state")
    if query.regex and not query.text:
        raise QueryError("regex: needs an expression, as in regex:tcp_.*_sock")
    return query


_EXAMPLES = {
    "file": "file:net/",
    "-file": "-file:drivers/",
    "kind": "kind:write",
    "arch": "arch:i386",
    "case": "case:no",
    "ident": "ident:tcp_sendmsg",
}
