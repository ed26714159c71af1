"""Patch embedding whose convolution is generated from the bands' wavelengths.

Follows the dynamic patch embedding of DOFA and DOFA-CLIP: any number of bands is embedded by one set of parameters,
because the kernel of every band is computed from its centre wavelength. The published checkpoints fix the names of all
parameters here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GENERATED_SCALE = 0.01
"""Generated kernels and biases are multiplied by this, as in the reference."""

CACHED_BAND_SETS = 16
_CACHE_LOCK = threading.Lock()
"""Requests share a model. Not a field of the module, so that models can be copied."""


def sinusoidal_encoding(positions: Tensor, dim: int = 128) -> Tensor:
    """Encode numbers as sines and cosines of geometrically spaced frequencies.

    Args:
        positions: (C,) in any unit; the patch embedding uses nanometres, the translators µm.
        dim: even length of the code.

    Returns:
        (C, dim) in the dtype of ``positions``: dim/2 sines, then dim/2 cosines.
    """
    exponents = torch.arange(dim // 2, dtype=positions.dtype, device=positions.device) / (dim / 2)
    angles = torch.outer(positions, 1.0 / 10000**exponents)
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)


def parameter_version(parameters: Iterable[nn.Parameter]) -> tuple[int, ...]:
    """Returns numbers that change whenever a parameter is written to or replaced."""
    return tuple(number for parameter in parameters for number in (parameter._version, parameter.data_ptr()))


class WavelengthEncoding(nn.Module):
    """Wavelengths as learned vectors: sinusoids of the nanometres through a residual two-layer MLP."""

    def __init__(self, dim: int = 128) -> None:
        super().__init__()
        self.dim = dim
        self.w1 = nn.Linear(dim, dim)
        self.w2 = nn.Linear(dim, dim)
        self.init_weights()

    def init_weights(self) -> None:
        """Initialise as the reference implementation does; timm calls this after its own initialisation."""
        _init_linears(self)

    def forward(self, wavelengths_um: Tensor) -> Tensor:
        """Encode centre wavelengths (C,) in µm as (C, dim), on the device of the parameters."""
        weight = self.w1.weight
        wavelengths_nm = 1000.0 * wavelengths_um.to(weight.device, torch.float32)
        code = sinusoidal_encoding(wavelengths_nm, self.dim).to(weight.dtype)
        return code + F.relu(self.w2(F.relu(self.w1(code))))


class WeightGenerator(nn.Module):
    """A small transformer that turns wavelength vectors into the kernel and bias of a convolution.

    Learned weight tokens, the wavelengths and one bias token attend to each other; each wavelength token becomes
    the kernel of its band, the bias token the bias.

    Args:
        kernel_size: side of the square kernel in pixels.
        out_channels: channels the convolution gives.
        in_dim: length of a wavelength vector.
        feedforward: hidden width of the transformer.
        heads: attention heads.
        tokens: number of learned weight tokens.
    """

    def __init__(
        self,
        kernel_size: int,
        out_channels: int,
        in_dim: int = 128,
        feedforward: int = 2048,
        heads: int = 4,
        tokens: int = 128,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.out_channels = out_channels
        layer = nn.TransformerEncoderLayer(in_dim, heads, feedforward, dropout=0.0, activation="gelu")
        self.transformer_encoder = nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)
        self.weight_tokens = nn.Parameter(torch.empty(tokens, in_dim))
        self.bias_token = nn.Parameter(torch.empty(1, in_dim))
        self.fc_weight = nn.Linear(in_dim, kernel_size * kernel_size * out_channels)
        self.fc_bias = nn.Linear(in_dim, out_channels)
        self.init_weights()

    def init_weights(self) -> None:
        """Initialise as the reference implementation does; timm calls this after its own initialisation."""
        _init_linears(self)
        nn.init.normal_(self.weight_tokens, std=0.02)
        nn.init.normal_(self.bias_token, std=0.02)

    def forward(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Generate a convolution.

        Args:
            encoded: wavelength vectors (C, in_dim).

        Returns:
            Kernel (out_channels, C, kernel_size, kernel_size) and bias (out_channels,).
        """
        sequence = torch.cat([self.weight_tokens, encoded, self.bias_token])
        attended = self.transformer_encoder(sequence)
        bands = attended[len(self.weight_tokens) : -1] + encoded
        side = self.kernel_size
        kernel = self.fc_weight(bands).view(len(encoded), side, side, self.out_channels).permute(3, 0, 1, 2)
        return kernel * GENERATED_SCALE, self.fc_bias(attended[-1]) * GENERATED_SCALE


class GeneratedConvolution(nn.Module):
    """Wavelength encoding and weight generator together, remembering the weights of recent band sets.

    The weights depend on the wavelengths alone, so at inference they are generated once per band set and reused for
    every tile. In training, or while gradients flow to the generator, they are generated anew.

    Args:
        kernel_size: side of the square kernel in pixels.
        out_channels: channels the convolution gives.
        in_dim: length of a wavelength vector.
    """

    def __init__(self, kernel_size: int, out_channels: int, in_dim: int = 128) -> None:
        super().__init__()
        self.fclayer = WavelengthEncoding(in_dim)
        self.weight_generator = WeightGenerator(kernel_size, out_channels, in_dim)
        self._cache: OrderedDict[tuple[object, ...], tuple[Tensor, Tensor]] = OrderedDict()

    def generated_weights(self, wavelengths_um: Tensor) -> tuple[Tensor, Tensor]:
        """Returns kernel (out_channels, C, k, k) and bias (out_channels,) for wavelengths (C,) in µm."""
        parameters = tuple(self.parameters())
        learning = torch.is_grad_enabled() and any(parameter.requires_grad for parameter in parameters)
        if self.training or learning:
            return self._generate(wavelengths_um)
        reference = self.weight_generator.bias_token
        key = (tuple(wavelengths_um.tolist()), reference.dtype, reference.device, parameter_version(parameters))
        with _CACHE_LOCK:
            if key not in self._cache:
                # Plain tensors even under inference_mode, so that a later caller may differentiate through them.
                with torch.inference_mode(False), torch.no_grad():
                    self._cache[key] = self._generate(torch.tensor(wavelengths_um.tolist()))
                if len(self._cache) > CACHED_BAND_SETS:
                    self._cache.popitem(last=False)
            self._cache.move_to_end(key)
            return self._cache[key]

    def _generate(self, wavelengths_um: Tensor) -> tuple[Tensor, Tensor]:
        """Generate in full precision: half-precision nanometres would blur neighbouring bands."""
        with torch.autocast(self.weight_generator.bias_token.device.type, enabled=False):
            return self.weight_generator(self.fclayer(wavelengths_um))


class DynamicPatchEmbedding(GeneratedConvolution):
    """Non-overlapping patches of any bands as tokens.

    Args:
        image_size: side in pixels the learned positions belong to.
        patch_size: side of a patch in pixels.
        width: length of a token.
    """

    def __init__(self, image_size: int, patch_size: int, width: int) -> None:
        super().__init__(patch_size, width)
        self.patch_size = patch_size
        self.grid_size = (image_size // patch_size, image_size // patch_size)
        self.num_patches = self.grid_size[0] * self.grid_size[1]

    def forward(self, images: Tensor, wavelengths_um: Tensor) -> Tensor:
        """Embed images (B, C, H, W) with wavelengths (C,) in µm as tokens (B, h*w, width), row by row."""
        kernel, bias = self.generated_weights(wavelengths_um)
        return F.conv2d(images, kernel, bias, stride=self.patch_size).flatten(2).transpose(1, 2)


def _init_linears(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, 0.01)
