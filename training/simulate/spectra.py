"""Parametric reflectance curves, 0.35-2.5 µm: leaves, soils, water, snow and man-made surfaces.

Each function returns a ``Curve``: reflectance (0..1) at wavelengths in µm for a ``vigour`` (pigment, canopy density,
sediment, whatever makes a material greener or fuller) and a ``moisture``, both in standard deviations, 0 being typical.
The shapes follow textbook physics (pigment absorption below 0.7 µm and the red edge, liquid water at 0.97, 1.2, 1.45
and 1.94 µm, iron oxides near 0.53 and 0.87 µm, clay at 2.2 µm, cellulose at 2.1 µm, ice at 1.03, 1.25, 1.5 and 2.0 µm);
the numbers are ours, set so that Sentinel-2 bands come out where surface reflectance products have them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

Array = np.ndarray
Curve = Callable[[Array, float, float], Array]
"""(wavelengths in µm, vigour, moisture) -> reflectance, same shape as the wavelengths."""

Points = Sequence[tuple[float, float]]


def _smooth(points: Points) -> Callable[[Array], Array]:
    """Interpolate control points monotonically, held constant outside."""
    x, y = np.array(points, dtype=np.float64).T
    interpolate = PchipInterpolator(x, y)
    return lambda wavelengths: interpolate(np.clip(wavelengths, x[0], x[-1]))


def _dip(wavelengths: Array, centre: float, width: float, depth: float) -> Array:
    """Returns the transmission of one Gaussian absorption band."""
    return 1.0 - depth * np.exp(-0.5 * ((wavelengths - centre) / width) ** 2)


_PIGMENT = _smooth(
    [(0.35, 1.5), (0.43, 1.5), (0.49, 1.32), (0.52, 1.08), (0.555, 0.9), (0.58, 0.99), (0.62, 1.12), (0.665, 1.28),
     (0.68, 1.29), (0.69, 1.1), (0.705, 0.68), (0.72, 0.36), (0.74, 0.13), (0.76, 0.03), (0.785, 0.0)]
)  # fmt: skip
_LEAF_WATER = _smooth(
    [(0.9, 0.0), (0.97, 0.06), (1.01, 0.03), (1.07, 0.01), (1.13, 0.08), (1.2, 0.16), (1.28, 0.08), (1.36, 0.4),
     (1.45, 1.25), (1.55, 0.8), (1.65, 0.58), (1.71, 0.6), (1.8, 0.85), (1.9, 1.8), (1.94, 2.0), (2.0, 1.75),
     (2.1, 1.3), (2.2, 1.15), (2.3, 1.35), (2.4, 1.75), (2.5, 2.1)]
)  # fmt: skip
_PURE_WATER_LOG10_ABSORPTION = _smooth(
    [(0.35, -2.2), (0.42, -2.3), (0.45, -2.05), (0.5, -1.65), (0.55, -1.22), (0.6, -0.65), (0.65, -0.46), (0.7, -0.2),
     (0.74, 0.38), (0.76, 0.43), (0.8, 0.32), (0.86, 0.66), (0.9, 0.82), (0.97, 1.65), (1.07, 1.2), (1.2, 2.05),
     (1.45, 3.4), (1.65, 2.75), (1.94, 4.05), (2.2, 3.2), (2.5, 3.9)]
)  # fmt: skip
_ICE_ABSORPTION = _smooth(
    [(0.35, 0.0), (0.6, 0.0004), (0.75, 0.004), (0.85, 0.012), (0.95, 0.04), (1.03, 0.17), (1.1, 0.1), (1.25, 0.42),
     (1.32, 0.36), (1.4, 1.2), (1.5, 6.5), (1.6, 4.2), (1.7, 2.6), (1.82, 2.4), (1.95, 7.0), (2.02, 10.0), (2.15, 5.5),
     (2.25, 3.8), (2.4, 6.5), (2.5, 7.5)]
)  # fmt: skip


def soil(albedo: float, *, redness: float = 1.0, clay: float = 0.05, moisture: float = 0.1) -> Curve:
    """Reflectance of a mineral soil: rising to the short-wave infrared, with water darkening and absorption.

    Args:
        albedo: reflectance the dry continuum tends to.
        redness: how steeply it rises through the visible; about 0.5 grey, 1 brown, 1.6 red.
        clay: depth of the hydroxyl band at 2.2 µm.
        moisture: typical water content, 0..1.
    """

    def curve(wavelengths: Array, vigour: float, wetness: float) -> Array:
        rise = 1.0 - np.exp(-((np.maximum(wavelengths, 0.35) - 0.27) / 0.42)) * np.clip(0.78 + 0.16 * redness, 0.5, 1.3)
        rise = np.maximum(rise, 0.04)
        iron = _dip(wavelengths, 0.53, 0.06, 0.08 * redness) * _dip(wavelengths, 0.87, 0.07, 0.03 * redness)
        water = float(np.clip(moisture + 0.12 * wetness, 0.0, 0.9))
        damp = np.exp(-water * (0.9 + 0.35 * _LEAF_WATER(wavelengths)))
        lattice = _dip(wavelengths, 2.2, 0.025, clay) * _dip(wavelengths, 2.35, 0.03, 0.5 * clay)
        clear = albedo * rise * iron * damp * lattice
        return np.clip(clear * (1.0 + 0.06 * vigour * (wavelengths - 0.8)), 0.002, 0.98)

    return curve


def vegetation(
    *,
    pigment: float,
    water: float,
    plateau: float,
    cover: float = 1.0,
    dry: float = 0.0,
    below: Curve | None = None,
    vigour_step: float = 0.12,
    water_step: float = 0.15,
) -> Curve:
    """Reflectance of a plant canopy over a background.

    Args:
        pigment: chlorophyll column; 1 pale, 2.2 dense.
        water: leaf water column; 0.5 dry, 1.3 lush.
        plateau: near-infrared reflectance, 0.8-0.9 µm.
        cover: share of the ground hidden by green leaves.
        dry: share of the leaves that is senescent (straw-like, no red edge).
        below: what shows through; brown soil when not given.
        vigour_step: relative change of pigment and cover a standard deviation of vigour makes.
        water_step: relative change of leaf water a standard deviation of moisture makes.
    """
    ground = below if below is not None else soil(0.34, moisture=0.25)
    straw = dry_matter(0.8)

    def curve(wavelengths: Array, vigour: float, moisture: float) -> Array:
        chlorophyll = pigment * max(0.2, 1.0 + vigour_step * vigour)
        leaf_water = water * max(0.2, 1.0 + water_step * moisture)
        green = plateau * (1.0 - 0.05 * np.clip(0.86 - wavelengths, 0.0, 0.1) / 0.1)
        green = green * np.exp(-chlorophyll * _PIGMENT(wavelengths) - leaf_water * _LEAF_WATER(wavelengths))
        leaves = (1.0 - dry) * green + dry * straw(wavelengths, vigour, moisture)
        share = float(np.clip(cover * (1.0 + 0.5 * vigour_step * vigour), 0.0, 1.0))
        return np.clip(share * leaves + (1.0 - share) * ground(wavelengths, 0.0, moisture), 0.002, 0.98)

    return curve


def dry_matter(brightness: float = 1.0) -> Curve:
    """Reflectance of straw and dead grass: a steady rise, the cellulose dip at 2.1 µm, no red edge."""
    base = _smooth(
        [(0.35, 0.045), (0.44, 0.075), (0.49, 0.097), (0.56, 0.135), (0.62, 0.16), (0.665, 0.18), (0.705, 0.215),
         (0.78, 0.265), (0.86, 0.305), (1.05, 0.37), (1.3, 0.43), (1.6, 0.42), (1.75, 0.42), (1.85, 0.40), (2.2, 0.31),
         (2.5, 0.25)]
    )  # fmt: skip

    def curve(wavelengths: Array, vigour: float, moisture: float) -> Array:
        damp = np.exp(-max(0.0, 0.15 + 0.08 * moisture) * _LEAF_WATER(wavelengths))
        cellulose = _dip(wavelengths, 2.09, 0.05, 0.12) * _dip(wavelengths, 1.73, 0.03, 0.04)
        green = np.exp(-max(0.0, 0.05 + 0.05 * vigour) * _PIGMENT(wavelengths))
        return np.clip(brightness * base(wavelengths) * damp * cellulose * green, 0.002, 0.98)

    return curve


def water(*, sediment: float, dissolved: float = 0.1, algae: float = 0.0, bottom: float = 0.0) -> Curve:
    """Reflectance of a water body: backscatter over absorption by water, dissolved matter, algae and the bottom.

    Args:
        sediment: suspended particles; 0.02 clear, 1 muddy river.
        dissolved: yellow substance, absorbing the blue.
        algae: chlorophyll in the water.
        bottom: share of light that comes back from a pale bottom in the most transparent wavelengths.
    """
    sand = soil(0.45, redness=0.8)

    def curve(wavelengths: Array, vigour: float, moisture: float) -> Array:
        absorption = 10.0 ** _PURE_WATER_LOG10_ABSORPTION(wavelengths)
        yellow = dissolved * np.exp(-14.0 * (wavelengths - 0.44))
        load = sediment * np.exp(0.55 * vigour)
        total = absorption + yellow + algae * 0.5 * _PIGMENT(wavelengths) + 0.07 * load
        scatter = 0.0022 * (0.5 / wavelengths) ** 4.2 + 0.09 * load * (0.55 / wavelengths) ** 0.6 + 0.03 * algae
        below_surface = 0.33 * scatter / (total + scatter)
        seen = bottom * sand(wavelengths, 0.0, 0.0) * np.exp(-2.6 * (total - 0.06 * load))
        sky = 0.006 * (1.0 + 0.5 * moisture * 0.2)
        return np.clip(1.75 * below_surface + 0.8 * seen + sky, 0.001, 0.98)

    return curve


def snow(*, grain: float = 1.0, dirt: float = 0.03) -> Curve:
    """Reflectance of snow: near white to 0.9 µm, dark in the short-wave infrared, darker for bigger grains."""

    def curve(wavelengths: Array, vigour: float, moisture: float) -> Array:
        size = grain * np.exp(0.3 * moisture)
        clean = np.exp(-1.05 * np.sqrt(size * _ICE_ABSORPTION(wavelengths)))
        return np.clip((0.96 - dirt * (0.7 / wavelengths) ** 0.7) * clean + 0.01 + 0.01 * vigour, 0.004, 0.99)

    return curve


def surface(points: Points, *, damp: float = 0.05) -> Curve:
    """Reflectance of a surface from control points (wavelength in µm, reflectance), with weak water absorption."""
    base = _smooth(points)

    def curve(wavelengths: Array, vigour: float, moisture: float) -> Array:
        wet = np.exp(-max(0.0, damp * (1.0 + 0.5 * moisture)) * _LEAF_WATER(wavelengths))
        tilt = 1.0 + 0.08 * vigour * np.clip(wavelengths - 0.6, -0.25, 0.6)
        return np.clip(base(wavelengths) * wet * tilt, 0.002, 0.99)

    return curve


def blend(*parts: tuple[float, Curve]) -> Curve:
    """Mix curves by shares (normalised)."""
    total = sum(share for share, _ in parts)

    def curve(wavelengths: Array, vigour: float, moisture: float) -> Array:
        mixed = np.zeros_like(np.asarray(wavelengths, dtype=np.float64))
        for share, part in parts:
            mixed = mixed + share / total * part(wavelengths, vigour, moisture)
        return mixed

    return curve
