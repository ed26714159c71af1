"""Water bodies as they differ from place to place: clear or muddy, brown with peat, green with algae, shallow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate import spectra
from training.simulate.materials import MATERIAL_INDEX
from training.simulate.spectra import Array

_USUAL_LOAD = {"open water": 0.06, "river": 0.2, "shallow water": 0.1}


@dataclass(frozen=True)
class Water:
    """What one kind of water body carries in one scene, in the units of ``spectra.water``.

    Attributes:
        material: position in ``MATERIALS``.
        sediment: suspended particles.
        dissolved: yellow substance.
        algae: chlorophyll.
        bottom: light from a pale bottom.
    """

    material: int
    sediment: float
    dissolved: float
    algae: float
    bottom: float

    def reflectance(self, wavelengths_um: Array) -> Array:
        """Returns the reflectance (0..1) at the wavelengths in µm."""
        curve = spectra.water(sediment=self.sediment, dissolved=self.dissolved, algae=self.algae, bottom=self.bottom)
        return curve(np.asarray(wavelengths_um, dtype=np.float64), 0.0, 0.0)


def draw_waters(seed: int) -> tuple[Water, ...]:
    """Draw the water bodies of a scene."""
    rng = np.random.default_rng([seed, 707])
    return tuple(_draw(rng, name, load) for name, load in _USUAL_LOAD.items())


def _draw(rng: np.random.Generator, name: str, load: float) -> Water:
    sediment = float(np.clip(load * np.exp(rng.normal(0, 1.1)), 0.01, 2.0))
    return Water(
        material=MATERIAL_INDEX[name],
        sediment=sediment,
        # What makes water muddy absorbs the blue as well: muddy water is green to brown.
        dissolved=float(0.25 * np.exp(rng.normal(0, 0.8)) + sediment * rng.uniform(0.3, 2.5)),
        algae=float(np.clip(0.08 * np.exp(rng.normal(0, 1.0)), 0.0, 0.6)),
        bottom=float(rng.uniform(0.05, 0.5)) if name == "shallow water" else 0.0,
    )
