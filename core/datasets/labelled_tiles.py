"""Image tiles with a label per pixel, stored as pairs ``name.jpg`` / ``name.labels.png``."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.datasets.archive import read_members
from core.datasets.chips import decode_rgb


@dataclass(frozen=True)
class LabelledTile:
    """One tile.

    Attributes:
        name: path inside the set.
        image: (H, W, 3) uint8.
        labels: (H, W) uint8 codes of the set.
    """

    name: str
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def read_labelled_tiles(path: str | Path, keep: Callable[[str], bool] = lambda name: True) -> list[LabelledTile]:
    """Read the tiles of a folder or tar whose name passes ``keep``.

    Raises:
        InputError: nothing to read there.
    """
    images: dict[str, NDArray[np.uint8]] = {}
    labels: dict[str, NDArray[np.uint8]] = {}
    for name, content in read_members(Path(path), (".jpg", ".labels.png")):
        stem = name.removesuffix(".jpg").removesuffix(".labels.png")
        if not keep(stem):
            continue
        if name.endswith(".labels.png"):
            labels[stem] = np.asarray(Image.open(io.BytesIO(content)))
        else:
            images[stem] = decode_rgb(content)
    return [LabelledTile(stem, images[stem], labels[stem]) for stem in sorted(images) if stem in labels]
