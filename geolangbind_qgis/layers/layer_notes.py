"""Provenance of a result in the notes and metadata of its layer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qgis.core import QgsLayerMetadata, QgsLayerNotesUtils, QgsMapLayer

Lines = Sequence[tuple[str, str]]
"""Heads and values."""


def write_notes(layer: QgsMapLayer, title: str, lines: Lines, keywords: Sequence[str], history: str) -> None:
    """Write the facts of a result into its layer's notes and metadata.

    Args:
        layer: the result.
        title: of the metadata.
        lines: heads and values.
        keywords: words to find it by.
        history: how it came about.
    """
    rows = "".join(f"<b>{escape(head)}:</b> {escape(value)}<br>" for head, value in lines)
    QgsLayerNotesUtils.setLayerNotes(layer, f"<p>{rows}</p>")
    metadata = QgsLayerMetadata(layer.metadata())
    metadata.setTitle(title)
    metadata.setType("dataset")
    metadata.setAbstract("\n".join(f"{head}: {value}" for head, value in lines))
    metadata.setKeywords({"GeoLangBind": list(keywords)})
    metadata.setHistory([history])
    layer.setMetadata(metadata)
