"""Terrain of a window: elevation, coast, lakes, rivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.frame import Frame

Array = np.ndarray


@dataclass(frozen=True)
class Terrain:
    """Terrain; all arrays (H, W).

    Attributes:
        elevation_m: ground height above the sea; water surfaces are flat.
        above_sea: height over the shore line in relief units (about -1..3); negative at sea.
        depth: how far below the shore line a water place is, relief units; 0 on land.
        water: sea, lake or river.
        sea, lake, river: the kinds of water.
        bank_m: distance to the nearest river's bank or stream's middle (m); negative inside the river.
        stream_cover: share of the pixel that a small stream covers.
        wetness: how close to water and how low, 0..1.
    """

    elevation_m: Array
    above_sea: Array
    depth: Array
    water: Array
    sea: Array
    lake: Array
    river: Array
    bank_m: Array
    stream_cover: Array
    wetness: Array


def make_terrain(frame: Frame) -> Terrain:
    """Compute the terrain of a window."""
    world = frame.world
    relief = frame.fractal("relief", 9000, gain=0.46, octaves=10)
    river_distance = frame.meander("river", world.river_spacing_m, world.river_angle, 0.42, world.river_spacing_m * 0.6)
    valley = np.exp(-((river_distance / 700.0) ** 2))
    above_sea = relief - world.sea_level if world.sea_level > -5 else relief + 2.2
    above_sea = above_sea - 0.25 * valley * np.clip(above_sea, 0, 1)
    sea = above_sea < 0
    width = world.river_width_m * np.exp(0.45 * frame.smooth("river width", 5000))
    ragged = 1.0 + 0.18 * frame.fractal("bank", 160, octaves=4)
    basin = frame.fractal("lake", 2300, gain=0.4)
    lake = ~sea & (basin < world.lake_level) & (above_sea < 2.4)
    river = ~sea & ~lake & (river_distance * 2 < width * ragged) & (above_sea < 2.9)
    water = sea | river | lake
    depth = np.where(sea, -above_sea, np.where(lake, (world.lake_level - basin) * 0.4, 0)).astype(np.float32)
    streams = frame.meander(
        "stream", world.river_spacing_m / 3, world.river_angle + 1.1, 0.5, world.river_spacing_m * 0.3
    )
    stream_width = 4.0 + 3.0 * np.tanh(frame.smooth("stream width", 3000))
    stream_cover = np.clip(
        (stream_width / 2 + frame.gsd_m / 2 - streams) / frame.gsd_m, 0, np.minimum(1, stream_width / frame.gsd_m)
    )
    stream_cover = np.where(above_sea < 2.4, stream_cover, 0).astype(np.float32)
    shore = np.exp(-np.clip(above_sea, 0, None) / 0.12) if world.sea_level > -5 else 0.0
    by_lake = np.exp(-np.clip(basin - world.lake_level, 0, None) / 0.18)
    wetness = np.clip(np.maximum(np.maximum(shore, by_lake), np.exp(-((river_distance / 260.0) ** 2))), 0, 1)
    bank = np.minimum(river_distance - width / 2, np.where(above_sea < 2.4, streams, 1e6))
    land = np.clip(above_sea, 0, None)
    ground = world.biome.relief_m * (0.55 * land + 0.28 * land**2) + 1.0
    elevation = np.where(sea, 0.0, np.where(river | lake, ground * 0.97, ground)).astype(np.float32)
    return Terrain(
        elevation,
        above_sea.astype(np.float32),
        depth,
        water,
        sea,
        lake,
        river,
        bank.astype(np.float32),
        stream_cover,
        wetness.astype(np.float32),
    )
