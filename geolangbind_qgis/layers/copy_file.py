"""Copies a result to a file of the user's choice in the background."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsTask

from geolangbind_qgis.i18n import tr


class CopyFileTask(QgsTask):
    """Copies a file in the background; a whole copy is left, or none."""

    def __init__(self, source: Path, target: Path) -> None:
        super().__init__(tr("Save {0}").format(target.name), QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt)
        self.target = target
        self.problem = ""
        self._source = source

    def run(self) -> bool:
        """Copy, on a thread of QGIS's."""
        unfinished = self.target.with_name(self.target.name + ".unfinished")
        try:
            if self._source.suffix == ".vrt":
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


def _write_whole(source: Path, target: Path) -> None:
    """Write a virtual raster as a GeoTIFF of its own.

    Raises:
        OSError: it cannot be written.
    """
    options = ["-of", "GTiff", "-co", "TILED=YES", "-co", "COMPRESS=DEFLATE", "-co", "BIGTIFF=IF_SAFER"]
    if gdal.Translate(str(target), str(source), options=options) is None:
        raise OSError(0, gdal.GetLastErrorMsg() or "GDAL")
