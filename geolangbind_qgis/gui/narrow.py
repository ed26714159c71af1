"""Widgets that shrink in a narrow dock."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QComboBox, QLineEdit

_LETTERS = 8


def let_shrink(*combos: QComboBox) -> None:
    """Allow combo boxes to become narrower than their longest entry, so that widgets beside them stay visible."""
    for combo in combos:
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(_LETTERS)


def show_from_start(edit: QLineEdit, text: str) -> None:
    """Fill in a text whose beginning is seen where it is longer than the field."""
    edit.setText(text)
    edit.setCursorPosition(0)
