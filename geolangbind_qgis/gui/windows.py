"""The one place where the plugin's dialogs are shown, and their owner while they are open.

A dialog whose Python object nobody holds loses its slots, or ends QGIS when one of them is called: Qt keeps the window
of a dialog with a parent, not the object that Python made of it.
"""

from __future__ import annotations

from functools import partial

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtWidgets import QDialog, QMessageBox, QWidget

_FRAME = QSize(16, 48)
"""Room for the frame and the title that the desktop adds to a dialog, in pixels."""

_open: set[QDialog] = set()


def open_dialog(dialog: QDialog, *, modal: bool = True) -> None:
    """Show a dialog and keep a reference until it is finished; it is deleted then.

    Args:
        dialog: a new dialog.
        modal: whether its parent window waits; a window to read beside the map does not make it wait.
    """
    _open.add(dialog)
    dialog.finished.connect(partial(_release, dialog))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # `_release` deletes it, however it ends
    if dialog.testAttribute(Qt.WidgetAttribute.WA_Resized):  # else Qt itself chooses a size that fits the screen
        dialog.resize(dialog.size().boundedTo(dialog.screen().availableSize() - _FRAME))
    if modal:
        dialog.open()
    else:
        dialog.setWindowModality(Qt.WindowModality.NonModal)
        dialog.show()


def open_dialogs() -> list[QDialog]:
    """Returns the dialogs that are open."""
    return list(_open)


def close_dialogs() -> None:
    """Close every dialog, before the plugin is unloaded."""
    for dialog in open_dialogs():
        dialog.reject()


def confirm(parent: QWidget, question: str) -> bool:
    """Returns whether the user answered Yes; waits for the answer."""
    buttons = QMessageBox.StandardButton
    return QMessageBox.question(parent, "GeoLangBind", question, buttons.Yes | buttons.No) == buttons.Yes


def _release(dialog: QDialog, *_: int) -> None:
    """Remove the reference to a finished dialog."""
    _open.discard(dialog)
    dialog.deleteLater()
