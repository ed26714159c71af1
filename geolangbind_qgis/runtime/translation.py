"""Translation of texts of the installation and the runtime by the host program; English on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_translate: Callable[[str], str] = str
_translate_message: Callable[[str], str] = str

_REMARKS = ("warnings", "reasons", "remarks")
"""Lists of sentences in results."""


def tr(text: str) -> str:
    """Returns the text in the language of the host program."""
    return _translate(text)


def use_translator(translate: Callable[[str], str]) -> None:
    """Set the translator of texts."""
    global _translate
    _translate = translate


def use_message_translator(translate: Callable[[str], str]) -> None:
    """Set the translator of the runtime's messages."""
    global _translate_message
    _translate_message = translate


def message_text(text: str) -> str:
    """Returns a message of the runtime in the language of the host program."""
    return _translate_message(text)


def with_translated_remarks(result: dict[str, Any]) -> dict[str, Any]:
    """Returns a result whose sentences and titles are in the language of the host program."""
    found: dict[str, Any] = {
        key: [message_text(str(each)) for each in result[key]] for key in _REMARKS if result.get(key)
    }
    if result.get("sensor_title"):
        found["sensor_title"] = message_text(str(result["sensor_title"]))
    scaling = result.get("scaling")
    if isinstance(scaling, dict) and scaling.get("title"):
        found["scaling"] = {**scaling, "title": message_text(str(scaling["title"]))}
    return {**result, **found}
