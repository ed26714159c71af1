"""A class for every pixel."""

from __future__ import annotations

from typing import Any

from core.protocol import ClassifyParams
from core.tasks.task import Task


def show(result: dict[str, Any]) -> str:
    """The result in words, for the command line."""
    lines = [f"{result['output']}: {result['scheme']} on {result['width']} × {result['height']} pixels"]
    present = sorted((row for row in result["classes"] if row["pixels"]), key=lambda row: -row["pixels"])
    for row in present:
        hectares = "" if row["hectares"] is None else f"  {row['hectares']:>14,.1f} ha"
        lines.append(f"  {row['code']:>4}  {row['name']:<28}{100 * row['share']:6.1f} %{hectares}")
    lines += [f"{result[key]}: {key}" for key in ("vector", "areas", "scores") if result[key]]
    return "\n".join([*lines, *(f"Note: {warning}" for warning in result["warnings"])])


TASK = Task(
    "classify",
    ClassifyParams,
    "core.tasks.classify:run",
    "Give every pixel one class of a scheme.",
    command=True,
    show=show,
)
