"""Agreement of a student with its teachers, on a raster that it was not trained on.

python -m core.train training/recipes/distil.yaml -o runs/distilled
python -m training.studies.distilled training/recipes/distil.yaml runs/distilled HELD_OUT.tif

Two things are measured with the student's fresh weights and with its trained ones. Agreement: the mean cosine between
its vectors in text space and those that the first teacher gives for red, green and blue of the same ground, for whole
images and for places; the student is shown all bands, or all but the teacher's. Probe: a linear classifier of the
student's cells, fitted on the left half of the raster, predicts Dynamic World's class in the right half.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
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
from core.model.geolangbind import GeoLangBind
from core.pretrain.batch import Batch
from core.pretrain.recipe import Recipe, build_sources, read_recipe
from core.pretrain.recipe_teachers import build_teachers, teacher_features
from core.raster.gdal_open import opened_gdal
from training.teachers.dynamic_world import DynamicWorldTeacher

SAME_BAND_UM = 0.02
PENALTY = 1e-3


def main() -> None:
    """Measure both models and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("run", type=Path, help="folder of the trained student")
    parser.add_argument("raster", type=Path, help="that was not trained on; nine bands of Sentinel-2 at least")
    parser.add_argument("--batches", type=int, default=12, help="of each half of the raster (default: %(default)s)")
    options = parser.parse_args()
    recipe = read_recipe(options.recipe)
    teachers = build_teachers(recipe)
    named = next(iter(recipe.teachers))
    classes = DynamicWorldTeacher()
    models = {
        "fresh": start_model(recipe, teachers).eval(),
        "trained": load_model(options.run, device="cpu", dtype="float32"),
    }
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        halves = [
            list(_batches(recipe, path, options.batches, seed))
            for seed, path in enumerate(_halves(options.raster, folder))
        ]
        wanted = [[classes.features(b.images, b.wavelengths_um).argmax(2).flatten() for b in half] for half in halves]
        answers = [teacher_features(teachers[named])(batch) for batch in halves[1]]
        given = [answer for answer in answers if answer is not None]
        truth = torch.cat(wanted[1])
        print(f"commonest class of the right half: {float(truth.bincount().max() / len(truth)):.3f}")
        for name, model in models.items():
            shown = " ".join(f"{figure:.3f}" for figure in agreement(model, halves[1], given))
            right = probe(model, halves, wanted, classes.grid)
            print(f"{name}: cosine image, place; without colours image, place {shown}; probe {right:.3f}", flush=True)


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


def probe(model: GeoLangBind, halves: list[list[Batch]], wanted: list[list[Tensor]], grid: int) -> float:
    """Return the share of places of the right half whose class a linear classifier of the left half names."""
    left, right = (torch.cat([_places(model, batch, grid) for batch in half]) for half in halves)
    classes, truth = (torch.cat(labels) for labels in wanted)
    centre, spread = left.mean(0), left.std(0) + 1e-6
    with torch.inference_mode(False), torch.enable_grad():
        samples, labels = ((left - centre) / spread).clone(), classes.clone()
        weights = fit_linear(samples, 9, lambda outputs: F.cross_entropy(outputs, labels), PENALTY)
    answers = linear_outputs((right - centre) / spread, weights).argmax(1)
    return float((answers == truth).float().mean())


def _places(model: GeoLangBind, batch: Batch, grid: int) -> Tensor:
    """Return the student's places (B · grid², D) with all bands."""
    dense = F.adaptive_avg_pool2d(model.encode_dense(batch.images, batch.wavelengths_um), grid)
    return F.normalize(dense, dim=1).flatten(2).transpose(1, 2).flatten(0, 1)


def _other_bands(batch: Batch) -> list[int]:
    assert batch.teacher_wavelengths_um is not None, "batches of a distillation name the teacher's bands"
    distance = (batch.wavelengths_um[:, None] - batch.teacher_wavelengths_um[None]).abs().amin(1)
    return [index for index, value in enumerate(distance.tolist()) if value > SAME_BAND_UM]


def _batches(recipe: Recipe, raster: Path, count: int, seed: int) -> Iterator[Batch]:
    """Yield images of a raster with all its bands, drawn as the recipe draws its own."""
    (name, source) = next((name, source) for name, source in recipe.sources.items() if source.kind == "rasters")
    settings = {**source.settings, "paths": [str(raster)], "subset": 0.0, "teacher_bands": 0.0}
    (built,) = build_sources(replace(recipe, sources={name: replace(source, settings=settings)})).values()
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield built.batch(rng)


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
