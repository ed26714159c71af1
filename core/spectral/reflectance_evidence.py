"""Evidence from pixel values for the scaling of reflectance bands, and values that are physically impossible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics
from core.spectral.bands import Band, BandSet
from core.spectral.evidence import Evidence
from core.spectral.products import entries_of
from core.spectral.scaling import scaling_presets
from core.spectral.sensors import get_sensor

ALWAYS_POSSIBLE = ("reflectance_10000", "physical", "reflectance_percent", "percentile")
"""Ways of storing reflectance that any raster may use, the commonest first."""
_LANDSAT_ZERO = 5000.0  # no valid Collection 2 number is below
_LANDSAT_DARK = 7273.0  # reflectance 0 in Collection 2 Level 2
_ADDED = 1000.0  # what Sentinel-2 adds since baseline 04.00
_FLOOR = (850.0, 1500.0)  # darkest values of all bands where 1000 was added and the scene holds water or shadow
_CIRRUS_DARK = 600.0  # the cirrus band of Sentinel-2 is nearly black unless 1000 was added
_BRIGHTEST = 2.0  # 98th percentile of reflectance that clouds and snow may reach
_BRIGHT = 1.1  # median that no scene has in every band it is fed with
DIM = 0.06
"""98th percentile of the brightest band below which a scene is darker than any land; open water may be so."""
_DARKEST = -0.05  # 2nd percentile; atmospheric correction may overshoot a little
_TEN_THOUSAND = re.compile(r"reflectance\D{0,20}(x|×|\*|scaled by)?\s*10[\s,.]?000\b", re.IGNORECASE)
_IMPOSSIBLE, _UNLIKELY = -6.0, -3.0


def reflectance_evidence(
    info: RasterInfo,
    sensor: str | None,
    numbers: Sequence[int],
    band_set: BandSet,
    statistics: Mapping[int, BandStatistics] | None,
) -> Iterator[Evidence]:
    """Yield what the sensor's usual product, the metadata's words and the values say of the scaling.

    Args:
        info: the raster.
        sensor: its sensor, where known.
        numbers: 1-based bands that are fed.
        band_set: what they are.
        statistics: of all bands by number, without fill and collars, where known.
    """
    floating = any(info.dtypes[number - 1].startswith("float") for number in numbers)
    if sensor is not None:
        usual = get_sensor(sensor).scaling
        yield _piece("sensor", f"{get_sensor(sensor).title} usually comes so", usual, 1.0)
    if any(_TEN_THOUSAND.search(text) for text in entries_of(info)):
        yield _piece("metadata", "Its metadata says reflectance times 10 000", "reflectance_10000", 4.5)
    pairs = [
        (number, band)
        for number, band in zip(numbers, band_set.bands, strict=True)
        if band.kind == "reflectance" and (statistics is None or statistics[number].valid_fraction > 0)
    ]
    if statistics is None or not pairs:
        if floating:
            yield _piece("type of values", "Its values are floating point numbers", "physical", 2.0)
        return
    chosen = [statistics[number] for number, _ in pairs]
    yield from _physical_possibility([band for _, band in pairs], chosen)
    low, high = min(band.low for band in chosen), max(band.high for band in chosen)
    if floating and high <= 2.0:
        yield _piece("values", "Its values are reflectance from 0 to 1", "physical", 5.0)
    elif floating and high <= 120.0:
        yield _piece("values", "Its values lie between 0 and 100", "reflectance_percent", 5.0)
    if sensor is not None and sensor.startswith("landsat") and low >= _LANDSAT_ZERO and high > _LANDSAT_DARK:
        says = "Its values start where those of Collection 2 do"
        yield _piece("values", says, "landsat_c2_l2", 2.0)
        yield _piece("values", says, "landsat_c2_l1", 1.5)
    limit = 0.0 if sensor is None or floating else get_sensor(sensor).counts_below
    if high < limit and not _calibrated(info):
        yield _piece("values", f"Its values look like uncalibrated numbers below {limit:g}", "percentile", 3.5)
    if sensor is not None and sensor.startswith("sentinel2") and not floating:
        yield from _sentinel2(info, pairs, low, statistics)
    yield _piece("values", "No scaling fits better", "percentile", 0.2)


def _piece(source: str, says: str, preset: str, strength: float) -> Evidence:
    return Evidence(source, says, "scaling", (preset,), strength)


def _physical_possibility(bands: Sequence[Band], chosen: Sequence[BandStatistics]) -> Iterator[Evidence]:
    """Yield which presets make reflectance that the ground can have, and which do not."""
    for name, preset in scaling_presets().items():
        rule = preset.rules.get("reflectance", {})
        if name == "physical":
            rule = {"scale": 1.0}
        if "scale" not in rule or rule.get("percentile"):
            continue
        scale, offset = float(rule["scale"]), float(rule.get("offset", 0.0))
        lows = [band.low * scale + offset for band in chosen]
        medians = [band.median * scale + offset for band in chosen]
        highs = [band.high * scale + offset for band in chosen]
        brightest = bands[highs.index(max(highs))].name
        if max(highs) > _BRIGHTEST:
            says = f"{brightest} would reach a reflectance of {max(highs):.2g}, which no ground has"
            yield _piece("physical possibility", says, name, _IMPOSSIBLE)
        elif max(medians) > _BRIGHT:
            says = f"{brightest} would have a mean reflectance of {max(medians):.2g}, which no ground has"
            yield _piece("physical possibility", says, name, _IMPOSSIBLE)
        elif min(lows) < _DARKEST:
            says = f"2 % of {bands[lows.index(min(lows))].name} would be below a reflectance of {min(lows):.2f}"
            yield _piece("physical possibility", says, name, _IMPOSSIBLE)
        elif max(highs) < 0.005:
            yield _piece("physical possibility", "The whole scene would be black", name, _UNLIKELY)
        else:
            says = f"Reflectance would be {min(lows):.2f} to {max(highs):.2f}"
            yield _piece("physical possibility", says, name, 0.5 if name in ALWAYS_POSSIBLE else 0.1)


def _sentinel2(
    info: RasterInfo, named: Sequence[tuple[int, Band]], low: float, statistics: Mapping[int, BandStatistics]
) -> Iterator[Evidence]:
    """Yield what the values say of the 1000 that the processing baselines since 04.00 (January 2022) add."""
    plain, added = "reflectance_10000", "reflectance_10000_offset"
    if info.count == 13:
        dark = low < _ADDED or statistics[11].median < _CIRRUS_DARK
        says = "The cirrus band is dark, so 1000 was not added" if dark else "The cirrus band lies near 1000"
        yield _piece("values", says, plain if dark else added, 5.0)
        return
    finer = [number for number, band in named if band.ground_sampling_distance_m < 60]
    floors = [statistics[number].minimum for number in finer]
    if len(finer) > 5 and all(_FLOOR[0] <= value <= _FLOOR[1] for value in floors):
        yield _piece("values", "Every band bottoms out near 1000, so 1000 was added", added, 2.0)
    if low < 0.9 * _ADDED:
        yield _piece("values", f"2 % of its values are below {low:.0f}, so 1000 cannot have been added", plain, 2.5)


def _calibrated(info: RasterInfo) -> bool:
    return "reflectance" in " ".join([info.path, *info.tags.values()]).lower()
