"""One-line summary of what a layer was recognised as, with a link to correct it."""

from __future__ import annotations

import re

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.icons import icon
from geolangbind_qgis.layers.recognition import Recognised, training_text

EMBEDDING = "embedding"
"""Scaling of layers that hold vectors in place of light."""


class RecognitionLine(QWidget):
    """Shows sensor, bands, scaling, and whether the model was trained on such input.

    Signals:
        edit_wanted: the user wants to correct it.
    """

    edit_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel(self)
        self.label.setWordWrap(True)
        self.label.setMinimumWidth(150)
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._edit = QToolButton(self)
        self._edit.setIcon(icon("edit"))
        self._edit.setAutoRaise(True)
        self._edit.setToolTip(tr("Correct sensor, bands and scaling"))
        self._edit.setAccessibleName(tr("Correct sensor, bands and scaling"))
        self._edit.clicked.connect(self.edit_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.label, 1, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._edit, 0, Qt.AlignmentFlag.AlignTop)

    def sizeHint(self) -> QSize:
        """Returns the size of one line; the height depends on the width, and Qt's default leaves a gap."""
        return QSize(super().sizeHint().width(), self._edit.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Returns the same as ``sizeHint``."""
        return QSize(super().minimumSizeHint().width(), self._edit.sizeHint().height())

    def show_text(self, text: str, *, editable: bool = False) -> None:
        """Show a sentence, such as why a layer cannot be used."""
        self.label.setText(text.replace("<", "&lt;"))
        self.label.setToolTip("")
        self._edit.setEnabled(editable)

    def show_recognised(self, found: Recognised, own: bool) -> None:
        """Show what was recognised.

        Args:
            found: the runtime's description.
            own: whether the user corrected it.
        """
        mark, colour = ("●", "#2e9e5b") if found.trained else ("▲", "#d98a00")
        state = tr("Supported sensor") if found.trained else tr("Unsupported sensor: check results")
        if found.scaling == EMBEDDING:
            mark, colour, state = "●", "#2e9e5b", tr("Embeddings: click examples, or train on them")
        scaling = tr("scaled as the file says") if found.scaling == "file" else found.scaling_title
        count = found.bands_text.partition(" (")[0]  # which ones, and how they are scaled, is said by the tool tip
        title = found.title.partition(" (")[0]
        parts = [title] if count in title else [title, count]
        text = " · ".join(_unbroken(part).replace("<", "&lt;") for part in parts if part)
        own_text = f" <i>({tr('set by you')})</i>" if own else ""
        self.label.setText(f"{text}{own_text} · <span style='color:{colour}'>{mark}</span> {state}")
        training = () if found.scaling == EMBEDDING else (training_text(found.trained),)
        facts = (" · ".join(part for part in (found.title, found.bands_text, scaling) if part),)
        lines = (*facts, *found.reasons, *found.warnings, *training)
        self.label.setToolTip("<br>".join(line.replace("<", "&lt;") for line in lines))
        self._edit.setEnabled(True)


def _unbroken(text: str) -> str:
    """Returns the text with no-break spaces between numbers and units."""
    return re.sub(r" (?=[\d×])|(?<=×) ", "\u00a0", text)
