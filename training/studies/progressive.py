"""Progressive training in small: one modality after another, with and without merging, with and without MaKA.

python -m training.studies.progressive --data ../shared/data --output runs/stages

Six modalities come in turn (training/recipes/stages_*.yaml). The running model learns each alone; what it has become is
either kept as it is, or folded into what it was (``core.train merge``, coefficient searched for on all modalities so
far). Teachers enter through their translators, or not at all. Every figure is the share of images of the test part
whose own caption is the nearest; the coefficient is chosen on other images, those of the validation part. Figures are
written after every stage, so that a stopped study goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import torch
import torch.nn.functional as F

from core.datasets.shards import ShardSet
from core.model import load_model
from core.model.checkpoint import save_model
from core.model.classical_teacher import ClassicalTeacher
from core.model.geolangbind import GeoLangBind
from core.train.command import start_model
from core.train.merge import MergeSettings, merge_models
from core.train.recipe import Recipe, read_recipe
from core.train.sources.shards import whole_image
from core.train.teaching import build_teachers, teacher_features
from core.train.trainer import Trainer
from core.train.validation import Measure, build_validations
from training.studies import stage_shards

RECIPES = Path(__file__).resolve().parents[1] / "recipes"
STAGES = ("colour", "multispectral", "radar", "infrared", "elevation", "hyperspectral")


def main() -> None:
    """Build the shards, train, merge and write ``progressive.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/stages"))
    parser.add_argument("--seed", type=int, help="of weights and batches; the recipe's own where left out")
    parser.add_argument(
        "--rate", type=float, default=1.0, help="times the recipes' learning rate after the first stage"
    )
    options = parser.parse_args()
    missing = [path for part in ("val", "test") for path in paths(STAGES, part).values() if not path.exists()]
    if missing:
        print(stage_shards.build(options.data, missing[0].parent), flush=True)
    results = options.output / "progressive.json"
    known: dict[str, dict[str, float]] = json.loads(results.read_text()) if results.exists() else {}

    def keep(name: str, figures: dict[str, float]) -> None:
        known[name] = figures
        results.write_text(json.dumps(known, indent=1), encoding="utf-8")
        print(name, {key: round(value, 3) for key, value in figures.items()}, flush=True)

    for maka in (True, False):
        suffix = "" if maka else " without MaKA"
        folder = options.output / ("maka" if maka else "plain")
        if f"colour{suffix}" not in known:
            recipe = stage("colour", maka, None, options.seed)
            keep(f"colour{suffix}", train(recipe, folder / "colour", STAGES[:1]))
    for merging in (True, False):
        running = options.output / "maka" / "colour"
        for number, name in enumerate(STAGES[1:], 2):
            label = f"{name} {'merged' if merging else 'kept as it is'}"
            folder = options.output / ("merging" if merging else "sequential") / name
            after = folder.with_name(f"{name}_merged") if merging else folder
            if label not in known:
                figures = train(stage(name, True, str(running), options.seed, options.rate), folder, STAGES[:number])
                if merging:
                    keep(f"{name} before merging", figures)
                    settings = MergeSettings(str(running), str(folder), after, search=True)
                    report = merge_models(settings, validations(STAGES[:number], "val"))
                    figures = measured(load_model(after, device="cpu", dtype="float32"), STAGES[:number])
                    figures |= {"coefficient": report.coefficient}
                keep(label, figures)
            running = after
    if "all at once" not in known:
        keep("all at once", train(stage("all", True, None, options.seed), options.output / "all", STAGES))


def stage(name: str, maka: bool, start: str | None, seed: int | None, rate: float = 1.0) -> Recipe:
    """Give a stage's recipe, with its teachers or without, from what was merged before, at a share of its rate."""
    recipe = read_recipe(RECIPES / f"stages_{name}.yaml")
    optimiser = dataclasses.replace(recipe.optimiser, learning_rate=rate * recipe.optimiser.learning_rate)
    recipe = dataclasses.replace(recipe, optimiser=optimiser)
    recipe = recipe if seed is None else dataclasses.replace(recipe, seed=seed)
    if start is not None:
        recipe = dataclasses.replace(recipe, start=start, model={})
    return recipe if maka else dataclasses.replace(recipe, teachers={})


def train(recipe: Recipe, folder: Path, seen: tuple[str, ...]) -> dict[str, float]:
    """Train a stage, keep the averaged model and measure it on the modalities so far and on what its tokens know."""
    torch.manual_seed(recipe.seed)
    teachers = build_teachers(recipe)
    model = start_model(recipe, teachers)
    asked = {name: teacher_features(teacher) for name, teacher in teachers.items()}
    trainer = Trainer(model, recipe, folder, teachers=asked)
    trainer.run()
    with trainer.averaged_model() as averaged:
        save_model(averaged, folder, {"name": recipe.name})
    return measured(load_model(folder, device="cpu", dtype="float32"), seen)


def measured(model: GeoLangBind, seen: tuple[str, ...]) -> dict[str, float]:
    """Measure captions of the modalities so far, and how much of texture and indices lies in the tokens."""
    with torch.no_grad():
        figures = {name: measure(model)["top1"] for name, measure in validations(seen, "test").items()}
        return figures | {"tokens": token_knowledge(model)}


def paths(seen: tuple[str, ...], part: str) -> dict[str, Path]:
    """Say where a part's shards of some modalities lie: beside those that the recipe validates on."""
    wanted = read_recipe(RECIPES / "stages_all.yaml").validate
    return {name: Path(wanted[name]["path"]).with_name(f"{name}_{part}.tar") for name in seen}


def validations(seen: tuple[str, ...], part: str) -> dict[str, Measure]:
    """Open a part of the modalities so far: ``val``, on which choices are made, or ``test``, which is reported."""
    wanted = read_recipe(RECIPES / "stages_all.yaml").validate
    return build_validations({name: wanted[name] | {"path": str(path)} for name, path in paths(seen, part).items()})


def token_knowledge(model: GeoLangBind, count: int = 120) -> float:
    """Give the share of variance of texture, edges and indices that a linear map reads off the tokens (R², held out).

    It is what the classical teacher teaches, read without its translator, on images that were not trained on.
    """
    samples = ShardSet(str(paths(("colour",), "test")["colour"]))
    size = int(model.config["image_size"])
    images = torch.stack([whole_image(samples.read(number).image, size) for number in range(count)])
    wavelengths_um = torch.tensor(stage_shards.RGB)
    tokens = model.encode_tokens(images, wavelengths_um)
    given = F.layer_norm(tokens.flatten(2).transpose(1, 2), tokens.shape[1:2])
    wanted = ClassicalTeacher(grid=tokens.shape[-1]).features(images, wavelengths_um)
    half = count // 2
    fit, test = (torch.cat([part.flatten(0, 1), torch.ones(part[..., 0].numel(), 1)], 1) for part in given.split(half))
    goal, truth = (part.flatten(0, 1) for part in wanted.split(half))
    weights = torch.linalg.solve(fit.T @ fit + 10.0 * torch.eye(fit.shape[1]), fit.T @ goal)
    unexplained = (test @ weights - truth).square().sum(0) / (truth - truth.mean(0)).square().sum(0).clamp_min(1e-6)
    varies = truth.var(0) > 1e-4
    return float((1 - unexplained[varies]).mean())


if __name__ == "__main__":
    main()
