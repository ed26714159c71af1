"""Key of stored features: all that determines their values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

FORMAT = 3
"""Format of the entries in the feature store; entries of another format are not read."""


@dataclass(frozen=True)
class FeatureKey:
    """All that determines the values of an entry.

    Attributes:
        model_hash: of weights and configuration.
        raster: fingerprint of the raster: paths, sizes and modification times of its files.
        bands: 1-based band numbers.
        wavelengths_um: centre wavelengths.
        scaling: the scaling with all its parameters, as text.
        grid: (width, height, a, b, c, d, e, f) of the level that was encoded.
        head: dense head with its options.
        windows: (window height, window width, overlap, stride) in pixels.
        background: identifies the background vocabulary whose odds are summed.
    """

    model_hash: str
    raster: str
    bands: tuple[int, ...]
    wavelengths_um: tuple[float, ...]
    scaling: str
    grid: tuple[float, ...]
    head: str
    windows: tuple[int, ...]
    background: str

    def digest(self) -> str:
        """Returns the entry's name: the SHA-256 of all fields and the format's number."""
        return hashlib.sha256(json.dumps([FORMAT, asdict(self)], sort_keys=True).encode()).hexdigest()
