"""Window with the runtime's description of a layer."""

from __future__ import annotations

from html import escape
from typing import Any

from qgis.PyQt.QtGui import QGuiApplication
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.recognition import training_text
from geolangbind_qgis.runtime.translation import message_text


class ExplainDialog(QDialog):
    """Shows the runtime's description of a layer: what was recognised, why, and what the model will get."""

    def __init__(
        self, layer_name: str, reading_note: str, result: dict[str, Any], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About {0}").format(layer_name))
        self.page = QTextBrowser(self)
        self.page.setHtml(explain_html(layer_name, reading_note, result))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton(tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.page.toPlainText()))
        add_help_button(buttons, "index.html")
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(self.page)
        box.addWidget(buttons)
        self.resize(700, 560)


def explain_html(layer_name: str, reading_note: str, result: dict[str, Any]) -> str:
    """Returns the runtime's description as HTML: sentences, then a table of the bands, then the file."""
    title = message_text(str(result.get("sensor_title") or result.get("sensor") or tr("Unknown sensor")))
    parts = [f"<h2>{escape(layer_name)}</h2><p><b>{escape(title)}</b>. {escape(reading_note)}</p>"]
    trained = result.get("trained")
    if trained is not None:
        parts.append(f"<p>{escape(training_text(bool(trained)))}</p>")
    for heading, key in ((tr("Warnings"), "warnings"), (tr("Why"), "reasons")):
        lines = result.get(key) or []
        if lines:
            items = "".join(f"<li>{escape(str(line))}</li>" for line in lines)
            parts.append(f"<h3>{heading}</h3><ul>{items}</ul>")
    bands = [band for band in result.get("bands") or [] if isinstance(band, dict)]
    if bands:
        parts.append(f"<h3>{tr('Bands fed to the model')}</h3>{_table(bands)}")
    rest = {key: value for key, value in result.items() if key in _file_labels() and value not in (None, "", [], {})}
    if rest:
        rows = "".join(
            f"<tr><td>{escape(label)}</td><td>{escape(_text(rest[key]))}</td></tr>"
            for key, label in _file_labels().items()
            if key in rest
        )
        parts.append(f"<h3>{tr('The file')}</h3><table cellpadding='3'>{rows}</table>")
    return "".join(parts)


def _table(rows: list[dict[str, Any]]) -> str:
    """Returns the bands as an HTML table."""
    labels = _band_labels()
    keys = [key for key in labels if any(key in row for row in rows)]
    head = "".join(f"<th align='left' style='white-space: nowrap'>{escape(labels[key])}</th>" for key in keys)
    body = "".join(
        "<tr>"
        + "".join(f"<td style='white-space: nowrap'>{escape(_text(row.get(key)))}</td>" for key in keys)
        + "</tr>"
        for row in rows
    )
    return f"<table cellpadding='3'><tr>{head}</tr>{body}</table>"


def _band_labels() -> dict[str, str]:
    """Returns the headings of the table of bands by the runtime's field."""
    return {
        "number": tr("Band"),
        "name": tr("Name"),
        "wavelength_um": tr("Wavelength (µm)"),
        "kind": tr("Measured"),
        "low": tr("Black at"),
        "high": tr("White at"),
        "scale": tr("Scale factor"),
        "offset": tr("Offset"),
    }


def _file_labels() -> dict[str, str]:
    """Returns what is shown of the file: labels by the runtime's field. The rest is printed by ``core doctor``."""
    return {
        "path": tr("Path"),
        "width": tr("Columns"),
        "height": tr("Rows"),
        "count": tr("Bands"),
        "dtype": tr("Data type"),
        "crs": tr("Reference system"),
        "extent": tr("Extent"),
        "pixel_size": tr("Pixel size"),
        "ground_sampling_distance_m": tr("Pixel size on the ground (m)"),
        "scaling": tr("Scaling"),
    }


def _text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Returns a JSON value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, str) and '["' in value:  # well-known text of a coordinate reference system: its name will do
        return value.split('"')[1]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return message_text(str(value.get("title") or ""))
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(item) for item in value)
    return message_text(str(value))
