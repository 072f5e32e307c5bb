"""A run of a scenario, stood at: everything that one screen shows of a step, as one record.

A `Session` joins what a run left: the steps (`replayer`), the frames on the wire (`stack.segments`), the bytes and the
buffer of the packet in hand (`stack.dissect`).  What proves a step is asked of whoever has a tree, one step at a time:
a trace of 50,000 steps is not held against a tree for the sake of the one that is looked at.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import NamedTuple

from xref.stack import dissect
from xref.stack.scenario import Run
from xref.stack.segments import segments
from xref.walk.replayer import Call
from xref.walk.replayer import Replayer

#: the proof of the innermost call of a stack in a context, as `verify.shown` has it; None where there is no tree
Prove = Callable[[Sequence[Call], str], dict[str, Any] | None]

#: include/linux/tcp.h: the states of a TCP socket, which others share; and those of its congestion control
STATES = (
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK",
    "LISTEN", "CLOSING",
)  # fmt: skip
CA_STATES = ("Open", "Disorder", "CWR", "Recovery", "Loss")
_NAMED = {"sk_state": STATES, "ca_state": CA_STATES}

#: whose header a function of the model writes, by its layer
_HEADERS = {
    "tcp": dissect.TRANSPORT, "udp": dissect.TRANSPORT, "icmp": dissect.TRANSPORT, "ip": dissect.NETWORK,
    "device": dissect.LINK, "neighbour": dissect.LINK,
}  # fmt: skip

#: a socket's members in the order and the groups in which a person looks for them
MEMBERS = {
    "state": ("sk_state", "sk_err", "sk_err_soft", "sk_shutdown"),
    "send": ("write_seq", "pushed_seq", "snd_una", "snd_nxt", "snd_wnd", "packets_out", "mss_cache", "nonagle"),
    "congestion": ("snd_cwnd", "snd_ssthresh", "ca_state", "sacked_out", "lost_out", "retrans_out", "rto", "srtt"),
    "receive": ("rcv_nxt", "rcv_wnd", "copied_seq", "ack.pending", "ack.pingpong", "pending"),
    "memory": ("sk_sndbuf", "sk_wmem_queued", "sk_wmem_alloc", "sk_forward_alloc", "sk_rcvbuf", "sk_rmem_alloc"),
}


class Landmark(NamedTuple):
    """A step worth jumping to: what it is ("call", "event", "state", "note"), and what it says."""

    n: int
    what: str
    name: str
    time: float
    context: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of the picture of a whole run: the deepest call of some steps, and its layer."""

    n: int
    depth: int
    layer: str | None


