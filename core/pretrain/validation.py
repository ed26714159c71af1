"""Validations that a recipe may request during training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.datasets.chips import read_chips
from core.datasets.labelled_tiles import read_labelled_tiles
from core.errors import TrainingError
from core.evaluate.parsing import parse_tiles
from core.evaluate.zero_shot import zero_shot_classification
from core.model.geolangbind import GeoLangBind
from core.pretrain.caption_accuracy import CaptionedImages, balanced_accuracy

Measure = Callable[[GeoLangBind], dict[str, float]]


def chip_accuracy(path: str, size: int, classes: Mapping[str, list[str]]) -> Measure:
    """Measure top-1 of zero-shot classification on a chip set."""
    chips = read_chips(path, size)
    words = [classes[name] for name in chips.class_names]
    return lambda model: {"top1": zero_shot_classification(model, chips, words).top1}


def tile_parsing(path: str, names: list[str], classes: Mapping[int, list[str]]) -> Measure:
    """Measure the mean IoU of dense parsing on labelled tiles."""
    tiles = read_labelled_tiles(path, lambda stem: stem.startswith(tuple(names)))
    codes, words = [int(code) for code in classes], list(classes.values())

    def measure(model: GeoLangBind) -> dict[str, float]:
        score = parse_tiles(model, tiles, codes, words)
        return {"mean_iou": score.mean_iou} | {f"iou {name}": value for name, value in score.iou.items()}

    return measure


def caption_accuracy(path: str, size: int, batch: int = 64, main: str = "top1") -> Measure:
    """Measure on image-text shards how often an image's own caption is the nearest of all captions in the shards.

    The measure returns the share of images (``top1``) and the mean over captions of their shares (``balanced``),
    ``main`` first.

    Raises:
        TrainingError: ``main`` is neither.
    """
    if main not in ("top1", "balanced"):
        raise TrainingError(f"Captions have no figure {main!r}.", hint="Choose top1 or balanced.")
    images = CaptionedImages(path, size, batch)

    def measure(model: GeoLangBind) -> dict[str, float]:
        nearest = images.nearest(model)
        figures = {
            "top1": float((nearest == images.truth).mean()),
            "balanced": balanced_accuracy(images.truth, nearest),
        }
        return {main: figures.pop(main)} | figures

    return measure


KINDS: dict[str, Callable[..., Measure]] = {
    "chips": chip_accuracy,
    "tiles": tile_parsing,
    "shards": caption_accuracy,
}


def build_validations(wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Measure]:
    """Open the data of a recipe's validations.

    Raises:
        TrainingError: a kind is unknown or a field does not fit.
    """
    measures = {}
    for name, entry in wanted.items():
        settings = dict(entry)
        kind = settings.pop("kind", "")
        if kind not in KINDS:
            raise TrainingError(f"Validation {name}: there is no kind {kind!r}.", hint=f"Choose {', '.join(KINDS)}.")
        try:
            measures[name] = KINDS[kind](**settings)
        except TypeError as problem:
            raise TrainingError(f"Validation {name}: {problem}.") from problem
    return measures
