"""Which file an `#include` means, and which definition a name means at a place.

Uses nothing of the index: it is asked with plain values, so that it can be tested alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from collections.abc import Iterator
from typing import NamedTuple


def include_candidates(path: str, target: str, system: bool, arch: str | None, archs: Iterable[str]) -> Iterator[str]:
    """Where an `#include` in `path` may lead, the likeliest first; the caller knows which exist.

    `asm/x.h` is `include/asm-ARCH/x.h` (2.6) or `arch/ARCH/include/asm/x.h` (since 2.6.28), for the
    architecture of the including file, else the one asked for, else any.
    """
    seen: set[str] = set()

    def offer(candidate: str) -> Iterator[str]:
        clean = posixpath.normpath(candidate)
        if clean not in seen and not clean.startswith(".."):
            seen.add(clean)
            yield clean

    here = posixpath.dirname(path)
    if not system:
        yield from offer(posixpath.join(here, target))
    yield from offer(f"include/{target}")
    own = path.split("/")[1] if path.startswith("arch/") and path.count("/") > 1 else None
    if path.startswith("include/asm-"):
        own = path.split("/")[1].removeprefix("asm-")
    preferred = [each for each in (own, arch) if each]
    for each in [*preferred, *(each for each in archs if each not in preferred)]:
        if target.startswith("asm/"):
            yield from offer(f"include/asm-{each}/{target[4:]}")
        yield from offer(f"arch/{each}/include/{target}")
        yield from offer(f"arch/{each}/include/uapi/{target}")
    yield from offer(f"include/uapi/{target}")
    if target.startswith("asm/"):
        yield from offer(f"include/asm-generic/{target[4:]}")
    if system:
        yield from offer(posixpath.join(here, target))
    # -I of a subsystem's Makefile: the directories above
    parts = here.split("/")
    for count in range(len(parts) - 1, 0, -1):
        above = "/".join(parts[:count])
        yield from offer(f"{above}/{target}")
        yield from offer(f"{above}/include/{target}")
    yield from offer(target)


def scope_of_header(path: str) -> str | None:
    """Below which directory a header can be included by its neighbours: "" for the whole tree, None for a `.c`."""
    if not path.endswith(".h"):
        return None
    parts = path.split("/")
    if "include" in parts[:-1]:
        before = parts[: parts.index("include")]
        whole = len(before) < 2 or (len(before) == 2 and before[0] == "arch")
        return "" if whole else "/".join(before) + "/"
    return "/".join(parts[:-1]) + "/" if len(parts) > 1 else ""


class Named(NamedTuple):
    """One definition of a name, as far as linkage looks at it."""

    file: str
    static: bool
    #: the architecture its file belongs to
    arch: str | None


def visible(named: Named, path: str, arch: str | None) -> bool:
    """Can code in `path`, built for `arch`, mean this definition?  By place alone, not by its includes."""
    if named.file == path:
        return True
    if named.arch is not None and named.arch not in (arch, _arch_of_user(path)):
        return False
    scope = scope_of_header(named.file)
    if scope is None:
        return not named.static
    return path.startswith(scope)


def _arch_of_user(path: str) -> str | None:
    parts = path.split("/")
    return parts[1] if parts[0] == "arch" and len(parts) > 2 else None


def is_macro_call(path: str, arch: str | None, macros: Iterable[Named], functions: Iterable[Named]) -> bool:
    """Does `name(…)` in `path` use a macro although functions have that name too?

    `memset` is a function of `lib/string.c`, but i386 code that calls it gets the macro of its header.  Where a
    header has both, as alternatives, the function is what the name stands for.
    """
    seen = [macro for macro in macros if macro.file.endswith(".h") or macro.file == path]
    seen = [macro for macro in seen if visible(macro, path, arch)]
    if not seen:
        return False
    known = [function for function in functions if visible(function, path, arch)]
    if not known:
        return True
    both = {function.file for function in known} & {macro.file for macro in seen}
    return not both
