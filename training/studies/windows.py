"""Whether scores depend on the size and overlap of windows: real scenes against one window over the whole scene.

python -m training.studies.windows --model geolb-tiny -o runs/windows
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray
from PIL import Image
from rasterio.transform import from_origin

from core.datasets.labelled_tiles import read_labelled_tiles
from core.dense.encode import DenseEncoder
from core.dense.features import DenseFeatures
from core.dense.level import RasterLevel
from core.dense.windows import WindowPlan
from core.model.geolangbind import GeoLangBind
from core.model.model_cache import ModelCache
from core.protocol import Source
from core.raster.gdal_open import opened_gdal
from core.tasks.scene import Scene, as_trained, open_scene
from core.tasks.scoring import PromptSoftmax, parse_prompts, scored_by

PLANS = ((256, 32), (256, 64), (288, 32), (384, 32))
"""Side of a window and overlap, in pixels."""
KAMPALA_COLUMNS, KAMPALA_ROWS, TILE = range(1238451, 1238455), range(1046528, 1046532), 256
KEPT_COLUMN = 1238453
"""The column of drone tiles that training leaves out: its masks are the reference."""
DUBAI_BUILDING = 1
"""Code of buildings in the labels of the Dubai tiles, of which tile 6 is kept for choosing."""
NEAR_A_SEAM = 4
"""Cells from the middle of two windows' overlap."""


