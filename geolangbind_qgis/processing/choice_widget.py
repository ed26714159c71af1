"""The drop-down of ``choices.with_choices``, as QGIS's Processing windows make it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processing.gui.wrappers import WidgetWrapper
from qgis.core import QgsProcessingParameterDefinition
from qgis.gui import QgsGui
from qgis.PyQt.QtWidgets import QComboBox


class ChoiceWrapper(WidgetWrapper):
    """An editable combo box: titles to choose from, any text to type."""

    def createWidget(self, choices: Callable[[], dict[str, str]]) -> QComboBox:
        """Returns the combo box with the values known now."""
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
        """Show a value: its title where it is a known one, else itself."""
        text = "" if value is None else str(value)
        index = self.widget.findData(text)
        if index >= 0:
            self.widget.setCurrentIndex(index)
        else:
            self.widget.setEditText(text)

    def value(self) -> str:
        """Returns the value of the title that is shown, or the text that was typed."""
        text = self.widget.currentText().strip()
        index = self.widget.findText(text)
        return text if index < 0 else str(self.widget.itemData(index))


class ChoiceWidget:
    """Makes the drop-down; in the window of the graphical modeler QGIS's own field, which takes inputs of the model."""

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
