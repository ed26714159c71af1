"""Self-test at load time: unrelated words must have different text vectors.

A broken text tower in circulation gives every prompt nearly the same vector, and every map made with it is nonsense.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import ModelError
from core.model.geolangbind import GeoLangBind
from core.model.open_models.text import OpenTextTower
from core.model.siglip_tokenizer import VOCABULARY, check_siglip_tokenizer
from core.model.text import SiglipTextTower

UNRELATED_PROMPTS = ["water", "a dense forest", "an airport with parked aeroplanes", "snow and ice on a mountain"]
COLLAPSE_COSINE = 0.95


def check_prompts_differ(model: GeoLangBind) -> float:
    """Make sure that unrelated prompts have different vectors.

    A tokenizer that would have to be fetched is not requested: fixed, unrelated token ids take the place of words.

    The local tokenizer of a SigLIP tower is looked at first.

    Returns:
        The largest cosine between two unrelated prompts.

    Raises:
        ModelError: the text tower has collapsed, or its tokenizer is not the one that it was trained with.
    """
    tower = model.text
    if isinstance(tower, SiglipTextTower | OpenTextTower):
        siglip = tower.tokenizer_name and tower.vocab_size == VOCABULARY
        if siglip and tower.tokenizer_is_local:
            check_siglip_tokenizer(Path(tower.tokenizer_name), tower.tokenize)
    with torch.inference_mode():
        vectors = F.normalize(model.encode_text(_unrelated(model)), dim=-1)
    cosines = (vectors @ vectors.T).fill_diagonal_(-1.0)
    largest = float(cosines.max())
    if not largest <= COLLAPSE_COSINE:  # also when it is not a number
        raise ModelError(
            f"The model's text part is broken: unrelated prompts look the same (cosine {largest:.2f}).",
            hint="Fetch the model from its original address; copies converted to other formats are known to be broken.",
        )
    return largest


def _unrelated(model: GeoLangBind) -> list[str] | Tensor:
    tower = model.text
    if not isinstance(tower, SiglipTextTower | OpenTextTower) or tower.tokenizer_is_local:
        return UNRELATED_PROMPTS
    generator = torch.Generator().manual_seed(0)
    ids = torch.ones(len(UNRELATED_PROMPTS), tower.context_length, dtype=torch.long)  # 1 is SigLIP's padding
    words = tower.context_length // 2
    ids[:, :words] = torch.randint(2, tower.vocab_size, (len(UNRELATED_PROMPTS), words), generator=generator)
    return ids
