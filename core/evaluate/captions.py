"""Images with captions, in the layouts they are published in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets.archive import read_members
from core.datasets.chips import decode_rgb
from core.errors import InputError

Captioned = list[tuple[NDArray[np.uint8], list[str]]]
"""Images (H, W, 3), each with its captions."""


def captioned_images(entry: Mapping[str, Any], path: Path) -> Captioned:
    """Read images and their captions.

    Args:
        entry: of ``resources/benchmarks.toml``; its ``layout`` is ``flat``: images beside a ``captions.json`` of file
            to captions; or ``karpathy``: ``table``, a JSON file of images with ``filename``, ``split`` and
            ``sentences``, as RSICD, RSITMD and UCM captions come, and the folder ``images``.
        path: folder or, for ``flat``, a tar.

    Raises:
        InputError: the set is missing or damaged.
    """
    if entry.get("layout", "flat") == "karpathy":
        return _karpathy(entry, path)
    members = dict(read_members(path, (".jpg", ".json")))
    try:
        captions: dict[str, list[str]] = json.loads(members["captions.json"])
        return [(decode_rgb(members[name], entry["size"]), captions[name]) for name in sorted(captions)]
    except (KeyError, ValueError) as problem:
        raise InputError(f"The captions of {path} are damaged.", hint="Copy the data set again.") from problem


def _karpathy(entry: Mapping[str, Any], path: Path) -> Captioned:
    table = path / entry["table"]
    try:
        rows = json.loads(table.read_text(encoding="utf-8"))["images"]
        return [
            (
                decode_rgb((path / entry["images"] / row["filename"]).read_bytes(), entry["size"]),
                [sentence["raw"] for sentence in row["sentences"]],
            )
            for row in rows
            if row["split"] == "test"
        ]
    except (OSError, KeyError, ValueError, TypeError) as problem:
        raise InputError(f"{table} or its images are missing or damaged.", hint="Copy the data set again.") from problem
