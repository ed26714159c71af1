"""Sources with a class for every pixel: Seg-4, FLAIR #2 and the NLCD over EnMAP images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.datasets.shards import RED_GREEN_BLUE_UM, ShardSample
from core.errors import GeoLangBindError, InputError
from core.raster.reader import open_raster
from core.spectral.bands import Band
from core.spectral.file_wavelengths import file_wavelengths
from training.geolangbind2m.captions import caption_shares
from training.geolangbind2m.converter import Item, files, folder
from training.geolangbind2m.pictures import (
    Pixels,
    band_to_bytes,
    class_shares,
    codes_of_colours,
    read_codes,
    read_picture,
    read_raster,
    to_bytes,
    windows,
)
from training.geolangbind2m.placeholders import Placeholders

WINDOW = 512

ISPRS = {1: "impervious surfaces", 2: "buildings", 3: "low vegetation", 4: "trees", 5: "cars"}
ISPRS_COLOURS = {(255, 255, 255): 1, (0, 0, 255): 2, (0, 255, 255): 3, (0, 255, 0): 4, (255, 255, 0): 5}
LOVEDA = {2: "buildings", 3: "roads", 4: "water", 5: "barren land", 6: "forest", 7: "farmland"}
ISAID = {
    1: "ships", 2: "storage tanks", 3: "baseball diamonds", 4: "tennis courts", 5: "basketball courts",
    6: "ground track fields", 7: "bridges", 8: "large vehicles", 9: "small vehicles", 10: "helicopters",
    11: "swimming pools", 12: "roundabouts", 13: "soccer fields", 14: "planes", 15: "harbours",
}  # fmt: skip
ISAID_COLOURS = {
    (0, 0, 63): 1, (0, 63, 63): 2, (0, 63, 0): 3, (0, 63, 127): 4, (0, 63, 191): 5, (0, 63, 255): 6, (0, 127, 63): 7,
    (0, 127, 127): 8, (0, 0, 127): 9, (0, 0, 191): 10, (0, 0, 255): 11, (0, 191, 127): 12, (0, 127, 191): 13,
    (0, 127, 255): 14, (0, 100, 155): 15,
}  # fmt: skip
FLAIR = {
    1: "buildings", 2: "pervious surfaces", 3: "impervious surfaces", 4: "bare soil", 5: "water", 6: "coniferous trees",
    7: "deciduous trees", 8: "brushwood", 9: "vineyards", 10: "herbaceous vegetation", 11: "agricultural land",
    12: "plowed land", 13: "swimming pools", 14: "snow", 15: "clear cuts", 16: "mixed trees", 17: "ligneous vegetation",
    18: "greenhouses",
}  # fmt: skip
NLCD = {
    11: "open water", 12: "perennial ice and snow", 21: "developed open space", 22: "low-density development",
    23: "medium-density development", 24: "high-density development", 31: "barren land", 41: "deciduous forest",
    42: "evergreen forest", 43: "mixed forest", 52: "shrubs", 71: "grassland", 81: "pasture", 82: "cultivated crops",
    90: "woody wetlands", 95: "herbaceous wetlands",
}  # fmt: skip
NEAR_INFRARED_RED_GREEN_UM = (0.84, 0.665, 0.56)


@dataclass(frozen=True)
class Seg4:
    """ISPRS Potsdam, iSAID and LoveDA below one folder (any of them may be missing), cut into windows of 512 pixels.

    The fourth set, ISPRS Vaihingen, is near infrared, red and green and so has shards of its own, see ``Vaihingen``.
    """

    published: int

    def find(self, root: Path) -> list[Item]:
        """List the images that have a mask."""
        items = [*_potsdam(root), *_isaid(root), *_loveda(root)]
        if not items:
            raise InputError(
                f"{root} holds none of Potsdam, iSAID and LoveDA.",
                hint="It should hold Potsdam/2_Ortho_RGB, iSAID/train/images or LoveDA/Train.",
            )
        return items

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields each window that has labelled pixels."""
        yield from _windowed(item, RED_GREEN_BLUE_UM, rng)


@dataclass(frozen=True)
class Vaihingen:
    """ISPRS Vaihingen: ``top/top_mosaic_09cm_area*.tif`` and the labels of the same name."""

    published: int = 0

    def find(self, root: Path) -> list[Item]:
        """List the images that have a mask."""
        labels = folder(root, "gts_for_participants", "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE")
        return [
            Item(path.stem, path, {"mask": labels / path.name, "kind": "isprs"})
            for path in files(folder(root, "top"), "*.tif")
            if (labels / path.name).exists()
        ]

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields each window that has labelled pixels."""
        yield from _windowed(item, NEAR_INFRARED_RED_GREEN_UM, rng)


@dataclass(frozen=True)
class Flair2:
    """``flair_aerial_train/D…/Z…/img/IMG_*.tif`` (red, green, blue, near infrared, height) and ``flair_labels_train``.

    Attributes:
        elevation: whether to give the height rather than the colours.
        published: samples the released loader counts.
        placeholders: the height's wavelength.
    """

    elevation: bool
    published: int
    placeholders: Placeholders

    def find(self, root: Path) -> list[Item]:
        """List the images that have a mask."""
        images, labels = folder(root, "flair_aerial_train"), folder(root, "flair_labels_train")
        items = []
        for path in files(images, "D*/Z*/img/IMG_*.tif"):
            place = path.relative_to(images).parents[1]
            mask = labels / place / "msk" / path.name.replace("IMG_", "MSK_")
            items.append(Item(path.stem, path, {"mask": mask}))
        return items

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields colours, or heights stretched over the image, with a caption of the mask's classes."""
        shares = class_shares(read_codes(item.facts["mask"]), FLAIR)
        text = caption_shares(shares, "elevation" if self.elevation else "aerial", rng)
        if not text:
            return
        values, location = read_raster(item.image, [5] if self.elevation else [1, 2, 3])
        if self.elevation:
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            pixels = to_bytes(values, low, max(high, low + 1.0))
            yield ShardSample(item.key, pixels.transpose(1, 2, 0), text, self.placeholders.elevation, location)
        else:
            pixels = to_bytes(values, 0.0, 255.0).transpose(1, 2, 0)
            yield ShardSample(item.key, pixels, text, RED_GREEN_BLUE_UM, location)


