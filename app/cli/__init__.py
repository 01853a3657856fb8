"""The command `huiying`. Its commands are grouped into rooms, a module each."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer

from records.errors import ConfigurationError, HuiyingError

EXIT_FAILED = 1
EXIT_USAGE = 2
# What a help text says aside, and where its first clause ends.
_ASIDE = re.compile(r"（[^）]*）| ?\([^)]*\)")
_END = re.compile(r"[；。]|[.;](?: |$)")


def build() -> typer.Typer:
    """Return the command line with all its commands."""
    from app.cli import (
        compare,
        find,
        gather,
        jobs,
        keep,
        label,
        models,
        notice,
        problems,
        run,
        searches,
        silences,
        tell,
        terms,
        understand,
    )

    cli = typer.Typer(
        name="huiying",
        help="回应：居民向公共部门反映了什么，得到答复没有。",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    rooms = (
        run,
        gather,
        understand,
        label,
        models,
        find,
        compare,
        searches,
        problems,
        terms,
        notice,
        silences,
        tell,
        keep,
        jobs,
    )
    for room in rooms:
        room.register(cli)
    return cli


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 not done, 2 asked or configured wrongly, 130 interrupted."""
    run_command(build_command(), arguments)


def build_command() -> Any:
    """Return the command line in the language of the environment, to be run any number of times."""
    from app.cli.output import gettext

    command = typer.main.get_command(build())
    translate_help(command, gettext)
    return command


def run_command(command: Any, arguments: Sequence[str] | None = None) -> None:
    """Run what `build_command` gave, and exit as `main` does."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Each node that does not answer; what became of the request is said once, with what to do.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    # What cannot be written as UTF-8 (half a surrogate in a text) becomes "?": output never breaks off.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # it is a TextIOWrapper
    try:
        command.main(arguments, prog_name="huiying")
    except ConfigurationError as err:
        _fail(err, EXIT_USAGE)
    except HuiyingError as err:
        _fail(err, EXIT_FAILED)


def _fail(err: HuiyingError, code: int) -> None:
    sys.stderr.write(f"huiying: {' '.join(str(err).split())}\n")
    sys.exit(code)


def translate_help(command: Any, translate: Callable[[str], str]) -> None:
    """Put every help text of a command, its parameters and its subcommands through `translate`, in place."""
    if command.help:
        command.help = translate(command.help)
        # The list of commands has a line for each, and would break off in the middle of a long one.
        command.short_help = _END.split(_ASIDE.sub("", command.help), maxsplit=1)[0]
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = translate(parameter.help)
    for child in getattr(command, "commands", {}).values():
        translate_help(child, translate)
