"""Tab order of a page's controls: that of its layouts, top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLayout, QWidget


def order_by_layout(page: QWidget) -> None:
    """Set the tab order of a page's controls by their layout."""
    controls = controls_of(page)
    for position in range(1, len(controls)):
        QWidget.setTabOrder(controls[position - 1], controls[position])


def controls_of(page: QWidget) -> list[QWidget]:
    """Returns the focusable controls of a page, in layout order."""
    layout = page.layout()
    return [] if layout is None else [each for each in _widgets(layout) if each.focusPolicy() & Qt.FocusPolicy.TabFocus]


def _widgets(layout: QLayout) -> Iterator[QWidget]:
    for index in range(layout.count()):
        item = layout.itemAt(index)
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            yield widget
            if widget.layout() is not None:
                yield from _widgets(widget.layout())
        elif inner is not None:
            yield from _widgets(inner)
