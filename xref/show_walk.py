"""Runs of the reference model as text: the steps of a trace, the DSKI log, system calls."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Iterator
from typing import TYPE_CHECKING
from typing import Any

from xref.show import Paint

if TYPE_CHECKING:
    from xref.walk.verify import Report

_INDENT = "  "
#: what is in every record, and shown as the line itself
_SHOWN = ("n", "kind", "function", "file", "layer", "caller", "depth", "context", "flow", "task", "time")
_OWN = ("sock", "skb", "frame", "layout", "proof", "changes", "value", "event", "note", "state", "from", "to")
_KNOWN = frozenset((*_SHOWN, *_OWN))


def scenarios(found: Iterable[dict[str, Any]], paint: Paint) -> Iterator[str]:
    """One line a scenario."""
    rows = list(found)
    width = max((len(one["name"]) for one in rows), default=0)
    for one in rows:
        yield f"{paint('name', one['name'].ljust(width))}  {one['teaches']}"


def steps(records: Iterable[dict[str, Any]], language: str, paint: Paint) -> Iterator[str]:
    """One line a step, indented as deep as the call is."""
    for step in records:
        where = f"{step['time'] * 1000:11.3f} ms  {step['context']:9} {_INDENT * step['depth']}"
        yield where + _what(step, language, paint)


def verified(name: str, report: Report, as_json: bool) -> Iterator[str]:
    """How a scenario's steps stand on the tree: counts, and each pair of functions that is no edge of it."""
    lacking = {
        f"{proof.caller or 'outside'} > {proof.function}": {"steps": count, "hint": proof.hint}
        for proof, count in report.unproved.items()
    }
    absent = sorted({(proof.hint or "").rpartition(" ")[2] for proof in report.absent})
    if as_json:
        yield json.dumps({"scenario": name, "steps": dict(report.steps), "unproved": lacking, "absent": absent})
        return
    told = ", ".join(f"{count:,} {status}" for status, count in report.steps.items() if count)
    yield f"{name}: {told or 'no step'}"
    for pair, each in lacking.items():
        yield f"  unproved  {pair}  ({each['steps']:,} steps)  {each['hint'] or ''}".rstrip()
    if absent:
        yield f"  this tree has no function {', '.join(absent)}"


def _what(step: dict[str, Any], language: str, paint: Paint) -> str:
    from xref.walk.stories import sentence

    kind = step["kind"]
    if kind == "enter":
        parts = [paint("name", step["function"]), paint("note", step["file"])]
    elif kind == "leave":
        parts = [f"{step['function']} returns" if step["value"] is None else f"{step['function']} = {step['value']}"]
    elif kind == "state":
        parts = [f"{step['state']}: {step['from']} -> {step['to']}"]
    else:
        parts = [f"* {step.get('event') or step.get('note')}"]
    parts += [f"{name}={value}" for name, value in step.items() if name not in _KNOWN]
    if step.get("changes"):
        parts.append(" ".join(f"{name}={value}" for name, value in step["changes"].items()))
    if step.get("frame"):
        parts.append(f"[{len(step['frame']) // 2} bytes]")
    if said := sentence(step, language):
        parts.append(paint("note", f"({said})"))
    return "  ".join(parts)


def events(found: Iterable[dict[str, Any]], paint: Paint) -> Iterator[str]:
    """The log of events: time, context, name, data."""
    for event in found:
        data = " ".join(f"{name}={value}" for name, value in event["data"].items())
        yield f"{event['time'] * 1000:11.3f} ms  {event['context']:9} {paint('name', event['event'])}  {data}"


def calls(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What the system calls returned."""
    for call in found:
        result = call["errno"] or call["ret"]
        yield f"{call['t'] * 1000:11.3f} ms  to {call['t_end'] * 1000:.3f}: {call['host']}: {call['call']} = {result}"
