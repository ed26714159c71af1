"""Scale and offset that a file declares, and whether they are plausible."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics
from core.spectral.bands import Band, BandSet
from core.spectral.evidence import Evidence
from core.spectral.scaling import BandScaling, Scaling, physical_range

DECLARED = "file"
"""Name of the scaling that a file declares."""
_NEARLY_PROOF = 6.0
_DOUBTFUL = 1.5
_FACTOR = re.compile(r"^reflectance[_ ]scale[_ ]factor$", re.IGNORECASE)
_CELSIUS_BELOW = 150.0
"""A median temperature below is in degrees Celsius: the Earth has no ground of 150 K."""
_KELVIN = 273.15


@dataclass(frozen=True)
class DeclaredScaling:
    """A scaling from what the file declares.

    Attributes:
        scaling: of the bands that are fed.
        says: where it was found, one sentence.
        evidence: how much it counts: less where it makes values that no ground has.
    """

    scaling: Scaling
    says: str
    evidence: Evidence


def declared_scaling(
    info: RasterInfo, numbers: Sequence[int], band_set: BandSet, chosen: Sequence[BandStatistics] | None
) -> DeclaredScaling | None:
    """Return the scaling that a file declares for its bands; None where it declares none.

    Args:
        info: the raster.
        numbers: 1-based bands that are fed.
        band_set: what they are.
        chosen: their statistics, where known.
    """
    pairs = [(info.scales[number - 1], info.offsets[number - 1]) for number in numbers]
    says = "The file declares scale and offset of its values."
    if all(pair == (1.0, 0.0) for pair in pairs):
        factor = next((value for key, value in info.tags.items() if _FACTOR.match(key.strip())), None)
        divisor = _number(factor)
        if divisor in (0.0, 1.0) or any(band.kind != "reflectance" for band in band_set.bands):
            return None
        pairs = [(1.0 / divisor, 0.0)] * len(pairs)
        says = f"Its header says reflectance scale factor {divisor:g}."
    if any(scale == 0.0 for scale, _ in pairs):
        return None
    samples: list[BandStatistics | None] = list(chosen) if chosen is not None else [None] * len(pairs)
    made = tuple(
        _band_scaling(band, scale, offset, sample)
        for band, (scale, offset), sample in zip(band_set.bands, pairs, samples, strict=True)
    )
    doubt = _impossible(band_set, made, samples)
    evidence = Evidence(
        "declared scale and offset",
        doubt or says.rstrip("."),
        "scaling",
        (DECLARED,),
        _DOUBTFUL if doubt else _NEARLY_PROOF,
    )
    return DeclaredScaling(Scaling(DECLARED, made), says, evidence)


def _band_scaling(band: Band, scale: float, offset: float, sample: BandStatistics | None) -> BandScaling:
    """Return the scaling of one band; limits are in the unit that the scale gives."""
    if band.kind == "display":
        low, high = sorted((offset, 255.0 * scale + offset))
        return BandScaling(scale, offset, low, high)
    if band.kind == "thermal" and sample is not None and sample.median * scale + offset < _CELSIUS_BELOW:
        offset += _KELVIN
    limits = physical_range(band)
    if limits is None and sample is not None:
        limits = (sample.low * scale + offset, sample.high * scale + offset)
    low, high = sorted(limits or (0.0, 1.0))
    return BandScaling(scale, offset, low, high if high > low else low + 1.0)


def _impossible(band_set: BandSet, made: Sequence[BandScaling], samples: Sequence[BandStatistics | None]) -> str:
    """Return why declared numbers cannot be true of the values, or ""."""
    for band, scaling, sample in zip(band_set.bands, made, samples, strict=True):
        if sample is None or band.kind != "reflectance" or not sample.valid_fraction:
            continue
        low, median, high = (
            value * scaling.scale + scaling.offset for value in (sample.low, sample.median, sample.high)
        )
        if high < 0.003 or median > 1.3 or median < -0.02:
            return (
                f"The file declares scale {scaling.scale:g} and offset {scaling.offset:g}, by which {band.name} would "
                f"be {low:.3g} to {high:.3g}: no reflectance"
            )
    return ""


def _number(text: str | None) -> float:
    found = re.search(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text or "")
    return float(found.group(0)) if found else 0.0
