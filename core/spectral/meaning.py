"""Sensor of a raster and identity of its bands, by wavelengths, names, hints or shape."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from core.errors import SensorError
from core.raster.raster_info import RasterInfo
from core.raster.statistics import BandStatistics
from core.spectral.band_names import band_name, is_auxiliary, named_bands
from core.spectral.bands import Band
from core.spectral.evidence import Evidence, contradictions, weigh
from core.spectral.file_wavelengths import FileWavelengths, file_wavelengths
from core.spectral.products import names_of, product_evidence
from core.spectral.sensors import Sensor, get_sensor, load_sensors

Statistics = Mapping[int, BandStatistics]
"""Raster-wide statistics by 1-based band number."""

Confidence = Literal["given", "certain", "likely", "guess"]

_MANY_BANDS = 30  # from here on, an imaging spectrometer
_SHADES = 16
_NAMED = 10.0
"""Strength of names that all fit a sensor; no other evidence outweighs half of the bands."""
_NAME_HINT, _METADATA_HINT = 4.0, 3.0
_UNNAMED = 0.6
"""What contradicts a sensor whose bands are called as those of many others, where no name or metadata is its own."""
_SAME_LIGHT_UM = 0.03
"""Largest distance in µm of declared wavelengths from a sensor's that does not contradict it."""


@dataclass(frozen=True)
class Meaning:
    """Sensor and bands of a raster.

    Attributes:
        sensor: its name, or None where only the wavelengths are known.
        title: the sensor in words.
        bands: 1-based band number to band, for all bands whose meaning is known.
        default: band numbers to feed to the model unless others are requested.
        confidence: how sure it is.
        reasons: why, one sentence each.
        warnings: what the user should check.
        evidence: the pieces that were weighed.
    """

    sensor: str | None
    title: str
    bands: Mapping[int, Band]
    default: tuple[int, ...]
    confidence: Confidence
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=())
    evidence: tuple[Evidence, ...] = field(default=())


def declared_meaning(info: RasterInfo, statistics: Statistics | None) -> Meaning | None:
    """Returns sensor and bands from what the raster declares; None if it declares too little.

    Args:
        info: what the raster states of itself.
        statistics: of every band by number, where known.

    Raises:
        SensorError: none of its bands is usable.
    """
    bands = imagery_bands(info, statistics)
    declared = file_wavelengths(info)
    named = _by_names(info, bands, declared)
    if declared is not None and len(bands) > 1 and (named is None or not _agree(named, declared)):
        return _by_wavelengths(info, declared, None, statistics)
    return named or _by_hint(info, bands)


def _agree(named: Meaning, declared: FileWavelengths) -> bool:
    """Whether the wavelengths that a file declares are those of the bands that its names name."""
    return bool(named.bands) and all(
        declared.centres_um[number - 1] and abs(declared.centres_um[number - 1] - band.wavelength_um) <= _SAME_LIGHT_UM
        for number, band in named.bands.items()
    )


def meaning_for_sensor(info: RasterInfo, name: str, statistics: Statistics | None) -> Meaning:
    """Returns which bands of a raster are which bands of a given sensor.

    Raises:
        UnknownSensorError: there is no such sensor.
        SensorError: the raster's bands cannot be those of the sensor.
    """
    sensor = get_sensor(name)
    if sensor.wavelengths_from_file:
        declared = file_wavelengths(info)
        if declared is None:
            raise SensorError(
                f"The file does not say its wavelengths, which {sensor.title} needs.",
                hint="Add them to the ENVI header or the band metadata, or give band numbers and wavelengths.",
            )
        return _by_wavelengths(info, declared, sensor, statistics)
    bands = imagery_bands(info, statistics)
    named = named_bands(info, sensor, bands)
    reason = f"The sensor was named: {sensor.title}."
    if len(named) == len(bands) or (len(named) >= 2 and len(named) >= len(sensor.default_bands)):
        return make_meaning(sensor, named, "given", (reason, "The names of the bands fit it."))
    layout = layout_of(sensor, len(bands))
    if layout is None:
        counts = sorted({len(item) for item in sensor.layouts})
        raise SensorError(
            f"{sensor.title} comes with {' or '.join(map(str, counts))} bands, this raster has {len(bands)}.",
            hint="Name another sensor, or give band numbers and their wavelengths.",
        )
    order = order_reason(layout)
    return make_meaning(
        sensor, dict(zip(bands, sensor.bands.select(layout).bands, strict=True)), "given", (reason, order)
    )


