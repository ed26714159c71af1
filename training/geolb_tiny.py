"""The embedded model from one command: training, the held-out figures, the card.

python -m training.geolb_tiny --data ../shared/data

First all of the model, then its scene head on what that has learnt. Stops and goes on: training resumes from its
checkpoint, and a finished run is not repeated.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from core.cli.train import train
from core.evaluate.benchmarks import present, run_benchmark
from core.model import load_model

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("geolb_tiny", "geolb_tiny_scene")
"""Recipes, and folders of their runs; each goes on from the one before."""
EMBEDDED = ROOT / "resources" / "models" / "geolb-tiny"


def main() -> None:
    """Train, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    trained = ROOT / "runs"
    for stage in STAGES:
        trained = ROOT / "runs" / stage
        if not (trained / "model.safetensors").exists():
            train(ROOT / "training" / "recipes" / f"{stage}.yaml", trained)
    EMBEDDED.mkdir(parents=True, exist_ok=True)
    for name in ("model.safetensors", "config.json", "card.json"):
        shutil.copyfile(trained / name, EMBEDDED / name)
    model = load_model("geolb-tiny")
    figures: dict[str, Any] = {}
    for name in present(options.data):
        figures[name] = run_benchmark(model, name, options.data)
        print(name, json.dumps(figures[name]), flush=True)
    left_out = ROOT / "runs" / "leave_one_out" / "leave_one_tile_out.json"
    if left_out.exists():
        figures["leave_one_tile_out"] = json.loads(left_out.read_text(encoding="utf-8"))
    card = json.loads((EMBEDDED / "card.json").read_text(encoding="utf-8"))
    card["figures"] = figures
    (EMBEDDED / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
