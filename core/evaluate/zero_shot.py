"""Zero-shot classification of chips: the class whose text vector is nearest to the image's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.datasets.chips import ChipSet
from core.errors import InputError
from core.evaluate.layouts import RGB_WAVELENGTHS_UM
from core.metrics.bootstrap import share_interval
from core.metrics.confusion import ConfusionMatrix
from core.model.geolangbind import GeoLangBind
from core.tasks.scoring import ClassSoftmax

Label = TypeVar("Label")


@dataclass(frozen=True)
class ClassificationScore:
    """Result of a classification.

    Attributes:
        top1: share of chips whose nearest class is theirs.
        per_class: the same for the chips of each class; 0 for classes without chips.
        confusion: rows are the reference, columns the prediction.
        predictions: (N,) class of each chip.
    """

    top1: float
    per_class: dict[str, float]
    confusion: ConfusionMatrix
    predictions: NDArray[np.int64]

    def interval(self, targets: NDArray[np.int64], draws: int = 1000, seed: int = 0) -> tuple[float, float]:
        """Returns the 95 % bootstrap interval of top1."""
        return share_interval(self.predictions == targets, draws=draws, seed=seed)


def zero_shot_classification(
    model: GeoLangBind, chips: ChipSet, class_words: Sequence[Sequence[str]], batch: int = 128
) -> ClassificationScore:
    """Classify RGB chips by words alone.

    Args:
        model: in evaluation mode.
        chips: (N, H, W, 3) uint8 with targets.
        class_words: synonyms of each of the set's classes, in the order of ``chips.class_names``.
        batch: chips at a time.
    """
    predictions = classify_by_words(model, embed_chips(model, chips.images, batch), class_words)
    return classification_score(predictions, chips.targets, chips.class_names)


def classify_by_words(model: GeoLangBind, images: Tensor, class_words: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Returns the class (N,) of images by the same softmax that ``core classify`` takes at every pixel.

    A class' synonyms, each averaged over the prompt templates (CLIP's prompt ensemble), count as one.

    Args:
        model: encodes the words.
        images: unit vectors (N, D).
        class_words: synonyms of each class.
    """
    softmax = ClassSoftmax(model, class_words)
    return softmax.logits(softmax.vectors @ images.float().cpu().T).argmax(0).numpy()


def classification_score(
    predictions: NDArray[np.int64], targets: NDArray[np.int64], class_names: Sequence[str]
) -> ClassificationScore:
    """Compare predicted classes (N,) with the true ones."""
    confusion = ConfusionMatrix.of(targets, predictions, len(class_names))
    shares = np.nan_to_num(confusion.producers).tolist()
    per_class = dict(zip(class_names, shares, strict=True))
    return ClassificationScore(confusion.overall, per_class, confusion, predictions.astype(np.int64))


def embed_chips(model: GeoLangBind, images: NDArray[np.uint8], batch: int = 128) -> Tensor:
    """Embed RGB chips (N, H, W, 3) uint8 as unit vectors (N, D)."""
    starts = range(0, len(images), batch)
    parts = (
        torch.from_numpy(images[start : start + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1 for start in starts
    )
    return torch.cat([_embedded(model, pixels, RGB_WAVELENGTHS_UM) for pixels in parts])


def embed_labelled(
    model: GeoLangBind,
    images: Iterable[tuple[Label, NDArray[np.float32]]],
    wavelengths_um: Sequence[float],
    batch: int = 128,
    pooled: bool = False,
) -> tuple[Tensor, list[Label]]:
    """Embed labelled images of one size, a batch in memory at a time.

    Args:
        model: in evaluation mode.
        images: labels of any kind, and images (C, H, W) in model units.
        wavelengths_um: of the bands.
        batch: images at a time.
        pooled: whether to take the features before the heads instead of vectors in text space.

    Returns:
        Unit vectors (N, D), and the labels.

    Raises:
        InputError: there is no image.
    """
    parts: list[Tensor] = []
    labels: list[Label] = []
    waiting: list[NDArray[np.float32]] = []

    def embed() -> None:
        parts.append(_embedded(model, torch.from_numpy(np.stack(waiting)), wavelengths_um, pooled))
        waiting.clear()

    for label, image in images:
        labels.append(label)
        waiting.append(image)
        if len(waiting) == batch:
            embed()
    if waiting:
        embed()
    if not parts:
        raise InputError("The data set holds no image.", hint="Check its folder.")
    return torch.cat(parts), labels


def _embedded(model: GeoLangBind, images: Tensor, wavelengths_um: Sequence[float], pooled: bool = False) -> Tensor:
    with torch.inference_mode():
        if pooled:
            return F.normalize(model.encode_pooled(images.to(model.device), wavelengths_um), dim=-1)
        return model.encode_image(images.to(model.device), wavelengths_um, normalize=True)
