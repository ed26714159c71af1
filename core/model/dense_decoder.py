"""The trained dense head: tokens and the stem's finer maps, decoded to text-aligned features every two pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate

from core.model.same_size import SameSize
from core.model.spectral_stem import ResidualBlock


class Decoder(nn.Module, ABC):
    """A dense head that ends in text space by a linear step, ``features = project(bottleneck)``.

    The feature store keeps the bottleneck and multiplies the text by ``project`` instead, which is exact.

    Attributes:
        stride: pixels between features.
        project: the linear step.
    """

    stride: int
    project: nn.Conv2d

    @abstractmethod
    def bottleneck_groups(self, groups: Sequence[tuple[Tensor, Mapping[int, Tensor]]]) -> list[Tensor]:
        """Narrow features (B, channels, H/stride, W/stride) of several groups of images: tokens and finer maps."""

    def bottleneck(self, tokens: Tensor, pyramid: Mapping[int, Tensor]) -> Tensor:
        """Narrow features (B, channels, H/stride, W/stride) before the linear map into text space."""
        return self.bottleneck_groups([(tokens, pyramid)])[0]

    def forward(self, tokens: Tensor, pyramid: Mapping[int, Tensor]) -> Tensor:
        """Text-space features.

        Args:
            tokens: (B, width, h, w) after the trunk's final norm.
            pyramid: the trunk's finer maps by stride.

        Returns:
            (B, embed_dim, H/stride, W/stride), not normalised.
        """
        features: Tensor = self.project(self.bottleneck(tokens, pyramid))
        return features


class DenseDecoder(Decoder):
    """A small feature pyramid (Lin et al. 2017) over tokens at stride 8 and the stem's maps at strides 4 and 2.

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


def _enlarge(x: Tensor, like: Tensor) -> Tensor:
    return interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
