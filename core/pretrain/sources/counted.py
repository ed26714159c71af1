"""Single-band thermal frames with captions from counts of objects (HIT-UAV)."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image

from core.datasets.archive import read_members
from core.learning.augment import random_affine, random_light, random_noise
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates


@dataclass(frozen=True)
class CountedSettings:
    """How frames become batches.

    Attributes:
        path: folder or tar of ``name.jpg`` with ``name.json`` counts beside it.
        nouns: key in the counts to (singular, plural).
        wavelength_um: of the band.
        keep: beginning of the members to train on.
        crop: side of the images the model sees.
        batch: images a batch.
    """

    path: str
    nouns: Mapping[str, tuple[str, str]]
    wavelength_um: float = 10.0
    keep: str = "train/"
    crop: int = 128
    batch: int = 32


class CountedSource:
    """Frames with captions that name objects in words rather than exact numbers."""

    def __init__(self, name: str, settings: CountedSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self._settings = settings
        self._frames, captions = _read(settings)
        self._captions = sorted(set(captions))
        self._targets = np.array([self._captions.index(caption) for caption in captions])
        self.prompts = PromptTemplates(tuple((caption,) for caption in self._captions), prompts.templates)

    def batch(self, rng: Generator) -> Batch:
        """Sample frames, rotated and cropped at random."""
        chosen = rng.integers(len(self._frames), size=self._settings.batch)
        images = torch.from_numpy(self._frames[chosen])[:, None].float() / 127.5 - 1
        images, _ = random_affine(images, self._settings.crop, rng, zoom=(1.5, 2.0))
        return Batch(
            source=self.name,
            images=random_noise(random_light(images, rng), rng),
            wavelengths_um=torch.tensor([self._settings.wavelength_um]),
            words=self.prompts.draw(rng),
            targets=torch.from_numpy(self._targets[chosen]),
        )


def caption_of(counts: Mapping[str, int], nouns: Mapping[str, tuple[str, str]]) -> str:
    """Return a caption of the counts: "a few cars and many people", or "nothing but ground"."""
    parts = []
    for key, (singular, plural) in nouns.items():
        number = counts.get(key, 0)
        if number:
            amount = f"one {singular}" if number == 1 else f"a few {plural}" if number < 6 else f"many {plural}"
            parts.append(amount)
    return " and ".join(parts) or "nothing but ground"


def _read(settings: CountedSettings) -> tuple[np.ndarray, list[str]]:
    frames, captions = {}, {}
    for name, content in read_members(Path(settings.path), (".jpg", ".json")):
        if not name.startswith(settings.keep):
            continue
        stem, _, suffix = name.rpartition(".")
        if suffix == "json":
            captions[stem] = caption_of(json.loads(content), settings.nouns)
        else:
            frames[stem] = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    both = sorted(set(frames) & set(captions))
    return np.stack([frames[stem] for stem in both]), [captions[stem] for stem in both]
