"""Cars, swimming pools and solar panels drawn at their true size into colour pictures from above.

Public sets that may be trained on outline none of them. Sizes are those of common cars (3.6 to 5.2 m long), private
pools (5 to 14 m) and photovoltaic modules (1.0 by 1.7 m).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from numpy.random import Generator
from torch import Tensor

PAINTS = (
    (0.86, 0.86, 0.85), (0.93, 0.93, 0.92), (0.66, 0.67, 0.68), (0.45, 0.46, 0.48), (0.30, 0.31, 0.33),
    (0.12, 0.12, 0.13), (0.60, 0.10, 0.10), (0.15, 0.25, 0.50), (0.55, 0.48, 0.38), (0.15, 0.30, 0.20),
)  # fmt: skip
"""Colours of cars (red, green and blue as displayed, 0 to 1); most are white, grey or black."""
PAINT_SHARES = (0.22, 0.14, 0.16, 0.11, 0.09, 0.12, 0.06, 0.05, 0.03, 0.02)
GLASS = (0.10, 0.11, 0.13)
SHADE = 0.45
"""What a shadow leaves of the ground's light."""
SHADOW_STEP_M = 2.0
"""Metres between the outlines that a tall thing's shadow is made of; cars and panels need one."""
MODULE_M = (1.0, 1.7)
"""Width and length of a photovoltaic module."""


@dataclass(frozen=True)
class Part:
    """A thing in its own frame: ``along`` and ``across`` are metres from its centre.

    Attributes:
        reach_m: half the diagonal of what is drawn.
        colour: (3, H, W) in 0 to 1 from two (H, W) grids of metres.
        inside: (H, W) metres from a point to the outline, positive inside, from the same grids.
        rim_m: width of the unlabelled, drawn surround.
        rim: colour of that surround; None where the ground is seen.
        height_m: how far it stands above the ground, for its shadow.
    """

    reach_m: float
    colour: Callable[[Tensor, Tensor], Tensor]
    inside: Callable[[Tensor, Tensor], Tensor]
    rim_m: float = 0.0
    rim: tuple[float, float, float] | None = None
    height_m: float = 0.0


def draw_things(image: Tensor, labels: Tensor, pixel_m: float, codes: Mapping[str, int], rng: Generator) -> None:
    """Draw one kind of thing into a picture, in place.

    Args:
        image: (3, H, W) float32, colours as displayed, -1 to 1.
        labels: (H, W) int64; pixels of a thing get its code, those of its edge -1.
        pixel_m: pixel size in metres.
        codes: "car", "pool" or "panel" to the code; one of them is drawn.
        rng: source of chance.
    """
    kind = sorted(codes)[int(rng.integers(len(codes)))]
    sun = float(rng.uniform(0, 2 * math.pi))
    for row_m, column_m, angle, part in _arranged(kind, [side * pixel_m for side in labels.shape], rng):
        draw_part(image, labels, part, (row_m / pixel_m, column_m / pixel_m), angle, pixel_m, sun, codes[kind])


def _arranged(kind: str, sides_m: list[float], rng: Generator) -> list[tuple[float, float, float, Part]]:
    """Returns places in metres, angles and things: cars in rows or scattered, a pool or three, blocks of modules."""

    def place() -> tuple[float, float]:
        return float(rng.uniform(0, sides_m[0])), float(rng.uniform(0, sides_m[1]))

    if kind == "pool":
        return [(*place(), float(rng.uniform(0, math.pi)), _pool(rng)) for _ in range(int(rng.integers(1, 5)))]
    angle = float(rng.uniform(0, math.pi))
    if kind == "panel":
        made = _panels(rng)
        found = []
        for _ in range(int(rng.integers(1, 4))):
            row, column = place()
            rows = int(rng.integers(1, 7)) if rng.random() < 0.5 else 1
            step = made.reach_m * float(rng.uniform(0.5, 1.2))
            for number in range(rows):
                found.append(
                    (row + number * step * math.cos(angle), column - number * step * math.sin(angle), angle, made)
                )
        return found
    found = []
    for _ in range(int(rng.integers(1, 6))):
        row, column = place()
        cars, gap = (int(rng.integers(3, 14)), float(rng.uniform(2.4, 3.0))) if rng.random() < 0.6 else (1, 0.0)
        turned = angle + float(rng.choice([0.0, math.pi / 2])) if cars > 1 else float(rng.uniform(0, 2 * math.pi))
        for number in range(cars):
            if rng.random() < 0.8:  # some bays are empty
                shift, facing = number * gap, turned + (math.pi if rng.random() < 0.5 else 0.0)
                found.append((row + shift * math.cos(turned), column - shift * math.sin(turned), facing, _car(rng)))
    return found


