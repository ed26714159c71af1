"""Towns and industry: streets, plots, houses, gardens, halls, car parks; as texture where pixels are coarse."""

from __future__ import annotations

import numpy as np

from training.simulate import noise
from training.simulate.canvas import Canvas
from training.simulate.frame import Frame
from training.simulate.materials import MATERIAL_INDEX

Array = np.ndarray


def paint_town(canvas: Canvas, frame: Frame, where: Array, core: Array, *, villages: Array) -> None:
    """Paint towns inside ``where``; ``core`` (0..1) is how central a place is; ``villages`` have no industry."""
    if not where.any():
        return
    district = frame.cells("district", 420.0, bend_m=25.0)
    pick = noise.unit(noise.hash_u32(district.id, 1, frame.world.seed))
    industry = where & (pick < np.where(villages, 0.06, 0.25))
    park = where & ~villages & (pick > 0.93)
    homes = where & ~industry & ~park
    quarter = np.round((noise.unit(noise.hash_u32(district.id, 2, 5)) - 0.5) * 5) / 5
    angle = (frame.world.road_angle + 1.2 * quarter).astype(np.float64)
    dx, dy = frame.grid_x - district.centre_x, frame.grid_y - district.centre_y
    across = dx * np.cos(angle) + dy * np.sin(angle)
    along = -dx * np.sin(angle) + dy * np.cos(angle)
    canvas.paint(park, "grassland")
    if frame.fine:
        _halls(canvas, frame, industry, district, across, along)
        _houses(canvas, frame, homes, district, across, along, core)
        _trees(canvas, frame, park, 0.45)
    else:
        _far_industry(canvas, frame, industry, district, across, along)
        _far_homes(canvas, frame, homes, district, across, along, core)
        trees = park & (frame.fractal("park trees", 80, octaves=4) > 0.2)
        canvas.paint(trees, "broadleaf woodland", height=11)
    street = np.where(
        where, np.clip((4.5 + frame.gsd_m / 2 - district.edge) / frame.gsd_m, 0, 1) * min(1.0, 9.0 / frame.gsd_m), 0
    )
    canvas.cover(street.astype(np.float32), "asphalt road")


def _houses(
    canvas: Canvas, frame: Frame, where: Array, district: noise.Cells, across: Array, along: Array, core: Array
) -> None:
    if not where.any():
        return
    gsd, world = frame.gsd_m, frame.world
    dense = noise.unit(noise.hash_u32(district.id, 4, 7)) * 0.5 + 0.5 * core
    block = noise.strips(across, 62.0, district.id, jitter=0.12)
    cross = noise.strips(along, 130.0, noise.hash_u32(district.id, 5, 1), jitter=0.2)
    half_street = 3.6
    from_street = np.minimum(block.edge, cross.edge) - half_street
    canvas.paint(where, "grassland")
    yard = frame.fractal("garden", 14, octaves=3)
    lot_key = noise.hash_u32(block.index, noise.hash_u32(cross.index, district.id, 3), 9)
    side = (block.start > block.width / 2).astype(np.int64)
    lot_width = 14.0 + 14.0 * noise.unit(noise.hash_u32(district.id, 6, 1)) - 4 * dense
    lot = noise.strips(along, lot_width.astype(np.float64), noise.hash_u32(lot_key, side, 21), jitter=0.15)
    lot_id = noise.hash_u32(lot.index, noise.hash_u32(lot_key, side, 4), 33)
    u = [noise.unit(noise.hash_u32(lot_id, n, 1)) for n in range(6)]
    canvas.mix(where, "broadleaf woodland", np.clip(0.25 * yard, 0, 0.5))
    paved = where & (u[5] < 0.25 + 0.45 * dense) & (from_street < 9)
    canvas.paint(paved, "concrete")
    _trees(canvas, frame, where & (from_street > 0.5), 0.34)
    depth = np.where(side == 0, block.start, block.width - block.start) - half_street
    terrace = dense > 0.62
    front = 3.0 + 4.5 * u[0] * ~terrace
    deep = np.where(terrace, 11.0, 8.0 + 5.0 * u[1])
    mid = lot.start - lot.width / 2 + (u[2] - 0.5) * 1.5
    half = np.where(terrace, lot.width * 0.5 + 0.5, lot.width * (0.27 + 0.12 * u[3]))
    house = (
        where
        & (depth > front)
        & (depth < front + deep)
        & (np.abs(mid) < half)
        & (cross.edge > half_street + 2)
        & (u[4] > 0.06)
    )
    shed = (
        where
        & ~house
        & (depth > front + deep + 5)
        & (depth < front + deep + 9)
        & (np.abs(lot.start - 4) < 2.2)
        & (u[1] > 0.62)
    )
    roof = _roof(
        noise.unit(noise.hash_u32(lot_id, 9, 1)) * 0.6 + 0.4 * noise.unit(noise.hash_u32(district.id, 9, 1)),
        world.roofs,
    )
    storeys = np.where(terrace, 9.0, 5.5) + 2.0 * u[3]
    ridge = depth - front - deep / 2
    canvas.paint(house, roof, height=(storeys + 2.2 - 0.45 * np.abs(ridge)).astype(np.float32), fresh=True)
    lit = np.where(ridge > 0, 1.1, 0.9) * (0.85 + 0.3 * u[2])
    np.copyto(canvas.brightness, (canvas.brightness * lit).astype(np.float32), where=house)
    canvas.paint(shed, "grey roof", height=2.8, fresh=True)
    pool = where & ~house & (u[0] > 0.93) & (((depth - front - deep - 7) / 4.2) ** 2 + (mid / 2.4) ** 2 < 1)
    canvas.paint(pool, "swimming pool", fresh=True)
    street = np.where(where, np.clip(0.5 - from_street / gsd, 0, 1), 0)
    canvas.cover(street.astype(np.float32), "asphalt road")
    _cars(canvas, frame, where & (from_street < 0) & (from_street > -2.2), across, along, 0.12)


