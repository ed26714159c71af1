"""Interpretation of band names: a sensor's band, a quality layer, an index, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import combinations
from pathlib import PurePath

from core.raster.raster_info import RasterInfo
from core.spectral.bands import Band
from core.spectral.catalogue import catalogue
from core.spectral.sensors import Sensor

_ROLES = {"red": "red", "green": "green", "blue": "blue", "nir": "nir", "near_infrared": "nir", "alpha": "nir"}
_NAME_TAGS = ("bandname", "band_name", "name", "long_name", "netcdf_varname")
_NUMBERED = re.compile(r"(band|layer|channel|raster|feature)?[\s_\-]*\d*", re.IGNORECASE)
_SAYS_NOTHING = re.compile(r"(gr[ae]y|palette|undefined|unknown|none)([\s_]?index)?", re.IGNORECASE)
_CODE = re.compile(r"(b(and)?[\s_]?\d{1,2}a?|[vh]{2})", re.IGNORECASE)
"""Names that are a code, and mean the band whatever words stand around them."""


def band_name(info: RasterInfo, number: int) -> str:
    """Return the name of a band; "" where nothing names it.

    Its description or metadata names it, a file of one band by its own name, or its colour role in 8-bit pictures.
    """
    tags = {key.lower(): value for key, value in info.band_tags[number - 1].items()}
    name = info.descriptions[number - 1] or next((tags[key] for key in _NAME_TAGS if tags.get(key)), None)
    if name and not re.fullmatch(r"(band|layer)[\s_]*\d+", name.strip(), re.IGNORECASE):
        return name
    if name and info.count > 4:
        return name  # "Band 4" of a long stack names a band; "Band 1" of a picture gives no information
    if info.count == 1 and (found := _in_file_name().search(PurePath(info.path).stem)):
        return found.group(1)
    return _ROLES.get(info.colour_roles[number - 1], "") if info.dtypes[number - 1] == "uint8" else ""


def has_own_name(info: RasterInfo, number: int) -> bool:
    """Whether a band has a name of its own: more than a number, the file's name or the word gray."""
    name = (info.descriptions[number - 1] or "").strip()
    stem = PurePath(info.path).stem
    return bool(name) and not (
        _NUMBERED.fullmatch(name) or _SAYS_NOTHING.fullmatch(name) or name.startswith(stem) or "." in name[-5:]
    )


@lru_cache(maxsize=4096)
def is_auxiliary(name: str) -> bool:
    """Whether a name is that of a layer beside the imagery: quality, clouds, angles, a ready-made picture."""
    return bool(name) and any(pattern.search(name) for pattern in _patterns("auxiliary"))


@lru_cache(maxsize=4096)
def is_derived(name: str) -> bool:
    """Whether a name is that of something computed or of terrain: NDVI, slope, roughness, PC1."""
    return bool(name) and any(pattern.search(name) for pattern in _patterns("derived"))


def find_band(sensor: Sensor, name: str) -> Band | None:
    """Return the sensor's band that a name contains, with prefixes and suffixes around it; None where none does.

    A code ("B04", "VV") counts among any words; a word ("red") only among words that say nothing of the light.
    """
    whole = sensor.find_band(name)
    if whole is not None or not name:
        return whole
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    harmless = _harmless()
    for start, stop in sorted(combinations(range(len(parts) + 1), 2), key=lambda span: span[0] - span[1]):
        found = sensor.find_band("_".join(parts[start:stop]))
        if found is None:
            continue
        around = [part.lower() for part in (*parts[:start], *parts[stop:])]
        is_code = stop - start == 1 and _CODE.fullmatch(parts[start])
        if is_code or all(part in harmless or any(letter.isdigit() for letter in part) for part in around):
            return found
    return None


def named_bands(info: RasterInfo, sensor: Sensor, numbers: tuple[int, ...]) -> Mapping[int, Band]:
    """Return the bands whose names are the sensor's, by number; a name counts once, quality layers never."""
    found: dict[int, Band] = {}
    for number in numbers:
        name = band_name(info, number)
        if not info.descriptions[number - 1]:
            name = sensor.colour_roles.get(info.colour_roles[number - 1], name)
        band = None if is_auxiliary(name) else find_band(sensor, name)
        if band is not None and band not in found.values():
            found[number] = band
    return found


@cache
def _patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text, re.IGNORECASE) for text in catalogue()["band_names"][kind])


@cache
def _in_file_name() -> re.Pattern[str]:
    return re.compile(catalogue()["band_names"]["in_file_name"], re.IGNORECASE)


@cache
def _harmless() -> frozenset[str]:
    return frozenset(catalogue()["band_names"]["harmless"])
