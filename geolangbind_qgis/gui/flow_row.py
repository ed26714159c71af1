"""Layout that wraps its widgets into further lines."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.PyQt.QtCore import QRect, QSize, Qt
from qgis.PyQt.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowRow(QLayout):
    """Places as many widgets in a line as fit, at any font size.

    Args:
        parent: widget to lay out; None for a layout within another.
        spacing: between widgets and between lines, in pixels.
    """

    def __init__(self, parent: QWidget | None = None, spacing: int = 4) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        """Append an item."""
        self._items.append(item)

    def count(self) -> int:
        """Returns the number of widgets."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Returns an item; None beyond the last."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Removes and returns an item; None beyond the last."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """The layout expands horizontally."""
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        """The height depends on the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Returns the height of all lines."""
        lines = list(self._lines(width))
        return sum(self._height(line) for line in lines) + self.spacing() * max(0, len(lines) - 1)

    def sizeHint(self) -> QSize:
        """Returns the size of a single line."""
        widths = [item.sizeHint().width() for item in self._items]
        return QSize(sum(widths) + self.spacing() * max(0, len(widths) - 1), self._height(self._items))

    def minimumSize(self) -> QSize:
        """Returns the size of the widest item: the height follows from the width."""
        return QSize(max((item.sizeHint().width() for item in self._items), default=0), self._height(self._items))

    def setGeometry(self, place: QRect) -> None:
        """Place the items line by line."""
        super().setGeometry(place)
        top = place.top()
        for line in self._lines(place.width()):
            spare = place.width() - sum(item.sizeHint().width() for item in line) - self.spacing() * (len(line) - 1)
            left = place.left()
            for position, item in enumerate(line):
                more = spare * (position + 1) // len(line) - spare * position // len(line)
                width = item.sizeHint().width() + more
                item.setGeometry(QRect(left, top, width, self._height(line)))
                left += width + self.spacing()
            top += self._height(line) + self.spacing()

    def _lines(self, width: int) -> Iterator[list[QLayoutItem]]:
        """Returns the items of each line."""
        line: list[QLayoutItem] = []
        used = 0
        for item in self._items:
            wanted = item.sizeHint().width()
            if line and used + self.spacing() + wanted > width:
                yield line
                line, used = [], 0
            used += wanted + (self.spacing() if line else 0)
            line.append(item)
        if line:
            yield line

    @staticmethod
    def _height(items: list[QLayoutItem]) -> int:
        return max((item.sizeHint().height() for item in items), default=0)
