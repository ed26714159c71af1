"""Encoding of batches of windows, up to the last linear map of a dense head."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from core.dense.background_odds import Background
from core.dense.basis import FeatureBasis
from core.dense.scales import averaged_scales, scales_of
from core.dense.text_factors import TextFactors
from core.dense.windows import WindowPlan
from core.model.dense_heads import dense_features, get_head
from core.model.efficientnet_trunk import SpectralEfficientNet
from core.model.lower_precision import is_packed, working_copy

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind
    from core.raster.grid import GridSpec
    from core.spectral.bands import BandSet

BATCH_PIXELS = 4 * 256 * 256
"""Pixels a batch on a CPU, where more is no faster; a GPU gets as many for each GiB of its memory."""
SMALLEST_BATCH = 2
MOST_BATCHES = 16
"""Largest batch on a GPU, in multiples of ``BATCH_PIXELS``; more is no faster."""
SMALLEST_WINDOW = 256
"""Side of a window in pixels: the one the model's positions were trained for, but no smaller than this."""
CONVOLUTIONAL_WINDOW, CONVOLUTIONAL_OVERLAP = 288, 32
"""The same and the overlap where a trunk has no positions and sees a part of a window from each place alone."""


class DenseEncoder:
    """One model with one dense head for one band set.

    Args:
        model: the model, on its device.
        bands: of the images.
        head: dense head; None for the model's default.
        global_bias: see ``core.model.dense_heads.dense_features``.
        scales: factors of the pixel size that windows are encoded at, 1 first; see ``core.dense.scales``.

    Attributes:
        basis: of the coordinates.
        stride: pixels a feature cell.
        label: head and options, as they enter the store's key.
        of_radar: whether all bands are a radar's, whose prompts are calibrated by themselves.
    """

    def __init__(
        self,
        model: GeoLangBind,
        bands: BandSet,
        head: str | None = None,
        global_bias: float = 0.0,
        scales: tuple[int, ...] = (1,),
    ) -> None:
        self.model = model.eval()
        self.head = get_head(model, head)
        self.stride = self.head.stride(model)
        self.label = f"{self.head.name} global_bias={global_bias:g} {_precision(model)}"
        if len(scales) > 1:
            self.label += f" scales={','.join(map(str, scales))}"
        self._scales = scales
        self._global_bias = global_bias
        self._largest_batch: int | None = None
        self.of_radar = all(band.kind == "sar" for band in bands.bands)
        self._wavelengths = torch.tensor(bands.wavelengths_um, dtype=torch.float32)
        projection = None if global_bias else self.head.projection(model)
        self.basis = (
            FeatureBasis.identity(model.embed_dim) if projection is None else FeatureBasis.of_projection(projection)
        )

    @classmethod
    def on(
        cls, model: GeoLangBind, bands: BandSet, grid: GridSpec, head: str | None = None, global_bias: float = 0.0
    ) -> DenseEncoder:
        """Returns the encoder of a picture with this grid, whose pixel size determines the scales."""
        return cls(model, bands, head, global_bias, scales_of(grid, model.config.multi_scale_m))

    @property
    def separate(self) -> bool:
        """Whether each window is encoded by itself, so that several threads can share the work."""
        return is_packed(self.model)

    @torch.inference_mode()
    def encode(self, images: Tensor) -> Tensor:
        """Encode windows; what is said of one does not depend on the others.

        Args:
            images: (B, C, H, W) float32 in model units, on the CPU.

        Returns:
            (B, Z, H / stride, W / stride) on the CPU, in the precision the model computes in; ``basis`` makes
            coordinates of them. Where the device runs out of memory, smaller batches are tried, down to two windows.

        Raises:
            torch.OutOfMemoryError: not even two windows fit.
        """
        if self.separate:
            return torch.cat([self._encode(image) for image in images.split(1)])
        if len(images) == 1:  # a batch of one is multiplied by other kernels, which round otherwise
            return self.encode(images.expand(SMALLEST_BATCH, -1, -1, -1))[:1]
        try:
            return self._encode(images)
        except torch.OutOfMemoryError:
            if len(images) <= SMALLEST_BATCH:
                raise
        torch.cuda.empty_cache()
        half = max(SMALLEST_BATCH, len(images) // 2)
        self._largest_batch = half
        parts = [half] * (len(images) // half)
        parts[-1] += len(images) % half
        return torch.cat([self.encode(part) for part in images.split(parts)])

    def batch_size(self, window_pixels: int) -> int:
        """Number of windows of ``window_pixels`` a side per batch; smaller after the device ran out of memory."""
        batches = 1
        if self.model.device.type != "cpu":
            memory = 0 if self.model.compute is None else self.model.compute.memory_bytes
            batches = min(MOST_BATCHES, max(1, memory // 2**30)) if memory else MOST_BATCHES // 4
        size = max(SMALLEST_BATCH, batches * BATCH_PIXELS // window_pixels**2)
        return size if self._largest_batch is None else min(size, self._largest_batch)

    def _encode(self, images: Tensor) -> Tensor:
        images = images.to(self.model.device, torch.float32)
        working = working_copy(self.model)

        def encode(images: Tensor) -> Tensor:
            if self._global_bias:
                return dense_features(working, images, self._wavelengths, self.head.name, self._global_bias)
            return self.head.narrow(working, images, self._wavelengths)

        with self.model.autocast():
            return averaged_scales(encode, images, self._scales).cpu()

    def plan(self, width: int, height: int) -> WindowPlan:
        """Returns the windows for a raster of this size in pixels."""
        patch = self.model.config.patch_size
        if isinstance(self.model.visual.trunk, SpectralEfficientNet):
            return WindowPlan.over(
                width, height, stride=self.stride, patch=patch,
                window=CONVOLUTIONAL_WINDOW, overlap=CONVOLUTIONAL_OVERLAP, windows_per_chunk=1,
            )  # fmt: skip
        window = self.model.config.image_size // patch * patch
        overlap = 0
        if self.head.name != "maka":  # a translator is trained for one grid: its windows have one size and no overlap
            window = max(window, SMALLEST_WINDOW // patch * patch)
            overlap = max(patch, window // 4 // patch * patch)
        return WindowPlan.over(width, height, stride=self.stride, patch=patch, window=window, overlap=overlap)

    def unit_text(self, text: Tensor) -> TextFactors:
        """Returns texts (N, D) as unit vectors in the basis."""
        return TextFactors.of(*self.basis.text(F.normalize(text.float().cpu(), dim=1)))

    @cached_property
    def background(self) -> Background | None:
        """Returns the background vocabulary; None for a model without a text tower.

        Raises:
            ModelError: the model's text part is not on this computer.
        """
        return Background.of(self.model, self.basis)


def _precision(model: GeoLangBind) -> str:
    return model.compute.precision if model.compute is not None else "float32"
