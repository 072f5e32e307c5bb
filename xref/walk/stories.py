"""What scenarios teach and what the steps of a trace say, in each language: the sentences are in stories.toml.

A step is a record as `Trace.records()` gives it; this room knows the model only by those.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from xref.walk.data import LANGUAGES
from xref.walk.data import DataError
from xref.walk.data import load

#: kinds of steps that have sentences; a step's name is under its kind
KINDS = ("note", "event", "state")


@cache
def _sentences(section: str, language: str) -> Mapping[str, str]:
    """The sentences of a section in a language.  Raises DataError where there are none."""
    found = load("stories.toml").get(section, {}).get(language, {})
    if not all(isinstance(each, str) for each in found.values()):
        raise DataError(f"stories.toml: [{section}.{language}] must have strings only")
    return dict(found)


def scenario(record: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A scenario's record with what it teaches in that language; in English, where there is no sentence in it."""
    said = _sentences("teaches", language).get(record["name"])
    return dict(record) if said is None else dict(record) | {"teaches": said}


def sentence(record: Mapping[str, Any], language: str = LANGUAGES[0]) -> str | None:
    """What a step says in a language: of a note, an event or a change of state; None for others and unknown ones."""
    kind = record.get("kind")
    if kind not in KINDS:
        return None
    known = _sentences(kind, language)
    said = known.get(record[kind]) or _sentences(kind, LANGUAGES[0]).get(record[kind])
    return said.format_map(record) if said is not None else None
