"""Prepares real scenes for training: rasters with band names of the runtime, and rasters of weak labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from core.errors import InputError
from core.raster.gdal_open import opened_gdal
from training.teachers.dynamic_world import BANDS as DYNAMIC_WORLD_BANDS
from training.teachers.dynamic_world import DynamicWorld
from training.teachers.ukis_csmask import UkisCsmask
from training.teachers.weak_labels import LEGEND, burnt, by_indices, dark_water, fuse, with_mangroves

SENTINEL2 = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "swir16": "B11", "swir22": "B12"}
REFLECTANCE = 10_000.0
FIRE = (slice(90, 310), slice(60, 300))
"""Where the wildfire of 2023-05-14 is in its scene, in pixels."""
SOLAR_FARM = ((slice(668, 1114), slice(0, 430)), (slice(734, 1114), slice(446, 698)))
"""Where the panels of the NAIP tile in Arizona are, in pixels, drawn by eye."""
MANGROVES_FROM = 480
"""Row of the Sundarbans scene where the villages end."""


@dataclass(frozen=True)
class PreparedScene:
    """Rasters of a prepared scene.

    Attributes:
        optical: digital numbers by band name.
        labels: (H, W) codes of weak_labels.LEGEND.
        radar: decibels by polarisation.
        transform_of: raster whose georeference the output takes.
    """

    optical: dict[str, NDArray[np.generic]]
    labels: NDArray[np.uint8]
    transform_of: Path
    radar: dict[str, NDArray[np.float32]] = field(default_factory=dict)


class Labeller:
    """The labelling networks, opened at first use."""

    def __init__(self) -> None:
        self._cover: DynamicWorld | None = None
        self._sky: UkisCsmask | None = None

    def sentinel2(self, bands: dict[str, NDArray[np.generic]]) -> NDArray[np.uint8]:
        """Label a Sentinel-2 scene given as digital numbers by band name."""
        self._cover = self._cover or DynamicWorld()
        self._sky = self._sky or UkisCsmask(6)
        known = {name: bands[band].astype(np.float32) / REFLECTANCE for name, band in SENTINEL2.items()}
        cover = self._cover.probabilities(np.stack([bands[name] for name in DYNAMIC_WORLD_BANDS]).astype(np.float32))
        sky = self._sky.probabilities(np.stack([known[name] for name in SENTINEL2]), 3.0)
        return fuse(cover, sky, known)


def prepare(data: Path, output: Path, only: Collection[str] = ()) -> list[Path]:
    """Write every scene that lies in ``data`` as ``output/NAME/{optical,radar,labels}.tif``.

    Args:
        data: folder with ``scenes_multispectral`` and ``scenes``.
        output: folder for the prepared scenes; those that are there already are not made again.
        only: names of the scenes to prepare; all where empty.

    Returns:
        The scenes' folders.
    """
    labeller = Labeller()
    made = []
    for name, read in _scenes(data):
        if only and name not in only:
            continue
        folder = output / name
        if not (folder / "labels.tif").is_file():
            _write(folder, read(labeller))
        made.append(folder)
    return made


def _scenes(data: Path) -> Iterator[tuple[str, Callable[[Labeller], PreparedScene]]]:
    """Name the scenes and how each is read; Aquileia and Spain are never among them."""
    folder = data / "scenes_multispectral"
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist.", hint="Name the folder of the shared data with --data.")
    yield "newzealand", lambda label: _sentinel2(folder / "s2_l1c_newzealand_T60HWB_20201002.tif", label)
    for number in range(5):
        path = folder / f"s2_l1c_slovenia_ref{number}.tif"
        yield f"slovenia_{number}", lambda label, path=path: _sentinel2(path, label)  # type: ignore[misc]
    for month in (0, *range(3, 12)):
        path = folder / f"worldcereal_s2s1_month{month:02d}.tif"
        yield f"belgium_{month:02d}", lambda label, path=path: _sentinel2(path, label)  # type: ignore[misc]
    yield "sundarbans", lambda label: _mangrove_coast(data / "scenes" / "sundarbans_sentinel2_l2a.tif", label)
    for date in ("t1", "t2"):
        path = folder / "ftw_austria_s2_rgbn_2dates.tif"
        yield f"austria_{date}", lambda label, date=date, path=path: _four_bands(path, date)  # type: ignore[misc]
    yield "rondonia", lambda label: _landsat8(folder / "landsat8_sr_rondonia_20190727.tif")
    for name, file in (("olinda", "landsat7_olinda_brazil"), ("north_carolina", "landsat7_north_carolina_2000")):
        path = folder / f"{file}.tif"
        yield name, lambda label, path=path: _grey_landsat(path, (3, 4, 5))  # type: ignore[misc]
    yield "amazon", lambda label: _grey_landsat(folder / "landsat5_tm_amazon_1988.tif", (3, 4, 5))
    yield "solar_arizona", lambda label: _solar_farm(data / "us_power_plants" / "naip" / "naip_327_AZ_SUN.tif")
    yield "wildfire", lambda label: _wildfire(folder / "s2_swir_wildfire_bc_20230514.tif")


def _sentinel2(path: Path, labeller: Labeller) -> PreparedScene:
    bands = _named_bands(path)
    radar = {
        name: (20 * np.log10(np.maximum(bands.pop(f"S1_{name}"), 1).astype(np.float32)) - 83).astype(np.float32)
        for name in ("VV", "VH")
        if f"S1_{name}" in bands
    }
    bands.pop("B10", None)
    return PreparedScene(bands, labeller.sentinel2(bands), path, radar)


def _mangrove_coast(path: Path, labeller: Labeller) -> PreparedScene:
    scene = _sentinel2(path, labeller)
    valid = np.asarray(scene.optical["B03"], np.float32) > 0
    return PreparedScene(
        scene.optical, np.where(valid, with_mangroves(scene.labels, MANGROVES_FROM), 0).astype(np.uint8), path
    )


def _four_bands(path: Path, date: str) -> PreparedScene:
    bands = _named_bands(path)
    named = {SENTINEL2[colour]: bands[f"{date}_{colour}"] for colour in ("blue", "green", "red", "nir")}
    return PreparedScene(named, by_indices(_reflectance(named, SENTINEL2)), path)


def _landsat8(path: Path) -> PreparedScene:
    bands = _named_bands(path)
    colours = {"green": "B3", "red": "B4", "nir": "B5"}
    labels = by_indices(_reflectance(bands, colours))
    labels[bands["B3"].astype(np.float32) <= 0] = 0
    return PreparedScene(bands, labels, path)


def _grey_landsat(path: Path, red_nir_swir: tuple[int, int, int]) -> PreparedScene:
    with opened_gdal(path) as source:
        values = source.read()
    names = ("B1", "B2", "B3", "B4", "B5", "B7")
    planes = values if len(values) == 6 else values[[0, 1, 2, 3, 4, 6]]
    red, nir, swir = (values[number - 1].astype(np.float32) for number in red_nir_swir)
    labels = np.where(values[0] > 0, dark_water(swir, red, nir), 0).astype(np.uint8)
    return PreparedScene(dict(zip(names, planes, strict=True)), labels, path)


def _solar_farm(path: Path) -> PreparedScene:
    with opened_gdal(path) as source:
        values = source.read()
    labels = np.full(values.shape[1:], LEGEND["bare"], np.uint8)
    labels[560:, :760] = 0  # the grounds of the plant: roads, sheds and shade
    for box in SOLAR_FARM:
        labels[box] = LEGEND["solar farm"]
    return PreparedScene(dict(zip(("R", "G", "B", "N"), values, strict=True)), labels, path)


def _wildfire(path: Path) -> PreparedScene:
    with opened_gdal(path) as source:
        near_infrared, swir16, swir22 = source.read()
    labels = burnt(near_infrared.astype(np.float32), swir22.astype(np.float32), FIRE)
    return PreparedScene({"B09": near_infrared, "B11": swir16, "B12": swir22}, labels, path)


def _reflectance(bands: dict[str, NDArray[np.generic]], names: dict[str, str]) -> dict[str, NDArray[np.float32]]:
    return {
        colour: bands[band].astype(np.float32) / np.float32(REFLECTANCE)
        for colour, band in names.items()
        if band in bands
    }


def _named_bands(path: Path) -> dict[str, NDArray[np.generic]]:
    with opened_gdal(path) as source:
        return dict(zip(source.descriptions, source.read(), strict=True))


def _write(folder: Path, scene: PreparedScene) -> None:
    """Write the rasters, the labels last: their presence marks a complete folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with opened_gdal(scene.transform_of) as source:
        place = {"crs": source.crs, "transform": source.transform}
    _write_bands(folder / "optical.tif", scene.optical, place)
    if scene.radar:
        _write_bands(folder / "radar.tif", scene.radar, place)
    _write_bands(
        folder / "labels.tif", {", ".join(f"{code} {name}" for name, code in LEGEND.items()): scene.labels}, place
    )


def _write_bands(path: Path, bands: Mapping[str, NDArray[np.generic]], place: dict[str, object]) -> None:
    first = next(iter(bands.values()))
    partial = path.with_name(f".{path.name}")
    with rasterio.open(
        partial, "w", driver="GTiff", height=first.shape[0], width=first.shape[1], count=len(bands),
        dtype=first.dtype, compress="deflate", **place,
    ) as target:  # fmt: skip
        for number, (name, values) in enumerate(bands.items(), start=1):
            target.write(values, number)
            target.set_band_description(number, name)
    partial.replace(path)
