"""Search of an archive by text, from stored features alone; only the text tower runs."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyogrio.raw
import rasterio.warp
import shapely
import torch
import torch.nn.functional as F
from rasterio.crs import CRS
from torch import Tensor

from core.context import Context
from core.dense.chunk import FeatureChunk
from core.dense.compiled import KERNELS
from core.dense.encode import DenseEncoder
from core.dense.features import feature_key
from core.dense.level import RasterLevel
from core.dense.scan import score_all
from core.dense.store import FeatureStore
from core.dense.stored_features import StoredFeatures
from core.errors import GeoLangBindError
from core.protocol import Source
from core.raster.grid import GridSpec
from core.raster.pixel_window import ColRow, PixelWindow, RowCol
from core.raster.staging import GEOPACKAGE, staging
from core.tasks.scene import as_trained, open_scene
from core.tasks.scoring import PromptSoftmax, parse_prompts, scored_by

if TYPE_CHECKING:
    from core.model.geolangbind import GeoLangBind

PLACE_CELLS = 32
"""Cells along the side of a place: the unit that is ranked, so that one lake is not all of the first hundred."""
SMOOTHING_CELLS = 5
"""A place is as good as the best mean over so many cells squared: small things count, single cells do not."""
WORTH_COMPILING = 2**27
"""Bytes of features from which on a search is faster by more than loading compiled kernels takes."""


@dataclass(frozen=True)
class Place:
    """A place that fits.

    Attributes:
        score: 0..1, of its best part.
        share: of its cells with a score above one half.
        raster: path.
        x: of its best part, in the raster's reference system.
        y: likewise.
        longitude: in degrees (WGS 84); None for a raster without a reference system.
        latitude: likewise.
        outline: corners of the place (longitude, latitude); empty without a reference system.
    """

    score: float
    share: float
    raster: str
    x: float
    y: float
    longitude: float | None = None
    latitude: float | None = None
    outline: tuple[tuple[float, float], ...] = ()


@dataclass
class Findings:
    """Result of a search.

    Attributes:
        places: best first.
        scenes: how many were searched.
        not_embedded: scenes without features of this model; they were not searched.
        failed: scene to the sentence that names the reason it could not be used.
        bytes: of features that were read.
        seconds: taken.
    """

    places: list[Place] = field(default_factory=list)
    scenes: int = 0
    not_embedded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0


def find_places(
    sources: Sequence[Source],
    text: str,
    model: GeoLangBind,
    store: FeatureStore,
    *,
    top: int = 20,
    context: Context | None = None,
) -> Findings:
    """Rank the places of an archive by their score.

    Reads every stored chunk once; memory holds a few chunks and the best places. A raster that changed since it was
    embedded counts as not embedded.

    Args:
        sources: the scenes.
        text: prompt; "|" between synonyms.
        model: the model whose features are searched.
        store: where they are.
        top: how many places to give.
        context: reports the fraction of scenes searched; cancellation is checked after every chunk.

    Raises:
        InputError: the text is empty.
        CancelledError: the work was cancelled.
    """
    context = context or Context()
    began = time.monotonic()
    softmax = PromptSoftmax(model, parse_prompts([text]))
    findings = Findings()
    best: list[tuple[float, int, _Candidate]] = []
    seen = 0
    for number, source in enumerate(sources):
        context.progress(number / len(sources), f"Searching {source.path}")
        try:
            stored, encoder, grid = _stored(source, model, store)
        except GeoLangBindError as problem:
            findings.failed[source.path] = str(problem)
            continue
        if stored is None:
            findings.not_embedded.append(source.path)
            continue
        findings.scenes += 1
        stored.touch()
        for candidates, size in _candidates(stored, encoder, grid, softmax, source.path, context):
            findings.bytes += size
            if findings.bytes > WORTH_COMPILING:
                KERNELS.prepare_beside()
            for candidate in candidates:
                seen += 1
                heapq.heappush(best, (candidate.score, -seen, candidate))
                if len(best) > top:
                    heapq.heappop(best)
    findings.places = [_place(candidate) for _, _, candidate in sorted(best, reverse=True)]
    findings.seconds = round(time.monotonic() - began, 3)
    return findings


def write_places(path: str | Path, places: Sequence[Place]) -> None:
    """Write places as polygons (WGS 84) with rank, score, share, raster, x and y into a GeoPackage.

    Raises:
        OutputError: the file cannot be written; nothing is left.
    """
    outlines = [shapely.Polygon(place.outline) if place.outline else shapely.Polygon() for place in places]
    columns = {
        "rank": np.arange(1, len(places) + 1),
        "score": np.array([place.score for place in places], np.float64),
        "share": np.array([place.share for place in places], np.float64),
        "raster": np.array([place.raster for place in places], object),
        "x": np.array([place.x for place in places], np.float64),
        "y": np.array([place.y for place in places], np.float64),
    }
    with staging(path, GEOPACKAGE) as folder:
        pyogrio.raw.write(
            folder / Path(path).name,
            np.array([shapely.to_wkb(outline) for outline in outlines], object),
            list(columns.values()),
            list(columns),
            layer="places",
            driver="GPKG",
            geometry_type="Polygon",
            crs="EPSG:4326",
        )


def _stored(
    source: Source, model: GeoLangBind, store: FeatureStore
) -> tuple[StoredFeatures | None, DenseEncoder, GridSpec]:
    """Returns the stored features of a scene; None if there are none. Nothing is created."""
    with open_scene(source) as scene:
        recognition = as_trained(scene.recognition, model)
        encoder = DenseEncoder.on(model, recognition.band_set, scene.raster.grid)
        digest = feature_key(encoder, RasterLevel(scene.raster, recognition)).digest()
        return store.existing(digest), encoder, scene.raster.grid


class _Candidate(NamedTuple):
    """A place before its coordinates are computed, which is done for the best alone; blocks and peaks in pixels."""

    score: float
    share: float
    raster: str
    grid: GridSpec
    block: PixelWindow
    peak: ColRow


@torch.inference_mode()
def _candidates(
    stored: StoredFeatures,
    encoder: DenseEncoder,
    grid: GridSpec,
    softmax: PromptSoftmax,
    raster: str,
    context: Context,
) -> Iterator[tuple[list[_Candidate], int]]:
    """Yields the places of every stored chunk, and the chunk's bytes."""
    score_chunk = scored_by(softmax, encoder)
    stride = encoder.stride

    def scored(features: FeatureChunk) -> tuple[Tensor, Tensor, int]:
        valid = torch.from_numpy(features.valid)
        scores = score_chunk(features)[0].sigmoid()
        return torch.where(valid, scores, 0), valid, features.nbytes

    with closing(score_all(stored, stored.done(), scored)) as chunks:
        for chunk, (scores, valid, size) in chunks:
            context.raise_if_cancelled()
            found: list[_Candidate] = []
            if bool(valid.any()):
                corner = stored.layout.window(chunk)
                for block, best, score, share in _blocks(scores, valid):
                    cells = PixelWindow(corner.col + block.col, corner.row + block.row, block.width, block.height)
                    pixels = PixelWindow(*(stride * each for each in (cells.col, cells.row, cells.width, cells.height)))
                    peak = ColRow((cells.col + best.col + 0.5) * stride, (cells.row + best.row + 0.5) * stride)
                    found.append(_Candidate(score, share, raster, grid, pixels.intersection(grid.window), peak))
            yield found, size


