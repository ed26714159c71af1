"""The trained dense head: tokens and the stem's finer maps, decoded to text-aligned features every two pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate

from core.model.same_size import SameSize
from core.model.spectral_stem import ResidualBlock


class DenseDecoder(nn.Module):
    """A small feature pyramid (Lin et al. 2017) that ends in text space.

    Its last step is linear, ``features = project(bottleneck)``: whoever keeps features keeps the bottleneck and
    multiplies the text by ``project`` instead, which is exact.

    Args:
        width: token channels (stride 8).
        embed_dim: text channels.
        channels: bottleneck channels.
        fine: channels of the stem's map at stride 2.
        middle: channels of the stem's map at stride 4.
    """

    stride = 2

    def __init__(self, width: int, embed_dim: int, channels: int = 64, fine: int = 32, middle: int = 96) -> None:
        super().__init__()
        self.enter = nn.Conv2d(width, middle, 1)
        self.join_middle = nn.Conv2d(middle, middle, 1)
        self.refine = ResidualBlock(middle)
        self.narrow = nn.Conv2d(middle, channels, 1)
        self.join_fine = nn.Conv2d(fine, channels, 3, padding=1)
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1)
        self.project = nn.Conv2d(channels, embed_dim, 1)

    def bottleneck(self, tokens: Tensor, pyramid: Mapping[int, Tensor]) -> Tensor:
        """Returns the narrow features (B, channels, H/2, W/2) before the linear map into text space."""
        return self.bottleneck_groups([(tokens, pyramid)])[0]

    def bottleneck_groups(self, groups: Sequence[tuple[Tensor, Mapping[int, Tensor]]]) -> list[Tensor]:
        """Returns the narrow features of several groups of images, which share the statistics of their norms."""
        same = SameSize.of([tokens for tokens, _ in groups])
        tokens, fours, twos = (
            same.join([tokens for tokens, _ in groups]),
            same.join([maps[4] for _, maps in groups]),
            same.join([maps[2] for _, maps in groups]),
        )
        joined = self.refine(
            [_enlarge(self.enter(x), four) + self.join_middle(four) for x, four in zip(tokens, fours, strict=True)]
        )
        narrow = [
            gelu(_enlarge(self.narrow(x), two) + self.join_fine(two)) for x, two in zip(joined, twos, strict=True)
        ]
        return same.split([x + self.smooth(x) for x in narrow])

    def forward(self, tokens: Tensor, pyramid: Mapping[int, Tensor]) -> Tensor:
        """Returns text-space features.

        Args:
            tokens: (B, width, H/8, W/8) after the trunk's final norm.
            pyramid: the stem's maps {2: (B, fine, H/2, W/2), 4: (B, middle, H/4, W/4)}.

        Returns:
            (B, embed_dim, H/2, W/2), not normalised.
        """
        return self.project(self.bottleneck(tokens, pyramid))


def _enlarge(x: Tensor, like: Tensor) -> Tensor:
    return interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
