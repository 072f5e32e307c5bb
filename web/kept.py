"""What takes seconds to find out and then holds as long as the index file does: found out once, for all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Hashable
from concurrent.futures import Future
from typing import Generic
from typing import TypeVar

from xref.index.files import FileState

T = TypeVar("T")

#: values kept of one state of the file
_MOST = 64


class Kept(Generic[T]):
    """Values by key, for one state of the index file.  Who asks while a value is being made waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[FileState, Hashable], Future[T]] = {}

    def get(self, stamp: FileState, key: Hashable, make: Callable[[], T], keep: Callable[[], bool] | None = None) -> T:
        """The value of a key, made by the first who asks.  What `make` raises, all who wait get; it is not kept.

        `keep`, asked once the value is made, says whether it is.
        """
        whole = (stamp, key)
        with self._lock:
            future = self._values.get(whole)
            mine = future is None
            if future is None:
                self._drop(stamp)
                future = self._values[whole] = Future()
        if mine:
            try:
                future.set_result(make())
                if keep is not None and not keep():
                    self._forget(whole)
            except BaseException as error:
                self._forget(whole)
                future.set_exception(error)
                raise
        return future.result()

    def _forget(self, whole: tuple[FileState, Hashable]) -> None:
        with self._lock:
            self._values.pop(whole, None)

    def _drop(self, stamp: FileState) -> None:
        """Forget what was found of other states of the file, and the oldest where there are too many."""
        for other in [each for each in self._values if each[0] != stamp]:
            del self._values[other]
        while len(self._values) >= _MOST:
            del self._values[next(iter(self._values))]
