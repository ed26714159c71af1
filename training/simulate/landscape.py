"""Procedural landscapes with known truth, of any size; a place is the same in every window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from training.simulate import noise
from training.simulate.canvas import Canvas
from training.simulate.farmland import make_parcels, paint_fields
from training.simulate.frame import Frame
from training.simulate.materials import MATERIAL_INDEX, MATERIALS
from training.simulate.settlement import paint_town
from training.simulate.terrain import Terrain, make_terrain
from training.simulate.world import World, make_world

Array = np.ndarray


@dataclass(frozen=True)
class Landscape:
    """The ground of a window. Arrays are (H, W).

    Attributes:
        labels: uint8, index of the main material in MATERIALS.
        second: uint8, material that shares the pixel, and share: float32, how much of it (0..1) it covers.
        elevation: float32, ground height above the sea in metres.
        height: float32, height of trees, crops and buildings above the ground in metres.
        brightness: float32 factor about 1; vigour and moisture: float32, in standard deviations of the material.
        parcel_ids: int32, same number within a field, 0 outside fields.
        cloud: float32 opacity of clouds (0..1), and cloud_shadow: float32 share of sunlight they take.
        gsd_m: pixel size in metres; col, row: the window's place in the world in pixels.
        world: its constants.
    """

    labels: Array
    second: Array
    share: Array
    elevation: Array
    height: Array
    brightness: Array
    vigour: Array
    moisture: Array
    parcel_ids: Array
    cloud: Array
    cloud_shadow: Array
    gsd_m: float
    col: int
    row: int
    world: World

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.labels.shape[0], self.labels.shape[1]

    @property
    def visible_labels(self) -> Array:
        """Labels as an optical sensor sees them: clouds cover what is below."""
        return np.where(self.cloud > 0.5, np.uint8(MATERIAL_INDEX["cloud"]), self.labels)

    def present(self, minimum_share: float = 0.01) -> dict[str, float]:
        """Returns the materials that cover at least a share of the window, with their shares, largest first."""
        counts = np.bincount(self.labels.ravel(), minlength=len(MATERIALS)) / self.labels.size
        order = np.argsort(-counts, kind="stable")
        return {MATERIALS[i].name: float(counts[i]) for i in order if counts[i] >= minimum_share}


def simulate_landscape(
    height: int, width: int, gsd_m: float, seed: int, *, biome: str | None = None, clouds: float = 0.0, variety: int = 6
) -> Landscape:
    """Simulate a varied place of the world of a seed.

    Args:
        height: rows.
        width: columns.
        gsd_m: pixel size in metres; 0.3 shows cars, 10 fields, 30 regions.
        seed: decides the world and the place.
        biome: name of one of ``world.BIOMES``; drawn from the seed when not given.
        clouds: share of the sky with clouds (0..1).
        variety: how many candidate places are compared by their number of land covers; 1 takes the first.
    """
    col, row = choose_place(seed, height, width, gsd_m, biome=biome, variety=variety)
    return simulate_window(seed, col, row, height, width, gsd_m, biome=biome, clouds=clouds)


def choose_place(
    seed: int, height: int, width: int, gsd_m: float, *, biome: str | None = None, variety: int = 6
) -> tuple[int, int]:
    """Draws the (col, row) of ``simulate_landscape``'s window, with a higher probability where it is varied."""
    world = make_world(seed, biome)
    rng = np.random.default_rng([seed, 5])
    places = rng.integers(-40_000, 40_000, size=(max(variety, 1), 2)) * 10.0
    worth = [_variety(world, x, y, height * gsd_m, width * gsd_m) for x, y in places] if variety > 1 else [1.0]
    weights = np.array(worth) ** 3
    x, y = places[rng.choice(len(worth), p=weights / weights.sum())]
    return round(x / gsd_m), round(y / gsd_m)


