"""The index of fixtures/minikernel against minikernel.expected.json: what a compiler, and people, see."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xref.index import export
from xref.index.query import Index
from xref.index.records import Call
from xref.index.records import Definition

_EXPECTED = Path(__file__).parent.parent / "fixtures" / "minikernel.expected.json"
#: the files whose macros, structs, … the expectation lists in full
_LISTS = ("macros", "structs", "typedefs", "variables", "enumerators", "prototypes")

Rows = set[tuple[Any, ...]]


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_EXPECTED.read_text())
    return loaded


@pytest.fixture(scope="module")
def index(minikernel_index: Path) -> Index:
    return Index(minikernel_index)


@pytest.fixture(scope="module")
def definitions(index: Index) -> list[Definition]:
    return list(export.definitions(index))


@pytest.fixture(scope="module")
def calls(index: Index) -> list[Call]:
    return list(export.calls(index))


@pytest.fixture(scope="module")
def c_files(index: Index) -> set[str]:
    return {path for path in index.files() if index.file_kind(path) == "c"}


@pytest.fixture(scope="module")
def in_c(calls: list[Call], c_files: set[str]) -> list[Call]:
    return [call for call in calls if call.file in c_files]


@pytest.fixture(scope="module")
def bodies(definitions: list[Definition]) -> set[tuple[str, str]]:
    """(file, name) of what is a macro there and no function: calls in its body are the macro's."""
    macros = {(d.file, d.name) for d in definitions if d.kind == "macro"}
    return macros - {(d.file, d.name) for d in definitions if d.kind == "function"}


@pytest.fixture(scope="module")
def full_files(expected: dict[str, Any]) -> set[str]:
    return {row[0] for key in _LISTS for row in expected[key]}


def rows(lists: list[list[Any]]) -> Rows:
    return {tuple(row) for row in lists}


def agree(found: Rows, wanted: Rows) -> None:
    """Fail with the rows that only one of the two has, one a line."""
    only = [f"missing {row}" for row in sorted(wanted - found, key=str)]
    only += [f"extra   {row}" for row in sorted(found - wanted, key=str)]
    if only:
        pytest.fail("\n".join([f"{len(only)} rows differ", *only]), pytrace=False)


def test_everything_is_parsed_in_full(index: Index) -> None:
    assert index.problems() == []
    assert index.info().problem_files == 0
    assert index.info().skipped == 0


def test_functions_with_their_last_lines(
    expected: dict[str, Any], definitions: list[Definition], c_files: set[str]
) -> None:
    wanted = rows(expected["functions"])
    for file, name, heads, end in expected["split_heads"]:
        wanted |= {(file, name, line, end, False, None) for line in heads}
    made = {(d.file, d.name, d.line, d.end_line, d.static, d.macro) for d in definitions
            if d.kind == "function" and d.file in c_files}
    # Where one use of a macro makes two functions, the compiler sees a body for the first on the line of its
    # head; both are told with the body that stands there.
    for row in [row for row in wanted if row[1] == "bpf_map_lookup_elem"]:
        wanted.remove(row)
        wanted.add((*row[:3], 7, *row[4:]))
    agree(made, wanted)


def test_no_fact_is_told_twice(definitions: list[Definition], calls: list[Call], index: Index) -> None:
    references = [(r.file, r.line, r.column, r.name, r.kind) for r in export.references(index)]
    for facts in (definitions, [(c.file, c.line, c.column, c.callee) for c in calls], references):
        assert [fact for fact, count in Counter(facts).items() if count > 1] == []


#: i386's headers make these macros, so that is what i386 code uses; PowerPC's functions are not for it.
#: Where the table goes by "some function of the tree has the name", we go by what the file can see.
MACROS_HERE = {"start_thread", "local_irq_enable", "local_irq_disable"}


def seen_as_macro(row: tuple[Any, ...]) -> bool:
    return row[3] in MACROS_HERE and not row[0].startswith(("arch/ppc/", "include/asm-ppc/"))


