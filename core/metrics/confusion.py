"""Measures from a confusion matrix: accuracies, and areas corrected for the map's errors.

The estimators of Olofsson et al. (2014) are written out here because scikit-learn has none for stratified samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics.cluster_sample import SampleUnits, rate_variances, right_variances

Z_95 = 1.959963984540054
"""Half width of a 95 % confidence interval in standard errors."""


@dataclass(frozen=True)
class ConfusionMatrix:
    """Counts of samples by reference class and map class.

    Attributes:
        counts: (classes, classes) int64; **rows are the reference, columns the map**.
    """

    counts: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        reference: NDArray[np.integer],
        shown: NDArray[np.integer],
        classes: int,
        counts: NDArray[np.int64] | None = None,
    ) -> ConfusionMatrix:
        """Count samples.

        Args:
            reference: positions of the reference classes, 0 … classes - 1; of any shape.
            shown: positions of the map's classes, of the same shape.
            classes: number of classes.
            counts: number of samples of each pair, of the same shape; None for one.
        """
        pairs = reference.astype(np.int64).ravel() * classes + shown.astype(np.int64).ravel()
        table = np.bincount(pairs, None if counts is None else counts.ravel(), minlength=classes * classes)
        return cls(table.astype(np.int64).reshape(classes, classes))

    @property
    def total(self) -> int:
        """Number of samples."""
        return int(self.counts.sum())

    @property
    def overall(self) -> float:
        """Share of samples that the map has right."""
        return _share(np.trace(self.counts), self.total)

    @property
    def producers(self) -> NDArray[np.float64]:
        """Producer's accuracy (recall): share of the reference class that the map shows; NaN without samples."""
        return _shares(np.diag(self.counts), self.counts.sum(1))

    @property
    def users(self) -> NDArray[np.float64]:
        """User's accuracy (precision): share of the map class that is right; NaN where the map shows none."""
        return _shares(np.diag(self.counts), self.counts.sum(0))

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of producer's and user's accuracy."""
        return _shares(2 * np.diag(self.counts), self.counts.sum(0) + self.counts.sum(1))

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union."""
        right = np.diag(self.counts)
        return _shares(right, self.counts.sum(0) + self.counts.sum(1) - right)

    @property
    def iou_of_present(self) -> NDArray[np.float64]:
        """Intersection over union; NaN for classes that the reference does not hold."""
        return np.where(self.counts.sum(1) > 0, self.iou, np.nan)

    @property
    def mean_iou(self) -> float:
        """Mean intersection over union of the classes that the reference holds."""
        present = self.counts.sum(1) > 0
        return float(self.iou[present].mean()) if present.any() else float("nan")

    @property
    def kappa(self) -> float:
        """Cohen's kappa: agreement beyond what chance would give."""
        if self.total == 0:
            return float("nan")
        chance = float((self.counts.sum(0) / self.total) @ (self.counts.sum(1) / self.total))
        return 1.0 if chance == 1.0 else (self.overall - chance) / (1 - chance)


@dataclass(frozen=True)
class AdjustedAreas:
    """Accuracies and areas of a stratified sample, corrected for the map's errors (Olofsson et al. 2014).

    Attributes:
        shares: (classes,) estimated share of each class in the mapped region.
        standard_errors: (classes,) of the shares.
        overall: area-weighted overall accuracy.
        overall_standard_error: of it.
        producers: (classes,) area-weighted producer's accuracy.
    """

    shares: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    overall: float
    overall_standard_error: float
    producers: NDArray[np.float64]


def adjusted_areas(
    matrix: ConfusionMatrix, mapped: NDArray[np.float64], sample: SampleUnits | None = None
) -> AdjustedAreas | None:
    """Estimate areas from samples stratified by the map's classes.

    With n samples of map class i of which n_ij are really class j and W_i the mapped share of class i, the share of
    class j is Σ W_i n_ij / n_i, its squared standard error Σ W_i² (n_ij/n_i)(1 - n_ij/n_i) / (n_i - 1). Equations 4
    to 11 of the paper. Where samples are pixels of polygons, polygons are what varies (``rate_variances``).

    Args:
        matrix: rows reference, columns map.
        mapped: (classes,) mapped area, in any unit.
        sample: the samples by the units they belong to; None where each is one of its own.

    Returns:
        None where a class that the map shows has fewer than two units, because nothing is known about its errors
        then.
    """
    counts = matrix.counts.T.astype(np.float64)  # rows are the strata: the map's classes
    units = counts.sum(1) if sample is None else sample.per_stratum(len(counts))
    weights = np.asarray(mapped, np.float64) / max(float(np.sum(mapped)), 1e-300)
    if ((weights > 0) & (units < 2)).any() or not (weights > 0).any():
        return None
    rates = counts / np.maximum(counts.sum(1), 1)[:, None]
    shares = weights @ rates
    right = np.diag(rates)
    return AdjustedAreas(
        shares=shares,
        standard_errors=np.sqrt(weights**2 @ rate_variances(counts, sample)),
        overall=float(weights @ right),
        overall_standard_error=float(np.sqrt(weights**2 @ right_variances(counts, sample))),
        producers=_shares(weights * right, shares),
    )


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def _shares(parts: NDArray[np.number], wholes: NDArray[np.number]) -> NDArray[np.float64]:
    result = np.full(len(wholes), np.nan)
    np.divide(parts, wholes, out=result, where=np.asarray(wholes) > 0)
    return result
