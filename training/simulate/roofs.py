"""Buildings drawn at their true size into colour pictures from above, with any roof and their shadow.

Sets of outlined buildings that may be trained on show few kinds of roofs. What makes a building here is its outline,
its height and its shadow; colours and textures are drawn far beyond what those sets show, and level yards of the same
shapes and colours, without height and shadow, are no buildings.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor

from training.simulate.things import Part, draw_part

Colour = Callable[[Tensor, Tensor], Tensor]
Tones = tuple[tuple[tuple[float, float, float], float], ...]

TONES = (
    ((0.50, 0.49, 0.47), 0.26), ((0.72, 0.71, 0.68), 0.16), ((0.88, 0.88, 0.87), 0.10), ((0.58, 0.33, 0.24), 0.14),
    ((0.42, 0.27, 0.20), 0.08), ((0.30, 0.45, 0.62), 0.07), ((0.36, 0.52, 0.42), 0.05), ((0.27, 0.26, 0.26), 0.08),
    ((0.62, 0.55, 0.44), 0.06),
)  # fmt: skip
"""Colours of roofs (red, green and blue as displayed, 0 to 1) and their shares: concrete, cement, white, tiles, rust,
blue and green sheets, bitumen, clay."""
GROUND_TONES = (
    ((0.60, 0.48, 0.36), 0.25), ((0.55, 0.37, 0.26), 0.15), ((0.52, 0.51, 0.49), 0.3), ((0.70, 0.66, 0.60), 0.15),
    ((0.32, 0.32, 0.32), 0.15),
)  # fmt: skip
"""The same of level ground: soil, red soil, concrete, sand, asphalt."""
NOISE_CELLS = 24
"""Side of the grid of random values that stains are drawn from."""
LARGEST_M = 45.0
"""Metres that this grid covers; no building is longer."""


def draw_roofs(
    image: Tensor, labels: Tensor, pixel_m: float, roof: int, yard: int, texture: Tensor, rng: Generator
) -> None:
    """Draw buildings and yards into a picture, in place.

    Args:
        image: (3, H, W) float32, colours as displayed, -1 to 1.
        labels: (H, W) int64; pixels of a building get ``roof``, those of a yard ``yard``, those of edges -1.
        pixel_m: pixel size in metres.
        roof: code of buildings.
        yard: code of yards.
        texture: (3, h, w) float32, another picture from above, -1 to 1, whose brightness is laid over some roofs.
        rng: source of chance.
    """
    sun = float(rng.uniform(0, 2 * math.pi))
    length = float(rng.choice([0.3, 0.6, 1.0, 1.5]))
    height_m, width_m = (side * pixel_m for side in labels.shape)
    angle = float(rng.uniform(0, math.pi))
    for _ in range(int(rng.integers(0, 3))):
        place = float(rng.uniform(0, height_m)) / pixel_m, float(rng.uniform(0, width_m)) / pixel_m
        turned = angle if rng.random() < 0.7 else float(rng.uniform(0, math.pi))
        draw_part(image, labels, _yard(texture, rng), place, turned, pixel_m, sun, yard)
    for row_m, column_m, size_m, turned in _places(height_m, width_m, angle, rng):
        part = _roof(size_m, turned, sun, length, texture, rng)
        draw_part(image, labels, part, (row_m / pixel_m, column_m / pixel_m), turned, pixel_m, sun, roof)


def _places(
    height_m: float, width_m: float, angle: float, rng: Generator
) -> list[tuple[float, float, tuple[float, float], float]]:
    """Returns places in metres, sizes (along, across) in metres and angles: scattered houses, or rows of them."""
    largest = math.exp(float(rng.uniform(math.log(6), math.log(26))))
    if rng.random() < 0.4:
        found = []
        for _ in range(int(rng.integers(1, 6))):
            along = largest * float(rng.uniform(0.5, 1.2))
            size = along, along * float(rng.uniform(0.4, 1.0))
            turned = angle if rng.random() < 0.6 else float(rng.uniform(0, math.pi))
            found.append((float(rng.uniform(0, height_m)), float(rng.uniform(0, width_m)), size, turned))
        return found
    along, across = largest, largest * float(rng.uniform(0.6, 1.0))
    step, row_step = along * float(rng.choice([1.0, 1.1, 1.4, 2.0])), across * float(rng.uniform(1.0, 2.2))
    reach = math.hypot(height_m, width_m) / 2
    columns, rows = int(reach / step) + 1, int(reach / row_step) + 1
    kept = float(rng.uniform(0.35, 0.95))
    found = []
    for number in range(-rows, rows + 1):
        for other in range(-columns, columns + 1):
            if rng.random() > kept:
                continue
            right, down = other * step, number * row_step
            row = height_m / 2 + right * math.sin(angle) + down * math.cos(angle)
            column = width_m / 2 + right * math.cos(angle) - down * math.sin(angle)
            size = along * float(rng.uniform(0.8, 1.0)), across * float(rng.uniform(0.6, 1.0))
            found.append((row, column, size, angle))
    return found


def _roof(
    size_m: tuple[float, float], angle: float, sun: float, shadow: float, texture: Tensor, rng: Generator
) -> Part:
    """Returns a building of one of four roofs: flat with a parapet, gabled, hipped, or of several sheets."""
    length, width = min(size_m[0], LARGEST_M / 1.5), min(size_m[1], LARGEST_M / 1.5)
    inside = _outline(length, width, rng)
    tone = _tone(TONES, rng)
    kind = rng.choice(["flat", "gabled", "hipped", "sheets"], p=[0.45, 0.2, 0.15, 0.2])
    base = _surface(tone, texture, rng)
    relief = float(rng.uniform(0.05, 0.22))
    # Planes that face the sun are brighter; the frame's axes are turned by the angle.
    facing = math.cos(sun - angle), math.sin(sun - angle)
    pitch, depth = float(rng.uniform(0.25, 1.2)), float(rng.choice([0.0, 0.03, 0.07]))
    parapet, rim = float(rng.uniform(0.2, 0.6)), float(rng.uniform(-0.25, 0.25))
    objects = _objects(length, width, rng) if kind in ("flat", "sheets") else []
    shades = torch.tensor(rng.uniform(0.75, 1.15, 16), dtype=torch.float32)

    def colour(along: Tensor, across: Tensor) -> Tensor:
        found = base(along, across)
        light = torch.ones_like(along)
        if kind == "gabled":
            light = 1 + relief * facing[1] * torch.sign(across)
        elif kind == "hipped":
            ends = along.abs() - length / 2 > across.abs() - width / 2
            light = 1 + relief * torch.where(ends, facing[0] * torch.sign(along), facing[1] * torch.sign(across))
        elif kind == "sheets":
            light = shades[((along / (length / 4)).floor().long() % 4) + 4 * ((across > 0).long())]
        if kind != "flat" and depth:
            pixel = (along[0, 1] - along[0, 0]).abs() + (along[1, 0] - along[0, 0]).abs()
            seen = (1 - pixel / pitch).clamp(0, 1)
            light = light * (1 + depth * seen * torch.sin(2 * math.pi * along / pitch))
        found = found * light
        if kind == "flat":
            edge = inside(along, across)
            found = torch.where(edge < parapet, found * (1 + rim), found)
        for object_colour, object_inside in objects:
            found = torch.where(object_inside(along, across) > 0, object_colour, found)
        return found.clamp(0, 1)

    height = shadow * float(rng.uniform(2.5, 9.0))
    return Part(0.5 * math.hypot(length, width), colour, inside, height_m=height)


def _yard(texture: Tensor, rng: Generator) -> Part:
    """Returns a paved or bare piece of level ground."""
    length = math.exp(float(rng.uniform(math.log(6), math.log(30))))
    width = length * float(rng.uniform(0.3, 1.0))
    surface = _surface(_tone(GROUND_TONES, rng), texture, rng)
    return Part(0.5 * math.hypot(length, width), surface, _outline(length, width, rng))


def _tone(tones: Tones, rng: Generator) -> Tensor:
    """Returns a colour (3, 1, 1)."""
    tone, _ = tones[int(rng.choice(len(tones), p=[share for _, share in tones]))]
    varied = torch.tensor(tone) * float(rng.uniform(0.7, 1.25))
    varied = varied + torch.tensor(rng.normal(0, 0.04, 3), dtype=torch.float32)
    return varied.clamp(0.05, 0.97)[:, None, None]


def _surface(tone: Tensor, texture: Tensor, rng: Generator) -> Colour:
    """Returns a tone with stains and, in part, the brightness of another picture's ground."""
    coarse, fine = (
        torch.tensor(rng.normal(0, 1, (1, 1, cells, cells)), dtype=torch.float32)
        for cells in (NOISE_CELLS // 3, 2 * NOISE_CELLS)
    )
    strength = float(rng.choice([0.0, 0.03, 0.07, 0.12]))
    laid = float(rng.uniform(0.2, 0.8)) if rng.random() < 0.4 else 0.0
    ground = texture.mean(0)[None, None] / 2
    ground = ground - ground.mean()

    def colour(along: Tensor, across: Tensor) -> Tensor:
        grid = torch.stack([along, across], -1)[None] / (LARGEST_M / 2)

        def drawn(values: Tensor) -> Tensor:
            return F.grid_sample(values, grid, padding_mode="reflection", align_corners=False)[0, 0]

        stains = strength * (0.7 * drawn(coarse) + 0.5 * drawn(fine))
        return tone * (1 + stains) + (laid * drawn(ground) if laid else 0.0)

    return colour


def _outline(length: float, width: float, rng: Generator) -> Callable[[Tensor, Tensor], Tensor]:
    """Returns the distance to the outline, positive inside: a rectangle, or one that lacks a corner."""
    cut = rng.random() < 0.3
    corner = length * float(rng.uniform(0.0, 0.3)), width * float(rng.uniform(-0.2, 0.3))

    def inside(along: Tensor, across: Tensor) -> Tensor:
        found = torch.minimum(length / 2 - along.abs(), width / 2 - across.abs())
        return torch.minimum(found, torch.maximum(corner[0] - along, corner[1] - across)) if cut else found

    return inside


def _objects(length: float, width: float, rng: Generator) -> list[tuple[Tensor, Callable[[Tensor, Tensor], Tensor]]]:
    """Returns tanks, boxes and stairheads that stand on a flat roof: colours (3, 1, 1) and distances to outlines."""
    found = []
    for _ in range(int(rng.integers(0, 6))):
        size = float(rng.uniform(0.25, 1.3))
        place = float(rng.uniform(-0.4, 0.4)) * length, float(rng.uniform(-0.4, 0.4)) * width
        shade = torch.full((3, 1, 1), float(rng.choice([0.08, 0.2, 0.6, 0.85, 0.95])))
        found.append((shade, _disc(place, size) if rng.random() < 0.5 else _box(place, size)))
    return found


def _disc(place: tuple[float, float], size: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda along, across: size - ((along - place[0]).square() + (across - place[1]).square()).sqrt()


def _box(place: tuple[float, float], size: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda along, across: size - torch.maximum((along - place[0]).abs(), (across - place[1]).abs())
