"""Which scaling preset a raster needs, told from its type, its metadata and the range of its values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics, percentiles
from core.spectral.bands import Band, BandSet
from core.spectral.scaling import BandScaling, Scaling, physical_range, scaling_preset
from core.spectral.sensors import get_sensor

_LANDSAT_ZERO = 5000.0  # no valid Collection 2 number is below
_BRIGHTEST = 20000.0  # no ground or cloud is brighter in reflectance times 10 000
_FLOOR = (850.0, 1500.0)  # darkest values of all bands where 1000 was added and the scene holds water or shadow
_CIRRUS_DARK = 600.0  # the cirrus band of Sentinel-2 is nearly black unless 1000 was added


@dataclass(frozen=True)
class ScalingChoice:
    """The scaling and why."""

    scaling: Scaling
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()


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
        statistics: of all image bands by number, where values may be looked at.
        preset: name of the preset a person asked for.

    Raises:
        SensorError: there is no such preset, or the raster's own range is needed but unknown.
    """
    chosen = None if statistics is None else [statistics[number] for number in numbers]
    ranges = None if chosen is None else percentiles(chosen)
    if preset is not None:
        named = scaling_preset(preset)
        return ScalingChoice(named.scaling(band_set, ranges), (f"The scaling was named: {named.title}.",))
    declared = _declared(info, numbers, band_set, ranges)
    if declared is not None:
        return declared
    name, reason, warning = _guess(info, sensor, numbers, band_set, statistics, chosen)
    made = scaling_preset(name).scaling(band_set, ranges)
    return ScalingChoice(
        made,
        (f"Scaling {scaling_preset(name).title!r}: {reason[0].lower()}{reason[1:]}.",),
        (warning,) if warning else (),
    )


def _declared(
    info: RasterInfo,
    numbers: Sequence[int],
    band_set: BandSet,
    ranges: Sequence[tuple[float, float]] | None,
) -> ScalingChoice | None:
    """Take scale and offset that the file declares for its bands."""
    pairs = [(info.scales[number - 1], info.offsets[number - 1]) for number in numbers]
    if all(pair == (1.0, 0.0) for pair in pairs) or any(scale == 0.0 for scale, _ in pairs):
        return None
    made = []
    for position, (band, (scale, offset)) in enumerate(zip(band_set.bands, pairs, strict=True)):
        limits = physical_range(band)
        if limits is None and ranges is not None:
            limits = (ranges[position][0] * scale + offset, ranges[position][1] * scale + offset)
        low, high = sorted(limits or (0.0, 1.0))
        made.append(BandScaling(scale, offset, low, high if high > low else low + 1.0))
    return ScalingChoice(Scaling("file", tuple(made)), ("The file declares scale and offset of its values.",))


def _guess(
    info: RasterInfo,
    sensor: str | None,
    numbers: Sequence[int],
    band_set: BandSet,
    statistics: Mapping[int, BandStatistics] | None,
    chosen: Sequence[BandStatistics] | None,
) -> tuple[str, str, str]:
    """Returns (preset, reason, warning or nothing)."""
    dtypes = {info.dtypes[number - 1] for number in numbers}
    kinds = {band.kind for band in band_set.bands}
    if dtypes == {"uint8"}:
        return "uint8", "Its values have 8 bits", ""
    if kinds == {"display"}:
        return "unit", "Its values are floating point numbers from 0 to 1", ""
    if "reflectance" in kinds:
        part = None if chosen is None else _of_kind("reflectance", band_set, chosen)
        named = list(zip(numbers, band_set.bands, strict=True))
        return _reflectance(info, sensor, named, part, statistics)
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


