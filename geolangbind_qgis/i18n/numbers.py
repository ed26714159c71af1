"""Numbers formatted with the separators of QGIS's locale."""

from __future__ import annotations

import re
from typing import Union

from qgis.PyQt.QtCore import QLocale

Number = Union[int, float]


def number_text(value: Number, decimals: int = 0) -> str:
    """Returns a number in the user's locale: "2.939,5" with a decimal comma."""
    return QLocale().toString(float(value), "f", decimals)


def unbroken(text: str) -> str:
    """Returns a number and its unit joined by a no-break space."""
    return re.sub(r"(?<=\d) (?=%|ha\b|km²|m²)", "\u00a0", text)


def area_text(hectares: float) -> str:
    """Returns an area in m², hectares or km², whichever is most readable."""
    if hectares >= 10_000:
        return f"{number_text(hectares / 100)} km²"
    if hectares >= 100:
        return f"{number_text(hectares)} ha"
    if hectares >= 0.1:
        return f"{number_text(hectares, 2)} ha"
    return f"{number_text(hectares * 10_000)} m²"
