"""Maps of prompts against masks, from what ``core highlight`` writes with its default settings."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.transform import Affine

from core.datasets.archive import read_members
from core.datasets.chips import decode_rgb
from core.evaluate.scenes import prompt_scores
from core.evaluate.water import away_from_edges, ndwi
from core.metrics.score_histogram import ScoreHistogram
from core.model.geolangbind import GeoLangBind
from core.raster.gdal_open import opened_gdal

BLOCK = 64
"""Side in pixels of the blocks that a scene is divided into: the units of the bootstrap."""
WEB_MERCATOR_SIDE_M = 2 * 20_037_508.342789244
_WEB_TILE = re.compile(r"(\d+)-(\d+)-(\d+)$")


@dataclass(frozen=True)
class MaskedRaster:
    """A raster with the reference mask of a prompt.

    Attributes:
        path: of the raster.
        bands: 1-based numbers of the bands to use; None for all that the sensor has.
        truth: (H, W) whether the prompt is true of a pixel.
        counted: (H, W) whether that is known.
        blocks: whether pixels are counted by blocks of the raster, or all together as one picture of many.
    """

    path: Path
    bands: tuple[int, ...] | None
    truth: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    blocks: bool


def score_words(model: GeoLangBind, part: Mapping[str, Any], folder: Path) -> dict[str, list[ScoreHistogram]]:
    """Highlight the rasters of a part of a benchmark and count scores by truth.

    Args:
        model: in evaluation mode.
        part: of a benchmark's ``parts`` in ``resources/benchmarks.toml``: ``layout``, ``path``, ``words``, and the
            layout's own fields:

            - ``scene``: a raster; ``reference``, a label raster with ``codes`` that count as true and, where given,
              ``against``, the codes that count as false (others are unknown), or "ndwi"; ``bands`` to look at,
            - ``scenes``: the same for a folder; ``images`` is a pattern and ``reference`` replaces its ending,
            - ``web_tiles``: a tar of tiles named …X-Y-ZOOM with masks (``ending``) beside them,
            - ``pairs``: as labelled tiles, those named ``names``.
        folder: that paths are relative to.

    Returns:
        For each word a histogram for every unit of the bootstrap: a tile, or a block of a scene.
    """
    words = tuple(part["words"])
    found: dict[str, list[ScoreHistogram]] = {word: [] for word in words}
    with _LAYOUTS[part["layout"]](part, folder / part["path"]) as rasters:
        for raster in rasters:
            scores = prompt_scores(model, raster.path, words, raster.bands)
            for rows, columns in _units(raster):
                known = raster.counted[rows, columns]
                truth = raster.truth[rows, columns][known]
                if truth.size:
                    for number, word in enumerate(words):
                        found[word].append(ScoreHistogram.of(scores[number, rows, columns][known], truth))
    return found


def _units(raster: MaskedRaster) -> Iterator[tuple[slice, slice]]:
    height, width = raster.truth.shape
    side = BLOCK if raster.blocks else max(height, width)
    for row in range(0, height, side):
        for col in range(0, width, side):
            yield slice(row, row + side), slice(col, col + side)


@contextmanager
def _scene(part: Mapping[str, Any], path: Path) -> Iterator[Iterator[MaskedRaster]]:
    yield iter([_masked(part, path, path.parent / part["reference"])])


@contextmanager
def _scenes(part: Mapping[str, Any], path: Path) -> Iterator[Iterator[MaskedRaster]]:
    files = [file for file in sorted(path.glob(part["images"])) if not file.name.endswith(part["reference"])]
    yield (_masked(part, file, file.with_name(file.stem + part["reference"]), blocks=False) for file in files)


def _masked(part: Mapping[str, Any], path: Path, reference: Path, blocks: bool = True) -> MaskedRaster:
    bands = tuple(part["bands"]) if "bands" in part else None
    if part["reference"] == "ndwi":
        truth, counted = _by_water_index(path)
        return MaskedRaster(path, bands, truth, counted, blocks)
    with opened_gdal(reference) as file:
        codes = file.read(1)
    truth = np.isin(codes, part["codes"])
    counted = truth | np.isin(codes, part["against"]) if "against" in part else np.ones(codes.shape, bool)
    return MaskedRaster(path, bands, truth, counted, blocks)


def _by_water_index(path: Path) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where NDWI is positive in a Sentinel-2 scene of twelve bands, and where that counts: not along shores."""
    with opened_gdal(path) as file:
        green, near_infrared = file.read((3, 8))
        valid = (file.read_masks((3, 8)) > 0).all(0)
    reference = (ndwi(green, near_infrared) > 0) & valid
    return reference, valid & away_from_edges(reference)


@contextmanager
def _web_tiles(part: Mapping[str, Any], path: Path) -> Iterator[Iterator[MaskedRaster]]:
    with tempfile.TemporaryDirectory() as folder:
        yield _written(part, path, Path(folder), _place_of_web_tile)


@contextmanager
def _pairs(part: Mapping[str, Any], path: Path) -> Iterator[Iterator[MaskedRaster]]:
    with tempfile.TemporaryDirectory() as folder:
        yield _written({"ending": ".labels.png", **part}, path, Path(folder), lambda stem, side: {})


def _written(
    part: Mapping[str, Any], path: Path, folder: Path, place: Callable[[str, int], dict[str, Any]]
) -> Iterator[MaskedRaster]:
    """Write the images of a tar as GeoTIFFs, one after another, as users have them."""
    ending: str = part["ending"]
    names: Sequence[str] = part.get("names", [""])
    members = dict(read_members(path, (".jpg", ".webp", ".tif", ending)))
    for name, mask in members.items():
        stem = name.removesuffix(ending)
        if not name.endswith(ending) or not stem.startswith(tuple(names)):
            continue
        image = next(decode_rgb(content) for other, content in members.items() if other.rpartition(".")[0] == stem)
        labels = np.asarray(Image.open(io.BytesIO(mask)))
        target = folder / f"{Path(stem).name}.tif"
        height, width = labels.shape
        with rasterio.open(
            target, "w", driver="GTiff", height=height, width=width, count=3, dtype="uint8", photometric="rgb",
            **place(stem, width),
        ) as file:  # fmt: skip
            file.write(image.transpose(2, 0, 1))
        truth = np.isin(labels, part["codes"])
        counted = truth | np.isin(labels, part["against"]) if "against" in part else np.ones(labels.shape, bool)
        yield MaskedRaster(target, None, truth, counted, blocks=False)
        target.unlink()


def _place_of_web_tile(stem: str, side: int) -> dict[str, Any]:
    """Return CRS and transform of a tile by its column, row and zoom."""
    found = _WEB_TILE.search(stem)
    if found is None:
        return {}
    column, row, zoom = (int(part) for part in found.groups())
    tile = WEB_MERCATOR_SIDE_M / 2**zoom
    left, top = column * tile - WEB_MERCATOR_SIDE_M / 2, WEB_MERCATOR_SIDE_M / 2 - row * tile
    return {"crs": "EPSG:3857", "transform": Affine(tile / side, 0, left, 0, -tile / side, top)}


_LAYOUTS = {"scene": _scene, "scenes": _scenes, "web_tiles": _web_tiles, "pairs": _pairs}
