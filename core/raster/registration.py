"""Shift between two images by phase correlation of their edges, summed over windows of the common grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.registration import phase_cross_correlation

STEPS_PER_PIXEL = 20
CLEAR_PEAK = 10.0
"""Least height of the correlation's peak in standard deviations. Unrelated images of the real scenes reach 8 at most,
aerial images eleven years apart 19 to 26."""
LEAST_SHARE_VALID = 0.5
STRONGEST_EDGE = 5.0
"""Edges count up to this many times the mean edge: single bright roofs must not outweigh all field borders."""

ImagePair = tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.bool_]]
"""Two images (C, h, w) of the same place, valid (h, w); the numbers of channels may differ."""


@dataclass(frozen=True)
class Shift:
    """Shift of the second image against the first.

    Attributes:
        columns: pixels to the right.
        rows: pixels down.
        windows: how many windows were compared.
        peak: height of the correlation's peak in standard deviations.
    """

    columns: float
    rows: float
    windows: int
    peak: float

    @property
    def length(self) -> float:
        """Its length in pixels."""
        return float(np.hypot(self.columns, self.rows))


def measure_shift(pairs: Iterable[ImagePair]) -> Shift | None:
    """Measure the shift of the second images of pairs against the first.

    Edges are compared (the gradient's length, summed over channels), because brightness changes with season and sun
    while field borders, roads and shores stay. Each window gives the spectrum of its phase correlation (Kuglin &
    Hines 1975); their sum has one clear peak where many windows agree, even if every one alone is noise. The peak is
    refined to a twentieth of a pixel after Guizar-Sicairos et al. (2008).

    Args:
        pairs: windows of both images on one grid, all of one size; those mostly without data are left out.

    Returns:
        The shift in pixels; None where the correlation has no clear peak.
    """
    spectrum: NDArray[np.complex128] | None = None
    windows = 0
    for first, second, valid in pairs:
        if valid.mean() < LEAST_SHARE_VALID:
            continue
        product = np.fft.fft2(_edges(first, valid)) * np.fft.fft2(_edges(second, valid)).conj()
        length = np.abs(product)
        if not length.any():
            continue
        phases = product / np.maximum(length, 1e-9 * length.max())
        spectrum = phases if spectrum is None else spectrum + phases
        windows += 1
    if spectrum is None:
        return None
    surface = np.fft.ifft2(spectrum).real
    peak = float((surface.max() - surface.mean()) / surface.std())
    if peak < CLEAR_PEAK:
        return None
    back, _, _ = phase_cross_correlation(
        spectrum, np.ones_like(spectrum), space="fourier", upsample_factor=STEPS_PER_PIXEL, normalization=None
    )
    # 0.0 is added so that no shift reads 0 and not -0.
    return Shift(0.0 - float(back[1]), 0.0 - float(back[0]), windows, peak)


def _edges(image: NDArray[np.floating], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns the gradient's length (h, w) without its mean, fading to 0 at the window's frame and without data."""
    inner = valid & np.roll(valid, 1, 0) & np.roll(valid, -1, 0) & np.roll(valid, 1, 1) & np.roll(valid, -1, 1)
    if not inner.any():
        return np.zeros(valid.shape)
    total = np.zeros(valid.shape)
    for channel in np.asarray(image, np.float64):
        down, across = np.gradient(channel)
        length = np.hypot(down, across)
        mean = length[inner].mean()
        if mean > 0:
            total += np.minimum(length / mean, STRONGEST_EDGE)
    frame = np.outer(np.hanning(valid.shape[0]), np.hanning(valid.shape[1]))
    return np.where(inner, total - total[inner].mean(), 0.0) * frame
