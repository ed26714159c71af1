"""Progressive merging: interpolates a further-trained model into the running one and measures both on all validations.

A run over several modalities alternates: the running model is fine-tuned on one more modality, and the result merged
by interpolation. Earlier modalities are measured before and after, and the coefficient can be searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean

import torch
from torch import Tensor

from core.errors import TrainingError
from core.model import create_model, load_model
from core.model.geolangbind import GeoLangBind
from core.model.merging import StageReport, merge_weights, search_coefficient, search_stages
from core.model.weight_files import save_model

Measure = Callable[[GeoLangBind], dict[str, float]]
Figures = dict[str, float]
"""The main figure of every validation, by its name."""
LEAST = 0.01
"""Lower limit of a figure in a search."""


@dataclass(frozen=True)
class MergeSettings:
    """Models and coefficients of a merge.

    Attributes:
        base: the running model: name, file or folder.
        new: the model trained on one more modality from it.
        output: folder of the result.
        coefficient: share of the new model where none is searched for.
        per_stage: shares of some stages that differ; see ``core.model.merging.STAGES``.
        search: whether to search for the share with the best validations.
        stages: whether to search for a share of each stage, too.
    """

    base: str
    new: str
    output: Path
    coefficient: float = 0.5
    per_stage: Mapping[str, float] | None = None
    search: bool = False
    stages: bool = False


@dataclass(frozen=True)
class MergeReport:
    """Result of a merge.

    Attributes:
        coefficient: share of the new model.
        stages: share of each stage.
        before: figures of the running model.
        newcomer: figures of the new model.
        merged: figures of the result.
        tried: score by coefficient, where one was searched for.
    """

    coefficient: float
    stages: tuple[StageReport, ...]
    before: Figures
    newcomer: Figures
    merged: Figures
    tried: dict[float, float]


def merge_models(settings: MergeSettings, validations: Mapping[str, Measure]) -> MergeReport:
    """Merge two models into a folder that the zoo lists.

    A search maximises the geometric mean of the validations' main figures, the first that each gives. Scales cancel
    in it: halving one figure is compensated only by doubling another, so that no modality is given up for small gains
    elsewhere.

    Args:
        settings: models and coefficients.
        validations: of earlier and new modalities; may be empty without a search.

    Raises:
        TrainingError: a search without validations.
        ModelError: a model cannot be loaded or they are not built alike.
        OutputError: the folder cannot be written.
    """
    if (settings.search or settings.stages) and not validations:
        raise TrainingError(
            "A coefficient cannot be searched for without validations.",
            hint="Name a recipe whose 'validate' covers what was learnt before and what is new.",
        )
    base, new = (load_model(name, device="cpu", dtype="float32") for name in (settings.base, settings.new))
    translators = {**(new.config.translators or {}), **(base.config.translators or {})}
    merged = create_model(base.config.with_values(translators=translators or None)).eval()
    old_weights, new_weights = _with_all_translators(base.state_dict(), new.state_dict())
    before, newcomer = _figures(base, validations), _figures(new, validations)

    def score(weights: Mapping[str, Tensor]) -> float:
        merged.load_state_dict(weights)
        return geometric_mean(max(value, LEAST) for value in _figures(merged, validations).values())

    coefficient, per_stage = settings.coefficient, dict(settings.per_stage or {})
    tried: dict[float, float] = {}
    if settings.search or settings.stages:
        coefficient, tried = search_coefficient(old_weights, new_weights, score)
    if settings.stages:
        per_stage = search_stages(old_weights, new_weights, score, coefficient)
    result = merge_weights(old_weights, new_weights, coefficient, per_stage)
    merged.load_state_dict(result.weights)
    report = MergeReport(coefficient, result.stages, before, newcomer, _figures(merged, validations), tried)
    save_model(merged, settings.output, _card(settings, base, new, report), torch.float16)
    return report


def _with_all_translators(
    base: Mapping[str, Tensor], new: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Returns both models' weights, translators of one copied to the other where it lacks them."""

    def lent(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: value for name, value in weights.items() if name.startswith("translators.")}

    return lent(new) | dict(base), lent(base) | dict(new)


def _figures(model: GeoLangBind, validations: Mapping[str, Measure]) -> Figures:
    with torch.no_grad():
        return {name: next(iter(measure(model).values())) for name, measure in validations.items()}


def _card(settings: MergeSettings, base: GeoLangBind, new: GeoLangBind, report: MergeReport) -> dict[str, object]:
    return {
        "name": settings.output.name,
        "title": settings.output.name,
        "figures": report.merged,
        "merged_from": [
            {"model": settings.base, "hash": base.model_hash, "figures": report.before},
            {"model": settings.new, "hash": new.model_hash, "figures": report.newcomer},
        ],
        "coefficients": {stage.stage: stage.coefficient for stage in report.stages},
    }
