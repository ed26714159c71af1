"""Renders landscapes for any sensor: spectra integrated over its bands, illumination, haze, blur, noise and speckle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter

from core.spectral.bands import Band, BandSet
from training.simulate import noise as noise_field
from training.simulate.landscape import Landscape
from training.simulate.materials import MATERIAL_INDEX, MATERIALS
from training.simulate.waters import Water

Array = np.ndarray

GRID_UM = np.arange(0.35, 2.5001, 0.005)
"""Wavelengths the continuous spectra are sampled at, µm."""

_DEFAULT_WIDTH_UM = 0.03


@dataclass(frozen=True)
class View:
    """Viewing conditions of a scene: sun, atmosphere and sensor; drawn from a seed by ``draw_view``.

    Attributes:
        sun_azimuth: radians clockwise from north.
        sun_elevation: radians above the horizon.
        haze: path reflectance at 0.55 µm.
        haze_slope: power of its fall with wavelength.
        gain_sd: relative error of the calibration of a band.
        noise_sd: noise of a reflectance band.
        blur_px: point spread, standard deviation in pixels.
        looks: radar looks; more is smoother.
        season: (vigour, moisture) shift of the whole scene, standard deviations.
        curve_tilt: relative distortion of each material's spectrum between scenes.
        waters: water bodies that replace those of the materials.
    """

    sun_azimuth: float
    sun_elevation: float
    haze: float
    haze_slope: float
    gain_sd: float
    noise_sd: float
    blur_px: float
    looks: float
    season: tuple[float, float]
    curve_tilt: float
    waters: tuple[Water, ...] = ()


def draw_view(seed: int) -> View:
    """Draw the viewing conditions of a scene."""
    rng = np.random.default_rng([seed, 303])
    drawn = View(
        sun_azimuth=float(np.radians(rng.uniform(95, 230))),
        sun_elevation=float(np.radians(rng.uniform(28, 68))),
        haze=float(min(rng.exponential(0.012), 0.08)),
        haze_slope=float(rng.uniform(1.2, 3.2)),
        gain_sd=float(rng.uniform(0.005, 0.04)),
        noise_sd=float(rng.uniform(0.0008, 0.004)),
        blur_px=float(rng.uniform(0.4, 0.75)),
        looks=float(rng.uniform(4, 14)),
        season=(0.0, 0.0),
        curve_tilt=0.0,
    )
    rng.random()  # passed over, so that the scenes of the seeds that models were trained on stay as they were
    season = float(rng.normal(0, 0.6)), float(rng.normal(0, 0.6))
    return replace(drawn, season=season, curve_tilt=float(rng.uniform(0.01, 0.06)))


def band_weights(bands: Sequence[Band]) -> Array:
    """Returns the response of each band over GRID_UM, (C, G), rows summing to 1: Gaussians of the bands' widths."""
    centres = np.array([band.wavelength_um for band in bands])[:, None]
    widths = np.array([band.width_um or _DEFAULT_WIDTH_UM for band in bands])[:, None]
    sigma = np.maximum(widths / 2.3548, 0.003)
    weights = np.exp(-0.5 * ((GRID_UM[None, :] - centres) / sigma) ** 2) + 1e-12
    return weights / weights.sum(axis=1, keepdims=True)


def spectra_table(wavelengths: Sequence[float] | Array, *, vigour: float = 0.0, moisture: float = 0.0) -> Array:
    """Returns the reflectance of every material at the wavelengths in µm, (M, G) float64."""
    points = np.asarray(wavelengths, dtype=np.float64)
    return np.stack([material.spectrum(points, vigour=vigour, moisture=moisture) for material in MATERIALS])


def _band_table(bands: Sequence[Band], view: View, seed: int) -> tuple[Array, Array, Array]:
    """Returns each material's band reflectance and its change by one sd of vigour and moisture, each (M, C) float32."""
    weights = band_weights(bands).T
    vigour, moisture = view.season
    middle = _materials_at(0, 0)
    if view.waters:
        middle = middle.copy()
        for water in view.waters:
            middle[water.material] = water.reflectance(GRID_UM)
    by_vigour = 0.5 * (_materials_at(1, 0) - _materials_at(-1, 0))
    by_moisture = 0.5 * (_materials_at(0, 1) - _materials_at(0, -1))
    rng = np.random.default_rng([seed, 404])
    tilt = rng.normal(0, view.curve_tilt, size=(len(MATERIALS), 5))
    waves = np.stack([np.cos(np.pi * k * np.log(GRID_UM / 0.35) / np.log(2.5 / 0.35)) for k in range(5)])
    own = rng.normal(0, 0.7, size=(2, len(MATERIALS), 1))
    shift = (vigour + own[0]) * by_vigour + (moisture + own[1]) * by_moisture
    middle = np.clip(middle + shift, 0.3 * middle, None) * np.exp(tilt @ waves)
    spread = np.array([material.brightness_sd for material in MATERIALS])
    middle = middle * np.exp(0.6 * rng.normal(0, 1, len(MATERIALS)) * spread)[:, None]
    first, second, third = ((part @ weights).astype(np.float32) for part in (middle, by_vigour, by_moisture))
    return first, second, third


