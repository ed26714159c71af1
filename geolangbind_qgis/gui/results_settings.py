"""Settings of where results are stored."""

from __future__ import annotations

from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.i18n import tr


class ResultsSettings(QgsCollapsibleGroupBox):
    """Folder for results, and whether results of unsaved projects are kept."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Results"), parent)
        self.setCollapsed(True)
        self.folder = QgsFileWidget(self)
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setFilePath(settings.results_folder())
        self.folder.lineEdit().setPlaceholderText(tr("[beside each project]"))
        self.folder.setToolTip(tr("Folder for new results; empty for one beside each project"))
        self.folder.fileChanged.connect(settings.choose_results_folder)
        label = QLabel(tr("&Results folder"), self)
        label.setBuddy(self.folder)
        self.keep_all = QCheckBox(tr("&Keep all results"), self)
        self.keep_all.setChecked(settings.keeps_all_results())
        self.keep_all.setToolTip(tr("Also keep results of projects that are closed without being saved"))
        self.keep_all.toggled.connect(settings.keep_all_results)
        box = QVBoxLayout(self)
        for widget in (label, self.folder, self.keep_all):
            box.addWidget(widget)
