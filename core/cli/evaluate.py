"""``core evaluate DATASET``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli import sources
from core.cli.console import Console

NAME = "evaluate"
HELP = "Measure a model on a benchmark of resources/benchmarks.toml."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("dataset", nargs="+", help="names of benchmarks")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder of the data (default: %(default)s)"
    )
    sources.add_model(parser)


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do it."""
    from core.evaluate.benchmarks import run_benchmark
    from core.model import load_model

    model = load_model(options.model, device=options.device)
    figures: dict[str, Any] = {}
    for number, name in enumerate(options.dataset):
        console.progress(number / len(options.dataset), f"Measuring {name}")
        figures[name] = run_benchmark(model, name, options.data)
    return {"model": options.model, "model_sha256": model.model_hash, "figures": figures}


def show(result: dict[str, Any]) -> str:
    """Say it in words."""
    lines = []
    for name, figures in result["figures"].items():
        lines.append(f"{name}:")
        lines += [f"  {key:<24}{_shown(value)}" for key, value in figures.items()]
    return "\n".join(lines)


def _shown(value: Any) -> str:  # noqa: ANN401 - a figure, an interval or a table of figures
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return " to ".join(_shown(item) for item in value)
    return str(value)
