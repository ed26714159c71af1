"""Labelled ground for calibration: scenes kept aside, and simulated landscapes of other seeds than the training's.

None of it is trained on or reported. Each group of parts counts the same, however many words it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from core.raster.gdal_open import opened_gdal
from core.spectral.bands import BandSet
from core.spectral.sensors import get_sensor
from training.simulate.flood import flooded
from training.simulate.landscape import Landscape, simulate_landscape
from training.simulate.materials import MATERIALS
from training.simulate.render import draw_view, render
from training.simulate.waters import draw_waters
from training.simulated_source import RGB

SCENES = ("belgium_03", "belgium_06", "belgium_10", "slovenia_1", "slovenia_3")
"""Prepared scenes (``training.teachers``) that no recipe of the embedded model names."""
WORDS = {
    1: ("water", "open water"),
    2: ("forest", "trees", "woodland"),
    3: ("grassland", "meadow"),
    5: ("crops", "farmland"),
    7: ("built-up area", "town", "village"),
}
"""By code of ``training.teachers.weak_labels.LEGEND``."""
SIMULATED_WORDS = {
    ("open water", "river", "shallow water"): ("water", "lake"),
    ("coniferous woodland", "broadleaf woodland"): ("forest", "trees"),
    ("residential area", "industrial area"): ("built-up area", "town"),
}
ABSENT = ("snow", "burnt ground", "solar panels", "swimming pool", "airplane", "desert", "mangroves")
"""Words of what none of the real scenes shows."""
ABSENT_FROM_TOWN = ("snow", "glacier", "ship", "mangroves", "burnt ground", "wind turbine")
RADAR_GROUPS = ("radar", "simulated radar")
"""Groups whose images are of radar alone."""
FEWEST = 200
"""Pixels that a class must have in a scene."""
NOT_LABELLED = (0, 255)
NOWHERE = 254
"""A code that no label raster has: what is looked for is in no pixel."""
SEEDS = range(90_000, 90_006)
SIDE, PIXEL_M = 160, 10.0
HAZE_AT_BLUE = 0.08
"""Reflectance that the atmosphere adds at 0.49 µm to simulated products at its top."""


@dataclass(frozen=True)
class GroundPart:
    """Part of a group, as ``core.evaluate.prompt_maps.score_words`` reads it.

    Attributes:
        group: which kind of pictures it is.
        part: layout, path, words, reference and codes.
        folder: that the part's paths are relative to.
    """

    group: str
    part: dict[str, Any]
    folder: Path


def calibration_ground(data: Path, scenes: Path, folder: Path) -> Iterator[GroundPart]:
    """Yield every part of the ground.

    Args:
        data: folder of the shared data.
        scenes: folder of the prepared scenes.
        folder: where simulated scenes are written.
    """
    drone = {"layout": "web_tiles", "path": "oam_kampala.tar", "ending": ".building.png", "names": ["OAM-1238453"]}
    buildings = data / "oam_buildings"
    yield GroundPart("drone", {**drone, "codes": [1], "words": ["building", "house", "roof"]}, buildings)
    yield GroundPart("drone", {**drone, "codes": [NOWHERE], "words": list(ABSENT_FROM_TOWN)}, buildings)
    for name in SCENES:
        yield from _real(scenes / name)
    for seed in SEEDS:
        yield from _simulated(seed, folder / str(seed))


def _real(folder: Path) -> Iterator[GroundPart]:
    with opened_gdal(folder / "optical.tif") as file:
        numbers = {name: number for number, name in enumerate(file.descriptions, 1)}
    seen: dict[str, dict[str, Any]] = {
        "Sentinel-2": {"path": "optical.tif"},
        "Sentinel-2 in colour": {"path": "optical.tif", "bands": [numbers[name] for name in ("B04", "B03", "B02")]},
    }
    if (folder / "radar.tif").exists():
        seen["radar"] = {"path": "radar.tif"}
    with opened_gdal(folder / "labels.tif") as file:
        labels = file.read(1)
    for group, entry in seen.items():
        yield from _by_code(group, entry, folder, labels, WORDS)
        codes = [int(code) for code in np.unique(labels) if code not in NOT_LABELLED]
        entry = {"layout": "scene", "reference": "labels.tif", "codes": [NOWHERE], "against": codes, **entry}
        yield GroundPart(group, {**entry, "words": list(ABSENT)}, folder)


def _by_code(
    group: str,
    entry: dict[str, Any],
    folder: Path,
    labels: NDArray[np.uint8],
    words: Mapping[int, tuple[str, ...]],
) -> Iterator[GroundPart]:
    """Yield a part for every class that is there."""
    codes = [int(code) for code in np.unique(labels) if code not in NOT_LABELLED]
    common = {"layout": "scene", "reference": "labels.tif", **entry}
    for code, of_code in words.items():
        others = [other for other in codes if other != code]
        if others and (labels == code).sum() >= FEWEST:
            yield GroundPart(group, {**common, "codes": [code], "against": others, "words": list(of_code)}, folder)


def _simulated(seed: int, folder: Path) -> Iterator[GroundPart]:
    """Yield a flooded landscape through Sentinel-1, Sentinel-2 at the top of the atmosphere, and colour."""
    folder.mkdir(parents=True, exist_ok=True)
    landscape = flooded(simulate_landscape(SIDE, SIDE, PIXEL_M, seed), seed)
    view = replace(draw_view(seed), waters=draw_waters(seed, float(1 + seed % 6)))
    radar = BandSet.of(get_sensor("sentinel1").bands.bands[:2])
    optical = get_sensor("sentinel2_l1c").bands
    blue_over = (0.49 / np.array(optical.wavelengths_um))[:, None, None]
    reflectance = render(landscape, optical, seed=seed, view=view) + HAZE_AT_BLUE * blue_over**3.5
    colour = np.clip(render(landscape, RGB, seed=seed, view=view) / 0.3, 0, 1) * 255
    _write(folder / "radar.tif", render(landscape, radar, seed=seed, view=view).astype(np.float32), radar)
    _write(folder / "optical.tif", np.clip(reflectance * 10_000, 1, 15_000).astype(np.uint16), optical)
    _write(folder / "colour.tif", colour.astype(np.uint8), None)
    words = dict(enumerate(SIMULATED_WORDS.values(), 1))
    for name, group in (("radar", "simulated radar"), ("optical", "simulated optical"), ("colour", "simulated colour")):
        labels = _codes(landscape, clouds=name != "radar")
        _write(folder / f"{name}_labels.tif", labels[None], None)
        entry = {"path": f"{name}.tif", "reference": f"{name}_labels.tif"}
        yield from _by_code(group, entry, folder, labels, words)


def _codes(landscape: Landscape, clouds: bool) -> NDArray[np.uint8]:
    """Returns the number of each pixel's classes in ``SIMULATED_WORDS``, from 1; one more for everything else."""
    names = np.array([material.name for material in MATERIALS])
    seen = names[landscape.visible_labels if clouds else landscape.labels]
    found = np.full(seen.shape, len(SIMULATED_WORDS) + 1, np.uint8)
    for code, materials in enumerate(SIMULATED_WORDS, 1):
        found[np.isin(seen, materials)] = code
    return found


def _write(path: Path, values: NDArray[np.generic], bands: BandSet | None) -> None:
    count, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=values.dtype, crs="EPSG:32636",
        transform=from_origin(500_000, 5_000_000, PIXEL_M, PIXEL_M), photometric="rgb" if count == 3 else "minisblack",
    ) as file:  # fmt: skip
        file.write(values)
        for number, band in enumerate(bands.bands if bands else (), 1):
            file.set_band_description(number, band.name)
