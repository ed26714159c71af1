"""The scene head: a vector of the whole image from means and deviations of its feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu


class SceneHead(nn.Module):
    """A small network over channel statistics, whose vector is added to the unit vector of attention pooling.

    Attention pooling of a few narrow tokens keeps little of what tells a vineyard from a field; how strongly and how
    unevenly every channel answers over the image keeps more (mean and deviation describe texture as in Portilla and
    Simoncelli 2000; joining them to pooled features follows x-vectors, Snyder et al. 2018). Both are independent of the
    image's size. The last layer starts at zero, so that a trained model can be given this head and still says what it
    said.

    Args:
        channels: channels of each map it reads.
        embed_dim: channels of the shared space.
        hidden: width of the two hidden layers.
        dropout: share of hidden values left out in training.
        means_alone: how many of the maps, from the first on, are read without their deviations.
    """

    def __init__(
        self, channels: Sequence[int], embed_dim: int, hidden: int = 512, dropout: float = 0.3, means_alone: int = 0
    ) -> None:
        super().__init__()
        read = [count for place, count in enumerate(channels) for _ in range(1 if place < means_alone else 2)]
        self._read = [place for place in range(2 * len(channels)) if place % 2 == 0 or place >= 2 * means_alone]
        self.norms = nn.ModuleList(nn.LayerNorm(count) for count in read)
        self.enter = nn.Linear(sum(read), hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.leave = nn.Linear(hidden, embed_dim)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, statistics: Sequence[Tensor]) -> Tensor:
        """Returns (B, embed_dim) for mean (B, channels) and deviation (B, channels) of each map in turn."""
        read = [statistics[place] for place in self._read]
        x = torch.cat([norm(each) for norm, each in zip(self.norms, read, strict=True)], dim=1)
        x = self.dropout(gelu(self.enter(x)))
        x = x + self.dropout(gelu(self.middle(x)))
        return self.leave(x)


def mean_and_deviation(x: Tensor) -> tuple[Tensor, Tensor]:
    """Returns mean and standard deviation (B, c) over the pixels of a map (B, c, h, w), in its dtype."""
    variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0)
    return mean.to(x.dtype), (variance + 1e-6).sqrt().to(x.dtype)
