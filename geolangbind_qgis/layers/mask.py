"""Results cut to polygons: what lies outside becomes nodata, the grid stays."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from osgeo import gdal, ogr, osr
from qgis.core import QgsTask

from geolangbind_qgis.i18n import tr


class MaskTask(QgsTask):
    """Cuts a raster to polygons in the background.

    Args:
        raster: the raster to cut; it stays as it is.
        output: the cut copy, on the same grid.
        polygons_wkb: polygons in the raster's CRS.
    """

    def __init__(self, raster: Path, output: Path, polygons_wkb: bytes) -> None:
        super().__init__(tr("Cut to polygons"), QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt)
        self.output = output
        self.problem = ""
        self._raster = raster
        self._polygons_wkb = polygons_wkb

    def run(self) -> bool:
        """Cut, on a thread of QGIS's."""
        cutline = f"/vsimem/geolangbind-{uuid4().hex}.gpkg"
        source = gdal.Open(str(self._raster))
        if source is None:
            self.problem = tr("{0} cannot be read.").format(self._raster.name)
            return False
        try:
            _write_polygons(cutline, self._polygons_wkb, source.GetProjection())
            left, pixel, _, top, _, pixel_height = source.GetGeoTransform()
            bounds = (left, top + pixel_height * source.RasterYSize, left + pixel * source.RasterXSize, top)
            done = gdal.Warp(
                str(self.output),
                source,
                outputBounds=bounds,
                width=source.RasterXSize,
                height=source.RasterYSize,
                cutlineDSName=cutline,
                dstNodata=_nodata(source.GetRasterBand(1)),
                creationOptions=["TILED=YES", "COMPRESS=DEFLATE"],
                callback=lambda fraction, *_: int(not self.isCanceled()),
            )
            if done is None:
                self.problem = "" if self.isCanceled() else tr("The result could not be cut to the polygons.")
                self.output.unlink(missing_ok=True)
                return False
            for band in range(1, done.RasterCount + 1):
                done.GetRasterBand(band).SetDescription(source.GetRasterBand(band).GetDescription())
            done = None
            return True
        finally:
            gdal.Unlink(cutline)


def _nodata(band: gdal.Band) -> float:
    """Returns the band's own nodata value; where it has none, not-a-number, or 0 for whole numbers."""
    own = band.GetNoDataValue()
    if own is not None:
        return own
    return float("nan") if band.DataType in (gdal.GDT_Float32, gdal.GDT_Float64) else 0.0


def _write_polygons(path: str, wkb: bytes, projection: str) -> None:
    """Write the polygons as a layer that the warper reads."""
    system = osr.SpatialReference()
    system.ImportFromWkt(projection)
    data = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    layer = data.CreateLayer("area", system, ogr.wkbUnknown)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkb(wkb))
    layer.CreateFeature(feature)
