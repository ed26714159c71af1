"""Constants of the world of a seed: climate, relief, coast, farming and towns."""

# ruff: noqa: E501  (tables read better unbroken)

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Biome:
    """A climate with the land use that goes with it. Shares and chances are relative; see ``landscape`` for their use.

    Attributes:
        name: what to call it.
        sea: chance that a world of this climate has a coast.
        relief_m: typical height above the sea of the hills.
        woodland, farmland, settlement: share of the land of each (0..1).
        conifers: share of conifers among the woods of the lowland.
        snow_line_m: height above which snow lies.
        open_land: material names of open land with weights.
        fields: material names of parcels with weights.
        field_size_m: typical (width, length) of a parcel.
        vigour, moisture: season and climate, shifts in standard deviations.
        burnt: chance that a burn scar exists here and there.
        wet: abundance of wetland along water.
    """

    name: str
    sea: float
    relief_m: float
    woodland: float
    farmland: float
    settlement: float
    conifers: float
    snow_line_m: float
    open_land: dict[str, float]
    fields: dict[str, float]
    field_size_m: tuple[float, float]
    vigour: float = 0.0
    moisture: float = 0.0
    burnt: float = 0.3
    wet: float = 0.5
    mangroves: bool = False


BIOMES: tuple[Biome, ...] = (
    Biome("temperate lowland", 0.5, 120, 0.28, 0.62, 0.30, 0.35, 1e9, {"grassland": 5, "shrubland": 1, "heath": 0.6},
          {"green crop": 4, "ripe cereal": 3, "ploughed field": 3, "grassland": 3, "orchard": 0.5, "vineyard": 0.4, "solar farm": 0.2, "greenhouse": 0.12,
           "broadleaf woodland": 0.3}, (110, 260), 0.0, 0.2),
    Biome("mediterranean", 0.7, 260, 0.26, 0.5, 0.30, 0.45, 1e9, {"shrubland": 4, "grassland": 2, "bare soil": 1, "rock": 0.6},
          {"green crop": 1.5, "ripe cereal": 2, "ploughed field": 2.5, "orchard": 3, "vineyard": 3, "grassland": 1, "bare soil": 0.5, "solar farm": 0.35,
           "greenhouse": 0.4}, (90, 180), -0.5, -0.8, 0.6, 0.25),
    Biome("boreal hills", 0.45, 320, 0.62, 0.16, 0.16, 0.85, 900, {"heath": 4, "grassland": 2, "wetland": 1.5, "rock": 0.8},
          {"green crop": 2, "grassland": 4, "ripe cereal": 1.5, "ploughed field": 1}, (120, 260), 0.0, 0.5, 0.5, 0.9),
    Biome("alpine", 0.0, 1500, 0.42, 0.2, 0.2, 0.8, 1350, {"grassland": 4, "heath": 1, "rock": 2, "shrubland": 1},
          {"grassland": 5, "green crop": 1, "ripe cereal": 1, "orchard": 0.7, "vineyard": 0.4}, (70, 170), 0.2, 0.2, 0.1, 0.2),
    Biome("tropical delta", 0.95, 30, 0.3, 0.52, 0.25, 0.0, 1e9, {"grassland": 3, "shrubland": 2, "wetland": 2},
          {"rice paddy": 5, "green crop": 2, "ploughed field": 1.2, "orchard": 1, "grassland": 0.7, "ripe cereal": 0.8}, (55, 130), 0.4, 0.8, 0.2, 1.0, True),
    Biome("arid", 0.4, 220, 0.04, 0.16, 0.22, 0.2, 1e9, {"bare soil": 4, "sand": 3, "rock": 1.5, "shrubland": 1.2},
          {"green crop": 2, "bare soil": 1.5, "ploughed field": 1, "orchard": 0.8, "solar farm": 0.7, "greenhouse": 0.3}, (150, 300), -0.9, -1.5, 0.05, 0.1),
    Biome("prairie", 0.1, 80, 0.08, 0.78, 0.17, 0.4, 1e9, {"grassland": 5, "shrubland": 0.8, "wetland": 0.7},
          {"green crop": 4, "ripe cereal": 4, "ploughed field": 3, "grassland": 2, "solar farm": 0.15}, (380, 420), -0.1, -0.2, 0.15, 0.7),
    Biome("wet tropics", 0.3, 260, 0.6, 0.28, 0.18, 0.0, 1e9, {"grassland": 2, "shrubland": 2, "bare soil": 0.7},
          {"green crop": 2, "orchard": 3, "grassland": 2, "ploughed field": 1, "bare soil": 0.5, "rice paddy": 0.8}, (90, 240), 0.6, 0.6, 0.4, 0.6, True),
    Biome("city region", 0.5, 60, 0.16, 0.38, 0.75, 0.3, 1e9, {"grassland": 5, "shrubland": 1, "bare soil": 0.6},
          {"green crop": 3, "ripe cereal": 2, "ploughed field": 2, "grassland": 3, "solar farm": 0.3, "greenhouse": 0.6, "orchard": 0.5}, (90, 200), 0.0, 0.0, 0.1, 0.4),
    Biome("winter", 0.25, 300, 0.45, 0.35, 0.2, 0.8, 40, {"heath": 2, "grassland": 3, "rock": 0.5},
          {"grassland": 3, "ploughed field": 3, "ripe cereal": 1}, (120, 260), -0.8, 0.6, 0.0, 0.5),
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Constants of a world, the same at all its places."""

    seed: int
    biome: Biome
    sea_level: float
    lake_level: float
    river_spacing_m: float
    river_width_m: float
    river_angle: float
    road_angle: float
    town_size_m: float
    woodland: float
    farmland: float
    settlement: float
    fields: dict[str, float] = field(default_factory=dict)
    open_land: dict[str, float] = field(default_factory=dict)
    roofs: tuple[float, float, float] = (0.5, 0.15, 0.35)

    def key(self, name: str) -> int:
        """Returns the noise key of a named field of this world."""
        mixed = 2166136261
        for letter in name.encode():
            mixed = ((mixed ^ letter) * 16777619) & 0xFFFFFFFF
        return (mixed ^ (self.seed * 0x9E3779B1)) & 0x7FFFFFF


def make_world(seed: int, biome: str | None = None) -> World:
    """Draw a world from a seed; ``biome`` names one of BIOMES instead of leaving it to the seed.

    Raises:
        ValueError: the biome is unknown.
    """
    rng = np.random.default_rng([seed, 77])
    names = [b.name for b in BIOMES]
    drawn = int(rng.integers(len(BIOMES)))
    if biome is not None and biome not in names:
        raise ValueError(f"Unknown biome {biome!r}; there are: {', '.join(names)}.")
    kind = BIOMES[drawn if biome is None else names.index(biome)]
    coast = rng.random() < kind.sea
    vary = lambda weights: {k: w * float(rng.lognormal(0, 0.7)) for k, w in weights.items()}  # noqa: E731
    return World(
        seed=seed,
        biome=kind,
        sea_level=float(rng.uniform(-0.9, -0.25)) if coast else -9.0,
        lake_level=float(rng.uniform(-2.1, -1.35)),
        river_spacing_m=float(rng.uniform(3500, 8000)),
        river_width_m=float(rng.lognormal(np.log(45), 0.5)),
        river_angle=float(rng.uniform(0, 2 * np.pi)),
        road_angle=float(rng.uniform(0, np.pi)),
        town_size_m=float(rng.uniform(1400, 2800)),
        woodland=float(np.clip(kind.woodland + rng.normal(0, 0.07), 0.02, 0.9)),
        farmland=float(np.clip(kind.farmland + rng.normal(0, 0.08), 0.03, 0.95)),
        settlement=float(np.clip(kind.settlement + rng.normal(0, 0.05), 0.04, 0.9)),
        fields=vary(kind.fields),
        open_land=vary(kind.open_land),
        roofs=tuple(rng.dirichlet([3, 1, 2]).tolist()),
    )