def _blocks(scores: Tensor, valid: Tensor) -> Iterator[tuple[PixelWindow, RowCol, float, float]]:
    """Yields blocks of a chunk with data: position, best cell, score, share above one half."""
    smooth = _box_mean(scores) / _box_mean(valid.float()).clamp_min(1 / SMOOTHING_CELLS**2)
    smooth = torch.where(valid, smooth, 0)
    height, width = scores.shape
    for block in PixelWindow(0, 0, width, height).blocks(PLACE_CELLS, PLACE_CELLS):
        here = (slice(block.row, block.row_stop), slice(block.col, block.col_stop))
        cells = int(valid[here].sum())
        if cells:
            peak = int(smooth[here].argmax())
            best = RowCol(*divmod(peak, block.width))
            score = float(smooth[here][best])
            share = float((scores[here] > 0.5).sum()) / cells
            yield block, best, score, share


def _box_mean(values: Tensor) -> Tensor:
    """Mean of (h, w) over a square around each cell; cells outside count as 0."""
    return F.avg_pool2d(values[None, None], SMOOTHING_CELLS, stride=1, padding=SMOOTHING_CELLS // 2)[0, 0]


def _place(candidate: _Candidate) -> Place:
    """Returns the geographic position of a candidate."""
    grid, block = candidate.grid, candidate.block
    x, y = grid.xy(min(candidate.peak.col, grid.width), min(candidate.peak.row, grid.height))
    place = Place(round(candidate.score, 4), round(candidate.share, 4), candidate.raster, x, y)
    if not grid.crs_wkt:
        return place
    left, top, right, bottom = block.col, block.row, block.col_stop, block.row_stop
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    points = [(x, y), *(grid.xy(*corner) for corner in corners)]
    longitudes, latitudes = rasterio.warp.transform(
        CRS.from_wkt(grid.crs_wkt), CRS.from_epsg(4326), [point[0] for point in points], [point[1] for point in points]
    )[:2]
    outline = tuple(zip(longitudes[1:], latitudes[1:], strict=True))
    return replace(place, longitude=longitudes[0], latitude=latitudes[0], outline=outline)
