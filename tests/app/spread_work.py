"""What workers do in tests: in a module of its own, so that they start without the rest."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from records.errors import Rejected, Retryable


def process_of(number: int) -> tuple[int, int]:
    return number, os.getpid()


def fail(number: int) -> int:
    if number == 5:
        raise Rejected("odd", "number 5: is odd")
    return number


def die(number: int) -> int:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def take(post_ids: Sequence[str]) -> int:
    if "held" in post_ids:
        raise Retryable("index: another process holds it")
    return len(post_ids)
