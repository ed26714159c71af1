"""Means over several benchmarks, the same sets for every model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tomllib

RESOURCES = Path(__file__).resolve().parents[2] / "resources"


@cache
def averages() -> dict[str, dict[str, Any]]:
    """Returns the description of every average by name: ``title`` and the benchmarks it is ``of``."""
    averaged: dict[str, dict[str, Any]] = tomllib.loads(
        (RESOURCES / "benchmarks.toml").read_text(encoding="utf-8")
    ).get("averages", {})
    return averaged


def published_means(entry: Mapping[str, Any], benchmarks: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Mean published figure in per cent of every model with one on all benchmarks of an average, or with that mean.

    Args:
        entry: with ``of``, names of benchmarks, and perhaps ``published``: means of models whose single figures are
            not here.
        benchmarks: descriptions by name.
    """
    tables = [benchmarks[name].get("published", {}) for name in entry["of"]]
    models = [model for model in tables[0] if all(model in table for table in tables)]
    means = {model: sum(table[model] for table in tables) / len(tables) for model in models}
    return {**means, **entry.get("published", {})}


def measured_averages(
    figures: Mapping[str, Mapping[str, Any]], benchmarks: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Means of the first measure over the benchmarks of every average all of which were run.

    Args:
        figures: results of ``run_benchmark`` by name.
        benchmarks: descriptions by name.

    Returns:
        By name of the average ``title`` and ``measures`` as of a benchmark, without an interval.
    """
    found = {}
    for name, entry in averages().items():
        if not all(part in figures for part in entry["of"]):
            continue
        first = [figures[part]["measures"][0] for part in entry["of"]]
        kinds = {measure["name"] for measure in first}
        value = sum(measure["value"] for measure in first) / len(first)
        published = {model: round(mean / 100, 6) for model, mean in published_means(entry, benchmarks).items()}
        label = f"mean {kinds.pop()}" if len(kinds) == 1 else "mean"
        measure = {"name": label, "value": value, "interval": None, "published": published}
        found[name] = {"title": entry["title"], "measures": [measure]}
    return found
