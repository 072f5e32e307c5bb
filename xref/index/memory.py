"""A dictionary that forgets what it has had longest, for what is worked out again when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import islice
from typing import Generic
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """At most so many values by key.  Several threads may use it; each sees a value whole or not at all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[K, V] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, None where there is none."""
        return self._values.get(key)

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def __getitem__(self, key: K) -> V:
        return self._values[key]

    def __setitem__(self, key: K, value: V) -> None:
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._most:
                for old in list(islice(self._values, max(1, self._most // 8))):
                    del self._values[old]

    def update(self, values: Mapping[K, V]) -> None:
        """Set many at once."""
        with self._lock:
            self._values.update(values)
            if len(self._values) > self._most:
                for old in list(islice(self._values, len(self._values) - self._most + self._most // 8)):
                    del self._values[old]

    def __len__(self) -> int:
        return len(self._values)

    def pop(self, key: K) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._values.pop(key, None)
