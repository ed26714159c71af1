"""Captions from annotations of an image: names, counts, places and shares, in varying sentences.

All random choices are the given generator's, so that a rebuilt shard is the same to the byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from numpy.random import Generator

_IRREGULAR = {"person": "people", "people": "people", "aircraft": "aircraft", "low vegetation": "low vegetation"}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_OPENINGS = {
    "aerial": ("an aerial image", "an aerial photograph", "a picture from above", "a high-resolution image"),
    "satellite": ("a satellite image", "a satellite photo", "a picture from space"),
    "drone": ("a drone image", "an aerial image from low height", "a picture from a drone"),
    "radar": ("a radar image", "a synthetic aperture radar image", "a SAR image"),
    "infrared": ("an infrared image", "a thermal image", "a picture in the infrared"),
    "elevation": ("an elevation map", "a surface height map", "a digital elevation model"),
    "hyperspectral": ("a hyperspectral image", "a satellite image with many bands", "an imaging spectrometer's image"),
}
_WITH = ("with {}", "of {}", "showing {}", "that contains {}")
_MOST_NAMED = 4


@dataclass(frozen=True)
class Box:
    """An object in an image.

    Attributes:
        name: what it is, in words.
        centre: column and row as shares of the image's width and height.
    """

    name: str
    centre: tuple[float, float]


def caption_boxes(boxes: Sequence[Box], view: str, rng: Generator) -> str:
    """Return a caption of the objects: which, how many, and sometimes where.

    Args:
        boxes: the objects; none gives the empty text.
        view: one of "aerial", "satellite", "drone", "radar", "infrared".
        rng: source of chance.
    """
    if not boxes:
        return ""
    counts = Counter(box.name for box in boxes).most_common(_MOST_NAMED)
    parts = [amount(name, number, rng) for name, number in counts]
    text = f"{_opening(view, rng)} {_WITH[rng.integers(len(_WITH))].format(listed(parts))}"
    if len(boxes) == 1 and rng.random() < 0.5:
        text += f" {place(boxes[0].centre)}"
    elif len(counts) == 1 and len(boxes) > 3 and rng.random() < 0.3:
        text += f", most of them {place(_mean([box.centre for box in boxes]))}"
    return text


def caption_shares(shares: Mapping[str, float], view: str, rng: Generator, least: float = 0.03) -> str:
    """Return a caption of the land cover, the largest share first.

    Args:
        shares: share of the image by class, 0..1.
        view: one of "aerial", "satellite", "radar", "elevation", "hyperspectral".
        rng: source of chance.
        least: smaller shares are not named.
    """
    named = sorted(((share, name) for name, share in shares.items() if share >= least), reverse=True)[:_MOST_NAMED]
    if not named:
        return ""
    (first_share, first), rest = named[0], [name for _, name in named[1:]]
    opening = _opening(view, rng)
    if first_share > 0.9:
        return f"{opening} of {first}" if rng.random() < 0.5 else f"{opening} almost wholly covered by {first}"
    if not rest:
        return f"{opening} with {first}"
    if first_share > 0.5:
        forms = ("{0} of mostly {1} with {2}", "{0} dominated by {1}, with some {2}", "{0} of {1} and a little {2}")
    else:
        forms = ("{0} of {1}, {2}", "{0} with a mixture of {1} and {2}", "{0} showing {1} as well as {2}")
    return forms[rng.integers(len(forms))].format(opening, first, listed(rest))


def amount(name: str, number: int, rng: Generator) -> str:
    """Return a noun phrase with its number: "a car", "three cars", "many cars"."""
    if number == 1:
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    if number <= 10 and rng.random() < 0.6:
        return f"{_NUMBERS[number]} {plural(name)}"
    word = "a few" if number < 6 else "several" if number < 12 else "many"
    return f"{word} {plural(name)}"


def plural(name: str) -> str:
    """Returns the plural of an English noun phrase."""
    if name in _IRREGULAR:
        return _IRREGULAR[name]
    if name.endswith("y") and name[-2] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def place(centre: tuple[float, float]) -> str:
    """Return the place in the image in words: "in the upper left", "in the middle"."""
    column = ("left", "", "right")[min(int(centre[0] * 3), 2)]
    row = ("upper", "", "lower")[min(int(centre[1] * 3), 2)]
    if not row and not column:
        return "in the middle"
    if not column:
        return f"in the {row} part"
    return f"in the {row} {column}" if row else f"on the {column}"


def listed(parts: Sequence[str]) -> str:
    """Join by commas and a last "and"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _opening(view: str, rng: Generator) -> str:
    return _OPENINGS[view][rng.integers(len(_OPENINGS[view]))]


def _mean(centres: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(x for x, _ in centres) / len(centres), sum(y for _, y in centres) / len(centres)
