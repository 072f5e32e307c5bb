"""Headers that list uses of a macro: what they teach, and what an include of one defines."""

from __future__ import annotations

from xref.parse.facts import DEFINITION_KINDS
from xref.parse.lessons import Lessons
from xref.parse.listed import listed
from xref.parse.listed import taught_by
from xref.parse.reader import CReader

HOOKS = """\
/* HOOK(type, name): { one for each hook; }
 * #define HOOK(type, name) …
 */
#ifdef CONFIG_X
HOOK(int, file_open, struct file *file,
     int (*done)(void))
#endif
HOOK(void, file_free, struct file *file);
""".encode()


def test_a_list_is_uses_of_what_others_define():
    assert listed(HOOKS) == {
        b"HOOK": ((b"int", b"file_open", b"struct file *file", b"int (*done)(void)"),
                  (b"void", b"file_free", b"struct file *file")),
    }  # fmt: skip


def test_what_is_no_list():
    assert listed(b"#define HOOK(a) int a;\nHOOK(x)\nHOOK(y)\n") == {}
    assert listed(b"HOOK(x)\nint y;\nHOOK(z)\n") == {}
    assert listed(b"HOOK(x)\n") == {}
    assert taught_by("a.c", HOOKS).listed == {}


def _definitions(text: bytes, path: str = "kernel/hooks.c") -> set[tuple[str, str, int]]:
    lessons = Lessons.gather([(p, taught_by(p, data)) for p, data in
                              (("include/linux/hook_defs.h", HOOKS), (path, text))])  # fmt: skip
    reader = CReader(lessons)
    words = reader.vocabulary.words
    rows = reader.read([text], [path]).definitions.tolist()
    return {(words[row[1]].decode(), DEFINITION_KINDS[row[2]], row[3]) for row in rows if words[row[9]] == b"HOOK"}


def test_functions_of_a_list_are_where_it_is_included():
    text = b"""\
#define HOOK(RET, NAME, ...) RET hook_##NAME(__VA_ARGS__) \\
{ \\
}
#include <linux/hook_defs.h>
#undef HOOK
#define HOOK(RET, NAME, ...) NOTED(hook_##NAME)
#include <linux/hook_defs.h>
"""
    assert _definitions(text) == {("hook_file_open", "function", 4), ("hook_file_free", "function", 4)}


def test_a_list_among_members_or_after_undef_makes_nothing_at_file_level():
    text = b"""\
union hooks {
	#define HOOK(RET, NAME, ...) RET (*NAME)(__VA_ARGS__);
	#include <linux/hook_defs.h>
	#undef HOOK
};
#include <linux/hook_defs.h>
"""
    assert _definitions(text) == set()
