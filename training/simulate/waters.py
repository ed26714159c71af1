"""Optical variety of water bodies: clear, turbid, brown with peat, green with algae, shallow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training.simulate import spectra
from training.simulate.materials import MATERIAL_INDEX
from training.simulate.spectra import Array

_USUAL_LOAD = {"open water": 0.06, "river": 0.2, "shallow water": 0.1}


@dataclass(frozen=True)
class Water:
    """Constituents of one kind of water body in one scene, in the units of ``spectra.water``.

    Attributes:
        material: position in ``MATERIALS``.
        sediment: suspended particles.
        dissolved: yellow substance.
        algae: chlorophyll.
        bottom: light from a pale bottom.
        roughness_db: change of the backscatter by wind, in dB; a calm surface is darker.
    """

    material: int
    sediment: float
    dissolved: float
    algae: float
    bottom: float
    roughness_db: float = 0.0

    def reflectance(self, wavelengths_um: Array) -> Array:
        """Returns the reflectance (0..1) at the wavelengths in µm."""
        curve = spectra.water(sediment=self.sediment, dissolved=self.dissolved, algae=self.algae, bottom=self.bottom)
        return curve(np.asarray(wavelengths_um, dtype=np.float64), 0.0, 0.0)


def draw_waters(seed: int, load: float = 1.0) -> tuple[Water, ...]:
    """Draw the water bodies of a scene, all under one wind, some sheltered.

    Args:
        seed: of all that is drawn.
        load: suspended particles over the usual ones; floods carry several times as many.
    """
    rng = np.random.default_rng([seed, 707])
    air = np.random.default_rng([seed, 808])
    waters = [_draw(rng, name, load * usual) for name, usual in _USUAL_LOAD.items()]
    wind_db = air.normal(-0.5, 2.5)
    return tuple(replace(water, roughness_db=float(wind_db * air.uniform(0.6, 1.0))) for water in waters)


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