def _halls(canvas: Canvas, frame: Frame, where: Array, district: noise.Cells, across: Array, along: Array) -> None:
    if not where.any():
        return
    block = noise.strips(across, 120.0, district.id, jitter=0.2)
    cross = noise.strips(along, 100.0, noise.hash_u32(block.index, district.id, 1), jitter=0.25)
    plot = noise.hash_u32(cross.index, noise.hash_u32(block.index, district.id, 2), 3)
    u = [noise.unit(noise.hash_u32(plot, n, 1)) for n in range(7)]
    ground = np.where(
        u[0] < 0.4,
        MATERIAL_INDEX["concrete"],
        np.where(u[0] < 0.75, MATERIAL_INDEX["parking lot"], MATERIAL_INDEX["grassland"]),
    )
    canvas.paint(where, ground.astype(np.uint8))
    _trees(canvas, frame, where & (u[0] >= 0.75), 0.25)
    inset_x, inset_y = 9 + 22 * u[1], 9 + 22 * u[2]
    hall = where & (block.start > inset_x) & (block.width - block.start > 10 + 30 * u[3] ** 2)
    hall &= (cross.start > inset_y) & (cross.width - cross.start > 10) & (u[4] > 0.1)
    notch = (block.start > block.width * (0.45 + 0.3 * u[5])) & (cross.start > cross.width * 0.55) & (u[6] > 0.5)
    hall &= ~notch
    roof = np.where(u[5] < 0.62, MATERIAL_INDEX["metal roof"], MATERIAL_INDEX["grey roof"]).astype(np.uint8)
    canvas.paint(hall, roof, height=(6 + 7 * u[2]).astype(np.float32), fresh=True)
    ribs = 1 + 0.05 * np.sign(np.sin(across * (2 * np.pi / 7.0))) * (u[3] > 0.4)
    np.copyto(canvas.brightness, (canvas.brightness * ribs * (0.75 + 0.45 * u[1])).astype(np.float32), where=hall)
    vents = hall & (
        noise.uniform(np.floor(across / 6).astype(np.int64), np.floor(along / 6).astype(np.int64), plot) > 0.95
    )
    vents &= (np.mod(across, 6) < 2) & (np.mod(along, 6) < 2)
    np.copyto(canvas.brightness, canvas.brightness * 0.55, where=vents)
    lots = where & ~hall & (ground == MATERIAL_INDEX["parking lot"])
    _cars(canvas, frame, lots & (np.mod(across, 17) < 11), along, across, 0.6)
    street = np.where(
        where, np.clip((5.0 + frame.gsd_m / 2 - np.minimum(block.edge, cross.edge)) / frame.gsd_m, 0, 1), 0
    )
    canvas.cover(street.astype(np.float32), "asphalt road")


def _cars(canvas: Canvas, frame: Frame, where: Array, across: Array, along: Array, occupied: float) -> None:
    """Paint parked cars (bays of 2.6 by 5.2 m): they change brightness, not labels."""
    if frame.gsd_m > 1.2 or not where.any():
        return
    bay_x, bay_y = np.floor(across / 2.6).astype(np.int64), np.floor(along / 5.4).astype(np.int64)
    car = noise.hash_u32(bay_x, bay_y, 91)
    inside = (np.abs(np.mod(across, 2.6) - 1.3) < 0.9) & (np.abs(np.mod(along, 5.4) - 2.7) < 2.1)
    parked = where & inside & (noise.unit(car) < occupied)
    paint = np.array([0.35, 0.5, 1.6, 3.2, 4.2, 2.2], np.float32)[noise.hash_u32(car, 1, 1) % 6]
    np.copyto(canvas.brightness, canvas.brightness * paint, where=parked)
    np.copyto(canvas.height, np.float32(1.5), where=parked)


