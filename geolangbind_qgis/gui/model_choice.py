"""Combo box of the models that the runtime can use."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from geolangbind_qgis.gui.models_dialog import ModelsDialog
from geolangbind_qgis.gui.windows import open_dialog
from geolangbind_qgis.runtime.translation import message_text
from geolangbind_qgis.session import DEFAULT_MODEL, Session


class ModelChoice(QObject):
    """Keeps a combo box and the session's model synchronised.

    Signals:
        changed: another model is used from now on.
    """

    changed = pyqtSignal()

    def __init__(self, session: Session, combo: QComboBox, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._combo = session, combo
        combo.activated.connect(self._on_activated)

    def refresh(self) -> None:
        """Fill the list with the models that can be used."""
        models: list[dict[str, Any]] = [
            item for item in self._session.facts.get("models") or [] if isinstance(item, dict)
        ]
        names = {
            str(item.get("name")): message_text(str(item.get("title") or item.get("name")))
            for item in models
            if item.get("available", True)
        }
        names.setdefault(DEFAULT_MODEL, DEFAULT_MODEL)
        self._combo.clear()
        for name, title in names.items():
            self._add(name, title)
        self._combo.setCurrentIndex(max(0, self._combo.findData(self._session.model)))

    def manage(self, window: QWidget) -> bool:
        """Open the dialog of models; returns False without a runtime."""
        client = self._session.client
        if client is None:
            return False
        dialog = ModelsDialog(client, window)
        dialog.changed.connect(self.take)
        open_dialog(dialog, modal=False)
        return True

    def take(self, cards: list[dict[str, Any]]) -> None:
        """List the models that the runtime reports; the default is selected if the present one is gone."""
        self._session.facts["models"] = cards
        names = [card.get("name") for card in cards if card.get("available", True)]
        if self._session.model not in names:
            self._session.choose_model(DEFAULT_MODEL)
        self.refresh()
        self.changed.emit()

    def add(self, name: str, title: str) -> None:
        """Add a new model and select it."""
        if self._combo.findData(name) < 0:
            self._add(name, title)
        self._session.facts.setdefault("models", []).append({"name": name, "title": title, "available": True})
        self._combo.setCurrentIndex(self._combo.findData(name))
        self._on_activated()

    def _add(self, name: str, title: str) -> None:
        """List a model; its tool tip has the title that a narrow dock cuts."""
        self._combo.addItem(title, name)
        self._combo.setItemData(self._combo.count() - 1, title, Qt.ItemDataRole.ToolTipRole)

    def _on_activated(self, *_: int) -> None:
        self._session.choose_model(self._combo.currentData())
        self.changed.emit()
