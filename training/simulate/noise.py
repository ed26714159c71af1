"""Deterministic noise over the plane: a place has the same value in every window.

Values are computed from an integer hash of lattice coordinates, so nothing is stored and windows join without seams.
Coordinates are in metres; ``key`` selects the field.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

_SPLINE_SD = 0.2767  # of cubic-B-spline-smoothed uniform noise in [-1, 1]


def hash_u32(a: Array | int, b: Array | int, key: Array | int) -> Array:
    """Mix two integers and a key to 32 well-spread bits (broadcasts)."""
    with np.errstate(over="ignore"):
        h = np.asarray(a).astype(np.uint32) * np.uint32(0x9E3779B1)
        h = h ^ (np.asarray(key).astype(np.uint32) * np.uint32(0xC2B2AE3D) + np.uint32(0x27D4EB2F))
        h = (h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
        h = h ^ (np.asarray(b).astype(np.uint32) * np.uint32(0x85EBCA77))
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0x297A2D39)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
        return h ^ (h >> np.uint32(15))


def unit(bits: Array) -> Array:
    """Return float32 in [0, 1) from hash bits."""
    return (bits >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def uniform(a: Array | int, b: Array | int, key: Array | int) -> Array:
    """Returns a uniform number in [0, 1) for each pair of integers."""
    return unit(hash_u32(a, b, key))


def normal(a: Array | int, b: Array | int, key: Array | int) -> Array:
    """Returns a roughly standard normal number for each pair of integers (sum of four 8-bit uniforms)."""
    bits = hash_u32(a, b, key)
    total = (bits & np.uint32(255)).astype(np.float32)
    for shift in (8, 16, 24):
        total = total + ((bits >> np.uint32(shift)) & np.uint32(255)).astype(np.float32)
    return (total - np.float32(510.0)) * np.float32(1.0 / 147.8)


@dataclass(frozen=True)
class Field:
    """A noise field on a window: values (H, W) and, where requested, its gradient per metre."""

    value: Array
    dx: Array
    dy: Array


def _taps(t: Array) -> tuple[Array, list[Array], list[Array]]:
    """Returns lattice index, four cubic B-spline weights and their derivatives at positions in lattice units."""
    base = np.floor(t)
    f = t - base
    weights = [(1 - f) ** 3 / 6, (3 * f**3 - 6 * f**2 + 4) / 6, (-3 * f**3 + 3 * f**2 + 3 * f + 1) / 6, f**3 / 6]
    slopes = [-((1 - f) ** 2) / 2, (3 * f**2 - 4 * f) / 2, (-3 * f**2 + 2 * f + 1) / 2, f**2 / 2]
    return base.astype(np.int64), weights, slopes


def spline_noise(x: Array, y: Array, wavelength_m: float, key: int, *, gradient: bool = False) -> Field:
    """Returns smooth noise, mean 0, standard deviation about 1, on the grid y (H,) by x (W,) in metres."""
    ix, wx, sx = _taps(x / wavelength_m + (key * 0.618034) % 1.0)
    iy, wy, sy = _taps(y / wavelength_m + (key * 0.754878) % 1.0)
    x0, y0 = int(ix[0]) - 1, int(iy[0]) - 1
    columns = np.arange(x0, int(ix[-1]) + 4)
    rows = np.arange(y0, int(iy[-1]) + 4)
    lattice = (uniform(columns[None, :], rows[:, None], key).astype(np.float64) * 2 - 1) / _SPLINE_SD
    rx, ry = ix - 1 - x0, iy - 1 - y0

    def along_y(weights: list[Array]) -> Array:
        total = weights[0][:, None] * lattice[ry]
        for k in range(1, 4):
            total += weights[k][:, None] * lattice[ry + k]
        return total.astype(np.float32)

    def along_x(rows_done: Array, weights: list[Array]) -> Array:
        total = np.take(rows_done, rx, axis=1)
        total *= weights[0].astype(np.float32)
        for k in range(1, 4):
            term = np.take(rows_done, rx + k, axis=1)
            term *= weights[k].astype(np.float32)
            total += term
        return total

    plain = along_y(wy)
    value = along_x(plain, wx)
    if not gradient:
        return Field(value, value, value)
    return Field(
        value, along_x(plain, sx) / np.float32(wavelength_m), along_x(along_y(sy), wx) / np.float32(wavelength_m)
    )


def fractal(
    x: Array,
    y: Array,
    wavelength_m: float,
    key: int,
    *,
    finest_m: float,
    gain: float = 0.5,
    octaves: int = 8,
    gradient: bool = False,
) -> Field:
    """Sum octaves of spline noise from ``wavelength_m`` down to ``finest_m``; standard deviation about 1."""
    total: Field | None = None
    power, amplitude, wavelength = 0.0, 1.0, wavelength_m
    for octave in range(octaves):
        if octave and wavelength < finest_m:
            break
        layer = spline_noise(x, y, wavelength, key * 31 + octave, gradient=gradient)
        if total is None:
            total = layer
        else:
            scaled = np.float32(amplitude)
            value = total.value + scaled * layer.value
            total = (
                Field(value, total.dx + scaled * layer.dx, total.dy + scaled * layer.dy)
                if gradient
                else Field(value, value, value)
            )
        power += amplitude**2
        amplitude *= gain
        wavelength /= 2.03
    assert total is not None
    norm = np.float32(1.0 / np.sqrt(power))
    if not gradient:
        return Field(total.value * norm, total.value, total.value)
    return Field(total.value * norm, total.dx * norm, total.dy * norm)


@dataclass(frozen=True)
class Cells:
    """The nearest point of a jittered lattice: indices, hash, the distance to it and to the cell's edge (m)."""

    ix: Array
    iy: Array
    id: Array
    centre_x: Array
    centre_y: Array
    distance: Array
    edge: Array


