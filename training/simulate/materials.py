"""The materials of the simulated world: spectra, temperatures, backscatter and words.

Label rasters hold positions in ``MATERIALS``; append, never insert.
"""

# ruff: noqa: E501  (tables read better unbroken)

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate import spectra
from training.simulate.spectra import Array, Curve


@dataclass(frozen=True)
class Material:
    """One surface of the simulated world.

    Attributes:
        name: unique name.
        words: prompts for it, commonest first.
        worldcover: ESA WorldCover 2021 code (0 where the legend has no place for it).
        esri: code in the Esri land-cover legend used by the co-registered test tiles (0 where it has none).
        curve: reflectance 0.35-2.5 µm by vigour and moisture.
        brightness_sd: relative spread of overall brightness between places.
        temperature_k: daytime brightness temperature, mean in kelvin.
        temperature_sd_k: its spread between places.
        sigma0_db: radar backscatter (VV, VH) in dB, means.
        sigma0_sd_db: spread between places, without speckle.
        height_m: typical height above the ground in metres.
    """

    name: str
    words: tuple[str, ...]
    worldcover: int
    esri: int
    curve: Curve
    brightness_sd: float
    temperature_k: float
    temperature_sd_k: float
    sigma0_db: tuple[float, float]
    sigma0_sd_db: float
    height_m: float

    def spectrum(self, wavelengths_um: Array, *, vigour: float = 0.0, moisture: float = 0.0) -> Array:
        """Returns the reflectance (0..1) at the wavelengths in µm; vigour and moisture are standard deviations."""
        return self.curve(np.asarray(wavelengths_um, dtype=np.float64), vigour, moisture)


_ASPHALT = spectra.surface(
    [(0.35, 0.055), (0.45, 0.07), (0.55, 0.085), (0.65, 0.095), (0.86, 0.112), (1.2, 0.13), (1.65, 0.15), (2.2, 0.145),
     (2.5, 0.13)]
)  # fmt: skip
_CONCRETE = spectra.surface(
    [(0.35, 0.12), (0.45, 0.19), (0.55, 0.24), (0.65, 0.265), (0.86, 0.285), (1.2, 0.31), (1.65, 0.33), (2.2, 0.29),
     (2.32, 0.25), (2.5, 0.22)]
)  # fmt: skip
_TILE = spectra.surface(
    [(0.35, 0.045), (0.45, 0.065), (0.5, 0.075), (0.55, 0.105), (0.6, 0.185), (0.65, 0.235), (0.75, 0.285), (0.86, 0.29),
     (1.0, 0.33), (1.3, 0.38), (1.65, 0.40), (2.2, 0.37), (2.5, 0.33)]
)  # fmt: skip
_METAL = spectra.surface(
    [(0.35, 0.19), (0.4, 0.29), (0.45, 0.345), (0.55, 0.365), (0.65, 0.37), (0.86, 0.35), (1.0, 0.335), (1.2, 0.35),
     (1.65, 0.35), (1.75, 0.30), (2.2, 0.29), (2.5, 0.23)]
)  # fmt: skip
_GREY_ROOF = spectra.surface(
    [(0.35, 0.07), (0.45, 0.105), (0.55, 0.125), (0.65, 0.135), (0.86, 0.145), (1.2, 0.16), (1.65, 0.17), (2.2, 0.15),
     (2.5, 0.13)]
)  # fmt: skip
_GARDEN = spectra.vegetation(pigment=1.7, water=0.95, plateau=0.38, cover=0.75, dry=0.1)
_PANEL = spectra.surface(
    [(0.35, 0.035), (0.45, 0.055), (0.5, 0.048), (0.6, 0.04), (0.75, 0.042), (0.95, 0.055), (1.05, 0.13), (1.15, 0.19),
     (1.3, 0.17), (1.65, 0.11), (1.75, 0.08), (2.2, 0.07), (2.5, 0.05)]
)  # fmt: skip
_WET_GROUND = spectra.blend((0.7, spectra.water(sediment=0.5, dissolved=0.4)), (0.3, spectra.soil(0.2, moisture=0.7)))