def _car(rng: Generator) -> Part:
    length, width = float(rng.uniform(3.6, 5.2)), float(rng.uniform(1.65, 2.0))
    paint = torch.tensor(PAINTS[int(rng.choice(len(PAINTS), p=PAINT_SHARES))])
    paint = (paint * float(rng.uniform(0.85, 1.1))).clamp(0, 1)[:, None, None]
    front, back = float(rng.uniform(0.08, 0.2)) * length, float(rng.uniform(-0.42, -0.25)) * length

    def colour(along: Tensor, across: Tensor) -> Tensor:
        glass = ((along > front) & (along < front + 0.14 * length)) | ((along < back) & (along > back - 0.1 * length))
        glass = glass & (across.abs() < 0.42 * width)
        roof = (along <= front) & (along >= back)
        return torch.where(glass, torch.tensor(GLASS)[:, None, None], paint * (1 + 0.06 * roof.float())).clamp(0, 1)

    def inside(along: Tensor, across: Tensor) -> Tensor:
        radius = ((2 * along / length).abs() ** 5 + (2 * across / width).abs() ** 5) ** 0.2
        return (1 - radius) * width / 2

    return Part(0.5 * math.hypot(length, width), colour, inside, height_m=float(rng.uniform(1.2, 1.9)))


def _pool(rng: Generator) -> Part:
    length, shape = float(rng.uniform(5, 14)), rng.choice(["rectangle", "oval", "kidney"])
    width = length * float(rng.uniform(0.4, 0.7))
    tone = torch.tensor([float(rng.uniform(low, high)) for low, high in ((0.15, 0.5), (0.55, 0.85), (0.65, 0.92))])
    deep = float(rng.uniform(0.75, 1.0))

    def colour(along: Tensor, across: Tensor) -> Tensor:
        depth = 1 - (1 - deep) * ((along / length) + 0.5).clamp(0, 1)
        ripples = 0.03 * torch.sin(5.1 * along + 3 * torch.sin(2.3 * across)) * torch.sin(4.3 * across)
        return (tone[:, None, None] * depth + ripples).clamp(0, 1)

    def inside(along: Tensor, across: Tensor) -> Tensor:
        if shape == "rectangle":
            return torch.minimum(length / 2 - along.abs(), width / 2 - across.abs())
        if shape == "oval":
            return (1 - ((2 * along / length) ** 2 + (2 * across / width) ** 2).sqrt()) * width / 2
        one = width / 2 - ((along + length / 5).square() + across.square()).sqrt()
        other = 0.4 * width - ((along - length / 5).square() + (across - 0.15 * width).square()).sqrt()
        return torch.maximum(one, other)

    rim = float(rng.uniform(0.5, 0.85))
    return Part(
        0.5 * math.hypot(length, width), colour, inside, float(rng.uniform(0.2, 1.6)), (rim, rim * 0.97, rim * 0.9)
    )


