"""Entry point of the command line: dispatches the command, and turns any failure into an exit status and one line.

0 done, 1 bad input or a failure, 2 wrong usage, 130 stopped by the user. Nothing heavy is imported before a command
runs.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import re
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import Any

from core import __version__
from core.cli import (
    accuracy,
    cache,
    change,
    declared,
    doctor,
    embed,
    evaluate,
    find,
    models,
    polygonise,
)
from core.cli.common import common_options
from core.cli.console import Console
from core.cli.failures import FAILED, STOPPED, report_failure
from core.cli.streams import printable, silence_libraries
from core.errors import CancelledError
from core.tasks.registry import tasks

COMMANDS: tuple[ModuleType, ...] = (
    embed,
    find,
    polygonise,
    accuracy,
    change,
    evaluate,
    models,
    cache,
    doctor,
)
OK = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: without the program's name; None for those of the process.

    Returns:
        The exit status.
    """
    given = _joined(sys.argv[1:] if arguments is None else list(arguments))
    options = _parser().parse_args(given)
    with nullcontext() if options.verbose else silence_libraries():
        _quieten(options.verbose)
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Run the requested command and return the exit status."""
    console = Console(as_json=options.json, quiet=options.quiet)
    try:
        with console:
            result = options.run(options, console)
        _show(options, result)
        return FAILED if result.get("failed") else OK
    except BrokenPipeError:
        # The reader of a pipe has ended: nothing is printed, and the interpreter must not fail when it flushes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, CancelledError):
        print("Stopped. What was computed is kept; run it again to go on.", file=sys.stderr)
        return STOPPED
    except Exception as problem:  # every failure ends as one line
        return report_failure(problem, as_json=options.json, verbose=options.verbose)


def _show(options: argparse.Namespace, result: dict[str, object]) -> None:
    """Print the result, as JSON or as text."""
    print(json.dumps(_known(result), ensure_ascii=False) if options.json else printable(options.show(result)))
    sys.stdout.flush()


def _known(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Returns the value with null in place of NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core", description="Type words, see the pixels: any bands of any sensor, on this computer."
    )
    parser.add_argument("--version", action="version", version=f"GeoLangBind {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = (declared.DeclaredCommand(task) for task in tasks().values() if task.command)
    known: list[ModuleType | declared.DeclaredCommand] = [*COMMANDS, *made]
    for module in sorted(known, key=lambda command: str(command.NAME)):
        command = commands.add_parser(
            module.NAME, help=module.HELP, description=module.HELP, parents=[common_options()]
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, show=module.show)
    parser.set_defaults(json=False, quiet=False, verbose=False)
    return parser


def _joined(arguments: list[str]) -> list[str]:
    """Join options with values that begin with a minus sign, such as "--extent -5,40,-4,41", for argparse."""
    joined: list[str] = []
    for argument in arguments:
        takes_numbers = joined and joined[-1] in ("--extent", "--at", "--not-at")
        if takes_numbers and re.match(r"-[\d.]", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _quieten(verbose: bool) -> None:
    """Suppress the output of libraries."""
    message_format = "%(levelname)s %(name)s: %(message)s" if verbose else "Note: %(message)s"
    logging.basicConfig(level=logging.DEBUG if verbose else logging.ERROR, format=message_format)
    logging.getLogger("core").setLevel(logging.DEBUG if verbose else logging.WARNING)
    logging.getLogger("rasterio").setLevel(logging.WARNING if verbose else logging.CRITICAL)
    if not verbose:
        warnings.simplefilter("ignore")
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
