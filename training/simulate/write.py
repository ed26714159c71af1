"""Writes simulated scenes and their truth as GeoTIFFs of any size, block by block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.io import DatasetWriter
from rasterio.transform import from_origin
from rasterio.windows import Window

from core.classes import ClassScheme, load_scheme
from core.context import Context
from core.errors import OutputError
from core.spectral.bands import Band, BandSet
from core.spectral.scaling import scaling_preset
from core.spectral.sensors import Sensor, get_sensor
from training.simulate.landscape import Landscape, choose_place, simulate_window
from training.simulate.materials import MATERIALS
from training.simulate.render import draw_view, render
from training.simulate.truth import worldcover

Array = np.ndarray

_BLOCK = 512
_HALO = 64  # pixels around a block, so that shadows and blur know what lies beside it


@dataclass(frozen=True)
class SceneRequest:
    """A scene to be written.

    Attributes:
        sensor: name in sensors.toml.
        height: rows.
        width: columns.
        seed: decides the world, the place and the view.
        gsd_m: pixel size in metres; None takes the sensor's finest.
        bands: names of the bands wanted, in order; None takes the sensor's first common layout.
        biome: name of one of ``world.BIOMES``; None leaves it to the seed.
        clouds: share of the sky with clouds.
        epsg: a projected reference system in metres.
        place: (col, row) of the first pixel in the world; None looks for a varied place.
    """

    sensor: str
    height: int
    width: int
    seed: int
    gsd_m: float | None = None
    bands: tuple[str, ...] | None = None
    biome: str | None = None
    clouds: float = 0.0
    epsg: int = 32633
    place: tuple[int, int] | None = None


def scene_bands(sensor: Sensor, names: tuple[str, ...] | None = None) -> BandSet:
    """Returns the bands of a file of this sensor: those named, else its first common layout, else 10 nm steps."""
    if names:
        return sensor.bands.select(names)
    if not sensor.bands.bands:
        return BandSet.of(Band(f"{centre:.4f} um", float(centre), 0.009) for centre in np.arange(0.42, 2.45, 0.01))
    return sensor.bands.select(sensor.layouts[0]) if sensor.layouts else sensor.bands


def write_scene(
    request: SceneRequest,
    path: Path,
    *,
    truth: Path | None = None,
    materials: Path | None = None,
    context: Context | None = None,
) -> None:
    """Write a simulated scene and, where requested, its truth.

    Args:
        request: what to make.
        path: GeoTIFF of digital numbers as the sensor's usual product has them, bands named.
        truth: GeoTIFF of ESA WorldCover codes with colours and class names in its tags; 0 under clouds.
        materials: GeoTIFF of material labels, their names and words in its tags.
        context: reports the fraction written; cancellation is checked after every block.

    Raises:
        SensorError: unknown sensor.
        OutputError: a file cannot be written; nothing half-written is left.
    """
    context = context or Context()
    sensor = get_sensor(request.sensor)
    bands = scene_bands(sensor, request.bands)
    gsd = request.gsd_m or _pixel_size(sensor)
    col, row = request.place or choose_place(request.seed, request.height, request.width, gsd, biome=request.biome)
    encode = _Encoder(sensor, bands)
    base = {
        "driver": "GTiff",
        "height": request.height,
        "width": request.width,
        "crs": CRS.from_epsg(request.epsg),
        "transform": from_origin(500_000.0, 5_000_000.0, gsd, gsd),
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "deflate",
        "zlevel": 4,
        "bigtiff": "if_safer",
    }
    with ExitStack() as files:
        scene = files.enter_context(_whole_file(path, **base, **encode.profile()))
        scene.descriptions = bands.names
        scene.update_tags(SENSOR=sensor.name, SIMULATED="GeoLangBind scene simulator", SEED=str(request.seed))
        for index, band in enumerate(bands.bands, start=1):
            scene.update_tags(index, wavelength=f"{band.wavelength_um:g}", wavelength_units="micrometers")
        if encode.scale != 1.0 or encode.offset != 0.0:
            scene.scales, scene.offsets = (encode.scale,) * len(bands), (encode.offset,) * len(bands)
        cover = files.enter_context(_whole_file(truth, **base, **_CODES)) if truth else None
        if cover is not None:
            _describe_classes(cover, load_scheme("worldcover"))
        stuff = (
            files.enter_context(_whole_file(materials, **base, dtype="uint8", count=1, nodata=255))
            if materials
            else None
        )
        if stuff is not None:
            stuff.update_tags(MATERIALS=json.dumps({i: [m.name, *m.words] for i, m in enumerate(MATERIALS)}))
        blocks = list(_windows(request.height, request.width))
        for done, window in enumerate(blocks, start=1):
            pixels, landscape = _block(request, bands, gsd, col, row, window)
            scene.write(encode(pixels), window=window)
            if cover is not None:
                cover.write(worldcover(landscape), 1, window=window)
            if stuff is not None:
                stuff.write(landscape, 1, window=window)
            context.progress(done / len(blocks), "Rendering the scene")
            context.raise_if_cancelled()
        for file in (scene, cover, stuff):
            if file is not None and max(request.height, request.width) > 1024:
                levels = [2**n for n in range(1, 10) if max(request.height, request.width) / 2**n > 256]
                file.build_overviews(
                    levels, rasterio.enums.Resampling.average if file is scene else rasterio.enums.Resampling.nearest
                )


def _pixel_size(sensor: Sensor) -> float:
    """Returns the pixel size (m) of a sensor's files: its finest multispectral band's; half a metre for aerial ones."""
    known = [band.ground_sampling_distance_m for band in sensor.default_bands.bands if band.ground_sampling_distance_m]
    aerial = sensor.bands.bands and all(band.kind == "display" for band in sensor.bands.bands)
    return min(known, default=0.5 if aerial else 10.0)


def _windows(height: int, width: int) -> Iterator[Window]:
    for row in range(0, height, _BLOCK):
        for col in range(0, width, _BLOCK):
            yield Window(col, row, min(_BLOCK, width - col), min(_BLOCK, height - row))


def _block(
    request: SceneRequest, bands: BandSet, gsd: float, col: int, row: int, window: Window
) -> tuple[Array, Array]:
    """Render one block with a margin and crop the margin; returns values (C, h, w) and labels (h, w)."""
    landscape: Landscape = simulate_window(
        request.seed,
        col + window.col_off - _HALO,
        row + window.row_off - _HALO,
        window.height + 2 * _HALO,
        window.width + 2 * _HALO,
        gsd,
        biome=request.biome,
        clouds=request.clouds,
    )
    pixels = render(landscape, bands, seed=request.seed, view=draw_view(request.seed))
    labels = (
        landscape.visible_labels
        if any(band.kind in ("reflectance", "display") for band in bands.bands)
        else landscape.labels
    )
    inner = slice(_HALO, -_HALO)
    return pixels[:, inner, inner], labels[inner, inner]


class _Encoder:
    """Converts physical values to the digital numbers of the sensor's product."""

    def __init__(self, sensor: Sensor, bands: BandSet) -> None:
        preset = scaling_preset(sensor.scaling)
        scaling = preset.scaling(bands, [(0.0, 1.0)] * len(bands))
        self._bands = scaling.bands
        kinds = {band.kind for band in bands.bands}
        if kinds <= {"display"}:
            self._dtype: np.dtype[Any] = np.dtype(np.uint8)
        elif kinds & {"sar", "elevation"} or any(s.scale == 1.0 for s in scaling.bands):
            self._dtype = np.dtype(np.float32)
        else:
            self._dtype = np.dtype(np.uint16)
        same = len({(s.scale, s.offset) for s in scaling.bands}) == 1
        self.scale = scaling.bands[0].scale if same else 1.0
        self.offset = scaling.bands[0].offset if same else 0.0

    def profile(self) -> dict[str, Any]:
        """Returns the rasterio profile of the file."""
        floating = self._dtype.kind == "f"
        nodata = None if self._dtype == np.uint8 else (float("nan") if floating else 0)
        return {
            "dtype": self._dtype.name,
            "count": len(self._bands),
            "nodata": nodata,
            "predictor": 3 if floating else 2,
        }

    def __call__(self, physical: Array) -> Array:
        """Encode (C, h, w) physical values."""
        if self._dtype == np.uint8:
            return np.clip(np.rint(physical), 0, 255).astype(np.uint8)
        out = np.empty(physical.shape, self._dtype)
        for index, band in enumerate(self._bands):
            values = 10.0 ** (physical[index] / band.decibel) if band.decibel else physical[index]
            numbers = (values - band.offset) / band.scale
            out[index] = numbers if self._dtype.kind == "f" else np.clip(np.rint(numbers), 1, 65535)
        return out


_CODES = {"dtype": "uint8", "count": 1, "nodata": 0}


def _describe_classes(file: DatasetWriter, scheme: ClassScheme) -> None:
    file.write_colormap(1, {entry.code: (*entry.rgb, 255) for entry in scheme.classes})
    file.update_tags(
        CLASS_SCHEME=scheme.name, CLASS_NAMES=json.dumps({entry.code: entry.name for entry in scheme.classes})
    )
    file.set_band_description(1, scheme.title)


@contextmanager
def _whole_file(path: Path, **profile: Any) -> Iterator[DatasetWriter]:  # noqa: ANN401
    """Open a GeoTIFF for writing under a temporary name; it gets its own on success."""
    part = path.with_name(path.name + ".part")
    try:
        try:
            with rasterio.open(part, "w", **profile) as file:
                yield file
            part.replace(path)
        except (rasterio.errors.RasterioError, OSError) as error:
            raise OutputError(
                f"{path} cannot be written ({error}).", hint="Check the folder and the free space."
            ) from error
    finally:
        part.unlink(missing_ok=True)
