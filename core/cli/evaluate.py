"""``core evaluate DATASET …``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.cli.console import Console
from core.cli.declared import add_parameters
from core.protocol import EmbedParams

NAME = "evaluate"
HELP = "Measure a model on benchmarks of resources/benchmarks.toml, published scores beside it."
MOST_PUBLISHED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("dataset", nargs="*", help="names of benchmarks; all whose data are here where left out")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder of the data (default: %(default)s)"
    )
    parser.add_argument(
        "--no-probing", dest="probing", action="store_false", help="leave out linear probes and nearest neighbours"
    )
    add_parameters(parser, EmbedParams, names=("model", "device"))


def run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Run the command and return its result."""
    from core.errors import InputError
    from core.evaluate.averages import measured_averages
    from core.evaluate.benchmarks import benchmarks, present, run_benchmark
    from core.evaluate.trained_classes import trained_benchmarks
    from core.model import zoo

    names = options.dataset or present(options.data)
    if not names:
        raise InputError(f"{options.data} holds no benchmark.", hint="Name their folder with --data.")
    model = zoo.load_model(options.model, device=options.device)
    trained = trained_benchmarks(options.model)
    figures: dict[str, Any] = {}
    for number, name in enumerate(names):
        console.context.progress(number / len(names), f"Measuring {name}")
        console.context.raise_if_cancelled()
        figures[name] = run_benchmark(model, name, options.data, probing=options.probing, trained=trained)
    figures |= measured_averages(figures, benchmarks())
    absent = () if options.dataset else (name for name in benchmarks() if name not in names)
    return {"model": options.model, "model_sha256": model.model_hash, "figures": figures, "absent": list(absent)}


def show(result: dict[str, Any]) -> str:
    """Returns the result as a table."""
    rows = [("benchmark", "measure", result["model"][:16], "95 %", "published")]
    for name, figures in result["figures"].items():
        for number, measure in enumerate(figures["measures"]):
            rows.append(
                (
                    name if number == 0 else "",
                    measure["name"],
                    _percent(measure["value"]),
                    _interval(measure["interval"]),
                    _published(measure["published"], name),
                )
            )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(
            (row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3].rjust(widths[3]), row[4])
        ).rstrip()
        for row in rows
    ]
    if any("*" in row[4] for row in rows):
        lines.append("* trained on this set, or on one of the sets averaged")
    if result["absent"]:
        lines.append(f"Not here: {', '.join(result['absent'])}")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _interval(interval: Sequence[float] | None) -> str:
    if interval is None or interval[0] != interval[0]:
        return ""
    return f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}"


def _published(figures: dict[str, float], benchmark: str) -> str:
    """Returns the best published figures; an asterisk marks a model that was trained on the benchmark."""
    from core.evaluate.averages import averages
    from core.evaluate.published import marked

    sets = averages().get(benchmark, {}).get("of", (benchmark,))
    best = sorted(figures.items(), key=lambda item: -item[1])[:MOST_PUBLISHED]
    return ", ".join(f"{marked(model, *sets)} {_percent(value)}" for model, value in best)
