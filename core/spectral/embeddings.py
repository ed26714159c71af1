"""Rasters of per-pixel embeddings: a vector of a foundation model for every pixel.

Their layouts are tables ``[embeddings.NAME]`` of ``resources/sensors.toml``: AlphaEarth's annual satellite embeddings
(https://developers.google.com/earth-engine/guides/aef_on_gcs_readme) and TESSERA's representation maps
(https://github.com/ucam-eo/geotessera). They go past the encoder: nothing here is fed to a model for images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.raster.raster_info import RasterInfo
from core.spectral.bands import Band, BandSet
from core.spectral.catalogue import catalogue
from core.spectral.evidence import Evidence
from core.spectral.products import entries_of, names_of
from core.spectral.scaling import EMBEDDING, BandScaling, Scaling

_NAMED, _SAID, _SHAPED, _COUNTED = 10.0, 6.0, 5.0, 1.0
LEAST = 4.0
"""Sum of the evidence from which on a raster is taken for embeddings."""
_FEWEST = 2
"""Bands that a vector needs to have a direction."""


@dataclass(frozen=True)
class EmbeddingLayout:
    """How a product stores its vectors.

    Attributes:
        name: as on the command line, in place of a sensor.
        title: what a person reads.
        dimensions: length of a whole vector.
        band: regular expression of a band's name.
        hints: regular expressions of file names and of entries KEY=value of the metadata.
        code_type: NumPy type of quantised values; "" where there are none.
        code_scale: value = sign(code) * (abs(code) * code_scale) ** code_power.
        code_power: see code_scale.
        code_nodata: code of a masked pixel.
    """

    name: str
    title: str
    dimensions: int
    band: str
    hints: tuple[str, ...]
    code_type: str = ""
    code_scale: float = 1.0
    code_power: float = 1.0
    code_nodata: float | None = None

    def vectors(self, stored: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Returns vectors of length 1 of stored numbers (D, h, w).

        Returns:
            (D, h, w) float32, and valid (h, w): False where a code is that of a masked pixel, a number is none, or the
            vector has no length. A factor that all axes of a pixel share, such as TESSERA's scales, changes nothing.
        """
        valid = np.ones(stored.shape[1:], bool)
        values = stored.astype(np.float32)
        if self.code_type and stored.dtype.name == self.code_type:
            if self.code_nodata is not None:
                valid &= ~(stored == self.code_nodata).any(axis=0)
            values = np.sign(values) * (np.abs(values) * np.float32(self.code_scale)) ** np.float32(self.code_power)
        return unit_length(values, valid)

    def vector_bands(self, info: RasterInfo) -> tuple[int, ...]:
        """Return the 1-based bands that hold the axes of the vector: those named so, or the first ``dimensions``."""
        named = [
            number
            for number, text in enumerate(info.descriptions, 1)
            if re.fullmatch(self.band, (text or "").strip(), re.IGNORECASE)
        ]
        return tuple(named) if len(named) >= _FEWEST else tuple(range(1, min(info.count, self.dimensions) + 1))


@dataclass(frozen=True)
class FoundEmbedding:
    """A raster taken for embeddings.

    Attributes:
        layout: how its vectors are stored.
        bands: 1-based bands that hold them.
        evidence: the pieces that speak for it.
        reasons: why, one sentence each.
        warnings: what a person should check.
    """

    layout: EmbeddingLayout
    bands: tuple[int, ...]
    evidence: tuple[Evidence, ...]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def band_set(self) -> BandSet:
        """The axes as bands without a wavelength."""
        return BandSet.of(Band(f"axis {number}", 0.0, 0.0, 0.0, "embedding") for number in self.bands)

    @property
    def scaling(self) -> Scaling:
        """A scaling that refuses to make model input, with the range of an axis."""
        return Scaling(EMBEDDING, (BandScaling(low=-1.0, high=1.0),) * len(self.bands))


