"""SigLIP's tokenizer: which files are the published ones, and which ids known texts must have.

A model whose texts get other ids than in its training still runs, and every map it makes is nonsense.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from core.errors import ModelError
from core.model.sentence_encoder import file_sha256

VOCABULARY = 32_000
CONTEXT, PADDING = 64, 1
PUBLISHED_FILES = {
    "tokenizer.json": (2_399_357, "c6e405cb7c670d56636a9402c81023a55bc6c3c53d89cf02b92f5c5005bfe920"),
    "spiece.model": (798_330, "1e5036bed065526c3c212dfbe288752391797c4bb1a284aa18c9a0b23fcaf8ec"),
}
"""Size in bytes and SHA-256 of the files of timm/ViT-B-16-SigLIP."""
KNOWN_IDS = {
    "the real mountain view": (260, 638, 3293, 870),
    "Zürich": (262, 761, 5879, 5345),
    "San Francisco": (262, 264, 452, 20563, 15949),
    "red armor portrait": (1226, 14431, 9391),
    "blue hair portrait": (1712, 1236, 9391),
}
"""Ids of texts after canonicalisation, without the padding that follows."""


def is_published(path: Path) -> bool:
    """Whether a file is the published one of its name, by size and hash."""
    known = PUBLISHED_FILES.get(path.name)
    return known is not None and path.is_file() and path.stat().st_size == known[0] and file_sha256(path) == known[1]


def check_siglip_tokenizer(folder: Path, tokenize: Callable[[list[str]], Tensor]) -> None:
    """Make sure that a folder's tokenizer is SigLIP's.

    The published file is known by its hash; one that was saved again has another, and is judged by the ids it gives.

    Args:
        folder: that holds ``tokenizer.json``.
        tokenize: texts to ids (N, CONTEXT), with the tokenizer of this folder.

    Raises:
        ModelError: known texts get other ids.
    """
    if is_published(folder / "tokenizer.json"):
        return
    ids = tokenize(list(KNOWN_IDS)).tolist()
    for (text, known), found in zip(KNOWN_IDS.items(), ids, strict=True):
        if found != [*known, *[PADDING] * (CONTEXT - len(known))]:
            raise ModelError(
                f"The tokenizer in {folder} is not SigLIP's: '{text}' has other token ids than in its training.",
                hint="Copy tokenizer.json from the address the model was published at.",
            )