def _panels(rng: Generator) -> Part:
    columns, rows = int(rng.integers(3, 25)), int(rng.integers(1, 5))
    length, width = columns * MODULE_M[0], rows * MODULE_M[1]
    dark = float(rng.uniform(0.06, 0.2))
    cell = torch.tensor([dark, dark * float(rng.uniform(1.0, 1.4)), dark * float(rng.uniform(1.1, 2.4))])
    frame = float(rng.uniform(0.3, 0.75))
    glare = float(rng.uniform(0, 0.12))

    def colour(along: Tensor, across: Tensor) -> Tensor:
        pitch = (along[0, 1] - along[0, 0]).abs() + (along[1, 0] - along[0, 0]).abs()
        to_line = torch.minimum(_to_grid(along + length / 2, MODULE_M[0]), _to_grid(across + width / 2, MODULE_M[1]))
        # A frame of 5 cm is mixed with what else the pixel shows.
        line = (0.05 / pitch).clamp(max=1.0) * (to_line < 0.5 * pitch)
        shine = glare * (along / length + 0.5)
        return (cell[:, None, None] + shine) * (1 - line) + frame * line

    def inside(along: Tensor, across: Tensor) -> Tensor:
        return torch.minimum(length / 2 - along.abs(), width / 2 - across.abs())

    return Part(0.5 * math.hypot(length, width), colour, inside, height_m=float(rng.uniform(0.2, 1.2)))


def _to_grid(metres: Tensor, step: float) -> Tensor:
    return (torch.remainder(metres + step / 2, step) - step / 2).abs()


def draw_part(
    image: Tensor, labels: Tensor, part: Part, centre: tuple[float, float], angle: float, pixel_m: float, sun: float,
    code: int,
) -> None:  # fmt: skip
    """Draw a thing around a pixel position, in place: shadow, surround, body with a blended edge.

    Args:
        image: (3, H, W) float32, colours as displayed, -1 to 1.
        labels: (H, W) int64; the thing's pixels get its code, those of its edge -1.
        part: the thing.
        centre: row and column; parts outside the picture are left out.
        angle: of its length, in radians from the columns' direction.
        pixel_m: pixel size in metres.
        sun: direction that the shadow falls to, in radians.
        code: of the thing.
    """
    reach = math.ceil((part.reach_m + part.rim_m + 2 * part.height_m) / pixel_m) + 2
    rows = slice(max(0, int(centre[0]) - reach), min(labels.shape[0], int(centre[0]) + reach))
    columns = slice(max(0, int(centre[1]) - reach), min(labels.shape[1], int(centre[1]) + reach))
    if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
        return
    down = (torch.arange(rows.start, rows.stop) - centre[0])[:, None] * pixel_m
    right = (torch.arange(columns.start, columns.stop) - centre[1])[None] * pixel_m

    def frame(down: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        return (
            right * math.cos(angle) + down * math.sin(angle),
            down * math.cos(angle) - right * math.sin(angle),
        )

    ground = image[:, rows, columns]
    along, across = frame(down, right)
    if part.height_m:
        shift = 0.8 * part.height_m
        steps = math.ceil(shift / SHADOW_STEP_M)
        shadow = part.inside(*frame(down - shift * math.sin(sun), right - shift * math.cos(sun)))
        for step in range(1, steps):  # a tall thing's shadow reaches from its foot to that of its top
            nearer = shift * step / steps
            passed = part.inside(*frame(down - nearer * math.sin(sun), right - nearer * math.cos(sun)))
            shadow = torch.maximum(shadow, passed)
        ground.copy_((ground + 1) * (1 - SHADE * _opaque(shadow, pixel_m)) - 1)
    edge = part.inside(along, across)
    if part.rim is not None:
        _blend(ground, torch.tensor(part.rim)[:, None, None], _opaque(edge + part.rim_m, pixel_m))
    _blend(ground, part.colour(along, across), _opaque(edge, pixel_m))
    place = labels[rows, columns]
    place[edge > -(part.rim_m + pixel_m)] = -1
    place[edge > 0] = code


def _opaque(inside_m: Tensor, pixel_m: float) -> Tensor:
    """Share of a pixel that a thing covers, from metres to its outline."""
    return (inside_m / pixel_m + 0.5).clamp(0, 1)


def _blend(ground: Tensor, colour: Tensor, opaque: Tensor) -> None:
    ground.copy_(ground * (1 - opaque) + (2 * colour - 1) * opaque)
