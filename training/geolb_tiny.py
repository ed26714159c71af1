"""The embedded model from one command: its start, training, the held-out figures, the card.

python -m training.geolb_tiny --data ../shared/data

The trunk begins with published ImageNet weights. Two stages follow, each with the trunk as it is: what an image shows
as a whole, then the maps. Stops and goes on: training resumes from its checkpoint, a finished stage is not repeated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from core.cli.train import train
from core.evaluate.benchmarks import present, run_benchmark
from core.evaluate.trained_classes import trained_benchmarks
from core.model import load_model
from core.pretrain.recipe import read_recipe
from training.efficientnet_start import make_start
from training.teachers.files import fetch_teacher_files
from training.teachers.scenes import prepare

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs"
STAGES = ("geolb_tiny_scene", "geolb_tiny")
"""Recipes, and folders of their runs; each goes on from the one before."""
EMBEDDED = ROOT / "resources" / "models" / "geolb-tiny"


def main() -> None:
    """Train, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
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
    trained = start
    for stage in STAGES:
        trained = RUNS / stage
        if not (trained / "model.safetensors").exists():
            train(ROOT / "training" / "recipes" / f"{stage}.yaml", trained, data=data)
    return trained


def embed(trained: Path, data: Path) -> None:
    """Copy the trained model to where the package carries it; its card says what it was trained by."""
    EMBEDDED.mkdir(parents=True, exist_ok=True)
    for name in ("model.safetensors", "config.json", "card.json"):
        shutil.copyfile(trained / name, EMBEDDED / name)
    card = json.loads((EMBEDDED / "card.json").read_text(encoding="utf-8"))
    recipes = {stage: read_recipe(ROOT / "training" / "recipes" / f"{stage}.yaml") for stage in STAGES}
    card["training"] = {
        "stages": {stage: {"seed": recipe.seed, "steps": recipe.steps} for stage, recipe in recipes.items()},
        "data": [
            {"file": path.name, "sha256": _sha256(path)}
            for path in sorted(data.glob("*.tar"))
            if "eval_only" not in path.name
        ],
    }
    _write_card(card)


def measure(data: Path) -> None:
    """Measure the embedded model on every benchmark whose data are here and write the figures on its card."""
    model = load_model("geolb-tiny")
    figures: dict[str, Any] = {}
    trained = trained_benchmarks("geolb-tiny")
    for name in present(data):
        figures[name] = run_benchmark(model, name, data, trained=trained)
        print(name, json.dumps(figures[name]), flush=True)
    left_out = RUNS / "leave_one_out" / "leave_one_tile_out.json"
    if left_out.exists():
        figures["leave_one_tile_out"] = json.loads(left_out.read_text(encoding="utf-8"))
    card = json.loads((EMBEDDED / "card.json").read_text(encoding="utf-8"))
    card["figures"] = figures
    _write_card(card)


def _write_card(card: dict[str, Any]) -> None:
    (EMBEDDED / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    main()
