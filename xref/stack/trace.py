"""What a run did, step by step: who was entered from where, what it returned, what changed, and the frame so far.

A function of the model is declared with the kernel's file that holds the original:

    tcp_c = source("net/ipv4/tcp.c", "tcp")

    @tcp_c
    def tcp_push(k, sk, ...): ...

Where a kernel has no trace, that costs one look at an attribute per call. Where it has one, each call makes an "enter"
and a "leave" step. A step is a tuple (see `STEP`), made into a dictionary only when someone reads it; frames and
changes are kept once per change, not once per step.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING
from typing import Any
from typing import Concatenate
from typing import ParamSpec
from typing import TypeVar

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

P = ParamSpec("P")
R = TypeVar("R")

STEP = (
    "kind", "function", "caller", "depth", "context", "time", "sock", "changes", "skb", "frame", "value", "flow",
    "layout",
)  # fmt: skip
#: where everything of a buffer is: offsets into its data area (`head` is 0), sizes in bytes; `h`, `nh` and `mac` are 0
#: until they are set, `protocol` is the IP protocol of the socket that owns it, None where nobody does
LAYOUT = (
    "data", "tail", "end", "len", "data_len", "truesize", "h", "nh", "mac", "ip_summed", "cloned", "protocol", "frags"
)  # fmt: skip
#: steps that a trace keeps, unless told otherwise
MOST_KEPT = 4_000_000
ENTER = "enter"
LEAVE = "leave"
EVENT = "event"
STATE = "state"
NOTE = "note"

# what of a socket a step may change and a reader wants to see: (attribute, the kernel's name of it)
WATCHED = (
    ("sk_state", "sk_state"),
    ("sk_err", "sk_err"),
    ("sk_err_soft", "sk_err_soft"),
    ("sk_shutdown", "sk_shutdown"),
    ("sk_wmem_queued", "sk_wmem_queued"),
    ("sk_wmem_alloc", "sk_wmem_alloc"),
    ("sk_rmem_alloc", "sk_rmem_alloc"),
    ("sk_forward_alloc", "sk_forward_alloc"),
    ("sk_sndbuf", "sk_sndbuf"),
    ("sk_rcvbuf", "sk_rcvbuf"),
)
WATCHED_TCP = (
    *WATCHED,
    ("write_seq", "write_seq"),
    ("pushed_seq", "pushed_seq"),
    ("snd_una", "snd_una"),
    ("snd_nxt", "snd_nxt"),
    ("snd_wnd", "snd_wnd"),
    ("snd_cwnd", "snd_cwnd"),
    ("snd_ssthresh", "snd_ssthresh"),
    ("rcv_nxt", "rcv_nxt"),
    ("rcv_wnd", "rcv_wnd"),
    ("copied_seq", "copied_seq"),
    ("packets_out", "packets_out"),
    ("sacked_out", "sacked_out"),
    ("lost_out", "lost_out"),
    ("retrans_out", "retrans_out"),
    ("ca_state", "ca_state"),
    ("rto", "rto"),
    ("srtt", "srtt"),
    ("mss_cache", "mss_cache"),
    ("nonagle", "nonagle"),
    ("ack.pending", "ack.pending"),
    ("ack.pingpong", "ack.pingpong"),
    ("pending", "pending"),
)


class Function:
    """A function of the model: its name, the kernel's file, its layer."""

    __slots__ = ("file", "layer", "name")

    def __init__(self, name: str, file: str, layer: str) -> None:
        self.name = name
        self.file = file
        self.layer = layer


class Watch:
    """Reads the watched attributes of one kind of socket, all at once."""

    __slots__ = ("names", "read")

    def __init__(self, watched: tuple[tuple[str, str], ...]) -> None:
        self.read = attrgetter(*(attribute for attribute, _ in watched))
        self.names = tuple(name for _, name in watched)


WATCH = Watch(WATCHED)
WATCH_TCP = Watch(WATCHED_TCP)


