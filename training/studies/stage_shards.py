"""Small shards of six modalities in GeoLangBind-2M's layout, from data that may be trained on.

Colour chips are EuroSAT's. Multispectral and radar windows come from the three places with both sensors, infrared
images are HIT-UAV's frames; since those are few, windows of simulated landscapes are added to each of the three.
Hyperspectral images and elevation are simulated alone. Each modality is divided into ``train``, ``val`` and ``test``,
which share no image, no ground of a place, no flight of frames and no seed of landscapes. Captions of training shards
vary in their sentences, the others do not.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from core.datasets.archive import read_members
from core.datasets.shards import ShardSample, ShardSet, write_shard
from core.raster.gdal_open import opened_gdal
from core.spectral.bands import Band, BandSet
from core.spectral.sensors import get_sensor
from training.simulate.landscape import simulate_landscape
from training.simulate.materials import MATERIALS
from training.simulate.render import render
from training.simulated_source import to_model_units

Pixels = NDArray[np.uint8]
Captioned = tuple[Pixels, str]
TEMPLATES = ("{}", "a satellite image of {}.", "a satellite photo of {}.", "{} seen from above", "an image of {}")
RGB = (0.665, 0.56, 0.49)
TWELVE = get_sensor("sentinel2_l2a").bands
MULTISPECTRAL = TWELVE.select(("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12"))
"""The nine Sentinel-2 bands of the published model, in its order."""
RADAR = get_sensor("sentinel1").bands.select(("VV", "VH"))
THERMAL = get_sensor("thermal").bands
COVER = {1: "water", 2: "a forest", 4: "crops", 5: "a town", 7: "snow", 9: "shrubs and herbs"}
"""Captions by code of the Esri legend; classes of EuroSAT have the same caption in every modality."""
ESRI = np.array([material.esri for material in MATERIALS])
EUROSAT = {
    "AnnualCrop": "crops", "Forest": "a forest", "HerbaceousVegetation": "shrubs and herbs",
    "Highway": "a highway", "Industrial": "an industrial area", "Pasture": "a pasture",
    "PermanentCrop": "an orchard or vineyard", "Residential": "a town", "River": "a river",
    "SeaLake": "water",
}  # fmt: skip
MATERIAL_CAPTIONS = {
    "open water": "water", "coniferous woodland": "coniferous forest", "broadleaf woodland": "broadleaf forest",
    "grassland": "grassland", "green crop": "green crops", "ripe cereal": "ripe cereal",
    "ploughed field": "a ploughed field", "shrubland": "shrubs", "bare soil": "bare soil", "rock": "rock",
    "snow": "snow", "residential area": "a town",
}  # fmt: skip
SPLITS = ("train", "val", "test")
LABELLED = "colour_labelled.tar"
"""The first of the colour chips, for training with few captions."""
FEW = 1500
CHOOSING_CHIPS = 500
"""Validation chips among EuroSAT's held-out ones; the others are for testing."""
PART_OF_BLOCK = ("train test train val", "val train test train", "train test train test", "test train val train")
"""Which part each of the 4 × 4 blocks of a place belongs to, row by row."""
PART_OF_TENTH = ("train",) * 5 + ("val",) * 2 + ("test",) * 3
"""Which part a flight of HIT-UAV belongs to, by the last digit of its name's checksum."""
LANDSCAPES = {"train": range(120), "val": range(1000, 1040), "test": range(2000, 2080)}
"""Seeds of the simulated landscapes."""
MOST = {"train": 400, "val": 60, "test": 100}
"""Windows a caption has at most from a place or from all landscapes."""
PLACE_WINDOW, SPECTRUM_WINDOW, RELIEF_WINDOW, DOMINANT = 18, 12, 24, 0.6
SPECTROMETER = BandSet.of(
    Band(f"{value:.3f}", float(value), 0.01)
    for value in np.arange(0.42, 2.44, 0.01)
    if not (1.35 < value < 1.45 or 1.80 < value < 1.96)
)


