"""The page that scripts/bench writes: measurements as Markdown.  Pure functions."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from machine import Facts
from measure import Cost


class Result(NamedTuple):
    """What a tool took to index, once for each round, and the bytes it left on disk."""

    name: str
    shown: str
    costs: list[Cost]
    disk: int

    @property
    def wall(self) -> float:
        """Median of the rounds, seconds."""
        return statistics.median(cost.wall for cost in self.costs)

    @property
    def cpu(self) -> float:
        """Median of the rounds, seconds of one processor."""
        return statistics.median(cost.cpu for cost in self.costs)

    @property
    def memory(self) -> int:
        """The highest of the rounds, bytes."""
        return max(cost.memory for cost in self.costs)

    @property
    def spread(self) -> float:
        """How far the rounds' wall times lie apart, as a part of their median."""
        walls = [cost.wall for cost in self.costs]
        return (max(walls) - min(walls)) / self.wall


class Incremental(NamedTuple):
    """What indexing again took."""

    what: str
    cost: Cost


class Latency(NamedTuple):
    """Seconds that a query took, once for each name or repetition, and what it found."""

    what: str
    times: list[float]
    found: str


class Run(NamedTuple):
    """All that was measured."""

    tree: str
    files: int
    size: int
    jobs: int
    rounds: int
    quick: bool
    facts: Facts
    results: list[Result]
    incremental: list[Incremental]
    latencies: list[Latency]
    notes: list[str]


_HEAD = """\
# Benchmarks

<!-- Made by scripts/bench; run it again instead of changing this page. -->

    {command}

on {date}, with {tree}: {files:,} `.c` and `.h` files, {size:.1f} MB. All of it was measured in one run of this
command, the tools in turn, with the files in the file cache. TREE is the tree, FILES the list of its `.c` and
`.h` files.

"""

_TERMS = """
*Wall* is the time from start to end; *CPU* the processor time of all the tool's processes together; *memory*
the highest sum of their proportional set sizes, sampled every 50 ms or less often; *disk* the files that the tool
leaves. The tools do not do the same work: ctags lists definitions; cscope lists every word by what it is used for,
without its column; tree-sitter alone parses the files as they stand, errors and all, and keeps nothing; xref reads
every file of the tree, keeps its text, and adds call sites, includes and text search.
"""

_ABOUT_QUERIES = """
The queries in one process, the index open, other names asked before; the commands (last) whole, from start to
end. Names are drawn from all defined names with a fixed seed, for callers from the functions.

"""


def page(run: Run) -> str:
    """The whole page."""
    command = f"scripts/bench TREE --jobs {run.jobs} --rounds {run.rounds}" + (" --quick" if run.quick else "")
    head = _HEAD.format(command=command, date=run.facts.date, tree=run.tree, files=run.files, size=run.size / 1e6)
    return "".join((head, _indexing(run), _again(run), _queries(run), _circumstances(run)))


def _table(header: str, rows: Iterable[Iterable[str]]) -> str:
    columns = header.split("|")
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def _indexing(run: Run) -> str:
    rows = [
        [
            f"{r.name}: {r.shown}",
            f"{r.wall:.1f} s",
            f"{r.cpu:.1f} s",
            f"{r.memory / 2**20:.0f} MiB",
            f"{r.disk / 2**20:.1f} MiB" if r.disk else "–",
        ]
        for r in run.results
    ]
    text = "## Indexing from nothing\n\n" + _table("tool|wall|CPU|memory|disk", rows)
    ours, *others = run.results
    if others:
        text += "\n" + _table("ratio|wall|CPU|memory|disk", [_ratios(ours, other) for other in others])
    return text + _TERMS


def _ratios(ours: Result, other: Result) -> list[str]:
    pairs = ((ours.wall, other.wall), (ours.cpu, other.cpu), (ours.memory, other.memory), (ours.disk, other.disk))
    return [f"{ours.name} ÷ {other.name}", *(f"{mine / theirs:.2f}" if theirs else "–" for mine, theirs in pairs)]


def _again(run: Run) -> str:
    rows = [
        [i.what, f"{i.cost.wall:.2f} s", f"{i.cost.cpu:.2f} s", f"{i.cost.memory / 2**20:.0f} MiB"]
        for i in run.incremental
    ]
    return "\n## Indexing again\n\n" + _table(f"`xref index TREE --jobs {run.jobs}`|wall|CPU|memory", rows)


def _queries(run: Run) -> str:
    rows = [
        [
            query.what.replace("|", "\\|"),
            str(len(query.times)),
            _time(statistics.median(query.times)),
            _time(_p95(query.times)),
            query.found,
        ]
        for query in run.latencies
    ]
    return "\n## Queries\n" + _ABOUT_QUERIES + _table("query|times|median|95th percentile|found", rows)


def _circumstances(run: Run) -> str:
    facts = run.facts
    load = f"load average before the first round: {facts.load:.2f}"
    lines = [*facts.machine, *facts.versions, f"noise: {_noise(run)}; {load}", *run.notes]
    return "\n## Machine, versions, noise\n\n" + "".join(f"- {line}\n" for line in lines)


def _noise(run: Run) -> str:
    if run.rounds == 1:
        return "one round, so nothing is known of the noise: `--rounds 3` shows how far rounds lie apart"
    widest = max(run.results, key=lambda result: result.spread)
    return (
        f"each figure for indexing is the median of {run.rounds} rounds (memory: the highest); the slowest and the "
        f"fastest round of a tool lay at most {100 * widest.spread:.0f} % of the median apart ({widest.name})"
    )


def _p95(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def _time(seconds: float) -> str:
    return f"{seconds * 1000:,.2f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"
