"""Five small polygons a class on simulated embeddings of a real place: a head, and random forests.

python -m training.studies.embeddings --data ../shared/data

Real embeddings are not available here, so they are simulated from a real place: Sentinel-2's twelve bands with means
and deviations of their surroundings pass a fixed random layer and a projection to 64 axes without labels (principal
components), are normalised and quantised as AlphaEarth's are. Ground, polygons and what is measured are those
of ``training.studies.chessboard``. One forest is trained on the same vectors, another on the band values.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from core.context import Context
from core.embeddings.training import fit_or_fine_tune
from core.finetune.settings import FinetuneSettings
from core.protocol import ClassifyParams, Source
from core.raster.gdal_open import opened_gdal
from core.tasks import classify
from training.studies.chessboard import Place, accuracy, draw_squares, random_forest, write_polygons

AXES = 64
SURROUNDINGS = (3, 9)
"""Sides in pixels of the squares whose means and deviations join a pixel's own values."""
HIDDEN = 256
CLASSES = {1: "water", 2: "trees", 4: "crops", 5: "built area", 9: "rangeland"}
METHODS = ("head", "forest_on_embeddings", "forest_on_bands")


def main() -> None:
    """Measure with every seed; print a line each and their means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    place = _land_cover_tile(options.data)
    with opened_gdal(place.raster) as file:
        bands, profile = file.read(), file.profile
    codes = quantised(simulated_embeddings(bands.astype(np.float32)))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        raster = write_alphaearth(Path(folder) / "simulated.tif", codes, profile)
        for seed in range(options.seeds):
            rows.append(measure(place, raster, bands, codes, seed, Path(folder) / str(seed)))
            print(json.dumps(rows[-1]), flush=True)
    for method in METHODS:
        means = [100 * float(np.mean([row[method][key] for row in rows])) for key in ("overall", "mean_iou")]
        print(f"{method}: {means[0]:.1f} / {means[1]:.1f}")


def _land_cover_tile(data: Path) -> Place:
    """A place of Sentinel-2 with twelve bands and ESRI's land cover as truth."""
    folder = data / "scenes" / "terramind_tiles" / "433D_629L_3_1"
    with opened_gdal(folder / "LULC.tif") as file:
        truth = file.read(1)
    return Place("Sentinel-2, 12 bands", str(folder / "S2L2A.tif"), None, truth, CLASSES, 32, 6)


def simulated_embeddings(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit vectors (64, H, W) of bands (C, H, W); no label is used."""
    features = [bands]
    for side in SURROUNDINGS:
        mean = np.stack([uniform_filter(band, side) for band in bands])
        square = np.stack([uniform_filter(band * band, side) for band in bands])
        features += [mean, np.sqrt(np.maximum(square - mean * mean, 0))]
    flat = np.concatenate(features).reshape(sum(map(len, features)), -1).T
    flat = (flat - flat.mean(0)) / (flat.std(0) + 1e-6)
    rng = np.random.default_rng(0)
    hidden = np.tanh(flat @ rng.normal(size=(flat.shape[1], HIDDEN)) / np.sqrt(flat.shape[1]) + rng.normal(size=HIDDEN))
    hidden -= hidden.mean(0)
    _, axes = np.linalg.eigh(hidden.T @ hidden)
    found = hidden @ axes[:, ::-1][:, :AXES]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found.T.reshape(AXES, *bands.shape[1:]), np.float32)


def quantised(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return AlphaEarth's codes of vectors: value = sign(code) * (abs(code) / 127.5) ** 2."""
    return np.rint(np.sign(vectors) * np.sqrt(np.abs(vectors)) * 127.5).clip(-127, 127).astype(np.int8)


def write_alphaearth(path: Path, codes: NDArray[np.int8], profile: dict[str, Any]) -> Path:
    """Write codes in AlphaEarth's layout at the place of another raster."""
    where = {key: profile[key] for key in ("crs", "transform", "width", "height")}
    with rasterio.open(path, "w", driver="GTiff", dtype="int8", count=AXES, nodata=-128, **where) as file:
        file.write(codes)
        for axis in range(AXES):
            file.set_band_description(axis + 1, f"A{axis:02}")
    return path


def measure(
    place: Place, raster: Path, bands: NDArray[Any], codes: NDArray[np.int8], seed: int, scratch: Path
) -> dict[str, Any]:
    """Train a head and two forests on the same polygons, and measure their maps."""
    scratch.mkdir()
    squares = draw_squares(place, np.random.default_rng(seed))
    with opened_gdal(raster) as file:
        transform, crs = file.transform, file.crs
    labels = scratch / "polygons.gpkg"
    write_polygons(labels, squares, place, transform, crs.to_wkt())
    source = Source(str(raster))
    began = time.monotonic()
    settings = FinetuneSettings((source,), str(labels), field="class", seed=seed, listed=False)
    fit_or_fine_tune(settings, scratch / "head")
    seconds = time.monotonic() - began
    output = scratch / "map.tif"
    result = classify.run(ClassifyParams(source, str(output), model=str(scratch / "head")), Context())
    names = {row["code"]: row["name"] for row in result["classes"]}
    meant = {name: code for code, name in place.classes.items()}
    with opened_gdal(output) as file:
        found = file.read(1)
    head = np.full(found.shape, next(iter(place.classes)), np.int64)
    for code, name in names.items():
        head[found == code] = meant[name]
    on_codes, _ = random_forest(codes, squares, seed)
    on_bands, forest_seconds = random_forest(bands, squares, seed)
    return {
        "seed": seed,
        "labelled_pixels": sum(side * side for *_, side in squares),
        "head": accuracy(place, head),
        "forest_on_embeddings": accuracy(place, on_codes),
        "forest_on_bands": accuracy(place, on_bands),
        "head_seconds": round(seconds, 1),
        "forest_seconds": round(forest_seconds, 1),
    }


if __name__ == "__main__":
    main()
