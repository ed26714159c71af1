"""What students learnt from their teachers, on a raster that they were not trained on.

python -m core.train RECIPE.yaml -o runs/one     (and the same recipe with other seeds)
python -m training.studies.distilled RECIPE.yaml HELD_OUT.tif runs/one runs/two …

Measured for the student with fresh weights and for the trained ones, on windows drawn anew for every run:

- agreement with a teacher in text space: mean cosine between the student's vectors and those that the teacher gives
  for the same ground, of whole images and of places; the student is shown all bands, or all but the teacher's;
- agreement with a teacher behind a translator: the share of the variance of the teacher's features that the
  translation explains (R², 0 for the mean as answer), the cosine of the places' deviations from the mean (0 for any
  constant answer) and, for Dynamic World, the share of places whose class is its own;
- probes: a linear classifier of places, fitted on the left half of the raster, names Dynamic World's class of places
  of the right half; from the student's text-space vectors and from its decoder's features before them. The same
  classifier from the bands' mean values and from the teacher's vectors says what there was to learn.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
import torch
import torch.nn.functional as F
from rasterio.windows import Window
from torch import Tensor

from core.cli.train import start_model
from core.learning.logistic_regression import fit_linear, linear_outputs
from core.model import load_model
from core.model.dense_decoder import Decoder
from core.model.dense_heads import get_head
from core.model.geolangbind import GeoLangBind
from core.model.teachers import Teacher
from core.pretrain.batch import Batch
from core.pretrain.recipe import Recipe, build_sources, read_recipe
from core.pretrain.recipe_teachers import build_teachers, teacher_features
from core.raster.gdal_open import opened_gdal
from training.teachers.dynamic_world import CLASSES, DynamicWorldTeacher

SAME_BAND_UM = 0.02
PENALTY = 1e-3
Figures = dict[str, float]


@dataclass(frozen=True)
class Ground:
    """Windows of one half of a raster.

    Attributes:
        batches: with all bands.
        classes: Dynamic World's class of every place, (N · grid²,).
        taught: features (B, ., channels) of every batch by teacher.
    """

    batches: list[Batch]
    classes: Tensor
    taught: dict[str, list[Tensor]]


def main() -> None:
    """Measure and print a line for each kind of model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("raster", type=Path, help="that was not trained on; nine bands of Sentinel-2 at least")
    parser.add_argument("runs", type=Path, nargs="+", help="folders of trained students of this recipe")
    parser.add_argument("--batches", type=int, default=4, help="of each half of the raster (default: %(default)s)")
    options = parser.parse_args()
    recipe = read_recipe(options.recipe)
    teachers = build_teachers(recipe)
    reference = DynamicWorldTeacher()
    found: dict[str, list[Figures]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        paths = list(_halves(options.raster, folder))
        for number, run in enumerate(options.runs):
            left, right = (
                _ground(recipe, path, teachers, reference, options.batches, 2 * number + half)
                for half, path in enumerate(paths)
            )
            found["no model"].append(_baselines(left, right, teachers, reference.grid))
            torch.manual_seed(recipe.seed + number)
            fresh = start_model(recipe, teachers).eval()
            found["fresh weights"].append(_figures(fresh, left, right, teachers, reference.grid))
            trained = load_model(run, device="cpu", dtype="float32")
            found["trained"].append(_figures(trained, left, right, teachers, reference.grid))
            for name, figures in found.items():
                print(f"{number + 1}, {name}: {_line([figures[-1]])}", flush=True)
    for name, figures in found.items():
        print(f"| {name} | {_line(figures)} |")


def _line(runs: Sequence[Figures]) -> str:
    """Returns the mean and, of several runs, the standard deviation of every figure."""
    shown = []
    for name in runs[0]:
        values = np.array([figures[name] for figures in runs])
        spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
        shown.append(f"{name} {values.mean():.3f}{spread}")
    return "; ".join(shown)


def _baselines(left: Ground, right: Ground, teachers: dict[str, Teacher], grid: int) -> Figures:
    """Returns the share of the commonest class and probes of the bands and of the text-space teachers' vectors."""
    figures = {"commonest class": float(right.classes.bincount().max() / len(right.classes))}
    figures["probe of bands"] = probe(left, right, lambda ground, at: _pooled(ground.batches[at].images, grid))
    for name, teacher in teachers.items():
        if not getattr(teacher, "mimicked", False):
            continue
        side = teacher.grid

        def places(ground: Ground, at: int, name: str = name, side: int = side) -> Tensor:
            cells = ground.taught[name][at][:, 1:].transpose(1, 2).unflatten(2, (side, side))
            return _rows(F.interpolate(cells, (grid, grid), mode="bilinear", align_corners=False))

        figures[f"probe of {name}"] = probe(left, right, places)
    return figures


def _figures(model: GeoLangBind, left: Ground, right: Ground, teachers: dict[str, Teacher], grid: int) -> Figures:
    """Returns the agreement with every teacher and both probes of a student."""
    figures: Figures = {}
    for name in teachers:
        if name in model.translators:
            figures |= translated(model, right, name)
        else:
            names = ("images", "places", "images without its bands", "places without its bands")
            found = agreement(model, right.batches, right.taught[name])
            figures |= {f"{name} {kind}": value for kind, value in zip(names, found, strict=True)}
    figures["probe of text space"] = probe(left, right, lambda ground, at: _text_space(model, ground.batches[at], grid))
    figures["probe of features"] = probe(left, right, lambda ground, at: _features(model, ground.batches[at], grid))
    return figures


def agreement(model: GeoLangBind, batches: list[Batch], given: list[Tensor]) -> list[float]:
    """Return mean cosines to a teacher's vectors: of images and of places, with all bands and without the teacher's."""
    found: list[list[float]] = [[], [], [], []]
    for batch, wanted in zip(batches, given, strict=True):
        side = round((wanted.shape[1] - 1) ** 0.5)
        every = list(range(batch.images.shape[1]))
        for first, bands in enumerate((every, _other_bands(batch))):
            images, wavelengths = batch.images[:, bands], batch.wavelengths_um[bands]
            pooled = model.encode_image(images, wavelengths, normalize=True)
            places = F.normalize(F.adaptive_avg_pool2d(model.encode_dense(images, wavelengths), side), dim=1)
            found[2 * first].append(float((pooled * wanted[:, 0]).sum(1).mean()))
            cosines = (places.flatten(2).transpose(1, 2) * wanted[:, 1:]).sum(2)
            found[2 * first + 1].append(float(cosines.mean()))
    return [float(np.mean(values)) for values in found]


def translated(model: GeoLangBind, ground: Ground, teacher: str) -> Figures:
    """Return how well the translation into a teacher's features fits on places that were not trained on.

    Args:
        model: the student.
        ground: the places.
        teacher: its name.

    Returns:
        The measures of ``fit_of`` and, for Dynamic World's nine features, the share of places of equal class.
    """
    answers = []
    for batch in ground.batches:
        tokens, pyramid = model.visual.trunk.forward_pyramid(batch.images, batch.wavelengths_um)
        bottleneck = model.dense.bottleneck(tokens, pyramid) if isinstance(model.dense, Decoder) else None
        answers.append(model.translate(tokens, batch.wavelengths_um, bottleneck)[teacher])
    answer, wanted = torch.cat(answers).flatten(0, 1), torch.cat(ground.taught[teacher]).flatten(0, 1)
    figures = {f"{teacher} {measure}": value for measure, value in fit_of(answer, wanted).items()}
    if wanted.shape[1] == len(CLASSES):
        figures[f"{teacher} equal classes"] = float((answer.argmax(1) == wanted.argmax(1)).float().mean())
    return figures


def fit_of(answer: Tensor, wanted: Tensor) -> Figures:
    """Return how well features of places (N, D) fit those wanted (N, D).

    Returns:
        ``R²`` over all features, which an answer that is off by a constant lowers; ``cosine of deviations``, the mean
        cosine between the deviations of places from the mean of all, which a constant does not change.
    """
    explained = 1 - (answer - wanted).square().sum() / (wanted - wanted.mean(0)).square().sum()
    cosines = F.cosine_similarity(answer - answer.mean(0), wanted - wanted.mean(0), dim=1)
    return {"R²": float(explained), "cosine of deviations": float(cosines.mean())}


def probe(left: Ground, right: Ground, places: Callable[[Ground, int], Tensor]) -> float:
    """Return the share of places of the right half whose class a linear classifier of the left half names.

    Args:
        left: to fit.
        right: to ask.
        places: the features (B · grid², D) of one of a ground's batches.
    """
    known, asked = (torch.cat([places(ground, at) for at in range(len(ground.batches))]) for ground in (left, right))
    centre, spread = known.mean(0), known.std(0) + 1e-6
    with torch.enable_grad():
        samples, labels = ((known - centre) / spread).clone(), left.classes.clone()
        weights = fit_linear(samples, len(CLASSES), lambda outputs: F.cross_entropy(outputs, labels), PENALTY)
    answers = linear_outputs((asked - centre) / spread, weights).argmax(1)
    return float((answers == right.classes).float().mean())


def _text_space(model: GeoLangBind, batch: Batch, grid: int) -> Tensor:
    maps = F.adaptive_avg_pool2d(model.encode_dense(batch.images, batch.wavelengths_um), grid)
    return _rows(F.normalize(maps, dim=1))


def _features(model: GeoLangBind, batch: Batch, grid: int) -> Tensor:
    return _pooled(get_head(model).narrow(model, batch.images, batch.wavelengths_um), grid)


def _pooled(maps: Tensor, grid: int) -> Tensor:
    return _rows(F.adaptive_avg_pool2d(maps, grid))


def _rows(maps: Tensor) -> Tensor:
    """Returns maps (B, D, g, g) as rows (B · g², D)."""
    return maps.flatten(2).transpose(1, 2).flatten(0, 1)


def _other_bands(batch: Batch) -> list[int]:
    assert batch.teacher_wavelengths_um is not None, "batches of a distillation name the teacher's bands"
    distance = (batch.wavelengths_um[:, None] - batch.teacher_wavelengths_um[None]).abs().amin(1)
    return [index for index, value in enumerate(distance.tolist()) if value > SAME_BAND_UM]


def _ground(
    recipe: Recipe,
    raster: Path,
    teachers: dict[str, Teacher],
    reference: DynamicWorldTeacher,
    count: int,
    seed: int,
) -> Ground:
    """Returns windows of a raster with all its bands, drawn as the recipe draws its own, and the teachers' answers."""
    (name, source) = next((name, source) for name, source in recipe.sources.items() if source.kind == "rasters")
    settings = {**source.settings, "paths": [str(raster)], "subset": 0.0, "teacher_bands": 0.0}
    (built,) = build_sources(replace(recipe, sources={name: replace(source, settings=settings)})).values()
    rng = np.random.default_rng(seed)
    batches = [built.batch(rng) for _ in range(count)]
    taught = {}
    for name, teacher in teachers.items():
        answers = [teacher_features(teacher)(batch) for batch in batches]
        taught[name] = [answer for answer in answers if answer is not None]
    classes = [reference.features(batch.images, batch.wavelengths_um).argmax(2).flatten() for batch in batches]
    return Ground(batches, torch.cat(classes), taught)


def _halves(raster: Path, folder: str) -> Iterator[Path]:
    """Yield files of the left and the right half of a raster."""
    with opened_gdal(raster) as file:
        width = file.width // 2
        for number in range(2):
            window = Window(number * width, 0, width, file.height)
            profile = {**file.profile, "width": width, "transform": file.window_transform(window)}
            path = Path(folder) / f"half{number}_{raster.name}"
            with rasterio.open(path, "w", **profile) as half:
                half.write(file.read(window=window))
                half.update_tags(**file.tags())
                half.descriptions = file.descriptions
            yield path


if __name__ == "__main__":
    main()
