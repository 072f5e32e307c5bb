"""The commands that run the reference model: its scenarios, and recordings of a real kernel that drive it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from xref import console
from xref import show_walk
from xref.options import FILE
from xref.options import Session
from xref.options import answer
from xref.options import as_json
from xref.options import in_language
from xref.show import Paint

if TYPE_CHECKING:
    from xref.stack.scenario import Run


def _overrides(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a run differs from the scenario's own."""
    for option in reversed(
        (
            click.option("--payload", type=int, metavar="N", help="Bytes that the program sends."),
            click.option("--mss", type=int, metavar="N", help="Largest segment that a frame can hold."),
            click.option("--loss", type=float, metavar="P", help="Lose P percent of the frames, at random."),
            click.option("--drop", type=int, multiple=True, metavar="N", help="Lose the client's Nth segment."),
            click.option("--delay", type=int, metavar="US", help="Microseconds that the wire takes, each way."),
            click.option("--bandwidth", type=int, metavar="N", help="Bits a second of the card; 0: no limit."),
            click.option("--queue", type=int, metavar="N", help="Packets that the card's queue holds."),
            click.option("--offload/--no-offload", default=None, help="Whether the card does checksums."),
            click.option("--machine", metavar="NAME", help="Machine whose sizes count: i386 or x86_64."),
            click.option("--seed", type=int, metavar="N", help="What everything random follows from."),
        )
    ):
        command = option(command)
    return command


@click.command()
@in_language
@as_json
def scenarios(language: str, as_json: bool) -> int:
    """List what `xref walk` can run.

    \b
    Examples:
      xref scenarios
      xref scenarios --lang ko
      xref scenarios --json
    """
    from xref.stack import scenario
    from xref.walk import stories

    found = [stories.scenario(one.record(), language) for one in scenario.load().values()]
    return answer(found, as_json, lambda paint: show_walk.scenarios(found, paint))


@click.command()
@click.argument("scenario", required=False)
@_overrides
@click.option("--pcap", type=FILE, metavar="FILE", help="Write what a capture on the client would show.")
@click.option("--events", is_flag=True, help="Print the KURT/DSKI events only.")
@click.option("--verify", is_flag=True, help="Hold each step against the indexed tree; alone, of all of them.")
@click.option("--replay", type=FILE, metavar="RECORDINGS", help="Drive the model with a recorded real kernel.")
@click.option("--scenario", "recorded", metavar="NAME", help="With --replay: which of the recordings.")
@in_language
@as_json
@click.pass_obj
def walk(
    session: Session,
    /,
    scenario: str | None,
    pcap: Path | None,
    events: bool,
    verify: bool,
    replay: Path | None,
    recorded: str | None,
    language: str,
    as_json: bool,
    **given: Any,
) -> int:
    """Run SCENARIO on a model of the kernel's TCP/IP, and print each step.

    The model is Linux 2.6.11's in Python, with a clock of its own: the same options give the same steps.  A
    step is a function entered or left, an event, a change of state, or a note.

    With --verify each function that is entered is looked for in the call graph of the indexed tree, under the
    scenario's context: the exit status is 1 if one step is no edge of it.

    With --replay a recording of a real kernel drives the model: its system calls and the frames that came in.
    What the model sends and returns is printed as {"frames", "calls"}, and compared with the real ones by
    whoever made the recording.

    \b
    Examples:
      xref walk write --payload 3000
      xref walk fast_retransmit --drop 5 --pcap lost.pcap
      xref walk write --verify
      xref walk --replay recordings.json.gz --scenario 02_small_send --json
    """
    changed = {name: value for name, value in given.items() if value is not None and value != ()}
    if replay is not None:
        if recorded is None or scenario is not None or changed or verify:
            raise click.UsageError("--replay goes with --scenario NAME, and with no scenario or option of ours")
        return _replay(replay, recorded, as_json, pcap)
    if verify and recorded is None and not events and (pcap is None or scenario is not None):
        return _verify(session, scenario, changed, as_json, pcap)
    if verify:
        raise click.UsageError("--verify goes with a scenario and its options, or alone")
    if scenario is None or recorded is not None:
        raise click.UsageError("name one scenario: `xref scenarios` lists them")
    return _walk(scenario, changed, pcap, events, language, as_json)


def _verify(session: Session, name: str | None, given: dict[str, Any], as_json: bool, pcap: Path | None) -> int:
    """Hold the steps of one scenario, or of all, against the tree; the exit status."""
    from xref.graph.callgraph import CallGraph
    from xref.graph.contexts import contexts
    from xref.stack import scenario
    from xref.walk.verify import ABSENT
    from xref.walk.verify import UNPROVED
    from xref.walk.verify import Verifier

    graph = CallGraph(session.open())
    known = contexts(graph.places)
    unproved = False
    try:
        chosen = [scenario.find(name)] if name is not None else list(scenario.load().values())
        for one in chosen:
            run = scenario.run(one, _with_lists(given))
            if pcap is not None:
                _capture(run, pcap)
            trace = run.trace
            verifier = Verifier(graph, known.get(one.context))
            if as_json and name is not None:
                records = list(verifier.annotated(trace.records() if trace else ()))
                console.put_document(records)
                return int(any(each.get("proof", {}).get("status") in (UNPROVED, ABSENT) for each in records))
            report = verifier.report(trace.records() if trace else ())
            unproved = unproved or bool(report.unproved or report.absent)
            console.put(show_walk.verified(one.name, report, as_json))
    except scenario.ScenarioError as problem:
        raise click.UsageError(str(problem)) from problem
    return int(unproved)


def _with_lists(given: dict[str, Any]) -> dict[str, Any]:
    """The options as a scenario has them: what may be given several times is a list."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


def _capture(run: Run, path: Path) -> None:
    """Write what a capture on the client's card would show."""
    from xref.stack import pcap

    pcap.write(path, run.capture(), run.hosts["client"].wall)


def _walk(name: str, given: dict[str, Any], pcap: Path | None, events: bool, language: str, as_json: bool) -> int:
    from xref.stack import scenario

    try:
        run = scenario.run(scenario.find(name), _with_lists(given))
    except scenario.ScenarioError as problem:
        raise click.UsageError(str(problem)) from problem
    if pcap is not None:
        _capture(run, pcap)
    if events:
        return answer(run.events, as_json, lambda paint: show_walk.events(run.events, paint))
    records = run.trace.records() if run.trace else iter(())
    if as_json:
        console.put_document(records)
        return console.FOUND
    console.put(show_walk.steps(records, language, Paint(console.coloured())))
    console.put(["", *show_walk.calls(run.calls)])
    return console.FOUND


def _replay(recordings: Path, name: str, as_json: bool, pcap: Path | None) -> int:
    from xref.stack import pcap as capture
    from xref.stack import replay

    try:
        found = replay.replay(replay.find(replay.load(recordings), name))
    except replay.ReplayError as problem:
        raise click.ClickException(str(problem)) from problem
    if pcap is not None:
        frames = [(round(frame["t"] * 1_000_000), bytes.fromhex(frame["hex"])) for frame in found["frames"]]
        capture.write(pcap, [(max(when, 0), frame) for when, frame in frames])
    for lacking in found.get("left_out", ()):
        click.echo(f"xref: left out: {lacking}", err=True)
    if as_json:
        console.put([json.dumps(found)])
        return console.FOUND
    console.put(f"{frame['t'] * 1000:11.3f} ms  {frame['hex']}" for frame in found["frames"])
    console.put(["", *(f"{call['errno'] or call['ret']}" for call in found["calls"])])
    return console.FOUND


COMMANDS = (walk, scenarios)
