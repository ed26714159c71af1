"""Images from files, as the bytes that go into a shard, and windows of images too large for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.warp import transform

from core.errors import InputError
from core.raster.gdal_open import opened_gdal
from core.spectral.bands import Band
from core.spectral.scaling import physical_range

Pixels = NDArray[np.uint8]
Image.MAX_IMAGE_PIXELS = 400_000_000
"""Whole DOTA images have up to 200 million pixels; PIL would refuse twice that."""


def read_picture(path: Path, *, grey: bool = False) -> Pixels:
    """Read a JPEG, PNG, BMP or TIFF picture as (H, W, 3), or (H, W) where grey, uint8.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("L" if grey else "RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise InputError(f"{path.name} cannot be read: {problem}.", hint="Copy it again.") from problem


def read_raster(path: Path, bands: list[int] | None = None) -> tuple[NDArray[np.float32], tuple[float, ...]]:
    """Read a raster as (C, H, W) float32, NaN without data, and its centre's longitude and latitude, if georeferenced.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        with opened_gdal(path) as file:  # masks are often plain pictures
            values = file.read(bands, out_dtype="float32", masked=True).filled(np.nan)
            location: tuple[float, ...] = ()
            if file.crs is not None:
                middle = file.xy(file.height // 2, file.width // 2)
                longitude, latitude = transform(file.crs, "EPSG:4326", [middle[0]], [middle[1]])
                location = (round(longitude[0], 5), round(latitude[0], 5))
            return values, location
    except (RasterioIOError, RasterioError, OSError, ValueError) as problem:
        raise InputError(f"{path.name} cannot be read: {problem}.", hint="Copy it again.") from problem


def read_codes(path: Path) -> NDArray[np.int64]:
    """Read class codes (H, W) from a raster or a picture of codes; raises as read_raster."""
    return np.nan_to_num(read_raster(path, [1])[0][0], nan=0).astype(np.int64)


def codes_of_colours(colours: Pixels, palette: dict[tuple[int, int, int], int]) -> NDArray[np.int64]:
    """Returns the code (H, W) of every pixel's colour (H, W, 3); -1 for a colour that is not in the palette."""
    packed = (colours.astype(np.int64) * (1 << 16, 1 << 8, 1)).sum(2)
    codes = np.full(packed.shape, -1, dtype=np.int64)
    for (red, green, blue), code in palette.items():
        codes[packed == (red << 16) + (green << 8) + blue] = code
    return codes


def to_bytes(values: NDArray[np.float32], low: float, high: float) -> Pixels:
    """Scale values to 0..255 between two limits; without data 0."""
    unit = np.clip((values - low) / (high - low), 0, 1)
    return np.rint(np.nan_to_num(unit, nan=0.0) * 255).astype(np.uint8)


def band_to_bytes(values: NDArray[np.float32], band: Band) -> Pixels:
    """Scale a band's physical values as ``core.spectral.scaling`` does, to 0..255.

    Raises:
        InputError: the band's range is not known beforehand.
    """
    limits = physical_range(band)
    if limits is None:
        raise InputError(f"Band {band.name} has no range of its own.")
    return to_bytes(values, *limits)


def windows(height: int, width: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Yields windows that cover an image evenly, one for an image no larger than a window."""
    for top in _starts(height, size):
        for left in _starts(width, size):
            yield slice(top, min(top + size, height)), slice(left, min(left + size, width))


def _starts(length: int, size: int) -> list[int]:
    count = max(1, -(-length // size))
    return [round(step * (length - size) / (count - 1)) if count > 1 else 0 for step in range(count)]


def class_shares(codes: NDArray[np.int64], names: dict[int, str]) -> dict[str, float]:
    """Returns the share of every named class among the pixels that have one."""
    values, counts = np.unique(codes, return_counts=True)
    known = {int(value): int(count) for value, count in zip(values, counts, strict=True) if int(value) in names}
    total = sum(known.values())
    shares: dict[str, float] = {}
    for code, count in known.items():
        shares[names[code]] = shares.get(names[code], 0.0) + count / total
    return shares
