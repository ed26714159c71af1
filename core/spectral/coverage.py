"""Training coverage: whether a model was trained on a raster's sensor, bands and pixel size, or extrapolates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import SensorError
from core.spectral.band_choice import choose_bands
from core.spectral.recognise import Recognition
from core.spectral.sensors import Sensor, get_sensor

_ALIKE = (
    ("landsat8_oli", "landsat9_oli"),
    ("landsat4_tm", "landsat5_tm"),
    ("enmap", "prisma", "aviris", "hyperspectral"),
)


SIZE_SLACK = 1.25
"""Factor by which pixel sizes may exceed the trained range and still count as trained."""
SAME_BAND_UM = 0.01
"""Largest distance of the centres of bands that count as the same, in µm."""


@dataclass(frozen=True)
class Coverage:
    """Whether a model was trained on such input, and why.

    Attributes:
        outcome: "trained on" or "extrapolated".
        reason: one sentence.
    """

    outcome: Literal["trained on", "extrapolated"]
    reason: str


def coverage(recognition: Recognition, card: Mapping[str, Any], pixel_size_m: float | None = None) -> Coverage:
    """Compare sensor, bands and pixel size of a raster with those that the model card lists as trained.

    Activations grow with the number of bands, so band counts far from the trained ones are extrapolation even where the
    sensor is known.

    Args:
        recognition: how the raster is fed.
        card: model card; ``trained_sensors`` lists names of sensors.toml, ``trained_band_counts`` lists numbers of
            bands, or gives the lowest and highest as ``{"from": 1, "to": 13}``; ``bands_um`` names the bands of a
            model that takes no others; ``pixel_sizes_m`` gives the finest and the coarsest pixels by sensor; all may
            be absent.
        pixel_size_m: mean side of a pixel on the ground in metres; None where it is unknown.
    """
    if recognition.embedding is not None:
        return Coverage("extrapolated", "It holds embeddings: no model for images is fed with them.")
    if card.get("bands_um"):
        return _of_fixed_bands(recognition, card["bands_um"])
    of_pixels = _pixel_size_unlike(recognition, card, pixel_size_m)
    if of_pixels is not None:
        return Coverage("extrapolated", of_pixels)
    trained = tuple(card.get("trained_sensors") or ())
    count = len(recognition.band_set)
    counts = card.get("trained_band_counts")
    bands = "1 band" if count == 1 else f"{count} bands"
    if counts and not _within(count, counts):
        return Coverage("extrapolated", f"The model was not trained with {bands}.")
    if recognition.sensor is None:
        for name in trained:
            if _has_bands_of(recognition, get_sensor(name)):
                title = get_sensor(name).title
                return Coverage("trained on", f"Its bands are those of {title}, which the model was trained on.")
        return Coverage("extrapolated", "The sensor is unknown; only its wavelengths are.")
    if recognition.sensor in trained:
        return Coverage("trained on", f"The model was trained on {recognition.title}.")
    for group in _ALIKE:
        if recognition.sensor in group and set(group) & set(trained):
            return Coverage("trained on", "The model was trained on a sensor with nearly the same bands.")
    return Coverage("extrapolated", f"The model was not trained on {recognition.title}.")


def length_text(metres: float) -> str:
    """Returns a length as people say it: "7.5 cm", "10 m", "1.2 km"."""
    if metres < 1:
        return f"{100 * metres:.3g} cm"
    return f"{metres:.3g} m" if metres < 1000 else f"{metres / 1000:.3g} km"


def _pixel_size_unlike(recognition: Recognition, card: Mapping[str, Any], pixel_size_m: float | None) -> str | None:
    """Returns what to say of pixels that are finer or coarser than those the model was trained on; None if not so."""
    sizes = (card.get("pixel_sizes_m") or {}).get(recognition.sensor)
    if sizes is None or pixel_size_m is None or sizes[0] / SIZE_SLACK <= pixel_size_m <= sizes[1] * SIZE_SLACK:
        return None
    return (
        f"The model was trained on {recognition.title} with pixels of {length_text(sizes[0])} to "
        f"{length_text(sizes[1])}, not of {length_text(pixel_size_m)}."
    )


def _of_fixed_bands(recognition: Recognition, wanted_um: Sequence[float]) -> Coverage:
    """Returns which bands a model with fixed bands receives."""
    try:
        choice = choose_bands(wanted_um, recognition.band_set.wavelengths_um)
    except SensorError as problem:
        return Coverage("extrapolated", problem.message)
    whole = None not in choice.picked
    return Coverage("trained on" if whole else "extrapolated", choice.in_words())


def _has_bands_of(recognition: Recognition, sensor: Sensor) -> bool:
    """Whether every band has the kind and, within ``SAME_BAND_UM``, the centre of one of the sensor's bands."""
    return all(
        any(
            band.kind == known.kind and abs(band.wavelength_um - known.wavelength_um) <= SAME_BAND_UM
            for known in sensor.bands.bands
        )
        for band in recognition.band_set.bands
    )


def _within(count: int, counts: Any) -> bool:  # noqa: ANN401 - a list or a table of a model card
    if isinstance(counts, Mapping):
        return int(counts.get("from", 1)) <= count <= int(counts.get("to", count))
    return count in counts
