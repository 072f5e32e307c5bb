"""Where an `#include` leads, and what a name means at a place."""

from __future__ import annotations

import pytest

from xref.graph.linkage import Named
from xref.graph.linkage import Standing
from xref.graph.linkage import arch_of
from xref.graph.linkage import include_candidates
from xref.graph.linkage import is_macro_call
from xref.graph.linkage import reasons
from xref.graph.linkage import visible
from xref.index.query import Index

_ARCHS = ("alpha", "i386", "ppc")


def leads(path: str, target: str, tree: set[str], *, system: bool = True, arch: str | None = "i386") -> list[str]:
    return [each for each in include_candidates(path, target, system, arch, _ARCHS) if each in tree]


@pytest.mark.parametrize(
    ("path", "target", "system", "there", "wanted"),
    [
        ("net/socket.c", "linux/net.h", True, {"include/linux/net.h"}, ["include/linux/net.h"]),
        ("net/a/b.c", "c.h", False, {"net/a/c.h", "include/c.h"}, ["net/a/c.h", "include/c.h"]),
        ("net/a/b.c", "../c.h", False, {"net/c.h"}, ["net/c.h"]),
        ("a.c", "../c.h", False, {"c.h"}, ["c.h"]),
        ("kernel/a.c", "asm/irq.h", True, {"include/asm-i386/irq.h", "include/asm-ppc/irq.h"},
         ["include/asm-i386/irq.h", "include/asm-ppc/irq.h"]),
        ("arch/ppc/kernel/a.c", "asm/irq.h", True, {"include/asm-i386/irq.h", "include/asm-ppc/irq.h"},
         ["include/asm-ppc/irq.h", "include/asm-i386/irq.h"]),
        ("include/asm-ppc/b.h", "asm/irq.h", True, {"include/asm-i386/irq.h", "include/asm-ppc/irq.h"},
         ["include/asm-ppc/irq.h", "include/asm-i386/irq.h"]),
        ("kernel/a.c", "asm/irq.h", True, {"arch/i386/include/asm/irq.h", "include/asm-generic/irq.h"},
         ["arch/i386/include/asm/irq.h", "include/asm-generic/irq.h"]),
        ("kernel/a.c", "linux/x.h", True, {"include/uapi/linux/x.h", "include/linux/x.h"},
         ["include/linux/x.h", "include/uapi/linux/x.h"]),
        ("drivers/x/deep/a.c", "own.h", False, {"drivers/x/own.h"}, ["drivers/x/own.h"]),
        ("drivers/x/deep/a.c", "own.h", True, {"drivers/x/include/own.h"}, ["drivers/x/include/own.h"]),
        ("a.c", "b.h", False, {"b.h"}, ["b.h"]),
        ("sub/a.c", "sub/b.h", False, {"sub/b.h"}, ["sub/b.h"]),
        ("net/a.c", "nowhere.h", True, {"include/linux/net.h"}, []),
    ],
)  # fmt: skip
def test_where_an_include_leads(path, target, system, there, wanted):
    assert leads(path, target, there, system=system) == wanted


def test_the_architecture_asked_for_goes_first():
    there = {"include/asm-i386/irq.h", "include/asm-ppc/irq.h", "include/asm-alpha/irq.h"}
    assert leads("kernel/a.c", "asm/irq.h", there, arch="ppc")[0] == "include/asm-ppc/irq.h"
    assert leads("kernel/a.c", "asm/irq.h", there, arch=None)[0] == "include/asm-alpha/irq.h"


def test_no_candidate_is_offered_twice_or_outside():
    for path, target in (("a.c", "b.h"), ("x/y.c", "../../../etc/passwd"), ("arch/i386/a.c", "asm/b.h")):
        for system in (True, False):
            offered = list(include_candidates(path, target, system, "i386", _ARCHS))
            assert len(offered) == len(set(offered))
            assert not [each for each in offered if each.startswith(("..", "/"))]


def test_the_architecture_of_a_file():
    assert arch_of("arch/ppc/kernel/irq.c") == "ppc"
    assert arch_of("kernel/irq.c") is None
    assert arch_of("arch/README") is None


def never(_path: str, _header: str) -> bool:
    return False


def always(_path: str, _header: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("named", "reaches", "wanted"),
    [
        (Named("net/a.c", True, None), never, True),
        (Named("net/b.c", True, None), always, False),
        (Named("net/b.c", False, None), never, True),
        (Named("include/a.h", True, None), never, False),
        (Named("include/a.h", True, None), always, True),
        (Named("arch/i386/a.c", False, "i386"), never, True),
        (Named("arch/ppc/a.c", False, "ppc"), never, False),
    ],
)
def test_what_code_can_mean(named, reaches, wanted):
    assert visible(named, "net/a.c", "i386", reaches) is wanted


