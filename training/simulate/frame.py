"""Pixel coordinates of a window of a simulated world, and noise on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate import noise
from training.simulate.world import World

Array = np.ndarray


@dataclass(frozen=True)
class Frame:
    """Pixel centres of a window: x (W,), y (H,) in metres east and south of the origin, and their (H, W) grids."""

    world: World
    col: int
    row: int
    gsd_m: float
    x: Array
    y: Array
    grid_x: Array
    grid_y: Array

    @classmethod
    def of(cls, world: World, col: int, row: int, height: int, width: int, gsd_m: float) -> Frame:
        """Lay out the pixel centres of the window."""
        x = (col + np.arange(width) + 0.5) * gsd_m
        y = (row + np.arange(height) + 0.5) * gsd_m
        grid_x, grid_y = np.broadcast_to(x[None, :], (height, width)), np.broadcast_to(y[:, None], (height, width))
        return cls(world, col, row, gsd_m, x, y, grid_x, grid_y)

    @property
    def fine(self) -> bool:
        """Whether single houses and trees can be seen."""
        return self.gsd_m <= 3.0

    def smooth(self, name: str, wavelength_m: float) -> Array:
        """Returns one octave of noise, (H, W)."""
        return noise.spline_noise(self.x, self.y, wavelength_m, self.world.key(name)).value

    def fractal(self, name: str, wavelength_m: float, *, gain: float = 0.5, octaves: int = 8) -> Array:
        """Returns fractal noise down to about two pixels, (H, W)."""
        return self.fractal_field(name, wavelength_m, gain=gain, octaves=octaves, gradient=False).value

    def fractal_field(
        self, name: str, wavelength_m: float, *, gain: float = 0.5, octaves: int = 8, gradient: bool = True
    ) -> noise.Field:
        """Returns fractal noise with its gradient."""
        return noise.fractal(
            self.x,
            self.y,
            wavelength_m,
            self.world.key(name),
            finest_m=2 * self.gsd_m,
            gain=gain,
            octaves=octaves,
            gradient=gradient,
        )

    def cells(self, name: str, size_m: float, *, jitter: float = 0.9, bend_m: float = 0.0) -> noise.Cells:
        """Returns the Voronoi cells of a jittered lattice, their borders bent by up to about ``bend_m``."""
        grid_x, grid_y = self.grid_x, self.grid_y
        if bend_m:
            grid_x = grid_x + bend_m * self.smooth(name + " bend x", size_m * 0.6)
            grid_y = grid_y + bend_m * self.smooth(name + " bend y", size_m * 0.6)
        return noise.cells(grid_x, grid_y, size_m, self.world.key(name), jitter=jitter)

    def grain(self, name: str) -> Array:
        """Returns a standard normal number for each pixel, independent of its neighbours."""
        cols = (self.col + np.arange(self.x.size))[None, :]
        rows = (self.row + np.arange(self.y.size))[:, None]
        return noise.normal(cols, rows, self.world.key(name))

    def meander(self, name: str, spacing_m: float, angle: float, wander: float, wander_m: float) -> Array:
        """Returns the distance (m) to the nearest of a family of wandering lines about ``spacing_m`` apart, (H, W)."""
        field = self.fractal_field(name, wander_m, gain=0.42, octaves=5)
        dx, dy = np.cos(angle) / spacing_m, np.sin(angle) / spacing_m
        phase = self.grid_x * dx + self.grid_y * dy + wander * field.value
        slope = np.hypot(dx + wander * field.dx, dy + wander * field.dy)
        away = np.abs(phase - np.floor(phase) - 0.5)
        return (away / np.maximum(slope, 0.45 / spacing_m)).astype(np.float32)
