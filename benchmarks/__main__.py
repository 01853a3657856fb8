"""Run the benchmarks: `python -m benchmarks [NAME …]`; `--write` puts the results into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import io
import os
import platform
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

Written by `make bench`; each part is the output of `python -m benchmarks NAME`. Every figure stands beside a
peer or a limit measured in the same run: read the ratios, since machines differ. Here: {cores} cores,
Python {python}, {day}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", help="which ones (default: all)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    arguments = parser.parse_args()
    known = [
        module.name for module in iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"
    ]
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        sys.exit(f"no benchmark {unknown[0]!r} (there are {', '.join(known)})")
    parts = [
        HEAD.format(
            cores=os.cpu_count(), python=platform.python_version(), day=datetime.now(UTC).date().isoformat()
        )
    ]
    for name in arguments.names or known:
        print(f"== {name}", flush=True)
        output = io.StringIO()
        with redirect_stdout(output):
            import_module(f"benchmarks.{name}").main()
        print(output.getvalue(), flush=True)
        parts.append(f"## {name}\n\n```\n{output.getvalue().rstrip()}\n```\n")
    if arguments.write:
        PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
