"""Bringing an index up to date: nothing is read twice, and the answers are those of an index made anew."""

from __future__ import annotations

import os
import random
import time

import pytest

from xref.index import export
from xref.index.build import index_tree
from xref.index.query import Index

_FILES = {
    "include/all.h": "#define __tag\n#define LOOP(p) for (p = 0; p < 9; p++)\nstruct thing { int (*run)(int); };\n"
    "#define MAKE(name) int made_##name(void) { return 0; }\nextern int shared(int);\n",
    "one.c": '#include "include/all.h"\nint __tag one(int a)\n{\n\tLOOP(a)\n\t\tshared(a);\n\treturn two(a);\n}\n',
    "two.c": "int two(int a) { return shared(a); }\nint shared(int b) { return b; }\nMAKE(it)\n",
    "sub/three.c": "static struct thing t = { .run = two };\nint three(void) { return t.run(1); }\n",
    "sub/entry.S": "\t.globl start\nstart:\n\tcall three\n\tret\n",
    "notes.txt": "one two three\n",
}


def test_unchanged_writes_nothing(tree):
    tree.write(_FILES)
    first = tree.update()
    assert first.changed
    assert first.read == first.files == 6
    before = tree.index.stat()
    again = tree.update()
    after = tree.index.stat()
    assert (again.changed, again.read, again.files, again.problems) == (False, 0, 6, first.problems)
    assert (before.st_ino, before.st_mtime_ns, before.st_size) == (after.st_ino, after.st_mtime_ns, after.st_size)
    assert sorted(file.name for file in tree.index.parent.glob("tree.db*")) == ["tree.db", "tree.db.lock"]


def test_a_reader_keeps_to_the_state_that_it_has_opened(tree):
    tree.write(_FILES)
    tree.update()
    before = Index(tree.index)
    # it has asked for nothing yet, and the next reader has
    tree.write({"two.c": _FILES["two.c"].replace("shared", "other"), "new.c": "int newer(void) { return one(1); }\n"})
    tree.update()
    after = Index(tree.index)
    assert after.state != before.state
    assert [(each.file, each.line) for each in after.references("one")] == [("new.c", 1)]
    assert before.references("one") == []
    assert [each.file for each in before.references("shared")] == ["one.c", "two.c"]
    assert [each.file for each in after.references("shared")] == ["one.c"]
    assert "new.c" not in before.files()
    assert after.search("newer")
    assert not before.search("newer")


def test_a_touched_file_is_unchanged(tree):
    tree.write(_FILES)
    tree.update()
    os.utime(tree.root / "one.c", (1, 1))
    assert not tree.update().changed


@pytest.mark.parametrize(
    ("edit", "read"),
    [
        ({"one.c": "int one(int a) { return three(); }\n"}, 1),
        ({"sub/four.c": "int four(void) { return one(4); }\n"}, 1),
        ({"two.c": None}, 0),
        ({"two.c": None, "sub/two.c": _FILES["two.c"]}, 0),
        ({"copy.c": _FILES["two.c"]}, 0),
        ({"notes.txt": "one two four\n"}, 1),
        ({"notes.txt": None, "notes.c": _FILES["notes.txt"]}, 1),
        ({"one.c": b""}, 1),
        ({"one.c": b"\0\1\2"}, 1),
        ({"sub/entry.S": "start:\n\tjmp two\n"}, 1),
        ({"two.c": _FILES["two.c"] + "static int (*hook)(int) = two;\nint hooked(void) { return hook(1); }\n"}, 1),
    ],
    ids=["changed", "added", "removed", "moved", "copied", "text", "kind", "empty", "binary", "assembly", "hook"],
)
def test_one_edit_gives_the_same_answers(tree, edit, read):
    tree.write(_FILES)
    tree.update()
    for path, text in edit.items():
        if text is None:
            (tree.root / path).unlink()
    tree.write({path: text for path, text in edit.items() if text is not None})
    report = tree.update()
    assert report.changed
    assert report.read == read
    tree.check()


def test_a_new_meaning_of_a_macro_rereads_its_users_alone(tree):
    many = {f"other{number}.c": f"int other{number}(void) {{ return {number}; }}\n" for number in range(20)}
    tree.write({**_FILES, **many})
    tree.update()
    changed = _FILES["include/all.h"].replace("#define LOOP(p) for (p = 0; p < 9; p++)", "#define LOOP(p) loop(p);")
    tree.write({"include/all.h": changed})
    report = tree.update()
    assert report.changed
    assert 2 <= report.read <= 3, "the header and one.c, and not the twenty others"
    tree.check()


def test_a_new_meaning_of_a_maker_rereads_its_users_alone(tree):
    tree.write(_FILES)
    tree.update()
    assert [d[0] for d in tree.of("definitions") if d[0].startswith("made_")] == ["made_it"]
    tree.write({"include/all.h": _FILES["include/all.h"].replace("made_##name", "made_##name##_up")})
    assert tree.update().read == 2
    assert [d[0] for d in tree.of("definitions") if d[0].startswith("made_")] == ["made_it_up"]
    tree.check()


