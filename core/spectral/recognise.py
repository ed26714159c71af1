"""Recognition of a raster: sensor, bands, wavelengths and scaling, with reasons; settings of the user override it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from core.errors import InputError, SensorError
from core.raster.raster_info import RasterInfo
from core.raster.reader import RasterReader
from core.raster.statistics import Collar
from core.spectral.band_names import has_own_name, is_auxiliary
from core.spectral.bands import Band, BandSet
from core.spectral.embeddings import EmbeddingLayout, FoundEmbedding, find_embedding
from core.spectral.evidence import Evidence
from core.spectral.meaning import (
    Confidence,
    Meaning,
    Statistics,
    declared_meaning,
    imagery_bands,
    kind_of,
    meaning_for_sensor,
)
from core.spectral.meaning_by_shape import meaning_by_shape
from core.spectral.scaling import Scaling
from core.spectral.scaling_choice import choose_scaling
from core.spectral.sensors import get_sensor, with_placeholders


@dataclass(frozen=True)
class Recognition:
    """How a raster is fed to the model, and why.

    Attributes:
        sensor: name in sensors.toml; None where only wavelengths are known.
        title: the sensor in words.
        band_indexes: 1-based band numbers that are fed, in order.
        band_set: what those bands are, in the same order.
        scaling: how their numbers become model input.
        confidence: "given" (a person said so), "certain", "likely" or "guess".
        reasons: why, one sentence each.
        warnings: what a person should check, one sentence each.
        evidence: the pieces of evidence that were weighed, strongest first.
        collar: border without ground that is not declared as nodata; None where there is none.
        embedding: how its pixels hold vectors of a foundation model; None where it is an image.
    """

    sensor: str | None
    title: str
    band_indexes: tuple[int, ...]
    band_set: BandSet
    scaling: Scaling
    confidence: Confidence
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    collar: Collar | None = None
    embedding: EmbeddingLayout | None = None

    @property
    def wavelengths_um(self) -> tuple[float, ...]:
        """Centre wavelengths of the bands that are fed, in µm."""
        return self.band_set.wavelengths_um

    def with_placeholders(self, table: str | None) -> Recognition:
        """The same with a model's wavelengths for bands that have none of their own (radar, height).

        Args:
            table: name of a table of placeholders in sensors.toml, as model cards give it; None to change nothing.

        Raises:
            SensorError: there is no such table.
        """
        return self if table is None else replace(self, band_set=with_placeholders(self.band_set, table))


@dataclass(frozen=True)
class Overrides:
    """Settings of the user that override the recognition; see ``recognise``."""

    sensor: str | None = None
    bands: Sequence[int] | None = None
    wavelengths_um: Sequence[float] | None = None
    scaling: str | None = None


NO_OVERRIDES = Overrides()


def recognise(
    raster: RasterReader | RasterInfo,
    *,
    sensor: str | None = None,
    bands: Sequence[int] | None = None,
    wavelengths_um: Sequence[float] | None = None,
    scaling: str | None = None,
) -> Recognition:
    """Recognise a raster; settings of the user override every rule.

    Args:
        raster: an open raster, whose values help to tell scalings apart; or its info alone, which suffices where names
            and type decide.
        sensor: name of the sensor.
        bands: 1-based band numbers to feed, in order.
        wavelengths_um: centre wavelength of each of those bands (or of all bands where none are named) in µm.
        scaling: name of a scaling preset.

    Raises:
        SensorError: an unknown sensor or preset, a band number out of range, wavelengths that do not match the bands,
            or bands whose meaning cannot be told.
        InputError: the raster holds no data at all.
    """
    overrides = Overrides(sensor, bands, wavelengths_um, scaling)
    if not isinstance(raster, RasterReader):
        return recognise_description(raster, None, overrides)
    _check_numbers(raster.info, bands)
    survey = raster.survey()
    return recognise_description(raster.info, dict(enumerate(survey.bands, 1)), overrides, survey.collar)


def recognise_description(
    info: RasterInfo, statistics: Statistics | None, overrides: Overrides = NO_OVERRIDES, collar: Collar | None = None
) -> Recognition:
    """Recognise a raster from its description alone, without opening a file.

    Args:
        info: what the raster says of itself.
        statistics: of every band by number, without fill and collar; None where values were not read.
        overrides: settings of the user.
        collar: border without ground that is not declared as nodata.

    Raises:
        SensorError, InputError: see ``recognise``.
    """
    _check_numbers(info, overrides.bands)
    if statistics is not None and all(statistics[number].valid_fraction == 0.0 for number in info.image_bands):
        raise InputError(
            "The raster holds no data: every pixel looked at is nodata or not a number.",
            hint="Check the file and its nodata value.",
        )
    vectors = find_embedding(info, overrides.sensor) if overrides.wavelengths_um is None else None
    if vectors is not None:
        return _as_embedding(vectors, overrides)
    sensor, bands, scaling = overrides.sensor, overrides.bands, overrides.scaling
    if overrides.wavelengths_um is not None:
        meaning = _as_given(info, bands, overrides.wavelengths_um, sensor)
    else:
        meaning = _from_raster(info, sensor, bands, statistics)
    chosen = meaning.default if bands is None else tuple(bands)
    known = meaning.bands
    band_set = BandSet.of(_fit_kind(info, number, known[number]) for number in chosen)
    choice = choose_scaling(info, meaning.sensor, chosen, band_set, statistics, scaling)
    return Recognition(
        sensor=meaning.sensor,
        title=meaning.title,
        band_indexes=chosen,
        band_set=band_set,
        scaling=choice.scaling,
        confidence=meaning.confidence,
        reasons=(*meaning.reasons, *choice.reasons),
        warnings=(*meaning.warnings, *choice.warnings, *_collar_warning(collar, info)),
        evidence=tuple(sorted((*meaning.evidence, *choice.evidence), key=lambda piece: -abs(piece.strength))),
        collar=collar,
    )


def _as_embedding(found: FoundEmbedding, overrides: Overrides) -> Recognition:
    """Return the recognition of a raster of embeddings; the user may choose among its axes."""
    if overrides.bands is not None:
        found = replace(found, bands=tuple(overrides.bands))
    return Recognition(
        sensor=found.layout.name,
        title=found.layout.title,
        band_indexes=found.bands,
        band_set=found.band_set,
        scaling=found.scaling,
        confidence="given" if overrides.sensor else "certain" if len(found.evidence) > 1 else "likely",
        reasons=found.reasons,
        warnings=found.warnings,
        evidence=found.evidence,
        embedding=found.layout,
    )


def _collar_warning(collar: Collar | None, info: RasterInfo) -> tuple[str, ...]:
    if collar is None or info.dtypes[0] != "uint8":
        return ()
    colour = {0.0: "black", 255.0: "white"}.get(collar.value, f"{collar.value:g}")
    return (
        f"{100 * collar.share:.0f} % of the picture are a {colour} border that is not marked as nodata; --collar mask "
        "leaves it out.",
    )


def _check_numbers(info: RasterInfo, bands: Sequence[int] | None) -> None:
    if bands is None:
        return
    if not bands:
        raise SensorError("No band is named.", hint=f"Give numbers from 1 to {info.count}.")
    for number in bands:
        if not 1 <= number <= info.count:
            raise SensorError(
                f"There is no band {number}: the raster has {info.count}.", hint=f"Give numbers from 1 to {info.count}."
            )


def _as_given(
    info: RasterInfo, bands: Sequence[int] | None, wavelengths_um: Sequence[float], sensor: str | None
) -> Meaning:
    """Returns the meaning of bands whose wavelengths the user gave."""
    numbers = tuple(bands) if bands is not None else info.image_bands
    if len(numbers) != len(wavelengths_um):
        what = "were named" if bands is not None else "are in the raster"
        raise SensorError(
            f"{len(wavelengths_um)} wavelengths do not match the {len(numbers)} bands that {what}.",
            hint="Give one wavelength in µm for each band.",
        )
    for value in wavelengths_um:
        if not math.isfinite(value) or not 0.2 <= value <= 100.0:
            hint = "Light has 0.3 to 2.5, heat 8 to 14 µm."
            if 200 <= value <= 20000:
                hint = f"{value:g} nm is {value / 1000:g} µm."
            raise SensorError(f"{value:g} is no wavelength in µm.", hint=hint)
    title = get_sensor(sensor).title if sensor else "bands with wavelengths as given"
    found = {
        number: Band(info.descriptions[number - 1] or f"band {number}", float(value), 0.0, 0.0, kind_of(value))
        for number, value in zip(numbers, wavelengths_um, strict=True)
    }
    if len(found) != len(numbers):
        raise SensorError("A band number is given twice with two wavelengths.", hint="Name each band once.")
    name = get_sensor(sensor).name if sensor else None
    return Meaning(name, title, found, numbers, "given", ("Bands and wavelengths were given.",))


def _from_raster(
    info: RasterInfo, sensor: str | None, bands: Sequence[int] | None, statistics: Statistics | None
) -> Meaning:
    """Find the meaning of the bands, where a sensor or band numbers may have been named."""
    try:
        meaning = meaning_for_sensor(info, sensor, statistics) if sensor else _unnamed(info, statistics)
    except SensorError:
        if sensor is None or bands is None:
            raise
        meaning = _picked_for_sensor(sensor, bands)
    if bands is None:
        return meaning
    unknown = [number for number in bands if number not in meaning.bands]
    if unknown and sensor is not None:
        return _picked_for_sensor(sensor, bands)
    if unknown:
        raise SensorError(
            f"What band {unknown[0]} is cannot be told.", hint="Give the wavelengths of the bands in µm as well."
        )
    reason = f"Bands {', '.join(map(str, bands))} were asked for."
    return replace(meaning, reasons=(*meaning.reasons, reason))


def _unnamed(info: RasterInfo, statistics: Statistics | None) -> Meaning:
    """Find the meaning of the bands without any help."""
    bands = imagery_bands(info, statistics)
    found = declared_meaning(info, statistics)
    said = [number for number in bands if has_own_name(info, number)]
    if found is None and len(bands) > 1 and 2 * len(said) >= len(bands) and info.dtypes[bands[0] - 1] != "uint8":
        names = ", ".join(str(info.descriptions[number - 1]) for number in said[:6])
        raise SensorError(
            f"What the {len(bands)} bands of {PurePath(info.path).name} are cannot be told: their names ({names}) are "
            "those of no sensor.",
            hint="Name the sensor, or give band numbers and their wavelengths in µm.",
        )
    if len(bands) > 1 and all(is_auxiliary(info.descriptions[number - 1] or "") for number in bands):
        names = ", ".join(str(info.descriptions[number - 1]) for number in bands[:6])
        raise SensorError(
            f"{PurePath(info.path).name} holds masks and quality layers ({names}), no image.",
            hint="Give the image that they belong to.",
        )
    if found is None and info.has_palette:
        raise SensorError(
            f"{PurePath(info.path).name} is a map of classes: its numbers index colours, they are no image.",
            hint="Give the image that was classified; or name the sensor if it is one.",
        )
    found = found or meaning_by_shape(info, bands, statistics)
    if found is None:
        raise SensorError(
            f"What the {len(bands)} bands of {PurePath(info.path).name} are cannot be told.",
            hint="Name the sensor, or give band numbers and their wavelengths in µm.",
        )
    return found


def _picked_for_sensor(sensor: str, bands: Sequence[int]) -> Meaning:
    """Take the picked bands in the order of one of the sensor's layouts."""
    named = get_sensor(sensor)
    layout = next((layout for layout in named.layouts if len(layout) == len(bands)), None)
    if layout is None or len(set(bands)) != len(bands):
        counts = sorted({len(item) for item in named.layouts})
        raise SensorError(
            f"{named.title} comes with {' or '.join(map(str, counts))} bands; {len(bands)} were named.",
            hint="Name as many bands, in the sensor's order, or give their wavelengths.",
        )
    found = dict(zip(bands, named.bands.select(layout).bands, strict=True))
    reasons = (f"The sensor was named: {named.title}.", f"The bands are taken as {', '.join(layout)}.")
    return Meaning(named.name, named.title, found, tuple(bands), "given", reasons)


def _fit_kind(info: RasterInfo, number: int, band: Band) -> Band:
    """See 8-bit reflectance as a picture, and a picture of more bits as numbers of unknown meaning."""
    eight_bit = info.dtypes[number - 1] == "uint8"
    if eight_bit and band.kind in ("reflectance", "unknown"):
        return replace(band, kind="display")
    if not eight_bit and band.kind == "display" and not info.dtypes[number - 1].startswith("float"):
        return replace(band, kind="unknown")
    return band
