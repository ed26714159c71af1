"""Dense parsing: a class for every pixel, scored by intersection over union."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.datasets.labelled_tiles import LabelledTile
from core.evaluate.layouts import RGB_WAVELENGTHS_UM
from core.evaluate.masks import Tile
from core.metrics.bootstrap import bootstrap_interval
from core.model.geolangbind import GeoLangBind
from core.tasks.scoring import ClassSoftmax

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
        by_tile: (tiles, classes, classes) the same of every tile.
    """

    mean_iou: float
    iou: dict[str, float]
    accuracy: float
    confusion: NDArray[np.int64]
    by_tile: NDArray[np.int64]

    def interval(self, *, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
        """Returns the 95 % bootstrap interval of mean_iou over tiles: pixels of one tile are not independent."""
        return bootstrap_interval(
            lambda chosen: mean_iou(self.by_tile[chosen].sum(0)), len(self.by_tile), draws=draws, seed=seed
        )


def parse_tiles(
    model: GeoLangBind,
    tiles: Iterable[LabelledTile | Tile],
    codes: Sequence[int],
    class_words: Sequence[Sequence[str]],
    *,
    head: str | None = None,
    refine: Refine | None = None,
    window: int = 512,
    wavelengths_um: Sequence[float] = RGB_WAVELENGTHS_UM,
) -> ParsingScore:
    """Parse labelled tiles by words and compare; classes compete as in ``core classify``.

    Args:
        model: in evaluation mode.
        tiles: images with labels.
        codes: label code of each class; pixels of other codes do not count.
        class_words: synonyms of each class.
        head: dense head; None for the model's default.
        refine: brings scores to pixels; bilinear where None.
        window: side in pixels of the windows that are encoded, with a margin of an eighth on every side.
        wavelengths_um: of the tiles' bands.
    """
    softmax = ClassSoftmax(model, class_words)
    position = np.full(256, -1)
    position[list(codes)] = np.arange(len(codes))
    matrices = []
    for tile in tiles:
        predicted = _parse(model, _in_model_units(tile), wavelengths_um, softmax, head, refine, window)
        reference = position[tile.labels]
        known = reference >= 0
        matrix = np.zeros((len(codes), len(codes)), dtype=np.int64)
        np.add.at(matrix, (reference[known], predicted[known]), 1)
        matrices.append(matrix)
    by_tile = np.stack(matrices) if matrices else np.zeros((0, len(codes), len(codes)), np.int64)
    return parsing_score(by_tile.sum(0), [words[0] for words in class_words], by_tile)


def parsing_score(
    confusion: NDArray[np.int64], names: Sequence[str], by_tile: NDArray[np.int64] | None = None
) -> ParsingScore:
    """Summarise a confusion matrix whose rows are the reference."""
    return ParsingScore(
        mean_iou(confusion),
        dict(zip(names, class_iou(confusion).tolist(), strict=True)),
        float(confusion.trace() / max(1, confusion.sum())),
        confusion,
        confusion[None] if by_tile is None else by_tile,
    )


def class_iou(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns each class' intersection over union, NaN where the reference (rows) does not hold it."""
    hits = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - hits
    return np.where(confusion.sum(1) > 0, hits / np.maximum(union, 1), np.nan)


def mean_iou(confusion: NDArray[np.int64]) -> float:
    """Returns the mean over the classes that the reference (rows) holds; NaN where it holds none."""
    present = confusion.sum(1) > 0
    return float(class_iou(confusion)[present].mean()) if present.any() else float("nan")


def _in_model_units(tile: LabelledTile | Tile) -> NDArray[np.float32]:
    """Returns (C, H, W) float32 in -1..1."""
    if isinstance(tile, LabelledTile):
        return tile.image.transpose(2, 0, 1).astype(np.float32) / np.float32(127.5) - np.float32(1)
    return tile.image


def _parse(
    model: GeoLangBind,
    image: NDArray[np.float32],
    wavelengths_um: Sequence[float],
    softmax: ClassSoftmax,
    head: str | None,
    refine: Refine | None,
    window: int,
) -> NDArray[np.int64]:
    height, width = image.shape[1:]
    margin = window // 8
    step = window - 2 * margin
    # Mirrored beyond the edge, so that every window has its full size.
    padded = np.pad(image, ((0, 0), (margin, window), (margin, window)), mode="symmetric")
    out = np.zeros((height, width), dtype=np.int64)
    for row in range(0, height, step):
        for col in range(0, width, step):
            pixels = torch.from_numpy(padded[None, :, row : row + window, col : col + window].copy())
            scores = score_pixels(
                model, pixels, wavelengths_um, softmax.vectors, head=head, refine=refine, scorer=softmax.logits
            )[0]
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
    scorer: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Returns the cosine of every pixel with every text.

    Args:
        model: in evaluation mode.
        images: (B, C, H, W) in model units, sides multiples of the patch.
        wavelengths_um: (C,).
        texts: unit vectors (N, D).
        head: dense head; None for the default.
        refine: brings scores to pixels; bilinear where None.
        scorer: turns the cosines (N, h, w) of an image's cells into scores of classes (M, h, w); None to keep them.

    Returns:
        (B, N, H, W) float32, (B, M, H, W) with a scorer.
    """
    with torch.inference_mode():
        features = F.normalize(model.encode_dense(images.to(model.device), wavelengths_um, head=head), dim=1)
        scores = torch.einsum("bdhw,nd->bnhw", features, texts.to(features))
        if scorer is not None:
            scores = torch.stack([scorer(cosines) for cosines in scores])
        if refine is not None:
            return refine(scores, images)
        return F.interpolate(scores, size=images.shape[-2:], mode="bilinear", align_corners=False)
