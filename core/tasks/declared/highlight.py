"""Declaration of ``highlight``."""

from __future__ import annotations

from typing import Any

from core.protocol import HighlightParams
from core.tasks.task import Task


def show(result: dict[str, Any]) -> str:
    """The result in words, for the command line."""
    lines = [f"{result['output']}: {', '.join(result['prompts'])} on {result['width']} × {result['height']} pixels"]
    for prompt, split in zip(result["prompts"], result["suggested_thresholds"], strict=True):
        lines.append(f"{prompt}: {_said(split['threshold'], split['clarity'])}")
    if result["vector"]:
        lines.append(f"{result['vector']}: polygons")
    return "\n".join([*lines, *(f"Note: {warning}" for warning in result["warnings"])])


def _said(threshold: float | None, clarity: float) -> str:
    if threshold is None:
        return "the scores do not split into two groups; 0.5 is as good a threshold as any"
    return f"the scores split at {threshold:.3f} (clarity {clarity:.2f} of 1)"


TASK = Task(
    "highlight",
    HighlightParams,
    "core.tasks.highlight:run",
    "Score every pixel for words, 0 to 1.",
    command=True,
    show=show,
)