_TABLE_CACHE: dict[tuple[int, int], Array] = {}


def _materials_at(vigour: int, moisture: int) -> Array:
    """Returns the spectra of all materials over GRID_UM at whole standard deviations, (M, G); computed once."""
    if (vigour, moisture) not in _TABLE_CACHE:
        _TABLE_CACHE[vigour, moisture] = spectra_table(GRID_UM, vigour=vigour, moisture=moisture)
    return _TABLE_CACHE[vigour, moisture]


def render(
    landscape: Landscape,
    band_set: BandSet,
    *,
    seed: int,
    atmosphere: bool = True,
    noise: bool = True,
    view: View | None = None,
) -> Array:
    """Render a landscape as a sensor sees it.

    Args:
        landscape: the ground.
        band_set: bands of any kind, the finest seen at the landscape's pixel size, coarser ones (20 m next to 10 m)
            blurred accordingly; reflectance and 8-bit display bands by wavelength and width, radar by polarisation
            in the band's name, thermal, elevation ("surface" or "height" in the name for surface height).
        seed: decides sun, air, season, sensor condition and noise.
        atmosphere: add haze and calibration errors.
        noise: add sensor noise and speckle.
        view: viewing conditions instead of those of the seed.

    Returns:
        (C, H, W) float32: reflectance 0..1, display 0..255, radar dB, brightness temperature K, height m.
    """
    seen = view if view is not None else draw_view(seed)
    height, width = landscape.shape
    out = np.empty((len(band_set), height, width), np.float32)
    optical = [i for i, band in enumerate(band_set.bands) if band.kind in ("reflectance", "display", "unknown")]
    sun = _sunlight(landscape, seen)
    if optical:
        bands = [band_set.bands[i] for i in optical]
        out[optical] = _optical(landscape, bands, seen, sun, seed, atmosphere=atmosphere, with_noise=noise)
    for i, band in enumerate(band_set.bands):
        if band.kind == "sar":
            out[i] = _radar(landscape, band, i, seen, seed, with_noise=noise)
        elif band.kind == "thermal":
            out[i] = _thermal(landscape, seen, sun, i, seed, with_noise=noise)
        elif band.kind == "elevation":
            out[i] = _elevation(landscape, band)
    return out


def _surface(landscape: Landscape) -> Array:
    """Returns the height of the illuminated surface; small plants and coarse pixels are taken as flat."""
    relief = landscape.height if landscape.gsd_m <= 5 else 0.35 * landscape.height
    return landscape.elevation + relief


def _sunlight(landscape: Landscape, view: View) -> Array:
    """Returns the light on each pixel relative to flat open ground, (H, W): slope, cast shadows, cloud shadows."""
    surface = _surface(landscape)
    gsd = landscape.gsd_m
    down, right = (
        np.gradient(surface, gsd) if min(surface.shape) > 1 else (np.zeros_like(surface), np.zeros_like(surface))
    )
    east, south = np.sin(view.sun_azimuth), -np.cos(view.sun_azimuth)
    up = np.tan(view.sun_elevation)
    lit = (up - right * east - down * south) / (up * np.sqrt(1 + 0.6 * (right**2 + down**2)))
    light = np.clip(0.22 + 0.78 * lit, 0.15, 1.45)
    tall = float(landscape.height.max()) if gsd <= 5 else 0.0
    steps = min(int(tall / np.tan(view.sun_elevation) / gsd) + 1, 48) if tall > 1.5 else 0
    shadow = np.zeros(surface.shape, bool)
    for step in range(1, steps + 1):
        dx, dy = round(east * step), round(south * step)
        if dx == 0 and dy == 0:
            continue
        towards = _shifted(surface, dy, dx)
        shadow |= towards > surface + np.hypot(dx, dy) * gsd * np.tan(view.sun_elevation) + 0.3
    soft = gaussian_filter(shadow.astype(np.float32), 0.6) if steps else shadow.astype(np.float32)
    return (light * (1 - 0.68 * soft) * (1 - landscape.cloud_shadow)).astype(np.float32)


