"""Image tiles with a label per pixel, stored as pairs such as ``name.jpg`` / ``name.labels.png``."""

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

PICTURES = (".jpg", ".webp", ".tif")
"""Suffixes of the images with labels beside them."""


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


def read_labelled_tiles(
    path: str | Path, keep: Callable[[str], bool] = lambda name: True, ending: str = ".labels.png"
) -> list[LabelledTile]:
    """Read the tiles of a folder or tar whose name passes ``keep``.

    Args:
        path: folder or tar.
        keep: called with the name of a tile without its suffix.
        ending: of the label files; the picture beside one has the same name with any suffix of PICTURES.

    Raises:
        InputError: nothing to read there.
    """
    images: dict[str, NDArray[np.uint8]] = {}
    labels: dict[str, NDArray[np.uint8]] = {}
    for name, content in read_members(Path(path), (*PICTURES, ending)):
        labelled = name.endswith(ending)
        stem = name.removesuffix(ending) if labelled else name.rpartition(".")[0]
        if not keep(stem):
            continue
        if labelled:
            labels[stem] = np.asarray(Image.open(io.BytesIO(content)))
        else:
            images[stem] = decode_rgb(content)
    return [LabelledTile(stem, images[stem], labels[stem]) for stem in sorted(images) if stem in labels]
