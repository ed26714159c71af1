"""MMFlood: Sentinel-1 over floods, with the delineation of Copernicus EMS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from core.datasets.shards import ShardSample
from core.errors import InputError
from core.spectral.bands import Band
from training.geolangbind2m.converter import Item, files, folder
from training.geolangbind2m.objects import read_json
from training.geolangbind2m.pictures import band_to_bytes, read_raster, windows
from training.geolangbind2m.placeholders import Placeholders

WINDOW = 512
BANDS = (Band("VV", 5.4, kind="sar"), Band("VH", 5.41, kind="sar"))
LEAST_SEEN = 0.3
"""Share of a window that must hold data."""


@dataclass(frozen=True)
class MMFlood:
    """``activations/EMSR…/…/s1_raw/*.tif`` (linear VV, VH), ``mask`` beside it, and ``activations.json``.

    Attributes:
        published: samples the released loader counts.
        placeholders: the polarisations' wavelengths.
    """

    published: int
    placeholders: Placeholders

    def find(self, root: Path) -> list[Item]:
        """List the images of the training subset that have a mask."""
        events = read_json(files(root, "activations.json")[0])
        items = []
        for path in files(folder(root, "activations"), "*/s1_raw/*.tif", "**/s1_raw/*.tif"):
            event = events.get(path.stem.split("-")[0], {})
            mask = path.parents[1] / "mask" / path.name
            if event.get("subset", "train") == "train" and mask.exists():
                items.append(Item(path.stem, path, {"mask": mask, "country": str(event.get("country", ""))}))
        return items

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields windows in decibels with a caption of the flooded share."""
        values, location = read_raster(item.image, [1, 2])
        mask = read_raster(item.facts["mask"], [1])[0][0]
        if mask.shape != values.shape[1:]:
            raise InputError(f"Image and mask of {item.key} differ in size.")
        decibels = 10 * np.log10(np.maximum(values, 1e-10))
        seen = np.isfinite(values).all(0) & (values > 0).all(0) & (mask <= 1)
        for number, (rows, columns) in enumerate(windows(mask.shape[0], mask.shape[1], WINDOW)):
            known = seen[rows, columns]
            if known.mean() >= LEAST_SEEN:
                flooded = float((mask[rows, columns][known] == 1).mean())
                layers = [
                    band_to_bytes(np.where(known, layer[rows, columns], np.nan), band)
                    for layer, band in zip(decibels, BANDS, strict=True)
                ]
                text = flood_caption(flooded, item.facts["country"], rng)
                yield ShardSample(
                    f"{item.key}_{number}", np.stack(layers, axis=2), text, self.placeholders.radar, location
                )


def flood_caption(flooded: float, country: str, rng: Generator) -> str:
    """Return a caption of the flooded share (0..1), sometimes with the country."""
    if flooded < 0.005:
        forms = ("dry land without flooding", "no flooded ground", "land that is not flooded")
    elif flooded < 0.1:
        forms = ("a few flooded places", "a small flooded area", "some flooding along low ground")
    elif flooded < 0.4:
        forms = ("a flooded area", "flooded fields", "land partly under water")
    else:
        forms = ("a large flood", "land mostly under water", "wide flooding")
    openings = ("a radar image of {}", "a Sentinel-1 SAR image with {}", "a SAR image that shows {}")
    text = openings[rng.integers(len(openings))].format(forms[rng.integers(len(forms))])
    return f"{text} in {country}" if country and rng.random() < 0.5 else text
