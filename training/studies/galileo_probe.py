"""What Galileo's tokens know of land cover: linear probes of a labelled tile, beside probes of the bands themselves.

python -m training.studies.galileo_probe

Every tile with several classes is divided like a chessboard into squares of 560 m: those of one colour are learnt
from, those of the other named, in places of 80 m, with 13 bands, radar, or both. The bands' probe sees the mean and
the deviation of each band in a place.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.learning.logistic_regression import fit_linear, linear_outputs
from core.pretrain.sources.scenes import read_scene
from core.raster.reader import open_raster
from training.teachers.galileo import GalileoTeacher

PLACE, SQUARE = 8, 7
"""Side of a place in pixels, and of a square of the chessboard in places."""
PENALTY = 1e-2


def main() -> None:
    """Print a line for each tile and choice of sensors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=Path, default=Path("../shared/data/scenes/terramind_tiles"))
    parser.add_argument("--patch", type=int, default=4, help="side of Galileo's tokens in pixels")
    options = parser.parse_args()
    print("| tile | sensors | commonest class | bands | Galileo |")
    print("|---|---|---|---|---|")
    for folder in sorted(path.parent for path in options.tiles.glob("*/LULC.tif")):
        sensors = {name: read_scene(str(folder / f"{name}.tif"))[:2] for name in ("S2L1C", "S1RTC")}
        labels = place_labels(folder / "LULC.tif")
        if len(labels.unique()) < 2:
            continue
        teacher = GalileoTeacher(len(labels) * PLACE // options.patch, options.patch)
        for chosen in (["S2L1C"], ["S1RTC"], ["S2L1C", "S1RTC"]):
            image = torch.from_numpy(np.concatenate([sensors[name][0] for name in chosen]))[None]
            wavelengths = torch.tensor([band.wavelength_um for name in chosen for band in sensors[name][1]])
            compared = [band_statistics(image), galileo_places(teacher, image, wavelengths)]
            shares = [commonest(labels), *(probe(features, labels) for features in compared)]
            print(f"| {folder.name} | {' + '.join(chosen)} | {' | '.join(f'{share:.3f}' for share in shares)} |")


def place_labels(path: Path) -> Tensor:
    """Return the commonest class (rows, columns) of each place of a land-cover map."""
    with open_raster(str(path)) as raster:
        codes = torch.from_numpy(raster.read(raster.grid.window, (1,))[0][0].astype(np.int64))
    counts = F.one_hot(codes).permute(2, 0, 1).float()
    return F.avg_pool2d(counts[None], PLACE)[0].argmax(0)


def band_statistics(image: Tensor) -> Tensor:
    """Return mean and deviation of each band (2 C, rows, columns) in the places of an image (1, C, H, W)."""
    mean = F.avg_pool2d(image, PLACE)
    deviation = (F.avg_pool2d(image.square(), PLACE) - mean.square()).clamp(min=0).sqrt()
    return torch.cat([mean, deviation], dim=1)[0]


def galileo_places(teacher: GalileoTeacher, image: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Return the mean of the teacher's features (128, rows, columns) in the places of an image (1, C, H, W)."""
    maps = teacher.features(image, wavelengths_um).transpose(1, 2).unflatten(2, (teacher.grid, teacher.grid))
    return F.adaptive_avg_pool2d(maps, image.shape[-1] // PLACE)[0]


def commonest(labels: Tensor) -> float:
    """Return the share of the named places whose class is the commonest of those learnt from."""
    known = _learnt_from(labels)
    return float((labels[~known] == labels[known].mode().values).float().mean())


def probe(features: Tensor, labels: Tensor) -> float:
    """Return the share of the named places whose class a linear classifier of the others gives.

    Args:
        features: (D, rows, columns).
        labels: (rows, columns).
    """
    known = _learnt_from(labels)
    vectors, wanted = features.movedim(0, -1), labels[known]
    vectors = (vectors - vectors[known].mean(0)) / (vectors[known].std(0) + 1e-6)
    classes = int(labels.max()) + 1
    weights = fit_linear(vectors[known], classes, lambda outputs: F.cross_entropy(outputs, wanted), PENALTY)
    answers = linear_outputs(vectors[~known], weights).argmax(1)
    return float((answers == labels[~known]).float().mean())


def _learnt_from(labels: Tensor) -> Tensor:
    rows, columns = (torch.arange(side) // SQUARE for side in labels.shape)
    return (rows[:, None] + columns) % 2 == 0


if __name__ == "__main__":
    main()
