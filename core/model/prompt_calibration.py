"""From the odds of a prompt against the background vocabulary to its score.

The background has more than a hundred words. Where a model is sure of one of them, the sum of their odds is the odds of
that word; where it is not, many words share in the sum and no prompt reaches a half of it, however well it ranks the
pixels. Three numbers mend that. Odds are added by their p-norm, ``(Σ odds^p)^(1/p)``: 1 is the sum, and with larger
norms the most likely words alone count. Then a slope and an offset of the log-odds, as Platt (1999) fits them. They are
fitted to labelled images that training leaves out (``training.calibration``) and kept with the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.errors import ModelError

LARGEST_NORM, LARGEST_SLOPE, LARGEST_OFFSET = 8.0, 100.0, 100.0


@dataclass(frozen=True)
class PromptCalibration:
    """How a prompt's odds and those of the background become a score: ``sigmoid(slope * log_odds + offset)``.

    Attributes:
        norm: of the sum of odds, from 1.
        slope: positive.
        offset: positive where the odds are too low.
    """

    norm: float = 1.0
    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> PromptCalibration:
        """Read a model configuration's entry; None is a model that was not calibrated.

        Raises:
            ModelError: an entry is unknown, or no usable number.
        """
        given = dict(settings or {})
        known = {field.name for field in fields(cls)}
        if set(given) <= known and all(_is_number(value) for value in given.values()):
            found = cls(**{name: float(value) for name, value in given.items()})
            usable = 1 <= found.norm <= LARGEST_NORM and 0 < found.slope <= LARGEST_SLOPE
            if usable and abs(found.offset) <= LARGEST_OFFSET:
                return found
        raise ModelError(
            f"The model configuration's prompt_calibration entry does not fit: {given}.",
            hint='Give numbers, such as {"norm": 1.0, "slope": 1.0, "offset": 0.0}; norm from 1, slope positive.',
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


NOT_CALIBRATED = PromptCalibration()
