"""Galileo nano: tokens of Sentinel-2 and Sentinel-1 of one date, distilled into a student (VECT).

The encoder of Tseng et al. 2025 ("Galileo: Learning Global & Local Features of Many Remote Sensing Modalities",
arXiv:2502.09356): every group of bands has patch tokens of its own, which attend to each other. Its inputs are
top-of-atmosphere reflectance and radar in decibels.
Elevation is left out: Galileo takes metres and slopes, and images in model units have lost both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from timm.layers.patch_embed import resample_patch_embed
from torch import Tensor, nn

from core.errors import ModelError, SensorError
from core.model.weight_files import read_weights
from core.pretrain.sources.scenes import nearest_band
from core.spectral.bands import Band
from core.spectral.scaling import physical_range
from training.teachers.files import find_teacher_file

NDVI = "NDVI"
GROUPS = {
    "S1": ("VV", "VH"),
    "S2_RGB": ("B02", "B03", "B04"),
    "S2_Red_Edge": ("B05", "B06", "B07"),
    "S2_NIR_10m": ("B08",),
    "S2_NIR_20m": ("B8A",),
    "S2_SWIR": ("B11", "B12"),
    NDVI: ("B08", "B04"),
}
"""Bands of each group of tokens, in the order of the weights; the vegetation index is one channel made of two bands."""
WAVELENGTHS_UM = {
    "B02": 0.49, "B03": 0.56, "B04": 0.665, "B05": 0.705, "B06": 0.74, "B07": 0.783, "B08": 0.842, "B8A": 0.865,
    "B11": 1.61, "B12": 2.19, "VV": 5.40, "VH": 5.41,
}  # fmt: skip
MEAN_DEVIATION = {
    "VV": (-11.7287, 4.8871), "VH": (-18.8556, 5.7303), "B02": (1395.34, 917.70), "B03": (1338.40, 913.30),
    "B04": (1343.10, 1092.68), "B05": (1543.86, 1047.22), "B06": (2186.20, 1048.01), "B07": (2525.09, 1143.69),
    "B08": (2410.34, 1098.98), "B8A": (2750.29, 1204.47), "B11": (2234.91, 1145.98), "B12": (1474.53, 980.24),
}  # fmt: skip
"""Statistics of its training data (nasaharvest/galileo, config/normalization.json): decibels, reflectance × 10 000."""
UNUSED = ("space_embed.", "time_embed.", "static_embed.", "sp_channel_embed", "t_channel_embed", "st_channel_embed")
"""Tensors of inputs that a picture does not have: terrain, land-cover maps, weather, lights, population, place."""
SCALE = 20.0
"""Turns the features' deviation, about 0.05 over tiles of land cover, to one that the losses of distillation suit."""
OPTICAL_TOLERANCE_UM, RADAR_TOLERANCE_UM = 0.015, 0.004
MONTH = 5
"""June, which the authors take too where the date is not known."""
WINDOWS = range(4, 13)
"""Sides in tokens of the windows that attend within themselves, as in its training."""


@dataclass(frozen=True)
class GalileoSize:
    """Size of an encoder; width, depth and heads default to those of the published nano weights.

    Attributes:
        width: of a token; four equal parts encode group, date, month and position.
        depth: number of blocks.
        heads: of the attention.
        patch: side of a token in pixels, from 1 to 8; stored kernels of another size are resampled (FlexiViT).
    """

    width: int = 128
    depth: int = 4
    heads: int = 8
    patch: int = 4