def build(data: Path, output: Path, seed: int = 0) -> dict[str, int]:
    """Write ``<modality>_{train,val,test}.tar`` of every modality and LABELLED; give the samples of each.

    Raises:
        InputError: the data are not there.
    """
    counts = {}
    for number, (name, (wavelengths_um, maker)) in enumerate(MODALITIES.items()):
        for split in SPLITS:
            rng = np.random.default_rng((seed, 2 * number + (split != "train")))
            made = _worded(maker(data, split, rng), split == "train", wavelengths_um, rng)
            counts[f"{name}_{split}"] = write_shard(output / f"{name}_{split}.tar", made)
    chips = ShardSet(str(output / "colour_train.tar"))
    few = (dataclasses.replace(chips.read(number), key=f"{number:06d}") for number in range(FEW))
    return counts | {"colour_labelled": write_shard(output / LABELLED, few)}


def _worded(
    captioned: Iterable[Captioned], varied: bool, wavelengths_um: tuple[float, ...], rng: Generator
) -> Iterator[ShardSample]:
    for number, (pixels, text) in enumerate(captioned):
        template = TEMPLATES[rng.integers(len(TEMPLATES)) if varied else 1]
        yield ShardSample(f"{number:06d}", pixels, template.replace("{}", text), wavelengths_um)