def _reflectance(
    info: RasterInfo,
    sensor: str | None,
    named: Sequence[tuple[int, Band]],
    chosen: Sequence[BandStatistics] | None,
    statistics: Mapping[int, BandStatistics] | None,
) -> tuple[str, str, str]:
    """Tell the ways apart in which reflectance is stored."""
    text = " ".join([info.path, *info.tags.values()])
    if not chosen:
        if any(dtype.startswith("float") for dtype in info.dtypes):
            return "physical", "Its values are floating point numbers", ""
        return (get_sensor(sensor).scaling if sensor else "reflectance_10000"), "The sensor's usual product", ""
    high = max(band.high for band in chosen)
    low = min(band.low for band in chosen)
    floating = any(dtype.startswith("float") for dtype in info.dtypes)
    if floating and high <= 2.0:
        return "physical", "Its values are reflectance from 0 to 1", ""
    if floating and high <= 120.0:
        return "reflectance_percent", "Its values lie between 0 and 100", ""
    landsat = sensor is not None and sensor.startswith("landsat")
    ten_thousand = re.search(r"(x|×|\*)\s*10[\s,.]?000|10000", text) is not None
    if landsat and not ten_thousand and low >= _LANDSAT_ZERO and high > 7273.0:
        level1 = re.search(r"_L1(TP|GT|GS)_", text) is not None
        name = "landsat_c2_l1" if level1 else "landsat_c2_l2"
        return name, "Its values start where those of Collection 2 do", ""
    if sensor is not None and sensor.startswith("worldview") and high < 2048 and "reflectance" not in text.lower():
        return "percentile", "Its values look like uncalibrated 11-bit numbers", "Calibrate them to reflectance."
    if sensor is not None and sensor.startswith("sentinel2") and high <= _BRIGHTEST:
        finer = [number for number, band in named if band.ground_sampling_distance_m < 60]
        return _sentinel2(info, text, low, finer if len(finer) > 5 else [], statistics)
    if high <= _BRIGHTEST:
        return "reflectance_10000", "Its values look like reflectance times 10 000", ""
    return "percentile", "What its values mean is unknown", "Brightness follows the raster's own range."


def _sentinel2(
    info: RasterInfo,
    text: str,
    low: float,
    floor_bands: Sequence[int],
    statistics: Mapping[int, BandStatistics] | None,
) -> tuple[str, str, str]:
    """Find out whether 1000 was added, as the processing baselines since 04.00 (January 2022) do."""
    offset = next((value for key, value in info.tags.items() if key.upper().endswith("ADD_OFFSET")), None)
    baseline = re.search(r"_N(\d{4})_", text)
    if offset is not None:
        added = offset.strip().startswith("-1000")
        return _baseline(added), f"Its metadata {'adds' if added else 'does not add'} 1000", ""
    if re.search(r"reflectance\s*(x|×|\*)\s*10", text, re.IGNORECASE):
        return "reflectance_10000", "Its metadata says so", ""
    if statistics is not None and info.count == 13:
        cirrus = statistics[11].median
        if low < 1000.0 or cirrus < _CIRRUS_DARK:
            return "reflectance_10000", "The cirrus band is dark, so 1000 was not added", ""
        return "reflectance_10000_offset", "The cirrus band lies near 1000, so 1000 was added", ""
    if baseline is not None:
        added = int(baseline.group(1)) >= 400
        if not added or low >= 1000.0:
            return _baseline(added), f"Its processing baseline {'adds' if added else 'does not add'} 1000", ""
    floors = [] if statistics is None else [statistics[number].minimum for number in floor_bands]
    if floors and all(_FLOOR[0] <= value <= _FLOOR[1] for value in floors):
        return "reflectance_10000_offset", "Every band bottoms out near 1000, so 1000 was added", ""
    warning = ""
    if low >= 1000.0:
        warning = "All values are above 1000; if the product adds 1000, choose the scaling reflectance_10000_offset."
    return "reflectance_10000", "Its values look like reflectance times 10 000", warning


def _baseline(added: bool) -> str:
    return "reflectance_10000_offset" if added else "reflectance_10000"


def _radar(info: RasterInfo, numbers: Sequence[int], chosen: Sequence[BandStatistics] | None) -> tuple[str, str, str]:
    """Tell dB, power and amplitude apart."""
    floating = info.dtypes[numbers[0] - 1].startswith("float")
    if not chosen:
        return "sar_db", "Radar is usually in dB", ""
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
    return "percentile", "What its values mean is unknown", "Brightness follows the raster's own range."
