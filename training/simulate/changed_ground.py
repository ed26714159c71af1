"""Ground that another material comes to lie over: water of a flood, a burn scar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from training.simulate.landscape import Landscape
from training.simulate.materials import MATERIAL_INDEX


def covered(
    landscape: Landscape, where: NDArray[np.bool_], material: str, left: NDArray[np.float32], height_m: float
) -> Landscape:
    """Returns a landscape with another material on part of its ground; what lay there is the second one.

    Args:
        landscape: of any pixel size.
        where: (H, W) the ground that changes.
        material: its new main material.
        left: (H, W) the share of a pixel that the former material keeps.
        height_m: of the new material above the ground.
    """
    return replace(
        landscape,
        labels=np.where(where, np.uint8(MATERIAL_INDEX[material]), landscape.labels),
        second=np.where(where, landscape.labels, landscape.second),
        share=np.where(where, left, landscape.share),
        height=np.where(where, np.float32(height_m), landscape.height),
        parcel_ids=np.where(where, np.int32(0), landscape.parcel_ids),
    )
