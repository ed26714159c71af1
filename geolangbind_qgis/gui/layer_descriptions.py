"""Descriptions of layers: requested from the runtime, shown, corrected and stored."""

from __future__ import annotations

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QWidget

from geolangbind_qgis.gui.recognition_dialog import RecognitionDialog
from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.gui.windows import open_dialog
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.natural_colours import natural_bands
from geolangbind_qgis.layers.recognition import Reading, Recognised, keep_reading, read_reading
from geolangbind_qgis.runs.describe import Describer
from geolangbind_qgis.runs.failure import Failure
from geolangbind_qgis.session import Session


class LayerDescriptions(QObject):
    """Stores the descriptions by layer and shows that of the selected layer.

    Args:
        session: gives the runtime.
        page: where the description is shown.
        window: parent of the dialog that corrects it.
    """

    def __init__(self, session: Session, page: SearchPage, window: QWidget) -> None:
        super().__init__(window)
        self._page = page
        self._window = window
        self._found: dict[str, Recognised] = {}
        self.describer = Describer(session, self)
        self.describer.described.connect(self._on_described)
        self.describer.failed.connect(self._on_failed)
        page.recognition.edit_wanted.connect(self.edit)

    def found(self, layer_id: str) -> Recognised | None:
        """Returns the description of a layer; None if it was not requested yet."""
        return self._found.get(layer_id)

    @property
    def busy(self) -> bool:
        """Whether a description is being requested."""
        return self.describer.busy

    def forget(self, *layer_ids: str) -> None:
        """Discard the descriptions of these layers."""
        for layer_id in layer_ids:
            self._found.pop(layer_id, None)

    def forget_all(self) -> None:
        """Discard all descriptions, because model, project or environment changed."""
        self._found.clear()

    def show(self, layer: QgsRasterLayer, *, ask: bool) -> None:
        """Show the layer's description.

        Args:
            layer: the page's layer.
            ask: whether to request the description from the runtime where it is not known yet.
        """
        known = self._found.get(layer.id())
        if known is not None:
            self._show_found(layer, known)
        elif ask:
            self.describer.describe(layer)
            if self.describer.busy:
                self._page.recognition.show_text(tr("Recognising sensor and bands…"))

    def edit(self) -> None:
        """Open the dialog that corrects the recognition."""
        layer = self._page.layer()
        if layer is None:
            return
        dialog = RecognitionDialog(layer.bandCount(), read_reading(layer), self._found.get(layer.id()), self._window)
        dialog.accepted.connect(lambda: self._on_reading(layer.id(), dialog.reading()))
        open_dialog(dialog)

    def clean_up(self) -> None:
        """Cancel running requests."""
        self.describer.abandon()

    def _on_reading(self, layer_id: str, reading: Reading) -> None:
        """Store the correction and request a new description."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if isinstance(layer, QgsRasterLayer):
            keep_reading(layer, reading)
            self.forget(layer_id)
            self.describer.describe(layer)

    def _on_described(self, layer_id: str, found: Recognised) -> None:
        self._found[layer_id] = found
        layer = self._page.layer()
        if layer is not None and layer.id() == layer_id:
            self._show_found(layer, found)

    def _show_found(self, layer: QgsRasterLayer, found: Recognised) -> None:
        self._page.recognition.show_recognised(found, read_reading(layer).is_own)
        self._page.natural_button.setEnabled(natural_bands(found) is not None)

    def _on_failed(self, layer_id: str, failure: Failure) -> None:
        layer = self._page.layer()
        if layer is not None and layer.id() == layer_id and not failure.cancelled:
            self._page.recognition.show_text(failure.text, editable=True)
