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

Each part is the output of `python -m benchmarks` with the words of its title, put here by `--write`; `make
bench` runs all but the largest. Every figure stands beside a peer or a limit measured in the same run: read
the ratios, since machines differ. Here: {cores} cores, Python {python}.
"""


# Parts of benchmarks, not benchmarks.
PARTS = ("__main__", "counting_proxy", "redrawn")
# Those whose `main` takes numbers of posts.
SIZED = ("elasticsearch", "importing", "plans", "problems", "rules", "scale")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", help="which ones (default: all)")
    parser.add_argument("--write", action="store_true", help="put the results into docs/benchmarks.md")
    parser.add_argument("--posts", type=int, nargs="+", help="how many, one run after the other")
    arguments = parser.parse_args()
    known = [module.name for module in iter_modules([str(FOLDER)]) if module.name not in PARTS]
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        sys.exit(f"no benchmark {unknown[0]!r} (there are {', '.join(known)})")
    if arguments.posts and (len(arguments.names) != 1 or arguments.names[0] not in SIZED):
        sys.exit(f"--posts is for one of {', '.join(SIZED)} (python -m benchmarks scale --posts 1000000)")
    for name in arguments.names or known:
        title = name if not arguments.posts else f"{name} --posts {' '.join(map(str, arguments.posts))}"
        print(f"== {title}", flush=True)
        output = _Shown()
        with redirect_stdout(output):
            main_of = import_module(f"benchmarks.{name}").main
            main_of(arguments.posts) if arguments.posts else main_of()
        print(flush=True)
        if arguments.write:
            write_section(title, output.getvalue())


class _Shown(io.StringIO):
    """Keeps what is printed and shows it at once."""

    def write(self, text: str) -> int:
        print(text, end="", flush=True, file=sys.__stdout__)
        return super().write(text)


def write_section(title: str, output: str) -> None:
    """Put what one command printed into the page; what other commands printed stays."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    sections = dict(part.split("\n", 1) for part in before.split("\n## ")[1:])
    day = datetime.now(UTC).date().isoformat()
    sections[title] = f"\nOn {day}:\n\n```\n{output.rstrip()}\n```\n"
    head = HEAD.format(cores=os.cpu_count(), python=platform.python_version())
    body = "\n".join(f"## {name}\n{sections[name].rstrip()}\n" for name in sorted(sections))
    PAGE.write_text(f"{head}\n{body}", encoding="utf-8")


if __name__ == "__main__":
    main()
