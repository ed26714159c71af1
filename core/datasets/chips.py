"""Image chips sorted into classes by folder, as EuroSAT, UC Merced, AID and many others are published."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.datasets.archive import read_members


@dataclass(frozen=True)
class ChipSet:
    """Chips of one size with one class each.

    Attributes:
        images: (N, H, W, 3) uint8.
        targets: (N,) int64 index into ``class_names``.
        class_names: folder names, sorted.
        names: path of each chip inside the set.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.int64]
    class_names: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Count the chips."""
        return len(self.targets)


def read_chips(path: str | Path, size: int) -> ChipSet:
    """Read a folder or tar of ``Class/name.jpg`` chips, resized to a common size.

    Args:
        path: folder or .tar file.
        size: side in pixels; chips of another size are resampled (bicubic, antialiased).

    Raises:
        InputError: nothing to read there.
    """
    images, folders, names = [], [], []
    for name, content in read_members(Path(path), (".jpg", ".jpeg", ".png", ".tif")):
        images.append(decode_rgb(content, size))
        folders.append(Path(name).parent.name)
        names.append(name)
    class_names = tuple(sorted(set(folders)))
    index = {folder: number for number, folder in enumerate(class_names)}
    targets = np.array([index[folder] for folder in folders], dtype=np.int64)
    return ChipSet(np.stack(images), targets, class_names, tuple(names))


def decode_rgb(content: bytes, size: int | None = None) -> NDArray[np.uint8]:
    """Decode an image file as (H, W, 3) uint8, resampled to ``size`` × ``size`` where given."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    if size is not None and image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)
