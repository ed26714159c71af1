"""Score rasters: one band of scores for each prompt, from blocks of log-odds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.metrics.score_split import LogOddsCounts, ScoreSplit
from core.raster.pixel_window import PixelWindow
from core.raster.writer import write_cog
from core.tasks.blocks import ScoredBlock, sigmoid
from core.tasks.scene import Scene


def write_scores(
    output: str, scene: Scene, found: Iterator[ScoredBlock], names: Sequence[str], tags: dict[str, str]
) -> list[ScoreSplit]:
    """Write scores as float32 from 0 to 1, NaN where there are no data.

    Args:
        output: GeoTIFF to write.
        scene: gives the grid and the source files.
        found: log-odds (N, h, w) and valid (h, w) of every block.
        names: of the N bands.
        tags: provenance tags.

    Returns:
        How the scores of each band split into two groups.

    Raises:
        OutputError: the file cannot be written.
    """
    counts = LogOddsCounts(len(names))

    def blocks() -> Iterator[tuple[PixelWindow, NDArray[np.float32]]]:
        for place, logits, valid in found:
            counts.add(logits, valid)
            yield place, np.where(valid, sigmoid(logits), np.float32(np.nan))

    write_cog(
        output,
        scene.grid,
        "float32",
        float("nan"),
        blocks(),
        band_names=names,
        tags=tags,
        sources=scene.raster.info.files,
    )
    return counts.splits()