def _shifted(values: Array, dy: int, dx: int) -> Array:
    """Return values[row + dy, col + dx], minus infinity outside the window."""
    out = np.full(values.shape, -np.inf, values.dtype)
    h, w = values.shape
    rows, cols = slice(max(0, -dy), min(h, h - dy)), slice(max(0, -dx), min(w, w - dx))
    if rows.start < rows.stop and cols.start < cols.stop:
        out[rows, cols] = values[rows.start + dy : rows.stop + dy, cols.start + dx : cols.stop + dx]
    return out


def _grain(landscape: Landscape, key: int) -> Array:
    rows = (landscape.row + np.arange(landscape.shape[0]))[:, None]
    cols = (landscape.col + np.arange(landscape.shape[1]))[None, :]
    return noise_field.normal(cols, rows, key)


def _optical(
    landscape: Landscape,
    bands: Sequence[Band],
    view: View,
    sun: Array,
    seed: int,
    *,
    atmosphere: bool,
    with_noise: bool,
) -> Array:
    middle, by_vigour, by_moisture = _band_table(bands, view, seed)
    rng = np.random.default_rng([seed, 505])
    share, labels, second = landscape.share, landscape.labels, landscape.second
    light = sun * landscape.brightness
    water_like = np.isin(
        np.arange(len(MATERIALS)),
        [MATERIAL_INDEX[n] for n in ("open water", "river", "shallow water", "swimming pool")],
    )
    light = np.where(water_like[labels] & (share < 0.5), 0.5 + 0.5 * light, light)
    path = view.haze * np.exp(0.25 * _slow(landscape, seed)) if atmosphere else 0.0
    cloud_table = middle[MATERIAL_INDEX["cloud"]]
    has_cloud = bool(landscape.cloud.any())
    out = np.empty((len(bands), *labels.shape), np.float32)
    two = bool((share > 0).any())
    coarser = _coarseness(bands)
    for i, band in enumerate(bands):
        first = (
            middle[labels, i] + landscape.vigour * by_vigour[labels, i] + landscape.moisture * by_moisture[labels, i]
        )
        if two:
            other = (
                middle[second, i]
                + landscape.vigour * by_vigour[second, i]
                + landscape.moisture * by_moisture[second, i]
            )
            first = first + share * (other - first)
        floor = 0.25 * middle[labels, i]
        value = np.maximum(first, floor) * light
        if has_cloud:
            value = value + landscape.cloud * (cloud_table[i] - value)
        if atmosphere:
            wavelength = band.wavelength_um if 0.3 < band.wavelength_um < 3 else 0.6
            left = 0.3 if band.kind == "display" else 1.0  # picture makers take most of the haze away
            veil = left * path * (0.55 / wavelength) ** view.haze_slope
            value = (value * (1 - veil) + veil) * np.float32(1 + rng.normal(0, view.gain_sd))
        blur = max(view.blur_px, 0.45 * coarser[i] if coarser[i] > 1.3 else 0.0)
        value = gaussian_filter(value, blur, truncate=3.0)
        if with_noise:
            value = value + (view.noise_sd + 0.006 * value) * _grain(landscape, seed * 131 + i)
        out[i] = value
    np.clip(out, 0.0, 1.5, out=out)
    display = [i for i, band in enumerate(bands) if band.kind == "display"]
    if display:
        out[display] = _camera(out[display], rng)
    return out


def _coarseness(bands: Sequence[Band]) -> list[float]:
    """Returns how many times coarser each band is than the sensor's finest: that one has the landscape's pixel size."""
    known = [band.ground_sampling_distance_m for band in bands if band.ground_sampling_distance_m > 0]
    finest = min(known, default=1.0)
    return [max(1.0, min(band.ground_sampling_distance_m / finest, 8.0)) for band in bands]


def _slow(landscape: Landscape, seed: int) -> Array:
    """Returns a smooth random field over kilometres, for the atmosphere."""
    x = (landscape.col + np.arange(landscape.shape[1])) * landscape.gsd_m
    y = (landscape.row + np.arange(landscape.shape[0])) * landscape.gsd_m
    return noise_field.spline_noise(x, y, 6000, (seed * 7 + 1) & 0x7FFFFFFF).value


