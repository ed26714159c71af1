"""A Web Coverage Service on localhost that hands out a raster's own values, as OGC 03-065 (WCS 1.0.0) has it."""

from __future__ import annotations

from uuid import uuid4

from local_server import Answer, LocalServer
from osgeo import gdal
from wms_server import box_in

_CAPABILITIES = """<?xml version="1.0" encoding="UTF-8"?>
<WCS_Capabilities version="1.0.0" xmlns="http://www.opengis.net/wcs" xmlns:gml="http://www.opengis.net/gml"
  xmlns:xlink="http://www.w3.org/1999/xlink">
  <Service><name>WCS</name><label>Values</label></Service>
  <Capability><Request>
    <GetCapabilities>{get}</GetCapabilities><DescribeCoverage>{get}</DescribeCoverage><GetCoverage>{get}</GetCoverage>
  </Request></Capability>
  <ContentMetadata><CoverageOfferingBrief>
    <name>scene</name><label>Scene</label>
    <lonLatEnvelope srsName="urn:ogc:def:crs:OGC:1.3:CRS84">{geographic}</lonLatEnvelope>
  </CoverageOfferingBrief></ContentMetadata>
</WCS_Capabilities>"""

_DESCRIPTION = """<?xml version="1.0" encoding="UTF-8"?>
<CoverageDescription version="1.0.0" xmlns="http://www.opengis.net/wcs" xmlns:gml="http://www.opengis.net/gml">
  <CoverageOffering>
    <name>scene</name><label>Scene</label>
    <lonLatEnvelope srsName="urn:ogc:def:crs:OGC:1.3:CRS84">{geographic}</lonLatEnvelope>
    <domainSet><spatialDomain>
      <gml:Envelope srsName="EPSG:32633">{native}</gml:Envelope>
      <gml:RectifiedGrid dimension="2">
        <gml:limits><gml:GridEnvelope>
          <gml:low>0 0</gml:low><gml:high>{last_column} {last_row}</gml:high>
        </gml:GridEnvelope></gml:limits>
        <gml:axisName>x</gml:axisName><gml:axisName>y</gml:axisName>
        <gml:origin><gml:pos>{xmin} {ymax}</gml:pos></gml:origin>
        <gml:offsetVector>{pixel} 0</gml:offsetVector><gml:offsetVector>0 -{pixel}</gml:offsetVector>
      </gml:RectifiedGrid>
    </spatialDomain></domainSet>
    <rangeSet><RangeSet><name>bands</name><label>Bands</label></RangeSet></rangeSet>
    <supportedCRSs>
      <requestResponseCRSs>EPSG:32633</requestResponseCRSs><nativeCRSs>EPSG:32633</nativeCRSs>
    </supportedCRSs>
    <supportedFormats nativeFormat="GeoTIFF"><formats>GeoTIFF</formats></supportedFormats>
    <supportedInterpolations><interpolationMethod>nearest neighbor</interpolationMethod></supportedInterpolations>
  </CoverageOffering>
</CoverageDescription>"""


class WcsServer(LocalServer):
    """Cuts the wanted pixels out of a raster in EPSG:32633."""

    def __init__(self, raster):
        self._raster = str(raster)
        super().__init__(self._answer)
        self.layer_source = f"url=http://{self.address}/wcs&identifier=scene&crs=EPSG:32633&format=GeoTIFF"

    def _answer(self, question):
        wanted = question.query.get("REQUEST", "")
        if wanted == "GetCapabilities":
            return Answer(self._fill(_CAPABILITIES), "text/xml")
        if wanted == "DescribeCoverage":
            return Answer(self._fill(_DESCRIPTION), "text/xml")
        if wanted == "GetCoverage" and question.query["CRS"] == "EPSG:32633":
            return Answer(self._coverage(question.query), "image/tiff")
        return Answer(b"<ServiceExceptionReport/>", "application/vnd.ogc.se_xml")

    def _coverage(self, query):
        xmin, ymin, xmax, ymax = (float(value) for value in query["BBOX"].split(","))
        size = {"width": int(query["WIDTH"]), "height": int(query["HEIGHT"])}
        name = f"/vsimem/{uuid4().hex}.tif"
        cut = gdal.Translate(name, self._raster, projWin=(xmin, ymax, xmax, ymin), **size)
        del cut
        file = gdal.VSIFOpenL(name, "rb")
        data = bytes(gdal.VSIFReadL(1, gdal.VSIStatL(name).size, file))
        gdal.VSIFCloseL(file)
        gdal.Unlink(name)
        return data

    def _fill(self, text):
        raster = gdal.Open(self._raster)
        get = f'<DCPType><HTTP><Get><OnlineResource xlink:href="http://{self.address}/wcs?"/></Get></HTTP></DCPType>'
        xmin, ymin, xmax, ymax = box_in(raster, "EPSG:32633")
        return text.format(
            get=get,
            geographic=_corners(*box_in(raster, "EPSG:4326")),
            native=_corners(xmin, ymin, xmax, ymax),
            last_column=raster.RasterXSize - 1,
            last_row=raster.RasterYSize - 1,
            pixel=raster.GetGeoTransform()[1],
            xmin=xmin,
            ymax=ymax,
        ).encode()


def _corners(xmin, ymin, xmax, ymax):
    return f"<gml:pos>{xmin} {ymin}</gml:pos><gml:pos>{xmax} {ymax}</gml:pos>"