@dataclass(frozen=True)
class NlcdHyperspectral:
    """SpectralEarth's ``enmap/NAME.tif`` (reflectance × 10 000) and ``nlcd/NAME.tif`` of the same names.

    Wavelengths come from the file, or from ``wavelengths.txt`` beside the folders: one a line, in µm or nm.
    """

    published: int

    def find(self, root: Path) -> list[Item]:
        """List the images that have a land-cover map."""
        masks = folder(root, "nlcd", "enmap_nlcd/nlcd")
        listed = root / "wavelengths.txt"
        given = _listed_wavelengths(listed) if listed.exists() else None
        return [
            Item(path.stem, path, {"mask": masks / path.name, "wavelengths_um": given})
            for path in files(folder(root, "enmap", "enmap_nlcd/enmap"), "*.tif", "**/*.tif")
            if (masks / path.name).exists()
        ]

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields all bands with a caption of the land-cover classes."""
        text = caption_shares(class_shares(read_codes(item.facts["mask"]), NLCD), "hyperspectral", rng)
        if not text:
            return
        values, location = read_raster(item.image)
        wavelengths_um = item.facts["wavelengths_um"] or _own_wavelengths(item.image)
        if len(wavelengths_um) != len(values):
            raise InputError(f"{item.image.name} has {len(values)} bands but {len(wavelengths_um)} wavelengths.")
        layers = [
            band_to_bytes(layer / 10_000, Band("", wavelength_um))
            for layer, wavelength_um in zip(values, wavelengths_um, strict=True)
        ]
        yield ShardSample(item.key, np.stack(layers, axis=2), text, tuple(wavelengths_um), location)


def _windowed(item: Item, wavelengths_um: tuple[float, ...], rng: Generator) -> Iterator[ShardSample]:
    picture = read_picture(item.image)
    codes, names = _codes(item)
    if codes.shape != picture.shape[:2]:
        raise InputError(f"Image and mask of {item.key} differ in size.")
    for number, (rows, columns) in enumerate(windows(codes.shape[0], codes.shape[1], WINDOW)):
        text = caption_shares(class_shares(codes[rows, columns], names), "aerial", rng, least=_least(item))
        if text:
            pixels: Pixels = picture[rows, columns]
            yield ShardSample(f"{item.key}_{number}", pixels, text, wavelengths_um)


def _least(item: Item) -> float:
    """Returns the least share that a caption names: iSAID labels objects only, so every share counts."""
    return 0.0 if item.facts["kind"] == "isaid" else 0.03


def _codes(item: Item) -> tuple[NDArray[np.int64], dict[int, str]]:
    mask = item.facts["mask"]
    if item.facts["kind"] == "loveda":
        return read_codes(mask), LOVEDA
    palette, names = (ISPRS_COLOURS, ISPRS) if item.facts["kind"] == "isprs" else (ISAID_COLOURS, ISAID)
    return codes_of_colours(read_picture(mask), palette), names


def _potsdam(root: Path) -> Iterator[Item]:
    base = root / "Potsdam"
    for path in sorted(base.glob("2_Ortho_RGB/*_RGB.tif")):
        name = path.name.replace("_RGB.tif", "_label.tif")
        for labels in ("5_Labels_all", "5_Labels_for_participants"):
            if (base / labels / name).exists():
                yield Item(path.stem, path, {"mask": base / labels / name, "kind": "isprs"})
                break


def _isaid(root: Path) -> Iterator[Item]:
    base = root / "iSAID" / "train"
    for path in sorted([*base.glob("images/*.png"), *base.glob("images/images/*.png")]):
        for masks in (base / "Semantic_masks" / "images", base / "Semantic_masks"):
            mask = masks / f"{path.stem}_instance_color_RGB.png"
            if mask.exists():
                yield Item(f"isaid_{path.stem}", path, {"mask": mask, "kind": "isaid"})
                break


def _loveda(root: Path) -> Iterator[Item]:
    for path in sorted((root / "LoveDA").glob("Train/*/images_png/*.png")):
        mask = path.parents[1] / "masks_png" / path.name
        if mask.exists():
            yield Item(f"loveda_{path.parents[1].name}_{path.stem}", path, {"mask": mask, "kind": "loveda"})


def _own_wavelengths(path: Path) -> tuple[float, ...]:
    try:
        with open_raster(path) as raster:
            found = file_wavelengths(raster.info)
    except GeoLangBindError as problem:
        raise InputError(problem.message) from problem
    if found is None:
        raise InputError(
            f"{path.name} does not say its wavelengths.", hint="Put wavelengths.txt, one a line, beside the folders."
        )
    return found.centres_um


def _listed_wavelengths(path: Path) -> tuple[float, ...]:
    try:
        values = [float(line) for line in path.read_text(encoding="utf-8").split()]
    except ValueError as problem:
        raise InputError(f"{path.name} holds something that is no number.") from problem
    return tuple(value / 1000 if value > 100 else value for value in values)
