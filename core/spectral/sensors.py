"""The sensors of ``resources/sensors.toml`` as value objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from typing import Any

from core.errors import SensorError
from core.spectral.bands import Band, BandSet
from core.spectral.catalogue import catalogue

_EDGE = "(?:(?<![A-Za-z0-9])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?![A-Za-z0-9]))"
r"""What ``\b`` means in hints: the edge of a word of letters and digits; "_" separates words in file names."""


class UnknownSensorError(SensorError):
    """A sensor name that is not in sensors.toml."""


@dataclass(frozen=True)
class Sensor:
    """An instrument, or a common product of one.

    Attributes:
        name: short name used on the command line.
        title: what the user reads.
        bands: all its bands, in the sensor's own order; empty where wavelengths come from the file.
        scaling: name of the preset that its usual product needs.
        layouts: orders in which files of this sensor commonly hold their bands, each a tuple of band names.
        aliases: other band names in use, lower case, to the sensor's own.
        unused: bands that see the atmosphere or the same light twice, and are not fed to the model unless requested.
        hints: regular expressions that betray the sensor in file names and metadata.
        wavelengths_from_file: the file's own wavelengths count, not ``bands``.
        absorption_um: (from, to) ranges in µm where water vapour hides the ground.
        guessed: whether bands without names may be taken for its own because of their number and pixel size.
        counts_below: integers that are all below this are uncalibrated counts of the detector; 0 for no such
            limit.
        colour_roles: its bands that a picture shows as "red", "green" and "blue", where that is not what they see.
    """

    name: str
    title: str
    bands: BandSet
    scaling: str
    layouts: tuple[tuple[str, ...], ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    wavelengths_from_file: bool = False
    absorption_um: tuple[tuple[float, float], ...] = ()
    guessed: bool = True
    counts_below: float = 0.0
    colour_roles: Mapping[str, str] = field(default_factory=dict)

    def find_band(self, description: str) -> Band | None:
        """Returns the band that a description such as "B4", "Band 4" or "SR_B4 (red)" names, if any."""
        return self._by_name.get(normalised_band_name(description)) if description else None

    @property
    def default_bands(self) -> BandSet:
        """The bands that are fed to the model unless others are requested."""
        return BandSet.of(band for band in self.bands.bands if band.name not in self.unused)

    @cached_property
    def _by_name(self) -> dict[str, Band]:
        own = {band.name: band for band in self.bands.bands}
        named = {normalised_band_name(name): band for name, band in own.items()}
        return {normalised_band_name(alias): own[name] for alias, name in self.aliases.items()} | named


@lru_cache(maxsize=4096)
def normalised_band_name(text: str) -> str:
    """Reduce the many spellings of a band to one: "Band 04", "SR_B4", "b4", "B04_10m" all give "b4"."""
    name = text.strip().lower()
    name = re.sub(r"[\s_\-]*\(?\d+\s*m\)?$", "", name)  # a resolution at the end
    bare = re.sub(r"\b(surface|toa|boa|reflectance|temperature|amplitude|sigma0|gamma0|db)\b", "", name).strip()
    name = re.sub(r"^(sr|st|toa)_", "", bare or name)
    name = re.sub(r"[\s_\-.:]+", "", name)
    name = re.sub(r"^band(?=\w)", "b", name)
    return re.sub(r"^b0+(?=\d)", "b", name)


@cache
def load_sensors() -> dict[str, Sensor]:
    """Returns all sensors of sensors.toml by name, in the file's order."""
    return {name: _sensor(name, table) for name, table in catalogue()["sensors"].items()}


def get_sensor(name: str) -> Sensor:
    """Returns a sensor by name; case, blanks and dashes do not matter.

    Raises:
        UnknownSensorError: there is no such sensor; the hint lists those that exist.
    """
    wanted = re.sub(r"[\s\-]+", "_", name.strip().lower())
    sensors = load_sensors()
    if wanted not in sensors:
        raise UnknownSensorError(f"There is no sensor {name!r}.", hint=f"Choose one of {', '.join(sensors)}.")
    return sensors[wanted]


def with_placeholders(band_set: BandSet, placeholders: str) -> BandSet:
    """Replace the wavelengths of bands that have none of their own (radar, height) by a model's placeholders.

    Args:
        band_set: the bands.
        placeholders: name of a table of placeholders in sensors.toml; model cards name theirs.

    Raises:
        SensorError: there is no such table.
    """
    tables = catalogue()["placeholders"]
    if placeholders not in tables:
        raise SensorError(
            f"There are no wavelength placeholders {placeholders!r}.", hint=f"Choose one of {', '.join(tables)}."
        )
    table = tables[placeholders]
    return BandSet.of(
        replace(band, wavelength_um=float(table[band.name])) if band.name in table else band for band in band_set.bands
    )


def _sensor(name: str, table: Mapping[str, Any]) -> Sensor:
    """Build a sensor from its table; a band row is [name, centre µm, width µm, GSD m] with an optional kind."""
    kind = table.get("kind", "reflectance")
    bands = BandSet.of(
        Band(row[0], float(row[1]), float(row[2]), float(row[3]), row[4] if len(row) > 4 else kind)
        for row in table.get("bands", ())
    )
    return Sensor(
        name=name,
        title=table["title"],
        bands=bands,
        scaling=table["scaling"],
        layouts=tuple(tuple(layout) for layout in table.get("layouts", ())),
        aliases=dict(table.get("aliases", {})),
        unused=tuple(table.get("unused", ())),
        hints=tuple(hint.replace(r"\b", _EDGE) for hint in table.get("hints", ())),
        wavelengths_from_file=bool(table.get("wavelengths_from_file", False)),
        absorption_um=tuple((float(low), float(high)) for low, high in table.get("absorption_um", ())),
        guessed=bool(table.get("guessed", True)),
        counts_below=float(table.get("counts_below", 0.0)),
        colour_roles=dict(table.get("colour_roles", {})),
    )