_RARE = [
    MATERIAL_INDEX[name]
    for name in (
        "rice paddy",
        "heath",
        "mangrove",
        "sand",
        "mudflat",
        "rock",
        "burnt land",
        "solar farm",
        "greenhouse",
        "quarry",
        "industrial area",
    )
]
_STANDING_WATER = [MATERIAL_INDEX[name] for name in ("open water", "shallow water")]


def _variety(world: World, x: float, y: float, height_m: float, width_m: float) -> float:
    """Effective number of materials at a coarse place, with rare materials weighted higher."""
    step = max(height_m, width_m) / 14
    frame = Frame.of(
        world, int(x / step), int(y / step), max(2, int(height_m / step)), max(2, int(width_m / step)), step
    )
    canvas = _paint(frame, make_terrain(frame))
    shares = np.bincount(canvas.labels.ravel(), minlength=len(MATERIALS)) / canvas.labels.size
    rare = np.clip(shares[_RARE] / 0.06, 0, 1).sum()
    water = np.clip(shares[_STANDING_WATER].sum() / 0.1, 0, 1)
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()) + 2.5 * rare + 3.0 * water)


def simulate_window(
    seed: int,
    col: int,
    row: int,
    height: int,
    width: int,
    gsd_m: float,
    *,
    biome: str | None = None,
    clouds: float = 0.0,
) -> Landscape:
    """Make the window of the world of a seed whose first pixel is (col, row); neighbouring windows join without a seam.

    Args:
        seed: decides the world.
        col: first column of the window in pixels; may be negative.
        row: first row.
        height: rows.
        width: columns.
        gsd_m: pixel size in metres.
        biome: name of one of ``world.BIOMES``; drawn from the seed when not given.
        clouds: share of the sky with clouds (0..1).
    """
    world = make_world(seed, biome)
    frame = Frame.of(world, col, row, height, width, gsd_m)
    terrain = make_terrain(frame)
    canvas = _paint(frame, terrain)
    cloud, shadow = _clouds(frame, clouds)
    return Landscape(
        labels=canvas.labels,
        second=canvas.second,
        share=canvas.share,
        elevation=terrain.elevation_m,
        height=canvas.height,
        brightness=canvas.brightness,
        vigour=canvas.vigour,
        moisture=canvas.moisture,
        parcel_ids=canvas.parcels,
        cloud=cloud,
        cloud_shadow=shadow,
        gsd_m=gsd_m,
        col=col,
        row=row,
        world=world,
    )


