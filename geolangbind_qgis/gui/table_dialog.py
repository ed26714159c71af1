"""A small table that can be copied and saved."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QGuiApplication
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.i18n import tr


class TableDialog(QDialog):
    """Shows rows of text and numbers, with Copy and Save as CSV.

    Args:
        title: of the window.
        header: one text a column.
        rows: one text or number a cell.
        colours: "#rrggbb" or empty a row, shown at its head.
        parent: window.
    """

    def __init__(
        self,
        title: str,
        header: list[str],
        rows: list[list[str | float]],
        colours: list[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._header, self._rows = header, rows
        self.table = QTableWidget(len(rows), len(header), self)
        self.table.setHorizontalHeaderLabels(header)
        self.table.verticalHeader().setVisible(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                self.table.setItem(row, column, _item(cell, (colours or [""] * len(rows))[row] if column == 0 else ""))
        self.table.horizontalHeader().setSortIndicator(
            -1, Qt.SortOrder.DescendingOrder
        )  # as given until a head is clicked
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton(tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        save = buttons.addButton(tr("&Save as CSV…"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text("\t")))
        save.clicked.connect(self._save)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(self.table)
        box.addWidget(buttons)
        self.resize(520, min(520, 130 + 30 * len(rows)))

    def text(self, separator: str) -> str:
        """Give the table as lines of text."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
        writer.writerow(self._header)
        writer.writerows(self._rows)
        return stream.getvalue()

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save as CSV"), "", "CSV (*.csv)")
        if name:
            Path(name if name.lower().endswith(".csv") else name + ".csv").write_text(self.text(","), encoding="utf-8")


class _Figure(QTableWidgetItem):
    """A number with two decimals, at the right; sorts as a number."""

    def __init__(self, value: float) -> None:
        super().__init__(f"{value:,.2f}")
        self.value = value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self.value < other.value if isinstance(other, _Figure) else super().__lt__(other)


def _item(cell: str | float, colour: str) -> QTableWidgetItem:
    """Make a cell, with a colour at its head where one is given."""
    item = QTableWidgetItem(cell) if isinstance(cell, str) else _Figure(float(cell))
    if colour:
        item.setData(Qt.ItemDataRole.DecorationRole, QColor(colour))
    return item
