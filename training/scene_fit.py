"""Trains the head of whole images (scene head) on a frozen trunk.

python -m training.scene_fit training/recipes/geolb_tiny_scene.yaml --start runs/geolb_tiny -o runs/geolb_tiny_scene

The head reads channel statistics of the trunk's feature maps. Since the trunk is frozen, augmented chips are encoded
once and their statistics stored; the head is then trained for many epochs on them, which takes minutes on a CPU.
Stored statistics are reused, so that a stopped run resumes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.cli.console import ProgressLines
from core.context import Context
from core.errors import GeoLangBindError, TrainingError
from core.model import create_model, load_model
from core.model.geolangbind import GeoLangBind
from core.model.visual_tower import VisualTower
from core.model.weight_files import save_model
from core.pretrain.batch import Batch
from core.pretrain.objectives import pooled_losses
from core.pretrain.optimiser import make_optimiser, set_rates
from core.pretrain.recipe import Recipe, build_sources, read_recipe
from core.pretrain.siglip import ClassAwareSigLipLoss
from core.pretrain.sources.base import Source
from core.pretrain.state import load_state, save_state
from core.pretrain.texts import SourceTexts

VIEWS = {"eurosat": 560, "ucmerced": 260, "ucmerced_coarse": 260, "thermal": 60}
"""Number of batches of each source that are encoded."""
HEADS = ("visual.head.", "visual.scene.")
"""Prefixes of the names of the trained parameters."""
MIXED = 0.4
"""Parameter of the beta distribution that two images' statistics are mixed by (mixup, Zhang et al. 2018)."""
SAME_TRUNK = 0.01
"""Largest relative difference of statistics of the same trunk in half and in single precision."""
SAMPLES = 256
"""Images of each source in a step of the head."""


@dataclass(frozen=True)
class StoredStatistics:
    """Statistics of a source's augmented chips.

    Attributes:
        statistics: (N, S) float16, ``VisualTower.scene_statistics`` concatenated.
        targets: (N,) classes; None where images have captions.
        captions: a text for each image; empty where they have classes.
    """

    statistics: Tensor
    targets: Tensor | None
    captions: tuple[str, ...]


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.scene_fit", description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="folder of the model whose maps are trained")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the model with the fitted head")
    options = parser.parse_args(arguments)
    try:
        fit_scene(options.recipe, options.start, options.output, Context(progress=ProgressLines()))
    except GeoLangBindError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def fit_scene(
    recipe_path: Path, start: Path, output: Path, context: Context | None = None, data: Path | None = None
) -> None:
    """Fit ``visual.head`` and ``visual.scene`` of a model and write it.

    Args:
        recipe_path: its sources, steps, optimiser and objectives are used.
        start: folder of a model with a scene head.
        output: folder of the trained model; its folder ``statistics`` holds the stored statistics.
        context: reports the fraction of steps done; cancellation is checked between batches.
        data: folder of the data, where it is not what the recipe says.

    Raises:
        TrainingError: the recipe cannot be read, its data are missing, or the start has no scene head.
        OutputError: the disk is full or the folder cannot be written.
        CancelledError: the work was cancelled; the statistics of sources encoded so far are kept.
    """
    context = context or Context()
    recipe = read_recipe(recipe_path, data)
    model = load_model(str(start), device="cpu")
    if model.visual.scene is None:
        raise TrainingError(f"{start} has no scene head.", hint="Start from a model whose configuration has one.")
    model = with_fresh_scene(model.float(), recipe)
    sources = build_sources(recipe)
    (output / "statistics").mkdir(parents=True, exist_ok=True)
    stored = {
        name: _stored_statistics(
            model.visual, source, recipe.seed, VIEWS[name], output / "statistics" / f"{name}.pt", context
        )
        for name, source in sources.items()
    }
    fit_head(model, recipe, sources, stored, context)
    card = json.loads((start / "card.json").read_text(encoding="utf-8"))
    save_model(model.eval(), output, card, torch.float16)


def with_fresh_scene(model: GeoLangBind, recipe: Recipe) -> GeoLangBind:
    """Returns a copy of a model with untrained heads of whole images; the recipe configures the scene head."""
    torch.manual_seed(recipe.seed)
    made = create_model(model.config.with_values(**recipe.model))
    kept = {name: value for name, value in model.state_dict().items() if not name.startswith(HEADS)}
    made.load_state_dict({**made.state_dict(), **kept})
    return made.eval()


