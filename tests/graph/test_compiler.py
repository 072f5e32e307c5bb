"""What a compiler's reading of a whole kernel showed us to miss, in small: each of these once cost calls or stores."""

from __future__ import annotations

import pytest

from xref.graph.linkage import Named
from xref.graph.linkage import found_by_name
from xref.graph.linkage import is_macro_call
from xref.index.export import calls
from xref.index.export import definitions
from xref.index.export import stores


@pytest.mark.parametrize(
    ("path", "target", "system", "named", "wanted"),
    [
        ("drivers/media/card/one.c", "core.h", False, ["drivers/media/core/core.h"], "drivers/media/core/core.h"),
        ("drivers/media/card/one.c", "core.h", False, ["drivers/net/core/core.h"], None),
        ("security/safe/a.c", "own.h", False, ["include/linux/own.h", "security/safe/include/own.h"],
         "security/safe/include/own.h"),
        ("drivers/media/card/one.c", "core.h", False, ["drivers/media/a/core.h", "drivers/media/b/core.h"], None),
        ("drivers/media/card/one.c", "part/core.h", False, ["drivers/media/core.h"], None),
        ("arch/i386/kernel/a.c", "ports.h", True,
         ["include/asm-i386/mach-big/ports.h", "include/asm-i386/mach-default/ports.h"],
         "include/asm-i386/mach-default/ports.h"),
        ("arch/i386/kernel/a.c", "errno.h", True, ["include/asm-i386/errno.h", "include/linux/errno.h"], None),
        ("drivers/a/b.c", "rare.h", True, ["drivers/c/d/rare.h"], "drivers/c/d/rare.h"),
        ("drivers/a/b.c", "rare.h", True, ["drivers/c/d/rare.h", "drivers/e/rare.h"], None),
        ("drivers/a/b.c", "rare.h", True, ["arch/ppc/boot/rare.h"], None),
    ],
)  # fmt: skip
def test_a_header_at_none_of_the_usual_places_is_found_by_its_name(path, target, system, named, wanted):
    assert found_by_name(path, target, system, "i386", named) == wanted


def test_a_macro_that_may_be_none_leaves_the_call_to_the_function():
    function = Named("include/asm-i386/io.h", True, "i386")

    def is_macro(*conditions: str) -> bool:
        macros = [Named("drivers/net/card.h", False, None, condition) for condition in conditions]
        return is_macro_call("drivers/net/card.c", "i386", macros, [function], lambda path, header: True)

    assert is_macro("")
    assert not is_macro("defined(CONFIG_MAC)")
    assert not is_macro("defined(CONFIG_MAC)", "defined(CONFIG_ARM)")
    assert is_macro("defined(CONFIG_MAC)", "!defined(CONFIG_MAC)"), "one of the two always holds"
    assert is_macro("A > 1", "!(A > 1)")
    assert is_macro("defined(__KERNEL__)"), "no kernel is compiled without"


def test_a_function_with_its_body_in_sight_is_what_is_called():
    macro = Named("include/asm-i386/level3.h", False, "i386")

    def is_macro(function: Named) -> bool:
        return is_macro_call("mm/a.c", "i386", [macro], [function], lambda path, header: True)

    assert is_macro(Named("lib/string.c", False, None, body=True))
    assert is_macro(Named("include/linux/string.h", False, None))
    assert not is_macro(Named("include/asm-i386/level2.h", True, "i386", body=True)), "another configuration's header"
    assert not is_macro(Named("mm/a.c", True, None, body=True)), "the file has taken the macro back"


def test_a_backslash_in_code_joins_lines(graph_of):
    graph = graph_of({
        "a.c": "struct router { int (*get)(int); };\n"
        "int run(struct router *r, int n)\n{\n\tif (r->get && \\\n\t    (n = r->get(n)))\n\t\treturn n;\n"
        "\treturn 0;\n}\n",
    })  # fmt: skip
    (call,) = [call for call in calls(graph.index) if call.kind == "indirect"]
    assert (call.line, call.struct, call.field) == (5, "router", "get")


def test_a_macro_is_none_before_the_line_that_defines_it():
    function, own = Named("net/rpc.c", False, None), Named("fs/a.c", False, None, "", 20)
    kinds = [is_macro_call("fs/a.c", "i386", [own], [function], lambda *_: False, line) for line in (10, 30, 0)]
    assert kinds == [False, True, True]


def test_a_function_called_before_a_macro_takes_its_name(graph_of):
    graph = graph_of({
        "net/rpc.c": "int send(int a) { return a; }\n",
        "include/linux/rpc.h": "int send(int a);\n",
        "fs/a.c": "#include <linux/rpc.h>\nint wrapped(int a)\n{\n\treturn send(a);\n}\n"
        "#define send(a) wrapped(a)\nint user(void)\n{\n\treturn send(2);\n}\n",
    })  # fmt: skip
    assert [(call.caller, call.kind) for call in calls(graph.index) if call.callee == "send"] == [
        ("wrapped", "direct"),
        ("user", "macro"),
    ]


