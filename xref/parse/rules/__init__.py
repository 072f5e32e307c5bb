"""The rewriting rules, each for one kind of thing that kernel C has and the grammar has not.

A rule is a function of the `Sketch`; numpy finds the few places where it may apply, Python looks at those.
`RULES` gives their order.  Use `sketch`, `words`.
"""

from __future__ import annotations

from collections.abc import Callable

from xref.parse.rules.arguments import bit_ranges
from xref.parse.rules.arguments import odd_arguments
from xref.parse.rules.arguments import prefixes
from xref.parse.rules.arguments import units
from xref.parse.rules.gnu import computed_gotos
from xref.parse.rules.gnu import empty_statements
from xref.parse.rules.gnu import functions_in_parentheses
from xref.parse.rules.gnu import label_addresses
from xref.parse.rules.gnu import missing_commas
from xref.parse.rules.gnu import missing_semicolons
from xref.parse.rules.gnu import offsets_of
from xref.parse.rules.gnu import old_designators
from xref.parse.rules.gnu import pointer_declarations
from xref.parse.rules.gnu import ranges
from xref.parse.rules.gnu import struct_semicolons
from xref.parse.rules.gnu import unnamed_bits
from xref.parse.rules.items import bare_members
from xref.parse.rules.items import designators_by_macros
from xref.parse.rules.items import enumerators_by_macros
from xref.parse.rules.items import file_level_macros
from xref.parse.rules.items import old_style_pointers
from xref.parse.rules.statements import bare_statements
from xref.parse.rules.statements import blocks_behind_macros
from xref.parse.rules.statements import loops_behind_do
from xref.parse.rules.statements import statements_without_semicolon
from xref.parse.rules.statements import storage_before_macros
from xref.parse.rules.strings import join_strings
from xref.parse.sketch import Sketch

Rule = Callable[[Sketch], None]

RULES: tuple[Rule, ...] = (
    join_strings,
    ranges,
    label_addresses,
    computed_gotos,
    pointer_declarations,
    functions_in_parentheses,
    old_style_pointers,
    units,
    storage_before_macros,
    bare_members,
    file_level_macros,
    bare_statements,
    prefixes,
    enumerators_by_macros,
    old_designators,
    designators_by_macros,
    struct_semicolons,
    blocks_behind_macros,
    loops_behind_do,
    statements_without_semicolon,
    odd_arguments,
    bit_ranges,
    offsets_of,
    empty_statements,
    missing_semicolons,
    missing_commas,
    unnamed_bits,
)
