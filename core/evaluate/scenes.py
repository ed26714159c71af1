"""Measures on unlabelled scenes, from the maps that ``core highlight`` writes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from core.context import Context
from core.model.geolangbind import GeoLangBind
from core.model.model_cache import ModelCache
from core.protocol import HighlightParams, Source
from core.raster.reader import open_raster

SYNONYMS = ("trees", "woodland", "forest")
UNRELATED = ("airplane", "snow", "town")
SAMPLE = 200_000


def synonym_agreement(model: GeoLangBind, path: Path) -> dict[str, Any]:
    """Returns Spearman's correlation between the maps of synonyms, and between "trees" and unrelated words."""
    scores = prompt_scores(model, path, (*SYNONYMS, *UNRELATED), None)
    valid = np.isfinite(scores).all(0)
    chosen = np.random.default_rng(0).choice(int(valid.sum()), min(SAMPLE, int(valid.sum())), replace=False)
    samples = scores[:, valid][:, chosen]
    correlation = cast("NDArray[np.float64]", spearmanr(samples, axis=1).statistic)
    count = len(SYNONYMS)
    return {
        **{
            f"{SYNONYMS[one]} ~ {SYNONYMS[other]}": float(correlation[one, other])
            for one in range(count)
            for other in range(one + 1, count)
        },
        **{f"{SYNONYMS[0]} ~ {word}": float(correlation[0, count + place]) for place, word in enumerate(UNRELATED)},
    }


def prompt_scores(
    model: GeoLangBind, path: Path, prompts: Sequence[str], bands: tuple[int, ...] | None
) -> NDArray[np.float32]:
    """Highlight a scene and read the result back: (prompts, H, W), NaN where there are no data."""
    from core.tasks import highlight

    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "scores.tif")
        highlight.run(
            HighlightParams(Source(str(path), bands=bands), tuple(prompts), output, cache=False),
            Context(models=ModelCache(load=lambda name, device: model)),
        )
        with open_raster(output) as raster:
            values, _ = raster.read(raster.grid.window)
    return values.astype(np.float32)
