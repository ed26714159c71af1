"""A cache of bounded size that evicts the least recently used values."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

ENTRY_BYTES = 512
"""What an entry takes beside its value, about: windows without data have no other size, and there may be many."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """Least-recently-used cache of values with a bounded total size.

    Args:
        budget_bytes: total size kept; one value is kept whatever its size.
        size_of: gives the bytes of a value.
    """

    def __init__(self, budget_bytes: int, size_of: Callable[[Value], int]) -> None:
        self._budget = budget_bytes
        self._size_of = size_of
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    def get(self, key: Key) -> Value | None:
        """Returns a value; None where it is gone."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Add a value and remove the least recently used ones."""
        if key in self._values:
            self._bytes -= self._taken(self._values.pop(key))
        self._values[key] = value
        self._bytes += self._taken(value)
        while self._bytes > self._budget and len(self._values) > 1:
            self._bytes -= self._taken(self._values.popitem(last=False)[1])

    def clear(self) -> None:
        """Remove all values."""
        self._values.clear()
        self._bytes = 0

    def _taken(self, value: Value) -> int:
        return ENTRY_BYTES + self._size_of(value)