class Session:
    """A run with its steps.  `len()` is the number of steps, which count from 0; no run has none."""

    def __init__(self, run: Run) -> None:
        """Raises ValueError for a run without a trace."""
        if run.trace is None:
            raise ValueError("this run was made without a trace")
        self.run = run
        self.player = Replayer(run.trace.records())
        self.segments = segments(run)
        self.landmarks = list(self._landmarks())
        self._segment_steps = sorted((each.step, each.n) for each in self.segments if each.step is not None)
        self._event_steps = [each.n for each in self.landmarks if each.what == "event"]

    def __len__(self) -> int:
        return len(self.player)

    # -- the whole run ------------------------------------------------------------------------------------

    def _landmarks(self) -> Iterator[Landmark]:
        own = {"n", "kind", "function", "file", "layer", "caller", "depth", "context", "flow", "time", "task"}
        for n, record in enumerate(self.player.records):
            kind = record["kind"]
            if kind == "enter" and record["caller"] is None and record["context"] == "process":
                yield Landmark(n, "call", record["function"], record["time"], "process", self._returned(n))
            elif kind in ("event", "state", "note"):
                data = {name: value for name, value in record.items() if name not in own and name != kind}
                yield Landmark(n, kind, record[kind], record["time"], record["context"], data)

    def _returned(self, n: int) -> dict[str, Any]:
        left = self.player.out(n)
        return {} if left is None else {"value": self.player.records[left].get("value")}

    def profile(self, columns: int) -> list[Column]:
        """The depth of calls over the run, in so many columns at most."""
        records = self.player.records
        each = max(1, -(-len(records) // columns))
        found = []
        for start in range(0, len(records), each):
            n = max(range(start, min(start + each, len(records))), key=lambda n: records[n]["depth"])
            found.append(Column(start, records[n]["depth"], records[n]["layer"]))
        return found

    def functions(self) -> list[str]:
        """The names of all functions that the run enters."""
        return sorted({record["function"] for record in self.player.records if record["kind"] == "enter"})

    # -- one step -----------------------------------------------------------------------------------------

    def record(self, n: int, prove: Prove | None = None) -> dict[str, Any]:
        """Step n as a record: the step itself, where it is, and all that it is about.

        proof    of the innermost call; stack: the calls under way, each with the place it was called from
        after    where a function of no call stands: the last call that it has come back from, with the proof; or None
        sock     the socket in hand, or in hand last (in_hand tells): its members by group, what changed now
        skb      the packet in hand or last in hand: its layout, the layout before this step, the parts of its data area
        packet   its bytes, from skb->data on, with their fields
        to       the steps next to this one, as a debugger's keys name them
        events, segment   how many events so far; the last segment sent or received so far
        Raises IndexError for a step that there is not.
        """
        player = self.player
        moment = player.at(n)
        context = moment.context
        stack = [
            call._asdict() | {"proof": prove(moment.stack[: place + 1], context) if prove else None}
            for place, call in enumerate(moment.stack)
        ]
        for call in stack:
            call["site"] = site(call["proof"]) or call["site"]
        shown = dict(moment.record)
        for name in ("frame", "layout", "changes", "sock", "skb"):
            shown.pop(name, None)
        return shown | {
            "steps": len(self),
            "proof": stack[-1]["proof"] if stack else None,
            "stack": stack,
            "after": self._after(n, prove),
            "sock": self._sock(n),
            **self._packet(n),
            "events": bisect_right(self._event_steps, n),
            "segment": self.segment(n),
            "to": self.beside(n),
        }

    def _after(self, n: int, prove: Prove | None) -> dict[str, Any] | None:
        """At an event, a state or a note: the last call that the function made, which tells how far it has got."""
        player = self.player
        here = player.records[n]
        stack = player.stack(n)
        if here["kind"] in ("enter", "leave") or not stack:
            return None
        for step in range(n - 1, stack[-1].n, -1):
            record = player.records[step]
            if (record["kind"], record["depth"], record["flow"]) == ("enter", here["depth"], here["flow"]):
                called = player.at(step).stack
                return called[-1]._asdict() | {"proof": prove(called, here["context"]) if prove else None}
        return None

    def segment(self, n: int) -> int | None:
        """The last segment that was sent or received up to a step."""
        place = bisect_right(self._segment_steps, (n, len(self.segments)))
        return self._segment_steps[place - 1][1] if place else None

    def _sock(self, n: int) -> dict[str, Any] | None:
        player = self.player
        number = player.held("sock", n)
        if number is None:
            return None
        values = player.sockets(n)[number]
        in_hand = player.records[n].get("sock") == number
        changes = [change._asdict() for change in player.at(n).changes] if in_hand else []
        grouped = {
            group: {name: values[name] for name in names if name in values} for group, names in MEMBERS.items()
        }
        return {"number": number, "in_hand": in_hand, "members": grouped, "changes": changes}

    def _packet(self, n: int) -> dict[str, Any]:
        player = self.player
        number = player.held("skb", n)
        layout = player.layout(number, n) if number is not None else None
        if number is None or layout is None:
            return {"skb": None, "packet": None}
        data = player.packet(number, n) or b""
        starts = dissect.starts_at(layout, data)
        before = player.layout(number, n - 1) if n else None
        fields = dissect.packet(data, starts, layout["protocol"], self._room(n, layout, before))
        skb = {
            "number": number,
            "in_hand": player.records[n].get("skb") == number,
            "layout": dict(layout),
            "before": dict(before) if before is not None and before != layout else None,
            "parts": [part._asdict() for part in dissect.parts(layout, fields)],
        }
        packet = {"hex": data.hex(), "starts_at": starts, "fields": [field._asdict() for field in fields]}
        return {"skb": skb, "packet": packet}

    def _room(
        self, n: int, layout: Mapping[str, Any], before: Mapping[str, Any] | None
    ) -> tuple[str, int] | None:
        """The room that this step made at the front of the packet in hand, and the layer of whoever asked for it."""
        if before is None or layout["data"] >= before["data"]:
            return None
        asked = next((call.layer for call in reversed(self.player.stack(n)) if call.layer in _HEADERS), None)
        return (_HEADERS[asked], before["data"] - layout["data"]) if asked else None

    # -- which step next ----------------------------------------------------------------------------------

    def beside(self, n: int) -> dict[str, int | None]:
        """The steps that the keys of a debugger lead to; None where there is none."""
        player, last = self.player, len(self) - 1
        out = player.out(n)
        over_back = n - 1
        if n and player.records[n - 1]["kind"] == "leave":
            entered = player.back(n - 1)
            over_back = n - 1 if entered is None else entered
        return {
            "next": n + 1 if n < last else None,
            "back": n - 1 if n else None,
            "over": player.over(n) if n < last else None,
            "over_back": over_back if n else None,
            "out": (n + 1 if n < last else None) if out == n else out,
        }

    def find(self, what: str, n: int) -> int | None:
        """The next step behind n that is an "event", sends or takes a "segment", begins a "call", or enters a function.

        None where there is none behind n.
        """
        if what == "segment":
            return next((step for step, _ in self._segment_steps if step > n), None)
        if what in ("event", "call"):
            return next((each.n for each in self.landmarks if each.what == what and each.n > n), None)
        return self.player.next(n, lambda record: record["kind"] == "enter" and record["function"] == what)


def site(proof: dict[str, Any] | None) -> str | None:
    """The "file:line" where control leaves the caller, by a proof; None where there is none."""
    return f"{proof['file']}:{proof['line']}" if proof and proof.get("file") else None


def named(member: str, value: Any) -> str:
    """A member's value as a person reads it: with its name, where the kernel has names for it."""
    names = _NAMED.get(member)
    if names and isinstance(value, int) and 0 <= value < len(names) and names[value]:
        return f"{value} {names[value]}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
