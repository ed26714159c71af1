"""Named benchmarks: what ``resources/benchmarks.toml`` describes, run on a model with one call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tomllib
import torch

from core.datasets.archive import read_members
from core.datasets.chips import decode_rgb, read_chips
from core.datasets.labelled_tiles import read_labelled_tiles
from core.errors import UsageError
from core.evaluate.parsing import parse_tiles
from core.evaluate.retrieval import recall_at
from core.evaluate.scenes import synonym_agreement, water_agreement
from core.evaluate.zero_shot import embed_chips, zero_shot_classification
from core.model.geolangbind import GeoLangBind

RESOURCES = Path(__file__).resolve().parents[2] / "resources"


@cache
def benchmarks() -> dict[str, dict[str, Any]]:
    """Give the description of every benchmark by name."""
    return tomllib.loads((RESOURCES / "benchmarks.toml").read_text(encoding="utf-8"))


def run_benchmark(model: GeoLangBind, name: str, data: Path) -> dict[str, Any]:
    """Run one benchmark.

    Args:
        model: in evaluation mode.
        name: in ``resources/benchmarks.toml``.
        data: folder that holds the benchmark's ``path``.

    Returns:
        Figures by name; shares are 0..1, with 95 % intervals where they can be had.

    Raises:
        UsageError: there is no such benchmark.
        InputError: its data are missing or damaged.
    """
    if name not in benchmarks():
        raise UsageError(f"There is no benchmark {name}.", hint=f"Choose one of {', '.join(benchmarks())}.")
    entry = benchmarks()[name]
    return _RUNNERS[entry["kind"]](model, entry, data / entry["path"])


def _chips(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    chips = read_chips(path, entry["size"])
    score = zero_shot_classification(model, chips, [entry["classes"][name] for name in chips.class_names])
    return {
        "top1": score.top1,
        "interval": score.interval(chips.targets),
        "images": len(chips),
        "per_class": score.per_class,
        "published": dict(entry.get("published", {})),
    }


def _tiles(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    tiles = read_labelled_tiles(path, lambda stem: stem.startswith(tuple(entry["names"])))
    score = parse_tiles(model, tiles, [int(code) for code in entry["classes"]], list(entry["classes"].values()))
    return {"mean_iou": score.mean_iou, "iou": score.iou, "accuracy": score.accuracy, "tiles": len(tiles)}


def _retrieval(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    members = dict(read_members(path, (".jpg", ".json")))
    captions: dict[str, list[str]] = json.loads(members["captions.json"])
    names = sorted(captions)
    images = embed_chips(model, np.stack([decode_rgb(members[name], entry["size"]) for name in names]))
    texts = [text for name in names for text in captions[name]]
    owner = torch.tensor([index for index, name in enumerate(names) for _ in captions[name]])
    with torch.inference_mode():
        vectors = model.encode_text(texts, normalize=True)
    return {**recall_at(images, vectors, owner.to(images.device)), "images": len(names), "captions": len(texts)}


def _water(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    return water_agreement(model, path)


def _synonyms(model: GeoLangBind, entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    return synonym_agreement(model, path)


_RUNNERS = {"chips": _chips, "tiles": _tiles, "retrieval": _retrieval, "water": _water, "synonyms": _synonyms}
