"""The embedded model by one command: initial weights, training, evaluation, model card.

python -m training.geolb_tiny --data ../shared/data

The trunk starts from published ImageNet weights and stays frozen. Dense features are trained in five runs, the fourth
of which starts from the second and the third, merged; prompts are calibrated, then the scene head is fitted. The words
of all stages are stored with the model. A stopped run resumes from its checkpoint; a finished stage is not repeated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from core.cli.console import ProgressLines
from core.cli.train import train
from core.context import Context
from core.evaluate.benchmarks import present, run_benchmark
from core.evaluate.trained_classes import trained_benchmarks
from core.model import create_model, load_model
from core.model.config import read_config
from core.model.geolangbind import GeoLangBind
from core.model.merging import merge_weights
from core.model.weight_files import save_model
from core.pretrain.recipe import Recipe, read_recipe
from core.vocabulary import background_words
from training.calibration.command import calibrate, write_calibration
from training.efficientnet_start import make_start
from training.scene_fit import fit_scene
from training.simulated_source import CLASS_WORDS
from training.teachers.files import fetch_teacher_files
from training.teachers.scenes import prepare

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs"
DATA = Path("../shared/data")
"""Data folder of the recipes."""
MAPS, LONGER, THINGS, ROOFS, LEVELS, SCENE = STAGES = (
    "geolb_tiny",
    "geolb_tiny_longer",
    "geolb_tiny_things",
    "geolb_tiny_roofs",
    "geolb_tiny_levels",
    "geolb_tiny_scene",
)
"""Recipes, and folders of their runs; each run of the maps starts from the result of the one before."""
MERGED = "geolb_tiny_merged"
"""Folder of the second and the third run of the maps, merged, from which the fourth starts."""
SHARE = 0.75
"""Share of the third run in the merged weights."""
EMBEDDED = ROOT / "resources" / "models" / "geolb-tiny"


def main() -> None:
    """Train, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--measure-only", action="store_true", help="measure the embedded model as it is")
    options = parser.parse_args()
    if not options.measure_only:
        embed(train_stages(options.data), options.data)
    measure(options.data)


def train_stages(data: Path) -> Path:
    """Run what has not been run yet and return the folder of the trained model."""
    start = RUNS / "geolb_tiny_start"
    if not (start / "model.safetensors").exists():
        make_start(start)
    if not (RUNS / "teachers").exists():
        fetch_teacher_files()
        prepare(data, RUNS / "teachers")
    for stage in (MAPS, LONGER, THINGS):
        if not (RUNS / stage / "model.safetensors").exists():
            train(_recipe(stage), RUNS / stage, Context(progress=ProgressLines()), data=data)
    if not (RUNS / MERGED / "model.safetensors").exists():
        write_merged(RUNS / LONGER, RUNS / THINGS, RUNS / MERGED)
    for stage in (ROOFS, LEVELS):
        if not (RUNS / stage / "model.safetensors").exists():
            train(_recipe(stage), RUNS / stage, Context(progress=ProgressLines()), data=data)
    if read_config(RUNS / LEVELS / "config.json").prompt_calibration is None:
        write_calibration(RUNS / LEVELS, calibrate(RUNS / LEVELS, data, RUNS / "teachers"))
    if not (RUNS / SCENE / "model.safetensors").exists():
        fit_scene(_recipe(SCENE), RUNS / LEVELS, RUNS / SCENE, Context(progress=ProgressLines()), data=data)
    return RUNS / SCENE


def write_merged(one: Path, other: Path, output: Path) -> None:
    """Merge two models of the same configuration, ``SHARE`` of the other one; the result is not calibrated."""
    model, added = load_model(str(one)).float(), load_model(str(other)).float()
    weights = merge_weights(model.state_dict(), added.state_dict(), SHARE).weights
    merged = create_model(model.config.with_values(prompt_calibration=None))
    merged.load_state_dict(weights)
    card = json.loads((other / "card.json").read_text(encoding="utf-8"))
    save_model(merged.eval(), output, card, torch.float16)


def embed(trained: Path, data: Path) -> None:
    """Write the trained model with its words and its card to the package's resources."""
    EMBEDDED.mkdir(parents=True, exist_ok=True)
    recipes = {stage: read_recipe(_recipe(stage)) for stage in STAGES}
    card = json.loads((trained / "card.json").read_text(encoding="utf-8"))
    model = with_known_words(load_model(str(trained)), trained_words(recipes.values()))
    save_model(model, EMBEDDED, card, torch.float16)
    card["training"] = {
        "stages": {stage: {"seed": recipe.seed, "steps": recipe.steps} for stage, recipe in recipes.items()},
        "data": [
            {"file": Path(archive).name, "sha256": _sha256(data / Path(archive).relative_to(DATA))}
            for archive in sorted(trained_archives(recipes.values()))
        ],
    }
    _write_card(card)


def trained_words(recipes: Iterable[Recipe]) -> list[str]:
    """Returns all words of the recipes' classes and distractors, the simulator and the background."""
    words = set(background_words()).union(*CLASS_WORDS.values())
    for recipe in recipes:
        words |= set(recipe.distractors)
        for source in recipe.sources.values():
            words |= {*source.absent}.union(*source.settings.get("classes", {}).values())
    return sorted(words)


def trained_archives(recipes: Iterable[Recipe]) -> set[str]:
    """Returns every tar that a recipe's sources read, as the recipe names it."""
    settings = [source.settings for recipe in recipes for source in recipe.sources.values()]
    named = {values.get(key) for values in settings for key in ("path", "crowns")}
    return {path for path in named if isinstance(path, str) and path.endswith(".tar")}


def with_known_words(model: GeoLangBind, words: list[str]) -> GeoLangBind:
    """Returns a copy of a model that replaces unknown words by the nearest of these."""
    made = create_model(model.config.with_values(known_words=words))
    made.load_state_dict(model.state_dict(), strict=False)
    assert made.known_words is not None
    made.known_words.vectors.copy_(made.template_means(words))
    return made.eval()


def measure(data: Path) -> None:
    """Measure the embedded model on every benchmark whose data are here and write the figures on its card."""
    model = load_model("geolb-tiny")
    figures: dict[str, Any] = {}
    trained = trained_benchmarks("geolb-tiny")
    for name in present(data):
        figures[name] = run_benchmark(model, name, data, trained=trained)
        print(name, json.dumps(figures[name]), flush=True)
    card = json.loads((EMBEDDED / "card.json").read_text(encoding="utf-8"))
    card["figures"] = figures
    left_out = RUNS / "leave_one_out" / "leave_one_tile_out.json"
    if left_out.exists():
        card["leave_one_tile_out"] = json.loads(left_out.read_text(encoding="utf-8"))
    _write_card(card)


def _recipe(stage: str) -> Path:
    return ROOT / "training" / "recipes" / f"{stage}.yaml"


def _write_card(card: dict[str, Any]) -> None:
    (EMBEDDED / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    main()
