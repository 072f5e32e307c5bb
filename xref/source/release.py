"""Kernel releases as kernel.org names and lists them.  Pure functions.

https://www.kernel.org/category/releases.html and the directories below /pub/linux/kernel/ are the source.
"""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from xref.source.errors import SourceError

#: Where kernel.org publishes; `--mirror` names another place with the same directories below it
KERNEL_ORG = "https://cdn.kernel.org/pub/linux/kernel/"

#: The list of checksums that each directory has: a PGP-signed text, lines of `<sha256>  <name>`
SUMS = "sha256sums.asc"

#: The forms an archive is published in, the smallest first, by the bytes each begins with
FORMS = {".tar.xz": b"\xfd7zXZ\0", ".tar.bz2": b"BZh", ".tar.gz": b"\x1f\x8b"}

_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}")
_CANDIDATE = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}-(?:rc|pre|test)[0-9]{1,3}")
_SUM = re.compile(r"([0-9a-f]{64}) [ *](\S+)")


class Release(NamedTuple):
    """A release, and where under a mirror it may lie."""

    version: str
    #: of its archive without the suffix, and of its tree: `linux-2.6.11`
    name: str
    #: to look in, in this order; each ends in `/`
    directories: tuple[str, ...]


def parse_version(text: str) -> Release:
    """`2.6.11` or `v2.6.11` as a Release.  Raises SourceError for all else: nothing else gets into a path."""
    version = text.removeprefix("v")
    if _CANDIDATE.fullmatch(version):
        raise SourceError(f"{version} is a test version, which has no checksum: give a release such as 6.12")
    if not _VERSION.fullmatch(version):
        raise SourceError(f"{text!r} is not a kernel version: give one such as 2.6.11 or 6.12.1")
    return Release(version, f"linux-{version}", _directories(version.split(".")))


def _directories(parts: list[str]) -> tuple[str, ...]:
    """v2.4/, v2.6/, v6.x/; from 2.6.27 on a series that was kept for long moved to a directory of its own."""
    if int(parts[0]) > 2:
        return (f"v{parts[0]}.x/",)
    series = f"v{parts[0]}.{parts[1]}/"
    if parts[:2] == ["2", "6"] and len(parts) == 4:
        return (series, f"{series}longterm/v{'.'.join(parts[:3])}/")
    return (series,)


def parse_sums(text: str) -> dict[str, str]:
    """The checksums by file name, as lower-case hex.  The signature around them is not checked.

    What vouches for the list is the TLS connection that it came over.
    """
    matches = (_SUM.fullmatch(line.rstrip()) for line in text.splitlines())
    return {match[2]: match[1] for match in matches if match}


def unknown(release: Release, listed: list[str], where: str) -> SourceError:
    """The error for a release that no list has; it names the nearest that there are."""
    names = (name.removesuffix(".tar.xz") for name in listed if name.endswith(".tar.xz"))
    versions = [name.removeprefix("linux-") for name in names if name.startswith("linux-")]
    near = difflib.get_close_matches(release.version, versions, n=3)
    hint = f"the nearest are {', '.join(near)}" if near else "see https://www.kernel.org for what there is"
    return SourceError(f"no release {release.version} is published in {where}: {hint}")
