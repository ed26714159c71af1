"""Small shards of six modalities, in GeoLangBind-2M's layout, from the data that may be trained on.

Colour chips are EuroSAT's; multispectral and radar windows come from the three co-registered places; infrared frames
are HIT-UAV's. No free hyperspectral or mountainous elevation lies there, so those two are the simulator's. Each is
divided in three: what is learnt from, what choices are made on (``val``), and what is reported (``test``). Of a place
the west is learnt from, the strip after it chooses, the eastern third is reported. Captions of training shards vary in
wording, the others do not.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import rasterio
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from core.datasets.archive import read_members
from core.datasets.shards import ShardSample, write_shard
from core.spectral.bands import Band, BandSet
from core.train.sources.counted import caption_of
from training.simulate.landscape import simulate_landscape
from training.simulate.materials import MATERIALS
from training.simulate.render import render
from training.simulated_source import to_model_units

Pixels = NDArray[np.uint8]
Captioned = tuple[Pixels, str]
TEMPLATES = ("{}", "a satellite image of {}.", "a satellite photo of {}.", "{} seen from above", "an image of {}")
RGB = (0.665, 0.56, 0.49)
NINE_BANDS = {
    "B04": 0.665, "B03": 0.56, "B02": 0.49, "B05": 0.705, "B06": 0.74, "B07": 0.783, "B08": 0.842, "B11": 1.61,
    "B12": 2.19,
}  # fmt: skip
"""The nine Sentinel-2 bands of the published model, in its order."""
TWELVE = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
RADAR = {"VV": 3.75, "VH": 3.75}
COVER = {1: "water", 2: "trees", 4: "crops", 5: "a town", 7: "snow", 9: "rangeland"}
EUROSAT = {
    "AnnualCrop": "annual crops", "Forest": "a forest", "HerbaceousVegetation": "shrubs and herbs",
    "Highway": "a highway", "Industrial": "an industrial area", "Pasture": "a pasture",
    "PermanentCrop": "an orchard or vineyard", "Residential": "a residential area", "River": "a river",
    "SeaLake": "the sea or a lake",
}  # fmt: skip
NOUNS = {"Person": ("person", "people"), "Car": ("car", "cars"), "Bicycle": ("bicycle", "bicycles")}
SPLITS = ("train", "val", "test")
SPANS = {"train": (0, 1 / 2), "val": (1 / 2, 2 / 3), "test": (2 / 3, 1)}
"""Columns of a place that a part has, as shares of its width."""
CHOOSING_FRAMES = 7
"""One in so many of HIT-UAV's training frames, by its name, is not learnt from: choices are made on it."""
WINDOW, DOMINANT = 24, 0.6
SPECTROMETER = BandSet.of(
    Band(f"{value:.3f}", float(value), 0.01)
    for value in np.arange(0.42, 2.44, 0.01)
    if not (1.35 < value < 1.45 or 1.80 < value < 1.96)
)


def build(data: Path, output: Path, seed: int = 0) -> dict[str, int]:
    """Write ``<modality>_{train,val,test}.tar`` of every modality; give the samples of each.

    Raises:
        InputError: the data are not there.
    """
    counts = {}
    for number, (name, (wavelengths_um, maker)) in enumerate(MODALITIES.items()):
        for split in SPLITS:
            rng = np.random.default_rng((seed, 2 * number + (split != "train")))
            made = _worded(maker(data, split, rng), split == "train", wavelengths_um, rng)
            counts[f"{name}_{split}"] = write_shard(output / f"{name}_{split}.tar", made)
    return counts


def _worded(
    captioned: Iterable[Captioned], varied: bool, wavelengths_um: tuple[float, ...], rng: Generator
) -> Iterator[ShardSample]:
    for number, (pixels, text) in enumerate(captioned):
        template = TEMPLATES[rng.integers(len(TEMPLATES)) if varied else 1]
        yield ShardSample(f"{number:06d}", pixels, template.replace("{}", text), wavelengths_um)


