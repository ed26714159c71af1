"""A command made of a task's declaration: its options, its parameters, and its result in words."""

from __future__ import annotations

import argparse
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.cli import sources
from core.cli.console import Console
from core.protocol import Extent, Parameter, Source, parameters
from core.tasks.task import Task

Place = tuple[float, float]


@dataclass(frozen=True)
class DeclaredCommand:
    """The command of a task; has what the modules of hand-made commands have."""

    task: Task

    @property
    def NAME(self) -> str:  # noqa: N802 - as in the modules of other commands
        """Of the command."""
        return self.task.name

    @property
    def HELP(self) -> str:  # noqa: N802 - as in the modules of other commands
        """What it does."""
        return self.task.help

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the command."""
        kinds = typing.get_type_hints(self.task.params)
        for name, declared in parameters(self.task.params).items():
            if kinds[name] is Source:
                sources.add_source(parser)
            else:
                _add(parser, declared, kinds[name])

    def run(self, options: argparse.Namespace, console: Console) -> dict[str, Any]:
        """Do it."""
        kinds = typing.get_type_hints(self.task.params)
        values: dict[str, Any] = {}
        for name in parameters(self.task.params):
            if kinds[name] is Source:
                values[name] = sources.source_of(options)
            elif (given := getattr(options, name)) is not None:  # else the dataclass has the default
                values[name] = _value(given, kinds[name])
        return self.task.load()(self.task.params(**values), console.context)

    def show(self, result: dict[str, Any]) -> str:
        """Say it in words."""
        return self.task.in_words(result)


def _add(parser: argparse.ArgumentParser, declared: Parameter, kind: Any) -> None:  # noqa: ANN401 - any type
    """Add one parameter."""
    words = declared.help.replace("%", "%%")
    kind, repeated = _single(kind)
    shown = None if declared.required or repeated or kind is bool else declared.default
    if shown is not None:
        words += f" (default: {shown})"
    if declared.required and not declared.option and not repeated:
        parser.add_argument(declared.name, type=_reader(declared, kind), help=words, metavar=declared.metavar)
        return
    option = declared.option or "--" + declared.name.replace("_", "-")
    names = ("-o", "--output") if option == "-o" else (option,)
    if kind is bool:
        if declared.default:
            parser.add_argument(f"--no-{names[0][2:]}", dest=declared.name, action="store_false", help=words)
        else:
            parser.add_argument(*names, dest=declared.name, action="store_true", help=words)
        return
    parser.add_argument(
        *names,
        dest=declared.name,
        type=_reader(declared, kind),
        action="append" if repeated else "store",
        default=None if declared.required or repeated else declared.default,
        required=declared.required,
        choices=declared.choices or None,
        metavar=declared.metavar,
        help=words,
    )


def _single(kind: Any) -> tuple[Any, bool]:  # noqa: ANN401 - any type
    """The type of one value, without None, and whether there may be many: tuples of any length, and dictionaries."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
    if typing.get_origin(kind) is tuple and typing.get_args(kind)[-1] is Ellipsis:
        return typing.get_args(kind)[0], True
    return kind, typing.get_origin(kind) is dict


def _reader(declared: Parameter, kind: Any) -> Callable[[str], Any]:  # noqa: ANN401 - any type
    """The function that reads a value from the command line."""
    if kind == Extent:
        return sources.extent
    if kind == Place:
        return sources.place
    if typing.get_origin(kind) is dict:
        return lambda text: _named(text, _reader(declared, typing.get_args(kind)[1]), declared.metavar or "NAME=VALUE")
    if kind in (int, float):
        return lambda text: _number(text, declared, kind)
    return str


def _number(text: str, declared: Parameter, kind: type) -> float:
    limits = ((declared.above, "above"), (declared.minimum, "from"), (declared.maximum, "to"))
    wanted = " ".join(f"{word} {limit:g}" for limit, word in limits if limit is not None)
    problem = argparse.ArgumentTypeError(f"{text!r} is no {'whole ' if kind is int else ''}number {wanted}".rstrip())
    try:
        value: float = kind(text)
    except ValueError:
        raise problem from None
    low, high = declared.minimum, declared.maximum
    outside = (low is not None and value < low) or (high is not None and value > high) or value != value
    if outside or (declared.above is not None and value <= declared.above):
        raise problem
    return value


def _named(text: str, read: Callable[[str], Any], shape: str) -> tuple[str, Any]:
    name, equals, value = text.rpartition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form {shape}")
    return name.strip(), read(value)


def _value(given: Any, kind: Any) -> Any:  # noqa: ANN401 - what argparse makes
    """A value as the params dataclass holds it."""
    single, repeated = _single(kind)
    if not repeated:
        return given
    return dict(given) if typing.get_origin(single) is dict else tuple(given)
