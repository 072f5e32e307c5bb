"""What a name means in a file, how often a file's functions are used, and what a directory holds."""

from __future__ import annotations

import pytest

from xref.graph.callgraph import CallGraph
from xref.index.build import index_tree
from xref.index.function_counts import Usage
from xref.index.function_counts import usage
from xref.index.meaning import meaning
from xref.index.mentions import mentions
from xref.index.places import Places
from xref.index.query import Index
from xref.index.records import Entry

FILES = {
    "include/ops.h": "struct ops {\n\tint (*go)(int size);\n\tint size;\n};\nint shared(int);\n#define LIMIT 1\n",
    "a/one.c": """\
#include "../include/ops.h"
static int local(int size)
{
	return size + LIMIT;
}
int shared(int size)
{
	struct ops ops;
	ops.size = size;
	return local(size) + local(1);
}
static struct ops one = { .go = local };
int run(struct ops *ops)
{
	return ops->go(ops->size);
}
""",
    "a/two.c": "static int local(int x)\n{\n\treturn x;\n}\nint other(void)\n{\n\treturn local(shared(1));\n}\n",
    "broken.c": "int f(void) { if ( ) ) ] = ; }\n",
    "notes": "local\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("meaning")
    for path, text in FILES.items():
        (root / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "tree" / path).write_text(text)
    index_tree(root / "x.db", root / "tree", jobs=1)
    return Index(root / "x.db")


def seen(index: Index, name: str, path: str, *, member: bool = False) -> tuple[str, str, str]:
    found = meaning(Places(index), name, path, member=member)
    assert found is not None
    return found.definition.file, found.definition.kind, found.seen


def test_what_a_name_means_in_a_file(index: Index) -> None:
    assert seen(index, "local", "a/one.c") == ("a/one.c", "function", "here")
    assert seen(index, "local", "a/two.c") == ("a/two.c", "function", "here")
    assert seen(index, "LIMIT", "a/one.c") == ("include/ops.h", "macro", "included")
    assert seen(index, "LIMIT", "a/two.c") == ("include/ops.h", "macro", "elsewhere")
    assert seen(index, "shared", "a/two.c") == ("a/one.c", "function", "linked"), "not its prototype"
    assert seen(index, "size", "a/one.c", member=True) == ("include/ops.h", "member", "included")
    assert meaning(Places(index), "nothing", "a/one.c") is None


def test_without_a_file_it_is_the_likeliest(index: Index) -> None:
    found = meaning(Places(index), "local")
    assert found is not None
    assert found.definition == index.definitions("local")[0]
    assert (found.seen, found.alike, found.kinds) == ("likeliest", 2, {"function": 2})


def test_mentions_are_all_but_locals(index: Index) -> None:
    found = mentions(index, "a/one.c")
    assert found is not None
    lines = FILES["a/one.c"].split("\n")

    def names(line: int) -> list[str]:
        places = sorted(column for at, column in found if at == line)
        return [lines[line - 1][column - 1 :].split("(")[0].split(" ")[0].strip(";)") for column in places]

    assert names(4) == ["LIMIT"], "size is a parameter"
    assert names(9) == ["size"], "the member"
    assert names(10) == ["local", "local"]
    references = {(each.line, each.column) for each in index.references("local") if each.file == "a/one.c"}
    assert references <= found
    assert mentions(index, "notes") is None
    assert mentions(index, "broken.c") is None, "what was not parsed in full is not known"


def test_usage(index: Index) -> None:
    assert usage(index, "a/one.c") == [Usage("local", 2, 1, 1), Usage("shared", 6, 1, 0), Usage("run", 13, 0, 0)]
    assert usage(index, "a/two.c") == [Usage("local", 1, 1, 0), Usage("other", 5, 0, 0)]


def test_targets_at_a_line(index: Index) -> None:
    ((call, edges),) = CallGraph(index).at("a/one.c", 15)
    assert (call.caller, call.callee, call.struct, call.field) == ("run", "ops->go", "ops", "go")
    assert [(each.caller, each.callee, each.evidence) for each in edges] == [("run", "local", "a/one.c:12")]
    assert CallGraph(index).at("a/one.c", 1) == []


def test_what_a_directory_holds(index: Index) -> None:
    top = index.listing("")
    assert top is not None
    assert [(each.name, each.kind, each.files) for each in top] == [
        ("a", None, 2), ("include", None, 1), ("broken.c", "c", 1), ("notes", "text", 1),
    ]  # fmt: skip
    assert index.listing("a") == [
        Entry("one.c", "c", 1, 16, len(FILES["a/one.c"])),
        Entry("two.c", "c", 1, 8, len(FILES["a/two.c"])),
    ]
    assert index.listing("nowhere") is None
    assert [(name, directory) for name, directory in index.directory("") or ()] == [
        (each.name, each.kind is None) for each in top
    ]
