"""Division of labelled ground into blocks for training, model selection and testing.

Whole squares of ground have one role, with a gap around those that are held out: neighbouring pixels look alike, so a
score on the neighbours of training pixels does not hold for other ground (Roberts et al. 2017, "Cross-validation
strategies for data with temporal, spatial, hierarchical, or phylogenetic structure").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.raster.pixel_window import RowCol

UNUSED, TRAINING, VALIDATION, TEST = 0, 1, 2, 3
"""Roles of a labelled pixel."""
SIDES_PX = (256, 128, 96, 64, 48, 32, 24, 16, 12, 8)
WANTED_BLOCKS = 4
"""Blocks that every class should lie in: one for testing, one for validation, two for training."""
WIDEST_GAP_PX = 8.0
HELD_OUT_SHARE = 0.2
"""Share of each class's labels that is held out for testing, and as much again for validation."""
MOST_HELD_OUT = 2 / 3
"""Share of each class's labels that may be held out altogether."""

_COLUMN = 2**32
"""Block numbers of one column lie in a range of this length."""


@dataclass(frozen=True)
class BlockSplit:
    """Blocks of ground and their role; all others are for training.

    Attributes:
        side: of a block, in pixels of the first raster.
        gap: pixels nearer than this to a held-out block are unused, in the same unit.
        validation: blocks for model selection; training blocks in the final refit.
        test: blocks that measure the model that is kept; neither trained on nor used for model selection.
    """

    side: float
    gap: float
    validation: frozenset[RowCol]
    test: frozenset[RowCol]

    def roles(self, places: NDArray[np.float64]) -> NDArray[np.int8]:
        """Roles (N,) int8 of places (N, 2), in pixels of the first raster, during model selection."""
        roles = np.full(len(places), TRAINING, np.int8)
        for blocks, role in ((self.validation, VALIDATION), (self.test, TEST)):
            roles[self._near(places, blocks)] = UNUSED
            roles[self._inside(places, blocks)] = role
        return roles

    def refit_roles(self, places: NDArray[np.float64]) -> NDArray[np.int8]:
        """Roles (N,) int8 of places (N, 2) in the refit after selection: validation blocks are trained on, too."""
        return BlockSplit(self.side, self.gap, frozenset(), self.test).roles(places)

    def _near(self, places: NDArray[np.float64], blocks: frozenset[RowCol]) -> NDArray[np.bool_]:
        near = np.zeros(len(places), bool)
        for right in (-self.gap, 0.0, self.gap):
            for down in (-self.gap, 0.0, self.gap):
                near |= self._inside(places + np.array([right, down]), blocks)
        return near

    def _inside(self, places: NDArray[np.float64], blocks: frozenset[RowCol]) -> NDArray[np.bool_]:
        wanted = np.array([block.col * _COLUMN + block.row for block in blocks], np.int64)
        return np.isin(_block_numbers(places, self.side), wanted)


def split_blocks(places: NDArray[np.float64], labels: NDArray[np.int64], classes: int, rng: Generator) -> BlockSplit:
    """Choose the size of blocks and hold some out, so that every class keeps training pixels.

    A class that lies in few blocks is trained on first, then tested, then used for validation.

    Args:
        places: (N, 2) of the labelled pixels, in pixels of the first raster.
        labels: (N,) class of each.
        classes: number of classes.
        rng: source of chance.

    Returns:
        The split; nothing is held out where no class lies in two blocks, and there are no validation blocks where fewer
        than two classes would lie in them.
    """
    side = max(SIDES_PX, key=lambda size: (_spread(places, labels, classes, size), size))
    numbers, inverse = np.unique(_block_numbers(places, side), return_inverse=True)
    counts = np.zeros((len(numbers), classes), np.int64)
    np.add.at(counts, (inverse, labels), 1)
    total = counts.sum(0)
    held = {TEST: np.zeros(classes, np.int64), VALIDATION: np.zeros(classes, np.int64)}
    blocks: dict[int, set[RowCol]] = {TEST: set(), VALIDATION: set()}
    for number in rng.permutation(len(numbers)):
        present = counts[number] > 0
        altogether = held[TEST] + held[VALIDATION] + counts[number]
        if (altogether[present] > MOST_HELD_OUT * total[present]).any():
            continue
        for role in (TEST, VALIDATION):
            if (present & (held[role] < HELD_OUT_SHARE * total)).any():
                blocks[role].add(_block_at(int(numbers[number])))
                held[role] += counts[number]
                break
    if (held[VALIDATION] > 0).sum() < 2:
        blocks[VALIDATION].clear()
    gap = min(WIDEST_GAP_PX, side / 8)
    return BlockSplit(float(side), gap, frozenset(blocks[VALIDATION]), frozenset(blocks[TEST]))


def _spread(places: NDArray[np.float64], labels: NDArray[np.int64], classes: int, side: float) -> int:
    """Sum over classes of the blocks each lies in, counted up to those wanted."""
    numbers = _block_numbers(places, side)
    return sum(min(WANTED_BLOCKS, len(np.unique(numbers[labels == label]))) for label in range(classes))


def _block_numbers(places: NDArray[np.float64], side: float) -> NDArray[np.int64]:
    """Return one integer (N,) int64 for the block that each place (N, 2) lies in; in order of column, then row."""
    cells = np.floor(places / side).astype(np.int64)
    numbers: NDArray[np.int64] = cells[:, 0] * _COLUMN + cells[:, 1]
    return numbers


def _block_at(number: int) -> RowCol:
    """Return the block of a number."""
    col = (number + _COLUMN // 2) // _COLUMN
    return RowCol(number - col * _COLUMN, col)
