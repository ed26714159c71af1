"""Training recipes: YAML files that describe model, sources, objectives and schedule of a run."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from core.errors import TrainingError
from core.pretrain.objectives import ObjectiveWeights
from core.pretrain.prompt_templates import prompt_templates_of
from core.pretrain.sources.base import Source
from core.pretrain.sources.registry import source_address, source_kinds

T = TypeVar("T")
DATA_FOLDER = Path("../shared/data")
"""Data folder of the recipes."""
FORMER_FIELDS = {"contest": "contrastive", "teach": "distil_chance"}
"""Fields of recipes of before December 2026, which are still read, and their present names."""


@dataclass(frozen=True)
class OptimiserSettings:
    """AdamW with linear warm-up and cosine decay to a tenth of a per cent.

    Attributes:
        learning_rate: at the end of the warm-up.
        generator_rate: factor of the learning rate for the weight generator, whose parameters affect all kernels.
        transformer_rate: factor of the learning rate for the trunk's blocks and the pooling: transformer blocks need a
            lower rate than convolutions with norms, and so do pretrained blocks.
        weight_decay: on matrices; norms, biases and scalars have none.
        warmup_steps: steps of the warm-up.
        clip: largest norm of the gradient.
        average: decay of the running average of the weights, which is saved.
    """

    learning_rate: float = 1e-3
    generator_rate: float = 0.2
    transformer_rate: float = 1.0
    weight_decay: float = 0.05
    warmup_steps: int = 200
    clip: float = 1.0
    average: float = 0.998


@dataclass(frozen=True)
class SourceSettings:
    """One part of the mixture.

    Attributes:
        kind: a registered kind of source, or "module:SourceClass:SettingsClass".
        weight: relative frequency of the source; where all sources are in every step, the weight of its losses.
        settings: the fields of its settings class.
        templates: sentences with ``{}``.
        absent: words for things absent from this source, beside the recipe's distractors.
        compatible: pairs of classes (keys of the settings' ``classes``) whose words may describe each other.
    """

    kind: str
    weight: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    templates: tuple[str, ...] = ("{}",)
    absent: tuple[str, ...] = ()
    compatible: tuple[Sequence[Any], ...] = ()


@dataclass(frozen=True)
class Recipe:
    """Settings of a run.

    Attributes:
        name: of the model.
        seed: of all random choices.
        steps: optimiser steps.
        model: configuration for ``create_model``; where ``start`` names a model, the parts to add to it.
        start: model or folder of the initial weights.
        words_of: model whose text tower, text space and templates are used; None for those of ``model`` or ``start``.
        learn: trainable parts, as prefixes of parameter names (``visual.scene``); empty for all. Frozen parts are in
            evaluation mode: norms keep their statistics.
        sources: the mixture, by name.
        together: whether every step has a batch of each source, rather than one of a random source. Models whose stem
            has norms over the batch need it: their statistics must be those of the whole mixture.
        accumulate: number of parts that a batch too large for memory is divided into; the contrastive loss is still
            over the whole batch.
        keep_kernels: band sets, as centre wavelengths in µm, whose generated kernels are regularised to the initial
            ones.
        distractors: words for things absent from sources that do not have them as classes.
        teachers: translator name to teacher settings.
        optimiser: see OptimiserSettings.
        objectives: see ObjectiveWeights.
        validate: named evaluations, run every ``validate_every`` steps; see ``core.evaluate``.
        validate_every: steps between them; 0 for only at the end.
        checkpoint_minutes: minutes between checkpoints.
        card: facts for the model's card: licence, data, notes.
    """

    name: str
    steps: int
    sources: Mapping[str, SourceSettings]
    together: bool = False
    accumulate: int = 1
    seed: int = 0
    model: Mapping[str, Any] = field(default_factory=dict)
    start: str | None = None
    words_of: str | None = None
    learn: tuple[str, ...] = ()
    keep_kernels: tuple[tuple[float, ...], ...] = ()
    distractors: tuple[str, ...] = ()
    teachers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    optimiser: OptimiserSettings = OptimiserSettings()
    objectives: ObjectiveWeights = field(default_factory=ObjectiveWeights)
    validate: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    validate_every: int = 0
    checkpoint_minutes: float = 3.0
    card: Mapping[str, Any] = field(default_factory=dict)


def read_recipe(path: Path, data: Path | None = None) -> Recipe:
    """Read a recipe file.

    A recipe that ``extends`` another (a path relative to it) is merged into it, entry by entry; null removes an entry.

    Args:
        path: of the recipe.
        data: folder of the data, in place of ``../shared/data``; None for that.

    Raises:
        TrainingError: it is missing, no YAML, or has a field that no recipe has.
    """
    content = _read_content(path)
    return parse_recipe(content if data is None else _with_data_in(content, data))


def _with_data_in(value: Any, folder: Path) -> Any:  # noqa: ANN401 - what YAML holds
    """Returns a recipe's content with all paths in DATA_FOLDER moved to another folder."""
    if isinstance(value, dict):
        return {name: _with_data_in(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_data_in(each, folder) for each in value]
    if isinstance(value, str) and Path(value).is_relative_to(DATA_FOLDER):
        return str(folder / Path(value).relative_to(DATA_FOLDER))
    return value


def _read_content(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    if path.resolve() in seen:
        raise TrainingError(f"The recipe {path} extends itself.", hint="Name another recipe under 'extends'.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"The recipe {path} does not exist.", hint="See training/recipes for examples.") from None
    except OSError as problem:
        raise TrainingError(f"The recipe {path} cannot be read ({problem.strerror}).", hint="Name a file.") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        line = str(problem).splitlines()[0]
        raise TrainingError(f"The recipe {path} is not valid YAML: {line}.", hint="Mend the line named.") from problem
    except RecursionError as problem:
        raise TrainingError(f"The recipe {path} is nested too deeply.", hint="See training/recipes.") from problem
    if not isinstance(content, dict):
        raise TrainingError(f"The recipe {path} holds no settings.", hint="See training/recipes for examples.")
    base = content.pop("extends", None)
    if base is None:
        return content
    return _laid_over(_read_content(path.parent / str(base), (*seen, path.resolve())), content)


def _laid_over(base: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in content.items():
        below = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict) and isinstance(below, dict):
            merged[name] = _laid_over(below, value)
        else:
            merged[name] = value
    return merged


def parse_recipe(content: Mapping[str, Any]) -> Recipe:
    """Build a recipe from plain data; raises TrainingError as read_recipe."""
    values = dict(content)
    sources = values.get("sources") or {}
    if not sources or not isinstance(sources, Mapping):
        raise TrainingError("The recipe names no source.", hint="Add at least one under 'sources'.")
    values["sources"] = {name: _build(SourceSettings, entry, f"source {name}") for name, entry in sources.items()}
    values["optimiser"] = _build(OptimiserSettings, values.get("optimiser") or {}, "optimiser")
    values["objectives"] = _build(ObjectiveWeights, values.get("objectives") or {}, "objectives")
    return _build(Recipe, values, "recipe")


def build_sources(recipe: Recipe) -> dict[str, Source]:
    """Open the sources of a recipe.

    Raises:
        TrainingError: a kind or field is unknown, or the data cannot be read.
    """
    return {name: _build_source(name, entry, recipe) for name, entry in recipe.sources.items()}


def _build_source(name: str, entry: SourceSettings, recipe: Recipe) -> Source:
    try:
        module_name, source_name, settings_name = source_address(entry.kind).split(":")
        module = importlib.import_module(module_name)
        source_class, settings_class = getattr(module, source_name), getattr(module, settings_name)
        if not hasattr(source_class, "batch") or not dataclasses.is_dataclass(settings_class):
            raise ValueError("no source of batches and its settings")
    except (ImportError, ValueError, AttributeError) as problem:
        raise TrainingError(
            f"Source {name}: there is no kind {entry.kind}.", hint=f"Choose one of {', '.join(source_kinds())}."
        ) from problem
    settings: Any = _build(cast("Any", settings_class), entry.settings, f"source {name}")
    classes = entry.settings.get("classes") or getattr(module, "CLASS_WORDS", {})
    compatible: frozenset[tuple[int, int]] = getattr(module, "COMPATIBLE", frozenset())
    if entry.compatible:
        compatible = compatible | _positions(name, entry, list(classes))
    absent = dict.fromkeys((*recipe.distractors, *entry.absent))
    prompts = prompt_templates_of(list(classes.values()), entry.templates, tuple(absent), compatible)
    return cast("Source", source_class(name, settings, prompts))


def _positions(name: str, entry: SourceSettings, classes: Sequence[Any]) -> frozenset[tuple[int, int]]:
    """Return the positions of the compatible pairs of classes of a source."""
    try:
        return frozenset((classes.index(one), classes.index(other)) for one, other in entry.compatible)
    except ValueError as problem:
        raise TrainingError(
            f"Source {name} calls a pair compatible that is no pair of its classes.", hint="Name keys of 'classes'."
        ) from problem


def _build(kind: type[T], values: Mapping[str, Any], place: str) -> T:
    if not isinstance(values, Mapping):
        raise TrainingError(f"The {place} is no table of settings.", hint="Compare it with training/recipes.")
    known = {item.name for item in dataclasses.fields(cast("Any", kind))}
    values = {name if name in known else FORMER_FIELDS.get(name, name): value for name, value in values.items()}
    unknown = sorted(set(values) - known)
    if unknown:
        raise TrainingError(
            f"The {place} has an unknown field {unknown[0]}.", hint=f"Known are {', '.join(sorted(known))}."
        )
    frozen = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return kind(**frozen)
    except TypeError as problem:
        raise TrainingError(f"The {place} lacks something: {problem}.") from problem
