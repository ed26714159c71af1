"""Variances of error rates for cluster samples, since the pixels of one polygon are correlated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ADDED = 4.0
"""Samples that Agresti and Coull (1998) add for a 95 % interval, half of them right."""


@dataclass(frozen=True)
class SampleUnits:
    """Samples by the unit they belong to: a point, or a polygon with all of its pixels.

    Attributes:
        units: (N,) number of the unit.
        reference: (N,) index of the class that is there.
        shown: (N,) index of the class that the map shows.
        counts: (N,) samples; no triple of the former occurs twice.
    """

    units: NDArray[np.int64]
    reference: NDArray[np.int64]
    shown: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Number of units."""
        return len(np.unique(self.units))

    def per_stratum(self, classes: int) -> NDArray[np.int64]:
        """Number of units with samples in each map class, (classes,)."""
        pairs = np.unique(np.stack([self.units, self.shown]), axis=1)
        return np.bincount(pairs[1], minlength=classes)


def rate_variances(counts: NDArray[np.float64], sample: SampleUnits | None) -> NDArray[np.float64]:
    """Variances of the estimated rates of each stratum, for one-stage cluster samples.

    In stratum i with k units, n_ci samples of unit c and rate r_ij of class j the variance is that of a ratio
    (Cochran 1977, equation 6.13 with equal probabilities): k / (k - 1) Σ_c (n_cij - r_ij n_ci)² / n_i². With units of
    one sample it is r (1 - r) / (n - 1), as in Olofsson et al. (2014). Where all units agree it would be zero, so
    the variance there is the one of Agresti and Coull (1998) for k samples; where units have several samples it is
    at least that, since nothing is known of kinds of ground that none of a few polygons shows.

    Args:
        counts: (strata, classes) samples.
        sample: the units; None where every sample is one of its own.

    Returns:
        (strata, classes) float64; meaningless in strata with fewer than two units.
    """
    samples = counts.sum(1)
    rates = counts / np.maximum(samples, 1)[:, None]
    if sample is None:
        units = samples
        grouped: NDArray[np.bool_] = np.zeros(len(samples), bool)
        variances = rates * (1 - rates) / np.maximum(units - 1, 1)[:, None]
    else:
        units = sample.per_stratum(len(samples)).astype(np.float64)
        grouped = samples > units
        scale = units / np.maximum(units - 1, 1) / np.maximum(samples, 1) ** 2
        variances = _squared_deviations(sample, rates) * scale[:, None]
    least = _agresti_coull(rates, units[:, None])
    floored = (rates == 1.0) | (grouped[:, None] & (rates > 0))
    return np.where(floored, np.maximum(variances, least), variances)


def right_variances(counts: NDArray[np.float64], sample: SampleUnits | None) -> NDArray[np.float64]:
    """Variances of the share that is right in each stratum, (strata,): see ``rate_variances``."""
    inner = np.diag(rate_variances(counts, sample)).copy()
    samples = counts.sum(1)
    units = samples if sample is None else sample.per_stratum(len(samples)).astype(np.float64)
    none_right = (np.diag(counts) == 0) & (samples > 0)
    return np.where(none_right, _agresti_coull(np.zeros(len(samples)), units), inner)


def _squared_deviations(sample: SampleUnits, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over units of (n_cij - r_ij n_ci)², (strata, classes)."""
    pairs, pair = np.unique(np.stack([sample.units, sample.shown]), axis=1, return_inverse=True)
    sizes = np.bincount(pair.ravel(), weights=sample.counts, minlength=pairs.shape[1])
    strata = pairs[1]
    # Units without class j in stratum i have the deviation r_ij n_ci; those with it are corrected one by one.
    squares = np.bincount(strata, weights=sizes**2, minlength=len(rates))
    sums = rates**2 * squares[:, None]
    expected = rates[sample.shown, sample.reference] * sizes[pair.ravel()]
    np.add.at(sums, (sample.shown, sample.reference), (sample.counts - expected) ** 2 - expected**2)
    return np.maximum(sums, 0.0)


def _agresti_coull(rates: NDArray[np.float64], units: NDArray[np.float64]) -> NDArray[np.float64]:
    centre = (rates * units + _ADDED / 2) / (units + _ADDED)
    return np.asarray(centre * (1 - centre) / (units + _ADDED))
