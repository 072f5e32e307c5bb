"""What can be set about the site: sizes of pages and limits, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The limits of the site; `create_app` takes one."""

    #: definitions, references, callers, callees or lines on one page, of the API too
    page_size: int = 200
    #: lines that a search looks for before it says that there are more; as many as `xref search` does
    search_most: int = 1000
    #: seconds after which a search shows what it has; a simple expression reads all of a kernel in half of that
    search_seconds: float = 3.0
    #: seconds after which a search for call paths shows what it has; those of a kernel take some tenths of it
    path_seconds: float = 3.0
    #: names and files that a search names above the lines
    search_named: int = 12
    #: characters of a name, a path or a filter; kernels have names of up to 90 and paths of up to 110
    longest_argument: int = 500
    #: characters of a source line shown where it is quoted
    longest_quote: int = 240
    #: bytes of a file up to which it is coloured and linked on one page, of some 1.2 MB compressed at the most; a
    #: longer one is shown plain and in parts
    most_highlighted: int = 1536 * 1024
    #: lines of such a part
    part_lines: int = 20_000
    #: bytes of a file up to which it is shown at all; a longer one is there as raw text
    most_shown: int = 24 * 1024 * 1024
    #: definitions in the outline beside a file; the longest register headers have ten thousands
    most_outlined: int = 2000
    #: targets of one call through a pointer that are shown beside it
    most_targets: int = 60
    #: characters of finished source pages kept, so that a file is coloured once and not for each reader
    kept_pages: int = 64 * 1024 * 1024
    #: open indexes kept for the next request; each may hold some tens of MB
    kept_indexes: int = 8