def test_a_macro_that_ceases_to_be_an_annotation(tree):
    tree.write({"a.h": "#define __odd\n", "a.c": "int __odd f(void) { return g(); }\n", "b.c": "int g(void);\n"})
    tree.update()
    tree.write({"a.h": "#define __odd (1 + 2)\n"})
    tree.update()
    tree.check()
    tree.write({"a.h": "#define __odd __attribute__((odd))\n"})
    tree.update()
    tree.check()
    (tree.root / "a.h").unlink()
    tree.update()
    tree.check()


def test_a_change_of_arch_alone(tree):
    tree.write({**_FILES, "arch/i386/a.c": "int who(void) { return 1; }\n", "arch/ppc/a.c": "int who(void) { return 2; }\n"})
    assert tree.update().changed
    assert Index(tree.index).definitions("who")[0].arch == "i386"
    report = tree.update(arch="ppc")
    assert (report.changed, report.read) == (True, 0)
    assert Index(tree.index).arch == "ppc"
    assert Index(tree.index).definitions("who")[0].arch == "ppc"
    assert Index(tree.index, arch="i386").definitions("who")[0].arch == "i386"
    assert not tree.update().changed, "the architecture asked for once is kept"
    assert Index(tree.index).arch == "ppc"


def test_an_emptied_tree(tree):
    tree.write(_FILES)
    tree.update()
    for path in _FILES:
        (tree.root / path).unlink()
    assert tree.update().files == 0
    tree.check()
    tree.write(_FILES)
    assert tree.update().files == 6
    tree.check()


def test_what_is_gone_never_comes_back_in_another_file(tree):
    """The newest file goes, and one of other content comes: it has none of the old one's facts."""
    tree.write({"a.c": "int a(void) { return 1; }\n"})
    tree.update()
    tree.write({"b.c": "int b(void) { return a() + ghost(); }\n"})
    tree.update()
    (tree.root / "b.c").unlink()
    tree.update()
    tree.check()
    tree.write({"c.c": "int c(void) { return spirit(); }\n"})
    tree.update()
    assert Index(tree.index).callers("ghost") == []
    assert len(Index(tree.index).search("spirit")) == 1
    tree.check()


_MACROS = [
    "#define __mark\n", "#define __mark __attribute__((x))\n", "#define __mark 3\n", "",
    "#define each(p) for (p = 0; p; p--)\n", "#define each(p) call_each(p)\n",
    "#define DEFINE_IT(n) static int it_##n\n", "#define DEFINE_IT(n) int it_##n(void)\n",
    "#define quiet\n", "#define SAY(x) say(x);\n", "#define SAY(x) do { say(x); } while (0)\n",
]  # fmt: skip


def _some_c(chance: random.Random) -> str:
    lines = []
    for _ in range(chance.randint(1, 4)):
        name, other = chance.randrange(30), chance.randrange(30)
        lines.append(chance.choice([
            f"int __mark f{name}(int a)\n{{\n\teach(a)\n\t\tf{other}(a);\n\treturn a;\n}}\n",
            f"static int s{name}(void) {{ SAY({other}) return f{other}(1); }}\n",
            f"DEFINE_IT({chance.choice('abcde')});\n",
            f"struct s{name} {{ int m{other}; int (*call)(void); }};\n",
            f"#ifdef CONFIG_{name}\nint v{name} = {other};\n#endif\n",
            f"void r{name}(struct s{other} *s) {{ s->call(); s->m{name} = v{other}; }}\n",
            f'#include "h{name % 4}.h"\n',
            chance.choice(_MACROS),
        ]))  # fmt: skip
    return "".join(lines)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_of_random_edits(tree, seed):
    """After each of these edits, the index that was brought up to date equals one made anew."""
    chance = random.Random(seed)
    tree.write({f"{chance.choice(['', 'a/', 'a/b/'])}x{number}.c": _some_c(chance) for number in range(8)})
    tree.write({f"h{number}.h": chance.choice(_MACROS) for number in range(4)})
    tree.update()
    for _ in range(4):
        for _ in range(chance.randint(1, 3)):
            there = sorted(path for path in tree.root.rglob("*") if path.is_file())
            what = chance.choice(("write", "write", "header", "header", "delete", "rename", "copy", "kind"))
            victim = chance.choice(there)
            if what == "write":
                tree.write({f"x{chance.randrange(12)}.c": _some_c(chance)})
            elif what == "header":
                tree.write({f"h{chance.randrange(4)}.h": chance.choice(_MACROS) + chance.choice(_MACROS)})
            elif what == "delete" and len(there) > 3:
                victim.unlink()
            elif what == "rename":
                victim.rename(victim.with_name(f"y{chance.randrange(99)}{victim.suffix}"))
            elif what == "copy":
                tree.write({f"a/z{chance.randrange(9)}{victim.suffix}": victim.read_bytes()})
            elif what == "kind":
                victim.rename(victim.with_suffix({".c": ".txt", ".txt": ".c", ".h": ".c"}[victim.suffix]))
        tree.update()
        tree.check()


