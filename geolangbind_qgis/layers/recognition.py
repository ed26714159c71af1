"""Recognition of a layer, and the user's corrections, stored with the layer in the project."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from qgis.core import QgsMapLayer

from geolangbind_qgis.i18n import tr

_CORRECTION = "geolangbind/reading"


@dataclass(frozen=True)
class Reading:
    """How a layer is to be read as set by the user; None and empty are recognised automatically.

    Attributes:
        sensor: name in sensors.toml.
        bands: band numbers from 1.
        wavelengths_um: centre wavelength a band, µm.
        scaling: preset name.
        collar: "mask" takes a border of one exact colour for no data; "keep" leaves it.
    """

    sensor: str | None = None
    bands: tuple[int, ...] = ()
    wavelengths_um: tuple[float, ...] = ()
    scaling: str | None = None
    collar: str = "keep"

    @property
    def is_own(self) -> bool:
        """Whether the user set anything."""
        return self != Reading()

    def source_fields(self) -> dict[str, Any]:
        """Returns the fields of ``protocol.Source`` except the path."""
        return {
            "sensor": self.sensor,
            "bands": self.bands or None,
            "wavelengths_um": self.wavelengths_um or None,
            "scaling": self.scaling,
            "collar": self.collar,
        }


def read_reading(layer: QgsMapLayer) -> Reading:
    """Returns the user's corrections of a layer."""
    try:
        body = json.loads(str(layer.customProperty(_CORRECTION, "{}")))
        return Reading(
            body.get("sensor"),
            tuple(int(band) for band in body.get("bands", ())),
            tuple(float(length) for length in body.get("wavelengths_um", ())),
            body.get("scaling"),
            "mask" if body.get("collar") == "mask" else "keep",
        )
    except (ValueError, TypeError, AttributeError):
        return Reading()


def training_text(trained: bool) -> str:
    """Returns a sentence on whether the model was trained on such input."""
    if trained:
        return tr("The model was trained on this kind of image.")
    return tr("The model was not trained on this kind of image: it works from the wavelengths alone. Check results.")


def keep_reading(layer: QgsMapLayer, reading: Reading) -> None:
    """Store the user's corrections with the layer."""
    if reading.is_own:
        layer.setCustomProperty(_CORRECTION, json.dumps(asdict(reading)))
    else:
        layer.removeCustomProperty(_CORRECTION)


@dataclass(frozen=True)
class Recognised:
    """The part of the runtime's description that the dock shows.

    Attributes:
        title: sensor in words.
        sensor: its name; None where unknown.
        band_names: the bands fed to the model.
        band_numbers: their numbers in the file, from 1.
        wavelengths_um: their centre wavelengths, µm.
        scaling: preset name.
        scaling_title: the preset in words.
        limits: digital numbers of each band for black and white; (0, 0) where unknown.
        trained: whether the model was trained on such input.
        reasons: why it was recognised so.
        warnings: what to know about it.
    """

    title: str
    sensor: str | None
    band_names: tuple[str, ...]
    band_numbers: tuple[int, ...]
    wavelengths_um: tuple[float, ...]
    scaling: str
    scaling_title: str
    limits: tuple[tuple[float, float], ...]
    trained: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def bands_text(self) -> str:
        """The bands as short text."""
        count = len(self.band_names)
        if count == 0:
            return ""
        if count <= 4:
            return ", ".join(self.band_names)
        return tr("{0} bands ({1}–{2})").format(count, self.band_names[0], self.band_names[-1])