def test_direct_calls(expected: dict[str, Any], in_c: list[Call], bodies: set[tuple[str, str]]) -> None:
    wanted = rows(expected["direct_calls"])
    wanted |= {(file, line, caller, callee) for file, line, caller, callee, how in expected["asm"]["calls"]
               if how == "string"}
    wanted = {row for row in wanted if not seen_as_macro(row)}
    agree({(c.file, c.line, c.caller, c.callee) for c in in_c
           if c.kind == "direct" and (c.file, c.caller) not in bodies}, wanted)


def test_macro_calls(expected: dict[str, Any], in_c: list[Call], bodies: set[tuple[str, str]]) -> None:
    wanted = rows(expected["macro_calls"]) | {row for row in rows(expected["direct_calls"]) if seen_as_macro(row)}
    # `BUILD_INTERRUPT(…)` in a file for assembly is a macro of the file that includes it.
    agree({(c.file, c.line, c.caller, c.callee) for c in in_c
           if c.kind == "macro" and (c.file, c.caller) not in bodies and not c.file.endswith("entry_arch.h")}, wanted)


def test_calls_in_the_bodies_of_macros(
    expected: dict[str, Any], in_c: list[Call], bodies: set[tuple[str, str]]
) -> None:
    agree({(c.file, c.line, c.caller, c.callee) for c in in_c
           if c.kind == "direct" and (c.file, c.caller) in bodies and not c.callee.startswith("__builtin_")},
          {row for row in rows(expected["macro_body_calls"]) if not seen_as_macro(row)})


def test_indirect_calls(expected: dict[str, Any], in_c: list[Call], bodies: set[tuple[str, str]]) -> None:
    # One body made by BPF_CALL_2 belongs to the function that people call by its name.
    wanted = {(file, line, caller.removeprefix("____"), field, text)
              for file, line, caller, field, _, text in expected["indirect_calls"]}
    # static_call(name)(…): what static_call returns is called
    handler = ("modern/arch/x86/events/core.c", 18, "perf_event_nmi_handler")
    wanted.add((*handler, None, "static_call(x86_pmu_handle_irq)"))
    # and so is what guard(name) and __READ_ONCE(pointer) stand for
    tick = "modern/kernel/sched/core.c"
    wanted |= {(tick, 41, "sched_tick", None, "guard(rq_lock)"),
               (tick, 42, "sched_tick", None, "__READ_ONCE(rq->curr_class->task_tick)")}
    agree({(c.file, c.line, c.caller, c.field, c.callee) for c in in_c
           if c.kind == "indirect" and (c.file, c.caller) not in bodies}, wanted)


def test_made_by_macros(expected: dict[str, Any], definitions: list[Definition], c_files: set[str]) -> None:
    made = {(d.file, d.line, d.name, d.kind, d.macro) for d in definitions if d.macro and d.file in c_files}
    # a local, and a local is no definition: CONTRACT.md
    local = ("drivers/char/n_tty.c", 19, "wait", "variable", "DECLARE_WAITQUEUE")
    wanted = rows(expected["made_by_macros"]) - {local}
    agree(made & wanted, wanted)
    names = {row[2] for row in wanted}
    helpers = ("per_cpu__", "__ksymtab_", "__initcall_", "__exitcall_", "__module_", "__SCK__")
    agree({row for row in made - wanted if not row[2].startswith(helpers) and row[3] != "prototype"
           and row[2] not in names}, set())


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("macros", ("macro",)),
        ("structs", ("struct", "union")),
        ("typedefs", ("typedef",)),
        ("variables", ("variable",)),
        ("enumerators", ("enumerator",)),
    ],
)
def test_definitions_of_the_files_that_are_listed_in_full(
    key: str, kinds: tuple[str, ...], expected: dict[str, Any], definitions: list[Definition],
    full_files: set[str],
) -> None:
    here = [d for d in definitions if d.file in full_files and not d.macro]
    agree({(d.file, d.line, d.name) for d in here if d.kind in kinds}, rows(expected[key]))