# -- several trees ------------------------------------------------------------------------------------


def _two_trees(tree):
    tree.write(_FILES)
    other = tree.root.with_name("newer")
    for path, text in _FILES.items():
        file = other / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (other / "one.c").write_text("int one(int a) { return newer(a); }\n")
    (other / "only.c").write_text("int newer(int a) { return a; }\n")
    return other


def test_two_trees_share_what_they_have_in_common(tree, facts):
    other = _two_trees(tree)
    tree.update()
    alone = facts(tree.index)
    report = index_tree(tree.index, other, jobs=1)
    assert (report.tree, report.files, report.read) == ("newer", 7, 2)
    assert Index(tree.index).trees() == ["newer", "tree"]
    assert Index(tree.index).tree == "newer"
    assert facts(tree.index, "tree") == alone
    separate = tree.index.with_name("newer.db")
    index_tree(separate, other, jobs=1)
    assert facts(tree.index, "newer") == facts(separate)


def test_each_tree_answers_for_itself(tree):
    other = _two_trees(tree)
    tree.update()
    index_tree(tree.index, other, jobs=1)
    old, new = Index(tree.index, "tree"), Index(tree.index, "newer")
    assert old.definitions("newer") == []
    assert [d.file for d in new.definitions("newer")] == ["only.c"]
    assert {c.caller for c in old.callers("two")} == {"one"}
    assert new.callers("two") == []
    assert old.defined(["newer", "one"]) == {"one"}
    assert "newer" not in old.complete("new")
    assert {m.file for m in old.search("newer")} == set()
    assert {m.file for m in new.search("newer")} == {"one.c", "only.c"}
    assert old.info().files == 6
    assert {d.name for d in export.definitions(old)} & {"newer"} == set()
    assert [c for c in export.calls(old) if c.callee == "newer"] == []
    assert old.has("only.c") is False
    assert new.has("only.c") is True


def test_a_name_is_what_it_is_in_its_own_tree(tree):
    """`late` is a macro in one tree, a function in the other, and nothing of one shows in the other."""
    tree.write({"a.c": "#define late(x) (x)\nint f(void) { return late(1); }\n"})
    other = tree.root.with_name("newer")
    other.mkdir()
    (other / "a.c").write_text("int late(int x) { return x; }\nint g(void) { return late(1); }\nint (*p)(int) = late;\n")
    tree.update()
    index_tree(tree.index, other, jobs=1)
    old, new = Index(tree.index, "tree"), Index(tree.index, "newer")
    assert [(c.kind, c.caller) for c in old.callers("late")] == [("macro", "f")]
    assert [(c.kind, c.caller) for c in new.callers("late")] == [("direct", "g")]
    assert [r.kind for r in old.references("late")] == ["macro"]
    assert [r.kind for r in new.references("late")] == ["call", "address"]
    for index in (old, new):
        for name in ("late",):
            exported = [r for r in export.references(index) if r.name == name]
            assert sorted(exported) == sorted(index.references(name))


def test_trees_read_with_different_lessons_stay_apart(tree, facts):
    """The same bytes mean another thing where a header says so: neither tree's answers change."""
    source = "int __tag f(void) { return g(); }\n"
    tree.write({"a.c": source, "t.h": "#define __tag\n"})
    other = tree.root.with_name("newer")
    other.mkdir()
    (other / "a.c").write_text(source)
    (other / "t.h").write_text("#define __tag(x) tagged(x)\n")
    tree.update()
    before = facts(tree.index)
    index_tree(tree.index, other, jobs=1)
    assert facts(tree.index, "tree") == before
    separate = tree.index.with_name("newer.db")
    index_tree(separate, other, jobs=1)
    assert facts(tree.index, "newer") == facts(separate)
    (other / "t.h").write_text("#define __tag\n")
    index_tree(tree.index, other, jobs=1)
    assert facts(tree.index, "tree") == before
    index_tree(separate, other, jobs=1)
    assert facts(tree.index, "newer") == facts(separate)


def test_the_index_does_not_grow_with_every_run(tree):
    """What no tree has any more is dropped: many edits of one file cost no more than a few."""
    tree.write(_FILES)
    tree.update()
    sizes = []
    for number in range(8):
        tree.write({"one.c": f"int one(int a) {{ return {number}; }}\n" + "int x;\n" * 200})
        tree.update()
        sizes.append(tree.index.stat().st_size)
    assert sizes[-1] <= sizes[2] * 1.5


def test_an_update_of_a_few_files_is_quick(tree):
    tree.write({f"d{number // 40}/f{number}.c": f"int f{number}(void) {{ return f{number - 1}(); }}\n" for number in range(400)})
    tree.update()
    tree.write({"d0/f1.c": "int f1(void) { return 7; }\n"})
    start = time.monotonic()
    assert tree.update().read == 1
    assert time.monotonic() - start < 10
