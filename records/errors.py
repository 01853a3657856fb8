"""What can go wrong, by what to do next.

HuiyingError
├── Retryable            try again later: a host that does not answer, a lock that is held
├── Rejected             this one item cannot be taken; the rest goes on. `code` is counted.
└── ConfigurationError   a person has to change a setting, file or argument first

A message names the thing, its value and the fix, in one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class HuiyingError(Exception):
    """The root of everything this project raises on purpose. It can be raised in another process: pickled."""

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own way calls the class with `args`, which is not what those below are made of.
        return Exception.__new__, (type(self), *self.args), self.__dict__


class Retryable(HuiyingError):
    """The same call may succeed later."""


class Rejected(HuiyingError):
    """One item cannot be taken. `code` is a short snake_case reason that runs count by."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ConfigurationError(HuiyingError):
    """A person has to change a setting, a file or an argument."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ' (did you mean "x"?)' for the known word nearest to `word`, or ''."""
    found = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f' (did you mean "{found[0]}"?)' if found else ""