def imagery_bands(info: RasterInfo, statistics: Statistics | None) -> tuple[int, ...]:
    """Returns the bands that hold imagery; the file's alpha flags are checked against the values.

    A band called alpha that holds many shades is near infrared (writers call the fourth 8-bit band alpha unasked); a
    last 8-bit band of nothing but 0 and 255 is alpha in fact.
    """
    bands = info.image_bands
    if statistics is None:
        return bands
    if info.count == 4 and bands == (1, 2, 3) and statistics[4].distinct > _SHADES:
        return (1, 2, 3, 4)
    last = bands[-1]
    if len(bands) > 4 and not info.descriptions[last - 1] and info.dtypes[last - 1].startswith("uint"):
        full = 255.0 if info.dtypes[last - 1] == "uint8" else 65535.0
        if statistics[last].distinct <= 2 and statistics[last].maximum == full:
            return bands[:-1]
    if len(bands) in (2, 4) and info.dtypes[bands[-1] - 1] == "uint8":
        seen = statistics[last]
        if seen.distinct <= 2 and seen.maximum == 255.0 and seen.minimum in (0.0, 255.0):
            return bands[:-1]
    return bands


def _by_wavelengths(
    info: RasterInfo,
    declared: FileWavelengths,
    sensor: Sensor | None,
    statistics: Statistics | None,
) -> Meaning:
    """Use the wavelengths in the file; bad, empty and water-vapour bands are left out."""
    reasons = [f"Its wavelengths are in {declared.found_in}."]
    many = info.count >= _MANY_BANDS
    if sensor is None:
        sensor = _hinted(info, wavelengths_from_file=True) or (_spectrometer(declared.centres_um) if many else None)
    bands = {
        number: _declared_band(info, declared, number) for number in info.image_bands if declared.centres_um[number - 1]
    }
    empty = {
        number for number in info.image_bands if statistics is not None and statistics[number].valid_fraction == 0.0
    }
    if len(empty) == len(info.image_bands):
        empty = set()
    bad = {number for number in bands if not declared.usable[number - 1]} | (empty & set(bands))
    ranges = sensor.absorption_um if sensor is not None and many else ()
    hidden = {
        number for number, band in bands.items() if any(low <= band.wavelength_um <= high for low, high in ranges)
    }
    default = tuple(number for number in bands if number not in bad | hidden)
    if bad:
        reasons.append(f"{len(bad)} bands that are empty or marked as bad are left out.")
    if hidden - bad:
        reasons.append(f"{len(hidden - bad)} bands in which water vapour hides the ground are left out.")
    if not default:
        raise SensorError("No band of the raster is usable.", hint="All are marked as bad or hold no data.")
    title = sensor.title if sensor else f"{len(bands)} bands with known wavelengths"
    return Meaning(sensor.name if sensor else None, title, bands, default, "certain", tuple(reasons))


def _declared_band(info: RasterInfo, declared: FileWavelengths, number: int) -> Band:
    centre, width = declared.centres_um[number - 1], declared.widths_um[number - 1]
    return Band(f"{centre * 1000:.4g} nm", centre, width, info.ground_sampling_distance_m or 0.0, kind_of(centre))


def kind_of(wavelength_um: float) -> Literal["reflectance", "thermal", "sar", "elevation", "unknown"]:
    """Returns what a band of a wavelength measures; radar and height have placeholders of their own."""
    if wavelength_um < 3.0:
        return "reflectance"
    if wavelength_um == 3.75 or 5.39 <= wavelength_um <= 5.44:
        return "sar"
    if wavelength_um in (30.0, 31.0):
        return "elevation"
    return "thermal" if wavelength_um <= 15.0 else "unknown"


def _spectrometer(centres_um: Sequence[float]) -> Sensor:
    """Returns the imaging spectrometer with this number of bands and first wavelength."""
    count, first = len(centres_um), min(value for value in centres_um if value > 0)
    if count == 224 and 0.41 <= first <= 0.43:
        return get_sensor("enmap")
    if count in (224, 425, 432) and first < 0.385:
        return get_sensor("aviris")
    return get_sensor("prisma") if 228 <= count <= 240 and 0.395 <= first <= 0.412 else get_sensor("hyperspectral")


