"""The user's rasters without labels: windows of any bands for the student, of a teacher's bands for the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from core.errors import TrainingError
from core.learning.augment import random_affine, random_noise
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates
from core.pretrain.sources.scenes import nearest_band
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader, open_raster
from core.spectral.recognise import Recognition, recognise

ENDINGS = (".tif", ".tiff", ".jp2", ".vrt", ".img")
DRAWS = 50
"""Windows sampled before a raster counts as empty."""
FEWEST_VALID = 0.5


@dataclass(frozen=True)
class RasterSettings:
    """How rasters become batches.

    Attributes:
        paths: rasters and folders of rasters, in which all below is taken.
        sensors: sensor name for all of them, where it cannot be recognised; "" otherwise.
        teacher_um: centre wavelengths in µm of the teachers' bands; () for all.
        subset: chance that a batch is a random part of the bands.
        teacher_bands: chance that a batch has the teachers' bands alone.
        crop: side of the images.
        batch: images a batch; all from one raster.
        zoom: raster pixels per pixel seen, smallest and largest.
    """

    paths: Sequence[str]
    sensors: str = ""
    teacher_um: tuple[float, ...] = ()
    subset: float = 0.5
    teacher_bands: float = 0.2
    crop: int = 96
    batch: int = 12
    zoom: tuple[float, float] = (0.8, 1.25)


class RasterSource:
    """Windows of rasters, read as they are sampled; memory is that of a batch.

    Raises:
        TrainingError: there is no raster, or none with the teachers' bands.
    """

    def __init__(self, name: str, settings: RasterSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self.prompts = prompts
        self._settings = settings
        self._open = ExitStack()
        found = list(dict.fromkeys(file for path in settings.paths for file in _rasters(Path(path))))
        opened = [self._opened(path) for path in found]
        self._rasters = [entry for entry in opened if entry is not None]
        if not self._rasters:
            raise TrainingError(
                f"Source {name}: none of {len(found)} rasters has the bands that teachers are shown.",
                hint="Name rasters with them, or leave teacher_um out.",
            )

    def batch(self, rng: Generator) -> Batch:
        """Sample windows of one raster, and bands."""
        raster, recognition, shown = self._rasters[rng.integers(len(self._rasters))]
        images = random_noise(self._windows(raster, recognition, rng), rng)
        wavelengths = torch.tensor(recognition.band_set.wavelengths_um)
        bands = self._draw_bands(len(wavelengths), shown, rng)
        return Batch(
            source=self.name,
            images=images[:, bands],
            wavelengths_um=wavelengths[bands],
            teacher_images=images[:, shown],
            teacher_wavelengths_um=wavelengths[shown],
        )

    def _draw_bands(self, count: int, shown: list[int], rng: Generator) -> list[int]:
        if rng.random() < self._settings.teacher_bands:
            return shown
        if rng.random() < self._settings.subset:
            return sorted(map(int, rng.choice(count, int(rng.integers(1, count + 1)), replace=False)))
        return list(range(count))

    def _windows(self, raster: RasterReader, recognition: Recognition, rng: Generator) -> Tensor:
        settings, grid = self._settings, raster.grid
        side = min(int(settings.crop * settings.zoom[1] * 1.2), grid.width, grid.height)
        images: list[Tensor] = []
        tries = 0
        while len(images) < settings.batch:
            col, row = int(rng.integers(grid.width - side + 1)), int(rng.integers(grid.height - side + 1))
            values, valid = raster.read(PixelWindow(col, row, side, side), recognition.band_indexes)
            tries += 1
            if np.mean(valid) < FEWEST_VALID and tries % DRAWS:
                continue
            image = torch.from_numpy(recognition.scaling.to_model(values, valid))[None]
            images.append(random_affine(image, settings.crop, rng, zoom=settings.zoom, rotate=True)[0])
        return torch.cat(images)

    def _opened(self, path: Path) -> tuple[RasterReader, Recognition, list[int]] | None:
        """Open a raster; None where it lacks one of the teachers' bands."""
        raster = self._open.enter_context(open_raster(str(path)))
        recognition = recognise(raster, sensor=self._settings.sensors or None)
        wavelengths = recognition.band_set.wavelengths_um
        if not self._settings.teacher_um:
            return raster, recognition, list(range(len(wavelengths)))
        shown = [nearest_band(wavelengths, wanted) for wanted in self._settings.teacher_um]
        found = [band for band in shown if band is not None]
        return (raster, recognition, found) if len(found) == len(shown) else None


def _rasters(path: Path) -> list[Path]:
    """Returns the rasters of a path: itself, or all below a folder.

    Raises:
        TrainingError: nothing is there.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
    if not path.is_file():
        raise TrainingError(f"There is no raster {path}.", hint="Check the paths of the recipe.")
    return [path]
