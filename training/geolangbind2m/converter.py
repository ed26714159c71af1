"""Interface of the converters of sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.random import Generator

from core.datasets.shards import ShardSample
from core.errors import InputError


@dataclass(frozen=True)
class Item:
    """An image of a source with its annotations, small enough to be sent to another process.

    Attributes:
        key: name that is the same at every run, unique within the source.
        image: the image's file.
        facts: paths and values the converter needs beside it.
    """

    key: str
    image: Path
    facts: Mapping[str, Any] = field(default_factory=dict)


class Converter(Protocol):
    """Turns a published folder into captioned images."""

    @property
    def published(self) -> int:
        """Samples the released loader counts; 0 where it counts none."""
        ...

    def find(self, root: Path) -> list[Item]:
        """List the images, in an order that is the same at every run.

        Raises:
            InputError: the folder is not of the published layout.
        """
        ...

    def samples(self, item: Item, rng: Generator) -> Iterator[ShardSample]:
        """Yields the samples of an image: one, several windows, or none where it has no caption.

        Raises:
            InputError: the image or its annotation cannot be read; the builder counts it and goes on.
        """
        ...


def files(root: Path, *patterns: str) -> list[Path]:
    """List files by patterns below a folder, sorted.

    Raises:
        InputError: there is none.
    """
    found = sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()})
    if not found:
        raise InputError(
            f"{root} holds no {' or '.join(patterns)}.",
            hint="Unpack the data set as it is published and name its folder.",
        )
    return found


def folder(root: Path, *names: str) -> Path:
    """Returns the first of several folders that is there; publishers rename them between releases.

    Raises:
        InputError: none is.
    """
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise InputError(
        f"{root} has no folder {' or '.join(names)}.",
        hint="Unpack the data set as it is published and name its folder.",
    )
