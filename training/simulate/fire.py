"""A landscape after a fire: part of its vegetation burnt, some of it left between."""

from __future__ import annotations

import numpy as np

from training.simulate import noise
from training.simulate.changed_ground import covered
from training.simulate.landscape import Landscape
from training.simulate.materials import MATERIAL_INDEX

_BURNS = np.array(
    [
        MATERIAL_INDEX[name]
        for name in (
            "coniferous woodland", "broadleaf woodland", "shrubland", "heath", "grassland", "ripe cereal", "orchard",
        )
    ]
)  # fmt: skip
"""Materials that a fire takes."""
_PATCH_PX, _SEVERITY_PX = 70, 9
"""Wavelengths, in pixels, of the scar's outline and of what is left inside it."""


def burnt(landscape: Landscape, seed: int) -> Landscape:
    """Returns a landscape with a burn scar over a tenth to half of what can burn.

    The former material is the second one, with up to six tenths of a pixel where the fire was weak. Ground under clouds
    burns, too.

    Args:
        landscape: of any pixel size.
        seed: of the scar's outline and severity.
    """
    fuel = np.isin(landscape.labels, _BURNS)
    if not fuel.any():
        return landscape
    rng = np.random.default_rng([seed, 919])
    size = landscape.gsd_m
    x = (landscape.col + np.arange(landscape.shape[1])) * size
    y = (landscape.row + np.arange(landscape.shape[0])) * size
    keys = rng.integers(1, 1 << 20, 2)
    outline = noise.fractal(x, y, _PATCH_PX * size, int(keys[0]), finest_m=size, gain=0.45).value
    severity = noise.fractal(x, y, _SEVERITY_PX * size, int(keys[1]), finest_m=size).value
    under = fuel & (outline > np.quantile(outline[fuel], rng.uniform(0.5, 0.9)))
    left = np.clip(rng.uniform(0.0, 0.3) + 0.25 * severity, 0.0, 0.6).astype(np.float32)
    return covered(landscape, under, "burnt land", left, height_m=1.0)
