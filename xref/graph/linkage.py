"""Which file an `#include` means, and which definition a name means at a place.

Uses nothing of the index: it is asked with plain values, so that it can be tested alone.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


def include_candidates(path: str, target: str, system: bool, arch: str | None, archs: Sequence[str]) -> Iterator[str]:
    """Where an `#include` in `path` may lead, the likeliest first; the caller knows which exist."""
    here = posixpath.dirname(path)
    own = arch_of(path)
    beside = posixpath.normpath(posixpath.join(here, target))
    found = [*([] if system else [beside]), *shared_candidates(target, own, arch, archs), beside, *_above(here, target)]
    yield from dict.fromkeys(each for each in found if not each.startswith(".."))


def shared_candidates(target: str, own: str | None, arch: str | None, archs: Sequence[str]) -> Iterator[str]:
    """Those that are the same for every file that belongs to an architecture (`own`).

    `asm/x.h` is `include/asm-ARCH/x.h` (2.6) or `arch/ARCH/include/asm/x.h` (since 2.6.28), for the
    architecture of the including file, else the one asked for, else any.
    """
    clean = posixpath.normpath(target)
    asm = clean[4:] if clean.startswith("asm/") else None
    for place in _include_directories(own, arch, archs, asm is not None):
        candidate = f"{place}/{asm if asm and '/asm-' in place else clean}"
        yield posixpath.normpath(candidate) if clean.startswith("..") else candidate


def _include_directories(own: str | None, arch: str | None, archs: Sequence[str], asm: bool) -> Iterator[str]:
    """The tree's directories of headers; with those that stand for `asm/`, if that is asked for."""
    yield "include"
    for each in dict.fromkeys((own, arch, *archs)):
        if each and asm:
            yield f"include/asm-{each}"
        if each:
            yield f"arch/{each}/include"
            yield f"arch/{each}/include/uapi"
    yield "include/uapi"
    if asm:
        yield "include/asm-generic"


def _above(here: str, target: str) -> Iterator[str]:
    """What `-I` of a subsystem's Makefile may mean: the directories above."""
    parts = here.split("/")
    for count in range(len(parts) - 1, 0, -1):
        above = "/".join(parts[:count])
        yield posixpath.normpath(f"{above}/{target}")
        yield posixpath.normpath(f"{above}/include/{target}")
    yield posixpath.normpath(target)


#: a target in angle brackets is the C library's or the tree's own; what an architecture keeps for its machines is the
#: tree's own, and so is a name that only one file has
_DEFAULT = re.compile(r"default$|generic$")
_SHORTER = re.compile(r"include/(?:linux|asm-[^/]+|asm)/[^/]+$")


def found_by_name(path: str, target: str, system: bool, arch: str | None, named: Iterable[str]) -> str | None:
    """Where an `#include` leads whose file is at none of the usual places: to what `-I` of some Makefile may mean.

    `named` are the tree's files with the last part of the target's name.  It is the one of the same subsystem (what
    shares two directories) that is nearest, or one that the architecture keeps for its machines (`mach-default/`).
    None where there is none, or where several are as near.
    """
    own = arch_of(path) or arch
    ending = "/" + posixpath.normpath(target).lstrip("./")
    found = [each for each in named if each.endswith(ending) and not _SHORTER.search(each)]
    machine = [each for each in found if each.startswith(f"include/asm-{own}/")]
    if machine:
        default = [each for each in machine if _DEFAULT.search(each[: -len(ending)])]
        return min(default or machine) if default or len(machine) == 1 else None
    if system:
        return found[0] if len(found) == 1 and arch_of(found[0]) in (None, own) else None
    shared = [(len(posixpath.commonpath((path, each)).split("/")), each) for each in found]
    nearest = max((count for count, _ in shared), default=0)
    best = [each for count, each in shared if count == nearest]
    return best[0] if nearest >= 2 and len(best) == 1 else None