class Trace:
    """The steps of a run on one host.

    `limit` is the most steps that are kept; beyond it the run goes on and `dropped` counts.
    """

    def __init__(self, kernel: Kernel, limit: int = MOST_KEPT) -> None:
        self.kernel = kernel
        self.limit = limit
        self.dropped = 0
        self.steps: list[tuple[Any, ...]] = []
        self.functions: list[Function] = []
        self._ids: dict[Function, int] = {}
        self._stack: list[int] = []
        self._context = "process"
        self._flow = 0
        self._saved: list[tuple[list[int], str, int]] = []
        #: the flows of control by number: the task's name, "" for a softirq, a timer or an interrupt
        self.flows = [""]
        self._seen: dict[int, tuple[Any, ...]] = {}
        self._frames: dict[int, bytes] = {}
        self._layouts: dict[int, tuple[Any, ...]] = {}

    # contexts

    def switch(self, stack: list[int], context: str, flow: int = 0, task: str = "") -> int:
        """Another flow of control runs now: a task, a softirq, an interrupt.

        `flow` is the number that this gave when it ran before, 0 where it is new; its number.
        """
        self._saved.append((self._stack, self._context, self._flow))
        if not flow:
            flow = len(self.flows)
            self.flows.append(task)
        self._stack = stack
        self._context = context
        self._flow = flow
        return flow

    def switch_back(self) -> None:
        """The flow of control that was interrupted goes on."""
        self._stack, self._context, self._flow = self._saved.pop()

    # steps

    def enter(self, function: Function, args: tuple[Any, ...]) -> None:
        """A function is entered."""
        number = self._ids.get(function)
        if number is None:
            number = self._ids[function] = len(self.functions)
            self.functions.append(function)
        sock, changes, skb, frame = self._objects(args[:3])
        self._add(ENTER, number, sock, changes, skb, frame, None)
        self._stack.append(number)

    def leave(self, value: Any, args: tuple[Any, ...]) -> None:
        """The function entered last returns."""
        if not self._stack:
            return  # a task that never ended is thrown away
        number = self._stack.pop()
        # a buffer that is handed back is the one in hand
        sock, changes, skb, frame = self._objects((value, *args[:3]))
        if not isinstance(value, int | str | None):
            value = type(value).__name__
        self._add(LEAVE, number, sock, changes, skb, frame, value)

    def event(self, name: str, data: dict[str, Any]) -> None:
        """A DSKI event fires in the function that runs."""
        self._add(EVENT, self._top(), 0, None, 0, None, {"event": name, **data})

    def note(self, name: str, **values: Any) -> None:
        """Something worth a sentence happens; the sentence is looked up by name in the catalogue."""
        self._add(NOTE, self._top(), 0, None, 0, None, {"note": name, **values})

    def state(self, what: str, old: Any, new: Any) -> None:
        """A named state changes (TCP state, neighbour state, a queue that stops)."""
        self._add(STATE, self._top(), 0, None, 0, None, {"state": what, "from": old, "to": new})

    def _top(self) -> int:
        return self._stack[-1] if self._stack else -1

    def _add(self, kind: str, number: int, sock: int, changes: Any, skb: int, frame: bytes | None, value: Any) -> None:
        if len(self.steps) >= self.limit:
            self.dropped += 1
            return
        stack = self._stack
        caller = stack[-1] if stack else -1
        now = self.kernel.loop.now
        layout = self._layouts.get(skb)
        self.steps.append(
            (kind, number, caller, len(stack), self._context, now, sock, changes, skb, frame, value, self._flow, layout)
        )

    def _objects(self, args: tuple[Any, ...]) -> tuple[int, tuple[tuple[str, Any], ...] | None, int, bytes | None]:
        """The socket and buffer among the first arguments, and what changed in them since they were last seen."""
        sock = skb = 0
        changes: tuple[tuple[str, Any], ...] | None = None
        frame: bytes | None = None
        for arg in args:
            watch = getattr(arg, "WATCH", None)
            if watch is None:
                if skb == 0 and getattr(arg, "IS_SKB", False):
                    skb = arg.number
                    frame = self._frame(arg)
            elif sock == 0:
                sock = arg.number
                now = watch.read(arg)
                then = self._seen.get(sock)
                if now != then:
                    self._seen[sock] = now
                    if then is None:
                        changes = tuple(zip(watch.names, now, strict=True))
                    else:
                        changes = tuple(
                            (name, new) for name, new, old in zip(watch.names, now, then, strict=True) if new != old
                        )
        return sock, changes, skb, frame

    def _frame(self, skb: Any) -> bytes:
        """The bytes of a buffer now; one copy as long as they stay the same."""
        self._layouts[skb.number] = self._layout(skb)
        data: bytes = skb.tobytes()
        last = self._frames.get(skb.number)
        if last == data:
            return last
        self._frames[skb.number] = data
        return data

    def _layout(self, skb: Any) -> tuple[Any, ...]:
        """Where everything of a buffer is now, see LAYOUT; one copy as long as it stays the same."""
        shared = skb.shared
        owner = None if skb.sk is None else skb.sk.sk_protocol
        cloned = skb.cloned and shared.dataref != 1
        frags = tuple([frag.size for frag in shared.frags]) if shared.frags else ()
        layout = (
            skb.data, skb.tail, skb.end, skb.len, skb.data_len, skb.truesize, skb.h, skb.nh, skb.mac, skb.ip_summed,
            cloned, owner, frags,
        )  # fmt: skip
        last = self._layouts.get(skb.number)
        return last if last == layout else layout

    # reading

    def name(self, number: int) -> str | None:
        """The function with that number, None for the outside."""
        return self.functions[number].name if number >= 0 else None

    def records(self) -> Iterator[dict[str, Any]]:
        """The steps as JSON objects, in order.

        A buffer's bytes (in hex) and its layout are given where they differ from those shown last.
        """
        shown: dict[int, bytes] = {}
        laid: dict[int, tuple[Any, ...]] = {}
        for n, step in enumerate(self.steps):
            kind, number, caller, depth, context, time, sock, changes, skb, frame, value, flow, layout = step
            where = self.functions[number] if number >= 0 else None
            record: dict[str, Any] = {
                "n": n,
                "kind": kind,
                "function": where.name if where else None,
                "file": where.file if where else None,
                "layer": where.layer if where else None,
                "caller": self.name(caller),
                "depth": depth,
                "context": context,
                "flow": flow,
                "time": time / 1_000_000,
            }
            if self.flows[flow]:
                record["task"] = self.flows[flow]
            if sock:
                record["sock"] = sock
            if changes:
                record["changes"] = dict(changes)
            if skb:
                record["skb"] = skb
                if frame is not None and shown.get(skb) != frame:
                    shown[skb] = frame
                    record["frame"] = frame.hex()
                if layout is not None and laid.get(skb) is not layout:
                    laid[skb] = layout
                    record["layout"] = dict(zip(LAYOUT, layout, strict=True))
            if kind == LEAVE:
                record["value"] = value
            elif value:
                record.update(value)
            yield record

    def edges(self) -> dict[tuple[str, str], int]:
        """Caller and callee of every enter step that has a caller, with how often."""
        found: dict[tuple[str, str], int] = {}
        for step in self.steps:
            if step[0] == ENTER and step[2] >= 0:
                edge = (self.functions[step[2]].name, self.functions[step[1]].name)
                found[edge] = found.get(edge, 0) + 1
        return found


