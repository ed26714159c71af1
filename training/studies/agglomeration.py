"""Effect of distillation on maps: the same short training with and without DINOv2 through a MaKA translator.

python -m training.studies.agglomeration -o runs/agglomeration

On the frozen ImageNet trunk, the decoder is trained on aerial and drone pictures for a few hundred steps, once by
labels alone and once with a translator to the features of DINOv2's eighth block as well. Measured on a
column of Kampala's tiles and on Dubai's tile 6, which neither run sees.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

from core.cli.console import ProgressLines
from core.cli.train import train
from core.context import Context
from core.evaluate.benchmarks import benchmarks, run_entry
from core.evaluate.prompt_figures import figures_of
from core.evaluate.prompt_maps import score_words
from core.model import load_model

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "geolb_tiny.yaml"
SOURCES = ("aerial", "dubai", "kampala")
KEPT_DUBAI, KEPT_KAMPALA = "tile6_", "OAM-1238453"
TEACHERS = {"labels alone": {}, "labels and DINOv2": {"dinov2_block8": {"reads": "dense"}}}
TEACHER_WEIGHT = 3.0
"""The published losses count a tenth each; the decoder's labels weigh ten times as much as the published contrast."""


def main() -> None:
    """Train what has not been trained, measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs") / "agglomeration")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    found = {}
    for name, teachers in TEACHERS.items():
        folder = options.output / f"{name.replace(' ', '_')}_{options.seed}"
        if not (folder / "model.safetensors").exists():
            folder.mkdir(parents=True, exist_ok=True)
            recipe = folder / "recipe.yaml"
            recipe.write_text(yaml.safe_dump(short_recipe(teachers, options.steps, options.seed)), encoding="utf-8")
            train(recipe, folder, Context(progress=ProgressLines()))
        found[name] = measure(folder, options.data)
        print(name, json.dumps(found[name]), flush=True)
    (options.output / f"figures_{options.seed}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def short_recipe(teachers: dict[str, Any], steps: int, seed: int) -> dict[str, Any]:
    """Returns the embedded model's recipe, cut to the aerial and drone pictures, with some teachers."""
    content: dict[str, Any] = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    content["sources"] = {name: content["sources"][name] for name in SOURCES}
    dubai = content["sources"]["dubai"]["settings"]
    dubai["names"] = [name for name in dubai["names"] if name != KEPT_DUBAI]
    content["learn"] = [*content["learn"], *(["translators"] if teachers else [])]
    content["objectives"]["teachers"] = TEACHER_WEIGHT
    return content | {"name": "agglomeration", "steps": steps, "seed": seed, "teachers": teachers}


def measure(folder: Path, data: Path) -> dict[str, float]:
    """Returns AUC and best IoU of "building" on Kampala's kept tiles, and mean IoU of Dubai's tile 6."""
    model = load_model(str(folder), device="cpu")
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


if __name__ == "__main__":
    main()