@cache
def embedding_layouts() -> dict[str, EmbeddingLayout]:
    """Return the layouts of sensors.toml by name."""
    return {
        name: EmbeddingLayout(name=name, **{**table, "hints": tuple(table["hints"])})
        for name, table in catalogue()["embeddings"].items()
    }


def find_embedding(info: RasterInfo, name: str | None = None) -> FoundEmbedding | None:
    """Return what speaks for a raster being embeddings; None where it is none.

    Args:
        info: what the raster says of itself.
        name: name of a sensor or of a layout that a person gave.
    """
    layouts = embedding_layouts()
    if name is not None:
        layout = layouts.get(name.strip().lower())
        return None if layout is None else _found(layout, info, (), f"It was named: {layout.title}.")
    best: tuple[float, EmbeddingLayout, tuple[Evidence, ...]] | None = None
    for layout in layouts.values():
        pieces = tuple(_evidence(layout, info))
        total = sum(piece.strength for piece in pieces)
        if total >= LEAST and (best is None or total > best[0]):
            best = (total, layout, pieces)
    if best is None:
        return None
    _, layout, pieces = best
    strongest = max(pieces, key=lambda piece: piece.strength)
    return _found(layout, info, pieces, f"{strongest.says[0].upper()}{strongest.says[1:]}.")


def unit_length(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return vectors (D, h, w) of length 1, 0 where there are none, and where there are (h, w)."""
    length = np.sqrt(np.einsum("dhw,dhw->hw", values, values))
    known = valid & np.isfinite(length) & (length > 0)
    return np.where(known, values / np.where(known, length, 1), np.float32(0)), known


def _evidence(layout: EmbeddingLayout, info: RasterInfo) -> Iterator[Evidence]:
    """Yield what the names of the bands, name and metadata, and the shape of the raster say of a layout."""

    def piece(source: str, says: str, strength: float) -> Evidence:
        return Evidence(source, says, "sensor", (layout.name,), strength)

    named = [text for text in info.descriptions if re.fullmatch(layout.band, (text or "").strip(), re.IGNORECASE)]
    if len(named) >= _FEWEST and len(named) >= 0.9 * info.count:
        says = f"{len(named)} bands are called like the axes of {layout.title}"
        yield piece("names of the bands", says, _NAMED)
    elif any(info.descriptions) and len(named) < _FEWEST and len(set(info.descriptions)) == info.count:
        return  # bands with names of their own are something else
    texts = (*names_of(info), *entries_of(info))
    hint = next((found for pattern in layout.hints for text in texts if (found := _search(pattern, text))), None)
    if hint is not None and info.count >= min(layout.dimensions, 16):
        yield piece("file or product name", f"{hint!r} is how {layout.title} are named", _SAID)
    if info.count == layout.dimensions:
        coded = info.dtypes[0] == layout.code_type and layout.code_type
        if coded and info.nodata[0] == layout.code_nodata:
            says = (
                f"{info.count} bands of {info.dtypes[0]} with nodata {layout.code_nodata:g} are how {layout.title} come"
            )
            yield piece("type of values", says, _SHAPED)
        elif coded or info.dtypes[0].startswith("float"):
            yield piece("number of bands", f"{info.count} bands are as many as {layout.title} have", _COUNTED)


def _found(layout: EmbeddingLayout, info: RasterInfo, evidence: tuple[Evidence, ...], reason: str) -> FoundEmbedding:
    bands = layout.vector_bands(info)
    warnings = []
    if len(bands) < layout.dimensions:
        warnings.append(f"It holds {len(bands)} of the {layout.dimensions} axes; answers are better with all of them.")
    if layout.code_type and info.dtypes[0] not in (layout.code_type, "float32", "float64"):
        warnings.append(f"Its values have type {info.dtypes[0]}; they are taken as they are, not as codes.")
    if info.scales[bands[0] - 1] != 1.0:
        warnings.append("The scale that the file declares is left aside: the layout says how values are stored.")
    return FoundEmbedding(layout, bands, evidence, (reason,), tuple(warnings))


def _search(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.IGNORECASE)
    return found.group(0).strip("_. ") if found else None
