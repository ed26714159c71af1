"""Sum of the background vocabulary's odds, computed once for every cell.

The words of the background vocabulary are the same for every prompt, so the sum of their odds is stored beside a cell's
feature. For a prompt, features are multiplied with its own words alone, and with its synonyms in the background, whose
odds are subtracted from the sum.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from core.dense.basis import FeatureBasis
from core.dense.odds import log_weighted_sums
from core.dense.text_factors import TextFactors
from core.vocabulary import background_words

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind


@dataclass(frozen=True)
class Background:
    """The background vocabulary in the coordinates of a basis.

    Attributes:
        texts: its words, as unit vectors.
        temperature: from cosines to logits.
        norm: by which odds are added, see ``core.model.prompt_calibration``.
    """

    texts: TextFactors
    temperature: float
    norm: float = 1.0

    @classmethod
    def of(cls, model: GeoLangBind, basis: FeatureBasis) -> Background | None:
        """Returns the background of a model; None for a model without a text tower.

        Raises:
            ModelError: the model's text part is not on this computer.
        """
        if not model.knows_words:
            return None
        vectors = F.normalize(model.text_prompts(list(background_words())).float().cpu(), dim=1)
        return cls(TextFactors.of(*basis.text(vectors)), softmax_temperature(model), model.prompt_calibration.norm)

    def log_odds(self, cosines: Tensor) -> Tensor:
        """Returns the logarithm (n,) of the norm of the odds ``exp(temperature · cosine)`` of cosines (N, n)."""
        sums = log_weighted_sums(cosines, self.temperature * self.norm, torch.ones(1, len(cosines)))[0]
        return sums if self.norm == 1.0 else sums.div_(self.norm)


def background_label(model: GeoLangBind) -> str:
    """Returns the text that identifies the sums of a model's cells in the store's key."""
    if not model.knows_words:
        return "none"
    norm = model.prompt_calibration.norm
    told = [*background_words(), *([] if norm == 1.0 else [f"norm {norm}"])]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def softmax_temperature(model: GeoLangBind) -> float:
    """Returns the factor from cosines to logits that the model was trained with, between 10 and 100."""
    return min(100.0, max(10.0, float(model.logit_scale.detach().exp())))
