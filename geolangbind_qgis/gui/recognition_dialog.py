"""Dialog that corrects the recognised sensor, bands and scaling of a layer."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.catalogue.sensors import scaling_titles, sensor_titles
from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.recognition import Reading, Recognised


class RecognitionDialog(QDialog):
    """Edits sensor, bands, wavelengths and scaling; empty fields are recognised automatically.

    Args:
        band_count: bands in the layer.
        reading: what the user set before.
        found: what was recognised, shown as placeholders; None where nothing was yet.
        parent: window.
    """

    def __init__(
        self, band_count: int, reading: Reading, found: Recognised | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Sensor, bands and scaling"))
        self._band_count = band_count
        self._sensor = _combo(tr("Detect automatically"), sensor_titles(), reading.sensor)
        self._scaling = _combo(tr("Default of the sensor"), scaling_titles(), reading.scaling)
        self._bands = QLineEdit(", ".join(map(str, reading.bands)), self)
        self._wavelengths = QLineEdit(", ".join(f"{length:g}" for length in reading.wavelengths_um), self)
        if found is not None:
            self._bands.setPlaceholderText(", ".join(map(str, found.band_numbers)))
            known = found.wavelengths_um if any(found.wavelengths_um) else ()
            self._wavelengths.setPlaceholderText(", ".join(f"{length:g}" for length in known))
        self._bands.setToolTip(tr("Band numbers from 1, in the order the model gets them, as in 4, 3, 2 or 1-12"))
        self._wavelengths.setToolTip(tr("Centre wavelength of each band in micrometres, as in 0.665, 0.56, 0.49"))
        self._collar = QCheckBox(tr("A border of one exact colour is no data"), self)
        self._collar.setToolTip(tr("Leaves out the black or white border around a picture, where it has one"))
        self._collar.setChecked(reading.collar == "mask")
        self._problem = QLabel(self)
        self._problem.setWordWrap(True)
        form = QFormLayout()
        form.addRow(tr("&Sensor"), self._sensor)
        form.addRow(tr("&Bands"), self._bands)
        form.addRow(tr("&Wavelengths (µm)"), self._wavelengths)
        form.addRow(tr("S&caling"), self._scaling)
        form.addRow("", self._collar)
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel | kinds.Reset, self)
        add_help_button(buttons, "prompts.html")
        buttons.accepted.connect(self._on_accept)
        buttons.rejected.connect(self.reject)
        buttons.button(kinds.Reset).clicked.connect(self._on_reset)
        box = QVBoxLayout(self)
        box.addLayout(form)
        box.addWidget(self._problem)
        box.addWidget(buttons)
        self.setMinimumWidth(460)

    def reading(self) -> Reading:
        """Returns the user's corrections.

        Raises:
            ValueError: a field cannot be understood; the message says which.
        """
        bands = _numbers(self._bands.text())
        wrong = [band for band in bands if not 1 <= band <= self._band_count]
        if wrong:
            raise ValueError(
                tr("The layer has bands 1 to {0}; {1} is not one of them.").format(self._band_count, wrong[0])
            )
        try:
            wavelengths = tuple(
                float(part) for part in self._wavelengths.text().replace(";", ",").split(",") if part.strip()
            )
        except ValueError:
            raise ValueError(tr("Wavelengths are numbers separated by commas, with a point for decimals.")) from None
        expected = len(bands) or self._band_count
        if wavelengths and len(wavelengths) != expected:
            raise ValueError(tr("Give one wavelength a band: {0} of them.").format(expected))
        collar = "mask" if self._collar.isChecked() else "keep"
        return Reading(self._sensor.currentData(), bands, wavelengths, self._scaling.currentData(), collar)

    def _on_accept(self) -> None:
        try:
            self.reading()
        except ValueError as problem:
            self._problem.setText(f"<b>{problem}</b>")
            return
        self.accept()

    def _on_reset(self) -> None:
        self._sensor.setCurrentIndex(0)
        self._scaling.setCurrentIndex(0)
        self._bands.clear()
        self._wavelengths.clear()
        self._collar.setChecked(False)
        self._problem.clear()


def _combo(first: str, titles: dict[str, str], chosen: str | None) -> QComboBox:
    """Returns a combo box whose first entry leaves the choice to the runtime."""
    combo = QComboBox()
    combo.addItem(first, None)
    for name, title in titles.items():
        combo.addItem(title, name)
    combo.setCurrentIndex(max(0, combo.findData(chosen)) if chosen else 0)
    return combo


def _numbers(text: str) -> tuple[int, ...]:
    """Returns the numbers in a text such as "4, 3, 2" or "1-12"."""
    found: list[int] = []
    for part in text.replace(";", ",").split(","):
        first, dash, last = part.strip().partition("-")
        try:
            if dash:
                found.extend(range(int(first), int(last) + 1))
            elif first:
                found.append(int(first))
        except ValueError:
            raise ValueError(tr("Bands are numbers from 1 separated by commas.")) from None
    return tuple(found)