_ARCH = re.compile(r"^(?:arch/([^/]+)/|include/asm-([^/]+)/)")


class Named(NamedTuple):
    """One definition of a name, as far as linkage looks at it."""

    file: str
    static: bool
    #: the architecture its file belongs to
    arch: str | None
    #: the preprocessor condition it stands under, as in `parse.facts`
    condition: str = ""
    line: int = 0
    #: it is a function's definition
    body: bool = False


def visible(named: Named, path: str, arch: str | None, reaches: Callable[[str, str], bool]) -> bool:
    """Can code in `path`, built for `arch`, mean this definition?

    What a header has must be included; what a `.c` has must have external linkage and be built.
    """
    if named.file == path:
        return True
    if named.file.endswith(".h"):
        return reaches(path, named.file)
    return not named.static and named.arch in (None, arch)


def is_macro_call(
    path: str,
    arch: str | None,
    macros: Iterable[Named],
    functions: Iterable[Named],
    reaches: Callable[[str, str], bool],
    line: int = 0,
) -> bool:
    """Does `name(…)` on a line of `path` use a macro although functions have that name too?

    `memset` is a function of `lib/string.c`, but i386 code that calls it gets the macro of its header.  Where a
    header has both, as alternatives, the function is what the name stands for.  So it is where the file itself or
    some header defines the function with its body, which the macro would spoil (the two are alternatives, or the
    macro is undone), where macros have the name only under conditions, or the file's own has it only further down.
    """
    seen = [
        macro
        for macro in macros
        if (macro.file == path and not 0 < line < macro.line)
        or (macro.file.endswith(".h") and reaches(path, macro.file))
    ]
    if not seen:
        return False
    known = [function for function in functions if visible(function, path, arch, reaches)]
    if any(function.body and (function.file == path or function.file.endswith(".h")) for function in known):
        return False
    if known and _leaves_open({macro.condition for macro in seen}):
        return False
    return not {function.file for function in known} & {macro.file for macro in seen}


#: what holds wherever the kernel's C is compiled
_ALWAYS = frozenset(("defined(__KERNEL__)", "!defined(__ASSEMBLY__)", "defined(__GNUC__)"))


def _leaves_open(conditions: Iterable[str]) -> bool:
    """Can all of these fail to hold at once, as far as their words tell?"""
    texts = {" && ".join(part for part in text.split(" && ") if part not in _ALWAYS) for text in conditions}
    return "" not in texts and not any(f"!{text}" in texts or f"!({text})" in texts for text in texts)


@lru_cache(maxsize=100_000)
def arch_of(path: str) -> str | None:
    """The architecture that a file belongs to, by its place: `arch/i386/…`, `include/asm-i386/…`."""
    match = _ARCH.match(path)
    if not match:
        return None
    arch = match.group(1) or match.group(2)
    return None if arch == "generic" else arch


class Standing(NamedTuple):
    """What a definition's place among those of its name depends on, as `standing` makes it: the least is the likeliest.

    The first fields are reasons that a reader can be told; what follows only keeps the order the same each time.
    """

    declares: bool
    foreign: bool
    hidden: bool
    kind: int
    file: str
    line: int


#: the reasons that `reasons` gives, in the order in which they count
REASONS = ("body", "arch", "external", "kind")


def reasons(standings: Sequence[Standing]) -> tuple[str, ...] | None:
    """Why the first of the definitions of a name stands first: each reason that left fewer candidates.

    `body`: the others only declare; `arch`: they are another architecture's; `external`: they are static to their
    files; `kind`: its kind goes before theirs.  None where some are left for which nothing speaks but their place in
    the alphabet: the name is ambiguous.  Empty for a single definition.
    """
    left = list(standings)
    found = []
    for place, reason in enumerate(REASONS):
        best = min((each[place] for each in left), default=False)
        kept = [each for each in left if each[place] == best]
        if len(kept) < len(left):
            found.append(reason)
        left = kept
    return tuple(found) if len(left) <= 1 else None
