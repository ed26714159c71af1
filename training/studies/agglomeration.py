"""Effect of distillation on maps: the same short training with and without a teacher behind a MaKA translator.

python -m training.studies.agglomeration -o runs/agglomeration
python -m training.studies.agglomeration --imagery multispectral -o runs/agglomeration_multispectral

On the frozen ImageNet trunk, the decoder is trained for a few hundred steps, once by labels alone and once for each
teacher with a translator to its features as well. Colour: aerial and drone pictures with DINOv2's eighth block,
measured on a column of Kampala's tiles and on Dubai's tile 6. Multispectral: Sentinel-2 and Sentinel-1 with Dynamic
World and with Galileo, measured on one of the places with a land-cover map. No run sees what is measured.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import yaml

from core.cli.console import ProgressLines
from core.cli.train import train
from core.context import Context
from core.evaluate.benchmarks import benchmarks, run_entry
from core.evaluate.prompt_figures import figures_of
from core.evaluate.prompt_maps import score_words
from core.model import GeoLangBind, load_model
from core.model.dense_heads import get_head
from core.pretrain.batch import Batch
from core.pretrain.recipe_teachers import teacher_features
from core.pretrain.sources.scenes import read_scene
from core.pretrain.teacher_registry import registered_teacher
from training.studies.distilled import Ground, translated
from training.studies.galileo_probe import place_labels, probe
from training.studies.leave_one_tile_out import place_accuracy, without_place

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "geolb_tiny.yaml"
KEPT_DUBAI, KEPT_KAMPALA = "tile6_", "OAM-1238453"
KEPT_TILE = "433D_629L_3_1"
"""The place with the most classes; farmland, woods, a town and a river."""
TAUGHT_SIDE = 128
"""Side in pixels of the part of it that is shown to teachers, as large as the images of training."""
COLOUR_CHANCE = 0.1
"""Share of batches that show colour alone where other bands are measured."""
TEACHER_WEIGHT = 3.0
"""The published losses count a tenth each; the decoder's labels weigh ten times as much as the published contrast."""
Sources = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Imagery:
    """What is learnt from and what is measured.

    Attributes:
        teachers: by their names in recipes.
        choose: the sources of the embedded model's recipe that are trained on, changed in place, by name.
        measure: returns figures of a model with the folder of the data.
    """

    teachers: dict[str, str]
    choose: Callable[[Sources], Sources]
    measure: Callable[[GeoLangBind, Path], dict[str, float]]


def main() -> None:
    """Train what has not been trained, measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--imagery", choices=IMAGERY, default="colour")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs") / "agglomeration")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    imagery = IMAGERY[options.imagery]
    runs: dict[str, str | None] = {"labels alone": None, **imagery.teachers}
    found = {}
    for name, teacher in runs.items():
        folder = options.output / f"{name.replace(' ', '_')}_{options.seed}"
        if not (folder / "model.safetensors").exists():
            folder.mkdir(parents=True, exist_ok=True)
            recipe = folder / "recipe.yaml"
            content = short_recipe(imagery, teacher, options.steps, options.seed)
            recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
            train(recipe, folder, Context(progress=ProgressLines()))
        found[name] = imagery.measure(load_model(str(folder), device="cpu"), options.data)
        print(name, json.dumps(found[name]), flush=True)
    (options.output / f"figures_{options.seed}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def short_recipe(imagery: Imagery, teacher: str | None, steps: int, seed: int) -> dict[str, Any]:
    """Returns the embedded model's recipe, cut to some of its sources, with a teacher or none."""
    content: dict[str, Any] = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    content["sources"] = imagery.choose(content["sources"])
    content["learn"] = [*content["learn"], *(["translators"] if teacher else [])]
    content["objectives"]["teachers"] = TEACHER_WEIGHT
    teachers = {teacher: {"reads": "dense"}} if teacher else {}
    changes = {"name": "agglomeration", "steps": steps, "seed": seed, "teachers": teachers}
    return content | changes | {"validate": {}, "validate_every": 0}


def _colour_sources(sources: Sources) -> Sources:
    dubai = sources["dubai"]["settings"]
    dubai["names"] = [name for name in dubai["names"] if name != KEPT_DUBAI]
    return {name: sources[name] for name in ("aerial", "dubai", "kampala")}


def _multispectral_sources(sources: Sources) -> Sources:
    tiles = sources["tiles"]
    tiles["settings"] = without_place(tiles["settings"], KEPT_TILE)
    chosen = {name: sources[name] for name in ("tiles", "weak_cover")}
    for source in chosen.values():
        source["settings"]["rgb_chance"] = COLOUR_CHANCE
    return chosen


def _measure_colour(model: GeoLangBind, data: Path) -> dict[str, float]:
    """Returns AUC and best IoU of "building" on Kampala's kept tiles, and mean IoU of Dubai's tile 6."""
    part = {
        "layout": "web_tiles",
        "path": "oam_buildings/oam_kampala.tar",
        "names": [KEPT_KAMPALA],
        "ending": ".building.png",
        "codes": [1],
        "words": ["building"],
    }
    drone = figures_of(score_words(model, part, data)["building"])
    entry = {**benchmarks()["dubai"], "names": [KEPT_DUBAI]}
    entry.pop("scheme", None)
    tile = run_entry(model, entry, data)
    return {"AUC": drone["auc"], "best IoU": drone["best_iou"], "mean IoU": tile["mean_iou"]}


def _measure_multispectral(model: GeoLangBind, data: Path) -> dict[str, float]:
    """Returns figures of the kept tile by choice of sensors.

    Overall accuracy in the Esri legend; the share of places that a linear probe of the decoder's features names, as in
    ``galileo_probe``; the share of the variance of a teacher's features that their translation explains.
    """
    folder = data / "scenes" / "terramind_tiles" / KEPT_TILE
    paths = {"12 bands": str(folder / "S2L2A.tif"), "radar": str(folder / "S1RTC.tif")}
    figures = place_accuracy(model, list(paths.values()), str(folder / "LULC.tif"))
    labels = place_labels(folder / "LULC.tif")
    for name, path in paths.items():
        values, bands, _ = read_scene(path)
        image, wavelengths = torch.from_numpy(values)[None], torch.tensor([band.wavelength_um for band in bands])
        with torch.no_grad():
            maps = get_head(model).narrow(model, image, wavelengths)
        figures[f"{name}, probe"] = probe(
            F.adaptive_avg_pool2d(maps, (labels.shape[0], labels.shape[1]))[0].float(), labels
        )
        for teacher in model.translators:
            batch = Batch(KEPT_TILE, image[..., :TAUGHT_SIDE, :TAUGHT_SIDE], wavelengths)
            figures |= {f"{name}, {key}": value for key, value in _explained(model, batch, teacher).items()}
    return figures


def _explained(model: GeoLangBind, batch: Batch, teacher: str) -> dict[str, float]:
    """Returns the agreement of a translation with its teacher; nothing where the teacher does not know the bands."""
    make = registered_teacher(teacher)
    wanted = teacher_features(make())(batch) if make else None
    if wanted is None:
        return {}
    with torch.no_grad():
        return translated(model, Ground([batch], torch.zeros(0), {teacher: [wanted]}), teacher)


IMAGERY = {
    "colour": Imagery({"labels and DINOv2": "dinov2_block8"}, _colour_sources, _measure_colour),
    "multispectral": Imagery(
        {"labels and Dynamic World": "dynamic_world", "labels and Galileo": "galileo_nano"},
        _multispectral_sources,
        _measure_multispectral,
    ),
}
"""The studies by the imagery they train on."""


if __name__ == "__main__":
    main()
