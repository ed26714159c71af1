"""Row of one prompt: colour, text, and a button that removes it."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.gui import QgsColorButton
from qgis.PyQt.QtCore import QStringListModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QCompleter, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from geolangbind_qgis.glossary import Translation, translated
from geolangbind_qgis.i18n import tr


class PromptRow(QWidget):
    """Line edit of one prompt.

    Signals:
        submitted: Enter was pressed.
        removed: the row's own button was pressed.
    """

    submitted = pyqtSignal()
    removed = pyqtSignal()

    def __init__(self, words: QStringListModel, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colour_button = QgsColorButton(self)
        self.colour_button.setFixedWidth(34)
        self.colour_button.setShowMenu(False)
        self.colour_button.setColor(QColor(colour))
        self.colour_button.setToolTip(tr("Colour of this prompt on the map"))
        self.colour_button.setAccessibleName(tr("Colour of this prompt on the map"))
        self.colour_button.colorChanged.connect(lambda _: self._own(True))
        self._own_colour = False
        self.edit = QLineEdit(self)
        self.edit.setPlaceholderText(tr("such as: open water"))
        self.edit.setClearButtonEnabled(True)
        self.edit.setToolTip(
            tr(
                "What you look for, in English; common terms in German, French, Spanish and Portuguese are translated. "
                "Separate synonyms with |, as in: forest | woodland. Enter runs."
            )
        )
        self.edit.setAccessibleName(tr("Prompt"))
        completer = QCompleter(words, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(10)
        self.edit.setCompleter(completer)
        self.edit.returnPressed.connect(self.submitted)
        self._remove = QToolButton(self)
        self._remove.setText("×")
        self._remove.setAutoRaise(True)
        self._remove.setToolTip(tr("Remove this prompt"))
        self._remove.setAccessibleName(tr("Remove this prompt"))
        self._remove.clicked.connect(self.removed)
        self.english = QLabel(self)
        self.english.setToolTip(tr("The prompt in English, as it runs"))
        self.english.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.english.hide()
        self.edit.textChanged.connect(self._show_english)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(1)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.colour_button)
        row.addWidget(self.edit, 1)
        row.addWidget(self._remove)
        box.addLayout(row)
        box.addWidget(self.english)

    def text(self) -> str:
        """Returns the words, trimmed; field terms of other languages in English."""
        return self._translation().english

    def _translation(self) -> Translation:
        return translated(" ".join(self.edit.text().split()), QgsApplication.locale())

    def _show_english(self) -> None:
        """Show the English prompt if it differs from what was typed."""
        translation = self._translation()
        self.english.setText(f"→ {translation.english}")
        self.english.setVisible(bool(translation.found))

    def colour(self) -> str:
        """Returns the colour as "#rrggbb"."""
        return self.colour_button.color().name()

    @property
    def has_own_colour(self) -> bool:
        """Whether the user chose the colour since it was last shown."""
        return self._own_colour

    def show_colour(self, colour: str) -> None:
        """Show the colour of the prompt's overlay."""
        self.colour_button.blockSignals(True)
        self.colour_button.setColor(QColor(colour))
        self.colour_button.blockSignals(False)
        self._own(False)

    def _own(self, own: bool) -> None:
        self._own_colour = own

    def set_removable(self, removable: bool) -> None:
        """Show or hide the remove button."""
        self._remove.setVisible(removable)
