"""The order in which the Tab key visits the controls of a page: that of its layouts, top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLayout, QWidget


def order_by_layout(page: QWidget) -> None:
    """Let the Tab key visit the controls of a page as they are laid out."""
    controls = controls_of(page)
    for position in range(1, len(controls)):
        QWidget.setTabOrder(controls[position - 1], controls[position])


def controls_of(page: QWidget) -> list[QWidget]:
    """Returns the controls of a page that the keyboard reaches, in the order of its layouts."""
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