def _by_names(info: RasterInfo, bands: tuple[int, ...], declared: FileWavelengths | None) -> Meaning | None:
    """Choose the sensor that band names, metadata, data type, layout, pixel size and wavelengths support most."""
    imagery = tuple(number for number in bands if not is_auxiliary(band_name(info, number))) or bands
    fitting = {}
    for sensor in load_sensors().values():
        named = named_bands(info, sensor, imagery)
        if not sensor.guessed and not hint_of(info, sensor) and not any(info.descriptions[n - 1] for n in named):
            continue  # colour roles alone, which every picture of three bands has
        if len(named) >= max(1, min(2, len(imagery))) and len(named) >= len(imagery) / 2:
            fitting[sensor.name] = (sensor, named)
    if not fitting:
        return None
    evidence = [*product_evidence(info)]
    for sensor, named in fitting.values():
        evidence += _sensor_evidence(info, sensor, named, len(imagery), declared)
    ranked = weigh(evidence, "sensor", tuple(fitting))
    best = next(iter(ranked))
    sensor, named = fitting[best]
    reasons = [_named_reason(len(named), len(imagery), sensor)]
    declaring = [piece for piece in evidence if _is_declared(piece)]
    confirmed = any(best in piece.favours and piece.strength >= _METADATA_HINT for piece in declaring)
    if confirmed:
        reasons.append("Its name or metadata says so, too.")
    rivals = [fitting[name][0].title for name, total in ranked.items() if name != best and total >= ranked[best] - 1e-6]
    warnings = [f"It could as well be {' or '.join(rivals[:3])}."] if rivals else []
    conflicting = [piece for piece in contradictions(evidence, "sensor", (best,)) if _is_declared(piece)]
    if conflicting and not confirmed:
        warnings.append(f"{conflicting[0].says}, but the names of its bands are those of {sensor.title}.")
    if any(info.colour_roles[number - 1] == "alpha" and not info.descriptions[number - 1] for number in named):
        warnings.append("A band called alpha holds many shades and is taken for near infrared.")
    confidence: Confidence = "guess" if rivals else "certain" if confirmed else "likely"
    made = make_meaning(sensor, named, confidence, tuple(reasons), tuple(warnings))
    return replace(made, evidence=tuple(evidence))


def _is_declared(piece: Evidence) -> bool:
    return piece.source in ("file or product name", "metadata")


def _sensor_evidence(
    info: RasterInfo, sensor: Sensor, named: Mapping[int, Band], count: int, declared: FileWavelengths | None
) -> list[Evidence]:
    """Return what supports a sensor, given which bands have its names."""

    def piece(source: str, says: str, strength: float) -> Evidence:
        return Evidence(source, says, "sensor", (sensor.name,), strength)

    found = [piece("names of the bands", _named_reason(len(named), count, sensor), _NAMED * len(named) / count)]
    hint = hint_of(info, sensor)
    if hint:
        source, text = hint
        strength = _NAME_HINT if source == "file or product name" else _METADATA_HINT
        found.append(piece(source, f"{text!r} is how {sensor.title} is named", strength))
    elif not sensor.guessed:
        found.append(piece("file or product name", f"nothing but its bands speaks of {sensor.title}", -_UNNAMED))
    if _plausible_type(info, sensor):
        found.append(piece("type of values", f"{info.dtypes[0]} is a type that {sensor.title} comes in", 1.0))
    if tuple(band.name for band in named.values()) in sensor.layouts:
        found.append(piece("order of the bands", f"{sensor.title} usually has its bands in this order", 0.6))
    if size_misfit(info, sensor) <= 1.0:
        found.append(piece("pixel size", f"the pixels are as large as those of {sensor.title}", 0.5))
    if declared is not None:
        off = [
            number
            for number, band in named.items()
            if declared.centres_um[number - 1]
            and abs(declared.centres_um[number - 1] - band.wavelength_um) > _SAME_LIGHT_UM
        ]
        says = f"the wavelengths in {declared.found_in} are {'not ' if off else ''}those of {sensor.title}"
        found.append(piece("wavelengths", says, -8.0 if off else 2.0))
    return found


