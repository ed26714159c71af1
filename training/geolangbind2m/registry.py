"""GeoLangBind-2M's sources by the names of the released loader, which are also those of the shards."""

from __future__ import annotations

from training.geolangbind2m.converter import Converter
from training.geolangbind2m.placeholders import Placeholders
from training.geolangbind2m.sources.boxes import Det10, Ships
from training.geolangbind2m.sources.flood import MMFlood
from training.geolangbind2m.sources.given import PARTS, ChatEarthNetS1, ChatEarthNetS2, SkyScript, VRSBench
from training.geolangbind2m.sources.masks import Flair2, NlcdHyperspectral, Seg4, Vaihingen

SKYSCRIPT_SAMPLES = (303_778, 303_778, 303_778, 303_777, 303_777)


def converters(placeholders: Placeholders) -> dict[str, Converter]:
    """Returns the converter of every source, with what the released loader counts.

    ``Seg4_vaihingen`` is none of the released names: its bands are not those of the rest of Seg4.
    """
    skyscript: dict[str, Converter] = {
        f"Skyscript_{part}": SkyScript(part, SKYSCRIPT_SAMPLES[part - 1]) for part in range(1, PARTS + 1)
    }
    return skyscript | {
        "Seg4": Seg4(41_172),
        "Seg4_vaihingen": Vaihingen(),
        "Det10": Det10(110_800),
        "Flair2_rgb_train": Flair2(False, 61_711, placeholders),
        "Flair2_elevation_train": Flair2(True, 61_711, placeholders),
        "VRS_train": VRSBench(20_264),
        "MMflood_sar_train": MMFlood(6_181, placeholders),
        "SAR_ship": Ships("radar", 5_984, placeholders),
        "IR_ship": Ships("infrared", 18_032, placeholders),
        "ChatEarthNet_S2_train": ChatEarthNetS2(95_620),
        "ChatEarthNet_SAR_train": ChatEarthNetS1(95_620, placeholders),
        "NLCD_hyper": NlcdHyperspectral(15_000),
    }
