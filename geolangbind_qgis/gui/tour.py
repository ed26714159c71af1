"""Tour of the dock: steps that explain one control each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qgis.PyQt.QtCore import QEvent, QObject, QPoint, QRect, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPen
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.i18n import tr

_SEEN = "tour_seen"


@dataclass(frozen=True)
class TourStep:
    """One step.

    Attributes:
        title: in a few words.
        text: what to do there.
        control: gives the control that it is about.
    """

    title: str
    text: str
    control: Callable[[], QWidget]


def tour_was_seen() -> bool:
    """Whether the user went through the tour, or closed it."""
    return settings.value(_SEEN) == "yes"


class Tour(QFrame):
    """A card with the text of a step and navigation buttons; the control is outlined.

    Signals:
        step_shown: the control of the step that is shown now.
        ended: the tour is over.

    Args:
        steps: gives the steps as they fit now, always as many and at least one.
        parent: widget that holds the card.
    """

    step_shown = pyqtSignal(object)
    ended = pyqtSignal()

    def __init__(self, steps: Callable[[], tuple[TourStep, ...]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps = steps
        self.outline = Outline()
        self.position = -1
        self._running = False
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.close_button = _button(tr("Close"), self.end)
        self.back_button = _button(tr("Back"), lambda: self.show_step(self.position - 1))
        self.next_button = _button(tr("Next"), lambda: self.show_step(self.position + 1))
        row = QHBoxLayout()
        row.addWidget(self.close_button)
        row.addStretch(1)
        row.addWidget(self.back_button)
        row.addWidget(self.next_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 6, 8, 6)
        box.addWidget(self.text)
        box.addLayout(row)
        self.hide()

    def start(self) -> None:
        """Show the first step."""
        self._running = True
        self.show()
        self.show_step(0)
        self.next_button.setFocus()

    def show_step(self, position: int) -> None:
        """Show a step; beyond the last one the tour ends."""
        steps = self._steps()
        count = len(steps)
        if position >= count:
            self.end()
            return
        self.position = max(0, position)
        step = steps[self.position]
        number = tr("Step {0} of {1}").format(self.position + 1, count)
        self.text.setText(f"<b>{step.title}</b> ({number})<br>{step.text}")
        self.back_button.setEnabled(self.position > 0)
        self.next_button.setText(tr("Done") if self.position == count - 1 else tr("Next"))
        control = step.control()
        self.outline.surround(control)
        self.step_shown.emit(control)

    def set_aside(self, aside: bool) -> None:
        """Hide the card of a running tour while its controls are not shown, and show it again afterwards."""
        if self._running:
            self.setVisible(not aside)

    def refresh(self) -> None:
        """Say what fits now, where the tour is running."""
        if self._running:
            self.show_step(self.position)

    def show_last(self) -> None:
        """Show the last step, where the tour is running: the user went ahead."""
        if self._running:
            self.show_step(len(self._steps()) - 1)

    def end(self) -> None:
        """Close the tour; it does not start automatically again."""
        settings.remember(_SEEN, "yes")
        self._running = False
        self.outline.surround(None)
        self.hide()
        self.ended.emit()


class Outline(QWidget):
    """A frame around a control that passes mouse events through and follows the control's geometry."""

    def __init__(self) -> None:
        super().__init__()
        self._control: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def surround(self, control: QWidget | None) -> None:
        """Outline another control; None hides the frame."""
        if self._control is not None:
            self._control.removeEventFilter(self)
        self._control = control
        if control is None:
            self.hide()
            self.setParent(None)
            return
        self.setParent(control.parentWidget())
        control.installEventFilter(self)
        self._place()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the control's geometry."""
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize):
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#ff2d95"), 2))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4, 4)

    def _place(self) -> None:
        if self._control is not None:
            corner = self._control.pos() - QPoint(3, 3)
            size = self._control.size()
            self.setGeometry(QRect(corner.x(), corner.y(), size.width() + 6, size.height() + 6))


def _button(text: str, slot: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: slot())
    return button
