"""Context of a task: progress, cancel, notifications and loaded models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from core.progress import CancelToken, Progress, no_progress

Notify = Callable[[str, dict[str, Any]], None]
"""Called with a notification's method, such as "preview" or "loss", and its parameters."""


def no_notify(method: str, params: dict[str, Any]) -> None:
    """Does nothing."""


class Models(Protocol):
    """Source of loaded models: ``core.model.model_cache.ModelCache``."""

    def get(self, name: str, device: str = "auto") -> Any:  # noqa: ANN401 - a GeoLangBind, unknown to this module
        """Returns the model of a name or path, on a device."""
        ...

    def forget(self) -> None:
        """Release every model."""
        ...


class NoModels:
    """Placeholder for work that needs no model."""

    def get(self, name: str, device: str = "auto") -> Any:  # noqa: ANN401 - as in Models
        """Raise.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"The model {name} was asked for in a context without models.")

    def forget(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Context:
    """Progress, cancellation, notifications and models of one task.

    Attributes:
        progress: called with the fraction done (0..1) of this piece and a short sentence.
        cancel: checked between batches.
        notify: called with previews and losses.
        models: loaded models, shared by all requests.
    """

    progress: Progress = no_progress
    cancel: CancelToken = field(default_factory=CancelToken)
    notify: Notify = no_notify
    models: Models = field(default_factory=NoModels)

    def step(self, start: float, stop: float) -> Context:
        """A part of this work, whose progress 0..1 is this one's from ``start`` to ``stop``; steps nest."""
        outer = self.progress

        def within(fraction: float, message: str) -> None:
            outer(start + (stop - start) * min(1.0, max(0.0, fraction)), message)

        return replace(self, progress=within)

    def steps(self, count: int) -> Iterator[Context]:
        """``count`` contexts of equal shares of the progress, one after the other."""
        for number in range(count):
            yield self.step(number / count, (number + 1) / count)

    def quiet(self) -> Context:
        """The same context without progress reports."""
        return replace(self, progress=no_progress)

    def raise_if_cancelled(self) -> None:
        """Raise if the work was cancelled.

        Raises:
            CancelledError: the work was cancelled.
        """
        self.cancel.raise_if_cancelled()
