"""The image part of an open_clip model: picks its bands, normalises them and knows its tower's dense heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model.open_models.settings import DISPLAY, OpenModelSettings, fitting_part
from core.model.open_models.towers import TOKENS, ImageTower, image_tower
from core.model.trunk import Pyramid
from core.spectral.band_choice import BandChoice, choose_bands
from core.spectral.bands import Band
from core.spectral.scaling import physical_range

DIGITAL_NUMBERS = 10_000.0
"""Digital numbers of reflectance 1, which means and deviations of Sentinel-2 models are counted in."""


class OpenTrunk(nn.Module):
    """An open_clip image tower as a trunk of fixed bands; its tokens are in text space already.

    Args:
        settings: architecture, bands and normalisation.

    Attributes:
        dense_heads: names of the dense heads it can do.
        best_head: the default.
        image_size: side in pixels that whole images are brought to.
    """

    sees_whole_batches = False
    memory_format = torch.contiguous_format
    pyramid_channels: dict[int, int] = {}  # noqa: RUF012 - never changed

    def __init__(self, settings: OpenModelSettings) -> None:
        super().__init__()
        self.settings = settings
        with fitting_part("vision_cfg"):
            self.tower: ImageTower = image_tower(build_image_tower(settings))
            self.image_size = image_size(settings)
        self.embed_dim = self.pooled_channels = int(settings.architecture["embed_dim"])
        self.token_stride = self.tower.stride
        self.dense_heads, self.best_head = self.tower.heads, self.tower.best_head

    def choice(self, wavelengths_um: Sequence[float]) -> BandChoice:
        """Choose the bands that the model sees.

        Raises:
            SensorError: too many of its bands are missing.
        """
        return choose_bands(self.settings.bands_um, wavelengths_um)

    def band_note(self, wavelengths_um: Sequence[float]) -> str:
        """Returns which bands the model does not see, or lacks, in words; "" where none."""
        choice = self.choice(wavelengths_um)
        return choice.in_words() if choice.left_out or None in choice.picked else ""

    def normalised(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Bring images (B, C, H, W) in model units to the model's bands and normalisation (B, K, H, W)."""
        choice = self.choice(wavelengths_um.tolist())
        settings = self.settings
        bands = []
        for number, index in enumerate(choice.picked):
            if index is None:
                bands.append(images.new_zeros(len(images), *images.shape[2:]))  # the mean of its training
                continue
            share = (images[:, index] + 1) / 2
            if settings.scale != DISPLAY:
                low, high = _reflectance_range(settings.bands_um[number])
                share = DIGITAL_NUMBERS * (low + (high - low) * share)
            bands.append((share - settings.mean[number]) / settings.std[number])
        return torch.stack(bands, dim=1)

    def encode(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images of the model's own size as pooled vectors (B, D); what does not fill a patch is left out."""
        height, width = (side // self.token_stride * self.token_stride for side in images.shape[-2:])
        pooled: Tensor = self.tower(self.normalised(images[..., :height, :width], wavelengths_um))
        return pooled

    def text_space_map(self, images: Tensor, wavelengths_um: Tensor, head: str) -> Tensor:
        """Encode images (B, C, H, W) as a map (B, D, h, w) in text space by one of ``dense_heads``."""
        return self.tower.dense(self.normalised(images, wavelengths_um), head)

    def forward_tokens(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images as tokens, each as if pooled alone (B, D, h, w)."""
        return self.text_space_map(images, wavelengths_um, TOKENS)

    def forward_pyramid(self, images: Tensor, wavelengths_um: Tensor) -> tuple[Tensor, Pyramid]:
        """Tokens (B, D, h, w); there are no finer maps."""
        return self.forward_tokens(images, wavelengths_um), {}

    def forward_groups(self, groups: Sequence[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Pyramid]]:
        """The same of several groups of images."""
        return [self.forward_pyramid(images, wavelengths) for images, wavelengths in groups]

    def last_map(self, tokens: Tensor) -> Tensor:
        """The tokens themselves."""
        return tokens

    def pool(self, tokens: Tensor) -> Tensor:
        """Mean of a token map (B, D, h, w) as (B, D); a whole image is encoded by ``encode`` instead."""
        return tokens.flatten(2).mean(2)


class OpenVisual(nn.Module):
    """The image tower of an open_clip model, in the place of ``core.model.visual_tower.VisualTower``."""

    scene = None

    def __init__(self, settings: OpenModelSettings) -> None:
        super().__init__()
        self.trunk = OpenTrunk(settings)
        self.head = nn.Identity()

    def fitted(self, images: Tensor) -> Tensor:
        """Whole images (B, C, H, W) at the size that the model was trained with."""
        side = self.trunk.image_size
        if tuple(images.shape[-2:]) == (side, side) or 0 in images.shape:
            return images
        return F.interpolate(images.float(), size=(side, side), mode="bicubic", align_corners=False, antialias=True)

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Encode images (B, C, H, W), brought to the model's own size, as vectors (B, D) in text space."""
        return self.trunk.encode(self.fitted(images), wavelengths_um)


def build_image_tower(settings: OpenModelSettings) -> nn.Module:
    """Build open_clip's image tower with fresh weights, its first layer for the model's number of bands.

    Raises:
        ModelError: open_clip cannot build it.
    """
    from open_clip.model import _build_vision_tower

    architecture = settings.architecture
    # The weights are the checkpoint's: nothing is fetched, whatever the configuration asks for.
    image_part = {**architecture["vision_cfg"], "timm_model_pretrained": False}
    tower: Any = _build_vision_tower(architecture["embed_dim"], image_part, bool(architecture.get("quick_gelu", False)))
    count = len(settings.bands_um)
    first = getattr(tower, "conv1", None)
    if count != 3 and isinstance(first, nn.Conv2d):  # as Llama3-MS-CLIP widens its own
        size, stride = first.kernel_size, first.stride
        tower.conv1 = nn.Conv2d(count, first.out_channels, size, stride, bias=first.bias is not None)  # type: ignore[arg-type]
    return tower  # type: ignore[no-any-return]


def image_size(settings: OpenModelSettings) -> int:
    """Returns the side in pixels of the images a model was trained with."""
    size = settings.architecture["vision_cfg"].get("image_size", 224)
    return int(size[0] if isinstance(size, (list, tuple)) else size)


def _reflectance_range(wavelength_um: float) -> tuple[float, float]:
    found = physical_range(Band(f"{wavelength_um:g}", wavelength_um, kind="reflectance"))
    assert found is not None
    return found