def _by_hint(info: RasterInfo, bands: Sequence[int]) -> Meaning | None:
    """Choose the sensor that file name, metadata or product name, if it has a layout of as many bands."""
    evidence = [*product_evidence(info)]
    laid_out = {}
    for sensor in load_sensors().values():
        layout = layout_of(sensor, len(bands))
        hint = hint_of(info, sensor)
        if layout is not None:
            laid_out[sensor.name] = (sensor, layout)
        if layout is not None and hint:
            strength = _NAME_HINT if hint[0] == "file or product name" else _METADATA_HINT
            says = f"{hint[1]!r} is how {sensor.title} is named"
            evidence.append(Evidence(hint[0], says, "sensor", (sensor.name,), strength))
    ranked = weigh(evidence, "sensor", tuple(laid_out))
    best = next(iter(ranked), None)
    if best is None or ranked[best] <= 0.0:
        return None
    sensor, layout = laid_out[best]
    reasons = (f"Its name or metadata says {sensor.title}.", order_reason(layout))
    others = [other for other in sensor.layouts if other != layout and set(other) == set(layout)]
    warnings = tuple(f"Its bands also come in the order {', '.join(other)}: check them." for other in others)
    found = dict(zip(bands, sensor.bands.select(layout).bands, strict=True))
    return replace(make_meaning(sensor, found, "likely", reasons, warnings), evidence=tuple(evidence))


def make_meaning(
    sensor: Sensor,
    bands: Mapping[int, Band],
    confidence: Confidence,
    reasons: tuple[str, ...],
    warnings: tuple[str, ...] = (),
) -> Meaning:
    """Select all bands but those that the sensor leaves unused, unless it has no others."""
    default = tuple(number for number, band in bands.items() if band.name not in sensor.unused)
    unused = [band.name for band in bands.values() if band.name in sensor.unused]
    if unused and default:
        reasons = (*reasons, f"{', '.join(unused)} {'is' if len(unused) == 1 else 'are'} not used unless asked for.")
    return Meaning(sensor.name, sensor.title, bands, default or tuple(bands), confidence, reasons, warnings)


def _named_reason(named: int, count: int, sensor: Sensor) -> str:
    if count == 1:
        return f"Its band has a name of {sensor.title}."
    return f"{'All' if named == count else f'{named} of'} its {count} bands have names of {sensor.title}."


def order_reason(layout: Sequence[str]) -> str:
    """Returns a sentence on the order of the bands."""
    if len(layout) == 1:
        return f"Its band is taken for {layout[0]}."
    return f"Its {len(layout)} bands are taken in the order {', '.join(layout)}."


def layout_of(sensor: Sensor, count: int) -> tuple[str, ...] | None:
    """Returns the sensor's usual order of ``count`` bands; None if it has none."""
    return next((layout for layout in sensor.layouts if len(layout) == count), None)


def _hinted(info: RasterInfo, *, wavelengths_from_file: bool) -> Sensor | None:
    sensors = (item for item in load_sensors().values() if item.wavelengths_from_file == wavelengths_from_file)
    return next((sensor for sensor in sensors if hint_of(info, sensor)), None)


def hint_of(info: RasterInfo, sensor: Sensor) -> tuple[str, str] | None:
    """Return where the file's name or the metadata betrays the sensor, and by which text; None where neither does."""
    names = names_of(info)
    values = [value for value in info.tags.values() if len(value) < 300]
    for source, texts in (("file or product name", names), ("metadata", values)):
        for hint in sensor.hints:
            for text in texts:
                found = re.search(hint, text, re.IGNORECASE)
                if found:
                    return source, found.group(0).strip("_. ")
    return None


def _plausible_type(info: RasterInfo, sensor: Sensor) -> bool:
    """Whether pictures have 8 bits and measurements more."""
    return all((band.kind == "display") == (info.dtypes[0] == "uint8") for band in sensor.bands.bands)


def size_misfit(info: RasterInfo, sensor: Sensor) -> float:
    """Deviation of the pixel size from the sensor's finest, in factors of three; 0 where one is unknown."""
    size = info.ground_sampling_distance_m
    finest = min((band.ground_sampling_distance_m for band in sensor.default_bands.bands), default=0.0)
    if not size or not finest:
        return 0.0
    return round(4 * abs(math.log(size / finest, 3.0))) / 4
