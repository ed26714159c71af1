"""Accuracy of prompt maps at the default threshold, their ranking (AUC) and calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluate.prompt_maps import score_words
from core.metrics.bootstrap import bootstrap_interval
from core.metrics.score_histogram import ScoreHistogram
from core.model.geolangbind import GeoLangBind

DEFAULT_THRESHOLD = 0.5


def prompt_figures(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Run a benchmark of kind ``prompts``.

    Args:
        model: in evaluation mode.
        entry: of ``resources/benchmarks.toml``; its ``parts`` are what ``core.evaluate.prompt_maps.score_words``
            reads, each with a ``name``. With ``calibration`` only what concerns the meaning of scores is measured.
        path: folder that the parts' paths are relative to, or the file that is the only part's own.

    Returns:
        ``measures``; the intersection over union at 0.5 by part; ``parts`` with every figure by part and word, among
        them the reliability table; ``absent``, parts whose data are not here.
    """
    folder = path if path.is_dir() else path.parent
    units: dict[str, dict[str, list[ScoreHistogram]]] = {}
    for part in entry["parts"]:
        if (folder / part["path"]).exists():
            units[part["name"]] = score_words(model, part, folder)
    described = {name: {word: figures_of(found) for word, found in words.items()} for name, words in units.items()}
    measures = _calibration(units) if entry.get("calibration") else _maps(units, entry.get("setting", ""))
    return {
        "measures": measures,
        **{name: next(iter(words.values()))["iou"] for name, words in described.items()},
        "parts": described,
        "absent": [part["name"] for part in entry["parts"] if part["name"] not in units],
    }


def figures_of(units: Sequence[ScoreHistogram]) -> dict[str, Any]:
    """Summarise the units of one word.

    Returns:
        ``iou`` at the default threshold, ``best_iou`` and its ``best_threshold``, ``auc``, ``calibration_error``,
        ``share`` of the pixels that are what was requested, and the ``reliability`` table.
    """
    total = ScoreHistogram.total(list(units))
    threshold, best = total.best
    positive, negative = int(total.positive.sum()), int(total.negative.sum())
    return {
        "iou": total.iou_at(DEFAULT_THRESHOLD),
        "best_iou": best,
        "best_threshold": threshold,
        "auc": total.auc,
        "calibration_error": total.calibration_error,
        "share": positive / max(1, positive + negative),
        "reliability": [vars(part) for part in total.reliability()],
    }


def _maps(units: Mapping[str, Mapping[str, Sequence[ScoreHistogram]]], setting: str) -> list[dict[str, Any]]:
    """Measure every part and word with intervals over its tiles or blocks."""
    measures = []
    for name, words in units.items():
        for word, found in words.items():
            about = f"{name}, '{word}'"
            measures += [
                _measure(f"IoU at 0.5, {about} ({setting})", _iou, found),
                _measure(f"IoU at its best threshold, {about}", lambda total: total.best[1], found),
                _measure(f"AUC, {about}", lambda total: total.auc, found),
            ]
    return measures


def _calibration(units: Mapping[str, Mapping[str, Sequence[ScoreHistogram]]]) -> list[dict[str, Any]]:
    """Calibration error over all parts and words, then for each."""
    single, errors, ratios = [], [], []
    for name, words in units.items():
        for word, found in words.items():
            if not any(unit.positive.sum() for unit in found):
                continue
            ratio = _measure(f"IoU at 0.5 / best, {name}, '{word}'", _ratio, found)
            error = _measure(f"calibration error, {name}, '{word}'", lambda total: total.calibration_error, found)
            single += [ratio, error]
            ratios.append(ratio["value"])
            errors.append(error["value"])
    if not single:
        return []
    overall = (("IoU at 0.5 / best, mean", ratios), ("expected calibration error, mean", errors))
    return [_mean(name, np.array(values)) for name, values in overall] + single


def _iou(total: ScoreHistogram) -> float:
    return total.iou_at(DEFAULT_THRESHOLD)


def _ratio(total: ScoreHistogram) -> float:
    best = total.best[1]
    return total.iou_at(DEFAULT_THRESHOLD) / best if best > 0 else float("nan")


def _measure(name: str, figure: Callable[[ScoreHistogram], float], units: Sequence[ScoreHistogram]) -> dict[str, Any]:
    positive, negative = (np.stack([getattr(unit, kind) for unit in units]) for kind in ("positive", "negative"))

    def of(chosen: NDArray[np.int64]) -> float:
        return figure(ScoreHistogram(positive[chosen].sum(0), negative[chosen].sum(0)))

    return {
        "name": name,
        "value": of(np.arange(len(units))),
        "interval": bootstrap_interval(of, len(units), draws=300),
    } | {"published": {}}


def _mean(name: str, values: NDArray[np.float64]) -> dict[str, Any]:
    interval = bootstrap_interval(lambda chosen: float(np.nanmean(values[chosen])), len(values))
    return {"name": name, "value": float(np.nanmean(values)), "interval": interval, "published": {}}
