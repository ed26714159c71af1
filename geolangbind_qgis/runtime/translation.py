"""Texts of the set-up in the language of the host program; English on the command line."""

from __future__ import annotations

from collections.abc import Callable

_translate: Callable[[str], str] = str


def tr(text: str) -> str:
    """Returns the text in the language of the host program."""
    return _translate(text)


def use_translator(translate: Callable[[str], str]) -> None:
    """Have every text translated from now on."""
    global _translate
    _translate = translate
