"""Field parcels and their crops, down to rows of vines and tractor lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate import noise
from training.simulate.canvas import Canvas
from training.simulate.frame import Frame
from training.simulate.materials import MATERIAL_INDEX

Array = np.ndarray


@dataclass(frozen=True)
class Parcels:
    """The cutting of the land into fields, (H, W): id, place across and along the rows, distance to the edge (m)."""

    id: Array
    across: Array
    along: Array
    edge: Array
    estate_edge: Array


def make_parcels(frame: Frame) -> Parcels:
    """Divide the land: Voronoi cells with a direction each, divided into strips, and those into fields."""
    world = frame.world
    width, length = world.biome.field_size_m
    estate = frame.cells("estate", 2.4 * np.sqrt(width * length) * 1.6, bend_m=0.25 * width)
    angle = (world.road_angle + 0.9 * (noise.unit(noise.hash_u32(estate.id, 3, 5)) - 0.5) ** 3 * 8.0).astype(np.float64)
    scale = np.exp(1.5 * (noise.unit(noise.hash_u32(estate.id, 4, 5)) - 0.5)).astype(np.float64)
    dx, dy = frame.grid_x - estate.centre_x, frame.grid_y - estate.centre_y
    across = dx * np.cos(angle) + dy * np.sin(angle)
    along = -dx * np.sin(angle) + dy * np.cos(angle)
    column = noise.strips(across, width * scale, estate.id)
    lane = noise.hash_u32(column.index, estate.id, 11)
    piece = noise.strips(along, length * scale * (0.7 + 0.8 * noise.unit(lane)), lane)
    edge = np.minimum(np.minimum(column.edge, piece.edge), estate.edge)
    return Parcels(noise.hash_u32(piece.index, lane, 17), across, along, edge, estate.edge)


def choose(weights: dict[str, float], u: Array) -> Array:
    """Pick a material index for each uniform number in [0, 1) by weights."""
    edges = np.cumsum(list(weights.values()))
    indices = np.array([MATERIAL_INDEX[name] for name in weights], np.uint8)
    return indices[np.minimum(np.searchsorted(edges / edges[-1], u, side="right"), len(indices) - 1)]


def paint_fields(canvas: Canvas, frame: Frame, parcels: Parcels, where: Array) -> None:
    """Paint the parcels inside ``where`` with crops, hedges, tracks and rows."""
    crop = choose(frame.world.fields, noise.unit(noise.hash_u32(parcels.id, 1, frame.world.seed)))
    heights = np.zeros(256, np.float32)
    heights[MATERIAL_INDEX["green crop"]] = 0.9
    heights[MATERIAL_INDEX["ripe cereal"]] = 0.7
    canvas.paint(where, crop, height=heights[crop])
    np.copyto(canvas.parcels, parcels.id.view(np.int32), where=where)
    draw = lambda n: noise.normal(parcels.id, n, frame.world.seed)  # noqa: E731
    patchy = frame.fractal("soil patches", 220, octaves=5)
    within = frame.fractal("crop vigour", 70, octaves=4)
    np.copyto(canvas.vigour, canvas.vigour + 1.2 * draw(2) + 0.35 * within, where=where)
    np.copyto(canvas.moisture, canvas.moisture + 0.9 * draw(3) + 0.4 * patchy, where=where)
    bare = crop == MATERIAL_INDEX["ploughed field"]
    tone = np.exp(np.where(bare, 0.3, 0.12) * draw(4)) + np.where(bare, 0.07, 0.03) * patchy + 0.02 * within
    np.copyto(canvas.brightness, tone.astype(np.float32), where=where)
    emerging = where & (crop == MATERIAL_INDEX["green crop"]) & (noise.unit(noise.hash_u32(parcels.id, 5, 1)) < 0.3)
    canvas.mix(emerging, "ploughed field", 0.15 + 0.35 * noise.unit(noise.hash_u32(parcels.id, 6, 1)))
    _rows(canvas, frame, parcels, where, crop)
    _edges(canvas, frame, parcels, where)


def _stripes(position: Array, pitch_m: Array | float, share: Array | float, gsd_m: float) -> Array:
    """Returns the cover (0..1) of stripes of a pitch, smoothed to the pixel size so that nothing aliases."""
    phase = np.abs(position / pitch_m - np.floor(position / pitch_m) - 0.5) * pitch_m
    soft = max(gsd_m, 0.15)
    sharp = np.clip((np.asarray(share) * pitch_m / 2 - phase) / soft + 0.5, 0, 1)
    fade = np.clip(1.4 - gsd_m / np.asarray(pitch_m) * 1.6, 0, 1)
    return (fade * sharp + (1 - fade) * share).astype(np.float32)


def _crowns(across: Array, along: Array, pitch_m: Array, gsd_m: float) -> Array:
    """Returns the cover (0..1) of round crowns planted on a grid, each a little different."""
    i, j = np.floor(across / pitch_m), np.floor(along / (0.85 * pitch_m))
    tree = noise.hash_u32(i.astype(np.int64), j.astype(np.int64), 23)
    off = 0.16 * (noise.unit(tree) - 0.5)
    away = np.hypot(across / pitch_m - i - 0.5 + off, 0.85 * (along / (0.85 * pitch_m) - j - 0.5 - off)) * pitch_m
    radius = (
        pitch_m
        * (0.3 + 0.12 * noise.unit(noise.hash_u32(tree, 1, 1)))
        * (noise.unit(noise.hash_u32(tree, 2, 1)) > 0.03)
    )
    return np.clip((radius - away) / max(gsd_m, 0.3) + 0.5, 0, 1).astype(np.float32)


def _rows(canvas: Canvas, frame: Frame, parcels: Parcels, where: Array, crop: Array) -> None:
    gsd = frame.gsd_m
    u = noise.unit(noise.hash_u32(parcels.id, 8, 3))
    ground = np.where(
        noise.unit(noise.hash_u32(parcels.id, 9, 3)) < 0.55, MATERIAL_INDEX["grassland"], MATERIAL_INDEX["bare soil"]
    ).astype(np.uint8)

    def is_crop(name: str) -> Array:
        return where & (crop == MATERIAL_INDEX[name])

    here = is_crop("orchard")
    if here.any():
        pitch = 5.0 + 3.5 * u
        trees = _crowns(parcels.across, parcels.along, pitch, gsd) if gsd < 2.5 else 0.42 + 0.25 * u
        canvas.mix(here, ground, 1 - np.clip(trees, 0.05, 1))
        np.copyto(canvas.height, 3.5 * trees, where=here)
    here = is_crop("vineyard")
    if here.any():
        vines = _stripes(parcels.across, 2.2 + 0.6 * u, 0.52, gsd)
        canvas.mix(here, ground, 1 - np.clip(vines, 0.08, 1))
        np.copyto(canvas.height, 1.4 * vines, where=here)
    here = is_crop("solar farm")
    if here.any():
        panels = _stripes(parcels.along, 5.5 + 3 * u, 0.66, gsd)
        canvas.mix(here, "grassland", 1 - np.clip(panels, 0.05, 1))
        np.copyto(canvas.height, 1.8 * panels, where=here)
        np.copyto(canvas.brightness, np.float32(1), where=here)
    here = is_crop("greenhouse")
    if here.any():
        tunnels = _stripes(parcels.across, 9 + 6 * u, 0.82, gsd)
        canvas.mix(here, ground, 1 - np.clip(tunnels, 0.05, 1))
        np.copyto(canvas.height, 3.0 * tunnels, where=here)
        np.copyto(
            canvas.brightness,
            canvas.brightness * (1 + 0.12 * (_stripes(parcels.across + 2, 9 + 6 * u, 0.4, gsd) - 0.4)),
            where=here,
        )
    if gsd < 2.5:
        arable = where & np.isin(
            crop, [MATERIAL_INDEX[name] for name in ("green crop", "ripe cereal", "ploughed field", "rice paddy")]
        )
        lines = _stripes(parcels.across, 14 + 10 * u, 0.06, gsd)
        drill = _stripes(parcels.across, 1.2 + 1.2 * u, 0.5, gsd) - 0.5
        np.copyto(canvas.brightness, canvas.brightness * (1 - 0.1 * lines + 0.05 * drill), where=arable)


def _edges(canvas: Canvas, frame: Frame, parcels: Parcels, where: Array) -> None:
    gsd = frame.gsd_m
    hedged = noise.unit(noise.hash_u32(parcels.id, 12, 9)) < 0.22
    hedge = np.where(hedged & where, np.clip((2.6 + gsd / 2 - parcels.edge) / gsd, 0, 1) * min(1.0, 5.0 / gsd), 0)
    hedge = hedge * (frame.smooth("hedge gaps", 40) > -0.7)
    margin = np.where(where & ~hedged, np.clip((0.9 + gsd / 2 - parcels.edge) / gsd, 0, 1) * min(1.0, 1.8 / gsd), 0)
    canvas.cover(margin.astype(np.float32), "grassland")
    canvas.cover(hedge.astype(np.float32), "broadleaf woodland", height=5)
    track = np.where(where, np.clip((2.0 + gsd / 2 - parcels.estate_edge) / gsd, 0, 1) * min(1.0, 4.0 / gsd), 0)
    canvas.cover(track.astype(np.float32), "unpaved track")