def _paint(frame: Frame, terrain: Terrain) -> Canvas:
    world = frame.world
    canvas = Canvas.blank(terrain.water.shape)
    canvas.vigour += np.float32(world.biome.vigour) + 0.5 * frame.fractal("region vigour", 1800, octaves=4)
    canvas.moisture += (
        np.float32(world.biome.moisture) + 0.5 * frame.smooth("region moisture", 2400) + 0.8 * terrain.wetness
    )
    canvas.brightness += 0.05 * frame.fractal("tone", 400, octaves=6)
    land = ~terrain.water
    highway = frame.meander("highway", 6500, world.road_angle + 0.35, 0.16, 5000)
    lane = np.minimum(
        frame.meander("lane a", 1500, world.road_angle + 0.1, 0.22, 1600),
        frame.meander("lane b", 1900, world.road_angle + 1.65, 0.22, 1900),
    )
    flat = np.exp(-np.clip(terrain.above_sea - 1.1, 0, None) * (2.0 if world.biome.relief_m > 400 else 0.5))
    urban = (
        frame.fractal("town", world.town_size_m, gain=0.35, octaves=4)
        + 0.7 * np.exp(-highway / 500)
        + 0.25 * np.exp(-lane / 200)
    )
    urban = urban - 1.5 * (1 - flat) - ndtri(1 - 0.55 * world.settlement) - 0.45
    hamlet = frame.cells("hamlet", 1500.0, bend_m=60.0)
    settled = noise.unit(noise.hash_u32(hamlet.id, 1, 1)) < 0.25 + 0.6 * world.settlement
    reach = 60 + 260 * noise.unit(noise.hash_u32(hamlet.id, 2, 1)) ** 2 * (0.5 + world.settlement)
    village = (
        settled & (hamlet.distance * (1 + 0.25 * frame.fractal("hamlet rim", 180, octaves=4)) < reach) & (flat > 0.5)
    )
    town = land & ((urban > 0) | village) & (terrain.wetness < 0.93)
    parcels = make_parcels(frame)
    parcel_tone = noise.unit(noise.hash_u32(parcels.id, 21, 4)) - 0.5
    farm_suit = (
        frame.fractal("farming", 3400, gain=0.4, octaves=4)
        - 2.2 * (1 - flat)
        + 0.35 * parcel_tone
        + 0.25 * terrain.wetness
    )
    farm = land & (farm_suit > ndtri(1 - world.farmland))
    wood_suit = frame.fractal("wood", 1500, gain=0.55) + 0.3 * np.clip(terrain.above_sea - 0.8, 0, 1.5)
    wood_suit = wood_suit - 0.9 * farm + 0.6 * farm * parcel_tone
    wood = land & (wood_suit > ndtri(1 - world.woodland))
    _open_land(canvas, frame, terrain)
    _woods(canvas, frame, terrain, wood)
    _burnt(canvas, frame, land)
    _wetland(canvas, frame, terrain)
    paint_fields(canvas, frame, parcels, farm & ~wood & (terrain.wetness < 0.97))
    _shore(canvas, frame, terrain)
    _quarries(canvas, frame, land & ~town)
    _snow(canvas, frame, terrain)
    _river_trees(canvas, frame, terrain, town)
    paint_town(canvas, frame, town, np.clip(urban, 0, 1), villages=village & (urban <= 0))
    _water(canvas, frame, terrain, town)
    _roads(canvas, frame, terrain, highway, lane, flat)
    return canvas


def _open_land(canvas: Canvas, frame: Frame, terrain: Terrain) -> None:
    weights = frame.world.open_land
    best = np.full(canvas.labels.shape, -np.inf, np.float32)
    labels = np.zeros(canvas.labels.shape, np.uint8)
    for name, weight in weights.items():
        score = frame.fractal("open " + name, 900, gain=0.55, octaves=6) + np.float32(np.log(weight))
        labels = np.where(score > best, np.uint8(MATERIAL_INDEX[name]), labels)
        best = np.maximum(best, score)
    high = terrain.elevation_m > 0.75 * max(frame.world.biome.snow_line_m, 300)
    craggy = frame.fractal("crag", 350, gain=0.6, octaves=6)
    labels = np.where(high & (craggy > 0.25), np.uint8(MATERIAL_INDEX["rock"]), labels)
    canvas.paint(np.ones(labels.shape, bool), labels)
    tuft = frame.fractal("tufts", 22, gain=0.6, octaves=5)
    canvas.brightness += 0.045 * tuft
    canvas.vigour += 0.35 * frame.fractal("sward", 130, gain=0.55, octaves=5)
    shrubs = np.isin(labels, [MATERIAL_INDEX["shrubland"], MATERIAL_INDEX["heath"]])
    if frame.fine and shrubs.any():
        bush = frame.cells("bushes", 4.5)
        radius = 0.8 + 1.7 * noise.unit(noise.hash_u32(bush.id, 1, 1))
        gap = shrubs & (bush.distance > radius)
        canvas.mix(gap, "grassland" if frame.world.biome.moisture > -0.5 else "bare soil", 0.85)
        np.copyto(canvas.height, np.where(gap, 0, 1.4), where=shrubs)
        np.copyto(canvas.brightness, canvas.brightness * np.where(gap, 1.05, 0.85), where=shrubs)
    lone = frame.fractal("lone trees", 60, octaves=5) > 2.3
    canvas.paint(lone & (labels == MATERIAL_INDEX["grassland"]) & ~terrain.water, "broadleaf woodland", height=8)


