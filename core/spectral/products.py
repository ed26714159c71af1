"""Products of ``resources/sensors.toml``: sensor and scaling by file name or metadata entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

from core.raster.raster_info import RasterInfo
from core.spectral.catalogue import catalogue
from core.spectral.evidence import Evidence

_LONGEST = 300
"""Entries of the metadata that are longer hold documents, which mention anything."""


@dataclass(frozen=True)
class Product:
    """A product, or a trait of products, that a name or the metadata betrays.

    Attributes:
        name: short name.
        title: what the user reads.
        in_name: regular expressions of file and product names.
        in_metadata: regular expressions of entries of the metadata, written KEY=value.
        sensors: sensors it supports.
        scaling: scaling preset it supports; "" for none.
        only_for: regular expression of the sensors that its scaling is for.
        strength: how strongly it speaks.
    """

    name: str
    title: str
    in_name: tuple[str, ...]
    in_metadata: tuple[str, ...]
    sensors: tuple[str, ...]
    scaling: str
    only_for: str
    strength: float


@cache
def products() -> tuple[Product, ...]:
    """Return the products of sensors.toml, in the file's order."""
    return tuple(
        Product(
            name=name,
            title=table["title"],
            in_name=tuple(table.get("in_name", ())),
            in_metadata=tuple(table.get("in_metadata", ())),
            sensors=tuple(table.get("sensors", ())),
            scaling=table.get("scaling", ""),
            only_for=table.get("only_for", ""),
            strength=float(table.get("strength", 4.0)),
        )
        for name, table in catalogue()["products"].items()
    )


def names_of(info: RasterInfo) -> tuple[str, ...]:
    """Return the file's name, the product folder's for a file within one, and what the metadata calls the product."""
    path = PurePath(info.path.rstrip("/").replace("\\", "/"))
    folders = [part for part in path.parts[:-1] if part.upper().endswith((".SAFE", ".ZIP"))]
    said = [value for key, value in info.tags.items() if key.upper() in _NAME_KEYS]
    return (path.name, *folders, *said)


def entries_of(info: RasterInfo) -> tuple[str, ...]:
    """Return the entries of the metadata of the raster and of its bands as KEY=value, long ones left out."""
    tables = (info.tags, *info.band_tags)
    entries = (f"{key}={value}" for table in tables for key, value in table.items() if len(value) < _LONGEST)
    return tuple(dict.fromkeys(entries))


def product_evidence(info: RasterInfo, sensor: str | None = None) -> Iterator[Evidence]:
    """Yield what the products that name and metadata betray say.

    Args:
        info: the raster.
        sensor: its sensor, where known: a product's scaling counts for its own sensors alone.
    """
    names, entries = names_of(info), entries_of(info)
    for product in products():
        in_name = _match(product.in_name, names)
        found = in_name or _match(product.in_metadata, entries)
        if found is None:
            continue
        source = "file or product name" if in_name else "metadata"
        says = f"{found!r} in its {'name' if in_name else 'metadata'} says {product.title}"
        if product.sensors:
            yield Evidence(source, says, "sensor", product.sensors, product.strength)
        fits = not product.only_for or (sensor is not None and re.match(product.only_for, sensor))
        if product.scaling and fits:
            yield Evidence(source, says, "scaling", (product.scaling,), product.strength)


def _match(patterns: tuple[str, ...], texts: tuple[str, ...]) -> str | None:
    """Return the first passage of the texts that one of the patterns matches."""
    for pattern in patterns:
        for text in texts:
            match = re.search(pattern, text, re.IGNORECASE)
            if match:
                return match.group(0).strip("_. ")
    return None


_NAME_KEYS = frozenset(
    (
        "PRODUCT",
        "PRODUCT_URI",
        "PRODUCT_URI_1",
        "PRODUCT_ID",
        "LANDSAT_PRODUCT_ID",
        "L1_PRODUCT_ID",
        "SCENE_ID",
        "TITLE",
        "SYSTEM:INDEX",
        "SYSTEM:ID",
        "GRANULE",
        "GRANULEID",
        "LOCALGRANULEID",
    )
)
