"""Suggested words for a prompt without matches: requested from the runtime, shown below the result, run by a click."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote, unquote

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from geolangbind_qgis.i18n import tr
from geolangbind_qgis.layers.answer import read_answer
from geolangbind_qgis.layers.score_histogram import ScoreHistogram
from geolangbind_qgis.protocol_import import protocol
from geolangbind_qgis.runs.highlight import Highlighter
from geolangbind_qgis.session import Session


class Suggestions(QObject):
    """Requests suggestions for one prompt at a time; a new request replaces the earlier one.

    Signals:
        found: id of the result layer and the words that score there, the nearest in meaning first.

    Args:
        session: gives the runtime.
        highlighter: what was answered last.
        parent: owner.
    """

    found = pyqtSignal(str, list)

    def __init__(self, session: Session, highlighter: Highlighter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._highlighter = highlighter
        self._handle: Any = None
        self._latest = 0  # number of the latest request; what an earlier one still says is not listened to

    @property
    def busy(self) -> bool:
        """Whether a request is running."""
        return self._handle is not None

    def request_if_empty(self, layer_id: str, histogram: ScoreHistogram) -> None:
        """Request suggestions if the last prompt has no matches."""
        layer, answered = QgsProject.instance().mapLayer(layer_id), self._highlighter.answered
        answer = read_answer(layer) if isinstance(layer, QgsRasterLayer) else None
        if answer is None or self._highlighter.busy or histogram.total <= 0 or histogram.above(answer.threshold) > 0:
            return
        if isinstance(answered, protocol.HighlightParams) and answer.prompt in answered.prompts:
            self.request(layer_id, answer.prompt, answered)

    def request(self, layer_id: str, prompt: str, params: Any) -> None:  # noqa: ANN401 - protocol.HighlightParams
        """Request words that score on the layer in place of the prompt.

        Args:
            layer_id: of the result that shows nothing.
            prompt: what was looked for.
            params: of the request that was answered.
        """
        self.abandon()
        client = self._session.client
        if client is None:
            return
        asked = protocol.SuggestParams(
            source=params.source,
            prompt=prompt,
            model=params.model,
            extent=params.extent,
            resolution=params.resolution,
            device=params.device,
        )
        self._latest += 1
        number = self._latest
        self._handle = client.request(
            "suggest",
            asked,
            on_result=lambda result: self._on_result(number, layer_id, result),
            on_error=lambda error: self._forget(number),
        )

    def abandon(self) -> None:
        """Cancel without emitting a signal."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _on_result(self, number: int, layer_id: str, result: dict) -> None:
        if self._handle is None or number != self._latest:
            return
        self._handle = None
        self.found.emit(layer_id, [str(item["word"]) for item in result.get("words") or []])

    def _forget(self, number: int) -> None:
        if number == self._latest:
            self._handle = None


def suggestions_html(words: list[str]) -> str:
    """Returns suggestions as HTML links; each address is the word."""
    if not words:
        return escape(tr("No word of similar meaning is found here either."))
    links = ", ".join(f"<a href='{quote(word)}'>{escape(word)}</a>" for word in words)
    return tr("Found here: {0}").format(links)


def word_of(address: str) -> str:
    """Returns the word of a clicked link."""
    return unquote(address)
