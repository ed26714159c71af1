"""Aerial chips with weak labels for every pixel: the chip's class, classes it lacks, crowns and drawn things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.datasets.archive import read_members
from core.datasets.chips import decode_rgb, read_chips
from core.errors import TrainingError
from core.learning.augment import random_affine, random_blur, random_light, random_noise, random_tint
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates
from training.simulate.roofs import draw_roofs
from training.simulate.things import draw_things

CHIP_M, CROWN_M = 0.3, 0.1
"""Pixel sizes in metres of the chips and of the pictures of crowns."""


@dataclass(frozen=True)
class AerialSettings:
    """How chips become batches.

    Attributes:
        path: folder or tar of ``Class/name.jpg`` at 0.3 m, such as UC Merced.
        classes: name of a class to its synonyms.
        whole: folder to the class that fills its chips.
        lacking: folder to the classes that its chips surely do not show; folders in neither are not used.
        crowns: folder or tar of ``alive/…`` and ``dead/…`` pictures of single trees at 0.1 m; empty for none.
        alive: class of the living trees.
        dead: class of the dead ones.
        ground: folders whose chips get tree crowns.
        crown_chance: chance that such a chip gets trees.
        things: "car", "pool" and "panel" to the classes of what is drawn into chips; see ``draw_things``.
        thing_chance: chance that a chip without crowns gets things of one kind.
        roofs: class of the buildings that are drawn into chips, see ``draw_roofs``; empty for none.
        yards: key of ``lacking`` that names what yards between them are not.
        roof_chance: chance that a chip without crowns gets buildings.
        wavelengths_um: of the three channels.
        size: side the chips are stored at.
        crop: side of the images the model sees.
        batch: images a batch.
        zoom: stored pixels per pixel seen, smallest and largest.
        blur: see LabelledSettings.
        tint: see LabelledSettings.
    """

    path: str
    classes: Mapping[str, Sequence[str]]
    whole: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)
    crowns: str = ""
    alive: str = "tree"
    dead: str = "dead tree"
    ground: tuple[str, ...] = ()
    crown_chance: float = 0.6
    things: Mapping[str, str] = field(default_factory=dict)
    thing_chance: float = 0.0
    roofs: str = ""
    yards: str = ""
    roof_chance: float = 0.0
    wavelengths_um: tuple[float, ...] = (0.665, 0.56, 0.49)
    size: int = 256
    crop: int = 128
    batch: int = 8
    zoom: tuple[float, float] = (0.33, 2.0)
    blur: float = 1.0
    tint: float = 0.2


class AerialSource:
    """Parts of chips whose pixels are labelled by the folder, with inserted tree crowns or drawn things.

    Raises:
        TrainingError: a folder is named with a class that has no words, or no chip is used.
    """

    def __init__(self, name: str, settings: AerialSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self.prompts = prompts
        self._settings = settings
        order = list(settings.classes)
        named = {*settings.whole.values(), *settings.things.values()}
        named |= {*(part for parts in settings.lacking.values() for part in parts)}
        if settings.crowns:
            named |= {settings.alive, settings.dead}
        if settings.roofs:
            named.add(settings.roofs)
            if settings.yards not in settings.lacking:
                raise TrainingError(
                    f"Source {name}: 'lacking' does not say what yards are not.",
                    hint="Name a key of 'lacking' as 'yards'.",
                )
        unknown = sorted(named - set(order))
        if unknown:
            raise TrainingError(f"Source {name}: no words for {unknown[0]}.", hint="Add it under 'classes'.")
        rows = list(settings.lacking)
        self._roofs = (order.index(settings.roofs), len(order) + rows.index(settings.yards)) if settings.roofs else None
        self._things = {kind: order.index(part) for kind, part in settings.things.items()}
        self._backgrounds = [[order.index(part) for part in parts] for parts in settings.lacking.values()]
        code = {folder: order.index(part) for folder, part in settings.whole.items()}
        code |= {folder: len(order) + row for row, folder in enumerate(settings.lacking) if folder not in code}
        chips = read_chips(Path(settings.path), settings.size)
        folders = [chips.class_names[target] for target in chips.targets]
        used = [number for number, folder in enumerate(folders) if folder in code]
        if not used:
            raise TrainingError(f"Source {name}: no chip is used.", hint="Name folders under 'whole' or 'lacking'.")
        self._images = chips.images[used]
        self._codes = np.array([code[folders[number]] for number in used])
        self._bare = np.array([folders[number] in settings.ground for number in used])
        self._crowns = _read_crowns(settings, order) if settings.crowns else []

    def batch(self, rng: Generator) -> Batch:
        """Sample chips, insert tree crowns into some, rotate and scale them."""
        settings = self._settings
        pieces = [self._piece(rng) for _ in range(settings.batch)]
        images = torch.cat([image for image, _ in pieces])
        images = random_tint(random_blur(images, rng, settings.blur), rng, settings.tint)
        return Batch(
            source=self.name,
            images=random_noise(random_light(images, rng), rng),
            wavelengths_um=torch.tensor(settings.wavelengths_um),
            words=self.prompts.draw(rng, distractors=8, backgrounds=self._backgrounds),
            labels=torch.cat([labels for _, labels in pieces]),
        )

    def _piece(self, rng: Generator) -> tuple[Tensor, Tensor]:
        """Cut one image (1, 3, crop, crop) and its labels."""
        settings = self._settings
        number = int(rng.integers(len(self._images)))
        image = torch.from_numpy(self._images[number]).permute(2, 0, 1)[None].float() / 127.5 - 1
        labels = torch.full((1, *image.shape[2:]), int(self._codes[number]), dtype=torch.int64)
        zoom = settings.zoom
        if self._crowns and self._bare[number] and rng.random() < settings.crown_chance:
            finer = float(rng.uniform(1.0, CHIP_M / CROWN_M))
            image, labels = self._enlarged_part(image, labels, finer, rng)
            self._insert_trees(image, labels, finer, rng)
            zoom = (max(1.0, zoom[0]), max(1.5, zoom[1]))
        elif self._roofs is not None and rng.random() < settings.roof_chance:
            finer = float(rng.uniform(1.0, 2.0))
            image, labels = self._enlarged_part(image, labels, finer, rng)
            other = torch.from_numpy(self._images[int(rng.integers(len(self._images)))])
            draw_roofs(image[0], labels[0], CHIP_M / finer, *self._roofs, other.permute(2, 0, 1) / 127.5 - 1, rng)
            zoom = (max(0.5, zoom[0]), zoom[1])
        elif self._things and rng.random() < settings.thing_chance:
            finer = float(rng.uniform(1.0, 2.0))
            image, labels = self._enlarged_part(image, labels, finer, rng)
            draw_things(image[0], labels[0], CHIP_M / finer, self._things, rng)
            zoom = (max(0.8, zoom[0]), zoom[1])
        cut, known = random_affine(image, settings.crop, rng, zoom=zoom, labels=labels)
        assert known is not None
        return cut, known

    def _enlarged_part(self, image: Tensor, labels: Tensor, finer: float, rng: Generator) -> tuple[Tensor, Tensor]:
        """Returns a part of a chip at ``finer`` times its resolution, and its labels."""
        side = min(image.shape[2], max(64, int(1.5 * self._settings.crop / finer)))
        row, col = (int(rng.integers(image.shape[2] - side + 1)) for _ in range(2))
        image = image[:, :, row : row + side, col : col + side]
        image = F.interpolate(image, scale_factor=finer, mode="bicubic", align_corners=False).clamp(-1, 1)
        return image, labels[:, :1, :1].expand(-1, *image.shape[2:]).clone()

    def _insert_trees(self, image: Tensor, labels: Tensor, finer: float, rng: Generator) -> None:
        """Insert crowns at their true size, in place."""
        for _ in range(int(rng.integers(1, 9))):
            crown, code = self._crowns[int(rng.integers(len(self._crowns)))]
            scale = finer * CROWN_M / CHIP_M * float(rng.uniform(0.7, 1.3))
            size = [max(6, round(length * scale)) for length in crown.shape[2:]]
            tree = F.interpolate(crown, size=size, mode="bilinear", antialias=True, align_corners=False)
            _set_into(image[0], labels[0], tree[0], code, rng)


def _set_into(image: Tensor, labels: Tensor, tree: Tensor, code: int, rng: Generator) -> None:
    """Insert a crown into an image (3, H, W) and labels (H, W), in place: an ellipse with a blended, unlabelled rim."""
    height, width = tree.shape[1:]
    if height >= image.shape[1] or width >= image.shape[2]:
        return
    row, col = int(rng.integers(image.shape[1] - height)), int(rng.integers(image.shape[2] - width))
    down = torch.linspace(-1, 1, height)[:, None]
    across = torch.linspace(-1, 1, width)[None]
    radius = (down.square() + across.square()).sqrt()
    opaque = ((1.0 - radius) / 0.15).clamp(0, 1)
    window = slice(row, row + height), slice(col, col + width)
    ground = image[:, window[0], window[1]]
    ground.mul_(1 - opaque).add_(tree * opaque)
    place = labels[window]
    place[radius < 1.1] = -1
    place[radius < 0.8] = code


def _read_crowns(settings: AerialSettings, order: Sequence[str]) -> list[tuple[Tensor, int]]:
    codes = {"alive": order.index(settings.alive), "dead": order.index(settings.dead)}
    found: list[tuple[NDArray[np.uint8], int]] = []
    for name, content in read_members(Path(settings.crowns), (".webp", ".jpg", ".png")):
        folder = Path(name).parent.name
        if folder in codes:
            found.append((decode_rgb(content), codes[folder]))
    return [(torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1, code) for image, code in found]
