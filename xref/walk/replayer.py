"""A trace that can be stood at: how things are at any step, in any order.

`Replayer(records)` takes the records of a trace, as `Trace.records()` gives them, `Verifier.annotated()` with a proof
on each step that enters a function, or a JSON file of either.  `at(n)` is a `Moment`: what step n is, the functions
that are being called (each with the line it was called from, where the records have proofs), every socket as it is,
what this step changed in it, the packet in hand and its bytes, and what has happened so far: events, states, notes.
`over`, `out`, `back`, `next` and `calls` say which step is another one's neighbour, as a debugger's keys do.

Nothing is run again and nothing is copied per step: each thing that can change keeps its values with the steps at which
it took them, and each step knows the call in which it stands.  A moment costs a few binary searches.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

Record = Mapping[str, Any]

_HAPPENINGS = ("event", "state", "note")


class Call(NamedTuple):
    """A function that is being called.

    n is the step that entered it; site the "file:line" where control left its caller, None where the records have no
    proof of it; evidence what makes that call possible, where it goes through a pointer.
    """

    n: int
    function: str
    file: str
    layer: str
    caller: str | None
    site: str | None
    evidence: str | None


class Change(NamedTuple):
    """A member of a socket that got another value; `old` is None at the first sight of it."""

    name: str
    old: Any
    new: Any


class Moment(NamedTuple):
    """How things are when step n has been made (at a step that leaves a function: just before it is gone).

    n               the step, counted from 0
    record          the step itself
    time, context   virtual seconds; process, softirq, timer or interrupt
    task            the program that runs, None in other contexts
    stack           the calls under way in this flow of control, the outermost first
    sockets         every socket seen so far, by number: its members by the kernel's names
    sock, changes   the socket in hand (None: none) and what this step, or what went before it unseen, changed in it
    skb, packet     the packet in hand (None: none) and its bytes from skb->data on
    happened        the steps so far that are events, states or notes, the oldest first
    """

    n: int
    record: Record
    time: float
    context: str
    task: str | None
    stack: tuple[Call, ...]
    sockets: dict[int, dict[str, Any]]
    sock: int | None
    changes: tuple[Change, ...]
    skb: int | None
    packet: bytes | None
    happened: Sequence[Record]

    @property
    def events(self) -> list[Record]:
        """The DSKI events so far."""
        return [record for record in self.happened if record["kind"] == "event"]


class _History:
    """The values that one thing took, and the steps at which it did."""

    __slots__ = ("steps", "values")

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.values: list[Any] = []

    def add(self, n: int, value: Any) -> None:
        self.steps.append(n)
        self.values.append(value)

    def at(self, n: int) -> Any:
        """The value after step n; None where it had none yet."""
        place = bisect_right(self.steps, n)
        return self.values[place - 1] if place else None


class Replayer:
    """The steps of one trace.  `len()` is their number; step n is `records[n]`."""

    def __init__(self, records: Iterable[Record]) -> None:
        """Raises ValueError for records of which one lacks what every step has."""
        self.records: list[Record] = []
        self._in: list[int] = []  # of each step: the step that entered the function it stands in, -1 for none
        self._left: dict[int, int] = {}  # of a step that enters a function: the one that leaves it
        self._members: dict[int, dict[str, _History]] = {}
        self._packets: dict[int, _History] = {}
        self._layouts: dict[int, _History] = {}
        self._hands: dict[str, dict[object, _History]] = {"sock": {}, "skb": {}}
        self._happened: list[Record] = []
        self._happened_at: list[int] = []
        open_calls: dict[object, list[int]] = {}
        for n, record in enumerate(records):
            try:
                # a trace that does not tell flows apart has one for each context
                stack = open_calls.setdefault(record.get("flow", record["context"]), [])
                self._take(n, record, stack)
            except (KeyError, TypeError, AttributeError):
                raise ValueError(f"step {n} is no record of a trace") from None

    def _take(self, n: int, record: Record, stack: list[int]) -> None:
        kind = record["kind"]
        if kind == "leave":
            del stack[record["depth"] + 1 :]
            self._in.append(stack.pop() if stack else -1)
            if self._in[n] >= 0:
                self._left[self._in[n]] = n
        else:
            del stack[record["depth"] :]
            self._in.append(stack[-1] if stack else -1)
            if kind == "enter":
                stack.append(n)
        if record.get("changes"):
            members = self._members.setdefault(record["sock"], {})
            for name, value in record["changes"].items():
                members.setdefault(name, _History()).add(n, value)
        if record.get("frame") is not None:
            self._packets.setdefault(record["skb"], _History()).add(n, bytes.fromhex(record["frame"]))
        if record.get("layout") is not None:
            self._layouts.setdefault(record["skb"], _History()).add(n, record["layout"])
        for what, hands in self._hands.items():
            hand = hands.setdefault(record.get("flow", record["context"]), _History())
            if record.get(what) and (not hand.values or hand.values[-1] != record[what]):
                hand.add(n, record[what])
        if kind in _HAPPENINGS:
            self._happened.append(record)
            self._happened_at.append(n)
        self.records.append(record)

    def __len__(self) -> int:
        return len(self.records)

    # -- how things are -----------------------------------------------------------------------------------

    def at(self, n: int) -> Moment:
        """The moment at a step.  Raises IndexError where the trace has none of that number."""
        record = self._record(n)
        sock, skb = record.get("sock"), record.get("skb")
        history = self._packets.get(skb) if skb is not None else None
        return Moment(
            n,
            record,
            record["time"],
            record["context"],
            record.get("task"),
            self.stack(n),
            self.sockets(n),
            sock,
            self._changes(n, record),
            skb,
            history.at(n) if history else None,
            self._happened[: bisect_right(self._happened_at, n)],
        )

    def stack(self, n: int) -> tuple[Call, ...]:
        """The calls under way at a step in its flow of control, the outermost first."""
        record = self._record(n)
        found = []
        at = n if record["kind"] == "enter" else self._in[n]
        while at >= 0:
            found.append(_call(at, self.records[at]))
            at = self._in[at]
        return tuple(reversed(found))

    def sockets(self, n: int) -> dict[int, dict[str, Any]]:
        """Every socket seen up to a step, by number, with its members."""
        found = {}
        for sock, members in self._members.items():
            values = {name: history.at(n) for name, history in members.items() if history.steps[0] <= n}
            if values:
                found[sock] = values
        return found

    def held(self, what: str, n: int) -> int | None:
        """The "sock" or "skb" in hand at a step, or the last one that was in hand in its flow of control."""
        record = self._record(n)
        found: int | None = self._hands[what][record.get("flow", record["context"])].at(n)
        return found

    def packet(self, skb: int, n: int) -> bytes | None:
        """A buffer's bytes from skb->data on, as they were when it was seen last up to a step."""
        history = self._packets.get(skb)
        return history.at(n) if history else None

    def layout(self, skb: int, n: int) -> Record | None:
        """Where everything of a buffer is, as it was when it was seen last up to a step; None where it was not."""
        history = self._layouts.get(skb)
        return history.at(n) if history else None

    def _changes(self, n: int, record: Record) -> tuple[Change, ...]:
        members = self._members.get(record.get("sock", 0), {})
        given = record.get("changes") or {}
        return tuple(Change(name, members[name].at(n - 1), new) for name, new in given.items())

    def _record(self, n: int) -> Record:
        if not 0 <= n < len(self.records):
            raise IndexError(f"the trace has {len(self.records)} steps, counted from 0: there is no step {n}")
        return self.records[n]

    # -- which step next ----------------------------------------------------------------------------------

    def over(self, n: int) -> int:
        """The step behind this one, past all that a function entered here does; the last one where there is none."""
        self._record(n)
        return min(self._left.get(n, n) + 1, len(self.records) - 1)

    def out(self, n: int) -> int | None:
        """The step that leaves the function in which a step stands; None at the outside, or where none does."""
        record = self._record(n)
        inside = n if record["kind"] == "enter" else self._in[n]
        return n if record["kind"] == "leave" else self._left.get(inside)

    def back(self, n: int) -> int | None:
        """The step that entered the function in which a step stands; None at the outside."""
        self._record(n)
        return self._in[n] if self._in[n] >= 0 else None

    def next(self, n: int, wanted: Callable[[Record], bool]) -> int | None:
        """The first step behind n of which `wanted` is true; None where there is none."""
        return next((at for at in range(n + 1, len(self.records)) if wanted(self.records[at])), None)

    def entered(self, function: str) -> Iterator[int]:
        """The steps that enter a function."""
        for n, record in enumerate(self.records):
            if record["kind"] == "enter" and record["function"] == function:
                yield n

    def calls(self, n: int | None = None) -> Iterator[int]:
        """The steps that enter what the function entered at n calls itself; without n, what comes from outside."""
        if n is None:
            yield from (at for at, record in enumerate(self.records) if record["kind"] == "enter" and self._in[at] < 0)
            return
        for at in range(n + 1, self._left.get(n, len(self.records))):
            if self._in[at] == n and self.records[at]["kind"] == "enter":
                yield at


def _call(n: int, record: Record) -> Call:
    proof = record.get("proof") or {}
    site = f"{proof['file']}:{proof['line']}" if proof.get("file") else None
    return Call(n, record["function"], record["file"], record["layer"], record["caller"], site, proof.get("evidence"))
