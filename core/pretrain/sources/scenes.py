"""Parts of scenes, of one or several co-registered sensors; labels are land-cover maps and spectral indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from core.errors import TrainingError
from core.learning.augment import random_affine, random_display, random_haze, random_light, random_noise
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates
from core.raster.reader import open_raster
from core.spectral.bands import Band
from core.spectral.recognise import recognise
from core.spectral.scaling import physical_range

RED, GREEN, BLUE = 0.665, 0.56, 0.49
NEAR_INFRARED = 0.85
DRAWS = 50
"""Windows sampled at random before the valid ones are computed."""


@dataclass(frozen=True)
class SceneSettings:
    """How scenes become batches.

    Attributes:
        places: for each place the rasters of its sensors, co-registered to the pixel.
        sensors: sensor name of each raster in a place, where it cannot be recognised.
        land_cover: for each place the label raster; empty for none.
        classes: label code to synonyms.
        water: position in ``classes`` that NDWI > 0.1 labels where no label raster is given; -1 for none.
        vegetation: the same for NDVI > 0.5.
        land: the same for NDWI < -0.1, the weakest of the three.
        distil_chance: chance that a batch is trained on its own features in red, green and blue, beside its labels.
        rgb_chance: chance that a batch is red, green and blue alone.
        crop: side of the images the model sees.
        batch: images a batch; all from one place.
        zoom: scene pixels per pixel seen, smallest and largest.
        display: chance that an image of red, green and blue alone is rendered as for display: with other limits, haze
            and gamma; see ``random_display``.
        haze: path reflectance added to blue in half of the images, in units of the full range, for scenes at surface
            reflectance; 0 for none.
        held_out: names of bands that are never a batch's whole band set, to test generalisation to unseen band sets.
    """

    places: Sequence[Sequence[str]]
    sensors: Sequence[str | None] = ()
    land_cover: Sequence[str] = ()
    classes: Mapping[int, Sequence[str]] = field(default_factory=dict)
    water: int = -1
    vegetation: int = -1
    land: int = -1
    distil_chance: float = 0.3
    rgb_chance: float = 0.25
    crop: int = 96
    batch: int = 12
    zoom: tuple[float, float] = (0.7, 1.2)
    display: float = 0.0
    haze: float = 0.0
    held_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Place:
    images: NDArray[np.float32]
    bands: tuple[Band, ...]
    sensor_of_band: tuple[int, ...]
    labels: NDArray[np.int64] | None
    valid: NDArray[np.bool_]

    @property
    def wavelengths_um(self) -> tuple[float, ...]:
        return tuple(band.wavelength_um for band in self.bands)


class SceneSource:
    """Crops of scenes with any of their bands.

    Raises:
        TrainingError: rasters of one place differ in size.
    """

    def __init__(self, name: str, settings: SceneSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self.prompts = prompts
        self._settings = settings
        self._places = [self._read(index) for index in range(len(settings.places))]

    def batch(self, rng: Generator) -> Batch:
        """Sample crops of one place, and bands."""
        settings = self._settings
        place = self._places[rng.integers(len(self._places))]
        images, labels = self._cuts(place, rng)
        bands = self._draw_bands(place, rng)
        wavelengths = torch.tensor(place.wavelengths_um)
        rgb = _visible(place.wavelengths_um)
        if settings.haze:
            images = random_haze(images, wavelengths, rng, -settings.haze)
        images = random_light(images, rng, 0.06)
        if bands == rgb and settings.display:
            images[:, rgb] = random_display(images[:, rgb], wavelengths[rgb], rng, settings.display)
        images = random_noise(images, rng)
        distils = rgb is not None and (place.labels is None or rng.random() < settings.distil_chance) and bands != rgb
        return Batch(
            source=self.name,
            images=images[:, bands],
            wavelengths_um=wavelengths[bands],
            words=self.prompts.draw(rng, distractors=8) if labels is not None else None,
            labels=labels,
            teacher_images=images[:, rgb] if distils and rgb is not None else None,
            teacher_wavelengths_um=wavelengths[rgb] if distils and rgb is not None else None,
        )

    def _draw_bands(self, place: _Place, rng: Generator) -> list[int]:
        """Choose red, green and blue, one sensor whole, or any mixture."""
        rgb = _visible(place.wavelengths_um)
        if rgb is not None and rng.random() < self._settings.rgb_chance:
            return rgb
        sensors = np.array(place.sensor_of_band)
        chosen = np.flatnonzero(sensors == rng.choice(np.unique(sensors)))
        if rng.random() < 0.15:
            chosen = np.arange(len(sensors))
        if rng.random() < 0.5:
            chosen = np.sort(rng.choice(chosen, int(rng.integers(1, len(chosen) + 1)), replace=False))
        names = {place.bands[band].name for band in chosen}
        return [int(band) for band in (chosen[1:] if names == set(self._settings.held_out) else chosen)]

    def _cuts(self, place: _Place, rng: Generator) -> tuple[torch.Tensor, torch.Tensor | None]:
        settings = self._settings
        side = self._side(place.valid)
        images: list[torch.Tensor] = []
        labels: list[torch.Tensor] = []
        while len(images) < settings.batch:
            row, col = _half_valid_corner(place.valid, side, rng)
            window = slice(row, row + side), slice(col, col + side)
            image = torch.from_numpy(place.images[:, window[0], window[1]].copy())[None]
            known = None if place.labels is None else torch.from_numpy(place.labels[window].copy())[None]
            cut, cut_labels = random_affine(image, settings.crop, rng, zoom=settings.zoom, rotate=False, labels=known)
            images.append(cut)
            if cut_labels is not None:
                labels.append(cut_labels)
        return torch.cat(images), torch.cat(labels) if labels else None

    def _side(self, valid: NDArray[np.bool_]) -> int:
        """Side in pixels of a crop of a scene before it is scaled."""
        return min(int(self._settings.crop * self._settings.zoom[1] * 1.2), *valid.shape)

    def _read(self, index: int) -> _Place:
        stacks: list[NDArray[np.float32]] = []
        bands: list[Band] = []
        owners: list[int] = []
        valids: list[NDArray[np.bool_]] = []
        for number, path in enumerate(self._settings.places[index]):
            sensor = self._settings.sensors[number] if self._settings.sensors else None
            values, seen, valid = read_scene(path, sensor)
            if stacks and values.shape[1:] != stacks[0].shape[1:]:
                raise TrainingError(
                    f"Source {self.name}: {path} has another size than its neighbour.",
                    hint="Co-register the rasters of one place first.",
                )
            stacks.append(values)
            bands += seen
            owners += [number] * len(seen)
            valids.append(valid)
        images, valid = np.concatenate(stacks), np.all(valids, axis=0)
        if not _half_valid_corners(valid, self._side(valid)).any():
            raise TrainingError(
                f"Source {self.name}: no part of {self._settings.places[index][0]} is half valid in all its rasters.",
                hint="Leave the place out, or take a smaller crop.",
            )
        return _Place(images, tuple(bands), tuple(owners), self._labels(index, images, bands), valid)

    def _labels(self, index: int, images: NDArray[np.float32], bands: Sequence[Band]) -> NDArray[np.int64] | None:
        settings = self._settings
        if settings.land_cover:
            with open_raster(settings.land_cover[index]) as raster:
                codes = raster.read(raster.grid.window, (1,))[0][0].astype(np.int64)
            table = np.full(int(max(codes.max(), *map(int, settings.classes))) + 1, -1, dtype=np.int64)
            for position, code in enumerate(settings.classes):
                table[int(code)] = position
            return table[np.clip(codes, 0, None)]
        if settings.water < 0:
            return None
        return self._index_labels(images, bands)

    def _index_labels(self, images: NDArray[np.float32], bands: Sequence[Band]) -> NDArray[np.int64] | None:
        """Label by McFeeters' NDWI and NDVI where they are far from their threshold; the rest stays unknown."""
        wavelengths = [band.wavelength_um for band in bands]
        found = [nearest_band(wavelengths, wanted) for wanted in (GREEN, NEAR_INFRARED, RED)]
        if None in found:
            return None
        green, infrared, red = (_physical(images[place], bands[place]) for place in found if place is not None)
        ndwi = (green - infrared) / np.maximum(green + infrared, 1e-3)
        ndvi = (infrared - red) / np.maximum(infrared + red, 1e-3)
        labels = np.full(ndwi.shape, -1, dtype=np.int64)
        labels[ndwi < -0.1] = self._settings.land
        labels[ndvi > 0.5] = self._settings.vegetation
        labels[ndwi > 0.1] = self._settings.water
        return labels


