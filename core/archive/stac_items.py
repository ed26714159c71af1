"""The image of a STAC item: the one of its assets that is the whole picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import InputError
from core.raster.gdal_open import is_remote

RASTER_ENDINGS = frozenset({".tif", ".tiff", ".jp2", ".vrt", ".img", ".nc", ".h5", ".hdf"})
WHOLE_IMAGES = ("visual", "image", "data", "analytic", "ortho")
"""Keys of assets that are the whole image, where an item has several assets with data."""


def image_of(item: dict[str, Any], asset: str | None) -> str:
    """Return the address of an item's image."""
    assets: dict[str, dict[str, Any]] = item.get("assets", {})
    if asset is not None:
        if asset not in assets:
            raise InputError(f"The item {item.get('id')} has no asset {asset}.", hint=f"It has {', '.join(assets)}.")
        return str(assets[asset]["href"])
    images = {key: each for key, each in assets.items() if _is_image(each)}
    data = {key: each for key, each in images.items() if "data" in each.get("roles", ())} or images
    for key in WHOLE_IMAGES if len(data) > 1 else tuple(data):
        if key in data:
            return str(data[key]["href"])
    raise InputError(
        f"The item {item.get('id')} has {len(data)} assets that may be its image.",
        hint=f"Name one with --asset: {', '.join(data or assets)}.",
    )


def _is_image(asset: dict[str, Any]) -> bool:
    kind, ending = str(asset.get("type", "")), ending_of(str(asset.get("href", "")))
    not_data = {"thumbnail", "overview", "metadata"} & set(asset.get("roles", ()))
    return not not_data and (kind.startswith(("image/tiff", "image/jp2")) or ending in RASTER_ENDINGS)


def ending_of(place: str) -> str:
    """Returns the ending of a path or of an address without its query, in lower case."""
    return Path(urlsplit(place).path if is_remote(place) else place).suffix.lower()
