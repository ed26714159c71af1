"""Simulated landscapes as a training source: any sensor, any bands, a material per pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice, product

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from core.learning.augment import random_affine, random_haze, random_light, random_noise
from core.pretrain.batch import Batch
from core.pretrain.prompt_templates import PromptTemplates
from core.spectral.bands import Band, BandSet
from core.spectral.scaling import physical_range
from core.spectral.sensors import get_sensor
from training.simulate.fire import burnt
from training.simulate.flood import flooded
from training.simulate.landscape import Landscape, simulate_landscape
from training.simulate.materials import MATERIALS
from training.simulate.render import draw_view, render
from training.simulate.waters import draw_waters

CLASS_WORDS = {material.name: material.words for material in MATERIALS}
_COMPATIBLE_NAMES = (
    (("residential area", "industrial area"), ("tile roof", "metal roof", "grey roof", "asphalt road", "concrete",
      "parking lot", "swimming pool", "unpaved track")),
    (("tile roof", "metal roof", "grey roof"), ("tile roof", "metal roof", "grey roof")),
    (("residential area",), ("industrial area",)),
    (("coniferous woodland", "broadleaf woodland"), ("coniferous woodland", "broadleaf woodland", "orchard",
      "mangrove")),
    (("green crop", "ripe cereal", "ploughed field", "rice paddy"), ("green crop", "ripe cereal", "ploughed field",
      "rice paddy", "orchard", "vineyard")),
    (("orchard",), ("vineyard",)),
    (("wetland",), ("mangrove", "rice paddy", "grassland", "mudflat")),
    (("shrubland",), ("heath", "grassland")),
    (("bare soil",), ("ploughed field", "sand", "rock", "quarry", "unpaved track", "mudflat")),
    (("asphalt road",), ("parking lot", "unpaved track", "concrete")),
    (("parking lot",), ("concrete",)),
    (("open water", "river", "shallow water"), ("swimming pool", "open water", "river", "shallow water")),
    (("mudflat",), ("shallow water",)),
)  # fmt: skip
FLOOD_LOAD = 10.0
"""Most suspended particles that a flood carries, over the usual ones."""
_WATERS = [number for number, material in enumerate(MATERIALS) if "water" in material.words]
_POSITION = {material.name: index for index, material in enumerate(MATERIALS)}
COMPATIBLE = frozenset(
    (_POSITION[one], _POSITION[other]) for left, right in _COMPATIBLE_NAMES for one, other in product(left, right)
)
"""Pairs of materials whose words may describe each other; they are no negatives of each other."""


@dataclass(frozen=True)
class SimulatedSettings:
    """How landscapes become batches.

    Attributes:
        landscapes: how many are made; each is rendered anew for every batch, with another sensor, sun and atmosphere.
        size: side of a landscape in pixels.
        sampling_m: pixel sizes in metres to draw from, repeated for weight.
        sensors: names in sensors.toml, repeated for weight; "any" draws bands at random from 0.43 to 2.35 µm.
        crop: side of the images the model sees.
        batch: images a batch.
        subset_chance: chance to keep a random subset of the sensor's bands.
        distil_chance: chance that a batch is also trained on the features of red, green and blue of the same ground.
        seed: of the landscapes.
        held_out: names of bands that are never seen as a set of their own.
        views: number of landscapes with viewing conditions in a batch; its images are divided among them.
        water: least share of water that a landscape must have.
        flooded: chance that a landscape is rendered under a flood.
        burnt: chance that a landscape is rendered after a fire.
        haze: path reflectance added to blue in half of the images, in units of the full range, as in products at the
            top of the atmosphere; 0 for none.
    """

    landscapes: int = 96
    size: int = 256
    sampling_m: tuple[float, ...] = (10.0, 10.0, 10.0, 20.0, 30.0, 5.0, 3.0, 1.0, 0.5)
    sensors: tuple[str, ...] = (
        "aerial_rgb", "aerial_rgb", "sentinel2_l2a", "sentinel2_l2a", "sentinel2_l2a", "landsat8_oli", "aerial_rgbn",
        "worldview2", "sentinel1", "sentinel1", "dem", "thermal", "any", "any",
    )  # fmt: skip
    crop: int = 96
    batch: int = 16
    subset_chance: float = 0.5
    distil_chance: float = 0.2
    seed: int = 7
    held_out: tuple[str, ...] = ()
    views: int = 1
    water: float = 0.0
    flooded: float = 0.0
    burnt: float = 0.0
    haze: float = 0.0


RGB = BandSet.of(Band(name, wavelength, 0.06) for name, wavelength in (("R", 0.665), ("G", 0.56), ("B", 0.49)))


class SimulatedSource:
    """Random parts of simulated landscapes in bands of random sensors; the classes are the simulator's materials."""

    def __init__(self, name: str, settings: SimulatedSettings, prompts: PromptTemplates) -> None:
        self.name = name
        self.prompts = prompts
        self._settings = settings
        self._landscapes = list(islice(_landscapes(settings), settings.landscapes))

    def batch(self, rng: Generator) -> Batch:
        """Sample a sensor, landscapes, viewing conditions and parts."""
        settings = self._settings
        bands = self._draw_bands(rng)
        distils = rng.random() < settings.distil_chance
        seen = BandSet(bands.bands + RGB.bands) if distils else bands
        cuts = [self._view(rng, seen, settings.batch // settings.views) for _ in range(settings.views)]
        images, labels = (torch.cat(parts) for parts in zip(*cuts, strict=True))
        return Batch(
            source=self.name,
            images=images[:, : len(bands)],
            wavelengths_um=torch.tensor(bands.wavelengths_um),
            words=self.prompts.draw(rng, distractors=6),
            labels=labels,
            teacher_images=images[:, len(bands) :] if distils else None,
            teacher_wavelengths_um=torch.tensor(RGB.wavelengths_um) if distils else None,
        )

    def _view(self, rng: Generator, bands: BandSet, count: int) -> tuple[Tensor, Tensor]:
        """Render a landscape: images (count, C, crop, crop) in model units, materials (count, crop, crop)."""
        landscape = self._landscapes[rng.integers(len(self._landscapes))]
        seed = int(rng.integers(1 << 31))
        load = 1.0
        if self._settings.flooded and rng.random() < self._settings.flooded:
            landscape = flooded(landscape, seed)
            load = float(np.exp(rng.uniform(0.0, np.log(FLOOD_LOAD))))
        if self._settings.burnt and rng.random() < self._settings.burnt:
            landscape = burnt(landscape, seed)
        view = replace(draw_view(seed), waters=draw_waters(seed, load))
        values = to_model_units(render(landscape, bands, seed=seed, view=view), bands)
        optical = bands.bands[0].kind == "reflectance"
        truth = (landscape.visible_labels if optical else landscape.labels).astype(np.int64)
        whole = torch.from_numpy(values)[None].expand(count, -1, -1, -1)
        labels = torch.from_numpy(truth)[None].expand(count, -1, -1)
        images, cut = random_affine(whole, self._settings.crop, rng, zoom=(0.7, 1.2), rotate=False, labels=labels)
        assert cut is not None
        if self._settings.haze and bands.bands[0].kind == "reflectance":
            images = random_haze(images, torch.tensor(bands.wavelengths_um), rng, -self._settings.haze)
        return random_noise(random_light(images, rng, 0.06), rng), cut

    def _draw_bands(self, rng: Generator) -> BandSet:
        name = self._settings.sensors[rng.integers(len(self._settings.sensors))]
        bands = _random_optical(rng) if name == "any" else list(get_sensor(name).bands.bands)
        if name == "aerial_rgb":
            bands = list(RGB.bands)
        if len(bands) > 1 and rng.random() < self._settings.subset_chance:
            keep = int(rng.integers(1, len(bands) + 1))
            bands = [bands[item] for item in sorted(rng.choice(len(bands), keep, replace=False))]
            if {band.name for band in bands} == set(self._settings.held_out):
                bands = bands[1:]
        return BandSet.of(bands)


def _landscapes(settings: SimulatedSettings) -> Iterator[Landscape]:
    """Simulate one landscape after another, leaving out those with too little water."""
    draw = np.random.default_rng(settings.seed)
    for number in count():
        landscape = simulate_landscape(
            settings.size,
            settings.size,
            float(settings.sampling_m[draw.integers(len(settings.sampling_m))]),
            settings.seed * 1000 + number,
            clouds=float(draw.random() < 0.15) * 0.15,
        )
        if np.isin(landscape.visible_labels, _WATERS).mean() >= settings.water:
            yield landscape


def to_model_units(physical: NDArray[np.float32], band_set: BandSet) -> NDArray[np.float32]:
    """Scale physical values (C, H, W) to -1..1 as ``core.spectral.scaling`` does for real rasters."""
    out = np.empty_like(physical)
    for index, band in enumerate(band_set.bands):
        low, high = physical_range(band) or tuple(np.percentile(physical[index], (2, 98)))
        out[index] = np.clip((physical[index] - low) / max(high - low, 1e-6), 0, 1) * 2 - 1
    return out


def _random_optical(rng: Generator) -> list[Band]:
    """Draw bands of a hypothetical instrument: 1 to 24 of any centre and width, in order of wavelength."""
    count = round(float(np.exp(rng.uniform(0, np.log(24)))))
    centres = np.sort(rng.uniform(0.43, 2.35, count))
    return [Band(f"b{number}", float(centre), float(rng.uniform(0.01, 0.1))) for number, centre in enumerate(centres)]