def _woods(canvas: Canvas, frame: Frame, terrain: Terrain, where: Array) -> None:
    world = frame.world
    conifer_line = 0.5 * min(world.biome.snow_line_m, 2000)
    stand = frame.fractal("stand", 700, gain=0.5, octaves=5) + 2.0 * (terrain.elevation_m > conifer_line) * (
        world.biome.conifers > 0
    )
    conifer = stand > (ndtri(1 - world.biome.conifers) if 0 < world.biome.conifers < 1 else 9.0)
    labels = np.where(conifer, MATERIAL_INDEX["coniferous woodland"], MATERIAL_INDEX["broadleaf woodland"]).astype(
        np.uint8
    )
    tall = np.where(conifer, 19.0, 15.0) * (1 + 0.12 * frame.smooth("stand age", 250))
    if frame.gsd_m <= 2.5:
        tree = frame.cells("crowns", 6.5)
        radius = np.where(conifer, 2.6, 3.6) + 1.2 * noise.unit(noise.hash_u32(tree.id, 1, 1))
        dome = np.sqrt(np.clip(1 - (tree.distance / radius) ** 2, 0, 1)).astype(np.float32)
        cone = np.clip(1 - tree.distance / radius, 0, 1).astype(np.float32)
        crown = np.where(conifer, cone, dome)
        leaves = frame.fractal("leaves", 2.2, octaves=3)
        height = tall * (0.55 + 0.12 * noise.unit(noise.hash_u32(tree.id, 2, 1))) + np.where(conifer, 6.0, 4.0) * crown
        canvas.paint(where, labels, height=height)
        tone = 0.55 + 0.5 * crown + 0.09 * noise.normal(tree.id, 3, 1) + 0.06 * leaves
        np.copyto(canvas.brightness, np.clip(tone, 0.15, 2).astype(np.float32), where=where)
        np.copyto(canvas.vigour, canvas.vigour + 0.7 * noise.normal(tree.id, 4, 1), where=where)
    else:
        canvas.paint(where, labels, height=tall)
        rough = 0.05 * frame.fractal("canopy", 90, gain=0.7, octaves=5) + 0.055 * frame.grain("canopy grain") * min(
            1.0, 12.0 / frame.gsd_m
        )
        np.copyto(canvas.brightness, canvas.brightness * (1 + rough), where=where)
    track = frame.meander("forest track", 520, frame.world.road_angle + 0.8, 0.35, 500)
    gsd = frame.gsd_m
    canvas.cover(
        np.where(where, np.clip((2.2 + gsd / 2 - track) / gsd, 0, 1) * min(1.0, 4.4 / gsd), 0).astype(np.float32),
        "unpaved track",
    )


def _river_trees(canvas: Canvas, frame: Frame, terrain: Terrain, town: Array) -> None:
    """Paint trees along parts of the rivers and streams."""
    if frame.world.biome.name == "arid" or frame.world.woodland < 0.05:
        return
    gsd = frame.gsd_m
    belt = (
        7.0
        + 14.0 * np.clip(frame.smooth("river trees", 700) + 0.5, 0, 2)
        - 7.0 * (frame.fractal("tree gaps", 120, octaves=4) > 0.3)
    )
    cover = np.clip((belt + gsd / 2 - np.abs(terrain.bank_m)) / gsd, 0, 1) * (terrain.bank_m > 0)
    where = ~terrain.water & ~town & (terrain.above_sea > 0.05)
    marsh = np.isin(canvas.labels, [MATERIAL_INDEX["wetland"], MATERIAL_INDEX["mangrove"], MATERIAL_INDEX["snow"]])
    canvas.cover(np.where(where & ~marsh & (belt > 8), cover, 0).astype(np.float32), "broadleaf woodland", height=10)


