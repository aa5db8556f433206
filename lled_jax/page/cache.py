"""A memory of bounded size."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class Cache:
    """The values used last, as many as fit into `capacity` bytes.

    A value larger than that is not kept.  For one thread at a time.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity, self.used = capacity, 0
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        """The value, or None if it is not kept (any more)."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Keep `value`, of `size` bytes, at the cost of those used longest ago."""
        if key in self._kept:
            self.used -= self._kept.pop(key)[1]
        if size > self.capacity:
            return
        self._kept[key] = value, size
        self.used += size
        while self.used > self.capacity:
            self.used -= self._kept.popitem(last=False)[1][1]
