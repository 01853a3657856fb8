"""A server that takes requests and never answers: one finds out, the others are told at once.

The client's own pool of nodes sets those aside that fail, but never the last one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from elastic_transport import ConnectionTimeout

# So long nobody asks again; then the next one tries.
PAUSE_S = 10.0


class Silence:
    """Remembers that a request had no answer in time. Any number of threads may ask at once."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: float | None = None

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Raise ConnectionTimeout at once for PAUSE_S after the block raised it."""
        if self._until is not None and self._clock() < self._until:
            raise ConnectionTimeout("it did not answer a moment ago")
        try:
            yield
        except ConnectionTimeout:
            self._until = self._clock() + PAUSE_S
            raise
        self._until = None