def _burnt(canvas: Canvas, frame: Frame, land: Array) -> None:
    chance = frame.world.biome.burnt
    if chance <= 0:
        return
    scar = frame.fractal("burn", 2100, gain=0.45) > 2.45 - 0.8 * chance
    canvas.paint(scar & land, "burnt land", height=1)
    left = np.clip(0.35 * frame.fractal("burn severity", 200, octaves=6) - 0.1, 0, 0.6)
    canvas.mix(scar & land, "shrubland", left)


def _wetland(canvas: Canvas, frame: Frame, terrain: Terrain) -> None:
    biome = frame.world.biome
    suit = terrain.wetness + 0.28 * frame.fractal("marsh", 600, octaves=6)
    marsh = ~terrain.water & (suit > 1.25 - 0.5 * biome.wet)
    canvas.paint(marsh, "wetland", height=0.9)
    pools = frame.fractal("marsh pools", 60, gain=0.6, octaves=6)
    canvas.mix(marsh, "shallow water", np.clip(0.3 * pools, 0, 0.8))
    if biome.mangroves and frame.world.sea_level > -5:
        tidal = ~terrain.water & (terrain.above_sea < 0.13 + 0.12 * frame.fractal("mangrove", 1100, octaves=5))
        canvas.paint(tidal, "mangrove", height=8)
        np.copyto(
            canvas.brightness,
            1 + 0.05 * frame.grain("mangrove grain") + 0.05 * frame.fractal("mangrove canopy", 40, octaves=5),
            where=tidal,
        )


def _shore(canvas: Canvas, frame: Frame, terrain: Terrain) -> None:
    if frame.world.sea_level < -5:
        return
    kind = frame.smooth("shore kind", 2600)
    band = 0.012 + 0.02 * np.clip(frame.fractal("beach width", 900, octaves=4) + 0.6, 0, 2)
    near = ~terrain.water & (terrain.above_sea < band)
    mangrove = canvas.labels == MATERIAL_INDEX["mangrove"]
    canvas.paint(near & (kind > -0.3) & ~mangrove, "sand")
    canvas.paint(near & (kind < -0.9), "mudflat")
    canvas.paint(~terrain.water & (kind > 0.2) & (terrain.above_sea < 2.2 * band) & ~near, "grassland")


def _quarries(canvas: Canvas, frame: Frame, where: Array) -> None:
    pit = frame.cells("quarry", 3000, bend_m=0)
    exists = noise.unit(noise.hash_u32(pit.id, 1, 1)) < 0.16
    radius = 70 + 190 * noise.unit(noise.hash_u32(pit.id, 2, 1))
    if not (exists & (pit.distance < 1.5 * radius)).any():
        return
    reach = pit.distance * (1 + 0.22 * frame.fractal("quarry rim", 220, octaves=5))
    inside = where & exists & (reach < radius)
    canvas.paint(inside, "quarry")
    terrace = np.floor(reach / (radius / 4))
    np.copyto(
        canvas.brightness,
        (canvas.brightness * (0.86 + 0.1 * np.mod(terrace, 2)) + 0.06 * frame.fractal("rubble", 30, octaves=5)).astype(
            np.float32
        ),
        where=inside,
    )
    canvas.mix(inside, "unpaved track", np.clip(0.4 * frame.fractal("quarry floor", 80, octaves=4), 0, 0.6))
    pond = noise.unit(noise.hash_u32(pit.id, 3, 1)) < 0.4
    canvas.paint(inside & pond & (reach < radius * 0.38), "shallow water")


