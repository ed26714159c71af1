"""What an archive is made of: the scenes of a folder, a STAC document or a list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.raster.reader import open_raster

RASTER_ENDINGS = frozenset({".tif", ".tiff", ".jp2", ".vrt", ".img", ".nc", ".h5", ".hdf"})
LIST_ENDINGS = frozenset({".txt", ".lst", ".list"})
STAC_ENDINGS = frozenset({".json", ".geojson"})
WHOLE_IMAGES = ("visual", "image", "data", "analytic", "ortho")
"""Keys of assets that are the whole image, where an item has several assets with data."""


def is_archive(path: str) -> bool:
    """Whether a path names many scenes: a STAC document, a list, or a folder that is no scene itself."""
    if _is_remote(path):
        return Path(path).suffix.lower() in STAC_ENDINGS
    place = Path(path)
    if not place.is_dir():
        return place.suffix.lower() in LIST_ENDINGS | STAC_ENDINGS
    try:
        with open_raster(path):
            return False
    except InputError:
        return any(True for _ in _rasters_below(place))


def scenes_of(path: str, *, asset: str | None = None) -> tuple[str, ...]:
    """List the scenes of an archive.

    Args:
        path: a folder, looked through with all folders below it; a STAC item, item collection, collection or catalogue
            (``.json``), followed through its local links; a text file with a path or address a line; or one raster.
        asset: key of the STAC asset to take; None for the item's one image.

    Returns:
        Paths or addresses, each once, in a fixed order.

    Raises:
        InputError: the archive is missing, empty or cannot be read.
    """
    place = Path(path)
    if place.is_dir():
        found = [str(file) for file in sorted(_rasters_below(place))]
    elif place.suffix.lower() in STAC_ENDINGS:
        found = list(_stac_scenes(place, asset, seen=set()))
    elif place.suffix.lower() in LIST_ENDINGS:
        found = list(_listed(place))
    else:
        found = [path]
    if not found:
        raise InputError(f"There is no raster in {path}.", hint="Name a folder, a STAC document or a list of rasters.")
    return tuple(dict.fromkeys(found))


def _rasters_below(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix.lower() in RASTER_ENDINGS and not hidden and file.is_file():
            yield file


def _listed(file: Path) -> Iterator[str]:
    for line in _text(file).splitlines():
        name = line.strip()
        if name and not name.startswith("#"):
            yield _beside(file, name)


def _stac_scenes(file: Path, asset: str | None, seen: set[Path]) -> Iterator[str]:
    """Follow a STAC document; links that lead in a circle are followed once."""
    if file.resolve() in seen:
        return
    seen.add(file.resolve())
    try:
        document = json.loads(_text(file))
    except ValueError as problem:
        raise InputError(f"{file} is no JSON ({problem}).", hint="Give a STAC item or collection.") from problem
    if not isinstance(document, dict):
        raise InputError(f"{file} is no STAC document.", hint="Give a STAC item or collection.")
    kind = document.get("type")
    if kind == "FeatureCollection":
        for item in document.get("features", ()):
            yield _beside(file, _image_of(item, asset))
    elif kind == "Feature":
        yield _beside(file, _image_of(document, asset))
    elif kind in ("Catalog", "Collection"):
        for link in document.get("links", ()):
            if link.get("rel") in ("item", "child"):
                yield from _stac_scenes(Path(_beside(file, str(link.get("href", "")))), asset, seen)
    else:
        raise InputError(f"{file} is no STAC document.", hint="Give a STAC item or collection.")


def _image_of(item: dict[str, Any], asset: str | None) -> str:
    """Returns the address of an item's image."""
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
    kind, ending = str(asset.get("type", "")), Path(str(asset.get("href", ""))).suffix.lower()
    not_data = {"thumbnail", "overview", "metadata"} & set(asset.get("roles", ()))
    return not not_data and (kind.startswith(("image/tiff", "image/jp2")) or ending in RASTER_ENDINGS)


def _beside(file: Path, name: str) -> str:
    """Resolve a path that is relative to the document it stands in."""
    if name.startswith("file://"):
        name = name.removeprefix("file://")
    return name if _is_remote(name) or Path(name).is_absolute() else str((file.parent / name).resolve())


def _is_remote(name: str) -> bool:
    return bool(re.match(r"https?://|/vsi", name))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as problem:
        raise InputError(f"There is no file {file}.", hint="Check the path.") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"{file} cannot be read ({problem}).", hint="Check the path.") from problem