class Source:
    """Declares functions of the model as being those of one of the kernel's files."""

    def __init__(self, file: str, layer: str) -> None:
        self.file = file
        self.layer = layer

    def __call__(self, call: Callable[Concatenate[Kernel, P], R]) -> Callable[Concatenate[Kernel, P], R]:
        """Make a function traceable; its first argument is the kernel it runs in."""
        made: Callable[Concatenate[Kernel, P], R] = self.named(call.__name__)(call)
        return made

    def named(self, name: str) -> Callable[[Callable[Concatenate[Kernel, P], R]], Callable[Concatenate[Kernel, P], R]]:
        """The same, where the kernel's name is not the Python function's."""
        function = Function(name, self.file, self.layer)

        def declare(call: Callable[Concatenate[Kernel, P], R]) -> Callable[Concatenate[Kernel, P], R]:
            wrap = _sleeper if inspect.isgeneratorfunction(call) else _plain
            made: Callable[Concatenate[Kernel, P], R] = wrap(call, function)
            return made

        return declare


def source(file: str, layer: str) -> Source:
    """Functions declared with what this returns stand in that file, and belong to that layer."""
    return Source(file, layer)


def _plain(call: Callable[Concatenate[Kernel, P], R], function: Function) -> Callable[Concatenate[Kernel, P], R]:
    @functools.wraps(call)
    def wrapper(k: Kernel, /, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = k.trace
        if trace is None:
            return call(k, *args, **kwargs)
        trace.enter(function, args)
        value: Any = None
        try:
            value = call(k, *args, **kwargs)
        finally:
            trace.leave(value, args)
        return value  # type: ignore[no-any-return]

    return wrapper


def _sleeper(call: Any, function: Function) -> Any:
    def traced(k: Kernel, /, *args: Any, **kwargs: Any) -> Any:
        trace = k.trace
        if trace is None:
            return (yield from call(k, *args, **kwargs))
        trace.enter(function, args)
        value = None
        try:
            value = yield from call(k, *args, **kwargs)
        finally:
            if k.trace is not None:
                k.trace.leave(value, args)
        return value

    @functools.wraps(call)
    def wrapper(k: Kernel, /, *args: Any, **kwargs: Any) -> Any:
        if k.trace is None:
            return call(k, *args, **kwargs)
        return traced(k, *args, **kwargs)

    return wrapper
