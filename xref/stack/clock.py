"""Virtual time: an event loop that several hosts share, and the tasks (processes) that sleep in it.

Nothing here reads a real clock. Time is in microseconds since the loop was made; events of one time run in the order
in which they were scheduled, so that a run depends on its inputs alone.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from collections.abc import Generator
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from xref.stack.kernel import Kernel

MAX_SCHEDULE_TIMEOUT = (1 << 63) - 1

TASK_RUNNING = 0
TASK_INTERRUPTIBLE = 1
TASK_UNINTERRUPTIBLE = 2

Coroutine = Generator[None, None, Any]


class Event:
    """Something that will happen; `cancel` makes it not happen."""

    __slots__ = ("call", "when")

    def __init__(self, when: int, call: Callable[[], None] | None) -> None:
        self.when = when
        self.call = call

    def cancel(self) -> None:
        """Forget the event; it stays in the loop as a husk."""
        self.call = None


class Loop:
    """The event loop: events by time, and tasks that can run now."""

    def __init__(self) -> None:
        self.now = 0
        self.runnable: deque[Task] = deque()
        self._heap: list[tuple[int, int, Event]] = []
        self._order = 0

    def at(self, when: int, call: Callable[[], None]) -> Event:
        """Call something at a time in microseconds (now, if that is past)."""
        event = Event(max(when, self.now), call)
        self._order += 1
        heapq.heappush(self._heap, (event.when, self._order, event))
        return event

    def after(self, delay: int, call: Callable[[], None]) -> Event:
        """Call something after a delay in microseconds."""
        return self.at(self.now + delay, call)

    def run_tasks(self) -> None:
        """Let every task that can run do so until it sleeps or ends."""
        while self.runnable:
            task = self.runnable.popleft()
            task.queued = False
            task.step()

    def spend(self, duration: int) -> None:
        """Whoever runs now takes so many microseconds for it; what was due meanwhile comes late."""
        self.now += duration

    def next_time(self) -> int | None:
        """When the next event is due, None where none is."""
        heap = self._heap
        while heap and heap[0][2].call is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def step(self) -> bool:
        """Run the next event and whatever it made runnable. False where nothing is left to do."""
        self.run_tasks()
        if self.next_time() is None:
            return False
        when, _, event = heapq.heappop(self._heap)
        self.now = max(self.now, when)
        call, event.call = event.call, None
        assert call is not None  # noqa: S101 - next_time() dropped the cancelled ones
        call()
        self.run_tasks()
        return True

    def run(self, until: int | None = None, done: Callable[[], bool] | None = None) -> None:
        """Run events up to a time, or until `done` says so, or until nothing is left."""
        self.run_tasks()
        while not (done and done()):
            due = self.next_time()
            if due is None or (until is not None and due > until):
                break
            self.step()
        if until is not None and not (done and done()):
            self.now = max(self.now, until)


class WaitQueue:
    """`wait_queue_head_t`: the tasks that sleep on something."""

    __slots__ = ("tasks",)

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def active(self) -> bool:
        """`waitqueue_active`."""
        return bool(self.tasks)


class Task:
    """`task_struct`: one process, as a coroutine that yields where it sleeps."""

    def __init__(self, kernel: Kernel, name: str, body: Coroutine, done: Callable[[Any], None] | None = None) -> None:
        self.kernel = kernel
        self.name = name
        self.body = body
        self.done = done
        self.state = TASK_RUNNING
        self.asleep = False
        self.busy = False
        self.queued = False
        self.finished = False
        self.result: Any = None
        self.pending: set[str] = set()
        self.delivered: list[str] = []
        self.stack: list[int] = []
        self.flow = 0

    def start(self) -> Task:
        """Make the task runnable for the first time."""
        self.queued = True
        self.kernel.loop.runnable.append(self)
        return self

    def step(self) -> None:
        """Run until the task sleeps or ends."""
        kernel = self.kernel
        before, kernel.current = kernel.current, self
        trace = kernel.trace
        if trace is not None:
            self.flow = trace.switch(self.stack, "process", self.flow, self.name)
        self.asleep = False
        try:
            next(self.body)
            self.asleep = True
        except StopIteration as end:
            self.finished = True
            self.result = end.value
        finally:
            kernel.current = before
            if trace is not None:
                trace.switch_back()
        if self.finished and self.done:
            self.done(self.result)

    def wake(self) -> None:
        """`try_to_wake_up`: runnable again, if it slept."""
        self.state = TASK_RUNNING
        if self.asleep and not self.queued and not self.busy:
            self.queued = True
            if self.kernel.wake_latency:
                self.kernel.loop.after(self.kernel.wake_latency, self._run)
            else:
                self._run()

    def _run(self) -> None:
        self.kernel.loop.runnable.append(self)

    def compute(self, duration: int) -> Generator[None, None, None]:
        """Keep the processor for so many microseconds; only interrupts come between."""
        self.busy = True
        self.kernel.loop.after(duration, self._go_on)
        yield

    def _go_on(self) -> None:
        self.busy, self.queued = False, True
        self.kernel.loop.runnable.append(self)

    def signal(self, name: str) -> None:
        """A signal with a handler: wakes an interruptible sleep, which then ends with EINTR."""
        self.pending.add(name)
        if self.state == TASK_INTERRUPTIBLE:
            self.wake()

    def take_signals(self) -> list[str]:
        """Deliver what is pending, as the return to user mode does."""
        taken = sorted(self.pending)
        self.delivered += taken
        self.pending.clear()
        return taken


class Timer:
    """`timer_list`: a function that runs in softirq context at a jiffy."""

    __slots__ = ("data", "event", "expires", "function")

    def __init__(self, function: Callable[[Kernel, Any], Any] | None = None, data: Any = None) -> None:
        self.function = function
        self.data = data
        self.expires = 0
        self.event: Event | None = None

    @property
    def pending(self) -> bool:
        """`timer_pending`."""
        return self.event is not None


def prepare_to_wait(k: Kernel, queue: WaitQueue, state: int = TASK_INTERRUPTIBLE) -> None:
    """`prepare_to_wait`: on the queue, and about to sleep."""
    task = k.task()
    task.state = state
    if task not in queue.tasks:
        queue.tasks.append(task)


def finish_wait(k: Kernel, queue: WaitQueue) -> None:
    """`finish_wait`: off the queue, awake."""
    task = k.task()
    task.state = TASK_RUNNING
    if task in queue.tasks:
        queue.tasks.remove(task)


def wake_up(queue: WaitQueue) -> None:
    """`wake_up_interruptible`: every task on the queue (exclusive waiters are not told apart)."""
    for task in list(queue.tasks):
        task.wake()


def signal_pending(k: Kernel) -> bool:
    """`signal_pending(current)`."""
    return k.current is not None and bool(k.current.pending)


def schedule_timeout(k: Kernel, timeout: int) -> Generator[None, None, int]:
    """`schedule_timeout`: sleep for at most that many jiffies; what is left of them when woken."""
    task = k.task()
    if task.state == TASK_RUNNING:
        return timeout
    if timeout == MAX_SCHEDULE_TIMEOUT:
        yield
        return timeout
    expire = k.jiffies + timeout
    timer = Timer(lambda _k, sleeper: sleeper.wake(), task)
    k.mod_timer(timer, expire)
    yield
    k.del_timer(timer)
    return max(0, expire - k.jiffies)
