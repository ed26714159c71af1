"""Zero-shot classification of chips: the class whose words lie nearest to the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.datasets.chips import ChipSet
from core.model.geolangbind import GeoLangBind

RGB_WAVELENGTHS_UM = (0.665, 0.56, 0.49)


@dataclass(frozen=True)
class ClassificationScore:
    """Result of a classification.

    Attributes:
        top1: share of chips whose nearest class is theirs.
        per_class: the same for the chips of each class.
        confusion: (classes, classes) counts, rows the reference, columns the prediction.
        predictions: (N,) class of each chip.
    """

    top1: float
    per_class: dict[str, float]
    confusion: NDArray[np.int64]
    predictions: NDArray[np.int64]

    def interval(self, targets: NDArray[np.int64], draws: int = 1000, seed: int = 0) -> tuple[float, float]:
        """Give the 95 % bootstrap interval of top1."""
        right = (self.predictions == targets).astype(np.float64)
        samples = np.random.default_rng(seed).integers(len(right), size=(draws, len(right)))
        low, high = np.percentile(right[samples].mean(1), (2.5, 97.5))
        return float(low), float(high)


def zero_shot_classification(
    model: GeoLangBind, chips: ChipSet, class_words: Sequence[Sequence[str]], batch: int = 128
) -> ClassificationScore:
    """Classify RGB chips by words alone.

    Args:
        model: in evaluation mode.
        chips: (N, H, W, 3) uint8 with targets.
        class_words: synonyms of each of the set's classes, in the order of ``chips.class_names``; templates and
            synonyms are averaged, as CLIP's prompt ensembles are.
        batch: chips at a time.
    """
    classes = class_vectors(model, class_words)
    predictions = (embed_chips(model, chips.images, batch) @ classes.T).argmax(1).cpu().numpy()
    count = len(chips.class_names)
    confusion = np.zeros((count, count), dtype=np.int64)
    np.add.at(confusion, (chips.targets, predictions), 1)
    shares = confusion.diagonal() / np.maximum(confusion.sum(1), 1)
    top1 = float((predictions == chips.targets).mean())
    return ClassificationScore(
        top1, dict(zip(chips.class_names, shares.tolist(), strict=True)), confusion, predictions.astype(np.int64)
    )


def class_vectors(model: GeoLangBind, class_words: Sequence[Sequence[str]]) -> Tensor:
    """Give one unit vector a class (N, D), the mean over its synonyms in every template."""
    with torch.inference_mode():
        return F.normalize(torch.stack([model.text_prompts(list(words)).mean(0) for words in class_words]), dim=-1)


def embed_chips(model: GeoLangBind, images: NDArray[np.uint8], batch: int = 128) -> Tensor:
    """Embed RGB chips (N, H, W, 3) uint8 as unit vectors (N, D)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            pixels = torch.from_numpy(images[start : start + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1
            parts.append(model.encode_image(pixels.to(model.device), RGB_WAVELENGTHS_UM, normalize=True))
    return torch.cat(parts)
