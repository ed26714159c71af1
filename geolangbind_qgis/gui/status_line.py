"""Which device computes, and which model, always in sight."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon


class StatusLine(QWidget):
    """The foot of the dock: device in use, help, and the way to the runtime's page.

    Signals:
        runtime_wanted: the user wants to see the runtime's page.
        teach_wanted: the user wants to teach the model classes.
        help_wanted: the user wants the help pages.
    """

    runtime_wanted = pyqtSignal()
    teach_wanted = pyqtSignal()
    help_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._device = QLabel(self)
        self._device.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        help_button = QToolButton(self)
        help_button.setText("?")
        help_button.setAutoRaise(True)
        help_button.setToolTip(tr("Help"))
        help_button.setAccessibleName(tr("Help"))
        help_button.clicked.connect(self.help_wanted)
        self.teach_button = QToolButton(self)
        self.teach_button.setIcon(icon("teach"))
        self.teach_button.setText(tr("Train"))
        self.teach_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.teach_button.setAutoRaise(True)
        self.teach_button.setCheckable(True)
        self.teach_button.setToolTip(tr("Train on your classes"))
        self.teach_button.setAccessibleName(tr("Train on your classes"))
        self.teach_button.clicked.connect(self.teach_wanted)
        self.runtime_button = QToolButton(self)
        self.runtime_button.setIcon(icon("settings"))
        self.runtime_button.setAutoRaise(True)
        self.runtime_button.setCheckable(True)
        self.runtime_button.setToolTip(tr("Runtime: set-up, device, diagnostics"))
        self.runtime_button.setAccessibleName(tr("Runtime"))
        self.runtime_button.clicked.connect(self.runtime_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        row.addWidget(self._device, 1)
        row.addWidget(help_button)
        row.addWidget(self.teach_button)
        row.addWidget(self.runtime_button)

    def show_device(self, label: str, kind: str = "") -> None:
        """Show the device in use.

        Args:
            label: as the runtime words it ("CPU, bf16").
            kind: "cuda", "mps", "cpu", or empty where nothing runs.
        """
        colour = {"": "#9a9a9a", "cpu": "#3b8eea"}.get(kind, "#2e9e5b")
        self._device.setText(f"<span style='color:{colour}'>●</span> {label.replace('<', '&lt;')}")
        self._device.setToolTip(tr("Computes on: {0}").format(label))
