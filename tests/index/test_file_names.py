"""Files by some letters of their paths, the likeliest first."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xref.index.file_names import FileNames

PATHS = [
    "Documentation/networking/tcp.txt",
    "Makefile",
    "drivers/net/e100.c",
    "drivers/net/e1000/e1000_main.c",
    "include/linux/skbuff.h",
    "include/net/tcp.h",
    "net/core/skbuff.c",
    "net/ipv4/Makefile",
    "net/ipv4/tcp.c",
    "net/ipv4/tcp_input.c",
    "net/ipv4/tcp_ipv4.c",
    "net/ipv4/tcp_minisocks.c",
]


@pytest.mark.parametrize(
    ("letters", "first"),
    [
        ("tcpin", "net/ipv4/tcp_input.c"),
        ("tcp", "net/ipv4/tcp.c"),
        ("TCP.H", "include/net/tcp.h"),
        ("skb", "net/core/skbuff.c"),
        ("ipv4/tm", "net/ipv4/tcp_minisocks.c"),
        ("makefile", "Makefile"),
        ("e1000m", "drivers/net/e1000/e1000_main.c"),
        ("net core skbuff", "net/core/skbuff.c"),
        ("nminisx", None),
        ("ntsocks", "net/ipv4/tcp_minisocks.c"),
    ],
)
def test_the_likeliest_is_first(letters: str, first: str | None) -> None:
    assert next(iter(FileNames(PATHS).find(letters, 5)), None) == first


def test_what_begins_so_goes_before_what_has_the_letters_somewhere() -> None:
    assert FileNames(PATHS).find("tcp", 3) == ["net/ipv4/tcp.c", "include/net/tcp.h", "Documentation/networking/tcp.txt"]


def test_strewn_letters_only_where_nothing_else_has_them() -> None:
    names = FileNames(PATHS)
    assert names.find("ntsocks", 5, strewn=False) == []
    assert names.find("tcpin", 5) == ["net/ipv4/tcp_input.c"]


@given(st.text(max_size=200), st.lists(st.text(max_size=30), max_size=10))
def test_any_letters_and_any_paths(letters: str, paths: list[str]) -> None:
    found = FileNames(paths).find(letters, 3)
    assert len(found) <= 3
    assert set(found) <= set(paths)


def test_no_letters_take_long() -> None:
    names = FileNames(["a/" * 40 + f"{number}.c" for number in range(5000)])
    begun = time.perf_counter()
    names.find("a" * 100 + "b", 10)
    assert time.perf_counter() - begun < 2
