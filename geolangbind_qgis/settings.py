"""Persistent settings of the plugin, in QGIS's own settings."""

from __future__ import annotations

import json

from qgis.core import QgsSettings

_SECTION = "geolangbind/"
HISTORY_LENGTH = 60


def value(name: str, usual: str = "") -> str:
    """Returns a stored text."""
    return str(QgsSettings().value(_SECTION + name, usual))


def remember(name: str, text: str) -> None:
    """Keep a text under a name."""
    QgsSettings().setValue(_SECTION + name, text)


def prompt_history() -> list[str]:
    """Returns earlier prompts, the latest first."""
    try:
        found = json.loads(value("prompt_history", "[]"))
    except ValueError:
        return []
    return [str(item) for item in found] if isinstance(found, list) else []


def remember_prompts(prompts: list[str]) -> None:
    """Put prompts at the head of the history."""
    history = [prompt for prompt in prompts if prompt]
    history += [prompt for prompt in prompt_history() if prompt not in history]
    remember("prompt_history", json.dumps(history[:HISTORY_LENGTH], ensure_ascii=False))


def results_folder() -> str:
    """Returns the folder that the user set for results; empty for one beside each project."""
    return value("results_folder")


def keeps_all_results() -> bool:
    """Whether results stay that belong to no saved project."""
    return value("keep_all_results") == "yes"


def choose_results_folder(folder: str) -> None:
    """Keep new results in a folder; empty for one beside each project."""
    remember("results_folder", folder)


def keep_all_results(keep: bool) -> None:
    """Keep results of projects that are closed without being saved, or remove them."""
    remember("keep_all_results", "yes" if keep else "")