def fit_head(
    model: GeoLangBind,
    recipe: Recipe,
    sources: Mapping[str, Source],
    stored: Mapping[str, StoredStatistics],
    context: Context | None = None,
) -> None:
    """Train the pooling head and the scene head of a model on stored statistics, in place.

    Args:
        model: whose other parameters stay as they are.
        recipe: steps, optimiser, objectives and weights of the sources.
        sources: texts of the statistics' classes, by name.
        stored: statistics by source.
        context: reports the fraction of steps done; cancellation is checked between steps.

    Raises:
        CancelledError: the work was cancelled.
    """
    context = context or Context()
    torch.manual_seed(recipe.seed)
    model.requires_grad_(False)
    parts = {"head": model.visual.head, "scene": model.visual.scene}
    learning: dict[str, nn.Parameter] = {
        f"{part}.{name}": cast("nn.Parameter", value.requires_grad_())
        for part, module in parts.items()
        if module is not None
        for name, value in module.train().named_parameters()
    }
    optimiser = make_optimiser(learning, recipe.optimiser)
    texts = SourceTexts(model, sources)
    siglip = ClassAwareSigLipLoss(0, 1)
    # The scale that the maps' stage ended at is that of pixels, which are harder to tell apart.
    scale = torch.tensor(model.config.init_logit_scale)
    rng = np.random.default_rng(recipe.seed)
    for step in range(recipe.steps):
        context.raise_if_cancelled()
        set_rates(optimiser, step, recipe.steps, recipe.optimiser)
        total = torch.zeros(())
        for name, found in stored.items():
            one, other = (torch.from_numpy(rng.integers(len(found.statistics), size=SAMPLES)) for _ in range(2))
            share = float(rng.beta(MIXED, MIXED))
            mixed = share * found.statistics[one].float() + (1 - share) * found.statistics[other].float()
            pooled = vectors_of(model.visual, mixed)
            batch = _batch(sources[name], found, one, rng)
            for part, weight in ((batch, share), (_of(found, batch, other), 1 - share)):
                losses = pooled_losses(pooled, scale, model.logit_bias, part, texts.of(part), recipe.objectives, siglip)
                total = total + weight * recipe.sources[name].weight * torch.stack(list(losses.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if (step + 1) % 50 == 0:
            context.progress((step + 1) / recipe.steps, f"step {step + 1} of {recipe.steps}, loss {total.item():.3f}")


def vectors_of(tower: VisualTower, statistics: Tensor) -> Tensor:
    """Unit vectors (N, D) of whole images from statistics (N, S)."""
    sizes = [count for count in tower.scene_channels for _ in range(2)]
    parts = statistics.split(sizes, dim=1)
    return F.normalize(tower.from_statistics(parts, parts[0]), dim=-1)


@torch.no_grad()
def statistics_of(tower: VisualTower, images: Tensor, wavelengths_um: Tensor) -> Tensor:
    """Statistics (B, S) float16 of images (B, C, H, W) in model units."""
    found = tower.scene_statistics(*tower.trunk.forward_pyramid(tower.fitted(images), wavelengths_um))
    return torch.cat(found, dim=1).half()


def _stored_statistics(
    tower: VisualTower, source: Source, seed: int, batches: int, path: Path, context: Context
) -> StoredStatistics:
    """Encode batches of a source, or read what was encoded by the same trunk and seed."""
    first = _draw(source, seed, 0)
    check = statistics_of(tower, first.images, first.wavelengths_um)
    state = load_state(path)
    if state is None or state["batches"] != batches or not _alike(state["check"], check):
        statistics: list[Tensor] = []
        targets: list[Tensor] = []
        captions: list[str] = []
        for number in range(batches):
            context.raise_if_cancelled()
            batch = _draw(source, seed, number)
            statistics.append(statistics_of(tower, batch.images, batch.wavelengths_um))
            targets += [] if batch.targets is None else [batch.targets]
            captions += batch.captions or ()
            if (number + 1) % 20 == 0:
                context.progress(0.0, f"{source.name}: {number + 1} of {batches} batches encoded")
        state = {
            "batches": batches,
            "check": check,
            "statistics": torch.cat(statistics),
            "targets": torch.cat(targets) if targets else None,
            "captions": captions,
        }
        save_state(state, path)
    return StoredStatistics(state["statistics"], state["targets"], tuple(state["captions"]))


def _alike(one: Tensor, other: Tensor) -> bool:
    """Whether statistics are of the same trunk, in whatever precision its weights were stored."""
    return one.shape == other.shape and float((one - other).float().norm()) < SAME_TRUNK * float(one.float().norm())


def _draw(source: Source, seed: int, number: int) -> Batch:
    return source.batch(np.random.default_rng((seed, number)))


def _batch(source: Source, found: StoredStatistics, chosen: Tensor, rng: np.random.Generator) -> Batch:
    """Returns a batch of stored images with newly sampled words; its images are empty."""
    batch = Batch(source=source.name, images=torch.zeros(len(chosen), 0), wavelengths_um=torch.zeros(0))
    return _of(found, batch if found.targets is None else replace(batch, words=source.prompts.draw(rng)), chosen)


def _of(found: StoredStatistics, batch: Batch, chosen: Tensor) -> Batch:
    """Returns a batch with the classes or captions of other stored images."""
    if found.targets is None:
        return replace(batch, captions=tuple(found.captions[place] for place in chosen.tolist()))
    return replace(batch, targets=found.targets[chosen])


if __name__ == "__main__":
    sys.exit(main())
