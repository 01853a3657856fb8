"""What workers do in tests: in a module of its own, so that they start without the rest."""

from __future__ import annotations

import os
import signal

from records.errors import Rejected


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
