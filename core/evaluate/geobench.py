"""GEO-Bench's folders (Lacoste et al. 2023): one HDF5 file a sample, one data set a band, a list of samples a split.

The labels of its classification sets lie in a pickle. Files from the internet are not unpickled here: the pickle's
instructions are read, never carried out, and whatever is no plain number or array of numbers is refused.
"""

from __future__ import annotations

import ast
import json
import pickletools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from core.errors import InputError
from core.raster.gdal_open import opened_gdal

_BOOKKEEPING = ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT")
_TYPES = ("i8", "i4", "i2", "i1", "u1", "b1", "f4", "f8")
MOST_INSTRUCTIONS = 60
"""Instructions after the label's name that can belong to it: an array of NumPy's takes some 40."""
_NUMBERS = ("BININT", "BININT1", "BININT2", "LONG1", "INT", "LONG")
_DATE_AND_NUMBER = re.compile(r"(_\d{4}-\d\d-\d\d[^/]*)?$")


def read_samples(
    folder: Path, bands: Sequence[str], split: str = "test"
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Read the samples of a split.

    Args:
        folder: of one data set, such as ``classification_v1.0/m-so2sat``.
        bands: names of the bands wanted, as "04 - Red".
        split: train, valid or test.

    Yields:
        Bands (C, H, W) as stored, all at the size of the first; label: a code () for the whole, 0 or 1 for each class
        (classes,) where there are several labels, or codes (H, W).

    Raises:
        InputError: the folder is no such data set, or a sample lacks a band or its label.
    """
    partition = folder / "default_partition.json"
    try:
        names = json.loads(partition.read_text(encoding="utf-8"))[split]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError(
            f"{partition} does not list the samples of {split}.", hint="Unpack the data set as GEO-Bench gives it out."
        ) from problem
    for name in names:
        yield _read_sample(folder / f"{name}.hdf5", bands)


def _read_sample(path: Path, bands: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    try:
        with opened_gdal(path, driver="HDF5") as file:
            addresses, about = list(file.subdatasets), file.tags().get("pickle", "")
        wanted = [_address(path, addresses, band) for band in bands]
        image = np.stack([_read(address, None) for address in wanted[:1]])
        layers = [_read(address, image.shape[1:]) for address in wanted[1:]]
        label = next((address for address in addresses if _name(address).startswith("label")), None)
        codes = _label_of(about, path) if label is None else _read(label, None).astype(np.int64)
    except (RasterioError, OSError) as problem:
        raise InputError(f"{path} cannot be read.", hint="Copy the data set again.") from problem
    return np.concatenate([image, *(layer[None] for layer in layers)]).astype(np.float32), codes


def _read(address: str, shape: tuple[int, ...] | None) -> NDArray[np.float32]:
    with opened_gdal(address) as layer:
        return np.asarray(layer.read(1, out_shape=shape)).astype(np.float32)


def _address(path: Path, addresses: Sequence[str], band: str) -> str:
    """Find a band; GDAL writes underscores for spaces, and names end in dates."""
    plain = band.replace(" ", "_")
    for address in addresses:
        rest = _name(address).removeprefix(plain)
        if rest != _name(address) and _DATE_AND_NUMBER.match(rest):
            return address
    raise InputError(f"{path} has no band {band}.", hint="Check the bands in resources/benchmarks.toml.")


def _name(address: str) -> str:
    return address.rsplit("://", 1)[-1].lstrip("/")


def _label_of(about: str, path: Path) -> NDArray[np.int64]:
    """Find the number or numbers that a pickled dictionary holds under "label", without unpickling it."""
    try:
        operations = [(item.name, value) for item, value, _ in pickletools.genops(ast.literal_eval(about))]
    except (ValueError, SyntaxError, TypeError) as problem:
        raise InputError(f"{path} has no label that can be read.", hint="Copy the data set again.") from problem
    place = next((number for number, (_, value) in enumerate(operations) if value == "label"), None)
    after = operations[place + 1 :] if place is not None else []
    values = [(name, value) for name, value in after if name not in _BOOKKEEPING]
    if values and values[0][0] in _NUMBERS and isinstance(values[0][1], int):
        return np.array(values[0][1])
    # NumPy's: the name of what makes it, later its type and its bytes. An array's bytes follow those of an empty one.
    made = [value for _, value in values[:MOST_INSTRUCTIONS]]
    maker = " ".join(value for value in made[:2] if isinstance(value, str))
    kind = next((value for value in made if value in _TYPES), None)
    content = next((value for value in made if isinstance(value, bytes) and len(value) > 1), b"")
    if "multiarray" in maker and kind is not None and content and len(content) % int(kind[1]) == 0:
        numbers = np.frombuffer(content, f"<{kind}").astype(np.int64)
        if "scalar" in maker and len(numbers) == 1:
            return numbers.reshape(())
        if "_reconstruct" in maker and len(numbers) in made:
            return numbers
    raise InputError(f"The label of {path} is neither a number nor several.", hint="Copy the data set again.")
