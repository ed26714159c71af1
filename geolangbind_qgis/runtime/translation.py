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
    """Returns a result whose sentences are in the language of the host program."""
    found = {key: [message_text(str(each)) for each in result[key]] for key in _REMARKS if result.get(key)}
    return {**result, **found}
