"""List of prompts and the line of negative prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QStringListModel, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from geolangbind_qgis import settings
from geolangbind_qgis.catalogue.class_schemes import scheme_words
from geolangbind_qgis.glossary import translated
from geolangbind_qgis.gui.narrow import show_from_start
from geolangbind_qgis.gui.prompt_row import PromptRow
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.score_style import free_colour

MOST_PROMPTS = 8


@dataclass(frozen=True)
class Prompt:
    """A prompt and the colour of its overlay."""

    text: str
    colour: str


class PromptList(QWidget):
    """Rows of prompts with a button for one more, and a line of negative prompts.

    Signals:
        submitted: Enter was pressed in a line.
        rows_changed: a row came or went.
    """

    submitted = pyqtSignal()
    rows_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QStringListModel(self)
        self._rows: list[PromptRow] = []
        self._row_box = QVBoxLayout()
        self._row_box.setSpacing(3)
        self._add = QToolButton(self)
        self._add.setIcon(icon("add"))
        self._add.setToolTip(tr("Another prompt: look for several things in one run, each in a layer of its own"))
        self._add.setAccessibleName(tr("Another prompt"))
        self._add.clicked.connect(lambda: self.add_row().edit.setFocus())
        self.exclude_edit = QLineEdit(self)
        self.exclude_edit.setClearButtonEnabled(True)
        self.exclude_edit.setPlaceholderText(tr("optional: shadow"))
        self.exclude_edit.setToolTip(tr("What looks similar but is not meant. Separate several with a semicolon."))
        self.exclude_edit.setAccessibleName(tr("Exclude"))
        self.exclude_edit.returnPressed.connect(self.submitted)
        not_label = QLabel(tr("E&xclude"), self)
        not_label.setBuddy(self.exclude_edit)
        not_row = QHBoxLayout()
        not_row.addWidget(not_label)
        not_row.addWidget(self.exclude_edit, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        prompts_row = QHBoxLayout()
        prompts_row.setSpacing(4)
        prompts_row.addLayout(self._row_box, 1)
        prompts_row.addWidget(self._add, 0, Qt.AlignmentFlag.AlignBottom)
        box.addLayout(prompts_row)
        box.addLayout(not_row)
        self.add_row()
        self.refresh_words()

    @property
    def rows(self) -> tuple[PromptRow, ...]:
        """The rows from top to bottom."""
        return tuple(self._rows)

    def completions(self) -> list[str]:
        """Returns the words that are offered for completion."""
        return self._words.stringList()

    def prompts(self) -> list[Prompt]:
        """Returns the filled-in prompts, each text once."""
        found: dict[str, Prompt] = {}
        for row in self._rows:
            if row.text():
                found.setdefault(row.text(), Prompt(row.text(), row.colour()))
        return list(found.values())

    def negatives(self) -> tuple[str, ...]:
        """Returns the negative prompts."""
        parts = (part.strip() for part in self.exclude_edit.text().split(";"))
        return tuple(translated(part, QgsApplication.locale()).english for part in parts if part)

    def add_row(self, text: str = "") -> PromptRow:
        """Add a row for another prompt."""
        row = PromptRow(self._words, free_colour([row.colour() for row in self._rows]), self)
        show_from_start(row.edit, text)
        row.submitted.connect(self.submitted)
        row.removed.connect(lambda: self._remove_row(row))
        self._rows.append(row)
        self._row_box.addWidget(row)
        self._update_buttons()
        return row

    def choose_colours(self, on_map: Mapping[str, str]) -> None:
        """Choose a colour of its own for every prompt: one with an overlay keeps its colour, another gets a free one.

        A colour that the user chose since the last run is left as it is.

        Args:
            on_map: colours of the results that there are, by prompt.
        """
        filled = {row.text(): row for row in reversed(self._rows) if row.text()}
        taken = [colour for text, colour in on_map.items() if text not in filled]
        for text, row in reversed(filled.items()):
            colour = row.colour()
            if not row.has_own_colour:
                colour = on_map.get(text) or (free_colour(taken) if colour in taken else colour)
            row.show_colour(colour)
            taken.append(colour)

    def set_prompts(self, texts: list[str]) -> None:
        """Replace all prompts."""
        while len(self._rows) > 1:
            self._remove_row(self._rows[-1])
        show_from_start(self._rows[0].edit, texts[0] if texts else "")
        for text in texts[1:]:
            self.add_row(text)

    def replace(self, prompt: str, word: str) -> None:
        """Replace a prompt by a word; the first prompt if it is gone."""
        row = next((row for row in self._rows if row.text() == prompt), self._rows[0])
        show_from_start(row.edit, word)

    def set_negatives(self, texts: list[str]) -> None:
        """Replace the negative prompts."""
        show_from_start(self.exclude_edit, "; ".join(texts))

    def focus(self) -> None:
        """Put the cursor into the first prompt."""
        self._rows[0].edit.setFocus()
        self._rows[0].edit.selectAll()

    def refresh_words(self) -> None:
        """Renew the completion list: the history first, then the words of the class schemes."""
        self._words.setStringList(list(dict.fromkeys([*settings.prompt_history(), *scheme_words()])))

    def _remove_row(self, row: PromptRow) -> None:
        self._rows.remove(row)
        self._row_box.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._update_buttons()

    def _update_buttons(self) -> None:
        for row in self._rows:
            row.set_removable(len(self._rows) > 1)
        self._add.setEnabled(len(self._rows) < MOST_PROMPTS)
        self.rows_changed.emit()
