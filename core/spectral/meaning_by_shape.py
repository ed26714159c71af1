"""Guess of unnamed bands from their number, data type, values and pixel size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics
from core.spectral.band_names import band_name, has_own_name, is_auxiliary, is_derived
from core.spectral.bands import Band
from core.spectral.meaning import Meaning, Statistics, layout_of, make_meaning, order_reason, size_misfit
from core.spectral.sensors import get_sensor, load_sensors

_GREY = Band("gray", 0.59, 0.3, 0.0, "unknown")


def meaning_by_shape(info: RasterInfo, bands: Sequence[int], statistics: Statistics | None) -> Meaning | None:
    """Guess sensor and bands from the number of bands, their data type and the pixel size."""
    if len(bands) == 1:
        return _single_band(info, bands[0], statistics[bands[0]] if statistics else None)
    dtype = info.dtypes[bands[0] - 1]
    if len(bands) == 2:
        return _radar_pair(bands, dtype, statistics)
    candidates = []
    for order, sensor in enumerate(load_sensors().values()):
        layout = layout_of(sensor, len(bands))
        kinds = {band.kind for band in sensor.bands.bands}
        if layout is None or not sensor.guessed or ("display" in kinds) != (dtype == "uint8") or "sar" in kinds:
            continue
        candidates.append((size_misfit(info, sensor), order, sensor, layout))
    if not candidates and dtype == "uint8":
        sensor = get_sensor("aerial_rgb")
        found = dict(zip(bands[:3], sensor.bands.bands, strict=True))
        reason = f"It has {len(bands)} bands of 8 bits without names; the first three are taken as red, green, blue."
        return make_meaning(sensor, found, "guess", (reason,), ("Check that red, green and blue come first.",))
    coloured = [number for number in bands if info.colour_roles[number - 1] in ("red", "green", "blue")]
    if dtype != "uint8" and (len(bands) == 3 or (len(coloured) == 3 and len(bands) == 4)):
        return _deep_picture(info, bands, statistics)
    if not candidates:
        return None
    misfit, _, sensor, layout = min(candidates, key=lambda item: item[:2])
    rivals = [other.title for other_misfit, _, other, _ in candidates if other is not sensor and other_misfit <= misfit]
    reasons = (
        f"It has {len(bands)} bands of {dtype}, as {sensor.title} comes.",
        order_reason(layout),
    )
    unnamed = not any(has_own_name(info, number) for number in bands)
    warnings = [f"The bands have no names{'' if unnamed else ' of a known sensor'}; check the order."]
    if rivals:
        warnings.append(f"It could as well be {' or '.join(rivals[:3])}.")
    found = dict(zip(bands, sensor.bands.select(layout).bands, strict=True))
    return make_meaning(sensor, found, "guess", reasons, tuple(warnings))


def _single_band(info: RasterInfo, number: int, band: BandStatistics | None) -> Meaning:
    """Distinguish elevation, temperature, class maps and panchromatic images."""
    dtype = info.dtypes[number - 1]
    unit = (info.units[number - 1] or "").strip().lower()
    name = info.descriptions[number - 1] or ""
    if is_auxiliary(layer := band_name(info, number)):
        return Meaning(
            None,
            f"one quality layer ({layer})",
            {number: _GREY},
            (number,),
            "guess",
            (f"Its name says {layer}, a layer of quality or classes beside an image.",),
            ("It is no image; text prompts will mean little.",),
        )
    if is_derived(name):
        return Meaning(
            None,
            f"one band of {name}",
            {number: _GREY},
            (number,),
            "guess",
            (f"Its band is called {name}, which is computed from an image or from terrain.",),
            ("It is no image; text prompts will mean little.",),
        )
    if info.has_palette or (
        band is not None
        and dtype != "float64"
        and band.distinct <= 24
        and 0 <= band.maximum - band.minimum < 24
        and _whole(band)
    ):
        return Meaning(
            None,
            "one band of codes or few values",
            {number: _GREY},
            (number,),
            "guess",
            ("It has one band with a palette or few whole values.",),
            ("It looks like a map of classes, not an image; text prompts will mean little.",),
        )
    if unit in ("k", "kelvin", "°c", "degc", "celsius"):
        return make_meaning(
            get_sensor("thermal"), {number: get_sensor("thermal").bands.bands[0]}, "certain", (f"Its unit is {unit}.",)
        )
    if dtype == "uint8":
        return Meaning(
            None,
            "one grey band",
            {number: Band("gray", _GREY.wavelength_um, _GREY.width_um, 0.0, "display")},
            (number,),
            "guess",
            ("It has one band of 8 bits.",),
            ("A grey picture in visible light is assumed; name the sensor thermal where it shows heat.",),
        )
    unsigned = dtype in ("uint16", "uint32")
    looks_high = band is None or (band.low >= -500.0 and band.high <= 9000.0 and band.maximum - band.minimum > 1.5)
    if unit in ("m", "metre", "meter", "metres", "meters") or (looks_high and not unsigned):
        return make_meaning(
            get_sensor("dem"),
            {number: get_sensor("dem").bands.bands[0]},
            "likely" if unit else "guess",
            (f"It has one band of {dtype} with values that metres above sea level have.",),
            ("Elevation is assumed; name the sensor height or thermal where it is that.",),
        )
    return Meaning(
        None,
        "one band of unknown meaning",
        {number: _GREY},
        (number,),
        "guess",
        (f"It has one band of {dtype} without a name.",),
        ("A grey picture in visible light is assumed; name the sensor or give the wavelength.",),
    )


def _whole(band: BandStatistics) -> bool:
    return band.minimum.is_integer() and band.maximum.is_integer() and band.median.is_integer()


def _radar_pair(bands: Sequence[int], dtype: str, statistics: Statistics | None) -> Meaning | None:
    """Two float bands are VV and VH if their values can be backscatter."""
    if not dtype.startswith("float"):
        return None
    if statistics and not all(statistics[n].low >= -60.0 and statistics[n].high <= 30.0 for n in bands):
        return None
    sensor = get_sensor("sentinel1")
    return make_meaning(
        sensor,
        dict(zip(bands, sensor.bands.select(("VV", "VH")).bands, strict=True)),
        "guess",
        ("It has two bands of floating point numbers in the range of radar backscatter.",),
        ("The first band is taken as VV, the second as VH.",),
    )


def _deep_picture(info: RasterInfo, bands: Sequence[int], statistics: Statistics | None) -> Meaning:
    """Three or four bands of more than 8 bits are red, green, blue and near infrared, by their colour roles."""
    floating = info.dtypes[bands[0] - 1].startswith("float")
    unit = statistics is not None and floating and max(statistics[n].high for n in bands) <= 1.05
    kind: Literal["display", "unknown"] = "display" if unit else "unknown"
    sensor = get_sensor("aerial_rgb" if len(bands) == 3 else "aerial_rgbn")
    roles = [info.colour_roles[number - 1] for number in bands]
    said = {"red", "green", "blue"} <= set(roles)
    order = [role if role in ("red", "green", "blue") else "nir" for role in roles] if said else sensor.bands.names
    found = {
        number: Band(band.name, band.wavelength_um, band.width_um, 0.0, kind)
        for number, band in zip(bands, sensor.bands.select(order).bands, strict=True)
    }
    by = "as their colour roles say" if said else "without names, taken as red, green, blue"
    warning = (
        "Its numbers are taken for a picture's, not for reflectance; name the scaling if they are." if said else ""
    )
    return Meaning(
        sensor.name,
        sensor.title,
        found,
        tuple(bands),
        "likely" if said else "guess",
        (f"It has {len(bands)} bands of {info.dtypes[0]} {by}.",),
        (warning or "Check that red, green and blue come in this order.",),
    )
