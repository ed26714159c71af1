"""The dock's main page: layer, prompts, area, run and result."""

from __future__ import annotations

import math
from dataclasses import replace

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsUnitTypes
from qgis.gui import QgsMapCanvas, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.gui.area_choice import Area, AreaChoice
from geolangbind_qgis.gui.class_maps import ClassMapLine
from geolangbind_qgis.gui.example_clicks import ExampleClicks
from geolangbind_qgis.gui.late_scroll import LateScroll
from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.gui.prompt_list import PromptList
from geolangbind_qgis.gui.recognition_line import RecognitionLine
from geolangbind_qgis.gui.result_panel import ResultPanel
from geolangbind_qgis.gui.run_bar import RunBar
from geolangbind_qgis.gui.run_size import pixels_in, size_text
from geolangbind_qgis.gui.tab_order import order_by_layout
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.export_grid import plan_grid, suggested_pixel
from geolangbind_qgis.layers.extents import within
from geolangbind_qgis.layers.overlays import PROMPT, overlays_of
from geolangbind_qgis.layers.placement import source_of
from geolangbind_qgis.layers.qgis_versions import layer_filters
from geolangbind_qgis.layers.readable import ReadBy, can_read
from geolangbind_qgis.layers.recognition import read_reading
from geolangbind_qgis.layers.same_ground import image_of_same_ground
from geolangbind_qgis.layers.score_style import free_colour, read_score_style
from geolangbind_qgis.layers.snapshot import take_snapshot
from geolangbind_qgis.runs.highlight import Examples, HighlightRequest

MOST_VISIBLE_PIXELS = 4096
"""A view that shows more of a layer than this a side is answered on a coarser grid, doubled until it fits."""


