"""Texts of the dock's tour."""

from __future__ import annotations

from html import escape

from geolangbind_qgis.gui.search_page import SearchPage
from geolangbind_qgis.gui.tour import TourStep
from geolangbind_qgis.i18n import tr


def dock_steps(page: SearchPage) -> tuple[TourStep, ...]:
    """Returns the four steps from an image to a result, as they fit what is chosen now."""
    return (
        _image_step(page),
        TourStep(
            tr("Type what you look for"),
            tr("Plain words, such as: water. One prompt a line; every prompt becomes a layer of its own."),
            lambda: page.prompts,
        ),
        TourStep(
            tr("Run"),
            tr("A coarse answer comes first, then the fine one. The next prompt on the same image is quick."),
            lambda: page.run_bar,
        ),
        TourStep(
            tr("Set the threshold"),
            tr(
                "With an answer on the map, the threshold is set below Run, and the answer is saved or outlined as "
                "polygons. For land cover, right-click a raster layer."
            ),
            lambda: page.result if page.result.isVisibleTo(page) else page.run_bar,
        ),
    )


def _image_step(page: SearchPage) -> TourStep:
    """Returns the step about the image, which the page may have already."""
    layer = page.layer()
    if layer is None:
        return TourStep(
            tr("Choose an image"),
            tr("Add a raster layer and choose it here, or open the sample scene."),
            lambda: page.layers,
        )
    return TourStep(
        tr("The image"),
        tr("Prompts are looked for in this layer: {0}. Choose another raster layer here.").format(escape(layer.name())),
        lambda: page.layers,
    )
