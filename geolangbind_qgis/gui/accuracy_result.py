"""Window with the accuracy of a map: figures, class table and confusion matrix."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QColor, QDesktopServices, QGuiApplication
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QTableWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.gui.table_dialog import UNKNOWN, Cell, as_text, new_table, save_text, size_to_show
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text

_RIGHT, _WRONG = (46, 160, 67), (207, 34, 46)
_STRONGEST = 190


class AccuracyResult(QDialog):
    """Shows the result of ``core.tasks.accuracy``.

    Args:
        name: of the map.
        result: of the runtime.
        parent: window.
    """

    def __init__(self, name: str, result: dict[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Accuracy of {0}").format(name))
        self._report = str(result.get("report") or "")
        figures = QLabel(figures_html(result), self)
        figures.setTextFormat(Qt.TextFormat.RichText)
        figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        figures.setWordWrap(True)
        self.classes = new_table(*class_table(result["classes"]), sortable=True)
        self.matrix = new_table(*matrix_table(result), sortable=False)
        _shade(self.matrix, result["matrix"])
        self._explain_heads(result["classes"])
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self.classes, tr("Classes"))
        self.tabs.addTab(self.matrix, tr("Confusion matrix"))
        note = QLabel("\n".join(filter(None, (errors_text(result), _note(result)))), self)
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        action = QDialogButtonBox.ButtonRole.ActionRole
        self.report_button = buttons.addButton(tr("Open &report"), action)
        self.report_button.setEnabled(bool(self._report))
        self.report_button.clicked.connect(self.open_report)
        copy = buttons.addButton(tr("&Copy"), action)
        copy.setObjectName("copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(as_text(self._shown(), "\t")))
        buttons.addButton(tr("&Save as CSV…"), action).clicked.connect(self._save)
        add_help_button(buttons, "landcover.html#accuracy")
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        for widget in (figures, self.tabs, note, buttons):
            box.addWidget(widget, 1 if widget is self.tabs else 0)
        width = size_to_show(self.classes).width()
        self.resize(width, min(680, 330 + 30 * len(result["classes"])))

    def open_report(self) -> None:
        """Open the page in the browser."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._report))

    def _shown(self) -> QTableWidget:
        return self.tabs.currentWidget()

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save as CSV"), "", "CSV (*.csv)")
        if name:
            save_text(name, as_text(self._shown(), ","))

    def _explain_heads(self, classes: list[dict[str, Any]]) -> None:
        """Set tooltips that explain the measures of the columns."""
        tips = {
            tr("Producer's (%)"): tr("Of what is really there, the share that the map shows"),
            tr("User's (%)"): tr("Of what the map shows, the share that is really there"),
            tr("Mapped (ha)"): tr("Area that the map shows"),
            tr("Adjusted (ha)"): tr("Area corrected by the errors found at the samples"),
        }
        for column in range(self.classes.columnCount()):
            head = self.classes.horizontalHeaderItem(column)
            head.setToolTip(tips.get(head.text(), ""))


def figures_html(result: dict[str, Any]) -> str:
    """Returns the figures of the whole map as one line."""
    parts = [f"{tr('Overall accuracy')} <b>{_percent(result['overall'])} %</b>"]
    adjusted = result.get("adjusted")
    if adjusted:
        share, width = _percent(adjusted["overall"]), _percent(adjusted["overall_half_width"])
        parts.append(f"{tr('area-adjusted')} <b>{share} ± {width} %</b> (95 %)")
    for name, key in (("kappa", "kappa"), ("mIoU", "mean_iou")):
        value = result.get(key)
        parts.append(f"{name} {UNKNOWN if value is None else format(value, '.2f')}")
    parts.append(_samples(result))
    return " &nbsp;·&nbsp; ".join(parts)


