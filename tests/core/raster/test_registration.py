"""Shifts are found to a fraction of a pixel, and not found where there is none to find."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import fourier_shift, gaussian_filter

from core.raster.registration import measure_shift


def landscape(seed, size=256):
    """Fields of various brightness with crisp borders."""
    generator = np.random.default_rng(seed)
    corners = generator.uniform(0, size, (60, 2))
    row, col = np.mgrid[:size, :size]
    nearest = ((row[..., None] - corners[:, 0]) ** 2 + (col[..., None] - corners[:, 1]) ** 2).argmin(-1)
    return gaussian_filter(generator.uniform(0, 1, 60)[nearest], 0.7)[None]


def moved(image, columns, rows):
    return np.fft.ifftn(fourier_shift(np.fft.fftn(image[0]), (rows, columns))).real[None]


EVERYWHERE = np.ones((256, 256), bool)


@pytest.mark.parametrize(("columns", "rows"), [(0.0, 0.0), (5.0, -3.0), (0.4, 1.25), (-12.3, 20.6)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(columns, rows):
    noise = np.random.default_rng(9).normal(0, 0.02, (1, 256, 256))
    shift = measure_shift([(landscape(1), moved(landscape(1), columns, rows) + noise, EVERYWHERE)])
    assert (shift.columns, shift.rows) == pytest.approx((columns, rows), abs=0.1)
    assert shift.windows == 1


def test_inverted_brightness_and_a_half_under_cloud_do_not_matter():
    one, other = landscape(2), moved(1 - landscape(2), 3, -2)
    clouded = other.copy()
    clouded[:, :120] = 1
    shift = measure_shift([(one, clouded, EVERYWHERE)])
    assert (shift.columns, shift.rows) == pytest.approx((3, -2), abs=0.2)


def test_windows_without_data_are_left_out():
    empty = np.zeros((256, 256), bool)
    pairs = [(landscape(4), landscape(5), empty), (landscape(3), moved(landscape(3), 2, 2), EVERYWHERE)]
    assert measure_shift(pairs).windows == 1
    assert measure_shift(pairs[:1]) is None


def test_images_of_other_places_have_no_shift():
    assert measure_shift((landscape(seed), landscape(seed + 50), EVERYWHERE) for seed in range(4)) is None
    flat = np.ones((1, 256, 256))
    assert measure_shift([(flat, flat, EVERYWHERE)]) is None
