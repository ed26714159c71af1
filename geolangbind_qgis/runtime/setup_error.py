"""Error of an installation."""

from __future__ import annotations

from .translation import tr


class SetupError(Exception):
    """One sentence of what happened and one hint of what to do.

    Args:
        message: in the words of a GIS analyst.
        hint: what to do about it.
        code: ``space``, ``rights``, ``network``, ``proxy``, ``python``,
            ``package``, ``busy``, ``cancelled`` or ``setup``.
    """

    def __init__(self, message: str, hint: str, *, code: str = "setup") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint
        self.code = code


def cancelled() -> SetupError:
    """Returns the error of an installation that the user cancelled."""
    return SetupError(tr("Stopped."), tr("Start it again to go on; what is downloaded is kept."), code="cancelled")
