"""Declaration of ``suggest``: words for a prompt without matches."""

from __future__ import annotations

from core.protocol import SuggestParams
from core.tasks.task import Task

TASK = Task(
    "suggest",
    SuggestParams,
    "core.tasks.suggest:run",
    "List the words nearest in meaning to a prompt that do score in a raster.",
    interactive=True,
    command=True,
    show="core.tasks.suggest:show",
)
