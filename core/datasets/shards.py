"""Image-text shards in GeoLangBind-2M's layout: tar files (WebDataset) with four members a sample.

``KEY.image`` is an array as numpy saves it, (H, W, C) or (H, W) in 0..255; ``KEY.text`` the caption in UTF-8;
``KEY.wavelength`` the bands' centre wavelengths in µm as a list of numbers; ``KEY.geoloc`` the place as a list of
numbers, empty where it is not known. Shards may come from untrusted sources, so nothing in them is evaluated or
unpickled, and every size is bounded before anything is read; the ``webdataset`` package unpickles members by their
ending.
"""

from __future__ import annotations

import glob
import io
import os
import re
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, OutputError

PARTS = (".image", ".text", ".wavelength", ".geoloc")
LARGEST = {".image": 1 << 28, ".text": 1 << 16, ".wavelength": 1 << 16, ".geoloc": 1 << 12}
"""Most bytes of each part."""
MOST_BANDS, LONGEST_SIDE = 2000, 20_000
RED_GREEN_BLUE_UM = (0.665, 0.56, 0.49)
_NUMBERS = re.compile(r"[\[(]?\s*(?:[-+.\deE]+\s*(?:[,\s]\s*[-+.\deE]+\s*)*,?)?\s*[\])]?")


@dataclass(frozen=True)
class ShardSample:
    """One image with its caption, wavelengths and place.

    Attributes:
        key: name within the shard.
        image: (H, W, C) uint8.
        text: the caption.
        wavelengths_um: (C,) centre wavelengths in µm.
        location: longitude and latitude in degrees, or whatever numbers a published shard holds; empty where unknown.
    """

    key: str
    image: NDArray[np.uint8]
    text: str
    wavelengths_um: tuple[float, ...]
    location: tuple[float, ...] = ()


class ShardSet:
    """The samples of several shards by number, read one at a time from the files.

    Each shard's table of contents is kept beside it (``.index.npz``) where the folder can be written, so that two
    million samples need not be listed again at every start.

    Args:
        pattern: path of a shard, or a pattern such as ``Seg4/Seg4_train-*-train.tar``.

    Raises:
        InputError: there is no such shard, or one is damaged, compressed, or lacks a part of a sample.
    """

    def __init__(self, pattern: str) -> None:
        self.paths = [path for path in map(Path, sorted(glob.glob(pattern))) if path.is_file()]
        if not self.paths:
            raise InputError(f"There is no shard {pattern}.", hint="Check the path in the recipe, or build the shards.")
        self._members = [_table_of_contents(path) for path in self.paths]
        self._ends = np.cumsum([len(members) for members in self._members])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def read(self, number: int) -> ShardSample:
        """Read a sample.

        Raises:
            InputError: it is not what the layout promises; the message names the shard and the sample.
        """
        shard = int(np.searchsorted(self._ends, number, side="right"))
        within = number - (int(self._ends[shard - 1]) if shard else 0)
        path = self.paths[shard]
        parts: dict[str, bytes] = {}
        with path.open("rb") as stream:
            for part, (offset, size) in zip(PARTS, self._members[shard][within].tolist(), strict=True):
                stream.seek(offset)
                parts[part] = stream.read(size)
                if len(parts[part]) != size:
                    raise InputError(f"The shard {path} is cut short.", hint="Copy or build it again.")
        try:
            return parse_sample(str(within), parts)
        except InputError as problem:
            raise InputError(f"{path.name}, sample {within}: {problem.message}", hint=problem.hint) from problem


def parse_sample(key: str, parts: dict[str, bytes]) -> ShardSample:
    """Make a sample of its parts.

    Published shards mark colour images by no wavelengths or zeros, and some hold grey or RGBA pictures with the
    wavelengths of colour ones.

    Raises:
        InputError: a part is not of the layout, or bands and wavelengths differ in number.
    """
    image = _image(parts[".image"])
    try:
        text = parts[".text"].decode("utf-8").strip()
    except UnicodeDecodeError as problem:
        raise InputError("The caption is not UTF-8.", hint="Build the shard again.") from problem
    if not text:
        raise InputError("The caption is empty.", hint="Leave such samples out when building.")
    wavelengths_um = _numbers(parts[".wavelength"], "wavelengths")
    if not any(wavelengths_um):
        wavelengths_um = RED_GREEN_BLUE_UM
    if min(wavelengths_um) <= 0:
        raise InputError("A wavelength is not positive.", hint="Give wavelengths in µm, such as 0.665.")
    bands = image.shape[2]
    if bands == 4 and len(wavelengths_um) == 3:
        image = image[:, :, :3]  # the fourth band of a picture is its opacity
    elif bands == 1 and len(wavelengths_um) == 3:
        image = np.repeat(image, 3, axis=2)
    elif bands != len(wavelengths_um):
        raise InputError(
            f"There are {bands} bands but {len(wavelengths_um)} wavelengths.", hint="Build the shard again."
        )
    return ShardSample(key, image, text, wavelengths_um, _numbers(parts[".geoloc"], "location"))


