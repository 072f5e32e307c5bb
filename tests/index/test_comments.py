"""Which comment documents a definition, and its words alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from xref.index.build import index_tree
from xref.index.comments import comment_above
from xref.index.comments import comment_behind
from xref.index.query import Index

ABOVE = {
    "one line": ("int a;\n/* Opens it. */\nint f(void)\n", "Opens it."),
    "kernel style": ("int a;\n/*\n * Opens it.\n *\n *   - twice\n * - once\n */\nint f(void)\n", "Opens it.\n\n  - twice\n- once"),
    "kernel-doc": ("/**\n * f - opens it\n * @a: what\n **/\nint f(int a)\n", "f - opens it\n@a: what"),
    "no margin": ("/* Opens it,\n   then closes it. */\nint f(void)\n", "Opens it,\nthen closes it."),
    "lines": ("int a;\n// Opens it,\n// then closes it.\nint f(void)\n", "Opens it,\nthen closes it."),
    "two without a blank between": ("int a;\n/* One. */\n/* Two. */\nint f(void)\n", "One.\nTwo."),
    "one blank between": ("int a;\n\n/* Opens it. */\n\nint f(void)\n", "Opens it."),
    "drawn": ("int a;\n/*********\n * Opens it.\n *--------\n */\nint f(void)\n", "Opens it."),
    "carriage returns": ("int a;\r\n/*\r\n * Opens it.\r\n */\r\nint f(void)\r\n", "Opens it."),
    "two blanks between": ("int a;\n/* Other. */\n\n\nint f(void)\n", None),
    "the file's own": ("/* A driver. */\n\nint f(void)\n", None),
    "behind other code": ("int a; /* Other. */\nint f(void)\n", None),
    "behind other code, longer": ("int a; /* Other,\n        * much. */\nint f(void)\n", None),
    "behind a directive": ("#endif /* CONFIG_A */\nint f(void)\n", None),
    "only drawn": ("int a;\n/*-----------*/\nint f(void)\n", None),
    "none": ("int a;\nint f(void)\n", None),
    "half": ("b */\nint f(void)\n", None),
    "first line": ("int f(void)\n", None),
}


@pytest.mark.parametrize("case", ABOVE)
def test_the_comment_above(case: str) -> None:
    text, words = ABOVE[case]
    lines = text.replace("\r", "").split("\n")
    line = next(number for number, each in enumerate(lines, 1) if each.startswith("int f"))
    assert comment_above(text, line) == words


BEHIND = {
    "block": ("\tint a;\t/* How many. */\n", "How many."),
    "line": ("\tint a; // How many.\n", "How many."),
    "over two lines": ("\tint a;\t/* How many,\n\t\t * at most. */\n\tint b;\n", "How many,\nat most."),
    "macro": ("#define A 1 /* How many. */ \\\n", "How many."),
    "in a string": ('char *a = "/* no */";\n', None),
    "before the code": ("/* Other. */ int a;\n", None),
    "alone": ("/* Other. */\n", None),
    "no such line": ("", None),
}


@pytest.mark.parametrize("case", BEHIND)
def test_the_comment_behind(case: str) -> None:
    text, words = BEHIND[case]
    assert comment_behind(text, 1) == words


def test_any_line_of_any_text() -> None:
    text = "*/ */\n/*\n//\n/*/\n\n*/ /* */\n/**/\n"
    for line in range(1, 12):
        comment_above(text, line)
        comment_behind(text, line)


SOURCE = """\
/* Holds things. */
struct box {
	int size;	/* in bytes */
	/* What is in it. */
	void *inside;
};

/* Opens a box;
 * Andr\xe9 wrote it. */
static int
open_box(struct box *box)
{
	return box->size;	/* never this */
}

#define BOX_SIZE 4	/* in words */
int bare;
"""


def test_the_comment_of_a_definition(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "box.c").write_bytes(SOURCE.encode("latin-1"))
    index_tree(tmp_path / "x.db", tmp_path / "tree", jobs=1)
    index = Index(tmp_path / "x.db")

    def comment(name: str) -> str | None:
        return index.comment(index.definitions(name)[0])

    assert comment("box") == "Holds things."
    assert comment("size") == "in bytes"
    assert comment("inside") == "What is in it."
    assert comment("open_box") == "Opens a box;\nAndré wrote it.", "the head begins a line above the name"
    assert comment("BOX_SIZE") == "in words"
    assert comment("bare") is None
    assert index.comment(index.definitions("bare")[0]._replace(file="gone.c")) is None
