"""Progress of a command on stderr: a bar on a terminal, or lines."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from core.context import Context
from core.model.model_cache import ModelCache


class ProgressLines:
    """Prints progress on stderr, a line whenever it changes; for work of hours, whose output often goes to a file."""

    def __init__(self) -> None:
        self._printed = ""

    def __call__(self, fraction: float, message: str) -> None:
        """Print the fraction done (0..1) and the current step, unless the line is the same as the last."""
        line = f"{100 * fraction:5.1f} % {message}"
        if line != self._printed:
            self._printed = line
            print(line, file=sys.stderr, flush=True)


class Console:
    """Progress output of one command.

    Args:
        as_json: whether a machine reads stdout; it may still have the user at stderr.
        quiet: whether to show no progress.

    Attributes:
        context: what tasks are given: this console's progress, a cancel token, and models as they are requested.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self._quiet = quiet
        self._bar: Any = None
        self.context = Context(progress=self.progress, models=ModelCache())

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def progress(self, fraction: float, message: str) -> None:
        """Show the fraction done (0..1) and the current step."""
        if self._quiet:
            return
        if self._bar is None:
            from tqdm import tqdm

            # disable=None: no bar where stderr is a file or a pipe.
            self._bar = tqdm(
                total=100.0, bar_format="{desc} {percentage:3.0f}% |{bar}| {remaining} left", disable=None, leave=False
            )
        self._bar.set_description_str(message[:60], refresh=False)
        self._bar.n = round(100 * fraction, 1)
        self._bar.refresh()