MATERIALS: tuple[Material, ...] = (
    Material("open water", ("water", "lake", "sea", "open water", "reservoir", "deep water", "sea or lake"), 80, 1,
             spectra.water(sediment=0.03, dissolved=0.22, algae=0.04), 0.15, 291, 2, (-20.5, -28.5), 1.5, 0),
    Material("river", ("water", "river", "stream", "canal", "river water", "muddy river", "waterway"), 80, 1,
             spectra.water(sediment=0.3, dissolved=0.7, algae=0.12), 0.15, 292, 2, (-18.5, -27.0), 1.5, 0),
    Material("shallow water", ("water", "shallow water", "lagoon", "turbid water", "coastal water", "shallows"), 80, 1,
             spectra.water(sediment=0.13, dissolved=0.28, algae=0.06, bottom=0.35), 0.15, 293, 2, (-18.5, -26.5), 1.5, 0),
    Material("coniferous woodland", ("forest", "trees", "woodland", "coniferous forest", "evergreen forest", "pine forest", "spruce trees"), 10, 2,
             spectra.vegetation(pigment=2.15, water=1.6, plateau=0.235, cover=0.93, below=spectra.soil(0.12, moisture=0.4)),
             0.12, 296, 2, (-9.5, -15.0), 0.8, 19),
    Material("broadleaf woodland", ("forest", "trees", "woodland", "broadleaf forest", "deciduous forest", "tree canopy", "wood"), 10, 2,
             spectra.vegetation(pigment=2.25, water=1.3, plateau=0.365, cover=0.96, below=spectra.soil(0.15, moisture=0.4)),
             0.11, 297, 2, (-8.8, -14.2), 0.8, 15),
    Material("grassland", ("grassland", "meadow", "pasture", "grass", "green grass field", "lawn", "grazing land"), 30, 9,
             spectra.vegetation(pigment=1.6, water=0.75, plateau=0.35, cover=0.86, dry=0.22), 0.12, 302, 3, (-12.8, -19.8), 1.0, 0.2),
    Material("green crop", ("crops", "cropland", "green crops", "farmland", "growing crop field", "agricultural field", "maize field"), 40, 4,
             spectra.vegetation(pigment=2.05, water=1.35, plateau=0.46, cover=0.94, water_step=0.2), 0.12, 300, 2.5, (-10.8, -16.8), 1.2, 0.9),
    Material("ripe cereal", ("cereal field", "ripe wheat field", "crops", "cropland", "harvested field", "stubble field", "farmland"), 40, 4,
             spectra.dry_matter(1.0), 0.14, 307, 3, (-12.3, -18.8), 1.2, 0.7),
    Material("ploughed field", ("ploughed field", "bare field", "cropland", "tilled soil", "fallow field", "farmland", "bare farmland"), 40, 4,
             spectra.soil(0.35, redness=0.85, moisture=0.2), 0.16, 310, 4, (-11.8, -20.5), 1.6, 0),
    Material("rice paddy", ("rice paddy", "flooded field", "paddy field", "rice field", "irrigated field", "cropland"), 40, 4,
             spectra.vegetation(pigment=1.7, water=1.4, plateau=0.33, cover=0.5, below=_WET_GROUND), 0.14, 296, 2, (-14.0, -20.5), 2.0, 0.4),
    Material("orchard", ("orchard", "fruit trees", "olive grove", "permanent crop", "plantation", "rows of trees"), 40, 4,
             spectra.vegetation(pigment=2.0, water=1.05, plateau=0.34, cover=0.88, dry=0.05), 0.11, 300, 2.5, (-9.8, -15.8), 0.9, 4),
    Material("vineyard", ("vineyard", "vines", "grape vines", "permanent crop", "rows of vines", "wine growing"), 40, 4,
             spectra.vegetation(pigment=1.8, water=0.9, plateau=0.33, cover=0.7, dry=0.05), 0.11, 305, 3, (-11.0, -17.8), 1.0, 1.4),
    Material("shrubland", ("shrubland", "shrubs", "scrub", "bushes", "bush land", "chaparral"), 20, 9,
             spectra.vegetation(pigment=1.75, water=0.85, plateau=0.27, cover=0.66, dry=0.18), 0.12, 302, 3, (-11.3, -17.3), 1.0, 1.6),
    Material("heath", ("heath", "moorland", "moor", "heather", "heathland", "tundra"), 20, 9,
             spectra.vegetation(pigment=1.35, water=0.8, plateau=0.2, cover=0.74, dry=0.22, below=spectra.soil(0.12, redness=0.7, moisture=0.5)),
             0.13, 300, 3, (-12.4, -18.8), 1.0, 0.4),
    Material("wetland", ("wetland", "marsh", "swamp", "flooded vegetation", "reed bed", "salt marsh", "bog"), 90, 3,
             spectra.vegetation(pigment=1.65, water=1.35, plateau=0.27, cover=0.6, dry=0.18, below=_WET_GROUND), 0.14, 295, 2, (-11.0, -18.0), 2.0, 0.9),
    Material("mangrove", ("mangrove", "mangroves", "mangrove forest", "coastal swamp forest", "tidal forest"), 95, 3,
             spectra.vegetation(pigment=2.1, water=1.75, plateau=0.315, cover=0.9, below=_WET_GROUND), 0.09, 296, 1.5, (-8.3, -13.8), 0.8, 9),
    Material("bare soil", ("bare ground", "bare soil", "bare land", "dirt", "earth", "barren land"), 60, 6,
             spectra.soil(0.42, redness=0.95, moisture=0.08), 0.16, 312, 4, (-13.5, -22.0), 1.5, 0),
    Material("sand", ("sand", "beach", "sandy beach", "dunes", "desert sand", "sandy shore"), 60, 6,
             spectra.soil(0.54, redness=0.7, moisture=0.03, clay=0.02), 0.13, 314, 4, (-17.0, -25.0), 1.8, 0),
    Material("mudflat", ("mudflat", "tidal flat", "mud", "intertidal flat", "wet mud"), 60, 6,
             spectra.blend((0.75, spectra.soil(0.3, redness=0.6, moisture=0.7)), (0.25, spectra.water(sediment=0.9))), 0.14, 295, 2, (-16.0, -24.5), 2.0, 0),
    Material("rock", ("rock", "bare rock", "cliff", "rocky ground", "scree", "mountain rock"), 60, 6,
             spectra.surface([(0.35, 0.11), (0.45, 0.14), (0.55, 0.165), (0.65, 0.185), (0.86, 0.205), (1.2, 0.235), (1.65, 0.25), (2.15, 0.24),
                              (2.33, 0.2), (2.5, 0.2)]), 0.16, 305, 4, (-11.0, -19.0), 1.5, 0),
    Material("snow", ("snow", "snow and ice", "ice", "glacier", "snow cover", "snow field"), 70, 7,
             spectra.snow(grain=1.0), 0.06, 268, 2.5, (-13.5, -20.5), 2.5, 0),
    Material("burnt land", ("burnt land", "burn scar", "burned area", "wildfire scar", "charred ground", "burnt forest"), 60, 6,
             spectra.surface([(0.35, 0.025), (0.45, 0.034), (0.55, 0.043), (0.65, 0.052), (0.75, 0.07), (0.86, 0.088), (1.2, 0.13), (1.65, 0.175),
                              (2.2, 0.185), (2.5, 0.17)]), 0.2, 313, 3, (-12.8, -20.3), 1.0, 0.2),
    Material("residential area", ("town", "residential area", "houses", "built-up area", "village", "urban area", "housing", "city"), 50, 5,
             spectra.blend((0.17, _TILE), (0.17, _GREY_ROOF), (0.26, _ASPHALT), (0.1, _CONCRETE), (0.3, _GARDEN)), 0.14, 307, 2, (-7.2, -13.6), 2.2, 5),
    Material("industrial area", ("industrial area", "factory", "warehouses", "commercial buildings", "industrial buildings", "built-up area"), 50, 5,
             spectra.blend((0.22, _METAL), (0.24, _GREY_ROOF), (0.34, _ASPHALT), (0.2, _CONCRETE)), 0.2, 310, 3, (-2.5, -10.8), 2.5, 8),
    Material("tile roof", ("house", "building", "roof", "tiled roof", "red roof", "residential building", "houses"), 50, 5,
             _TILE, 0.16, 313, 3, (-4.0, -12.0), 2.0, 6),
    Material("metal roof", ("building", "metal roof", "warehouse", "white roof", "factory building", "roof", "hangar"), 50, 5,
             _METAL, 0.22, 306, 4, (-1.5, -11.0), 2.5, 9),
    Material("grey roof", ("building", "grey roof", "roof", "flat roof", "house", "slate roof", "apartment building"), 50, 5,
             _GREY_ROOF, 0.22, 315, 3, (-3.0, -12.0), 2.0, 8),
    Material("asphalt road", ("road", "street", "highway", "asphalt", "paved road", "motorway", "tarmac"), 50, 5,
             _ASPHALT, 0.16, 314, 3, (-16.0, -23.5), 1.5, 0),
    Material("unpaved track", ("dirt road", "track", "unpaved road", "gravel road", "farm track", "path"), 60, 6,
             spectra.soil(0.5, redness=0.85, moisture=0.06), 0.12, 311, 3, (-14.0, -22.0), 1.5, 0),
    Material("concrete", ("concrete", "pavement", "paved ground", "courtyard", "concrete surface", "plaza"), 50, 5,
             _CONCRETE, 0.14, 311, 3, (-13.0, -21.0), 1.8, 0),
    Material("parking lot", ("parking lot", "car park", "parked cars", "parking", "parking area"), 50, 5,
             spectra.blend((0.75, _ASPHALT), (0.25, _CONCRETE)), 0.14, 313, 3, (-9.0, -17.5), 2.0, 0.4),
    Material("solar farm", ("solar farm", "solar panels", "photovoltaic panels", "solar power plant", "solar park"), 50, 5,
             spectra.blend((0.85, _PANEL), (0.15, _GARDEN)), 0.1, 310, 2, (-7.5, -17.5), 2.5, 2),
    Material("greenhouse", ("greenhouse", "greenhouses", "plastic tunnels", "glasshouse", "polytunnels"), 50, 5,
             spectra.blend((0.78, spectra.surface([(0.35, 0.25), (0.45, 0.37), (0.55, 0.42), (0.65, 0.43), (0.86, 0.47), (1.15, 0.45), (1.2, 0.42), (1.65, 0.4),
                                                   (1.73, 0.32), (2.2, 0.3), (2.31, 0.2), (2.5, 0.2)])), (0.22, _GARDEN)), 0.15, 304, 3, (-5.5, -14.0), 2.0, 3),
    Material("quarry", ("quarry", "open pit mine", "gravel pit", "excavation", "mine", "extraction site"), 60, 6,
             spectra.surface([(0.35, 0.19), (0.45, 0.25), (0.55, 0.31), (0.65, 0.345), (0.86, 0.37), (1.2, 0.41), (1.65, 0.43), (2.15, 0.41), (2.33, 0.32),
                              (2.5, 0.32)]), 0.18, 309, 3, (-9.5, -18.5), 2.0, 0),
    Material("swimming pool", ("swimming pool", "pool", "blue pool", "outdoor pool"), 80, 1,
             spectra.blend((1.0, spectra.water(sediment=0.01, dissolved=0.01, bottom=0.95))), 0.1, 297, 1, (-15.0, -23.0), 1.5, 0),
    Material("cloud", ("cloud", "clouds", "cloud cover", "white cloud"), 0, 0,
             spectra.surface([(0.35, 0.78), (0.45, 0.8), (0.65, 0.8), (0.9, 0.78), (1.1, 0.76), (1.38, 0.4), (1.65, 0.58), (1.9, 0.3), (2.2, 0.42), (2.5, 0.3)], damp=0.0),
             0.08, 262, 6, (-12.0, -18.0), 1.0, 0),
)  # fmt: skip

MATERIAL_INDEX: dict[str, int] = {material.name: index for index, material in enumerate(MATERIALS)}
"""Label value of each material name."""
