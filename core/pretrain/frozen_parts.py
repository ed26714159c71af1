"""Trainable and frozen parts of a model in a training run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.errors import TrainingError
from core.model.geolangbind import GeoLangBind


def set_trainable(model: GeoLangBind, parts: Sequence[str]) -> None:
    """Make parts of a model trainable; the text tower never is.

    Args:
        model: in training mode; parts that do not learn leave it, so that their norms keep their statistics.
        parts: how the names of their parameters begin; empty for the whole model.

    Raises:
        TrainingError: a part is none of the model's.
    """
    names = [name for name, _ in model.named_parameters()]
    for part in parts:
        if not any(_belongs(name, part) for name in names):
            raise TrainingError(
                f"The model has no part {part} that could learn.",
                hint=f"Its parts are {', '.join(sorted({'.'.join(name.split('.')[:2]) for name in names}))}.",
            )
    for name, value in model.named_parameters():
        value.requires_grad_(
            not name.startswith("text.") and (not parts or any(_belongs(name, part) for part in parts))
        )
    if parts:
        for name, module in model.named_modules():
            module.training = any(_belongs(name, part) for part in parts)


@contextmanager
def evaluation_mode(model: GeoLangBind) -> Iterator[None]:
    """Put a model into evaluation mode; afterwards each of its parts is in the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _belongs(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")
