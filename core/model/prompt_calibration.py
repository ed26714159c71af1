"""From the odds of a prompt against the background vocabulary to its score.

The background has more than a hundred words. Where a model is sure of one of them, the sum of their odds is the odds of
that word; where it is not, many words share in the sum and no prompt reaches a half of it, however well it ranks the
pixels. Three numbers mend that. Odds are added by their p-norm, ``(Σ odds^p)^(1/p)``: 1 is the sum, and with larger
norms the most likely words alone count. Then a slope and an offset of the log-odds, as Platt (1999) fits them; radar
has a pair of its own. They are fitted to labelled images that training leaves out (``training.calibration``) and kept
with the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

from core.errors import ModelError

LARGEST_NORM, LARGEST_SLOPE, LARGEST_OFFSET = 8.0, 100.0, 100.0


@dataclass(frozen=True)
class LogOddsLine:
    """How log-odds become a score: ``sigmoid(slope * log_odds + offset)``.

    Attributes:
        slope: positive.
        offset: positive where the odds are too low.
    """

    slope: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class PromptCalibration:
    """How a prompt's odds and those of the background become a score.

    Attributes:
        norm: of the sum of odds, from 1; the same for all sensors, since stored features hold the sum.
        line: of the log-odds.
        radar: the same for images of radar alone; None for ``line``.
    """

    norm: float = 1.0
    line: LogOddsLine = LogOddsLine()
    radar: LogOddsLine | None = None

    def line_of(self, radar: bool) -> LogOddsLine:
        """Returns the line for images of radar alone, or for others."""
        return self.radar if radar and self.radar is not None else self.line

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> PromptCalibration:
        """Read a model configuration's entry; None is a model that was not calibrated.

        Raises:
            ModelError: an entry is unknown, or no usable number.
        """
        entry = dict(settings or {})
        norm, radar = entry.pop("norm", 1.0), entry.pop("radar", None)
        lines = [_line(values) for values in ([entry] if radar is None else [entry, radar])]
        if _is_number(norm) and 1 <= norm <= LARGEST_NORM and all(lines):
            line, *others = [found for found in lines if found]
            return cls(float(norm), line, *others)
        raise ModelError(
            f"The model configuration's prompt_calibration entry does not fit: {settings}.",
            hint='Give numbers, such as {"norm": 1.0, "slope": 1.0, "offset": 0.0}; norm from 1, slope positive.',
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Returns the model configuration's entry."""
        radar = {} if self.radar is None else {"radar": asdict(self.radar)}
        return {"norm": self.norm, **asdict(self.line), **radar}


def _line(values: object) -> LogOddsLine | None:
    """Returns a line by its two numbers; None where they are none, or of no use."""
    if not isinstance(values, Mapping) or not set(values) <= {"slope", "offset"}:
        return None
    slope, offset = values.get("slope", 1.0), values.get("offset", 0.0)
    usable = _is_number(slope) and _is_number(offset) and 0 < slope <= LARGEST_SLOPE and abs(offset) <= LARGEST_OFFSET
    return LogOddsLine(float(slope), float(offset)) if usable else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


NOT_CALIBRATED = PromptCalibration()
