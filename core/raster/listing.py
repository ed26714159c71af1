"""The files of a folder or of an archive, by names that GDAL opens."""

from __future__ import annotations

import re
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from core.raster.failures import MissingFileError, NotARasterError

_ZIP = (".zip", ".kmz")
_TAR = (".tar", ".tgz", ".tar.gz")
LARGEST_TEXT = 64 * 2**20
"""Bytes of a text that comes with a product; the largest known are a few megabytes."""
_PRODUCT_FOLDERS = ("GRANULE", "measurement")
"""Folders within Sentinel products that hold their images."""


@dataclass(frozen=True)
class Listing:
    """Files of a folder or an archive.

    Attributes:
        root: the folder or archive, as a person named it.
        names: files by their path within, slashes forward, sorted.
        folder: folder within an archive that ``names`` are relative to; "" for its top.
    """

    root: Path
    names: tuple[str, ...]
    folder: str = ""

    @property
    def name(self) -> str:
        """Name of the folder, or of the folder within the archive."""
        return PurePosixPath(self.folder).name or self.root.name

    def source(self, name: str) -> str:
        """Return GDAL's name of one of the files."""
        if self.root.is_dir():
            return str(self.root / name)
        scheme = "/vsizip" if _is_zip(self.root) else "/vsitar"
        return f"{scheme}/{{{self.root.resolve()}}}/{self._inner(name)}"

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Return the files whose path within matches a regular expression, case ignored."""
        return tuple(name for name in self.names if re.search(pattern, name, re.IGNORECASE))

    def text(self, name: str) -> str:
        """Return the text of a file; bytes that are no UTF-8 become replacement characters.

        Raises:
            NotARasterError: it is larger than any such text, as a packed one may be without looking so.
        """
        if self.root.is_dir():
            with (self.root / name).open("rb") as stream:
                return self._read(stream, name)
        if _is_zip(self.root):
            with zipfile.ZipFile(self.root) as packed, packed.open(self._inner(name)) as stream:
                return self._read(stream, name)
        with tarfile.open(self.root) as archive:
            member = archive.extractfile(self._inner(name))
            return "" if member is None else self._read(member, name)

    def _read(self, stream: IO[bytes], name: str) -> str:
        content = stream.read(LARGEST_TEXT + 1)
        if len(content) > LARGEST_TEXT:
            raise NotARasterError(f"{name} in {self.root} is too large for a text.", hint="Download the product again.")
        return content.decode("utf-8", "replace")

    def _inner(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name


def is_archive_file(path: Path) -> bool:
    """Tell whether a file is an archive whose files GDAL can read in place."""
    return _is_zip(path) or path.name.lower().endswith(_TAR)


def list_folder(folder: Path) -> Listing:
    """Return the files of a folder and of the folders below it that imagery products have.

    Raises:
        MissingFileError: the folder may not be read.
    """
    try:
        names = [path.name for path in folder.iterdir() if path.is_file()]
        for part in _PRODUCT_FOLDERS:
            names += [path.relative_to(folder).as_posix() for path in (folder / part).rglob("*") if path.is_file()]
    except OSError as problem:
        raise MissingFileError(f"The folder {folder} may not be read.", hint="Check its permissions.") from problem
    return Listing(folder, tuple(sorted(names)))


def list_archive(path: Path) -> Listing:
    """Return the files of an archive; a single folder at its top is entered.

    Raises:
        NotARasterError: it is damaged.
    """
    try:
        if _is_zip(path):
            with zipfile.ZipFile(path) as packed:
                names = [name for name in packed.namelist() if not name.endswith("/")]
        else:
            with tarfile.open(path) as archive:
                names = [member.name for member in archive.getmembers() if member.isfile()]
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as problem:
        raise NotARasterError(f"{path} is no archive that can be read.", hint="Download it again.") from problem
    names.sort()
    tops = {name.split("/", 1)[0] for name in names}
    if len(tops) == 1 and all("/" in name for name in names):
        folder = tops.pop()
        return Listing(path, tuple(name.removeprefix(f"{folder}/") for name in names), folder)
    return Listing(path, tuple(names))


def _is_zip(path: Path) -> bool:
    return path.name.lower().endswith(_ZIP)
