"""Copies a result to a file chosen by the user, in the background."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from osgeo import gdal

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.background_task import BackgroundTask


@dataclass(frozen=True)
class Band:
    """A band of a raster file.

    Attributes:
        raster: the file.
        number: from 1.
        name: what it holds.
    """

    raster: Path
    number: int
    name: str


class CopyFileTask(BackgroundTask):
    """Copies a file in the background; the target is whole or absent.

    Args:
        source: the file.
        target: where the copy goes.
        bands: files to be combined into one, where the layer's bands are in several.
    """

    def __init__(self, source: Path, target: Path, bands: Sequence[Band] = ()) -> None:
        super().__init__()
        self.target = target
        self.problem = ""
        self._source, self._bands = source, tuple(bands)

    def run(self) -> bool:
        """Copy the file; on the task's thread."""
        unfinished = self.target.with_name(self.target.name + ".unfinished")
        try:
            if self._bands:
                _write_together(self._bands, unfinished)
            elif self._source.suffix == ".vrt":
                _write_whole(self._source, unfinished)
            else:
                shutil.copyfile(self._source, unfinished)
            unfinished.replace(self.target)
        except OSError as problem:
            self.problem = tr("{0} cannot be written: {1}.").format(self.target, problem.strerror)
            with suppress(OSError):
                unfinished.unlink()
            return False
        return True


def _write_together(bands: Sequence[Band], target: Path) -> None:
    """Write bands of several rasters as one GeoTIFF that covers them all.

    Raises:
        OSError: it cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        parts = [str(Path(folder) / f"{number}.vrt") for number in range(len(bands))]
        for part, band in zip(parts, bands):
            options = ["-of", "VRT", "-b", str(band.number), "-colorinterp", "gray"]
            if gdal.Translate(part, str(band.raster), options=options) is None:
                raise OSError(0, gdal.GetLastErrorMsg() or "GDAL")
        together = Path(folder) / "together.vrt"
        data = gdal.BuildVRT(str(together), parts, separate=True, resolution="highest")
        if data is None:
            raise OSError(0, gdal.GetLastErrorMsg() or "GDAL")
        for number, band in enumerate(bands, start=1):
            data.GetRasterBand(number).SetDescription(band.name)
        data = None
        _write_whole(together, target)


def _write_whole(source: Path, target: Path) -> None:
    """Write a virtual raster as a GeoTIFF of its own.

    Raises:
        OSError: it cannot be written.
    """
    options = ["-of", "GTiff", "-co", "TILED=YES", "-co", "COMPRESS=DEFLATE", "-co", "BIGTIFF=IF_SAFER"]
    if gdal.Translate(str(target), str(source), options=options) is None:
        raise OSError(0, gdal.GetLastErrorMsg() or "GDAL")
