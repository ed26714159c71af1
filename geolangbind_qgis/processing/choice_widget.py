"""Widget of parameters with choices (``choices.with_choices``) in QGIS's Processing dialogs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsProcessingParameterDefinition
from qgis.gui import QgsGui
from qgis.PyQt.QtWidgets import QComboBox


class ChoiceWrapper(WidgetWrapper):
    """An editable combo box of titles; other text can be typed."""

    def createWidget(self, choices: Callable[[], dict[str, str]]) -> QComboBox:
        """Returns the combo box with the present choices."""
        combo = QComboBox()
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value, title in choices().items():
            combo.addItem(title, value)
        combo.setAccessibleName(self.parameterDefinition().description())
        combo.currentTextChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        return combo

    def setValue(self, value: Any) -> None:  # noqa: ANN401 - of the parameter
        """Set a value; a known one is shown by its title."""
        text = "" if value is None else str(value)
        index = self.widget.findData(text)
        if index >= 0:
            self.widget.setCurrentIndex(index)
        else:
            self.widget.setEditText(text)

    def value(self) -> str:
        """Returns the value of the selected title, or the typed text."""
        text = self.widget.currentText().strip()
        index = self.widget.findText(text)
        return text if index < 0 else str(self.widget.itemData(index))


class ChoiceWidget:
    """Creates the combo box; the graphical modeler gets QGIS's own widget, which accepts model inputs."""

    def __new__(
        cls,
        parameter: QgsProcessingParameterDefinition,
        dialog: Any,  # noqa: ANN401 - one of QGIS's windows
        row: int = 0,
        column: int = 0,
        *,
        choices: Callable[[], dict[str, str]],
    ) -> Any:  # noqa: ANN401 - a widget wrapper of either kind
        """Returns the wrapper for a window."""
        if type(dialog).__name__ != "ModelerParametersDialog":
            return ChoiceWrapper(parameter, dialog, row, column, choices=choices)
        registry = QgsGui.processingGuiRegistry()
        field = registry.createModelerParameterWidget(dialog.model, dialog.childId, parameter, dialog.context)
        field.setDialog(dialog)
        return field
