"""Widgets that shrink in a narrow dock."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QComboBox

_LETTERS = 8


def let_shrink(*combos: QComboBox) -> None:
    """Allow combo boxes to become narrower than their longest entry, so that widgets beside them stay visible."""
    for combo in combos:
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(_LETTERS)
