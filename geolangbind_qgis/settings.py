"""Persistent settings of the plugin in QGIS's settings."""

from __future__ import annotations

import json

from qgis.core import QgsSettings

_SECTION = "geolangbind/"
HISTORY_LENGTH = 60


def value(name: str, usual: str = "") -> str:
    """Returns a stored text."""
    return str(QgsSettings().value(_SECTION + name, usual))


def remember(name: str, text: str) -> None:
    """Store a text under a name."""
    QgsSettings().setValue(_SECTION + name, text)


def prompt_history() -> list[str]:
    """Returns earlier prompts, the newest first."""
    try:
        found = json.loads(value("prompt_history", "[]"))
    except ValueError:
        return []
    return [str(item) for item in found] if isinstance(found, list) else []


def remember_prompts(prompts: list[str]) -> None:
    """Add prompts to the front of the history."""
    history = [prompt for prompt in prompts if prompt]
    history += [prompt for prompt in prompt_history() if prompt not in history]
    remember("prompt_history", json.dumps(history[:HISTORY_LENGTH], ensure_ascii=False))


def results_folder() -> str:
    """Returns the user's folder for results; empty for one beside each project."""
    return value("results_folder")


def keeps_all_results() -> bool:
    """Whether results of unsaved projects are kept."""
    return value("keep_all_results") == "yes"


def choose_results_folder(folder: str) -> None:
    """Set the folder for new results; empty for one beside each project."""
    remember("results_folder", folder)


def keep_all_results(keep: bool) -> None:
    """Set whether results of unsaved projects are kept when they are closed."""
    remember("keep_all_results", "yes" if keep else "")