class PlannedEncoder(DenseEncoder):
    """An encoder with windows of its own.

    Args:
        model: the model.
        scene: what is encoded.
        window: side of a window in pixels; None for one window over all of it.
        overlap: pixels that neighbours share.
    """

    def __init__(self, model: GeoLangBind, scene: Scene, window: int | None, overlap: int) -> None:
        super().__init__(model, as_trained(scene.recognition, model).band_set)
        self._window, self._overlap = window, overlap

    def plan(self, width: int, height: int) -> WindowPlan:
        """Returns the windows for a raster of this size in pixels."""
        patch = self.model.config.patch_size
        window = self._window or -(-max(width, height) // patch) * patch
        return WindowPlan.over(width, height, stride=self.stride, patch=patch, window=window, overlap=self._overlap)


@dataclass(frozen=True)
class Place:
    """A raster, what is looked for, and where it is.

    Attributes:
        name: in the table.
        path: of the raster.
        bands: 1-based; empty for all.
        word: the prompt.
        reference: (H, W): 1 where it is, 0 where it is not, 255 unknown; None where there is no reference.
    """

    name: str
    path: Path
    bands: tuple[int, ...]
    word: str
    reference: NDArray[np.uint8] | None


@dataclass(frozen=True)
class Encoded:
    """Results of one plan.

    Attributes:
        vectors: (D, h, w) unit vectors, 0 where there is no data.
        scores: (h, w) from 0 to 1.
        near_seams: (h, w) which cells lie beside the middle of an overlap.
        seams: rows and columns of cells in the middle of overlaps.
        stride: pixels a cell.
        encoded_pixels: pixels encoded for each pixel of the raster.
    """

    vectors: torch.Tensor
    scores: NDArray[np.float32]
    near_seams: NDArray[np.bool_]
    seams: tuple[list[int], list[int]]
    stride: int
    encoded_pixels: float


def main() -> None:
    """Encode every place with every plan; print, and write figures and pictures of the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="geolb-tiny")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--place", default="", help="only places whose name holds this")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/windows"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    model = ModelCache().get(options.model, "cpu")
    results: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for place in _places(options.data, Path(folder)):
            if options.place not in place.name:
                continue
            whole = _encode(model, place, None, 0)
            _picture(whole.scores, options.output / f"{place.name}, whole.png")
            results[place.name] = {"whole": _accuracy(place, whole)}
            for window, overlap in PLANS:
                found = _encode(model, place, window, overlap)
                label = f"{window} overlap {overlap}"
                results[place.name][label] = {**_against(found, whole), **_accuracy(place, found)}
                _picture(found.scores, options.output / f"{place.name}, {label}.png")
            for label, figures in results[place.name].items():
                print(place.name, label, {key: round(value, 4) for key, value in figures.items()}, flush=True)
    (options.output / f"windows{options.place}.json").write_text(json.dumps(results, indent=1), encoding="utf-8")


def _places(data: Path, folder: Path) -> Iterator[Place]:
    for scene in ("aquileia", "sundarbans"):
        path = data / "scenes" / f"{scene}_sentinel2_l2a.tif"
        with opened_gdal(path) as file:
            green, infrared = (file.read(file.descriptions.index(name) + 1).astype(float) for name in ("B03", "B08"))
            colour = tuple(file.descriptions.index(name) + 1 for name in ("B04", "B03", "B02"))
        water = ((green - infrared) / np.maximum(green + infrared, 1) > 0).astype(np.uint8)
        yield Place(f"{scene}, 12 bands", path, (), "water", water)
        yield Place(f"{scene}, colour", path, colour, "water", water)
    yield Place("NAIP", data / "scenes" / "naip_rgbn_2020.tif", (), "trees", None)
    mosaic, masks = _kampala(data / "oam_buildings" / "oam_kampala.tar")
    path = folder / "kampala.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=3, dtype="uint8", height=mosaic.shape[1], width=mosaic.shape[2],
        crs="EPSG:3857", transform=from_origin(3_600_000, 30_000, 0.0746, 0.0746), photometric="rgb",
    ) as file:  # fmt: skip
        file.write(mosaic)
    yield Place("Kampala", path, (), "building", masks)
    for tile in read_labelled_tiles(data / "dubai_dense.tar", lambda stem: stem.startswith("tile6_")):
        path = folder / f"{tile.name}.tif"
        height, width = tile.labels.shape
        with rasterio.open(path, "w", driver="GTiff", count=3, dtype="uint8", height=height, width=width) as file:
            file.write(tile.image.transpose(2, 0, 1))
        yield Place(f"Dubai {tile.name}", path, (), "building", (tile.labels == DUBAI_BUILDING).astype(np.uint8))


def _kampala(tar: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Returns a mosaic (3, H, W) of drone tiles and the masks (H, W) of those that training leaves out, else 255."""
    shape = len(KAMPALA_ROWS) * TILE, len(KAMPALA_COLUMNS) * TILE
    mosaic, masks = np.zeros((3, *shape), np.uint8), np.full(shape, 255, np.uint8)
    with tarfile.open(tar) as archive:
        for across, column in enumerate(KAMPALA_COLUMNS):
            for down, row in enumerate(KAMPALA_ROWS):
                name = f"OAM-{column}-{row}-21"
                here = slice(down * TILE, (down + 1) * TILE), slice(across * TILE, (across + 1) * TILE)
                mosaic[(slice(None), *here)] = np.moveaxis(_image(archive, f"{name}.webp", "RGB"), 2, 0)
                if column == KEPT_COLUMN:
                    masks[here] = _image(archive, f"{name}.building.png", "L") > 0
    return mosaic, masks


def _image(archive: tarfile.TarFile, name: str, mode: str) -> NDArray[np.uint8]:
    member = archive.extractfile(name)
    assert member is not None
    return np.asarray(Image.open(io.BytesIO(member.read())).convert(mode))


def _encode(model: GeoLangBind, place: Place, window: int | None, overlap: int) -> Encoded:
    source = Source(str(place.path), bands=place.bands or None)
    with open_scene(source) as scene:
        level = RasterLevel(scene.raster, as_trained(scene.recognition, model))
        encoder = PlannedEncoder(model, scene, window, overlap)
        features = DenseFeatures(encoder, level)
        score = scored_by(PromptSoftmax(model, parse_prompts([place.word])), encoder)
        rows, columns = features.layout.rows, features.layout.columns
        vectors = torch.zeros(model.embed_dim, rows, columns)
        scores = np.zeros((rows, columns), np.float32)
        for chunk in features.layout.chunks_in(features.plan.cells(level.grid.window)):
            here = features.layout.slices(chunk)
            scores[here] = features.chunk(chunk).valid * score(features.chunk(chunk))[0].sigmoid().numpy()
        for pixels, found, _ in features.blocks(level.grid.window):
            block = features.plan.cells(pixels)
            vectors[:, block.row : block.row_stop, block.col : block.col_stop] = found
    tiles = features.plan.tiles
    seams = _middles(tiles.rows, tiles.tile, rows), _middles(tiles.columns, tiles.tile, columns)
    near = np.zeros((rows, columns), bool)
    for row in seams[0]:
        near[max(0, row - NEAR_A_SEAM) : row + NEAR_A_SEAM] = True
    for column in seams[1]:
        near[:, max(0, column - NEAR_A_SEAM) : column + NEAR_A_SEAM] = True
    times = len(tiles.rows) * len(tiles.columns) * tiles.tile**2 / (rows * columns)
    return Encoded(vectors, scores, near, seams, features.plan.stride, times)


def _middles(starts: tuple[int, ...], tile: int, length: int) -> list[int]:
    """Returns the middles of the overlaps along one axis, in cells."""
    middles = [(after + before + tile) // 2 for before, after in itertools.pairwise(starts)]
    return [middle for middle in middles if 0 < middle < length]


def _against(found: Encoded, whole: Encoded) -> dict[str, float]:
    """Returns how far features and scores are from those of one window, everywhere and beside the seams."""
    cosines = (found.vectors * whole.vectors).sum(0).numpy()
    known = cosines > 0  # vectors are 0 where there is no data
    near = found.near_seams & known
    away = np.abs(found.scores - whole.scores)
    return {
        "cosine": float(cosines[known].mean()),
        "cosine at seams": float(cosines[near].mean()),
        "1st percentile of cosines at seams": float(np.quantile(cosines[near], 0.01)),
        "score away": float(away[known].mean()),
        "score away at seams": float(away[near].mean()),
        "sides changed at 0.5": float(((found.scores > 0.5) != (whole.scores > 0.5)).mean()),
        "steps across seams over those without": _steps(found, found) / _steps(whole, found),
        "encoded pixels a pixel": found.encoded_pixels,
    }


def _steps(of: Encoded, seams: Encoded) -> float:
    """Returns the mean difference of scores across the cells around the middles of overlaps."""
    rows, columns = seams.seams
    down = [np.abs(of.scores[row] - of.scores[row - 1]) for row in rows]
    across = [np.abs(of.scores[:, column] - of.scores[:, column - 1]) for column in columns]
    return float(np.concatenate([*down, *across]).mean())


def _accuracy(place: Place, found: Encoded) -> dict[str, float]:
    """Returns the IoU at 0.5 with the reference, each cell as large as its pixels; none without such pixels."""
    if place.reference is None or not (place.reference == 1).any():
        return {}
    height, width = place.reference.shape
    shown = np.kron(found.scores > 0.5, np.ones((found.stride, found.stride), bool))[:height, :width]
    known, there = place.reference != 255, place.reference == 1
    return {"IoU": float((shown & there & known).sum() / ((shown | there) & known).sum())}


def _picture(scores: NDArray[np.float32], path: Path) -> None:
    Image.fromarray((scores * 255).astype(np.uint8)).save(path)


if __name__ == "__main__":
    main()
