"""Why a run ended without a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """Reason of a failed run, for the user.

    Attributes:
        message: what happened, one sentence.
        hint: what to do about it; may be empty.
        cancelled: the user requested the stop, so nothing needs to be said.
    """

    message: str
    hint: str = ""
    cancelled: bool = False

    @property
    def text(self) -> str:
        """Message and hint as one line."""
        return f"{self.message} {self.hint}".strip()


def failure_of(error: Any) -> Failure:  # noqa: ANN401 - ErrorInfo of the protocol
    """Returns the runtime's error as a failure."""
    return Failure(error.message, error.hint, error.code == "cancelled")