def _half_valid_corner(valid: NDArray[np.bool_], side: int, rng: Generator) -> tuple[int, int]:
    """Row and column of a random window, at least half of which is valid; there must be one."""
    height, width = valid.shape
    for _ in range(DRAWS):
        row, col = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        if valid[row : row + side, col : col + side].mean() >= 0.5:
            return row, col
    rows, cols = np.nonzero(_half_valid_corners(valid, side))
    chosen = int(rng.integers(len(rows)))
    return int(rows[chosen]), int(cols[chosen])


def _half_valid_corners(valid: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Whether at least half of the window from each upper left corner is valid, (H - side + 1, W - side + 1)."""
    sums = np.pad(valid.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    counts = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return counts >= side * side / 2


def _physical(model_units: NDArray[np.float32], band: Band) -> NDArray[np.float32]:
    """Undo the scaling: the indices are defined on reflectance, or on grey values of one range."""
    low, high = physical_range(band) or (0.0, 1.0)
    return (low + (model_units + 1) / 2 * (high - low)).astype(np.float32)


def read_scene(path: str, sensor: str | None = None) -> tuple[NDArray[np.float32], list[Band], NDArray[np.bool_]]:
    """Read a whole raster in model units.

    Args:
        path: raster small enough for memory.
        sensor: name in sensors.toml; None to recognise it.

    Returns:
        Values (C, H, W), bands, validity (H, W).

    Raises:
        GeoLangBindError: the raster cannot be read or recognised.
    """
    with open_raster(path) as raster:
        recognition = recognise(raster, sensor=sensor)
        values, valid = raster.read(raster.grid.window, recognition.band_indexes)
    return recognition.scaling.to_model(values, valid), list(recognition.band_set.bands), valid


def nearest_band(wavelengths_um: Sequence[float], wanted_um: float, tolerance_um: float = 0.04) -> int | None:
    """Returns the band whose centre lies nearest to a wavelength, or None beyond the tolerance."""
    distances = [abs(wavelength - wanted_um) for wavelength in wavelengths_um]
    best = int(np.argmin(distances))
    return best if distances[best] <= tolerance_um else None


def _visible(wavelengths_um: Sequence[float]) -> list[int] | None:
    bands = [nearest_band(wavelengths_um, wanted) for wanted in (RED, GREEN, BLUE)]
    return None if None in bands else [band for band in bands if band is not None]
