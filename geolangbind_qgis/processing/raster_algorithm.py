"""Base class of algorithms over a raster layer: reading, area, model."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDistance,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsRasterBlockFeedback,
    QgsRasterLayer,
    QgsRectangle,
)

from geolangbind_qgis.catalogue.sensors import scaling_titles, sensor_titles
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.export import ExportError, export_layer
from geolangbind_qgis.layers.export_grid import plan_grid, suggested_pixel
from geolangbind_qgis.layers.extents import as_tuple, within
from geolangbind_qgis.layers.fetch_watch import FetchWatch, failed_in_part
from geolangbind_qgis.layers.readable import ReadBy
from geolangbind_qgis.layers.recognition import Reading, read_reading
from geolangbind_qgis.layers.results_folder import new_file
from geolangbind_qgis.layers.snapshot import LayerSnapshot, take_snapshot
from geolangbind_qgis.processing.model_parameters import model_fields, model_parameters
from geolangbind_qgis.processing.runtime_algorithm import RuntimeAlgorithm
from geolangbind_qgis.protocol_import import protocol

INPUT, EXTENT, RESOLUTION = "INPUT", "EXTENT", "RESOLUTION"
SENSOR, BANDS, WAVELENGTHS, SCALING, COLLAR = "SENSOR", "BANDS", "WAVELENGTHS", "SCALING", "COLLAR"
_SHARE_OF_COPY = 30.0


class RasterAlgorithm(RuntimeAlgorithm):
    """An algorithm over one raster layer."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: LayerSnapshot | None = None
        self._reading = Reading()
        self._extent: QgsRectangle | None = None

    def add_input(self) -> None:
        """Declare the layer and the extent."""
        self.addParameter(QgsProcessingParameterRasterLayer(INPUT, tr("Raster layer")))
        self.addParameter(QgsProcessingParameterExtent(EXTENT, tr("Part to compute (empty: all of it)"), optional=True))

    def add_resolution(self, parent: str = INPUT) -> None:
        """Declare the pixel size of the result, in the units of the layer of the parameter ``parent``."""
        text = tr("Pixel size of the result, in the layer's units (empty: the layer's, or the finest the model knows)")
        size = QgsProcessingParameterDistance(RESOLUTION, text, None, parent, optional=True, minValue=1e-9)
        self.add_advanced(size)

    def add_reading(self) -> None:
        """Declare the corrections of the recognition, the model and the device."""
        sensors, scalings = list(sensor_titles()), list(scaling_titles())
        text = QgsProcessingParameterString
        self.add_advanced(_names(SENSOR, tr("Sensor (empty: recognise it)"), sensors))
        self.add_advanced(text(BANDS, tr("Band numbers, as in 4,3,2 (empty: the sensor's own)"), optional=True))
        self.add_advanced(
            text(
                WAVELENGTHS,
                tr("Wavelength of each band in µm, as in 0.665,0.56,0.49 (empty: the sensor's own)"),
                optional=True,
            )
        )
        self.add_advanced(_names(SCALING, tr("Scaling (empty: as the sensor's product needs)"), scalings))
        self.add_advanced(QgsProcessingParameterBoolean(COLLAR, tr("A border of one exact colour is no data"), False))
        for parameter in model_parameters(tr("Model")):
            self.add_advanced(parameter)

    def prepare(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Take a snapshot of the layer and the parameters, on the main thread."""
        self.prepare_layer(INPUT, parameters, context)

    def prepare_layer(self, name: str, parameters: dict[str, Any], context: QgsProcessingContext) -> None:
        """Take a snapshot of the layer of the parameter ``name``."""
        layer = self.raster_layer(parameters, name, context)
        self._snapshot = take_snapshot(layer)
        self._reading = self.reading(layer, parameters, context)
        extent = self.parameterAsExtent(parameters, EXTENT, context, layer.crs())
        given = parameters.get(EXTENT) not in (None, "") and not extent.isEmpty()
        self._extent = within(extent, self._snapshot.extent) if given else None

    def source(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> protocol.Source:
        """Returns ``protocol.Source`` of the layer, after copying it if only QGIS can read it.

        Raises:
            QgsProcessingException: the layer cannot be copied.
        """
        snapshot = self._snapshot
        if snapshot is None:
            raise QgsProcessingException(tr("The algorithm was not prepared."))
        path = snapshot.path
        if snapshot.read_by is ReadBy.QGIS:
            path = self._copy(snapshot, self.parameterAsDouble(parameters, RESOLUTION, context), feedback)
        return protocol.Source(path=path, **self._reading.source_fields())

    def extent_fields(self, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, Any]:
        """Returns ``extent`` and ``resolution`` of the request; for a copy neither, since it has just those pixels."""
        if self._snapshot is not None and self._snapshot.read_by is ReadBy.QGIS:
            return {"extent": None, "resolution": None}
        resolution = self.parameterAsDouble(parameters, RESOLUTION, context) if parameters.get(RESOLUTION) else None
        return {"extent": as_tuple(self._extent) if self._extent is not None else None, "resolution": resolution}

    def request_fields(self, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, Any]:
        """Returns the fields common to raster requests: ``extent``, ``resolution``, ``model`` and ``device``."""
        return {**self.extent_fields(parameters, context), **model_fields(self, parameters, context)}

    def texts(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> tuple[str, ...]:
        """Returns a parameter's texts, which are separated by semicolons."""
        return tuple(self._parts(parameters, name, context, ";"))

    @property
    def source_id(self) -> str:
        """Id of the processed layer; empty before it is known."""
        return self._snapshot.layer_id if self._snapshot is not None else ""

    def result_name(self, what: str) -> str:
        """A result's layer name: its content and its source, which distinguishes a batch's results."""
        return f"{what} · {self._snapshot.name}" if self._snapshot is not None else what

    def _copy(self, snapshot: LayerSnapshot, pixel: float, feedback: QgsProcessingFeedback) -> str:
        """Copy the pixels of a layer that only QGIS can read."""
        extent = self._extent or snapshot.extent
        block_feedback = QgsRasterBlockFeedback()
        feedback.canceled.connect(block_feedback.cancel)
        path = new_file(f"copy of {snapshot.name}")
        try:
            size = pixel or suggested_pixel(snapshot.provider, extent, 0.0)
            height = snapshot.extent.height() / snapshot.height if snapshot.height and not pixel else 0.0
            grid = plan_grid(extent, (snapshot.extent.xMinimum(), snapshot.extent.yMaximum()), size, height)
            feedback.pushInfo(tr("{0} Copying {1} × {2} pixels.").format(snapshot.reason, grid.width, grid.height))
            with FetchWatch() as watch:
                done = export_layer(
                    snapshot.provider,
                    snapshot.crs,
                    grid,
                    path,
                    progress=lambda fraction: feedback.setProgress(_SHARE_OF_COPY * fraction),
                    cancelled=feedback.isCanceled,
                    feedback=block_feedback,
                )
            if watch.failed:
                feedback.pushWarning(failed_in_part(snapshot.name, watch.reason))
        except (ExportError, ValueError) as problem:
            raise QgsProcessingException(str(problem)) from problem
        if not done:
            raise QgsProcessingException(tr("Cancelled."))
        self._lowest = _SHARE_OF_COPY
        return str(path)

    def reading(self, layer: QgsRasterLayer, parameters: dict[str, Any], context: QgsProcessingContext) -> Reading:
        """Returns how the layer is read: by the parameters, else by the stored corrections."""
        return self._given_reading(parameters, context) or read_reading(layer)

    def _given_reading(self, parameters: dict[str, Any], context: QgsProcessingContext) -> Reading | None:
        """Returns the reading in the parameters; None if none is set."""
        try:
            bands = tuple(int(part) for part in self._parts(parameters, BANDS, context))
            wavelengths = tuple(float(part) for part in self._parts(parameters, WAVELENGTHS, context))
        except ValueError:
            raise ValueError(tr("Bands and wavelengths are numbers separated by commas.")) from None
        sensor = self.parameterAsEnumString(parameters, SENSOR, context) or None
        scaling = self.parameterAsEnumString(parameters, SCALING, context) or None
        collar = "mask" if self.parameterAsBool(parameters, COLLAR, context) else "keep"
        reading = Reading(sensor, bands, wavelengths, scaling, collar)
        return reading if reading.is_own else None

    def _parts(
        self, parameters: dict[str, Any], name: str, context: QgsProcessingContext, separator: str = ","
    ) -> list[str]:
        text = self.parameterAsString(parameters, name, context)
        return [part.strip() for part in text.split(separator) if part.strip()]


def _names(name: str, text: str, options: list[str]) -> QgsProcessingParameterEnum:
    """Returns an optional enum parameter whose values are the names themselves, for readable scripts."""
    return QgsProcessingParameterEnum(name, text, options, optional=True, usesStaticStrings=True)