def cells(x: Array, y: Array, size_m: float, key: int, *, jitter: float = 0.9) -> Cells:
    """Returns the Voronoi cell of every place; x and y are (H, W) in metres."""
    u, v = x / size_m, y / size_m
    iu, iv = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    u0, v0 = int(iu.min()) - 1, int(iv.min()) - 1
    columns = np.arange(u0, int(iu.max()) + 2)
    rows = np.arange(v0, int(iv.max()) + 2)
    bits = hash_u32(columns[None, :], rows[:, None], key)
    half = 0.5 * (1 - jitter)
    flat_x = np.float32(half) + np.float32(jitter) * unit(hash_u32(bits, 1, key)).ravel()
    flat_y = np.float32(half) + np.float32(jitter) * unit(hash_u32(bits, 2, key)).ravel()
    within_x, within_y = (u - iu).astype(np.float32), (v - iv).astype(np.float32)
    best = np.full(u.shape, np.inf, np.float32)
    second = np.full(u.shape, np.inf, np.float32)
    nearest = np.zeros(u.shape, np.int64)
    width = columns.size
    here = (iv - v0) * width + (iu - u0)
    for dv in (-1, 0, 1):
        for du in (-1, 0, 1):
            index = here + (dv * width + du)
            distance = (flat_x[index] + np.float32(du) - within_x) ** 2 + (
                flat_y[index] + np.float32(dv) - within_y
            ) ** 2
            closer = distance < best
            second = np.where(closer, best, np.minimum(second, distance))
            nearest = np.where(closer, index, nearest)
            best = np.where(closer, distance, best)
    first, other = np.sqrt(best), np.sqrt(second)
    size = np.float32(size_m)
    jy, jx = np.divmod(nearest, width)
    centre_x = (flat_x[nearest].astype(np.float64) + (jx + u0)) * size_m
    centre_y = (flat_y[nearest].astype(np.float64) + (jy + v0)) * size_m
    return Cells(
        jx + u0,
        jy + v0,
        bits.ravel()[nearest],
        centre_x,
        centre_y,
        first * size,
        (other - first) * size * np.float32(0.6),
    )


@dataclass(frozen=True)
class Strips:
    """An irregular division of a line: index of the piece, its width, the place in it and the distance to its ends."""

    index: Array
    width: Array
    start: Array
    edge: Array


def strips(t: Array, width_m: Array | float, key: Array | int, *, jitter: float = 0.3) -> Strips:
    """Divide the coordinate t (m) into pieces of about ``width_m``, boundaries moved by up to ``jitter`` of it."""
    s = t / width_m
    i = np.floor(s).astype(np.int64)

    def boundary(k: Array) -> Array:
        return k + jitter * (2.0 * uniform(k, 7, key).astype(np.float64) - 1.0)

    lower, upper = boundary(i), boundary(i + 1)
    index = np.where(s < lower, i - 1, np.where(s >= upper, i + 1, i))
    left = np.where(s < lower, boundary(i - 1), np.where(s >= upper, upper, lower))
    right = np.where(s < lower, lower, np.where(s >= upper, boundary(i + 2), upper))
    return Strips(
        index,
        ((right - left) * width_m).astype(np.float32),
        ((s - left) * width_m).astype(np.float32),
        (np.minimum(s - left, right - s) * width_m).astype(np.float32),
    )
