"""Help pages of the plugin and the Help button of dialogs."""

from __future__ import annotations

from functools import partial

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QDialogButtonBox

from geolangbind_qgis.protocol_import import CODE_ROOT


def open_help(page: str = "index.html") -> None:
    """Open a help page in the browser.

    Args:
        page: file in ``docs/help``, with a section after ``#`` where one is meant.
    """
    name, _, section = page.partition("#")
    address = QUrl.fromLocalFile(str(CODE_ROOT / "docs" / "help" / name))
    address.setFragment(section)
    QDesktopServices.openUrl(address)


def add_help_button(buttons: QDialogButtonBox, page: str) -> None:
    """Add a Help button to a dialog's buttons."""
    button = buttons.addButton(QDialogButtonBox.StandardButton.Help)
    button.clicked.connect(partial(_open_on_click, page))


def _open_on_click(page: str, *_: bool) -> None:
    open_help(page)
