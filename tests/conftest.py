"""What several rooms' tests need: a small tree of our own, an index of it, and one of fixtures/minikernel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_MINIKERNEL = Path(__file__).parent.parent / "fixtures" / "minikernel"

_RING_H = """\
#ifndef RING_H
#define RING_H

#define RING_SIZE 16
#define DEFINE_RING(name) struct ring name = { .ops = &plain_ops }

struct ring;

struct ring_ops {
	int (*push)(struct ring *ring, int value);
};

struct ring {
	int slots[RING_SIZE];
	int used;
	struct ring_ops *ops;
};

extern struct ring_ops plain_ops;
extern int ring_push(struct ring *ring, int value);

#endif
"""

_RING_C = """\
#include "ring.h"

static int clamp(int value)
{
	return value < 0 ? 0 : value;
}

static int plain_push(struct ring *ring, int value)
{
	ring->slots[ring->used++] = clamp(value);
	return ring->used;
}

struct ring_ops plain_ops = {
	.push = plain_push,
};

/* Push a value: through the ring's own operations. */
int ring_push(struct ring *ring, int value)
{
	if (ring->used >= RING_SIZE)
		return -1;
	return ring->ops->push(ring, value);
}
"""

#: \xe9 makes it Latin-1: no UTF-8
_TTY_C = b"""\
#include "ring.h"
#include <linux/kernel.h>

/* Written by Andr\xe9. */
static DEFINE_RING(input);

#ifdef CONFIG_TTY_DEBUG
static int tty_debug = 1;
#endif

void tty_receive(int value)
{
	ring_push(&input, value);	/* Andr\xe9's ring */
	printk("got %d", value);
}
"""

#: what the parser cannot take in full
_BROKEN_C = """\
int before(void) { return 1; }
int broken(void) { if ( ) ) ] = ; }
int after(void) { return before(); }
"""

_FILES: dict[str, str | bytes] = {
    "include/ring.h": _RING_H,
    "lib/ring.c": _RING_C,
    "drivers/tty.c": _TTY_C,
    "drivers/broken.c": _BROKEN_C,
    "arch/i386/idle.c": 'void idle(void) { asm("hlt"); }\n',
    "arch/ppc/idle.c": "void idle(void) { }\n",
    "README": "A ring buffer, and who fills it.\n",
}


def write_tree(root: Path) -> None:
    """Write the small tree: a function of each sort, a call through a pointer, and all that is awkward."""
    for path, text in _FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    (root / os.fsdecode(b"drivers/odd\xff.h")).write_text("#define ODD 1\n")
    (root / "lib" / "link.c").symlink_to("ring.c")


@pytest.fixture(scope="session", autouse=True)
def _cache_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor write what the user's own commands keep."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def small_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of a few short files, named `small`."""
    root = tmp_path_factory.mktemp("tree") / "small"
    root.mkdir()
    write_tree(root)
    return root


@pytest.fixture(scope="session")
def small_index(small_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the small tree, architecture i386.  Not to be written to."""
    from xref.index.build import index_tree

    file = tmp_path_factory.mktemp("index") / "small.db"
    index_tree(file, small_tree, arch="i386", jobs=1)
    return file


@pytest.fixture(scope="session")
def minikernel_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of fixtures/minikernel.  Not to be written to."""
    from xref.index.build import index_tree

    if not _MINIKERNEL.is_dir():
        pytest.skip("there is no fixtures/minikernel")
    file = tmp_path_factory.mktemp("index") / "minikernel.db"
    index_tree(file, _MINIKERNEL, arch="i386", jobs=2)
    return file