def test_a_macro_and_a_function_of_one_name():
    header = Named("include/asm-i386/string.h", False, "i386")
    function = Named("lib/string.c", False, None)
    assert is_macro_call("net/a.c", "i386", [header], [function], always)
    assert not is_macro_call("net/a.c", "i386", [header], [function], never)
    both = Named("include/linux/x.h", True, None)
    assert not is_macro_call("net/a.c", "i386", [both], [both], always), "alternatives in one header: the function"
    own = Named("net/a.c", False, None)
    assert is_macro_call("net/a.c", "i386", [own], [function], never)
    other = Named("net/b.c", False, None)
    assert not is_macro_call("net/a.c", "i386", [other], [function], never), "a macro of another .c is not seen"


_TREE = {
    "include/linux/string.h": "#include <asm/string.h>\nextern void *copy(void *a);\n",
    "include/asm-i386/string.h": "#define copy(a) __copy(a)\nstatic inline void *__copy(void *a) { return a; }\n",
    "include/asm-ppc/string.h": "extern void *copy(void *a);\n",
    "lib/string.c": "#include <linux/string.h>\n#undef copy\nvoid *copy(void *a) { return a; }\n",
    "net/user.c": "#include <linux/string.h>\nvoid user(void) { copy(0); }\n",
    "net/blind.c": "void blind(void) { copy(0); }\n",
    "net/own.c": "static int helper(void) { return 1; }\nint own(void) { return helper(); }\n",
    "net/other.c": "static int helper(void) { return 2; }\nint other(void) { return helper(); }\n",
    "arch/ppc/user.c": "#include <linux/string.h>\nvoid ppc_user(void) { copy(0); }\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    from xref.index.build import index_tree

    root = tmp_path_factory.mktemp("linkage")
    for path, text in _TREE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    made = tmp_path_factory.mktemp("index") / "linkage.db"
    index_tree(made, root, arch="i386", jobs=1)
    return Index(made)


def test_a_call_is_what_its_file_can_see(index):
    kinds = {call.file: call.kind for call in index.callers("copy")}
    assert kinds["net/user.c"] == "macro", "i386's header makes it one"
    assert kinds["arch/ppc/user.c"] == "direct", "ppc's header does not"
    assert kinds["net/blind.c"] == "direct", "nothing is included"


def test_static_functions_of_one_name_stay_in_their_files(index):
    assert [(c.file, c.caller) for c in index.callers("helper")] == [("net/other.c", "other"), ("net/own.c", "own")]
    assert [(c.callee, c.file) for c in index.callees("own")] == [("helper", "net/own.c")]


def test_includes_are_resolved_for_the_architecture(index):
    assert index.includes("net/user.c")[0].resolved == ("include/linux/string.h",)
    assert index.includes("include/linux/string.h")[0].resolved == ("include/asm-i386/string.h", "include/asm-ppc/string.h")
    assert Index(index.path, arch="ppc").resolve_include("include/linux/string.h", "asm/string.h", True)[0] == (
        "include/asm-ppc/string.h"
    )
    assert index.reaches("net/user.c", "include/asm-i386/string.h")
    assert not index.reaches("net/user.c", "include/asm-ppc/string.h")
    assert index.reaches("arch/ppc/user.c", "include/asm-ppc/string.h")
    assert Index(index.path, arch="ppc").reaches("net/user.c", "include/asm-ppc/string.h")


def test_definitions_come_in_the_order_of_likelihood(index):
    assert [d.file for d in index.definitions("copy")] == [
        "lib/string.c", "include/asm-i386/string.h", "include/linux/string.h", "include/asm-ppc/string.h",
    ]  # fmt: skip


def test_reasons_are_those_that_left_fewer() -> None:
    def standing(**given: object) -> Standing:
        plain = {"declares": False, "foreign": False, "hidden": False, "kind": 0, "file": "a.c", "line": 1}
        return Standing(**(plain | given))  # type: ignore[arg-type]

    one = standing()
    assert reasons([one]) == ()
    assert reasons([]) == ()
    assert reasons([one, standing(declares=True)]) == ("body",)
    assert reasons([one, standing(foreign=True), standing(kind=1)]) == ("arch", "kind")
    assert reasons([one, standing(hidden=True)]) == ("external",)
    assert reasons([one, standing(file="b.c")]) is None
    assert reasons([one, standing(declares=True), standing(line=2)]) is None
