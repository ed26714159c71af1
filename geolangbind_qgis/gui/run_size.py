"""Estimates of the size and duration of a run, shown before it starts."""

from __future__ import annotations

from qgis.core import QgsRasterLayer, QgsRectangle

from geolangbind_qgis import settings
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.session import DEFAULT_MODEL

LARGE_PIXELS = 25_000_000
"""From here on the size is worth a line; below, an answer comes within a short wait on most computers."""

_LEAST_SECONDS = 10.0
"""Shorter runs say little about the speed: starting the runtime is most of them."""


def pixels_in(layer: QgsRasterLayer, extent: QgsRectangle, pixel: float) -> int:
    """Returns the number of pixels of a part of a layer.

    Args:
        layer: what is searched.
        extent: the part, in the layer's CRS.
        pixel: side of a pixel where the layer has none of its own.
    """
    across, down = layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY()
    if not layer.dataProvider().xSize():
        across = down = pixel
    return round(extent.width() / across) * round(extent.height() / down) if across > 0 and down > 0 else 0


def size_text(pixels: int, *, coarse_first: bool = True) -> str:
    """Returns the estimate for a large run; empty for small ones.

    Args:
        pixels: in the area of the run.
        coarse_first: whether a coarse answer comes before the fine one.
    """
    if pixels < LARGE_PIXELS:
        return ""
    size = tr("{0} megapixels").format(number_text(pixels / 1e6))
    speed = _known_speed()
    if speed is None and coarse_first:
        return tr("Large area: {0}. A coarse answer comes first, then the time that is left.").format(size)
    if speed is None:
        return tr("Large area: {0}, time unknown.").format(size)
    seconds = pixels / speed
    if seconds < 60:
        return tr("Large area: {0}, less than a minute.").format(size)
    time = _duration_text(seconds)
    if coarse_first:
        return tr("Large area: {0}, about {1}; a coarse answer comes first.").format(size, time)
    return tr("Large area: {0}, about {1}.").format(size, time)


def _duration_text(seconds: float) -> str:
    """Returns a time of at least a minute in words."""
    if seconds < 5400:
        return tr("{0} min").format(number_text(seconds / 60))
    return tr("{0} h").format(number_text(seconds / 3600, 1))


def remember_speed(pixels: int, seconds: float) -> None:
    """Update the stored speed of the present model.

    A slower run counts at once; a faster one, whose pixels may have been computed before, counts half.
    """
    if seconds < _LEAST_SECONDS or pixels <= 0:
        return
    speed, known = pixels / seconds, _known_speed()
    if known is not None and speed > known:
        speed = (speed + known) / 2
    settings.remember(_key(), f"{speed:.1f}")


def _known_speed() -> float | None:
    """Returns the stored speed in pixels per second; None without earlier runs."""
    try:
        return float(settings.value(_key())) or None
    except ValueError:
        return None


def _key() -> str:
    model = settings.value("model", DEFAULT_MODEL).replace("/", "_").replace("\\", "_")
    return f"pixels_per_second/{settings.value('device', 'auto')}/{model}"
