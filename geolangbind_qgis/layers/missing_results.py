"""Results whose files were deleted: the project opens without QGIS's dialog, and the results stay identifiable.

QGIS asks for every file that is gone with a window of its own before the project is there. A small raster without data
is put in the place of a result's file instead, and the layer that shows it counts as missing until its result is
computed again or removed. Only files in the plugin's own result folders are replaced.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsMapLayer, QgsPathResolver, QgsProject, QgsRasterLayer

from geolangbind_qgis.layers.placement import SOURCE
from geolangbind_qgis.layers.results_folder import is_result

_MARK, _VALUE = "GEOLANGBIND", "missing result"
_MOST_BANDS = 32
"""A layer opens with the band that it showed; a run has no more prompts than this."""


class MissingFiles:
    """Prevents QGIS's dialog for unavailable layers when a project has deleted results."""

    def __init__(self) -> None:
        self._id = QgsPathResolver.setPathPreprocessor(_with_stand_in)

    def clean_up(self) -> None:
        """Remove the path preprocessor."""
        QgsPathResolver.removePathPreprocessor(self._id)


def missing_results(project: QgsProject) -> list[QgsRasterLayer]:
    """Returns the results of a project whose files are gone, in the order of the layer tree."""
    layers = [node.layer() for node in project.layerTreeRoot().findLayers()]
    return [
        each for each in layers if isinstance(each, QgsRasterLayer) and each.customProperty(SOURCE) and is_missing(each)
    ]


def is_missing(layer: QgsMapLayer) -> bool:
    """Whether the file of a result is gone."""
    return not layer.isValid() or is_stand_in(layer.source().split("|", 1)[0])


def is_stand_in(path: str) -> bool:
    """Whether a file is a placeholder for a deleted result; only small files are opened."""
    with suppress(OSError):
        if Path(path).stat().st_size > 20_000:
            return False
        data = gdal.Open(path)
        return data is not None and data.GetMetadataItem(_MARK) == _VALUE
    return False


def _with_stand_in(path: str) -> str:
    """Returns the path, after writing a placeholder file if a result is gone."""
    file = Path(path.split("|", 1)[0])
    if file.suffix in (".tif", ".vrt") and is_result(file):
        home = QgsProject.instance().absoluteFilePath()
        place = file if file.is_absolute() else Path(home).parent / file
        if (home or file.is_absolute()) and not place.exists():
            with suppress(OSError, RuntimeError):
                _write_stand_in(place)
    return path


def _write_stand_in(place: Path) -> None:
    """Write a raster of one nodata pixel.

    Raises:
        OSError: the folder cannot be made.
        RuntimeError: GDAL cannot write there.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    data = gdal.GetDriverByName("GTiff").Create(str(place), 1, 1, _MOST_BANDS, gdal.GDT_Byte)
    if data is None:
        return
    data.SetMetadataItem(_MARK, _VALUE)
    for band in range(1, _MOST_BANDS + 1):
        data.GetRasterBand(band).SetNoDataValue(0)
    data.FlushCache()
