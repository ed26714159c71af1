"""Sources whose captions are published: SkyScript, VRSBench and ChatEarthNet (Sentinel-2 and Sentinel-1)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from core.datasets.shards import RED_GREEN_BLUE_UM, ShardSample
from core.errors import InputError
from core.spectral.bands import Band
from training.geolangbind2m.converter import Item, files, folder
from training.geolangbind2m.objects import read_json
from training.geolangbind2m.pictures import band_to_bytes, read_picture, read_raster
from training.geolangbind2m.placeholders import Placeholders

PARTS = 5
"""The released loader divides SkyScript into five sets, so that each counts like another source."""


@dataclass(frozen=True)
class SkyScript:
    """``SkyScript_train_….csv`` (filepath, title, title_multi_objects) and the ``images2`` … ``images7`` it names.

    Attributes:
        part: 1 to 5, which of the five sets.
        published: samples the released loader counts.
    """

    part: int
    published: int

    def find(self, root: Path) -> list[Item]:
        """List the images of this part."""
        tables = files(root, "SkyScript_train*.csv", "*/SkyScript_train*.csv")
        if len(tables) > 1:
            raise InputError(
                f"{root} holds {len(tables)} tables of SkyScript.",
                hint="Keep the one meant (the published model used the best half by CLIP score).",
            )
        with tables[0].open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        if not rows or not {"filepath", "title"} <= rows[0].keys():
            raise InputError(f"{tables[0].name} has no columns filepath and title.")
        mine = np.array_split(np.arange(len(rows)), PARTS)[self.part - 1]
        return [
            Item(
                rows[number]["filepath"].replace("/", "_").rpartition(".")[0],
                root / rows[number]["filepath"],
                {"titles": [text for column in ("title", "title_multi_objects") if (text := rows[number].get(column))]},
            )
            for number in mine.tolist()
        ]

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields the image with the title of one object, or of several."""
        titles = item.facts["titles"]
        if titles:
            text = titles[rng.integers(len(titles))]
            yield ShardSample(item.key, read_picture(item.image), text, RED_GREEN_BLUE_UM)


@dataclass(frozen=True)
class VRSBench:
    """``Images_train/*.png`` and ``Annotations_train/*.json`` with a caption each."""

    published: int

    def find(self, root: Path) -> list[Item]:
        """List the annotated images."""
        images = folder(root, "Images_train", "images_train")
        return [
            Item(path.stem, images / f"{path.stem}.png", {"annotation": path})
            for path in files(folder(root, "Annotations_train", "annotations_train"), "*.json")
        ]

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields the image with its caption."""
        text = read_json(item.facts["annotation"]).get("caption")
        if isinstance(text, str) and text.strip():
            yield ShardSample(item.key, read_picture(item.image), text.strip(), RED_GREEN_BLUE_UM)


@dataclass(frozen=True)
class ChatEarthNetS2:
    """``json_files/ChatEarthNet_caps_35_train.json`` and three folders of three-band pictures: nine bands."""

    published: int

    def find(self, root: Path) -> list[Item]:
        """List the captioned images."""
        colour = folder(root, "s2_rgb_images/s2_images", "s2_rgb_images", "s2_images")
        others = [folder(root, f"s2_band_{bands}_images", f"s2_{bands}_images") for bands in ("5_6_7", "8_11_12")]
        return [
            Item(Path(name).stem, colour / name, {"text": text, "others": [other / name for other in others]})
            for name, text in _captions(root)
        ]

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields the nine bands in the published order: red, green, blue, 5, 6, 7, 8, 11, 12."""
        parts = [read_picture(path) for path in (item.image, *item.facts["others"])]
        if len({part.shape for part in parts}) > 1:
            raise InputError(f"The pictures of {item.key} differ in size.")
        yield ShardSample(item.key, np.concatenate(parts, axis=2), item.facts["text"], NINE_BANDS_UM)


NINE_BANDS_UM = (0.665, 0.56, 0.49, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19)


@dataclass(frozen=True)
class ChatEarthNetS1:
    """The same captions with Sentinel-1: ``s1_images/NAME.tif``, VV and VH in decibels."""

    published: int
    placeholders: Placeholders

    def find(self, root: Path) -> list[Item]:
        """List the captioned images that have a radar image."""
        radar = folder(root, "s1_images", "s1")
        there = {path.stem: path for path in files(radar, "*.tif", "**/*.tif")}
        return [
            Item(stem, there[stem], {"text": text})
            for stem, text in ((Path(name).stem, text) for name, text in _captions(root))
            if stem in there
        ]

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields VV and VH with the caption."""
        values, location = read_raster(item.image)
        if len(values) != 2:
            raise InputError(f"{item.image.name} has {len(values)} bands, not VV and VH.")
        bands = [Band("VV", 5.4, kind="sar"), Band("VH", 5.41, kind="sar")]
        pixels = np.stack([band_to_bytes(value, band) for value, band in zip(values, bands, strict=True)], axis=2)
        yield ShardSample(item.key, pixels, item.facts["text"], self.placeholders.radar, location)


def _captions(root: Path) -> list[tuple[str, str]]:
    """Read (image name, caption) of ChatEarthNet's training split."""
    path = files(root, "json_files/*caps_35_train.json", "*caps_35_train.json")[0]
    pairs = []
    for entry in read_json(path):
        name, text = entry.get("image_id") or entry.get("image"), entry.get("caption")
        text = " ".join(text) if isinstance(text, list) else text
        if isinstance(name, str) and isinstance(text, str) and text.strip():
            pairs.append((name if "." in name else f"{name}.png", text.strip()))
    if not pairs:
        raise InputError(f"{path.name} holds no image_id with a caption.")
    return sorted(pairs)
