"""Wavelengths that a file declares: ENVI headers, band metadata, band names, EnMAP's METADATA.XML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.raster.raster_info import RasterInfo

_CENTRE_KEYS = ("wavelength", "central_wavelength", "centre_wavelength", "center_wavelength", "wavelengths", "cwl")
_WIDTH_KEYS = ("fwhm", "fwhm_um", "bandwidth", "width")
_NANOMETRES = re.compile(r"^n(ano)?m", re.IGNORECASE)
_IN_NAME = re.compile(r"(\d+(?:\.\d+)?)\s*\(?(nanomet\w*|nm|micromet\w*|microns?|um|µm)\b", re.IGNORECASE)
_PLAIN = re.compile(r"\d{3,4}(\.\d+)?|[0-2]\.\d{3,}")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LONGEST_UM = 100.0  # a larger number is nanometres


@dataclass(frozen=True)
class FileWavelengths:
    """Wavelengths that a file declares.

    Attributes:
        centres_um: centre wavelength of each band in µm; 0 where the file gives no information.
        widths_um: full width at half maximum in µm; 0 where unknown.
        usable: False for bands that the file marks as bad.
        found_in: where it was read, in words.
    """

    centres_um: tuple[float, ...]
    widths_um: tuple[float, ...]
    usable: tuple[bool, ...]
    found_in: str


def file_wavelengths(info: RasterInfo) -> FileWavelengths | None:
    """Returns the declared wavelengths; None if most bands have none."""
    return _from_band_tags(info) or _from_header_lists(info) or _from_names(info) or _from_enmap_metadata(info)


def _from_band_tags(info: RasterInfo) -> FileWavelengths | None:
    tags = [{key.lower(): value for key, value in band.items()} for band in info.band_tags]
    texts = [_first(band, _CENTRE_KEYS) or _first(band, tuple(f"{key}_um" for key in _CENTRE_KEYS)) for band in tags]
    if sum(text is not None for text in texts) <= len(tags) / 2:
        return None
    shared = {key.lower(): value for key, value in info.tags.items()}
    unit = next((band["wavelength_units"] for band in tags if "wavelength_units" in band), None)
    unit = unit or shared.get("wavelength_units") or shared.get("wavelength units")
    in_um = any(key.endswith("_um") for band in tags for key in band if "wavelength" in key)
    widths = [_number(_first(band, _WIDTH_KEYS)) for band in tags]
    usable = [band.get("bbl", "1").strip() not in ("0", "0.0") for band in tags]
    listed_widths, listed_usable = _listed(info)
    return _made(
        [_number(text) for text in texts],
        widths if any(widths) else listed_widths,
        [one and other for one, other in zip(usable, listed_usable, strict=True)],
        "um" if in_um else unit,
        "the metadata of its bands",
    )


def _from_header_lists(info: RasterInfo) -> FileWavelengths | None:
    shared = {key.lower().replace(" ", "_"): value for key, value in info.tags.items()}
    centres = _numbers(shared.get("wavelength", ""))
    if len(centres) != info.count or info.count == 1:
        return None
    return _made(centres, *_listed(info), shared.get("wavelength_units"), "its header")


def _listed(info: RasterInfo) -> tuple[list[float], list[bool]]:
    """Read the lists of widths and of usable bands from an ENVI header."""
    shared = {key.lower(): value for key, value in info.tags.items()}
    widths, good = _numbers(shared.get("fwhm", "")), _numbers(shared.get("bbl", ""))
    return (
        widths if len(widths) == info.count else [0.0] * info.count,
        [value != 0 for value in good] if len(good) == info.count else [True] * info.count,
    )


def _from_names(info: RasterInfo) -> FileWavelengths | None:
    found = [_IN_NAME.search(text or "") for text in info.descriptions]
    if sum(match is not None for match in found) > len(found) / 2:
        centres = [_as_um(float(match.group(1)), match.group(2)) if match else 0.0 for match in found]
        return _made(centres, [0.0] * len(found), [True] * len(found), "um", "the names of its bands")
    plain = [text for text in info.descriptions if text and _PLAIN.fullmatch(text.strip())]
    if len(plain) == info.count > 1:
        centres = [float(text) for text in plain]
        return _made(centres, [0.0] * len(plain), [True] * len(plain), None, "the names of its bands")
    return None


def _from_enmap_metadata(info: RasterInfo) -> FileWavelengths | None:
    """Look for the METADATA.XML that EnMAP products keep beside SPECTRAL_IMAGE."""
    path = Path(info.path)
    if "SPECTRAL_IMAGE" not in path.name.upper() or not path.is_file():
        return None
    stem = re.split(r"SPECTRAL_IMAGE", path.name, flags=re.IGNORECASE)[0]
    metadata = path.with_name(f"{stem}METADATA.XML")
    if not metadata.is_file():
        return None
    text = metadata.read_text(encoding="utf-8", errors="replace")
    centres = [float(value) for value in re.findall(r"<wavelengthCenterOfBand>\s*([\d.]+)", text)]
    widths = [float(value) for value in re.findall(r"<FWHMOfBand>\s*([\d.]+)", text)]
    if len(centres) != info.count:
        return None
    widths = widths if len(widths) == info.count else [0.0] * info.count
    return _made(centres, widths, [True] * info.count, "nm", "the product's METADATA.XML")


def _made(
    centres: list[float], widths: list[float], usable: list[bool], unit: str | None, found_in: str
) -> FileWavelengths | None:
    """Returns the wavelengths in µm; None if the numbers are no wavelengths of light or heat."""
    positive = sorted(value for value in centres if value > 0)
    if not positive:
        return None
    unit = unit or ("nm" if positive[len(positive) // 2] > _LONGEST_UM else "um")
    in_um = [_as_um(value, unit) for value in centres]
    if not all(value == 0 or 0.2 <= value <= _LONGEST_UM for value in in_um):
        return None
    return FileWavelengths(tuple(in_um), tuple(_as_um(value, unit) for value in widths), tuple(usable), found_in)


def _as_um(value: float, unit: str) -> float:
    return round(value / 1000.0, 9) if _NANOMETRES.match(unit.strip()) else value


def _first(tags: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    return next((tags[key] for key in keys if key in tags), None)


def _number(text: str | None) -> float:
    found = _NUMBER.search(text or "")
    return float(found.group(0)) if found else 0.0


def _numbers(text: str) -> list[float]:
    return [float(value) for value in _NUMBER.findall(text)]
