"""A choice of field that outlives an edit of the layer."""

from __future__ import annotations

from qgis.gui import QgsFieldComboBox
from qgis.PyQt.QtWidgets import QWidget


class ClassFieldCombo(QgsFieldComboBox):
    """Keeps the chosen field when the fields of its layer are read anew.

    QGIS's own goes back to the first field then, which happens as soon as a default value is set or editing starts;
    labels would be taken from the feature's number.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before = ("", "")
        fields = self.model()
        fields.modelAboutToBeReset.connect(self._remember)
        fields.modelReset.connect(self._restore)

    def _remember(self) -> None:
        self._before = (self._layer_id(), self.currentField())

    def _restore(self) -> None:
        layer_id, field = self._before
        if layer_id and field and layer_id == self._layer_id() and self.findText(field) >= 0:
            self.setField(field)

    def _layer_id(self) -> str:
        layer = self.layer()
        return layer.id() if layer is not None else ""
