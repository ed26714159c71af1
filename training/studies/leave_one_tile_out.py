"""Land cover of an unlabelled place from twelve bands, radar, or both: with and without other real scenes.

python -m training.studies.leave_one_tile_out --output runs/leave_one_out

A model is first trained on simulated landscapes and colour chips alone. From there training continues for as many steps
without and, once for each of the three labelled places, with real scenes: the other two places and the scenes that
teachers labelled. Classes absent from the two places are left out of their
classes: as negatives everywhere they would be unlearnt.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.classes import load_scheme
from core.cli.console import ProgressLines
from core.cli.train import start_model
from core.context import Context
from core.evaluate.parsing import parse_image
from core.model import GeoLangBind
from core.model.devices import choose_device
from core.model.weight_files import save_model
from core.pretrain.recipe import Recipe, read_recipe
from core.pretrain.sources.scenes import read_scene
from core.pretrain.trainer import Trainer
from core.raster.reader import open_raster
from core.spectral.bands import Band, BandSet
from core.tasks.scoring import ClassSoftmax

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "geolb_tiny.yaml"
WITHOUT: dict[str, dict[str, Any]] = {
    "simulated": {"landscapes": 24, "batch": 4},
    "waters": {"landscapes": 8},
    "eurosat_mosaics": {},
}
"""Sources without real scenes, and what of their settings differs from the recipe."""
REAL_SCENES: dict[str, dict[str, Any]] = {
    "tiles": {"batch": 4},
    "unlabelled": {},
    "weak_cover": {},
    "weak_water": {"batch": 2},
}


def main() -> None:
    """Train, measure three times and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=120, help="steps of the common beginning")
    parser.add_argument("--steps", type=int, default=100, help="steps with and without real scenes")
    parser.add_argument("--rate", type=float, default=1.0, help="share of the recipe's learning rate")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/leave_one_out"))
    options = parser.parse_args()
    recipe = read_recipe(RECIPE)
    slower = dataclasses.replace(recipe.optimiser, learning_rate=options.rate * recipe.optimiser.learning_rate)
    recipe = dataclasses.replace(recipe, optimiser=slower, validate_every=0, validate={})
    begun = options.output / "begun"
    _trained(dataclasses.replace(recipe, steps=options.first), WITHOUT, begun)
    recipe = dataclasses.replace(recipe, start=str(begun), steps=options.steps)
    without = _trained(recipe, WITHOUT, options.output / "without")
    tiles = recipe.sources["tiles"].settings
    results = {}
    for place, land_cover in zip(tiles["places"], tiles["land_cover"], strict=True):
        if len(place) == 1:
            continue  # the same ground as another entry, at the top of the atmosphere
        name = Path(place[0]).parent.name
        before = {f"{key}, without": value for key, value in place_accuracy(without, place, land_cover).items()}
        model = _trained(recipe, WITHOUT | REAL_SCENES, options.output / name, left_out=name)
        results[name] = before | place_accuracy(model, place, land_cover)
        print(name, results[name], flush=True)
    results["mean"] = {
        key: float(np.mean([result[key] for result in results.values()])) for key in next(iter(results.values()))
    }
    (options.output / "leave_one_tile_out.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(json.dumps(results, indent=1))


def _trained(
    recipe: Recipe, chosen: dict[str, dict[str, Any]], folder: Path, left_out: str | None = None
) -> GeoLangBind:
    """Train with some of the recipe's sources, without the images of a place; keep the model and return it."""
    sources = {}
    for name, changes in chosen.items():
        settings: dict[str, Any] = {**recipe.sources[name].settings, **changes}
        if name == "tiles":
            settings = without_place(settings, left_out)
        sources[name] = dataclasses.replace(recipe.sources[name], settings=settings)
    shorter = dataclasses.replace(recipe, sources=sources)
    torch.manual_seed(recipe.seed)
    trainer = Trainer(start_model(shorter), shorter, folder, bfloat16=choose_device("cpu").precision == "bf16")
    trainer.run(Context(progress=ProgressLines()))
    trainer.model.load_state_dict(trainer.averaged_state())
    model = trainer.model.eval()
    save_model(model, folder, {"name": folder.name})
    return model


def without_place(settings: dict[str, Any], left_out: str | None) -> dict[str, Any]:
    """Returns settings of the labelled tiles without a place (its folder), and without classes seen only there."""
    kept = [Path(place[0]).parent.name != left_out for place in settings["places"]]
    fewer = {key: list(itertools.compress(settings[key], kept)) for key in ("places", "land_cover")}
    shown = _codes_on(fewer["land_cover"])
    return settings | fewer | {"classes": {code: words for code, words in settings["classes"].items() if code in shown}}


def _codes_on(land_covers: list[str]) -> set[int]:
    """Returns the class codes that occur on land-cover maps."""
    found: set[int] = set()
    for path in land_covers:
        with open_raster(path) as raster:
            found |= set(np.unique(raster.read(raster.grid.window, (1,))[0]).tolist())
    return found


def place_accuracy(model: GeoLangBind, place: list[str], land_cover: str) -> dict[str, float]:
    """Returns the overall accuracy in the Esri legend by choice of sensors; classes compete as in ``core classify``."""
    scheme = load_scheme("esri_lulc")
    softmax = ClassSoftmax(model, [entry.prompts for entry in scheme.classes])
    codes = np.array([entry.code for entry in scheme.classes])
    with open_raster(land_cover) as raster:
        reference = raster.read(raster.grid.window, (1,))[0][0]
    optical, radar = read_scene(place[0]), read_scene(place[1])

    def accuracy(values: np.ndarray, bands: list[Band]) -> float:
        return float((codes[parse_image(model, values, BandSet.of(bands), softmax)] == reference).mean())

    return {
        "12 bands": accuracy(optical[0], optical[1]),
        "radar": accuracy(radar[0], radar[1]),
        "both": accuracy(np.concatenate([optical[0], radar[0]]), optical[1] + radar[1]),
    }


if __name__ == "__main__":
    main()
