"""The architecture and configuration that a reader asks for: arguments, and what is left out, in words."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _

from web import arguments
from web.errors import BadArgumentError
from web.render import LeftOut
from web.site import site
from xref.index.configuration import Configuration
from xref.index.configuration import ConfigurationError
from xref.index.query import Index
from xref.parse.branches import Branch
from xref.parse.expression import Fact

_LONGEST = 200


class Asked(NamedTuple):
    """What is asked for; either may be left open."""

    arch: str | None
    config: str


def asked(tree: str) -> Asked:
    """The arguments `arch` and `config`.  Raises BadArgumentError for an architecture that the tree does not have."""
    arch = arguments.choice("arch", site().indexes.facts(tree).archs)
    return Asked(arch, " ".join(arguments.text("config").replace(",", " ").split()))


def left_out(index: Index, path: str, wanted: Asked) -> list[LeftOut]:
    """The lines of a file that are left out, with the reason.  Raises BadArgumentError for a bad configuration."""
    try:
        configuration = Configuration(index, wanted.arch, wanted.config)
    except ConfigurationError as error:
        raise BadArgumentError("config", str(error)) from error
    return [_reason(each, wanted.arch) for each in configuration.left_out(path)]


def _reason(branch: Branch, arch: str | None) -> LeftOut:
    decided = [_words(each, arch) for each in branch.facts]
    condition = branch.condition if len(branch.condition) <= _LONGEST else branch.condition[:_LONGEST] + "…"
    note = _("left out: %(facts)s", facts=", ".join(short for short, _why in decided) or condition)
    why = _("Left out, since %(condition)s does not hold.", condition=condition)
    if decided:
        why = f"{why} {'; '.join(f'{short} ({because})' for short, because in decided)}"
    return LeftOut(branch.first, branch.last, note, why)


def _words(fact: Fact, arch: str | None) -> tuple[str, str]:
    """What a macro is, and how that is known."""
    if fact.value is None:
        short = _("%(name)s is not set", name=fact.name)
    else:
        short = _("%(name)s is set", name=fact.name) if fact.value in ("1", "?", "") else f"{fact.name} = {fact.value}"
    because = {
        "asked": _("as asked"),
        "here": _("by this file"),
        "compiler": _("by the compiler for %(arch)s", arch=arch or ""),
        "kconfig": _("by the Kconfig files of %(arch)s", arch=arch or ""),
    }
    return short, because.get(fact.why, fact.why)
