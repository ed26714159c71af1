"""A raster, or an image in memory, at the resolution at which it is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from core.errors import InputError
from core.raster.failures import without_password
from core.raster.grid import GridSpec
from core.raster.pixel_window import PixelWindow

if TYPE_CHECKING:
    from core.raster.reader import RasterReader
    from core.spectral.bands import BandSet
    from core.spectral.recognise import Recognition


class Level(Protocol):
    """Interface of an image at one resolution, as dense features use it."""

    @property
    def grid(self) -> GridSpec:
        """The pixel grid that is read."""
        ...

    @property
    def path(self) -> str:
        """Name of the image in messages."""
        ...

    @property
    def band_set(self) -> BandSet:
        """The bands, in the order of ``read``."""
        ...

    def fingerprint(self) -> str:
        """Short hash of the image's content."""
        ...

    def read(self, window: PixelWindow) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a window as model input, (C, h, w) float32 and valid (h, w); see ``RasterLevel.read``."""
        ...


@dataclass(frozen=True)
class RasterLevel:
    """An open raster with the meaning of its bands.

    Attributes:
        raster: open at its own resolution, or at a coarser one for previews and overviews.
        recognition: its bands, wavelengths and scaling.
    """

    raster: RasterReader
    recognition: Recognition

    @property
    def grid(self) -> GridSpec:
        """The pixel grid that is read."""
        return self.raster.grid

    @property
    def band_set(self) -> BandSet:
        """The bands, in the order of ``read``."""
        return self.recognition.band_set

    @property
    def path(self) -> str:
        """Address of the raster without login and signature."""
        return without_password(self.raster.info.path)

    def fingerprint(self) -> str:
        """Hash that identifies the raster's present content.

        Raises:
            InputError: the file is gone.
        """
        try:
            return self.raster.fingerprint()
        except OSError as problem:
            raise InputError(f"{self.path} is not there any more.", hint="Put it back and run again.") from problem

    def read(self, window: PixelWindow) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a window as model input.

        Beyond the right and lower edge of the raster the last row and column are repeated, so that the edge is no
        contrast.

        Args:
            window: starts inside the raster, may end outside.

        Returns:
            (C, h, w) float32 in model units, 0 where there is no data; valid (h, w), False outside the raster.

        Raises:
            InputError: the pixels cannot be read.
        """
        inside = window.intersection(self.grid.window)
        values, known = self.raster.read(inside, self.recognition.band_indexes)
        if not known.any():
            nothing = np.zeros((len(values), window.height, window.width), np.float32)
            return nothing, np.zeros(nothing.shape[1:], bool)
        return _continued(self.recognition.scaling.to_model(values, known), known, window)


@dataclass(frozen=True, eq=False)
class ImageLevel:
    """An image in memory, such as a tile of a benchmark, without a reference system.

    Attributes:
        image: (C, H, W) float32 in model units; all of it is valid.
        band_set: its bands.
    """

    image: NDArray[np.float32]
    band_set: BandSet
    path: str = "image in memory"

    @property
    def grid(self) -> GridSpec:
        """The pixel grid that is read."""
        height, width = self.image.shape[1:]
        return GridSpec(None, Affine.identity(), width, height)

    def fingerprint(self) -> str:
        """Name of an image that does not change; it is not stored."""
        return "memory"

    def read(self, window: PixelWindow) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a window as model input, (C, h, w) float32 and valid (h, w); see ``RasterLevel.read``."""
        inside = window.intersection(self.grid.window)
        rows, columns = inside.slices_in(self.grid.window)
        return _continued(self.image[:, rows, columns], np.ones((inside.height, inside.width), bool), window)


def _continued(
    image: NDArray[np.float32], known: NDArray[np.bool_], window: PixelWindow
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns the window padded by repeating the last row and column; padding is not valid."""
    below, beside = window.height - image.shape[1], window.width - image.shape[2]
    if not below and not beside:
        return image, known
    return (
        np.pad(image, ((0, 0), (0, below), (0, beside)), mode="edge"),
        np.pad(known, ((0, below), (0, beside))),
    )
