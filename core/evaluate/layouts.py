"""The folder layouts that image sets with one class an image are published in, each read as labelled images."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from core.datasets.archive import read_members
from core.datasets.chips import decode_rgb
from core.errors import InputError
from core.evaluate.geobench import read_samples
from core.raster.reader import open_raster
from core.spectral.bands import Band, BandKind
from core.spectral.scaling import BandScaling, physical_range

IMAGES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
RGB_WAVELENGTHS_UM = (0.665, 0.56, 0.49)

LabelledImage = tuple[str, NDArray[np.float32]]
"""Label as the set writes it, image (C, H, W) in model units."""


def labelled_images(entry: Mapping[str, Any], path: Path, split: str = "test") -> Iterator[LabelledImage]:
    """Read a set of images with one class each.

    Args:
        entry: of ``resources/benchmarks.toml``; its ``layout`` is

            - ``folders``: a folder (or tar) with one folder a class; ``class_part`` says which part of the path names
              it where that is not the last folder, ``ending`` which files count,
            - ``csv``: a table of ``filepath`` and ``label``, as SkyScript's benchmarks come, beside ``classnames.txt``
              where labels are numbers,
            - ``rasters``: as folders, of multi-band rasters, ``bands`` by number in the order of ``wavelengths_um``,
            - ``geobench``: HDF5 files, see ``core.evaluate.geobench``.
        path: where it lies.
        split: part of the set, for layouts that have parts inside.

    Raises:
        InputError: the set is missing or damaged.
    """
    return _LAYOUTS[entry.get("layout", "folders")](entry, path, split)


def wavelengths_of(entry: Mapping[str, Any]) -> Sequence[float]:
    """Returns the centre wavelengths in µm of a set's images; red, green and blue where the entry names none."""
    return tuple(entry.get("wavelengths_um", RGB_WAVELENGTHS_UM))


def folder_name_as_text(label: str) -> str:
    """Returns a folder's name as words: "DenseResidential", "dense_residential" and "dense residential" agree."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)
    return " ".join(re.sub(r"[_\-]+", " ", words).lower().split())


def _folders(entry: Mapping[str, Any], path: Path, split: str) -> Iterator[LabelledImage]:
    part, ending = entry.get("class_part", -2), entry.get("ending", "")
    for name, content in read_members(path, IMAGES):
        if name.endswith(ending):
            yield _part(name, part), _from_rgb(decode_rgb(content, entry["size"]))


def _csv(entry: Mapping[str, Any], path: Path, split: str) -> Iterator[LabelledImage]:
    table = path / entry["table"]
    names_file = path / entry.get("class_names", "classnames.txt")
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter=entry.get("delimiter", ",")))
        names = names_file.read_text(encoding="utf-8").splitlines() if names_file.exists() else []
        found = [(row[entry.get("image", "filepath")], row[entry.get("label", "label")]) for row in rows]
    except (OSError, KeyError) as problem:
        raise InputError(
            f"{table} is missing or lacks its columns.", hint="Check the folder of the data set."
        ) from problem
    for image, label in found:
        if not label:
            continue
        try:
            content = (path / image).read_bytes()
        except OSError as problem:
            raise InputError(f"{path / image} is missing.", hint="Unpack the images beside their table.") from problem
        named = names[int(label)] if label.isdecimal() and int(label) < len(names) else label
        yield named.strip(), _from_rgb(decode_rgb(content, entry["size"]))


def _rasters(entry: Mapping[str, Any], path: Path, split: str) -> Iterator[LabelledImage]:
    files = sorted(item for item in path.rglob("*") if item.suffix.lower() in (".tif", ".tiff"))
    if not files:
        raise InputError(f"{path} holds no raster.", hint="Check the folder of the data set.")
    for file in files:
        with open_raster(file) as raster:
            values, _ = raster.read(raster.grid.window, entry["bands"])
        image = to_model(values.astype(np.float32), entry)
        yield _part(str(file.relative_to(path)), entry.get("class_part", -2)), _resized(image, entry["size"])


def _geobench(entry: Mapping[str, Any], path: Path, split: str) -> Iterator[LabelledImage]:
    codes = list(entry["classes"])
    for values, label in read_samples(path, entry["bands"], split):
        if label.ndim:
            kind, what = ("labels", "several labels an image") if label.ndim == 1 else ("tiles", "one for every pixel")
            raise InputError(f"{path} has not one label an image but {what}.", hint=f'Give it kind = "{kind}".')
        yield codes[int(label)], _resized(to_model(values, entry), entry["size"])


def multi_labelled_images(
    entry: Mapping[str, Any], path: Path, split: str = "test"
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.float32]]]:
    """Read a set of images that show several classes each, in GEO-Bench's layout.

    Args:
        entry: of ``resources/benchmarks.toml``.
        path: where it lies.
        split: train, valid or test.

    Yields:
        Which classes the image shows (classes,), in the order of the entry; image (C, H, W) in model units.

    Raises:
        InputError: the set is missing or damaged, or its labels are others.
    """
    count = len(entry["classes"])
    for values, label in read_samples(path, entry["bands"], split):
        if label.shape != (count,):
            raise InputError(f"The labels of {path} do not say of {count} classes whether an image shows them.")
        yield label > 0, _resized(to_model(values, entry), entry["size"])


_LAYOUTS: dict[str, Callable[[Mapping[str, Any], Path, str], Iterator[LabelledImage]]] = {
    "folders": _folders,
    "csv": _csv,
    "rasters": _rasters,
    "geobench": _geobench,
}


def to_model(values: NDArray[np.floating], entry: Mapping[str, Any]) -> NDArray[np.float32]:
    """Scale bands (C, H, W) as the entry's ``scale`` says: ``display`` 0..255, else reflectance times that number."""
    scale = entry.get("scale", "display")
    scaled = []
    for band, wavelength in zip(values, wavelengths_of(entry), strict=True):
        kind: BandKind = "display" if scale == "display" else "reflectance"
        low, high = physical_range(Band("", wavelength, kind=kind)) or (0.0, 1.0)
        factor = 1.0 if scale == "display" else 1.0 / float(scale)
        scaled.append(BandScaling(factor, low=low, high=high).to_model(band))
    return np.stack(scaled)


def _from_rgb(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (image.transpose(2, 0, 1).astype(np.float32)) / np.float32(127.5) - np.float32(1)


def _resized(image: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if image.shape[1:] == (size, size):
        return image
    tensor = torch.from_numpy(image)[None]
    return F.interpolate(tensor, (size, size), mode="bilinear", antialias=True, align_corners=False)[0].numpy()


def _part(name: str, part: int) -> str:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if len(parts) < -part:
        raise InputError(f"{name} lies in no folder of a class.", hint="Unpack the data set as it is given out.")
    return parts[part]
