"""Are buildings of any roof found, and level yards of the same shapes not? Measured on drawn ones.

python -m training.studies.drawn_buildings --model geolb-tiny

Chips of UC Merced's validation part that show no building get buildings and yards (``training.simulate.roofs``, other
seeds than in training) at three pixel sizes. Drawn ground is not real ground: the figures serve to choose between
runs and to see the level of scores, for docs/experiments.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from core.datasets.chips import read_chips
from core.dense.encode import DenseEncoder
from core.dense.features import DenseFeatures
from core.dense.level import ImageLevel
from core.dense.pixels import PixelScores
from core.model import load_model
from core.model.geolangbind import GeoLangBind
from core.spectral.sensors import get_sensor
from core.tasks.scoring import PromptSoftmax, parse_prompts, scored_by
from training.aerial_source import CHIP_M
from training.simulate.roofs import draw_roofs

WITHOUT = ("agricultural", "beach", "chaparral", "forest", "golfcourse", "parkinglot", "river", "runway")
"""Folders whose chips show no building."""
SIZES = ((1, (1,)), (2, (1,)), (2, (1, 2)), (4, (1,)), (4, (1, 2, 4)))
"""Pixels drawn per pixel of a chip along a side, and the scales that they are encoded at."""
EVERY = 3
SIDE = 256
SEED = 77
CUTS = np.arange(-5, 5.1, 0.5)
"""Log-odds tried as thresholds."""
ROOF, YARD = 1, 2


class Row(NamedTuple):
    """Figures of "building" at one pixel size.

    Attributes:
        pixel_m: pixel size in metres.
        scales: that pictures were encoded at.
        iou: intersection over union at 0.5.
        best: the same at the best threshold.
        cut: that threshold's log-odds.
        roofs: share of the buildings' pixels found at 0.5.
        yards: the same of yards.
        ground: the same of everything else.
    """

    pixel_m: float
    scales: tuple[int, ...]
    iou: float
    best: float
    cut: float
    roofs: float
    yards: float
    ground: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="geolb-tiny")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    chips = read_chips(options.data / "ucmerced_val.tar", SIDE)
    used = [image for image, target in zip(chips.images, chips.targets, strict=True)
            if chips.class_names[target] in WITHOUT][::EVERY]  # fmt: skip
    print("| pixel | scales | IoU at 0.5 | best IoU, at log-odds | buildings found | yards called | ground called |")
    print("|---|---|---|---|---|---|---|")
    for row in measured(load_model(options.model), used):
        print(
            f"| {100 * row.pixel_m:.1f} cm | {', '.join(map(str, row.scales))} | {row.iou:.3f} "
            f"| {row.best:.3f}, {row.cut:+.1f} | {row.roofs:.2f} | {row.yards:.2f} | {row.ground:.3f} |",
            flush=True,
        )


def measured(model: GeoLangBind, images: Sequence[NDArray[np.uint8]]) -> Iterator[Row]:
    """Yield the figures of every pixel size.

    Args:
        model: in evaluation mode.
        images: (H, W, 3) uint8 each, without buildings.
    """
    bands = get_sensor("aerial_rgb").bands
    softmax = PromptSoftmax(model, parse_prompts(["building"]))
    for finer, scales in SIZES:
        encoder = DenseEncoder(model, bands, scales=scales)
        score = scored_by(softmax, encoder)
        found: list[NDArray[np.float32]] = []
        truths: list[NDArray[np.int64]] = []
        for number in range(len(images)):
            picture, labels = _drawn(images, number, finer)
            level = ImageLevel(picture, bands)
            log_odds, _ = PixelScores(DenseFeatures(encoder, level), score, 1).read(level.grid.window)
            known = labels >= 0
            found.append(log_odds[0][known])
            truths.append(labels[known])
        values, truth = np.concatenate(found), np.concatenate(truths)
        at_cuts = [_iou(values > cut, truth == ROOF) for cut in CUTS]
        best = int(np.argmax(at_cuts))
        shares = [float((values[truth == kind] > 0).mean()) for kind in (ROOF, YARD, 0)]
        yield Row(
            CHIP_M / finer, scales, _iou(values > 0, truth == ROOF), at_cuts[best], float(CUTS[best]), *shares
        )  # fmt: skip


def _drawn(
    images: Sequence[NDArray[np.uint8]], number: int, finer: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Returns a part of a chip with buildings as model input (3, H, W), and its labels (H, W)."""
    side = SIDE // finer
    image = _as_input(images[number])[:, :side, :side]
    if finer > 1:
        image = F.interpolate(image[None], scale_factor=finer, mode="bicubic", align_corners=False)[0].clamp(-1, 1)
    labels = torch.zeros(image.shape[1:], dtype=torch.int64)
    texture = _as_input(images[(7 * number + 3) % len(images)])
    draw_roofs(image, labels, CHIP_M / finer, ROOF, YARD, texture, np.random.default_rng((SEED, number)))
    blurred = F.avg_pool2d(image[None], 3, 1, 1, count_include_pad=False)[0]
    return (0.5 * (image + blurred)).numpy(), labels.numpy()


def _as_input(image: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 127.5 - 1


def _iou(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((found & truth).sum() / max(1, (found | truth).sum()))


if __name__ == "__main__":
    main()
