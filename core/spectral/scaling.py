"""From a raster's digital numbers to model input; training and inference share this one convention.

``physical = DN * scale + offset`` (radar power or amplitude is then turned into decibels),
``x01 = clip((physical - low) / (high - low), 0, 1)`` and the model sees ``2 * x01 - 1``, so -1..1. Pixels without data
become 0. ``low`` and ``high`` depend on what a band measures, not on the sensor, so that the same ground looks the same
through any sensor:

==============================  =====================================
8-bit imagery                   0..255
reflectance, below 0.70 µm      0..0.275 (as EuroSAT's RGB chips were made from Sentinel-2)
reflectance, 0.70-1.35 µm       0..0.55
reflectance, above 1.35 µm      0..0.45
radar, VV and HH                -25..0 dB
radar, VH and HV                -32..-5 dB
thermal                         250..330 K
elevation and anything unknown  2nd..98th percentile of the whole raster
==============================  =====================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SensorError
from core.spectral.bands import Band, BandSet
from core.spectral.catalogue import catalogue

_SMALLEST_POWER = 1e-10  # -100 dB: a zero in a radar raster is a very dark pixel, not minus infinity
_CROSS_POLARISED = ("VH", "HV")


def physical_range(band: Band) -> tuple[float, float] | None:
    """Returns the physical values that become -1 and +1, or None where they come from the raster's own percentiles.

    Reflectance is 0..1, radar in dB, thermal in kelvin, display imagery 0..255.
    """
    if band.kind == "display":
        return 0.0, 255.0
    if band.kind == "reflectance":
        if band.wavelength_um < 0.70:
            return 0.0, 0.275
        return (0.0, 0.55) if band.wavelength_um <= 1.35 else (0.0, 0.45)
    if band.kind == "sar":
        return (-32.0, -5.0) if band.name.upper()[:2] in _CROSS_POLARISED else (-25.0, 0.0)
    if band.kind == "thermal":
        return 250.0, 330.0
    return None


@dataclass(frozen=True)
class BandScaling:
    """How one band's digital numbers become model values.

    Attributes:
        scale: physical = DN * scale + offset.
        offset: see scale.
        low: physical value that becomes -1.
        high: physical value that becomes +1.
        decibel: 0 for none, 10 where the numbers are radar power, 20 where they are amplitude.
    """

    scale: float = 1.0
    offset: float = 0.0
    low: float = 0.0
    high: float = 1.0
    decibel: float = 0.0

    def to_physical(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Turn digital numbers of any dtype and shape into physical units (float32)."""
        physical = np.asarray(values, dtype=np.float32) * np.float32(self.scale) + np.float32(self.offset)
        if self.decibel:
            physical = np.float32(self.decibel) * np.log10(np.maximum(physical, np.float32(_SMALLEST_POWER)))
        return physical

    def to_model(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Turn digital numbers of any dtype and shape into -1..1 (float32); NaN stays NaN."""
        scaled = np.asarray(self.to_physical(values))  # an array of its own
        scaled -= np.float32(self.low)
        scaled /= np.float32(self.high - self.low)
        np.clip(scaled, 0.0, 1.0, out=scaled)
        scaled *= np.float32(2.0)
        scaled -= np.float32(1.0)
        return scaled


EMBEDDING = "embedding"
"""Name of the scaling of rasters that hold vectors of a foundation model; no model for images is fed with those."""


@dataclass(frozen=True)
class Scaling:
    """The scaling of a band set, one BandScaling a band.

    Attributes:
        name: the preset it was made from.
        bands: one per band, in the band set's order.
    """

    name: str
    bands: tuple[BandScaling, ...]

    def to_model(self, values: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Turn digital numbers into model input.

        Args:
            values: (..., C, H, W), any dtype.
            valid: (..., H, W); False where there is no data. None means everywhere valid.

        Returns:
            (..., C, H, W) float32 in -1..1; invalid pixels and NaN are 0.

        Raises:
            SensorError: C is not the number of bands, or they are embeddings.
        """
        if self.name == EMBEDDING:
            raise SensorError(
                "The raster holds embeddings, which are no light: a model for images cannot be fed with them.",
                hint="Point at examples (core similar), train a head (core.train) or make clusters (core cluster).",
            )
        if values.shape[-3] != len(self.bands):
            raise SensorError(
                f"The scaling is for {len(self.bands)} bands but the pixels have {values.shape[-3]}.",
                hint="Choose as many bands as wavelengths.",
            )
        result = np.empty(values.shape, dtype=np.float32)
        for index, band in enumerate(self.bands):
            result[..., index, :, :] = band.to_model(values[..., index, :, :])
        if valid is not None and not valid.all():
            result *= np.expand_dims(valid, -3)
        if values.dtype.kind not in "iu" and not np.isfinite(result).all():
            np.nan_to_num(result, copy=False, nan=0.0)
        return result

    def to_physical(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Turn digital numbers (..., C, H, W) into physical units: reflectance 0..1, dB, kelvin, metres (float32)."""
        return np.stack([band.to_physical(values[..., index, :, :]) for index, band in enumerate(self.bands)], axis=-3)

    def select(self, indexes: Iterable[int]) -> Scaling:
        """Returns the scaling of some of the bands, by 0-based position, in the given order."""
        return Scaling(self.name, tuple(self.bands[index] for index in indexes))


@dataclass(frozen=True)
class ScalingPreset:
    """Conversion of a product's digital numbers to physical values, for each kind of band.

    Attributes:
        name: as in sensors.toml.
        title: what a person reads.
        rules: band kind, or "any", to BandScaling fields that differ from the default. ``low`` and ``high`` override
            the physical range; ``percentile`` takes them from the raster.
    """

    name: str
    title: str
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def needs_percentiles(self, band: Band) -> bool:
        """Tell whether this band's range comes from the raster's own values."""
        rule = self._rule(band)
        if rule.get("percentile", False):
            return True
        return "low" not in rule and physical_range(band) is None

    def scaling(self, band_set: BandSet, percentiles: Sequence[tuple[float, float]] | None = None) -> Scaling:
        """Make the scaling of a band set.

        Args:
            band_set: the bands, in order.
            percentiles: 2nd and 98th percentile of each band's digital numbers over the whole raster.

        Raises:
            SensorError: a band needs percentiles and there are none.
        """
        if percentiles is not None and len(percentiles) != len(band_set):
            raise SensorError(f"There are percentiles for {len(percentiles)} bands but {len(band_set)} bands.")
        made = []
        for index, band in enumerate(band_set.bands):
            made.append(self._band_scaling(band, None if percentiles is None else percentiles[index]))
        return Scaling(self.name, tuple(made))

    def _rule(self, band: Band) -> Mapping[str, Any]:
        return self.rules.get(band.kind, self.rules.get("any", {}))

    def _band_scaling(self, band: Band, percentiles: tuple[float, float] | None) -> BandScaling:
        rule = self._rule(band)
        linear = BandScaling(
            scale=float(rule.get("scale", 1.0)),
            offset=float(rule.get("offset", 0.0)),
            decibel=float(rule.get("decibel", 0.0)),
        )
        if self.needs_percentiles(band):
            if percentiles is None:
                raise SensorError(
                    f"Band {band.name} is scaled by the raster's own range, which is not known here.",
                    hint="Choose a scaling preset that fits the data.",
                )
            low, high = (float(value) for value in linear.to_physical(np.asarray(sorted(percentiles))))
        else:
            low, high = physical_range(band) or (0.0, 1.0)
            low, high = float(rule.get("low", low)), float(rule.get("high", high))
        if not np.isfinite([low, high]).all():
            low, high = 0.0, 1.0
        if high <= low:
            high = low + 1.0
        return BandScaling(linear.scale, linear.offset, low, high, linear.decibel)


@cache
def scaling_presets() -> dict[str, ScalingPreset]:
    """Returns all presets of sensors.toml by name."""
    return {
        name: ScalingPreset(name, table["title"], {key: rule for key, rule in table.items() if key != "title"})
        for name, table in catalogue()["scaling"].items()
    }


def scaling_preset(name: str) -> ScalingPreset:
    """Returns a preset by name.

    Raises:
        SensorError: there is no such preset.
    """
    try:
        return scaling_presets()[name]
    except KeyError:
        raise SensorError(
            f"There is no scaling preset {name!r}.", hint=f"Choose one of {', '.join(scaling_presets())}."
        ) from None
