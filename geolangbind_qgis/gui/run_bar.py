"""Run button with progress and Cancel."""

from __future__ import annotations

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QProgressBar, QPushButton, QWidget

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.icons import icon

_STEPS = 1000


class RunBar(QWidget):
    """Run button that turns into a progress bar with time left and a Cancel button during a run.

    Signals:
        run_wanted: Run was pressed.
        cancel_wanted: Cancel was pressed.
    """

    run_wanted = pyqtSignal()
    cancel_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run_button = QPushButton(icon("run"), tr("&Run"), self)
        self.run_button.setDefault(True)
        self.run_button.setToolTip(tr("Find the pixels that match the prompts (Enter)"))
        self.run_button.clicked.connect(self.run_wanted)
        self.cancel_button = QPushButton(tr("&Cancel"), self)
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(True)
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(3)
        self._grid.addWidget(self.run_button, 0, 0)
        self._grid.addWidget(self.bar, 0, 1)
        self._grid.addWidget(self.cancel_button, 0, 2)
        self._grid.setColumnStretch(1, 1)
        self.show_idle("")

    def show_busy(self, fraction: float, message: str, seconds_left: float | None = None) -> None:
        """Show the progress of the run."""
        self.run_button.hide()
        self._grid.addWidget(self.message, 1, 0, 1, 3)
        self.bar.show()
        self.cancel_button.show()
        self.bar.setRange(0, _STEPS if fraction > 0 else 0)
        self.bar.setValue(round(fraction * _STEPS))
        left = "" if seconds_left is None else " · " + time_left_text(seconds_left)
        self._show_message(message + left)

    def show_idle(self, message: str) -> None:
        """Show the Run button again, with a final message."""
        self.bar.hide()
        self.cancel_button.hide()
        self.run_button.show()
        self._grid.addWidget(self.message, 0, 1, 1, 2)
        self._show_message(message)

    def _show_message(self, message: str) -> None:
        self.message.setText(message)
        self.message.setVisible(bool(message))


def time_left_text(seconds: float) -> str:
    """Returns the time left as text."""
    if seconds < 1:
        return tr("almost done")
    if seconds < 90:
        return tr("{0} s left").format(round(seconds))
    if seconds < 5400:
        return tr("{0} min left").format(round(seconds / 60))
    return tr("{0} h left").format(number_text(seconds / 3600, 1))