class GalileoEncoder(nn.Module):
    """The encoder for one date; parameters are named as in the published weights.

    Args:
        size: of the encoder.
    """

    def __init__(self, size: GalileoSize | None = None) -> None:
        super().__init__()
        size = size or GalileoSize()
        part = size.width // 4
        self.patch = size.patch
        self.pos_embed = nn.Parameter(torch.zeros(24, part))
        self.s_t_channel_embed = nn.Parameter(torch.zeros(len(GROUPS), part))
        self.month_embed = nn.Embedding(12, part)
        self.space_time_embed = nn.ModuleDict(
            {
                name: nn.ModuleDict({"proj": nn.Conv2d(_channels(name), size.width, size.patch, size.patch)})
                for name in GROUPS
            }
        )
        self.blocks = nn.ModuleList(_Block(size.width, size.heads) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width)

    def forward(self, groups: Mapping[str, Tensor]) -> Tensor:
        """Encode square windows.

        Args:
            groups: normalised images (B, channels, S, S) by group of bands; S is a multiple of the patch.

        Returns:
            (B, S / patch, S / patch, width): the mean over the groups.
        """
        embed = {name: self.get_submodule(f"space_time_embed.{name}.proj") for name in groups}
        tokens = torch.stack([embed[name](image).permute(0, 2, 3, 1) for name, image in groups.items()], dim=1)
        batch, count, side = tokens.shape[:3]
        tokens = (tokens + torch.stack([self._place_codes(name, side) for name in groups])).flatten(1, 3)
        for block in self.blocks:
            tokens = block(tokens)
        mean: Tensor = self.norm(tokens).view(batch, count, side, side, -1).mean(1)
        return mean

    def _place_codes(self, name: str, side: int) -> Tensor:
        """Returns what is added to a group's tokens, (side, side, width): group, first date, month, position."""
        group = self.s_t_channel_embed[list(GROUPS).index(name)]
        of_all = torch.cat([group, self.pos_embed[0], self.month_embed.weight[MONTH]]).expand(side, side, -1)
        along = position_codes(side, self.patch, self.pos_embed.shape[1] // 2).to(of_all)
        columns, rows = along[None].expand(side, -1, -1), along[:, None].expand(-1, side, -1)
        return torch.cat([of_all, columns, rows], dim=-1)


class GalileoTeacher:
    """Teacher of images that have radar, or bands of Sentinel-2 beyond red, green and blue.

    Windows of an image are encoded one by one. The features are the tokens less the mean token of their position in
    all windows of the image: that mean says which bands and which position these are, and is most of a token.
    Colour alone is refused: such images are often rendered for display, which reflectance cannot be had from.

    Args:
        grid: side of the feature grid, twice a number of 4 to 12 at least and a multiple of it.
        patch: side of a token in pixels; images are resampled to grid × patch pixels.

    Raises:
        ValueError: the grid cannot be cut into equal windows.
        ModelError: the weights are not on this computer or are another model's.
    """

    def __init__(self, grid: int = 32, patch: int = 4) -> None:
        size = GalileoSize(patch=patch)
        self.grid = grid
        self.channels = size.width
        self._window = max((side for side in WINDOWS if grid % side == 0 and grid > side), default=0)
        if not self._window:
            raise ValueError(f"A grid of {grid} cannot be cut into windows of 4 to 12 tokens.")
        self.encoder = load_galileo(size, read_weights(find_teacher_file("galileo_nano")))

    @torch.no_grad()
    def features(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Return features (B, grid², 128) of images (B, C, H, W) in model units.

        Raises:
            SensorError: no group of its bands is whole, but perhaps red, green and blue.
        """
        groups = band_groups(known_bands(images.float().cpu(), wavelengths_um.tolist()))
        pixels, side = (count * self.encoder.patch for count in (self._window, self.grid))
        shown = {
            name: _windows(
                F.interpolate(image, (side, side), mode="bilinear", antialias=True, align_corners=False), pixels
            )
            for name, image in groups.items()
        }
        tokens = self.encoder(shown).unflatten(0, (len(images), -1))
        features = SCALE * (tokens - tokens.mean(dim=1, keepdim=True))
        return _joined(features).flatten(1, 2).to(images.device)


def load_galileo(size: GalileoSize, weights: Mapping[str, Tensor]) -> GalileoEncoder:
    """Return an encoder with weights, of which each tensor is either loaded or one of UNUSED.

    Raises:
        ModelError: a tensor is missing, has another shape, or is not known.
    """
    encoder = GalileoEncoder(size)
    wanted = {
        name: resample_patch_embed(tensor, [size.patch, size.patch]) if tensor.ndim == 4 else tensor
        for name, tensor in weights.items()
        if not name.startswith(UNUSED)
    }
    try:
        encoder.load_state_dict(wanted, strict=True)
    except RuntimeError as problem:
        raise ModelError(f"The weights are not those of this Galileo: {str(problem).splitlines()[1].strip()}") from None
    return encoder.eval().requires_grad_(False)


def known_bands(images: Tensor, wavelengths_um: Sequence[float]) -> dict[str, Tensor]:
    """Return decibels or reflectance × 10 000 (B, H, W) by band name, of Galileo's bands that are there.

    Args:
        images: (B, C, H, W) in model units.
        wavelengths_um: of the bands.
    """
    found = {}
    for name, wanted in WAVELENGTHS_UM.items():
        tolerance = RADAR_TOLERANCE_UM if name in GROUPS["S1"] else OPTICAL_TOLERANCE_UM
        index = nearest_band(wavelengths_um, wanted, tolerance)
        if index is not None:
            found[name] = _physical(images[:, index], name, wanted)
    return found


def band_groups(bands: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return normalised images (B, channels, H, W) by group, of the groups whose bands are all there.

    Args:
        bands: decibels or reflectance × 10 000 (B, H, W) by name.

    Raises:
        SensorError: there is none but red, green and blue.
    """
    groups = {
        group: _ndvi(*(bands[name] for name in names))
        if group == NDVI
        else torch.stack([_normalised(bands[name], name) for name in names], dim=1)
        for group, names in GROUPS.items()
        if all(name in bands for name in names)
    }
    if not set(groups) - {"S2_RGB"}:
        raise SensorError(
            "Galileo needs radar (VV and VH) or bands of Sentinel-2 beyond colour.", hint="Pair it with such an image."
        )
    return groups


def position_codes(side: int, patch: int, width: int) -> Tensor:
    """Return sines and cosines (side, width) of the positions of tokens, in pixels.

    The frequencies fall from 1 to the fourth root of 1/10 000 alone, as in the published code.
    """
    frequencies = 10_000.0 ** -(torch.arange(width // 2) / (2 * width))
    angles = patch * torch.arange(side)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class _Block(nn.Module):
    """A transformer block with the norm before each part."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(tokens))))


class _Attention(nn.Module):
    """Self-attention of all tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, tokens: Tensor) -> Tensor:
        split = [part(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v)]
        return self.proj(F.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2))


def _channels(group: str) -> int:
    return 1 if group == NDVI else len(GROUPS[group])


def _physical(values: Tensor, name: str, wavelength_um: float) -> Tensor:
    """Returns decibels, or reflectance × 10 000."""
    radar = name in GROUPS["S1"]
    low, high = physical_range(Band(name, wavelength_um, kind="sar" if radar else "reflectance")) or (0.0, 1.0)
    return (low + (values + 1) / 2 * (high - low)) * (1 if radar else 10_000)


def _normalised(physical: Tensor, name: str) -> Tensor:
    """Returns values whose 0 and 1 are two deviations below and above the mean."""
    mean, deviation = MEAN_DEVIATION[name]
    return (physical - (mean - 2 * deviation)) / (4 * deviation)


def _ndvi(infrared: Tensor, red: Tensor) -> Tensor:
    return ((infrared - red) / (infrared + red).clamp(min=1.0))[:, None]


def _windows(images: Tensor, side: int) -> Tensor:
    """Returns images (B, C, H, W) in square windows, (B · windows, C, side, side)."""
    cut = images.unfold(2, side, side).unfold(3, side, side)
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)


def _joined(windows: Tensor) -> Tensor:
    """Returns maps (B, n · h, n · h, D) of windows (B, n², h, h, D), which come row by row."""
    across = round(windows.shape[1] ** 0.5)
    return windows.unflatten(1, (across, across)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