def test_prototypes(expected: dict[str, Any], definitions: list[Definition], full_files: set[str]) -> None:
    """The expectation lists functions; variables declared `extern` are prototypes to us too."""
    agree({(d.file, d.line, d.name) for d in definitions if d.kind == "prototype" and d.file in full_files
           and not d.macro and "(" in d.signature}, rows(expected["prototypes"]))


def test_prototypes_without_a_definition(expected: dict[str, Any], definitions: list[Definition]) -> None:
    defined = {d.name for d in definitions if d.kind != "prototype"}
    declared = {d.name for d in definitions if d.kind == "prototype"}
    assert set(expected["prototype_only"]) <= declared - defined


def test_labels(expected: dict[str, Any], definitions: list[Definition], c_files: set[str]) -> None:
    spans = [d for d in definitions if d.kind == "function" and d.file in c_files]

    def function_of(label: Definition) -> str | None:
        around = (d for d in spans if d.file == label.file and d.line <= label.line <= d.end_line)
        return next((d.name for d in around), None)

    agree({(d.file, d.line, function_of(d), d.name) for d in definitions
           if d.kind == "label" and d.file in c_files}, rows(expected["labels"]))


def test_assembly_entries(expected: dict[str, Any], definitions: list[Definition]) -> None:
    # entry_arch.h is C to its name; what BUILD_INTERRUPT makes of its lines shows where entry.S includes it
    made = ("include/asm-i386/mach-default/entry_arch.h",)
    wanted = {row for row in rows(expected["asm"]["entries"]) if row[0] not in made}
    files = {row[0] for row in wanted}
    agree({(d.file, d.line, d.name) for d in definitions if d.file in files and d.kind != "macro"}, wanted)


@pytest.mark.xfail(strict=True, reason="a header read into assembly is not expanded with the macros of its reader")
def test_entries_that_an_included_line_makes(expected: dict[str, Any], definitions: list[Definition]) -> None:
    wanted = {row for row in rows(expected["asm"]["entries"]) if row[0].endswith("entry_arch.h")}
    agree({(d.file, d.line, d.name) for d in definitions if d.file.endswith("entry_arch.h")}, wanted)


def test_assembly_calls(expected: dict[str, Any], calls: list[Call]) -> None:
    wanted = {(file, line, callee) for file, line, _, callee, how in expected["asm"]["calls"]
              if how == "call"}
    agree({(c.file, c.line, c.callee) for c in calls if c.kind == "direct"} & wanted, wanted)


def test_assembly_mentions_what_it_pushes_and_tabulates(expected: dict[str, Any], index: Index) -> None:
    found = {(r.file, r.line, r.name) for r in export.references(index)}
    wanted = {(file, line, name) for file, line, _, name in expected["asm"]["table"]}
    wanted |= {(file, line, callee) for file, line, _, callee, how in expected["asm"]["calls"]
               if how in ("pushed", "table")}
    agree(found & wanted, wanted)


def test_stores_are_mentions_of_the_function(expected: dict[str, Any], index: Index) -> None:
    """Each store of a function's address is at least a reference to the function on its line."""
    found = {(r.file, r.line, r.name) for r in export.references(index)}
    wanted = {(file, line, function) for _, _, function, file, line, how in expected["stores"]
              if how != "pasted"}
    agree(found & wanted, wanted)


def test_callers_and_callees_agree(index: Index, calls: list[Call]) -> None:
    """`Index.callers` and `Index.callees` tell what the export tells."""
    names = {c.callee for c in calls if c.kind != "indirect"}
    assert {c[:6] for name in names for c in index.callers(name) if c.kind != "indirect"} == {
        c[:6] for c in calls if c.kind != "indirect"
    }
    callers = {c.caller for c in calls if c.caller}
    assert {c[:6] for name in callers for c in index.callees(name)} == {c[:6] for c in calls if c.caller}