class SearchPage(QScrollArea):
    """Collects the input of a highlight run.

    Signals:
        layer_changed: another layer is chosen (None where there is none).
        natural_colours_wanted, sample_wanted, models_wanted: a button was pressed.
    """

    layer_changed = pyqtSignal(object)
    natural_colours_wanted = pyqtSignal()
    sample_wanted = pyqtSignal()
    models_wanted = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._hidden: set[str] = set()
        self.layers = QgsMapLayerComboBox(self)
        self.layers.setFilters(layer_filters("RasterLayer"))
        self.layers.setAccessibleName(tr("Raster layer"))
        self.natural_button = QToolButton(self)
        self.natural_button.setIcon(icon("natural"))
        self.natural_button.setToolTip(tr("Show the layer in natural colours (its red, green and blue bands)"))
        self.natural_button.setAccessibleName(tr("Natural colours"))
        self.natural_button.clicked.connect(self.natural_colours_wanted)
        self.sample_button = QPushButton(tr("Open the &sample scene"), self)
        self.sample_button.setToolTip(tr("Add a simulated Sentinel-2 scene to try GeoLangBind on"))
        self.sample_button.clicked.connect(self.sample_wanted)
        self.recognition = RecognitionLine(self)
        self.prompts = PromptList(self)
        self.examples = ExampleClicks(canvas, self)
        self.area = AreaChoice(canvas, self)
        self.pixel = QDoubleSpinBox(self)
        self.pixel.setDecimals(6)
        self.pixel.setRange(0.000001, 1_000_000)
        self.pixel.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.pixel.setToolTip(tr("Pixel size at which QGIS fetches this layer"))
        self.model = QComboBox(self)
        self.model.setToolTip(tr("The model that compares words and pixels"))
        self.model.setAccessibleName(tr("Model"))
        let_shrink(self.layers, self.model)
        self.size = QLabel(self)
        self.size.setWordWrap(True)
        self.size.hide()
        self.models_button = QToolButton(self)
        self.models_button.setIcon(icon("models"))
        self.models_button.setToolTip(tr("Models: list, import, fetch, rename, delete, licences"))
        self.models_button.setAccessibleName(tr("Models"))
        self.models_button.clicked.connect(self.models_wanted)
        self.run_bar = RunBar(self)
        self.result = ResultPanel(self)
        self._scroll = LateScroll(self)
        self.result.suggested.connect(lambda: self._scroll.bring_in_sight(self.result.suggestions))
        self.class_maps = ClassMapLine(self)
        self._build()
        self.layers.layerChanged.connect(self._on_layer)
        self.area.changed.connect(self._suggest_pixel)
        self.area.changed.connect(self._show_size)
        self.pixel.valueChanged.connect(lambda _: self._show_size())
        canvas.extentsChanged.connect(self._suggest_pixel)
        project = QgsProject.instance()
        project.layersAdded.connect(self.hide_results)
        project.layersRemoved.connect(self.hide_results)
        self.hide_results()
        self._on_layer(self.layer())

    def layer(self) -> QgsRasterLayer | None:
        """Returns the selected layer."""
        found = self.layers.currentLayer()
        return found if isinstance(found, QgsRasterLayer) else None

    def follow(self, layer: QgsMapLayer | None) -> None:
        """Select the layer that became active, or the source of an active result."""
        self.area.follow(layer)
        if not isinstance(layer, QgsRasterLayer):
            return
        source = QgsProject.instance().mapLayer(source_of(layer))
        if isinstance(source, QgsRasterLayer):
            self.layers.setLayer(source)
            self.result.choose(layer.id()) if self.result.results.findData(layer.id()) >= 0 else None
        elif not source_of(layer):
            self.layers.setLayer(layer)

    def hide_results(self, *_: object) -> None:
        """Exclude results from the list of layers; if one is selected, its source is selected instead."""
        results = [layer for layer in QgsProject.instance().mapLayers().values() if source_of(layer)]
        chosen = self.layer()
        hidden = {layer.id() for layer in results}
        if hidden != self._hidden:  # by id: QGIS's own list still points to layers that are gone
            self._hidden = hidden
            self.layers.setExceptedLayerList(results)
        if chosen in results:
            self.follow(chosen)

    def request(self) -> HighlightRequest:
        """Returns the request of the prompts.

        Raises:
            ValueError: something is missing or does not fit; the message says what.
        """
        if self.layer() is not None and not self.prompts.prompts():
            raise ValueError(tr("Type what to look for."))
        request = self._request_without_text()
        self.prompts.choose_colours(self._colours_on_map())
        prompts = self.prompts.prompts()
        words = tuple((prompt.text, prompt.colour) for prompt in prompts)
        return replace(request, prompts=words, negatives=self.prompts.negatives())

    def request_by_example(self) -> HighlightRequest:
        """Returns the request of the examples.

        Raises:
            ValueError: something is missing or does not fit; the message says what.
        """
        if not self.examples.any_positive:
            raise ValueError(tr("Click a place of what you look for as well."))
        prompt = next(iter(self.prompts.prompts()), None) if self.examples.with_words.isChecked() else None
        if prompt is None and self.examples.with_words.isChecked():
            raise ValueError(tr("Type what to look for."))
        name = tr("like the examples") if prompt is None else tr("{0}, like the examples").format(prompt.text)
        examples = Examples(
            positives=self.examples.positives(),
            negatives=self.examples.negatives(),
            areas=self.examples.areas(unlike=False),
            negative_areas=self.examples.areas(unlike=True),
            text=prompt.text if prompt else None,
        )
        on_map = self._colours_on_map()
        colour = on_map.get(name) or free_colour(list(on_map.values()))
        return replace(self._request_without_text(), prompts=((name, colour),), examples=examples)

    def _colours_on_map(self) -> dict[str, str]:
        """Returns the colours of the layer's overlays by prompt."""
        layer = self.layer()
        found = overlays_of(QgsProject.instance(), layer.id()) if layer is not None else []
        return {str(each.customProperty(PROMPT)): read_score_style(each).colour for each in found}

    def _request_without_text(self) -> HighlightRequest:
        """Returns the request's layer, reading and area, without prompts.

        Raises:
            ValueError: something is missing or does not fit; the message says what.
        """
        layer = self.layer()
        if layer is None:
            raise ValueError(tr("Choose a raster layer."))
        snapshot = take_snapshot(layer)
        extent = within(self.area.extent_for(layer.crs(), snapshot.extent), snapshot.extent)
        whole = self.area.area is Area.LAYER
        grid, resolution = None, None
        if snapshot.read_by is ReadBy.QGIS:
            origin = (snapshot.extent.xMinimum(), snapshot.extent.yMaximum())
            height = snapshot.extent.height() / snapshot.height if snapshot.height else 0.0
            grid = plan_grid(
                extent, origin, self.pixel.value(), height if self.pixel.value() == snapshot.pixel_size else 0.0
            )
        elif self.area.area is Area.VISIBLE:
            resolution = _coarser(snapshot.pixel_size, max(extent.width(), extent.height()))
        return HighlightRequest(
            image=image_of_same_ground(QgsProject.instance(), layer),
            snapshot=snapshot,
            reading=read_reading(layer),
            prompts=(),
            extent=None if whole else extent,
            polygons=self.area.polygons_in(layer.crs()),
            resolution=resolution,
            grid=grid,
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the tool of examples with Escape, whichever control of the page has the focus."""
        if event.key() == Qt.Key.Key_Escape and self.examples.tool_in_hand:
            self.examples.leave_tool()
        else:
            super().keyPressEvent(event)

    def bring_threshold_in_sight(self) -> None:
        """Scroll to the threshold if the page is taller than the dock."""
        self._scroll.bring_in_sight(self.result.threshold)

    def clean_up(self) -> None:
        """Disconnect from the map canvas and the project."""
        self._canvas.extentsChanged.disconnect(self._suggest_pixel)
        QgsProject.instance().layersAdded.disconnect(self.hide_results)
        QgsProject.instance().layersRemoved.disconnect(self.hide_results)
        self.area.clean_up()
        self.examples.clean_up()

    def _build(self) -> None:
        """Create the widgets and their layout."""
        content = QWidget(self)
        form = QFormLayout()
        form.setVerticalSpacing(5)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._pixel_label = QLabel(tr("Pixel si&ze"), self)
        self._pixel_label.setBuddy(self.pixel)
        layer_row = QHBoxLayout()
        layer_row.setSpacing(4)
        layer_row.addWidget(self.layers, 1)
        layer_row.addWidget(self.natural_button)
        form.addRow(tr("&Layer"), layer_row)
        form.labelForField(layer_row).setBuddy(self.layers)
        form.addRow(self.sample_button)
        form.addRow(self.recognition)
        form.addRow(tr("&Find"), self.prompts)
        form.addRow(tr("Exa&mples"), self.examples)
        form.addRow(tr("Ar&ea"), self.area)
        form.labelForField(self.area).setBuddy(self.area.combo)
        form.addRow(self._pixel_label, self.pixel)
        model_row = QHBoxLayout()
        model_row.setSpacing(4)
        model_row.addWidget(self.model, 1)
        model_row.addWidget(self.models_button)
        form.addRow(tr("M&odel"), model_row)
        form.labelForField(model_row).setBuddy(self.model)
        box = QVBoxLayout(content)
        box.setContentsMargins(6, 6, 6, 6)
        box.setSpacing(7)
        box.addLayout(form)
        box.addWidget(self.size)
        box.addWidget(self.run_bar)
        box.addWidget(self.result)
        box.addWidget(self.class_maps)
        box.addStretch(1)
        self.setWidget(content)
        order_by_layout(content)
        self.prompts.rows_changed.connect(lambda: order_by_layout(content))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _on_layer(self, layer: QgsMapLayer | None) -> None:
        """Handle a change of the selected layer."""
        read_by, reason = can_read(layer)
        self.run_bar.run_button.setEnabled(read_by is not ReadBy.NOBODY)
        self.pixel.setVisible(read_by is ReadBy.QGIS)
        self._pixel_label.setVisible(read_by is ReadBy.QGIS)
        self.recognition.show_text(reason if layer is not None else tr("Add a raster layer, or try the sample scene."))
        self.sample_button.setVisible(layer is None)
        self.natural_button.setEnabled(False)
        if layer is not None:
            self.pixel.setSuffix(f" {QgsUnitTypes.toAbbreviatedString(layer.crs().mapUnits())}")
            self.examples.use_layer(layer)
        self._suggest_pixel()
        self._show_size()
        self.layer_changed.emit(layer)

    def pixels(self) -> int:
        """Returns the number of pixels in the area of a run; 0 for the visible extent, whose size is limited."""
        layer = self.layer()
        if layer is None or not layer.isValid() or self.area.area is Area.VISIBLE:
            return 0
        try:
            extent = within(self.area.extent_for(layer.crs(), layer.extent()), layer.extent())
        except ValueError:
            return 0
        return pixels_in(layer, extent, self.pixel.value())

    def _show_size(self, *_: object) -> None:
        """Show the estimated size and duration of a large run."""
        text = size_text(self.pixels())
        self.size.setText(text)
        self.size.setVisible(bool(text))

    def _suggest_pixel(self) -> None:
        """Fill in the pixel size that fits the view, for a layer without one."""
        layer = self.layer()
        if layer is None or not self.pixel.isVisibleTo(self.widget()) or self.pixel.hasFocus():
            return
        snapshot_extent = layer.extent()
        try:
            extent = within(self.area.extent_for(layer.crs(), snapshot_extent), snapshot_extent)
        except ValueError:
            return
        size = self._canvas.mapSettings().outputSize()
        per_pixel = extent.width() / max(1, size.width()) if self.area.area is Area.VISIBLE else 0.0
        self.pixel.setValue(suggested_pixel(layer.dataProvider(), extent, per_pixel))


def _coarser(pixel: float, side: float) -> float | None:
    """Returns the pixel size, doubled until the longer side fits; None where the layer's own does."""
    if pixel <= 0 or side / pixel <= MOST_VISIBLE_PIXELS:
        return None
    return pixel * 2 ** math.ceil(math.log2(side / pixel / MOST_VISIBLE_PIXELS))
