"""Dense parsing: a class for every pixel, as ``core classify`` chooses it, scored by intersection over union."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets.labelled_tiles import LabelledTile
from core.dense.encode import DenseEncoder
from core.dense.features import DenseFeatures
from core.dense.level import ImageLevel
from core.dense.pixels import PixelScores
from core.evaluate.layouts import RGB_WAVELENGTHS_UM
from core.evaluate.masks import Tile
from core.metrics.bootstrap import bootstrap_interval
from core.metrics.confusion import ConfusionMatrix
from core.model.geolangbind import GeoLangBind
from core.spectral.bands import Band, BandSet
from core.tasks.scoring import ClassSoftmax, scored_by


@dataclass(frozen=True)
class ParsingScore:
    """Result of a dense parsing.

    Attributes:
        names: of the classes.
        by_tile: (tiles, classes, classes) pixel counts, rows the reference, columns the map.
    """

    names: tuple[str, ...]
    by_tile: NDArray[np.int64]

    @property
    def matrix(self) -> ConfusionMatrix:
        """The counts of all tiles."""
        return ConfusionMatrix(self.by_tile.sum(0))

    @property
    def mean_iou(self) -> float:
        """Mean IoU of the classes that occur in the reference; NaN without any."""
        return self.matrix.mean_iou

    @property
    def iou(self) -> dict[str, float]:
        """IoU of each class; NaN where it does not occur in the reference."""
        return dict(zip(self.names, self.matrix.iou_of_present.tolist(), strict=True))

    @property
    def accuracy(self) -> float:
        """Share of labelled pixels that are right; NaN without any."""
        return self.matrix.overall

    def interval(self, *, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
        """Returns the 95 % bootstrap interval of mean_iou over tiles: pixels of one tile are not independent."""
        return bootstrap_interval(
            lambda chosen: ConfusionMatrix(self.by_tile[chosen].sum(0)).mean_iou,
            len(self.by_tile),
            draws=draws,
            seed=seed,
        )


def parse_tiles(
    model: GeoLangBind,
    tiles: Iterable[LabelledTile | Tile],
    codes: Sequence[int],
    class_words: Sequence[Sequence[str]],
    *,
    head: str | None = None,
    wavelengths_um: Sequence[float] = RGB_WAVELENGTHS_UM,
) -> ParsingScore:
    """Parse labelled tiles by words and compare; windows, quantisation, scores and pixels are those of users.

    Args:
        model: in evaluation mode.
        tiles: images with labels.
        codes: label code of each class; pixels of other codes do not count.
        class_words: synonyms of each class.
        head: dense head; None for the model's default.
        wavelengths_um: of the tiles' bands.
    """
    softmax = ClassSoftmax(model, class_words)
    bands = BandSet.of(Band(f"band {number}", value) for number, value in enumerate(wavelengths_um, 1))
    position = np.full(256, -1)
    position[list(codes)] = np.arange(len(codes))
    counts = []
    for tile in tiles:
        predicted = parse_image(model, in_model_units(tile), bands, softmax, head)
        reference = position[tile.labels]
        known = reference >= 0
        counts.append(ConfusionMatrix.of(reference[known], predicted[known], len(codes)).counts)
    by_tile = np.stack(counts) if counts else np.zeros((0, len(codes), len(codes)), np.int64)
    return ParsingScore(tuple(words[0] for words in class_words), by_tile)


def parse_image(
    model: GeoLangBind, image: NDArray[np.float32], bands: BandSet, softmax: ClassSoftmax, head: str | None = None
) -> NDArray[np.intp]:
    """Classify the pixels of an image.

    Args:
        model: in evaluation mode.
        image: (C, H, W) float32 in model units.
        bands: of the image.
        softmax: of the classes' synonyms.
        head: dense head; None for the model's default.

    Returns:
        Position (H, W) of the class with the highest probability.
    """
    level = ImageLevel(image, bands)
    features = DenseFeatures(DenseEncoder(model, bands, head), level)
    scores = PixelScores(features, scored_by(softmax, features.encoder), softmax.count)
    logits, _ = scores.read(level.grid.window)
    return logits.argmax(0)


def in_model_units(tile: LabelledTile | Tile) -> NDArray[np.float32]:
    """Returns the image of a tile, (C, H, W) float32 in -1..1."""
    if isinstance(tile, LabelledTile):
        return tile.image.transpose(2, 0, 1).astype(np.float32) / np.float32(127.5) - np.float32(1)
    return tile.image
