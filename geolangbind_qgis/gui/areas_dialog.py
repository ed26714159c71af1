"""The areas of a land-cover map as a table."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtWidgets import QWidget

from geolangbind_qgis.gui.table_dialog import UNKNOWN, TableDialog
from geolangbind_qgis.gui.windows import open_dialog
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.class_areas import ClassArea


def show_areas(name: str, areas: Sequence[ClassArea], parent: QWidget) -> TableDialog:
    """Open the areas table as a non-modal window."""
    rows: list[list[str | float]] = [
        [area.name, UNKNOWN if area.hectares is None else area.hectares, area.share] for area in areas
    ]
    header = [tr("Class"), tr("Area (ha)"), tr("Share (%)")]
    dialog = TableDialog(tr("Areas of {0}").format(name), header, rows, [area.colour for area in areas], parent)
    open_dialog(dialog, modal=False)
    return dialog
