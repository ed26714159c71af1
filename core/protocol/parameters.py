"""Parameters declared once: help, unit, limits and choices beside the type and default of a dataclass' field.

The command line, the server and the Processing algorithms read them from here (``parameters``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """Declaration of one parameter of a task.

    Attributes:
        name: of the field.
        default: value where none is given; MISSING where one must be.
        help: one line for people; empty where nothing is declared.
        unit: of a number, such as "m²".
        choices: the values it may have; empty for any.
        minimum: least value of a number; None for any.
        above: a number must be larger than this; None for any.
        maximum: largest value of a number; None for any.
        option: name on the command line, such as "--least" or "-o"; empty for a positional argument where a value
            must be given, else for the field's name.
        metavar: how the command line shows the value.
        comma_separated: whether the command line takes all values of a tuple as one, such as "4,3,2".
        several: whether an option takes several values in a row.
        none_word: word on the command line that means None, such as "auto".
        on_command_line: whether the command line has it.
    """

    name: str
    default: Any
    help: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    option: str = ""
    metavar: str | None = None
    comma_separated: bool = False
    several: bool = False
    none_word: str = ""
    on_command_line: bool = True

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is MISSING

    @property
    def limits(self) -> str:
        """The limits of a number in words, such as "from 0 to 1"; empty without any."""
        named = ((self.above, "above"), (self.minimum, "from"), (self.maximum, "to"))
        return " ".join(f"{word} {limit:g}" for limit, word in named if limit is not None)

    def allows(self, value: float) -> bool:
        """Whether a number lies within the limits; NaN never does."""
        above = self.above is None or value > self.above
        low = self.minimum is None or value >= self.minimum
        return above and low and (self.maximum is None or value <= self.maximum) and value == value


def parameter(
    default: Any = MISSING,  # noqa: ANN401 - of the field's type
    *,
    help: str,
    factory: Callable[[], Any] | None = None,
    **facts: Any,  # noqa: ANN401 - the fields of Parameter
) -> Any:  # noqa: ANN401 - a dataclass field
    """A field of a params dataclass with its declaration.

    Args:
        default: value where none is given.
        help: one line for people.
        factory: makes the default, where it is a dictionary.
        facts: unit, choices, minimum, above, maximum, option, metavar, …; see ``Parameter``.
    """
    metadata = {"help": help, **facts}
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def parameters(kind: type) -> dict[str, Parameter]:
    """All parameters of a params dataclass by name, in their order."""
    found = {}
    for item in dataclasses.fields(kind):
        default = item.default if item.default_factory is MISSING else item.default_factory()
        found[item.name] = Parameter(item.name, default, **item.metadata)
    return found
