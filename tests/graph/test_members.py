"""What structs and enums are made of, in the order of their text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xref.graph.members import Layouts
from xref.index.build import index_tree
from xref.index.places import Places
from xref.index.query import Index

SOURCE = """\
#define FIRST 0x10
struct plain { int a, *b, c[4]; };
struct packet {
	/* not a member; { */
	struct packet *next;
	union {
		struct head *th;
		unsigned char *raw;
	} h;
	union {
		int inner;
	};
	int (*output)(struct packet *,
			int len);
	unsigned int fin:1, syn:1;
#ifdef DEBUG
	int magic;
#endif
	struct { int x; struct { int y; } deep; } pair[2];
};
typedef struct { int only; } unnamed_t;
typedef struct tagged { int one; } tagged_t;
struct declared;
struct packet *function(struct declared *x) { return 0; }
enum colour { RED, GREEN = 5, BLUE, DARK = BLUE | 0x10, ODD = sizeof(int), AFTER, START = FIRST + 1, LAST };
enum { LOW = -2, NEXT, ZERO };
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    base: Path = tmp_path_factory.mktemp("members")
    (base / "tree").mkdir()
    (base / "tree/a.c").write_text(SOURCE)
    index_tree(base / "a.db", base / "tree", jobs=1)
    index = Index(base / "a.db")
    yield Places(index)
    index.close()


def shown(places: Places, name: str) -> list[tuple[int, str]]:
    (place,) = [each for each in places.all(name) if each.kind in ("struct", "typedef") and "tagged_t" not in each.name]
    return [(member.depth, member.declaration) for member in Layouts(places).members(place)]


def test_each_member_has_its_own_declaration(places: Places) -> None:
    assert shown(places, "plain") == [(0, "int a"), (0, "int *b"), (0, "int c[4]")]


def test_unnamed_structs_are_opened(places: Places) -> None:
    assert shown(places, "packet") == [
        (0, "struct packet *next"),
        (0, "union {"),
        (1, "struct head *th"),
        (1, "unsigned char *raw"),
        (0, "} h"),
        (0, "union {"),
        (1, "int inner"),
        (0, "}"),
        (0, "int (*output)(struct packet *, int len)"),
        (0, "unsigned int fin:1"),
        (0, "unsigned int syn:1"),
        (0, "int magic"),
        (0, "struct {"),
        (1, "int x"),
        (1, "struct {"),
        (2, "int y"),
        (1, "} deep"),
        (0, "} pair[2]"),
    ]


def test_typedefs_have_the_members_of_what_they_name(places: Places) -> None:
    assert shown(places, "unnamed_t") == [(0, "int only")]
    (place,) = places.all("tagged_t")
    body = Layouts(places).body(place)
    assert body is not None
    assert body.tag == "tagged"
    (place,) = places.all("unnamed_t")
    body = Layouts(places).body(place)
    assert body is not None
    assert body.tag == "unnamed_t"


def test_pointers_to_functions_are_told_apart(places: Places) -> None:
    (place,) = [each for each in places.all("packet") if each.kind == "struct"]
    assert [each.name for each in Layouts(places).members(place) if each.pointer] == ["output"]


def test_values_of_an_enum(places: Places) -> None:
    (place,) = places.all("colour")
    values = Layouts(places).enumerators(place, {"FIRST": 0x10}.get)
    assert [(each.name, each.value) for each in values] == [
        ("RED", 0), ("GREEN", 5), ("BLUE", 6), ("DARK", 0x16), ("ODD", None), ("AFTER", None), ("START", 0x11),
        ("LAST", 0x12),
    ]  # fmt: skip
    assert [each.expression for each in values][:4] == [None, "5", None, "BLUE | 0x10"]


def test_an_enumerator_leads_to_its_enum(places: Places) -> None:
    (place,) = places.all("NEXT")
    assert [(each.name, each.value) for each in Layouts(places).enumerators(place)] == [("LOW", -2), ("NEXT", -1), ("ZERO", 0)]


@pytest.mark.parametrize(("name", "holder"), [("magic", "packet"), ("y", "packet"), ("only", "unnamed_t"), ("BLUE", "colour"), ("function", None)])
def test_the_holder_of_a_member(places: Places, name: str, holder: str | None) -> None:
    (place,) = places.all(name)
    found = Layouts(places).holder(place.file, place.line)
    assert (found and found.name) == holder
