"""Change between two years of embeddings: angles between vectors, or class transitions of a trained head."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from core.context import Context
from core.embeddings.pixels import EmbeddingPixels, Vectors
from core.errors import InputError, UsageError
from core.model.zoo import DEFAULT_MODEL
from core.protocol import ChangeParams
from core.raster.areas import AreaTally
from core.raster.failures import without_password
from core.raster.pixel_window import PixelWindow
from core.raster.writer import write_cog
from core.spectral.embeddings import unit_length
from core.tasks.coregistration import Registration
from core.tasks.of_embeddings.classify import head_for, scheme_of_head
from core.tasks.outputs import provenance_of
from core.tasks.scene_pair import ScenePair
from core.tasks.transition_map import PairBlock, write_transition_map

BAND = "change (1 - cosine)"
BINS = 2000
"""Number of bins of the histogram, from 0 to 2, that the threshold is computed from."""
NOT_MEASURED = Registration(
    None,
    None,
    False,
    "Whether both dates lie on each other was not measured: embeddings are compared as they lie.",
    False,
)

VectorBlock = tuple[PixelWindow, Vectors, Vectors, NDArray[np.bool_]]
"""Where in the result, unit vectors of both dates (D, h, w), valid at both (h, w)."""


def change(params: ChangeParams, pair: ScenePair, context: Context) -> dict[str, Any]:
    """Compare two years of embeddings.

    Without a head that ``params.model`` names, the result has one band: 1 - cosine of the angle between both vectors, 0
    where nothing changed. With a head it has the transition and both classes, as for images.

    Returns:
        The result of ``core.tasks.change.run``, with ``change`` {threshold, pixels, hectares} in place of prompts.

    Raises:
        UsageError: prompts or a class scheme are given.
        InputError: no pixel has data in both years.
        ModelError: the head cannot be used.
    """
    title = pair.before.recognition.title
    if params.prompts or params.classes is not None:
        raise UsageError(
            f"Both dates hold {title}, which words cannot be compared with.",
            hint="Leave the words out for how much every pixel changed, or name a head trained on them with --model.",
        )
    registration = {"registration": NOT_MEASURED.to_json()}
    if params.model == DEFAULT_MODEL:
        return {**registration, "model": pair.before.recognition.sensor, "change": _write_angles(params, pair, context)}
    head = head_for(params.model, pair.before)
    scheme = scheme_of_head(head)
    found: Iterator[PairBlock] = (
        (place, head.logits(first), head.logits(second), valid)
        for place, first, second, valid in _blocks(pair, context)
    )
    tags = _tags(pair, head.name, head.sha256, CLASS_SCHEME=scheme.name)
    return {**registration, "scheme": scheme.name, **write_transition_map(params, pair, scheme, found, tags)}


def _blocks(pair: ScenePair, context: Context) -> Iterator[VectorBlock]:
    """Read the common part by block; the second year is resampled to the grid of the first.

    Raises:
        InputError: no pixel has data in both years.
    """
    first, second = (EmbeddingPixels(scene.raster, scene.recognition) for scene in (pair.before, pair.after))
    window = pair.before.window
    seen = done = 0
    for block, vectors, valid in first.blocks(window):
        context.raise_if_cancelled()
        later, known = pair.after_on_before(block, second.read)
        if len(later) != len(vectors):  # beyond the end of the second year
            later = np.zeros_like(vectors)
        later, known = unit_length(later, known)
        place = PixelWindow(block.col - window.col, block.row - window.row, block.width, block.height)
        both = valid & known
        yield place, vectors, later, both
        seen, done = seen + int(both.sum()), done + valid.size
        context.progress(done / (window.width * window.height), "Comparing two dates")
    if not seen:
        raise InputError("No pixel has data in both years.", hint="Give two years of one place.")


def _write_angles(params: ChangeParams, pair: ScenePair, context: Context) -> dict[str, Any]:
    """Write 1 - cosine of every pixel, and return the threshold of change and the changed area."""
    grid = pair.before.grid
    tally = AreaTally(grid)

    def blocks() -> Iterator[tuple[PixelWindow, NDArray[np.float32]]]:
        for place, first, second, valid in _blocks(pair, context):
            turned = np.clip(1.0 - np.einsum("dhw,dhw->hw", first, second), 0.0, 2.0).astype(np.float32)
            bins = np.minimum((turned * (BINS / 2)).astype(np.int64), BINS - 1)
            tally.add(place, bins, valid)
            yield place, np.where(valid, turned, np.float32(np.nan))[None]

    write_cog(
        params.output,
        grid,
        "float32",
        math.nan,
        blocks(),
        band_names=(BAND,),
        tags=_tags(pair, str(pair.before.recognition.sensor), ""),
        sources=pair.files,
    )
    threshold, above = _divided(np.array([tally.pixels(bin_) for bin_ in range(BINS)]))
    changed = tally.areas(np.flatnonzero(above).tolist())
    hectares = sum(area.hectares for area in changed) if tally.knows_hectares else None
    return {
        "threshold": round(threshold, 4),
        "pixels": sum(area.pixels for area in changed),
        "hectares": None if hectares is None else round(hectares, 4),
    }


def _divided(counts: NDArray[np.int64]) -> tuple[float, NDArray[np.bool_]]:
    """Return where a histogram of 0 to 2 divides best by Otsu (1979), in the middle of the gap, and the bins above."""
    edges = np.linspace(0.0, 2.0, BINS + 1)
    (filled,) = np.nonzero(counts)
    if len(filled) < 2:
        return float(edges[filled[-1] + 1]), np.zeros(BINS, bool)
    lower = int(np.searchsorted(edges, threshold_otsu(hist=(counts.astype(float), (edges[:-1] + edges[1:]) / 2)))) - 1
    upper = int(filled[filled > lower][0]) if (filled > lower).any() else lower + 1
    return float(edges[lower + 1] + edges[upper]) / 2, np.arange(BINS) > lower


def _tags(pair: ScenePair, name: str, sha256: str, **more: str) -> dict[str, str]:
    after = Path(without_password(pair.after.raster.info.path)).name
    return provenance_of(name, sha256, pair.before, AFTER=after, REGISTRATION=NOT_MEASURED.sentence, **more)
