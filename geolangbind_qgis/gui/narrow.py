"""Widgets that give way in a narrow dock."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QComboBox

_LETTERS = 8


def let_shrink(*combos: QComboBox) -> None:
    """Let combo boxes become narrower than their longest entry, which would cut off all that stands beside them."""
    for combo in combos:
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(_LETTERS)
