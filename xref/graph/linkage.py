"""Which file an `#include` means, and which definition a name means at a place.

Uses nothing of the index: it is asked with plain values, so that it can be tested alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from collections.abc import Iterator


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
