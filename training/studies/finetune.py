"""Five small polygons a class: the model before, the model after, and a random forest, on held-out blocks.

python -m training.studies.finetune --seeds 5 -o runs/finetune.json

Ground is cut like a chessboard: polygons are drawn at random in the black blocks, accuracy is measured in the white
ones. The places are those that the embedded model was not trained on: a flooded plain in Spain in Sentinel-2 and in
radar, and parts of Dubai's tile 8. Their dense features are computed once and stored for all draws. The printed table
is for docs/finetune.md.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from core.context import Context
from core.datasets.labelled_tiles import read_labelled_tiles
from core.finetune.session import fine_tune
from core.finetune.settings import FinetuneSettings
from core.finetune.trainable_parts import MODES, Mode
from core.model import load_model
from core.model.model_cache import ModelCache
from core.protocol import ClassifyParams, Source
from core.raster.gdal_open import opened_gdal
from core.tasks import classify
from training.studies.chessboard import Place, accuracy, draw_squares, random_forest, write_polygons

FLOOD_CLASSES = {0: "land", 1: "water"}
DUBAI_CLASSES = {1: "building", 2: "bare land", 3: "road", 4: "vegetation", 5: "water"}
DUBAI_PARTS = ("tile8_image_part_007", "tile8_image_part_001")


def main() -> None:
    """Measure every place with every seed and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", default="geolb-tiny", help="model to start from")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, default=3, help="draws of polygons at every place")
    parser.add_argument("--mode", default=FinetuneSettings.mode, choices=MODES)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/finetune.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        os.environ["GEOLANGBIND_CACHE"] = str(scratch / "features")
        rows: list[dict[str, Any]] = []
        places = [*_flooded_plain(options.data), *_dubai(options.data, scratch)]
        before = [accuracy(place, _mapped(place, options.start, scratch / "before.tif")) for place in places]
        for seed in range(options.seeds):
            for place, start in zip(places, before, strict=True):
                measured = _measure(place, options.start, options.mode, seed, scratch / f"{len(rows)}")
                rows.append({**measured, "before": start})
                print(json.dumps(rows[-1]), flush=True)
                options.output.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        rows.sort(key=lambda row: [place.title for place in places].index(row["place"]))
    print(f"{options.start} {load_model(options.start).model_hash[:12]}\n{table(rows)}")


def _flooded_plain(data: Path) -> list[Place]:
    """The plain in Spain with its hand-made map of water, through two sensors."""
    folder = data / "scenes" / "sen1floods11_spain"
    with opened_gdal(folder / "labels.tif") as file:
        truth = np.where(file.read(1) < 0, 255, file.read(1)).astype(np.uint8)
    return [
        Place("Spain, Sentinel-2, 12 bands", str(folder / "s2.tif"), None, truth, FLOOD_CLASSES, 64, 6),
        Place("Spain, radar VV and VH", str(folder / "s1.tif"), None, truth, FLOOD_CLASSES, 64, 6),
    ]


def _dubai(data: Path, scratch: Path) -> list[Place]:
    """Write the middle of tiles as GeoTIFFs, at an arbitrary place: the set has no coordinates."""
    places = []
    for tile in read_labelled_tiles(data / "dubai_dense.tar", lambda stem: stem.startswith(DUBAI_PARTS)):
        window = slice(120, 840), slice(220, 1180)
        image, truth = tile.image[window], tile.labels[window]
        path = scratch / f"{tile.name}.tif"
        profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "height": len(truth), "width": truth.shape[1]}
        grid = {"crs": "EPSG:32640", "transform": from_origin(330000, 2780000, 1, 1)}
        with rasterio.open(path, "w", **profile, **grid, photometric="RGB") as file:
            file.write(image.transpose(2, 0, 1))
        title = f"Dubai tile 8, part {tile.name[-1]}, red, green and blue"
        places.append(Place(title, str(path), "aerial_rgb", truth, DUBAI_CLASSES, 120, 12))
    return places


def _measure(place: Place, start: str, mode: Mode, seed: int, scratch: Path) -> dict[str, Any]:
    """Fine-tune on one draw of polygons; returns accuracies of the map and of the forest's, and facts."""
    scratch.mkdir()
    squares = draw_squares(place, np.random.default_rng(seed))
    with opened_gdal(place.raster) as file:
        transform, crs, bands = file.transform, file.crs, file.read()
    labels = scratch / "polygons.gpkg"
    write_polygons(labels, squares, place, transform, crs.to_wkt())
    source = Source(place.raster, sensor=place.sensor)
    settings = FinetuneSettings((source,), str(labels), field="class", start=start, mode=mode, seed=seed, listed=False)
    results = fine_tune(settings, scratch / "model")
    forest, forest_seconds = random_forest(bands, squares, seed, place.measured)
    after = _mapped(place, str(scratch / "model"), scratch / "after.tif")
    return {
        "place": place.title,
        "seed": seed,
        "polygons": {name: sum(code == key for key, *_ in squares) for code, name in place.classes.items()},
        "labelled_pixels": sum(side * side for *_, side in squares),
        "measured_pixels": int(place.measured.sum()),
        "after": accuracy(place, after),
        "random_forest": accuracy(place, forest),
        "own_estimate": results["after"]["overall_accuracy"],
        "pixel_classifier": results["pixel_classifier"],
        "seconds": results["seconds"],
        "forest_seconds": round(forest_seconds, 1),
    }


def _mapped(place: Place, model: str, output: Path) -> NDArray[np.int64]:
    """Classify as the plugin does; returns the place's codes (H, W)."""
    scheme = "; ".join(place.classes.values())
    source = Source(place.raster, sensor=place.sensor)
    params = ClassifyParams(source, str(output), classes=scheme, model=model)
    result = classify.run(params, Context(models=ModelCache()))
    codes = [row["code"] for row in result["classes"]]
    with opened_gdal(output) as file:
        found = file.read(1)
    ours = np.array(list(place.classes))
    return np.asarray(ours[np.searchsorted(codes, found).clip(0, len(codes) - 1)], np.int64)


METHODS = ("before", "after", "random_forest")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns a table in Markdown: a line a draw and, for each place, the mean of its draws."""
    lines = [
        "| place | seed | labelled pixels | before | after | random forest | time |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [f"{100 * row[who]['overall']:.1f} / {100 * row[who]['mean_iou']:.1f}" for who in METHODS]
        facts = f"{row['place']} | {row['seed']} | {row['labelled_pixels']}"
        lines.append(f"| {facts} | {' | '.join(cells)} | {row['seconds']:.0f} s |")
    for title in dict.fromkeys(row["place"] for row in rows):
        own = [row for row in rows if row["place"] == title]
        means = [
            " / ".join(f"{100 * np.mean([row[who][key] for row in own]):.1f}" for key in ("overall", "mean_iou"))
            for who in METHODS
        ]
        seconds = np.mean([row["seconds"] for row in own])
        lines.append(f"| **{title}, mean** | | | {' | '.join(f'**{mean}**' for mean in means)} | {seconds:.0f} s |")
    ahead = [all(row["after"][key] > row["random_forest"][key] for key in ("overall", "mean_iou")) for row in rows]
    lines.append(f"\nAhead of the forest in both figures: {sum(ahead)} of {len(ahead)} draws.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
