"""What an architecture and a configuration tell of macros, and that what nothing tells is not known."""

from __future__ import annotations

import pytest

from xref.index.build import index_tree
from xref.index.configuration import Configuration
from xref.index.configuration import ConfigurationError
from xref.index.configuration import config_files
from xref.index.query import Index

FILES = {
    "arch/i386/Kconfig": 'config X86\n\tbool\n\tdefault y\n\nsource "mm/Kconfig"\n',
    "arch/ppc/Kconfig": 'config PPC\n\tbool\n\tdefault y\nsource "gone/Kconfig"\n',
    "mm/Kconfig": 'config SMP\n\tbool "Several"\n',
    "arch/i386/defconfig": "#\n# Automatically generated make config: don't edit\n#\nCONFIG_X86=y\nCONFIG_SMP=y\n"
    'CONFIG_NET=m\nCONFIG_HZ=100\n# CONFIG_DEBUG is not set\nCONFIG_NAME="x y"\n',
    "arch/i386/configs/tiny": "CONFIG_X86=y\n# CONFIG_SMP is not set\n",
    "include/linux/own.h": "#define CONFIG_OWN 1\n",
    "mm/a.c": "#ifdef CONFIG_SMP\nint a;\n#else\nint b;\n#endif\n#ifdef __ASSEMBLY__\n#error\n#endif\n",
    "empty": "",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("configured")
    for path, text in FILES.items():
        (root / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "tree" / path).write_text(text)
    index_tree(root / "x.db", root / "tree", jobs=1)
    return Index(root / "x.db")


def known(index: Index, name: str, arch: str | None, config: str = "") -> tuple[str | None, str] | None:
    fact = Configuration(index, arch, config).fact(name)
    return fact and (fact.value, fact.why)


def test_what_an_architecture_tells(index: Index) -> None:
    assert known(index, "__i386__", "i386") == ("1", "compiler")
    assert known(index, "__powerpc__", "i386") == (None, "compiler")
    assert known(index, "__i386__", None) is None
    assert known(index, "__ANYTHING__", "i386") is None
    assert known(index, "CONFIG_X86", "i386") == ("1", "kconfig")
    assert known(index, "CONFIG_PPC", "i386") == (None, "kconfig")
    assert known(index, "CONFIG_SMP", "i386") is None, "it can be chosen"
    assert known(index, "CONFIG_OWN", "i386") is None, "a header defines it"
    assert known(index, "CONFIG_X86", "ppc") is None, "not all that ppc sources is there"


def test_what_a_configuration_tells(index: Index) -> None:
    assert known(index, "CONFIG_SMP", None, "CONFIG_SMP=n, CONFIG_A=m") == (None, "asked")
    assert known(index, "CONFIG_A", None, "CONFIG_SMP=n, CONFIG_A=m") == (None, "asked")
    assert known(index, "CONFIG_A_MODULE", None, "CONFIG_SMP=n, CONFIG_A=m") == ("1", "asked")
    assert known(index, "CONFIG_HZ", None, "CONFIG_HZ=1000") == ("1000", "asked")
    assert known(index, "CONFIG_B", None, "CONFIG_SMP") is None
    whole = "arch/i386/defconfig"
    assert known(index, "CONFIG_DEBUG", "i386", "defconfig") == (None, whole)
    assert known(index, "CONFIG_NET_MODULE", "i386", "defconfig") == ("1", whole)
    assert known(index, "CONFIG_ELSE", None, whole) == (None, whole), "a configuration with every option lacks it"
    assert known(index, "CONFIG_SMP", "i386", "defconfig CONFIG_SMP=n") == (None, "asked"), "what comes later counts"
    assert known(index, "CONFIG_SMP", "i386", "tiny") == (None, "arch/i386/configs/tiny")
    assert known(index, "CONFIG_NET", None, "arch/i386/configs/tiny") is None, "one that says what differs"
    assert config_files(index, "i386") == ["defconfig", "tiny"]


def test_lines_left_out(index: Index) -> None:
    def lines(arch: str | None, config: str) -> list[tuple[int, int]]:
        return [(each.first, each.last) for each in Configuration(index, arch, config).left_out("mm/a.c")]

    assert lines(None, "CONFIG_SMP") == [(4, 4), (7, 7)]
    assert lines(None, "CONFIG_SMP=n") == [(2, 2), (7, 7)]
    assert lines("i386", "") == [(7, 7)]
    assert lines(None, "") == []


@pytest.mark.parametrize("config", ["SMP", "CONFIG_", "nowhere", "../x", "mm/a.c", "empty", "CONFIG-A", "\0"])
def test_what_is_no_configuration_is_refused(index: Index, config: str) -> None:
    with pytest.raises(ConfigurationError):
        Configuration(index, "i386", config)
