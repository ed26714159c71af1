"""A raster opened for a task: recognised bands, window, resolution and dense features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.context import Context
from core.dense.cache import open_cache
from core.dense.features import DenseFeatures, open_features
from core.model.interfaces import TextSpaceTrunk
from core.protocol import Extent, Source
from core.raster.grid import GridSpec, extent_of_window, window_of_extent
from core.raster.pixel_window import PixelWindow
from core.raster.reader import RasterReader, open_raster
from core.spectral.recognise import Recognition
from core.tasks.pixel_size import resampling_for
from core.tasks.recognition import recognise_source

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

FINER_IS_OWN = 1.001
"""A requested resolution coarser than the raster's own by less than this factor is the raster's own."""


@dataclass(frozen=True)
class Scene:
    """A part of a raster at one resolution.

    Attributes:
        raster: open at that resolution.
        recognition: bands, wavelengths and scaling.
        window: the part that is requested, in pixels of ``raster``.
        note: reason for another pixel size than the raster's own; None at its own.
        stored: whether its features may be kept on disk.
    """

    raster: RasterReader
    recognition: Recognition
    window: PixelWindow
    note: str | None = None
    stored: bool = True

    @property
    def grid(self) -> GridSpec:
        """The grid of the result."""
        return self.raster.grid.subgrid(self.window)

    @property
    def facts(self) -> dict[str, Any]:
        """Facts of the scene in every result: width, height, extent, sensor, warnings."""
        return {
            "width": self.window.width,
            "height": self.window.height,
            "extent": list(extent_of_window(self.raster.grid, self.window)),
            "sensor": self.recognition.sensor,
            "warnings": [*self.recognition.warnings, *([self.note] if self.note else [])],
        }

    def facts_for(self, model: GeoLangBind) -> dict[str, Any]:
        """Returns the facts; warnings include the bands that a model of fixed bands ignores."""
        trunk: Any = model.visual.trunk
        if not isinstance(trunk, TextSpaceTrunk):
            return self.facts
        note = trunk.band_note(self.recognition.band_set.wavelengths_um)
        return {**self.facts, "warnings": [*self.facts["warnings"], *([note] if note else [])]}

    def features(self, model: GeoLangBind, *, cache: bool = True, context: Context | None = None) -> DenseFeatures:
        """Open the dense features, stored on disk with ``cache``; cancellation is checked between batches."""
        store = open_cache() if cache and self.stored else None
        return open_features(model, self.raster, as_trained(self.recognition, model), store=store, context=context)


def as_trained(recognition: Recognition, model: GeoLangBind) -> Recognition:
    """The recognition with the placeholder wavelengths for radar and height of the model's card, if it has any."""
    return recognition.with_placeholders(None if model.card is None else model.card.placeholders)


@contextmanager
def open_scene(
    source: Source, *, extent: Extent | None = None, resolution: float | None = None, model: str | None = None
) -> Iterator[Scene]:
    """Open a raster for a task.

    Args:
        source: the raster and what the user knows about it.
        extent: the part requested; None for all.
        resolution: pixel size requested, in the raster's units, its own where finer; None for its own, or for the
            finest that the model knows where that is coarser.
        model: name or folder of the model that it is opened for; None for none.

    Yields:
        The scene; closed at the end.

    Raises:
        InputError, SensorError: the raster cannot be used, or the extent lies outside it.
    """
    with open_raster(source.path, collar=source.collar) as raster:
        recognition = recognise_source(raster, source)
        resampling = None
        if resolution is None and model is not None:
            resampling = resampling_for(model, raster.info, recognition)
            resolution = None if resampling is None else resampling.resolution
        if resolution is None or resolution <= max(raster.grid.pixel_size) * FINER_IS_OWN:
            yield Scene(raster, recognition, window_of_extent(raster.grid, extent))
            return
    with open_raster(source.path, resolution=resolution, collar=source.collar) as raster:
        note = None if resampling is None else resampling.note
        yield Scene(raster, recognition, window_of_extent(raster.grid, extent), note)
