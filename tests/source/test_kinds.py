"""Kinds: what a file's name says that it is."""

from __future__ import annotations

import pytest

from xref.source.kinds import KINDS
from xref.source.kinds import kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("net/ipv4/tcp.c", "c"),
        ("include/net/tcp.h", "c"),
        ("include/asm-generic/vmlinux.lds.h", "c"),
        ("scripts/kconfig/zconf.tab.c_shipped", "c"),
        ("arch/arm/nwfpe/fpa11.inl", "c"),
        ("scripts/kconfig/kconfig_load.c", "c"),
        ("arch/i386/kernel/entry.S", "asm"),
        ("arch/frv/kernel/head.inc", "asm"),
        ("drivers/net/wan/wanxlfw.inc_shipped", "text"),
        ("arch/i386/kernel/vmlinux.lds.S", "linker"),
        ("arch/arm/boot/vmlinux.lds.in", "linker"),
        ("net/Kconfig", "kconfig"),
        ("lib/Kconfig.debug", "kconfig"),
        ("arch/um/Kconfig_net", "kconfig"),
        ("scripts/kconfig", "text"),
        ("Documentation/kbuild/kconfig-language.txt", "text"),
        ("Documentation/kbuild/makefiles.txt", "text"),
        ("Makefile", "makefile"),
        ("scripts/Makefile.lib", "makefile"),
        ("arch/um/Makefile-i386", "makefile"),
        ("scripts/Kbuild.include", "makefile"),
        ("arch/arm/boot/dts/versatile.dtsi", "dts"),
        ("README", "text"),
        ("drivers/ieee1394/oui.db", "text"),
        (".h", "text"),
        ("", "text"),
        ("c", "text"),
        ("Makefile.txt", "text"),
        ("logo.PNG", "binary"),
        ("vmlinux.o", "binary"),
    ],
)
def test_a_name_and_its_kind(path: str, kind: str) -> None:
    assert kind_of(path) == kind
    assert kind in KINDS
