"""Parsers of command-line values: numbers within limits, extents, coordinates, comma-separated lists."""

from __future__ import annotations

import argparse
import math
from typing import Any

from core.protocol import Extent, Parameter


def number(text: str, declared: Parameter, kind: type) -> Any:  # noqa: ANN401 - of the type ``kind``
    """Returns a number within its declared limits.

    Raises:
        ArgumentTypeError: it is none.
    """
    wanted = f"{'whole ' if kind is int else ''}number {declared.limits}".rstrip()
    problem = argparse.ArgumentTypeError(f"{text!r} is no {wanted}")
    try:
        value = kind(text)
    except ValueError:
        raise problem from None
    if not math.isfinite(value) or not declared.allows(value):
        raise problem
    return value


def comma_separated(text: str, declared: Parameter, kind: type) -> tuple[Any, ...]:
    """Returns the values of a text such as "4,3,2".

    Raises:
        ArgumentTypeError: one of them cannot be read.
    """
    try:
        return tuple(number(part.strip(), declared, kind) for part in text.split(","))
    except argparse.ArgumentTypeError:
        what = "band numbers" if kind is int else "numbers"
        raise argparse.ArgumentTypeError(f"{text!r} is no list of {what} such as {declared.metavar}") from None


def extent(text: str) -> Extent:
    """Returns the extent of "xmin,ymin,xmax,ymax"."""
    xmin, ymin, xmax, ymax = _numbers(text, 4, "an extent such as 600000,4990000,610000,5000000")
    return xmin, ymin, xmax, ymax


def place(text: str) -> tuple[float, float]:
    """Returns the coordinates of "x,y"."""
    x, y = _numbers(text, 2, "a place such as 605000,4995000")
    return x, y


def count(text: str) -> int:
    """Returns a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def seed(text: str) -> int:
    """Returns a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def share(text: str) -> float:
    """Returns a number from 0 to 1."""
    (value,) = _numbers(text, 1, "a number from 0 to 1")
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return value


def _numbers(text: str, count: int, what: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != count or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return values
