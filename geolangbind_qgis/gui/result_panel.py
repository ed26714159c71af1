"""Panel of the results: threshold, colour, opacity, area and actions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qgis.core import QgsProject, QgsRasterLayer
from qgis.gui import QgsColorButton
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.gui.flow_row import FlowRow
from geolangbind_qgis.gui.histogram_view import HistogramView
from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.gui.suggestions import suggestions_html, word_of
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import area_text, number_text, unbroken
from geolangbind_qgis.layers.answer import keep_answer, past_answers, read_answer
from geolangbind_qgis.layers.missing_results import is_missing
from geolangbind_qgis.layers.overlays import show_past_answer
from geolangbind_qgis.layers.score_histogram import ScoreHistogram
from geolangbind_qgis.layers.score_style import ScoreStyle, apply_score_style, read_score_style

_STEPS = 200
_STYLE_DELAY_MS = 15


class ResultPanel(QGroupBox):
    """Edits the style of score layers; no slider starts a run.

    Signals:
        save_wanted, polygons_wanted, statistics_wanted: a button was pressed, for the layer that is chosen.
        chosen: another result is chosen.
        answer_changed: id of a layer that shows an earlier answer now.
        recompute_wanted: the layer whose file is missing is to be computed again.
        word_wanted: the prompt that found nothing, and a suggested word that was clicked.
        suggested: words are suggested for the result that is chosen.
    """

    save_wanted = pyqtSignal()
    polygons_wanted = pyqtSignal()
    statistics_wanted = pyqtSignal()
    chosen = pyqtSignal()
    answer_changed = pyqtSignal(str)
    recompute_wanted = pyqtSignal(object)
    word_wanted = pyqtSignal(str, str)
    suggested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Result"), parent)
        self._histograms: dict[str, ScoreHistogram] = {}
        self._style_timer = QTimer(self)
        self._style_timer.setSingleShot(True)
        self._style_timer.setInterval(_STYLE_DELAY_MS)
        self._style_timer.timeout.connect(self._apply)
        self.results = QComboBox(self)
        self.results.setAccessibleName(tr("Result layer"))
        let_shrink(self.results)
        self.results.setMinimumContentsLength(2)  # a button for earlier answers stands beside it
        self.results.currentIndexChanged.connect(self._on_chosen)
        self.threshold = QSlider(Qt.Orientation.Horizontal, self)
        self.threshold.setRange(0, _STEPS - 1)
        self.threshold.setPageStep(10)
        self.threshold.setToolTip(
            tr("Pixels below this score are transparent. Moves the style alone, nothing is computed again.")
        )
        self.threshold_box = QDoubleSpinBox(self)
        self.threshold_box.setRange(0.0, (_STEPS - 1) / _STEPS)
        self.threshold_box.setSingleStep(0.01)
        self.threshold_box.setDecimals(3)
        self.threshold.valueChanged.connect(lambda steps: self.threshold_box.setValue(steps / _STEPS))
        self.threshold_box.valueChanged.connect(self._on_threshold)
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(5, 100)
        self.opacity.valueChanged.connect(lambda _: self._style_timer.start())
        self.colour = QgsColorButton(self)
        self.colour.setFixedWidth(48)
        self.colour.setShowMenu(False)
        self.colour.setColorDialogTitle(tr("Colour of this result"))
        self.colour.colorChanged.connect(lambda _: self._style_timer.start())
        self.suggest_button = QToolButton(self)
        self.suggest_button.setText(tr("Auto"))
        self.suggest_button.setToolTip(tr("Use the threshold that splits the scores into two groups"))
        self.suggest_button.setAccessibleName(tr("Automatic threshold"))
        self.suggest_button.clicked.connect(self._use_suggested)
        self.histogram_view = HistogramView(self)
        self.undo_button = QToolButton(self)
        self.undo_button.setText(tr("Undo"))
        self.undo_button.setAutoRaise(True)
        self.undo_button.setToolTip(tr("Show the answer before this one; the arrow lists all earlier answers"))
        self.undo_button.setAccessibleName(tr("Earlier answers"))
        self.undo_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.past_menu = QMenu(self.undo_button)
        self.undo_button.setMenu(self.past_menu)
        self.undo_button.clicked.connect(self.undo)
        self.recompute_button = QPushButton(tr("&Compute again"), self)
        self.recompute_button.setToolTip(tr("The file of this result is missing; its prompt is still known"))
        self.recompute_button.clicked.connect(self._ask_to_recompute)
        self.threshold.setAccessibleName(tr("Threshold"))
        self.threshold_box.setAccessibleName(tr("Threshold as a number"))
        self.opacity.setAccessibleName(tr("Opacity"))
        self.colour.setAccessibleName(tr("Colour of this result"))
        self._preview = False
        self.area = QLabel(self)
        self.area.setWordWrap(True)
        self.suggestions = QLabel(self)
        self.suggestions.setWordWrap(True)
        self.suggestions.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.suggestions.setAccessibleName(tr("Suggested words"))
        self.suggestions.linkActivated.connect(self._on_word)
        self._suggested_words: dict[str, list[str]] = {}
        self._build()
        self.setVisible(False)

    @property
    def style_is_pending(self) -> bool:
        """Whether a change in the widgets was not applied to the layer yet."""
        return self._style_timer.isActive()

    def set_results(self, layers: list[QgsRasterLayer]) -> None:
        """List these score layers; the previous selection is kept if it is among them, else the first is selected."""
        wanted = [(layer.name(), layer.id()) for layer in layers]
        offered = [(self.results.itemText(i), self.results.itemData(i)) for i in range(self.results.count())]
        before = self.results.currentData()
        if wanted != offered:
            self.results.blockSignals(True)
            self.results.clear()
            for name, layer_id in wanted:
                self.results.addItem(name, layer_id)
            self.results.setCurrentIndex(max(0, self.results.findData(before)) if layers else -1)
            self.results.blockSignals(False)
            self.setVisible(bool(layers))
        if wanted != offered or not self._style_timer.isActive():  # where it is active, the user is at the slider
            self._on_chosen()

    def layer(self) -> QgsRasterLayer | None:
        """Returns the chosen score layer; None where it was removed."""
        found = QgsProject.instance().mapLayer(self.results.currentData() or "")
        return found if isinstance(found, QgsRasterLayer) else None

    def choose(self, layer_id: str) -> None:
        """Select a result."""
        self.results.setCurrentIndex(max(0, self.results.findData(layer_id)))

    def show_histogram(self, layer_id: str, histogram: ScoreHistogram) -> None:
        """Show the histogram of a layer."""
        self._histograms[layer_id] = histogram
        self._show_area()

    def show_suggestions(self, layer_id: str, words: list[str]) -> None:
        """Show suggested words for a prompt without matches."""
        self._suggested_words[layer_id] = words
        self._show_area()
        if layer_id == self.results.currentData():
            self.suggested.emit()

    def histogram(self) -> ScoreHistogram | None:
        """Returns the histogram of the selected layer."""
        return self._histograms.get(self.results.currentData() or "")

    def histograms(self) -> dict[str, ScoreHistogram]:
        """Returns the histograms by layer id."""
        return dict(self._histograms)

    def knows(self, layer_id: str) -> bool:
        """Whether a layer has a histogram."""
        return layer_id in self._histograms

    def forget(self, layer_id: str) -> None:
        """Discard the histogram of a layer."""
        self._histograms.pop(layer_id, None)
        self._suggested_words.pop(layer_id, None)

    def _build(self) -> None:
        """Create the widgets and their layout."""
        threshold_row = QHBoxLayout()
        threshold_row.addWidget(self.threshold, 1)
        threshold_row.addWidget(self.threshold_box)
        histogram_row = QHBoxLayout()
        histogram_row.addWidget(self.histogram_view, 1)
        histogram_row.addWidget(self.suggest_button)
        look_row = QHBoxLayout()
        look_row.addWidget(self.opacity, 1)
        look_row.addWidget(self.colour)
        form = QFormLayout()
        form.setVerticalSpacing(4)
        shown_row = QHBoxLayout()
        shown_row.addWidget(self.results, 1)
        shown_row.addWidget(self.undo_button)
        form.addRow(tr("Sho&wn"), shown_row)
        form.labelForField(shown_row).setBuddy(self.results)
        form.addRow("", self.recompute_button)
        form.addRow(tr("&Threshold"), threshold_row)
        form.addRow("", histogram_row)
        form.addRow(tr("&Opacity"), look_row)
        form.labelForField(threshold_row).setBuddy(self.threshold)
        form.labelForField(look_row).setBuddy(self.opacity)
        buttons = FlowRow()
        for text, tip, signal in (
            (tr("&Save as…"), tr("Keep the scores as a GeoTIFF"), self.save_wanted),
            (tr("&Polygons…"), tr("Outline what is above the threshold"), self.polygons_wanted),
            (tr("S&tatistics…"), tr("Areas above the threshold"), self.statistics_wanted),
        ):
            button = QPushButton(text, self)
            button.setToolTip(tip)
            button.setAutoDefault(False)
            button.clicked.connect(signal)
            buttons.addWidget(button)
        box = QVBoxLayout(self)
        box.setSpacing(5)
        box.addLayout(form)
        box.addWidget(self.area)
        box.addWidget(self.suggestions)
        box.addLayout(buttons)

    def _on_chosen(self) -> None:
        """Show the style of the selected layer."""
        layer = self.layer()
        if layer is None:
            return
        style = read_score_style(layer)
        widgets = (self.threshold, self.threshold_box, self.opacity, self.colour)
        for widget in widgets:
            widget.blockSignals(True)
        self.threshold.setValue(round(style.threshold * _STEPS))
        self.threshold_box.setValue(style.threshold)
        self.opacity.setValue(round(style.opacity * 100))
        self.colour.setColor(QColor(style.colour))
        for widget in widgets:
            widget.blockSignals(False)
        self.recompute_button.setVisible(is_missing(layer) and read_answer(layer) is not None)
        self._show_past(layer)
        self._show_area()
        self.chosen.emit()

    def _on_threshold(self, threshold: float) -> None:
        self.threshold.blockSignals(True)
        self.threshold.setValue(round(threshold * _STEPS))
        self.threshold.blockSignals(False)
        self._style_timer.start()
        self._show_area()

    def _apply(self) -> None:
        """Apply the style in the widgets to the layer."""
        layer = self.layer()
        if layer is not None:
            style = ScoreStyle(self.threshold_box.value(), self.colour.color().name(), self.opacity.value() / 100)
            apply_score_style(layer, style)
            answer = read_answer(layer)
            if answer is not None and answer.threshold != style.threshold:
                keep_answer(layer, answer, style.threshold)

    def show_preview(self, preview: bool) -> None:
        """State that the map shows a coarse preview; its areas are not counted."""
        self._preview = preview
        self._show_area()

    def undo(self) -> None:
        """Show the answer before the present one."""
        layer = self.layer()
        current = read_answer(layer) if layer is not None else None
        if layer is None or current is None:
            return
        older = [index for index, past in enumerate(past_answers(layer)) if past.date <= current.date]
        if older:
            self._show_answer(layer, older[0])

    def _show_answer(self, layer: QgsRasterLayer, index: int) -> None:
        show_past_answer(layer, index)
        self.forget(layer.id())
        self.results.setItemText(self.results.findData(layer.id()), layer.name())
        self.answer_changed.emit(layer.id())
        self._on_chosen()

    def _show_past(self, layer: QgsRasterLayer) -> None:
        """List earlier answers whose files exist."""
        self.past_menu.clear()
        current = read_answer(layer)
        older = False
        for index, answer in enumerate(past_answers(layer)):
            if Path(answer.raster).is_file():
                action = self.past_menu.addAction(f"{answer.time} · {answer.title} · {answer.model}")
                action.triggered.connect(partial(self._on_past, layer.id(), index))
                older = older or (current is not None and answer.date <= current.date)
        self.undo_button.setEnabled(not self.past_menu.isEmpty())
        suggested = current.suggested if current is not None else None
        self.suggest_button.setEnabled(suggested is not None)

    def _on_past(self, layer_id: str, index: int, *_: bool) -> None:
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            self._show_answer(layer, index)

    def _ask_to_recompute(self) -> None:
        layer = self.layer()
        if layer is not None:
            self.recompute_wanted.emit(layer)

    def _use_suggested(self) -> None:
        suggested = self.suggested_threshold()
        if suggested is not None:
            self.threshold_box.setValue(suggested)

    def suggested_threshold(self) -> float | None:
        """Returns the threshold that the runtime suggests for the selected layer; None without a suggestion."""
        layer = self.layer()
        answer = read_answer(layer) if layer is not None else None
        return answer.suggested if answer is not None else None

    def _on_word(self, address: str) -> None:
        layer = self.layer()
        answer = read_answer(layer) if layer is not None else None
        if answer is not None:
            self.word_wanted.emit(answer.prompt, word_of(address))

    def _show_area(self) -> None:
        histogram, layer = self.histogram(), self.layer()
        words = self._suggested_words.get(self.results.currentData() or "") if not self._preview else None
        self.suggestions.setVisible(words is not None)
        self.suggestions.setText(suggestions_html(words or []))
        counted = None if self._preview else histogram
        self.histogram_view.show_histogram(
            counted, self.threshold_box.value(), self.suggested_threshold(), self.colour.color()
        )
        for widget in (self.histogram_view, self.suggest_button):
            widget.setVisible(counted is not None)
        if self._preview:
            self.area.setText(tr("Preview at low resolution; areas follow with the result."))
        elif layer is not None and is_missing(layer):
            self.area.setText(tr("The file of this result is missing."))
        elif histogram is None:
            self.area.setText(tr("Counting areas…") if layer is not None else "")
        else:
            self.area.setText(unbroken(_words_for(histogram, self.threshold_box.value())))


def _words_for(histogram: ScoreHistogram, threshold: float) -> str:
    """Returns a sentence on the area above the threshold or, if there is none, on the highest score."""
    if histogram.total <= 0:
        return tr("No pixel has a score: there is no data here.")
    above = histogram.above(threshold)
    if above <= 0:
        highest = number_text(histogram.highest, 2)
        return tr("Nothing reaches the threshold; the highest score is {0}. Lower it, or try other words.").format(
            highest
        )
    share = number_text(100 * above / histogram.total, 1)
    if not histogram.in_hectares:
        return tr("{0} % of the pixels are above the threshold").format(share)
    return tr("{0} above the threshold ({1} % of {2})").format(area_text(above), share, area_text(histogram.total))
