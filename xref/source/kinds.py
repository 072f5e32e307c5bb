"""What kind of file a name promises.  Pure data and one function."""

from __future__ import annotations

import re

#: Every kind that `kind_of` returns
KINDS = ("c", "asm", "kconfig", "makefile", "linker", "dts", "text", "binary")

#: kind by suffix; one that is not here is looked up in lower case again (`.C`, `.PNG`)
_SUFFIXES = {
    # .inl: inline functions, included by C (arch/arm/nwfpe)
    "c": ("c", "h", "inl"),
    # .inc: assembler in every kernel that has any (arch/frv/kernel/head.inc)
    "asm": ("S", "s", "inc"),
    "makefile": ("mk",),
    # .lds.S is a linker script too, for cpp (see below); .lds.h is a header of macros, and stays C
    "linker": ("lds", "ld"),
    "dts": ("dts", "dtsi", "dtso"),
    # not .db: drivers/ieee1394/oui.db is text
    "binary": (
        "o", "a", "so", "ko", "obj", "bin", "elf", "exe", "dll", "fw", "dtb", "dtbo", "pyc", "class",
        "gz", "xz", "bz2", "zst", "lzma", "lz4", "zip", "tar", "tgz", "7z", "jar",
        "png", "gif", "jpg", "jpeg", "ico", "bmp", "webp", "pdf", "woff", "woff2", "ttf", "otf",
        "wav", "mp3", "ogg", "sqlite", "sqlite3", "pcap", "pack",
    ),
}  # fmt: skip

_KIND_BY_SUFFIX = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes}

#: kind by the name before the first of `. _ -`: Makefile.lib, Kconfig_net, Kbuild.include.  Case counts:
#: scripts/kconfig and Documentation/kbuild/makefiles.txt are neither.
_STEM_END = re.compile(r"[._-]")
_STEMS = {
    "Kconfig": "kconfig",
    "Kbuild": "makefile",
    "Makefile": "makefile",
    "makefile": "makefile",
    "GNUmakefile": "makefile",
}

#: Documents and programs about the build, which the stem alone would take for a part of it
_NOT_BY_STEM = ("txt", "rst", "md", "py", "pl", "PL", "sh")


def kind_of(path: str) -> str:
    """The kind (one of KINDS) that a path's last component promises: `text` where it promises nothing.

    Whether a `text` file is binary after all shows only in its bytes: `text.looks_binary`.
    """
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    if suffix in ("c_shipped", "h_shipped"):
        # parse.c_shipped is copied to parse.c when building: it is the source, there is no other
        return "c"
    if stem.endswith(".lds") and suffix != "h":
        return "linker"
    if dot and stem and (kind := _KIND_BY_SUFFIX.get(suffix) or _KIND_BY_SUFFIX.get(suffix.lower())):
        return kind
    if dot and suffix in _NOT_BY_STEM:
        return "text"
    return _STEMS.get(_STEM_END.split(name, maxsplit=1)[0], "text")
