"""From a params dataclass to the dictionary that is sent, and back."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from .parameters import Parameter, parameters
from .source import Source

T = TypeVar("T")


def to_params(params: Any) -> dict[str, Any]:  # noqa: ANN401 - any params dataclass
    """Returns a params dataclass as the dictionary that is sent."""
    return dataclasses.asdict(params)


def from_params(kind: type[T], params: dict[str, Any]) -> T:
    """Build a params dataclass from the dictionary that was sent.

    Raises:
        ValueError: a field is unknown or missing, or a value is none of its choices or outside its limits.
    """
    declared = parameters(kind)
    unknown = sorted(set(params) - set(declared))
    if unknown:
        raise ValueError(f"Unknown field {', '.join(unknown)} for {kind.__name__}.")
    values = {name: _frozen(value) for name, value in params.items()}
    if isinstance(values.get("source"), dict):
        values["source"] = from_params(Source, values["source"])
    if "sources" in values:
        values["sources"] = tuple(from_params(Source, item) for item in values["sources"])
    for name, value in values.items():
        _check(declared[name], value)
    try:
        return kind(**values)
    except TypeError as problem:
        raise ValueError(f"{kind.__name__}: {problem}.") from problem


def _check(declared: Parameter, value: Any) -> None:  # noqa: ANN401 - JSON value
    """Raise for values that are none of the choices, and numbers outside the limits.

    Raises:
        ValueError: it is so.
    """
    for each in value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else (value,):
        number = isinstance(each, (int, float)) and not isinstance(each, bool)
        if each is not None and declared.choices and each not in declared.choices:
            raise ValueError(f"{declared.name} is one of {', '.join(declared.choices)}, not {each!r}.")
        if number and not declared.allows(each):
            raise ValueError(f"{declared.name} is a number {declared.limits}, not {each:g}.")


def _frozen(value: Any) -> Any:  # noqa: ANN401 - JSON value
    """Turn JSON lists into the tuples that frozen dataclasses hold."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
