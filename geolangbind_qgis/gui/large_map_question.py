"""The question before a large map is made: all of it, or what is in view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qgis.core import Qgis
from qgis.gui import QgsMessageBar, QgsMessageBarItem
from qgis.PyQt.QtWidgets import QPushButton

from geolangbind_qgis.i18n import tr


def ask_about_large_map(bar: QgsMessageBar, size: str, classify: Callable[[bool], None]) -> QgsMessageBarItem:
    """Ask in the message bar, which leaves the map free; closing the message means neither.

    Args:
        bar: of the main window.
        size: how large the run is and how long it will take, in words.
        classify: begins; its argument is whether only the visible extent is classified.

    Returns:
        The question, which is in the message bar; its buttons are "Classify all" and "In view".
    """
    item = bar.createMessage(size)  # without a title, which a narrow window has no room for

    def begin(visible_only: bool, *_: bool) -> None:
        bar.popWidget(item)
        classify(visible_only)

    for text, visible_only in ((tr("Classify all"), False), (tr("In view"), True)):
        button = QPushButton(text, item)
        button.clicked.connect(partial(begin, visible_only))
        item.layout().addWidget(button)
    return bar.pushWidget(item, Qgis.MessageLevel.Info, 0)
