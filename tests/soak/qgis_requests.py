"""The requests of a soak as a person makes them in QGIS: dock, layer menu, toolbox, fine-tuning page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

from geolangbind_qgis.catalogue.class_schemes import Scheme, SchemeClass
from geolangbind_qgis.gui.area_choice import Area
from geolangbind_qgis.runs.failure import Failure

THREE = Scheme(
    "three",
    "Three classes",
    (
        SchemeClass(1, "Water", ("lake", "water"), "#0064c8"),
        SchemeClass(2, "Forest", ("forest", "trees"), "#006400"),
        SchemeClass(3, "Town", ("houses", "town"), "#fa0000"),
    ),
)


class Request:
    """One request of the plugin on one layer.

    Attributes:
        end: "done", "failed", "cancelled" or "refused" (never sent); None while it runs.
        message: why it failed.
        output: the file or model that it made; empty where there is none.

    Args:
        plugin: the plugin object.
        task: what the soak asks for: raster, labels, name, steps.
    """

    def __init__(self, plugin: Any, task: dict) -> None:
        self.end: str | None = None
        self.message = self.output = ""
        self.plugin, self.task = plugin, task
        self._connections: list[tuple[Any, Callable[..., None]]] = []
        self.layer = QgsRasterLayer(task["raster"], "scene", "gdal")
        assert self.layer.isValid(), f"QGIS does not open {task['raster']}"
        QgsProject.instance().addMapLayer(self.layer)

    def start(self, on_message: Callable[..., None]) -> None:
        """Start; ``on_message`` hears of every message until the end."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Cancel it, as a button does."""
        raise NotImplementedError

    def listen(self, signal: Any, slot: Callable[..., None]) -> None:
        """Connect a signal until ``release``."""
        signal.connect(slot)
        self._connections.append((signal, slot))

    def release(self) -> None:
        """Hear no more of widgets that outlive the request."""
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections.clear()

    def fail(self, failure: Failure) -> None:
        """Take note of its failure."""
        self.end, self.message = "cancelled" if failure.cancelled else "failed", failure.text

    def refuse_unless(self, begun: bool, message: str) -> None:
        """Take note that it was refused before anything was sent."""
        if not begun and self.end is None:
            self.end, self.message = "refused", message

    def raster_of(self, layer_id: str) -> str:
        """Returns the file of a layer; empty where it has gone."""
        layer = QgsProject.instance().mapLayer(layer_id)
        return layer.source() if layer is not None else ""


class Highlight(Request):
    """A prompt in the dock, over the whole layer."""

    def start(self, on_message: Callable[..., None]) -> None:
        dock = self.plugin.dock
        dock.page.follow(self.layer)
        dock.page.area.choose(Area.LAYER)
        dock.page.prompts.set_prompts(["lake"])
        self.listen(dock.highlighter.progressed, on_message)
        self.listen(dock.highlighter.finished, self._on_finished)
        self.listen(dock.highlighter.failed, self.fail)
        dock.runs.run()
        self.refuse_unless(dock.highlighter.busy, dock.page.run_bar.message.text())

    def cancel(self) -> None:
        self.plugin.dock.highlighter.cancel()

    def _on_finished(self, layer_ids: list[str], _seconds: float) -> None:
        self.end, self.output = "done", self.raster_of(layer_ids[0])


class Classify(Request):
    """Land cover from the layer menu."""

    def start(self, on_message: Callable[..., None]) -> None:
        menu = self.plugin.menu
        menu.classify(self.layer, THREE)
        self.refuse_unless(bool(menu.running), "the menu refused")
        for classifier in menu.running:
            classifier.progressed.connect(on_message)
            classifier.finished.connect(self._on_finished)
            classifier.failed.connect(self.fail)

    def cancel(self) -> None:
        for classifier in self.plugin.menu.running:
            classifier.cancel()

    def _on_finished(self, layer_id: str, _areas: list, _seconds: float) -> None:
        self.end, self.output = "done", self.raster_of(layer_id)


class Embed(Request):
    """An algorithm of the toolbox, in a thread of its own as QGIS runs it."""

    def start(self, on_message: Callable[..., None]) -> None:
        self._algorithm = QgsApplication.processingRegistry().createAlgorithmById("geolangbind:embed")
        self._context, self._feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
        self._context.setProject(QgsProject.instance())
        self._feedback.progressChanged.connect(on_message)
        values = {"INPUT": self.layer.id(), "MODEL": self.task["model"]}
        self._task = QgsProcessingAlgRunnerTask(self._algorithm, values, self._context, self._feedback)
        self._task.executed.connect(self._on_executed)
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        self._feedback.cancel()

    def _on_executed(self, successful: bool, _results: dict) -> None:
        self.message = self._feedback.textLog()
        self.end = "done" if successful else "cancelled" if self._feedback.isCanceled() else "failed"


class Finetune(Request):
    """A model of the user's own, from the dock's page."""

    def start(self, on_message: Callable[..., None]) -> None:
        labels = QgsVectorLayer(self.task["labels"], "labels", "ogr")
        QgsProject.instance().addMapLayer(labels)
        dock = self.plugin.dock
        dock.page.follow(self.layer)
        dock.show_finetune_page(True)
        page = dock.finetune
        page.labels.setLayer(labels)
        page.name.setText(self.task["name"])
        page.steps.setValue(self.task["steps"])
        self.listen(page.runner.progressed, on_message)
        self.listen(page.runner.loss_reported, on_message)
        self.listen(page.runner.finished, self._on_finished)
        self.listen(page.runner.failed, self.fail)
        page.run()
        self.refuse_unless(page.runner.busy, page.run_bar.message.text())

    def cancel(self) -> None:
        self.plugin.dock.finetune.runner.cancel()

    def _on_finished(self, _result: dict) -> None:
        self.end = "done"


REQUESTS = {"highlight": Highlight, "classify": Classify, "embed": Embed, "finetune": Finetune}
"""Requests by method."""
