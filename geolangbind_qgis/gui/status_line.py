"""Status row of the dock: device and model."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon


class StatusLine(QWidget):
    """Lower row of the dock: device, help, and the buttons of the other pages.

    Signals:
        runtime_wanted: the user wants to see the runtime's page.
        finetune_wanted: the user wants to fine-tune a model.
        help_wanted: the user wants the help pages.
    """

    runtime_wanted = pyqtSignal()
    finetune_wanted = pyqtSignal()
    help_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.device_label = QLabel(self)
        self.device_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        help_button = QToolButton(self)
        help_button.setText("?")
        help_button.setAutoRaise(True)
        help_button.setToolTip(tr("Help"))
        help_button.setAccessibleName(tr("Help"))
        help_button.clicked.connect(self.help_wanted)
        self.finetune_button = QToolButton(self)
        self.finetune_button.setIcon(icon("train"))
        self.finetune_button.setText(tr("Train"))
        self.finetune_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.finetune_button.setAutoRaise(True)
        self.finetune_button.setCheckable(True)
        self.finetune_button.setToolTip(tr("Train on your classes"))
        self.finetune_button.setAccessibleName(tr("Train on your classes"))
        self.finetune_button.clicked.connect(self.finetune_wanted)
        self.runtime_button = QToolButton(self)
        self.runtime_button.setIcon(icon("settings"))
        self.runtime_button.setAutoRaise(True)
        self.runtime_button.setCheckable(True)
        self.runtime_button.setToolTip(tr("Runtime: set-up, device, diagnostics"))
        self.runtime_button.setAccessibleName(tr("Runtime"))
        self.runtime_button.clicked.connect(self.runtime_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        row.addWidget(self.device_label, 1)
        row.addWidget(help_button)
        row.addWidget(self.finetune_button)
        row.addWidget(self.runtime_button)

    def show_device(self, label: str, kind: str = "") -> None:
        """Show the device in use.

        Args:
            label: as the runtime words it ("CPU, bf16").
            kind: "cuda", "mps", "cpu", or empty where nothing runs.
        """
        colour = {"": "#9a9a9a", "cpu": "#3b8eea"}.get(kind, "#2e9e5b")
        self.device_label.setText(f"<span style='color:{colour}'>●</span> {label.replace('<', '&lt;')}")
        self.device_label.setToolTip(tr("Computes on: {0}").format(label))
