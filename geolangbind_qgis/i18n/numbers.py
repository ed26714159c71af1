"""Numbers as the user writes them, with the separators that QGIS's settings name."""

from __future__ import annotations

import re
from typing import Union

from qgis.PyQt.QtCore import QLocale

Number = Union[int, float]


def number_text(value: Number, decimals: int = 0) -> str:
    """Returns a number in words of the user's locale: "2.939,5" where a comma separates decimals."""
    return QLocale().toString(float(value), "f", decimals)


def unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(?<=\d) (?=%|ha\b|km²|m²)", "\u00a0", text)


def area_text(hectares: float) -> str:
    """Returns an area in the unit that reads best."""
    if hectares >= 10_000:
        return f"{number_text(hectares / 100)} km²"
    if hectares >= 100:
        return f"{number_text(hectares)} ha"
    if hectares >= 0.1:
        return f"{number_text(hectares, 2)} ha"
    return f"{number_text(hectares * 10_000)} m²"