def test_what_is_not_c_in_an_initialiser_costs_no_other_member(graph_of):
    graph = graph_of({
        "a.c": "struct ops { struct { int low; int high; } info; int flags; int (*open)(void); int (*stop)(void); };\n"
        "static int my_open(void) { return 0; }\nstatic int my_stop(void) { return 0; }\n"
        "static struct ops ops = {\n\t.info = {\n\t\t.low = 1,\n#if 0\n\t\t.high = ???,\n#endif\n\t},\n"
        "\t.open = my_open,\n#ifdef SHARED\n\t.flags |= 2,\n#endif\n\t.stop = my_stop,\n};\n"
        "int run(struct ops *o) { return o->open() + o->stop(); }\n",
    })  # fmt: skip
    found = {(store.struct, store.field, store.function) for store in stores(graph.index)}
    assert found == {("ops", "open", "my_open"), ("ops", "stop", "my_stop")}


def test_a_static_function_of_an_included_file_is_stored(graph_of):
    graph = graph_of({
        "card.h": "struct card { void (*fill)(int); };\n",
        "fifo.c": "static void fill_fifo(int a)\n{\n}\n",
        "one.c": '#include "card.h"\n#include "fifo.c"\nvoid set(struct card *c)\n{\n\tc->fill = &fill_fifo;\n}\n',
        "use.c": '#include "card.h"\nvoid use(struct card *c)\n{\n\tc->fill(1);\n}\n',
    })  # fmt: skip
    assert [(s.struct, s.field, s.function, s.file) for s in stores(graph.index)] == [
        ("card", "fill", "fill_fifo", "one.c")
    ]


def test_a_function_that_a_macro_names_where_it_is_defined_is_stored(graph_of):
    graph = graph_of({
        "chip.c": "static int CHIP_queue(int a)\n{\n\treturn a;\n}\n",
        "card.h": "struct template { int (*queue)(int); };\nextern int card_state;\n"
        "#define CHIP_queue card_queue\nint card_queue(int a);\n",
        "card.c": '#include "card.h"\nstatic struct template driver = {\n\t.queue = card_queue,\n};\n'
        '#include "chip.c"\nint run(struct template *t)\n{\n\treturn t->queue(card_state);\n}\n',
    })  # fmt: skip
    assert [(s.struct, s.field, s.function) for s in stores(graph.index)] == [("template", "queue", "card_queue")]


def test_a_function_has_the_name_that_a_header_makes_of_it(graph_of):
    graph = graph_of({
        "fs/plus/fs.h": "#ifndef FS_H\n#define FS_H\n#define node_find plus_node_find\n"
        "#ifdef FAST\n#define node_put plus_node_put\n#endif\n#define node_get plus_node_get\n"
        "struct ops { int (*find)(int); };\nint plus_node_find(int a);\n#endif\n",
        "fs/plus/a.c": '#include "fs.h"\nint node_find(int a)\n{\n\treturn a;\n}\nvoid node_put(int a)\n{\n}\n'
        "#undef node_get\nvoid node_get(int a)\n{\n\tnode_put(a);\n}\n",
        "fs/plus/b.c": '#include "fs.h"\nstruct ops ops = { .find = node_find };\n'
        "int use(struct ops *o)\n{\n\treturn node_find(1) + o->find(2);\n}\n",
        "fs/other/c.c": "int node_find(int a)\n{\n\treturn 1;\n}\n",
    })  # fmt: skip
    found = {(d.name, d.file) for d in definitions(graph.index) if d.kind == "function"}
    assert found == {
        ("plus_node_find", "fs/plus/a.c"),
        ("node_put", "fs/plus/a.c"),
        ("node_get", "fs/plus/a.c"),
        ("use", "fs/plus/b.c"),
        ("node_find", "fs/other/c.c"),
    }
    assert [(s.field, s.function, s.file) for s in stores(graph.index)] == [("find", "plus_node_find", "fs/plus/b.c")]
    assert {(e.callee, e.kind) for e in graph.everything() if e.caller == "use"} == {
        ("plus_node_find", "macro"),
        ("plus_node_find", "field"),
    }


