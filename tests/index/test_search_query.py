"""What is typed into the search box: each part of it, and what contradicts itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xref.index.search_query import QueryError
from xref.index.search_query import SearchQuery
from xref.index.search_query import parse
from xref.index.search_query import path_filter


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("sk_state", SearchQuery("sk_state")),
        ("  slow  start ", SearchQuery("slow  start")),
        ("file:net/ kind:write sk_state", SearchQuery("sk_state", files=("net/",), kind="write")),
        ("sk_state kind:write file:net/", SearchQuery("sk_state", files=("net/",), kind="write")),
        ("file:net/ file:*.h -file:ipv6 x", SearchQuery("x", files=("net/", "*.h"), but=("ipv6",))),
        ("arch:i386 do_IRQ", SearchQuery("do_IRQ", arch="i386")),
        ("/a.*b/", SearchQuery("a.*b", regex=True)),
        ("/a b/i file:net/", SearchQuery("a b", regex=True, any_case=True, files=("net/",))),
        ("/proc/net", SearchQuery("/proc/net")),
        ("a / b / c", SearchQuery("a / b / c")),
        ("regex:tcp_.*x y", SearchQuery("tcp_.*x y", regex=True)),
        ("regex: tcp_.*x", SearchQuery("tcp_.*x", regex=True)),
        ('"kind: of"', SearchQuery("kind: of")),
        ('"file:net/" arch:i386', SearchQuery("file:net/", arch="i386")),
        ('"a"  b', SearchQuery('"a"  b')),
        ('a "b"', SearchQuery('a "b"')),
        ('"say \\"x\\""', SearchQuery('say "x"')),
        ('printk("file:x")', SearchQuery('printk("file:x")')),
        ("default: break;", SearchQuery("default: break;")),
        ("case:no JIFFIES", SearchQuery("JIFFIES", any_case=True)),
        ("ident:sock", SearchQuery(ident="sock")),
        ("file:net/", SearchQuery(files=("net/",))),
        ("", SearchQuery()),
    ],
)
def test_parts(typed: str, expected: SearchQuery) -> None:
    assert parse(typed, ["i386"]) == expected


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("kind:verb x", "kind:verb is no kind"),
        ("kind:write", "goes with one identifier"),
        ("kind:write a b", "goes with one identifier"),
        ("arch:pdp11 x", "it has i386"),
        ("file: x", "needs a value"),
        ("kind:read kind:write x", "twice"),
        ("case:maybe x", "case:yes"),
        ("regex:", "needs an expression"),
    ],
)
def test_what_cannot_be_meant_is_said(typed: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        parse(typed, ["i386"])


@given(st.text(max_size=60))
def test_anything_can_be_typed(typed: str) -> None:
    try:
        query = parse(typed)
    except QueryError as error:
        assert "\n" not in str(error).replace(typed, "")
    else:
        wants = query.wants()
        assert wants is None or wants("net/core/sock.c") in (True, False)


@pytest.mark.parametrize(
    ("value", "path", "wanted"),
    [
        ("net/", "net/core/sock.c", True),
        ("net/", "drivers/net/tun.c", False),
        ("SOCK", "net/core/sock.c", True),
        ("*.h", "include/net/sock.h", True),
        ("*.h", "net/core/sock.c", False),
        ("sock*", "net/core/sock.c", True),
        ("net/*.c", "net/core/sock.c", True),
        ("net/*.c", "drivers/net/tun.c", False),
    ],
)
def test_files_are_meant_by_directory_part_or_glob(value: str, path: str, wanted: bool) -> None:
    assert path_filter(value)(path) is wanted


def test_an_architecture_has_its_files_and_those_of_none() -> None:
    wants = parse("arch:i386 x").wants()
    assert wants is not None
    paths = ["arch/i386/kernel/irq.c", "arch/ppc/kernel/irq.c", "kernel/irq.c", "include/asm-ppc/irq.h"]
    assert [path for path in paths if wants(path)] == ["arch/i386/kernel/irq.c", "kernel/irq.c"]
