"""Which scaling a raster needs, weighed from what it declares, its product, its sensor and the range of its values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics, percentiles
from core.spectral.bands import Band, BandSet
from core.spectral.declared_scaling import DECLARED, DeclaredScaling, declared_scaling
from core.spectral.evidence import Evidence, contradictions, weigh
from core.spectral.products import product_evidence
from core.spectral.reflectance_evidence import ALWAYS_POSSIBLE, DIM, reflectance_evidence
from core.spectral.scaling import Scaling, scaling_preset, scaling_presets


@dataclass(frozen=True)
class ScalingChoice:
    """The scaling and why.

    Attributes:
        scaling: of the bands that are fed.
        reasons: why, one sentence each.
        warnings: what the user should check.
        evidence: the pieces that were weighed.
    """

    scaling: Scaling
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def choose_scaling(
    info: RasterInfo,
    sensor: str | None,
    numbers: Sequence[int],
    band_set: BandSet,
    statistics: Mapping[int, BandStatistics] | None,
    preset: str | None,
) -> ScalingChoice:
    """Choose how digital numbers become model input.

    Args:
        info: the raster.
        sensor: its sensor, where known.
        numbers: 1-based bands that are fed.
        band_set: what they are.
        statistics: of all bands by number, without fill and collars; None where values are not to be read.
        preset: name of the preset the user requested.

    Raises:
        SensorError: there is no such preset, or the raster's own range is needed but unknown.
    """
    chosen = None if statistics is None else [statistics[number] for number in numbers]
    ranges = None if chosen is None else percentiles(chosen)
    if preset is not None:
        named = scaling_preset(preset)
        return ScalingChoice(named.scaling(band_set, ranges), (f"The scaling was named: {named.title}.",))
    declared = declared_scaling(info, numbers, band_set, chosen)
    kinds = {band.kind for band in band_set.bands}
    if "reflectance" not in kinds and declared is not None:
        return ScalingChoice(declared.scaling, (declared.says,), (), (declared.evidence,))
    if "reflectance" not in kinds:
        name, reason, warning = _by_kind(info, sensor, numbers, band_set, chosen)
        piece = Evidence("values", reason, "scaling", (name,), 2.0)
        return _made(name, band_set, ranges, (piece,), (warning,) if warning else ())
    evidence = [*product_evidence(info, sensor)]
    evidence += reflectance_evidence(info, sensor, numbers, band_set, statistics)
    candidates = dict.fromkeys((*ALWAYS_POSSIBLE, *scaling_presets()))
    if declared is not None:
        evidence.append(declared.evidence)
        candidates = dict.fromkeys((DECLARED, *candidates))
    best = next(iter(weigh(evidence, "scaling", tuple(candidates))))
    warnings = _contradicted(evidence, best, declared)
    if best == DECLARED and declared is not None:
        warnings = (*warnings, *_dim(declared.scaling, band_set, chosen))
        return ScalingChoice(declared.scaling, (declared.says,), warnings, tuple(evidence))
    if best == "percentile":
        warnings = (*warnings, "Brightness follows the raster's own range.")
    if best == "reflectance_10000" and _may_hold_1000(sensor, evidence, chosen):
        warnings = (
            *warnings,
            "All values are above 1000; if the product adds 1000, choose the scaling reflectance_10000_offset.",
        )
    made = _made(best, band_set, ranges, tuple(evidence), warnings)
    return replace(made, warnings=(*made.warnings, *_dim(made.scaling, band_set, chosen)))


def _dim(scaling: Scaling, band_set: BandSet, chosen: Sequence[BandStatistics] | None) -> tuple[str, ...]:
    """Return a warning where the chosen scaling makes all bands darker than land is."""
    if scaling.name == "percentile" or chosen is None:
        return ()
    tops = [
        sample.high * band_scaling.scale + band_scaling.offset
        for band, sample, band_scaling in zip(band_set.bands, chosen, scaling.bands, strict=True)
        if band.kind == "reflectance" and sample.valid_fraction > 0
    ]
    if len(tops) < 2 or max(tops) >= DIM:
        return ()
    return (
        f"No band would reach a reflectance above {max(tops):.2g}, which is darker than land; unless it shows open "
        "water, choose another scaling (reflectance_1000 where the product is × 1000).",
    )


def _may_hold_1000(sensor: str | None, evidence: Sequence[Evidence], chosen: Sequence[BandStatistics] | None) -> bool:
    """Whether nothing decides if 1000 was added to a Sentinel-2 product."""
    reflectance_declared = any("reflectance_10000" in piece.favours and piece.strength > 3.0 for piece in evidence)
    bright = chosen is not None and min(band.low for band in chosen) >= 1000.0
    return bool(sensor and sensor.startswith("sentinel2") and bright and not reflectance_declared)


def _made(
    name: str,
    band_set: BandSet,
    ranges: Sequence[tuple[float, float]] | None,
    evidence: tuple[Evidence, ...],
    warnings: tuple[str, ...],
) -> ScalingChoice:
    """Return the choice of a preset, with the strongest piece that supports it as the reason."""
    preset = scaling_preset(name)
    pieces = [piece for piece in evidence if name in piece.favours and piece.about == "scaling" and piece.strength > 0]
    strongest = max(pieces, key=lambda piece: piece.strength, default=None)
    says = "what its values mean is unknown" if strongest is None else strongest.says
    if strongest is not None and strongest.source != "sensor":  # whose sentence begins with the sensor's own name
        says = f"{says[0].lower()}{says[1:]}"
    reason = f"Scaling {preset.title!r}: {says}."
    return ScalingChoice(preset.scaling(band_set, ranges), (reason,), warnings, evidence)


def _contradicted(evidence: Sequence[Evidence], best: str, declared: DeclaredScaling | None) -> tuple[str, ...]:
    """Return a warning for each strong piece of evidence that contradicts the choice."""
    found = []
    same = declared is not None and best != DECLARED and _is_preset(declared, best)
    for piece in contradictions(evidence, "scaling", (best,)):
        if same and piece.favours == (DECLARED,):
            continue
        if best == DECLARED and piece.favours[0] in SAME_AS_DECLARED:
            continue
        if piece.strength < 0:
            found.append(f"{piece.says}: check the scaling.")
        elif piece.source != "values":
            other = scaling_presets()[piece.favours[0]].title if piece.favours[0] != DECLARED else "as it declares"
            found.append(f"{piece.says} ({other}), which does not fit the rest; name the scaling if it is right.")
    return tuple(dict.fromkeys(found))


def _is_preset(declared: DeclaredScaling, name: str) -> bool:
    """Whether the declared scale and offset of every band are those that a preset has for reflectance."""
    rule = scaling_presets()[name].rules.get("reflectance", {})
    scale, offset = rule.get("scale", 1.0), rule.get("offset", 0.0)
    return all(
        math.isclose(band.scale, scale, rel_tol=1e-3) and math.isclose(band.offset, offset, abs_tol=scale)
        for band in declared.scaling.bands
    )


_LEAST_DB, _MOST_DB = -80.0, 60.0
"""Backscatter in decibels lies between; integers beyond are hundredths or tenths of a decibel."""
SAME_AS_DECLARED = (
    "reflectance_10000",
    "reflectance_10000_offset",
    "landsat_c2_l2",
    "landsat_c2_l1",
    "physical",
)
"""Presets that what a file declares usually equals."""


def _by_kind(
    info: RasterInfo,
    sensor: str | None,
    numbers: Sequence[int],
    band_set: BandSet,
    chosen: Sequence[BandStatistics] | None,
) -> tuple[str, str, str]:
    """Return (preset, reason, warning or "") for bands other than reflectance."""
    kinds = {band.kind for band in band_set.bands}
    if {info.dtypes[number - 1] for number in numbers} == {"uint8"}:
        return "uint8", "Its values have 8 bits", ""
    if kinds == {"display"}:
        return "unit", "Its values are floating point numbers from 0 to 1", ""
    if "sar" in kinds:
        return _radar(info, numbers, None if chosen is None else _of_kind("sar", band_set, chosen))
    if "thermal" in kinds:
        return _thermal(sensor, None if chosen is None else _of_kind("thermal", band_set, chosen))
    if "elevation" in kinds:
        return "elevation", "Heights are seen relative to the raster's own range", ""
    return "percentile", "What its values mean is unknown", "Brightness follows the raster's own range."


def _of_kind(kind: str, band_set: BandSet, chosen: Sequence[BandStatistics]) -> list[BandStatistics]:
    pairs: list[tuple[Band, BandStatistics]] = list(zip(band_set.bands, chosen, strict=True))
    return [band for meaning, band in pairs if meaning.kind == kind and band.valid_fraction > 0]


def _radar(info: RasterInfo, numbers: Sequence[int], chosen: Sequence[BandStatistics] | None) -> tuple[str, str, str]:
    """Tell dB, power and amplitude apart."""
    floating = info.dtypes[numbers[0] - 1].startswith("float")
    if not chosen:
        return "sar_db", "Radar is usually in dB", ""
    if any(band.low < _LEAST_DB or band.high > _MOST_DB for band in chosen) and any(band.median < 0 for band in chosen):
        return "percentile", "Its values are beyond what decibels can be", "Brightness follows the raster's own range."
    if any(band.median < 0 for band in chosen):
        return "sar_db", "Its values are negative", ""
    if floating and max(band.high for band in chosen) < 50.0:
        return "sar_linear", "Its values are small and positive", ""
    return "sar_amplitude", "Its values are large and positive", "The radar image is not calibrated to dB."


def _thermal(sensor: str | None, chosen: Sequence[BandStatistics] | None) -> tuple[str, str, str]:
    """Tell kelvin, tenths of a kelvin, degrees and raw numbers apart."""
    if not chosen:
        return "kelvin", "Temperature is usually in kelvin", ""
    median = chosen[0].median
    if 180.0 <= median <= 400.0:
        return "kelvin", "Its values lie where kelvin do", ""
    if -80.0 <= median <= 100.0:
        return "celsius", "Its values lie where degrees Celsius do", ""
    if 1800.0 <= median <= 4000.0:
        return "reflectance_10000", "Its values lie where tenths of a kelvin do", ""
    if sensor is not None and sensor.startswith("landsat") and median > 10000.0:
        return "landsat_c2_l2", "Its values lie where Collection 2 temperatures do", ""
    if 10000.0 < median < 20000.0:
        return "kelvin_50", "Its values lie where fiftieths of a kelvin do (MODIS, ECOSTRESS)", ""
    return "percentile", "What its values mean is unknown", "Brightness follows the raster's own range."
