"""Image-text shards in GeoLangBind-2M's layout: batches of one sensor, each image with a caption of its own."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.datasets.shards import ShardSample, ShardSet
from core.errors import TrainingError
from core.pretrain.batch import Batch, Share
from core.pretrain.prompt_templates import PromptTemplates


@dataclass(frozen=True)
class ShardSettings:
    """How shards become batches.

    Attributes:
        path: a shard or a pattern of shards, such as ``data/Seg4/Seg4_train-*-train.tar``; all of one sensor.
        size: side of the images the model sees.
        batch: images a batch, over all processes together.
        area: smallest and largest share of an image in a crop, as published.
        aspect: smallest and largest width by height of a crop, as published.
        readers: images read and decoded at a time.
        captioned: whether captions are used; without them the images are for teachers alone.
    """

    path: str
    size: int = 224
    batch: int = 140
    area: tuple[float, float] = (0.9, 1.0)
    aspect: tuple[float, float] = (0.75, 4 / 3)
    readers: int = 4
    captioned: bool = True


class ShardSource:
    """Samples captioned images of all shards, cropped as in the published recipe.

    Nothing is flipped or turned: captions say "in the upper left" and "north of the river".

    Raises:
        InputError: there are no shards, or one is damaged.
    """

    def __init__(self, name: str, settings: ShardSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self.prompts = prompts
        self._settings = settings
        self._samples = ShardSet(settings.path)

    def __len__(self) -> int:
        return len(self._samples)

    def batch(self, rng: Generator) -> Batch:
        """Draw a batch.

        Raises:
            TrainingError: images of different bands lie in the same shards.
            InputError: a sample is damaged.
        """
        return self.share(rng, Share())

    def share(self, rng: Generator, share: Share) -> Batch:
        """Draw a batch, but read only one process's share of it; raises as batch."""
        numbers = rng.integers(len(self._samples), size=self._settings.batch)
        seeds = rng.integers(2**63, size=self._settings.batch)
        mine = share.of(self._settings.batch)
        with ThreadPoolExecutor(self._settings.readers) as readers:
            samples = list(readers.map(self._samples.read, numbers[mine].tolist()))
            first = samples[0].wavelengths_um
            other = next((sample for sample in samples if sample.wavelengths_um != first), None)
            if other is not None:
                raise TrainingError(
                    f"Source {self.name} holds images of {len(first)} and of {len(other.wavelengths_um)} bands, or of "
                    "other wavelengths.",
                    hint="Keep one sensor in one set of shards, and name each set as a source of its own.",
                )
            images = list(readers.map(self._cut, samples, seeds[mine].tolist()))
        return Batch(
            source=self.name,
            images=torch.stack(images),
            wavelengths_um=torch.tensor(first),
            captions=tuple(sample.text for sample in samples) if self._settings.captioned else None,
        )

    def _cut(self, sample: ShardSample, seed: int) -> Tensor:
        rows, columns = _window(sample.image, self._settings, np.random.default_rng(seed))
        return whole_image(sample.image[rows, columns], self._settings.size)


def whole_image(image: NDArray[np.uint8], size: int) -> Tensor:
    """Returns an image (H, W, C) in model units and at the size the model sees, (C, size, size) float32."""
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
    resized = F.interpolate(pixels, (size, size), mode="bilinear", align_corners=False, antialias=True)
    return resized[0].clamp(0, 255) / 127.5 - 1


def _window(image: NDArray[np.uint8], settings: ShardSettings, rng: Generator) -> tuple[slice, slice]:
    """Choose rows and columns by area and aspect ratio; what does not fit is cut to the image."""
    height, width = image.shape[:2]
    area = height * width * rng.uniform(*settings.area)
    aspect = math.exp(rng.uniform(math.log(settings.aspect[0]), math.log(settings.aspect[1])))
    rows = max(1, min(height, round(math.sqrt(area / aspect))))
    columns = max(1, min(width, round(math.sqrt(area * aspect))))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    return slice(top, top + rows), slice(left, left + columns)
