"""Fine-tuning on the user's own classes, with the loss of every step as a notification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.context import Context
from core.errors import TrainingError, UsageError
from core.model.cards import models_folder
from core.protocol import FinetuneParams

if TYPE_CHECKING:
    from core.finetune.trainable_parts import Mode


def run(params: FinetuneParams, context: Context) -> dict[str, Any]:
    """Fine-tune a model; it is among the models at once.

    Args:
        params: parameters of the task.
        context: reports the progress; cancellation is checked between two steps and keeps nothing; every
            step is sent as ``loss`` {stage, step, steps, loss, validation}.

    Returns:
        name, output, classes, before, after, steps, seconds, remarks, table; see
        ``core.embeddings.training.fit_or_fine_tune``.

    Raises:
        TrainingError: the labels cannot be learnt from.
        GeoLangBindError: a raster or the model cannot be used, the name is taken, or the result not written.
    """
    from core.embeddings.training import fit_or_fine_tune
    from core.finetune.report import table
    from core.finetune.settings import FinetuneSettings

    if not params.sources:
        raise UsageError("There is no raster to learn from.", hint="Name one or more.")
    settings = FinetuneSettings(
        rasters=params.sources,
        labels=params.labels,
        field=params.field,
        names=params.names,
        start=params.model,
        mode=cast("Mode", params.mode),
        steps=params.steps,
        seed=params.seed,
        device=params.device,
    )
    results = fit_or_fine_tune(settings, _folder(params), context)
    context.models.forget()
    return {**{key: value for key, value in results.items() if key != "history"}, "table": table(results)}


def _folder(params: FinetuneParams) -> Path:
    """Returns the folder of the result.

    Raises:
        TrainingError: the name is no name, or taken.
    """
    if params.output:
        return Path(params.output)
    name = params.name.strip()
    if not name or Path(name).name != name or name.startswith("."):
        raise TrainingError(f"{params.name!r} cannot be a model's name.", hint="Use letters, digits and hyphens.")
    folder = models_folder() / name
    if folder.exists():
        raise TrainingError(f"There is already a model called {name}.", hint="Give it another name.")
    return folder
