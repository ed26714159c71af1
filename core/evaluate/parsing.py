"""Dense parsing: a class for every pixel, scored by intersection over union."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.datasets.labelled_tiles import LabelledTile
from core.evaluate.zero_shot import RGB_WAVELENGTHS_UM, class_vectors
from core.model.geolangbind import GeoLangBind

Refine = Callable[[Tensor, Tensor], Tensor]
"""(scores (B, N, h, w), images (B, C, H, W)) to scores (B, N, H, W)."""


@dataclass(frozen=True)
class ParsingScore:
    """Result of a dense parsing.

    Attributes:
        mean_iou: over the classes that occur in the reference.
        iou: of each class; NaN where it does not occur.
        accuracy: share of labelled pixels that are right.
        confusion: (classes, classes) pixel counts, rows the reference.
    """

    mean_iou: float
    iou: dict[str, float]
    accuracy: float
    confusion: NDArray[np.int64]


def parse_tiles(
    model: GeoLangBind,
    tiles: Sequence[LabelledTile],
    codes: Sequence[int],
    class_words: Sequence[Sequence[str]],
    *,
    head: str | None = None,
    refine: Refine | None = None,
    window: int = 512,
) -> ParsingScore:
    """Parse labelled RGB tiles by words and compare.

    Args:
        model: in evaluation mode.
        tiles: images with labels.
        codes: label code of each class; pixels of other codes do not count.
        class_words: synonyms of each class.
        head: dense head; None for the model's default.
        refine: brings scores to pixels; bilinear where None.
        window: side in pixels of the windows that are encoded, with a margin of an eighth on every side.
    """
    classes = class_vectors(model, class_words)
    confusion = np.zeros((len(codes), len(codes)), dtype=np.int64)
    position = np.full(256, -1)
    position[list(codes)] = np.arange(len(codes))
    for tile in tiles:
        predicted = _parse(model, tile.image, classes, head, refine, window)
        reference = position[tile.labels]
        known = reference >= 0
        np.add.at(confusion, (reference[known], predicted[known]), 1)
    return parsing_score(confusion, [words[0] for words in class_words])


def parsing_score(confusion: NDArray[np.int64], names: Sequence[str]) -> ParsingScore:
    """Summarise a confusion matrix whose rows are the reference."""
    hits = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - hits
    iou = np.where(confusion.sum(1) > 0, hits / np.maximum(union, 1), np.nan)
    return ParsingScore(
        float(np.nanmean(iou)),
        dict(zip(names, iou.tolist(), strict=True)),
        float(hits.sum() / max(1, confusion.sum())),
        confusion,
    )


def _parse(
    model: GeoLangBind, image: NDArray[np.uint8], classes: Tensor, head: str | None, refine: Refine | None, window: int
) -> NDArray[np.int64]:
    height, width = image.shape[:2]
    margin = window // 8
    step = window - 2 * margin
    # Mirrored beyond the edge, so that every window has its full size.
    padded = np.pad(image, ((margin, window), (margin, window), (0, 0)), mode="symmetric")
    out = np.zeros((height, width), dtype=np.int64)
    for row in range(0, height, step):
        for col in range(0, width, step):
            cut = padded[row : row + window, col : col + window]
            pixels = torch.from_numpy(cut.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
            scores = score_pixels(model, pixels, RGB_WAVELENGTHS_UM, classes, head=head, refine=refine)[0]
            best = scores[:, margin:-margin, margin:-margin].argmax(0).cpu().numpy()
            rows, cols = min(step, height - row), min(step, width - col)
            out[row : row + rows, col : col + cols] = best[:rows, :cols]
    return out


def score_pixels(
    model: GeoLangBind,
    images: Tensor,
    wavelengths_um: Sequence[float],
    texts: Tensor,
    *,
    head: str | None = None,
    refine: Refine | None = None,
) -> Tensor:
    """Give the cosine of every pixel with every text.

    Args:
        model: in evaluation mode.
        images: (B, C, H, W) in model units, sides multiples of the patch.
        wavelengths_um: (C,).
        texts: unit vectors (N, D).
        head: dense head; None for the default.
        refine: brings scores to pixels; bilinear where None.

    Returns:
        (B, N, H, W) float32.
    """
    with torch.inference_mode():
        features = F.normalize(model.encode_dense(images.to(model.device), wavelengths_um, head=head), dim=1)
        scores = torch.einsum("bdhw,nd->bnhw", features, texts)
        if refine is not None:
            return refine(scores, images)
        return F.interpolate(scores, size=images.shape[-2:], mode="bilinear", align_corners=False)
