"""Object annotations in the formats of the detection sets, each as boxes with plain names.

XML is parsed with entities refused; nothing of a file is evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from core.errors import InputError
from training.geolangbind2m.captions import Box

ReadBoxes = Callable[[Path, int, int], list[Box]]
"""Reads an annotation file of an image of so many columns and rows."""


def words(name: str) -> str:
    """Turn a class name as data sets write it into words: "storage-tank" and "StorageTank" are "storage tank"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[\s_\-]+", " ", spaced).strip().lower()


def voc_boxes(path: Path, columns: int, rows: int) -> list[Box]:
    """Read a PASCAL VOC file; raises InputError where it is damaged."""
    boxes = []
    for element in _xml(path).iter("object"):
        corners = [element.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
        name = element.findtext("name")
        if name is None or None in corners:
            raise InputError(f"{path.name} has an object without a name or a box.")
        boxes.append(_box(path, words(name), [str(corner) for corner in corners], columns, rows))
    return boxes


def hrsc_boxes(path: Path, columns: int, rows: int) -> list[Box]:
    """Read HRSC2016's own XML: every object is a ship."""
    return [
        _box(
            path,
            "ship",
            [str(item.findtext(f"box_{side}")) for side in ("xmin", "ymin", "xmax", "ymax")],
            columns,
            rows,
        )
        for item in _xml(path).iter("HRSC_Object")
    ]


def dota_boxes(path: Path, columns: int, rows: int) -> list[Box]:
    """Read DOTA's text: four corners, a name and a difficulty a line, after two lines about the image."""
    boxes = []
    for parts in _lines(path):
        if len(parts) >= 9:
            xs, ys = _floats(path, parts[0:8:2]), _floats(path, parts[1:8:2])
            boxes.append(Box(words(parts[8]), (sum(xs) / 4 / columns, sum(ys) / 4 / rows)))
    return boxes


def numbered_boxes(
    classes: Mapping[str, str],
    *,
    name_at: int,
    box_at: int,
    sized: bool,
    separator: str | None = None,
    only: tuple[int, str] | None = None,
) -> ReadBoxes:
    """Make a reader of lines of numbers, such as VisDrone's, LEVIR's and CARPK's.

    Args:
        classes: code to words; objects of other codes are left out.
        name_at: place of the code in a line.
        box_at: place of the first of four numbers.
        sized: whether the last two numbers are width and height rather than the far corner.
        separator: between the numbers; None for white space.
        only: place and value that a line must have, such as the first frame of a video's tracks.
    """

    def read(path: Path, columns: int, rows: int) -> list[Box]:
        boxes = []
        for parts in _lines(path, separator):
            if len(parts) <= max(name_at, box_at + 3):
                raise InputError(f"{path.name} has a line of {len(parts)} numbers.")
            if parts[name_at] in classes and (only is None or parts[only[0]] == only[1]):
                left, top, right, bottom = _floats(path, parts[box_at : box_at + 4])
                if sized:
                    right, bottom = left + right, top + bottom
                centre = ((left + right) / 2 / columns, (top + bottom) / 2 / rows)
                boxes.append(Box(classes[parts[name_at]], centre))
        return boxes

    return read


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read JSON.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InputError(f"{path.name} cannot be read: {problem}.", hint="Copy it again.") from problem


def coco_boxes(path: Path) -> dict[str, list[Box]]:
    """Read a COCO file: boxes by the image's file name; raises InputError where it is damaged."""
    content = read_json(path)
    try:
        names = {entry["id"]: words(entry["name"]) for entry in content["categories"]}
        images = {entry["id"]: entry for entry in content["images"]}
        boxes: dict[str, list[Box]] = {entry["file_name"]: [] for entry in content["images"]}
        for entry in content["annotations"]:
            image = images[entry["image_id"]]
            left, top, width, height = entry["bbox"]
            centre = ((left + width / 2) / image["width"], (top + height / 2) / image["height"])
            boxes[image["file_name"]].append(Box(names[entry["category_id"]], centre))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as problem:
        raise InputError(f"{path.name} is not a COCO file: {problem}.") from problem
    return boxes


def _xml(path: Path) -> ElementTree.Element:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise InputError(f"{path.name} cannot be read: {problem}.") from problem
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise InputError(f"{path.name} declares entities, which no annotation needs.")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as problem:
        raise InputError(f"{path.name} is not XML: {problem}.") from problem


def _lines(path: Path, separator: str | None = None) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise InputError(f"{path.name} cannot be read: {problem}.") from problem
    return [[part.strip() for part in line.split(separator)] for line in text.splitlines() if line.strip()]


def _box(path: Path, name: str, corners: list[str], columns: int, rows: int) -> Box:
    left, top, right, bottom = _floats(path, corners)
    return Box(name, ((left + right) / 2 / columns, (top + bottom) / 2 / rows))


def _floats(path: Path, parts: list[str]) -> list[float]:
    try:
        return [float(part) for part in parts]
    except ValueError as problem:
        raise InputError(f"{path.name} has a coordinate that is no number.") from problem