def test_a_struct_without_a_tag_has_its_typedefs_name_through_the_pointers_too(graph_of):
    graph = graph_of({
        "a.c": "typedef struct {\n\tint (*reset)(int);\n} CHIP, *CHIP_P;\nstruct card { CHIP_P chip; };\n"
        "static int my_reset(int a)\n{\n\treturn a;\n}\n"
        "int run(CHIP_P chip, struct card *c)\n{\n\tchip->reset = my_reset;\n\treturn c->chip->reset(1);\n}\n",
    })  # fmt: skip
    assert [(s.struct, s.function) for s in stores(graph.index)] == [("CHIP", "my_reset")]
    assert [c.struct for c in calls(graph.index) if c.kind == "indirect"] == ["CHIP"]


def test_a_table_that_is_a_macro_in_another_configuration_is_read(graph_of):
    graph = graph_of({
        "a.c": "#define NULL ((void *)0)\nstruct entry { int mode; int (*read)(int); };\n#ifdef PROC\n"
        "static int read_one(int a)\n{\n\treturn a;\n}\nstatic struct entry entries[] = {\n\t{ 1, read_one },\n};\n"
        "#else\n#define entries NULL\n#endif\nint run(struct entry *e)\n{\n\treturn e->read(1);\n}\n",
    })  # fmt: skip
    assert [(s.struct, s.field, s.function) for s in stores(graph.index)] == [("entry", "read", "read_one")]


def test_a_macro_without_arguments_can_declare_locals(graph_of):
    graph = graph_of({
        "a.c": "struct device { int (*version)(int); };\nstruct file { struct device *dev; };\n"
        "#define THE_DEVICE struct file *priv = data; struct device *dev = priv->dev\n"
        "#define NUMBER int\n"
        "int set(void *data)\n{\n\tTHE_DEVICE;\n\tNUMBER n = 1;\n\treturn dev->version(n);\n}\n",
    })  # fmt: skip
    (call,) = [call for call in calls(graph.index) if call.kind == "indirect"]
    assert (call.struct, call.field) == ("device", "version")


def test_macros_declare_locals_and_parameters_by_other_macros(graph_of):
    graph = graph_of({
        "a.c": "struct device { int (*version)(int); };\nextern struct device *device_of(void *info);\n"
        "#define DEVICE_ALONE struct device *dev\n#define WITH_DEVICE DEVICE_ALONE ,\n"
        "#define DEVICE_IS(x) struct device *dev = x\n#define DEVICE_FROM(i) DEVICE_IS(device_of(i))\n"
        "int one(void *info)\n{\n\tDEVICE_FROM(info);\n\treturn dev->version(1);\n}\n"
        "int two(WITH_DEVICE int n)\n{\n\treturn dev->version(n);\n}\n"
        "int three(DEVICE_ALONE)\n{\n\treturn dev->version(3);\n}\n",
    })  # fmt: skip
    found = {call.caller: (call.struct, call.field) for call in calls(graph.index) if call.kind == "indirect"}
    assert found == dict.fromkeys(("one", "two", "three"), ("device", "version"))


def test_a_macro_puts_the_holder_before_a_member_that_is_called(graph_of):
    graph = graph_of({
        "a.c": "struct ops { int (*init)(int); };\nstruct card { struct ops *ops; };\n"
        "#define CARD(x) (card->x)\n"
        "int one(struct card *card)\n{\n\tCARD(ops->init(1));\n\treturn CARD(ops)->init(2);\n}\n",
    })  # fmt: skip
    found = [(call.line, call.struct, call.field) for call in calls(graph.index) if call.kind == "indirect"]
    assert found == [(6, "ops", "init"), (7, "ops", "init")]


def test_a_struct_of_another_directory_is_seen_through_its_header(graph_of):
    graph = graph_of({
        "drivers/media/core/demux.h": "struct feed { union { int (*ts)(int); void *other; } cb; };\n",
        "include/net/time.h": "struct stamp { int ts; };\n",
        "drivers/media/card/a.c": '#include <net/time.h>\n#include "demux.h"\n'
        "int run(struct feed *f)\n{\n\treturn f->cb.ts(1);\n}\n",
    })  # fmt: skip
    (call,) = [call for call in calls(graph.index) if call.kind == "indirect"]
    assert (call.struct, call.field) == ("feed::anon", "ts")


def test_a_static_function_of_an_included_file_is_none_of_others(graph_of):
    graph = graph_of({
        "one.c": "static int port(int a)\n{\n\treturn a;\n}\nstruct ops { int (*open)(int); };\n"
        "struct ops all = { port };\n#include \"part.c\"\n",
        "part.c": "struct ops more = { port };\n",
        "other.h": "#define the_port port\n",
        "other.c": '#include "other.h"\nint run(int port)\n{\n\treturn the_port + 1;\n}\n',
    })  # fmt: skip
    assert {(s.instance, s.function) for s in stores(graph.index)} == {("all", "port"), ("more", "port")}
    assert [row for row in graph.index.handed_on() if row[1].startswith("port")] == []
