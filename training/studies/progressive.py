"""Progressive training in small: one modality after another, with and without merging, with and without MaKA.

python -m training.studies.progressive --data ../shared/data --output runs/stages --seed 4

Colour comes first, from scratch: with all captions and with few, with the teacher through its MaKA translator and
without. Five modalities follow (training/recipes/stages_*.yaml). The running model is trained on each alone, at a small
rate; the result is kept, or merged into the running model (``core.train merge --search --stages``, on all modalities so
far). Where the teacher supports the bands, a model trained with it is measured, too. For comparison one model is
trained on all six at once, for as many steps. Figures are measured on test parts; coefficients are selected on
validation parts. Results are written at once, so that a stopped study resumes; ``--minutes`` stops it after a time.
``--tables`` prints the tables of several seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from core.cli.train import start_model
from core.model import load_model
from core.model.devices import choose_device
from core.model.geolangbind import GeoLangBind
from core.model.weight_files import save_model
from core.pretrain.caption_accuracy import CaptionedImages, balanced_accuracy, balanced_interval
from core.pretrain.progressive_merging import MergeSettings, merge_models
from core.pretrain.recipe import Recipe, read_recipe
from core.pretrain.recipe_teachers import build_teachers, teacher_features
from core.pretrain.trainer import Trainer
from core.pretrain.validation import Measure, build_validations
from training.studies import stage_shards
from training.studies.progressive_tables import tables

RECIPES = Path(__file__).resolve().parents[1] / "recipes"
STAGES = ("colour", "multispectral", "radar", "infrared", "elevation", "hyperspectral")
Figures = dict[str, Any]
Task = tuple[str, Callable[[], Figures]]


def main() -> None:
    """Build the shards, train, merge and write ``progressive.json``; or print the tables of what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/stages"))
    parser.add_argument("--seed", type=int, default=4, help="of weights and batches")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing new after so many")
    parser.add_argument("--tables", type=int, nargs="+", metavar="SEED", help="print the tables of these seeds")
    options = parser.parse_args()
    if options.tables:
        found = [json.loads(results_file(options.output, seed).read_text()) for seed in options.tables]
        print(tables(found, STAGES))
        return
    parts = [path for part in stage_shards.SPLITS for path in paths(STAGES, part).values()]
    if not all(path.exists() for path in (*parts, parts[0].with_name(stage_shards.LABELLED))):
        print(stage_shards.build(options.data, parts[0].parent), flush=True)
    file = results_file(options.output, options.seed)
    known: Figures = json.loads(file.read_text()) if file.exists() else {}
    begun = time.monotonic()
    for name, work in tasks(file.parent, options.seed):
        if name in known:
            continue
        if time.monotonic() - begun > 60 * options.minutes:
            print(f"Stopped before {name!r}; run it again to go on.")
            return
        known[name] = work()
        file.write_text(json.dumps(known, indent=1), encoding="utf-8")
        print(name, {key: value for key, value in known[name].items() if not isinstance(value, dict)}, flush=True)


def results_file(output: Path, seed: int) -> Path:
    """Returns the path of a seed's figures."""
    return output / f"seed_{seed}" / "progressive.json"


def tasks(folder: Path, seed: int) -> Iterator[Task]:
    """Returns the study's tasks in order, each by its name in the figures."""
    for name in ("colour", "colour_few"):
        for maka in (True, False):
            label = f"{name} {'with' if maka else 'without'} MaKA"
            yield label, functools.partial(train, stage(name, maka, None, seed), folder / _file(label), STAGES[:1])
    start = running = folder / _file("colour with MaKA")
    yield "colour, asked about all", functools.partial(measured, start, STAGES)
    for seen, name in _after_colour():
        labels = {kind: f"{name}, {kind}" for kind in ("newcomer", "newcomer with MaKA", "merged")}
        at = {kind: folder / _file(label) for kind, label in labels.items()}
        for kind, maka in (("newcomer", False), ("newcomer with MaKA", True)):
            recipe = stage(name, maka, str(running), seed)
            if recipe.teachers or not maka:
                yield labels[kind], functools.partial(train, recipe, at[kind], seen)
        yield labels["merged"], functools.partial(merge, running, at["newcomer"], at["merged"], seen)
        running = at["merged"]
    yield "all at once", functools.partial(train, stage("all", True, str(start), seed), folder / "all_at_once", STAGES)
    running = folder / _file(f"{STAGES[1]}, newcomer")
    for seen, name in _after_colour()[1:]:
        label = f"{name}, never merged"
        recipe = stage(name, False, str(running), seed)
        yield label, functools.partial(train, recipe, folder / _file(label), seen)
        running = folder / _file(label)


