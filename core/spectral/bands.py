"""Bands and band sets: the physical meaning of a raster's channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

BandKind = Literal["reflectance", "display", "sar", "thermal", "elevation", "embedding", "unknown"]


@dataclass(frozen=True)
class Band:
    """One channel of a sensor.

    Attributes:
        name: the sensor's own name for it ("B04", "VV", "red").
        wavelength_um: centre wavelength in µm, or the named placeholder of a band without one (radar, height).
        width_um: full width at half maximum in µm; 0 where unknown.
        ground_sampling_distance_m: pixel size on the ground in metres; 0 where unknown.
        kind: what its numbers measure, which decides the scaling.
    """

    name: str
    wavelength_um: float
    width_um: float = 0.0
    ground_sampling_distance_m: float = 0.0
    kind: BandKind = "reflectance"


@dataclass(frozen=True)
class BandSet:
    """The ordered bands that are fed to the model."""

    bands: tuple[Band, ...]

    @classmethod
    def of(cls, bands: Iterable[Band]) -> BandSet:
        """Returns a band set of any iterable of bands."""
        return cls(tuple(bands))

    @property
    def wavelengths_um(self) -> tuple[float, ...]:
        """Centre wavelengths in µm, in order."""
        return tuple(band.wavelength_um for band in self.bands)

    @property
    def names(self) -> tuple[str, ...]:
        """Band names, in order."""
        return tuple(band.name for band in self.bands)

    def __len__(self) -> int:
        """Count the bands."""
        return len(self.bands)

    def select(self, names: Iterable[str]) -> BandSet:
        """Returns the named bands in the given order.

        Raises:
            KeyError: a name is not in the set.
        """
        by_name = {band.name: band for band in self.bands}
        return BandSet(tuple(by_name[name] for name in names))
