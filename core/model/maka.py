"""MaKA translators: the student's tokens in the space of a teacher, conditioned on the wavelengths.

From GeoLangBind (modality-aware knowledge agglomeration). Parameter names are those of the published checkpoints.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from core.model.patch_embedding import sinusoidal_encoding

WAVELENGTH_DIM = 128


class _WavelengthPrompt(nn.Module):
    """The mean of linearly projected sinusoids of the wavelengths, in µm."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(WAVELENGTH_DIM, WAVELENGTH_DIM)

    def forward(self, wavelengths_um: Tensor) -> Tensor:
        weight = self.proj.weight
        code = sinusoidal_encoding(wavelengths_um.to(weight.device), WAVELENGTH_DIM)
        return self.proj(code.to(weight.dtype)).mean(dim=0)


class _PromptedNorm(nn.Module):
    """LayerNorm over (C, H, W), then a scale and shift per channel that the prompt chooses."""

    def __init__(self, width: int, grid: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm((width, grid, grid))
        self.modality_prompt_fc = nn.Linear(WAVELENGTH_DIM, 2 * width)

    def forward(self, tokens: Tensor, prompt: Tensor) -> Tensor:
        gamma, beta = self.modality_prompt_fc(prompt).chunk(2)
        tokens = self.layer_norm(tokens)
        return tokens + gamma[:, None, None] * tokens + beta[:, None, None]


class MakaTranslator(nn.Module):
    """Translate a token map into one teacher's features.

    Args:
        width: channels of the tokens.
        grid: side of the teacher's feature grid.
        channels: channels of the teacher's features.
    """

    def __init__(self, width: int, grid: int, channels: int) -> None:
        super().__init__()
        self.grid = grid
        self.wave_encoder = _WavelengthPrompt()
        self.norm1 = _PromptedNorm(width, grid)
        self.conv1 = nn.Conv2d(width, channels, kernel_size=3, padding=1)

    def forward(self, tokens: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Translate tokens (B, D, h, w) seen at wavelengths (C,) in µm into (B, grid², channels)."""
        resized = F.interpolate(tokens, size=(self.grid, self.grid), mode="nearest")
        translated = self.conv1(self.norm1(resized, self.wave_encoder(wavelengths_um)))
        return translated.flatten(2).transpose(1, 2)
