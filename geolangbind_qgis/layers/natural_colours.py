"""Natural colours: the red, green and blue bands of a raster with many bands, found by their wavelengths."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsContrastEnhancement, QgsMultiBandColorRenderer, QgsRasterLayer

from geolangbind_qgis.layers.recognition import Recognised

PRIMARIES_UM = (0.665, 0.56, 0.49)
"""Red, green and blue, µm: the centres of Sentinel-2's bands."""

_TOLERANCE_UM = 0.06

Limits = tuple[float, float]


def natural_bands(found: Recognised) -> tuple[int, ...] | None:
    """Returns the positions of red, green and blue among the recognised bands; None where one of them is missing."""
    chosen = []
    for wanted in PRIMARIES_UM:
        distances = [(abs(length - wanted), index) for index, length in enumerate(found.wavelengths_um)]
        nearest, index = min(distances, default=(_TOLERANCE_UM, -1))
        if nearest >= _TOLERANCE_UM:
            return None
        chosen.append(index)
    return tuple(chosen) if len(set(chosen)) == len(chosen) else None


def show_recognised_colours(layer: QgsRasterLayer, found: Recognised) -> bool:
    """Style a layer in natural colours.

    Args:
        layer: a raster layer.
        found: what it was recognised as.

    Returns:
        Whether it has bands for red, green and blue.
    """
    chosen = natural_bands(found)
    if chosen is None:
        return False
    bands = [found.band_numbers[index] for index in chosen]
    show_bands(layer, bands, [found.limits[index] for index in chosen])
    return True


def show_bands(layer: QgsRasterLayer, bands: Sequence[int], limits: Sequence[Limits]) -> None:
    """Show three bands as red, green and blue.

    Args:
        layer: a raster layer.
        bands: three band numbers, from 1.
        limits: of each band, the digital numbers for black and white; without a stretch where they are equal.
    """
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, *bands)
    setters = (
        renderer.setRedContrastEnhancement,
        renderer.setGreenContrastEnhancement,
        renderer.setBlueContrastEnhancement,
    )
    for index, setter in enumerate(setters):
        band, (low, high) = bands[index], limits[index]
        if high <= low:
            continue
        stretch = QgsContrastEnhancement(provider.dataType(band))
        scale, offset = provider.bandScale(band), provider.bandOffset(band)  # QGIS's values are scaled
        stretch.setMinimumValue(low * scale + offset)
        stretch.setMaximumValue(high * scale + offset)
        stretch.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        setter(stretch)
    layer.setRenderer(renderer)
    layer.triggerRepaint()
    layer.emitStyleChanged()
