"""Matching of reference classes to map classes: one choice for each class whose name the map does not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from geolangbind_qgis.gui.narrow import let_shrink
from geolangbind_qgis.i18n import tr

_ERROR, _LEFT_OUT = None, ""
_MOST_ROWS_SHOWN = 6


class ClassPartners(QTableWidget):
    """Lets the user match each class of the reference to a class of the map.

    Signals:
        changed: another class was chosen.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self.setHorizontalHeaderLabels([tr("Reference"), tr("Class of the map")])
        self.setAccessibleName(tr("Classes of the reference and of the map"))
        self.verticalHeader().setVisible(False)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.hide()

    def offer(self, partners: Sequence[dict[str, Any]], map_classes: Sequence[str]) -> None:
        """List the classes of a reference, those without a match first.

        Args:
            partners: ``reference`` and ``class`` ("" where the map has none), as the runtime compared them.
            map_classes: names of the map's classes.
        """
        ordered = sorted(partners, key=lambda pair: bool(pair["class"]))
        self.setRowCount(len(ordered))
        for row, pair in enumerate(ordered):
            self.setItem(row, 0, QTableWidgetItem(str(pair["reference"])))
            choice = QComboBox(self)
            choice.setAccessibleName(tr("Class of the map for {0}").format(pair["reference"]))
            choice.addItem(tr("Counts as an error"), _ERROR)
            choice.addItem(tr("Leave out"), _LEFT_OUT)
            for name in map_classes:
                choice.addItem(name, name)
            let_shrink(choice)
            choice.setCurrentIndex(max(0, choice.findText(pair["class"])) if pair["class"] else 0)
            choice.currentIndexChanged.connect(self._on_choice)
            self.setCellWidget(row, 1, choice)
        if ordered:
            height = self.choice(0).sizeHint().height()
            self.verticalHeader().setDefaultSectionSize(height)
            rows = min(len(ordered), _MOST_ROWS_SHOWN)
            self.setMinimumHeight(rows * height + self.horizontalHeader().sizeHint().height() + 4)
        self.show()

    def forget(self) -> None:
        """Clear the list, because another reference was chosen."""
        self.setRowCount(0)
        self.hide()

    def names(self) -> dict[str, str]:
        """Returns the map's class by the reference's; "" leaves one out, and one that is missing counts as an error."""
        chosen = {self.item(row, 0).text(): self.choice(row).currentData() for row in range(self.rowCount())}
        return {reference: name for reference, name in chosen.items() if name is not _ERROR}

    def choice(self, row: int) -> QComboBox:
        """Returns the choice of a row."""
        return self.cellWidget(row, 1)

    def _on_choice(self, *_: int) -> None:
        self.changed.emit()