def _colour(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    members = list(read_members(data / f"eurosat_rgb_{'train' if split == 'train' else 'val'}.tar", (".jpg",)))
    first, last = {"train": (0, 3000), "val": (500, 1000), "test": (0, 500)}[split]
    for number in rng.permutation(len(members))[first:last]:
        name, content = members[number]
        yield np.asarray(Image.open(io.BytesIO(content)).convert("RGB")), EUROSAT[name.split("/")[-2]]


def _infrared(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    counts, frames = {}, {}
    for name, content in read_members(data / "hit_uav_thermal.tar", (".jpg", ".json")):
        stem, _, kind = name.rpartition(".")
        if split == infrared_part(stem):
            (counts if kind == "json" else frames)[stem] = content
    for stem in sorted(frames.keys() & counts.keys()):
        seen = {name: 1 for name, number in json.loads(counts[stem]).items() if number and name in ("Person", "Car")}
        text = caption_of(seen, NOUNS).replace("one ", "a ")
        yield np.asarray(Image.open(io.BytesIO(frames[stem])).convert("L"))[:, :, None], text


def infrared_part(stem: str) -> str:
    """Say which part a frame of HIT-UAV belongs to, by its path without the ending: what the set holds out is test."""
    if not stem.startswith("train/"):
        return "test"
    return "val" if zlib.crc32(stem.encode()) % CHOOSING_FRAMES == 0 else "train"


def _places(data: Path, split: str, product: str, scale: Mapping[str, float], offset: float) -> Iterator[Captioned]:
    names = TWELVE if product == "S2L2A" else tuple(RADAR)
    kept = [names.index(name) for name in scale]
    for folder in sorted((data / "scenes" / "terramind_tiles").iterdir()):
        with rasterio.open(folder / "LULC.tif") as file:
            cover = file.read(1)
        with rasterio.open(folder / f"{product}.tif") as file:
            values = file.read()[kept].astype(np.float32)
        top = np.array(list(scale.values()), dtype=np.float32)[:, None, None]
        pixels = np.clip((values - offset) / (top - offset), 0, 1) * 255
        yield from windows(pixels.round().astype(np.uint8), cover, COVER, split)


def windows(pixels: Pixels, codes: NDArray[np.integer], names: Mapping[int, str], split: str) -> Iterator[Captioned]:
    """Cut windows with one dominant class from a part's columns; those that are learnt from overlap more."""
    rows, columns = codes.shape
    first, end = (int(columns * share) for share in SPANS[split])
    last, step = end - WINDOW, 4 if split == "train" else WINDOW // 2
    taken = dict.fromkeys(names, 0)
    for top in range(0, rows - WINDOW + 1, step):
        for left in range(first, last + 1, step):
            code, share = _dominant(codes[top : top + WINDOW, left : left + WINDOW])
            if share >= DOMINANT and code in names and taken[code] < 400:
                taken[code] += 1
                yield pixels[:, top : top + WINDOW, left : left + WINDOW].transpose(1, 2, 0), names[code]


def _dominant(codes: NDArray[np.integer]) -> tuple[int, float]:
    values, counts = np.unique(codes, return_counts=True)
    return int(values[counts.argmax()]), float(counts.max() / codes.size)


def _multispectral(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    tops = {name: 2750.0 if um < 0.7 else 5500.0 if um < 1.35 else 4500.0 for name, um in NINE_BANDS.items()}
    return _places(data, split, "S2L2A", tops, 0.0)


def _radar(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    return _places(data, split, "S1RTC", {"VV": 0.0, "VH": -5.0}, -30.0)


def _hyperspectral(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    names = {number: material.words[0] for number, material in enumerate(MATERIALS)}
    for seed in {"train": range(30), "val": range(108, 116), "test": range(100, 108)}[split]:
        landscape = simulate_landscape(96, 96, 30.0, seed)
        values = to_model_units(render(landscape, SPECTROMETER, seed=seed), SPECTROMETER)
        pixels = np.rint((values + 1) * 127.5).astype(np.uint8)
        for top in range(0, 96 - WINDOW + 1, WINDOW):
            for left in range(0, 96 - WINDOW + 1, WINDOW):
                code, share = _dominant(landscape.labels[top : top + WINDOW, left : left + WINDOW])
                if share >= DOMINANT:
                    yield pixels[:, top : top + WINDOW, left : left + WINDOW].transpose(1, 2, 0), names[code]


def _elevation(data: Path, split: str, rng: Generator) -> Iterator[Captioned]:
    for seed in {"train": range(200, 260), "val": range(320, 340), "test": range(300, 320)}[split]:
        ground = simulate_landscape(96, 96, 30.0, seed).elevation
        for top in range(0, 96 - WINDOW + 1, WINDOW):
            for left in range(0, 96 - WINDOW + 1, WINDOW):
                window = ground[top : top + WINDOW, left : left + WINDOW]
                relief = float(window.max() - window.min())
                text = "flat ground" if relief < 15 else "gentle hills" if relief < 80 else "steep mountains"
                pixels = np.clip(128 + (window - window.mean()), 0, 255).astype(np.uint8)
                yield np.repeat(pixels[:, :, None], 3, axis=2), text


MODALITIES = {
    "colour": (RGB, _colour),
    "multispectral": (tuple(NINE_BANDS.values()), _multispectral),
    "radar": (tuple(RADAR.values()), _radar),
    "infrared": ((10.0,), _infrared),
    "elevation": (RGB, _elevation),
    "hyperspectral": (tuple(SPECTROMETER.wavelengths_um), _hyperspectral),
}
