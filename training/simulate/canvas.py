"""Materials of a window while its layers are painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.materials import MATERIAL_INDEX

Array = np.ndarray


@dataclass
class Canvas:
    """Materials of each pixel: a main one, a second one with its share, and their local variation.

    All arrays are (H, W): labels and second uint8 indices into MATERIALS, share float32 (0..1) of the second one,
    height of objects above the ground in metres, brightness a factor about 1, vigour and moisture in sd.
    """

    labels: Array
    second: Array
    share: Array
    height: Array
    brightness: Array
    vigour: Array
    moisture: Array
    parcels: Array

    @classmethod
    def blank(cls, shape: tuple[int, int]) -> Canvas:
        """Start with grassland everywhere."""
        grass = MATERIAL_INDEX["grassland"]

        def zeros() -> Array:
            return np.zeros(shape, np.float32)

        return cls(
            np.full(shape, grass, np.uint8),
            np.full(shape, grass, np.uint8),
            zeros(),
            zeros(),
            zeros() + 1,
            zeros(),
            zeros(),
            np.zeros(shape, np.int32),
        )

    def paint(self, where: Array, material: str | Array, *, height: float | Array = 0.0, fresh: bool = False) -> None:
        """Replace the materials at the places (name or indices); ``fresh`` resets their brightness, too."""
        if fresh:
            np.copyto(self.brightness, np.float32(1), where=where)
        labels = MATERIAL_INDEX[material] if isinstance(material, str) else material
        np.copyto(self.labels, np.asarray(labels, np.uint8), where=where)
        np.copyto(self.second, np.asarray(labels, np.uint8), where=where)
        np.copyto(self.share, np.float32(0), where=where)
        np.copyto(self.height, np.asarray(height, np.float32), where=where)

    def cover(self, coverage: Array, material: str, *, height: float = 0.0) -> None:
        """Add a material that covers pixels partly (0..1): as the main one above one half, else as the second."""
        index = MATERIAL_INDEX[material]
        full = coverage > 0.5
        below = np.where(self.share > 0.5, self.second, self.labels)
        some = (coverage > 0.02) & ~full
        self.second = np.where(full, below, np.where(some, np.uint8(index), self.second)).astype(np.uint8)
        self.share = np.where(full, np.minimum(1 - coverage, 0.5), np.where(some, coverage, self.share)).astype(
            np.float32
        )
        np.copyto(self.labels, np.uint8(index), where=full)
        np.copyto(self.height, np.float32(height), where=full)

    def mix(self, where: Array, material: str | Array, share: float | Array) -> None:
        """Set the second material and its share at the places."""
        labels = MATERIAL_INDEX[material] if isinstance(material, str) else material
        np.copyto(self.second, np.asarray(labels, np.uint8), where=where)
        np.copyto(self.share, np.asarray(share, np.float32), where=where)
