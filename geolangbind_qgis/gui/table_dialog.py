"""Window with a table that can be copied and saved."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Union

from qgis.PyQt.QtCore import QSize, Qt
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

from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text

_STRETCHED_COLUMNS = 5
"""With more of them, the first would be what is left over."""

_LEAST, _MOST = QSize(520, 160), QSize(1100, 620)
"""Size of the window in pixels; in between, it is as large as the table."""

UNKNOWN = "–"
Cell = Union[str, float]


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
        rows: list[list[Cell]],
        colours: list[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.table = new_table(header, rows, colours)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton(tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        save = buttons.addButton(tr("&Save as CSV…"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text("\t")))
        save.clicked.connect(self._save)
        add_help_button(buttons, "prompts.html")
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(self.table)
        box.addWidget(buttons)
        self.resize(size_to_show(self.table))

    def text(self, separator: str) -> str:
        """Returns the table as lines of text."""
        return as_text(self.table, separator)

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save as CSV"), "", "CSV (*.csv)")
        if name:
            save_text(name, self.text(","))


def new_table(
    header: list[str], rows: list[list[Cell]], colours: list[str] | None = None, *, sortable: bool = True
) -> QTableWidget:
    """Returns a read-only table; numbers are right-aligned and sorted by value."""
    table = QTableWidget(len(rows), len(header))
    table.setHorizontalHeaderLabels(header)
    table.verticalHeader().setVisible(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setAlternatingRowColors(sortable)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            table.setItem(row, column, _item(cell, (colours or [""] * len(rows))[row] if column == 0 else ""))
    table.horizontalHeader().setHighlightSections(False)
    table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)  # as given until a head is clicked
    table.setSortingEnabled(sortable)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(len(header) > _STRETCHED_COLUMNS)
    if len(header) <= _STRETCHED_COLUMNS:
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table


def size_to_show(table: QTableWidget) -> QSize:
    """Returns the size of a window that shows all columns, at any font size."""
    table.ensurePolished()
    head, rows = table.horizontalHeader(), table.verticalHeader()
    columns = range(table.columnCount())
    letter = table.fontMetrics().height()
    width = sum(max(table.sizeHintForColumn(column), head.sectionSizeHint(column)) for column in columns) + 4 * letter
    height = rows.length() + head.sizeHint().height() + 5 * letter
    return QSize(width, height).expandedTo(_LEAST).boundedTo(_MOST)


def as_text(table: QTableWidget, separator: str) -> str:
    """Returns a table as tab-separated lines, numbers in full precision, in the order shown."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    columns = range(table.columnCount())
    writer.writerow([table.horizontalHeaderItem(column).text() for column in columns])
    for row in range(table.rowCount()):
        cells = [table.item(row, column) for column in columns]
        writer.writerow([cell.value if isinstance(cell, _Figure) else cell.text() for cell in cells])
    return stream.getvalue()


def save_text(name: str, text: str) -> None:
    """Write a CSV file; a missing suffix is added."""
    Path(name if name.lower().endswith(".csv") else name + ".csv").write_text(text, encoding="utf-8")


class _Figure(QTableWidgetItem):
    """A right-aligned number, with two decimals unless it is a count; sorts by value."""

    def __init__(self, value: float) -> None:
        super().__init__(number_text(value, 0 if isinstance(value, int) else 2))
        self.value = value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self.value < other.value if isinstance(other, _Figure) else super().__lt__(other)


def _item(cell: Cell, colour: str) -> QTableWidgetItem:
    """Returns a cell, with a colour swatch if a colour is given."""
    item = QTableWidgetItem(cell) if isinstance(cell, str) else _Figure(cell)
    if cell == UNKNOWN:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if colour:
        item.setData(Qt.ItemDataRole.DecorationRole, QColor(colour))
    return item