def _after_colour() -> list[tuple[tuple[str, ...], str]]:
    """Yields every later stage with the modalities seen by its end."""
    return [(STAGES[: number + 1], name) for number, name in enumerate(STAGES) if number]


def _file(label: str) -> str:
    return label.replace(",", "").replace(" ", "_")


def stage(name: str, maka: bool, start: str | None, seed: int) -> Recipe:
    """Returns a stage's recipe, from scratch or from a model that keeps its kernels of the modalities before.

    Without MaKA there is no teacher and no loss of teachers.
    """
    recipe = dataclasses.replace(read_recipe(RECIPES / f"stages_{name}.yaml"), seed=seed)
    if name in STAGES:
        known = tuple(stage_shards.MODALITIES[before][0] for before in STAGES[: STAGES.index(name)])
        recipe = dataclasses.replace(recipe, keep_kernels=known)
    if start is not None:
        recipe = dataclasses.replace(recipe, start=start, model={})
    if maka:
        return recipe
    captioned = {key: value for key, value in recipe.sources.items() if value.settings.get("captioned", True)}
    return dataclasses.replace(recipe, teachers={}, sources=captioned)


def train(recipe: Recipe, folder: Path, seen: tuple[str, ...]) -> Figures:
    """Train a stage, keep the averaged model and measure it on the modalities so far."""
    torch.manual_seed(recipe.seed)
    teachers = build_teachers(recipe)
    model = start_model(recipe, teachers)
    features = {name: teacher_features(teacher) for name, teacher in teachers.items()}
    trainer = Trainer(model, recipe, folder, teachers=features, bfloat16=choose_device("cpu").precision == "bf16")
    trainer.run()
    with trainer.averaged_model() as averaged:
        save_model(averaged, folder, {"name": recipe.name})
    return measured(folder, seen)


def merge(running: Path, newcomer: Path, folder: Path, seen: tuple[str, ...]) -> Figures:
    """Merge a newly trained model into the running one; coefficients are selected on validation data."""
    settings = MergeSettings(str(running), str(newcomer), folder, search=True, stages=True)
    report = merge_models(settings, validations(seen, "val"))
    shares = {part.stage: part.coefficient for part in report.stages if part.distance > 0}
    means = {
        name: sum(figures.values()) / len(figures)
        for name, figures in (("before", report.before), ("newcomer", report.newcomer), ("merged", report.merged))
    }
    return measured(folder, seen) | {"coefficient": report.coefficient, "shares": shares, "chosen on": means}


def measured(folder: Path, seen: tuple[str, ...]) -> Figures:
    """Measure caption retrieval on the test part: balanced accuracy with its interval, and top-1."""
    model = load_model(folder, device="cpu", dtype="float32")
    return {name: captions_found(model, name) for name in seen}


def captions_found(model: GeoLangBind, name: str) -> Figures:
    """Measure a model's caption accuracy on a modality, overall and by caption."""
    images = reported(name)
    nearest = images.nearest(model)
    right = nearest == images.truth
    return {
        "balanced": balanced_accuracy(images.truth, nearest),
        "interval": balanced_interval(images.truth, nearest),
        "top1": float(right.mean()),
        "captions": len(images.captions),
        "images": len(images.truth),
        "found": {text: float(right[images.truth == number].mean()) for number, text in enumerate(images.captions)},
    }


@functools.cache
def reported(name: str) -> CaptionedImages:
    """Open the test part of a modality."""
    wanted = read_recipe(RECIPES / "stages_all.yaml").validate[name]
    return CaptionedImages(str(paths((name,), "test")[name]), int(wanted["size"]))


def paths(seen: tuple[str, ...], part: str) -> dict[str, Path]:
    """Return the paths of a part's shards of some modalities: beside those that the recipe validates on."""
    wanted = read_recipe(RECIPES / "stages_all.yaml").validate
    return {name: Path(wanted[name]["path"]).with_name(f"{name}_{part}.tar") for name in seen}


def validations(seen: tuple[str, ...], part: str) -> dict[str, Measure]:
    """Open a part of the modalities so far: ``val`` for selection or ``test`` for reporting."""
    wanted = read_recipe(RECIPES / "stages_all.yaml").validate
    return build_validations({name: {**wanted[name], "path": str(path)} for name, path in paths(seen, part).items()})


if __name__ == "__main__":
    main()
