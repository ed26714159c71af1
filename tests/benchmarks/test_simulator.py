"""Time to simulate a training chip."""

from __future__ import annotations

import pytest
from measure import median_seconds

from training.simulate.landscape import simulate_window


@pytest.mark.parametrize("gsd_m", [10.0, 0.5])
def test_a_simulated_chip(record, gsd_m):
    taken = median_seconds(lambda: simulate_window(1, 0, 0, 256, 256, gsd_m), 3)
    record(f"landscape of 256² pixels of {gsd_m:g} m", taken, "s", at_most=0.5)