def _snow(canvas: Canvas, frame: Frame, terrain: Terrain) -> None:
    line = frame.world.biome.snow_line_m
    if line > 1e8:
        return
    drift = terrain.elevation_m - line + 0.18 * frame.world.biome.relief_m * frame.fractal("snow", 500, gain=0.6)
    below_trees = np.isin(canvas.labels, [MATERIAL_INDEX["coniferous woodland"], MATERIAL_INDEX["broadleaf woodland"]])
    deep = ~terrain.water & (drift > 0)
    canvas.mix(deep & below_trees, "snow", np.clip(drift / line * 0.2, 0, 0.35))
    canvas.paint(deep & ~below_trees, "snow")
    np.copyto(canvas.brightness, 1 + 0.015 * frame.fractal("snow tone", 150, octaves=6), where=deep & ~below_trees)
    thaw = ~terrain.water & (drift <= 0) & (drift > -0.06 * frame.world.biome.relief_m)
    canvas.mix(thaw & ~below_trees, "snow", 0.35)


def _water(canvas: Canvas, frame: Frame, terrain: Terrain, town: Array) -> None:
    swell = 0.5 * frame.fractal("water", 2600, octaves=4)
    for where, name in ((terrain.sea | terrain.lake, "open water"), (terrain.river, "river")):
        canvas.paint(where, name)
        np.copyto(canvas.vigour, swell, where=where)
        np.copyto(canvas.moisture, np.float32(0), where=where)
        np.copyto(canvas.brightness, np.float32(1), where=where)
    shallow = (terrain.sea | terrain.lake) & (terrain.depth < 0.07 + 0.05 * frame.fractal("shoal", 800, octaves=5))
    canvas.paint(shallow, "shallow water")
    weed = frame.fractal("sea grass", 420, gain=0.6, octaves=7)
    canvas.mix(shallow, "open water", np.clip(terrain.depth / 0.12, 0, 0.9))
    canvas.mix(shallow & (weed > 0.35) & (terrain.depth < 0.06), "wetland", np.clip(0.3 * (weed - 0.35), 0, 0.3))
    if frame.world.sea_level > -5:
        lagoon = frame.smooth("lagoon", 5200) > 0.2
        islet = (
            lagoon
            & terrain.sea
            & (terrain.depth < 0.2)
            & (frame.fractal("islets", 520, gain=0.6, octaves=7) > 1.05 + 3 * terrain.depth)
        )
        canvas.paint(islet, "wetland", height=0.5)
    np.copyto(canvas.parcels, np.int32(0), where=terrain.water)
    canvas.cover(np.where(terrain.water | town, 0, terrain.stream_cover).astype(np.float32), "river")


def _roads(canvas: Canvas, frame: Frame, terrain: Terrain, highway: Array, lane: Array, flat: Array) -> None:
    gsd = frame.gsd_m
    passable = ~terrain.sea & ~terrain.lake
    for distance, width, reach in ((lane, 7.0, flat > 0.35), (highway, 22.0, flat > 0.1)):
        coverage = np.clip((width / 2 + gsd / 2 - distance) / gsd, 0, 1) * min(1.0, width / gsd)
        canvas.cover(
            np.where(passable & reach & ~(terrain.river & (width < 10)), coverage, 0).astype(np.float32), "asphalt road"
        )
        if width > 10 and gsd < 4:
            verge = passable & reach & (distance < 1.2)
            canvas.mix(verge, "grassland", 0.9)
        if gsd < 0.8:
            line = (
                passable
                & reach
                & (np.abs(distance - width * 0.27) < 0.12)
                & (np.mod(frame.grid_x + frame.grid_y, 9) < 4.5)
            )
            np.copyto(canvas.brightness, np.float32(3.5), where=line)


def _clouds(frame: Frame, amount: float) -> tuple[Array, Array]:
    if amount <= 0:
        none = np.zeros(frame.grid_x.shape, np.float32)
        return none, none
    threshold = ndtri(1 - min(amount, 0.98))

    def opacity(x: Array, y: Array) -> Array:
        puff = noise.fractal(x, y, 2600, frame.world.key("cloud"), finest_m=2 * frame.gsd_m, gain=0.55, octaves=8).value
        return np.clip((puff - threshold) * 2.2, 0, 1).astype(np.float32)

    return opacity(frame.x, frame.y), (0.65 * opacity(frame.x + 700.0, frame.y + 500.0)).astype(np.float32)
