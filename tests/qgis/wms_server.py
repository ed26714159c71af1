"""A Web Map Service on localhost that renders a raster, as OGC 06-042 (WMS 1.3.0) has it."""

from __future__ import annotations

from uuid import uuid4

from local_server import Answer, LocalServer
from osgeo import gdal, osr

LATITUDE_FIRST = ("EPSG:4326",)
"""Systems whose boxes are (south, west, north, east) since version 1.3.0."""

SYSTEMS = ("EPSG:32633", "EPSG:3857", "EPSG:4326")

_EXCEPTION = """<?xml version="1.0" encoding="UTF-8"?>
<ServiceExceptionReport version="1.3.0" xmlns="http://www.opengis.net/ogc">
  <ServiceException code="{code}">{text}</ServiceException>
</ServiceExceptionReport>"""

_CAPABILITIES = """<?xml version="1.0" encoding="UTF-8"?>
<WMS_Capabilities version="1.3.0" xmlns="http://www.opengis.net/wms" xmlns:xlink="http://www.w3.org/1999/xlink">
  <Service><Name>WMS</Name><Title>Pictures</Title><OnlineResource xlink:href="{address}"/></Service>
  <Capability>
    <Request>
      <GetCapabilities><Format>text/xml</Format>{get}</GetCapabilities>
      <GetMap><Format>image/png</Format>{get}</GetMap>
    </Request>
    <Exception><Format>XML</Format></Exception>
    <Layer>
      <Title>All</Title>
      {systems}
      <Layer queryable="0" opaque="0">
        <Name>scene</Name><Title>Scene</Title>
        {geographic}
        {boxes}
      </Layer>
    </Layer>
  </Capability>
</WMS_Capabilities>"""


class WmsServer(LocalServer):
    """Renders three bands of a raster; transparent where it has nothing.

    Args:
        raster: path of the raster.
        bands: its bands shown as red, green and blue.
        brightest: value shown as 255.
        failing: told the box (xmin, ymin, xmax, ymax) of each picture; true answers that with an error.
    """

    def __init__(self, raster, bands=(4, 3, 2), brightest=2500, failing=lambda box: False):
        self._raster, self._bands, self._brightest = str(raster), bands, brightest
        self.failing = failing
        self.boxes = []
        super().__init__(self._answer)
        self.url = f"http://{self.address}/wms"

    def layer_source(self, system="EPSG:32633"):
        return f"crs={system}&format=image/png&layers=scene&styles=&url={self.url}?"

    def _answer(self, question):
        wanted = question.query.get("REQUEST", "")
        if wanted == "GetCapabilities":
            return Answer(self._capabilities().encode(), "text/xml")
        if wanted == "GetMap":
            return self._map(question.query)
        return _refusal("OperationNotSupported", f"There is no {wanted}.")

    def _map(self, query):
        system = query["CRS"]
        if query["VERSION"] != "1.3.0" or query["LAYERS"] != "scene" or system not in SYSTEMS:
            return _refusal("InvalidCRS", "This is not on offer.")
        box = tuple(float(value) for value in query["BBOX"].split(","))
        if system in LATITUDE_FIRST:
            box = (box[1], box[0], box[3], box[2])
        self.boxes.append(box)
        if self.failing(box):
            return _refusal("NoApplicableCode", "The disk of the server is full.")
        return Answer(self._picture(box, system, int(query["WIDTH"]), int(query["HEIGHT"])), "image/png")

    def _picture(self, box, system, width, height):
        cut = {"format": "MEM", "outputBounds": box, "width": width, "height": height, "dstSRS": system}
        warped = gdal.Warp("", self._raster, srcNodata=0, dstNodata=0, **cut)
        name = f"/vsimem/{uuid4().hex}.png"
        scale = [[0, self._brightest, 0, 255]]
        shown = gdal.Translate(
            "", warped, format="MEM", bandList=[*self._bands, "mask"], outputType=gdal.GDT_Byte, scaleParams=scale * 3
        )
        shown.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
        gdal.GetDriverByName("PNG").CreateCopy(name, shown)
        size = gdal.VSIStatL(name).size
        file = gdal.VSIFOpenL(name, "rb")
        data = bytes(gdal.VSIFReadL(1, size, file))
        gdal.VSIFCloseL(file)
        gdal.Unlink(name)
        return data

    def _capabilities(self):
        raster = gdal.Open(self._raster)
        get = f'<DCPType><HTTP><Get><OnlineResource xlink:href="{self.url}?"/></Get></HTTP></DCPType>'
        boxes = {system: box_in(raster, system) for system in SYSTEMS}
        west, south, east, north = boxes["EPSG:4326"]
        geographic = (
            f"<EX_GeographicBoundingBox><westBoundLongitude>{west}</westBoundLongitude>"
            f"<eastBoundLongitude>{east}</eastBoundLongitude><southBoundLatitude>{south}</southBoundLatitude>"
            f"<northBoundLatitude>{north}</northBoundLatitude></EX_GeographicBoundingBox>"
        )
        return _CAPABILITIES.format(
            address=self.url,
            get=get,
            systems="".join(f"<CRS>{system}</CRS>" for system in SYSTEMS),
            geographic=geographic,
            boxes="".join(_bounding_box(system, *box) for system, box in boxes.items()),
        )


def _bounding_box(system, xmin, ymin, xmax, ymax):
    if system in LATITUDE_FIRST:
        xmin, ymin, xmax, ymax = ymin, xmin, ymax, xmax
    return f'<BoundingBox CRS="{system}" minx="{xmin}" miny="{ymin}" maxx="{xmax}" maxy="{ymax}"/>'


def box_in(raster, system):
    """Returns a raster's box (xmin, ymin, xmax, ymax), east before north, in another system."""
    target = osr.SpatialReference()
    target.SetFromUserInput(system)
    target.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    transform = osr.CoordinateTransformation(raster.GetSpatialRef(), target)
    left, width, _, top, _, height = raster.GetGeoTransform()
    right, bottom = left + width * raster.RasterXSize, top + height * raster.RasterYSize
    return transform.TransformBounds(left, bottom, right, top, 21)


def _refusal(code, text):
    return Answer(_EXCEPTION.format(code=code, text=text).encode(), "text/xml")