def _samples(result: dict[str, Any]) -> str:
    """Returns the number of samples and, for polygons and lines, the number of those, which are the sampling units."""
    samples = number_text(result["samples"])
    if result["unit"] in ("pixel", "point"):
        return f"{samples} {tr('samples')}"
    kinds = {"polygon": tr("polygons"), "line": tr("lines")}
    return tr("{0} pixels in {1} {2}").format(
        samples, number_text(result["units"]), kinds.get(result["unit"], tr("features"))
    )


def errors_text(result: dict[str, Any]) -> str:
    """Returns a sentence on reference classes that the map does not have; all their samples count as errors."""
    alone = {str(pair["reference"]) for pair in result["partners"] if not pair["class"]}
    found = [
        f"{row['name']} ({number_text(row['samples'])})"
        for row in result["classes"]
        if row["samples"] and str(row["name"]) in alone
    ]
    return tr("Not on the map, counted as errors: {0}").format(", ".join(found)) if found else ""


def _note(result: dict[str, Any]) -> str:
    """Returns how the confidence intervals were estimated, or why there are none."""
    if not result.get("adjusted"):
        return tr("Area-adjusted figures need two samples or more in every class that the map shows.")
    if result["unit"] == "pixel":
        return tr(
            "Every pixel of the reference counts as an independent sample. Neighbouring pixels are alike, so the "
            "intervals are too narrow unless the reference covers the whole map."
        )
    said = tr(
        "Area-adjusted figures follow Olofsson et al. (2014). They hold for points drawn at random within "
        "each class of the map; for others they are a correction, not a guarantee."
    )
    if result["unit"] == "point":
        return said
    return said + " " + tr("Pixels of one polygon are alike: each polygon counts as one sample at most.")


def class_table(classes: list[dict[str, Any]]) -> tuple[list[str], list[list[Cell]]]:
    """Returns header and rows of the classes; areas in hectares where they are known, else shares of the map."""
    in_hectares = any(row.get("hectares") is not None for row in classes)
    header = [tr("Class"), tr("Samples"), tr("Producer's (%)"), tr("User's (%)"), "F1", "IoU"]
    area, key, factor = tr("Adjusted share (%)"), "adjusted_share", 100.0
    if in_hectares:
        header.append(tr("Mapped (ha)"))
        area, key, factor = tr("Adjusted (ha)"), "adjusted_hectares", 1.0
    header += [area, tr("± 95 %")]
    rows: list[list[Cell]] = []
    for row in classes:
        cells: list[Cell] = [row["name"], int(row["samples"])]
        cells += [_scaled(row["producers"], 100), _scaled(row["users"], 100), _scaled(row["f1"]), _scaled(row["iou"])]
        if in_hectares:
            cells.append(_scaled(row["hectares"]))
        cells += [_scaled(row.get(key), factor), _scaled(row.get(f"{key}_half_width"), factor)]
        rows.append(cells)
    return header, rows


def matrix_table(result: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
    """Returns header and rows of the confusion matrix with its sums: rows are the reference, columns the map."""
    names = [str(row["name"]) for row in result["classes"]]
    counts = result["matrix"]
    rows: list[list[Cell]] = [[name, *line, sum(line)] for name, line in zip(names, counts)]
    rows.append([tr("Total"), *(sum(column) for column in zip(*counts)), int(result["samples"])])
    return [tr("Reference ↓ · map →"), *names, tr("Total")], rows


def _shade(table: QTableWidget, counts: list[list[int]]) -> None:
    """Colour the cells by their share of the reference class: green on the diagonal, red elsewhere."""
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            if count:
                strength = round(_STRONGEST * count / sum(line))
                colour = QColor(*(_RIGHT if row == column else _WRONG), max(12, strength))
                table.item(row, column + 1).setBackground(colour)


def _scaled(value: float | None, factor: float = 1.0) -> Cell:
    return UNKNOWN if value is None else factor * float(value)


def _percent(share: float) -> str:
    return number_text(100 * share, 1)
