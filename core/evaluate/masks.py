"""The folder layouts that images with a class for every pixel are published in, each read as labelled tiles."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rasterio.errors import RasterioError

from core.datasets.labelled_tiles import read_labelled_tiles
from core.errors import InputError
from core.evaluate.geobench import read_samples
from core.evaluate.layouts import to_model
from core.raster.gdal_open import opened_gdal

UNLABELLED = 255


class Tile(NamedTuple):
    """An image (C, H, W) float32 in model units, and its codes (H, W) uint8."""

    image: NDArray[np.float32]
    labels: NDArray[np.uint8]


def labelled_tiles(entry: Mapping[str, Any], path: Path) -> Iterator[Tile]:
    """Read a set of images with a class for every pixel.

    Args:
        entry: of ``resources/benchmarks.toml``; its ``layout`` is

            - ``pairs``: ``name.jpg`` with ``name.labels.png``, those whose name starts with one of ``names``,
            - ``masks``: files that match ``images``; the label's path is the image's with ``mask`` replacements made;
              ``colours`` gives the code of "r,g,b" where labels are pictures; ``bands`` picks bands,
            - ``geobench``: HDF5 files, see ``core.evaluate.geobench``.
        path: of the set.

    Raises:
        InputError: the set is missing or damaged.
    """
    return _LAYOUTS[entry.get("layout", "pairs")](entry, path)


def _pairs(entry: Mapping[str, Any], path: Path) -> Iterator[Tile]:
    for tile in read_labelled_tiles(path, lambda stem: stem.startswith(tuple(entry["names"]))):
        yield Tile(to_model(tile.image.transpose(2, 0, 1).astype(np.float32), entry), tile.labels)


def _masks(entry: Mapping[str, Any], path: Path) -> Iterator[Tile]:
    files = sorted(path.glob(entry["images"]))
    if not files:
        raise InputError(f"{path} holds no {entry['images']}.", hint="Unpack the data set as it is given out.")
    for file in files:
        name = file.relative_to(path).as_posix()
        for old, new in entry["mask"]:
            name = name.replace(old, new)
        mask = _read(path / name)
        labels = _by_colour(mask, entry["colours"]) if "colours" in entry else mask[0]
        image = _read(file)[: len(entry.get("wavelengths_um", (0, 0, 0)))].astype(np.float32)
        yield Tile(to_model(image, entry), labels.astype(np.uint8))


def _geobench(entry: Mapping[str, Any], path: Path) -> Iterator[Tile]:
    for values, labels in read_samples(path, entry["bands"]):
        yield Tile(to_model(values, entry), labels.clip(0, UNLABELLED).astype(np.uint8))


_LAYOUTS: dict[str, Callable[[Mapping[str, Any], Path], Iterator[Tile]]] = {
    "pairs": _pairs,
    "masks": _masks,
    "geobench": _geobench,
}


def _read(path: Path) -> NDArray[Any]:
    """Read bands (C, H, W) of a picture or raster."""
    try:
        if path.suffix.lower() in (".tif", ".tiff"):
            with opened_gdal(path) as file:
                return np.asarray(file.read())
        values = np.asarray(Image.open(io.BytesIO(path.read_bytes())))
    except (OSError, RasterioError) as problem:
        raise InputError(f"{path} is missing or cannot be read.", hint="Copy the data set again.") from problem
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)


def _by_colour(mask: NDArray[np.uint8], colours: Mapping[str, int]) -> NDArray[np.uint8]:
    """Turn a picture (3, H, W) into codes (H, W); other colours are unlabelled."""
    codes = np.full(mask.shape[1:], UNLABELLED, np.uint8)
    for colour, code in colours.items():
        wanted = np.array([int(part) for part in colour.split(",")])[:, None, None]
        codes[(mask[:3] == wanted).all(0)] = code
    return codes
