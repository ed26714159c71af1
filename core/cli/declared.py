"""Commands, options and values derived from the declarations of tasks (``core.protocol.parameter``)."""

from __future__ import annotations

import argparse
import dataclasses
import types
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from core.cli import values
from core.cli.console import Console
from core.protocol import Extent, Parameter, Source, parameters
from core.tasks.task import Task

Place = tuple[float, float]


@dataclass(frozen=True)
class DeclaredCommand:
    """Command of a declared task, with the interface of the modules of hand-written commands."""

    task: Task

    @property
    def NAME(self) -> str:  # noqa: N802 - as in the modules of other commands
        """Name of the command."""
        return self.task.name

    @property
    def HELP(self) -> str:  # noqa: N802 - as in the modules of other commands
        """Help of the command."""
        return self.task.help

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""
        add_parameters(parser, self.task.params)

    def run(self, options: argparse.Namespace, console: Console) -> dict[str, Any]:
        """Run the command and return its result."""
        return self.task.load()(self.task.params(**values_of(options, self.task.params)), console.context)

    def show(self, result: dict[str, Any]) -> str:
        """Returns the result as text."""
        return self.task.in_words(result)


def add_parameters(
    parser: argparse._ActionsContainer, params: type, *, names: Collection[str] = (), leave_out: Collection[str] = ()
) -> None:
    """Add the parameters that a params dataclass declares for the command line.

    Args:
        parser: of the command, or a group of it.
        params: params dataclass, such as ``HighlightParams``, or ``Source``.
        names: the fields to add; none for all.
        leave_out: fields that the command adds by itself.
    """
    kinds = typing.get_type_hints(params)
    for name, declared in _on_command_line(params, names, leave_out).items():
        if kinds[name] is Source:
            add_parameters(parser, Source)
        else:
            _add(parser, declared, kinds[name])


def values_of(
    options: argparse.Namespace, params: type, *, names: Collection[str] = (), leave_out: Collection[str] = ()
) -> dict[str, Any]:
    """Returns the values given on the command line by the names of the fields; see ``add_parameters``.

    Where nothing was given, the dataclass has the default.
    """
    kinds = typing.get_type_hints(params)
    found: dict[str, Any] = {}
    for name, declared in _on_command_line(params, names, leave_out).items():
        if kinds[name] is Source:
            found[name] = Source(**values_of(options, Source))
            continue
        given = getattr(options, name)
        if given is not None or declared.none_word:
            found[name] = _value(given, kinds[name])
    return found


def _on_command_line(params: type, names: Collection[str], leave_out: Collection[str]) -> dict[str, Parameter]:
    return {
        name: declared
        for name, declared in parameters(params).items()
        if declared.on_command_line and (not names or name in names) and name not in leave_out
    }


def _add(parser: argparse._ActionsContainer, declared: Parameter, kind: Any) -> None:  # noqa: ANN401 - any type
    """Add one parameter to the parser."""
    words = declared.help.replace("%", "%%")
    kind, repeated = _single(kind)
    repeated = repeated and not declared.comma_separated
    shown = None if declared.required or repeated or kind is bool else declared.default
    if shown is not None:
        words += f" (default: {shown})"
    reader = _reader(declared, kind)
    if declared.required and not declared.option:
        nargs = "+" if repeated else None
        shown_as = declared.metavar or declared.name
        parser.add_argument(declared.name, nargs=nargs, type=reader, help=words, metavar=shown_as)
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
        type=reader,
        nargs="+" if declared.several else None,
        action=("extend" if declared.several else "append") if repeated else "store",
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
    if declared.none_word:
        read = _reader(_without_none_word(declared), kind)
        return lambda text: None if text == declared.none_word else read(text)
    if declared.comma_separated:
        return lambda text: values.comma_separated(text, declared, kind)
    if kind == Extent:
        return values.extent
    if kind == Place:
        return values.place
    if typing.get_origin(kind) is dict:
        return lambda text: _named(text, _reader(declared, typing.get_args(kind)[1]), declared.metavar or "NAME=VALUE")
    if kind in (int, float):
        return lambda text: values.number(text, declared, kind)
    return str


def _without_none_word(declared: Parameter) -> Parameter:
    return dataclasses.replace(declared, none_word="")


def _named(text: str, read: Callable[[str], Any], shape: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form {shape}")
    return name.strip(), read(value.strip())


def _value(given: Any, kind: Any) -> Any:  # noqa: ANN401 - what argparse makes
    """A value as the params dataclass holds it."""
    single, repeated = _single(kind)
    if not repeated or given is None:
        return given
    return dict(given) if typing.get_origin(single) is dict else tuple(given)