def _colour(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    members = list(read_members(data / f"eurosat_rgb_{'train' if split == 'train' else 'val'}.tar", (".jpg",)))
    order = rng.permutation(len(members))
    for number in {"train": order, "val": order[:CHOOSING_CHIPS], "test": order[CHOOSING_CHIPS:]}[split]:
        name, content = members[number]
        yield np.asarray(Image.open(io.BytesIO(content)).convert("RGB")), EUROSAT[name.split("/")[-2]]


def _infrared(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    for pixels, text in _frames(data, split):
        yield pixels, text
        if split == "train":
            yield pixels[:, ::-1], text
    yield from _at_most(_simulated(split, THERMAL), MOST[split])


def _frames(data: Path, split: str) -> Iterator[Captioned]:
    counts: dict[str, bytes] = {}
    frames: dict[str, bytes] = {}
    for name, content in read_members(data / "hit_uav_thermal.tar", (".jpg", ".json")):
        stem, _, kind = name.rpartition(".")
        if flight_part(stem) == split:
            (counts if kind == "json" else frames)[stem] = content
    for stem in sorted(frames.keys() & counts.keys()):
        seen = json.loads(counts[stem])
        what = [words for key, words in (("Person", "people"), ("Car", "cars")) if seen.get(key)]
        when = "by day" if _flight(stem).startswith("0") else "at night"
        if len(what) == 1:
            yield np.asarray(Image.open(io.BytesIO(frames[stem])).convert("L"))[:, :, None], f"{what[0]} {when}"


def flight_part(stem: str) -> str:
    """Returns the part of a frame of HIT-UAV by its path without the ending: all frames of a flight are in one."""
    return PART_OF_TENTH[zlib.crc32(_flight(stem).encode()) % 10]


def _flight(stem: str) -> str:
    """Returns day (0) or night (1), altitude and angle of the camera, as in "1_60_30"."""
    return "_".join(Path(stem).name.split("_")[:3])


def _places(data: Path, split: str, product: str, bands: BandSet, divisor: float) -> Iterator[Captioned]:
    names = TWELVE.names if product == "S2L2A" else RADAR.names
    kept = [names.index(name) for name in bands.names]
    for folder in sorted((data / "scenes" / "terramind_tiles").iterdir()):
        with opened_gdal(folder / "LULC.tif") as file:
            cover = file.read(1)
        with opened_gdal(folder / f"{product}.tif") as file:
            pixels = _as_pixels(file.read()[kept].astype(np.float32) / divisor, bands)
        found = (
            window
            for rows, columns in blocks(cover.shape, split)
            for window in _windows(pixels[:, rows, columns], cover[rows, columns], COVER, PLACE_WINDOW, split)
        )
        yield from _at_most(found, MOST[split])


def blocks(shape: tuple[int, ...], split: str) -> list[tuple[slice, slice]]:
    """Returns the rows and columns of a place's blocks that belong to a part."""
    height, width = shape[0] // 4, shape[1] // 4
    return [
        (slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width))
        for row, parts in enumerate(PART_OF_BLOCK)
        for column, part in enumerate(parts.split())
        if part == split
    ]


def _windows(
    pixels: Pixels, codes: NDArray[np.integer], names: Mapping[int, str], side: int, split: str
) -> Iterator[Captioned]:
    """Yields windows with one dominant class; only training windows overlap."""
    step = side // 3 if split == "train" else side
    for top in range(0, codes.shape[0] - side + 1, step):
        for left in range(0, codes.shape[1] - side + 1, step):
            values, counts = np.unique(codes[top : top + side, left : left + side], return_counts=True)
            if counts.max() >= DOMINANT * side * side and int(values[counts.argmax()]) in names:
                window = pixels[:, top : top + side, left : left + side].transpose(1, 2, 0)
                yield window, names[int(values[counts.argmax()])]


def _at_most(captioned: Iterable[Captioned], most: int) -> Iterator[Captioned]:
    taken: Counter[str] = Counter()
    for pixels, text in captioned:
        taken[text] += 1
        if taken[text] <= most:
            yield pixels, text


def _as_pixels(physical: NDArray[np.float32], bands: BandSet) -> Pixels:
    return np.rint((to_model_units(physical, bands) + 1) * 127.5).astype(np.uint8)


def _simulated(split: str, bands: BandSet) -> Iterator[Captioned]:
    for seed in LANDSCAPES[split]:
        landscape = simulate_landscape(96, 96, 10.0, seed)
        pixels = _as_pixels(render(landscape, bands, seed=seed), bands)
        yield from _windows(pixels, ESRI[landscape.labels], COVER, PLACE_WINDOW, "val")


def _multispectral(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    yield from _places(data, split, "S2L2A", MULTISPECTRAL, 10_000.0)
    yield from _at_most(_simulated(split, MULTISPECTRAL), MOST[split])


def _radar(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    yield from _places(data, split, "S1RTC", RADAR, 1.0)
    yield from _at_most(_simulated(split, RADAR), MOST[split])


def _hyperspectral(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    names = {number: MATERIAL_CAPTIONS.get(material.name, "") for number, material in enumerate(MATERIALS)}
    names = {number: text for number, text in names.items() if text}

    def found() -> Iterator[Captioned]:
        for seed in LANDSCAPES[split]:
            landscape = simulate_landscape(96, 96, 30.0, seed)
            pixels = _as_pixels(render(landscape, SPECTROMETER, seed=seed), SPECTROMETER)
            yield from _windows(pixels, landscape.labels, names, SPECTRUM_WINDOW, "val")

    return _at_most(found(), MOST[split] // 2)


def _elevation(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    return _at_most(_relief(split), MOST[split])


def _relief(split: str) -> Iterator[Captioned]:
    side = RELIEF_WINDOW
    for seed in LANDSCAPES[split]:
        ground = simulate_landscape(96, 96, 30.0, seed).elevation
        for top in range(0, 96 - side + 1, side):
            for left in range(0, 96 - side + 1, side):
                window = ground[top : top + side, left : left + side]
                relief = float(window.max() - window.min())
                text = "flat ground" if relief < 15 else "gentle hills" if relief < 80 else "steep mountains"
                pixels = np.clip(128 + (window - window.mean()), 0, 255).astype(np.uint8)
                yield pixels[:, :, None], text


MODALITIES = {
    "colour": (RGB, _colour),
    "multispectral": (MULTISPECTRAL.wavelengths_um, _multispectral),
    "radar": (RADAR.wavelengths_um, _radar),
    "infrared": (THERMAL.wavelengths_um, _infrared),
    "elevation": (get_sensor("dem").bands.wavelengths_um, _elevation),
    "hyperspectral": (SPECTROMETER.wavelengths_um, _hyperspectral),
}