def _trees(canvas: Canvas, frame: Frame, where: Array, density: float) -> None:
    """Paint single trees with round crowns."""
    if not where.any():
        return
    tree = frame.cells("garden trees", 7.5)
    radius = 1.6 + 2.4 * noise.unit(noise.hash_u32(tree.id, 1, 2))
    stands = where & (noise.unit(noise.hash_u32(tree.id, 2, 2)) < density) & (tree.distance < radius)
    dome = np.sqrt(np.clip(1 - (tree.distance / radius) ** 2, 0, 1))
    canvas.paint(stands, "broadleaf woodland", height=(3.0 + radius * (0.6 + dome)).astype(np.float32))
    tone = 0.85 + 0.3 * noise.unit(noise.hash_u32(tree.id, 3, 2))
    np.copyto(canvas.brightness, (tone * (0.75 + 0.3 * dome)).astype(np.float32), where=stands)
    np.copyto(canvas.vigour, 1.2 * noise.normal(tree.id, 4, 2), where=stands)


def _roof(u: Array, shares: tuple[float, float, float]) -> Array:
    tile, metal, _ = shares
    names = (MATERIAL_INDEX["tile roof"], MATERIAL_INDEX["metal roof"], MATERIAL_INDEX["grey roof"])
    spread = np.clip((u - 0.2) / 0.6, 0, 0.999)
    return np.where(spread < tile, names[0], np.where(spread < tile + metal, names[1], names[2])).astype(np.uint8)


def _far_homes(
    canvas: Canvas, frame: Frame, where: Array, district: noise.Cells, across: Array, along: Array, core: Array
) -> None:
    """Paint housing areas with houses smaller than pixels: mixed with streets and gardens."""
    if not where.any():
        return
    canvas.paint(where, "residential area", height=4)
    grain = frame.grain("houses")
    speck = frame.grain("gardens")
    roof = _roof(noise.unit(noise.hash_u32(district.id, 9, 1)) * 0.55 + 0.45 * (0.5 + 0.29 * grain), frame.world.roofs)
    dense = 0.5 * noise.unit(noise.hash_u32(district.id, 4, 7)) + 0.5 * core
    green = speck > 0.9 * dense + 0.1
    second = np.where(
        green, np.where(grain > 0, MATERIAL_INDEX["broadleaf woodland"], MATERIAL_INDEX["grassland"]), roof
    ).astype(np.uint8)
    canvas.mix(where, second, np.clip(np.where(green, 0.5 - 0.2 * dense, 0.28) + 0.16 * np.abs(speck), 0, 0.8))
    np.copyto(canvas.brightness, canvas.brightness * (1 + 0.13 * grain), where=where)
    gsd = frame.gsd_m
    block = noise.strips(across, 90.0, district.id, jitter=0.12)
    cross = noise.strips(along, 150.0, noise.hash_u32(district.id, 5, 1), jitter=0.2)
    street = np.clip((3.8 + gsd / 2 - np.minimum(block.edge, cross.edge)) / gsd, 0, 1) * min(1.0, 7.6 / gsd)
    on_street = where & (street > 0.2)
    canvas.mix(on_street, "asphalt road", np.clip(street, 0, 0.75))


def _far_industry(
    canvas: Canvas, frame: Frame, where: Array, district: noise.Cells, across: Array, along: Array
) -> None:
    """Paint halls and yards a few pixels wide."""
    if not where.any():
        return
    canvas.paint(where, "industrial area", height=6)
    block = noise.strips(across, 130.0, district.id, jitter=0.25)
    cross = noise.strips(along, 90.0, noise.hash_u32(block.index, district.id, 1), jitter=0.25)
    plot = noise.hash_u32(cross.index, noise.hash_u32(block.index, district.id, 2), 3)
    u = [noise.unit(noise.hash_u32(plot, n, 1)) for n in range(5)]
    hall = where & (block.edge > 12 + 14 * u[1]) & (cross.edge > 10 + 8 * u[2]) & (u[4] > 0.12)
    roof = np.where(u[0] < 0.42, MATERIAL_INDEX["metal roof"], MATERIAL_INDEX["grey roof"]).astype(np.uint8)
    canvas.mix(hall, roof, 0.7)
    yard = np.where(
        u[3] < 0.5,
        MATERIAL_INDEX["asphalt road"],
        np.where(u[3] < 0.8, MATERIAL_INDEX["concrete"], MATERIAL_INDEX["grassland"]),
    ).astype(np.uint8)
    canvas.mix(where & ~hall, yard, 0.75)
    np.copyto(
        canvas.brightness,
        (canvas.brightness * (0.75 + 0.5 * u[1]) * (1 + 0.06 * frame.grain("halls"))).astype(np.float32),
        where=hall,
    )
    np.copyto(canvas.height, 9.0, where=hall)
