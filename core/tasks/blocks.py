"""Block-wise processing of a scene with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.context import Context
from core.dense.features import in_strips
from core.dense.pixels import PixelScores
from core.errors import InputError
from core.heap import HEAP
from core.raster.pixel_window import PixelWindow
from core.tasks.regions import snap_to_regions
from core.tasks.scene import Scene
from core.torch_threads import one_torch_thread

ScoredBlock = tuple[PixelWindow, NDArray[np.float32], NDArray[np.bool_]]
"""Where in the result, scores (N, h, w), valid (h, w)."""

AT_ONCE = 8
"""Blocks whose features are computed together."""

MODEL_SHARE = 0.9
"""The model's share of the time for blocks whose features are missing; the rest is scoring."""

SCORED = 0.97
"""Progress when all blocks are scored; finishing the file is the rest."""

STEPS = 4096.0
"""Scores are rounded to this many steps, which are not visible; files shrink by half."""


def scored_blocks(
    scores: PixelScores, scene: Scene, context: Context, *, message: str, snap: bool = False
) -> Iterator[ScoredBlock]:
    """Score the scene's window, in blocks that follow the chunks of the features.

    Args:
        scores: gives the scores of pixels.
        scene: what is requested.
        context: progress is reported at the start, after every chunk that the model has done and after every block, as
            a share of the work; cancellation is checked before every block.
        message: of the progress.
        snap: whether to average scores over regions of like colour.

    Raises:
        InputError: no pixel of the window has data.
        CancelledError: the work was cancelled.
    """
    blocks = list(_blocks(scores, scene.window))
    if not snap:  # regions are found in whole chunks, whatever part of them is requested
        scores.restrict_to(scene.window)
    seen_data = False

    # All of it in one thread: torch gives every thread a team of its own, and two teams on the same cores wait for
    # each other. What can go on beside it, reading and writing, does (core/raster/ahead.py). Scoring a block needs
    # no team: waking it for such small operations takes as long as it saves.
    work = context.step(0.0, SCORED)
    work.progress(0.0, message)
    model_part = 0.0
    for number, (block, inside) in enumerate(blocks):
        context.raise_if_cancelled()
        if number % AT_ONCE == 0:
            HEAP.give_back()
            group = [inside for _, inside in blocks[number : number + AT_ONCE]]
            begin, end = number / len(blocks), (number + MODEL_SHARE * len(group)) / len(blocks)
            computed = _compute(scores, group, work.step(begin, end), message)
            model_part = MODEL_SHARE if computed else 0.0
        with one_torch_thread():
            values, valid = snap_to_regions(scores, block, inside) if snap else scores.read(inside)
        seen_data = seen_data or bool(valid.any())
        place = PixelWindow(inside.col - scene.window.col, inside.row - scene.window.row, inside.width, inside.height)
        yield place, values, valid
        ahead = model_part * (min(number - number % AT_ONCE + AT_ONCE, len(blocks)) - number - 1)
        work.progress((number + 1 + ahead) / len(blocks), message)
    context.progress(SCORED, "Writing the file")
    scores.release()  # what is written is then rearranged, which takes memory of its own
    if not seen_data:
        raise InputError(
            "There are no pixels with data in this part of the raster.", hint="Check its nodata value and the extent."
        )


def _compute(scores: PixelScores, windows: Sequence[PixelWindow], context: Context, message: str) -> bool:
    """Compute the missing features of some windows together, so that reading and writing overlap with the model.

    Returns:
        Whether anything was missing.
    """
    features = scores.features
    if features.folder is None:  # without a store, chunks are held too shortly to be computed ahead
        return False
    missing = {chunk for each in windows for chunk in features.missing(scores.cells_under(each))}
    features.compute_chunks(missing, lambda done, wanted: context.progress(done / wanted, message))
    return bool(missing)


def _blocks(scores: PixelScores, window: PixelWindow) -> Iterator[tuple[PixelWindow, PixelWindow]]:
    """Yields the chunks under a window in pixels, whole and cut to the window."""
    features = scores.features
    for chunk in in_strips(features.layout.chunks_in(features.plan.cells(window)), features.plan):
        whole = features.plan.pixels(features.layout.window(chunk)).intersection(features.level.grid.window)
        yield whole, whole.intersection(window)


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return scores 0..1 of log-odds."""
    return rounded(1 / (1 + np.exp(-logits.clip(-30, 30))))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities (N, h, w) of logits (N, h, w), which sum to 1 over N."""
    raised = np.exp(logits - logits.max(0))
    return np.asarray(raised / raised.sum(0), np.float32)


def rounded(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round scores 0..1 so that they compress."""
    return np.asarray(np.round(scores * STEPS) / STEPS, np.float32)
