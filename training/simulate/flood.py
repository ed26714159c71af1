"""A landscape under a flood: low open ground covered by turbid water."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.simulate import noise
from training.simulate.changed_ground import covered
from training.simulate.landscape import Landscape
from training.simulate.materials import MATERIAL_INDEX

_SUBMERGED = np.array(
    [
        MATERIAL_INDEX[name]
        for name in (
            "grassland", "green crop", "ripe cereal", "ploughed field", "bare soil", "rice paddy", "sand", "mudflat",
            "shrubland", "heath", "unpaved track",
        )
    ]
)  # fmt: skip
"""Materials that water a metre deep covers."""
_WETTEST = 5.0
"""Most that open ground above the water gains in moisture, in the standard deviations of ``Landscape.moisture``."""


def flooded(landscape: Landscape, seed: int) -> Landscape:
    """Returns a landscape whose lowest open ground, a tenth to six tenths of it, lies under shallow water.

    The water follows whole fields as well as contours. The former material is the second one where the water is
    shallow, with up to half of a pixel at its edge; woods and buildings are not covered. Open ground that stays above
    the water is wet. Ground under clouds is flooded, too.

    Args:
        landscape: of any pixel size.
        seed: of the water's height.
    """
    rng = np.random.default_rng([seed, 909])
    open_ground = np.isin(landscape.labels, _SUBMERGED)
    if not open_ground.any():
        return landscape
    rise = landscape.elevation - landscape.elevation.min()
    relief = max(float(rise.std()), 1e-3)
    banked = noise.unit(noise.hash_u32(landscape.parcel_ids.astype(np.int64), seed, 5)) - 0.5
    height = rise / relief + np.where(landscape.parcel_ids != 0, banked, 0.0) * rng.uniform(0.0, 3.0)
    level = np.quantile(height[open_ground], rng.uniform(0.1, 0.6))
    under = open_ground & (height < level)
    through = np.clip(0.5 - (level - height) * rng.uniform(0.5, 4.0), 0.0, 0.5).astype(np.float32)
    wetter = landscape.moisture + np.float32(rng.uniform(0.0, _WETTEST))
    below = covered(landscape, under, "shallow water", through, height_m=0.0)
    return replace(below, moisture=np.where(open_ground & ~under, wetter, landscape.moisture))
