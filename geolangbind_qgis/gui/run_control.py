"""Runs of the search page: what starts one, and what its result changes on the page and the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qgis.core import QgsProject, QgsRasterLayer, QgsRectangle
from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis import settings
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.gui.area_counter import AreaCounter
from geolangbind_qgis.gui.canvas_refresh import CanvasRefresh
from geolangbind_qgis.gui.class_maps import class_maps_of
from geolangbind_qgis.gui.run_size import remember_speed
from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.heartbeat import Heartbeat
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.layers.answer import read_answer
from geolangbind_qgis.layers.computed_area import was_computed
from geolangbind_qgis.layers.missing_results import is_missing
from geolangbind_qgis.layers.overlays import find_overlay, overlays_of
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.runs.highlight import Highlighter, HighlightRequest
from geolangbind_qgis.runtime.client_qt import RuntimeState
from geolangbind_qgis.session import Session


class RunControl(QObject):
    """Starts runs of prompts and examples, and shows their progress and results on the search page.

    Args:
        session: the runtime.
        page: source of requests; shows progress and results.
        highlighter: executes requests.
        areas: counts the pixels of results.
        drawing: refreshes the map canvas.
        parent: Qt's owner.

    Signals:
        setup_needed: a run was requested without a runtime; it starts after the set-up (``run_waiting``).
        previewed: the first overlays of a run are on the map.
        warned: a sentence for the message bar.
    """

    setup_needed = pyqtSignal()
    previewed = pyqtSignal()
    warned = pyqtSignal(str)

    def __init__(
        self,
        session: Session,
        page: SearchPage,
        highlighter: Highlighter,
        areas: AreaCounter,
        drawing: CanvasRefresh,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._page = page
        self._highlighter = highlighter
        self._areas = areas
        self._drawing = drawing
        self.heartbeat = Heartbeat(parent=self)
        self._pixels = 0  # of the run
        self._clicked_meanwhile = False
        self._waiting = False  # for the set-up
        page.prompts.submitted.connect(self.run)
        page.examples.changed.connect(self.run_by_example)
        page.run_bar.run_wanted.connect(self.run_all)
        page.run_bar.cancel_wanted.connect(highlighter.cancel)
        page.area.view_moved.connect(self._follow_view)
        page.result.word_wanted.connect(self._run_word)
        page.result.recompute_wanted.connect(self.recompute)
        page.result.answer_changed.connect(self._on_answer_changed)
        highlighter.progressed.connect(page.run_bar.show_busy)
        highlighter.remarked.connect(self.warned)
        highlighter.shown.connect(self._on_shown)
        highlighter.finished.connect(self._on_finished)
        highlighter.failed.connect(self._on_failed)
        areas.counted.connect(page.result.show_histogram)

    def run(self) -> None:
        """Start a run of the prompts."""
        if self._highlighter.busy:
            return
        if not self._session.is_set_up:
            self._waiting = True
            self.setup_needed.emit()
            return
        request = self._request(self._page.request)
        if request is not None:
            settings.remember_prompts([text for text, _ in request.prompts])
            self._page.prompts.refresh_words()
            self._start(request)

    def run_waiting(self) -> bool:
        """Start the run that was requested before the runtime was set up; returns whether there was one."""
        waiting, self._waiting = self._waiting, False
        if waiting:
            self.run()
        return waiting

    def run_all(self) -> None:
        """Start a run of the prompts together with the examples."""
        examples = self._page.examples
        if examples.any_positive and (examples.with_words.isChecked() or not self._page.prompts.prompts()):
            self.run_by_example()
            return
        self.run()
        self._clicked_meanwhile = self._highlighter.busy and examples.any_positive  # right after the prompts

    def run_by_example(self) -> None:
        """Start a run of the examples; a click during a run starts another run right after it."""
        if self._highlighter.busy:
            self._clicked_meanwhile = True
            return
        self._clicked_meanwhile = False
        if not self._session.is_set_up:
            self.setup_needed.emit()
            return
        if not self._page.examples.any:
            return
        request = self._request(self._page.request_by_example)
        if request is not None:
            self._start(request)

    def recompute(self, layer: QgsRasterLayer) -> None:
        """Recompute a result whose file is missing."""
        answer = read_answer(layer)
        if answer is None or self._highlighter.busy:
            return
        page = self._page
        page.follow(layer)
        page.prompts.set_prompts([answer.prompt])
        page.prompts.set_negatives(list(answer.exclusions))
        chosen = page.area.area
        page.area.choose(Area.LAYER)
        request = self._request(page.request)
        page.area.choose(chosen)  # the next run is for what the user chose
        if request is not None:
            extent = QgsRectangle(*answer.extent) if answer.extent is not None else None
            self._start(replace(request, extent=extent, resolution=answer.resolution))

    def show_results(self) -> None:
        """List the results on the chosen layer and its land-cover maps, and count areas that are not known yet."""
        found = self._list_results()
        if self._highlighter.busy:
            return
        for layer in found:
            counted = self._areas.is_counting(layer.id()) or self._page.result.knows(layer.id())
            if not counted and not is_missing(layer):
                self._areas.count(layer)

    def drop_layer(self, layer_id: str) -> None:
        """Cancel the run of a layer that is removed, and forget its areas."""
        if layer_id == self._highlighter.source_layer_id:
            self._highlighter.cancel()
        self._areas.drop(layer_id)

    def abandon(self) -> None:
        """Cancel the run, and ignore what it still sends."""
        if self._highlighter.busy:
            self._highlighter.cancel()
            self._highlighter.abandon()
            self._page.run_bar.show_idle("")

    def _request(self, collect: Callable[[], HighlightRequest]) -> HighlightRequest | None:
        """Returns the request of the search page; None if input is missing, which the run bar reports."""
        try:
            return collect()
        except ValueError as problem:
            self._page.run_bar.show_idle(str(problem))
            return None

    def _start(self, request: HighlightRequest) -> None:
        starting = self._session.state is not RuntimeState.READY
        self._page.run_bar.show_busy(0.0, tr("Starting the runtime…") if starting else tr("Looking…"))
        self._page.result.show_preview(True)
        self._pixels = self._page.pixels()
        self.heartbeat.start()
        self._highlighter.start(request)

    def _on_shown(self, layer_ids: list[str]) -> None:
        """List the overlays as soon as a preview is on the map."""
        layer = self._page.layer()
        if layer is not None:
            self._page.result.set_results(overlays_of(QgsProject.instance(), layer.id()))
        self.previewed.emit()
        if layer_ids:
            self._page.result.choose(layer_ids[0])
            self._page.bring_threshold_in_sight()

    def _on_finished(self, layer_ids: list[str], seconds: float) -> None:
        self._page.run_bar.show_idle(tr("Done in {0} s.").format(number_text(seconds, 1)))
        remember_speed(self._pixels, seconds)
        for layer_id in layer_ids:
            self._page.result.forget(layer_id)
        self._page.result.show_preview(False)
        self._list_results()
        found = map(QgsProject.instance().mapLayer, layer_ids)
        layers = [layer for layer in found if isinstance(layer, QgsRasterLayer)]
        for layer in layers:
            self._areas.count(layer)
        self._drawing.draw(layers)
        self.heartbeat.stop()
        if self._clicked_meanwhile:
            self.run_by_example()

    def _on_failed(self, failure: Failure) -> None:
        self._clicked_meanwhile = False
        self.heartbeat.stop()
        self._page.result.show_preview(False)
        self._page.run_bar.show_idle(tr("Cancelled.") if failure.cancelled else failure.message)
        if not failure.cancelled:
            self.warned.emit(failure.text)

    def _run_word(self, prompt: str, word: str) -> None:
        """Run a suggested word in place of a prompt without matches."""
        self._page.prompts.replace(prompt, word)
        self.run()

    def _follow_view(self) -> None:
        """Run the prompts for the visible extent, unless it was answered already."""
        layer = self._page.layer()
        if self._highlighter.busy or layer is None or not self._session.is_set_up:
            return
        try:
            request = self._page.request()
        except ValueError:
            return
        project = QgsProject.instance()
        found = [find_overlay(project, layer.id(), text) for text, _ in request.prompts]
        extent = request.extent
        if extent is None or all(each is not None and was_computed(each, extent) for each in found):
            return
        self._start(request)

    def _on_answer_changed(self, layer_id: str) -> None:
        """Recount and redraw a layer that shows an earlier answer."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            self._areas.count(layer)
            self._drawing.draw([layer])

    def _list_results(self) -> list[QgsRasterLayer]:
        """List the results on the chosen layer and its land-cover maps; returns the former."""
        page = self._page
        page.hide_results()  # Processing says only after it added a layer that it is a result
        project, layer = QgsProject.instance(), page.layer()
        found = overlays_of(project, layer.id()) if layer is not None else []
        page.result.set_results(found)
        page.class_maps.set_maps(class_maps_of(project, layer))
        return found
