"""Progressive merging: merge one modality's weights into the running model by interpolation, stage by stage.

GeoLangBind trains modalities one after another and keeps what was learnt before by interpolating the weights. How
much of the newcomer a stage takes may differ: embeddings carry what is particular to a modality, later blocks what all
share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.errors import ModelError

Weights = Mapping[str, Tensor]

STAGES = ("embedding", "early", "middle", "late", "pooling", "dense", "translators", "text", "similarity")
"""Parts of a model that can take a coefficient of their own."""
_BLOCK = re.compile(r"visual\.trunk\.blocks\.(\d+)\.")


@dataclass(frozen=True)
class StageReport:
    """What merging did to one stage.

    Attributes:
        stage: one of STAGES.
        coefficient: share of the newcomer.
        parameters: numbers merged.
        distance: relative difference of the two models' weights, |new - base| / |base|.
    """

    stage: str
    coefficient: float
    parameters: int
    distance: float


@dataclass(frozen=True)
class Merged:
    """Merged weights and what happened to each stage."""

    weights: dict[str, Tensor]
    stages: tuple[StageReport, ...]


def stage_of(name: str, layers: int) -> str:
    """Name the stage a parameter belongs to.

    Args:
        name: key of the state dict.
        layers: number of transformer blocks, which are divided into early, middle and late thirds.
    """
    block = _BLOCK.match(name)
    if block:
        return ("early", "middle", "late")[min(int(block[1]) * 3 // max(layers, 1), 2)]
    if name.startswith(("visual.trunk.patch_embed.", "visual.trunk.pos_embed")):
        return "embedding"
    if name.startswith("visual."):
        return "pooling"
    head = name.split(".", 1)[0]
    return head if head in ("dense", "translators", "text") else "similarity"


def merge_weights(
    base: Weights, new: Weights, coefficient: float = 0.5, per_stage: Mapping[str, float] | None = None
) -> Merged:
    """Interpolate two models of the same architecture: (1 - c) * base + c * new.

    Args:
        base: the running model.
        new: the model trained on one more modality, from the same start.
        coefficient: share c of the newcomer, 0..1.
        per_stage: coefficients that differ, by stage.

    Raises:
        ModelError: the models differ in keys or shapes, or a coefficient or stage does not exist.
    """
    shares = dict.fromkeys(STAGES, coefficient) | dict(per_stage or {})
    unknown = sorted(set(shares) - set(STAGES))
    if unknown:
        raise ModelError(f"There is no stage {', '.join(unknown)} to merge.", hint=f"Stages are {', '.join(STAGES)}.")
    if any(not 0.0 <= share <= 1.0 for share in shares.values()):
        raise ModelError("A merging coefficient must lie between 0 (keep) and 1 (replace).")
    _refuse_different_models(base, new)
    layers = 1 + max((int(block[1]) for block in map(_BLOCK.match, base) if block), default=0)
    merged: dict[str, Tensor] = {}
    totals = {stage: [0.0, 0.0, 0.0] for stage in STAGES}
    for name, tensor in base.items():
        stage = stage_of(name, layers)
        merged[name] = torch.lerp(tensor, new[name], shares[stage]) if tensor.is_floating_point() else tensor.clone()
        total = totals[stage]
        total[0] += tensor.numel()
        total[1] += float((new[name].double() - tensor.double()).square().sum())
        total[2] += float(tensor.double().square().sum())
    reports = (
        StageReport(stage, shares[stage], int(count), (change / size) ** 0.5 if size else 0.0)
        for stage, (count, change, size) in totals.items()
        if count
    )
    return Merged(merged, tuple(reports))


def search_coefficient(
    base: Weights,
    new: Weights,
    score: Callable[[dict[str, Tensor]], float],
    coefficients: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
) -> tuple[float, dict[float, float]]:
    """Try coefficients on validation data, old and new modalities together, and give the best.

    Args:
        base: the running model.
        new: the newcomer.
        score: validation figure of merged weights, higher is better.
        coefficients: those to try; of equals the smaller, which forgets less, wins.

    Returns:
        The best coefficient and every coefficient's score.

    Raises:
        ModelError: as merge_weights.
    """
    scores = {share: score(merge_weights(base, new, share).weights) for share in coefficients}
    return max(scores, key=lambda share: (scores[share], -share)), scores


def search_stages(
    base: Weights,
    new: Weights,
    score: Callable[[dict[str, Tensor]], float],
    start: float,
    coefficients: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
) -> dict[str, float]:
    """Searches a coefficient per stage, from a common start, by coordinate-wise maximisation.

    Args:
        base: the running model.
        new: the newcomer.
        score: as for search_coefficient.
        start: the best coefficient for all stages alike.
        coefficients: those to try; of equals the one there was wins.

    Returns:
        Coefficients by stage, of the stages in which the models differ.

    Raises:
        ModelError: as merge_weights.
    """
    first = merge_weights(base, new, start)
    chosen = {report.stage: start for report in first.stages if report.distance > 0}
    best = score(first.weights)
    for stage in chosen:
        for share in coefficients:
            tried = score(merge_weights(base, new, start, chosen | {stage: share}).weights)
            if tried > best:
                best, chosen[stage] = tried, share
    return chosen


def _refuse_different_models(base: Weights, new: Weights) -> None:
    missing = sorted(base.keys() - new.keys())
    extra = sorted(new.keys() - base.keys())
    shapes = sorted(name for name in base.keys() & new.keys() if base[name].shape != new[name].shape)
    if missing or extra or shapes:
        names = ", ".join((missing + extra + shapes)[:4])
        raise ModelError(
            f"Models that are not built alike cannot be merged: {len(missing)} parts are only in the first, "
            f"{len(extra)} only in the second, {len(shapes)} differ in size ({names}).",
            hint="Merge models that were trained from the same start.",
        )
