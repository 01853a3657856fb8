"""Files that are there whole or not at all, also when the machine stops in the middle."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def placed(path: Path, *, must_be_new: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write that stands at `path` at the end; on an error nothing is left of it.

    What was at `path` is replaced; with `must_be_new` it stays, and FileExistsError is raised.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if must_be_new:
            # Unlike a rename, a link never takes the place of a file that came meanwhile.
            path.hardlink_to(part)
            part.unlink()
        else:
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
