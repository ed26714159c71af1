"""Whether estimating the classes' shares makes land-cover maps better: three places with labels, with and without.

python -m training.studies.class_shares --model geolb-tiny -o runs/class_shares.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from core.context import Context
from core.datasets.labelled_tiles import read_labelled_tiles
from core.metrics.confusion import ConfusionMatrix
from core.model.model_cache import ModelCache
from core.protocol import ClassifyParams, Source
from core.raster.gdal_open import opened_gdal
from core.tasks import classify

NO_CLASS = 0
"""Value of the maps where there are no data."""


@dataclass(frozen=True)
class Place:
    """Rasters with labels and the classes to map.

    Attributes:
        name: what to call it.
        rasters: paths with their labels (H, W).
        classes: label code to words.
    """

    name: str
    rasters: tuple[tuple[str, NDArray[np.integer]], ...]
    classes: dict[int, str]


def main() -> None:
    """Map every place twice and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="geolb-tiny")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/class_shares.json"))
    options = parser.parse_args()
    context = Context(models=ModelCache())
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for place in _places(options.data, Path(folder)):
            results[place.name] = {
                label: _figures(place, options.model, estimate, Path(folder), context)
                for label, estimate in (("even shares", False), ("estimated shares", True))
            }
            print(place.name, results[place.name], flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results, indent=1), encoding="utf-8")


def _places(data: Path, folder: Path) -> list[Place]:
    scenes = data / "scenes_multispectral"
    slovenia = {1: "crops", 2: "forest", 3: "grassland", 4: "shrubland", 8: "built-up area"}
    carolina = {1: "built-up area", 2: "crops", 3: "grassland", 4: "shrubland", 5: "forest", 6: "water", 7: "sediment"}
    dubai = {1: "building", 2: "bare ground", 3: "road", 4: "vegetation", 5: "water"}
    return [
        Place("Slovenia, Sentinel-2", (_pair(scenes, "s2_l1c_slovenia_ref2", "s2_slovenia_lulc"),), slovenia),
        Place(
            "North Carolina, Landsat 7",
            (_pair(scenes, "landsat7_north_carolina_2000", "landsat7_north_carolina_2000_strata"),),
            carolina,
        ),
        Place("Dubai tile 8, colour", tuple(_tiles(data / "dubai_dense.tar", folder)), dubai),
    ]


def _pair(folder: Path, scene: str, labels: str) -> tuple[str, NDArray[np.integer]]:
    with opened_gdal(folder / f"{labels}.tif") as file:
        return str(folder / f"{scene}.tif"), file.read(1)


def _tiles(path: Path, folder: Path) -> list[tuple[str, NDArray[np.integer]]]:
    written: list[tuple[str, NDArray[np.integer]]] = []
    for tile in read_labelled_tiles(path, lambda stem: stem.startswith("tile8_")):
        target = folder / f"{tile.name}.tif"
        height, width = tile.labels.shape
        with rasterio.open(target, "w", driver="GTiff", height=height, width=width, count=3, dtype="uint8") as file:
            file.write(tile.image.transpose(2, 0, 1))
        written.append((str(target), tile.labels))
    return written


def _figures(place: Place, model: str, estimate: bool, folder: Path, context: Context) -> dict[str, float]:
    codes = list(place.classes)
    labelled: list[NDArray[np.integer]] = []
    mapped: list[NDArray[np.integer]] = []
    params = ClassifyParams(
        Source(""), str(folder / "map.tif"), "; ".join(place.classes.values()), model, estimate_shares=estimate
    )
    for raster, labels in place.rasters:
        classify.run(replace(params, source=Source(raster)), context)
        with opened_gdal(params.output) as file:
            found = file.read(1)
        known = np.isin(labels, codes) & (found != NO_CLASS)
        labelled.append(np.searchsorted(codes, labels[known]))
        mapped.append(found[known] - 1)
    matrix = ConfusionMatrix.of(np.concatenate(labelled), np.concatenate(mapped), len(codes))
    return {"overall accuracy": matrix.overall, "mean IoU": matrix.mean_iou}


if __name__ == "__main__":
    main()