def write_shard(path: Path, samples: Iterable[ShardSample]) -> int:
    """Write a shard, whole or not at all, its bytes a function of the samples alone; give the number of samples.

    Raises:
        OutputError: the disk is full or the folder cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as archive:
            for sample in samples:
                for part, content in _encode(sample).items():
                    entry = tarfile.TarInfo(sample.key + part)
                    entry.size, entry.mode = len(content), 0o644
                    archive.addfile(entry, io.BytesIO(content))
                count += 1
        os.replace(partial, path)
    except OSError as problem:
        raise OutputError(f"The shard {path} cannot be written: {problem}.", hint="Free some disk space.") from problem
    finally:
        partial.unlink(missing_ok=True)
    return count


def _encode(sample: ShardSample) -> dict[str, bytes]:
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(sample.image), allow_pickle=False)
    return {
        ".image": stream.getvalue(),
        ".text": sample.text.encode(),
        ".wavelength": _listed(sample.wavelengths_um),
        ".geoloc": _listed(sample.location),
    }


def _listed(numbers: Sequence[float]) -> bytes:
    return f"[{', '.join(f'{number:.6g}' for number in numbers)}]".encode()


def _image(content: bytes) -> NDArray[np.uint8]:
    """Read an array after a check of its size.

    Raises:
        InputError: it is no array of numbers in 0..255, or larger than its bytes.
    """
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
    except (ValueError, EOFError) as problem:
        raise InputError("The image is not an array as numpy saves it.", hint="Build the shard again.") from problem
    rows, columns, bands = (*shape, 1, 1, 1)[:3]
    sizes_fit = len(shape) in (2, 3) and 0 < rows <= LONGEST_SIDE and 0 < columns <= LONGEST_SIDE
    if not sizes_fit or not 0 < bands <= MOST_BANDS or kind.kind not in "uif":
        raise InputError(
            f"The image is {shape} of {kind}, not rows × columns × bands of numbers.", hint="Build the shard again."
        )
    if rows * columns * bands * kind.itemsize != len(content) - stream.tell():
        raise InputError("The image is larger than what is stored of it.", hint="Copy or build the shard again.")
    stream.seek(0)
    pixels = np.lib.format.read_array(stream, allow_pickle=False).reshape(rows, columns, bands)
    if kind != np.uint8:
        if not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.max() > 255:
            raise InputError("The image has values outside 0..255.", hint="Scale it to 8 bits when building.")
        pixels = np.rint(pixels).astype(np.uint8)
    return pixels


def _numbers(content: bytes, what: str) -> tuple[float, ...]:
    """Read "[0.665, 0.56]", "(1.5, 2)", "" or "None" without evaluating anything."""
    text = content.decode("ascii", "replace").strip()
    if text in ("", "None", "nan"):
        return ()
    if not _NUMBERS.fullmatch(text):
        raise InputError(f"The {what} are not a list of numbers: {text[:40]!r}.", hint="Build the shard again.")
    try:
        numbers = tuple(float(part) for part in re.split(r"[,\s]+", text.strip("[]() \t\n,")) if part)
    except ValueError as problem:
        raise InputError(f"The {what} are not numbers: {text[:40]!r}.", hint="Build the shard again.") from problem
    if not np.isfinite(numbers).all():
        raise InputError(f"The {what} are not finite.", hint="Build the shard again.")
    return numbers


def _table_of_contents(path: Path) -> NDArray[np.int64]:
    """Offset and size of every sample's parts, (samples, parts, 2), from the index file or from the shard itself."""
    beside = path.with_suffix(".index.npz")
    size = path.stat().st_size
    if beside.is_file() and beside.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        try:
            with np.load(beside, allow_pickle=False) as stored:
                if int(stored["size"]) == size:
                    return _checked(stored["members"].astype(np.int64), size, path)
        except (OSError, ValueError, KeyError, EOFError):
            pass  # made again below
    members = _listed_members(path)
    partial = beside.with_name(f".{beside.name}.{os.getpid()}.npz")
    try:
        np.savez(partial, members=members, size=np.int64(size))
        os.replace(partial, beside)
    except OSError:
        partial.unlink(missing_ok=True)  # a read-only folder: listed anew every time
    return members


def _checked(members: NDArray[np.int64], size: int, path: Path) -> NDArray[np.int64]:
    if members.ndim != 3 or members.shape[1:] != (len(PARTS), 2) or not len(members):
        raise ValueError("not a table of contents")
    sizes = members[:, :, 1]
    if (members < 0).any() or (members.sum(2) > size).any() or (sizes > np.array(list(LARGEST.values()))).any():
        raise ValueError(f"{path} has another table of contents")
    return members


def _listed_members(path: Path) -> NDArray[np.int64]:
    samples: dict[str, dict[str, tuple[int, int]]] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for entry in archive:
                folder, _, file = entry.name.rpartition("/")
                key, dot, ending = file.partition(".")
                part = dot + ending
                if not entry.isreg() or entry.sparse is not None or part not in LARGEST:
                    continue
                if entry.size > LARGEST[part]:
                    raise InputError(
                        f"{path.name}: {entry.name[:60]} has {entry.size} bytes, more than a {part} may have.",
                        hint="Leave that sample out.",
                    )
                parts = samples.setdefault(f"{folder}/{key}", {})
                if part in parts:
                    raise InputError(f"{path.name} holds two samples called {key[:60]}.", hint="Build the shard again.")
                parts[part] = (entry.offset_data, entry.size)
    except (tarfile.TarError, EOFError, ValueError) as problem:
        raise InputError(
            f"The shard {path} is damaged, cut short or compressed.", hint="Copy it again, or unpack it to a plain tar."
        ) from problem
    for name, found in samples.items():
        found.setdefault(".geoloc", (0, 0))
        missing = [part for part in PARTS if part not in found]
        if missing:
            sample = name.strip("/")
            raise InputError(f"{path.name}: sample {sample} lacks {missing[0]}.", hint="Build the shard again.")
    if not samples:
        raise InputError(f"The shard {path} holds no sample.", hint="It must hold .image, .text and .wavelength files.")
    return np.array([[found[part] for part in PARTS] for found in samples.values()], dtype=np.int64)
