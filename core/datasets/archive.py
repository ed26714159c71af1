"""Members of a folder or tar archive, read the same way."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import InputError


def read_members(path: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yields (name, content) of every file with one of the suffixes, sorted by name.

    Args:
        path: a folder or a .tar file; nothing is unpacked to disk.
        suffixes: lower-case endings such as ".jpg".

    Raises:
        InputError: the path is missing, is no archive, or holds no such file.
    """
    if path.is_dir():
        members = [(str(item.relative_to(path)), item) for item in sorted(path.rglob("*")) if item.is_file()]
        found = [(name, item.read_bytes) for name, item in members if name.lower().endswith(suffixes)]
        if not found:
            raise InputError(f"{path} holds no {', '.join(suffixes)} file.", hint="Check the path of the data set.")
        yield from ((name, read()) for name, read in found)
        return
    if not path.exists():
        raise InputError(f"The data set {path} does not exist.", hint="Check its path.")
    try:
        with tarfile.open(path) as archive:
            wanted = [item for item in archive.getmembers() if item.isfile() and item.name.lower().endswith(suffixes)]
            if not wanted:
                raise InputError(f"{path} holds no {', '.join(suffixes)} file.", hint="Check the path of the data set.")
            for item in sorted(wanted, key=lambda entry: entry.name):
                stream = archive.extractfile(item)
                assert stream is not None  # isfile() was checked
                yield item.name, stream.read()
    except tarfile.TarError as problem:
        raise InputError(f"{path} is not a readable tar archive.", hint="Copy it again.") from problem
