"""Statistics of a band's sample, whatever its type."""

import numpy as np
import pytest

from core.raster.statistics import PERCENTILES, BandStatistics


@pytest.mark.parametrize("count", [1, 2, 3, 50, 5_000])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32"])
def test_percentiles_and_distinct_values_are_those_of_the_sorted_sample(dtype, count):
    rng = np.random.default_rng(count)
    limits = (-1000, 1000) if dtype == "float32" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    values = rng.integers(*limits, count, endpoint=True, dtype=np.int64).astype(dtype)
    found = BandStatistics.of(values, 2 * count)
    expected = np.percentile(values.astype(np.float64), PERCENTILES)
    np.testing.assert_allclose((found.low, found.median, found.high), expected, rtol=1e-6)
    assert found.distinct == len(set(values.tolist()))
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert found.valid_fraction == 0.5
