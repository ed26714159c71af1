"""Dialog of the models: list, import, fetch, rename, delete, and licences."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QInputDialog,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from geolangbind_qgis.gui.flow_row import FlowRow
from geolangbind_qgis.gui.help import add_help_button
from geolangbind_qgis.gui.windows import confirm
from geolangbind_qgis.i18n import tr
from geolangbind_qgis.i18n.numbers import number_text
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.failure import failure_of
from geolangbind_qgis.runs.pending_request import PendingRequest
from geolangbind_qgis.runtime.client_qt import RuntimeClient
from geolangbind_qgis.runtime.translation import message_text

_NAME, _SIZE = 0, 2  # columns


class ModelsDialog(QDialog):
    """A table of the models with buttons for actions on the selected one.

    Signals:
        changed: the runtime's list of models changed; its argument is the list of cards.

    Args:
        client: the runtime client.
        parent: window.
    """

    changed = pyqtSignal(list)

    def __init__(self, client: RuntimeClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Models"))
        self._cards: list[dict[str, Any]] = []
        self._request = PendingRequest(client)
        self.table = QTableWidget(0, 4, self)
        self.table.setHorizontalHeaderLabels([tr("Model"), tr("Licence"), tr("Size (MB)"), tr("State")])
        self.table.verticalHeader().setVisible(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAccessibleName(tr("Models"))
        heads = self.table.horizontalHeader()
        heads.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        heads.setHighlightSections(False)
        heads.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        self.table.itemSelectionChanged.connect(self._show_selected)
        self.details = QLabel(self)
        self.details.setWordWrap(True)
        self.details.setTextFormat(Qt.TextFormat.RichText)
        self.details.setOpenExternalLinks(True)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.bar = QProgressBar(self)
        self.bar.hide()
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.import_button = _button(tr("&Import…"), tr("Take a model from a file on this computer"), self._import)
        self.fetch_button = _button(tr("&Fetch"), tr("Download a published model"), self._fetch)
        self.rename_button = _button(tr("&Rename…"), tr("Give a model of your own another name"), self._rename)
        self.delete_button = _button(tr("&Delete"), tr("Delete a model of your own from this computer"), self._delete)
        row = FlowRow()
        for button in (self.import_button, self.fetch_button, self.rename_button, self.delete_button):
            row.addWidget(button)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        add_help_button(buttons, "runtime.html#models")
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(self.table, 1)
        box.addWidget(self.details)
        box.addLayout(row)
        box.addWidget(self.bar)
        box.addWidget(self.message)
        box.addWidget(buttons)
        self.resize(640, 440)
        self._ask("list")

    @property
    def busy(self) -> bool:
        """Whether a request is running."""
        return self._request.busy

    def cards(self) -> list[dict[str, Any]]:
        """Returns the model cards in the order of the table."""
        return list(self._cards)

    def selected(self) -> dict[str, Any] | None:
        """Returns the card of the selected model; None where none is selected."""
        row = self.table.currentRow()
        return self._cards[row] if 0 <= row < len(self._cards) else None

    def reject(self) -> None:
        """Close the dialog and cancel running requests."""
        self._request.cancel()
        super().reject()

    def _ask(self, action: str, **fields: Any) -> None:  # noqa: ANN401 - of protocol.ModelsParams
        """Send a request about the models and show the returned list."""
        if self._request.busy:
            return
        self.message.clear()
        self.bar.setRange(0, 0)
        self.bar.show()
        self._request.start(
            "models",
            protocol.ModelsParams(action=action, **fields),
            on_result=lambda result: self._on_result(action, result),
            on_error=self._on_error,
            on_progress=self._on_progress,
        )
        self._show_selected()

    def _on_progress(self, *report: Any) -> None:  # noqa: ANN401 - fraction, message, seconds left
        fraction, message, _ = (*report, None, None)[:3]
        self.bar.setRange(0, 1000 if fraction > 0 else 0)
        self.bar.setValue(round(1000 * fraction))
        self.message.setText(message or "")

    def _on_result(self, action: str, result: dict[str, Any]) -> None:
        self.bar.hide()
        self.message.clear()
        self._show([card for card in result.get("models") or [] if isinstance(card, dict)])
        if action != "list":
            self.changed.emit(self._cards)

    def _on_error(self, error: Any) -> None:  # noqa: ANN401 - ErrorInfo
        self.bar.hide()
        self.message.setText(failure_of(error).text)
        self._show_selected()

    def _show(self, cards: list[dict[str, Any]]) -> None:
        """Fill the table and restore the selection."""
        before = self.selected()
        self._cards = cards
        self.table.setRowCount(len(cards))
        for row, card in enumerate(cards):
            size = int(card.get("size") or 0)
            texts = (
                message_text(str(card.get("title") or card.get("name"))),
                str(card.get("licence") or tr("not stated")),
                number_text(size / 1e6, 1) if size else tr("not stated"),
                _state(card),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(str(card.get("name")))
                if column == _SIZE:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        names = [card.get("name") for card in cards]
        wanted = before.get("name") if before is not None else None
        self.table.selectRow(names.index(wanted) if wanted in names else 0)
        self._show_selected()

    def _show_selected(self) -> None:
        """Show the licence of the selected model and enable its actions."""
        card, idle = self.selected(), not self._request.busy
        own = card is not None and bool(card.get("available")) and card.get("source") != "embedded"
        self.import_button.setEnabled(idle)
        self.fetch_button.setEnabled(idle and card is not None and not card["available"] and bool(card.get("address")))
        self.rename_button.setEnabled(idle and own)
        self.delete_button.setEnabled(idle and own)
        self.details.setText(card_html(card) if card is not None else "")

    def _import(self) -> None:
        kinds = tr("Models") + " (*.safetensors *.bin *.pt)"
        path, _ = QFileDialog.getOpenFileName(self, tr("Import a model"), "", kinds)
        if not path:
            return
        name, accepted = QInputDialog.getText(self, tr("Import a model"), tr("Name"), text=Path(path).stem)
        if accepted:
            self._ask("import", path=path, name=name.strip() or None)

    def _fetch(self) -> None:
        card = self.selected()
        if card is None:
            return
        licence = message_text(str(card.get("licence_text") or card.get("licence") or ""))
        question = tr("{0}\n\nDownload {1} MB and accept this licence?").format(
            licence, number_text(int(card.get("size") or 0) / 1e6)
        )
        if not card.get("must_accept") or confirm(self, question):
            self._ask("fetch", name=str(card["name"]), accept_licence=True)

    def _rename(self) -> None:
        card = self.selected()
        if card is None:
            return
        name, accepted = QInputDialog.getText(self, tr("Rename a model"), tr("Name"), text=str(card["name"]))
        if accepted and name.strip() and name.strip() != card["name"]:
            self._ask("rename", name=str(card["name"]), new_name=name.strip())

    def _delete(self) -> None:
        card = self.selected()
        if card is not None and confirm(self, tr("Delete the model {0} from this computer?").format(card["name"])):
            self._ask("delete", name=str(card["name"]))


def _state(card: dict[str, Any]) -> str:
    """Returns whether a model is on this computer, in words."""
    if not card.get("available"):
        return tr("not installed")
    return tr("part of the plugin") if card.get("source") == "embedded" else tr("installed")


def card_html(card: dict[str, Any]) -> str:
    """Returns the model card as HTML: description, licence, and address of the licence."""
    licence = escape(str(card.get("licence") or tr("not stated")))
    url = str(card.get("licence_url") or "")
    link = f" (<a href='{escape(url, quote=True)}'>{escape(url)}</a>)" if url.startswith("http") else ""
    parts = (
        escape(message_text(str(card.get("description") or ""))),
        f"<b>{escape(tr('Licence'))}</b>: {licence}{link}",
        escape(message_text(str(card.get("licence_text") or ""))),
    )
    return "<br>".join(part for part in parts if part)


def _button(text: str, tip: str, slot: Any) -> QPushButton:  # noqa: ANN401 - a bound method
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: slot())
    return button