def _camera(reflectance: Array, rng: np.random.Generator) -> Array:
    """Return reflectance as 0..255 after an aerial camera's processing: exposure, contrast, tone curve."""
    exposure = rng.uniform(0.28, 0.5)
    gamma = rng.uniform(0.55, 0.85)
    black = rng.uniform(0.0, 0.02)
    balance = 1 + rng.normal(0, 0.05, size=(reflectance.shape[0], 1, 1))
    tone = np.clip((reflectance * balance - black) / (exposure - black), 0, 1) ** gamma
    return (255.0 * tone).astype(np.float32)


_SIGMA0 = np.array([material.sigma0_db for material in MATERIALS], np.float32)
_SIGMA0_SD = np.array([material.sigma0_sd_db for material in MATERIALS], np.float32)


def _radar(landscape: Landscape, band: Band, index: int, view: View, seed: int, *, with_noise: bool) -> Array:
    """Returns the backscatter in dB: VV or VH by the band's name (HV as VH, HH as VV)."""
    column = 1 if band.name.upper()[-2:] in ("VH", "HV") else 0
    rng = np.random.default_rng([seed, 606])
    offset = rng.normal(0, 0.7, size=len(MATERIALS)).astype(np.float32) * _SIGMA0_SD
    means = _SIGMA0[:, column] + offset
    for water in view.waters:
        means[water.material] += np.float32(water.roughness_db)
    labels, second, share = landscape.labels, landscape.second, landscape.share
    power = 10 ** (0.1 * means)
    value = power[labels] * (1 - share) + power[second] * share
    wet = 0.35 * landscape.moisture + 0.3 * landscape.vigour
    look = 1.0 if np.sin(view.sun_azimuth) > 0 else -1.0
    surface = landscape.elevation + (landscape.height if landscape.gsd_m < 5 else 0)
    tilt = np.gradient(surface, landscape.gsd_m, axis=1) if landscape.shape[1] > 1 else 0
    db_shift = _SIGMA0_SD[labels] * np.clip(wet, -1.5, 1.5) * 0.5 + np.clip(7.0 * look * np.asarray(tilt), -4, 6)
    value = value * 10 ** (0.1 * db_shift)
    bright = np.isin(labels, [MATERIAL_INDEX[name] for name in ("residential area", "industrial area")])
    value = np.where(bright, value * 10 ** (0.22 * _grain(landscape, 77)), value)
    value = gaussian_filter(value, 0.6)
    if with_noise:
        value = value * np.exp(
            np.sqrt(1 / view.looks) * gaussian_filter(_grain(landscape, seed * 17 + index), 0.45) / 0.72
        )
    return (10 * np.log10(np.maximum(value, 1e-5))).astype(np.float32)


def _thermal(landscape: Landscape, view: View, sun: Array, index: int, seed: int, *, with_noise: bool) -> Array:
    """Returns the brightness temperature in kelvin at midday."""
    rng = np.random.default_rng([seed, 707])
    sd = np.array([material.temperature_sd_k for material in MATERIALS], np.float32)
    means = np.array([material.temperature_k for material in MATERIALS], np.float32) + sd * rng.normal(
        0, 0.6, len(MATERIALS)
    ).astype(np.float32)
    labels, second, share = landscape.labels, landscape.second, landscape.share
    value = means[labels] * (1 - share) + means[second] * share
    value = value + rng.normal(0, 5) - 0.8 * landscape.moisture - 0.5 * landscape.vigour * (sd[labels] > 2.2)
    water_like = sd[labels] <= 2.0
    value = value + np.where(water_like, 0.0, 9.0 * (np.clip(sun, 0.2, 1.4) - 1)) - 0.0065 * landscape.elevation
    value = value + landscape.cloud * (means[MATERIAL_INDEX["cloud"]] - value)
    value = gaussian_filter(value.astype(np.float32), 0.8)
    if with_noise:
        value = value + 0.25 * _grain(landscape, seed * 19 + 991 + index)
    return value.astype(np.float32)


def _elevation(landscape: Landscape, band: Band) -> Array:
    """Heights in metres: of objects, the surface or the ground, by the band's name."""
    name = band.name.lower()
    if "height" in name or "ndsm" in name:
        return landscape.height.astype(np.float32)
    if "surface" in name or "dsm" in name:
        return (landscape.elevation + landscape.height).astype(np.float32)
    return landscape.elevation.astype(np.float32)
