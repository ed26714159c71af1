"""Clips results to polygons: pixels outside become nodata, the grid is unchanged."""

from __future__ import annotations

from pathlib import Path

import numpy
from osgeo import gdal, ogr, osr

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.background_task import BackgroundTask

_ROWS = 512
"""Of a strip that is held in memory at once."""


class MaskTask(BackgroundTask):
    """Cuts a raster to polygons in the background; rotated and south-up grids stay as they are.

    Args:
        raster: the raster to cut; it is not changed.
        output: the cut copy, on the same grid.
        polygons_wkb: polygons in the raster's CRS.
    """

    def __init__(self, raster: Path, output: Path, polygons_wkb: bytes) -> None:
        super().__init__()
        self.output = output
        self.problem = ""
        self._raster = raster
        self._polygons_wkb = polygons_wkb

    def run(self) -> bool:
        """Clip the raster; on the task's thread."""
        source = gdal.Open(str(self._raster))
        if source is None:
            self.problem = tr("{0} cannot be read.").format(self._raster.name)
            return False
        target = _new_copy(source, self.output)
        done = target is not None and all(self._cut(source, target, row) for row in range(0, source.RasterYSize, _ROWS))
        target = None  # closes the file
        if not done:
            self.problem = "" if self.is_cancelled() else tr("The result could not be cut to the polygons.")
            self.output.unlink(missing_ok=True)
        return done

    def _cut(self, source: gdal.Dataset, target: gdal.Dataset, row: int) -> bool:
        """Copy a strip of all bands; returns whether it was written."""
        if self.is_cancelled():
            return False
        width, rows = source.RasterXSize, min(_ROWS, source.RasterYSize - row)
        inside = _inside(source, row, rows, self._polygons_wkb)
        for number in range(1, source.RasterCount + 1):
            values = source.GetRasterBand(number).ReadAsArray(0, row, width, rows)
            if values is None:
                return False
            values[~inside] = target.GetRasterBand(number).GetNoDataValue()
            if target.GetRasterBand(number).WriteArray(values, 0, row) != gdal.CE_None:
                return False
        self.set_progress(100 * (row + rows) / source.RasterYSize)
        return True


def _new_copy(source: gdal.Dataset, path: Path) -> gdal.Dataset | None:
    """Returns an empty GeoTIFF on the source's grid, with its bands' names and nodata; None where it cannot be made."""
    kind = source.GetRasterBand(1).DataType
    options = ["TILED=YES", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER"]
    driver = gdal.GetDriverByName("GTiff")
    target = driver.Create(str(path), source.RasterXSize, source.RasterYSize, source.RasterCount, kind, options)
    if target is None:
        return None
    target.SetGeoTransform(source.GetGeoTransform())
    target.SetProjection(source.GetProjection())
    target.SetMetadata(source.GetMetadata())
    for number in range(1, source.RasterCount + 1):
        target.GetRasterBand(number).SetDescription(source.GetRasterBand(number).GetDescription())
        target.GetRasterBand(number).SetNoDataValue(_nodata(source.GetRasterBand(number)))
    return target


def _nodata(band: gdal.Band) -> float:
    """Returns the band's own nodata value; where it has none, not-a-number, or 0 for whole numbers."""
    own = band.GetNoDataValue()
    if own is not None:
        return own
    return float("nan") if band.DataType in (gdal.GDT_Float32, gdal.GDT_Float64) else 0.0


def _inside(source: gdal.Dataset, row: int, rows: int, wkb: bytes) -> numpy.ndarray:
    """Returns which pixels (rows, width) of a strip have their centre inside the polygons."""
    left, x_column, x_row, top, y_column, y_row = source.GetGeoTransform()
    strip = gdal.GetDriverByName("MEM").Create("", source.RasterXSize, rows, 1, gdal.GDT_Byte)
    strip.SetGeoTransform((left + row * x_row, x_column, x_row, top + row * y_row, y_column, y_row))
    strip.SetProjection(source.GetProjection())
    system = osr.SpatialReference()
    system.ImportFromWkt(source.GetProjection())
    holder = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = holder.CreateLayer("area", system, ogr.wkbUnknown)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkb(wkb))
    layer.CreateFeature(feature)
    gdal.RasterizeLayer(strip, [1], layer, burn_values=[1])
    return strip.GetRasterBand(1).ReadAsArray() == 1
