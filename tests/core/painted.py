"""A scene of three covers, and a model for which words have the meaning that the scene gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import torch
import torch.nn.functional as F
from model_configs import SMALL
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin

from core.model.geolangbind import GeoLangBind, create_model

COLOURS = {"water": (15, 30, 70), "woods": (70, 140, 60), "town": (225, 215, 205)}
SYNONYMS = {"lake": "water", "forest": "woods", "houses": "town"}
CONFIG = SMALL | {"dense": {"channels": 32, "fine": 16, "middle": 24}, "init_logit_scale": 30.0, "name": "painted"}


def painted_labels(height: int = 300, width: int = 420) -> NDArray[np.uint8]:
    """Draw a lake (0) in woods (1) with a town (2) at the right."""
    row, col = np.mgrid[:height, :width]
    labels = np.ones((height, width), np.uint8)
    labels[col > 300 + 20 * np.sin(row / 30)] = 2
    labels[(row - 150) ** 2 / 90**2 + (col - 130) ** 2 / 70**2 < 1] = 0
    return labels


def paint(labels: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint8]:
    """Returns an image (3, H, W) of the labels' colours, with noise."""
    colours = np.array(list(COLOURS.values()), np.float64)[labels].transpose(2, 0, 1)
    noisy = colours + np.random.default_rng(seed).normal(0, 6, colours.shape)
    return noisy.clip(1, 255).astype(np.uint8)


def write_scene(
    path: Path,
    values: NDArray[np.generic],
    *,
    crs: str | None = "EPSG:32632",
    transform: Affine | None = None,
    nodata: float | None = 0,
) -> Path:
    """Write bands (C, H, W) as a tiled GeoTIFF of 10 m pixels."""
    profile = {
        "driver": "GTiff", "dtype": values.dtype, "count": len(values),
        "height": values.shape[1], "width": values.shape[2],
        "crs": crs, "transform": transform or from_origin(600000, 5000000, 10, 10), "nodata": nodata, "tiled": True,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(values)
        if len(values) == 3:
            file.colorinterp = tuple(rasterio.enums.ColorInterp[name] for name in ("red", "green", "blue"))
    return path


class PaintedModel(GeoLangBind):
    """Random weights but for the last map, which was fitted to see the covers; their words lie along three axes."""

    knows_words = True

    def text_prompts(self, names: list[str]) -> torch.Tensor:
        """Returns unit vectors (N, D); words in no picture are orthogonal to those in one."""
        return torch.stack([self._word(name) for name in names])

    def _word(self, name: str) -> torch.Tensor:
        vector = torch.zeros(self.embed_dim)
        meant = SYNONYMS.get(name, name)
        if meant in COLOURS:
            vector[list(COLOURS).index(meant)] = 1
            return vector
        seed = int.from_bytes(name.encode(), "little") % (2**31)
        vector[3:] = torch.randn(self.embed_dim - 3, generator=torch.Generator().manual_seed(seed))
        return F.normalize(vector, dim=0)


@torch.no_grad()
def make_painted_model() -> PaintedModel:
    """Build the model and fit its last map by least squares, on another painting of the covers."""
    torch.manual_seed(5)
    made = create_model(CONFIG).eval()
    made.__class__ = PaintedModel
    labels = np.ascontiguousarray(painted_labels(296, 416)[::-1, ::-1])
    image = torch.from_numpy(paint(labels, seed=1)).float()[None] / 127.5 - 1
    tokens, pyramid = made.visual.trunk.forward_pyramid(image, torch.tensor([0.665, 0.56, 0.49]))
    bottleneck = made.dense.bottleneck(tokens, pyramid)[0].flatten(1).T
    covers = F.one_hot(torch.from_numpy(labels[::2, ::2].copy()).long().flatten(), 3).float()
    known = torch.cat([bottleneck, torch.ones(len(bottleneck), 1)], 1)
    fitted = torch.linalg.lstsq(known, covers).solution
    made.dense.project.weight.zero_()
    made.dense.project.bias.zero_()
    made.dense.project.weight[:3, :, 0, 0] = fitted[:-1].T
    made.dense.project.bias[:3] = fitted[-1]
    return made
