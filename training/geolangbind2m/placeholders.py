"""Placeholder wavelengths of bands without one: radar, elevation, thermal frames.

The released shards hold elevation, infrared and ship radar as grey pictures under the wavelengths of colour, and
Sentinel-1 at 3.75 µm; this project's own models keep such sensors apart (``resources/sensors.toml``).
"""

from __future__ import annotations

from dataclasses import dataclass

Wavelengths = tuple[float, ...]


@dataclass(frozen=True)
class Placeholders:
    """Wavelengths in µm; empty for a grey picture under those of colour.

    Attributes:
        radar: of VV and VH.
        ship_radar: of a single-band radar picture.
        elevation: of a height map.
        infrared: of a thermal picture.
    """

    radar: Wavelengths
    ship_radar: Wavelengths = ()
    elevation: Wavelengths = ()
    infrared: Wavelengths = ()


PLACEHOLDERS = {
    "published": Placeholders(radar=(3.75, 3.75)),
    "geolb": Placeholders(radar=(5.4, 5.41), ship_radar=(5.4,), elevation=(30.0,), infrared=(10.0,)),
}
