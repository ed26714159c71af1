"""Replacement of unknown words by the nearest words of the training vocabulary.

A small model learns to place pixels by a few hundred words. A sentence encoder puts "dwelling" near "house", but not
onto it, and the rest of the difference points where no pixel was ever trained: cosines there mean little. A word is
therefore replaced by the mean of the known words, weighted by a softmax of their cosines with it (kernel regression,
Nadaraya 1964, with training words as its points, as Tip-Adapter of Zhang et al. 2022 does with training images). Known
words stay as they are, and so do words that resemble none.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHARPNESS = 30.0
"""Factor of the cosines in the softmax; chosen on the drone tiles of Kampala that are kept aside, among 15, 30, 60."""
SAME = 0.995
"""Cosine from which on a word is a known one."""
KINSHIP_BEGINS, KINSHIP_ENDS = 0.40, 0.60
"""Cosine with the nearest known word from which on a word is read by the known ones in part, and wholly."""


class KnownWords(nn.Module):
    """The words of a model's training and their vectors.

    Args:
        words: the words, without templates.
        embed_dim: length of a vector.

    Attributes:
        words: the words.
        vectors: unit vectors (K, D) of the words inside the model's templates; zeros until they are set.
    """

    vectors: Tensor

    def __init__(self, words: Sequence[str], embed_dim: int) -> None:
        super().__init__()
        self.words = tuple(words)
        self.register_buffer("vectors", torch.zeros(len(self.words), embed_dim))

    def read(self, vectors: Tensor) -> Tensor:
        """Returns the vectors that texts are compared with pixels by.

        Args:
            vectors: unit vectors (N, D) of texts inside the model's templates.

        Returns:
            (N, D) float32 unit vectors.
        """
        known = self.vectors.to(vectors)
        cosines = vectors @ known.T
        mixed = F.normalize((SHARPNESS * cosines).softmax(1) @ known, dim=-1)
        nearest = cosines.amax(1, keepdim=True)
        share = ((nearest - KINSHIP_BEGINS) / (KINSHIP_ENDS - KINSHIP_BEGINS)).clamp(0, 1) * (nearest < SAME)
        return F.normalize(share * mixed + (1 - share) * vectors, dim=-1)

    def nearest(self, vector: Tensor, count: int = 3) -> tuple[tuple[str, float], ...]:
        """Returns the known words nearest to a unit vector (D,), with their cosines, the nearest first."""
        cosines = self.vectors.to(vector) @ vector
        found = cosines.topk(min(count, len(self.words)))
        return tuple((self.words[place], float(cosine)) for cosine, place in zip(*found, strict=True))
