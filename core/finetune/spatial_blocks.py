"""Validation by spatial blocks: whole squares of ground are held out, with a gap around them, never single pixels.

Neighbouring pixels look alike, so a score on the neighbours of training pixels says nothing about other ground (Roberts
et al. 2017, "Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic structure").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

NEITHER, TRAINING, HELD_OUT = 0, 1, 2
"""What a labelled place serves for."""
SIDES_PX = (256, 128, 96, 64, 48, 32, 24, 16, 12, 8)
WANTED_BLOCKS = 3
"""Blocks that every class should lie in, so that one can be held out."""
WIDEST_GAP_PX = 8.0


@dataclass(frozen=True)
class Blocks:
    """Squares of ground and which of them are held out.

    Attributes:
        side: of a block, in pixels of the first raster.
        gap: places nearer than this to a held-out block serve for nothing, in the same pixels.
        held_out: (column, row) of each held-out block.
    """

    side: float
    gap: float
    held_out: frozenset[tuple[int, int]]

    def roles(self, places: NDArray[np.float64]) -> NDArray[np.int8]:
        """Returns NEITHER, TRAINING or HELD_OUT for places (N, 2) in pixels of the first raster."""
        if not self.held_out:
            return np.full(len(places), TRAINING, np.int8)
        roles = np.full(len(places), TRAINING, np.int8)
        for right in (-self.gap, 0.0, self.gap):
            for down in (-self.gap, 0.0, self.gap):
                roles[self._holds(places + np.array([right, down]))] = NEITHER
        roles[self._holds(places)] = HELD_OUT
        return roles

    def _holds(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        cells = np.floor(places / self.side).astype(np.int64)
        found, inverse = np.unique(cells, axis=0, return_inverse=True)
        held = np.array([(int(col), int(row)) in self.held_out for col, row in found], dtype=bool)
        return held[inverse.reshape(-1)] if len(found) else np.zeros(0, bool)


def choose_blocks(
    places: NDArray[np.float64], labels: NDArray[np.int64], classes: int, share: float, rng: Generator
) -> Blocks:
    """Choose the size of blocks and hold some out, so that every class is left on both sides where that is possible.

    Args:
        places: (N, 2) of the labelled pixels, in pixels of the first raster.
        labels: (N,) class of each.
        classes: number of classes.
        share: of each class's labels to hold out, roughly.
        rng: source of chance.

    Returns:
        The blocks; none held out where no class lies in two blocks.
    """
    side = max(SIDES_PX, key=lambda size: (_spread(places, labels, classes, size), size))
    cells, inverse = np.unique(np.floor(places / side).astype(np.int64), axis=0, return_inverse=True)
    counts = np.zeros((len(cells), classes), np.int64)
    np.add.at(counts, (inverse.reshape(-1), labels), 1)
    total, held = counts.sum(0), np.zeros(classes, np.int64)
    chosen: list[int] = []
    for block in rng.permutation(len(cells)):
        after = held + counts[block]
        wanted = (counts[block] > 0) & (held < share * total)
        # At least half of every class is left to learn from.
        if wanted.any() and (after[counts[block] > 0] <= total[counts[block] > 0] / 2).all():
            chosen.append(int(block))
            held = after
    gap = min(WIDEST_GAP_PX, side / 8)
    return Blocks(float(side), gap, frozenset((int(cells[block][0]), int(cells[block][1])) for block in chosen))


def _spread(places: NDArray[np.float64], labels: NDArray[np.int64], classes: int, side: float) -> int:
    """Count the blocks of each class, up to those wanted, and add them up."""
    cells = np.floor(places / side).astype(np.int64)
    return sum(min(WANTED_BLOCKS, len(np.unique(cells[labels == label], axis=0))) for label in range(classes))
