"""Class transition maps between two dates, with their legend."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassScheme
from core.protocol import ChangeParams
from core.raster.areas import AreaTally
from core.raster.pixel_window import PixelWindow
from core.raster.reader import open_raster
from core.raster.staging import GEOTIFF, staging
from core.raster.writer import write_cog
from core.tasks.blocks import softmax
from core.tasks.scene_pair import ScenePair
from core.tasks.transitions import NODATA, Transition, decide, transitions, write_transitions

PairBlock = tuple[PixelWindow, NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]
"""Where in the result, log-odds or logits of both dates (N, h, w), valid at both (h, w)."""
BANDS = ("change", "before", "after")


def write_transition_map(
    params: ChangeParams, pair: ScenePair, scheme: ClassScheme, found: Iterator[PairBlock], tags: dict[str, str]
) -> dict[str, Any]:
    """Write three bands: the transition, and both classes; the legend holds the transitions that occur.

    Args:
        params: the output's path, and the margin of ``decide``.
        pair: the two dates.
        scheme: the classes.
        found: logits of both dates.
        tags: provenance.

    Returns:
        transitions: one row each, see ``core.tasks.change.run``.
    """
    grid = pair.before.grid
    count = len(scheme.classes)
    kind = "uint8" if count**2 < 256 else "uint16"
    codes = np.array(scheme.codes)
    tally = AreaTally(grid)

    def decided() -> Iterator[tuple[PixelWindow, NDArray[np.uint16]]]:
        for place, first, second, valid in found:
            old, new = decide(softmax(first), softmax(second), params.margin)
            transition = np.where(valid, 1 + old * count + new, NODATA)
            tally.add(place, transition, valid)
            yield place, transition[None].astype(np.uint16)

    with staging(params.output, GEOTIFF, pair.files) as folder:
        # The legend is known only when all is decided, so the decisions wait in a file.
        waiting = write_cog(folder / "decided.tif", grid, kind, NODATA, decided(), ("transition",))
        changed = transitions(tally, scheme)

        def finished() -> Iterator[tuple[PixelWindow, NDArray[np.uint16]]]:
            with open_raster(waiting) as reader:
                for block in grid.window.blocks(1024, 1024):
                    transition = reader.read(block, (1,))[0][0].astype(np.int64)
                    old, new = np.divmod(np.maximum(transition - 1, 0), count)
                    known = transition != NODATA
                    # 0 may be a class of the scheme: what both class bands say without data is the map's nodata.
                    classes = [np.where(known, codes[position], NODATA) for position in (old, new)]
                    yield block, np.stack([transition, *classes]).astype(np.uint16)

        made = folder / Path(params.output).name
        write_cog(
            made,
            grid,
            kind,
            NODATA,
            finished(),
            BANDS,
            tags=tags,
            colormap={item.code: item.colour for item in changed},
            category_names={item.code: item.name for item in changed},
        )
        waiting.unlink()
    if params.areas is not None:
        write_transitions(params.areas, changed)
    return {"transitions": [_row(item) for item in changed]}


def _row(item: Transition) -> dict[str, Any]:
    return {
        "code": item.code,
        "before": item.before.name,
        "after": item.after.name,
        "name": item.name,
        "colour": "#{:02x}{:02x}{:02x}".format(*item.colour),
        "pixels": item.pixels,
        "hectares": None if math.isnan(item.hectares) else round(item.hectares, 4),
    }
