"""Loss curves of a run, for TensorBoard and as lines on a terminal."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import numpy as np
from torch.utils.tensorboard import SummaryWriter

EVERY = 50
"""Steps whose mean is one point of a curve."""


class Curves(AbstractContextManager["Curves"]):
    """Collects losses step by step.

    Args:
        folder: for TensorBoard's files; None to write none.
        first: step the run goes on from.
        end: step it ends at.
    """

    def __init__(self, folder: Path | None, first: int, end: int) -> None:
        self._writer = None if folder is None else SummaryWriter(str(folder), purge_step=first)
        self._first, self._end = first, end
        self._started = time.monotonic()
        self._sums: dict[str, list[float]] = defaultdict(list)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self._started

    def add(self, losses: Mapping[str, float], step: int) -> str | None:
        """Take a step's losses; gives means and time left as a line every ``EVERY`` steps, else None."""
        for name, value in losses.items():
            self._sums[name].append(value)
        if step % EVERY:
            return None
        means = {name: float(np.mean(values)) for name, values in self._sums.items()}
        self.plot(means, step)
        self._sums.clear()
        left = self.seconds / (step - self._first) * (self._end - step)
        summary = " ".join(f"{name} {value:.3f}" for name, value in sorted(means.items()))
        return f"step {step}, {left / 60:.0f} min left: {summary}"

    def plot(self, figures: Mapping[str, float], step: int) -> None:
        """Add a point to each figure's curve."""
        if self._writer is not None:
            for name, value in figures.items():
                self._writer.add_scalar(name, value, step)

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
