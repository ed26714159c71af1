"""Estimate of a job's seconds left from the fractions that it has reported."""

from __future__ import annotations

import time
from collections.abc import Callable

MINIMUM_FRACTION = 0.01
MINIMUM_SECONDS = 0.5
WEIGHT_OF_NEWEST = 0.3


class TimeLeft:
    """Estimates from the speed of the newest reports, smoothed so that the number does not jump.

    Args:
        clock: gives seconds; replaced in tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._last_time = clock()
        self._last_fraction = 0.0
        self._speed: float | None = None

    def update(self, fraction: float) -> float | None:
        """Returns the seconds left at a fraction done (0..1); None while it cannot be estimated."""
        now = self._clock()
        elapsed, step = now - self._last_time, fraction - self._last_fraction
        if step > 0 and elapsed > 0:
            speed = step / elapsed
            blended = speed if self._speed is None else (1 - WEIGHT_OF_NEWEST) * self._speed + WEIGHT_OF_NEWEST * speed
            self._speed, self._last_time, self._last_fraction = blended, now, fraction
        if self._speed is None or fraction < MINIMUM_FRACTION or now - self._began < MINIMUM_SECONDS:
            return None
        return max(0.0, (1.0 - fraction) / self._speed)
