"""Land cover of an unlabelled place from twelve bands, radar, or both: a tile, by a model that saw the others.

python -m training.studies.leave_one_tile_out --start runs/geolb_tiny_untold --output runs/leave_one_out

For each of the three places a model that has seen none of them goes on for a hundred steps or two with the labels of
the other two. Classes that neither of the two shows are not among the answers while it learns: as wrong answers
everywhere they would be unlearnt. At the recipe's full rate that alone does not keep them (docs/training.md).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.classes import load_scheme
from core.cli.train import start_model
from core.evaluate.parsing import score_pixels
from core.model import GeoLangBind, load_model
from core.model.devices import choose_device
from core.pretrain.recipe import Recipe, read_recipe
from core.pretrain.sources.scenes import read_scene
from core.pretrain.trainer import Trainer
from core.raster.reader import open_raster
from core.spectral.bands import Band
from core.tasks.scoring import ClassSoftmax

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "geolb_tiny.yaml"
KEPT: dict[str, dict[str, Any]] = {
    "tiles": {"batch": 6},
    "unlabelled": {},
    "simulated": {"landscapes": 24},
    "eurosat": {"batch": 24, "mosaic": 0.0},
}
"""Sources that go on, and what of their settings differs from the recipe."""


def main() -> None:
    """Train and measure three times and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", default="runs/geolb_tiny_untold")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rate", type=float, default=1.0, help="share of the recipe's learning rate")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/leave_one_out"))
    options = parser.parse_args()
    recipe = read_recipe(RECIPE)
    slower = dataclasses.replace(recipe.optimiser, learning_rate=options.rate * recipe.optimiser.learning_rate)
    recipe = dataclasses.replace(recipe, start=options.start, steps=options.steps, optimiser=slower, validate_every=0)
    places = recipe.sources["tiles"].settings["places"]
    results = {}
    start = load_model(options.start, device="cpu", dtype="float32")
    for index, place in enumerate(places):
        name = Path(place[0]).parent.name
        land_cover = recipe.sources["tiles"].settings["land_cover"][index]
        before = {f"{key}, before": value for key, value in _accuracy(start, place, land_cover).items()}
        model = _trained_without(recipe, index, options.output / name)
        results[name] = before | _accuracy(model, place, land_cover)
        print(name, results[name], flush=True)
    results["mean"] = {
        key: float(np.mean([result[key] for result in results.values()])) for key in next(iter(results.values()))
    }
    (options.output / "leave_one_tile_out.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(json.dumps(results, indent=1))


def _trained_without(recipe: Recipe, index: int, folder: Path) -> GeoLangBind:
    sources = {}
    for name, changes in KEPT.items():
        settings: dict[str, Any] = {**recipe.sources[name].settings, **changes}
        if name == "tiles":
            for key in ("places", "land_cover"):
                settings[key] = [value for place, value in enumerate(settings[key]) if place != index]
            shown = _codes_on(settings["land_cover"])
            settings["classes"] = {code: words for code, words in settings["classes"].items() if code in shown}
        sources[name] = dataclasses.replace(recipe.sources[name], settings=settings)
    shorter = dataclasses.replace(recipe, sources=sources)
    torch.manual_seed(recipe.seed)
    trainer = Trainer(start_model(shorter), shorter, folder, bfloat16=choose_device("cpu").precision == "bf16")
    trainer.run()
    trainer.model.load_state_dict(trainer.averaged_state())
    return trainer.model.eval()


def _codes_on(land_covers: list[str]) -> set[int]:
    """Returns the class codes that occur on land-cover maps."""
    found: set[int] = set()
    for path in land_covers:
        with open_raster(path) as raster:
            found |= set(np.unique(raster.read(raster.grid.window, (1,))[0]).tolist())
    return found


def _accuracy(model: GeoLangBind, place: list[str], land_cover: str) -> dict[str, float]:
    """Returns the overall accuracy in the Esri legend by choice of sensors; classes compete as in ``core classify``."""
    scheme = load_scheme("esri_lulc")
    softmax = ClassSoftmax(model, [entry.prompts for entry in scheme.classes])
    codes = np.array([entry.code for entry in scheme.classes])
    with open_raster(land_cover) as raster:
        reference = raster.read(raster.grid.window, (1,))[0][0]
    optical, radar = read_scene(place[0]), read_scene(place[1])

    def accuracy(values: np.ndarray, bands: list[Band]) -> float:
        wavelengths = [band.wavelength_um for band in bands]
        images = torch.from_numpy(values)[None]
        scores = score_pixels(model, images, wavelengths, softmax.vectors, scorer=softmax.logits)[0]
        return float((codes[scores.argmax(0).numpy()] == reference).mean())

    return {
        "12 bands": accuracy(optical[0], optical[1]),
        "radar": accuracy(radar[0], radar[1]),
        "both": accuracy(np.concatenate([optical[0], radar[0]]), optical[1] + radar[1]),
    }


if __name__ == "__main__":
    main()
